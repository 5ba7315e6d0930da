//! Following a group: its events in the order in which they were appended, from a position on. Whoever keeps that position
//! misses none of them, however long it was away.

use std::collections::BTreeMap;

use super::{
    EventKey, FilteredLogEvent, LogStore, LogsError, Predicate,
    limits::EVENT_OVERHEAD,
    merge::{Content, Loaded, Piece},
    queue::lock,
    view::View,
};

/// A stretch of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// The events that are wanted, in the order of appending.
    pub events: Vec<FilteredLogEvent>,
    /// The position up to which they are all of them: the next stretch begins behind it.
    pub position: u64,
}

impl LogStore {
    /// The position of the last batch that a group got; 0 if it never got one.
    ///
    /// # Errors
    /// `ResourceNotFoundException`.
    pub fn last_position(&self, group: &str) -> Result<u64, LogsError> {
        let groups = lock(&self.groups);
        let group = groups.get(group)?;
        Ok(group.recent.back().map_or(group.segmented, |recent| recent.batch.position))
    }

    /// The events behind a position that are there and match: whole batches, as many as have `bytes` together, at least
    /// one. Segments are read only where something of them is behind the position.
    ///
    /// # Errors
    /// `ResourceNotFoundException`; `ServiceUnavailableException` when a segment cannot be read.
    pub fn follow(
        &self,
        group: &str,
        position: u64,
        bytes: usize,
        matches: &Predicate<'_>,
        now: i64,
    ) -> Result<Followed, LogsError> {
        let last = self.last_position(group)?;
        let mut stretch = Stretch { behind: position, last, batches: BTreeMap::new(), bytes: 0, most_bytes: bytes };
        if last > position {
            let view = self.view(group, now)?;
            let everything = (view.from, EventKey::last_at(EventKey::LATEST));
            let mut pieces = view.pieces(everything);
            // The next last: early ones first, so that late ones need not be read when those are enough.
            pieces.sort_by_key(|piece| std::cmp::Reverse(piece.positions().0));
            while let Some(piece) = pieces.pop() {
                if !stretch.meets(&piece) {
                    continue;
                }
                match piece.load(None)? {
                    Content::Pieces(row_groups) => pieces.extend(row_groups),
                    Content::Events(events) => stretch.take(&Loaded::new(events), &view, matches)?,
                }
            }
        }
        Ok(stretch.finish())
    }
}

/// What is found on the way.
struct Stretch {
    /// Nothing up to here.
    behind: u64,
    /// Nothing behind this. It comes nearer when there is too much.
    last: u64,
    batches: BTreeMap<u64, Vec<(u32, FilteredLogEvent)>>,
    bytes: usize,
    most_bytes: usize,
}

impl Stretch {
    fn has(&self, position: u64) -> bool {
        self.behind < position && position <= self.last
    }

    fn meets(&self, piece: &Piece) -> bool {
        let (first, last) = piece.positions();
        first <= self.last && last > self.behind
    }

    fn take(&mut self, loaded: &Loaded, view: &View, matches: &Predicate<'_>) -> Result<(), LogsError> {
        let events = &loaded.events;
        let wanted: Vec<usize> = (0..events.len())
            .filter(|row| {
                let key = events.key(*row);
                self.has(key.position) && key >= view.from && !view.deleted_streams.had_event(events, *row)
            })
            .collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let messages = loaded.messages()?;
        let matched = matches(messages, events.records().as_ref());
        for row in wanted.into_iter().filter(|row| *row < matched.len() && matched.value(*row)) {
            let key = events.key(row);
            let event = FilteredLogEvent {
                log_stream_name: events.streams().value(row).to_owned(),
                timestamp: key.timestamp,
                message: messages.value(row).to_owned(),
                ingestion_time: events.ingestion_times()[row],
                event_id: key.to_id(),
            };
            self.push(key, event);
        }
        Ok(())
    }

    /// Lets go of the last batches when there is too much.
    fn push(&mut self, key: EventKey, event: FilteredLogEvent) {
        if !self.has(key.position) {
            return;
        }
        self.bytes += size(&event);
        self.batches.entry(key.position).or_default().push((key.index, event));
        while self.bytes > self.most_bytes && self.batches.len() > 1 {
            let Some((position, events)) = self.batches.pop_last() else { return };
            self.bytes -= events.iter().map(|(_, event)| size(event)).sum::<usize>();
            self.last = position - 1;
        }
    }

    fn finish(self) -> Followed {
        let mut events = Vec::new();
        for mut batch in self.batches.into_values() {
            batch.sort_by_key(|(index, _)| *index);
            events.extend(batch.into_iter().map(|(_, event)| event));
        }
        Followed { events, position: self.last.max(self.behind) }
    }
}

fn size(event: &FilteredLogEvent) -> usize {
    event.message.len() + EVENT_OVERHEAD
}
