//! `GetMetricData`: several metrics and expressions over them.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::{
    MetricError, Metrics, Queries,
    query::{Grid, MetricDataQuery, seconds},
};
use crate::math::Series;

const MOST_QUERIES: usize = 500;
const MOST_DATAPOINTS: usize = 100_800;

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
