//! The life of a query, as the Athena API has it.
//!
//! A query is started into a queue, and [`Athena::work`] takes it out: so many run at a time, each with a time limit
//! and, if its workgroup says so, a limit of bytes read. What becomes of it is in the catalogue at each step, and its
//! result is objects at its output location, from which [`Athena::get_query_results`] reads pages.
//!
//! Inputs and outputs have the members of AWS. Times are Unix milliseconds.

mod catalogs;
mod column;
mod csv;
mod error;
mod execution;
mod groups;
mod history;
mod keep;
mod metadata;
mod named;
mod outcome;
mod parameters;
mod prepared;
mod results;
mod shapes;
mod start;
mod tags;
mod work;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use weir_store::{Catalogue, CatalogueError};

use crate::Engine;
use crate::progress::Progress;

pub use catalogs::{DataCatalogInput, DataCatalogOutput, ListDataCatalogsOutput, NameInput};
pub use column::ColumnInfo;
pub use error::{AthenaError, NOT_FOUND};
pub use execution::{EngineVersion, ErrorDetail, QueryExecution, QueryExecutionContext, Statistics, Status};
pub use groups::{
    CreateWorkGroupInput, GetWorkGroupOutput, ListWorkGroupsOutput, UpdateWorkGroupInput, WorkGroup, WorkGroupInput,
    WorkGroupSummary,
};
pub use history::{BatchGetInput, BatchGetOutput, ListQueryExecutionsOutput, RuntimeStatisticsOutput, Unprocessed};
pub use named::{
    BatchGetNamedInput, BatchGetNamedOutput, CreateNamedQueryInput, ListNamedQueriesOutput, NamedQuery,
    NamedQueryInput, NamedQueryOutput, UpdateNamedQueryInput,
};
pub use prepared::{
    BatchGetPreparedInput, BatchGetPreparedOutput, ListPreparedOutput, PreparedInput, PreparedOutput, PreparedStatement,
};
pub use results::{Datum, GetQueryResultsInput, GetQueryResultsOutput, ResultSet, Row};
pub use shapes::{ListInput, Scope};
pub use start::{StartQueryExecutionInput, StartQueryExecutionOutput};
pub use tags::{ListTagsInput, ListTagsOutput, Tag, TagInput, UntagInput};

/// Tells the time: Unix milliseconds.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// How much queries may have.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many run at a time; others wait.
    pub concurrency: usize,
    /// How long one may run. Athena's own for queries is 30 minutes.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { concurrency: 4, time: Duration::from_secs(30 * 60) }
    }
}

/// Queries by the Athena API. Share it behind an [`Arc`].
#[derive(Debug)]
pub struct Athena {
    engine: Arc<Engine>,
    catalogue: Catalogue,
    limits: Limits,
    queue: Mutex<VecDeque<String>>,
    wake: Notify,
    running: Mutex<HashMap<String, Running>>,
}

/// A query that runs.
#[derive(Debug, Clone, Default)]
struct Running {
    stop: Arc<Notify>,
    /// There once it is planned.
    progress: Option<Arc<Progress>>,
}

impl Athena {
    /// Opens what is kept. Queries that did not end when the program did have failed; `now` says when that was seen.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn open(engine: Arc<Engine>, catalogue: Catalogue, limits: Limits, now: i64) -> Result<Self, CatalogueError> {
        catalogue.provide(&keep::TABLES)?;
        let athena = Athena {
            engine,
            catalogue,
            limits,
            queue: Mutex::default(),
            wake: Notify::new(),
            running: Mutex::default(),
        };
        athena.end_interrupted(now)?;
        Ok(athena)
    }

    /// What runs the statements.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
