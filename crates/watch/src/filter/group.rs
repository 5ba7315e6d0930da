//! The metric filters of one log group, evaluated together.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use weir_store::logs::Committed;

use super::{
    CARDINALITY_LIMIT, Compiled, FilterError, GROUP_LIMIT, REGEX_LIMIT, compiled::Value, minutes::Minutes,
    validate::DIMENSION_LENGTH,
};
use crate::{
    metric::{self, Datum, MetricId},
    pattern::{Cells, Matches, Plan, Scratch},
};

const HOUR: i64 = 3_600_000;

/// What became of events, since the program started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events of groups that have filters.
    pub events: u64,
    /// Matches: an event counts for each filter that means it.
    pub matches: u64,
    /// Matches without a datum because the value is not there, is no number or is beyond 2^360.
    pub without_value: u64,
    /// Matches without a datum because a dimension has no value, an empty one, or one of more than 255 characters.
    pub without_dimension: u64,
    /// Matches without a datum because their filter had given too many sets of dimension values in that hour.
    pub beyond_limit: u64,
}

/// The filters of a log group, by name.
#[derive(Debug, Default)]
pub(crate) struct Group {
    filters: Vec<Filter>,
    plan: Plan,
}

/// A filter and what it must remember.
#[derive(Debug)]
pub(crate) struct Filter {
    pub(crate) compiled: Compiled,
    minutes: Minutes,
    /// An hour of ingestion, counted from 1970.
    hour: i64,
    /// The sets of dimension values given in that hour, and their metrics.
    metrics: HashMap<Vec<String>, Arc<MetricId>>,
    /// The state is not on disk as it is.
    pub(crate) changed: bool,
}

/// What a filter must remember over a restart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    minutes: Minutes,
    hour: i64,
    values: BTreeSet<Vec<String>>,
}

impl Group {
    pub(crate) fn new(filters: Vec<(Compiled, State)>) -> Self {
        let mut group = Self::default();
        filters.into_iter().for_each(|(compiled, state)| group.insert(Filter::new(compiled, state)));
        group.plan();
        group
    }

    /// Its filters, by name.
    pub(crate) fn filters(&self) -> &[Filter] {
        &self.filters
    }

    pub(crate) fn filters_mut(&mut self) -> impl Iterator<Item = &mut Filter> {
        self.filters.iter_mut()
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Filter> {
        self.place(name).ok().map(|place| &self.filters[place])
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        self.filters.binary_search_by(|filter| filter.compiled.definition.filter_name.as_str().cmp(name))
    }

    /// Whether there is room for a filter beside those of other names.
    pub(crate) fn check_room(&self, new: &Compiled) -> Result<(), FilterError> {
        let others = || {
            self.filters.iter().filter(|filter| filter.compiled.definition.filter_name != new.definition.filter_name)
        };
        if others().count() >= GROUP_LIMIT {
            return Err(FilterError::LimitExceeded(format!("a log group has at most {GROUP_LIMIT} metric filters")));
        }
        if new.has_regex() && others().filter(|filter| filter.compiled.has_regex()).count() >= REGEX_LIMIT {
            let problem = format!("a log group has at most {REGEX_LIMIT} metric filters with regular expressions");
            return Err(FilterError::LimitExceeded(problem));
        }
        Ok(())
    }

    /// Takes a filter in, in place of one of the same name.
    pub(crate) fn put(&mut self, compiled: Compiled) {
        self.insert(Filter::new(compiled, State::default()));
        self.plan();
    }

    fn insert(&mut self, filter: Filter) {
        match self.place(&filter.compiled.definition.filter_name) {
            Ok(place) => self.filters[place] = filter,
            Err(place) => self.filters.insert(place, filter),
        }
    }

    fn plan(&mut self) {
        self.plan = Plan::new(self.filters.iter().map(|filter| &filter.compiled.pattern));
    }

    /// Takes a filter out; true when there are no others.
    pub(crate) fn remove(&mut self, name: &str) -> bool {
        self.filters.retain(|filter| filter.compiled.definition.filter_name != name);
        self.plan();
        self.filters.is_empty()
    }

    /// Gives the data of a batch. Their time is that of its ingestion.
    pub(crate) fn evaluate(
        &mut self,
        batch: &Committed,
        scratch: &mut Scratch,
        data: &mut Vec<Datum>,
        counts: &mut Counts,
    ) {
        counts.events += batch.timestamps.len() as u64;
        let matches = self.plan.run(batch, scratch);
        let mut cells = matches.cells();
        for (number, filter) in self.filters.iter_mut().enumerate() {
            filter.take(batch.ingestion_time, &matches, number, &mut cells, data, counts);
        }
    }

    /// Gives the default values of minutes that are over.
    pub(crate) fn close_minutes(&mut self, now: i64, data: &mut Vec<Datum>) {
        self.filters.iter_mut().for_each(|filter| filter.close_minutes(now, data));
    }

    /// When the next minute is over that a default value may be for.
    pub(crate) fn due(&self) -> Option<i64> {
        self.filters.iter().filter_map(|filter| filter.minutes.due()).min()
    }
}

impl Filter {
    fn new(compiled: Compiled, State { minutes, hour, values }: State) -> Self {
        let metric = |values: Vec<String>| {
            let metric = compiled.metric_of(&values);
            (values, metric)
        };
        let metrics = values.into_iter().map(metric).collect();
        Self { compiled, minutes, hour, metrics, changed: false }
    }

    pub(crate) fn state(&self) -> State {
        State { minutes: self.minutes.clone(), hour: self.hour, values: self.metrics.keys().cloned().collect() }
    }

    /// Gives the data of those events that match, as number so-and-so of the patterns.
    fn take(
        &mut self,
        time: i64,
        matches: &Matches<'_>,
        number: usize,
        cells: &mut Cells<'_>,
        data: &mut Vec<Datum>,
        counts: &mut Counts,
    ) {
        let count = matches.count(number);
        if self.compiled.default.is_some() && matches.events() > 0 {
            self.changed |= self.minutes.saw(time, count > 0);
        }
        if count == 0 {
            return;
        }
        counts.matches += count as u64;
        if let (Value::Fixed(value), []) = (&self.compiled.value, self.compiled.dimensions.as_slice()) {
            data.push(self.datum(self.compiled.metric.clone(), time, *value, count));
            return;
        }
        for row in matches.rows(number) {
            let value = match &self.compiled.value {
                Value::Fixed(value) => Some(*value),
                Value::Of(extract) => cells.number(row, extract).filter(|value| metric::takes(*value)),
            };
            match value {
                Some(value) => match self.metric(time, row, cells) {
                    Ok(metric) => data.push(self.datum(metric, time, value, 1)),
                    Err(Without::Dimension) => counts.without_dimension += 1,
                    Err(Without::Room) => counts.beyond_limit += 1,
                },
                None => counts.without_value += 1,
            }
        }
    }

    fn datum(&self, metric: Arc<MetricId>, timestamp: i64, value: f64, count: usize) -> Datum {
        #[allow(clippy::cast_precision_loss, reason = "the events of a batch are few")]
        let count = count as f64;
        Datum { metric, timestamp, value, count, unit: self.compiled.unit }
    }

    /// The metric of an event: the one with the event's values of the dimensions.
    fn metric(&mut self, time: i64, row: usize, cells: &mut Cells<'_>) -> Result<Arc<MetricId>, Without> {
        if self.compiled.dimensions.is_empty() {
            return Ok(self.compiled.metric.clone());
        }
        let is_good = |value: &str| !value.is_empty() && value.chars().count() <= DIMENSION_LENGTH;
        let values = self.compiled.dimensions.iter().map(|(_, extract)| {
            let value = cells.text(row, extract).filter(|value| is_good(value));
            value.map(String::from).ok_or(Without::Dimension)
        });
        let values = values.collect::<Result<Vec<_>, _>>()?;
        let hour = time.div_euclid(HOUR);
        if self.hour != hour {
            self.hour = hour;
            self.metrics.clear();
            self.changed = true;
        }
        if let Some(metric) = self.metrics.get(&values) {
            return Ok(metric.clone());
        }
        if self.metrics.len() >= CARDINALITY_LIMIT {
            return Err(Without::Room);
        }
        let metric = self.compiled.metric_of(&values);
        self.metrics.insert(values, metric.clone());
        self.changed = true;
        Ok(metric)
    }

    fn close_minutes(&mut self, now: i64, data: &mut Vec<Datum>) {
        let Some(default) = self.compiled.default else { return };
        if self.minutes.due().is_none_or(|due| due > now) {
            return;
        }
        let minutes = self.minutes.close(now);
        self.changed = true;
        data.extend(minutes.into_iter().map(|minute| self.datum(self.compiled.metric.clone(), minute, default, 1)));
    }
}

/// Why an event gives no datum.
enum Without {
    Dimension,
    Room,
}
