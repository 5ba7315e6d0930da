//! Queries by the Athena API: an engine, and threads of its own, so that they hold up nothing else.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use tokio::runtime::{Builder, Handle, Runtime};
use weir_api::Serve;
use weir_query::{
    Copies, Engine, EngineOptions,
    athena::{Athena, Limits},
    insights::QueryLimits,
};
use weir_store::{BucketName, Buckets, Catalogue};

use super::{BUCKET, regions::Regions, watching::QuestionLimits};
use crate::{
    clock,
    settings::{Bytes, Settings},
};

/// What all queries of Logs Insights in a region may hold for sorting and grouping before they write to disk, in bytes,
/// if nobody says.
const MEMORY: usize = 512 << 20;
/// Bytes that columnar copies may take if nobody says.
const COPIES: u64 = 4 << 30;

/// The engine while it runs; dropped, it stops all queries.
pub(super) struct Queries {
    threads: Threads,
    athena: Arc<Athena>,
}

/// Threads of their own, until this is dropped.
struct Threads {
    /// None while it is dropped.
    runtime: Option<Runtime>,
    handle: Handle,
}

/// How much queries of the Athena API may have.
fn limits(settings: &Settings) -> Limits {
    let usual = Limits::default();
    Limits {
        concurrency: at_a_time(settings).unwrap_or(usual.concurrency),
        time: settings.query_time.map_or(usual.time, Duration::from_secs),
    }
}

/// How much queries of Logs Insights may have, in each region.
pub(super) fn insights_limits(settings: &Settings) -> QuestionLimits {
    let usual = QueryLimits::default();
    let queries = QueryLimits {
        running: at_a_time(settings).unwrap_or(usual.running),
        time: settings.query_time.map_or(usual.time, Duration::from_secs),
        ..usual
    };
    QuestionLimits { queries, memory: memory(settings).unwrap_or(MEMORY) }
}

/// What queries may hold for sorting and grouping, if somebody said.
fn memory(settings: &Settings) -> Option<usize> {
    settings.memory_limit.and_then(|Bytes(bytes)| usize::try_from(bytes).ok())
}

/// How many queries run at a time, if somebody said.
fn at_a_time(settings: &Settings) -> Option<usize> {
    settings.query_concurrency.and_then(|count| usize::try_from(count).ok())
}

impl Queries {
    /// Opens the engine over the buckets, and begins to take queries out of their queue.
    ///
    /// # Errors
    /// When the catalogues cannot be read, the folder of copies cannot be made, or there are no threads.
    pub(super) fn open(settings: &Settings, catalogue: &Catalogue, buckets: &Buckets) -> Result<Self> {
        let threads = settings.threads.and_then(|threads| usize::try_from(threads).ok());
        let threads = threads.or_else(|| std::thread::available_parallelism().ok().map(Into::into)).unwrap_or(1);
        let runtime = Builder::new_multi_thread().worker_threads(threads).thread_name("query").enable_all().build()?;
        let handle = runtime.handle().clone();
        let running = Threads { handle: handle.clone(), runtime: Some(runtime) };
        let options = EngineOptions {
            threads,
            memory_limit: memory(settings),
            catalogue: Some(settings.data.join("catalogue.json")),
        };
        let usual: BucketName = BUCKET.parse()?;
        let finder = weir_lens::flow_log_tables(buckets.clone(), usual);
        let mut engine = Engine::new(options, buckets.clone())?.with_finder(finder);
        let Bytes(room) = settings.columnar_copies.unwrap_or(Bytes(COPIES));
        if room > 0 {
            let copies = Arc::new(Copies::open(&settings.data.join("copies"), room)?);
            engine = engine.with_copies(Arc::clone(&copies));
            handle.spawn(async move { copies.keep_up().await });
        }
        let engine = Arc::new(engine);
        let athena = Arc::new(Athena::open(engine, catalogue.clone(), limits(settings), clock::milliseconds())?);
        handle.spawn(Arc::clone(&athena).work(Arc::new(clock::milliseconds)));
        Ok(Self { threads: running, athena })
    }

    /// What queries run on: threads of their own.
    pub(super) fn threads(&self) -> &Handle {
        &self.threads.handle
    }

    /// The services that ask the engine.
    pub(super) fn tables(&self, regions: &Arc<Regions>) -> Vec<Box<dyn Serve>> {
        let mut tables = weir_lens::tables(&self.athena, self.threads());
        let regions = Arc::clone(regions);
        let queries = move |region: &str| regions.watching(region).map(|watching| watching.queries().clone());
        tables.push(weir_lens::insights_table(Arc::new(queries)));
        tables
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // This may be a thread of another runtime, which must not wait.
            runtime.shutdown_background();
        }
    }
}
