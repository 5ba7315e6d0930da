//! What an agent on a further host and a server say to each other, and what either says of itself: types and their
//! encoding. No client, no server.
//!
//! HTTPS, one listener, these requests:
//!
//! | Request | Who | Body | Answer |
//! |---|---|---|---|
//! | `POST /v1/join` | who has a [`JoinToken`] | [`JoinRequest`] | 204 |
//! | `GET /v1/definition` | an agent | none; waits while the [`ETAG`](header) it names is in force | [`Definition`], or 304 |
//! | `PUT /v1/report` | an agent | [`Report`] | 204 |
//! | `PUT /v1/flow-logs/{id}/batches/{epoch}/{sequence}` | an agent | a [batch] | [`Accepted`] |
//!
//! Every request and every answer carries the sender's time in [`header::TIME`]; who asks shows a [`Credential`].
//! What is refused is answered with a status of 4xx or 5xx and one sentence as plain text.
//!
//! **A batch is counted once.** Its [`BatchId`] is the agent's, an epoch that stands for one spool, and a number that
//! grows with each batch of that spool. The server keeps the last number it took together with the records.

pub mod batch;
mod clock;
mod credential;
mod definition;
mod error;
pub mod header;
mod hex;
mod report;

use serde::{Deserialize, Serialize};

pub use batch::{BatchId, Epoch};
pub use clock::{CLOCK_LIMIT_MS, offset_ms};
pub use credential::{Credential, Fingerprint, JoinToken, Secret};
pub use definition::{Definition, Recording, version_of};
pub use error::UplinkError;
pub use report::{EnforcedReport, EnforcementReport, InterfaceReport, Lost, Report, RuleReport, Spooled};

/// The longest that a server keeps a request for the definition waiting, in seconds.
pub const LONGEST_WAIT_SECONDS: u64 = 20;
/// Most bytes of a request or answer in JSON.
pub const JSON_LIMIT: usize = 4 << 20;

/// What a host says to join.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct JoinRequest {
    /// The host: `i-…`, derived from its machine id.
    pub host: String,
    /// What people call it.
    pub name: String,
    /// Version of the agent.
    pub version: String,
    /// The secret that it will show from now on. The host makes it, so a join may be repeated when its answer was lost.
    pub secret: Secret,
}

/// What became of a batch. Either way it is on the server's disk and must not be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Accepted {
    /// Records that were taken; 0 for a repeat.
    pub records: u64,
    /// The batch had been taken before.
    pub repeat: bool,
}
