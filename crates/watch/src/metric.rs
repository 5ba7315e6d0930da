//! Metrics: what they are called, and the data that goes into them.

mod identity;
mod unit;

pub use identity::{Dimensions, MetricId};
pub use unit::Unit;

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
