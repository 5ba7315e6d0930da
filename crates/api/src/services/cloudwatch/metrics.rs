//! Metrics.

use serde::{Deserialize, Serialize};
use weir_watch::metric::{
    GetMetricDataInput, GetMetricDataOutput, GetMetricStatisticsInput, GetMetricStatisticsOutput, ListMetricsInput,
    ListMetricsOutput, MetricDatum, PutMetricDataInput,
};

use super::CloudWatch;
use crate::{ApiError, Call};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
pub(super) struct PutInput {
    namespace: String,
    metric_data: Vec<MetricDatum>,
    entity_metric_data: Vec<OfEntity>,
}

/// Data of something that has a name elsewhere in AWS; the data are what counts.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct OfEntity {
    metric_data: Vec<MetricDatum>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetDataOutput {
    #[serde(flatten)]
    found: GetMetricDataOutput,
    /// Always empty.
    messages: [(); 0],
}

pub(super) fn put(cloudwatch: &CloudWatch, call: &Call, input: &PutInput) -> Result<(), ApiError> {
    let of_entities = input.entity_metric_data.iter().flat_map(|of| of.metric_data.iter());
    let metric_data = input.metric_data.iter().chain(of_entities).cloned().collect();
    let input = PutMetricDataInput { namespace: input.namespace.clone(), metric_data };
    Ok(cloudwatch.region(call)?.metrics.put_metric_data(&input, call.now)?)
}

pub(super) fn get_data(
    cloudwatch: &CloudWatch,
    call: &Call,
    input: &GetMetricDataInput,
) -> Result<GetDataOutput, ApiError> {
    let found = cloudwatch.region(call)?.metrics.get_metric_data(input, call.now)?;
    Ok(GetDataOutput { found, messages: [] })
}

pub(super) fn get_statistics(
    cloudwatch: &CloudWatch,
    call: &Call,
    input: &GetMetricStatisticsInput,
) -> Result<GetMetricStatisticsOutput, ApiError> {
    Ok(cloudwatch.region(call)?.metrics.get_metric_statistics(input, call.now)?)
}

pub(super) fn list(
    cloudwatch: &CloudWatch,
    call: &Call,
    input: &ListMetricsInput,
) -> Result<ListMetricsOutput, ApiError> {
    Ok(cloudwatch.region(call)?.metrics.list_metrics(input, call.now)?)
}
