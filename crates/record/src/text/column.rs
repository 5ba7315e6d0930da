//! Cells to values of a column.

use arrow::datatypes::DataType;

/// Whether text is read into columns of this type.
pub(super) fn is_read(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::Float32
            | DataType::Float64
            | DataType::Boolean
            | DataType::Date32
            | DataType::Timestamp(_, None)
            | DataType::Utf8View
    )
}
