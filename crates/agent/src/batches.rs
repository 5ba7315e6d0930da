//! Batches of windows, and of losses.

use std::collections::{BTreeMap, BTreeSet};

use arrow::record_batch::RecordBatch;
use weir_capture::window::{self, Window};
use weir_host::Rules;
use weir_uplink::{Recording, batch};

use crate::{AgentError, NewBatch};

/// Records in an Arrow batch.
const ROWS: usize = 4096;
/// Arrow batches in a batch that is sent: bounded, so that little memory is enough on both sides.
const PIECES: usize = 4;
const SECOND_NS: i64 = 1_000_000_000;

/// The batches that a window makes for a flow log; none when it has no record.
pub(crate) fn of_window(window: &Window, recording: &Recording, rules: &Rules) -> Result<Vec<NewBatch>, AgentError> {
    let rule = |mark| rules.name(mark);
    let interfaces: BTreeSet<String> = window
        .interfaces()
        .into_iter()
        .filter(|watched| !watched.counters.is_quiet())
        .map(|watched| watched.interface.id.clone())
        .collect();
    let mut pieces = window.batches(&recording.log_format, recording.traffic_type, &rule, ROWS);
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
    let lost = interfaces.iter().map(|(id, (start, end))| (id.as_str(), *start, *end));
    let records = window::skipdata(&recording.log_format, &recording.account_id, &recording.region, lost);
    Ok(batch::encode(&[records])?)
}

/// A batch of SKIPDATA records for times in which interfaces were not watched.
pub(crate) fn of_gaps(recording: &Recording, gaps: &BTreeMap<String, (i64, i64)>) -> Result<NewBatch, AgentError> {
    Ok(NewBatch {
        recording: recording.clone(),
        start: gaps.values().map(|gap| gap.0).min().unwrap_or_default(),
        end: gaps.values().map(|gap| gap.1).max().unwrap_or_default(),
        records: gaps.len() as u64,
        interfaces: gaps.keys().cloned().collect(),
        body: skipdata(recording, gaps)?,
    })
}
