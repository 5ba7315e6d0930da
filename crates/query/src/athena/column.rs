//! Columns of a result, as Athena names their types.

use datafusion::arrow::datatypes::{DataType, Field, Schema};
use serde::{Deserialize, Serialize};

use crate::shown::TYPE_KEY;

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct ColumnInfo {
    pub catalog_name: String,
    pub schema_name: String,
    pub table_name: String,
    pub name: String,
    pub label: String,
    #[serde(rename = "Type")]
    pub kind: String,
    pub precision: i32,
    pub scale: i32,
    pub nullable: String,
    pub case_sensitive: bool,
}

/// The columns of a query.
pub(super) fn of_query(schema: &Schema) -> Vec<ColumnInfo> {
    schema.fields().iter().map(|field| of_field(field)).collect()
}

/// The columns of SHOW and DESCRIBE: text without a precision.
pub(super) fn of_texts(schema: &Schema) -> Vec<ColumnInfo> {
    schema.fields().iter().map(|field| info(field.name(), "string", 0, 0)).collect()
}

fn of_field(field: &Field) -> ColumnInfo {
    if let Some(kind) = field.metadata().get(TYPE_KEY) {
        return info(field.name(), kind, 0, 0);
    }
    let (kind, precision, scale) = named(field.data_type());
    info(field.name(), kind, precision, scale)
}

fn info(name: &str, kind: &str, precision: i32, scale: i32) -> ColumnInfo {
    ColumnInfo {
        catalog_name: "hive".to_owned(),
        schema_name: String::new(),
        table_name: String::new(),
        name: name.to_owned(),
        label: name.to_owned(),
        kind: kind.to_owned(),
        precision,
        scale,
        nullable: "UNKNOWN".to_owned(),
        case_sensitive: matches!(kind, "varchar" | "char"),
    }
}

/// Name, precision and scale of a type. Source: athena.md §6.
fn named(kind: &DataType) -> (&'static str, i32, i32) {
    match kind {
        DataType::Boolean => ("boolean", 0, 0),
        DataType::Int8 => ("tinyint", 3, 0),
        DataType::Int16 | DataType::UInt8 => ("smallint", 5, 0),
        DataType::Int32 | DataType::UInt16 => ("integer", 10, 0),
        DataType::Int64 | DataType::UInt32 | DataType::UInt64 => ("bigint", 19, 0),
        DataType::Float16 | DataType::Float32 => ("float", 17, 0),
        DataType::Float64 => ("double", 17, 0),
        DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) => {
            ("decimal", i32::from(*precision), i32::from(*scale))
        }
        DataType::Date32 | DataType::Date64 => ("date", 0, 0),
        DataType::Timestamp(_, None) => ("timestamp", 3, 0),
        DataType::Timestamp(_, Some(_)) => ("timestamp with time zone", 3, 0),
        DataType::Time32(_) | DataType::Time64(_) => ("time", 3, 0),
        DataType::Interval(datafusion::arrow::datatypes::IntervalUnit::YearMonth) => ("interval year to month", 0, 0),
        DataType::Interval(_) | DataType::Duration(_) => ("interval day to second", 0, 0),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            ("varbinary", 1_073_741_824, 0)
        }
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => ("array", 0, 0),
        DataType::Map(..) => ("map", 0, 0),
        DataType::Struct(_) => ("row", 0, 0),
        DataType::Null => ("unknown", 0, 0),
        DataType::Dictionary(_, values) => named(values),
        _ => ("varchar", i32::MAX, 0),
    }
}
