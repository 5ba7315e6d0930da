//! The engine: places, definitions, and one method that runs a statement.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use datafusion::execution::memory_pool::{FairSpillPool, MemoryPool, UnboundedMemoryPool};
use weir_store::{Buckets, StoreError};

use crate::answer::{Answer, StatementKind};
use crate::catalogue::CatalogueStore;
use crate::definitions;
use crate::error::{Code, Error};
use crate::hive::{self, Hive};
use crate::progress::Estimate;
use crate::select;
use crate::statement::{self, Statement};
use crate::table::{Copies, Heads, Table, Wanted, cannot_open};

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
    /// A folder for the data of a CREATE TABLE AS that names none, such as `s3://results/tables/<query id>/`.
    pub data_folder: Option<String>,
}

impl RunOptions {
    /// Options for the database `default`, with bad objects as errors.
    pub fn new(now: i64) -> Self {
        RunOptions { now, database: DEFAULT_DATABASE.to_owned(), skip_bad_objects: false, data_folder: None }
    }
}

/// Says which tables there are without any definition: the name of each, and its folder.
pub type Finder = Arc<dyn Fn() -> Vec<(String, String)> + Send + Sync>;

/// Runs Athena SQL. Cheap to share behind an [`Arc`]; statements may run at the same time.
pub struct Engine {
    pub(crate) options: EngineOptions,
    pub(crate) buckets: Buckets,
    pub(crate) memory: Arc<dyn MemoryPool>,
    pub(crate) catalogue: Arc<CatalogueStore>,
    places: RwLock<BTreeMap<String, Placed>>,
    finder: Option<Finder>,
    pub(crate) copies: Option<Arc<Copies>>,
    pub(crate) heads: Heads,
}

/// A table made of places, without any definition.
#[derive(Clone)]
pub(crate) struct Placed {
    pub(crate) table: Arc<Table>,
    /// The first of its locations, as it was given.
    pub(crate) location: String,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("options", &self.options)
            .field("catalogue", &self.catalogue)
            .finish_non_exhaustive()
    }
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
        let catalogue = Arc::new(CatalogueStore::open(options.catalogue.clone())?);
        Ok(Engine {
            options,
            buckets,
            memory,
            catalogue,
            places: RwLock::default(),
            finder: None,
            copies: None,
            heads: Heads::default(),
        })
    }

    /// The same, with tables in the database `default` that are looked for at each statement: what a flow log
    /// delivers is a table at once, and a new object is seen by the next query. Of each folder only the objects of
    /// flow logs are read. A table of the catalogue goes before one of the same name.
    pub fn with_finder(self, finder: Finder) -> Self {
        Engine { finder: Some(finder), ..self }
    }

    /// The same, with columnar copies of the text objects that queries read. Who calls this sees to it that they are
    /// made ([`Copies::keep_up`]).
    pub fn with_copies(self, copies: Arc<Copies>) -> Self {
        Engine { copies: Some(copies), ..self }
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
        let table = Arc::new(Table::discover(self, locations, Wanted::All, skip_bad_objects).await?);
        let placed = Placed { table, location: locations.first().cloned().unwrap_or_default() };
        self.places.write().unwrap_or_else(PoisonError::into_inner).insert(name.to_ascii_lowercase(), placed);
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

    /// What a statement would read; nothing is run. Objects are listed, and of tables without definition the heads of
    /// objects are read. Statements about definitions read nothing.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn estimate(&self, sql: &str, options: &RunOptions) -> Result<Estimate, Error> {
        let tokens = match statement::read(sql)? {
            Statement::Query(text) => return select::estimate(self, text, options).await,
            Statement::Hive(tokens) => tokens,
        };
        match hive::parse(sql, &tokens)? {
            Hive::CreateTableAs { query, .. } | Hive::Insert { query, .. } | Hive::Unload { query, .. } => {
                select::estimate(self, &query, options).await
            }
            _ => Ok(Estimate::default()),
        }
    }

    /// What kind of statement a text is; nothing is run.
    ///
    /// # Errors
    /// With the place, when the text is no statement.
    pub fn kind_of(&self, sql: &str) -> Result<StatementKind, Error> {
        match statement::read(sql)? {
            Statement::Query(text) => select::kind(text),
            Statement::Hive(tokens) => Ok(definitions::kind(&hive::parse(sql, &tokens)?)),
        }
    }

    /// The tables that are found, each with its folder.
    pub(crate) fn found(&self) -> Vec<(String, String)> {
        self.finder.as_ref().map(|finder| finder()).unwrap_or_default()
    }

    /// What is found at a folder now; nothing when there are no records yet.
    pub(crate) async fn look_at(&self, folder: &str, skip_bad_objects: bool) -> Result<Option<Table>, Error> {
        match Table::discover(self, &[folder.to_owned()], Wanted::FlowLogs, skip_bad_objects).await {
            Ok(table) => Ok(Some(table)),
            Err(error) if error.code == Code::NothingToRead => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn place(&self, name: &str) -> Option<Arc<Table>> {
        self.places.read().unwrap_or_else(PoisonError::into_inner).get(name).map(|placed| Arc::clone(&placed.table))
    }

    /// The tables made of places, by name.
    pub(crate) fn places(&self) -> BTreeMap<String, Placed> {
        self.places.read().unwrap_or_else(PoisonError::into_inner).clone()
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
