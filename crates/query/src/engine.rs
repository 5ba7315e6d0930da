//! The engine: places, definitions, and one method that runs a statement.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use datafusion::execution::memory_pool::{FairSpillPool, MemoryPool, UnboundedMemoryPool};
use weir_store::{Buckets, StoreError};

use crate::answer::Answer;
use crate::catalogue::CatalogueStore;
use crate::definitions;
use crate::error::Error;
use crate::hive;
use crate::select;
use crate::statement::{self, Statement};
use crate::table::{Table, cannot_open};

/// The database that is there from the start.
pub const DEFAULT_DATABASE: &str = "default";

/// What an engine needs to know once.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// How many threads a query may keep busy.
    pub threads: usize,
    /// How many bytes a query may hold for sorting and grouping before it writes to disk; `None`
    /// for no limit.
    pub memory_limit: Option<usize>,
    /// The file that keeps tables, partitions, databases and views; `None` keeps them in memory
    /// for the life of the engine.
    pub catalogue: Option<PathBuf>,
}

/// What one statement needs to know.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// The time that `current_timestamp` gives: milliseconds since 1970, UTC.
    pub now: i64,
    /// The database of names without one.
    pub database: String,
    /// Read on when an object is damaged or cannot be opened: it is listed in the progress.
    /// Otherwise the query fails and names it.
    pub skip_bad_objects: bool,
}

impl RunOptions {
    /// Options for the database `default`, with bad objects as errors.
    pub fn new(now: i64) -> Self {
        RunOptions { now, database: DEFAULT_DATABASE.to_owned(), skip_bad_objects: false }
    }
}

/// Runs Athena SQL. Cheap to share behind an [`Arc`]; statements may run at the same time.
#[derive(Debug)]
pub struct Engine {
    pub(crate) options: EngineOptions,
    pub(crate) buckets: Buckets,
    pub(crate) memory: Arc<dyn MemoryPool>,
    pub(crate) catalogue: CatalogueStore,
    places: RwLock<BTreeMap<String, Arc<Table>>>,
}

impl Engine {
    /// An engine that finds objects through `buckets`.
    ///
    /// # Errors
    /// When the catalogue file is there and cannot be read.
    pub fn new(options: EngineOptions, buckets: Buckets) -> Result<Self, Error> {
        let memory: Arc<dyn MemoryPool> = match options.memory_limit {
            Some(bytes) => Arc::new(FairSpillPool::new(bytes)),
            None => Arc::new(UnboundedMemoryPool::default()),
        };
        let catalogue = CatalogueStore::open(options.catalogue.clone())?;
        Ok(Engine { options, buckets, memory, catalogue, places: RwLock::default() })
    }

    /// Makes a table without any definition: `locations` are folders, files, or `s3://` prefixes.
    /// Columns come from what the objects say of themselves (header line, Parquet schema), and
    /// from their keys (account, region, date). The table goes before one of the same name in the
    /// catalogue's database `default`.
    ///
    /// # Errors
    /// When nothing to read is there, a location cannot be opened, or an object is damaged and
    /// `skip_bad_objects` is not set.
    pub async fn add_place(&self, name: &str, locations: &[String], skip_bad_objects: bool) -> Result<(), Error> {
        let table = Table::discover(&self.buckets, locations, skip_bad_objects).await?;
        self.places.write().unwrap_or_else(PoisonError::into_inner).insert(name.to_ascii_lowercase(), Arc::new(table));
        Ok(())
    }

    /// Runs one statement: Trino's dialect for queries, Hive's for definitions, as Athena has it.
    ///
    /// # Errors
    /// With code and place when the statement cannot be run; reading fails later, in the answer.
    pub async fn run(&self, sql: &str, options: &RunOptions) -> Result<Answer, Error> {
        match statement::read(sql)? {
            Statement::Query(text) => select::run(self, text, options).await,
            Statement::Hive(tokens) => definitions::run(self, hive::parse(sql, &tokens)?, options).await,
        }
    }

    pub(crate) fn place(&self, name: &str) -> Option<Arc<Table>> {
        self.places.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// The paths of the objects below a location, relative to it; none when it is not there.
    pub(crate) async fn paths_below(&self, location: &str) -> Result<Vec<String>, Error> {
        let place = match self.buckets.place(&format!("{location}/")) {
            Ok(place) => place,
            Err(StoreError::NotFound { .. } | StoreError::NoBucket { .. }) => return Ok(Vec::new()),
            Err(error) => return Err(cannot_open(&error)),
        };
        let objects = place.list().await.map_err(|error| cannot_open(&error))?;
        let relative = |object: weir_store::Object| {
            let path = object.meta.location.as_ref();
            path.strip_prefix(place.prefix().as_ref()).unwrap_or(path).trim_start_matches('/').to_owned()
        };
        Ok(objects.into_iter().map(relative).collect())
    }
}
