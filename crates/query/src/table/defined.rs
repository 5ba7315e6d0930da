//! A table of the catalogue.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use datafusion::common::ScalarValue;

use super::{Partitions, Reading, RowFormat, RowReading, Table, projection};
use crate::catalogue::StoredTable;
use crate::error::{Code, Error};
use crate::function::map_type;
use crate::hive::{ColumnDefinition, HiveType, NULL_PARTITION, TableDefinition, TableFormat};

impl Table {
    /// The table as it was defined; `now` (Unix milliseconds) is what NOW means in a projection.
    ///
    /// # Errors
    /// When partitions are to be projected and the properties do not say how.
    pub(crate) fn defined(stored: &StoredTable, now: i64) -> Result<Self, Error> {
        let definition = &stored.definition;
        let partition_columns: Vec<Field> = definition.partitioned_by.iter().map(field).collect();
        let locations = if partition_columns.is_empty() {
            vec![(definition.location.clone(), Arc::from([]))]
        } else {
            let values = |values: &[String]| {
                partition_columns.iter().zip(values).map(|(column, text)| value(column.data_type(), text)).collect()
            };
            match projection::partitions(definition, now)? {
                Some(projected) => projected.into_iter().map(|(texts, folder)| (folder, values(&texts))).collect(),
                None => stored.partitions.iter().map(|one| (one.location.clone(), values(&one.values))).collect(),
            }
        };
        let is_injected = |place: &usize| projection::is_injected(definition, &definition.partitioned_by[*place]);
        let injected = (0..definition.partitioned_by.len()).filter(is_injected).collect();
        let reading = reading(definition)?;
        Ok(Table {
            columns: Arc::new(Schema::new(definition.columns.iter().map(field).collect::<Vec<_>>())),
            partition_columns,
            partitions: Partitions::Locations { reading, locations, injected },
            bad: Vec::new(),
        })
    }
}

fn reading(definition: &TableDefinition) -> Result<Reading, Error> {
    let lines = definition.property("skip.header.line.count").and_then(|lines| lines.trim().parse().ok());
    let header_lines = lines.unwrap_or(0);
    Ok(match &definition.format {
        TableFormat::Parquet => Reading::Parquet,
        TableFormat::Text { delimiter } => {
            Reading::HiveText { delimiter: u8::try_from(*delimiter).unwrap_or(b' '), header_lines }
        }
        TableFormat::Rows { serde, properties } => {
            let names: Vec<&str> = definition.columns.iter().map(|column| column.name.as_str()).collect();
            let format = RowFormat::new(serde, properties, &names).unwrap_or_else(|| Err("it is not known".to_owned()));
            let format = format.map_err(|reason| Error::new(Code::HiveFailed, format!("{serde}: {reason}")))?;
            let forgiving =
                definition.property("use.null.for.invalid.data").is_some_and(|on| on.eq_ignore_ascii_case("true"));
            let rules = format!("{serde} {properties:?}").into();
            Reading::Rows(RowReading { format: Arc::new(format), rules, header_lines, forgiving })
        }
    })
}

fn field(column: &ColumnDefinition) -> Field {
    Field::new(&column.name, data_type(&column.kind), true)
}

fn data_type(kind: &HiveType) -> DataType {
    match kind {
        HiveType::Boolean => DataType::Boolean,
        HiveType::TinyInt => DataType::Int8,
        HiveType::SmallInt => DataType::Int16,
        HiveType::Int => DataType::Int32,
        HiveType::BigInt => DataType::Int64,
        HiveType::Float => DataType::Float32,
        HiveType::Double => DataType::Float64,
        HiveType::String | HiveType::Varchar(_) | HiveType::Char(_) => DataType::Utf8View,
        HiveType::Binary => DataType::BinaryView,
        HiveType::Date => DataType::Date32,
        HiveType::Timestamp => DataType::Timestamp(TimeUnit::Millisecond, None),
        HiveType::Decimal(digits, scale) => DataType::Decimal128(*digits, i8::try_from(*scale).unwrap_or(0)),
        HiveType::Array(item) => DataType::new_list(data_type(item), true),
        HiveType::Map(key, value) => map_type(data_type(key), data_type(value)),
        HiveType::Struct(members) => {
            DataType::Struct(members.iter().map(|(name, kind)| Field::new(name, data_type(kind), true)).collect())
        }
    }
}

/// A partition's value as its column has it; NULL for what does not fit.
fn value(kind: &DataType, text: &str) -> ScalarValue {
    let null = || ScalarValue::try_from(kind).unwrap_or(ScalarValue::Null);
    match text {
        NULL_PARTITION => null(),
        text => ScalarValue::try_from_string(text.to_owned(), kind).unwrap_or_else(|_| null()),
    }
}
