//! The mails of alarms, against files.

use std::sync::Arc;

use super::{
    servers::{Manner, PATIENCE, relay},
    *,
};
use crate::{
    alarm::{AlarmHead, AlarmNotice, AlarmRule, Alarms, PutMetricAlarmInput},
    metric::{Datum, MetricId, Metrics, Unit},
    topic::tests::{ACCOUNT, REGION},
};

/// The message of an alarm as subscribers know it.
fn ssh_rejects() -> AlarmNotice {
    let reason =
        "Threshold Crossed: 1 datapoint [3.0 (26/03/26 09:41:00)] was greater than or equal to the threshold (1.0).";
    let notice: AlarmNotice = serde_json::from_str(include_str!("../../../tests/alarm/message.json")).expect("good");
    let alarm_description = Some("SSH was refused: who tries?".to_owned());
    AlarmNotice { new_state_reason: reason.to_owned(), alarm_description, ..notice }
}

fn lines(lines: &[&str]) -> Option<Vec<String>> {
    Some(lines.iter().map(|line| (*line).to_owned()).collect())
}

#[test]
fn the_mail_of_an_alarm_says_first_what_is_wrong() {
    let record = "2 123456789012 eni-1 198.51.100.7 10.0.0.5 52345 22 6 3 180 1774518000 1774518060 REJECT OK";
    let notice = AlarmNotice { offending_lines: lines(&[record, "with \u{1b}[2Jcontrol"]), ..ssh_rejects() };
    let mail = alarm_mail(&notice, Some("https://weir.example.com/alarms/SSH-rejects"));
    assert_eq!(mail, include_str!("../../../tests/notice/alarm.txt"), "\n{mail}");
}

#[test]
fn alarms_of_other_kinds_say_what_they_watch() {
    let math = serde_json::json!({
        "Metrics": [
            { "Id": "e1", "Expression": "a / b", "Label": "share", "ReturnData": true },
            { "Id": "a", "MetricStat": { "Metric": { "Namespace": "N", "MetricName": "M" }, "Period": 60, "Stat": "Sum" },
              "ReturnData": false },
        ],
        "Period": 60, "EvaluationPeriods": 3, "DatapointsToAlarm": 2, "ComparisonOperator": "LessThanThreshold",
        "Threshold": 0.5, "TreatMissingData": "notBreaching", "EvaluateLowSampleCountPercentile": "",
    });
    let trigger = Some(serde_json::from_value(math).expect("good"));
    let mail = alarm_mail(&AlarmNotice { trigger, ..ssh_rejects() }, None);
    assert!(mail.contains("share = a / b\n") && mail.contains("a = Sum of M (N) over 60 s\n"), "{mail}");
    assert!(mail.contains("< 0.5 in 2 of 3 periods of 60 s\n"), "{mail}");

    let query = serde_json::json!({
        "QueryString": "filter action = 'REJECT'", "LogGroupNames": ["/weir/flow-logs"], "Statistic": "RowCount",
        "Column": null, "Period": 300, "EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 10.0, "TreatMissingData": "missing", "EvaluateLowSampleCountPercentile": "",
    });
    let trigger = Some(serde_json::from_value(query).expect("good"));
    let mail = alarm_mail(&AlarmNotice { trigger, ..ssh_rejects() }, None);
    assert!(mail.contains("filter action = 'REJECT'\n") && mail.contains("[/weir/flow-logs]\n"), "{mail}");

    let composite = serde_json::json!([{ "Arn": "arn:a", "State": { "Value": "ALARM", "Timestamp": "t" } }]);
    let children = Some(serde_json::from_value(composite).expect("good"));
    let rule = Some("ALARM(\"a\")".to_owned());
    let notice = AlarmNotice { trigger: None, alarm_rule: rule, triggering_children: children, ..ssh_rejects() };
    let mail = alarm_mail(&notice, None);
    assert!(mail.contains("ALARM(\"a\")\n") && mail.contains("- arn:a is ALARM since t\n"), "{mail}");
    assert!(!mail.contains("Monitored Metric"), "{mail}");
}

#[test]
fn a_notice_with_long_records_still_fits() {
    let data = tempfile::tempdir().expect("made");
    let (topics, courier, _) = subscribed(data.path(), "email", "ann@example.com", &[]);
    for record in ["x".repeat(1_000_000), "\u{1}".repeat(1_000_000)] {
        let notice = AlarmNotice { offending_lines: Some(vec![record; 60]), ..ssh_rejects() };
        let message = alarm_message(&notice, None).expect("JSON");
        let published =
            topics.catalogue().change(|transaction| crate::topic::publish_in(transaction, ALARMS, &message, NOW));
        published.expect("it fits");
    }
    let due = courier.due(NOW, 10).expect("read");
    let Parcel::Mail(mail) = &due[0].parcel else { panic!("a mail") };
    assert_eq!(mail.subject, "ALARM: \"SSH-rejects\" in US East (N. Virginia)");
    assert!(mail.text.contains("Offending Records (50):\nxxx") && mail.text.contains("x…\n"), "{}", mail.text);
}

/// Refused SSH, at least once a minute.
fn definition() -> PutMetricAlarmInput {
    PutMetricAlarmInput {
        head: AlarmHead {
            alarm_name: "SSH-rejects".into(),
            alarm_actions: vec![ALARMS.into()],
            ..AlarmHead::default()
        },
        rule: AlarmRule {
            evaluation_periods: Some(1),
            threshold: Some(1.0),
            comparison_operator: "GreaterThanOrEqualToThreshold".into(),
            ..AlarmRule::default()
        },
        metric_name: Some("SSH-rejects".into()),
        namespace: Some("VPC Flow logs".into()),
        statistic: Some("Sum".into()),
        period: Some(60),
        ..PutMetricAlarmInput::default()
    }
}

#[test]
fn refused_packets_become_one_mail_and_one_post() {
    let data = tempfile::tempdir().expect("made");
    let relay = relay(None, Manner::Accept);
    let (topics, courier, _) = subscribed(data.path(), "email", "ann@example.com", &[]);
    let filter = [("FilterPolicy", r#"{"NewStateValue": ["ALARM"]}"#), ("FilterPolicyScope", "MessageBody")];
    confirmed(&topics, "http", "http://127.0.0.1:9/", &filter);
    cleared(&topics);
    let metrics = Arc::new(Metrics::open(topics.catalogue()).expect("opened"));
    let open = || Alarms::open(topics.catalogue().clone(), Arc::clone(&metrics), ACCOUNT, REGION).expect("opened");
    let alarms = open();
    alarms.put_metric_alarm(definition(), NOW - 120_000).expect("put");
    let (namespace, name) = ("VPC Flow logs".to_owned(), "SSH-rejects".to_owned());
    let metric = Arc::new(MetricId { namespace, name, dimensions: Default::default() });
    metrics.record(&[Datum { metric, timestamp: NOW, value: 3.0, count: 1.0, unit: Unit::None }]);
    for now in (NOW..NOW + 120_000).step_by(1000) {
        alarms.poll(now).expect("polled");
    }
    open().poll(NOW + 121_000).expect("polled");

    let due = courier.due(NOW + 121_000, 10).expect("read");
    let (mails, posts): (Vec<_>, Vec<_>) = due.iter().partition(|due| matches!(due.parcel, Parcel::Mail(_)));
    assert_eq!((mails.len(), posts.len()), (1, 1), "{due:?}");
    let Parcel::Post(post) = &posts[0].parcel else { panic!("a post") };
    let body: serde_json::Value = serde_json::from_str(&post.body).expect("JSON");
    let message: AlarmNotice = serde_json::from_str(body["Message"].as_str().expect("a text")).expect("a notice");
    assert_eq!(body["Subject"], message.subject().as_str());
    let url = format!("smtp://{}?tls=none", relay.address);
    let smtp = Some(Smtp::new(&url, "weir@example.com").expect("good").with_patience(PATIENCE));
    let carriers = Carriers { smtp, http: Http::with_roots(&[], PATIENCE) };
    carriers.carry(&mails[0].parcel).expect("sent");
    let mail = relay.mails.recv_timeout(PATIENCE).expect("arrived");
    for part in ["Subject: ALARM: \"SSH-rejects\" in US East (N. Virginia)\r\n", "[3.0 (", "Monitored Metric:"] {
        assert!(mail.contains(part), "{part} in\n{mail}");
    }
}
