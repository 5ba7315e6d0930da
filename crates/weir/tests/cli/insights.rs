//! Logs Insights from the command line, and alarms on its queries: `weir up` on loopback, without capture.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::{run::Lab, served::Served};

pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_millis()).expect("a time")
}

fn put(served: &Served<'_>, messages: &[&str]) {
    let events: Vec<Value> = messages.iter().map(|text| json!({"timestamp": now(), "message": text})).collect();
    let names = json!({"logGroupName": "/app", "logStreamName": "s", "logEvents": events});
    served.logs("PutLogEvents", &names);
}

#[test]
fn an_alarm_on_a_query_rings_and_the_events_can_be_asked_for() {
    let lab = Lab::new();
    let served = Served::start(&lab);
    served.logs("CreateLogGroup", &json!({"logGroupName": "/app"}));
    served.logs("CreateLogStream", &json!({"logGroupName": "/app", "logStreamName": "s"}));
    let alarm = json!({
        "AlarmName": "slow", "QueryResultsToEvaluate": 1, "QueryResultsToAlarm": 1, "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold", "TreatMissingData": "notBreaching",
        "ScheduledQueryConfiguration": {
            "QueryString": "filter took > 1000 | stats count(*) as n by path",
            "LogGroupIdentifiers": ["/app"],
            "ScheduledQueryRoleARN": "arn:aws:iam::123456789012:role/r",
            "ScheduleConfiguration": {"ScheduleExpression": "rate(1 minute)", "StartTimeOffset": 60},
            "AggregationExpression": "sum(n)",
        },
    });
    served.ask("monitoring", "GraniteServiceVersion20100801.PutLogAlarm", &alarm);
    put(&served, &[r#"{"path":"/a","took":12}"#, r#"{"path":"/b","took":2500}"#]);

    let refused = lab.weir(&["query", "--data", "data", "--log-group", "/app", "--insights", "fields @message"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.err.contains("its log groups cannot be read beside it"), "{}", refused.err);

    served.wait_for("the alarm rings", |status| {
        let alarms = status["watching"]["alarms"].as_array().expect("alarms");
        alarms.iter().any(|alarm| alarm["name"] == "slow" && alarm["state"] == "ALARM")
    });
    served.end();

    let asked = |query: &str| {
        lab.weir(&[
            "query",
            "--data",
            "data",
            "--log-group",
            "/app",
            "--since",
            "1d",
            "--output",
            "csv",
            "--insights",
            query,
        ])
    };
    let answer = asked("fields path, took | sort took desc");
    assert_eq!((answer.code, answer.out.as_str()), (0, "\"path\",\"took\"\n\"/b\",\"2500\"\n\"/a\",\"12\"\n"));
    let estimate = ["query", "--data", "data", "--log-group", "/app", "--since", "1d", "--estimate", "--output", "csv"];
    let estimate = lab.weir(&[&estimate[..], &["--sample", "newest"]].concat());
    assert_eq!((estimate.code, estimate.out.as_str()), (0, "\"records\",\"bytes\"\n\"2\",\"48\"\n"));
    let wrong = asked("fields path | filtr took > 1");
    assert_eq!(wrong.code, 2);
    assert!(
        wrong.err.contains("there is no command `filtr`") && wrong.err.contains("                ^^^^^"),
        "{}",
        wrong.err
    );
    let missing = lab.weir(&["query", "--data", "data", "--log-group", "/none", "--sample", "newest"]);
    assert_eq!(missing.code, 1);
    assert!(missing.err.contains("log group"), "{}", missing.err);
}

#[test]
fn without_log_groups_the_directory_is_asked_for() {
    let lab = Lab::new();
    let said = lab.weir(&["query", "--insights", "fields @message"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("has no log groups"), "{}", said.err);
    for arguments in [["--since", "soon"], ["--until", "2d"]] {
        let mut all = vec!["query", "--sample", "newest"];
        all.extend(arguments);
        assert_eq!(lab.weir(&all).code, 2, "{arguments:?}");
    }
}
