//! Running Hive statements: changes to the catalogue, and what SHOW and DESCRIBE tell of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};

use crate::answer::{Answer, StatementKind};
use crate::catalogue::{Catalogue, Database, StoredPartition, StoredTable, table_not_found};
use crate::engine::{DEFAULT_DATABASE, Engine, RunOptions};
use crate::error::{Code, Error};
use crate::function;
use crate::hive::{self, Hive, Name, PartitionSpec, TableChange};
use crate::metastore;
use crate::progress::Progress;
use crate::select;
use crate::shown;
use crate::statement::{self, Statement};
use crate::write;

mod alter;
mod show;

use show::{matches, show as tell, shown_values};

/// Runs the statement.
pub(crate) async fn run(engine: &Engine, statement: Hive, options: &RunOptions) -> Result<Answer, Error> {
    let kind = kind(&statement);
    if let Some(rows) = of_view(engine, &statement, options).await? {
        return answer(kind, column_names(kind), &rows);
    }
    let rows = match statement {
        Hive::CreateTableAs { .. } | Hive::Insert { .. } | Hive::Unload { .. } => {
            return write::run(engine, statement, options).await;
        }
        Hive::Prepare { .. } | Hive::Execute { .. } | Hive::Deallocate { .. } => {
            let message = "prepared statements are kept by workgroups; start the statement through the Athena API";
            return Err(Error::new(Code::NotSupported, message));
        }
        Hive::Repair { table } => return repair(engine, &table, options).await,
        Hive::ShowFunctions { pattern } => function::NAMES
            .iter()
            .map(|name| (*name).to_owned())
            .filter(|name| matches(pattern.as_deref().map(|like| like.replace('%', "*")).as_deref(), name))
            .map(|name| vec![name])
            .collect(),
        Hive::CreateView { name, or_replace, query } => {
            select::check(engine, &query, options).await?;
            engine.catalogue.change(|catalogue| create_view(catalogue, &name, or_replace, query, &options.database))?;
            return answer(kind, &[], &[]);
        }
        statement if kind.is_definition() => {
            engine.catalogue.change(|catalogue| change(catalogue, statement, options))?;
            return answer(kind, &[], &[]);
        }
        Hive::ShowTables { .. }
        | Hive::ShowColumns { .. }
        | Hive::Describe { .. }
        | Hive::ShowCreateTable { .. }
        | Hive::ShowPartitions { .. }
        | Hive::ShowTableProperties { .. } => {
            tell(metastore::with_found(engine, table_of(&statement)).await?, &statement, &options.database)?
        }
        statement => tell(engine.catalogue.read()?, &statement, &options.database)?,
    };
    answer(kind, column_names(kind), &rows)
}

/// What DESCRIBE and SHOW COLUMNS tell of a view; none when it is no view that they ask about.
async fn of_view(engine: &Engine, statement: &Hive, options: &RunOptions) -> Result<Option<Vec<Vec<String>>>, Error> {
    let (table, wanted, described) = match statement {
        Hive::Describe { table, column, .. } => (table, column.as_deref(), true),
        Hive::ShowColumns { table } => (table, None, false),
        _ => return Ok(None),
    };
    let catalogue = engine.catalogue.read()?;
    let database = catalogue.databases.get(table.database.as_deref().unwrap_or(&options.database));
    let Some(query) = database.and_then(|found| found.views.get(&table.table)) else { return Ok(None) };
    let columns = select::columns(engine, query, options).await?;
    let columns = columns.fields().iter().filter(|field| wanted.is_none_or(|wanted| field.name() == wanted));
    let row = |field: &Arc<Field>| match described {
        true => vec![field.name().clone(), shown::type_of(field), String::new()],
        false => vec![field.name().clone()],
    };
    Ok(Some(columns.map(row).collect()))
}

/// The one table that a statement asks about.
fn table_of(statement: &Hive) -> Option<&str> {
    match statement {
        Hive::ShowColumns { table }
        | Hive::Describe { table, .. }
        | Hive::ShowCreateTable { table }
        | Hive::ShowPartitions { table }
        | Hive::ShowTableProperties { table, .. } => Some(&table.table),
        _ => None,
    }
}

/// The database, if it is named, and the table that a DESCRIBE or SHOW COLUMNS asks about.
pub(crate) fn described(sql: &str) -> Result<Option<(Option<String>, String)>, Error> {
    let Statement::Hive(tokens) = statement::read(sql)? else { return Ok(None) };
    Ok(match hive::parse(sql, &tokens)? {
        Hive::Describe { table, .. } | Hive::ShowColumns { table } => Some((table.database, table.table)),
        _ => None,
    })
}

/// The kind of a parsed statement.
pub(crate) fn kind(statement: &Hive) -> StatementKind {
    match statement {
        Hive::CreateTableAs { .. } => StatementKind::CreateTableAs,
        Hive::Insert { .. } => StatementKind::Insert,
        Hive::Unload { .. } => StatementKind::Unload,
        Hive::Prepare { .. } => StatementKind::Prepare,
        Hive::Execute { .. } => StatementKind::Execute,
        Hive::Deallocate { .. } => StatementKind::Deallocate,
        Hive::CreateTable { .. } => StatementKind::CreateTable,
        Hive::DropTable { .. } => StatementKind::DropTable,
        Hive::CreateDatabase { .. } => StatementKind::CreateDatabase,
        Hive::DropDatabase { .. } => StatementKind::DropDatabase,
        Hive::CreateView { .. } => StatementKind::CreateView,
        Hive::DropView { .. } => StatementKind::DropView,
        Hive::AddPartitions { .. } => StatementKind::AddPartition,
        Hive::DropPartitions { .. } => StatementKind::DropPartition,
        Hive::AlterTable { change, .. } => altered(change),
        Hive::Repair { .. } => StatementKind::RepairTable,
        Hive::ShowTables { .. } => StatementKind::ShowTables,
        Hive::ShowViews { .. } => StatementKind::ShowViews,
        Hive::ShowDatabases { .. } => StatementKind::ShowDatabases,
        Hive::ShowFunctions { .. } => StatementKind::ShowFunctions,
        Hive::ShowPartitions { .. } => StatementKind::ShowPartitions,
        Hive::ShowColumns { .. } => StatementKind::ShowColumns,
        Hive::ShowTableProperties { .. } => StatementKind::ShowTableProperties,
        Hive::ShowCreateTable { .. } | Hive::ShowCreateView { .. } => StatementKind::ShowCreate,
        Hive::Describe { .. } => StatementKind::Describe,
    }
}

fn altered(change: &TableChange) -> StatementKind {
    match change {
        TableChange::AddColumns(_) => StatementKind::AddColumns,
        TableChange::ReplaceColumns(_) => StatementKind::ReplaceColumns,
        TableChange::ChangeColumn { .. } => StatementKind::ChangeColumn,
        TableChange::Locate { .. } => StatementKind::SetLocation,
        TableChange::SetProperties(_) => StatementKind::SetProperties,
        TableChange::RenamePartition { .. } => StatementKind::RenamePartition,
    }
}

/// The columns of an answer, as Athena names them.
fn column_names(kind: StatementKind) -> &'static [&'static str] {
    match kind {
        StatementKind::ShowTables => &["tab_name"],
        StatementKind::ShowViews => &["views"],
        StatementKind::ShowDatabases => &["database_name"],
        StatementKind::ShowFunctions => &["Function"],
        StatementKind::ShowPartitions => &["partition"],
        StatementKind::ShowColumns => &["field"],
        StatementKind::ShowTableProperties => &["prpt_name", "prpt_value"],
        StatementKind::ShowCreate => &["createtab_stmt"],
        StatementKind::Describe => &["col_name", "data_type", "comment"],
        _ => &[],
    }
}

fn change(catalogue: &mut Catalogue, statement: Hive, options: &RunOptions) -> Result<(), Error> {
    let (database, now) = (options.database.as_str(), options.now);
    match statement {
        Hive::CreateTable { name, if_not_exists, definition } => {
            let tables = catalogue.database(name.database.as_deref().unwrap_or(database))?;
            if tables.tables.contains_key(&name.table) || tables.views.contains_key(&name.table) {
                return unless(if_not_exists, || exists(&format!("Table {}", name.table)));
            }
            tables.tables.insert(name.table, StoredTable::new(definition, now));
            Ok(())
        }
        Hive::DropTable { name, if_exists } => {
            let database = name.database.as_deref().unwrap_or(database);
            let dropped = catalogue.databases.get_mut(database).and_then(|found| found.tables.remove(&name.table));
            if dropped.is_some() { Ok(()) } else { unless(if_exists, || table_not_found(database, &name.table)) }
        }
        Hive::CreateDatabase { database, if_not_exists } => {
            if catalogue.databases.contains_key(&database) {
                return unless(if_not_exists, || exists(&format!("Database {database}")));
            }
            catalogue.databases.insert(database, Database::default());
            Ok(())
        }
        Hive::DropDatabase { database, if_exists, cascade } => drop_database(catalogue, &database, if_exists, cascade),
        Hive::DropView { name, if_exists } => {
            let database = name.database.as_deref().unwrap_or(database);
            let dropped = catalogue.databases.get_mut(database).and_then(|found| found.views.remove(&name.table));
            if dropped.is_some() { Ok(()) } else { unless(if_exists, || table_not_found(database, &name.table)) }
        }
        Hive::AddPartitions { table, if_not_exists, partitions } => {
            let stored = catalogue.table(&table, database)?;
            partitions
                .into_iter()
                .try_for_each(|(spec, location)| add_partition(stored, &spec, location, if_not_exists))
        }
        Hive::DropPartitions { table, if_exists, partitions } => {
            let stored = catalogue.table(&table, database)?;
            partitions.iter().try_for_each(|spec| drop_partition(stored, spec, if_exists))
        }
        Hive::AlterTable { table, change } => alter::apply(catalogue.table(&table, database)?, change, now),
        _ => Err(Error::new(Code::Internal, "not a statement that changes the catalogue")),
    }
}

fn create_view(
    catalogue: &mut Catalogue,
    name: &Name,
    or_replace: bool,
    query: String,
    database: &str,
) -> Result<(), Error> {
    let database = catalogue.database(name.database.as_deref().unwrap_or(database))?;
    if database.tables.contains_key(&name.table) || (database.views.contains_key(&name.table) && !or_replace) {
        return Err(exists(&format!("Table {}", name.table)));
    }
    database.views.insert(name.table.clone(), query);
    Ok(())
}

fn drop_database(catalogue: &mut Catalogue, name: &str, if_exists: bool, cascade: bool) -> Result<(), Error> {
    let Some(database) = catalogue.databases.get(name) else {
        return unless(if_exists, || {
            Error::new(Code::HiveFailed, format!("SemanticException [Error 10072]: Database does not exist: {name}"))
        });
    };
    if name == DEFAULT_DATABASE {
        return Err(execution_error("MetaException(message:Can not drop default database)"));
    }
    let empty = database.tables.is_empty() && database.views.is_empty();
    if !cascade && !empty {
        let message =
            format!("InvalidOperationException(message:Database {name} is not empty. One or more tables exist.)");
        return Err(execution_error(&message));
    }
    catalogue.databases.remove(name);
    Ok(())
}

pub(crate) fn add_partition(
    table: &mut StoredTable,
    spec: &PartitionSpec,
    location: Option<String>,
    if_not_exists: bool,
) -> Result<(), Error> {
    let columns = &table.definition.partitioned_by;
    check_columns(table, spec)?;
    let value = |name: &str| spec.iter().find(|(column, _)| column == name).map(|(_, value)| value.clone());
    let values: Option<Vec<String>> = columns.iter().map(|column| value(&column.name)).collect();
    let Some(values) = values else {
        return Err(Error::new(
            Code::HiveFailed,
            "SemanticException: partition spec does not name every partition column",
        ));
    };
    if table.partitions.iter().any(|partition| partition.values == values) {
        return unless(if_not_exists, || exists("Partition"));
    }
    let location = location.unwrap_or_else(|| {
        let folders: Vec<String> =
            columns.iter().zip(&values).map(|(column, value)| format!("{}={value}/", column.name)).collect();
        format!("{}/{}", table.definition.location.trim_end_matches('/'), folders.concat())
    });
    table.partitions.push(StoredPartition::new(values, location));
    Ok(())
}

fn drop_partition(table: &mut StoredTable, spec: &PartitionSpec, if_exists: bool) -> Result<(), Error> {
    check_columns(table, spec)?;
    let columns = &table.definition.partitioned_by;
    let agrees = |partition: &StoredPartition| {
        spec.iter().all(|(name, value)| {
            let here = columns.iter().zip(&partition.values).find(|(column, _)| column.name == *name);
            here.is_some_and(|(_, here)| here == value)
        })
    };
    let before = table.partitions.len();
    let kept: Vec<StoredPartition> = table.partitions.iter().filter(|partition| !agrees(partition)).cloned().collect();
    table.partitions = kept;
    if table.partitions.len() < before {
        return Ok(());
    }
    let shown: Vec<String> = spec.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let message = format!("SemanticException [Error 10006]: Partition not found ({})", shown.join(", "));
    unless(if_exists, || Error::new(Code::HiveFailed, message))
}

fn check_columns(table: &StoredTable, spec: &PartitionSpec) -> Result<(), Error> {
    let columns = &table.definition.partitioned_by;
    match spec.iter().find(|(name, _)| !columns.iter().any(|column| column.name == *name)) {
        None => Ok(()),
        Some((name, _)) => Err(Error::new(
            Code::HiveFailed,
            format!("SemanticException [Error 10098]: '{name}' is no partition column"),
        )),
    }
}

/// MSCK REPAIR TABLE: adds the `k=v` folders below the location that are not known yet.
async fn repair(engine: &Engine, name: &Name, options: &RunOptions) -> Result<Answer, Error> {
    let stored = engine.catalogue.read()?.table(name, &options.database)?.clone();
    let folders = partition_folders(engine, &stored).await?;
    let added = engine.catalogue.change(|catalogue| {
        let table = catalogue.table(name, &options.database)?;
        let mut added = Vec::new();
        for (values, location) in folders {
            if !table.partitions.iter().any(|partition| partition.values == values) {
                added.push(shown_values(table, &values));
                table.partitions.push(StoredPartition::new(values, location));
            }
        }
        Ok(added)
    })?;
    let mut lines = Vec::new();
    if !added.is_empty() {
        let missing: String = added.iter().map(|partition| format!("\t{}:{partition}", name.table)).collect();
        lines.push(vec![format!("Partitions not in metastore:{missing}")]);
        lines
            .extend(added.iter().map(|one| vec![format!("Repair: Added partition to metastore {}:{one}", name.table)]));
    }
    answer(StatementKind::RepairTable, &["result"], &lines)
}

/// The folders below a table's location that name its partition columns in order, with the values.
pub(crate) async fn partition_folders(
    engine: &Engine,
    table: &StoredTable,
) -> Result<BTreeSet<(Vec<String>, String)>, Error> {
    let columns = &table.definition.partitioned_by;
    let base = table.definition.location.trim_end_matches('/');
    let mut folders = BTreeSet::new();
    for path in engine.paths_below(base).await? {
        let mut parts: Vec<&str> = path.split('/').collect();
        parts.pop();
        let value = |(part, column): (&&str, &hive::ColumnDefinition)| {
            part.split_once('=').filter(|(key, _)| *key == column.name).map(|(_, value)| value.to_owned())
        };
        let values: Option<Vec<String>> = parts.iter().zip(columns).map(value).collect();
        if let Some(values) = values.filter(|values| values.len() == columns.len() && !columns.is_empty()) {
            let location = format!("{base}/{}/", parts[..columns.len()].join("/"));
            folders.insert((values, location));
        }
    }
    Ok(folders)
}

fn unless(condition: bool, error: impl FnOnce() -> Error) -> Result<(), Error> {
    if condition { Ok(()) } else { Err(error()) }
}

pub(crate) fn exists(what: &str) -> Error {
    execution_error(&format!("AlreadyExistsException(message:{what} already exists)"))
}

fn execution_error(cause: &str) -> Error {
    let message = format!("Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. {cause}");
    Error::new(Code::HiveFailed, message)
}

/// An answer of texts.
fn answer(kind: StatementKind, columns: &[&str], rows: &[Vec<String>]) -> Result<Answer, Error> {
    let fields: Vec<Field> = columns.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let column = |index: usize| Arc::new(StringArray::from_iter(rows.iter().map(|row| row.get(index)))) as ArrayRef;
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    let arrays = (0..columns.len()).map(column).collect();
    let batch = RecordBatch::try_new_with_options(Arc::clone(&schema), arrays, &options)
        .map_err(|error| Error::new(Code::Internal, error.to_string()))?;
    let batches = futures::stream::iter((batch.num_rows() > 0).then_some(Ok(batch)));
    Ok(Answer::new(kind, schema, Box::pin(batches), Arc::new(Progress::default())))
}
