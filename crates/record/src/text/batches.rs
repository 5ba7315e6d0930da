//! The decoding of one text: block by block, and in a block column by column.

use std::sync::Arc;

use arrow::{
    array::{RecordBatch, RecordBatchOptions},
    buffer::Buffer,
};
use memchr::{memchr, memchr_iter, memrchr};

use super::{
    Mode, TextChunks, TextDecoder,
    column::{Column, Rows},
    filter::Filtering,
    header::{excerpt, header_schema},
    scan::{Marks, NOWHERE},
};
use crate::Refusals;

/// The batches of one text, in order. Made by [`TextDecoder::batches`].
pub struct TextBatches {
    decoder: TextDecoder,
    object: Arc<str>,
    text: Buffer,
    /// Up to where the text has been cut into blocks.
    at: usize,
    /// The number of the line there.
    line: u64,
    block: Block,
    filtering: Filtering,
}

/// Some lines of the text, marked and judged.
#[derive(Default)]
struct Block {
    /// Where it begins in the text.
    start: usize,
    /// Where it ends in the text.
    end: usize,
    /// The number of its first line.
    line: u64,
    marks: Marks,
    /// For each row, which of the marks stands in front of its first cell.
    firsts: Vec<u32>,
    /// How many of the rows have been taken into a batch.
    taken: usize,
}

/// A block is this long, in bytes: it and its marks stay in the nearest caches while it is decoded.
/// Fuzzing takes short ones, so that short texts have many.
const BLOCK: usize = if cfg!(fuzzing) { 256 } else { 32 << 10 };

impl TextBatches {
    pub(super) fn new(decoder: TextDecoder, object: Arc<str>, text: Buffer, line: u64) -> Self {
        Self { decoder, object, text, at: 0, line, block: Block::default(), filtering: Filtering::default() }
    }

    /// The next batch, if there are rows left. What is refused on the way is added to `refusals`.
    pub fn next_batch(&mut self, refusals: &mut Refusals) -> Option<RecordBatch> {
        let most = self.decoder.options.batch_rows;
        let expected = most.min(1 + (self.text.len() - self.at) / (2 * self.decoder.width));
        let mut columns = self.decoder.columns(expected);
        let mut rows = 0;
        while rows < most {
            if self.block.taken == self.block.firsts.len() && !self.next_block(refusals) {
                break;
            }
            let end = self.block.firsts.len().min(self.block.taken + most - rows);
            rows += self.take_rows(&mut columns, rows, end, refusals);
        }
        if rows == 0 {
            return None;
        }
        refusals.lines += rows as u64;
        let arrays = columns.into_iter().map(Column::finish).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        #[allow(clippy::expect_used, reason = "the columns were made from this schema and filled together")]
        let batch = RecordBatch::try_new_with_options(self.decoder.schema(), arrays, &options)
            .expect("columns agree with the schema");
        Some(batch)
    }

    /// Adds the block's rows up to `end` to the columns, which hold `rows` rows; says how many were added.
    fn take_rows(&mut self, columns: &mut [Column], rows: usize, end: usize, refusals: &mut Refusals) -> usize {
        let strict = self.decoder.options.mode == Mode::Strict;
        let mut misfits = Vec::new();
        let mut unfit: Vec<(u32, usize)> = Vec::new();
        let block = &self.block;
        let mut taken = Rows {
            text: &self.text[block.start..block.end],
            sound: None,
            cells: block.marks.cells(),
            firsts: &block.firsts[block.taken..end],
            hive: self.decoder.options.mode == Mode::Hive,
        };
        let (texts, others): (Vec<_>, Vec<_>) =
            columns.iter_mut().zip(&self.decoder.projection).partition(|(column, _)| column.is_text());
        for (column, place) in others {
            column.extend(taken, *place, &mut misfits);
            if strict {
                unfit.extend(misfits.drain(..).map(|row| (row, *place)));
            }
        }
        if !unfit.is_empty() {
            // Rare: the rows that do not fit are taken out, and the others are decoded anew.
            columns.iter_mut().for_each(|column| column.truncate(rows));
            let refused = self.refuse_rows(unfit, refusals);
            return self.take_rows(columns, rows, end - refused, refusals);
        }
        refusals.nulled += misfits.len() as u64;
        if !texts.is_empty() {
            taken.sound = simdutf8::basic::from_utf8(taken.text).ok();
        }
        for (column, place) in texts {
            column.extend(taken, *place, &mut misfits);
        }
        let added = end - block.taken;
        self.block.taken = end;
        added
    }

    /// Takes rows out of the block, each for the first of its cells that does not fit; says how many.
    fn refuse_rows(&mut self, mut unfit: Vec<(u32, usize)>, refusals: &mut Refusals) -> usize {
        unfit.sort_unstable();
        unfit.dedup_by_key(|(row, _)| *row);
        for (row, place) in &unfit {
            let first = self.block.firsts[self.block.taken + *row as usize] as usize;
            let cells = &self.block.marks.cells()[first..];
            let start_of = |cell: usize| cells[cell].wrapping_add(1) as usize;
            let (start, end) = (start_of(*place), cells[*place + 1] as usize);
            let block = &self.text[self.block.start..];
            let line = self.block.line + memchr_iter(b'\n', &block[..start]).count() as u64;
            let column = 1 + (start - start_of(0)) as u32;
            refusals.lines += 1;
            refusals.refuse(&self.object, line, column, || {
                let line = &block[start_of(0)..];
                let line = &line[..memchr(b'\n', line).unwrap_or(line.len())];
                let field = self.decoder.file_schema.field(*place);
                let cell = excerpt(&String::from_utf8_lossy(&block[start..end]));
                unless_header(line, || format!("`{}` holds `{cell}`, expected {}", field.name(), field.data_type()))
            });
        }
        let mut row = 0;
        let mut refused = unfit.iter().map(|(row, _)| self.block.taken + *row as usize).peekable();
        self.block.firsts.retain(|_| {
            row += 1;
            refused.next_if_eq(&(row - 1)).is_none()
        });
        unfit.len()
    }
}

/// Cutting blocks and judging their lines.
impl TextBatches {
    /// Cuts off blocks until there is one with rows. False at the end of the text.
    fn next_block(&mut self, refusals: &mut Refusals) -> bool {
        self.block.firsts.clear();
        self.block.taken = 0;
        while self.at < self.text.len() {
            let text = self.text.clone();
            let rest = &text[self.at..];
            let length = self.mark_block(rest);
            let sound = simdutf8::basic::from_utf8(&rest[..length]).is_ok();
            if !sound && self.decoder.options.mode == Mode::Hive {
                // Nothing is refused in this mode: what is no UTF-8 is replaced, as when shown as text.
                self.text = Buffer::from_vec(String::from_utf8_lossy(rest).into_owned().into_bytes());
                self.at = 0;
                continue;
            }
            self.block.start = self.at;
            self.block.line = self.line;
            self.at += length;
            self.block.end = self.at;
            let lines = memchr_iter(b'\n', &rest[..length]).count();
            self.line += lines as u64;
            if length - lines > TextChunks::LONGEST_LINE {
                let reason = || format!("the line is longer than {} bytes", TextChunks::LONGEST_LINE);
                refusals.lines += 1;
                refusals.refuse(&self.object, self.block.line, 1, reason);
                continue;
            }
            if !(sound && self.take_even_lines(&rest[..length], lines)) {
                self.judge_lines(&rest[..length], sound, refusals);
            }
            refusals.lines += self.drop_rows(&rest[..length]);
            if !self.block.firsts.is_empty() {
                return true;
            }
        }
        false
    }

    /// Takes out the block's rows that are not wanted; says how many.
    fn drop_rows(&mut self, block: &[u8]) -> u64 {
        let Some(filter) = &self.decoder.filter else { return 0 };
        let mut firsts = std::mem::take(&mut self.block.firsts);
        let hive = self.decoder.options.mode == Mode::Hive;
        let rows = Rows { text: block, sound: None, cells: self.block.marks.cells(), firsts: &[], hive };
        let dropped = self.filtering.drop_rows(filter.as_ref(), rows, &mut firsts);
        self.block.firsts = firsts;
        if self.filtering.is_idle() {
            self.decoder.filter = None;
        }
        dropped
    }

    /// Marks the lines at the start of `rest` that make a block; gives their length.
    fn mark_block(&mut self, rest: &[u8]) -> usize {
        let delimiter = self.decoder.options.delimiter;
        let marks = &mut self.block.marks;
        let block = &rest[..rest.len().min(BLOCK)];
        marks.scan(block, delimiter);
        if block.len() == rest.len() {
            if block.last() != Some(&b'\n') {
                marks.end_cell(rest.len() as u32);
            }
            return rest.len();
        }
        if let Some(last) = memrchr(b'\n', block) {
            marks.cut_behind(last as u32);
            return last + 1;
        }
        // A line longer than a block: no more of its cells are marked than there are columns.
        let length = memchr(b'\n', rest).unwrap_or(rest.len());
        marks.start(0);
        if length <= TextChunks::LONGEST_LINE {
            for cell in memchr_iter(delimiter, &rest[..length]).take(self.decoder.width) {
                marks.end_cell(cell as u32);
            }
            marks.end_cell(length as u32);
        }
        rest.len().min(length + 1)
    }

    /// Takes all lines of the block as rows when each is as usual: as many cells as there are columns,
    /// and neither empty, nor possibly a header, nor to be skipped, nor with a carriage return.
    fn take_even_lines(&mut self, block: &[u8], lines: usize) -> bool {
        let width = self.decoder.width;
        let header_byte = self.decoder.header_byte;
        let cells = self.block.marks.cells();
        // When there are as many line ends as lines of so many cells, and a line end behind each of
        // these, no line end is anywhere else.
        if cells.len() != 1 + lines * width || self.block.line <= self.decoder.skipped_lines() {
            return false;
        }
        let usual = |first: usize| {
            let (start, end) = (cells[first].wrapping_add(1) as usize, cells[first + width] as usize);
            block.get(end) == Some(&b'\n') && start < end && block[start] != header_byte && block[end - 1] != b'\r'
        };
        if !(0..lines).all(|line| usual(line * width)) {
            return false;
        }
        self.block.firsts.extend((0..lines).map(|line| (line * width) as u32));
        true
    }

    /// Finds the rows among the block's lines, one by one; `sound` says that all is UTF-8.
    fn judge_lines(&mut self, block: &[u8], sound: bool, refusals: &mut Refusals) {
        let skipped = self.decoder.skipped_lines();
        let mut first = 0;
        let mut start = 0;
        let last_line = (block.last() != Some(&b'\n')).then_some(block.len());
        for (end, number) in memchr_iter(b'\n', block).chain(last_line).zip(self.block.line..) {
            let further = self.block.marks.cells()[first + 1..].iter();
            let cells = 1 + further.take_while(|cell| (**cell as usize) < end).count();
            if number > skipped {
                self.judge_line(Line { number, first, cells, bytes: &block[start..end], sound }, refusals);
            }
            first += cells;
            start = end + 1;
        }
    }

    fn judge_line(&mut self, line: Line<'_>, refusals: &mut Refusals) {
        let width = self.decoder.width;
        let found = line.cells;
        let text = line.bytes.strip_suffix(b"\r").unwrap_or(line.bytes);
        if self.decoder.options.mode == Mode::Hive {
            if found > width || (found == width && text.len() == line.bytes.len()) {
                self.block.firsts.push(line.first as u32);
            } else {
                self.add_row(&line, text.len());
            }
            return;
        }
        if text.is_empty() || self.decoder.is_header(text) {
            return;
        }
        let problem = match simdutf8::compat::from_utf8(text) {
            Err(error) if !line.sound => Some((error.valid_up_to(), "no UTF-8".to_owned())),
            _ if found == width => None,
            _ => {
                let delimiter = self.decoder.options.delimiter;
                let cells = memchr_iter(delimiter, text).count() + 1;
                let at = memchr_iter(delimiter, text).nth(width - 1).map_or(text.len(), |at| at + 1);
                Some((at, format!("expected {width} cells, found {cells}")))
            }
        };
        match problem {
            None => self.add_row(&line, text.len()),
            Some((at, problem)) => {
                refusals.lines += 1;
                refusals.refuse(&self.object, line.number, at as u32 + 1, || unless_header(text, || problem));
            }
        }
    }

    /// Adds a line as a row, with its last cell ending behind `length` bytes and further ones missing.
    fn add_row(&mut self, line: &Line<'_>, length: usize) {
        let width = self.decoder.width;
        let marks = &mut self.block.marks;
        let start = marks.cells()[line.first].wrapping_add(1);
        let mut row = marks.cells()[line.first..line.first + line.cells].to_vec();
        row.push(start + length as u32);
        row.resize(width + 1, NOWHERE);
        self.block.firsts.push(marks.add_row(&row));
    }
}

/// A line of a block.
#[derive(Clone, Copy)]
struct Line<'a> {
    number: u64,
    /// The mark in front of it.
    first: usize,
    /// How many cells it has; of a line longer than a block no more are known than columns and one.
    cells: usize,
    bytes: &'a [u8],
    sound: bool,
}

/// Why a line is refused: for what `problem` says, unless it is a header that stands among records.
fn unless_header(line: &[u8], problem: impl FnOnce() -> String) -> String {
    match std::str::from_utf8(line).map(header_schema) {
        Ok(Ok(_)) => "the header of another format; read objects of one format at a time".to_owned(),
        _ => problem(),
    }
}
