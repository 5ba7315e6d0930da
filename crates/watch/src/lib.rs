//! Watching what is recorded: filter patterns, metric filters, metrics, alarms, topics, queues and notices.
//!
//! Times are Unix milliseconds. This crate reads no clock and no environment: `now` is an argument.

pub mod alarm;
mod evidence;
mod fifo;
pub mod filter;
mod lenient;
pub mod math;
pub mod metric;
pub mod notice;
pub mod pattern;
pub mod queue;
mod shapes;
mod statement;
pub mod topic;
mod watcher;

pub use evidence::FilteredEvents;
pub use watcher::{LogGroups, Watcher};
