//! Queries over the log groups of a region: those of clients, and those of alarms.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use tokio::runtime::Handle;
use weir_query::{
    Engine, EngineOptions,
    insights::{Insights, Lookups, Queries, Query, QueryLimits, Request, Row},
};
use weir_store::{Buckets, Catalogue, logs::LogStore};
use weir_watch::alarm::{LogAnswer, LogQuery};

use crate::clock;

/// How long the query of an alarm may run.
const PATIENCE: Duration = Duration::from_secs(300);

/// How much the queries of a region may have.
#[derive(Debug, Clone)]
pub(in super::super) struct QuestionLimits {
    /// How many and how long.
    pub(in super::super) queries: QueryLimits,
    /// What all together may hold for sorting and grouping before they write to disk, in bytes.
    pub(in super::super) memory: usize,
}

/// Opens the queries of a region.
///
/// # Errors
/// When the catalogue refuses.
pub(super) fn open(
    logs: &Arc<LogStore>,
    catalogue: Catalogue,
    account: &str,
    limits: QuestionLimits,
    runtime: &Handle,
) -> Result<Queries> {
    let threads = std::thread::available_parallelism().map_or(1, Into::into);
    let options = EngineOptions { threads, memory_limit: Some(limits.memory), catalogue: None };
    let engine = Arc::new(Engine::new(options, Buckets::new())?);
    let lookups = Lookups::open(catalogue.clone())?;
    let insights = Arc::new(Insights::new(engine, Arc::clone(logs), account).with_lookups(lookups));
    Ok(Queries::open(insights, catalogue, limits.queries, runtime.clone(), clock::milliseconds())?)
}

/// Runs the queries of alarms, and waits for them.
pub(super) struct OfAlarms {
    queries: Queries,
    runtime: Handle,
}

impl OfAlarms {
    pub(super) fn new(queries: Queries, runtime: Handle) -> Self {
        Self { queries, runtime }
    }

    /// The queries of clients are the same.
    pub(super) fn queries(&self) -> &Queries {
        &self.queries
    }
}

impl LogQuery for OfAlarms {
    fn run(&self, query: &str, groups: &[String], from: i64, until: i64) -> Result<LogAnswer, String> {
        let query = Query::parse(query).map_err(|error| error.to_string())?;
        let request = Request { groups: groups.to_vec(), from, until, limit: None, now: clock::milliseconds() };
        let statistics = Arc::default();
        let asked = async {
            let answer =
                self.queries.insights().run(&query, request, &statistics).await.map_err(|error| error.to_string())?;
            let columns: Vec<String> = answer.columns().map(str::to_owned).collect();
            let rows = answer.collect().await.map_err(|error| error.to_string())?;
            let rows = rows.iter().map(|row| cells(&columns, row)).collect();
            Ok(LogAnswer { columns, rows })
        };
        self.runtime.block_on(async {
            let too_long = |_| format!("the query ran longer than {} s", PATIENCE.as_secs());
            tokio::time::timeout(PATIENCE, asked).await.map_err(too_long)?
        })
    }
}

/// The values of a row in the order of the columns.
fn cells(columns: &[String], row: &Row) -> Vec<Option<String>> {
    let cell = |name: &String| row.iter().find(|field| field.field == *name).map(|field| field.value.clone());
    columns.iter().map(cell).collect()
}
