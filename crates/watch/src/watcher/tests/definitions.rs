//! What may be put, and how it is listed.

use super::*;
use crate::filter::{TestMetricFilterInput, test_metric_filter};

#[test]
fn what_aws_refuses_is_refused() {
    let (_, watcher) = fresh();
    let good = || input("f", "[a, b]", "1");
    let transformed = |change: fn(&mut MetricTransformation)| {
        let mut input = good();
        change(&mut input.metric_transformations[0]);
        input
    };
    let changed = |change: fn(&mut PutMetricFilterInput)| {
        let mut input = good();
        change(&mut input);
        input
    };
    let cases = [
        (input("", "a", "1"), "'filterName' failed to satisfy constraint: Member must have length greater"),
        (input("a:b", "a", "1"), "'filterName' failed to satisfy constraint: Member must satisfy regular"),
        (input(&"x".repeat(513), "a", "1"), "less than or equal to 512"),
        (input("f", "[a", "1"), "Invalid filter pattern: character 3:"),
        (input("f", "a", ""), "metricValue' failed"),
        (input("f", "a", "one"), "metricValue `one`"),
        (input("f", "a", "$b"), "`$b`: a pattern of terms has no fields"),
        (input("f", "[a]", "$b"), "`$b` is no field"),
        (input("f", "{ $.a = 1 }", "$b"), "`$b`: expected"),
        (input("f", "a", &"1".repeat(101)), "less than or equal to 100"),
        (changed(|input| input.log_group_name.clear()), "'logGroupName'"),
        (changed(|input| input.metric_transformations.clear()), "Member must have length greater"),
        (changed(|input| input.metric_transformations.extend_from_within(..)), "length less than or equal to 1"),
        (changed(|input| input.apply_on_transformed_logs = true), "applyOnTransformedLogs"),
        (changed(|input| input.field_selection_criteria = Some("x".to_owned())), "fieldSelectionCriteria"),
        (changed(|input| input.emit_system_field_dimensions = vec!["@aws.vpc".to_owned()]), "@aws.vpc"),
        (transformed(|one| one.metric_name = "a$".to_owned()), "metricName"),
        (transformed(|one| one.metric_namespace.clear()), "metricNamespace"),
        (transformed(|one| one.default_value = Some(f64::NAN)), "finite"),
        (with_default(with_dimensions(good(), &[("d", "$a")]), 0.0), "mutually exclusive"),
        (with_dimensions(good(), &[("d", "$c")]), "`$c` is no field"),
        (with_dimensions(good(), &[("d", "fixed")]), "`fixed` is no field"),
        (with_dimensions(good(), &[("", "$a")]), "name of a dimension"),
        (with_dimensions(good(), &[("a", "$a"), ("b", "$b"), ("c", "$a"), ("d", "$b")]), "at most 3 dimensions"),
    ];
    for (input, words) in cases {
        let error = watcher.put_metric_filter(&EVERY, input, NOW).expect_err(words);
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(error.code(), "InvalidParameterException");
    }
    let error = watcher.put_metric_filter(&|_: &str| false, good(), NOW).expect_err("no group");
    assert_eq!(error.code(), "ResourceNotFoundException");
    // Names with blanks, as people choose them.
    let blanks = transformed(|one| {
        one.metric_name = "SSH Rejects".to_owned();
        one.metric_namespace = "VPC Flow logs".to_owned();
    });
    watcher.put_metric_filter(&EVERY, blanks, NOW).expect("put");
}

#[test]
fn a_group_has_100_filters_and_5_with_regular_expressions() {
    let (_, watcher) = fresh();
    let put = |name: &str, pattern: &str| watcher.put_metric_filter(&EVERY, input(name, pattern, "1"), NOW);
    for number in 0..100 {
        put(&format!("f{number}"), if number < 5 { "%x%" } else { "x" }).expect("room");
    }
    assert_eq!(put("one-more", "x").expect_err("full").code(), "LimitExceededException");
    assert_eq!(put("f7", "[a = %x%]").expect_err("regular expressions").code(), "LimitExceededException");
    put("f0", "%y%").expect("in place of another");
    put("f1", "y").expect("in place of another");
    put("f7", "%y%").expect("room for one");
    assert_eq!(watcher.metric_filter_count("/g"), 100);
    let elsewhere = PutMetricFilterInput { log_group_name: "/h".to_owned(), ..input("f", "%x%", "1") };
    watcher.put_metric_filter(&EVERY, elsewhere, NOW).expect("another group");
}

#[test]
fn filters_are_listed_page_by_page() {
    let (catalogue, watcher) = fresh();
    for (group, name) in [("/b", "a"), ("/a", "a"), ("/a", "B"), ("/a", "ab"), ("/a", "é")] {
        let input = PutMetricFilterInput { log_group_name: group.to_owned(), ..input(name, "x", "1") };
        watcher.put_metric_filter(&EVERY, input, NOW).expect("put");
    }
    // As they are after a restart.
    drop(watcher);
    let watcher = open(&catalogue);
    let names = |input: &DescribeMetricFiltersInput| {
        let output = watcher.describe_metric_filters(&EVERY, input).expect("listed");
        let names =
            output.metric_filters.iter().map(|filter| format!("{} {}", filter.log_group_name, filter.filter_name));
        (names.collect::<Vec<_>>(), output.next_token)
    };
    let all = DescribeMetricFiltersInput::default;
    assert_eq!(names(&all()), (["/a B", "/a a", "/b a", "/a ab", "/a é"].map(str::to_owned).to_vec(), None));
    let mut page = DescribeMetricFiltersInput { limit: Some(2), ..all() };
    let mut pages = Vec::new();
    loop {
        let (names, next_token) = names(&page);
        pages.push(names.len());
        page.next_token = next_token;
        if page.next_token.is_none() {
            break;
        }
    }
    assert_eq!(pages, [2, 2, 1]);
    let (group, prefix) = (Some("/a".to_owned()), Some("a".to_owned()));
    let of_group = DescribeMetricFiltersInput { log_group_name: group, filter_name_prefix: prefix, ..all() };
    assert_eq!(names(&of_group).0, ["/a a", "/a ab"]);
    let (name, namespace) = (Some("ab".to_owned()), Some("n".to_owned()));
    let of_metric = DescribeMetricFiltersInput { metric_name: name.clone(), metric_namespace: namespace, ..all() };
    assert_eq!(names(&of_metric).0, ["/a ab"]);

    for refused in [
        DescribeMetricFiltersInput { limit: Some(51), ..all() },
        DescribeMetricFiltersInput { limit: Some(0), ..all() },
        DescribeMetricFiltersInput { metric_name: name, ..all() },
        DescribeMetricFiltersInput { next_token: Some("x".into()), ..all() },
    ] {
        let error = watcher.describe_metric_filters(&EVERY, &refused).expect_err("refused");
        assert_eq!(error.code(), "InvalidParameterException");
    }
    let nowhere = DescribeMetricFiltersInput { log_group_name: Some("/c".into()), ..all() };
    let error = watcher.describe_metric_filters(&|_: &str| false, &nowhere).expect_err("no group");
    assert_eq!(error.code(), "ResourceNotFoundException");
}

#[test]
fn a_filter_is_replaced_and_deleted() {
    let (catalogue, watcher) = fresh();
    watcher.put_metric_filter(&EVERY, input("f", "x", "1"), NOW).expect("put");
    watcher.appended(&lines(1, NOW, &["x"]));
    watcher.put_metric_filter(&EVERY, input("f", "x", "10"), NOW + 5).expect("replaced");
    assert_eq!(watcher.settled(), 1);
    watcher.appended(&lines(2, NOW, &["x"]));
    assert_eq!(total(&watcher, "f"), (2.0, 11.0));
    let listed = watcher.describe_metric_filters(&EVERY, &DescribeMetricFiltersInput::default()).expect("listed");
    assert_eq!(listed.metric_filters[0].creation_time, NOW);

    let deletion = DeleteMetricFilterInput { log_group_name: "/g".into(), filter_name: "f".into() };
    watcher.delete_metric_filter(&EVERY, &deletion, NOW).expect("deleted");
    watcher.appended(&lines(3, NOW, &["x"]));
    assert_eq!(total(&watcher, "f"), (2.0, 11.0));
    let gone = watcher.delete_metric_filter(&EVERY, &deletion, NOW).expect_err("gone");
    assert_eq!(gone.code(), "ResourceNotFoundException");
    let nowhere = watcher.delete_metric_filter(&|_: &str| false, &deletion, NOW).expect_err("no group");
    assert_eq!(nowhere.to_string(), "The specified log group does not exist: /g");

    watcher.put_metric_filter(&EVERY, input("f", "x", "1"), NOW).expect("put");
    watcher.delete_log_group("/g", NOW).expect("deleted");
    assert_eq!((watcher.metric_filter_count("/g"), open(&catalogue).metric_filter_count("/g")), (0, 0));
}

#[test]
fn a_pattern_is_tried_on_1_to_50_messages() {
    let trial = |pattern: &str, messages: &[&str]| {
        let log_event_messages = messages.iter().map(|message| (*message).to_owned()).collect();
        test_metric_filter(&TestMetricFilterInput { filter_pattern: pattern.to_owned(), log_event_messages })
    };
    let output = trial("[a, b = 2]", &["1 2", "1 3", "x 2"]).expect("tried");
    let json = serde_json::to_value(&output).expect("JSON");
    let expected = serde_json::json!({"matches": [
        {"eventNumber": 0, "eventMessage": "1 2", "extractedValues": {"$a": "1", "$b": "2"}},
        {"eventNumber": 2, "eventMessage": "x 2", "extractedValues": {"$a": "x", "$b": "2"}},
    ]});
    assert_eq!(json, expected);
    assert_eq!(trial("", &["x"; 50]).expect("tried").matches.len(), 50);
    for (pattern, messages) in [("", &["x"; 51][..]), ("", &[]), ("", &["x", ""]), ("[", &["x"])] {
        assert_eq!(trial(pattern, messages).expect_err("refused").code(), "InvalidParameterException");
    }
}
