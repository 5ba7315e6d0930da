//! Rows that nobody wants, told from their cells before anything is decoded.

use std::fmt;

use super::column::Rows;

/// Says of a row, by its cells as they are written, whether it may be wanted.
pub trait RowFilter: fmt::Debug + Send + Sync {
    /// False only of a row that can be left out.
    fn keeps(&self, row: RawRow<'_>) -> bool;
}

/// A row that is not decoded yet.
#[derive(Clone, Copy)]
pub struct RawRow<'a> {
    rows: Rows<'a>,
    first: u32,
}

impl<'a> RawRow<'a> {
    /// The cell in this place of the line, without delimiter and line end; `None` when it is missing.
    #[inline]
    pub fn cell(&self, column: usize) -> Option<&'a [u8]> {
        let (start, end) = self.rows.span(self.first, column);
        self.rows.text.get(start..end)
    }
}

/// Asks a filter, and how often it said no.
#[derive(Debug, Default)]
pub(super) struct Filtering {
    rows: u64,
    dropped: u64,
}

/// After so many rows it is seen whether a filter is worth asking.
const TRIAL: u64 = 8192;

impl Filtering {
    /// Takes out of `firsts`, the marks in front of rows, those that the filter drops; says how many.
    pub(super) fn drop_rows(&mut self, filter: &dyn RowFilter, rows: Rows<'_>, firsts: &mut Vec<u32>) -> u64 {
        let before = firsts.len();
        firsts.retain(|first| filter.keeps(RawRow { rows, first: *first }));
        let dropped = (before - firsts.len()) as u64;
        self.rows += before as u64;
        self.dropped += dropped;
        dropped
    }

    /// Whether the filter lets so much through that asking costs more than it saves.
    pub(super) fn is_idle(&self) -> bool {
        self.rows >= TRIAL && self.dropped < self.rows / 2
    }
}
