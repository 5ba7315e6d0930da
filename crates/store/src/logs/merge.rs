//! Events in the order of their keys, out of sorted pieces.

use std::{cell::OnceCell, cmp::Ordering, collections::BinaryHeap, rc::Rc, sync::Arc};

use arrow::array::{Array, StringArray};
use weir_record::{Field, Format};

use super::{
    Committed, EventKey, LogsError,
    events::Events,
    segment::{OpenSegment, Segment},
};

/// From the first key up to but without the second.
pub(super) type Range = (EventKey, EventKey);

/// A sorted piece of a group: a batch in memory, a segment, or a row group of one.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub source: Source,
    /// No event in it is before the first or behind the second.
    pub bounds: (EventKey, EventKey),
}

#[derive(Debug, Clone)]
pub(super) enum Source {
    Batch(Arc<Committed>),
    /// A segment that is not open yet, and the range that is wanted of it.
    Segment(Arc<Segment>, Range),
    RowGroup(Arc<OpenSegment>, usize),
}

/// What a piece is when it is its turn.
pub(super) enum Content {
    Events(Events),
    /// Row groups.
    Pieces(Vec<Piece>),
}

impl Piece {
    /// A batch in memory.
    pub(super) fn batch(batch: Arc<Committed>) -> Option<Self> {
        let (first, last) = (*batch.timestamps.first()?, *batch.timestamps.last()?);
        let from = EventKey { timestamp: first, position: batch.position, index: 0 };
        let to = EventKey { timestamp: last, position: batch.position, index: u32::MAX };
        Some(Self { source: Source::Batch(batch), bounds: (from, to) })
    }

    /// A segment.
    pub(super) fn segment(segment: Arc<Segment>, range: Range) -> Self {
        let (first, last) = segment.summary.times;
        Self { source: Source::Segment(segment, range), bounds: (EventKey::at(first), EventKey::last_at(last)) }
    }

    /// Whether there may be an event of this range in it.
    pub(super) fn meets(&self, range: Range) -> bool {
        self.bounds.1 >= range.0 && self.bounds.0 < range.1
    }

    /// Reads it; opens it, if it is a segment. `fields` are those of the records that are needed, `None` for all.
    pub(super) fn load(&self, fields: Option<&[Field]>) -> Result<Content, LogsError> {
        let events = match &self.source {
            Source::Batch(batch) => Events::of(batch).map_err(LogsError::columns("read", &*batch.group)),
            Source::RowGroup(segment, row_group) => segment.read(*row_group, fields),
            Source::Segment(..) => return Ok(Content::Pieces(self.row_groups()?.unwrap_or_default())),
        };
        events.map(Content::Events)
    }

    /// The row groups of a segment that may have wanted events; `None`: it is no segment.
    pub(super) fn row_groups(&self) -> Result<Option<Vec<Self>>, LogsError> {
        let Source::Segment(segment, range) = &self.source else { return Ok(None) };
        let segment = Arc::new(segment.open()?);
        let piece = |row_group| Self {
            bounds: segment.bounds(row_group),
            source: Source::RowGroup(Arc::clone(&segment), row_group),
        };
        let pieces = (0..segment.row_groups()).map(piece);
        Ok(Some(pieces.filter(|piece| piece.meets(*range)).collect()))
    }

    /// No event in it has an earlier position than the first of these, or a later one than the second.
    pub(super) fn positions(&self) -> (u64, u64) {
        match &self.source {
            Source::Batch(batch) => (batch.position, batch.position),
            Source::Segment(segment, _) => segment.summary.positions,
            Source::RowGroup(segment, row_group) => segment.positions(*row_group),
        }
    }

    /// What the message of an event takes on average, in bytes.
    pub(super) fn mean_bytes(&self) -> f64 {
        match &self.source {
            Source::Batch(batch) => batch.messages.value_data().len() as f64 / batch.messages.len().max(1) as f64,
            Source::Segment(segment, _) => segment.summary.mean_bytes(),
            Source::RowGroup(segment, _) => segment.mean_bytes(),
        }
    }

    /// How many events it has, wanted or not.
    pub(super) fn events(&self) -> u64 {
        match &self.source {
            Source::Batch(batch) => batch.messages.len() as u64,
            Source::Segment(segment, _) => segment.summary.rows,
            Source::RowGroup(segment, row_group) => segment.rows(*row_group),
        }
    }

    /// The format of its events, if all of them are records and it is open.
    pub(super) fn only_records(&self) -> Option<&Format> {
        match &self.source {
            Source::Batch(batch) => {
                batch.records.as_ref().filter(|records| records.valid.is_none()).map(|records| &records.format)
            }
            Source::Segment(..) => None,
            Source::RowGroup(segment, row_group) => segment.only_records(*row_group),
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
    pub(super) fn new(events: Events) -> Self {
        Self { events, messages: OnceCell::new() }
    }

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
        let mut merge = Self { heap: BinaryHeap::new(), direction, select, examined: 0 };
        merge.wait_for(pieces);
        merge
    }

    fn wait_for(&mut self, pieces: Vec<Piece>) {
        let direction = self.direction;
        self.heap.extend(pieces.into_iter().map(|piece| {
            let rank = match direction {
                Direction::Forward => piece.bounds.0,
                Direction::Backward => piece.bounds.1,
            };
            Entry { rank, direction, state: State::Waiting(piece) }
        }));
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
        let events = match piece.load(None)? {
            Content::Events(events) => events,
            Content::Pieces(pieces) => {
                self.wait_for(pieces);
                return Ok(());
            }
        };
        let loaded = Loaded::new(events);
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
