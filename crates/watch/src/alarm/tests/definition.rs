//! Which alarms are refused, and how.

use super::*;

/// The code that an alarm is answered with; `put` when it is taken.
fn answer(change: impl FnOnce(&mut serde_json::Value)) -> &'static str {
    let house = House::new();
    let mut input = serde_json::to_value(house.ssh(TreatMissingData::Missing)).expect("JSON");
    change(&mut input);
    let input: PutMetricAlarmInput = serde_json::from_value(input).expect("the shape of the API");
    house.alarms.put_metric_alarm(input, NOW).err().map_or("put", |error| error.code())
}

#[test]
fn each_rule_of_put_metric_alarm_is_held() {
    let topic = "arn:aws:sns:us-east-1:123456789012:ssh";
    let query = |id: &str, data: bool| {
        let metric = serde_json::json!({"Namespace": "n", "MetricName": "m"});
        serde_json::json!({"Id": id, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "ReturnData": data})
    };
    let math = |expression: &str| {
        serde_json::json!({
            "Metrics": [query("m1", false), {"Id": "e1", "Expression": expression}],
            "MetricName": null, "Namespace": null, "Statistic": null, "Period": null,
        })
    };
    let cases = serde_json::json!([
        ["put", {}],
        ["put", {"AlarmName": "x".repeat(255)}],
        ["ValidationError", {"AlarmName": "x".repeat(256)}],
        ["ValidationError", {"AlarmName": "a\nb"}],
        ["MissingParameter", {"AlarmName": ""}],
        ["put", {"AlarmDescription": "x".repeat(1024)}],
        ["ValidationError", {"AlarmDescription": "x".repeat(1025)}],
        ["put", {"OKActions": vec![topic; 5]}],
        ["ValidationError", {"OKActions": vec![topic; 6]}],
        ["put", {"AlarmActions": ["arn:aws:automate:us-east-1:ec2:stop"]}],
        ["ValidationError", {"InsufficientDataActions": ["ssh"]}],
        ["MissingParameter", {"EvaluationPeriods": null}],
        ["ValidationError", {"EvaluationPeriods": 0}],
        ["ValidationError", {"DatapointsToAlarm": 2}],
        ["ValidationError", {"DatapointsToAlarm": 0}],
        ["put", {"DatapointsToAlarm": 2, "EvaluationPeriods": 3}],
        ["MissingParameter", {"Threshold": null}],
        ["MissingParameter", {"ComparisonOperator": ""}],
        ["InvalidParameterValue", {"ComparisonOperator": "Equal"}],
        ["ValidationError", {"ComparisonOperator": "LessThanLowerOrGreaterThanUpperThreshold"}],
        ["ValidationError", {"ComparisonOperator": "LessThanLowerThreshold"}],
        ["ValidationError", {"ComparisonOperator": "GreaterThanUpperThreshold"}],
        ["ValidationError", {"ThresholdMetricId": "m1"}],
        ["ValidationError", {"TreatMissingData": "maybe"}],
        ["put", {"TreatMissingData": null}],
        ["MissingParameter", {"Period": null}],
        ["put", {"Period": 1}],
        ["put", {"Period": 30}],
        ["InvalidParameterValue", {"Period": 15}],
        ["InvalidParameterValue", {"Period": 90}],
        ["put", {"Period": 60, "EvaluationPeriods": 1440}],
        ["ValidationError", {"Period": 60, "EvaluationPeriods": 1441}],
        ["put", {"Period": 3600, "EvaluationPeriods": 168}],
        ["ValidationError", {"Period": 3600, "EvaluationPeriods": 169}],
        ["MissingParameter", {"MetricName": null}],
        ["MissingParameter", {"Namespace": null}],
        ["InvalidParameterCombination", {"Statistic": null}],
        ["InvalidParameterCombination", {"ExtendedStatistic": "p99"}],
        ["put", {"Statistic": null, "ExtendedStatistic": "p99"}],
        ["put", {"Statistic": null, "ExtendedStatistic": "p99", "EvaluateLowSampleCountPercentile": "ignore"}],
        ["ValidationError", {"Statistic": null, "ExtendedStatistic": "p99", "EvaluateLowSampleCountPercentile": "no"}],
        ["InvalidParameterCombination", {"EvaluateLowSampleCountPercentile": "ignore"}],
        ["InvalidParameterValue", {"Statistic": "p99"}],
        ["InvalidParameterValue", {"Statistic": null, "ExtendedStatistic": "Sum"}],
        ["InvalidParameterCombination", {"Metrics": [query("m1", true)]}],
        ["put", math("m1 * 2")],
        ["ValidationError", math("m1 *")],
        ["ValidationError", math("m2 * 2")],
        ["ValidationError", math("e1 * 2")],
        ["ValidationError", math("AVG(m1)")],
        ["ValidationError", math("[m1]")],
        ["ValidationError", math("FIRST(SEARCH('m', 'Sum'))")],
        ["ValidationError", math("ANOMALY_DETECTION_BAND(m1)")],
    ]);
    for case in cases.as_array().expect("a list") {
        let found = answer(|input| {
            for (key, value) in case[1].as_object().expect("an object") {
                input[key] = value.clone();
            }
        });
        assert_eq!(found, case[0], "{}", case[1]);
    }
}

#[test]
fn what_is_not_supported_is_said_as_aws_says_it() {
    let house = House::new();
    let refused =
        |input: PutMetricAlarmInput| house.alarms.put_metric_alarm(input, NOW).expect_err("refused").to_string();
    let of = |stat: &str| PutMetricAlarmInput {
        statistic: None,
        extended_statistic: Some(stat.to_owned()),
        ..house.ssh(TreatMissingData::Missing)
    };
    assert_eq!(refused(of("90")), "The value 90 for parameter ExtendedStatistic is not supported.");
    let low = PutMetricAlarmInput { evaluate_low_sample_count_percentile: Some("no".to_owned()), ..of("p90") };
    let options = "Supported options for parameter EvaluateLowSampleCountPercentile are evaluate and ignore.";
    assert_eq!(refused(low), format!("Option no is not supported. {options}"));
}

#[test]
fn a_percentile_needs_enough_samples_when_it_is_to_be_careful() {
    let house = House::new();
    let input = PutMetricAlarmInput {
        statistic: None,
        extended_statistic: Some("p90".to_owned()),
        evaluate_low_sample_count_percentile: Some("ignore".to_owned()),
        ..house.ssh(TreatMissingData::Missing)
    };
    house.put(input);
    house.run(NOW, NOW + 1000);
    for _ in 0..99 {
        house.record(NOW + 1000, 5.0);
    }
    house.run(NOW + 1000, NOW + MINUTE + 1000);
    assert_eq!(house.turns(), [""; 0], "99 samples say nothing of the upper tenth");
    house.record(NOW + 1000, 5.0);
    house.poll(NOW + MINUTE + 1500);
    assert_eq!(house.turns(), ["ALARM"]);
}
