//! The watcher of log groups: turns events into metrics by metric filters, each event once.
//!
//! What comes of events is in memory until [`Watcher::flush`] writes it together with the position of the last event that is in
//! it. After a crash the log store tells the batches behind that position again, and they are evaluated again, with the
//! filters that were in force: a filter is put or deleted in the same transaction as everything before it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use rusqlite::Transaction;
use weir_store::{
    Catalogue, CatalogueError,
    logs::{Committed, Tap},
};

use crate::{
    filter::{
        self, Compiled, Counts, DeleteMetricFilterInput, DescribeMetricFiltersInput, DescribeMetricFiltersOutput,
        FilterError, Group, Owner, PutMetricFilterInput, State, table,
    },
    metric::{Datum, Frozen, Metrics, Turn},
    pattern::Scratch,
};

/// The log groups there are.
pub trait LogGroups {
    /// Whether there is a log group of this name.
    fn exists(&self, name: &str) -> bool;
}

impl<F: Fn(&str) -> bool> LogGroups for F {
    fn exists(&self, name: &str) -> bool {
        self(name)
    }
}

/// The metric filters of all log groups, and how far they have come.
#[derive(Debug)]
pub struct Watcher {
    metrics: Arc<Metrics>,
    owner: Owner,
    inner: Mutex<Inner>,
    /// Up to which position what came of events is on disk.
    settled: AtomicU64,
}

#[derive(Debug, Default)]
struct Inner {
    /// The last batch that was evaluated.
    position: u64,
    groups: BTreeMap<Arc<str>, Group>,
    counts: Counts,
    scratch: Scratch,
    data: Vec<Datum>,
}

/// What a flush writes beside the metrics.
struct Unsaved {
    position: u64,
    /// Log group, filter, what it remembers.
    states: Vec<(Arc<str>, String, State)>,
}

impl Watcher {
    /// Opens the metric filters that the catalogue keeps, of one account in one region. `metrics` are those of the same catalogue.
    ///
    /// # Errors
    /// When the catalogue refuses, was written by a later program, or keeps a filter that this program does not understand.
    pub fn open(
        catalogue: &Catalogue,
        metrics: Arc<Metrics>,
        account: &str,
        region: &str,
    ) -> Result<Self, FilterError> {
        catalogue.provide(&table::TABLES)?;
        let owner = Owner { account: account.to_owned(), region: region.to_owned() };
        let (position, filters) = catalogue.change(|transaction| {
            let read = || Ok::<_, rusqlite::Error>((table::settled(transaction)?, table::filters(transaction)?));
            read().map_err(CatalogueError::from)
        })?;
        let mut groups: BTreeMap<Arc<str>, Vec<_>> = BTreeMap::new();
        for (definition, state) in filters {
            let group = Arc::from(definition.log_group_name.as_str());
            groups.entry(group).or_default().push((Compiled::again(definition, &owner)?, state));
        }
        let groups = groups.into_iter().map(|(name, filters)| (name, Group::new(filters))).collect();
        let inner = Inner { position, groups, ..Inner::default() };
        Ok(Self { metrics, owner, inner: Mutex::new(inner), settled: AtomicU64::new(position) })
    }

    /// Puts a metric filter, in place of one of the same name. It is for events from here on.
    ///
    /// Appends wait until this is on disk.
    ///
    /// # Errors
    /// What AWS refuses, and what the catalogue does; then everything is as it was.
    pub fn put_metric_filter(
        &self,
        groups: &dyn LogGroups,
        input: PutMetricFilterInput,
        now: i64,
    ) -> Result<(), FilterError> {
        let mut compiled = Compiled::new(input, &self.owner, now)?;
        let (group, name) = (compiled.definition.log_group_name.clone(), compiled.definition.filter_name.clone());
        if !groups.exists(&group) {
            return Err(FilterError::NoGroup(group));
        }
        let (turn, mut inner) = self.turn();
        if let Some(known) = inner.groups.get(group.as_str()) {
            known.check_room(&compiled)?;
            let created = known.find(&name).map(|filter| filter.compiled.definition.creation_time);
            compiled.definition.creation_time = created.unwrap_or(now);
        }
        self.change(turn, &mut inner, now, |transaction| table::put(transaction, &compiled.definition))?;
        inner.groups.entry(group.into()).or_default().put(compiled);
        Ok(())
    }

    /// Deletes a metric filter. The data that it gave stay.
    ///
    /// # Errors
    /// When there is no such log group or filter, or the catalogue refuses.
    pub fn delete_metric_filter(
        &self,
        groups: &dyn LogGroups,
        input: &DeleteMetricFilterInput,
        now: i64,
    ) -> Result<(), FilterError> {
        let DeleteMetricFilterInput { log_group_name: group, filter_name: name } = input;
        if !groups.exists(group) {
            return Err(FilterError::NoGroup(group.clone()));
        }
        let (turn, mut inner) = self.turn();
        if inner.groups.get(group.as_str()).is_none_or(|known| known.find(name).is_none()) {
            return Err(FilterError::NoFilter(name.clone()));
        }
        self.change(turn, &mut inner, now, |transaction| table::delete(transaction, group, name))?;
        if inner.groups.get_mut(group.as_str()).is_some_and(|known| known.remove(name)) {
            inner.groups.remove(group.as_str());
        }
        Ok(())
    }

    /// Deletes all filters of a log group: to be called before the group itself is deleted.
    ///
    /// # Errors
    /// When the catalogue refuses.
    pub fn delete_log_group(&self, group: &str, now: i64) -> Result<(), FilterError> {
        let (turn, mut inner) = self.turn();
        if inner.groups.contains_key(group) {
            self.change(turn, &mut inner, now, |transaction| table::delete_group(transaction, group))?;
            inner.groups.remove(group);
        }
        Ok(())
    }

    /// Lists metric filters.
    ///
    /// # Errors
    /// When there is no such log group, or a parameter is not as it must be.
    pub fn describe_metric_filters(
        &self,
        groups: &dyn LogGroups,
        input: &DescribeMetricFiltersInput,
    ) -> Result<DescribeMetricFiltersOutput, FilterError> {
        if let Some(missing) = input.log_group_name.as_ref().filter(|name| !groups.exists(name)) {
            return Err(FilterError::NoGroup(missing.clone()));
        }
        let inner = self.inner();
        let filters = inner.groups.values().flat_map(Group::filters).map(|filter| &filter.compiled.definition);
        filter::describe(filters, input)
    }

    /// How many metric filters a log group has: `metricFilterCount` of DescribeLogGroups.
    pub fn metric_filter_count(&self, group: &str) -> usize {
        self.inner().groups.get(group).map_or(0, |group| group.filters().len())
    }

    /// What became of events, since this was opened.
    pub fn counts(&self) -> Counts {
        self.inner().counts
    }

    /// Gives the default values of minutes that are over, and says when to call again if no events come before.
    pub fn poll(&self, now: i64) -> Option<i64> {
        let mut inner = self.inner();
        inner.close_minutes(&self.metrics, now);
        inner.groups.values().filter_map(Group::due).min()
    }

    /// Writes what came of events so far. Appends do not wait for the disk meanwhile.
    ///
    /// # Errors
    /// Those of the catalogue; then nothing was written, and the next flush writes it.
    pub fn flush(&self, now: i64) -> Result<(), CatalogueError> {
        let (turn, mut inner) = self.turn();
        let (frozen, unsaved) = inner.freeze(turn, &self.metrics, now);
        drop(inner);
        self.write(frozen, &unsaved, |_| Ok(())).inspect_err(|_| self.inner().keep_unsaved(&unsaved))
    }

    /// Writes what came of events so far, and a change of the filters, in one transaction.
    fn change(
        &self,
        turn: Turn<'_>,
        inner: &mut Inner,
        now: i64,
        change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), CatalogueError> {
        let (frozen, unsaved) = inner.freeze(turn, &self.metrics, now);
        self.write(frozen, &unsaved, change).inspect_err(|_| inner.keep_unsaved(&unsaved))
    }

    fn write(
        &self,
        frozen: Frozen<'_>,
        unsaved: &Unsaved,
        change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), CatalogueError> {
        frozen.write(|transaction| {
            unsaved.write(transaction)?;
            Ok::<_, CatalogueError>(change(transaction)?)
        })?;
        // Another flush may have come after this one and been quicker here.
        self.settled.fetch_max(unsaved.position, Ordering::AcqRel);
        Ok(())
    }

    /// The turn first: whoever waits for it keeps no append waiting.
    fn turn(&self) -> (Turn<'_>, MutexGuard<'_, Inner>) {
        let turn = self.metrics.turn();
        (turn, self.inner())
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tap for Watcher {
    fn appended(&self, batch: &Committed) {
        let mut inner = self.inner();
        if batch.position <= inner.position {
            return;
        }
        inner.position = batch.position;
        let Inner { groups, counts, scratch, data, .. } = &mut *inner;
        if let Some(group) = groups.get_mut(&batch.group) {
            group.evaluate(batch, scratch, data, counts);
            self.metrics.record(data);
            data.clear();
        }
    }

    fn settled(&self) -> u64 {
        self.settled.load(Ordering::Acquire)
    }
}

impl Inner {
    fn close_minutes(&mut self, metrics: &Metrics, now: i64) {
        self.groups.values_mut().for_each(|group| group.close_minutes(now, &mut self.data));
        if !self.data.is_empty() {
            metrics.record(&self.data);
            self.data.clear();
        }
    }

    /// Takes what came of events so far: what metrics have of it, and what is beside them.
    fn freeze<'m>(&mut self, turn: Turn<'m>, metrics: &Metrics, now: i64) -> (Frozen<'m>, Unsaved) {
        self.close_minutes(metrics, now);
        (turn.freeze(now), self.unsaved())
    }

    /// Takes what is not on disk.
    fn unsaved(&mut self) -> Unsaved {
        let mut states = Vec::new();
        for (group, filters) in &mut self.groups {
            for filter in filters.filters_mut().filter(|filter| filter.changed) {
                filter.changed = false;
                let name = filter.compiled.definition.filter_name.clone();
                states.push((group.clone(), name, filter.state()));
            }
        }
        Unsaved { position: self.position, states }
    }

    /// It is still not on disk.
    fn keep_unsaved(&mut self, unsaved: &Unsaved) {
        for (group, name, _) in &unsaved.states {
            let filters = self.groups.get_mut(group).map(Group::filters_mut);
            let filter = filters.and_then(|mut all| all.find(|filter| filter.compiled.definition.filter_name == *name));
            if let Some(filter) = filter {
                filter.changed = true;
            }
        }
    }
}

impl Unsaved {
    fn write(&self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        for (group, name, state) in &self.states {
            table::put_state(transaction, group, name, state)?;
        }
        table::settle(transaction, self.position)
    }
}

#[cfg(test)]
mod tests;
