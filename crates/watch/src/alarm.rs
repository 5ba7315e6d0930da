//! Alarms: when data become a state, and who is told of it.

mod evaluate;
mod moment;
mod notice;
mod reason;
mod region;
mod state;

pub use evaluate::{Datapoint, Evaluation, Point, Threshold, evaluate, range_of};
pub use moment::iso;
pub use notice::{AlarmNotice, MOST_LINES, Trigger, TriggerDimension, TriggeringChild, TriggeringState, Watched};
pub use region::long_name;
pub use state::{ANOMALY_OPERATORS, Comparison, LowSamples, StateValue, TreatMissingData};
