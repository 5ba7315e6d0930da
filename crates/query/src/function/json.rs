//! JSON: a row of one text, so that it is no varchar (`json_type`).

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, StringViewArray, StringViewBuilder, StructArray,
};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::common::Result;
use serde_json::Value;

use super::generic::{Generic, types};
use super::{Entry, Overload, Param, done, json_type, refuse};

mod convert;
mod path;

pub(crate) use convert::{from_json, lenient_column, to_json};
use path::Path;

/// What `CAST(x AS JSON)` becomes.
pub(crate) const TO_JSON: &str = "$cast_json";

const TEXT: Param = Param::Text;
const JSON: Param = Param::Json;

const fn new(parameters: &'static [Param], result: Param, body: super::Body) -> Overload {
    Overload { parameters, variadic: false, result, body }
}

/// A function of a JSON value or of the text of one.
macro_rules! of_json {
    ([$($more:expr),*], $result:expr, $body:expr) => {
        &[new(&[TEXT, $($more),*], $result, $body), new(&[JSON, $($more),*], $result, $body)]
    };
}

pub(super) const FUNCTIONS: &[Entry] = &[
    ("json_extract", of_json!([TEXT], JSON, extract)),
    ("json_extract_scalar", of_json!([TEXT], TEXT, extract_scalar)),
    ("json_size", of_json!([TEXT], Param::Bigint, size)),
    ("json_array_length", of_json!([], Param::Bigint, array_length)),
    ("json_array_get", of_json!([Param::Bigint], JSON, array_get)),
    (
        "json_array_contains",
        &[
            new(&[TEXT, TEXT], Param::Boolean, array_contains),
            new(&[TEXT, Param::Boolean], Param::Boolean, array_contains),
            new(&[TEXT, Param::Bigint], Param::Boolean, array_contains),
            new(&[TEXT, Param::Double], Param::Boolean, array_contains),
            new(&[JSON, TEXT], Param::Boolean, array_contains),
            new(&[JSON, Param::Boolean], Param::Boolean, array_contains),
            new(&[JSON, Param::Bigint], Param::Boolean, array_contains),
            new(&[JSON, Param::Double], Param::Boolean, array_contains),
        ],
    ),
    ("is_json_scalar", of_json!([], Param::Boolean, is_scalar)),
    ("json_parse", &[new(&[TEXT], JSON, parse)]),
    ("json_format", &[new(&[JSON], TEXT, |args, _| Ok(Arc::new(texts(args[0].as_struct()))))]),
];

pub(super) const GENERIC: &[Generic] = &[Generic {
    name: TO_JSON,
    usage: "CAST(x AS JSON)",
    takes_null: false,
    types: |given| match given {
        [of] => types(vec![of.clone()], json_type()),
        _ => None,
    },
    body: |args, _| {
        Ok(column((0..args[0].len()).map(|row| convert::to_json(&args[0], row)).collect::<Result<Vec<_>>>()?))
    },
}];

/// JSON values as their texts.
pub(crate) fn texts(values: &StructArray) -> StringViewArray {
    let texts = values.column(0).as_string_view();
    (0..values.len()).map(|row| (values.is_valid(row) && texts.is_valid(row)).then(|| texts.value(row))).collect()
}

/// A column of JSON.
fn column(values: Vec<Option<Value>>) -> ArrayRef {
    let valid: NullBuffer = values.iter().map(Option::is_some).collect();
    let mut texts = StringViewBuilder::with_capacity(values.len());
    values.into_iter().for_each(|value| texts.append_option(value.map(|value| value.to_string())));
    let DataType::Struct(fields) = json_type() else { return Arc::new(texts.finish()) };
    let rows = StructArray::try_new(fields, vec![Arc::new(texts.finish())], Some(valid));
    rows.map_or_else(|_| datafusion::arrow::array::new_null_array(&json_type(), 0), |rows| Arc::new(rows) as ArrayRef)
}

/// The texts of an argument that is JSON or varchar.
fn source(array: &ArrayRef) -> StringViewArray {
    match array.as_struct_opt() {
        Some(values) => texts(values),
        None => array.as_string_view().clone(),
    }
}

fn read(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

/// What each row's value gives; NULL for a text that is no JSON.
fn each<T>(args: &[ArrayRef], of: impl Fn(Value, usize) -> Result<Option<T>>) -> Result<Vec<Option<T>>> {
    let missing = |row: usize| args.iter().any(|arg| arg.is_null(row));
    let row = |(row, text): (usize, Option<&str>)| match text.filter(|_| !missing(row)).and_then(read) {
        Some(value) => of(value, row),
        None => Ok(None),
    };
    source(&args[0]).iter().enumerate().map(row).collect()
}

/// What stands at the path of each row.
fn at_path<T>(args: &[ArrayRef], of: impl Fn(Value) -> Option<T>) -> Result<Vec<Option<T>>> {
    let paths = args[1].as_string_view();
    let mut last: Option<(&str, Path)> = None;
    let mut rows = Vec::with_capacity(paths.len());
    for (row, text) in source(&args[0]).iter().enumerate() {
        if paths.is_null(row) {
            rows.push(None);
            continue;
        }
        let written = paths.value(row);
        if last.as_ref().is_none_or(|(known, _)| *known != written) {
            let Some(path) = Path::parse(written) else { return refuse(format!("Invalid JSON path: '{written}'")) };
            last = Some((written, path));
        }
        let found = last.as_ref().zip(text.and_then(read)).and_then(|((_, path), value)| path.find(value));
        rows.push(found.and_then(&of));
    }
    Ok(rows)
}

fn extract(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    Ok(column(at_path(args, Some)?))
}

/// Texts, numbers and truth values as texts; NULL for what holds others.
fn extract_scalar(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let of = |value: Value| match value {
        Value::String(text) => Some(text),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    done(StringViewArray::from_iter(at_path(args, of)?))
}

/// How many members or items; 0 for what holds none.
fn size(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let of = |value: Value| {
        let count = value.as_array().map(Vec::len).or_else(|| value.as_object().map(serde_json::Map::len));
        i64::try_from(count.unwrap_or(0)).ok()
    };
    done(Int64Array::from(at_path(args, of)?))
}

/// NULL for what is no array.
fn array_length(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let of = |value: Value, _| Ok(value.as_array().and_then(|items| i64::try_from(items.len()).ok()));
    done(Int64Array::from(each(args, of)?))
}

/// The item at a place from 0, or from the end when negative.
fn array_get(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let places = args[1].as_primitive::<Int64Type>();
    let of = |mut value: Value, row: usize| {
        let Some(items) = value.as_array_mut() else { return Ok(None) };
        let far = usize::try_from(places.value(row).unsigned_abs()).unwrap_or(usize::MAX);
        let at = if places.value(row) < 0 { items.len().checked_sub(far) } else { Some(far) };
        Ok(at.filter(|at| *at < items.len()).map(|at| items.swap_remove(at)))
    };
    Ok(column(each(args, of)?))
}

fn array_contains(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let wanted = &args[1];
    let is = |item: &Value, row: usize| match (item, wanted.data_type()) {
        (Value::String(text), DataType::Utf8View) => wanted.as_string_view().value(row) == text,
        (Value::Bool(is), DataType::Boolean) => wanted.as_boolean().value(row) == *is,
        (Value::Number(number), DataType::Int64) => {
            number.as_i64() == Some(wanted.as_primitive::<Int64Type>().value(row))
        }
        (Value::Number(number), DataType::Float64) => {
            number.as_f64() == Some(wanted.as_primitive::<Float64Type>().value(row))
        }
        _ => false,
    };
    let of = |value: Value, row: usize| Ok(value.as_array().map(|items| items.iter().any(|item| is(item, row))));
    done(BooleanArray::from(each(args, of)?))
}

fn is_scalar(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let row = |text: Option<&str>| match text.map(|text| (text, read(text))) {
        None => Ok(None),
        Some((_, Some(value))) => Ok(Some(!value.is_array() && !value.is_object())),
        Some((text, None)) => refuse(format!("Invalid JSON value: {text}")),
    };
    done(source(&args[0]).iter().map(row).collect::<Result<BooleanArray>>()?)
}

fn parse(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let row = |text: Option<&str>| match text.map(|text| (text, read(text))) {
        None => Ok(None),
        Some((_, Some(value))) => Ok(Some(value)),
        Some((text, None)) => refuse(format!("Cannot convert value to JSON: '{text}'")),
    };
    Ok(column(args[0].as_string_view().iter().map(row).collect::<Result<Vec<_>>>()?))
}
