//! Metrics: what they are called, the data that goes into them, and what is read out of them.

mod bucket;
mod error;
mod identity;
mod ladder;
mod put;
mod spread;
mod statistic;
mod store;
mod table;
mod unit;

pub use bucket::{Bucket, StatisticSet};
pub use error::MetricError;
pub use identity::{Dimension, Dimensions, MOST_DIMENSIONS, MetricId};
pub use ladder::{HOURS_KEPT, SECONDS_KEPT};
pub use put::{MetricDatum, PutMetricDataInput};
pub use spread::{CLASSES, EXACT};
pub use statistic::{Bounds, Statistic, StatisticError, Trim};
pub use store::{Buckets, Frozen, Metrics};
pub use unit::{Unit, UnitError};

/// One value on its way into a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Datum {
    /// The metric.
    pub metric: std::sync::Arc<MetricId>,
    /// Unix milliseconds.
    pub timestamp: i64,
    /// The value; finite.
    pub value: f64,
    /// How many times it was observed.
    pub count: f64,
    /// What it is counted in.
    pub unit: Unit,
}
