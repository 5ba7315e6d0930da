//! From data to a notice and back.

use super::*;

#[test]
fn a_datum_over_the_threshold_is_noticed_at_once_and_told_once() {
    let house = House::new();
    house.put(house.ssh(TreatMissingData::Missing));
    house.run(NOW, NOW + 90_000);
    assert_eq!(house.state("SSH-rejects"), StateValue::InsufficientData);
    house.record(NOW + 90_100, 3.0);
    house.poll(NOW + 90_200);
    assert_eq!(house.state("SSH-rejects"), StateValue::Alarm, "the minute is not over, but nothing can undo it");
    house.run(NOW + 90_200, NOW + 10 * MINUTE);
    assert_eq!(house.turns(), ["ALARM", "INSUFFICIENT_DATA"]);
    let notices = house.notices();
    assert_eq!(notices.len(), 1);
    let mut found = serde_json::to_value(&notices[0]).expect("JSON");
    let expected = include_str!("../../../tests/alarm/fired.json");
    let expected: serde_json::Value = serde_json::from_str(expected).expect("JSON");
    found["AlarmConfigurationUpdatedTimestamp"] = "any".into();
    assert_eq!(found, expected);
    assert_eq!(house.history("Action"), [format!("Successfully executed action {}", house.topic)]);
    assert_eq!(house.history("ConfigurationUpdate"), ["Alarm \"SSH-rejects\" created"]);
}

#[test]
fn a_datum_right_after_a_tick_is_noticed_at_once_too() {
    let house = House::new();
    house.put(house.ssh(TreatMissingData::Missing));
    house.run(NOW, NOW + MINUTE);
    house.record(NOW + MINUTE + 50, 3.0);
    house.poll(NOW + MINUTE + 100);
    assert_eq!(
        house.state("SSH-rejects"),
        StateValue::Alarm,
        "the minute before is still waited for, this one breaches"
    );
    house.run(NOW + MINUTE + 100, NOW + MINUTE + 10_000);
    assert_eq!(house.turns(), ["ALARM"]);
}

#[test]
fn a_minute_whose_data_are_waited_for_is_not_missing_yet() {
    let house = House::new();
    let input = house.ssh(TreatMissingData::Breaching);
    let rule = AlarmRule { evaluation_periods: Some(2), datapoints_to_alarm: Some(2), ..input.rule };
    house.put(PutMetricAlarmInput { rule, ..input });
    house.record(NOW + 1000, 0.0);
    house.run(NOW, NOW + 4 * MINUTE);
    assert_eq!(house.turns(), ["OK"]);
    house.record(NOW + 4 * MINUTE + 50, 3.0);
    house.poll(NOW + 4 * MINUTE + 100);
    house.record(NOW + 3 * MINUTE, 0.0);
    house.run(NOW + 4 * MINUTE + 100, NOW + 4 * MINUTE + 10_000);
    assert_eq!(house.turns(), ["OK"]);
}

#[test]
fn missing_data_clear_an_alarm_when_they_are_fine() {
    let house = House::new();
    house.put(house.ssh(TreatMissingData::NotBreaching));
    house.run(NOW, NOW + 1000);
    assert_eq!(house.state("SSH-rejects"), StateValue::Ok);
    house.record(NOW + 30_000, 1.0);
    house.run(NOW + 1000, NOW + 60_000);
    assert_eq!(house.state("SSH-rejects"), StateValue::Alarm);
    // It stays while the point is in the evaluation range of three minutes.
    house.run(NOW + 60_000, NOW + 4 * MINUTE + 400);
    assert_eq!(house.state("SSH-rejects"), StateValue::Alarm);
    house.run(NOW + 4 * MINUTE + 400, NOW + 4 * MINUTE + 500);
    assert_eq!(house.turns(), ["OK", "ALARM", "OK"]);
    let state =
        house.alarms.describe_alarms(&DescribeAlarmsInput::default()).expect("described").metric_alarms.remove(0);
    assert_eq!(
        state.status.state_reason,
        "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching]."
    );
}

#[test]
fn what_a_later_datum_could_undo_waits_for_the_tick() {
    for (statistic, value) in [("Average", 3.0), ("Minimum", 3.0), ("Sum", -3.0)] {
        let house = House::new();
        let input = house.ssh(TreatMissingData::Missing);
        let rule = AlarmRule { threshold: Some(-5.0), ..input.rule };
        house.put(PutMetricAlarmInput { statistic: Some(statistic.to_owned()), rule, ..input });
        house.run(NOW, NOW + 1000);
        house.record(NOW + 1000, value);
        house.run(NOW + 1000, NOW + MINUTE + 400);
        assert_eq!(house.state("SSH-rejects"), StateValue::InsufficientData, "{statistic}");
        house.run(NOW + MINUTE + 400, NOW + MINUTE + 500);
        assert_eq!(house.state("SSH-rejects"), StateValue::Alarm, "{statistic}");
    }
}

#[test]
fn late_data_have_their_span_judged_again() {
    let house = House::new();
    let input = house.ssh(TreatMissingData::Missing);
    house.put(PutMetricAlarmInput { statistic: Some("Average".to_owned()), ..input });
    house.run(NOW, NOW + MINUTE + 2000);
    house.record(NOW + 30_000, 5.0);
    house.poll(NOW + MINUTE + 2100);
    assert_eq!(house.state("SSH-rejects"), StateValue::Alarm);
}

#[test]
fn periods_of_seconds_are_judged_within_a_second_of_their_end() {
    for period in [1, 5, 10, 20, 30] {
        let house = House::new();
        let input = house.ssh(TreatMissingData::Missing);
        house.put(PutMetricAlarmInput { statistic: Some("Average".to_owned()), period: Some(period), ..input });
        house.run(NOW, NOW + MINUTE);
        house.record(NOW + MINUTE, 5.0);
        let end = NOW + MINUTE + period.min(10) * 1000;
        let due = house.alarms.poll(NOW + MINUTE + 300).expect("polled");
        assert!(due <= end + 1000, "period {period}: due {} ms after the tick", due - end);
        house.run(NOW + MINUTE + 300, due);
        assert_eq!(house.state("SSH-rejects"), StateValue::Alarm, "period {period}");
    }
}

#[test]
fn the_span_slides_with_the_minutes() {
    let house = House::new();
    let input = house.ssh(TreatMissingData::Missing);
    let rule = AlarmRule { threshold: Some(10.0), ..input.rule };
    house.put(PutMetricAlarmInput { period: Some(300), rule, ..input });
    house.run(NOW, NOW + 3 * MINUTE);
    // Five in one block of five minutes of the clock, five in the next: ten within five minutes that slide.
    house.record(NOW + 4 * MINUTE, 5.0);
    house.record(NOW + 6 * MINUTE, 5.0);
    house.run(NOW + 3 * MINUTE, NOW + 7 * MINUTE + 1000);
    assert_eq!(house.state("SSH-rejects"), StateValue::Alarm);
    let status =
        &house.alarms.describe_alarms(&DescribeAlarmsInput::default()).expect("described").metric_alarms[0].status;
    let data: serde_json::Value = serde_json::from_str(status.state_reason_data.as_ref().expect("data")).expect("JSON");
    assert_eq!(data["recentDatapoints"], serde_json::json!([10.0]));
    assert_eq!(data["startDate"], serde_json::json!(iso(NOW + 2 * MINUTE)));
    assert_eq!((&data["statistic"], &data["period"]), (&serde_json::json!("Sum"), &serde_json::json!(300)));
}

#[test]
fn an_alarm_on_metric_math() {
    let house = House::new();
    let queries = serde_json::json!([
        {"Id": "m1", "MetricStat": {"Metric": {"Namespace": "VPC Flow logs", "MetricName": "SSH-rejects"}, "Period": 60, "Stat": "Sum"}, "ReturnData": false},
        {"Id": "e1", "Expression": "FILL(m1, 0) * 2", "Label": "twice"},
    ]);
    let input = house.ssh(TreatMissingData::Missing);
    house.put(PutMetricAlarmInput {
        metrics: serde_json::from_value(queries).expect("queries"),
        rule: AlarmRule { threshold: Some(6.0), ..input.rule },
        metric_name: None,
        namespace: None,
        statistic: None,
        period: None,
        ..input
    });
    house.run(NOW, NOW + 2 * MINUTE + 1000);
    assert_eq!(house.turns(), ["OK"]);
    house.record(NOW + 2 * MINUTE + 1000, 3.0);
    house.run(NOW + 2 * MINUTE + 1000, NOW + 4 * MINUTE + 1000);
    assert_eq!(house.turns(), ["OK", "ALARM", "OK"]);
    let trigger = serde_json::to_value(&house.notices()[0].trigger).expect("JSON");
    assert_eq!(trigger["Metrics"][1]["Expression"], "FILL(m1, 0) * 2");
    assert_eq!(trigger["Metrics"][0]["MetricStat"]["Stat"], "Sum");
    assert!(trigger.get("MetricName").is_none());
}

#[test]
fn an_alarm_on_a_metrics_insights_query() {
    let house = House::new();
    let select = "SELECT SUM(\"SSH-rejects\") FROM \"VPC Flow logs\"";
    let input = |queries: serde_json::Value| PutMetricAlarmInput {
        metrics: serde_json::from_value(queries).expect("queries"),
        metric_name: None,
        namespace: None,
        statistic: None,
        period: None,
        ..house.ssh(TreatMissingData::NotBreaching)
    };
    let grouped = format!("{select} GROUP BY Interface");
    for (queries, expected) in [
        (serde_json::json!([{"Id": "q", "Expression": select}]), "Period must not be null"),
        (serde_json::json!([{"Id": "q", "Expression": grouped, "Period": 60}]), "GROUP BY gives several time series"),
        (serde_json::json!([{"Id": "q", "Expression": "SELECT SUM(", "Period": 60}]), "at position 12"),
    ] {
        let error = house.alarms.put_metric_alarm(input(queries), NOW).expect_err("refused").to_string();
        assert!(error.contains(expected), "{error}");
    }
    house.put(input(serde_json::json!([
        {"Id": "q", "Expression": grouped, "Period": 60, "ReturnData": false},
        {"Id": "all", "Expression": "SUM(q)"},
    ])));
    house.put(input(serde_json::json!([{"Id": "q", "Expression": select, "Period": 60, "Label": "refused"}])));
    house.run(NOW, NOW + 2 * MINUTE + 1000);
    assert_eq!(house.turns(), ["OK"]);
    house.record(NOW + 2 * MINUTE + 1000, 3.0);
    house.run(NOW + 2 * MINUTE + 1000, NOW + 4 * MINUTE + 1000);
    assert_eq!(house.turns()[..2], ["OK", "ALARM"]);
    let trigger = serde_json::to_value(&house.notices()[0].trigger).expect("JSON");
    assert_eq!(trigger["Metrics"][0]["Expression"], select);
}

/// Gives the metric and the span that it is asked for.
struct Asked;

impl Evidence for Asked {
    fn lines(&self, metric: &MetricId, from: i64, until: i64, most: usize) -> Vec<String> {
        vec![format!("{} {} {}", metric.name, (from - NOW) / 1000, (until - NOW) / 1000); most + 1]
    }
}

#[test]
fn a_notice_shows_what_the_metric_was_made_of() {
    let house = House::new();
    house.alarms.show_evidence(Arc::new(Asked));
    let mut input = house.ssh(TreatMissingData::NotBreaching);
    input.head.ok_actions = vec![house.topic.clone()];
    house.put(input);
    house.run(NOW, NOW + MINUTE + 1000);
    house.record(NOW + MINUTE + 1000, 1.0);
    house.run(NOW + MINUTE + 1000, NOW + 6 * MINUTE);
    let lines: Vec<_> =
        house.notices().into_iter().map(|notice| (notice.new_state_value, notice.offending_lines)).collect();
    let shown = vec!["SSH-rejects 60 120".to_owned(); MOST_LINES];
    assert_eq!(lines, [(StateValue::Ok, None), (StateValue::Alarm, Some(shown)), (StateValue::Ok, None)]);
}

/// Nobody is to ask it.
struct Unasked;

impl Evidence for Unasked {
    fn lines(&self, _: &MetricId, _: i64, _: i64, _: usize) -> Vec<String> {
        panic!("nobody is told");
    }
}

#[test]
fn what_a_metric_was_made_of_is_looked_for_only_when_somebody_is_told() {
    let house = House::new();
    house.alarms.show_evidence(Arc::new(Unasked));
    let input = house.ssh(TreatMissingData::NotBreaching);
    let quiet = AlarmHead { alarm_name: "quiet".to_owned(), actions_enabled: Some(false), ..input.head.clone() };
    let lonely = AlarmHead { alarm_name: "lonely".to_owned(), alarm_actions: vec![], ..input.head.clone() };
    for head in [quiet, lonely] {
        house.put(PutMetricAlarmInput { head, ..input.clone() });
    }
    house.record(NOW, 1.0);
    house.run(NOW, NOW + 1000);
    assert_eq!((house.state("quiet"), house.state("lonely")), (StateValue::Alarm, StateValue::Alarm));
}

#[test]
fn an_action_that_fails_is_told_in_the_history() {
    let house = House::new();
    let mut input = house.ssh(TreatMissingData::Missing);
    let gone = "arn:aws:sns:us-east-1:123456789012:gone".to_owned();
    input.head.alarm_actions.insert(0, gone.clone());
    house.put(input);
    house.record(NOW, 1.0);
    house.run(NOW, NOW + 1000);
    let actions = house.history("Action");
    assert_eq!(actions[0], format!("Failed to execute action {gone}. Received error: \"Topic does not exist\""));
    assert_eq!(actions[1], format!("Successfully executed action {}", house.topic));
}
