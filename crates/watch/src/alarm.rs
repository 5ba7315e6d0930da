//! Alarms: when data become a state, and who is told of it.
//!
//! [`evaluate`] is a pure function; [`Alarms`] keeps alarms and their states in the catalogue. A state, its history and the
//! messages that tell of it are written in one transaction: each change is told once, whatever happens in between.

mod act;
mod chain;
mod clock;
mod composite;
mod definition;
mod error;
mod evaluate;
mod input;
mod log;
mod moment;
mod notice;
mod operate;
mod poll;
mod poll_logs;
mod reason;
mod registry;
mod state;
mod table;
mod tag;

pub use error::AlarmError;
pub use evaluate::{Datapoint, Evaluation, Point, Threshold, evaluate, range_of};
pub use input::*;
pub use log::{Evidence, LogAnswer, LogQuery};
pub use moment::iso;
pub use notice::{AlarmNotice, MOST_LINES, Trigger, TriggerDimension, TriggeringChild, TriggeringState, Watched};
pub use registry::Alarms;
pub use state::{ANOMALY_OPERATORS, Comparison, LowSamples, StateValue, TreatMissingData};

#[cfg(test)]
mod tests;
