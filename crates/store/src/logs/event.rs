//! Events, and batches of them on their way.

use std::sync::Arc;

use arrow::{array::StringArray, buffer::BooleanBuffer, record_batch::RecordBatch};
use weir_record::Format;

/// One event as it is put into a stream.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct InputEvent {
    /// When it happened, Unix milliseconds.
    pub timestamp: i64,
    /// What happened.
    pub message: String,
}

/// A batch of events that is on disk.
#[derive(Debug, Clone)]
pub struct Committed {
    /// Its number: one more than that of the batch before, over all groups.
    pub position: u64,
    /// The log group.
    pub group: Arc<str>,
    /// The log stream.
    pub stream: Arc<str>,
    /// When it was taken, Unix milliseconds: one for all its events.
    pub ingestion_time: i64,
    /// When each event happened, Unix milliseconds.
    pub timestamps: Vec<i64>,
    /// The text of each event.
    pub messages: StringArray,
    /// Its flow log records as columns, when there are any.
    pub records: Option<Records>,
}

/// The events of a batch that are flow log records, as columns.
#[derive(Debug, Clone)]
pub struct Records {
    /// The fields, in the order in which a message has them.
    pub format: Format,
    /// One row for each event, in the schema of the format.
    pub batch: RecordBatch,
    /// Which events are records, and are written exactly as their columns would be: the other rows are NULL.
    /// `None`: all are.
    pub valid: Option<BooleanBuffer>,
}

/// Whoever is told of each batch after it is on disk and before its append is acknowledged.
///
/// Batches come one at a time in the order of their positions. After a crash those beyond [`Tap::settled`] come again,
/// with the positions and times that they had.
pub trait Tap: Send + Sync {
    /// Takes a batch in. Must not wait for anything: every append waits for it.
    fn appended(&self, batch: &Committed);

    /// The last position that need not be told again: what came of it is on disk. 0: none.
    fn settled(&self) -> u64;
}
