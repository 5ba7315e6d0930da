//! Names of the headers that are ours. `Authorization: Bearer …` shows a [`Credential`](crate::Credential), and
//! `ETag` and `If-None-Match` carry the version of a [`Definition`](crate::Definition).

/// The sender's time, in milliseconds since 1970.
pub const TIME: &str = "weir-time";
/// Version of the sender's program.
pub const VERSION: &str = "weir-version";
/// The window of a batch: first second, and first second after it, as `start-end` in Unix time.
pub const WINDOW: &str = "weir-window";
/// The body of a batch is an Arrow IPC stream in this encoding.
pub const ENCODING: &str = "zstd";
/// The type of the body of a batch.
pub const ARROW_STREAM: &str = "application/vnd.apache.arrow.stream";
/// How long to wait for a change, as RFC 7240 has it: `wait=` and seconds.
pub const PREFER: &str = "prefer";
