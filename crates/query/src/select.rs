//! Queries: from the text to DataFusion's stream of batches.

use std::sync::Arc;

use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::catalog::{CatalogProvider, MemoryCatalogProvider, MemorySchemaProvider, SchemaProvider};
use datafusion::common::TableReference;
use datafusion::dataframe::DataFrame;
use datafusion::execution::context::SessionContext;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionConfig;
use datafusion::sql::parser::Statement as DfStatement;
use datafusion::sql::sqlparser::ast::Statement;
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;
use futures::StreamExt;

use crate::answer::{Answer, StatementKind};
use crate::engine::{DEFAULT_DATABASE, Engine, RunOptions};
use crate::error::{Code, Error};
use crate::progress::Progress;
use crate::table::{BoundTable, ScanContext};
use crate::trino_error;

/// The one catalogue, as Athena names it.
const CATALOG: &str = "awsdatacatalog";

/// Runs a query.
pub(crate) async fn run(engine: &Engine, sql: &str, options: &RunOptions) -> Result<Answer, Error> {
    let statement = parse(sql)?;
    let kind = match &statement {
        Statement::Query(_) => StatementKind::Select,
        Statement::Explain { .. } => StatementKind::Explain,
        _ => return Err(Error::new(Code::SyntaxError, "Queries of this type are not supported")),
    };
    let progress = Arc::new(Progress::default());
    let state = session(engine, options)?;
    let context = Arc::new(ScanContext {
        buckets: engine.buckets.clone(),
        progress: Arc::clone(&progress),
        skip_bad_objects: options.skip_bad_objects,
    });
    let statement = DfStatement::Statement(Box::new(statement));
    register_tables(engine, &state, &statement, options, &context)?;
    let plan = plan(&state, statement).await?;
    let stream =
        DataFrame::new(state, plan).execute_stream().await.map_err(|error| trino_error::from_datafusion(&error))?;
    let schema = output_schema(&stream.schema());
    let named = Arc::clone(&schema);
    let batches = stream.map(move |batch| {
        let batch = batch.map_err(|error| trino_error::from_datafusion(&error))?;
        rename(&batch, &named)
    });
    Ok(Answer::new(kind, schema, Box::pin(batches), progress))
}

fn parse(sql: &str) -> Result<Statement, Error> {
    let parser = Parser::new(&GenericDialect {}).try_with_sql(sql);
    let statements = parser.and_then(|mut parser| parser.parse_statements());
    let mut statements = statements.map_err(|error| trino_error::from_parser(&error))?;
    match statements.len() {
        1 => Ok(statements.swap_remove(0)),
        _ => Err(Error::new(Code::SyntaxError, format!("Only one sql statement is allowed. Got: {sql}"))),
    }
}

/// A session for one query: its own tables and objects, the engine's memory.
fn session(engine: &Engine, _options: &RunOptions) -> Result<SessionState, Error> {
    let mut config = SessionConfig::new()
        .with_target_partitions(engine.options.threads.max(1))
        .with_default_catalog_and_schema(CATALOG, DEFAULT_DATABASE)
        .with_create_default_catalog_and_schema(false);
    let settings = config.options_mut();
    settings.sql_parser.collect_spans = true;
    settings.sql_parser.default_null_ordering = "nulls_last".to_owned();
    settings.execution.parquet.pushdown_filters = true;
    settings.execution.parquet.reorder_filters = true;
    let runtime = RuntimeEnvBuilder::new().with_memory_pool(Arc::clone(&engine.memory)).build_arc();
    let runtime = runtime.map_err(|error| trino_error::from_datafusion(&error))?;
    Ok(SessionStateBuilder::new().with_config(config).with_runtime_env(runtime).with_default_features().build())
}

/// Puts the tables that the statement names into the session.
fn register_tables(
    engine: &Engine,
    state: &SessionState,
    statement: &DfStatement,
    options: &RunOptions,
    context: &Arc<ScanContext>,
) -> Result<(), Error> {
    let wrong = |error: datafusion::error::DataFusionError| trino_error::from_datafusion(&error);
    let catalog = MemoryCatalogProvider::new();
    for reference in state.resolve_table_references(statement).map_err(wrong)? {
        let database = reference.schema().unwrap_or(&options.database).to_owned();
        let table = lookup(engine, &reference, &database)?;
        let schema = match catalog.schema(&database) {
            Some(schema) => schema,
            None => {
                let schema: Arc<dyn SchemaProvider> = Arc::new(MemorySchemaProvider::new());
                catalog.register_schema(&database, Arc::clone(&schema)).map_err(wrong)?;
                schema
            }
        };
        let bound = BoundTable::new(table, false, Arc::clone(context));
        schema.register_table(reference.table().to_owned(), Arc::new(bound)).map_err(wrong)?;
    }
    SessionContext::new_with_state(state.clone()).register_catalog(CATALOG, Arc::new(catalog));
    Ok(())
}

fn lookup(engine: &Engine, reference: &TableReference, database: &str) -> Result<Arc<crate::table::Table>, Error> {
    let name = reference.table();
    let place = (database == DEFAULT_DATABASE).then(|| engine.place(name)).flatten();
    place.ok_or_else(|| Error::new(Code::TableNotFound, format!("Table '{CATALOG}.{database}.{name}' does not exist")))
}

async fn plan(state: &SessionState, statement: DfStatement) -> Result<LogicalPlan, Error> {
    state.statement_to_plan(statement).await.map_err(|error| trino_error::from_datafusion(&error))
}

/// The columns of the answer as Athena names them.
fn output_schema(schema: &SchemaRef) -> SchemaRef {
    let fields =
        schema.fields().iter().map(|field| Field::new(field.name().to_lowercase(), field.data_type().clone(), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn rename(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, Error> {
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), batch.columns().to_vec(), &options)
        .map_err(|error| Error::new(Code::Internal, error.to_string()))
}
