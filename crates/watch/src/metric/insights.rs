//! Metrics Insights: `SELECT MAX(name) FROM SCHEMA("namespace", dimension) GROUP BY dimension`, as CloudWatch documents it.
//!
//! A query is read once ([`InsightsQuery`]); [`Metrics::insights`] answers it. It is no metric math: other expressions use
//! its value by the Id of its query.

mod lex;
mod parse;

use std::{cmp::Ordering, collections::BTreeMap, sync::Arc};

use super::{Bucket, Grid, MetricError, MetricId, Metrics, list::LISTED};
use crate::math::{Series, Value};

/// Most metrics that a query looks at: the first ones, in the order of their names.
const MOST_METRICS: usize = 10_000;

/// Most time series that it gives.
const MOST_SERIES: usize = 500;

/// What a group is called that has no value for a label.
const OTHER: &str = "Other";

/// The finest period, in seconds: finer ones are rounded up to it, as in CloudWatch.
pub(super) const FINEST: i64 = 60;

/// A query that was read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct InsightsQuery {
    function: Function,
    metric: String,
    namespace: String,
    /// Of `SCHEMA`: exactly these dimensions.
    schema: Option<Vec<String>>,
    conditions: Vec<Condition>,
    groups: Vec<String>,
    order: Option<Order>,
    limit: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Avg,
    Count,
    Max,
    Min,
    Sum,
}

/// A dimension and the value that it must have, or must not have.
#[derive(Debug, Clone, PartialEq)]
struct Condition {
    label: String,
    value: String,
    equal: bool,
}

/// By which number of each time series they are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Order {
    by: Function,
    descending: bool,
}

/// Values added up, without the values themselves: the functions need no more.
#[derive(Debug, Clone, Copy)]
struct Tally {
    count: f64,
    sum: f64,
    minimum: f64,
    maximum: f64,
}

/// The values of the labels of `GROUP BY`; [`OTHER`], and that it is none, for a label that a metric has not.
type Group = Vec<(String, bool)>;

impl Tally {
    fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.minimum = self.minimum.min(other.minimum);
        self.maximum = self.maximum.max(other.maximum);
    }
}

impl From<&Bucket> for Tally {
    fn from(bucket: &Bucket) -> Self {
        let Bucket { count, sum, minimum, maximum, .. } = *bucket;
        Self { count, sum, minimum, maximum }
    }
}

impl From<f64> for Tally {
    fn from(value: f64) -> Self {
        Self { count: 1.0, sum: value, minimum: value, maximum: value }
    }
}

impl Function {
    fn of(self, tally: &Tally) -> f64 {
        match self {
            Self::Avg => tally.sum / tally.count,
            Self::Count => tally.count,
            Self::Max => tally.maximum,
            Self::Min => tally.minimum,
            Self::Sum => tally.sum,
        }
    }
}

impl InsightsQuery {
    /// Whether it may give several time series.
    pub(super) fn is_grouped(&self) -> bool {
        !self.groups.is_empty()
    }

    fn takes(&self, metric: &MetricId) -> bool {
        let dimensions = &metric.dimensions;
        let is_of = |labels: &Vec<String>| {
            labels.len() == dimensions.len() && labels.iter().all(|label| dimensions.contains_key(label))
        };
        // As NULL in SQL, a label that a metric has not is neither equal nor unequal to anything.
        let holds =
            |condition: &Condition| dimensions.get(&condition.label).is_some_and(|value| condition.holds_for(value));
        metric.namespace == self.namespace
            && metric.name == self.metric
            && self.schema.as_ref().is_none_or(is_of)
            && self.conditions.iter().all(holds)
    }

    fn group_of(&self, metric: &MetricId) -> Group {
        let value = |label: &String| match metric.dimensions.get(label) {
            Some(value) => (value.clone(), false),
            None => (OTHER.to_owned(), true),
        };
        self.groups.iter().map(value).collect()
    }
}

impl Condition {
    fn holds_for(&self, value: &str) -> bool {
        (value == self.value) == self.equal
    }
}

impl Order {
    fn key(self, series: &Series) -> f64 {
        let mut tallies = series.points.iter().map(|(_, value)| Tally::from(*value));
        let Some(mut all) = tallies.next() else { return 0.0 };
        tallies.for_each(|tally| all.merge(&tally));
        self.by.of(&all)
    }

    fn compare(self, left: f64, right: f64) -> Ordering {
        let ascending = left.total_cmp(&right);
        if self.descending { ascending.reverse() } else { ascending }
    }
}

/// The first time series by an order, of those that come one after another; those of the same number as they come.
struct First {
    order: Option<Order>,
    limit: usize,
    kept: Vec<(f64, Series)>,
}

impl First {
    /// Whether one that comes may still be among them.
    fn is_open(&self) -> bool {
        self.order.is_some() || self.kept.len() < self.limit
    }

    fn add(&mut self, series: Series) {
        self.kept.push((self.order.map_or(0.0, |order| order.key(&series)), series));
        if self.kept.len() >= 2 * self.limit {
            self.cut();
        }
    }

    fn cut(&mut self) {
        if let Some(order) = self.order {
            self.kept.sort_by(|(left, _), (right, _)| order.compare(*left, *right));
        }
        self.kept.truncate(self.limit);
    }

    fn into_series(mut self) -> Vec<Series> {
        self.cut();
        self.kept.into_iter().map(|(_, series)| series).collect()
    }
}

impl Metrics {
    /// Answers a query: one time series, or with `GROUP BY` one for each group that has data, called by the group's values.
    ///
    /// # Errors
    /// Those of the disk.
    pub(super) fn insights(&self, query: &InsightsQuery, grid: Grid, now: i64) -> Result<Value, MetricError> {
        // No data are older than what is listed: a metric with data in the span is found.
        let grid = Grid { start: grid.start.max(super::floor(now - LISTED, grid.period * 1000)), ..grid };
        let mut groups: BTreeMap<Group, Vec<Arc<MetricId>>> = BTreeMap::new();
        let found = self.metrics().into_iter().filter(|(id, latest)| *latest >= grid.start && query.takes(id));
        for (id, _) in found.take(MOST_METRICS) {
            groups.entry(query.group_of(&id)).or_default().push(id);
        }
        if !query.is_grouped() {
            let all: Vec<_> = groups.into_values().flatten().collect();
            return Ok(Value::Series(self.added_up(query, &all, grid, query.metric.clone())?));
        }
        let mut first = First { order: query.order, limit: query.limit, kept: Vec::new() };
        for (group, ids) in groups {
            if !first.is_open() {
                break;
            }
            let label = group.into_iter().map(|(value, _)| value).collect::<Vec<_>>().join(" ");
            let series = self.added_up(query, &ids, grid, label)?;
            if !series.points.is_empty() {
                first.add(series);
            }
        }
        Ok(Value::Many(first.into_series()))
    }

    /// The function over all values of several metrics, for each period with data.
    fn added_up(
        &self,
        query: &InsightsQuery,
        ids: &[Arc<MetricId>],
        grid: Grid,
        label: String,
    ) -> Result<Series, MetricError> {
        let mut sums: BTreeMap<i64, Tally> = BTreeMap::new();
        for id in ids {
            let buckets = self.buckets(id, None, grid.start..grid.end)?;
            for (start, bucket) in buckets.values().flatten() {
                let tally = Tally::from(bucket);
                sums.entry(grid.period_of(*start)).and_modify(|sum| sum.merge(&tally)).or_insert(tally);
            }
        }
        let points = sums.into_iter().filter(|(_, tally)| tally.count > 0.0);
        let points = points.map(|(start, tally)| (start, query.function.of(&tally))).collect();
        Ok(Series { label, period: grid.period, points })
    }
}

#[cfg(test)]
mod tests;
