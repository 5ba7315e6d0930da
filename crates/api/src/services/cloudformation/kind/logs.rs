//! Resources of CloudWatch Logs.

use serde_json::{Value, json};

use super::{
    Kind, Made, Was, Work,
    work::{each, found, merged},
};
use crate::{ApiError, ServiceName::Logs};

pub(super) const KINDS: &[Kind] = &[
    Kind::new("AWS::Logs::LogGroup", create_group, delete_group)
        .named("LogGroupName", 512)
        .shows(&["Arn"])
        .found(|work| {
            let input = json!({"logGroupNamePrefix": work.name});
            Ok(work.named_in(&work.listed(Logs, "DescribeLogGroups", input, "/logGroups")?, "logGroupName"))
        })
        .changes(update_group, &["LogGroupClass"]),
    Kind::new("AWS::Logs::LogStream", create_stream, delete_stream)
        .named("LogStreamName", 512)
        .requires(&["LogGroupName"])
        .found(|work| {
            let input = json!({"logGroupName": work.get("LogGroupName"), "logStreamNamePrefix": work.name});
            Ok(work.named_in(&work.listed(Logs, "DescribeLogStreams", input, "/logStreams")?, "logStreamName"))
        }),
    Kind::new("AWS::Logs::MetricFilter", put_metric_filter, delete_metric_filter)
        .named("FilterName", 512)
        .requires(&["FilterPattern", "LogGroupName", "MetricTransformations"])
        .found(|work| filters(work, "DescribeMetricFilters", "/metricFilters"))
        .changes(|work, _| put_metric_filter(work), &["LogGroupName"]),
    Kind::new("AWS::Logs::SubscriptionFilter", put_subscription_filter, delete_subscription_filter)
        .named("FilterName", 512)
        .requires(&["DestinationArn", "FilterPattern", "LogGroupName"])
        .found(|work| filters(work, "DescribeSubscriptionFilters", "/subscriptionFilters"))
        .changes(|work, _| put_subscription_filter(work), &["LogGroupName"]),
    Kind::new("AWS::Logs::ResourcePolicy", put_policy, delete_policy)
        .requires(&["PolicyDocument", "PolicyName"])
        .changes(|work, _| put_policy(work), &["PolicyName"]),
    Kind::new("AWS::Logs::QueryDefinition", put_query, delete_query)
        .requires(&["Name", "QueryString"])
        .shows(&["QueryDefinitionId"])
        .found(|work| {
            let input = json!({"queryDefinitionNamePrefix": work.get("Name")});
            let found = work.listed(Logs, "DescribeQueryDefinitions", input, "/queryDefinitions")?;
            Ok(each(&found, "queryDefinitionId"))
        })
        .changes(update_query, &[]),
];

fn create_group(work: &Work<'_>) -> Result<Made, ApiError> {
    let name = &work.name;
    let class = work.pick(&[("LogGroupClass", "logGroupClass"), ("KmsKeyId", "kmsKeyId")]);
    let input = merged(class, json!({"logGroupName": name, "tags": work.tag_map()}));
    work.call(Logs, "CreateLogGroup", input)?;
    put_retention(work)?;
    Ok(group(work))
}

fn group(work: &Work<'_>) -> Made {
    let name = &work.name;
    Made::of(name).with("Arn", work.call.arn("logs", &format!("log-group:{name}:*")))
}

fn put_retention(work: &Work<'_>) -> Result<(), ApiError> {
    let Some(days) = work.get("RetentionInDays") else { return Ok(()) };
    let input = json!({"logGroupName": work.name, "retentionInDays": days});
    work.call(Logs, "PutRetentionPolicy", input).map(drop)
}

fn update_group(work: &Work<'_>, was: &Was<'_>) -> Result<Made, ApiError> {
    if work.get("RetentionInDays").is_none() && was.properties.get("RetentionInDays").is_some() {
        work.call(Logs, "DeleteRetentionPolicy", json!({"logGroupName": work.name}))?;
    }
    put_retention(work)?;
    let arn = work.call.arn("logs", &format!("log-group:{}", work.name));
    work.retag(
        was,
        Logs,
        ("TagResource", |_| json!({"resourceArn": arn, "tags": work.tag_map()})),
        ("UntagResource", |lost| json!({"resourceArn": arn, "tagKeys": lost})),
    )?;
    Ok(group(work))
}

fn delete_group(work: &Work<'_>, was: &Was<'_>) -> Result<(), ApiError> {
    work.remove(Logs, "DeleteLogGroup", json!({"logGroupName": was.made.physical}))
}

fn create_stream(work: &Work<'_>) -> Result<Made, ApiError> {
    let input = json!({"logGroupName": work.get("LogGroupName"), "logStreamName": work.name});
    work.call(Logs, "CreateLogStream", input)?;
    Ok(Made::of(&work.name))
}

fn delete_stream(work: &Work<'_>, was: &Was<'_>) -> Result<(), ApiError> {
    let group = was.properties.get("LogGroupName");
    work.remove(Logs, "DeleteLogStream", json!({"logGroupName": group, "logStreamName": was.made.physical}))
}

/// The filter of this name on its group.
fn filters(work: &Work<'_>, operation: &str, list: &str) -> Result<Vec<String>, ApiError> {
    let input = json!({"logGroupName": work.get("LogGroupName"), "filterNamePrefix": work.name});
    Ok(work.named_in(&work.listed(Logs, operation, input, list)?, "filterName"))
}

fn put_metric_filter(work: &Work<'_>) -> Result<Made, ApiError> {
    let transformations = work.list("MetricTransformations");
    let input = json!({
        "logGroupName": work.get("LogGroupName"),
        "filterName": work.name,
        "filterPattern": work.get("FilterPattern"),
        "metricTransformations": transformations.map(transformation).collect::<Vec<_>>(),
    });
    work.call(Logs, "PutMetricFilter", input)?;
    Ok(Made::of(&work.name))
}

/// Dimensions are a list in templates and a map in the operation, and the value is a text.
fn transformation(value: &Value) -> Value {
    let dimensions = value.get("Dimensions").and_then(Value::as_array).map(|dimensions| {
        let pair = |one: &Value| Some((one.get("Key")?.as_str()?.to_owned(), one.get("Value")?.clone()));
        dimensions.iter().filter_map(pair).collect::<serde_json::Map<_, _>>()
    });
    json!({
        "metricName": value.get("MetricName"),
        "metricNamespace": value.get("MetricNamespace"),
        "metricValue": value.get("MetricValue").and_then(super::super::template::text),
        "defaultValue": value.get("DefaultValue"),
        "unit": value.get("Unit"),
        "dimensions": dimensions,
    })
}

fn delete_metric_filter(work: &Work<'_>, was: &Was<'_>) -> Result<(), ApiError> {
    let group = was.properties.get("LogGroupName");
    work.remove(Logs, "DeleteMetricFilter", json!({"logGroupName": group, "filterName": was.made.physical}))
}

fn put_subscription_filter(work: &Work<'_>) -> Result<Made, ApiError> {
    let given = work.pick(&[
        ("LogGroupName", "logGroupName"),
        ("FilterPattern", "filterPattern"),
        ("DestinationArn", "destinationArn"),
        ("RoleArn", "roleArn"),
        ("Distribution", "distribution"),
    ]);
    work.call(Logs, "PutSubscriptionFilter", merged(given, json!({"filterName": work.name})))?;
    Ok(Made::of(&work.name))
}

fn delete_subscription_filter(work: &Work<'_>, was: &Was<'_>) -> Result<(), ApiError> {
    let group = was.properties.get("LogGroupName");
    work.remove(Logs, "DeleteSubscriptionFilter", json!({"logGroupName": group, "filterName": was.made.physical}))
}

fn put_policy(work: &Work<'_>) -> Result<Made, ApiError> {
    let name = work.text("PolicyName").unwrap_or_default();
    let input = json!({"policyName": name, "policyDocument": work.document("PolicyDocument")});
    work.call(Logs, "PutResourcePolicy", input)?;
    Ok(Made::of(name))
}

fn delete_policy(work: &Work<'_>, was: &Was<'_>) -> Result<(), ApiError> {
    work.remove(Logs, "DeleteResourcePolicy", json!({"policyName": was.properties.get("PolicyName")}))
}

fn put_query(work: &Work<'_>) -> Result<Made, ApiError> {
    query(work, None)
}

fn update_query(work: &Work<'_>, was: &Was<'_>) -> Result<Made, ApiError> {
    query(work, Some(&was.made.physical))
}

fn query(work: &Work<'_>, id: Option<&str>) -> Result<Made, ApiError> {
    let given = work.pick(&[("Name", "name"), ("QueryString", "queryString"), ("LogGroupNames", "logGroupNames")]);
    let answer = work.call(Logs, "PutQueryDefinition", merged(given, json!({"queryDefinitionId": id})))?;
    let id = found(&answer, "/queryDefinitionId")?;
    Ok(Made::of(&id).with("QueryDefinitionId", id))
}

fn delete_query(work: &Work<'_>, was: &Was<'_>) -> Result<(), ApiError> {
    work.remove(Logs, "DeleteQueryDefinition", json!({"queryDefinitionId": was.made.physical}))
}
