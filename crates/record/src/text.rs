//! Text objects to Arrow: one record a line, cells separated by one byte.
//!
//! Lines that do not fit are refused one by one, with their position; the rest is read.

use std::sync::Arc;

use arrow::{
    array::RecordBatch,
    buffer::Buffer,
    datatypes::{DataType, Field, Schema, SchemaRef},
};

pub use crate::{Refusal, Refusals};

mod batches;
mod chunks;
mod column;
mod filter;
mod header;
mod number;
mod scan;

use column::Column;

pub use batches::TextBatches;
pub use chunks::{TextChunk, TextChunks};
pub use filter::{RawRow, RowFilter};
pub use header::header_schema;

/// What happens to lines that do not fit the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Every cell must fit: a wrong number of cells, or a cell that is no number, refuses the line.
    Strict,
    /// A wrong number of cells refuses the line; a cell that is no number reads as NULL and is counted.
    Query,
    /// As Hive's LazySimpleSerDe, which Athena uses: missing cells are NULL, further cells ignored,
    /// cells that do not fit NULL, `\N` is NULL, and the first `header_lines` lines are skipped.
    Hive,
}

/// How text is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextOptions {
    /// The byte between cells: ASCII, not a line end.
    pub delimiter: u8,
    /// What happens to lines that do not fit.
    pub mode: Mode,
    /// Lines to skip at the start of an object; only in [`Mode::Hive`], the others know headers by sight.
    pub header_lines: usize,
    /// Rows of a batch, at most; at least 1.
    pub batch_rows: usize,
}

impl Default for TextOptions {
    fn default() -> Self {
        Self { delimiter: b' ', mode: Mode::Query, header_lines: 0, batch_rows: 8192 }
    }
}

/// Why text cannot be read as asked. What is wrong with single lines goes to [`Refusals`] instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// The options contradict the format.
    #[error("text cannot be read with {0}")]
    Options(String),
    /// The schema has a type that text is not read into.
    #[error("column `{column}`: text is not read as {data_type}; declare it as a string")]
    Type {
        /// Its name.
        column: String,
        /// Its type.
        data_type: DataType,
    },
    /// A line is no header.
    #[error("no header, column {column}: {problem}")]
    Header {
        /// Byte position in the line, counted from 1.
        column: usize,
        /// What is wrong there.
        problem: String,
    },
}

/// Decodes lines of text into record batches.
#[derive(Debug, Clone)]
pub struct TextDecoder {
    file_schema: SchemaRef,
    schema: SchemaRef,
    projection: Vec<usize>,
    options: TextOptions,
    /// How many columns a line has.
    width: usize,
    /// What a header line begins with; a line end where headers are not told by sight.
    header_byte: u8,
    filter: Option<Arc<dyn RowFilter>>,
}

impl TextDecoder {
    /// A decoder of text whose columns are those of `file_schema`, in its order.
    ///
    /// Columns can be integers, floats, boolean, date, timestamp without zone, and `Utf8View`.
    /// `projection` lists the columns wanted, by index; `None` wants all, an empty one only the count of rows.
    /// Cells outside the projection are not looked into.
    ///
    /// # Errors
    /// When the schema has a type that text is not read into, or the options contradict the format.
    pub fn new(
        file_schema: SchemaRef,
        projection: Option<Vec<usize>>,
        options: TextOptions,
    ) -> Result<Self, TextError> {
        if !options.delimiter.is_ascii() || matches!(options.delimiter, b'\n' | b'\r') {
            return Err(TextError::Options(format!("byte {} between cells", options.delimiter)));
        }
        if options.batch_rows == 0 {
            return Err(TextError::Options("batches of no rows".to_owned()));
        }
        let width = file_schema.fields().len();
        let Some(first) = file_schema.fields().first() else {
            return Err(TextError::Options("no columns".to_owned()));
        };
        let header_byte = match options.mode {
            Mode::Strict | Mode::Query => first.name().bytes().next().unwrap_or(b'\n'),
            Mode::Hive => b'\n',
        };
        let projection = projection.unwrap_or_else(|| (0..width).collect());
        let schema = match file_schema.project(&projection) {
            Ok(schema) => Arc::new(schema),
            Err(error) => return Err(TextError::Options(format!("this projection: {error}"))),
        };
        // Any cell can be missing, whatever the schema says.
        let nullable = |field: &Arc<Field>| Field::clone(field).with_nullable(true);
        let schema = Arc::new(Schema::new(schema.fields().iter().map(nullable).collect::<Vec<_>>()));
        for field in schema.fields() {
            if Column::new(field.data_type(), 0).is_none() {
                let (column, data_type) = (field.name().clone(), field.data_type().clone());
                return Err(TextError::Type { column, data_type });
            }
        }
        Ok(Self { file_schema, schema, projection, options, width, header_byte, filter: None })
    }

    /// Leaves out rows that the filter does not keep. They count as read, and nothing in them is
    /// looked into: a cell that does not fit is found in rows that are decoded only.
    ///
    /// A filter that keeps most of a text is not asked to the end of it, so it may be given out
    /// what it would not keep.
    #[must_use]
    pub fn with_filter(self, filter: Option<Arc<dyn RowFilter>>) -> Self {
        Self { filter, ..self }
    }

    /// The schema of the batches: the projected columns, all nullable.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Decodes a whole object, or a part of one that ends at a line end.
    ///
    /// `object` is what refusals name it; `first_line` is the number of the text's first line, from 1.
    pub fn decode<'a>(
        &self,
        object: &Arc<str>,
        text: Buffer,
        first_line: u64,
        refusals: &'a mut Refusals,
    ) -> impl Iterator<Item = RecordBatch> + use<'a> {
        let mut batches = self.batches(object, text, first_line);
        std::iter::from_fn(move || batches.next_batch(refusals))
    }

    /// The same as something to keep, for those who cannot lend their [`Refusals`] for that long.
    pub fn batches(&self, object: &Arc<str>, text: Buffer, first_line: u64) -> TextBatches {
        TextBatches::new(self.clone(), Arc::clone(object), text, first_line)
    }

    fn columns(&self, rows: usize) -> Vec<Column> {
        // That all types have a column was seen when the decoder was made.
        self.schema.fields().iter().filter_map(|field| Column::new(field.data_type(), rows)).collect()
    }

    /// How many lines are skipped at the start of an object, whatever they hold.
    fn skipped_lines(&self) -> u64 {
        if self.options.mode == Mode::Hive { self.options.header_lines as u64 } else { 0 }
    }

    /// Whether the line names the file's columns, with hyphens or underscores.
    fn is_header(&self, line: &[u8]) -> bool {
        let plain = |byte: u8| if byte == b'-' { b'_' } else { byte };
        let mut words = line.split(|byte| *byte == self.options.delimiter);
        self.file_schema.fields().iter().all(|field| {
            words.next().is_some_and(|word| word.iter().copied().map(plain).eq(field.name().bytes().map(plain)))
        }) && words.next().is_none()
    }
}

#[cfg(test)]
mod tests;
