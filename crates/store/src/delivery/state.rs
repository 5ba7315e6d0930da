//! What a delivery knows: open objects, sealed ones, and windows that wait in memory.

use std::{
    collections::{BTreeMap, VecDeque},
    hash::{BuildHasher, RandomState},
    mem,
};

use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};
use weir_record::{FileFormat, KeyPrefix};

use super::{Appended, Counters, DeliveryOptions, Failure, Loss, Taken, estimate::Estimate, put::Put};
use crate::{
    BucketName, FinishedWindow, Origin, StoreError,
    rollover::{ObjectNumber, Rollover},
    spool::{Part, Pending, Spool, Target},
};

/// What a flow log's definition says about its objects.
#[derive(Debug)]
pub(super) struct Definition {
    pub flow_log: String,
    pub prefix: KeyPrefix,
    pub bucket: BucketName,
    pub is_folder: bool,
    pub file_format: FileFormat,
    pub schema: SchemaRef,
}

impl Definition {
    /// Where an object of this interval goes.
    pub(super) fn target(&self, interval: i64, hash: u32) -> Result<Target, StoreError> {
        let key = self.prefix.key(&self.flow_log, interval, hash, self.file_format)?.to_string();
        Ok(Target { bucket: self.bucket.clone(), folder: self.is_folder, key })
    }

    fn check(&self, window: &FinishedWindow) -> Result<(), StoreError> {
        let refuse = |problem: String| Err(StoreError::Batch { flow_log: self.flow_log.clone(), problem });
        for batch in &window.batches {
            if batch.schema_ref().fields() != self.schema.fields() {
                let problem = format!("expected {}, found {}", columns(&self.schema), columns(batch.schema_ref()));
                return refuse(problem);
            }
        }
        // A window in a year that no key can name.
        self.target(window.end, 0).and(self.target(window.start, 0)).map(drop)
    }
}

fn columns(schema: &SchemaRef) -> String {
    let column = |field: &std::sync::Arc<arrow::datatypes::Field>| format!("{} {}", field.name(), field.data_type());
    schema.fields().iter().map(column).collect::<Vec<_>>().join(", ")
}

/// When to try again what failed.
#[derive(Debug, Clone, Copy, Default)]
struct Retry {
    failures: u32,
    at: i64,
}

/// The longest wait between two attempts, in seconds.
const LONGEST_WAIT: i64 = 60;

impl Retry {
    fn failed(&mut self, now: i64) {
        let wait = 1_i64.checked_shl(self.failures).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT);
        self.failures = (self.failures + 1).min(32);
        self.at = now + wait;
    }

    /// A clock that was set back does not lengthen the wait.
    fn is_due(&self, now: i64) -> bool {
        now >= self.at || self.at > now + LONGEST_WAIT
    }
}

#[derive(Debug)]
struct Sealed {
    pending: Pending,
    retry: Retry,
}

#[derive(Debug, Default)]
struct Waiting {
    windows: VecDeque<FinishedWindow>,
    bytes: u64,
    retry: Retry,
}

#[derive(Debug)]
pub(super) struct State {
    definition: Definition,
    options: DeliveryOptions,
    estimate: Estimate,
    spool: Spool,
    rollover: Rollover,
    /// Objects that the roll-over still adds to.
    open: BTreeMap<ObjectNumber, Pending>,
    sealed: VecDeque<Sealed>,
    waiting: Waiting,
    losses: Vec<Loss>,
    counters: Counters,
}

impl State {
    pub(super) fn new(
        definition: Definition,
        options: DeliveryOptions,
        estimate: Estimate,
        spool: Spool,
        left: Vec<Pending>,
    ) -> Self {
        let sealed = left.into_iter().map(|pending| Sealed { pending, retry: Retry::default() }).collect();
        Self {
            definition,
            estimate,
            spool,
            rollover: Rollover::new(options.rollover.clone()),
            options,
            open: BTreeMap::new(),
            sealed,
            waiting: Waiting::default(),
            losses: Vec::new(),
            counters: Counters::default(),
        }
    }

    pub(super) fn append(&mut self, window: FinishedWindow, now: i64) -> Appended {
        if let Err(error) = self.definition.check(&window) {
            self.failed(&error, now);
            self.lose(&window);
            return Appended::Dropped;
        }
        if self.waiting.retry.is_due(now) {
            self.write_waiting(now);
        }
        if self.waiting.windows.is_empty() && self.write_or_fail(&window, now) {
            return Appended::Spooled;
        }
        let bytes = window.memory();
        if self.waiting.bytes + bytes > self.options.waiting_limit {
            self.lose(&window);
            return Appended::Dropped;
        }
        self.waiting.bytes += bytes;
        self.waiting.windows.push_back(window);
        Appended::Waiting
    }

    /// Puts a window from elsewhere on disk, if it is not there.
    pub(super) fn append_from(
        &mut self,
        origin: &Origin,
        window: &FinishedWindow,
        now: i64,
    ) -> Result<Taken, StoreError> {
        self.definition.check(window)?;
        if self.spool.has(origin) {
            return Ok(Taken::Before);
        }
        if self.waiting.retry.is_due(now) {
            self.write_waiting(now);
        }
        // The disk refuses our own windows, which cannot wait elsewhere: they come first.
        if !self.waiting.windows.is_empty() {
            return Err(StoreError::Busy { flow_log: self.definition.flow_log.clone() });
        }
        match self.write(window, Some(origin), now) {
            Ok(()) => {
                self.counters.windows += 1;
                self.counters.records += window.records();
                Ok(Taken::Now)
            }
            Err(error) => {
                self.failed(&error, now);
                let all = self.rollover.close();
                self.seal(all);
                Err(error)
            }
        }
    }

    /// Seals what is due, and returns what is to be put now, oldest first.
    pub(super) fn due(&mut self, now: i64) -> Vec<Pending> {
        if self.waiting.retry.is_due(now) {
            self.write_waiting(now);
        }
        let due = self.rollover.poll(now);
        self.seal(due);
        self.sealed.iter().filter(|sealed| sealed.retry.is_due(now)).map(|sealed| sealed.pending.clone()).collect()
    }

    /// Seals everything, and returns all that is to be put. What the disk still refuses is lost.
    pub(super) fn close(&mut self, now: i64) -> Vec<Pending> {
        self.write_waiting(now);
        for window in mem::take(&mut self.waiting).windows {
            self.lose(&window);
        }
        let all = self.rollover.close();
        self.seal(all);
        self.sealed.iter().map(|sealed| sealed.pending.clone()).collect()
    }

    /// Takes in how a put went.
    pub(super) fn settle(&mut self, pending: &Pending, result: Result<Put, StoreError>, now: i64) {
        let result = result.and_then(|put| self.spool.delivered(pending).map(|()| put));
        let Some(index) = self.sealed.iter().position(|sealed| sealed.pending.path == pending.path) else { return };
        match result {
            Ok(put) => {
                self.sealed.remove(index);
                self.counters.objects += 1;
                self.counters.delivered_bytes += put.bytes;
                self.counters.delivered_records += put.records;
                self.estimate.learn(put.records, put.bytes);
            }
            Err(error) => {
                self.sealed[index].retry.failed(now);
                self.failed(&error, now);
            }
        }
    }

    pub(super) fn next_poll(&self) -> Option<i64> {
        let waiting = (!self.waiting.windows.is_empty()).then_some(self.waiting.retry.at);
        let sealed = self.sealed.iter().map(|sealed| sealed.retry.at).min();
        [waiting, sealed, self.rollover.next_poll()].into_iter().flatten().min()
    }

    pub(super) fn counters(&self) -> Counters {
        let on_disk = || self.open.values().chain(self.sealed.iter().map(|sealed| &sealed.pending));
        Counters {
            waiting_records: on_disk().map(|pending| pending.records).sum(),
            waiting_bytes: on_disk().map(|pending| pending.bytes).sum(),
            windows_in_memory: self.waiting.windows.len() as u64,
            records_in_memory: self.waiting.windows.iter().map(FinishedWindow::records).sum(),
            ..self.counters.clone()
        }
    }

    pub(super) fn take_losses(&mut self) -> Vec<Loss> {
        if self.waiting.windows.is_empty() { mem::take(&mut self.losses) } else { Vec::new() }
    }

    fn write_waiting(&mut self, now: i64) {
        while let Some(window) = self.waiting.windows.pop_front() {
            if !self.write_or_fail(&window, now) {
                self.waiting.windows.push_front(window);
                return;
            }
            self.waiting.bytes -= window.memory();
        }
    }

    /// Whether the window is on disk now.
    fn write_or_fail(&mut self, window: &FinishedWindow, now: i64) -> bool {
        match self.write(window, None, now) {
            Ok(()) => {
                self.waiting.retry = Retry::default();
                self.counters.windows += 1;
                self.counters.records += window.records();
                true
            }
            Err(error) => {
                self.waiting.retry.failed(now);
                self.failed(&error, now);
                // The disk may be full of what is spooled: delivering it makes room.
                let all = self.rollover.close();
                self.seal(all);
                false
            }
        }
    }

    /// Writes a window to the spool: all of it, or nothing.
    fn write(&mut self, window: &FinishedWindow, origin: Option<&Origin>, now: i64) -> Result<(), StoreError> {
        let pieces = window.by_interval().map_err(|error| StoreError::Batch {
            flow_log: self.definition.flow_log.clone(),
            problem: error.to_string(),
        })?;
        // Counts only once everything is written.
        let mut rollover = self.rollover.clone();
        let mut plan = Plan::default();
        for (interval, batch) in pieces {
            let filed = rollover.handle(interval, self.estimate.bytes(batch.num_rows()), now);
            plan.sealed.extend(filed.sealed);
            plan.parts.entry(filed.object).or_insert_with(|| (interval, Vec::new())).1.push(batch);
        }
        plan.sealed.extend(rollover.window_ended());

        let mut created = BTreeMap::new();
        match self.write_plan(&plan, origin, &mut created) {
            Ok(written) => {
                self.open.append(&mut created);
                for (object, records, bytes) in written {
                    if let Some(pending) = self.open.get_mut(&object) {
                        pending.records += records;
                        pending.bytes += bytes;
                    }
                }
                self.rollover = rollover;
                self.seal(plan.sealed);
                Ok(())
            }
            Err(error) => {
                // Empty folders; one that stays is removed at the next start.
                for pending in created.into_values() {
                    let _ = std::fs::remove_dir_all(pending.path);
                }
                Err(error)
            }
        }
    }

    /// Makes the folders that are missing, adding them to `created`, and writes the parts. Returns each object's
    /// number, and the records and bytes that were added to it.
    fn write_plan(
        &mut self,
        plan: &Plan,
        origin: Option<&Origin>,
        created: &mut BTreeMap<ObjectNumber, Pending>,
    ) -> Result<Vec<(ObjectNumber, u64, u64)>, StoreError> {
        for (object, (interval, _)) in &plan.parts {
            if !self.open.contains_key(object) {
                let hash = random_hash();
                let target = self.definition.target(*interval, hash)?;
                created.insert(*object, self.spool.create(*interval, hash, target)?);
            }
        }
        let mut parts = Vec::with_capacity(plan.parts.len());
        for (object, (_, batches)) in &plan.parts {
            let pending = self.open.get(object).or_else(|| created.get(object));
            parts.extend(pending.map(|pending| Part { path: &pending.path, batches: batches.clone() }));
        }
        let bytes = self.spool.append(&parts, origin)?;
        let records = |batches: &[RecordBatch]| batches.iter().map(|batch| batch.num_rows() as u64).sum();
        let written = plan.parts.iter().zip(bytes);
        Ok(written.map(|((object, (_, batches)), bytes)| (*object, records(batches), bytes)).collect())
    }

    fn seal(&mut self, objects: Vec<ObjectNumber>) {
        for object in objects {
            if let Some(pending) = self.open.remove(&object) {
                self.sealed.push_back(Sealed { pending, retry: Retry::default() });
            }
        }
    }

    fn failed(&mut self, error: &StoreError, now: i64) {
        self.counters.failures += 1;
        self.counters.last_failure = Some(Failure { time: now, message: error.to_string() });
    }

    fn lose(&mut self, window: &FinishedWindow) {
        self.counters.dropped_windows += 1;
        self.counters.dropped_records += window.records();
        let loss = match self.losses.last_mut() {
            Some(last) if (last.start..=last.end).contains(&window.start) => {
                last.end = last.end.max(window.end);
                last
            }
            _ => {
                let interfaces = BTreeMap::new();
                self.losses.push(Loss { start: window.start, end: window.end, windows: 0, records: 0, interfaces });
                let Some(last) = self.losses.last_mut() else { return };
                last
            }
        };
        loss.windows += 1;
        loss.records += window.records();
        for (interface, records) in window.interfaces() {
            *loss.interfaces.entry(interface).or_default() += records;
        }
    }
}

/// Where the pieces of a window go.
#[derive(Default)]
struct Plan {
    /// By object: the interval it is of, and the records for it.
    parts: BTreeMap<ObjectNumber, (i64, Vec<RecordBatch>)>,
    sealed: Vec<ObjectNumber>,
}

/// Keeps the names of several objects of one interval apart.
fn random_hash() -> u32 {
    #[allow(clippy::cast_possible_truncation, reason = "any 32 bits will do")]
    let hash = RandomState::new().hash_one(()) as u32;
    hash
}
