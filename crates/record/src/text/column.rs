//! Cells to the values of one column.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, ArrowPrimitiveType, BooleanArray, PrimitiveArray, StringViewBuilder, TimestampNanosecondArray},
    buffer::NullBuffer,
    compute::cast,
    datatypes::{
        ArrowNativeType, DataType, Date32Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    },
};
use chrono::{NaiveDate, NaiveDateTime};

use super::{number::digits, scan::NOWHERE};

/// Some rows of a block: what is needed to find the cell of a column.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    /// The block, less than 4 GiB.
    pub(super) text: &'a [u8],
    /// The block as text, when all of it is UTF-8; otherwise each cell is looked at.
    pub(super) sound: Option<&'a str>,
    /// The ends of cells.
    pub(super) cells: &'a [u32],
    /// For each row, which of `cells` stands in front of its first cell.
    pub(super) firsts: &'a [u32],
    /// Whether cells can be missing and `\N` is NULL.
    pub(super) hive: bool,
}

impl<'a> Rows<'a> {
    /// Where a cell of the row begins and ends; with an end outside the text when it is missing.
    #[inline(always)]
    pub(super) fn span(&self, first: u32, column: usize) -> (usize, usize) {
        const MISSING: (usize, usize) = (0, NOWHERE as usize);
        let Some(cells) = self.cells.get(first as usize + column..) else { return MISSING };
        match cells {
            [before, end, ..] => (before.wrapping_add(1) as usize, *end as usize),
            _ => MISSING,
        }
    }

    /// The cell at this place; `None` when it is missing or stands for NULL.
    #[inline(always)]
    fn cell(&self, (start, end): (usize, usize)) -> Option<&'a str> {
        let cell = match self.sound {
            Some(block) => block.get(start..end)?,
            None => std::str::from_utf8(self.text.get(start..end)?).ok()?,
        };
        (!self.hive || cell != r"\N").then_some(cell)
    }
}

/// Values of a column, while they are collected.
pub(super) enum Column {
    Int8(Values<i8>),
    Int16(Values<i16>),
    Int32(Values<i32>),
    Int64(Values<i64>),
    Float32(Values<f32>),
    Float64(Values<f64>),
    Boolean(Values<bool>),
    Date(Values<i32>),
    /// Nanoseconds, and the type wanted.
    Timestamp(Values<i64>, DataType),
    Text(StringViewBuilder),
}

/// Plain values, and which rows have none.
pub(super) struct Values<N> {
    values: Vec<N>,
    nulls: Vec<u32>,
}

/// Text that is too long for a view goes to blocks of at most this size, in bytes.
const TEXT_BLOCK: usize = 64 << 10;

impl Column {
    /// An empty column of this type; `None` when text is not read into such columns.
    pub(super) fn new(data_type: &DataType, rows: usize) -> Option<Self> {
        Some(match data_type {
            DataType::Int8 => Column::Int8(Values::new(rows)),
            DataType::Int16 => Column::Int16(Values::new(rows)),
            DataType::Int32 => Column::Int32(Values::new(rows)),
            DataType::Int64 => Column::Int64(Values::new(rows)),
            DataType::Float32 => Column::Float32(Values::new(rows)),
            DataType::Float64 => Column::Float64(Values::new(rows)),
            DataType::Boolean => Column::Boolean(Values::new(rows)),
            DataType::Date32 => Column::Date(Values::new(rows)),
            DataType::Timestamp(_, None) => Column::Timestamp(Values::new(rows), data_type.clone()),
            DataType::Utf8View => Column::Text(texts(rows)),
            _ => return None,
        })
    }

    /// Whether it is text, of which nothing is a misfit.
    pub(super) fn is_text(&self) -> bool {
        matches!(self, Column::Text(_))
    }

    /// Adds the cells of these rows that stand in place `column` of a line. Those that do not fit
    /// become NULL, and their rows are added to `misfits`; a `-` is no misfit, nor is a missing cell.
    pub(super) fn extend(&mut self, rows: Rows<'_>, column: usize, misfits: &mut Vec<u32>) {
        let cells = Cells { rows, column };
        match self {
            Column::Int8(values) => {
                values.extend(cells, misfits, |number| number.try_into().ok(), |cell| cell.parse().ok());
            }
            Column::Int16(values) => {
                values.extend(cells, misfits, |number| number.try_into().ok(), |cell| cell.parse().ok());
            }
            Column::Int32(values) => {
                values.extend(cells, misfits, |number| number.try_into().ok(), |cell| cell.parse().ok());
            }
            Column::Int64(values) => values.extend(cells, misfits, Some, |cell| cell.parse().ok()),
            Column::Float32(values) => values.extend(cells, misfits, |_| None, |cell| cell.parse().ok()),
            Column::Float64(values) => values.extend(cells, misfits, |_| None, |cell| cell.parse().ok()),
            Column::Boolean(values) => values.extend(cells, misfits, |_| None, boolean),
            Column::Date(values) => values.extend(cells, misfits, |_| None, date),
            Column::Timestamp(values, _) => values.extend(cells, misfits, |_| None, timestamp),
            Column::Text(texts) => cells.append_to(texts),
        }
    }

    /// Forgets all rows but the first `rows`, unless it is text.
    pub(super) fn truncate(&mut self, rows: usize) {
        match self {
            Column::Int8(values) => values.truncate(rows),
            Column::Int16(values) => values.truncate(rows),
            Column::Int32(values) => values.truncate(rows),
            Column::Int64(values) | Column::Timestamp(values, _) => values.truncate(rows),
            Column::Float32(values) => values.truncate(rows),
            Column::Float64(values) => values.truncate(rows),
            Column::Boolean(values) => values.truncate(rows),
            Column::Date(values) => values.truncate(rows),
            Column::Text(_) => {}
        }
    }

    /// The finished column.
    pub(super) fn finish(self) -> ArrayRef {
        match self {
            Column::Int8(values) => values.primitive::<Int8Type>(),
            Column::Int16(values) => values.primitive::<Int16Type>(),
            Column::Int32(values) => values.primitive::<Int32Type>(),
            Column::Int64(values) => values.primitive::<Int64Type>(),
            Column::Float32(values) => values.primitive::<Float32Type>(),
            Column::Float64(values) => values.primitive::<Float64Type>(),
            Column::Boolean(Values { values, nulls }) => {
                let nulls = null_buffer(values.len(), &nulls);
                Arc::new(BooleanArray::new(values.into(), nulls))
            }
            Column::Date(values) => values.primitive::<Date32Type>(),
            Column::Timestamp(Values { values, nulls }, data_type) => {
                let nulls = null_buffer(values.len(), &nulls);
                #[allow(clippy::expect_used, reason = "a timestamp goes to any unit")]
                cast(&TimestampNanosecondArray::new(values.into(), nulls), &data_type).expect("another unit")
            }
            Column::Text(mut texts) => Arc::new(texts.finish()),
        }
    }
}

/// Room for so many rows of text.
fn texts(rows: usize) -> StringViewBuilder {
    let block = (32 * rows).clamp(32, TEXT_BLOCK);
    StringViewBuilder::with_capacity(rows).with_fixed_block_size(block as u32)
}

/// The cells of one column.
#[derive(Clone, Copy)]
struct Cells<'a> {
    rows: Rows<'a>,
    column: usize,
}

impl Cells<'_> {
    fn append_to(self, texts: &mut StringViewBuilder) {
        let Cells { rows, column } = self;
        for first in rows.firsts {
            texts.append_option(rows.cell(rows.span(*first, column)));
        }
    }
}

impl<N: Copy + Default> Values<N> {
    fn new(rows: usize) -> Self {
        Self { values: Vec::with_capacity(rows), nulls: Vec::new() }
    }

    /// `narrow` takes a plain number to the type, if it is a type of such; `parse` judges every other cell.
    #[inline]
    fn extend(
        &mut self,
        cells: Cells<'_>,
        misfits: &mut Vec<u32>,
        narrow: impl Fn(i64) -> Option<N>,
        parse: impl Fn(&str) -> Option<N>,
    ) {
        let Cells { rows, column } = cells;
        let before = self.values.len();
        let mut unread: Vec<u32> = Vec::new();
        self.values.extend(rows.firsts.iter().zip(0..).map(|(first, row)| {
            let (start, end) = rows.span(*first, column);
            digits(rows.text, start, end).and_then(&narrow).unwrap_or_else(|| {
                unread.push(row);
                N::default()
            })
        }));
        for row in unread {
            let cell = rows.firsts.get(row as usize).and_then(|first| rows.cell(rows.span(*first, column)));
            match cell.and_then(&parse) {
                Some(value) => self.values[before + row as usize] = value,
                None => {
                    self.nulls.push((before + row as usize) as u32);
                    if cell.is_some_and(|cell| cell != "-") {
                        misfits.push(row);
                    }
                }
            }
        }
    }

    fn truncate(&mut self, rows: usize) {
        self.values.truncate(rows);
        self.nulls.retain(|row| (*row as usize) < rows);
    }
}

impl<N: ArrowNativeType> Values<N> {
    fn primitive<T: ArrowPrimitiveType<Native = N>>(self) -> ArrayRef {
        let nulls = null_buffer(self.values.len(), &self.nulls);
        Arc::new(PrimitiveArray::<T>::new(self.values.into(), nulls))
    }
}

fn null_buffer(rows: usize, nulls: &[u32]) -> Option<NullBuffer> {
    if nulls.is_empty() {
        return None;
    }
    let mut present = arrow::array::BooleanBufferBuilder::new(rows);
    present.append_n(rows, true);
    for row in nulls {
        present.set_bit(*row as usize, false);
    }
    Some(NullBuffer::new(present.finish()))
}

/// As Hive reads one.
fn boolean(cell: &str) -> Option<bool> {
    let is = |word: &str| cell.eq_ignore_ascii_case(word);
    if is("true") { Some(true) } else { is("false").then_some(false) }
}

/// Days since 1970, of `2026-01-15`.
fn date(cell: &str) -> Option<i32> {
    let date = NaiveDate::parse_from_str(cell, "%Y-%m-%d").ok()?;
    i32::try_from(date.signed_duration_since(NaiveDate::default()).num_days()).ok()
}

/// Nanoseconds since 1970, of `2026-01-15 12:34:56`, with or without a fraction.
fn timestamp(cell: &str) -> Option<i64> {
    NaiveDateTime::parse_from_str(cell, "%Y-%m-%d %H:%M:%S%.f").ok()?.and_utc().timestamp_nanos_opt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_times_and_booleans_are_those_of_hive() {
        assert_eq!(date("1970-01-02"), Some(1));
        assert_eq!(date("1969-12-31"), Some(-1));
        assert_eq!(date("2026-02-30"), None);
        assert_eq!(timestamp("1970-01-01 00:00:01.5"), Some(1_500_000_000));
        assert_eq!(timestamp("1970-01-01 00:00:01"), Some(1_000_000_000));
        assert_eq!(timestamp("1970-01-01"), None);
        assert_eq!(timestamp("9999-01-01 00:00:00"), None);
        assert_eq!(boolean("TRUE"), Some(true));
        assert_eq!(boolean("false"), Some(false));
        assert_eq!(boolean("1"), None);
    }
}
