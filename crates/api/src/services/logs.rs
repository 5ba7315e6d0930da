//! CloudWatch Logs: log groups, streams, events, metric filters, tags. Queries are a table of their own.

mod error;
mod events;
mod filters;
mod groups;
mod streams;
mod tags;

use std::sync::Arc;

use weir_store::logs::{LogsError, Owner};

use crate::{ApiError, Call, Check, Operation, Payload, Region, Regions, ServiceName, Table, handle};

/// What the operations work on.
pub struct Logs {
    regions: Arc<dyn Regions>,
}

/// The table of CloudWatch Logs, but for its queries.
pub fn table(regions: Arc<dyn Regions>) -> Table<Logs> {
    Table { service: ServiceName::Logs, state: Logs { regions }, operations: OPERATIONS }
}

const GROUP: [Check; 2] = [Check::Required("logGroupName"), Check::Length("logGroupName", 1, 512)];
const PAGE: Check = Check::Range("limit", 1, 50);
const EVENT_PAGE: Check = Check::Range("limit", 1, 10_000);
const PATTERN: Check = Check::Length("filterPattern", 0, 1024);
const RESOURCE: Check = Check::Required("resourceArn");

const OPERATIONS: &[Operation<Logs>] = &[
    Operation::new("CreateLogGroup", handle!(groups::create)).on(group).checked(&[
        Check::Required("logGroupName"),
        Check::Length("logGroupName", 1, usize::MAX),
        Check::OneOf("logGroupClass", &["STANDARD", "INFREQUENT_ACCESS", "DELIVERY", "ESSENTIALS"]),
    ]),
    Operation::new("DeleteLogGroup", handle!(groups::delete)).on(group).checked(&GROUP),
    Operation::new("DescribeLogGroups", handle!(groups::describe)).on(any_group).checked(&[
        Check::Length("logGroupNamePrefix", 1, 512),
        Check::Length("logGroupNamePattern", 0, 512),
        Check::Length("logGroupIdentifiers", 1, 50),
        PAGE,
    ]),
    Operation::new("ListLogGroups", handle!(groups::list))
        .on(any_group)
        .checked(&[Check::Length("logGroupNamePattern", 3, 129), Check::Range("limit", 1, 1000)]),
    Operation::new("PutRetentionPolicy", handle!(groups::put_retention)).on(group).checked(&[
        GROUP[0],
        GROUP[1],
        Check::Required("retentionInDays"),
    ]),
    Operation::new("DeleteRetentionPolicy", handle!(groups::delete_retention)).on(group).checked(&GROUP),
    Operation::new("CreateLogStream", handle!(streams::create)).on(group).checked(&[
        Check::Required("logGroupName"),
        Check::Length("logGroupName", 1, usize::MAX),
        Check::Required("logStreamName"),
        Check::Length("logStreamName", 1, usize::MAX),
    ]),
    Operation::new("DeleteLogStream", handle!(streams::delete)).on(stream).checked(&[
        GROUP[0],
        GROUP[1],
        Check::Required("logStreamName"),
        Check::Length("logStreamName", 1, 512),
    ]),
    Operation::new("DescribeLogStreams", handle!(streams::describe)).on(group).checked(&[
        GROUP[1],
        Check::Length("logStreamNamePrefix", 1, 512),
        Check::OneOf("orderBy", &["LogStreamName", "LastEventTime"]),
        PAGE,
    ]),
    // Without checks: its input is long, and the log store holds it against its limits itself.
    Operation::new("PutLogEvents", handle!(events::put)).on(stream),
    Operation::new("GetLogEvents", handle!(events::get)).on(stream).checked(&[
        GROUP[1],
        Check::Required("logStreamName"),
        Check::Length("logStreamName", 1, 512),
        EVENT_PAGE,
    ]),
    Operation::new("FilterLogEvents", handle!(events::filter)).on(group).checked(&[
        GROUP[1],
        Check::Length("logStreamNames", 1, 100),
        Check::Length("logStreamNamePrefix", 1, 512),
        PATTERN,
        EVENT_PAGE,
    ]),
    Operation::new("PutMetricFilter", handle!(filters::put)).on(group).checked(&[
        GROUP[0],
        GROUP[1],
        Check::Required("filterName"),
        Check::Length("filterName", 1, 512),
        Check::Required("filterPattern"),
        PATTERN,
        Check::Required("metricTransformations"),
    ]),
    Operation::new("DescribeMetricFilters", handle!(filters::describe)).on(group).checked(&[
        GROUP[1],
        Check::Length("filterNamePrefix", 1, 512),
        PAGE,
        Check::Length("metricName", 0, 255),
        Check::Length("metricNamespace", 0, 255),
    ]),
    Operation::new("DeleteMetricFilter", handle!(filters::delete)).on(group).checked(&[
        GROUP[0],
        GROUP[1],
        Check::Required("filterName"),
        Check::Length("filterName", 1, 512),
    ]),
    Operation::new("TestMetricFilter", handle!(filters::test)).checked(&[
        Check::Required("filterPattern"),
        PATTERN,
        Check::Required("logEventMessages"),
        Check::Length("logEventMessages", 1, 50),
    ]),
    Operation::new("TagLogGroup", handle!(tags::tag_group)).on(group).checked(&[
        GROUP[0],
        GROUP[1],
        Check::Required("tags"),
        Check::Length("tags", 1, 50),
    ]),
    Operation::new("UntagLogGroup", handle!(tags::untag_group)).on(group).checked(&[
        GROUP[0],
        GROUP[1],
        Check::Required("tags"),
        Check::Length("tags", 1, usize::MAX),
    ]),
    Operation::new("ListTagsLogGroup", handle!(tags::list_group)).on(group).checked(&GROUP),
    Operation::new("TagResource", handle!(tags::tag)).on(resource).checked(&[
        RESOURCE,
        Check::Required("tags"),
        Check::Length("tags", 1, 50),
    ]),
    Operation::new("UntagResource", handle!(tags::untag)).on(resource).checked(&[
        RESOURCE,
        Check::Required("tagKeys"),
        Check::Length("tagKeys", 0, 50),
    ]),
    Operation::new("ListTagsForResource", handle!(tags::list)).on(resource).checked(&[RESOURCE]),
    Operation::new("PutLogGroupDeletionProtection", handle!(groups::protect))
        .on(group)
        .checked(&[Check::Required("logGroupIdentifier"), Check::Required("deletionProtectionEnabled")]),
];

/// What CloudWatch Logs has and Weir has not, or not in this table.
pub fn unsupported() -> Table<()> {
    Table { service: ServiceName::Logs, state: (), operations: UNSUPPORTED }
}

const UNSUPPORTED: &[Operation<()>] = &Operation::all_unsupported([
    "AssociateKmsKey",
    "AssociateSourceToS3TableIntegration",
    "CancelExportTask",
    "CancelImportTask",
    "CreateDelivery",
    "CreateExportTask",
    "CreateImportTask",
    "CreateLogAnomalyDetector",
    "CreateLookupTable",
    "CreateScheduledQuery",
    "DeleteAccountPolicy",
    "DeleteDataProtectionPolicy",
    "DeleteDelivery",
    "DeleteDeliveryDestination",
    "DeleteDeliveryDestinationPolicy",
    "DeleteDeliverySource",
    "DeleteDestination",
    "DeleteIndexPolicy",
    "DeleteIntegration",
    "DeleteLogAnomalyDetector",
    "DeleteLookupTable",
    "DeleteQueryDefinition",
    "DeleteResourcePolicy",
    "DeleteScheduledQuery",
    "DeleteSubscriptionFilter",
    "DeleteSyslogConfiguration",
    "DeleteTransformer",
    "DescribeAccountPolicies",
    "DescribeConfigurationTemplates",
    "DescribeDeliveries",
    "DescribeDeliveryDestinations",
    "DescribeDeliverySources",
    "DescribeDestinations",
    "DescribeExportTasks",
    "DescribeFieldIndexes",
    "DescribeImportTaskBatches",
    "DescribeImportTasks",
    "DescribeIndexPolicies",
    "DescribeLookupTables",
    "DescribeQueries",
    "DescribeQueryDefinitions",
    "DescribeResourcePolicies",
    "DescribeSubscriptionFilters",
    "DisassociateKmsKey",
    "DisassociateSourceFromS3TableIntegration",
    "GetDataProtectionPolicy",
    "GetDelivery",
    "GetDeliveryDestination",
    "GetDeliveryDestinationPolicy",
    "GetDeliverySource",
    "GetIntegration",
    "GetLogAnomalyDetector",
    "GetLogFields",
    "GetLogGroupFields",
    "GetLogObject",
    "GetLogRecord",
    "GetLookupTable",
    "GetQueryResults",
    "GetScheduledQuery",
    "GetScheduledQueryHistory",
    "GetStorageTierPolicy",
    "GetTransformer",
    "ListAggregateLogGroupSummaries",
    "ListAnomalies",
    "ListIntegrations",
    "ListLogAnomalyDetectors",
    "ListLogGroupsForQuery",
    "ListScheduledQueries",
    "ListSourcesForS3TableIntegration",
    "ListSyslogConfigurations",
    "PutAccountPolicy",
    "PutBearerTokenAuthentication",
    "PutDataProtectionPolicy",
    "PutDeliveryDestination",
    "PutDeliveryDestinationPolicy",
    "PutDeliverySource",
    "PutDestination",
    "PutDestinationPolicy",
    "PutIndexPolicy",
    "PutIntegration",
    "PutQueryDefinition",
    "PutResourcePolicy",
    "PutStorageTierPolicy",
    "PutSubscriptionFilter",
    "PutSyslogConfiguration",
    "PutTransformer",
    "StartLiveTail",
    "StartQuery",
    "StopQuery",
    "TestTransformer",
    "UpdateAnomaly",
    "UpdateDeliveryConfiguration",
    "UpdateLogAnomalyDetector",
    "UpdateLookupTable",
    "UpdateScheduledQuery",
]);

impl Logs {
    fn region(&self, call: &Call) -> Result<Arc<Region>, ApiError> {
        self.regions.region(&call.region)
    }
}

/// The log group of an identifier: its name or its ARN.
pub(super) fn name_of(call: &Call, identifier: &str) -> Result<String, LogsError> {
    let owner = Owner { account: call.account.clone(), region: call.region.clone() };
    owner.group_of(identifier).map(str::to_owned)
}

/// The log group that an input names.
fn group(call: &Call, payload: &Payload) -> Vec<String> {
    vec![group_arn(call, payload.peek("logGroupName").or_else(|| payload.peek("logGroupIdentifier")))]
}

/// The log stream that an input names.
fn stream(call: &Call, payload: &Payload) -> Vec<String> {
    let group = group(call, payload).pop().unwrap_or_default();
    let stream = payload.peek("logStreamName").unwrap_or_default();
    vec![format!("{}:log-stream:{stream}", group.trim_end_matches(":*"))]
}

/// Lists are about all groups.
fn any_group(call: &Call, _: &Payload) -> Vec<String> {
    vec![group_arn(call, None)]
}

/// The resource that an input has the ARN of.
fn resource(call: &Call, payload: &Payload) -> Vec<String> {
    vec![group_arn(call, payload.peek("resourceArn"))]
}

/// As policies write it: `…:log-group:NAME:*`.
fn group_arn(call: &Call, identifier: Option<String>) -> String {
    match identifier {
        Some(arn) if arn.starts_with("arn:") => format!("{}:*", arn.trim_end_matches(":*")),
        Some(name) => call.arn("logs", &format!("log-group:{name}:*")),
        None => call.arn("logs", "log-group:*"),
    }
}

#[cfg(test)]
mod tests;
