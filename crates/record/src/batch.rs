//! Building record batches row by row, for producers that do not start from columns.

use std::sync::Arc;

use arrow::{
    array::{ArrayRef, Int32Builder, Int64Builder, StringViewBuilder},
    datatypes::SchemaRef,
    record_batch::RecordBatch,
};

use crate::{Field, Format, Kind};

/// What one field of one record holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// Not there: NULL in a number column, `-` in a text column.
    Absent,
    /// A number. One that does not fit the column is absent.
    Number(i64),
    /// A text.
    Text(&'a str),
}

enum Column {
    Int32(Int32Builder),
    Int64(Int64Builder),
    Text(StringViewBuilder),
}

/// Collects records into a [`RecordBatch`] of one format.
pub struct BatchBuilder {
    format: Format,
    schema: SchemaRef,
    columns: Vec<Column>,
    rows: usize,
}

impl BatchBuilder {
    /// An empty builder for records of this format.
    pub fn new(format: Format) -> Self {
        let column = |field: &Field| match field.kind() {
            Kind::Int32 => Column::Int32(Int32Builder::new()),
            Kind::Int64 => Column::Int64(Int64Builder::new()),
            Kind::Text => Column::Text(StringViewBuilder::new()),
        };
        let columns = format.fields().iter().map(column).collect();
        Self { schema: format.schema(), columns, format, rows: 0 }
    }

    /// Adds one record; `value` is asked for each field of the format once.
    ///
    /// A text given for a number field, or a number for a text field, is written as absent.
    pub fn push<'a>(&mut self, mut value: impl FnMut(Field) -> Value<'a>) {
        for (field, column) in self.format.fields().iter().zip(&mut self.columns) {
            let value = value(*field);
            let number = match value {
                Value::Number(number) => Some(number),
                Value::Absent | Value::Text(_) => None,
            };
            match column {
                Column::Int32(builder) => builder.append_option(number.and_then(|number| i32::try_from(number).ok())),
                Column::Int64(builder) => builder.append_option(number),
                Column::Text(builder) => builder.append_value(match value {
                    Value::Text(text) if !text.is_empty() => text,
                    _ => "-",
                }),
            }
        }
        self.rows += 1;
    }

    /// How many records have been added since the last [`finish`](Self::finish).
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Takes the records added so far as a batch and starts anew.
    pub fn finish(&mut self) -> RecordBatch {
        self.rows = 0;
        let finish = |column: &mut Column| -> ArrayRef {
            match column {
                Column::Int32(builder) => Arc::new(builder.finish()),
                Column::Int64(builder) => Arc::new(builder.finish()),
                Column::Text(builder) => Arc::new(builder.finish()),
            }
        };
        let columns = self.columns.iter_mut().map(finish).collect();
        #[allow(clippy::expect_used, reason = "the columns were made from this schema and filled together")]
        RecordBatch::try_new(Arc::clone(&self.schema), columns).expect("columns agree with the schema")
    }
}
