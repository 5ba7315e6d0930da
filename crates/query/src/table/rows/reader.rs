//! The rows of one object.

use std::io;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, StringViewArray, StringViewBuilder};
use datafusion::arrow::buffer::Buffer;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use weir_record::Refusals;
use weir_record::text::TextChunks;

use super::{Cells, values};
use crate::table::RowReading;

/// Reads an object line by line.
pub(crate) struct RowReader {
    chunks: TextChunks<'static>,
    rows: RowReading,
    /// Columns that are read, and their places among those of the table.
    schema: SchemaRef,
    places: Vec<usize>,
    /// Columns of the table.
    width: usize,
    /// Lines that are still to be passed over.
    header_lines: usize,
    /// The text that is read, from where on, and the number of the line there.
    text: Buffer,
    at: usize,
    line: u64,
}

impl RowReader {
    /// Reads the columns at `places` of a table with these columns.
    ///
    /// # Errors
    /// When a place is none of the table.
    pub(crate) fn new(
        chunks: TextChunks<'static>,
        rows: &RowReading,
        table: &SchemaRef,
        places: Vec<usize>,
    ) -> Result<Self, ArrowError> {
        Ok(Self {
            chunks,
            schema: Arc::new(table.project(&places)?),
            places,
            width: table.fields().len(),
            header_lines: rows.header_lines,
            rows: rows.clone(),
            text: Buffer::from_vec(Vec::<u8>::new()),
            at: 0,
            line: 1,
        })
    }

    /// The next rows, at most `most`.
    ///
    /// # Errors
    /// When the object is damaged, a line is none of the SerDe's, or a cell none of its column's.
    pub(crate) fn next_batch(
        &mut self,
        most: usize,
        object: &Arc<str>,
        refusals: &mut Refusals,
    ) -> Option<io::Result<RecordBatch>> {
        while self.at >= self.text.len() {
            match self.chunks.next_chunk(object, refusals)? {
                Ok(chunk) => (self.text, self.at, self.line) = (chunk.text, 0, chunk.first_line),
                Err(error) => return Some(Err(error)),
            }
        }
        Some(self.read(most).map_err(|problem| io::Error::new(io::ErrorKind::InvalidData, problem)))
    }

    fn read(&mut self, most: usize) -> Result<RecordBatch, String> {
        let first_line = self.line;
        let mut columns: Vec<StringViewBuilder> = self.places.iter().map(|_| StringViewBuilder::new()).collect();
        let (mut rows, mut skipped) = (0, 0);
        let text = self.text.clone();
        while rows < most
            && let Some(line) = next_line(&text, &mut self.at)
        {
            self.line += 1;
            if self.header_lines > 0 {
                self.header_lines -= 1;
                skipped += 1;
                continue;
            }
            let line = String::from_utf8_lossy(line);
            self.split(&line, &mut columns).map_err(|problem| format!("line {}: {problem}", self.line - 1))?;
            rows += 1;
        }
        let arrays = columns
            .into_iter()
            .enumerate()
            .map(|(index, mut cells)| self.values(index, &cells.finish(), first_line + skipped));
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays.collect::<Result<_, _>>()?, &options)
            .map_err(|error| error.to_string())
    }

    /// Adds the cells of a line to those of the columns.
    fn split(&self, line: &str, columns: &mut [StringViewBuilder]) -> Result<(), String> {
        let mut cells = Cells::with_capacity(self.width);
        self.rows.format.split(line, &mut cells)?;
        for (column, place) in columns.iter_mut().zip(&self.places) {
            column.append_option(cells.get(*place).and_then(Option::as_deref));
        }
        Ok(())
    }

    /// The values of a column; `first_line` is where its first cell comes from.
    fn values(&self, index: usize, cells: &StringViewArray, first_line: u64) -> Result<ArrayRef, String> {
        let wanted = self.schema.field(index).data_type();
        let strict = self.rows.format.is_strict();
        let read = match wanted {
            wanted if wanted.is_nested() => values::nested(cells, wanted, |cell| self.rows.format.parts(cell, wanted)),
            wanted if strict => values::of_csv(cells, wanted),
            wanted => values::lenient(cells, wanted),
        };
        let read = read.map_err(|error| error.to_string())?;
        match values::misfit(cells, &read).filter(|_| strict && !self.rows.forgiving) {
            None => Ok(read),
            Some(row) => {
                let (cell, field, line) = (cells.value(row), self.places[index], first_line + row as u64);
                Err(format!(
                    "line {line}: Error parsing field value '{cell}' for field {field}: For input string: \"{cell}\""
                ))
            }
        }
    }
}

/// The line at `at`, without its end, and `at` behind it.
fn next_line<'t>(text: &'t [u8], at: &mut usize) -> Option<&'t [u8]> {
    let rest = text.get(*at..).filter(|rest| !rest.is_empty())?;
    let (line, length) = match rest.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&rest[..end], end + 1),
        None => (rest, rest.len()),
    };
    *at += length;
    Some(line.strip_suffix(b"\r").unwrap_or(line))
}
