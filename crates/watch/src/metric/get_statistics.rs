//! `GetMetricStatistics`: one metric, several statistics.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Bucket, Dimension, MetricError, MetricId, Metrics, Statistic, Unit,
    query::{Grid, period},
};

const MOST_DATAPOINTS: i64 = 1440;
const MOST_STATISTICS: usize = 5;
const MOST_EXTENDED: usize = 10;

/// What `GetMetricStatistics` takes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct GetMetricStatisticsInput {
    /// The namespace of the metric.
    pub namespace: String,
    /// Its name.
    pub metric_name: String,
    /// Exactly its dimensions.
    pub dimensions: Vec<Dimension>,
    /// Unix milliseconds; part of the answer.
    pub start_time: i64,
    /// Unix milliseconds; no part of the answer.
    pub end_time: i64,
    /// Seconds.
    pub period: i64,
    /// `SampleCount`, `Average`, `Sum`, `Minimum`, `Maximum`.
    pub statistics: Vec<String>,
    /// Others, such as `p99`.
    pub extended_statistics: Vec<String>,
    /// Only data of this unit.
    pub unit: Option<Unit>,
}

/// What `GetMetricStatistics` gives.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct GetMetricStatisticsOutput {
    /// The name of the metric.
    pub label: String,
    /// By time, then by unit.
    pub datapoints: Vec<StatisticsDatapoint>,
}

/// The statistics of one period and unit (`Datapoint`).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct StatisticsDatapoint {
    /// The start of the period, Unix milliseconds.
    pub timestamp: i64,
    /// How many values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample_count: Option<f64>,
    /// Their mean.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub average: Option<f64>,
    /// Their sum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sum: Option<f64>,
    /// The smallest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum: Option<f64>,
    /// The largest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum: Option<f64>,
    /// Others, by the name that was asked for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub extended_statistics: BTreeMap<String, f64>,
    /// The unit.
    pub unit: Unit,
}

impl Metrics {
    /// `GetMetricStatistics`.
    ///
    /// # Errors
    /// What is wrong with the question, and those of the disk.
    pub fn get_metric_statistics(
        &self,
        input: &GetMetricStatisticsInput,
        now: i64,
    ) -> Result<GetMetricStatisticsOutput, MetricError> {
        let metric = MetricId::new(&input.namespace, &input.metric_name, &input.dimensions)?;
        let statistics = wanted(input)?;
        let grid = Grid::asked(input.start_time, input.end_time, period(input.period)?, now)?;
        if grid.periods() > MOST_DATAPOINTS {
            return Err(MetricError::Combination(format!(
                "You have requested up to {} datapoints, which exceeds the limit of {MOST_DATAPOINTS}. You may reduce \
                 the datapoints requested by increasing Period, or decreasing the time range.",
                grid.periods()
            )));
        }
        let mut datapoints = Vec::new();
        for (unit, buckets) in self.buckets(&metric, input.unit, grid.start..grid.end)? {
            let sums = grid.fold(buckets);
            datapoints.extend(sums.iter().filter_map(|(start, bucket)| datapoint(*start, unit, bucket, &statistics)));
        }
        datapoints.sort_by_key(|datapoint| (datapoint.timestamp, datapoint.unit));
        Ok(GetMetricStatisticsOutput { label: metric.name, datapoints })
    }
}

/// The statistics asked for, with the names that they were asked for by.
fn wanted(input: &GetMetricStatisticsInput) -> Result<Vec<(String, Statistic)>, MetricError> {
    let (basic, extended) = (&input.statistics, &input.extended_statistics);
    if basic.is_empty() && extended.is_empty() {
        return Err(MetricError::Missing("Statistics"));
    }
    for (name, list, most) in [("Statistics", basic, MOST_STATISTICS), ("ExtendedStatistics", extended, MOST_EXTENDED)]
    {
        if list.len() > most {
            let message = format!("The collection {name} must not have a size greater than {most}.");
            return Err(MetricError::Value(message));
        }
    }
    let named = basic.iter().map(|name| (name, true)).chain(extended.iter().map(|name| (name, false)));
    named
        .map(|(name, is_basic)| match name.parse::<Statistic>() {
            Ok(statistic) if statistic.is_basic() == is_basic => Ok((name.clone(), statistic)),
            _ if is_basic => Err(MetricError::Value(format!("The value {name} for parameter Statistics is invalid."))),
            _ => Err(MetricError::Value(format!("The value {name} for parameter ExtendedStatistics is invalid."))),
        })
        .collect()
}

/// `None`: none of the statistics has a value.
fn datapoint(
    timestamp: i64,
    unit: Unit,
    bucket: &Bucket,
    statistics: &[(String, Statistic)],
) -> Option<StatisticsDatapoint> {
    let mut datapoint = StatisticsDatapoint { timestamp, unit, ..StatisticsDatapoint::default() };
    let mut any = false;
    for (name, statistic) in statistics {
        let Some(value) = statistic.of(bucket) else { continue };
        any = true;
        match statistic {
            Statistic::SampleCount => datapoint.sample_count = Some(value),
            Statistic::Average => datapoint.average = Some(value),
            Statistic::Sum => datapoint.sum = Some(value),
            Statistic::Minimum => datapoint.minimum = Some(value),
            Statistic::Maximum => datapoint.maximum = Some(value),
            _ => {
                datapoint.extended_statistics.insert(name.clone(), value);
            }
        }
    }
    any.then_some(datapoint)
}
