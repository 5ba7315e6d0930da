//! The columns of flow log records as the tokens of their text.

use arrow::array::{Array as _, AsArray as _};
use weir_store::logs::Records;

use super::{Source, bits::Bits};

/// What a slot takes of a record with so many fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A column.
    Column(usize),
    /// A column and all behind it, as they are written.
    Several,
    /// There is no such field.
    Nowhere,
}

pub(super) fn place(source: Source, fields: usize) -> Place {
    match (source, source.index(fields)) {
        (_, None) => Place::Nowhere,
        (Source::Rest(_), Some(index)) if index + 1 < fields => Place::Several,
        (_, Some(index)) => Place::Column(index),
    }
}

/// Marks the events whose tokens are the cells of their row: those that are records, unless a text in them would be taken
/// apart otherwise than at its ends.
pub(super) fn mark_columnar(records: &Records, columnar: &mut Bits) {
    let rows = records.batch.num_rows();
    if records.batch.schema_ref().fields() != records.format.schema().fields() {
        return;
    }
    columnar.fill(0, true);
    if let Some(valid) = &records.valid {
        (0..rows).filter(|row| !valid.value(*row)).for_each(|row| columnar.clear(0, row));
    }
    for texts in records.batch.columns().iter().filter_map(|column| column.as_string_view_opt()) {
        // Hardly ever is one odd: without a branch a row it is found out quicker.
        if texts.views().iter().fold(false, |odd, view| odd | is_odd(*view)) {
            let odd = texts.views().iter().enumerate().filter(|(_, view)| is_odd(**view));
            odd.for_each(|(row, _)| columnar.clear(0, row));
        }
        if texts.null_count() > 0 {
            (0..rows).filter(|row| texts.is_null(*row)).for_each(|row| columnar.clear(0, row));
        }
    }
}

/// Whether a text is empty or begins with what begins a token of several words.
fn is_odd(view: u128) -> bool {
    #[allow(
        clippy::cast_possible_truncation,
        reason = "a view is four bytes of length, then the text or its first bytes"
    )]
    let (length, first) = (view as u32, (view >> 32) as u8);
    (length == 0) | (first == b'"') | (first == b'[')
}
