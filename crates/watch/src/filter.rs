//! Metric filters: log events become metrics.
//!
//! A filter belongs to a log group. Of each event that its [pattern](crate::pattern) means it takes a value, a fixed one or one
//! of the event's own, and gives it to a metric. All filters of a group are evaluated together on each batch of events,
//! before its append is acknowledged; [`Watcher`](crate::Watcher) does that.
//!
//! Source of names, limits and errors: PutMetricFilter and its neighbours in the CloudWatch Logs API reference.

mod compiled;
mod definition;
mod describe;
mod error;
mod group;
mod minutes;
pub(crate) mod table;
mod trial;
mod validate;

pub use definition::{
    DeleteMetricFilterInput, DescribeMetricFiltersInput, DescribeMetricFiltersOutput, MetricFilter, MetricFilterMatch,
    MetricTransformation, PutMetricFilterInput, TestMetricFilterInput, TestMetricFilterOutput,
};
pub use error::FilterError;
pub use group::Counts;
pub use trial::{test_metric_filter, try_messages};

pub(crate) use compiled::{Compiled, Owner};
pub(crate) use describe::describe;
pub(crate) use group::{Group, State};

/// Metric filters of a log group, at most.
pub const GROUP_LIMIT: usize = 100;
/// Metric filters of a log group with regular expressions in their patterns, at most.
pub const REGEX_LIMIT: usize = 5;
/// Different sets of dimension values that a filter may give in an hour, at most: further ones give no datum.
pub const CARDINALITY_LIMIT: usize = 1000;
