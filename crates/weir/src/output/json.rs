//! JSON lines: an object a row.

use std::io::Write;

use anyhow::Result;
use arrow::{
    array::{Array, AsArray as _},
    datatypes::{DataType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, SchemaRef},
    datatypes::{UInt8Type, UInt16Type, UInt32Type, UInt64Type},
    record_batch::RecordBatch,
};
use serde_json::Value;

/// Writes a batch; keys are in the order of the columns.
pub(super) fn write(out: &mut impl Write, schema: &SchemaRef, batch: &RecordBatch) -> Result<()> {
    let keys = schema.fields().iter().map(|field| serde_json::to_string(field.name()));
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    for row in 0..batch.num_rows() {
        for (index, (key, column)) in keys.iter().zip(batch.columns()).enumerate() {
            let before = if index == 0 { "{" } else { "," };
            write!(out, "{before}{key}:{}", value(column.as_ref(), row)?)?;
        }
        out.write_all(if keys.is_empty() { b"{}\n" } else { b"}\n" })?;
    }
    Ok(())
}

/// Numbers, booleans and lists as such; everything else as the text that Trino writes.
fn value(column: &dyn Array, row: usize) -> Result<Value> {
    if column.is_null(row) {
        return Ok(Value::Null);
    }
    Ok(match column.data_type() {
        DataType::Boolean => Value::from(column.as_boolean().value(row)),
        DataType::Int8 => Value::from(column.as_primitive::<Int8Type>().value(row)),
        DataType::Int16 => Value::from(column.as_primitive::<Int16Type>().value(row)),
        DataType::Int32 => Value::from(column.as_primitive::<Int32Type>().value(row)),
        DataType::Int64 => Value::from(column.as_primitive::<Int64Type>().value(row)),
        DataType::UInt8 => Value::from(column.as_primitive::<UInt8Type>().value(row)),
        DataType::UInt16 => Value::from(column.as_primitive::<UInt16Type>().value(row)),
        DataType::UInt32 => Value::from(column.as_primitive::<UInt32Type>().value(row)),
        DataType::UInt64 => Value::from(column.as_primitive::<UInt64Type>().value(row)),
        DataType::Float32 => float(f64::from(column.as_primitive::<Float32Type>().value(row))),
        DataType::Float64 => float(column.as_primitive::<Float64Type>().value(row)),
        DataType::List(_) => list(column.as_list::<i32>().value(row).as_ref())?,
        DataType::LargeList(_) => list(column.as_list::<i64>().value(row).as_ref())?,
        _ => weir_query::text::value(column, row).map_or(Value::Null, Value::from),
    })
}

/// JSON has no number for infinity and NaN: they become texts.
fn float(number: f64) -> Value {
    serde_json::Number::from_f64(number).map_or_else(|| Value::from(number.to_string()), Value::Number)
}

fn list(items: &dyn Array) -> Result<Value> {
    (0..items.len()).map(|row| value(items, row)).collect::<Result<Vec<_>>>().map(Value::Array)
}
