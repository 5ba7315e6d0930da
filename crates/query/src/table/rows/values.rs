//! Cells to the values of a column.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, BooleanArray, StringViewArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::error::ArrowError;
use serde_json::Value;

use crate::function::lenient_column;

/// The values of a column whose cells have parts: `parts` tells those of a cell as JSON.
pub(super) fn nested(
    cells: &StringViewArray,
    wanted: &DataType,
    parts: impl Fn(&str) -> Value,
) -> Result<ArrayRef, ArrowError> {
    let values = cells.iter().map(|cell| cell.map_or(Value::Null, &parts));
    lenient_column(values, wanted).map_err(|error| ArrowError::ComputeError(error.to_string()))
}

/// The values; NULL for a cell that is none of the column's type.
pub(super) fn lenient(cells: &StringViewArray, wanted: &DataType) -> Result<ArrayRef, ArrowError> {
    match wanted {
        DataType::Utf8View => Ok(Arc::new(cells.clone())),
        DataType::Boolean => Ok(Arc::new(cells.iter().map(|cell| cell.and_then(boolean)).collect::<BooleanArray>())),
        _ => cast(cells, wanted),
    }
}

/// The values as OpenCSVSerde has them: dates are days, times are milliseconds, both since 1970.
pub(super) fn of_csv(cells: &StringViewArray, wanted: &DataType) -> Result<ArrayRef, ArrowError> {
    match wanted {
        DataType::Date32 => cast(&cast(cells, &DataType::Int32)?, wanted),
        DataType::Timestamp(..) => cast(&cast(cells, &DataType::Int64)?, wanted),
        _ => lenient(cells, wanted),
    }
}

/// The first row whose cell has become NULL.
pub(super) fn misfit(cells: &StringViewArray, values: &ArrayRef) -> Option<usize> {
    if values.null_count() == cells.null_count() {
        return None;
    }
    (0..cells.len()).find(|row| cells.is_valid(*row) && values.is_null(*row))
}

fn boolean(cell: &str) -> Option<bool> {
    match cell {
        cell if cell.eq_ignore_ascii_case("true") => Some(true),
        cell if cell.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}
