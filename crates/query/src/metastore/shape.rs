//! Databases, tables and partitions in the shapes of Glue.

use serde_json::{Map, Value, json};

use crate::catalogue::{Database, StoredPartition, StoredTable};
use crate::hive::{ColumnDefinition, LAZY_SIMPLE, TableDefinition, TableFormat};

/// A class name of Hive's: how lines are split, what reads a file, what writes one.
pub(super) struct Classes<'a> {
    pub(super) serde: &'a str,
    pub(super) input: &'static str,
    pub(super) output: &'static str,
}

pub(super) fn classes(format: &TableFormat) -> Classes<'_> {
    let lines = |serde| Classes {
        serde,
        input: "org.apache.hadoop.mapred.TextInputFormat",
        output: "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
    };
    match format {
        TableFormat::Text { .. } => lines(LAZY_SIMPLE),
        TableFormat::Rows { serde, .. } => lines(serde),
        TableFormat::Parquet => Classes {
            serde: "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
            input: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
            output: "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        },
    }
}

/// A database as Glue shows it.
pub(super) fn database(account: &str, name: &str, database: &Database) -> Value {
    let mut shown = object(database.input.clone());
    shown.insert("Name".to_owned(), name.into());
    shown.insert("CatalogId".to_owned(), account.into());
    shown.insert("CreateTime".to_owned(), database.created.into());
    Value::Object(shown)
}

/// A table as Glue shows it: as it was told, or made of its definition.
pub(super) fn table(account: &str, database: &str, name: &str, stored: &StoredTable) -> Value {
    let mut shown = match &stored.input {
        Some(input) => object(Some(input.clone())),
        None => object(Some(defined(&stored.definition))),
    };
    let further = json!({
        "Name": name,
        "DatabaseName": database,
        "CreateTime": stored.created,
        "UpdateTime": stored.updated,
        "IsRegisteredWithLakeFormation": false,
        "CatalogId": account,
        "CreatedBy": format!("arn:aws:iam::{account}:root"),
        "VersionId": "0",
    });
    shown.extend(object(Some(further)));
    shown.entry("Retention").or_insert_with(|| 0.into());
    Value::Object(shown)
}

/// A view as Glue shows it.
pub(super) fn view(account: &str, database: &str, name: &str, text: &str, of: &[ColumnDefinition]) -> Value {
    json!({
        "Name": name,
        "DatabaseName": database,
        "Retention": 0,
        "StorageDescriptor": { "Columns": columns(of), "Location": "", "Compressed": false, "NumberOfBuckets": 0,
            "SerdeInfo": {}, "SortColumns": [], "StoredAsSubDirectories": false },
        "PartitionKeys": [],
        "ViewOriginalText": text,
        "ViewExpandedText": "/* Presto View */",
        "TableType": "VIRTUAL_VIEW",
        "Parameters": { "presto_view": "true", "comment": "Presto View" },
        "IsRegisteredWithLakeFormation": false,
        "CatalogId": account,
    })
}

/// A partition as Glue shows it.
pub(super) fn partition(
    account: &str,
    database: &str,
    name: &str,
    table: &StoredTable,
    one: &StoredPartition,
) -> Value {
    let mut shown = object(one.input.clone());
    if one.input.is_none() {
        let mut storage = storage(&table.definition);
        storage["Location"] = one.location.clone().into();
        shown.insert("StorageDescriptor".to_owned(), storage);
        shown.insert("Parameters".to_owned(), json!({}));
    }
    let further = json!({
        "Values": one.values,
        "DatabaseName": database,
        "TableName": name,
        "CreationTime": table.created,
        "CatalogId": account,
    });
    shown.extend(object(Some(further)));
    Value::Object(shown)
}

fn defined(definition: &TableDefinition) -> Value {
    let mut parameters: Map<String, Value> =
        definition.properties.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect();
    parameters.entry("EXTERNAL").or_insert_with(|| "TRUE".into());
    let mut shown = json!({
        "StorageDescriptor": storage(definition),
        "PartitionKeys": columns(&definition.partitioned_by),
        "TableType": "EXTERNAL_TABLE",
        "Parameters": parameters,
        "Owner": "hadoop",
    });
    if let Some(comment) = &definition.comment {
        shown["Description"] = comment.clone().into();
    }
    shown
}

fn storage(definition: &TableDefinition) -> Value {
    let classes = classes(&definition.format);
    let parameters = match &definition.format {
        TableFormat::Text { delimiter } => {
            json!({ "field.delim": delimiter.to_string(), "serialization.format": delimiter.to_string() })
        }
        TableFormat::Rows { properties, .. } => {
            properties.iter().map(|(key, value)| (key.clone(), Value::from(value.clone()))).collect()
        }
        TableFormat::Parquet => json!({ "serialization.format": "1" }),
    };
    json!({
        "Columns": columns(&definition.columns),
        "Location": definition.location,
        "InputFormat": classes.input,
        "OutputFormat": classes.output,
        "Compressed": false,
        "NumberOfBuckets": -1,
        "SerdeInfo": { "SerializationLibrary": classes.serde, "Parameters": parameters },
        "BucketColumns": [],
        "SortColumns": [],
        "Parameters": {},
        "SkewedInfo": { "SkewedColumnNames": [], "SkewedColumnValues": [], "SkewedColumnValueLocationMaps": {} },
        "StoredAsSubDirectories": false,
    })
}

fn columns(columns: &[ColumnDefinition]) -> Value {
    let column = |column: &ColumnDefinition| {
        let mut shown = json!({ "Name": column.name, "Type": column.kind.to_string() });
        if let Some(comment) = &column.comment {
            shown["Comment"] = comment.clone().into();
        }
        shown
    };
    columns.iter().map(column).collect()
}

fn object(value: Option<Value>) -> Map<String, Value> {
    match value {
        Some(Value::Object(members)) => members,
        _ => Map::new(),
    }
}
