//! CloudWatch: metrics, alarms, dashboards.

mod alarms;
mod dashboards;
mod error;
mod log_alarms;
mod metrics;
mod tags;

use std::sync::Arc;

use weir_store::Catalogue;

use crate::{ApiError, Call, Check, Foundation, Operation, Payload, Region, Regions, ServiceName, Table, handle};

/// What the operations work on.
pub struct CloudWatch {
    regions: Arc<dyn Regions>,
    catalogue: Catalogue,
}

/// The table of CloudWatch.
///
/// # Errors
/// When the catalogue refuses.
pub fn table(on: &Foundation) -> Result<Table<CloudWatch>, ApiError> {
    on.catalogue.provide(&dashboards::TABLES)?;
    let state = CloudWatch { regions: Arc::clone(&on.regions), catalogue: on.catalogue.clone() };
    Ok(Table::new(ServiceName::CloudWatch, state, OPERATIONS))
}

const STATES: [&str; 3] = ["INSUFFICIENT_DATA", "ALARM", "OK"];
const STATISTICS: [&str; 5] = ["SampleCount", "Average", "Sum", "Minimum", "Maximum"];
/// In the order in which AWS tells them.
const UNITS: [&str; 27] = [
    "Gigabits/Second",
    "Gigabits",
    "Percent",
    "Terabits",
    "Bits",
    "Kilobits",
    "Megabytes/Second",
    "Kilobytes",
    "Megabits/Second",
    "Terabytes",
    "Bytes",
    "Count",
    "Gigabytes",
    "Milliseconds",
    "Count/Second",
    "Gigabytes/Second",
    "None",
    "Terabytes/Second",
    "Bytes/Second",
    "Megabits",
    "Kilobytes/Second",
    "Megabytes",
    "Microseconds",
    "Kilobits/Second",
    "Terabits/Second",
    "Bits/Second",
    "Seconds",
];
const UNIT: Check = Check::OneOf("Unit", &UNITS);
const OPERATORS: [&str; 7] = [
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
    "LessThanLowerOrGreaterThanUpperThreshold",
    "LessThanLowerThreshold",
    "GreaterThanUpperThreshold",
];
const ALARM_NAME: [Check; 2] = [Check::Required("AlarmName"), Check::Length("AlarmName", 1, 255)];
const ALARM_NAMES: [Check; 2] = [Check::Required("AlarmNames"), Check::Length("AlarmNames", 0, 100)];
const NAMESPACE: Check = Check::Length("Namespace", 1, 255);
const METRIC_NAME: Check = Check::Length("MetricName", 1, 255);
const RECORDS: Check = Check::Range("MaxRecords", 1, 100);
const SCAN_BY: Check = Check::OneOf("ScanBy", &["TimestampDescending", "TimestampAscending"]);
const PERIOD: Check = Check::Range("Period", 1, i64::MAX);
const ARN: [Check; 2] = [Check::Required("ResourceARN"), Check::Length("ResourceARN", 1, 1024)];

const OPERATIONS: &[Operation<CloudWatch>] = &[
    Operation::new("PutMetricData", handle!(metrics::put)).checked(&[Check::Required("Namespace"), NAMESPACE]),
    Operation::new("GetMetricData", handle!(metrics::get_data)).checked(&[
        Check::Required("MetricDataQueries"),
        Check::Required("StartTime"),
        Check::Required("EndTime"),
        SCAN_BY,
    ]),
    Operation::new("GetMetricStatistics", handle!(metrics::get_statistics)).checked(&[
        Check::Required("Namespace"),
        NAMESPACE,
        Check::Required("MetricName"),
        METRIC_NAME,
        Check::Required("StartTime"),
        Check::Required("EndTime"),
        Check::Required("Period"),
        PERIOD,
        Check::Length("Statistics", 1, 5),
        Check::Length("ExtendedStatistics", 1, 10),
        UNIT,
    ]),
    Operation::new("ListMetrics", handle!(metrics::list)).checked(&[
        NAMESPACE,
        METRIC_NAME,
        Check::Length("Dimensions", 0, 10),
        Check::OneOf("RecentlyActive", &["PT3H"]),
    ]),
    Operation::new("PutMetricAlarm", handle!(alarms::put)).on(alarm).checked(&[
        ALARM_NAME[0],
        ALARM_NAME[1],
        Check::Length("AlarmDescription", 0, 1024),
        Check::Length("OKActions", 0, 5),
        Check::Length("AlarmActions", 0, 5),
        Check::Length("InsufficientDataActions", 0, 5),
        METRIC_NAME,
        NAMESPACE,
        Check::OneOf("Statistic", &STATISTICS),
        UNIT,
        PERIOD,
        Check::Range("EvaluationPeriods", 1, i64::MAX),
        Check::Range("DatapointsToAlarm", 1, i64::MAX),
        Check::OneOf("ComparisonOperator", &OPERATORS),
    ]),
    Operation::new("PutCompositeAlarm", handle!(alarms::put_composite)).on(alarm).checked(&[
        ALARM_NAME[0],
        ALARM_NAME[1],
        Check::Length("AlarmDescription", 0, 1024),
        Check::Required("AlarmRule"),
        Check::Length("AlarmRule", 1, 10_240),
    ]),
    Operation::new("PutLogAlarm", handle!(log_alarms::put)).on(alarm).checked(&[
        ALARM_NAME[0],
        ALARM_NAME[1],
        Check::Length("AlarmDescription", 0, 1024),
        Check::Required("ScheduledQueryConfiguration"),
        Check::Required("QueryResultsToEvaluate"),
        Check::Range("QueryResultsToEvaluate", 1, i64::MAX),
        Check::Required("QueryResultsToAlarm"),
        Check::Range("QueryResultsToAlarm", 1, i64::MAX),
        Check::Required("Threshold"),
        Check::Required("ComparisonOperator"),
        Check::OneOf("ComparisonOperator", &OPERATORS),
    ]),
    Operation::new("DescribeAlarms", handle!(alarms::describe)).on(any_alarm).checked(&[
        Check::Length("AlarmNames", 0, 100),
        Check::Length("AlarmNamePrefix", 1, 255),
        Check::OneOf("StateValue", &STATES),
        RECORDS,
    ]),
    Operation::new("DescribeAlarmsForMetric", handle!(alarms::describe_for_metric)).checked(&[
        Check::Required("MetricName"),
        METRIC_NAME,
        Check::Required("Namespace"),
        NAMESPACE,
        Check::OneOf("Statistic", &STATISTICS),
        UNIT,
        PERIOD,
    ]),
    Operation::new("DescribeAlarmHistory", handle!(alarms::history)).on(any_alarm).checked(&[
        ALARM_NAME[1],
        Check::OneOf("HistoryItemType", &["ConfigurationUpdate", "StateUpdate", "Action"]),
        RECORDS,
        SCAN_BY,
    ]),
    Operation::new("DescribeAlarmContributors", handle!(alarms::contributors)).on(alarm).checked(&ALARM_NAME),
    Operation::new("SetAlarmState", handle!(alarms::set_state)).on(alarm).checked(&[
        ALARM_NAME[0],
        ALARM_NAME[1],
        Check::Required("StateValue"),
        Check::OneOf("StateValue", &STATES),
        Check::Required("StateReason"),
        Check::Length("StateReason", 0, 1023),
        Check::Length("StateReasonData", 0, 4000),
    ]),
    Operation::new("DeleteAlarms", handle!(alarms::delete)).on(named_alarms).checked(&ALARM_NAMES),
    Operation::new("EnableAlarmActions", handle!(alarms::enable)).on(named_alarms).checked(&ALARM_NAMES),
    Operation::new("DisableAlarmActions", handle!(alarms::disable)).on(named_alarms).checked(&ALARM_NAMES),
    Operation::new("TagResource", handle!(tags::tag)).on(resource).checked(&[ARN[0], ARN[1], Check::Required("Tags")]),
    Operation::new("UntagResource", handle!(tags::untag)).on(resource).checked(&[
        ARN[0],
        ARN[1],
        Check::Required("TagKeys"),
    ]),
    Operation::new("ListTagsForResource", handle!(tags::list)).on(resource).checked(&ARN),
    Operation::new("PutDashboard", handle!(dashboards::put))
        .on(dashboard)
        .checked(&[Check::Required("DashboardName"), Check::Required("DashboardBody")]),
    Operation::new("GetDashboard", handle!(dashboards::get)).on(dashboard).checked(&[Check::Required("DashboardName")]),
    Operation::new("ListDashboards", handle!(dashboards::list)),
    Operation::new("DeleteDashboards", handle!(dashboards::delete)).on(named_dashboards),
];

/// What CloudWatch has and Weir has not.
pub fn unsupported() -> Table<()> {
    Table::new(ServiceName::CloudWatch, (), UNSUPPORTED)
}

const UNSUPPORTED: &[Operation<()>] = &Operation::all_unsupported([
    "AssociateDatasetKmsKey",
    "CreateResourceMetricsConfiguration",
    "DeleteAlarmMuteRule",
    "DeleteAnomalyDetector",
    "DeleteInsightRules",
    "DeleteMetricDataQueryDefinition",
    "DeleteMetricStream",
    "DeleteResourceMetricsConfiguration",
    "DescribeAnomalyDetectors",
    "DescribeInsightRules",
    "DisableInsightRules",
    "DisassociateDatasetKmsKey",
    "EnableInsightRules",
    "GetAlarmMuteRule",
    "GetDataset",
    "GetInsightRuleReport",
    "GetMetricDataQueryDefinition",
    "GetMetricStream",
    "GetMetricWidgetImage",
    "GetOTelEnrichment",
    "GetResourceMetricsConfiguration",
    "ListAlarmMuteRules",
    "ListManagedInsightRules",
    "ListMetricDataQueryDefinitions",
    "ListMetricStreams",
    "PutAlarmMuteRule",
    "PutAnomalyDetector",
    "PutInsightRule",
    "PutManagedInsightRules",
    "PutMetricDataQueryDefinition",
    "PutMetricStream",
    "StartMetricStreams",
    "StartOTelEnrichment",
    "StopMetricStreams",
    "StopOTelEnrichment",
    "UpdateOTelEnrichment",
    "UpdateResourceMetricsConfiguration",
]);

impl CloudWatch {
    fn region(&self, call: &Call) -> Result<Arc<Region>, ApiError> {
        self.regions.region(&call.region)
    }
}

fn alarm_arn(call: &Call, name: &str) -> String {
    call.arn("cloudwatch", &format!("alarm:{name}"))
}

/// The alarm that an input names.
fn alarm(call: &Call, payload: &Payload) -> Vec<String> {
    vec![alarm_arn(call, payload.text("AlarmName").unwrap_or("*"))]
}

/// Lists are about all alarms.
fn any_alarm(call: &Call, _: &Payload) -> Vec<String> {
    vec![alarm_arn(call, "*")]
}

/// All alarms that an input names.
fn named_alarms(call: &Call, payload: &Payload) -> Vec<String> {
    texts(payload, "AlarmNames").map(|name| alarm_arn(call, name)).collect()
}

/// The dashboard that an input names.
fn dashboard(call: &Call, payload: &Payload) -> Vec<String> {
    vec![dashboards::arn(call, payload.text("DashboardName").unwrap_or("*"))]
}

/// All dashboards that an input names.
fn named_dashboards(call: &Call, payload: &Payload) -> Vec<String> {
    texts(payload, "DashboardNames").map(|name| dashboards::arn(call, name)).collect()
}

/// The resource that an input has the ARN of.
fn resource(_: &Call, payload: &Payload) -> Vec<String> {
    vec![payload.text("ResourceARN").unwrap_or("*").to_owned()]
}

fn texts<'a>(payload: &'a Payload, member: &str) -> impl Iterator<Item = &'a str> {
    let list = payload.value().ok().and_then(|input| input.get(member)?.as_array());
    list.into_iter().flatten().filter_map(|item| item.as_str())
}

#[cfg(test)]
mod tests;
