//! Flushes: what was recorded until a moment goes to disk, in two halves.

use std::{
    collections::BTreeMap,
    sync::{Arc, MutexGuard},
};

use rusqlite::Transaction;
use weir_store::CatalogueError;

use super::{Metrics, Series, merge};
use crate::metric::{
    MetricId,
    bucket::Bucket,
    ladder::{self, Slot},
    table::{self, SeriesRow},
};

impl Metrics {
    /// Writes everything recorded so far, and what `extra` writes, in one transaction. Moves old data up the ladder.
    ///
    /// # Errors
    /// Those of `extra` and of the disk; then nothing was written, and the next flush writes it.
    pub fn flush<E>(&self, now: i64, extra: impl FnOnce(&Transaction<'_>) -> Result<(), E>) -> Result<(), E>
    where
        E: From<CatalogueError>,
    {
        self.turn().freeze(now).write(extra)
    }

    /// Waits until nobody else writes metrics or reads them from the disk, and keeps others from it.
    pub(crate) fn turn(&self) -> Turn<'_> {
        Turn { metrics: self, alone: self.alone() }
    }
}

/// The right to write metrics: whoever has it waits for no disk until it writes.
pub(crate) struct Turn<'a> {
    metrics: &'a Metrics,
    alone: MutexGuard<'a, ()>,
}

impl<'a> Turn<'a> {
    /// The first half of a flush: takes what was recorded so far.
    ///
    /// Who must know what exactly is taken calls this while nothing is recorded.
    pub(crate) fn freeze(self, now: i64) -> Frozen<'a> {
        let Self { metrics, alone } = self;
        let mut state = metrics.state();
        let hot_since = state.hot_since;
        state.hot_since = hot_since.max(ladder::hot_since(now));
        let since = state.hot_since;
        let ages = ladder::hour(now) > state.aged;
        let taken =
            state.metrics.iter_mut().flat_map(|(id, metric)| metric.series.iter_mut().map(move |series| (id, series)));
        let taken = taken.filter_map(|(id, series)| Taken::of(id, series, since)).collect();
        let journaled = state.journaled;
        Frozen { metrics, _alone: alone, now, hot_since, since, ages, taken, journaled, written: false }
    }
}

/// What was recorded until a moment, to be written.
///
/// Dropped without [`Frozen::write`], it gives everything back: the next flush writes it.
#[derive(Debug)]
pub(crate) struct Frozen<'a> {
    metrics: &'a Metrics,
    _alone: MutexGuard<'a, ()>,
    now: i64,
    /// Where hot data began before, and where it begins now.
    hot_since: i64,
    since: i64,
    /// Whether old data move up the ladder.
    ages: bool,
    taken: Vec<Taken>,
    journaled: i64,
    written: bool,
}

/// What a flush takes of a series.
#[derive(Debug)]
struct Taken {
    id: Arc<MetricId>,
    row: SeriesRow,
    dirty: Vec<(Slot, Bucket)>,
    cold: BTreeMap<Slot, Bucket>,
    /// No longer hot; of these, those that are dirty are in `dirty` too.
    cooled: BTreeMap<Slot, Bucket>,
}

impl Taken {
    fn of(id: &Arc<MetricId>, series: &mut Series, hot_since: i64) -> Option<Self> {
        let dirty = std::mem::take(&mut series.dirty);
        let dirty: Vec<_> = dirty.into_iter().filter_map(|slot| Some((slot, series.hot.get(&slot)?.clone()))).collect();
        let cold = std::mem::take(&mut series.cold);
        let hot = series.hot.split_off(&Slot { start: hot_since, seconds: 0 });
        let cooled = std::mem::replace(&mut series.hot, hot);
        if dirty.is_empty() && cold.is_empty() && cooled.is_empty() {
            return None;
        }
        let metric = id.as_ref().clone();
        let row = SeriesRow { series: series.number, metric, unit: series.unit, latest: series.latest };
        Some(Self { id: id.clone(), row, dirty, cold, cooled })
    }
}

impl Frozen<'_> {
    /// The second half of a flush: writes what was taken, and what `extra` writes, in one transaction.
    ///
    /// # Errors
    /// Those of `extra` and of the disk; then nothing was written, and the next flush writes it.
    pub(crate) fn write<E>(mut self, extra: impl FnOnce(&Transaction<'_>) -> Result<(), E>) -> Result<(), E>
    where
        E: From<CatalogueError>,
    {
        self.metrics.catalogue.change(|transaction| {
            self.write_in(transaction).map_err(CatalogueError::from)?;
            extra(transaction)
        })?;
        self.written = true;
        if self.ages {
            self.metrics.state().aged = ladder::hour(self.now);
        }
        Ok(())
    }

    fn write_in(&self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        for taken in &self.taken {
            table::put_series(transaction, &taken.row)?;
            for (slot, bucket) in &taken.dirty {
                table::replace(transaction, taken.row.series, *slot, bucket)?;
            }
            for (slot, bucket) in &taken.cold {
                table::add(transaction, taken.row.series, *slot, bucket.clone())?;
            }
        }
        table::forget_journal(transaction, self.journaled)?;
        if self.since > self.hot_since {
            table::set_hot_since(transaction, self.since)?;
        }
        if self.ages {
            ladder::age(transaction, self.now)?;
        }
        Ok(())
    }

    fn give_back(&mut self) {
        let mut state = self.metrics.state();
        state.hot_since = self.hot_since;
        for taken in self.taken.drain(..) {
            let metric = state.metrics.get_mut(&taken.id);
            let Some(series) =
                metric.and_then(|metric| metric.series.iter_mut().find(|series| series.unit == taken.row.unit))
            else {
                continue;
            };
            series.hot.extend(taken.cooled);
            series.dirty.extend(taken.dirty.into_iter().map(|(slot, _)| slot));
            // Late data that came meanwhile, for what is hot again.
            let hot = series.cold.split_off(&Slot { start: self.hot_since, seconds: 0 });
            for (slot, bucket) in hot {
                merge(&mut series.hot, slot, bucket);
                series.dirty.insert(slot);
            }
            for (slot, bucket) in taken.cold {
                merge(&mut series.cold, slot, bucket);
            }
        }
    }
}

impl Drop for Frozen<'_> {
    fn drop(&mut self) {
        if !self.written {
            self.give_back();
        }
    }
}
