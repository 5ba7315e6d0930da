//! Queries that are started, asked for, stopped, listed and saved: the operations of the AWS API.

mod definition;
mod lookup;
mod record;
mod shapes;
mod start;
mod table;

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{runtime::Handle, sync::Semaphore, task::AbortHandle};
use weir_store::Catalogue;

use super::{Insights, InsightsError, Row, Statistics, run::Partial};
use crate::page_token;
pub use shapes::*;

/// The one language that there is.
const LANGUAGE: &str = "CWLI";

/// How queries are run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryLimits {
    /// So many run at a time; the others wait.
    pub running: usize,
    /// So many may run and wait.
    pub started: usize,
    /// A query that runs longer is stopped.
    pub time: Duration,
}

impl Default for QueryLimits {
    /// Two run at a time, 100 may be started, 60 minutes.
    fn default() -> Self {
        Self { running: 2, started: 100, time: Duration::from_secs(3600) }
    }
}

/// The queries over the log groups of an account. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Queries {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    insights: Arc<Insights>,
    catalogue: Catalogue,
    limits: QueryLimits,
    turns: Semaphore,
    /// Those that have not ended.
    going: Mutex<BTreeMap<String, Arc<Going>>>,
    runtime: Handle,
}

/// How a query ended, or how it goes.
#[derive(Debug)]
struct Outcome {
    status: QueryStatus,
    statistics: QueryStatistics,
    rows: Vec<Row>,
}

/// A query that has not ended.
#[derive(Debug, Default)]
struct Going {
    statistics: Arc<Statistics>,
    state: Mutex<GoingState>,
}

#[derive(Debug, Default)]
struct GoingState {
    running: bool,
    ended: bool,
    /// Those of the answer.
    rows: Vec<Row>,
    /// What is known before there are any.
    partial: Option<Partial>,
    task: Option<AbortHandle>,
}

/// Makes the tables of the catalogue that queries need.
pub(super) fn provide(catalogue: &Catalogue) -> Result<(), InsightsError> {
    Ok(catalogue.provide(&table::TABLES)?)
}

/// The CSV of a lookup table.
pub(super) fn lookup_body(
    transaction: &rusqlite::Transaction<'_>,
    name: &str,
) -> Result<Option<String>, InsightsError> {
    Ok(table::lookup(transaction, name)?.map(|stored| stored.body))
}

impl Queries {
    /// Queries that run on this runtime. Those that an earlier program left unfinished are `Unknown` from now on.
    ///
    /// # Errors
    /// When the catalogue refuses.
    pub fn open(
        insights: Arc<Insights>,
        catalogue: Catalogue,
        limits: QueryLimits,
        runtime: Handle,
        now: i64,
    ) -> Result<Self, InsightsError> {
        provide(&catalogue)?;
        catalogue.change(|transaction| table::tidy(transaction, now, true))?;
        let turns = Semaphore::new(limits.running.clamp(1, Semaphore::MAX_PERMITS));
        let shared = Shared { insights, catalogue, limits, turns, going: Mutex::default(), runtime };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// What runs them.
    pub fn insights(&self) -> &Arc<Insights> {
        &self.shared.insights
    }

    /// `GetQueryResults`: the rows so far, or all of them.
    ///
    /// # Errors
    /// There is no such query, the page makes no sense, and those of the disk.
    pub fn get_query_results(&self, input: &GetQueryResultsInput) -> Result<GetQueryResultsOutput, InsightsError> {
        let from = match input.next_token.as_deref() {
            None => 0,
            Some(token) => {
                let place = page_token::place(&input.query_id, token).and_then(|place| usize::try_from(place).ok());
                place.ok_or_else(no_token)?
            }
        };
        let most = bounded("maxItems", input.max_items, 10_000)?;
        let end = if input.max_items.is_some() { from.saturating_add(most) } else { usize::MAX };
        let (Outcome { status, statistics, rows: results }, total) = match self.shared.going(&input.query_id) {
            Some(going) => {
                let mut outcome = going.outcome(going.status());
                let total = outcome.rows.len();
                outcome.rows.truncate(end);
                outcome.rows.drain(..from.min(outcome.rows.len()));
                (outcome, total)
            }
            None => self.shared.ended(&input.query_id, from..end)?,
        };
        let end = from.saturating_add(results.len());
        let next_token = (end < total && !results.is_empty()).then(|| page_token::of(&input.query_id, end as u64));
        Ok(GetQueryResultsOutput { query_language: LANGUAGE.to_owned(), results, statistics, status, next_token })
    }

    /// `StopQuery`: ends a query's work. The rows that it has found so far are kept.
    ///
    /// # Errors
    /// There is no such query, or it has ended already.
    pub fn stop_query(&self, input: &StopQueryInput) -> Result<SuccessOutput, InsightsError> {
        let id = &input.query_id;
        let Some(going) = self.shared.going(id) else {
            let status = self.shared.ended(id, 0..0)?.0.status.text();
            let message = format!("The query {id} has already ended: its status is {status}");
            return Err(InsightsError::InvalidParameter(message));
        };
        let task = going.lock().task.take();
        if let Some(task) = task {
            task.abort();
        }
        self.shared.end(id, QueryStatus::Cancelled)?;
        Ok(SuccessOutput { success: true })
    }

    /// `DescribeQueries`: the queries of the last week, the newest first.
    ///
    /// # Errors
    /// The page makes no sense, and those of the disk.
    pub fn describe_queries(&self, input: &DescribeQueriesInput) -> Result<DescribeQueriesOutput, InsightsError> {
        let most = bounded("maxResults", input.max_results, 1000)?;
        let before = match &input.next_token {
            Some(token) => token.parse().map_err(|_| no_token())?,
            None => i64::MAX,
        };
        if input.query_language.as_deref().is_some_and(|language| language != LANGUAGE) {
            return Ok(DescribeQueriesOutput::default());
        }
        let stored = self.shared.catalogue.change(|transaction| table::queries(transaction, before))?;
        let status = |query: &table::Stored| match self.shared.going(&query.id) {
            Some(going) => going.status(),
            None => query.status,
        };
        let wanted = stored.into_iter().map(|query| (status(&query), query)).filter(|(status, query)| {
            input.log_group_name.as_ref().is_none_or(|group| query.groups.contains(group))
                && input.status.is_none_or(|wanted| wanted == *status)
        });
        let mut wanted = wanted.peekable();
        let mut output = DescribeQueriesOutput::default();
        while output.queries.len() < most
            && let Some((status, query)) = wanted.next()
        {
            output.next_token = wanted.peek().map(|_| query.sequence.to_string());
            output.queries.push(info(status, query));
        }
        Ok(output)
    }
}

fn info(status: QueryStatus, query: table::Stored) -> QueryInfo {
    QueryInfo {
        query_language: LANGUAGE.to_owned(),
        query_id: query.id,
        query_string: query.shown,
        status,
        create_time: query.created,
        log_group_name: query.groups.into_iter().next(),
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Arc<Going>>> {
        self.going.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn going(&self, id: &str) -> Option<Arc<Going>> {
        self.lock().get(id).cloned()
    }

    /// How a query ended, those of its rows that are in a range, and how many it has.
    fn ended(&self, id: &str, range: Range<usize>) -> Result<(Outcome, usize), InsightsError> {
        let found = self.catalogue.change(|transaction| table::outcome(transaction, id, range))?;
        found.ok_or_else(|| InsightsError::NotFound(format!("The query {id} does not exist")))
    }

    /// Writes down that a query has ended. Only the first end counts.
    fn end(&self, id: &str, status: QueryStatus) -> Result<(), InsightsError> {
        let Some(going) = self.going(id) else { return Ok(()) };
        if std::mem::replace(&mut going.lock().ended, true) {
            return Ok(());
        }
        let outcome = going.outcome(status);
        let written = self.catalogue.change(|transaction| table::finish(transaction, id, &outcome));
        self.lock().remove(id);
        written
    }
}

impl Going {
    fn lock(&self) -> std::sync::MutexGuard<'_, GoingState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn status(&self) -> QueryStatus {
        if self.lock().running { QueryStatus::Running } else { QueryStatus::Scheduled }
    }

    fn outcome(&self, status: QueryStatus) -> Outcome {
        let statistics = QueryStatistics {
            records_matched: self.statistics.records_matched() as f64,
            records_scanned: self.statistics.records_scanned() as f64,
            bytes_scanned: self.statistics.bytes_scanned() as f64,
        };
        Outcome { status, statistics, rows: self.rows() }
    }

    fn rows(&self) -> Vec<Row> {
        let state = self.lock();
        match state.partial.clone().filter(|_| state.rows.is_empty()) {
            None => state.rows.clone(),
            Some(partial) => {
                drop(state);
                partial.rows()
            }
        }
    }
}

fn no_token() -> InsightsError {
    InsightsError::InvalidParameter("The specified nextToken is invalid.".to_owned())
}

/// The place of a page of a list that goes on.
fn place(token: Option<&str>) -> Result<usize, InsightsError> {
    token.map_or(Ok(0), |token| token.parse().map_err(|_| no_token()))
}

/// A number from 1 up to a bound, which it is if not given.
fn bounded(member: &str, value: Option<i64>, most: i64) -> Result<usize, InsightsError> {
    let value = value.unwrap_or(most);
    let constraint = match value {
        value if value < 1 => "Member must have value greater than or equal to 1".to_owned(),
        value if value > most => format!("Member must have value less than or equal to {most}"),
        value => return Ok(usize::try_from(value).unwrap_or(1)),
    };
    Err(refused(member, &value.to_string(), &constraint))
}

/// A constraint that is not met, as AWS says it.
fn refused(member: &str, value: &str, constraint: &str) -> InsightsError {
    InsightsError::InvalidParameter(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
    ))
}
