//! What a reader sees of a group: everything that was acknowledged when it began, and each event once.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    Committed, EventKey, Events, LogStore, LogsError, limits::expiry, merge::Piece, queue::lock, segment::Segment,
};

/// The events of a group at one moment. Keeps them readable while it lives.
pub(super) struct View {
    segments: Vec<Arc<Segment>>,
    recent: Vec<Arc<Committed>>,
    deleted_streams: BTreeMap<Arc<str>, u64>,
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
    /// `ResourceNotFoundException`, and `ServiceUnavailableException` when a segment cannot be opened.
    pub fn scan(&self, group: &str, start: i64, end: i64, now: i64) -> Result<Scan, LogsError> {
        let view = self.view(group, now)?;
        let range = (view.from.max(EventKey::at(start)), EventKey::at(end));
        let pieces = view.pieces(range)?;
        Ok(Scan { pieces: pieces.into_iter(), view, range })
    }
}

impl View {
    /// The pieces with events in this range, from its first up to but without its second key.
    pub(super) fn pieces(&self, range: (EventKey, EventKey)) -> Result<Vec<Piece>, LogsError> {
        let wanted = |piece: &Piece| piece.bounds.1 >= range.0 && piece.bounds.0 < range.1;
        let mut pieces = Vec::new();
        for segment in &self.segments {
            let (first, last) = segment.summary.times;
            if EventKey::last_at(last) >= range.0 && EventKey::at(first) < range.1 {
                pieces.extend(Piece::row_groups(segment.open()?).filter(wanted));
            }
        }
        pieces.extend(self.recent.iter().filter_map(|batch| Piece::batch(Arc::clone(batch))).filter(wanted));
        Ok(pieces)
    }

    /// Whether the event in this row was deleted with its stream.
    pub(super) fn is_deleted(&self, events: &Events, row: usize) -> bool {
        let last = self.deleted_streams.get(events.streams().value(row));
        last.is_some_and(|last| events.positions()[row] <= *last)
    }

    /// Whether any stream was deleted.
    pub(super) fn has_deleted_streams(&self) -> bool {
        !self.deleted_streams.is_empty()
    }
}

/// The rows of sorted events within a range.
pub(super) fn rows_within(events: &Events, range: (EventKey, EventKey)) -> std::ops::Range<usize> {
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
    pieces: std::vec::IntoIter<Piece>,
    view: View,
    range: (EventKey, EventKey),
}

impl Scan {
    fn read(&self, piece: &Piece) -> Result<Events, LogsError> {
        let events = piece.load()?;
        let rows = rows_within(&events, self.range);
        let events = events.slice(rows.start, rows.len());
        if !self.view.has_deleted_streams() {
            return Ok(events);
        }
        let there = (0..events.len()).map(|row| !self.view.is_deleted(&events, row)).collect();
        events.filtered(&there).map_err(LogsError::columns("read", "events"))
    }
}

impl Iterator for Scan {
    type Item = Result<Events, LogsError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let piece = self.pieces.next()?;
            match self.read(&piece) {
                Ok(events) if events.is_empty() => {}
                read => return Some(read),
            }
        }
    }
}
