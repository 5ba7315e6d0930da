//! Alarms on metrics and on other alarms.

use serde::{Deserialize, Serialize};
use weir_watch::alarm::{
    AlarmError, AlarmNames, CompositeAlarm, DescribeAlarmHistoryInput, DescribeAlarmHistoryOutput,
    DescribeAlarmsForMetricInput, DescribeAlarmsForMetricOutput, DescribeAlarmsInput, DescribeAlarmsOutput,
    MetricAlarm, PutCompositeAlarmInput, PutMetricAlarmInput, SetAlarmStateInput,
};

use super::{CloudWatch, log_alarms::LogAlarm};
use crate::{ApiError, Call};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeOutput {
    metric_alarms: Vec<MetricAlarm>,
    composite_alarms: Vec<CompositeAlarm>,
    log_alarms: Vec<LogAlarm>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NameInput {
    alarm_name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ContributorsOutput {
    /// Of alarms on several time series, which there are none of.
    alarm_contributors: [(); 0],
}

pub(super) fn put(cloudwatch: &CloudWatch, call: &Call, input: &PutMetricAlarmInput) -> Result<(), ApiError> {
    Ok(cloudwatch.region(call)?.alarms.put_metric_alarm(input.clone(), call.now)?)
}

pub(super) fn put_composite(
    cloudwatch: &CloudWatch,
    call: &Call,
    input: &PutCompositeAlarmInput,
) -> Result<(), ApiError> {
    Ok(cloudwatch.region(call)?.alarms.put_composite_alarm(input.clone(), call.now)?)
}

pub(super) fn describe(
    cloudwatch: &CloudWatch,
    call: &Call,
    input: &DescribeAlarmsInput,
) -> Result<DescribeOutput, ApiError> {
    let found = cloudwatch.region(call)?.alarms.describe_alarms(input)?;
    let DescribeAlarmsOutput { metric_alarms, composite_alarms, log_alarms, next_token } = found;
    let log_alarms = log_alarms.into_iter().map(LogAlarm::from).collect();
    Ok(DescribeOutput { metric_alarms, composite_alarms, log_alarms, next_token })
}

pub(super) fn describe_for_metric(
    cloudwatch: &CloudWatch,
    call: &Call,
    input: &DescribeAlarmsForMetricInput,
) -> Result<DescribeAlarmsForMetricOutput, ApiError> {
    Ok(cloudwatch.region(call)?.alarms.describe_alarms_for_metric(input)?)
}

pub(super) fn history(
    cloudwatch: &CloudWatch,
    call: &Call,
    input: &DescribeAlarmHistoryInput,
) -> Result<DescribeAlarmHistoryOutput, ApiError> {
    Ok(cloudwatch.region(call)?.alarms.describe_alarm_history(input)?)
}

pub(super) fn contributors(
    cloudwatch: &CloudWatch,
    call: &Call,
    input: &NameInput,
) -> Result<ContributorsOutput, ApiError> {
    let asked = DescribeAlarmsInput {
        alarm_names: vec![input.alarm_name.clone()],
        alarm_types: ["MetricAlarm", "CompositeAlarm", "LogAlarm"].map(str::to_owned).to_vec(),
        ..DescribeAlarmsInput::default()
    };
    let found = cloudwatch.region(call)?.alarms.describe_alarms(&asked)?;
    if found.metric_alarms.is_empty() && found.composite_alarms.is_empty() && found.log_alarms.is_empty() {
        return Err(super::error::nothing_to_tag(&input.alarm_name));
    }
    Ok(ContributorsOutput { alarm_contributors: [] })
}

pub(super) fn set_state(cloudwatch: &CloudWatch, call: &Call, input: &SetAlarmStateInput) -> Result<(), ApiError> {
    match cloudwatch.region(call)?.alarms.set_alarm_state(input, call.now) {
        // AWS says nothing but the code.
        Err(error @ AlarmError::NotFound(_)) => Err(ApiError { message: String::new(), ..error.into() }),
        done => Ok(done?),
    }
}

pub(super) fn delete(cloudwatch: &CloudWatch, call: &Call, input: &AlarmNames) -> Result<(), ApiError> {
    Ok(cloudwatch.region(call)?.alarms.delete_alarms(input, call.now)?)
}

pub(super) fn enable(cloudwatch: &CloudWatch, call: &Call, input: &AlarmNames) -> Result<(), ApiError> {
    Ok(cloudwatch.region(call)?.alarms.enable_alarm_actions(input, call.now)?)
}

pub(super) fn disable(cloudwatch: &CloudWatch, call: &Call, input: &AlarmNames) -> Result<(), ApiError> {
    Ok(cloudwatch.region(call)?.alarms.disable_alarm_actions(input, call.now)?)
}
