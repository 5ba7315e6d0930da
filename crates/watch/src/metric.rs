//! Metrics: what they are called, the data that goes into them, and what is read out of them.

mod bucket;
mod error;
mod get_data;
mod get_statistics;
mod identity;
mod insights;
mod ladder;
mod list;
mod prometheus;
mod put;
mod queries;
mod query;
mod spread;
mod statistic;
mod store;
mod table;
mod unit;

pub use bucket::{Bucket, StatisticSet};
pub use error::MetricError;
pub use get_data::{GetMetricDataInput, GetMetricDataOutput, MetricDataResult, ScanBy, StatusCode};
pub use get_statistics::{GetMetricStatisticsInput, GetMetricStatisticsOutput, StatisticsDatapoint};
pub use identity::{Dimension, Dimensions, MOST_DIMENSIONS, MetricId};
pub(crate) use ladder::floor;
pub use ladder::{HOURS_KEPT, SECONDS_KEPT};
pub use list::{DimensionFilter, ListMetricsInput, ListMetricsOutput};
pub use prometheus::{Gauge, prometheus};
pub use put::{MetricDatum, PutMetricDataInput};
pub(crate) use queries::Queries;
pub(crate) use query::Grid;
pub use query::{Metric, MetricDataQuery, MetricStat, Selection, period};
pub use spread::{CLASSES, EXACT};
pub use statistic::{Bounds, Statistic, StatisticError, Trim};
pub use store::{Buckets, Metrics};
pub(crate) use store::{Frozen, Turn};
pub use unit::{Unit, UnitError};

/// One value on its way into a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Datum {
    /// The metric.
    pub metric: std::sync::Arc<MetricId>,
    /// Unix milliseconds.
    pub timestamp: i64,
    /// The value, up to 2^360.
    pub value: f64,
    /// How many times it was observed.
    pub count: f64,
    /// What it is counted in.
    pub unit: Unit,
}

/// Whether metrics take a value: CloudWatch's go up to 2^360, so that sums stay finite.
pub(crate) fn takes(value: f64) -> bool {
    value.abs() <= 2f64.powi(360)
}

#[cfg(test)]
mod tests;
