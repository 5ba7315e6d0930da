//! Reading Parquet objects for DataFusion: counts what is read, and names the object that is damaged.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use datafusion::common::Result;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::{DefaultParquetFileReaderFactory, ParquetFileReaderFactory};
use datafusion::error::DataFusionError;
use datafusion::parquet::arrow::arrow_reader::ArrowReaderOptions;
use datafusion::parquet::arrow::async_reader::AsyncFileReader;
use datafusion::parquet::errors::{ParquetError, Result as ParquetResult};
use datafusion::parquet::file::metadata::ParquetMetaData;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::future::{BoxFuture, FutureExt};
use object_store::{ObjectStore, path::Path};
use weir_record::read::{ReadOptions, Reader};

use super::Unit;
use super::scan::ScanContext;
use super::unit::reason;
use crate::error::{Code, Error};
use crate::progress::Progress;

/// Which Parquet objects a query opened, in this order.
#[derive(Debug, Default)]
pub(crate) struct Opened(Mutex<Vec<Arc<Unit>>>);

/// How many of the objects opened last are looked at when one of them is damaged: those that all
/// threads read and have ready.
const SUSPECTS: usize = 16;

impl Opened {
    fn add(&self, unit: &Arc<Unit>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(unit));
    }

    /// The error for a damaged page, which DataFusion does not name the object of: reads the objects
    /// opened last until one does not read. `None` when all do.
    pub(crate) async fn damaged(&self) -> Option<Error> {
        let opened = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut seen = BTreeSet::new();
        let last = opened.iter().rev().filter(|unit| seen.insert(Arc::clone(&unit.object.name)));
        for unit in last.take(SUSPECTS) {
            let name = Arc::clone(&unit.object.name);
            let opened = match &unit.object.file {
                Some(path) => Reader::from_path(path, &ReadOptions::default()),
                None => Reader::from_bytes(name, unit.place.read(&unit.object).await.ok()?, &ReadOptions::default()),
            };
            let problem = match opened {
                Ok(mut reader) => reader.find_map(Result::err),
                Err(error) => Some(error),
            };
            if let Some(problem) = problem {
                return Some(bad(&unit.object.name, &reason(problem)));
            }
        }
        None
    }
}

fn bad(name: &str, problem: &str) -> Error {
    let message = format!(
        "object {name} is damaged Parquet: {problem}; fetch it again or take it away, or read the rest with `--skip-bad-objects`"
    );
    Error::new(Code::BadObject, message)
}

/// What is wrong with the object that was read; `None` when the error is not about that.
pub(super) fn damage(error: &DataFusionError) -> Option<String> {
    crate::trino_error::is_parquet(error).then(|| error.find_root().strip_backtrace())
}

/// Makes readers of the objects of one store.
#[derive(Debug)]
pub(super) struct Readers {
    inner: DefaultParquetFileReaderFactory,
    units: BTreeMap<Path, Arc<Unit>>,
    naming: bool,
    progress: Arc<Progress>,
    opened: Arc<Opened>,
    counts: Arc<Mutex<BTreeMap<Path, Count>>>,
}

/// How far the reading of one object is; several readers may share it.
#[derive(Debug)]
enum Count {
    /// So many of its bytes count as done.
    Reading(u64),
    /// A reader is through: all of it counts as done.
    Done,
}

impl Readers {
    /// Errors name the object, unless bad objects are skipped: then each is read alone.
    pub(super) fn new(store: &Arc<dyn ObjectStore>, units: &[Unit], context: &ScanContext) -> Self {
        let by_location = |unit: &Unit| (unit.object.meta.location.clone(), Arc::new(unit.clone()));
        Readers {
            inner: DefaultParquetFileReaderFactory::new(Arc::clone(store)),
            units: units.iter().map(by_location).collect(),
            naming: !context.skip_bad_objects,
            progress: Arc::clone(&context.progress),
            opened: Arc::clone(&context.opened),
            counts: Arc::default(),
        }
    }
}

impl ParquetFileReaderFactory for Readers {
    fn create_reader(
        &self,
        partition_index: usize,
        file: PartitionedFile,
        metadata_size_hint: Option<usize>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        let (location, size) = (file.object_meta.location.clone(), file.object_meta.size);
        let unit = self.units.get(&location);
        unit.inspect(|unit| self.opened.add(unit));
        let name = || unit.map_or_else(|| location.as_ref().into(), |unit| Arc::clone(&unit.object.name));
        let name = self.naming.then(name);
        let inner = self.inner.create_reader(partition_index, file, metadata_size_hint, metrics)?;
        let (progress, counts) = (Arc::clone(&self.progress), Arc::clone(&self.counts));
        Ok(Box::new(Counted { inner, location, size, name, progress, counts }))
    }
}

/// A reader that counts what it reads.
struct Counted {
    inner: Box<dyn AsyncFileReader + Send>,
    location: Path,
    size: u64,
    /// What errors name the object; nothing when who reads it knows.
    name: Option<Arc<str>>,
    progress: Arc<Progress>,
    counts: Arc<Mutex<BTreeMap<Path, Count>>>,
}

impl Counted {
    fn count(&mut self, bytes: u64) {
        self.progress.add_scanned(bytes);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Count::Reading(done) = counts.entry(self.location.clone()).or_insert(Count::Reading(0)) {
            // A page may be read twice; the object does not grow by that.
            let bytes = bytes.min(self.size - *done);
            *done += bytes;
            self.progress.add_done(bytes);
        }
    }

    fn named(&self, error: ParquetError) -> ParquetError {
        match &self.name {
            Some(name) => ParquetError::External(Box::new(bad(name, &error.to_string()))),
            None => error,
        }
    }
}

impl AsyncFileReader for Counted {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, ParquetResult<Bytes>> {
        async move {
            let bytes = self.inner.get_bytes(range).await.map_err(|error| self.named(error))?;
            self.count(bytes.len() as u64);
            Ok(bytes)
        }
        .boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, ParquetResult<Vec<Bytes>>> {
        async move {
            let all = self.inner.get_byte_ranges(ranges).await.map_err(|error| self.named(error))?;
            self.count(all.iter().map(|bytes| bytes.len() as u64).sum());
            Ok(all)
        }
        .boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, ParquetResult<Arc<ParquetMetaData>>> {
        async move { self.inner.get_metadata(options).await.map_err(|error| self.named(error)) }.boxed()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = match counts.insert(self.location.clone(), Count::Done) {
            Some(Count::Done) => return,
            Some(Count::Reading(done)) => self.size - done,
            None => self.size,
        };
        self.progress.add_done(rest);
        self.progress.add_object();
    }
}
