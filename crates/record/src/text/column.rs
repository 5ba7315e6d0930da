//! Cells to the values of one column.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, ArrowPrimitiveType, BooleanArray, PrimitiveArray, StringViewArray, TimestampNanosecondArray},
    buffer::{Buffer, NullBuffer},
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
    /// The text from the start of the block on; the block's cells end before it does.
    pub(super) text: &'a [u8],
    /// The ends of cells.
    pub(super) cells: &'a [u32],
    /// For each row, which of `cells` stands in front of its first cell.
    pub(super) firsts: &'a [u32],
    /// Whether cells can be missing and `\N` is NULL.
    pub(super) hive: bool,
    /// What to add to a position in `text` to have that in the batch's buffer.
    pub(super) offset: usize,
}

impl<'a> Rows<'a> {
    /// Where a cell of the row begins and ends; with an end outside the text when it is missing.
    #[inline]
    pub(super) fn span(&self, first: u32, column: usize) -> (usize, usize) {
        let at = first as usize + column;
        match self.cells.get(at..at + 2) {
            Some(&[before, NOWHERE]) if self.hive => (before as usize, usize::MAX),
            Some(&[before, end]) => (before.wrapping_add(1) as usize, end as usize),
            _ => (0, usize::MAX),
        }
    }

    /// The cell of a row, by its index; `None` when it is missing or stands for NULL.
    fn cell(&self, row: usize, column: usize) -> Option<&'a str> {
        let (start, end) = self.span(*self.firsts.get(row)?, column);
        let cell = std::str::from_utf8(self.text.get(start..end)?).ok()?;
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
    Text(Views),
}

/// Plain values, and which rows have none.
pub(super) struct Values<N> {
    values: Vec<N>,
    nulls: Vec<u32>,
}

/// Views of text, and which rows have none.
pub(super) struct Views {
    views: Vec<u128>,
    nulls: Vec<u32>,
}

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
            DataType::Utf8View => Column::Text(Views { views: Vec::with_capacity(rows), nulls: Vec::new() }),
            _ => return None,
        })
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
            Column::Text(views) => views.extend(cells),
        }
    }

    /// Forgets all rows but the first `rows`.
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
            Column::Text(Views { views, nulls }) => {
                views.truncate(rows);
                nulls.retain(|row| (*row as usize) < rows);
            }
        }
    }

    /// The finished column; `text` is what the offsets of views count in.
    pub(super) fn finish(self, text: &Buffer) -> ArrayRef {
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
            Column::Text(Views { views, nulls }) => {
                let nulls = null_buffer(views.len(), &nulls);
                #[allow(
                    clippy::expect_used,
                    reason = "blocks are checked to be UTF-8, cells end at ASCII bytes of them"
                )]
                let array = StringViewArray::try_new(views.into(), vec![text.clone()], nulls).expect("views of text");
                Arc::new(array)
            }
        }
    }
}

/// The cells of one column.
#[derive(Clone, Copy)]
struct Cells<'a> {
    rows: Rows<'a>,
    column: usize,
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
        let mut row = 0;
        self.values.extend(rows.firsts.iter().map(|first| {
            let (start, end) = rows.span(*first, column);
            let value = digits(rows.text, start, end).and_then(&narrow);
            if value.is_none() {
                unread.push(row);
            }
            row += 1;
            value.unwrap_or_default()
        }));
        for row in unread {
            let cell = rows.cell(row as usize, column);
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

impl Views {
    #[inline]
    fn extend(&mut self, cells: Cells<'_>) {
        let Cells { rows, column } = cells;
        if rows.hive {
            let before = self.views.len();
            for row in 0..rows.firsts.len() {
                let cell = rows.cell(row, column);
                if cell.is_none() {
                    self.nulls.push((before + row) as u32);
                }
            }
        }
        self.views.extend(rows.firsts.iter().map(|first| {
            let (start, end) = rows.span(*first, column);
            view(rows.text, start, end, rows.offset)
        }));
    }
}

/// The view of `text[start..end]`, which stands at `offset + start` of its buffer; that of an empty
/// text when there is no such text.
#[inline]
fn view(text: &[u8], start: usize, end: usize, offset: usize) -> u128 {
    const INLINE: usize = 12;
    let Some(cell) = text.get(start..end) else { return 0 };
    let head = match text.get(start..start + 16) {
        Some(head) => <[u8; 16]>::try_from(head).unwrap_or_default(),
        None => {
            let mut head = [0; 16];
            let length = cell.len().min(16);
            head[..length].copy_from_slice(&cell[..length]);
            head
        }
    };
    let head = u128::from_le_bytes(head);
    let length = cell.len() as u128;
    if cell.len() <= INLINE {
        length | (head & !(u128::MAX << (8 * cell.len()))) << 32
    } else {
        length | (head & 0xffff_ffff) << 32 | ((offset + start) as u128) << 96
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
    fn views_are_those_of_arrow() {
        let text = b"first cell|twelve bytes|thirteen byte|last";
        let buffer = Buffer::from([b"####".as_slice(), text].concat());
        let mut start = 0;
        for cell in text.split(|byte| *byte == b'|') {
            let end = start + cell.len();
            let views = vec![view(text, start, end, 4)];
            let array = StringViewArray::try_new(views.into(), vec![buffer.clone()], None).expect("a view of text");
            assert_eq!(array.value(0).as_bytes(), cell);
            start = end + 1;
        }
        assert_eq!(view(text, 3, 3, 0), 0);
        assert_eq!(view(text, 3, 2, 0), 0);
        assert_eq!(view(text, 40, usize::MAX, 0), 0);
    }

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
