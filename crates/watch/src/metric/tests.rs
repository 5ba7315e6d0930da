//! Reading metrics.

use std::sync::Arc;

use weir_store::{Catalogue, CatalogueError};

use super::*;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// A full day.
const NOW: i64 = 20_500 * DAY;

fn open() -> Metrics {
    Metrics::open(&Catalogue::in_memory().expect("opened")).expect("opened")
}

fn record(metrics: &Metrics, name: &str, dimensions: &[(&str, &str)], unit: Unit, points: &[(i64, f64)]) {
    let dimensions = dimensions.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let metric = Arc::new(MetricId { namespace: "Door".to_owned(), name: name.to_owned(), dimensions });
    for (timestamp, value) in points {
        metrics.record(&[Datum { metric: metric.clone(), timestamp: *timestamp, value: *value, count: 1.0, unit }]);
    }
}

fn ask(start: i64, end: i64, period: i64, statistics: &[&str], extended: &[&str]) -> GetMetricStatisticsInput {
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    GetMetricStatisticsInput {
        namespace: "Door".to_owned(),
        metric_name: "Hits".to_owned(),
        start_time: start,
        end_time: end,
        period,
        statistics: texts(statistics),
        extended_statistics: texts(extended),
        ..GetMetricStatisticsInput::default()
    }
}

#[test]
fn statistics_of_each_period_with_data() {
    let metrics = open();
    record(&metrics, "Hits", &[], Unit::Count, &[(NOW, 1.0), (NOW + 59_999, 3.0), (NOW + 2 * MINUTE, 10.0)]);
    let input = ask(
        NOW + 30_000,
        NOW + 3 * MINUTE,
        60,
        &["Sum", "Average", "Minimum", "Maximum", "SampleCount"],
        &["p50", "tm99"],
    );
    let output = metrics.get_metric_statistics(&input, NOW + HOUR).expect("answered");
    assert_eq!(output.label, "Hits");
    let [first, second] = &output.datapoints[..] else { panic!("{output:?}") };
    assert_eq!((first.timestamp, first.sum, first.average), (NOW, Some(4.0), Some(2.0)), "the start is rounded down");
    assert_eq!((first.minimum, first.maximum, first.sample_count), (Some(1.0), Some(3.0), Some(2.0)));
    assert_eq!(first.extended_statistics["p50"], 1.0);
    assert_eq!((second.timestamp, second.sum, second.unit), (NOW + 2 * MINUTE, Some(10.0), Unit::Count));
    // The end is no part of the answer.
    let input = ask(NOW, NOW + 2 * MINUTE, 60, &["Sum"], &[]);
    assert_eq!(metrics.get_metric_statistics(&input, NOW + HOUR).expect("answered").datapoints.len(), 1);
}

#[test]
fn the_start_is_rounded_the_further_the_older_it_is() {
    let metrics = open();
    record(&metrics, "Hits", &[], Unit::None, &[(NOW + 5000, 1.0)]);
    let start = |now: i64, period: i64| {
        let input = ask(NOW + 7 * MINUTE + 7777, NOW + 2 * HOUR, period, &["Sum"], &[]);
        // The point at 5 s is found when the start is rounded down to the full hour.
        metrics.get_metric_statistics(&input, now).expect("answered").datapoints.len()
    };
    assert_eq!(start(NOW + 64 * DAY, 60), 1);
    assert_eq!(start(NOW + 20 * DAY, 60), 0);
    record(&metrics, "Hits", &[], Unit::None, &[(NOW + 5 * MINUTE, 1.0)]);
    assert_eq!(start(NOW + 20 * DAY, 60), 1);
    assert_eq!(start(NOW + DAY, 60), 0);
    record(&metrics, "Hits", &[], Unit::None, &[(NOW + 7 * MINUTE, 1.0), (NOW + 7 * MINUTE + 5000, 1.0)]);
    assert_eq!(start(NOW + DAY, 60), 1);
    assert_eq!(start(NOW + HOUR, 5), 1, "with a short period, to that");
}

#[test]
fn units_are_apart_unless_one_is_asked_for() {
    let metrics = open();
    record(&metrics, "Hits", &[], Unit::Count, &[(NOW, 1.0)]);
    record(&metrics, "Hits", &[], Unit::Bytes, &[(NOW, 2.0)]);
    record(&metrics, "Hits", &[("Side", "left")], Unit::Bytes, &[(NOW, 4.0)]);
    let sums = |unit| {
        let input = GetMetricStatisticsInput { unit, ..ask(NOW, NOW + MINUTE, 60, &["Sum"], &[]) };
        let output = metrics.get_metric_statistics(&input, NOW).expect("answered");
        output.datapoints.iter().map(|datapoint| (datapoint.unit, datapoint.sum)).collect::<Vec<_>>()
    };
    assert_eq!(sums(None), [(Unit::Bytes, Some(2.0)), (Unit::Count, Some(1.0))]);
    assert_eq!(sums(Some(Unit::Count)), [(Unit::Count, Some(1.0))]);
    assert_eq!(sums(Some(Unit::Percent)), []);
}

#[test]
fn questions_that_cannot_be_are_refused() {
    let metrics = open();
    let good = ask(NOW, NOW + HOUR, 60, &["Sum"], &[]);
    for (input, code) in [
        (ask(NOW, NOW + HOUR, 60, &[], &[]), "MissingParameter"),
        (ask(NOW, NOW, 60, &["Sum"], &[]), "InvalidParameterValue"),
        (ask(NOW, NOW + 999, 60, &["Sum"], &[]), "InvalidParameterValue"),
        (ask(NOW, NOW + HOUR, 45, &["Sum"], &[]), "InvalidParameterValue"),
        (ask(NOW, NOW + HOUR, 0, &["Sum"], &[]), "InvalidParameterValue"),
        (ask(NOW, NOW + HOUR, 60, &["p99"], &[]), "InvalidParameterValue"),
        (ask(NOW, NOW + HOUR, 60, &[], &["Sum"]), "InvalidParameterValue"),
        (ask(NOW, NOW + HOUR, 60, &["Sum"; 6], &[]), "InvalidParameterValue"),
        (ask(NOW, NOW + HOUR, 60, &[], &["p9"; 11]), "InvalidParameterValue"),
        (ask(NOW, NOW + 1441 * MINUTE, 60, &["Sum"], &[]), "InvalidParameterCombination"),
        (GetMetricStatisticsInput { namespace: String::new(), ..good.clone() }, "MissingParameter"),
        (GetMetricStatisticsInput { metric_name: String::new(), ..good.clone() }, "MissingParameter"),
    ] {
        assert_eq!(metrics.get_metric_statistics(&input, NOW).expect_err(code).code(), code, "{input:?}");
    }
    assert!(metrics.get_metric_statistics(&ask(NOW, NOW + 1440 * MINUTE, 60, &["Sum"], &[]), NOW).is_ok());
}

#[test]
fn an_answer_is_the_same_whatever_rungs_of_the_ladder_it_comes_from() {
    let metrics = open();
    for minute in 0..600 {
        record(&metrics, "Hits", &[], Unit::None, &[(NOW + minute * MINUTE + 500, minute as f64)]);
    }
    let answer = |now| {
        let input = ask(NOW, NOW + 10 * HOUR, 3600, &["Sum", "SampleCount", "Minimum", "Maximum"], &["p50"]);
        metrics.get_metric_statistics(&input, now).expect("answered")
    };
    let fresh = answer(NOW + 10 * HOUR);
    assert_eq!(fresh.datapoints.len(), 10);
    for now in [NOW + 6 * HOUR, NOW + 12 * HOUR, NOW + 16 * DAY, NOW + 70 * DAY] {
        metrics.flush(now, |_| Ok::<_, CatalogueError>(())).expect("flushed");
        assert_eq!(answer(now), fresh);
    }
}

fn data(queries: serde_json::Value) -> GetMetricDataInput {
    GetMetricDataInput {
        metric_data_queries: serde_json::from_value(queries).expect("queries"),
        start_time: NOW,
        end_time: NOW + 5 * MINUTE,
        ..GetMetricDataInput::default()
    }
}

fn query(id: &str, name: &str, stat: &str) -> serde_json::Value {
    let metric = serde_json::json!({"Namespace": "Door", "MetricName": name});
    serde_json::json!({"Id": id, "MetricStat": {"Metric": metric, "Period": 60, "Stat": stat}})
}

fn five(metrics: &Metrics) {
    let points: Vec<_> = (0..5).map(|minute| (NOW + minute * MINUTE, minute as f64)).collect();
    record(metrics, "Hits", &[], Unit::None, &points);
    record(metrics, "Misses", &[], Unit::None, &points[1..3]);
    record(metrics, "Hits", &[("Side", "left")], Unit::None, &points);
}

#[test]
fn labels_tell_apart_what_is_asked_for() {
    let metrics = open();
    five(&metrics);
    let labels = |queries: serde_json::Value| {
        let output = metrics.get_metric_data(&data(queries), NOW + HOUR).expect("answered");
        output.metric_data_results.into_iter().map(|result| result.label).collect::<Vec<_>>()
    };
    let mut left = query("b", "Hits", "Sum");
    left["MetricStat"]["Metric"]["Dimensions"] = serde_json::json!([{"Name": "Side", "Value": "left"}]);
    let mut longer = query("b", "Hits", "Sum");
    longer["MetricStat"]["Period"] = 300.into();
    let hits = || query("a", "Hits", "Sum");
    assert_eq!(labels(serde_json::json!([left])), ["Hits"]);
    assert_eq!(labels(serde_json::json!([hits(), query("b", "Misses", "Maximum")])), ["Hits", "Misses"]);
    assert_eq!(labels(serde_json::json!([hits(), query("b", "Hits", "Average")])), ["Hits Sum", "Hits Average"]);
    assert_eq!(labels(serde_json::json!([hits(), longer])), ["Hits Sum 60", "Hits Sum 300"]);
    assert_eq!(labels(serde_json::json!([hits(), left])), ["Hits", "Hits left"]);
}

#[test]
fn data_of_metrics_and_expressions() {
    let metrics = open();
    five(&metrics);
    let mut hidden = query("m2", "Misses", "Maximum");
    hidden["ReturnData"] = false.into();
    let input = data(serde_json::json!([
        {"Id": "e2", "Expression": "e1 * 10", "Label": "tenfold"},
        {"Id": "e1", "Expression": "m1 + FILL(m2, 0)"},
        query("m1", "Hits", "Sum"),
        hidden,
        {"Id": "all", "Expression": "SEARCH('{Door,Side} Hits', 'Sum', 60)"},
        {"Id": "none", "Expression": "TIME_SERIES(COUNT)", "ReturnData": false},
    ]));
    let error = metrics.get_metric_data(&input, NOW + HOUR).expect_err("COUNT is nothing");
    assert_eq!(
        (error.code(), error.to_string().as_str()),
        ("ValidationError", "Error in expression 'none' at position 13: `COUNT` is not the Id of a query")
    );
    let mut input = input;
    input.metric_data_queries.pop();
    let output = metrics.get_metric_data(&input, NOW + HOUR).expect("answered");
    let results: Vec<_> = output
        .metric_data_results
        .iter()
        .map(|result| (result.id.as_str(), result.label.as_str(), &result.values[..]))
        .collect();
    assert_eq!(
        results,
        [
            ("e2", "tenfold", &[40.0, 30.0, 40.0, 20.0, 0.0][..]),
            ("e1", "e1", &[4.0, 3.0, 4.0, 2.0, 0.0]),
            ("m1", "Hits", &[4.0, 3.0, 2.0, 1.0, 0.0]),
            ("all", "Hits left", &[4.0, 3.0, 2.0, 1.0, 0.0]),
        ],
        "newest first"
    );
    assert!(output.metric_data_results.iter().all(|result| result.status_code == StatusCode::Complete));
    assert_eq!(output.metric_data_results[0].timestamps[0], NOW + 4 * MINUTE);
}

#[test]
fn all_of_time_is_no_more_than_there_are_data() {
    let metrics = open();
    five(&metrics);
    let all_time = |expression: &str| {
        let queries = serde_json::json!([query("m1", "Hits", "Sum"), {"Id": "e1", "Expression": expression}]);
        let input = GetMetricDataInput { start_time: i64::MIN, end_time: i64::MAX, ..data(queries) };
        metrics.get_metric_data(&input, NOW + HOUR)
    };
    assert_eq!(all_time("m1 * 2").expect("answered").metric_data_results[1].values, [8.0, 6.0, 4.0, 2.0, 0.0]);
    for expression in ["TIME_SERIES(1)", "FILL(m1, 0)", "FILL([m1, m1], REPEAT)"] {
        let error = all_time(expression).expect_err(expression);
        assert_eq!(error.code(), "ValidationError");
        assert!(error.to_string().contains("more than 655200 points"), "{error}");
    }
    let statistics = ask(i64::MIN, i64::MAX, 60, &["Sum"], &[]);
    let error = metrics.get_metric_statistics(&statistics, NOW).expect_err("too many");
    assert_eq!(error.code(), "InvalidParameterCombination");
}

#[test]
fn data_come_in_pages() {
    let metrics = open();
    five(&metrics);
    let mut input = data(serde_json::json!([
        query("m1", "Hits", "Sum"),
        query("m2", "Misses", "Sum"),
        query("m3", "Nobody", "Sum")
    ]));
    input.scan_by = Some(ScanBy::TimestampAscending);
    input.max_datapoints = Some(2);
    let mut pages = Vec::new();
    loop {
        let output = metrics.get_metric_data(&input, NOW + HOUR).expect("answered");
        let results = output.metric_data_results.into_iter();
        pages.push(results.map(|result| (result.id, result.values, result.status_code)).collect::<Vec<_>>());
        input.next_token = output.next_token;
        if input.next_token.is_none() {
            break;
        }
    }
    let of = |id: &str, values: &[f64], code| (id.to_owned(), values.to_vec(), code);
    use StatusCode::{Complete, PartialData};
    assert_eq!(
        pages,
        [
            vec![of("m1", &[0.0, 1.0], PartialData)],
            vec![of("m1", &[2.0, 3.0], PartialData)],
            vec![of("m1", &[4.0], Complete), of("m2", &[1.0], PartialData)],
            vec![of("m2", &[2.0], Complete), of("m3", &[], Complete)],
        ]
    );
}

#[test]
fn queries_that_cannot_be_are_refused() {
    let metrics = open();
    let refused = |queries: serde_json::Value, part: &str| {
        let error = metrics.get_metric_data(&data(queries), NOW).expect_err(part);
        assert!(error.to_string().contains(part), "{error}");
    };
    refused(serde_json::json!([]), "MetricDataQueries is required");
    refused(serde_json::json!([query("M1", "Hits", "Sum")]), "parameter Id is invalid");
    refused(serde_json::json!([query("m-1", "Hits", "Sum")]), "parameter Id is invalid");
    refused(serde_json::json!([query("m1", "Hits", "Sum"), query("m1", "Hits", "Sum")]), "`m1` is used more than once");
    refused(serde_json::json!([query("m1", "Hits", "Median")]), "`Median` is not a statistic");
    refused(serde_json::json!([{"Id": "m1"}]), "MetricDataQueries.member.1.MetricStat is required");
    refused(
        serde_json::json!([{"Id": "e1", "Expression": "e2"}, {"Id": "e2", "Expression": "e1"}]),
        "uses its own value",
    );
    refused(serde_json::json!([{"Id": "e1", "Expression": "1 + 1"}]), "only time series can be returned");
    refused(serde_json::json!([{"Id": "e1", "Expression": "1 +"}]), "Error in expression 'e1' at position 4");
    refused(serde_json::json!([{"Id": "e1", "Expression": "SEARCH('a', 'Median')"}]), "not a statistic");
    let many: Vec<_> = (0..501).map(|number| query(&format!("m{number}"), "Hits", "Sum")).collect();
    refused(many.into(), "greater than 500");
    let input = GetMetricDataInput {
        next_token: Some("?".to_owned()),
        ..data(serde_json::json!([query("m1", "Hits", "Sum")]))
    };
    assert_eq!(metrics.get_metric_data(&input, NOW).expect_err("token").code(), "InvalidNextToken");
}

#[test]
fn a_span_of_data_has_a_second_at_least() {
    let metrics = open();
    let asked = |start_time: i64, end_time: i64| {
        let queries = serde_json::json!([query("m1", "Hits", "Sum")]);
        metrics.get_metric_data(&GetMetricDataInput { start_time, end_time, ..data(queries) }, NOW)
    };
    let refused = |start_time: i64, end_time: i64| {
        let error = asked(start_time, end_time).expect_err("refused");
        (error.code(), error.to_string())
    };
    let equal = ("ValidationError", "The parameter StartTime must not equal parameter EndTime.".to_owned());
    assert_eq!(refused(NOW, NOW), equal);
    assert_eq!(refused(NOW + 20, NOW + 987), equal);
    let turned = ("ValidationError", "The parameter EndTime must be greater than StartTime.".to_owned());
    assert_eq!(refused(NOW + 1000, NOW), turned);
    assert!(asked(NOW, NOW + 1000).is_ok());
}

#[test]
fn metrics_are_listed_while_they_have_data() {
    let metrics = open();
    five(&metrics);
    record(&metrics, "Old", &[], Unit::None, &[(NOW - 14 * DAY, 1.0)]);
    let list = |input: &ListMetricsInput, now: i64| {
        let output = metrics.list_metrics(input, now).expect("listed");
        output.metrics.into_iter().map(|metric| metric.metric_name).collect::<Vec<_>>()
    };
    let all = ListMetricsInput::default();
    assert_eq!(list(&all, NOW), ["Hits", "Hits", "Misses", "Old"]);
    assert_eq!(list(&all, NOW + 1), ["Hits", "Hits", "Misses"]);
    assert_eq!(list(&all, NOW + 15 * DAY), [""; 0]);
    let named = ListMetricsInput { metric_name: Some("Misses".to_owned()), ..all.clone() };
    assert_eq!(list(&named, NOW), ["Misses"]);
    let space = ListMetricsInput { namespace: Some("Window".to_owned()), ..all.clone() };
    assert_eq!(list(&space, NOW), [""; 0]);
    let side = |value: Option<&str>| ListMetricsInput {
        dimensions: vec![DimensionFilter { name: "Side".to_owned(), value: value.map(str::to_owned) }],
        ..ListMetricsInput::default()
    };
    assert_eq!(
        (list(&side(None), NOW).len(), list(&side(Some("left")), NOW).len(), list(&side(Some("right")), NOW).len()),
        (1, 1, 0)
    );
    let recent =
        |text: &str| ListMetricsInput { recently_active: Some(text.to_owned()), ..ListMetricsInput::default() };
    assert_eq!(list(&recent("PT3H"), NOW + 3 * HOUR + 3 * MINUTE).len(), 2);
    assert!(metrics.list_metrics(&recent("PT1H"), NOW).is_err());
}

#[test]
fn lists_have_pages_of_five_hundred() {
    let metrics = open();
    for number in 0..1001 {
        record(&metrics, &format!("m{number:04}"), &[], Unit::None, &[(NOW, 1.0)]);
    }
    let mut input = ListMetricsInput::default();
    let mut names = Vec::new();
    let mut pages = 0;
    loop {
        let output = metrics.list_metrics(&input, NOW).expect("listed");
        names.extend(output.metrics.into_iter().map(|metric| metric.metric_name));
        pages += 1;
        input.next_token = output.next_token;
        if input.next_token.is_none() {
            break;
        }
    }
    assert_eq!((pages, names.len()), (3, 1001));
    assert!(names.is_sorted());
    input.next_token = Some("x".to_owned());
    assert_eq!(metrics.list_metrics(&input, NOW).expect_err("token").code(), "InvalidNextToken");
}
