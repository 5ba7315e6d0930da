//! Statements that write objects: CREATE TABLE AS, INSERT INTO, UNLOAD.
//!
//! The rows of a query go into objects as they come; the table is made, or its partitions are added, when the last
//! object is whole. The answer is one row: how many rows were written.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::array::{Int64Array, new_null_array};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;

use crate::answer::{Answer, StatementKind};
use crate::catalogue::{StoredPartition, StoredTable};
use crate::engine::{Engine, RunOptions};
use crate::error::{Code, Error};
use crate::hive::{ColumnDefinition, Hive, Name, Property, TableDefinition, TableFormat};
use crate::metastore;
use crate::select;

mod format;
mod lines;
mod options;
mod sink;

use format::Format;
use options::WriteOptions;
use sink::Sink;
pub(crate) use sink::{cannot_write, put_object, shut};

/// Runs the statement: its answer ends when all is written.
pub(crate) async fn run(engine: &Engine, statement: Hive, options: &RunOptions) -> Result<Answer, Error> {
    match statement {
        Hive::CreateTableAs { name, if_not_exists, properties, query, with_data } => {
            create_table_as(engine, &name, if_not_exists, &properties, &query, with_data, options).await
        }
        Hive::Insert { name, columns, query } => insert(engine, &name, &columns, &query, options).await,
        Hive::Unload { query, location, properties } => unload(engine, &query, &location, &properties, options).await,
        _ => Err(Error::new(Code::Internal, "not a statement that writes")),
    }
}

/// What is to be done with the catalogue once everything is written.
type Then = Box<dyn FnOnce(&[sink::Folder]) -> Result<(), Error> + Send>;

async fn create_table_as(
    engine: &Engine,
    name: &Name,
    if_not_exists: bool,
    properties: &[Property],
    query: &str,
    with_data: bool,
    options: &RunOptions,
) -> Result<Answer, Error> {
    let database = name.database.clone().unwrap_or_else(|| options.database.clone());
    let mut catalogue = engine.catalogue.read()?;
    let known = catalogue.databases.get_mut(&database);
    let known = known
        .ok_or_else(|| Error::at(Code::SchemaNotFound, name.position, format!("Schema '{database}' does not exist")))?;
    if known.tables.contains_key(&name.table) || known.views.contains_key(&name.table) {
        if if_not_exists {
            return Ok(answer(StatementKind::CreateTableAs, Box::pin(async { Ok(0) }), Arc::default()));
        }
        let message = format!("Destination table 'awsdatacatalog.{database}.{}' already exists", name.table);
        return Err(Error::at(Code::TableAlreadyExists, name.position, message));
    }
    let write = WriteOptions::read(properties, options::TABLE)?;
    let location = write.location.clone().or_else(|| options.data_folder.clone()).ok_or_else(|| {
        Error::at(
            Code::NoLocation,
            name.position,
            "give the table a folder: WITH (external_location = 's3://bucket/folder/')",
        )
    })?;
    let rows = select::run(engine, query, options).await?;
    let schema = rows.schema();
    let definition = definition(&schema, &write, &location)?;
    let sink = Sink::create(&engine.buckets, &location, &schema, write).await?;
    let (store, table, now) = (Arc::clone(&engine.catalogue), name.table.clone(), options.now);
    let then: Then = Box::new(move |folders| {
        store.change(|catalogue| {
            let known = catalogue.database(&database)?;
            if known.tables.contains_key(&table) {
                return Err(Error::new(
                    Code::TableAlreadyExists,
                    format!("Destination table '{table}' already exists"),
                ));
            }
            let mut stored = StoredTable::new(definition, now);
            stored.partitions =
                folders.iter().map(|one| StoredPartition::new(one.values.clone(), one.location.clone())).collect();
            known.tables.insert(table, stored);
            Ok(())
        })
    });
    Ok(writing(StatementKind::CreateTableAs, rows, sink, then, with_data))
}

/// The table that the columns of a query make.
fn definition(schema: &SchemaRef, write: &WriteOptions, location: &str) -> Result<TableDefinition, Error> {
    let mut columns = Vec::new();
    for (index, field) in schema.fields().iter().enumerate() {
        if *field.name() == format!("_col{index}") {
            let message = format!("Column name not specified at position {}", index + 1);
            return Err(Error::new(Code::MissingColumnName, message));
        }
        let kind = metastore::hive_type(field.data_type()).ok_or_else(|| {
            let shown = crate::function::type_name(field.data_type());
            Error::new(Code::NotSupported, format!("Unsupported Hive type: {shown} (column '{}')", field.name()))
        })?;
        columns.push(ColumnDefinition { name: field.name().to_lowercase(), kind, comment: None });
    }
    let names: BTreeSet<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    if names.len() < columns.len() {
        return Err(Error::new(Code::MismatchedColumns, "two columns of the query have one name"));
    }
    let partitioned_by = columns.split_off(columns.len() - write.partitioned_by.len().min(columns.len()));
    let format = match write.format {
        Format::Parquet(_) => TableFormat::Parquet,
        Format::Text { delimiter, .. } => TableFormat::Text { delimiter: char::from(delimiter) },
        Format::Json { .. } => {
            TableFormat::Rows { serde: "org.apache.hive.hcatalog.data.JsonSerDe".to_owned(), properties: Vec::new() }
        }
        Format::Csv { .. } => return Err(Error::new(Code::Internal, "CREATE TABLE AS has no format CSV")),
    };
    let location = location.to_owned();
    Ok(TableDefinition { columns, partitioned_by, comment: None, format, location, properties: Vec::new() })
}

async fn insert(
    engine: &Engine,
    name: &Name,
    columns: &[String],
    query: &str,
    options: &RunOptions,
) -> Result<Answer, Error> {
    let database = name.database.clone().unwrap_or_else(|| options.database.clone());
    let catalogue = engine.catalogue.read()?;
    let stored = catalogue.databases.get(&database).and_then(|found| found.tables.get(&name.table));
    let stored = stored.filter(|stored| stored.unreadable.is_none()).ok_or_else(|| {
        let message = format!("Table 'awsdatacatalog.{database}.{}' does not exist", name.table);
        Error::at(Code::TableNotFound, name.position, message)
    })?;
    let rows = select::run(engine, query, options).await?;
    let table = crate::table::Table::defined(stored, options.now)?.schema(false);
    let order = order(&table, columns, &rows.schema())?;
    let write = WriteOptions::of_table(&stored.definition)?;
    let location = stored.definition.location.clone();
    let sink = Sink::append(&engine.buckets, &location, &table, write)?.arranged(order);
    let (store, target) = (Arc::clone(&engine.catalogue), name.clone());
    let then: Then = Box::new(move |folders| {
        store.change(|catalogue| {
            let stored = catalogue.table(&target, &database)?;
            for folder in folders {
                if !stored.partitions.iter().any(|known| known.values == folder.values) {
                    stored.partitions.push(StoredPartition::new(folder.values.clone(), folder.location.clone()));
                }
            }
            Ok(())
        })
    });
    Ok(writing(StatementKind::Insert, rows, sink, then, true))
}

/// Which column of the query goes into each column of the table; none for NULL.
fn order(table: &SchemaRef, named: &[String], query: &SchemaRef) -> Result<Vec<Option<usize>>, Error> {
    let mismatch = |message: String| Error::new(Code::MismatchedColumns, message);
    let all: Vec<String> = table.fields().iter().map(|field| field.name().clone()).collect();
    let named = if named.is_empty() { &all } else { named };
    if named.len() != query.fields().len() {
        let types = |schema: &[&Field]| {
            schema.iter().map(|field| crate::function::type_name(field.data_type())).collect::<Vec<_>>().join(", ")
        };
        let of_table: Vec<&Field> = table.fields().iter().map(AsRef::as_ref).collect();
        let of_query: Vec<&Field> = query.fields().iter().map(AsRef::as_ref).collect();
        return Err(mismatch(format!(
            "Insert query has mismatched column types: Table: [{}], Query: [{}]",
            types(&of_table),
            types(&of_query)
        )));
    }
    if let Some(unknown) = named.iter().find(|name| !all.contains(name)) {
        return Err(Error::new(
            Code::ColumnNotFound,
            format!("Insert column name does not exist in target table: {unknown}"),
        ));
    }
    let place = |field: &Arc<Field>| named.iter().position(|name| name == field.name());
    let order: Vec<Option<usize>> = table.fields().iter().map(place).collect();
    for (field, from) in table.fields().iter().zip(&order) {
        let Some(from) = from.map(|from| query.field(from)) else { continue };
        if !fits(from.data_type(), field.data_type()) {
            let (given, wanted) =
                (crate::function::type_name(from.data_type()), crate::function::type_name(field.data_type()));
            return Err(mismatch(format!(
                "Insert query has mismatched column types: column '{}' is {wanted}, the query gives {given}",
                field.name()
            )));
        }
    }
    Ok(order)
}

/// Whether values of a type can be put into a column without a cast: the same kind, numbers no narrower. Whole
/// numbers of a text are bigint here, so a whole number may go into any whole column.
fn fits(given: &DataType, wanted: &DataType) -> bool {
    use crate::function::is_text;
    given == wanted
        || given.is_null()
        || (is_text(given) && is_text(wanted))
        || (given.is_integer() && wanted.is_numeric())
        || (given.is_floating() && wanted.is_floating())
        || matches!((given, wanted), (DataType::Timestamp(_, None) | DataType::Date32, DataType::Timestamp(_, None)))
}

async fn unload(
    engine: &Engine,
    query: &str,
    location: &str,
    properties: &[Property],
    options: &RunOptions,
) -> Result<Answer, Error> {
    let write = WriteOptions::read(properties, options::UNLOAD)?;
    let rows = select::run(engine, query, options).await?;
    let sink = Sink::create(&engine.buckets, location, &rows.schema(), write).await?;
    Ok(writing(StatementKind::Unload, rows, sink, Box::new(|_| Ok(())), true))
}

/// The answer that writes as it is read.
fn writing(kind: StatementKind, rows: Answer, sink: Sink, then: Then, with_data: bool) -> Answer {
    let progress = rows.progress();
    let written = sink.written();
    let work = async move {
        let (mut rows, mut sink) = (rows, sink);
        while with_data && let Some(batch) = rows.next().await {
            sink.write(&batch?).await?;
        }
        let (count, folders) = sink.finish(with_data).await?;
        then(&folders)?;
        Ok(i64::try_from(count).unwrap_or(i64::MAX))
    };
    answer(kind, Box::pin(work), progress).writing(written)
}

type Work = std::pin::Pin<Box<dyn Future<Output = Result<i64, Error>> + Send>>;

fn answer(kind: StatementKind, work: Work, progress: Arc<crate::progress::Progress>) -> Answer {
    let schema = Arc::new(Schema::new(vec![Field::new("rows", DataType::Int64, true)]));
    let shown = Arc::clone(&schema);
    let batches = futures::stream::once(async move {
        let rows = Int64Array::from(vec![work.await?]);
        RecordBatch::try_new(shown, vec![Arc::new(rows)]).map_err(|error| Error::new(Code::Internal, error.to_string()))
    });
    Answer::new(kind, schema, Box::pin(batches), progress)
}

/// The columns of a batch as a table has them.
fn arrange(batch: &RecordBatch, schema: &SchemaRef, order: &[Option<usize>]) -> Result<RecordBatch, Error> {
    let failed = |error: ArrowError| Error::new(Code::NumericValueOutOfRange, error.to_string());
    let mut columns = Vec::with_capacity(order.len());
    let options = CastOptions { safe: false, ..CastOptions::default() };
    for (field, from) in schema.fields().iter().zip(order) {
        columns.push(match from {
            Some(from) => cast_with_options(batch.column(*from), field.data_type(), &options).map_err(failed)?,
            None => new_null_array(field.data_type(), batch.num_rows()),
        });
    }
    RecordBatch::try_new(Arc::clone(schema), columns).map_err(failed)
}
