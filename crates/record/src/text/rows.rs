//! Row by row decoding.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, RecordBatch, RecordBatchOptions, StringViewArray},
    buffer::Buffer,
    compute::{CastOptions, cast_with_options},
};

use super::{Mode, TextDecoder};
use crate::Refusals;

pub(super) struct Batches<'a> {
    decoder: &'a TextDecoder,
    object: Arc<str>,
    text: Buffer,
    at: usize,
    line: u64,
    refusals: &'a mut Refusals,
}

impl<'a> Batches<'a> {
    pub(super) fn new(
        decoder: &'a TextDecoder,
        object: Arc<str>,
        text: Buffer,
        line: u64,
        refusals: &'a mut Refusals,
    ) -> Self {
        Self { decoder, object, text, at: 0, line, refusals }
    }

    fn row(&mut self, line: &str, number: u64) -> Option<Vec<Option<String>>> {
        let options = self.decoder.options;
        let hive = options.mode == Mode::Hive;
        if (hive && number <= options.header_lines as u64)
            || (!hive && (line.is_empty() || super::header_schema(line).is_ok()))
        {
            return None;
        }
        self.refusals.lines += 1;
        let cells: Vec<&str> = line.split(options.delimiter as char).collect();
        let columns = self.decoder.file_schema.fields().len();
        if !hive && cells.len() != columns {
            let reason = || format!("expected {columns} cells, found {}", cells.len());
            self.refusals.refuse(&self.object, number, 1, reason);
            return None;
        }
        let cell =
            |column: &usize| cells.get(*column).filter(|cell| !hive || **cell != "\\N").map(|cell| cell.to_string());
        Some(self.decoder.projection.iter().map(cell).collect())
    }
}

impl Iterator for Batches<'_> {
    type Item = RecordBatch;

    fn next(&mut self) -> Option<RecordBatch> {
        let mut rows = Vec::new();
        let text = self.text.clone();
        while self.at < text.len() && rows.len() < self.decoder.options.batch_rows {
            let rest = &text[self.at..];
            let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            let line = String::from_utf8_lossy(&rest[..length]).into_owned();
            rows.extend(self.row(line.trim_end_matches('\r'), self.line));
            self.at += length + 1;
            self.line += 1;
        }
        if rows.is_empty() {
            return None;
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        let array = |(index, field): (usize, &Arc<arrow::datatypes::Field>)| -> Option<ArrayRef> {
            let cells: StringViewArray = rows.iter().map(|row| row[index].as_deref()).collect();
            cast_with_options(&cells, field.data_type(), &CastOptions::default()).ok()
        };
        let arrays = self.decoder.schema.fields().iter().enumerate().filter_map(array).collect();
        RecordBatch::try_new_with_options(self.decoder.schema(), arrays, &options).ok()
    }
}
