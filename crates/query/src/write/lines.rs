//! Rows as lines: cells as LazySimpleSerDe reads them, or JSON objects.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::arrow::record_batch::RecordBatch;
use serde_json::{Map, Value};

use crate::athena::text;
use crate::error::{Code, Error};
use crate::table::Csv;

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
        let members = cells.filter_map(|(field, column)| Some((field.name().clone(), value(column.as_ref(), row)?)));
        out.extend(Value::Object(members.collect::<Map<_, _>>()).to_string().bytes());
        out.push(b'\n');
    }
    out
}

fn value(column: &dyn Array, row: usize) -> Option<Value> {
    let shown = text::value(column, row)?;
    Some(match column.data_type() {
        kind if kind.is_integer() || kind.is_floating() => serde_json::from_str(&shown).unwrap_or(Value::String(shown)),
        DataType::Boolean => Value::Bool(shown == "true"),
        _ => Value::String(shown),
    })
}
