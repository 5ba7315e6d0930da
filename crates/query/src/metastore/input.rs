//! What Glue is told of a table, as a definition that queries can read.

use serde_json::Value;

use crate::error::{Code, Error};
use crate::hive::{ColumnDefinition, HiveType, Storage, TableDefinition, TableFormat};

/// The definition, and why no query can read it, if so. Types that there are not here are read as text.
pub(super) fn definition(input: &Value) -> (TableDefinition, Option<String>) {
    let storage = &input["StorageDescriptor"];
    let mut unreadable = None;
    let mut columns = |value: &Value| -> Vec<ColumnDefinition> {
        let column = |column: &Value| {
            let written = column["Type"].as_str().unwrap_or("string");
            let kind = written.parse().ok();
            if kind.is_none() {
                unreadable.get_or_insert_with(|| format!("columns of type {written} are not supported"));
            }
            ColumnDefinition {
                name: column["Name"].as_str().unwrap_or_default().to_lowercase(),
                kind: kind.unwrap_or(HiveType::String),
                comment: column["Comment"].as_str().map(str::to_owned),
            }
        };
        value.as_array().into_iter().flatten().map(column).collect()
    };
    let (data, partitioned_by) = (columns(&storage["Columns"]), columns(&input["PartitionKeys"]));
    let format = format(storage, &data);
    let definition = TableDefinition {
        columns: data,
        partitioned_by,
        comment: input["Description"].as_str().map(str::to_owned),
        format: format.clone().unwrap_or(TableFormat::Parquet),
        location: storage["Location"].as_str().unwrap_or_default().to_owned(),
        properties: properties(&input["Parameters"]),
    };
    let reason = match format {
        Err(error) => Some(error.message),
        Ok(_) if definition.location.is_empty() => Some("it has no location".to_owned()),
        Ok(_) => unreadable,
    };
    (definition, reason)
}

fn properties(parameters: &Value) -> Vec<(String, String)> {
    let text = |(key, value): (&String, &Value)| (key.clone(), value.as_str().unwrap_or_default().to_owned());
    parameters.as_object().into_iter().flatten().map(text).collect()
}

fn format(storage: &Value, columns: &[ColumnDefinition]) -> Result<TableFormat, Error> {
    let serde = &storage["SerdeInfo"];
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    if serde["SerializationLibrary"].is_null() && storage["InputFormat"].is_null() {
        return Err(Error::new(Code::NotSupported, "a table without SerDe and input format is not supported"));
    }
    let storage = Storage {
        serde: text(&serde["SerializationLibrary"]),
        properties: properties(&serde["Parameters"]),
        stored_as: text(&storage["InputFormat"]),
    };
    storage.format(&names, columns.iter().any(|column| column.kind.is_rich()))
}
