//! An agent on a further host: records there, keeps the records on disk until a server has them, and follows the
//! server's definition of what to record.
//!
//! - [`Identity`] is what a host knows after it joined: its server, and its own secret.
//! - [`Client`] speaks to the server and to no other: it knows the fingerprint of its certificate.
//! - [`Spool`] keeps batches on disk until the server has taken them: bounded, in order, each once.
//! - [`Recorder`] turns captured windows into batches.
//! - [`Backoff`] says when to try again.
//!
//! This crate reads no clock, no environment and no command line; the program `weir-agent` does.

mod backoff;
mod batches;
mod client;
mod durable;
mod error;
mod identity;
mod pin;
mod recorder;
mod spool;

pub use backoff::Backoff;
pub use client::{Answer, Client, Told};
pub use error::AgentError;
pub use identity::{DataDirectory, Identity};
pub use pin::random;
pub use recorder::{CaptureNeeds, CaptureOptions, Making, Recorder};
pub use spool::{Appended, NewBatch, Repair, Segment, Spool};
