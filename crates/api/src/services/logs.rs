//! CloudWatch Logs: log groups, streams, events, metric filters, tags. Queries are a table of their own.

mod constraint;
mod error;
mod events;
mod exports;
mod filters;
mod groups;
mod page;
mod policies;
mod stored;
mod streams;
mod subscriptions;
mod tags;
mod tail;

use std::sync::{Arc, OnceLock};

use weir_store::{
    Buckets, Catalogue,
    logs::{LogsError, Owner},
};
use weir_watch::notice::{Failure, Http};

use self::{
    constraint::{EVENT_PAGE, FILTER, GROUP, IDENTIFIER, PAGE, PATTERN, RESOURCE},
    exports::Exports,
    policies::InForce,
    subscriptions::{Deliveries, Post},
};
use crate::{ApiError, Call, Check, Foundation, Operation, Payload, Region, Regions, ServiceName, Table, handle};

/// What the operations work on.
pub struct Logs {
    regions: Arc<dyn Regions>,
    catalogue: Catalogue,
    buckets: Buckets,
    deliveries: Deliveries,
    exports: Exports,
    policies: Arc<InForce>,
}

/// The table of CloudWatch Logs, but for its queries. What subscription filters deliver goes on from here.
///
/// # Errors
/// When what it keeps cannot be read.
pub fn table(on: &Foundation) -> Result<Table<Logs>, ApiError> {
    table_with(on, over_https())
}

fn table_with(on: &Foundation, post: Post) -> Result<Table<Logs>, ApiError> {
    on.catalogue.provide(&stored::TABLES)?;
    exports::give_up(&on.catalogue)?;
    let state = Logs {
        regions: Arc::clone(&on.regions),
        catalogue: on.catalogue.clone(),
        buckets: on.buckets.clone(),
        deliveries: Deliveries::new(post, on.catalogue.clone(), on.clock),
        exports: Exports::default(),
        policies: Arc::new(InForce::new(on.catalogue.clone())),
    };
    let policies = Arc::clone(&state.policies);
    on.access.guard("logs", Arc::new(move |arn| policies.of(arn)));
    for (region, filter) in on.catalogue.change(stored::all)? {
        let owner = Owner { account: on.account.clone(), region };
        let region = state.regions.region(&owner.region)?;
        state.deliveries.begin(&region, &owner, filter)?;
    }
    Ok(Table::new(ServiceName::Logs, state, OPERATIONS))
}

/// The certificates of this system are read when they are first needed.
fn over_https() -> Post {
    let http = OnceLock::new();
    Arc::new(move |url, body| match http.get_or_init(|| Http::new().map_err(|error| error.to_string())) {
        Ok(http) => http.post_gzip(url, body),
        Err(problem) => Err(Failure::Transient(problem.clone())),
    })
}

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
        GROUP[2],
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
        IDENTIFIER,
        GROUP[1],
        Check::Length("logStreamNamePrefix", 1, 512),
        Check::OneOf("orderBy", &["LogStreamName", "LastEventTime"]),
        PAGE,
    ]),
    // Without checks: its input is long, and the log store holds it against its limits itself.
    Operation::new("PutLogEvents", handle!(events::put)).on(stream),
    Operation::new("GetLogEvents", handle!(events::get)).on(stream).checked(&[
        IDENTIFIER,
        GROUP[1],
        Check::Required("logStreamName"),
        Check::Length("logStreamName", 1, 512),
        EVENT_PAGE,
    ]),
    Operation::new("FilterLogEvents", handle!(events::filter)).on(group).checked(&[
        IDENTIFIER,
        GROUP[1],
        Check::Length("logStreamNames", 1, 100),
        Check::Length("logStreamNamePrefix", 1, 512),
        PATTERN,
        EVENT_PAGE,
    ]),
    Operation::new("PutMetricFilter", handle!(filters::put)).on(group).checked(&[
        GROUP[0],
        GROUP[1],
        GROUP[2],
        FILTER[0],
        FILTER[1],
        FILTER[2],
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
    Operation::new("DeleteMetricFilter", handle!(filters::delete))
        .on(group)
        .checked(&[GROUP[0], GROUP[1], GROUP[2], FILTER[0], FILTER[1], FILTER[2]]),
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
    Operation::new("PutResourcePolicy", handle!(policies::put)).checked(&[
        Check::Required("policyName"),
        Check::Required("policyDocument"),
        Check::Length("policyDocument", 1, 51_200),
    ]),
    Operation::new("DescribeResourcePolicies", handle!(policies::describe)).checked(&[PAGE]),
    Operation::new("DeleteResourcePolicy", handle!(policies::delete)).checked(&[Check::Required("policyName")]),
    Operation::new("PutSubscriptionFilter", handle!(subscriptions::put)).on(group).checked(&[
        GROUP[0],
        GROUP[1],
        GROUP[2],
        FILTER[0],
        FILTER[1],
        FILTER[2],
        Check::Required("filterPattern"),
        PATTERN,
        Check::Required("destinationArn"),
        Check::Length("destinationArn", 1, 2048),
        Check::OneOf("distribution", &["Random", "ByLogStream"]),
    ]),
    Operation::new("DescribeSubscriptionFilters", handle!(subscriptions::describe)).on(group).checked(&[
        GROUP[0],
        GROUP[1],
        Check::Length("filterNamePrefix", 1, 512),
        PAGE,
    ]),
    Operation::new("DeleteSubscriptionFilter", handle!(subscriptions::delete))
        .on(group)
        .checked(&[GROUP[0], GROUP[1], GROUP[2], FILTER[0], FILTER[1], FILTER[2]]),
    Operation::new("CreateExportTask", handle!(exports::create)).on(group).checked(&[
        Check::Length("taskName", 1, 512),
        GROUP[0],
        GROUP[1],
        Check::Length("logStreamNamePrefix", 1, 512),
        Check::Required("from"),
        Check::Range("from", 0, i64::MAX),
        Check::Required("to"),
        Check::Range("to", 0, i64::MAX),
        Check::Required("destination"),
        Check::Length("destination", 1, 512),
    ]),
    Operation::new("DescribeExportTasks", handle!(exports::describe)).checked(&[
        Check::Length("taskId", 1, 512),
        Check::OneOf("statusCode", &["CANCELLED", "COMPLETED", "FAILED", "PENDING", "PENDING_CANCEL", "RUNNING"]),
        PAGE,
    ]),
    Operation::new("CancelExportTask", handle!(exports::cancel))
        .checked(&[Check::Required("taskId"), Check::Length("taskId", 1, 512)]),
    Operation::streaming("StartLiveTail", tail::start).on(named_groups).checked(&[
        Check::Required("logGroupIdentifiers"),
        Check::Length("logGroupIdentifiers", 1, 10),
        Check::Length("logStreamNames", 1, 100),
        Check::Length("logStreamNamePrefixes", 1, 100),
        Check::Length("logEventFilterPattern", 0, 1024),
    ]),
    Operation::new("PutLogGroupDeletionProtection", handle!(groups::protect))
        .on(group)
        .checked(&[Check::Required("logGroupIdentifier"), Check::Required("deletionProtectionEnabled")]),
];

/// What CloudWatch Logs has and Weir has not, or not in this table.
pub fn unsupported() -> Table<()> {
    Table::new(ServiceName::Logs, (), UNSUPPORTED)
}

const UNSUPPORTED: &[Operation<()>] = &Operation::all_unsupported([
    "AssociateKmsKey",
    "AssociateSourceToS3TableIntegration",
    "CancelImportTask",
    "CreateDelivery",
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
    "DeleteScheduledQuery",
    "DeleteSyslogConfiguration",
    "DeleteTransformer",
    "DescribeAccountPolicies",
    "DescribeConfigurationTemplates",
    "DescribeDeliveries",
    "DescribeDeliveryDestinations",
    "DescribeDeliverySources",
    "DescribeDestinations",
    "DescribeFieldIndexes",
    "DescribeImportTaskBatches",
    "DescribeImportTasks",
    "DescribeIndexPolicies",
    "DescribeLookupTables",
    "DescribeQueries",
    "DescribeQueryDefinitions",
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
    "PutStorageTierPolicy",
    "PutSyslogConfiguration",
    "PutTransformer",
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

/// All log groups that an input names.
fn named_groups(call: &Call, payload: &Payload) -> Vec<String> {
    let list = payload.value().ok().and_then(|input| input.get("logGroupIdentifiers")?.as_array());
    let names = list.into_iter().flatten().filter_map(|name| name.as_str());
    names.map(|name| group_arn(call, Some(name.to_owned()))).collect()
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
