//! What Glue is told of a table, as a definition that queries can read.

use serde_json::Value;

use crate::hive::{ColumnDefinition, HiveType, TableDefinition, TableFormat};

/// The definition, and why no query can read it, if so. Types that there are not here are read as text.
pub(super) fn definition(input: &Value) -> (TableDefinition, Option<String>) {
    let storage = &input["StorageDescriptor"];
    let mut unreadable = None;
    let mut columns = |value: &Value| -> Vec<ColumnDefinition> {
        let column = |column: &Value| {
            let written = column["Type"].as_str().unwrap_or("string");
            let kind = hive_type(written);
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
    let format = format(storage);
    let definition = TableDefinition {
        columns: data,
        partitioned_by,
        comment: input["Description"].as_str().map(str::to_owned),
        format: format.clone().unwrap_or(TableFormat::Parquet),
        location: storage["Location"].as_str().unwrap_or_default().to_owned(),
        properties: properties(&input["Parameters"]),
    };
    let reason = match format {
        Err(class) => Some(format!("'{class}' is not supported; text (LazySimpleSerDe) and Parquet are")),
        Ok(_) if definition.location.is_empty() => Some("it has no location".to_owned()),
        Ok(_) => unreadable,
    };
    (definition, reason)
}

fn properties(parameters: &Value) -> Vec<(String, String)> {
    let text = |(key, value): (&String, &Value)| (key.clone(), value.as_str().unwrap_or_default().to_owned());
    parameters.as_object().into_iter().flatten().map(text).collect()
}

/// The format, or the class that there is not here.
fn format(storage: &Value) -> Result<TableFormat, String> {
    let serde = &storage["SerdeInfo"];
    let class = serde["SerializationLibrary"].as_str().or_else(|| storage["InputFormat"].as_str()).unwrap_or_default();
    let lower = class.to_ascii_lowercase();
    if lower.contains("parquet") {
        return Ok(TableFormat::Parquet);
    }
    if lower.contains("lazysimple") || lower.contains("textinputformat") {
        let given = |key: &str| serde["Parameters"][key].as_str().and_then(|text| text.chars().next());
        let delimiter = given("field.delim").or_else(|| given("separatorChar")).unwrap_or('\u{1}');
        return Ok(TableFormat::Text { delimiter });
    }
    Err(if class.is_empty() { "a table without SerDe".to_owned() } else { class.to_owned() })
}

fn hive_type(written: &str) -> Option<HiveType> {
    HiveType::of(&written.split('(').next().unwrap_or(written).trim().to_ascii_lowercase())
}
