//! A host that records, whichever program runs there: `weir up`, or an agent.
//!
//! - [`Devices`] says which devices are recorded, as what, and which end of the cable they are; [`Containers`] names the
//!   ends of cables by the containers behind them.
//! - [`Keeper`] puts the groups and ACLs of a network in force and keeps them there; [`Caution`] knows whom they could lock
//!   out. [`Rules`] is what the others see of it.
//! - [`Predictor`] works out verdicts where the kernel's are not observed.
//! - [`Gaps`] knows what nobody looked at, between two captures.
//! - [`Interfaces`] counts; [`audit`] holds what was refused against the firewall's own counters.
//!
//! This crate reads no clock, no environment and no command line.

pub mod audit;
mod caution;
mod containers;
mod devices;
mod error;
mod gaps;
mod interfaces;
mod keeper;
mod predict;
mod rules;

pub use caution::{Caution, Way};
pub use containers::Containers;
pub use devices::{DeviceOptions, Devices, Entries, SideChoice, absent, choose};
pub use error::HostError;
pub use gaps::{Gaps, Unwatched};
pub use interfaces::Interfaces;
pub use keeper::{Enforce, Keeper};
pub use predict::Predictor;
pub use rules::{News, Rules};
