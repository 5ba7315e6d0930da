//! What a flow log record is: the fields, the formats, and the ways in and out.
//!
//! A record travels as a row of an Arrow `RecordBatch` whose schema comes from the [field table](Field).
//! Number columns are NULL where AWS writes `-`; text columns hold the `-` itself, so that a query gives
//! the same answer over text, over Parquet and over what was just captured.
//!
//! This crate reads no clock and touches no network; of the disk it reads the files that [`read`] is given.

mod batch;
mod columns;
pub mod compression;
mod field;
mod file_format;
mod format;
mod key;
pub mod read;
mod refusal;
pub mod text;
pub mod write;

pub use batch::{BatchBuilder, Value};
pub use field::{Field, Kind, Scope, Spec};
pub use file_format::FileFormat;
pub use format::{Format, FormatError};
pub use key::{KeyError, KeyPrefix, Layout, ObjectKey, PUBLISH_INTERVAL, is_hidden, publish_interval};
pub use refusal::{Refusal, Refusals};
