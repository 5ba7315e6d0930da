//! Queries that refer to each other: metrics, expressions over them, a query of Metrics Insights.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    MetricError, MetricId, Metrics,
    insights::{self, InsightsQuery},
    list::LISTED,
    query::{Grid, MetricDataQuery, Selection, period},
};
use crate::math::{Context, Expression, MathError, Search, Series, Value};

const MOST_FOUND: usize = 500;

/// Checked queries that refer to each other.
#[derive(Debug, Clone)]
pub(crate) struct Queries {
    all: Vec<Query>,
}

#[derive(Debug, Clone)]
struct Query {
    id: String,
    label: Option<String>,
    returned: bool,
    asks: Asks,
}

#[derive(Debug, Clone)]
enum Asks {
    Metric(Selection),
    Expression { expression: Expression, period: Option<i64> },
    Insights { query: InsightsQuery, period: Option<i64> },
}

/// The periods of a length within the span that is asked for.
pub(crate) type GridOf<'a> = dyn Fn(i64) -> Result<Grid, MetricError> + 'a;

impl Queries {
    pub(crate) fn new(queries: &[MetricDataQuery]) -> Result<Self, MetricError> {
        if queries.is_empty() {
            return Err(MetricError::Missing("MetricDataQueries"));
        }
        let mut ids = BTreeSet::new();
        let mut all: Vec<Query> = Vec::with_capacity(queries.len());
        for (at, query) in queries.iter().enumerate() {
            if query.metric_stat.is_none() && query.expression.is_none() {
                let message = format!("The parameter MetricDataQueries.member.{}.MetricStat is required.\n", at + 1);
                return Err(MetricError::Validation(message));
            }
            if !ids.insert(&query.id) {
                return Err(MetricError::Validation(format!("The Id `{}` is used more than once.", query.id)));
            }
            all.push(Query::new(query)?);
        }
        if all.iter().filter(|query| query.insights().is_some()).count() > 1 {
            let message = "At most one query of MetricDataQueries can be a Metrics Insights query.";
            return Err(MetricError::Validation(message.to_owned()));
        }
        Ok(Self { all })
    }

    /// The metrics that are asked for by name.
    pub(crate) fn selections(&self) -> impl Iterator<Item = &Selection> {
        self.all.iter().filter_map(|query| match &query.asks {
            Asks::Metric(selection) => Some(selection),
            Asks::Expression { .. } | Asks::Insights { .. } => None,
        })
    }

    /// Whether it searches for metrics, so that others may come to belong to it.
    pub(crate) fn searches(&self) -> bool {
        let searches =
            |query: &Query| matches!(&query.asks, Asks::Expression { expression, .. } if expression.calls("SEARCH"));
        self.all.iter().any(searches)
    }

    /// The longest period that is asked for, in seconds; a minute if none is.
    pub(crate) fn period(&self) -> i64 {
        let period = |query: &Query| match &query.asks {
            Asks::Metric(selection) => Some(selection.period),
            Asks::Expression { period, .. } | Asks::Insights { period, .. } => *period,
        };
        self.all.iter().filter_map(period).max().unwrap_or(60)
    }

    /// The periods of its metrics and of its Metrics Insights query, in seconds.
    ///
    /// # Errors
    /// The Metrics Insights query has none: an alarm's must have one.
    pub(crate) fn periods(&self) -> Result<BTreeSet<i64>, MetricError> {
        let mut periods: BTreeSet<i64> = self.selections().map(|selection| selection.period).collect();
        for query in &self.all {
            if let Asks::Insights { period, .. } = &query.asks {
                let missing = || MetricError::Validation("Period must not be null".to_owned());
                periods.insert(period.ok_or_else(missing)?);
            }
        }
        Ok(periods)
    }

    /// The Ids of the queries that return data.
    pub(crate) fn returned(&self) -> usize {
        self.all.iter().filter(|query| query.returned).count()
    }

    /// Computes the expressions over made-up data, to find what is wrong with them; one time series must come of it.
    pub(crate) fn check(&self) -> Result<(), MetricError> {
        let find = |_: &Search, _: &str, _: i64| Ok(Vec::new());
        let period = self.period();
        let mut context =
            Context { named: BTreeMap::new(), metrics: Vec::new(), start: 0, end: period * 2000, period, find: &find };
        let series =
            |period: i64| Series { label: String::new(), period, points: vec![(0, 1.0), (period * 1000, 2.0)] };
        for query in &self.all {
            let value = match &query.asks {
                Asks::Metric(selection) => {
                    context.metrics.push(query.id.clone());
                    Value::Series(series(selection.period))
                }
                Asks::Insights { query, .. } if query.is_grouped() => Value::Many(vec![series(period); 2]),
                Asks::Insights { .. } => Value::Series(series(period)),
                Asks::Expression { .. } => continue,
            };
            context.named.insert(query.id.clone(), value);
        }
        self.compute(&mut context)?;
        let returned = self.all.iter().filter(|query| query.returned);
        for query in returned {
            if matches!(context.named.get(&query.id), Some(Value::Series(_))) {
                continue;
            }
            return Err(query.error(match query.insights() {
                Some(_) => "GROUP BY gives several time series, and an alarm takes one: leave it out",
                None => "the value must be one time series",
            }));
        }
        Ok(())
    }

    /// The name of a metric, and what tells it from others of that name that are asked for beside it.
    fn default_label(&self, selection: &Selection) -> String {
        let alike = || self.selections().filter(|other| other.metric.name == selection.metric.name);
        let has_periods = alike().any(|other| other.period != selection.period);
        let mut label = selection.metric.name.clone();
        if alike().any(|other| other.metric.dimensions != selection.metric.dimensions) {
            selection.metric.dimensions.values().for_each(|value| label.extend([" ", value]));
        }
        if has_periods || alike().any(|other| other.statistic != selection.statistic) {
            label.extend([" ", &selection.statistic.to_string()]);
        }
        if has_periods {
            label.extend([" ", &selection.period.to_string()]);
        }
        label
    }

    /// The series of each query that returns data, with its Id.
    pub(crate) fn results(
        &self,
        metrics: &Metrics,
        grid: &GridOf<'_>,
        now: i64,
    ) -> Result<Vec<(String, Series)>, MetricError> {
        let find = |search: &Search, statistic: &str, period: i64| {
            metrics.find(search, statistic, period, grid, now).map_err(|error| error.to_string())
        };
        let Grid { start, end, period } = grid(self.period())?;
        let mut context = Context { named: BTreeMap::new(), metrics: Vec::new(), start, end, period, find: &find };
        for query in &self.all {
            let value = match &query.asks {
                Asks::Metric(selection) => {
                    let mut series = metrics.series(selection, grid(selection.period)?)?;
                    series.label = query.label.clone().unwrap_or_else(|| self.default_label(selection));
                    context.metrics.push(query.id.clone());
                    Value::Series(series)
                }
                Asks::Insights { query: asked, period: own } => {
                    let grid = grid(own.unwrap_or(period).max(insights::FINEST))?;
                    query.labelled(metrics.insights(asked, grid, now)?)
                }
                Asks::Expression { .. } => continue,
            };
            context.named.insert(query.id.clone(), value);
        }
        self.compute(&mut context)?;
        let mut results = Vec::new();
        for query in self.all.iter().filter(|query| query.returned) {
            let many = match context.named.remove(&query.id) {
                Some(Value::Series(series)) => vec![series],
                Some(Value::Many(many)) => many,
                _ => return Err(query.error("the value is a number: only time series can be returned")),
            };
            results.extend(many.into_iter().map(|series| (query.id.clone(), series)));
        }
        Ok(results)
    }

    /// Computes the expressions, each after those that it uses.
    fn compute(&self, context: &mut Context<'_>) -> Result<(), MetricError> {
        let is_expression = |query: &&Query| matches!(query.asks, Asks::Expression { .. });
        let mut waiting: Vec<&Query> = self.all.iter().filter(is_expression).collect();
        while !waiting.is_empty() {
            let uses_waiting =
                |query: &Query| query.uses().iter().any(|name| waiting.iter().any(|other| other.id == *name));
            let (later, ready): (Vec<&Query>, Vec<&Query>) = waiting.iter().partition(|query| uses_waiting(query));
            if let (true, Some(query)) = (ready.is_empty(), later.first()) {
                return Err(query.error("it uses its own value"));
            }
            for query in ready {
                let value = query.value(context)?;
                context.named.insert(query.id.clone(), value);
            }
            waiting = later;
        }
        Ok(())
    }
}

impl Query {
    fn new(query: &MetricDataQuery) -> Result<Self, MetricError> {
        let id = query.id.clone();
        let good = id.starts_with(|first: char| first.is_ascii_lowercase())
            && id.len() <= 255
            && id.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        if !good {
            return Err(MetricError::Validation(format!(
                "The value {id} for parameter Id is invalid: it begins with a lower-case letter and has letters, digits \
                 and underscores."
            )));
        }
        let asks = match (&query.metric_stat, &query.expression) {
            (Some(stat), None) => Asks::Metric(Selection::new(stat)?),
            (None, Some(text)) if InsightsQuery::is_one(text) => {
                let insights = InsightsQuery::parse(text).map_err(|error| math_error(&id, &error))?;
                let finest = |seconds: i64| Ok::<_, MetricError>(period(seconds)?.max(insights::FINEST));
                Asks::Insights { query: insights, period: query.period.map(finest).transpose()? }
            }
            (None, Some(text)) => {
                let expression = Expression::parse(text).map_err(|error| math_error(&id, &error))?;
                Asks::Expression { expression, period: query.period.map(period).transpose()? }
            }
            _ => {
                let message = format!("The query `{id}` must not have both MetricStat and Expression.");
                return Err(MetricError::Validation(message));
            }
        };
        Ok(Self { id, label: query.label.clone(), returned: query.return_data.unwrap_or(true), asks })
    }

    fn uses(&self) -> Vec<&str> {
        match &self.asks {
            Asks::Metric(_) | Asks::Insights { .. } => Vec::new(),
            Asks::Expression { expression, .. } => expression.names(),
        }
    }

    fn insights(&self) -> Option<&InsightsQuery> {
        match &self.asks {
            Asks::Insights { query, .. } => Some(query),
            Asks::Metric(_) | Asks::Expression { .. } => None,
        }
    }

    /// The time series of a Metrics Insights query under the label that was given: several have their own behind it.
    fn labelled(&self, value: Value) -> Value {
        match (&self.label, value) {
            (Some(label), Value::Series(series)) => Value::Series(Series { label: label.clone(), ..series }),
            (Some(label), Value::Many(many)) => {
                let named = |series: Series| Series { label: format!("{label} {}", series.label), ..series };
                Value::Many(many.into_iter().map(named).collect())
            }
            (_, value) => value,
        }
    }

    fn value(&self, context: &mut Context<'_>) -> Result<Value, MetricError> {
        let Asks::Expression { expression, period } = &self.asks else { return Ok(Value::Number(None)) };
        let usual = context.period;
        context.period = period.unwrap_or(usual);
        let value = expression.evaluate(context).map_err(|error| math_error(&self.id, &error));
        context.period = usual;
        let named = |mut series: Series| {
            series.label = self.label.clone().unwrap_or_else(|| self.id.clone());
            series
        };
        Ok(match value? {
            Value::Series(series) => Value::Series(named(series)),
            Value::Many(many) => Value::Many(
                many.into_iter().map(|series| if series.label.is_empty() { named(series) } else { series }).collect(),
            ),
            number @ Value::Number(_) => number,
        })
    }

    fn error(&self, what: &str) -> MetricError {
        MetricError::Validation(format!("Error in expression '{}': {what}", self.id))
    }
}

fn math_error(id: &str, error: &MathError) -> MetricError {
    MetricError::Validation(format!("Error in expression '{id}' {error}"))
}

impl Metrics {
    /// A statistic of a metric as a time series, called by the metric's name and the values of its dimensions.
    fn series(&self, selection: &Selection, grid: Grid) -> Result<Series, MetricError> {
        let points = self.statistics(selection, grid)?.into_iter().map(|(start, sampled)| (start, sampled.value));
        let mut label = selection.metric.name.clone();
        for value in selection.metric.dimensions.values() {
            label.push(' ');
            label.push_str(value);
        }
        Ok(Series { label, period: selection.period, points: points.collect() })
    }

    fn find(
        &self,
        search: &Search,
        statistic: &str,
        seconds: i64,
        grid: &GridOf<'_>,
        now: i64,
    ) -> Result<Vec<Series>, MetricError> {
        let found = self.metrics().into_iter().filter(|(id, latest)| *latest >= now - LISTED && search.finds(id));
        let period = period(seconds)?;
        let statistic = statistic.parse().map_err(|error| MetricError::Value(format!("{error}")))?;
        let grid = grid(period)?;
        let series = |(id, _): (std::sync::Arc<MetricId>, i64)| {
            let metric = id.as_ref().clone();
            self.series(&Selection { metric, period, statistic, unit: None }, grid)
        };
        found.take(MOST_FOUND).map(series).collect()
    }
}
