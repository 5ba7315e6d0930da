//! What a reader sees of a group: everything that was acknowledged when it began, and each event once.

use std::{collections::BTreeSet, sync::Arc};

use weir_record::Field;

use super::{
    Committed, EventKey, Events, LogStore, LogsError,
    groups::DeletedStreams,
    limits::expiry,
    merge::{Content, Piece, Range},
    queue::lock,
    segment::Segment,
};

/// The events of a group at one moment. Keeps them readable while it lives.
pub(super) struct View {
    segments: Vec<Arc<Segment>>,
    recent: Vec<Arc<Committed>>,
    pub deleted_streams: DeletedStreams,
    /// Events before this have expired.
    pub from: EventKey,
}

impl LogStore {
    pub(super) fn view(&self, group: &str, now: i64) -> Result<View, LogsError> {
        let groups = lock(&self.groups);
        let group = groups.get(group)?;
        Ok(View {
            segments: group.segments.clone(),
            recent: group.recent.iter().map(|recent| Arc::clone(&recent.batch)).collect(),
            deleted_streams: group.deleted_streams.clone(),
            from: EventKey::at(expiry(group.retention_days, now).unwrap_or(0)),
        })
    }

    /// The events of a group from `start` on and before `end`, Unix milliseconds, in no order: whatever was acknowledged
    /// by now, each once. Reads as it is asked to, without holding up appends.
    ///
    /// # Errors
    /// `ResourceNotFoundException`.
    pub fn scan(&self, group: &str, start: i64, end: i64, now: i64) -> Result<Scan, LogsError> {
        let view = self.view(group, now)?;
        let range = (view.from.max(EventKey::at(start)), EventKey::at(end));
        Ok(Scan { pieces: view.pieces(range), view: Arc::new(view), range, fields: None, bytes: 0.0 })
    }
}

impl View {
    /// The pieces that may have events in this range. Reads nothing: there may be very many segments, and a page
    /// needs few of them.
    pub(super) fn pieces(&self, range: Range) -> Vec<Piece> {
        let segments = self.segments.iter().map(|segment| Piece::segment(Arc::clone(segment), range));
        let batches = self.recent.iter().filter_map(|batch| Piece::batch(Arc::clone(batch)));
        segments.chain(batches).filter(|piece| piece.meets(range)).collect()
    }
}

/// The rows of sorted events within a range.
pub(super) fn rows_within(events: &Events, range: Range) -> std::ops::Range<usize> {
    let before = |key: EventKey| {
        let (mut low, mut high) = (0, events.len());
        while low < high {
            let middle = low.midpoint(high);
            if events.key(middle) < key { low = middle + 1 } else { high = middle }
        }
        low
    };
    let begin = before(range.0);
    begin..before(range.1).max(begin)
}

/// Gives the events of a group, some at a time. Made by [`LogStore::scan`].
#[derive(Clone)]
pub struct Scan {
    /// The next last.
    pieces: Vec<Piece>,
    view: Arc<View>,
    range: Range,
    fields: Option<Vec<Field>>,
    bytes: f64,
}

impl Scan {
    /// Opens all segments at once, to know what is in them: see [`common_fields`](Self::common_fields).
    ///
    /// # Errors
    /// `ServiceUnavailableException` when a segment cannot be opened.
    pub fn opened(mut self) -> Result<Self, LogsError> {
        let mut pieces = Vec::new();
        for piece in std::mem::take(&mut self.pieces) {
            match piece.row_groups()? {
                Some(groups) => pieces.extend(groups),
                None => pieces.push(piece),
            }
        }
        Ok(Self { pieces, ..self })
    }

    /// Reads no other fields of records than these; then the texts of the records are not known.
    #[must_use]
    pub fn with_fields(self, fields: &BTreeSet<Field>) -> Self {
        Self { fields: Some(fields.iter().copied().collect()), ..self }
    }

    /// Whether there is nothing to read.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// How many events are to be looked at, and the bytes of their texts by the mean of each segment: the pieces that
    /// may have wanted events, whole.
    pub fn expected(&self) -> (u64, u64) {
        let pieces = self.pieces.iter().map(|piece| (piece.events(), piece.mean_bytes()));
        let sum = |(events, bytes): (u64, f64), (more, mean): (u64, f64)| (events + more, bytes + mean * more as f64);
        let (events, bytes) = pieces.fold((0, 0.0), sum);
        (events, bytes as u64)
    }

    /// The same events in at most so many parts, each about as much to read, for as many threads.
    pub fn split(self, parts: usize) -> Vec<Self> {
        let part = self.pieces.len().div_ceil(parts.max(1)).max(1);
        let chunks = self.pieces.chunks(part);
        chunks.map(|chunk| Self { pieces: chunk.to_vec(), bytes: 0.0, ..self.clone() }).collect()
    }

    /// The fields that every event has, when all of them are flow log records; otherwise, and of segments that are not
    /// [`opened`](Self::opened), none.
    pub fn common_fields(&self) -> BTreeSet<Field> {
        let mut common: Option<BTreeSet<Field>> = None;
        for piece in &self.pieces {
            let Some(format) = piece.only_records() else { return BTreeSet::new() };
            match &mut common {
                Some(common) => common.retain(|field| format.fields().contains(field)),
                None => common = Some(format.fields().iter().copied().collect()),
            }
        }
        common.unwrap_or_default()
    }

    /// The bytes of the texts of the events given so far. Of a part of a segment by the segment's mean.
    pub fn bytes(&self) -> u64 {
        self.bytes as u64
    }

    /// The events of a range that are there.
    fn wanted(&self, events: &Events) -> Result<Events, LogsError> {
        let rows = rows_within(events, self.range);
        let events = events.slice(rows.start, rows.len());
        if self.view.deleted_streams.is_empty() {
            return Ok(events);
        }
        let there = (0..events.len()).map(|row| !self.view.deleted_streams.had_event(&events, row)).collect();
        events.filtered(&there).map_err(LogsError::columns("read", "events"))
    }
}

impl Iterator for Scan {
    type Item = Result<Events, LogsError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let piece = self.pieces.pop()?;
            let read = match piece.load(self.fields.as_deref()) {
                Ok(Content::Pieces(pieces)) => {
                    self.pieces.extend(pieces);
                    continue;
                }
                Ok(Content::Events(events)) => self.wanted(&events),
                Err(error) => Err(error),
            };
            match read {
                Ok(events) if events.is_empty() => {}
                Ok(events) => {
                    self.bytes += piece.mean_bytes() * events.len() as f64;
                    return Some(Ok(events));
                }
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
