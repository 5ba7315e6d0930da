//! Values to JSON, and JSON to values of a type.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StructArray};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::datatypes::{DataType, Fields, Float32Type, Float64Type, Int64Type};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::ScalarUDF;
use serde_json::{Number, Value};

use super::super::generic::{entries, map_of, pair, range};
use super::super::{cast::typed, is_text, json_type, type_name};
use super::{read, source};
use crate::error::{Code, Error};
use crate::text;

/// The value of a row as JSON; none for NULL.
pub(crate) fn to_json(column: &ArrayRef, row: usize) -> Result<Option<Value>> {
    if column.is_null(row) {
        return Ok(None);
    }
    let inner = |column: &ArrayRef, at: usize| Ok(to_json(column, at)?.unwrap_or(Value::Null));
    Ok(Some(match column.data_type() {
        kind if *kind == json_type() => return Ok(read(source(column).value(row))),
        DataType::Boolean => Value::Bool(column.as_boolean().value(row)),
        kind if kind.is_integer() => {
            let wide = datafusion::arrow::compute::cast(&column.slice(row, 1), &DataType::Int64)?;
            Value::from(wide.as_primitive::<Int64Type>().value(0))
        }
        DataType::Float64 => number(column.as_primitive::<Float64Type>().value(row)),
        DataType::Float32 => number(f64::from(column.as_primitive::<Float32Type>().value(row))),
        DataType::List(_) => {
            let list = column.as_list::<i32>();
            let items = range(list, row).unwrap_or(0..0);
            Value::Array(items.map(|at| inner(list.values(), at)).collect::<Result<_>>()?)
        }
        DataType::Map(..) => {
            let map = column.as_map();
            let all = entries(map, row)
                .unwrap_or(0..0)
                .map(|at| Ok((text::value(map.keys().as_ref(), at).unwrap_or_default(), inner(map.values(), at)?)));
            Value::Object(all.collect::<Result<_>>()?)
        }
        DataType::Struct(fields) => {
            let columns = column.as_struct().columns();
            let all = fields.iter().zip(columns).map(|(field, column)| Ok((field.name().clone(), inner(column, row)?)));
            Value::Object(all.collect::<Result<_>>()?)
        }
        kind if *kind == super::super::ADDRESS => {
            super::super::address_texts(column.as_fixed_size_binary()).value(row).into()
        }
        _ => Value::String(text::value(column.as_ref(), row).unwrap_or_default()),
    }))
}

/// Numbers that JSON does not have are texts.
fn number(value: f64) -> Value {
    Number::from_f64(value).map_or_else(|| Value::String(value.to_string()), Value::Number)
}

/// The function that `CAST(json AS …)` becomes.
pub(crate) fn from_json(target: DataType) -> ScalarUDF {
    typed("$from_json", target, |texts, target| {
        let texts = source(texts);
        let values = texts.iter().map(|text| to_value(&text.and_then(read).unwrap_or(Value::Null), target));
        array_of(values.collect::<Result<Vec<_>>>()?, target)
    })
}

/// A column of what these are in a type; NULL for what does not fit it, also for a part of it.
///
/// # Errors
/// When the values make no column.
pub(crate) fn lenient_column(values: impl Iterator<Item = Value>, target: &DataType) -> Result<ArrayRef> {
    let values = values.map(|value| fitted(&value, target, &|_, target| ScalarValue::try_from(target)));
    array_of(values.collect::<Result<Vec<_>>>()?, target)
}

fn wrong<T>(value: &Value, target: &DataType) -> Result<T> {
    let message = format!("Cannot cast to {}: {value}", type_name(target));
    Err(Error::new(Code::InvalidCastArgument, message).into_datafusion())
}

fn to_value(value: &Value, target: &DataType) -> Result<ScalarValue> {
    fitted(value, target, &wrong)
}

/// The value in a type; `misfit` is asked about a part that does not fit its own.
fn fitted(value: &Value, target: &DataType, misfit: &Misfit) -> Result<ScalarValue> {
    match (value, target) {
        (value, target) if *target == json_type() => json(value),
        (Value::Null, target) => ScalarValue::try_from(target),
        (Value::Array(items), DataType::List(item)) => {
            let items =
                items.iter().map(|value| fitted(value, item.data_type(), misfit)).collect::<Result<Vec<_>>>()?;
            Ok(ScalarValue::List(ScalarValue::new_list(&items, item.data_type(), true)))
        }
        (Value::Object(members), DataType::Map(..)) => {
            let Some((key_field, value_field)) = pair(target) else { return misfit(value, target) };
            let key = |name: &String| to_value(&Value::String(name.clone()), key_field.data_type());
            let Ok(keys) = members.keys().map(key).collect::<Result<Vec<_>>>() else { return misfit(value, target) };
            let values = members.values().map(|value| fitted(value, value_field.data_type(), misfit));
            let values = values.collect::<Result<Vec<_>>>()?;
            let (keys, values) = (array_of(keys, key_field.data_type())?, array_of(values, value_field.data_type())?);
            let offsets = OffsetBuffer::from_lengths([keys.len()]);
            ScalarValue::try_from_array(&map_of(target, offsets, keys, values, None)?, 0)
        }
        (Value::Object(members), DataType::Struct(fields)) => {
            let member =
                |name: &str| members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
            row(fields, fields.iter().map(|field| member(field.name()).unwrap_or(&Value::Null)), misfit)
        }
        (Value::Array(items), DataType::Struct(fields)) if items.len() == fields.len() => {
            row(fields, items.iter(), misfit)
        }
        (value, target) => match scalar(value, target) {
            Some(found) => Ok(found),
            None => misfit(value, target),
        },
    }
}

/// What becomes of a value that a type does not have.
type Misfit = dyn Fn(&Value, &DataType) -> Result<ScalarValue>;

fn array_of(values: Vec<ScalarValue>, kind: &DataType) -> Result<ArrayRef> {
    if values.is_empty() {
        return Ok(datafusion::arrow::array::new_empty_array(kind));
    }
    ScalarValue::iter_to_array(values)
}

fn json(value: &Value) -> Result<ScalarValue> {
    ScalarValue::try_from_array(&super::column(vec![Some(value.clone())]), 0)
}

fn row<'a>(fields: &Fields, values: impl Iterator<Item = &'a Value>, misfit: &Misfit) -> Result<ScalarValue> {
    let columns = fields.iter().zip(values).map(|(field, value)| fitted(value, field.data_type(), misfit)?.to_array());
    let columns = columns.collect::<Result<Vec<_>>>()?;
    Ok(ScalarValue::Struct(Arc::new(StructArray::try_new(fields.clone(), columns, None)?)))
}

/// Numbers, truth values and texts go over into each other, as far as they can.
fn scalar(value: &Value, target: &DataType) -> Option<ScalarValue> {
    let plain = match (value, target) {
        (Value::Array(_) | Value::Object(_), _) => return None,
        (_, target) if target.is_nested() => return None,
        (Value::Bool(yes), target) if target.is_numeric() => u8::from(*yes).to_string(),
        (Value::Number(number), DataType::Boolean) => (number.as_f64() != Some(0.0)).to_string(),
        (Value::Number(number), target) if target.is_integer() => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => whole.to_string(),
            (None, other) => format!("{:.0}", other?.round()),
        },
        (Value::String(text), _) => text.clone(),
        (value, _) => value.to_string(),
    };
    if is_text(target) {
        return Some(ScalarValue::Utf8View(Some(plain)));
    }
    ScalarValue::try_from_string(plain, target).ok()
}
