//! What is asked of metrics: queries, spans of time, and the rules for both.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Bucket, Dimension, MetricError, MetricId, Metrics, Statistic, Unit, ladder::floor};

const SECOND: i64 = 1000;
const DAY: i64 = 24 * 3600 * SECOND;

/// One query of `GetMetricData` or of an alarm: a metric or an expression.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct MetricDataQuery {
    /// What expressions call it: begins with a lower-case letter.
    pub id: String,
    /// A statistic of a metric.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric_stat: Option<MetricStat>,
    /// Metric math, or a query of Metrics Insights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// What people call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Whether it is part of the answer; if not given, it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_data: Option<bool>,
    /// Seconds; of an expression that makes points of a number or searches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<i64>,
}

/// A statistic of a metric.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct MetricStat {
    /// The metric.
    pub metric: Metric,
    /// Seconds: 1, 5, 10, 20, 30 or a multiple of 60.
    pub period: i64,
    /// Such as `Sum` or `p99`.
    pub stat: String,
    /// Only data of this unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
}

/// A metric, as the API names it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Metric {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub metric_name: String,
    /// Its dimensions.
    pub dimensions: Vec<Dimension>,
}

impl Metric {
    /// Checks it.
    ///
    /// # Errors
    /// A name is missing or too long.
    pub fn id(&self) -> Result<MetricId, MetricError> {
        MetricId::new(&self.namespace, &self.metric_name, &self.dimensions)
    }
}

impl From<&MetricId> for Metric {
    fn from(id: &MetricId) -> Self {
        Self { namespace: id.namespace.clone(), metric_name: id.name.clone(), dimensions: id.dimension_list() }
    }
}

/// A checked [`MetricStat`].
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// The metric.
    pub metric: MetricId,
    /// Seconds.
    pub period: i64,
    /// What is taken of each period.
    pub statistic: Statistic,
    /// Only data of this unit.
    pub unit: Option<Unit>,
}

impl Selection {
    /// Checks a [`MetricStat`].
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(stat: &MetricStat) -> Result<Self, MetricError> {
        let statistic = stat.stat.parse().map_err(|error| MetricError::Value(format!("{error}")))?;
        Ok(Self { metric: stat.metric.id()?, period: period(stat.period)?, statistic, unit: stat.unit })
    }
}

/// Checks a period in seconds.
///
/// # Errors
/// It is not 1, 5, 10, 20, 30 or a multiple of 60.
pub fn period(seconds: i64) -> Result<i64, MetricError> {
    if matches!(seconds, 1 | 5 | 10 | 20 | 30) || (seconds > 0 && seconds % 60 == 0 && seconds <= 7 * 86_400) {
        return Ok(seconds);
    }
    Err(MetricError::Value(format!(
        "The value {seconds} for parameter Period is invalid: use 1, 5, 10, 20, 30, or a multiple of 60 up to a week."
    )))
}

/// The second that a time in Unix milliseconds is in.
pub(super) fn seconds(time: i64) -> i64 {
    time.div_euclid(SECOND)
}

/// Periods side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grid {
    /// The first millisecond.
    pub(crate) start: i64,
    /// The first millisecond after.
    pub(crate) end: i64,
    /// Seconds.
    pub(crate) period: i64,
}

impl Grid {
    /// The span that a caller asks for: its start rounded down, the further the older it is.
    ///
    /// # Errors
    /// The start is not before the end. Seconds count, as in AWS.
    pub(crate) fn asked(start: i64, end: i64, period: i64, now: i64) -> Result<Self, MetricError> {
        if seconds(start) >= seconds(end) {
            let message = "The parameter StartTime must be less than the parameter EndTime.";
            return Err(MetricError::Value(message.to_owned()));
        }
        // Nothing is from before 1970; and what is far away is far enough.
        let (start, end) = (start.max(0), end.min(i64::MAX / 2));
        let unit = match now - start {
            age if age > 63 * DAY => 3600,
            age if age > 15 * DAY => 300,
            _ => period.min(60),
        };
        Ok(Self { start: floor(start, unit * SECOND), end, period })
    }

    /// How many periods begin in it.
    pub(crate) fn periods(&self) -> i64 {
        (self.end - self.start + self.period * SECOND - 1) / (self.period * SECOND)
    }

    /// The start of the period that a time is in.
    pub(crate) fn period_of(&self, time: i64) -> i64 {
        self.start + floor(time - self.start, self.period * SECOND)
    }

    /// Adds up the buckets of each period, by its start.
    pub(crate) fn fold(&self, buckets: impl IntoIterator<Item = (i64, Bucket)>) -> BTreeMap<i64, Bucket> {
        let mut sums: BTreeMap<i64, Bucket> = BTreeMap::new();
        for (start, bucket) in buckets {
            sums.entry(self.period_of(start)).and_modify(|sum| sum.merge(&bucket)).or_insert(bucket);
        }
        sums
    }
}

/// A value with the number of values that it is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sampled {
    pub(crate) value: f64,
    pub(crate) count: f64,
    /// The least of the values.
    pub(crate) minimum: f64,
}

impl Metrics {
    /// A statistic over each period that has data, whatever its unit if none was asked for.
    pub(crate) fn statistics(&self, selection: &Selection, grid: Grid) -> Result<BTreeMap<i64, Sampled>, MetricError> {
        let buckets = self.buckets(&selection.metric, selection.unit, grid.start..grid.end)?;
        let sums = grid.fold(buckets.into_values().flatten());
        let sampled = |(start, bucket): (i64, Bucket)| {
            let value = selection.statistic.of(&bucket)?;
            Some((start, Sampled { value, count: bucket.count, minimum: bucket.minimum }))
        };
        Ok(sums.into_iter().filter_map(sampled).collect())
    }
}
