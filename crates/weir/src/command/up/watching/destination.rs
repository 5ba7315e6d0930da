//! The log group of a flow log.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use arrow::record_batch::RecordBatch;
use weir_network::{FlowLog, TrafficType};
use weir_record::Format;
use weir_store::{FinishedWindow, logs::LogStore};

/// Records that wait in memory while the disk refuses, at most.
const MOST_WAITING: u64 = 500_000;
/// The stream of records that name no interface.
const FALLBACK: &str = "flow-log";

/// Takes windows in order, each once; those that the disk refuses wait.
pub(in crate::command::up) struct Destination {
    logs: Arc<LogStore>,
    pub(super) group: String,
    format: Format,
    traffic: TrafficType,
    waiting: Mutex<VecDeque<Vec<RecordBatch>>>,
    dropped: AtomicU64,
}

impl Destination {
    pub(in crate::command::up) fn new(logs: Arc<LogStore>, group: String, flow_log: &FlowLog) -> Self {
        Self {
            logs,
            group,
            format: flow_log.log_format.clone(),
            traffic: flow_log.traffic_type,
            waiting: Mutex::default(),
            dropped: AtomicU64::new(0),
        }
    }

    /// Appends a window, behind those that wait.
    ///
    /// # Errors
    /// Why the disk refuses, and how many records had to be dropped.
    pub(in crate::command::up) fn append(&self, window: &FinishedWindow, now: i64) -> Result<(), String> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push_back(window.batches.clone());
        self.drain(now)
    }

    /// Appends what waits.
    ///
    /// # Errors
    /// Why the disk refuses, and how many records had to be dropped.
    pub(in crate::command::up) fn drain(&self, now: i64) -> Result<(), String> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(batches) = waiting.front() {
            let traffic = (self.traffic, FALLBACK);
            if let Err(error) = self.logs.append_window(&self.group, batches, &self.format, traffic, now) {
                let dropped = self.drop_oldest(&mut waiting);
                let lost = if dropped > 0 { format!("; {dropped} records were dropped") } else { String::new() };
                return Err(format!("log group {}: {error}{lost}", self.group));
            }
            waiting.pop_front();
        }
        Ok(())
    }

    /// Records that wait, and records that were dropped.
    pub(in crate::command::up) fn counts(&self) -> (u64, u64) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        (waiting.iter().map(|batches| rows(batches)).sum(), self.dropped.load(Ordering::Relaxed))
    }

    fn drop_oldest(&self, waiting: &mut VecDeque<Vec<RecordBatch>>) -> u64 {
        let mut total: u64 = waiting.iter().map(|batches| rows(batches)).sum();
        let mut dropped = 0;
        while total > MOST_WAITING {
            let Some(oldest) = waiting.pop_front() else { break };
            total -= rows(&oldest);
            dropped += rows(&oldest);
        }
        self.dropped.fetch_add(dropped, Ordering::Relaxed);
        dropped
    }
}

fn rows(batches: &[RecordBatch]) -> u64 {
    batches.iter().map(|batch| batch.num_rows() as u64).sum()
}
