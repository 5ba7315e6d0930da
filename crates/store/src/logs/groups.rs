//! What is known of the log groups in memory.

use std::{
    collections::{BTreeMap, VecDeque},
    path::Path,
    sync::Arc,
};

use weir_record::Format;

use super::{
    Committed, Events, LogsError,
    events::memory,
    limits::EVENT_OVERHEAD,
    segment::Segment,
    tables::{GroupRow, broken_format},
};

/// All log groups.
#[derive(Default)]
pub(super) struct Groups {
    by_name: BTreeMap<Arc<str>, Group>,
    names: BTreeMap<i64, Arc<str>>,
    /// What the batches that are not in segments take in memory, in bytes.
    pub memory: usize,
}

/// A log group.
pub(super) struct Group {
    pub id: i64,
    pub name: Arc<str>,
    pub creation_time: i64,
    pub retention_days: Option<u32>,
    /// The format that lines are read in.
    pub format: Option<Format>,
    /// Such as `STANDARD`.
    pub class: String,
    /// Whether it cannot be deleted.
    pub deletion_protection: bool,
    pub tags: BTreeMap<String, String>,
    pub streams: BTreeMap<Arc<str>, Stream>,
    pub deleted_streams: DeletedStreams,
    /// Batches up to this position are in segments.
    pub segmented: u64,
    pub segments: Vec<Arc<Segment>>,
    /// The batches that are in no segment yet, by position.
    pub recent: VecDeque<Recent>,
}

/// The streams of a group that were deleted, with the last position that they may have had.
#[derive(Debug, Clone, Default)]
pub(super) struct DeletedStreams(BTreeMap<Arc<str>, u64>);

/// What is known of a stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Stream {
    pub creation_time: i64,
    pub first_event: Option<i64>,
    pub last_event: Option<i64>,
    pub last_ingestion: Option<i64>,
    /// The catalogue does not have this yet.
    pub changed: bool,
}

/// A batch that is in no segment yet.
pub(super) struct Recent {
    pub batch: Arc<Committed>,
    /// What it takes in memory.
    pub memory: usize,
    /// What its messages count, as AWS counts them.
    pub stored_bytes: u64,
}

impl Groups {
    pub(super) fn get(&self, name: &str) -> Result<&Group, LogsError> {
        self.by_name.get(name).ok_or(LogsError::NO_GROUP)
    }

    pub(super) fn get_mut(&mut self, name: &str) -> Result<&mut Group, LogsError> {
        self.by_name.get_mut(name).ok_or(LogsError::NO_GROUP)
    }

    pub(super) fn by_id(&self, id: i64) -> Option<&Group> {
        self.by_name.get(self.names.get(&id)?)
    }

    /// What is known of a group's streams and is not in the catalogue yet.
    pub(super) fn changed_streams(&self, group: i64) -> Vec<(Arc<str>, Stream)> {
        let streams = self.by_id(group).into_iter().flat_map(|group| &group.streams);
        let changed = streams.filter(|(_, stream)| stream.changed);
        changed.map(|(name, stream)| (Arc::clone(name), stream.clone())).collect()
    }

    /// The catalogue has these now.
    pub(super) fn streams_are_kept(&mut self, group: i64, kept: &[(Arc<str>, Stream)]) {
        let Some(group) = self.names.get(&group).and_then(|name| self.by_name.get_mut(name)) else { return };
        for (name, kept) in kept {
            if let Some(stream) = group.streams.get_mut(name).filter(|stream| *stream == kept) {
                stream.changed = false;
            }
        }
    }

    /// All of them, by name.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Group> {
        self.by_name.values()
    }

    /// Those from this name on.
    pub(super) fn starting_at<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Group> + use<'a> {
        self.by_name.range(Arc::<str>::from(name)..).map(|(_, group)| group)
    }

    pub(super) fn insert(&mut self, group: Group) {
        self.names.insert(group.id, Arc::clone(&group.name));
        self.memory += group.memory();
        self.by_name.insert(Arc::clone(&group.name), group);
    }

    pub(super) fn remove(&mut self, name: &str) {
        if let Some(group) = self.by_name.remove(name) {
            self.names.remove(&group.id);
            self.memory -= group.memory();
            group.segments.iter().for_each(|segment| segment.drop_file());
        }
    }

    /// Whether the group and the stream of a batch are there.
    pub(super) fn has_stream(&self, group: i64, stream: &str) -> bool {
        self.by_id(group).is_some_and(|group| group.streams.contains_key(stream))
    }

    /// A batch is on disk: from now on readers see it.
    pub(super) fn publish(&mut self, group: i64, batch: Arc<Committed>) {
        let Some(group) = self.names.get(&group).and_then(|name| self.by_name.get_mut(name)) else { return };
        let recent = Recent::new(batch);
        self.memory += recent.memory;
        group.note_events(&recent.batch);
        group.recent.push_back(recent);
    }

    /// What segments were made of leaves memory, and the segments take its place.
    pub(super) fn exchange(&mut self, group: i64, new: Vec<Arc<Segment>>, old: &[i64], segmented: Option<u64>) {
        let Some(group) = self.names.get(&group).and_then(|name| self.by_name.get_mut(name)) else {
            new.iter().for_each(|segment| segment.drop_file());
            return;
        };
        let gone = |segment: &Arc<Segment>| old.contains(&segment.summary.number);
        group.segments.iter().filter(|segment| gone(segment)).for_each(|segment| segment.drop_file());
        group.segments.retain(|segment| !gone(segment));
        group.segments.extend(new);
        if let Some(segmented) = segmented {
            group.segmented = segmented;
            while group.recent.front().is_some_and(|recent| recent.batch.position <= segmented) {
                self.memory -= group.recent.pop_front().map_or(0, |recent| recent.memory);
            }
        }
    }
}

impl Group {
    /// A group as the catalogue has it, with its segments in this folder.
    pub(super) fn from_row(row: GroupRow, folder: &Path) -> Result<Self, LogsError> {
        let format = row.format.map(|text| text.parse()).transpose().map_err(|error| broken_format(&error))?;
        let segment = |summary| Arc::new(Segment::new(folder, summary));
        Ok(Self {
            id: row.id,
            name: row.name.into(),
            creation_time: row.creation_time,
            retention_days: row.retention_days,
            format,
            class: row.class,
            deletion_protection: row.deletion_protection,
            tags: row.tags,
            streams: row.streams.into_iter().map(|(name, stream)| (name.into(), stream)).collect(),
            deleted_streams: row.deleted_streams.into_iter().collect(),
            segmented: row.segmented,
            segments: row.segments.into_iter().map(segment).collect(),
            recent: VecDeque::new(),
        })
    }

    /// What its batches that are in no segment take in memory.
    pub(super) fn memory(&self) -> usize {
        self.recent.iter().map(|recent| recent.memory).sum()
    }

    /// What its messages count, as AWS counts them.
    pub(super) fn stored_bytes(&self) -> u64 {
        let segments = self.segments.iter().map(|segment| segment.summary.stored_bytes);
        segments.chain(self.recent.iter().map(|recent| recent.stored_bytes)).sum()
    }

    fn note_events(&mut self, batch: &Committed) {
        let Some(stream) = self.streams.get_mut(&batch.stream) else { return };
        let (first, last) = (batch.timestamps.iter().min(), batch.timestamps.iter().max());
        stream.first_event = stream.first_event.into_iter().chain(first.copied()).min();
        stream.last_event = stream.last_event.into_iter().chain(last.copied()).max();
        stream.last_ingestion = stream.last_ingestion.max(Some(batch.ingestion_time));
        stream.changed = true;
    }
}

impl DeletedStreams {
    /// What the stream held up to this position is gone.
    pub(super) fn insert(&mut self, stream: &str, last: u64) {
        self.0.insert(stream.into(), last);
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether what a stream got at this position was deleted with it.
    pub(super) fn had(&self, stream: &str, position: u64) -> bool {
        self.0.get(stream).is_some_and(|last| position <= *last)
    }

    /// The same of the event in this row.
    pub(super) fn had_event(&self, events: &Events, row: usize) -> bool {
        !self.is_empty() && self.had(events.streams().value(row), events.positions()[row])
    }
}

impl FromIterator<(String, u64)> for DeletedStreams {
    fn from_iter<I: IntoIterator<Item = (String, u64)>>(streams: I) -> Self {
        Self(streams.into_iter().map(|(name, last)| (name.into(), last)).collect())
    }
}

impl Recent {
    fn new(batch: Arc<Committed>) -> Self {
        let memory = memory(&batch);
        let stored_bytes = stored_bytes(&batch);
        Self { batch, memory, stored_bytes }
    }
}

/// What the messages of a batch count, as AWS counts them.
pub(super) fn stored_bytes(batch: &Committed) -> u64 {
    let lengths = batch.messages.iter().flatten().map(str::len);
    lengths.map(|length| (length + EVENT_OVERHEAD) as u64).sum()
}
