//! What SHOW and DESCRIBE tell of the catalogue.

use std::collections::BTreeSet;

use regex::Regex;

use crate::catalogue::{Catalogue, StoredTable, table_not_found};
use crate::error::{Code, Error};
use crate::hive::{self, Hive};

pub(super) fn show(mut catalogue: Catalogue, statement: &Hive, database: &str) -> Result<Vec<Vec<String>>, Error> {
    let single = |names: Vec<String>| names.into_iter().map(|name| vec![name]).collect();
    match statement {
        Hive::ShowDatabases { pattern } => {
            let wanted = whole(pattern.as_deref())?;
            let names = catalogue.databases.into_keys().filter(|name| wanted.as_ref().is_none_or(|w| w.is_match(name)));
            Ok(single(names.collect()))
        }
        Hive::ShowTables { database: named, pattern } => {
            let found = catalogue.database(named.as_deref().unwrap_or(database))?;
            let names: BTreeSet<&String> = found.tables.keys().chain(found.views.keys()).collect();
            Ok(single(names.into_iter().filter(|name| matches(pattern.as_deref(), name)).cloned().collect()))
        }
        Hive::ShowViews { database: named, pattern } => {
            let found = catalogue.database(named.as_deref().unwrap_or(database))?;
            Ok(single(found.views.keys().filter(|name| matches(pattern.as_deref(), name)).cloned().collect()))
        }
        Hive::ShowPartitions { table } => {
            let stored = catalogue.table(table, database)?;
            if stored.definition.partitioned_by.is_empty() {
                let message = format!(
                    "Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. Table {} is not a partitioned table",
                    table.table
                );
                return Err(Error::new(Code::HiveFailed, message));
            }
            let shown = stored.partitions.iter().map(|partition| shown_values(stored, &partition.values));
            Ok(single(shown.collect()))
        }
        Hive::ShowColumns { table } => {
            let definition = &catalogue.table(table, database)?.definition;
            let columns = definition.columns.iter().chain(&definition.partitioned_by);
            Ok(single(columns.map(|column| column.name.clone()).collect()))
        }
        Hive::ShowTableProperties { table, key } => {
            let definition = &catalogue.table(table, database)?.definition;
            let wanted = |name: &str| key.as_ref().is_none_or(|key| key == name);
            let pairs = definition.properties.iter().filter(|(name, _)| wanted(name));
            Ok(pairs.map(|(name, value)| vec![name.clone(), value.clone()]).collect())
        }
        Hive::ShowCreateTable { table } => {
            let definition = &catalogue.table(table, database)?.definition;
            Ok(single(hive::create_table(table.database.as_deref().unwrap_or(database), &table.table, definition)))
        }
        Hive::ShowCreateView { view } => {
            let database = view.database.as_deref().unwrap_or(database);
            let found = catalogue.databases.get(database).and_then(|found| found.views.get(&view.table));
            let query = found.ok_or_else(|| table_not_found(database, &view.table))?;
            Ok(single(format!("CREATE VIEW {} AS\n{query}", view.table).lines().map(str::to_owned).collect()))
        }
        Hive::Describe { table, partition, column } => {
            let stored = catalogue.table(table, database)?;
            if let Some(spec) = partition {
                known_partition(stored, spec)?;
            }
            match column {
                None => Ok(describe(stored)),
                Some(column) => describe_column(stored, column).map(|row| vec![row]),
            }
        }
        _ => Err(Error::new(Code::Internal, "not a statement that shows the catalogue")),
    }
}

/// The regular expression of whole names of databases; none for all of them.
fn whole(pattern: Option<&str>) -> Result<Option<Regex>, Error> {
    let Some(pattern) = pattern.filter(|pattern| *pattern != "*") else { return Ok(None) };
    let wrong = |_| Error::new(Code::HiveFailed, format!("'{pattern}' is no regular expression"));
    Regex::new(&format!(r"\A(?:{pattern})\z")).map(Some).map_err(wrong)
}

/// That there is a partition of these values.
fn known_partition(table: &StoredTable, spec: &hive::PartitionSpec) -> Result<(), Error> {
    super::check_columns(table, spec)?;
    let columns = &table.definition.partitioned_by;
    let has = |values: &[String], (name, value): &(String, String)| {
        columns.iter().zip(values).any(|(column, known)| column.name == *name && known == value)
    };
    if table.partitions.iter().any(|partition| spec.iter().all(|pair| has(&partition.values, pair))) {
        return Ok(());
    }
    let shown: Vec<String> = spec.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let message = format!("SemanticException [Error 10006]: Partition not found ({})", shown.join(", "));
    Err(Error::new(Code::HiveFailed, message))
}

fn describe_column(table: &StoredTable, name: &str) -> Result<Vec<String>, Error> {
    let definition = &table.definition;
    let mut columns = definition.columns.iter().chain(&definition.partitioned_by);
    let column = columns.find(|column| column.name == name).ok_or_else(|| {
        Error::new(Code::HiveFailed, format!("SemanticException [Error 10002]: Invalid column reference {name}"))
    })?;
    Ok(vec![column.name.clone(), column.kind.to_string(), column.comment.clone().unwrap_or_default()])
}

fn describe(table: &StoredTable) -> Vec<Vec<String>> {
    let row = |column: &hive::ColumnDefinition| {
        vec![column.name.clone(), column.kind.to_string(), column.comment.clone().unwrap_or_default()]
    };
    let definition = &table.definition;
    let mut rows: Vec<Vec<String>> = definition.columns.iter().chain(&definition.partitioned_by).map(row).collect();
    if !definition.partitioned_by.is_empty() {
        let line = |a: &str, b: &str, c: &str| vec![a.to_owned(), b.to_owned(), c.to_owned()];
        rows.extend([line("", "", ""), line("# Partition Information", "", "")]);
        rows.extend([line("# col_name", "data_type", "comment"), line("", "", "")]);
        rows.extend(definition.partitioned_by.iter().map(row));
    }
    rows
}

pub(super) fn shown_values(table: &StoredTable, values: &[String]) -> String {
    let pairs = table.definition.partitioned_by.iter().zip(values);
    pairs.map(|(column, value)| format!("{}={value}", column.name)).collect::<Vec<_>>().join("/")
}

/// Hive's patterns: `*` (or `.*`) for any characters, `|` for a choice.
pub(super) fn matches(pattern: Option<&str>, name: &str) -> bool {
    let Some(pattern) = pattern else { return true };
    pattern.split('|').any(|choice| glob(&choice.replace(".*", "*").to_lowercase(), name))
}

fn glob(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, after)) => name.strip_prefix(before).is_some_and(|rest| {
            let starts = (0..=rest.len()).filter(|start| rest.is_char_boundary(*start));
            starts.into_iter().any(|start| glob(after, &rest[start..]))
        }),
    }
}
