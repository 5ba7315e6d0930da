//! ALTER TABLE on the definition of a table.

use super::{check_columns, exists, shown_values};
use crate::catalogue::{StoredPartition, StoredTable};
use crate::error::{Code, Error};
use crate::hive::{ColumnDefinition, PartitionSpec, TableChange};

/// Changes the table; `now` in Unix milliseconds. The objects stay as they are.
///
/// # Errors
/// When a column or a partition is not there, or is there twice.
pub(super) fn apply(table: &mut StoredTable, change: TableChange, now: i64) -> Result<(), Error> {
    let definition = &mut table.definition;
    match change {
        TableChange::AddColumns(columns) => definition.columns.extend(columns),
        TableChange::ReplaceColumns(columns) => definition.columns = columns,
        TableChange::ChangeColumn { old, new } => {
            let column = definition.columns.iter_mut().find(|column| column.name == old);
            *column.ok_or_else(|| refused(&format!("Invalid column reference {old}")))? = new;
        }
        TableChange::Locate { partition: None, location } => definition.location = location,
        TableChange::Locate { partition: Some(spec), location } => one(table, &spec)?.location = location,
        TableChange::SetProperties(properties) => {
            for (key, value) in properties {
                definition.properties.retain(|(known, _)| *known != key);
                definition.properties.push((key, value));
            }
        }
        TableChange::RenamePartition { from, to } => rename(table, &from, &to)?,
    }
    check_names(table)?;
    // What the Glue API was told of the table is not the whole truth any more.
    table.input = None;
    table.unreadable = None;
    table.updated = now;
    Ok(())
}

fn rename(table: &mut StoredTable, from: &PartitionSpec, to: &PartitionSpec) -> Result<(), Error> {
    let values = values(table, to)?;
    if table.partitions.iter().any(|partition| partition.values == values) {
        return Err(exists(&format!("Partition {}", shown_values(table, &values))));
    }
    one(table, from)?.values = values;
    Ok(())
}

/// The values of a specification that names every partition column, in the columns' order.
fn values(table: &StoredTable, spec: &PartitionSpec) -> Result<Vec<String>, Error> {
    check_columns(table, spec)?;
    let value =
        |column: &ColumnDefinition| spec.iter().find(|(name, _)| *name == column.name).map(|(_, value)| value.clone());
    let values: Option<Vec<String>> = table.definition.partitioned_by.iter().map(value).collect();
    values.ok_or_else(|| refused("partition spec does not name every partition column"))
}

fn one<'a>(table: &'a mut StoredTable, spec: &PartitionSpec) -> Result<&'a mut StoredPartition, Error> {
    let values = values(table, spec)?;
    let shown = shown_values(table, &values);
    let found = table.partitions.iter_mut().find(|partition| partition.values == values);
    found.ok_or_else(|| refused(&format!("[Error 10006]: Partition not found ({shown})")))
}

fn check_names(table: &StoredTable) -> Result<(), Error> {
    let definition = &table.definition;
    let names: Vec<&str> =
        definition.columns.iter().chain(&definition.partitioned_by).map(|column| column.name.as_str()).collect();
    match names.iter().enumerate().find(|(place, name)| names[..*place].contains(name)) {
        Some((_, name)) => Err(refused(&format!("Duplicate column name: {name}"))),
        None => Ok(()),
    }
}

fn refused(what: &str) -> Error {
    let separator = if what.starts_with('[') { " " } else { ": " };
    Error::new(Code::HiveFailed, format!("SemanticException{separator}{what}"))
}
