//! What a reader sees of a group: everything that was acknowledged when it began, and each event once.

use std::sync::Arc;

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
        Ok(Scan { pieces: view.pieces(range), view, range })
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
pub struct Scan {
    /// The next last.
    pieces: Vec<Piece>,
    view: View,
    range: Range,
}

impl Scan {
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
            let read = match self.pieces.pop()?.load() {
                Ok(Content::Pieces(pieces)) => {
                    self.pieces.extend(pieces);
                    continue;
                }
                Ok(Content::Events(events)) => self.wanted(&events),
                Err(error) => Err(error),
            };
            match read {
                Ok(events) if events.is_empty() => {}
                read => return Some(read),
            }
        }
    }
}
