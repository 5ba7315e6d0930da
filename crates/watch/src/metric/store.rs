//! The data of all metrics: the last half hour in memory, all of it in the catalogue.
//!
//! What is recorded is seen by readers at once, and is on disk after the next flush. A flush writes everything recorded
//! until it began, together with what its caller keeps beside it, in one transaction: a log event is in a metric and its
//! position is in the catalogue, or neither. What callers put (`PutMetricData`) is on disk when the put returns: in a
//! journal that the next flush empties.
//!
//! Memory holds every bucket that begins after `hot_since`, whole. What is older lies in the database; late data for it
//! waits in memory as `cold` sums, to be added by the next flush.

mod flush;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rusqlite::Transaction;
use weir_store::{Catalogue, CatalogueError};

use super::{
    Datum, MetricId, Unit,
    bucket::Bucket,
    ladder::Slot,
    table::{self, Put, SeriesRow},
};
pub(crate) use flush::{Frozen, Turn};

/// The data of all metrics. One value a catalogue.
#[derive(Debug)]
pub struct Metrics {
    catalogue: Catalogue,
    state: Mutex<State>,
    /// Held by whoever makes memory and database differ, and by whoever reads both.
    flushing: Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    metrics: HashMap<Arc<MetricId>, Metric, foldhash::fast::RandomState>,
    hot_since: i64,
    /// The hour in which data last moved up the ladder.
    aged: i64,
    /// Counts what was recorded.
    changes: u64,
    next_series: i64,
    /// The last number of the journal that is in memory.
    journaled: i64,
}

#[derive(Debug, Default)]
struct Metric {
    series: Vec<Series>,
    /// `State::changes` when it was last fed.
    changed: u64,
}

/// A metric in one unit.
#[derive(Debug)]
struct Series {
    number: i64,
    unit: Unit,
    /// The latest timestamp.
    latest: i64,
    /// Count and sum of what came since this was opened.
    total: (f64, f64),
    hot: BTreeMap<Slot, Bucket>,
    /// The slots of `hot` that are not on disk as they are.
    dirty: BTreeSet<Slot>,
    cold: BTreeMap<Slot, Bucket>,
}

/// The buckets of a metric by unit, each with its start in Unix milliseconds, in no order.
pub type Buckets = BTreeMap<Unit, Vec<(i64, Bucket)>>;

impl Metrics {
    /// Opens the metrics of a catalogue.
    ///
    /// # Errors
    /// When the catalogue cannot be read, or was written by a newer program.
    pub fn open(catalogue: &Catalogue) -> Result<Self, CatalogueError> {
        catalogue.provide(&table::TABLES)?;
        let state = catalogue.change(|transaction| State::load(transaction).map_err(CatalogueError::from))?;
        Ok(Self { catalogue: catalogue.clone(), state: Mutex::new(state), flushing: Mutex::new(()) })
    }

    /// Takes values in, at a resolution of a second. In memory, and seen by readers at once.
    pub fn record(&self, data: &[Datum]) {
        let mut state = self.state();
        for datum in data {
            let slot = Slot::at(datum.timestamp, 1);
            state.apply(&datum.metric, datum.unit, slot, datum.timestamp, Bucket::of(datum.value, datum.count));
        }
    }

    /// Takes in what a caller put: on disk when this returns.
    pub(super) fn put(&self, puts: Vec<Put>) -> Result<(), CatalogueError> {
        let _alone = self.alone();
        let last = self.catalogue.change(|transaction| Ok::<_, CatalogueError>(table::journal(transaction, &puts)?))?;
        let mut state = self.state();
        state.journaled = last;
        for put in puts {
            state.apply(&Arc::new(put.metric), put.unit, put.slot, put.slot.start, put.bucket);
        }
        Ok(())
    }

    /// How much was recorded and put, of all metrics, when this one was last fed; 0 when it never was.
    pub fn changed(&self, metric: &MetricId) -> u64 {
        self.state().metrics.get(metric).map_or(0, |metric| metric.changed)
    }

    /// The buckets of a metric that begin within a range of milliseconds, of one unit or of all.
    ///
    /// # Errors
    /// When the range goes back beyond the last half hour and the catalogue cannot be read.
    pub fn buckets(&self, id: &MetricId, unit: Option<Unit>, range: Range<i64>) -> Result<Buckets, CatalogueError> {
        let mut read = Buckets::new();
        if let Some(read) = self.state().read_hot(id, unit, &range) {
            return Ok(read);
        }
        let _alone = self.alone();
        let (hot_since, series) = self.state().numbers(id, unit);
        self.catalogue.change(|transaction| {
            for (number, unit) in series {
                let until = range.end.min(hot_since);
                read.insert(unit, table::buckets(transaction, number, range.start, until)?);
            }
            Ok::<_, CatalogueError>(())
        })?;
        self.state().read_memory(id, &range, &mut read);
        Ok(read)
    }

    /// Every metric with the latest timestamp of its data, in order.
    pub fn metrics(&self) -> Vec<(Arc<MetricId>, i64)> {
        let state = self.state();
        let latest = |metric: &Metric| metric.series.iter().map(|series| series.latest).max().unwrap_or(i64::MIN);
        let mut metrics: Vec<_> = state.metrics.iter().map(|(id, metric)| (id.clone(), latest(metric))).collect();
        drop(state);
        metrics.sort_unstable();
        metrics
    }

    /// Count and sum of the values that came since this was opened, of each metric and unit that had any, in order.
    pub(super) fn totals(&self) -> Vec<(Arc<MetricId>, Unit, f64, f64)> {
        let state = self.state();
        let of = |(id, metric): (&Arc<MetricId>, &Metric)| {
            let id = id.clone();
            let fed = metric.series.iter().filter(|series| series.total.0 > 0.0);
            fed.map(move |series| (id.clone(), series.unit, series.total.0, series.total.1)).collect::<Vec<_>>()
        };
        let mut totals: Vec<_> = state.metrics.iter().flat_map(of).collect();
        drop(state);
        totals.sort_by(|left, right| (&left.0, left.1).cmp(&(&right.0, right.1)));
        totals
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn alone(&self) -> MutexGuard<'_, ()> {
        self.flushing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn load(transaction: &Transaction<'_>) -> rusqlite::Result<Self> {
        let mut state = Self { hot_since: table::hot_since(transaction)?, ..Self::default() };
        let mut hot: HashMap<i64, BTreeMap<Slot, Bucket>> = HashMap::new();
        for (series, slot, bucket) in table::buckets_since(transaction, state.hot_since)? {
            hot.entry(series).or_default().insert(slot, bucket);
        }
        for SeriesRow { series: number, metric, unit, latest } in table::series(transaction)? {
            state.next_series = state.next_series.max(number + 1);
            let hot = hot.remove(&number).unwrap_or_default();
            let series = Series { latest, hot, ..Series::new(number, unit) };
            state.metrics.entry(Arc::new(metric)).or_default().series.push(series);
        }
        let (puts, last) = table::journaled(transaction)?;
        state.journaled = last;
        for put in puts {
            state.apply(&Arc::new(put.metric), put.unit, put.slot, put.slot.start, put.bucket);
        }
        Ok(state)
    }

    fn apply(&mut self, id: &Arc<MetricId>, unit: Unit, slot: Slot, timestamp: i64, bucket: Bucket) {
        self.changes += 1;
        let metric = match self.metrics.get_mut(id) {
            Some(metric) => metric,
            None => self.metrics.entry(id.clone()).or_default(),
        };
        metric.changed = self.changes;
        let series = match metric.series.iter().position(|series| series.unit == unit) {
            Some(place) => &mut metric.series[place],
            None => {
                metric.series.push(Series::new(self.next_series, unit));
                self.next_series += 1;
                let last = metric.series.len() - 1;
                &mut metric.series[last]
            }
        };
        series.latest = series.latest.max(timestamp);
        series.total = (series.total.0 + bucket.count, series.total.1 + bucket.sum);
        if slot.start < self.hot_since {
            merge(&mut series.cold, slot, bucket);
        } else {
            merge(&mut series.hot, slot, bucket);
            series.dirty.insert(slot);
        }
    }

    /// `None`: not all of the range is in memory.
    fn read_hot(&self, id: &MetricId, unit: Option<Unit>, range: &Range<i64>) -> Option<Buckets> {
        if range.start < self.hot_since {
            return None;
        }
        let mut read: Buckets = self.series(id, unit).map(|series| (series.unit, Vec::new())).collect();
        self.read_memory(id, range, &mut read);
        Some(read)
    }

    /// Adds what is in memory, for the units that are there.
    fn read_memory(&self, id: &MetricId, range: &Range<i64>, read: &mut Buckets) {
        for series in self.series(id, None) {
            let Some(buckets) = read.get_mut(&series.unit) else { continue };
            let first = |start: i64| Slot { start, seconds: 0 };
            let slots = first(range.start)..first(range.end.max(range.start));
            let memory = series.cold.range(slots.clone()).chain(series.hot.range(slots));
            buckets.extend(memory.map(|(slot, bucket)| (slot.start, bucket.clone())));
        }
    }

    fn numbers(&self, id: &MetricId, unit: Option<Unit>) -> (i64, Vec<(i64, Unit)>) {
        (self.hot_since, self.series(id, unit).map(|series| (series.number, series.unit)).collect())
    }

    fn series<'a>(&'a self, id: &MetricId, unit: Option<Unit>) -> impl Iterator<Item = &'a Series> {
        let all = self.metrics.get(id).map_or(&[][..], |metric| &metric.series);
        all.iter().filter(move |series| unit.is_none_or(|unit| series.unit == unit))
    }
}

impl Series {
    fn new(number: i64, unit: Unit) -> Self {
        let (hot, dirty, cold) = Default::default();
        Self { number, unit, latest: i64::MIN, total: (0.0, 0.0), hot, dirty, cold }
    }
}

fn merge(buckets: &mut BTreeMap<Slot, Bucket>, slot: Slot, bucket: Bucket) {
    match buckets.get_mut(&slot) {
        Some(sum) => sum.merge(&bucket),
        None => {
            buckets.insert(slot, bucket);
        }
    }
}

#[cfg(test)]
mod once;
#[cfg(test)]
mod tests;
