//! Metric filters.

use serde_json::Value;
use weir_watch::filter::{
    DeleteMetricFilterInput, DescribeMetricFiltersInput, DescribeMetricFiltersOutput, MetricTransformation,
    PutMetricFilterInput, TestMetricFilterInput, TestMetricFilterOutput, test_metric_filter,
};

use super::{Logs, error::invalid};
use crate::{ApiError, Call, Region};

pub(super) fn put(logs: &Logs, call: &Call, input: &PutMetricFilterInput) -> Result<(), ApiError> {
    check_count(&input.metric_transformations)?;
    let region = logs.region(call)?;
    Ok(region.watcher.put_metric_filter(&exists(&region), input.clone(), call.now)?)
}

pub(super) fn describe(
    logs: &Logs,
    call: &Call,
    input: &DescribeMetricFiltersInput,
) -> Result<DescribeMetricFiltersOutput, ApiError> {
    let region = logs.region(call)?;
    Ok(region.watcher.describe_metric_filters(&exists(&region), input)?)
}

pub(super) fn delete(logs: &Logs, call: &Call, input: &DeleteMetricFilterInput) -> Result<(), ApiError> {
    let region = logs.region(call)?;
    Ok(region.watcher.delete_metric_filter(&exists(&region), input, call.now)?)
}

pub(super) fn test(_: &Logs, _: &Call, input: &TestMetricFilterInput) -> Result<TestMetricFilterOutput, ApiError> {
    Ok(test_metric_filter(input)?)
}

fn exists(region: &Region) -> impl Fn(&str) -> bool + '_ {
    |group| region.logs.list_tags_log_group(group).is_ok()
}

/// AWS prints the transformations when there is not exactly one.
fn check_count(transformations: &[MetricTransformation]) -> Result<(), ApiError> {
    let bound = match transformations.len() {
        1 => return Ok(()),
        0 => "greater",
        _ => "less",
    };
    let shown: Vec<String> = transformations.iter().map(shown).collect();
    Err(invalid(format!(
        "1 validation error detected: Value '[{}]' at 'metricTransformations' failed to satisfy constraint: Member must \
         have length {bound} than or equal to 1",
        shown.join(", ")
    )))
}

fn shown(transformation: &MetricTransformation) -> String {
    let MetricTransformation { metric_name, metric_namespace, metric_value, default_value, dimensions, unit } =
        transformation;
    let text = |value: Option<String>| value.unwrap_or_else(|| "null".to_owned());
    let unit = serde_json::to_value(unit).ok().filter(|unit| unit != "None");
    let unit = text(unit.as_ref().and_then(Value::as_str).map(str::to_owned));
    let pairs = || dimensions.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ");
    let dimensions = text((!dimensions.is_empty()).then(|| format!("{{{}}}", pairs())));
    let default_value = text(default_value.map(|value| format!("{value:?}")));
    format!(
        "MetricTransformation(metricName={metric_name}, metricNamespace={metric_namespace}, metricValue={metric_value}, \
         defaultValue={default_value}, unit={unit}, dimensions={dimensions})"
    )
}
