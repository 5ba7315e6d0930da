use serde_json::{Value, json};

use super::*;
use crate::{
    Serve,
    protocol::{self, Asked, Protocol},
    services::fixture::{Folder, NOW, ask, call},
};

fn opened() -> (Arc<Folder>, Table<CloudWatch>) {
    let folder = Folder::new();
    let table = table(&folder.foundation()).expect("a table");
    (folder, table)
}

fn ok(table: &Table<CloudWatch>, operation: &str, input: &Value) -> Value {
    ask(table, operation, input, NOW).expect(operation)
}

fn refused(table: &Table<CloudWatch>, operation: &str, input: &Value) -> (String, u16, String) {
    let error = ask(table, operation, input, NOW).expect_err(operation);
    (error.code.into_owned(), error.status, error.message)
}

/// What a table answers to bytes in a protocol, as bytes.
fn said(table: &Table<CloudWatch>, operation: &str, protocol: Protocol, body: Vec<u8>) -> (u16, String) {
    let asked = Asked { service: ServiceName::CloudWatch, operation: operation.to_owned(), protocol, query_mode: true };
    let payload = protocol::decode(&asked, body.into()).expect("decoded");
    let reply = match table.call(operation, &call(NOW), &payload) {
        Ok(output) => protocol::encode(&asked, &output, "id"),
        Err(error) => protocol::encode_error(&asked, &error, "id"),
    };
    (reply.status, String::from_utf8_lossy(&reply.body).into_owned())
}

fn form(table: &Table<CloudWatch>, operation: &str, body: &str) -> (u16, String) {
    said(table, operation, Protocol::AwsQuery, body.as_bytes().to_vec())
}

const ALARM: &str = "AlarmName=a&MetricName=m&Namespace=n&Statistic=Sum&Period=60&EvaluationPeriods=2&Threshold=21.5\
                     &ComparisonOperator=GreaterThanThreshold&DatapointsToAlarm=1&ActionsEnabled=false\
                     &AlarmActions.member.1=arn:aws:sns:us-east-1:123456789012:t&Dimensions.member.1.Name=d\
                     &Dimensions.member.1.Value=v&Tags.member.1.Key=k&Tags.member.1.Value=w";

#[test]
fn an_alarm_is_put_by_a_form_and_described_as_aws_does() {
    let (_folder, table) = opened();
    assert_eq!(form(&table, "PutMetricAlarm", ALARM).0, 200);
    let described = ok(&table, "DescribeAlarms", &json!({}));
    let expected = json!({
        "ActionsEnabled": false,
        "AlarmActions": ["arn:aws:sns:us-east-1:123456789012:t"],
        "AlarmArn": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:a",
        "AlarmConfigurationUpdatedTimestamp": NOW,
        "AlarmName": "a",
        "ComparisonOperator": "GreaterThanThreshold",
        "DatapointsToAlarm": 1,
        "Dimensions": [{"Name": "d", "Value": "v"}],
        "EvaluationPeriods": 2,
        "InsufficientDataActions": [],
        "MetricName": "m",
        "Namespace": "n",
        "OKActions": [],
        "Period": 60,
        "StateReason": "Unchecked: Initial alarm creation",
        "StateTransitionedTimestamp": NOW,
        "StateUpdatedTimestamp": NOW,
        "StateValue": "INSUFFICIENT_DATA",
        "Statistic": "Sum",
        "Threshold": 21.5,
    });
    assert_eq!(
        described,
        json!({"MetricAlarms": [expected], "CompositeAlarms": [], "LogAlarms": [], "NextToken": null})
    );
    let (status, xml) = form(&table, "DescribeAlarms", "");
    assert!(status == 200 && xml.contains("<StateUpdatedTimestamp>2023-11-14T22:13:20.000Z<"), "{xml}");
    let arn = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:a";
    let tags = ok(&table, "ListTagsForResource", &json!({"ResourceARN": arn}));
    assert_eq!(tags, json!({"Tags": [{"Key": "k", "Value": "w"}]}));
    let none = refused(&table, "ListTagsForResource", &json!({"ResourceARN": format!("{arn}b")}));
    assert_eq!((none.0.as_str(), none.1), ("ResourceNotFoundException", 404));
}

#[test]
fn states_are_set_and_refused_in_the_words_of_aws() {
    let (_folder, table) = opened();
    form(&table, "PutMetricAlarm", ALARM);
    let set = |name: &str, value: &str| json!({"AlarmName": name, "StateValue": value, "StateReason": "test"});
    ok(&table, "SetAlarmState", &set("a", "ALARM"));
    let text = "1 validation error detected: Value 'INVALID' at 'stateValue' failed to satisfy constraint: Member must \
                satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]";
    let answer = refused(&table, "SetAlarmState", &set("a", "INVALID"));
    assert_eq!(answer, ("ValidationError".to_owned(), 400, text.to_owned()));
    let answer = refused(&table, "SetAlarmState", &set("b", "OK"));
    assert_eq!(answer, ("ResourceNotFound".to_owned(), 404, String::new()));
    let history = ok(&table, "DescribeAlarmHistory", &json!({"AlarmName": "a", "HistoryItemType": "StateUpdate"}));
    let item = &history["AlarmHistoryItems"][0];
    assert_eq!(item["HistorySummary"], "Alarm updated from INSUFFICIENT_DATA to ALARM");
    let missing = set("b", "OK").to_string().into_bytes();
    let (status, body) = said(&table, "SetAlarmState", Protocol::AwsJson10, missing);
    assert_eq!(status, 404);
    assert!(body.contains("com.amazonaws.cloudwatch.v2010_08_01#ResourceNotFound"), "{body}");
}

#[test]
fn data_are_put_and_read_in_each_protocol() {
    let (_folder, table) = opened();
    let put = "Namespace=n&MetricData.member.1.MetricName=m&MetricData.member.1.Value=5&MetricData.member.1.Unit=Count\
               &MetricData.member.1.Timestamp=2023-11-14T22:10:00Z";
    assert_eq!(form(&table, "PutMetricData", put).0, 200);
    let json = json!({"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 7, "Timestamp": 1_700_000_000.5}]});
    assert_eq!(said(&table, "PutMetricData", Protocol::AwsJson10, json.to_string().into_bytes()).0, 200);
    let mut cbor = Vec::new();
    ciborium::into_writer(&json!({"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 9.5}]}), &mut cbor)
        .expect("written");
    assert_eq!(said(&table, "PutMetricData", Protocol::RpcV2Cbor, cbor).0, 200);
    let read = "Namespace=n&MetricName=m&Period=3600&Statistics.member.1=Sum&ExtendedStatistics.member.1=p50\
                &StartTime=2023-11-14T22:00:00Z&EndTime=2023-11-14T23:00:00Z";
    let (_, xml) = form(&table, "GetMetricStatistics", read);
    assert!(xml.contains("<Label>m</Label>") && xml.contains("<Sum>16.5</Sum>"), "{xml}");
    assert!(xml.contains("<ExtendedStatistics><entry><key>p50</key><value>"), "{xml}");
    let query = json!({"Id": "a", "MetricStat": {
        "Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 3600, "Stat": "Sum"
    }});
    let read = json!({"MetricDataQueries": [query], "StartTime": 1_699_999_200, "EndTime": 1_700_002_800});
    let (_, body) = said(&table, "GetMetricData", Protocol::AwsJson10, read.to_string().into_bytes());
    let expected = json!({"Messages": [], "MetricDataResults": [{
        "Id": "a", "Label": "m", "StatusCode": "Complete", "Timestamps": [1_699_999_200.0], "Values": [21.5]
    }]});
    assert_eq!(serde_json::from_str::<Value>(&body).expect("JSON"), expected);
}

#[test]
fn data_are_refused_in_the_words_of_aws() {
    let (_folder, table) = opened();
    let put = |datum: Value| refused(&table, "PutMetricData", &json!({"Namespace": "n", "MetricData": [datum]}));
    let both = put(json!({"MetricName": "m", "Value": 1, "Values": [1]}));
    assert_eq!(both.0, "InvalidParameterCombination");
    assert_eq!(
        both.2,
        "The parameters MetricData.member.1.Value and MetricData.member.1.Values are mutually exclusive and you have \
         specified both."
    );
    let counts = put(json!({"MetricName": "m", "Values": [1, 2], "Counts": [1]}));
    assert!(counts.2.contains("MetricData.member.1.Counts must be of the same size"), "{counts:?}");
    let number = put(json!({"MetricName": "m", "Value": "NaN"}));
    assert_eq!(number.2, "The value NaN for parameter MetricData.member.1.Value is invalid.");
    let mut cbor = Vec::new();
    let of = |name: &str, value: ciborium::Value| (ciborium::Value::Text(name.to_owned()), value);
    let datum = ciborium::Value::Map(vec![of("MetricName", "m".into()), of("Value", f64::NAN.into())]);
    let input = ciborium::Value::Map(vec![of("Namespace", "n".into()), of("MetricData", vec![datum].into())]);
    ciborium::into_writer(&input, &mut cbor).expect("written");
    let (status, body) = said(&table, "PutMetricData", Protocol::RpcV2Cbor, cbor);
    assert!(status == 400 && body.contains("The value NaN for parameter"), "{body}");
}

#[test]
fn alarms_on_queries_and_on_alarms_are_shown_beside_the_others() {
    let (_folder, table) = opened();
    form(&table, "PutMetricAlarm", ALARM);
    ok(&table, "PutCompositeAlarm", &json!({"AlarmName": "c", "AlarmRule": "ALARM(a)"}));
    let query = json!({
        "QueryString": "filter action = 'REJECT'",
        "LogGroupIdentifiers": ["arn:aws:logs:us-east-1:123456789012:log-group:/a"],
        "ScheduledQueryRoleARN": "arn:aws:iam::123456789012:role/r",
        "ScheduleConfiguration": {"ScheduleExpression": "rate(5 minutes)", "StartTimeOffset": 300},
        "AggregationExpression": "count(*)",
    });
    let put = json!({
        "AlarmName": "l", "ScheduledQueryConfiguration": query, "QueryResultsToEvaluate": 1, "QueryResultsToAlarm": 1,
        "Threshold": 1, "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    });
    ok(&table, "PutLogAlarm", &put);
    let types = json!({"AlarmTypes": ["CompositeAlarm", "LogAlarm"]});
    let described = ok(&table, "DescribeAlarms", &types);
    assert_eq!(described["MetricAlarms"], json!([]));
    assert_eq!(described["CompositeAlarms"][0]["AlarmRule"], "ALARM(a)");
    let shown = &described["LogAlarms"][0];
    assert_eq!(shown["ScheduledQueryConfiguration"]["LogGroupIdentifiers"], json!(["/a"]));
    assert_eq!(shown["ScheduledQueryConfiguration"]["ScheduleConfiguration"]["EndTimeOffset"], 0);
    assert_eq!(shown["QueryResultsToAlarm"], 1);
    assert_eq!(ok(&table, "DescribeAlarmContributors", &json!({"AlarmName": "l"}))["AlarmContributors"], json!([]));
    let named = json!({"AlarmNames": ["a", "l", "c"]});
    ok(&table, "EnableAlarmActions", &named);
    ok(&table, "DeleteAlarms", &named);
    assert_eq!(refused(&table, "DeleteAlarms", &named).0, "ResourceNotFound");
}

#[test]
fn dashboards_are_kept_and_checked() {
    let (folder, cloudwatch) = opened();
    let put = |name: &str, body: &str| json!({"DashboardName": name, "DashboardBody": body});
    let body = r#"{"widgets":[{"type":"text","properties":{"markdown":"Hello"}}]}"#;
    let answer = ok(&cloudwatch, "PutDashboard", &put("d-1", body));
    assert_eq!(answer, json!({"DashboardValidationMessages": []}));
    let no_json = ask(&cloudwatch, "PutDashboard", &put("d", "no"), NOW).expect_err("no JSON");
    assert_eq!((no_json.code.as_ref(), no_json.shape), ("InvalidParameterInput", Some("DashboardInvalidInputError")));
    assert!(no_json.members.contains_key("dashboardValidationMessages"));
    drop(cloudwatch);

    let cloudwatch = table(&folder.again().foundation()).expect("a table");
    let got = ok(&cloudwatch, "GetDashboard", &json!({"DashboardName": "d-1"}));
    assert_eq!(got["DashboardBody"], body);
    let arn = "arn:aws:cloudwatch::123456789012:dashboard/d-1";
    assert_eq!(got["DashboardArn"], arn);
    let listed = ok(&cloudwatch, "ListDashboards", &json!({"DashboardNamePrefix": "d"}));
    assert_eq!(listed["DashboardEntries"][0]["Size"], body.len());
    ok(&cloudwatch, "TagResource", &json!({"ResourceARN": arn, "Tags": [{"Key": "k", "Value": "v"}]}));
    ok(&cloudwatch, "PutDashboard", &put("d-1", "{}"));
    let tags = ok(&cloudwatch, "ListTagsForResource", &json!({"ResourceARN": arn}));
    assert_eq!(tags["Tags"][0]["Value"], "v");
    let missing = refused(&cloudwatch, "DeleteDashboards", &json!({"DashboardNames": ["d-1", "none"]}));
    assert_eq!((missing.0.as_str(), missing.1), ("ResourceNotFound", 404));
    ok(&cloudwatch, "DeleteDashboards", &json!({"DashboardNames": ["d-1"]}));
    assert_eq!(ok(&cloudwatch, "ListDashboards", &json!({}))["DashboardEntries"], json!([]));
}
