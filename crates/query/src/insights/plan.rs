//! From the tree of a query to DataFusion's plan, command by command.

mod aggregate;
mod append;
mod call;
mod command;
mod compare;
mod expression;
mod gaps;
mod join;
mod lookup;
mod names;
mod outlier;
mod pattern;
mod running;
mod scope;
mod tap;
mod totals;

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use datafusion::{
    common::Column as ColumnName,
    datasource::provider_as_source,
    error::DataFusionError,
    logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, SortExpr},
};
use weir_store::logs::LogStore;

pub(super) use scope::Scope;
pub(super) use tap::TapPlanner;
use tap::tapped;

use super::{
    InsightsError, Lookups,
    run::Statistics,
    seen::Seen,
    source::{EventTable, Extent, GROUP, INDEX, POSITION, TIMESTAMP},
    time::Period,
    tree::{Pipeline, Source, Span},
    value::{Kind, Value},
};

/// Rows of an answer when a query does not say how many.
pub(super) const USUAL_LIMIT: usize = 10_000;

/// What a query is planned for.
pub(super) struct Planner<'a> {
    pub(super) logs: &'a Arc<LogStore>,
    pub(super) account: &'a str,
    pub(super) lookups: Option<&'a Lookups>,
    pub(super) text: Vec<char>,
    pub(super) extent: Extent,
    pub(super) statistics: &'a Arc<Statistics>,
    /// How many columns and tables were made without a name of the query's.
    pub(super) made: AtomicU64,
}

/// A plan, and what its columns are.
pub(super) struct Planned {
    pub(super) plan: LogicalPlan,
    /// The columns of the answer.
    pub(super) output: Vec<(String, Kind)>,
    /// Whether rows are events: then the plan has their hidden columns as well.
    pub(super) events: bool,
    /// What it has found while it sorts.
    pub(super) seen: Arc<Seen>,
}

/// Where a query is after some of its commands.
struct Stage {
    plan: LogicalPlanBuilder,
    scope: Scope,
    output: Output,
    /// What `sort` asked for; events are sorted by time otherwise.
    order: Vec<SortExpr>,
    /// Whether rows are events still.
    events: bool,
    /// What decides where nothing else does.
    ties: Vec<SortExpr>,
    /// Whether `limit` stood.
    limited: bool,
    /// The fields that the query names.
    asked: BTreeSet<String>,
    /// Whether there is a row for each of some periods.
    series: Option<Series>,
}

/// Rows for periods.
#[derive(Debug, Clone)]
struct Series {
    /// The column of when each begins.
    name: String,
    period: Period,
    /// What moves where periods begin, in milliseconds.
    offset: i64,
}

impl Stage {
    /// Rows that are no events: what these columns hold.
    fn made(plan: LogicalPlanBuilder, kinds: Vec<(String, Kind)>) -> Self {
        Self {
            plan,
            output: Output { usual: kinds.iter().map(|(name, _)| name.clone()).collect(), ..Output::default() },
            scope: Scope::of_made(kinds),
            order: Vec::new(),
            events: false,
            ties: Vec::new(),
            limited: false,
            asked: BTreeSet::new(),
            series: None,
        }
    }

    /// What the rows are sorted by here.
    fn order(&self) -> Vec<SortExpr> {
        self.order.iter().chain(&self.ties).cloned().collect()
    }
}

/// Which columns the answer has.
#[derive(Debug, Default)]
struct Output {
    /// Those that there are without being asked for.
    usual: Vec<String>,
    /// Those of `fields`.
    fields: Vec<String>,
    /// Those of the last `display`.
    display: Option<Vec<String>>,
}

impl Output {
    /// Shows one column more, behind the others.
    fn add(&mut self, name: &str) {
        for shown in
            [Some(&mut self.usual), Some(&mut self.fields).filter(|fields| !fields.is_empty()), self.display.as_mut()]
        {
            if let Some(shown) = shown.filter(|shown| shown.iter().all(|known| known != name)) {
                shown.push(name.to_owned());
            }
        }
    }

    fn names(&self) -> &[String] {
        match &self.display {
            Some(display) => display,
            None if self.fields.is_empty() => &self.usual,
            None => &self.fields,
        }
    }
}

impl Planner<'_> {
    /// The plan of the whole query. `limit` is what the caller asks for.
    pub(super) fn query(&self, pipeline: &Pipeline, limit: Option<usize>) -> Result<Planned, InsightsError> {
        let stage = self.pipeline(pipeline, &BTreeSet::new(), true)?;
        let fetch = match (limit, stage.limited) {
            (Some(limit), _) => Some(limit),
            (None, true) => None,
            (None, false) => Some(USUAL_LIMIT),
        };
        self.planned(stage, fetch)
    }

    /// A query within a query.
    fn pipeline(&self, pipeline: &Pipeline, asked: &BTreeSet<String>, main: bool) -> Result<Stage, InsightsError> {
        command::check_order(&pipeline.commands)?;
        let mut names = asked.clone();
        names::of_pipeline(pipeline, &mut names);
        let extent = self.extent_of(pipeline.source.as_ref())?;
        let mut stage = Stage { asked: names.clone(), ..self.source(&extent, &names::own(pipeline, &names))? };
        let counted = main.then(|| command::last_filter(&pipeline.commands));
        if counted == Some(0) {
            stage.plan = tapped(stage.plan, tap::matched(self.statistics))?;
        }
        let mut commands = pipeline.commands.iter().enumerate().peekable();
        while let Some((place, command)) = commands.next() {
            let earlier = commands.peek().and_then(|(_, next)| next.earlier());
            stage = match earlier.filter(|_| command.is_pattern()) {
                Some(earlier) => {
                    commands.next();
                    self.compared(stage, pipeline, place, earlier, &names)?
                }
                None => self.command(stage, command)?,
            };
            if counted == Some(place + 1) {
                stage.plan = tapped(stage.plan, tap::matched(self.statistics))?;
            }
        }
        Ok(stage)
    }

    /// Where events come from.
    fn source(&self, extent: &Extent, names: &BTreeSet<String>) -> Result<Stage, InsightsError> {
        let table = EventTable::open(self.logs, self.account, extent.clone(), names, self.statistics)?;
        let kinds: Vec<(String, Kind)> = table.kinds().collect();
        let name = format!("events{}", self.number());
        let plan = LogicalPlanBuilder::scan(name.as_str(), provider_as_source(Arc::new(table)), None).map_err(ours)?;
        let columns =
            kinds.iter().map(|(column, _)| Expr::Column(ColumnName::new(Some(name.as_str()), column)).alias(column));
        let plan = plan.project(columns).map_err(ours)?;
        let output = Output { usual: vec![TIMESTAMP.to_owned(), "@message".to_owned()], ..Output::default() };
        Ok(Stage {
            scope: Scope::of_events(kinds),
            output,
            events: true,
            ties: [TIMESTAMP, POSITION, INDEX].map(|name| column(name).sort(false, false)).to_vec(),
            ..Stage::made(plan, Vec::new())
        })
    }

    /// The log groups that a query is about.
    pub(super) fn groups_of(&self, pipeline: &Pipeline) -> Result<Arc<[String]>, InsightsError> {
        Ok(self.extent_of(pipeline.source.as_ref())?.groups)
    }

    fn extent_of(&self, source: Option<&Source>) -> Result<Extent, InsightsError> {
        let groups: Vec<String> = match source {
            None => return Ok(self.extent.clone()),
            Some(Source::Names(names)) => names.clone(),
            Some(Source::Prefixes(prefixes)) => {
                let mut groups = BTreeSet::new();
                for prefix in prefixes {
                    groups.extend(super::groups_with_prefix(self.logs, prefix)?);
                }
                groups.into_iter().collect()
            }
        };
        Ok(Extent { groups: groups.into(), ..self.extent.clone() })
    }

    /// Sorts as was asked for, and takes the first rows.
    fn sorted(&self, stage: Stage, fetch: Option<usize>) -> Result<Stage, InsightsError> {
        let keys = stage.order();
        // DataFusion panics when it sorts for the first none.
        let plan = match keys.is_empty() || fetch == Some(0) {
            true => stage.plan.limit(0, fetch),
            false => stage.plan.sort_with_limit(keys, fetch),
        };
        Ok(Stage { plan: plan.map_err(ours)?, ..stage })
    }

    /// The columns of the answer, and the hidden ones of events, sorted as was asked for.
    fn planned(&self, stage: Stage, fetch: Option<usize>) -> Result<Planned, InsightsError> {
        let mut output: Vec<(String, Kind)> = Vec::new();
        let mut columns = Vec::new();
        for name in stage.output.names() {
            let hidden = name == "@ptr" && stage.events;
            if hidden || output.iter().any(|(known, _)| known == name) {
                continue;
            }
            let value = stage.scope.resolve(name);
            output.push((name.clone(), value.kind));
            columns.push(value.expr.alias(name));
        }
        if stage.events {
            let further = [GROUP, TIMESTAMP, POSITION, INDEX].iter().enumerate();
            columns.extend(further.map(|(place, name)| column(name).alias(format!("\0out{place}"))));
        }
        let shown = columns.len();
        let mut order = stage.order();
        for key in &mut order {
            let name = self.hidden("order");
            columns.push(std::mem::replace(&mut key.expr, column(&name)).alias(name));
        }
        let seen = Arc::new(Seen::new(shown, &order, fetch));
        let found = tapped(stage.plan.project(columns).map_err(ours)?, seen.tap())?;
        let names: Vec<Expr> = found.schema().columns().into_iter().take(shown).map(Expr::Column).collect();
        let sorted = Stage { order, ties: Vec::new(), plan: found, ..stage };
        let plan = self.sorted(sorted, fetch)?.plan.project(names).and_then(LogicalPlanBuilder::build).map_err(ours)?;
        Ok(Planned { plan, output, events: stage.events, seen })
    }

    /// All columns so far, and one more, which takes the place of one of the same name.
    fn define(&self, stage: Stage, name: &str, value: Value) -> Result<Stage, InsightsError> {
        self.define_all(stage, vec![(name.to_owned(), value)])
    }

    fn define_all(&self, mut stage: Stage, new: Vec<(String, Value)>) -> Result<Stage, InsightsError> {
        let kept = stage.plan.schema().columns();
        let is_new = |name: &str| new.iter().any(|(defined, _)| defined == name);
        let mut columns: Vec<Expr> =
            kept.into_iter().filter(|column| !is_new(&column.name)).map(Expr::Column).collect();
        columns.extend(new.iter().map(|(name, value)| value.expr.clone().alias(name)));
        stage.plan = stage.plan.project(columns).map_err(ours)?;
        for (name, value) in new {
            stage.scope.define(&name, value.kind);
        }
        Ok(stage)
    }

    /// A name that no field has.
    fn hidden(&self, what: &str) -> String {
        format!("\0{what}{}", self.number())
    }

    fn number(&self) -> u64 {
        self.made.fetch_add(1, Ordering::Relaxed)
    }

    /// A part of the query's text.
    fn slice(&self, span: Span) -> String {
        self.text.get(span.start..span.end).unwrap_or_default().iter().collect()
    }
}

/// A column by its name.
fn column(name: &str) -> Expr {
    Expr::Column(ColumnName::new_unqualified(name))
}

/// A plan that DataFusion refuses: nothing that a query could be blamed for.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(super) fn ours(error: DataFusionError) -> InsightsError {
    match error.find_root() {
        DataFusionError::External(inner) if inner.is::<InsightsError>() => match inner.downcast_ref() {
            Some(InsightsError::Engine(own)) => InsightsError::Engine(own.clone()),
            Some(other) => other.clone(),
            None => InsightsError::Engine(crate::trino_error::from_datafusion(&error)),
        },
        DataFusionError::External(inner) => match inner.downcast_ref::<weir_store::logs::LogsError>() {
            Some(error) => InsightsError::Logs(error.clone()),
            None => InsightsError::Engine(crate::trino_error::from_datafusion(&error)),
        },
        _ => InsightsError::Engine(crate::trino_error::from_datafusion(&error)),
    }
}
