use serde_json::{Value, json};

use super::*;
use crate::services::fixture::{Folder, NOW, ask};

fn opened() -> (Arc<Folder>, Table<Logs>) {
    let folder = Folder::new();
    let table = table(&folder.foundation()).expect("a table");
    (folder, table)
}

fn ok(table: &Table<Logs>, operation: &str, input: &Value) -> Value {
    ask(table, operation, input, NOW).expect(operation)
}

fn refused(table: &Table<Logs>, operation: &str, input: &Value) -> (String, String) {
    let error = ask(table, operation, input, NOW).expect_err(operation);
    (error.code.into_owned(), error.message)
}

#[test]
fn a_group_is_described_as_aws_does() {
    let (_folder, logs) = opened();
    ok(&logs, "CreateLogGroup", &json!({"logGroupName": "/a", "tags": {"k": "v"}}));
    let described = ok(&logs, "DescribeLogGroups", &json!({}));
    let expected = json!({
        "logGroups": [{
            "logGroupName": "/a",
            "creationTime": NOW,
            "retentionInDays": null,
            "metricFilterCount": 0,
            "arn": "arn:aws:logs:us-east-1:123456789012:log-group:/a:*",
            "storedBytes": 0,
            "logGroupClass": "STANDARD",
            "logGroupArn": "arn:aws:logs:us-east-1:123456789012:log-group:/a",
            "deletionProtectionEnabled": false,
        }],
        "nextToken": null,
    });
    assert_eq!(described, expected);
    let described = ok(&logs, "DescribeLogGroups", &json!({"logGroupNamePattern": "a"}));
    assert_eq!(described["logGroups"][0]["storedBytes"], Value::Null);
    assert_eq!(described["nextToken"], "/a");
    let behind = ok(&logs, "DescribeLogGroups", &json!({"logGroupNamePattern": "a", "nextToken": "/a"}));
    assert_eq!(behind, json!({"logGroups": [], "nextToken": null}));
    let listed = ok(&logs, "ListLogGroups", &json!({"logGroupNamePattern": "^/a|bbb"}));
    assert_eq!(listed["logGroups"][0]["logGroupName"], "/a");
}

#[test]
fn errors_are_in_the_words_of_aws() {
    let (_folder, logs) = opened();
    ok(&logs, "CreateLogGroup", &json!({"logGroupName": "/a"}));
    ok(&logs, "CreateLogStream", &json!({"logGroupName": "/a", "logStreamName": "s"}));
    let long = "x".repeat(513);
    for (operation, input, code, message) in [
        (
            "DescribeLogGroups",
            json!({"logGroupNamePrefix": "a", "logGroupNamePattern": "a"}),
            "InvalidParameterException",
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
        ),
        (
            "CreateLogGroup",
            json!({"logGroupName": "/a"}),
            "ResourceAlreadyExistsException",
            "The specified log group already exists",
        ),
        (
            "CreateLogGroup",
            json!({"logGroupName": long}),
            "InvalidParameterException",
            "Invalid LogGroup or LogStream, both must have length less than or equal to 512.",
        ),
        (
            "CreateLogStream",
            json!({"logGroupName": "/a", "logStreamName": "s"}),
            "ResourceAlreadyExistsException",
            "The specified log stream already exists",
        ),
        (
            "DeleteLogGroup",
            json!({"logGroupName": "/b"}),
            "ResourceNotFoundException",
            "The specified log group does not exist.",
        ),
        (
            "GetLogEvents",
            json!({"logGroupName": "/a", "logStreamName": "t"}),
            "ResourceNotFoundException",
            "The specified log stream does not exist.",
        ),
        (
            "DescribeLogStreams",
            json!({"logGroupName": "/a", "logGroupIdentifier": "/a"}),
            "ValidationException",
            "LogGroup name and LogGroup ARN are mutually exclusive parameters.",
        ),
        (
            "FilterLogEvents",
            json!({"logGroupName": "/a", "limit": 10_001}),
            "InvalidParameterException",
            "1 validation error detected: Value '10001' at 'limit' failed to satisfy constraint: Member must have value \
             less than or equal to 10000",
        ),
        (
            "FilterLogEvents",
            json!({"logGroupName": "/a", "nextToken": "made-up"}),
            "InvalidParameterException",
            "The specified nextToken is invalid.",
        ),
        (
            "PutMetricFilter",
            json!({"logGroupName": "/a", "filterName": "f", "filterPattern": "", "metricTransformations": [
                {"metricName": "m", "metricNamespace": "n", "metricValue": "1"},
                {"metricName": "m", "metricNamespace": "n", "metricValue": "1", "defaultValue": 0},
            ]}),
            "InvalidParameterException",
            "1 validation error detected: Value '[MetricTransformation(metricName=m, metricNamespace=n, metricValue=1, \
             defaultValue=null, unit=null, dimensions=null), MetricTransformation(metricName=m, metricNamespace=n, \
             metricValue=1, defaultValue=0.0, unit=null, dimensions=null)]' at 'metricTransformations' failed to \
             satisfy constraint: Member must have length less than or equal to 1",
        ),
        (
            "DeleteMetricFilter",
            json!({"logGroupName": "/a", "filterName": "f"}),
            "ResourceNotFoundException",
            "The specified metric filter does not exist.",
        ),
        (
            "PutLogEvents",
            json!({"logStreamName": "s", "logEvents": []}),
            "InvalidParameterException",
            "1 validation error detected: Value null at 'logGroupName' failed to satisfy constraint: Member must not be null",
        ),
    ] {
        assert_eq!(refused(&logs, operation, &input), (code.to_owned(), message.to_owned()), "{operation}");
    }
}

#[test]
fn events_are_put_filtered_and_kept() {
    let (folder, logs) = opened();
    ok(&logs, "CreateLogGroup", &json!({"logGroupName": "/a"}));
    ok(&logs, "CreateLogStream", &json!({"logGroupName": "/a", "logStreamName": "s"}));
    let event = |timestamp: i64, message: &str| json!({"timestamp": timestamp, "message": message});
    let old = NOW - 15 * 86_400_000;
    let put = ok(
        &logs,
        "PutLogEvents",
        &json!({"logGroupName": "/a", "logStreamName": "s", "logEvents": [event(old, "too old")]}),
    );
    assert_eq!(put["rejectedLogEventsInfo"], json!({"tooOldLogEventEndIndex": 1}));
    let events = json!([event(NOW, "hello cruela world"), event(NOW + 1, "goodbye")]);
    ok(&logs, "PutLogEvents", &json!({"logGroupName": "/a", "logStreamName": "s", "logEvents": events}));
    let found = ok(&logs, "FilterLogEvents", &json!({"logGroupName": "/a", "filterPattern": "\"hello cruel\""}));
    assert_eq!(found["events"].as_array().expect("events").len(), 1);
    assert_eq!(found["events"][0]["message"], "hello cruela world");
    assert_eq!(found["searchedLogStreams"], json!([]));
    let all = ok(&logs, "FilterLogEvents", &json!({"logGroupIdentifier": "/a", "filterPattern": " "}));
    assert_eq!(all["events"].as_array().expect("events").len(), 2);

    drop(logs);
    let logs = table(&folder.again().foundation()).expect("a table");
    let got = ok(&logs, "GetLogEvents", &json!({"logGroupName": "/a", "logStreamName": "s", "startFromHead": true}));
    assert_eq!(got["events"][1]["message"], "goodbye");
}

#[test]
fn tags_are_one_set() {
    let (_folder, logs) = opened();
    let arn = "arn:aws:logs:us-east-1:123456789012:log-group:/a";
    ok(&logs, "CreateLogGroup", &json!({"logGroupName": "/a", "tags": {"a": "1"}}));
    ok(&logs, "TagLogGroup", &json!({"logGroupName": "/a", "tags": {"b": "2"}}));
    ok(&logs, "TagResource", &json!({"resourceArn": arn, "tags": {"c": "3"}}));
    ok(&logs, "UntagResource", &json!({"resourceArn": format!("{arn}:*"), "tagKeys": ["a"]}));
    let expected = json!({"tags": {"b": "2", "c": "3"}});
    assert_eq!(ok(&logs, "ListTagsLogGroup", &json!({"logGroupName": "/a"})), expected);
    assert_eq!(ok(&logs, "ListTagsForResource", &json!({"resourceArn": arn})), expected);
    let many: serde_json::Map<_, _> = (0..49).map(|number| (format!("k{number}"), "v".into())).collect();
    assert_eq!(refused(&logs, "TagResource", &json!({"resourceArn": arn, "tags": many})).0, "TooManyTagsException");
}

#[test]
fn a_protected_group_is_not_deleted() {
    let (_folder, logs) = opened();
    ok(&logs, "CreateLogGroup", &json!({"logGroupName": "/a", "deletionProtectionEnabled": true}));
    assert_eq!(refused(&logs, "DeleteLogGroup", &json!({"logGroupName": "/a"})).0, "ValidationException");
    let off = json!({"logGroupIdentifier": "/a", "deletionProtectionEnabled": false});
    ok(&logs, "PutLogGroupDeletionProtection", &off);
    ok(&logs, "DeleteLogGroup", &json!({"logGroupName": "/a"}));
}

#[test]
fn metric_filters_are_put_tried_and_listed() {
    let (_folder, logs) = opened();
    ok(&logs, "CreateLogGroup", &json!({"logGroupName": "/a"}));
    let transformation = json!({
        "metricName": "SSH Rejects", "metricNamespace": "A.B-c_d/1#2", "metricValue": "1", "defaultValue": 0
    });
    ok(
        &logs,
        "PutMetricFilter",
        &json!({"logGroupName": "/a", "filterName": "f", "filterPattern": " ", "metricTransformations": [transformation]}),
    );
    let described = ok(&logs, "DescribeMetricFilters", &json!({"logGroupName": "/a"}));
    let filter = &described["metricFilters"][0];
    assert_eq!((&filter["filterPattern"], &filter["applyOnTransformedLogs"]), (&json!(" "), &json!(false)));
    assert_eq!(filter["metricTransformations"][0]["defaultValue"].to_string(), "0.0");
    let groups = ok(&logs, "DescribeLogGroups", &json!({}));
    assert_eq!(groups["logGroups"][0]["metricFilterCount"], 1);
    let tried = json!({"filterPattern": "[a, b=22]", "logEventMessages": ["x 22", "x 23"]});
    let tried = ok(&logs, "TestMetricFilter", &tried);
    let expected = json!({"matches": [
        {"eventNumber": 0, "eventMessage": "x 22", "extractedValues": {"$a": "x", "$b": "22"}}
    ]});
    assert_eq!(tried, expected);
}

#[test]
fn what_an_operation_is_about_is_found_without_reading_all_of_it() {
    let call = crate::services::fixture::call(NOW);
    let of = |json: &str, resources: crate::Resources| resources(&call, &Payload::json(json.to_owned().into()));
    let arn = "arn:aws:logs:us-east-1:123456789012:log-group:/a";
    let put = r#"{"logEvents":[{"timestamp":1,"message":"x"}],"logGroupName":"/a","logStreamName":"s"}"#;
    assert_eq!(of(put, stream), [format!("{arn}:log-stream:s")]);
    assert_eq!(of(put, group), [format!("{arn}:*")]);
    assert_eq!(of(&format!(r#"{{"logGroupIdentifier":"{arn}"}}"#), group), [format!("{arn}:*")]);
    assert_eq!(of("{}", any_group), ["arn:aws:logs:us-east-1:123456789012:log-group:*"]);
}
