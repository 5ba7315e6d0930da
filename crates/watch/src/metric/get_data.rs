//! `GetMetricData`: several metrics and expressions over them.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

use serde::{Deserialize, Serialize};

use super::{
    MetricError, MetricId, Metrics,
    list::LISTED,
    query::{Grid, MetricDataQuery, Selection, period, seconds},
};
use crate::math::{Context, Expression, MathError, Search, Series, Value};

const MOST_QUERIES: usize = 500;
const MOST_DATAPOINTS: usize = 100_800;
const MOST_FOUND: usize = 500;

/// What `GetMetricData` takes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct GetMetricDataInput {
    /// At most 500.
    pub metric_data_queries: Vec<MetricDataQuery>,
    /// Unix milliseconds; part of the answer.
    pub start_time: i64,
    /// Unix milliseconds; no part of the answer.
    pub end_time: i64,
    /// Where the page before ended.
    pub next_token: Option<String>,
    /// Newest first if not given.
    pub scan_by: Option<ScanBy>,
    /// Most data points in a page; 100,800 if not given.
    pub max_datapoints: Option<usize>,
}

/// In which order data points come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScanBy {
    /// Newest first.
    #[default]
    TimestampDescending,
    /// Oldest first.
    TimestampAscending,
}

/// What `GetMetricData` gives.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct GetMetricDataOutput {
    /// In the order of the queries.
    pub metric_data_results: Vec<MetricDataResult>,
    /// There are more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

/// The time series of one query; an expression may give several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MetricDataResult {
    /// That of the query.
    pub id: String,
    /// What people call it.
    pub label: String,
    /// Unix milliseconds.
    pub timestamps: Vec<i64>,
    /// One for each timestamp.
    pub values: Vec<f64>,
    /// Whether it is all.
    pub status_code: StatusCode,
}

/// Whether a result is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StatusCode {
    /// All data points are there.
    Complete,
    /// More come with the next page.
    PartialData,
}

impl Metrics {
    /// `GetMetricData`.
    ///
    /// # Errors
    /// What is wrong with a query or an expression, with the position there; and those of the disk.
    pub fn get_metric_data(&self, input: &GetMetricDataInput, now: i64) -> Result<GetMetricDataOutput, MetricError> {
        if input.metric_data_queries.len() > MOST_QUERIES {
            let message = format!("The collection MetricDataQueries must not have a size greater than {MOST_QUERIES}.");
            return Err(MetricError::Validation(message));
        }
        let most = input.max_datapoints.unwrap_or(MOST_DATAPOINTS);
        if !(1..=MOST_DATAPOINTS).contains(&most) {
            let message = format!("The value {most} for parameter MaxDatapoints is invalid.");
            return Err(MetricError::Value(message));
        }
        let skipped = match &input.next_token {
            None => 0,
            Some(token) => token.parse::<usize>().map_err(|_| MetricError::NextToken)?,
        };
        let queries = Queries::new(&input.metric_data_queries)?;
        check_times(input.start_time, input.end_time)?;
        let grid = |period| Grid::asked(input.start_time, input.end_time, period, now);
        let results = queries.results(self, &grid, now)?;
        Ok(page(results, input.scan_by.unwrap_or_default(), skipped, most))
    }
}

/// `GetMetricStatistics` says the same in other words and under another name.
fn check_times(start: i64, end: i64) -> Result<(), MetricError> {
    let message = match seconds(start).cmp(&seconds(end)) {
        Ordering::Less => return Ok(()),
        Ordering::Equal => "The parameter StartTime must not equal parameter EndTime.",
        Ordering::Greater => "The parameter EndTime must be greater than StartTime.",
    };
    Err(MetricError::Validation(message.to_owned()))
}

/// The part of all data points that one page has.
fn page(results: Vec<(String, Series)>, scan_by: ScanBy, skipped: usize, most: usize) -> GetMetricDataOutput {
    let (mut before, mut left) = (skipped, most);
    let mut output = GetMetricDataOutput::default();
    for (id, mut series) in results {
        let already = before.min(series.points.len());
        before -= already;
        if already > 0 && already == series.points.len() {
            continue;
        }
        if scan_by == ScanBy::TimestampDescending {
            series.points.reverse();
        }
        let here = left.min(series.points.len() - already);
        let whole = already + here == series.points.len();
        if here == 0 && !whole {
            output.next_token = Some((skipped + most).to_string());
            break;
        }
        left -= here;
        let (timestamps, values) = series.points[already..already + here].iter().copied().unzip();
        let status_code = if whole { StatusCode::Complete } else { StatusCode::PartialData };
        output.metric_data_results.push(MetricDataResult { id, label: series.label, timestamps, values, status_code });
        if !whole {
            output.next_token = Some((skipped + most).to_string());
            break;
        }
    }
    output
}

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
}

/// The periods of a length within the span that is asked for.
pub(crate) type GridOf<'a> = dyn Fn(i64) -> Result<Grid, MetricError> + 'a;

impl Queries {
    pub(crate) fn new(queries: &[MetricDataQuery]) -> Result<Self, MetricError> {
        if queries.is_empty() {
            return Err(MetricError::Missing("MetricDataQueries"));
        }
        let mut ids = BTreeSet::new();
        let mut all = Vec::with_capacity(queries.len());
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
        Ok(Self { all })
    }

    /// The metrics that are asked for by name.
    pub(crate) fn selections(&self) -> impl Iterator<Item = &Selection> {
        self.all.iter().filter_map(|query| match &query.asks {
            Asks::Metric(selection) => Some(selection),
            Asks::Expression { .. } => None,
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
            Asks::Expression { period, .. } => *period,
        };
        self.all.iter().filter_map(period).max().unwrap_or(60)
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
        for query in &self.all {
            if let Asks::Metric(selection) = &query.asks {
                let points = vec![(0, 1.0), (selection.period * 1000, 2.0)];
                let series = Series { label: String::new(), period: selection.period, points };
                context.metrics.push(query.id.clone());
                context.named.insert(query.id.clone(), Value::Series(series));
            }
        }
        self.compute(&mut context)?;
        let returned = self.all.iter().filter(|query| query.returned);
        for query in returned {
            if !matches!(context.named.get(&query.id), Some(Value::Series(_))) {
                return Err(query.error("the value must be one time series"));
            }
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
            if let Asks::Metric(selection) = &query.asks {
                let mut series = metrics.series(selection, grid(selection.period)?)?;
                series.label = query.label.clone().unwrap_or_else(|| self.default_label(selection));
                context.metrics.push(query.id.clone());
                context.named.insert(query.id.clone(), Value::Series(series));
            }
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
            Asks::Metric(_) => Vec::new(),
            Asks::Expression { expression, .. } => expression.names(),
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
