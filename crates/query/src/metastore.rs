//! What is defined, for those who ask other than by SQL: `information_schema`, and the shapes of Glue and Athena.
//!
//! Tables of flow logs are among it, although nobody defined them: see [`Engine::with_finder`] and [`Engine::add_place`].

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int64Array, StringArray};
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::arrow::record_batch::RecordBatch;

use crate::catalogue::{Catalogue, StoredTable};
use crate::engine::{DEFAULT_DATABASE, Engine, Placed};
use crate::error::{Code, Error};
use crate::function::json_type;
use crate::hive::{ColumnDefinition, HiveType, TableDefinition, TableFormat};
use crate::table::{Partitions, Table, UnitFormat};

mod condition;
mod glue;
mod input;
mod partitions;
mod shape;

pub use glue::MetastoreError;

/// The schema that says what there is.
pub(crate) const INFORMATION_SCHEMA: &str = "information_schema";

/// The catalogue with the tables of flow logs in it. Columns are looked up of the one table that is asked for, and
/// of all with `None` they are left out.
pub(crate) async fn with_found(engine: &Engine, wanted: Option<&str>) -> Result<Catalogue, Error> {
    let mut catalogue = engine.catalogue.read()?;
    if let Some(database) = catalogue.databases.get_mut(DEFAULT_DATABASE) {
        for (name, Placed { table, location }) in engine.places() {
            database.views.remove(&name);
            database.tables.insert(name, StoredTable::new(definition(Some(&table), location), 0));
        }
    }
    for (name, folder) in engine.found() {
        let is_wanted = wanted.is_some_and(|wanted| wanted == name);
        let Some(database) = catalogue.databases.get_mut(DEFAULT_DATABASE) else { continue };
        if database.tables.contains_key(&name) || database.views.contains_key(&name) {
            continue;
        }
        let table = if is_wanted { engine.look_at(&folder, true).await? } else { None };
        database.tables.insert(name, StoredTable::new(definition(table.as_ref(), folder), 0));
    }
    Ok(catalogue)
}

/// Whether there is a table or view of this name.
pub(crate) fn has_table(engine: &Engine, database: &str, table: &str) -> Result<bool, Error> {
    if database == INFORMATION_SCHEMA {
        return Ok(true);
    }
    let catalogue = engine.catalogue.read()?;
    let known = catalogue.databases.get(database);
    let defined = known.is_some_and(|known| known.tables.contains_key(table) || known.views.contains_key(table));
    let undefined = || engine.place(table).is_some() || engine.found().iter().any(|(name, _)| name == table);
    Ok(defined || (database == DEFAULT_DATABASE && undefined()))
}

/// The catalogue with the tables of flow logs and their columns.
pub(crate) async fn whole(engine: &Engine) -> Result<Catalogue, Error> {
    let mut catalogue = with_found(engine, None).await?;
    for (name, folder) in engine.found() {
        let found = catalogue.databases.get_mut(DEFAULT_DATABASE).and_then(|known| known.tables.get_mut(&name));
        let Some(stored) = found.filter(|stored| stored.definition.location == folder) else { continue };
        let table = engine.look_at(&folder, true).await?;
        stored.definition = definition(table.as_ref(), folder);
    }
    Ok(catalogue)
}

/// A found table as if it had been defined.
fn definition(table: Option<&Table>, location: String) -> TableDefinition {
    let column = |field: &Field| ColumnDefinition {
        name: field.name().clone(),
        kind: hive_type(field.data_type()).unwrap_or(HiveType::String),
        comment: None,
    };
    let is_parquet = |table: &Table| match &table.partitions {
        Partitions::Objects(units) => units.iter().all(|unit| matches!(unit.format, UnitFormat::Parquet)),
        Partitions::Locations { .. } => false,
    };
    let parquet = table.is_some_and(is_parquet);
    TableDefinition {
        columns: table
            .map(|table| table.columns.fields().iter().map(|field| column(field)).collect())
            .unwrap_or_default(),
        partitioned_by: table.map(|table| table.partition_columns.iter().map(column).collect()).unwrap_or_default(),
        comment: None,
        format: if parquet { TableFormat::Parquet } else { TableFormat::Text { delimiter: ' ' } },
        location,
        properties: vec![("EXTERNAL".to_owned(), "TRUE".to_owned())],
    }
}

/// The type of Hive's that holds these values; none when there is none here.
pub(crate) fn hive_type(kind: &DataType) -> Option<HiveType> {
    Some(match kind {
        DataType::Boolean => HiveType::Boolean,
        DataType::Int8 => HiveType::TinyInt,
        DataType::Int16 | DataType::UInt8 => HiveType::SmallInt,
        DataType::Int32 | DataType::UInt16 => HiveType::Int,
        DataType::Int64 | DataType::UInt32 | DataType::UInt64 => HiveType::BigInt,
        DataType::Float32 => HiveType::Float,
        DataType::Float64 => HiveType::Double,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => HiveType::String,
        DataType::Date32 => HiveType::Date,
        DataType::Timestamp(_, None) => HiveType::Timestamp,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => HiveType::Binary,
        DataType::Decimal128(digits, scale) => HiveType::Decimal(*digits, u8::try_from(*scale).ok()?),
        DataType::List(item) => HiveType::Array(Box::new(hive_type(item.data_type())?)),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(pair) => {
                let [key, value] = pair.as_ref() else { return None };
                HiveType::Map(Box::new(hive_type(key.data_type())?), Box::new(hive_type(value.data_type())?))
            }
            _ => return None,
        },
        other if *other == json_type() => return None,
        DataType::Struct(fields) => {
            let member = |field: &Arc<Field>| Some((field.name().to_lowercase(), hive_type(field.data_type())?));
            HiveType::Struct(fields.iter().map(member).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

/// A table of `information_schema`: `schemata`, `tables`, `columns`, `views`.
pub(crate) async fn information_schema(engine: &Engine, name: &str) -> Result<Option<RecordBatch>, Error> {
    let rows = match name {
        "schemata" => schemata(&with_found(engine, None).await?),
        "tables" => tables(&with_found(engine, None).await?),
        "views" => views(&engine.catalogue.read()?),
        "columns" => columns(&whole(engine).await?),
        _ => return Ok(None),
    };
    rows.map(Some).map_err(|error| Error::new(Code::Internal, error.to_string()))
}

type Built = Result<RecordBatch, datafusion::arrow::error::ArrowError>;

/// Columns of text by name.
fn texts<const N: usize>(names: [&str; N], rows: &[[String; N]]) -> Vec<(String, ArrayRef)> {
    let column = |index: usize| Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row[index].as_str())));
    names.iter().enumerate().map(|(index, name)| ((*name).to_owned(), column(index) as ArrayRef)).collect()
}

fn schemata(catalogue: &Catalogue) -> Built {
    let names = catalogue.databases.keys().map(String::as_str).chain([INFORMATION_SCHEMA]);
    let rows: Vec<_> = names.map(|name| ["awsdatacatalog".to_owned(), name.to_owned()]).collect();
    RecordBatch::try_from_iter(texts(["catalog_name", "schema_name"], &rows))
}

fn tables(catalogue: &Catalogue) -> Built {
    let mut rows = Vec::new();
    for (database, found) in &catalogue.databases {
        let named = found.tables.keys().map(|name| (name, "BASE TABLE"));
        let views = found.views.keys().map(|name| (name, "VIEW"));
        let all: BTreeMap<_, _> = named.chain(views).collect();
        let row = |(name, kind): (&String, &str)| {
            ["awsdatacatalog".to_owned(), database.clone(), name.clone(), kind.to_owned()]
        };
        rows.extend(all.into_iter().map(row));
    }
    RecordBatch::try_from_iter(texts(["table_catalog", "table_schema", "table_name", "table_type"], &rows))
}

fn views(catalogue: &Catalogue) -> Built {
    let mut rows = Vec::new();
    for (database, found) in &catalogue.databases {
        let row = |(name, text): (&String, &String)| {
            ["awsdatacatalog".to_owned(), database.clone(), name.clone(), text.clone()]
        };
        rows.extend(found.views.iter().map(row));
    }
    RecordBatch::try_from_iter(texts(["table_catalog", "table_schema", "table_name", "view_definition"], &rows))
}

fn columns(catalogue: &Catalogue) -> Built {
    let (mut rows, mut positions) = (Vec::new(), Vec::new());
    for (database, found) in &catalogue.databases {
        for (table, stored) in &found.tables {
            let definition = &stored.definition;
            for (index, column) in definition.columns.iter().chain(&definition.partitioned_by).enumerate() {
                let extra = if index >= definition.columns.len() { "partition key" } else { "" };
                rows.push([
                    "awsdatacatalog".to_owned(),
                    database.clone(),
                    table.clone(),
                    column.name.clone(),
                    column.kind.trino_name(),
                    "YES".to_owned(),
                    column.comment.clone().unwrap_or_default(),
                    extra.to_owned(),
                ]);
                positions.push(i64::try_from(index + 1).unwrap_or(i64::MAX));
            }
        }
    }
    let names = [
        "table_catalog",
        "table_schema",
        "table_name",
        "column_name",
        "data_type",
        "is_nullable",
        "comment",
        "extra_info",
    ];
    let mut columns = texts(names, &rows);
    columns.insert(4, ("ordinal_position".to_owned(), Arc::new(Int64Array::from(positions)) as ArrayRef));
    RecordBatch::try_from_iter(columns)
}
