//! Putting events into streams.

use std::{collections::BTreeMap, mem, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, AsArray, Int64Array, StringArray, UInt32Array},
    compute::take_record_batch,
    datatypes::Int64Type,
    record_batch::RecordBatch,
};
use weir_network::TrafficType;
use weir_record::{Field, Format};

use super::{
    Committed, CreateLogGroupRequest, EventKey, InputEvent, LogStore, LogsError, PutLogEventsRequest,
    PutLogEventsResponse, Records, RejectedLogEventsInfo,
    frame::Body,
    groups::stored_bytes,
    journal::Entry,
    limits::{acceptable, check_batch},
    lines::{are_canonical, messages_of, records_of},
    name::stream_of,
    queue::{Draft, Pending, lock},
};

/// What became of events that were put.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Put {
    /// The position of the last batch that was made of them; `None` when none of them was stored.
    pub position: Option<u64>,
    /// How many were stored.
    pub stored: u64,
    /// How many were not: too old, too new or expired.
    pub left_out: u64,
    /// Which of the events of a batch were not.
    pub rejected: Option<RejectedLogEventsInfo>,
}

impl LogStore {
    /// PutLogEvents.
    ///
    /// # Errors
    /// Those of [`append`](Self::append).
    pub fn put_log_events(&self, request: &PutLogEventsRequest, now: i64) -> Result<PutLogEventsResponse, LogsError> {
        let put = self.append(&request.log_group_name, &request.log_stream_name, &request.log_events, now)?;
        let next_sequence_token = Some(format!("{:056}", put.position.unwrap_or(0)));
        Ok(PutLogEventsResponse { next_sequence_token, rejected_log_events_info: put.rejected })
    }

    /// Puts events into a stream: on return they are on disk, seen by readers, and told to the tap. Those that are too
    /// old, too new or expired are told and not stored.
    ///
    /// # Errors
    /// `ResourceNotFoundException`, `InvalidParameterException` for a batch beyond a limit, `ServiceUnavailableException`
    /// when the disk refuses: then nothing was stored.
    pub fn append(&self, group: &str, stream: &str, events: &[InputEvent], now: i64) -> Result<Put, LogsError> {
        check_batch(events)?;
        let target = self.target(group, stream)?;
        let timestamps: Vec<i64> = events.iter().map(|event| event.timestamp).collect();
        let (taken, rejected) = acceptable(&timestamps, target.retention_days, now);
        let (stored, left_out) = (taken.len() as u64, self.count_rejected(events.len() - taken.len()));
        if taken.is_empty() {
            return Ok(Put { position: None, stored, left_out, rejected });
        }
        let messages: StringArray = events[taken.clone()].iter().map(|event| Some(event.message.as_str())).collect();
        let records = records_of(&messages, &target.format.clone().unwrap_or_default());
        let timestamps = timestamps[taken].to_vec();
        let position = self.commit(vec![target.draft(timestamps, messages, records, now)?])?;
        Ok(Put { position: Some(position), stored, left_out, rejected })
    }

    /// Puts the records of a window into the streams of their interfaces, all of them in one write: `<interface>-all`,
    /// or `-accept`, `-reject`. Records of a format without `interface-id` go to the stream of `fallback`. Makes group
    /// and streams if need be. The time of an event is its record's `start`; `now` where there is none.
    ///
    /// # Errors
    /// As [`append`](Self::append); also when the batch is not of the format.
    pub fn append_window(
        &self,
        group: &str,
        batches: &[RecordBatch],
        format: &Format,
        (traffic, fallback): (TrafficType, &str),
        now: i64,
    ) -> Result<Put, LogsError> {
        let mut streams: BTreeMap<String, Vec<RecordBatch>> = BTreeMap::new();
        for batch in batches.iter().filter(|batch| batch.num_rows() > 0) {
            for (interface, rows) in by_interface(batch, fallback) {
                let part = take_record_batch(batch, &UInt32Array::from(rows)).map_err(not_of_format)?;
                streams.entry(stream_of(&interface, traffic)).or_default().push(part);
            }
        }
        self.append_by_stream(group, streams, format, now)
    }

    fn append_by_stream(
        &self,
        group: &str,
        streams: BTreeMap<String, Vec<RecordBatch>>,
        format: &Format,
        now: i64,
    ) -> Result<Put, LogsError> {
        let (mut drafts, mut put) = (Vec::new(), Put::default());
        for (stream, batches) in streams {
            let target = self.provide(group, &stream, format, now)?;
            for batch in batches {
                let (timestamps, batch) = by_start(&batch, format, now)?;
                let (taken, _) = acceptable(&timestamps, target.retention_days, now);
                put.left_out += self.count_rejected(timestamps.len() - taken.len());
                if taken.is_empty() {
                    continue;
                }
                let batch = own_texts(&batch.slice(taken.start, taken.len())).map_err(not_of_format)?;
                let messages = messages_of(&batch).map_err(not_of_format)?;
                let records = match are_canonical(&batch) {
                    true => Some(Records { format: format.clone(), batch, valid: None }),
                    false => records_of(&messages, format),
                };
                put.stored += taken.len() as u64;
                drafts.push(target.draft(timestamps[taken].to_vec(), messages, records, now)?);
            }
        }
        if !drafts.is_empty() {
            put.position = Some(self.commit(drafts)?);
        }
        Ok(put)
    }

    /// Waits until the batches are written, and makes segments when too much is in memory.
    fn commit(&self, drafts: Vec<Draft>) -> Result<u64, LogsError> {
        let batches = drafts.len() as u64;
        let committed = self.make_room().and_then(|()| self.queue.append(drafts, |pending| self.write(pending)));
        if committed.is_err() {
            lock(&self.counters).refused_batches += batches;
        }
        lock(&self.failures).append = committed.as_ref().err().map(ToString::to_string);
        committed
    }

    /// Writes for all who wait: one sync, then readers, the tap and the waiting are told, in order of positions.
    fn write(&self, pending: Vec<Pending>) {
        let pending = self.still_wanted(pending);
        let drafts = || pending.iter().flat_map(|pending| &pending.drafts);
        let entries: Vec<_> = drafts().map(|draft| Entry { body: &draft.body, crc: draft.crc }).collect();
        if entries.is_empty() {
            return;
        }
        let positions = match lock(&self.journal).write(&entries) {
            Ok(positions) => positions,
            Err(error) => return pending.iter().for_each(|pending| pending.tell(Err(error.clone()))),
        };
        self.count_write(drafts().map(|draft| &draft.batch));
        let mut position = positions.start;
        for mut pending in pending {
            for draft in mem::take(&mut pending.drafts) {
                let batch = Arc::new(Committed { position, ..draft.batch });
                lock(&self.groups).publish(draft.group, Arc::clone(&batch));
                self.tap.appended(&batch);
                self.listeners.tell(&batch);
                position += 1;
            }
            pending.tell(Ok(position - 1));
        }
    }

    /// Without those whose group or stream was deleted while they waited.
    fn still_wanted(&self, pending: Vec<Pending>) -> Vec<Pending> {
        let groups = lock(&self.groups);
        let there = |draft: &Draft| groups.has_stream(draft.group, &draft.batch.stream);
        let (wanted, gone): (Vec<_>, Vec<_>) =
            pending.into_iter().partition(|pending| pending.drafts.iter().all(there));
        gone.iter().for_each(|pending| pending.tell(Err(LogsError::NO_STREAM)));
        wanted
    }

    fn target(&self, group: &str, stream: &str) -> Result<Target, LogsError> {
        let groups = lock(&self.groups);
        let group = groups.get(group)?;
        let (stream, _) = group.streams.get_key_value(stream).ok_or(LogsError::NO_STREAM)?;
        Ok(Target {
            group: group.id,
            name: Arc::clone(&group.name),
            stream: Arc::clone(stream),
            format: group.format.clone(),
            retention_days: group.retention_days,
        })
    }

    /// The stream, made if it is not there.
    fn provide(&self, group: &str, stream: &str, format: &Format, now: i64) -> Result<Target, LogsError> {
        match self.target(group, stream) {
            Ok(target) => return Ok(target),
            Err(LogsError::ResourceNotFound(_)) => {}
            Err(error) => return Err(error),
        }
        let there = |made: Result<(), LogsError>| match made {
            Err(LogsError::ResourceAlreadyExists(_)) => Ok(()),
            made => made,
        };
        let request = CreateLogGroupRequest { log_group_name: group.to_owned(), ..CreateLogGroupRequest::default() };
        there(self.make_group(&request, Some(format), now))?;
        there(self.make_stream(group, stream, now))?;
        self.target(group, stream)
    }

    fn count_rejected(&self, events: usize) -> u64 {
        if events > 0 {
            lock(&self.counters).rejected_events += events as u64;
        }
        events as u64
    }

    fn count_write<'a>(&self, batches: impl Iterator<Item = &'a Committed>) {
        let mut counters = lock(&self.counters);
        counters.writes += 1;
        for batch in batches {
            counters.batches += 1;
            counters.events += batch.timestamps.len() as u64;
            counters.bytes += stored_bytes(batch);
        }
    }
}

/// The stream that events go to.
struct Target {
    group: i64,
    name: Arc<str>,
    stream: Arc<str>,
    format: Option<Format>,
    retention_days: Option<u32>,
}

impl Target {
    fn draft(
        &self,
        timestamps: Vec<i64>,
        messages: StringArray,
        records: Option<Records>,
        now: i64,
    ) -> Result<Draft, LogsError> {
        let format = records.as_ref().map(|records| records.format.clone());
        let stream = Arc::clone(&self.stream);
        let body = Body { group: self.group, ingestion_time: now, stream, format, timestamps, messages };
        let bytes =
            body.encode().ok_or_else(|| LogsError::invalid("the batch is larger than 4 GiB: put it in parts"))?;
        let batch = Committed {
            position: 0,
            group: Arc::clone(&self.name),
            stream: body.stream,
            ingestion_time: now,
            timestamps: body.timestamps,
            messages: body.messages,
            records,
        };
        Ok(Draft { group: self.group, batch, crc: crc32fast::hash(&bytes), body: bytes })
    }
}

/// The rows of each interface.
fn by_interface(batch: &RecordBatch, fallback: &str) -> BTreeMap<String, Vec<u32>> {
    let column = batch.column_by_name(Field::InterfaceId.column()).and_then(|column| column.as_string_view_opt());
    let mut rows: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for (row, number) in (0..batch.num_rows()).zip(0_u32..) {
        let id = column.filter(|ids| ids.is_valid(row)).map_or(fallback, |ids| ids.value(row));
        let id = if id.is_empty() || id == "-" { fallback } else { id };
        match rows.get_mut(id) {
            Some(rows) => rows.push(number),
            None => drop(rows.insert(id.to_owned(), vec![number])),
        }
    }
    rows
}

/// Records in the order of their `start`, and that in milliseconds.
fn by_start(batch: &RecordBatch, format: &Format, now: i64) -> Result<(Vec<i64>, RecordBatch), LogsError> {
    let batch = RecordBatch::try_new(format.schema(), batch.columns().to_vec()).map_err(not_of_format)?;
    let times: Int64Array = match batch.column_by_name(Field::Start.column()) {
        Some(starts) => {
            let starts = starts.as_primitive::<Int64Type>();
            starts
                .iter()
                .map(|start| start.map_or(now, |start| start.saturating_mul(1000)).clamp(0, EventKey::LATEST))
                .collect()
        }
        None => Int64Array::from(vec![now.clamp(0, EventKey::LATEST); batch.num_rows()]),
    };
    if times.values().is_sorted() {
        return Ok((times.values().to_vec(), batch));
    }
    let mut order: Vec<u32> = (0..).take(batch.num_rows()).collect();
    order.sort_by_key(|row| times.value(*row as usize));
    let sorted = order.iter().map(|row| times.value(*row as usize)).collect();
    Ok((sorted, take_record_batch(&batch, &UInt32Array::from(order)).map_err(not_of_format)?))
}

/// With texts of their own, so that no larger batch stays in memory for their sake.
fn own_texts(batch: &RecordBatch) -> Result<RecordBatch, arrow::error::ArrowError> {
    let column = |column: &ArrayRef| match column.as_string_view_opt() {
        Some(texts) => Arc::new(texts.gc()) as ArrayRef,
        None => Arc::clone(column),
    };
    RecordBatch::try_new(batch.schema(), batch.columns().iter().map(column).collect())
}

fn not_of_format(problem: impl std::fmt::Display) -> LogsError {
    LogsError::invalid(format!("the records are not of the flow log's format: {problem}"))
}
