//! Events in the order of their keys, out of sorted pieces.

use std::{cell::OnceCell, cmp::Ordering, collections::BinaryHeap, rc::Rc, sync::Arc};

use arrow::array::StringArray;

use super::{Committed, EventKey, LogsError, events::Events, segment::OpenSegment};

/// A sorted piece of a group: a batch in memory, or a row group.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub source: Source,
    /// No event in it is before the first or behind the second.
    pub bounds: (EventKey, EventKey),
}

#[derive(Debug, Clone)]
pub(super) enum Source {
    Batch(Arc<Committed>),
    RowGroup(Arc<OpenSegment>, usize),
}

impl Piece {
    /// A batch in memory.
    pub(super) fn batch(batch: Arc<Committed>) -> Option<Self> {
        let (first, last) = (*batch.timestamps.first()?, *batch.timestamps.last()?);
        let from = EventKey { timestamp: first, position: batch.position, index: 0 };
        let to = EventKey { timestamp: last, position: batch.position, index: u32::MAX };
        Some(Self { source: Source::Batch(batch), bounds: (from, to) })
    }

    /// The row groups of a segment.
    pub(super) fn row_groups(segment: OpenSegment) -> impl Iterator<Item = Self> {
        let segment = Arc::new(segment);
        (0..segment.row_groups()).map(move |row_group| Self {
            bounds: segment.bounds(row_group),
            source: Source::RowGroup(Arc::clone(&segment), row_group),
        })
    }

    pub(super) fn load(&self) -> Result<Events, LogsError> {
        match &self.source {
            Source::Batch(batch) => Events::of(batch).map_err(LogsError::columns("read", &*batch.group)),
            Source::RowGroup(segment, row_group) => segment.read(*row_group),
        }
    }
}

/// Which event comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// The oldest.
    Forward,
    /// The newest.
    Backward,
}

/// The rows of a piece that are wanted, in ascending order.
pub(super) type Select<'a> = dyn Fn(&Loaded) -> Result<Vec<u32>, LogsError> + 'a;

/// A piece that has been read.
pub(super) struct Loaded {
    pub events: Events,
    messages: OnceCell<StringArray>,
}

impl Loaded {
    /// The text of each event, written out when it is asked for first.
    pub(super) fn messages(&self) -> Result<&StringArray, LogsError> {
        if let Some(messages) = self.messages.get() {
            return Ok(messages);
        }
        let written = self.events.messages().map_err(LogsError::columns("write out", "records"))?;
        Ok(self.messages.get_or_init(|| written))
    }
}

/// Gives events one by one; reads a piece when it is its turn.
pub(super) struct Merge<'a> {
    heap: BinaryHeap<Entry>,
    direction: Direction,
    select: &'a Select<'a>,
    /// How many events have been looked at.
    pub examined: u64,
}

impl<'a> Merge<'a> {
    pub(super) fn new(pieces: Vec<Piece>, direction: Direction, select: &'a Select<'a>) -> Self {
        let entry = |piece: Piece| {
            let rank = match direction {
                Direction::Forward => piece.bounds.0,
                Direction::Backward => piece.bounds.1,
            };
            Entry { rank, direction, state: State::Waiting(piece) }
        };
        Self { heap: pieces.into_iter().map(entry).collect(), direction, select, examined: 0 }
    }

    /// No event that is still to come is before this one (behind it, when going backward).
    pub(super) fn rank(&self) -> Option<EventKey> {
        self.heap.peek().map(|entry| entry.rank)
    }

    /// Whether the next event is already in memory.
    pub(super) fn is_loaded(&self) -> bool {
        self.heap.peek().is_some_and(|entry| matches!(entry.state, State::Open { .. }))
    }

    /// Reads the piece whose turn it is.
    fn load(&mut self, piece: &Piece) -> Result<(), LogsError> {
        let loaded = Loaded { events: piece.load()?, messages: OnceCell::new() };
        self.examined += loaded.events.len() as u64;
        let mut rows = (self.select)(&loaded)?;
        // The next row is taken off the end.
        if self.direction == Direction::Forward {
            rows.reverse();
        }
        if let Some(row) = rows.last() {
            let rank = loaded.events.key(*row as usize);
            let state = State::Open { loaded: Rc::new(loaded), rows };
            self.heap.push(Entry { rank, direction: self.direction, state });
        }
        Ok(())
    }
}

impl Iterator for Merge<'_> {
    type Item = Result<(Rc<Loaded>, usize), LogsError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let mut entry = self.heap.pop()?;
            match &mut entry.state {
                State::Waiting(piece) => {
                    if let Err(error) = self.load(piece) {
                        return Some(Err(error));
                    }
                }
                State::Open { loaded, rows } => {
                    let Some(row) = rows.pop() else { continue };
                    let found = (Rc::clone(loaded), row as usize);
                    if let Some(next) = rows.last() {
                        entry.rank = loaded.events.key(*next as usize);
                        self.heap.push(entry);
                    }
                    return Some(Ok(found));
                }
            }
        }
    }
}

struct Entry {
    rank: EventKey,
    direction: Direction,
    state: State,
}

enum State {
    Waiting(Piece),
    Open {
        loaded: Rc<Loaded>,
        /// What is still to be given, the next last.
        rows: Vec<u32>,
    },
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        match self.direction {
            Direction::Forward => other.rank.cmp(&self.rank),
            Direction::Backward => self.rank.cmp(&other.rank),
        }
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}
