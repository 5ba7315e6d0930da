//! Resources of CloudWatch.

use serde_json::{Value, json};

use super::{Kind, Made, Was, Work, work::merged};
use crate::{ApiError, ServiceName::CloudWatch};

pub(super) const KINDS: &[Kind] = &[
    Kind::new("AWS::CloudWatch::Alarm", put_alarm, delete_alarm)
        .named("AlarmName", 255)
        .requires(&["ComparisonOperator", "EvaluationPeriods"])
        .shows(&["Arn"])
        .found(|work| alarms(work, "MetricAlarm"))
        .changes(|work, was| retagged(work, was, put_alarm(work)?), &[]),
    Kind::new("AWS::CloudWatch::CompositeAlarm", put_composite, delete_alarm)
        .named("AlarmName", 255)
        .requires(&["AlarmRule"])
        .shows(&["Arn"])
        .found(|work| alarms(work, "CompositeAlarm"))
        .changes(|work, was| retagged(work, was, put_composite(work)?), &[]),
    Kind::new("AWS::CloudWatch::Dashboard", put_dashboard, delete_dashboard)
        .named("DashboardName", 255)
        .requires(&["DashboardBody"])
        .found(|work| work.shown(CloudWatch, "GetDashboard", json!({"DashboardName": work.name}), &work.name))
        .changes(|work, _| put_dashboard(work), &[]),
];

/// The alarm of this name.
fn alarms(work: &Work<'_>, kind: &str) -> Result<Vec<String>, ApiError> {
    let input = json!({"AlarmNames": [work.name], "AlarmTypes": [kind]});
    Ok(work.named_in(&work.listed(CloudWatch, "DescribeAlarms", input, &format!("/{kind}s"))?, "AlarmName"))
}

fn put_alarm(work: &Work<'_>) -> Result<Made, ApiError> {
    let given = work.same(&[
        "ActionsEnabled",
        "AlarmActions",
        "AlarmDescription",
        "ComparisonOperator",
        "DatapointsToAlarm",
        "Dimensions",
        "EvaluateLowSampleCountPercentile",
        "EvaluationPeriods",
        "ExtendedStatistic",
        "InsufficientDataActions",
        "MetricName",
        "Metrics",
        "Namespace",
        "OKActions",
        "Period",
        "Statistic",
        "Threshold",
        "ThresholdMetricId",
        "TreatMissingData",
        "Unit",
    ]);
    put(work, "PutMetricAlarm", given)
}

fn put_composite(work: &Work<'_>) -> Result<Made, ApiError> {
    let given = work.same(&[
        "ActionsEnabled",
        "ActionsSuppressor",
        "ActionsSuppressorExtensionPeriod",
        "ActionsSuppressorWaitPeriod",
        "AlarmActions",
        "AlarmDescription",
        "AlarmRule",
        "InsufficientDataActions",
        "OKActions",
    ]);
    put(work, "PutCompositeAlarm", given)
}

fn put(work: &Work<'_>, operation: &str, given: Value) -> Result<Made, ApiError> {
    work.call(CloudWatch, operation, merged(given, json!({"AlarmName": work.name, "Tags": work.tags()})))?;
    Ok(Made::of(&work.name).with("Arn", work.call.arn("cloudwatch", &format!("alarm:{}", work.name))))
}

/// Tags are given with an alarm only when it is made.
fn retagged(work: &Work<'_>, was: &Was<'_>, made: Made) -> Result<Made, ApiError> {
    let arn = made.attributes.get("Arn");
    work.retag(
        was,
        CloudWatch,
        ("TagResource", |tags| json!({"ResourceARN": arn, "Tags": tags})),
        ("UntagResource", |lost| json!({"ResourceARN": arn, "TagKeys": lost})),
    )?;
    Ok(made)
}

fn delete_alarm(work: &Work<'_>, was: &Was<'_>) -> Result<(), ApiError> {
    work.remove(CloudWatch, "DeleteAlarms", json!({"AlarmNames": [was.made.physical]}))
}

fn put_dashboard(work: &Work<'_>) -> Result<Made, ApiError> {
    let input = json!({"DashboardName": work.name, "DashboardBody": work.document("DashboardBody")});
    work.call(CloudWatch, "PutDashboard", input)?;
    Ok(Made::of(&work.name))
}

fn delete_dashboard(work: &Work<'_>, was: &Was<'_>) -> Result<(), ApiError> {
    work.remove(CloudWatch, "DeleteDashboards", json!({"DashboardNames": [was.made.physical]}))
}
