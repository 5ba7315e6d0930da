//! Queries of Metrics Insights: what is read of them, and what they give, held against a naive computation.

use proptest::prelude::*;
use weir_store::Catalogue;

use super::*;
use crate::metric::{Datum, GetMetricDataInput, GetMetricDataOutput, MetricDataQuery, MetricStat, ScanBy, Unit};

const MINUTE: i64 = 60_000;

/// A full day.
const NOW: i64 = 20_500 * 86_400_000;

fn open() -> Metrics {
    Metrics::open(&Catalogue::in_memory().expect("opened")).expect("opened")
}

fn record(metrics: &Metrics, name: &str, dimensions: &[(&str, &str)], points: &[(i64, f64)]) {
    let dimensions = dimensions.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let metric = Arc::new(MetricId { namespace: "My/Door".to_owned(), name: name.to_owned(), dimensions });
    for (minute, value) in points {
        let timestamp = NOW + minute * MINUTE + 7000;
        metrics.record(&[Datum { metric: metric.clone(), timestamp, value: *value, count: 1.0, unit: Unit::Count }]);
    }
}

/// Two front doors, a back door, and all doors together.
fn doors() -> Metrics {
    let metrics = open();
    record(&metrics, "Hits", &[("Door", "a"), ("Side", "front")], &[(0, 1.0), (0, 3.0), (1, 8.0)]);
    record(&metrics, "Hits", &[("Door", "b"), ("Side", "front")], &[(0, 5.0)]);
    record(&metrics, "Hits", &[("Door", "c"), ("Side", "back")], &[(1, 2.0), (2, 2.0)]);
    record(&metrics, "Hits", &[("Door", "d")], &[(2, 20.0)]);
    record(&metrics, "Hits", &[], &[(0, 100.0)]);
    record(&metrics, "Knocks", &[("Door", "a"), ("Side", "front")], &[(0, 1000.0)]);
    metrics
}

fn expression(id: &str, text: &str) -> MetricDataQuery {
    let (expression, period) = (Some(text.to_owned()), Some(60));
    MetricDataQuery { id: id.to_owned(), expression, period, ..MetricDataQuery::default() }
}

fn ask(metrics: &Metrics, queries: Vec<MetricDataQuery>) -> Result<GetMetricDataOutput, MetricError> {
    let input = GetMetricDataInput {
        metric_data_queries: queries,
        start_time: NOW,
        end_time: NOW + 10 * MINUTE,
        scan_by: Some(ScanBy::TimestampAscending),
        ..GetMetricDataInput::default()
    };
    metrics.get_metric_data(&input, NOW + 10 * MINUTE)
}

/// The labels and the points, minutes and values, of each series.
fn told(output: GetMetricDataOutput) -> Vec<String> {
    let point = |(time, value): (&i64, &f64)| format!("{}:{value}", (time - NOW) / MINUTE);
    let series = output.metric_data_results.into_iter().map(|result| {
        let points: Vec<_> = result.timestamps.iter().zip(&result.values).map(point).collect();
        format!("{} = {}", result.label, points.join(" "))
    });
    series.collect()
}

fn answer(metrics: &Metrics, text: &str) -> Vec<String> {
    told(ask(metrics, vec![expression("q", text)]).expect(text))
}

#[test]
fn queries_give_what_aws_documents() {
    let metrics = doors();
    for (query, expected) in [
        // Whatever the dimensions; none; exactly these, in any order.
        ("SELECT SUM(Hits) FROM \"My/Door\"", &["Hits = 0:109 1:10 2:22"][..]),
        ("SELECT SUM(Hits) FROM SCHEMA(\"My/Door\")", &["Hits = 0:100"]),
        ("SELECT SUM(Hits) FROM SCHEMA(\"My/Door\", Side, Door)", &["Hits = 0:9 1:10 2:2"]),
        ("SELECT SUM(Hits) FROM SCHEMA(\"My/Door\", Door)", &["Hits = 2:20"]),
        ("SELECT SUM(Hits) FROM SCHEMA(\"My/Door\", Side)", &["Hits = "]),
        // The functions are over all values, not over the metrics.
        ("SELECT AVG(Hits) FROM SCHEMA(\"My/Door\", Door, Side)", &["Hits = 0:3 1:5 2:2"]),
        ("SELECT COUNT(Hits) FROM SCHEMA(\"My/Door\", Door, Side)", &["Hits = 0:3 1:2 2:1"]),
        ("SELECT MAX(Hits) FROM SCHEMA(\"My/Door\", Door, Side)", &["Hits = 0:5 1:8 2:2"]),
        ("SELECT MIN(Hits) FROM SCHEMA(\"My/Door\", Door, Side)", &["Hits = 0:1 1:2 2:2"]),
        ("SELECT SUM(Hits) FROM \"My/Door\" WHERE Side = 'front'", &["Hits = 0:9 1:8"]),
        ("SELECT SUM(Hits) FROM \"My/Door\" WHERE Side != 'front'", &["Hits = 1:2 2:2"]),
        ("SELECT SUM(Hits) FROM \"My/Door\" WHERE Side = 'front' AND Door != 'a'", &["Hits = 0:5"]),
        ("SELECT SUM(hits) FROM \"My/Door\"", &["hits = "]),
        // By the values in order; those without are called Other.
        (
            "SELECT SUM(Hits) FROM \"My/Door\" GROUP BY Side",
            &["Other = 0:100 2:20", "back = 1:2 2:2", "front = 0:9 1:8"],
        ),
        (
            "SELECT SUM(Hits) FROM \"My/Door\" WHERE Door != 'b' GROUP BY Side, Door",
            &["Other d = 2:20", "back c = 1:2 2:2", "front a = 0:4 1:8"],
        ),
        (
            "select sum(Hits) from schema(\"My/Door\", Door, Side) group by Door order by max() desc limit 2;",
            &["a = 0:4 1:8", "b = 0:5"],
        ),
        ("SELECT SUM(Hits) FROM \"My/Door\" GROUP BY Door ORDER BY MIN() LIMIT 1", &["c = 1:2 2:2"]),
        ("SELECT SUM(Hits) FROM \"My/Door\" GROUP BY Door ORDER BY COUNT() ASC, LIMIT 1", &[]),
        (
            "SELECT SUM(Hits) FROM \"My/Door\" GROUP BY Door ORDER BY COUNT() DESC LIMIT 2",
            &["a = 0:4 1:8", "c = 1:2 2:2"],
        ),
        ("SELECT SUM(Hits) FROM \"My/Door\" GROUP BY Door LIMIT 1", &["Other = 0:100"]),
        ("SELECT SUM(Hits) FROM \"My/Door\" GROUP BY Nothing", &["Other = 0:109 1:10 2:22"]),
    ] {
        if expected.is_empty() {
            assert!(InsightsQuery::parse(query).is_err(), "{query}");
        } else {
            assert_eq!(answer(&metrics, query), expected, "{query}");
        }
    }
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (query, expected) in [
        ("SELECT", "at position 7: unexpected the end, AVG, COUNT, MAX, MIN or SUM should stand here"),
        ("SELECT p99(m) FROM n", "at position 8: unexpected `p99`, AVG, COUNT, MAX, MIN or SUM should stand here"),
        ("SELECT SUM(m FROM n", "at position 14: unexpected `FROM`, `)` should stand here"),
        ("SELECT SUM() FROM n", "at position 12: unexpected `)`, the name of a metric should stand here"),
        ("SELECT SUM(LIMIT) FROM n", "at position 12: `LIMIT` is a keyword: as a name it stands in double quotes"),
        ("SELECT SUM('m') FROM n", "at position 12: unexpected the value `m`, the name of a metric should stand here"),
        ("SELECT SUM(my.m) FROM n", "at position 14: unexpected `.`, `)` should stand here"),
        ("SELECT SUM(m)", "at position 14: unexpected the end, `FROM` should stand here"),
        ("SELECT SUM(m) FROM AWS/EC2", "at position 23: unexpected character `/`"),
        ("SELECT SUM(m) FROM SCHEMA()", "at position 27: unexpected `)`, a namespace should stand here"),
        ("SELECT SUM(m) FROM SCHEMA(n, a, a)", "at position 33: the label `a` is given twice"),
        (
            "SELECT SUM(m) FROM n WHERE a = b",
            "at position 32: unexpected `b`, a value in single quotes should stand here",
        ),
        ("SELECT SUM(m) FROM n WHERE a > 'b'", "at position 30: unexpected character `>`"),
        ("SELECT SUM(m) FROM n WHERE a = 'b", "at position 32: the text has no closing quote"),
        ("SELECT SUM(m) FROM n WHERE a = 'b' OR a = 'c'", "at position 36: unexpected `OR`, the next clause"),
        (
            "SELECT SUM(m) FROM n WHERE tag.env = 'b'",
            "at position 31: `tag.` leads to tags or accounts, which cannot be asked for: use a dimension",
        ),
        ("SELECT SUM(m) FROM n GROUP a", "at position 28: unexpected `a`, `BY` should stand here"),
        ("SELECT SUM(m) FROM n ORDER BY MAX(m)", "at position 35: unexpected `m`, `)` should stand here"),
        (
            "SELECT SUM(m) FROM n LIMIT 501",
            "at position 28: unexpected `501`, a number from 1 to 500 should stand here",
        ),
        ("SELECT SUM(m) FROM n LIMIT 0", "at position 28: unexpected `0`, a number from 1 to 500"),
        ("SELECT SUM(m) FROM n LIMIT 5 GROUP BY a", "at position 30: unexpected `GROUP`, the next clause"),
    ] {
        let error = InsightsQuery::parse(query).expect_err(query).to_string();
        assert!(error.starts_with(expected), "{query}: {error}");
    }
    let labels: Vec<_> = (0..=MOST_METRICS).map(|number| format!("a{number}")).collect();
    let long = format!("SELECT SUM(m) FROM n GROUP BY {}", labels.join(","));
    assert!(InsightsQuery::parse(&long).expect_err("too long").to_string().contains("at most 2048"));
    let many = format!("SELECT SUM(m) FROM n GROUP BY {}", labels[..31].join(","));
    assert!(InsightsQuery::parse(&many).expect_err("too many").to_string().contains("at most 30 labels"));
    let conditions = vec!["a = ''"; 31].join(" AND ");
    assert!(InsightsQuery::parse(&format!("SELECT SUM(m) FROM n WHERE {conditions}")).is_err());
}

#[test]
fn quotes_and_backslashes() {
    let query = r#"SELECT AVG("Bytes\"Input\"") FROM SCHEMA("a 'b", "From") WHERE "From" = 'it\'s \\ C:\temp'"#;
    let query = InsightsQuery::parse(query).expect("good");
    assert_eq!((query.metric.as_str(), query.namespace.as_str()), ("Bytes\"Input\"", "a 'b"));
    assert_eq!(query.schema, Some(vec!["From".to_owned()]));
    let condition = Condition { label: "From".to_owned(), value: "it's \\ C:\\temp".to_owned(), equal: true };
    assert_eq!(query.conditions, [condition]);
}

#[test]
fn metric_math_is_not_taken_for_a_query() {
    for (text, is_query) in [
        ("SELECT SUM(m) FROM n", true),
        ("\n select\tsum(m) from n", true),
        ("SELECT", false),
        ("select + 1", false),
        ("selected", false),
        ("SELECT(m1)", false),
        ("SUM(m1)", false),
        ("ééé", false),
    ] {
        assert_eq!(InsightsQuery::is_one(text), is_query, "{text}");
    }
}

#[test]
fn expressions_use_its_value_and_labels_are_kept_apart() {
    let metrics = doors();
    let query = || expression("q", "SELECT SUM(Hits) FROM SCHEMA(\"My/Door\", Door, Side) GROUP BY Side");
    let hidden = MetricDataQuery { return_data: Some(false), ..query() };
    let output = ask(&metrics, vec![expression("e", "SUM(q)"), hidden]).expect("answered");
    assert_eq!(told(output), ["e = 0:9 1:10 2:2"]);
    let named = MetricDataQuery { label: Some("hits".to_owned()), ..query() };
    assert_eq!(told(ask(&metrics, vec![named]).expect("answered")), ["hits back = 1:2 2:2", "hits front = 0:9 1:8"]);
    let all = expression("q", "SELECT SUM(Hits) FROM SCHEMA(\"My/Door\")");
    let named = MetricDataQuery { label: Some("all".to_owned()), ..all };
    assert_eq!(told(ask(&metrics, vec![named]).expect("answered")), ["all = 0:100"]);
    let error = ask(&metrics, vec![query(), expression("r", "SELECT SUM(Hits) FROM n")]).expect_err("two");
    assert!(error.to_string().contains("At most one query"), "{error}");
    let error = ask(&metrics, vec![expression("q", "SELECT SUM(Hits FROM n")]).expect_err("wrong");
    assert_eq!(error.to_string(), "Error in expression 'q' at position 17: unexpected `FROM`, `)` should stand here");
}

#[test]
fn periods_are_at_least_a_minute_and_data_at_most_two_weeks_old() {
    let metrics = open();
    record(&metrics, "Hits", &[], &[(-20 * 1440, 1.0), (-13 * 1440, 2.0), (0, 4.0), (0, 5.0)]);
    let query = MetricDataQuery { period: Some(1), ..expression("q", "SELECT SUM(Hits) FROM \"My/Door\"") };
    assert_eq!(told(ask(&metrics, vec![query.clone()]).expect("answered")), ["Hits = 0:9"]);
    let input = GetMetricDataInput {
        metric_data_queries: vec![MetricDataQuery { period: Some(7 * 86_400), ..query }],
        start_time: NOW - 30 * 1440 * MINUTE,
        end_time: NOW + MINUTE,
        ..GetMetricDataInput::default()
    };
    let output = metrics.get_metric_data(&input, NOW + MINUTE).expect("answered");
    assert_eq!(output.metric_data_results[0].values.iter().sum::<f64>(), 11.0);
}

#[test]
fn at_most_500_series_and_the_greatest_of_them_when_ordered() {
    let metrics = open();
    for door in 0..1200 {
        let points: Vec<_> = (0..(door * 7) % 1200 / 400 + 1).map(|minute| (minute, f64::from(door as i32))).collect();
        record(&metrics, "Hits", &[("Door", &format!("{door:04}"))], &points);
    }
    let labels = |query: &str| {
        let told = answer(&metrics, query).into_iter();
        told.map(|series| series.split(' ').next().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    let all = "SELECT MAX(Hits) FROM \"My/Door\" GROUP BY Door";
    let expected = |doors: &mut dyn Iterator<Item = i64>| doors.map(|door| format!("{door:04}")).collect::<Vec<_>>();
    assert_eq!(labels(all), expected(&mut (0..500)));
    assert_eq!(labels(&format!("{all} ORDER BY MAX() DESC")), expected(&mut (700..1200).rev()));
    assert_eq!(labels(&format!("{all} ORDER BY MAX() LIMIT 3")), ["0000", "0001", "0002"]);
}

#[test]
fn another_metric_stands_beside_it() {
    let metrics = doors();
    let stat = MetricStat {
        metric: crate::metric::Metric {
            namespace: "My/Door".to_owned(),
            metric_name: "Hits".to_owned(),
            dimensions: Vec::new(),
        },
        period: 60,
        stat: "Sum".to_owned(),
        unit: None,
    };
    let metric = MetricDataQuery { id: "m".to_owned(), metric_stat: Some(stat), ..MetricDataQuery::default() };
    let query = expression("q", "SELECT SUM(Hits) FROM \"My/Door\" WHERE Side = 'front'");
    let rest = expression("rest", "m - q");
    let output = ask(&metrics, vec![query, metric, rest]).expect("answered");
    assert_eq!(told(output), ["Hits = 0:9 1:8", "Hits = 0:100", "rest = 0:91 1:-8"]);
}

/// A metric of the property: its dimensions `A` and `B`, if it has them, and its points.
type Made = (Option<u8>, Option<u8>, Vec<(i64, i32)>);

fn made() -> impl Strategy<Value = Vec<Made>> {
    let points = proptest::collection::vec((0i64..4, -5i32..6), 0..5);
    proptest::collection::vec((proptest::option::of(0u8..3), proptest::option::of(0u8..3), points), 0..12)
}

fn dimensions(made: &Made) -> Vec<(&'static str, String)> {
    let label = |name, value: Option<u8>| value.map(|value| (name, format!("v{value}")));
    [label("A", made.0), label("B", made.1)].into_iter().flatten().collect()
}

/// The function by its definition, over the values themselves.
fn naive(function: &str, values: &[f64]) -> f64 {
    match function {
        "AVG" => values.iter().sum::<f64>() / values.len() as f64,
        "COUNT" => values.len() as f64,
        "MAX" => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        "MIN" => values.iter().copied().fold(f64::INFINITY, f64::min),
        _ => values.iter().sum(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_text_brings_it_down(text in "(SELECT|select) ?[a-zA-Z0-9 \"'\\\\(),.=!;é]{0,60}") {
        if let Ok(query) = InsightsQuery::parse(&text) {
            prop_assert!((1..=MOST_SERIES).contains(&query.limit));
        }
    }

    #[test]
    fn answers_are_those_of_a_naive_computation(
        made in made(),
        function in proptest::sample::select(&["AVG", "COUNT", "MAX", "MIN", "SUM"][..]),
        by in proptest::option::of(proptest::sample::select(&["AVG", "COUNT", "MAX", "MIN", "SUM"][..])),
        descending: bool,
        schema in proptest::option::of(proptest::sample::subsequence(vec!["A", "B"], 0..=2)),
        conditions in proptest::collection::vec((0usize..2, 0u8..3, any::<bool>()), 0..3),
        groups in proptest::sample::subsequence(vec!["B", "A"], 1..=2),
        limit in 1usize..6,
    ) {
        let metrics = open();
        for one in &made {
            let dimensions = dimensions(one);
            let dimensions: Vec<_> = dimensions.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let points: Vec<_> = one.2.iter().map(|(minute, value)| (*minute, f64::from(*value))).collect();
            record(&metrics, "m", &dimensions, &points);
        }
        let mut query = format!("SELECT {function}(m) FROM ");
        query += &match &schema {
            Some(labels) => format!("SCHEMA(\"My/Door\"{})", labels.iter().map(|label| format!(", {label}")).collect::<String>()),
            None => "\"My/Door\"".to_owned(),
        };
        for (place, (label, value, equal)) in conditions.iter().enumerate() {
            let word = if place == 0 { "WHERE" } else { "AND" };
            query += &format!(" {word} {} {} 'v{value}'", ["A", "B"][*label], if *equal { "=" } else { "!=" });
        }
        query += &format!(" GROUP BY {}", groups.join(", "));
        if let Some(by) = by {
            query += &format!(" ORDER BY {by}() {}", if descending { "DESC" } else { "ASC" });
        }
        query += &format!(" LIMIT {limit}");

        let mut values: BTreeMap<Vec<String>, BTreeMap<i64, Vec<f64>>> = BTreeMap::new();
        for one in &made {
            let dimensions = dimensions(one);
            let of = |label: &str| dimensions.iter().find(|(name, _)| *name == label).map(|(_, value)| value.clone());
            let fits = schema.as_ref().is_none_or(|labels| {
                labels.len() == dimensions.len() && labels.iter().all(|label| of(label).is_some())
            });
            let holds = conditions.iter().all(|(label, value, equal)| {
                of(["A", "B"][*label]).is_some_and(|found| (found == format!("v{value}")) == *equal)
            });
            if fits && holds {
                let group = groups.iter().map(|label| of(label).unwrap_or_else(|| "Other".to_owned())).collect();
                let group = values.entry(group).or_default();
                one.2.iter().for_each(|(minute, value)| group.entry(*minute).or_default().push(f64::from(*value)));
            }
        }
        let series = values.into_iter().filter(|(_, minutes)| !minutes.is_empty());
        let mut series: Vec<(String, Vec<(i64, f64)>)> = series
            .map(|(group, minutes)| {
                (group.join(" "), minutes.iter().map(|(minute, values)| (*minute, naive(function, values))).collect())
            })
            .collect();
        if let Some(by) = by {
            let key = |points: &[(i64, f64)]| naive(by, &points.iter().map(|(_, value)| *value).collect::<Vec<_>>());
            series.sort_by(|left, right| {
                let ascending = key(&left.1).total_cmp(&key(&right.1));
                if descending { ascending.reverse() } else { ascending }
            });
        }
        series.truncate(limit);
        let expected: Vec<_> = series.iter().map(|(label, points)| {
            let points: Vec<_> = points.iter().map(|(minute, value)| format!("{minute}:{value}")).collect();
            format!("{label} = {}", points.join(" "))
        }).collect();
        prop_assert_eq!(answer(&metrics, &query), expected, "{}", query);
    }
}
