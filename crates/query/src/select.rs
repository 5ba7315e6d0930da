//! Queries: from the text to DataFusion's stream of batches.

use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::catalog::{
    CatalogProvider, MemoryCatalogProvider, MemorySchemaProvider, SchemaProvider, TableProvider,
};
use datafusion::common::{ScalarValue, TableReference};
use datafusion::dataframe::DataFrame;
use datafusion::datasource::{MemTable, ViewTable};
use datafusion::error::DataFusionError;
use datafusion::execution::context::{QueryPlanner, SessionContext};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::prelude::SessionConfig;
use datafusion::sql::parser::Statement as DfStatement;
use datafusion::sql::sqlparser::ast::{ObjectName, Spanned, Statement, Visit, Visitor};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};

use crate::answer::{Answer, Batches, StatementKind};
use crate::engine::{DEFAULT_DATABASE, Engine, RunOptions};
use crate::error::{Code, Error, Position};
use crate::explain::{self, Form};
use crate::give_way::GiveWay;
use crate::lazy::Lazily;
use crate::lexer;
use crate::metastore;
use crate::progress::{Estimate, Progress};
use crate::table::{BoundTable, HIDDEN, PARTITIONS, ScanContext, SharedTexts, Table};
use crate::{aliases, casts, check, dialect, function, lateral, operator, rewrite, shown, trino_error, try_function};

/// The one catalogue, as Athena names it.
const CATALOG: &str = "awsdatacatalog";

/// How deep views may stand on views.
const DEEPEST_VIEW: usize = 16;

/// Runs a query.
pub(crate) async fn run(engine: &Engine, sql: &str, options: &RunOptions) -> Result<Answer, Error> {
    let statement = parse(sql)?;
    let kind = kind_of(&statement)?;
    let form = explain::form(&statement)?.filter(|form| *form != Form::Text);
    let planner = Planner::new(engine, options, sql)?;
    let plan = planner.plan(sql, statement, 0).await?;
    if let (Some(form), LogicalPlan::Explain(explained)) = (form, &plan) {
        let row = explain::shown(&explained.plan, form, &planner.state)?;
        return Ok(Answer::new(kind, row.schema(), Box::pin(futures::stream::iter([Ok(row)])), planner.progress));
    }
    let stream = DataFrame::new(planner.state, plan).execute_stream().await.map_err(|error| wrong(&error))?;
    let schema = output_schema(&stream.schema());
    let (named, context) = (Arc::clone(&schema), Arc::clone(&planner.context));
    let batches = stream.then(move |batch| {
        let (named, context) = (Arc::clone(&named), Arc::clone(&context));
        async move {
            match batch {
                Ok(batch) => shown(&batch, &named),
                Err(error) => Err(reading_failed(&error, &context).await),
            }
        }
    });
    let batches: Batches = match kind {
        StatementKind::Explain => {
            let estimate = estimate_row(&schema, &planner.progress.estimate())?;
            Box::pin(batches.chain(futures::stream::iter([Ok(estimate)])))
        }
        _ => Box::pin(batches),
    };
    Ok(Answer::new(kind, schema, batches, planner.progress))
}

/// What a query would read. Objects are listed; of tables without definition their heads are read, too.
pub(crate) async fn estimate(engine: &Engine, sql: &str, options: &RunOptions) -> Result<Estimate, Error> {
    let planner = Planner::new(engine, options, sql)?;
    let plan = planner.plan(sql, parse(sql)?, 0).await?;
    planner.state.create_physical_plan(&plan).await.map_err(|error| wrong(&error))?;
    Ok(planner.progress.estimate())
}

/// The last row of an EXPLAIN: what the query has to read.
fn estimate_row(schema: &SchemaRef, estimate: &Estimate) -> Result<RecordBatch, Error> {
    let columns = schema.fields().iter().enumerate().map(|(index, field)| {
        let text = if index == 0 { "estimate".to_owned() } else { estimate.to_string() };
        ScalarValue::Utf8(Some(text)).cast_to(field.data_type())?.to_array()
    });
    let columns = columns.collect::<Result<Vec<_>, DataFusionError>>().map_err(|error| wrong(&error))?;
    RecordBatch::try_new(Arc::clone(schema), columns).map_err(|error| Error::new(Code::Internal, error.to_string()))
}

/// The error of a query that runs; damaged Parquet gets the name of its object.
async fn reading_failed(error: &DataFusionError, context: &ScanContext) -> Error {
    let own = wrong(error);
    match own.code {
        Code::BadObject => own,
        _ if trino_error::is_parquet(error) => context.opened.damaged().await.unwrap_or(own),
        _ => own,
    }
}

/// The columns that a query gives.
pub(crate) async fn columns(engine: &Engine, sql: &str, options: &RunOptions) -> Result<SchemaRef, Error> {
    let planner = Planner::new(engine, options, sql)?;
    let plan = planner.plan(sql, parse(sql)?, 0).await?;
    Ok(output_schema(&Arc::new(plan.schema().as_arrow().clone())))
}

/// Whether a query can be planned: what CREATE VIEW asks.
pub(crate) async fn check(engine: &Engine, sql: &str, options: &RunOptions) -> Result<(), Error> {
    let planner = Planner::new(engine, options, sql)?;
    planner.plan(sql, parse(sql)?, 0).await.map(|_| ())
}

/// The kind of a query, when its text is one.
pub(crate) fn kind(sql: &str) -> Result<StatementKind, Error> {
    kind_of(&parse(sql)?)
}

fn kind_of(statement: &Statement) -> Result<StatementKind, Error> {
    match statement {
        Statement::Query(_) => Ok(StatementKind::Select),
        Statement::Explain { .. } => explain::form(statement).map(|_| StatementKind::Explain),
        _ => Err(Error::new(Code::SyntaxError, "Queries of this type are not supported")),
    }
}

fn parse(sql: &str) -> Result<Statement, Error> {
    let mut statements = dialect::parse(sql).map_err(|error| trino_error::from_parser(&error, sql))?;
    if statements.len() != 1 {
        return Err(Error::new(Code::SyntaxError, format!("Only one sql statement is allowed. Got: {sql}")));
    }
    let mut statement = statements.swap_remove(0);
    rewrite::intervals(&mut statement)?;
    Ok(statement)
}

/// Plans one query: a session of its own, with its own tables and progress.
struct Planner<'a> {
    engine: &'a Engine,
    options: &'a RunOptions,
    state: SessionState,
    catalog: Arc<MemoryCatalogProvider>,
    progress: Arc<Progress>,
    context: Arc<ScanContext>,
    with_hidden: bool,
}

impl<'a> Planner<'a> {
    fn new(engine: &'a Engine, options: &'a RunOptions, sql: &str) -> Result<Self, Error> {
        let progress = Arc::new(Progress::default());
        let context = ScanContext {
            buckets: engine.buckets.clone(),
            progress: Arc::clone(&progress),
            skip_bad_objects: options.skip_bad_objects,
            opened: Arc::default(),
            texts: SharedTexts::new(engine.options.memory_limit),
            copies: engine.copies.clone(),
        };
        let state = session(engine, options, None)?;
        let catalog = Arc::new(MemoryCatalogProvider::new());
        SessionContext::new_with_state(state.clone()).register_catalog(CATALOG, Arc::clone(&catalog) as _);
        let with_hidden = lexer::tokens(sql)?.iter().any(|token| HIDDEN.contains(&token.value().as_str()));
        Ok(Planner { engine, options, state, catalog, progress, context: Arc::new(context), with_hidden })
    }

    /// The plan of a query; that of a view when `depth` is not 0.
    fn plan<'p>(
        &'p self,
        sql: &'p str,
        mut statement: Statement,
        depth: usize,
    ) -> BoxFuture<'p, Result<LogicalPlan, Error>> {
        async move {
            function::check_names(&statement)?;
            rewrite::check_samples(&statement)?;
            let written = statement.clone();
            rewrite::rewrite(&mut statement, false);
            if self.with_hidden {
                rewrite::hide(&mut statement);
            }
            let places = relation_places(&statement);
            let statement = DfStatement::Statement(Box::new(statement));
            for reference in self.state.resolve_table_references(&statement).map_err(|error| wrong(&error))? {
                self.register(&reference, &places, depth).await?;
            }
            aliases::refuse(&self.state, &written).await?;
            let mut plan = self.state.statement_to_plan(statement).await;
            if plan.as_ref().map_or_else(trino_error::names_clash, check::names_clash) {
                let mut statement = written;
                rewrite::rewrite(&mut statement, true);
                if self.with_hidden {
                    rewrite::hide(&mut statement);
                }
                let again = self.state.statement_to_plan(DfStatement::Statement(Box::new(statement))).await;
                plan = again.or_else(|error| plan.map_err(|_| error));
            }
            let tokens = lexer::tokens(sql)?;
            let plan = plan.map_err(|error| trino_error::with_place(wrong(&error), &tokens))?;
            let plan = lateral::resolve(plan).map_err(|error| wrong(&error))?;
            check::types(&plan, &tokens)?;
            let plan = casts::resolve(plan, &self.state).and_then(|plan| try_function::resolve(plan, &self.state));
            plan.map_err(|error| wrong(&error))
        }
        .boxed()
    }

    /// Puts a table or view that a statement names into the session.
    async fn register(
        &self,
        reference: &TableReference,
        places: &[(String, Position)],
        depth: usize,
    ) -> Result<(), Error> {
        let database = reference.schema().unwrap_or(&self.options.database);
        let name = reference.table();
        let place = places.iter().find(|(written, _)| written.eq_ignore_ascii_case(name)).map(|(_, place)| *place);
        let fail = |code, message| Error { code, position: place, message };
        if let Some(catalog) = reference.catalog().filter(|catalog| *catalog != CATALOG) {
            return Err(fail(Code::CatalogNotFound, format!("Catalog '{catalog}' not found")));
        }
        let provider: Arc<dyn TableProvider> = match self.find(database, name).await? {
            Found::Table(table) => Arc::new(BoundTable::new(table, self.with_hidden, Arc::clone(&self.context))),
            Found::Folder(folder) => match self.engine.look_at(&folder, self.options.skip_bad_objects).await? {
                Some(table) => Arc::new(BoundTable::new(Arc::new(table), self.with_hidden, Arc::clone(&self.context))),
                None => {
                    let message = format!(
                        "Table '{CATALOG}.{database}.{name}' has no records yet: nothing was delivered to {folder}"
                    );
                    return Err(fail(Code::TableNotFound, message));
                }
            },
            Found::Schema => self.information_schema(name).await?.ok_or_else(|| {
                fail(Code::TableNotFound, format!("Table '{CATALOG}.{database}.{name}' does not exist"))
            })?,
            Found::View(_) if depth >= DEEPEST_VIEW => {
                return Err(fail(Code::NotSupported, format!("view '{name}' stands on itself or on too many views")));
            }
            Found::View(query) => {
                let plan = self.plan(&query, parse(&query)?, depth + 1).await?;
                Arc::new(ViewTable::new(plan, Some(query)))
            }
            Found::Partitions(table) => match table.partition_rows().map_err(|error| wrong(&error))? {
                Some(rows) => {
                    Arc::new(MemTable::try_new(rows.schema(), vec![vec![rows]]).map_err(|error| wrong(&error))?)
                }
                None => {
                    return Err(fail(
                        Code::TableNotFound,
                        format!("Table '{CATALOG}.{database}.{name}' does not exist"),
                    ));
                }
            },
            Found::NoDatabase => return Err(fail(Code::SchemaNotFound, format!("Schema '{database}' does not exist"))),
            Found::Nothing => {
                return Err(fail(Code::TableNotFound, format!("Table '{CATALOG}.{database}.{name}' does not exist")));
            }
        };
        let schema = match self.catalog.schema(database) {
            Some(schema) => schema,
            None => {
                let schema: Arc<dyn SchemaProvider> = Arc::new(MemorySchemaProvider::new());
                self.catalog.register_schema(database, Arc::clone(&schema)).map_err(|error| wrong(&error))?;
                schema
            }
        };
        if !schema.table_exist(name) {
            schema.register_table(name.to_owned(), provider).map_err(|error| wrong(&error))?;
        }
        Ok(())
    }

    async fn find(&self, database: &str, name: &str) -> Result<Found, Error> {
        if let Some(place) = (database == DEFAULT_DATABASE).then(|| self.engine.place(name)).flatten() {
            return Ok(Found::Table(place));
        }
        if database == metastore::INFORMATION_SCHEMA {
            return Ok(Found::Schema);
        }
        let catalogue = self.engine.catalogue.read()?;
        let Some(found) = catalogue.databases.get(database) else { return Ok(Found::NoDatabase) };
        if let Some(stored) = found.tables.get(name) {
            return match &stored.unreadable {
                Some(reason) => Err(Error::new(Code::NotSupported, format!("table {database}.{name}: {reason}"))),
                None => Ok(Found::Table(Arc::new(Table::defined(stored, self.options.now)?))),
            };
        }
        if let Some(query) = found.views.get(name) {
            return Ok(Found::View(query.clone()));
        }
        if let Some(of) = name.strip_suffix(PARTITIONS) {
            return self.find_partitions(database, of).await;
        }
        let found = if database == DEFAULT_DATABASE { self.engine.found() } else { Vec::new() };
        let folder = found.into_iter().find(|(known, _)| known == name);
        Ok(folder.map_or(Found::Nothing, |(_, folder)| Found::Folder(folder)))
    }

    /// The table whose partitions are asked for.
    async fn find_partitions(&self, database: &str, of: &str) -> Result<Found, Error> {
        let table = match Box::pin(self.find(database, of)).await? {
            Found::Table(table) => Some(table),
            Found::Folder(folder) => self.engine.look_at(&folder, self.options.skip_bad_objects).await?.map(Arc::new),
            _ => None,
        };
        Ok(table.map_or(Found::Nothing, Found::Partitions))
    }

    /// A table of `information_schema`.
    async fn information_schema(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, Error> {
        let Some(batch) = metastore::information_schema(self.engine, name).await? else { return Ok(None) };
        let table = MemTable::try_new(batch.schema(), vec![vec![batch]]).map_err(|error| wrong(&error))?;
        Ok(Some(Arc::new(table)))
    }
}

/// What a name is.
enum Found {
    Table(Arc<Table>),
    /// Of this table, as rows.
    Partitions(Arc<Table>),
    /// Of flow logs.
    Folder(String),
    /// `information_schema`.
    Schema,
    /// The text of its query.
    View(String),
    NoDatabase,
    Nothing,
}

/// A session for one query, with the engine's memory. Its functions are registered last and nothing is made of it
/// anew: otherwise DataFusion's functions of the same name could come in front of ours.
pub(crate) fn session(
    engine: &Engine,
    options: &RunOptions,
    planner: Option<Arc<dyn QueryPlanner + Send + Sync>>,
) -> Result<SessionState, Error> {
    let mut config = SessionConfig::new()
        .with_target_partitions(engine.options.threads.max(1))
        .with_default_catalog_and_schema(CATALOG, &options.database)
        .with_create_default_catalog_and_schema(false);
    let settings = config.options_mut();
    settings.sql_parser.collect_spans = true;
    settings.sql_parser.default_null_ordering = "nulls_last".to_owned();
    settings.execution.parquet.pushdown_filters = true;
    settings.execution.parquet.reorder_filters = true;
    let runtime = RuntimeEnvBuilder::new().with_memory_pool(Arc::clone(&engine.memory)).build_arc();
    let runtime = runtime.map_err(|error| wrong(&error))?;
    let mut builder = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_default_features()
        .with_type_planner(Arc::new(dialect::Types));
    builder.expr_planners().get_or_insert_default().insert(0, operator::planner());
    *builder.query_planner() = planner;
    let mut rules = PhysicalOptimizer::new().rules;
    rules.insert(0, Arc::new(Lazily));
    rules.push(Arc::new(GiveWay));
    *builder.physical_optimizers() = Some(PhysicalOptimizer::with_rules(rules));
    let mut state = builder.build();
    function::register(&mut state, options.now).map_err(|error| wrong(&error))?;
    for function in [Arc::new(try_function::planned()), operator::negate()] {
        datafusion::logical_expr::registry::FunctionRegistry::register_udf(&mut state, function)
            .map_err(|error| wrong(&error))?;
    }
    Ok(state)
}

/// The tables that a statement names, with their places.
fn relation_places(statement: &Statement) -> Vec<(String, Position)> {
    struct Places(Vec<(String, Position)>);
    impl Visitor for Places {
        type Break = ();

        fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
            let start = relation.span().start;
            let last = relation.0.last().and_then(|part| part.as_ident());
            if let Some(last) = last.filter(|_| start.line > 0) {
                self.0.push((last.value.clone(), Position { line: start.line, column: start.column }));
            }
            ControlFlow::Continue(())
        }
    }
    let mut places = Places(Vec::new());
    let _: ControlFlow<()> = statement.visit(&mut places);
    places.0
}

fn wrong(error: &DataFusionError) -> Error {
    trino_error::from_datafusion(error)
}

/// The columns of the answer as Athena names them; addresses, prefixes and JSON are shown as text.
fn output_schema(schema: &SchemaRef) -> SchemaRef {
    let field = |(index, field): (usize, &Arc<Field>)| shown::field(field, &rewrite::shown_name(field.name(), index));
    Arc::new(Schema::new(schema.fields().iter().enumerate().map(field).collect::<Vec<_>>()))
}

fn shown(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, Error> {
    let columns = batch.columns().iter().map(shown::column).collect::<Result<_, _>>();
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    columns
        .and_then(|columns| RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options))
        .map_err(|error| Error::new(Code::Internal, error.to_string()))
}
