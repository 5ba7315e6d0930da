//! Batches of windows, and of losses.

use std::collections::{BTreeMap, BTreeSet};

use arrow::record_batch::RecordBatch;
use weir_capture::window::{Window, no_rules};
use weir_record::{BatchBuilder, Field, Value};
use weir_uplink::{Recording, batch};

use crate::{AgentError, NewBatch};

/// Records in an Arrow batch.
const ROWS: usize = 4096;
/// Arrow batches in a batch that is sent: bounded, so that little memory is enough on both sides.
const PIECES: usize = 4;
const SECOND_NS: i64 = 1_000_000_000;

/// The batches that a window makes for a flow log; none when it has no record.
pub(crate) fn of_window(window: &Window, recording: &Recording) -> Result<Vec<NewBatch>, AgentError> {
    let interfaces: BTreeSet<String> = window
        .interfaces()
        .into_iter()
        .filter(|watched| !watched.counters.is_quiet())
        .map(|watched| watched.interface.id.clone())
        .collect();
    let mut pieces = window.batches(&recording.log_format, recording.traffic_type, &no_rules, ROWS);
    let mut made = Vec::new();
    loop {
        let batches: Vec<RecordBatch> = pieces.by_ref().take(PIECES).collect();
        if batches.is_empty() {
            return Ok(made);
        }
        made.push(NewBatch {
            recording: recording.clone(),
            start: window.start_ns().div_euclid(SECOND_NS),
            end: (window.end_ns() + SECOND_NS - 1).div_euclid(SECOND_NS),
            records: batches.iter().map(|batch| batch.num_rows() as u64).sum(),
            interfaces: interfaces.clone(),
            body: batch::encode(&batches)?,
        });
    }
}

/// The body of a batch of SKIPDATA records: one for each interface, over the time of which records were dropped.
pub(crate) fn skipdata(
    recording: &Recording,
    interfaces: &BTreeMap<String, (i64, i64)>,
) -> Result<Vec<u8>, AgentError> {
    let mut builder = BatchBuilder::new(recording.log_format.clone());
    for (id, (start, end)) in interfaces {
        builder.push(|field| match field {
            Field::Version => Value::Number(recording.log_format.version().into()),
            Field::AccountId => Value::Text(&recording.account_id),
            Field::InterfaceId => Value::Text(id),
            Field::Region => Value::Text(&recording.region),
            Field::Start => Value::Number(*start),
            Field::End => Value::Number(*end),
            Field::LogStatus => Value::Text("SKIPDATA"),
            _ => Value::Absent,
        });
    }
    Ok(batch::encode(&[builder.finish()])?)
}
