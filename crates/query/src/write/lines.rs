//! Rows as lines: cells as LazySimpleSerDe reads them, or JSON objects.

use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::arrow::record_batch::RecordBatch;
use serde_json::{Map, Value};

use crate::error::{Code, Error};
use crate::function::to_json;
use crate::table::Csv;
use crate::text;

/// A line each, `\N` for NULL. A delimiter or line end within a cell becomes a blank: the reader knows no escape.
pub(super) fn text(batch: &RecordBatch, delimiter: u8) -> Vec<u8> {
    let mut out = Vec::new();
    for row in 0..batch.num_rows() {
        for (index, column) in batch.columns().iter().enumerate() {
            if index > 0 {
                out.push(delimiter);
            }
            match text::value(column.as_ref(), row) {
                None => out.extend_from_slice(b"\\N"),
                Some(cell) => out.extend(cell.bytes().map(|byte| match byte {
                    byte if byte == delimiter || byte == b'\n' || byte == b'\r' => b' ',
                    byte => byte,
                })),
            }
        }
        out.push(b'\n');
    }
    out
}

/// A line each as OpenCSVSerde reads it: days and milliseconds for dates and times, nothing for NULL.
///
/// # Errors
/// When a column cannot be made numbers.
pub(super) fn csv(batch: &RecordBatch, rules: Csv) -> Result<Vec<u8>, Error> {
    let number = |column: &ArrayRef| match column.data_type() {
        DataType::Date32 => cast(column, &DataType::Int32),
        DataType::Timestamp(..) => {
            cast(&cast(column, &DataType::Timestamp(TimeUnit::Millisecond, None))?, &DataType::Int64)
        }
        _ => Ok(Arc::clone(column)),
    };
    let columns = batch.columns().iter().map(number).collect::<Result<Vec<_>, _>>();
    let columns = columns.map_err(|error| Error::new(Code::Internal, error.to_string()))?;
    let mut out = String::new();
    for row in 0..batch.num_rows() {
        for (index, column) in columns.iter().enumerate() {
            out.extend((index > 0).then_some(rules.separator));
            out.extend(text::value(column.as_ref(), row).map(|cell| rules.quoted(&cell)));
        }
        out.push('\n');
    }
    Ok(out.into_bytes())
}

/// An object each, members that are NULL left out.
pub(super) fn json(batch: &RecordBatch) -> Vec<u8> {
    let mut out = Vec::new();
    let schema = batch.schema();
    for row in 0..batch.num_rows() {
        let cells = schema.fields().iter().zip(batch.columns());
        let members = cells.filter_map(|(field, column)| Some((field.name().clone(), value(column, row)?)));
        out.extend(Value::Object(members.collect::<Map<_, _>>()).to_string().bytes());
        out.push(b'\n');
    }
    out
}

/// The value as JSON has it; times, decimals and bytes are their texts.
fn value(column: &ArrayRef, row: usize) -> Option<Value> {
    to_json(column, row).ok().flatten()
}
