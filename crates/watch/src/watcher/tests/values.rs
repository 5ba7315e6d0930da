//! What events give.

use super::*;

/// The four records that people try the pattern on, and one of an interface without traffic.
const SEEDS: [&str; 5] = [
    "2 086112738802 eni-0d5d75b41f9befe9e 61.177.172.128 172.31.83.158 39611 22 6 1 40 1563108188 1563108227 REJECT OK",
    "2 086112738802 eni-0d5d75b41f9befe9e 182.68.238.8 172.31.83.158 42227 22 6 1 44 1563109030 1563109067 REJECT OK",
    "2 086112738802 eni-0d5d75b41f9befe9e 42.171.23.181 172.31.83.158 52417 22 6 24 4065 1563191069 1563191121 ACCEPT OK",
    "2 086112738802 eni-0d5d75b41f9befe9e 61.177.172.128 172.31.83.158 39611 80 6 1 40 1563108188 1563108227 REJECT OK",
    "2 086112738802 eni-0d5d75b41f9befe9e - - - - - - - 1563108188 1563108227 - NODATA",
];
const FIELDS: &str =
    "version, account, eni, source, destination, srcport, destport, protocol, packets, bytes, windowstart, windowend";

#[test]
fn rejected_connections_to_port_22_are_counted() {
    let pattern = "[version, account, eni, source, destination, srcport, destport=\"22\", protocol=\"6\", packets, bytes, \
                   windowstart, windowend, action=\"REJECT\", flowlogstatus]";
    for batch in [records(1, NOW, &SEEDS), lines(1, NOW, &SEEDS)] {
        let (_, watcher) = fresh();
        watcher.put_metric_filter(&EVERY, input("rejects", pattern, "1"), NOW).expect("put");
        watcher.put_metric_filter(&EVERY, input("bytes", pattern, "$bytes"), NOW).expect("put");
        watcher.appended(&batch);
        let id = |name: &str| MetricId { namespace: "n".into(), name: name.into(), dimensions: BTreeMap::new() };
        let expected = [((id("bytes"), NOW), (2.0, 84.0)), ((id("rejects"), NOW), (2.0, 2.0))];
        assert_eq!(sums(&watcher), expected.into());
        assert_eq!(watcher.counts(), Counts { events: 5, matches: 4, ..Counts::default() });
    }
}

#[test]
fn a_value_that_is_no_number_gives_no_datum() {
    for batch in [records(1, NOW, &SEEDS), lines(1, NOW, &SEEDS)] {
        let (_, watcher) = fresh();
        let pattern = format!("[{FIELDS}, action, status]");
        watcher.put_metric_filter(&EVERY, input("bytes", &pattern, "$bytes"), NOW).expect("put");
        watcher.put_metric_filter(&EVERY, input("source", &pattern, "$source"), NOW).expect("put");
        watcher.appended(&batch);
        assert_eq!(total(&watcher, "bytes"), (4.0, 4189.0));
        assert_eq!(total(&watcher, "source"), (0.0, 0.0));
        assert_eq!(watcher.counts(), Counts { events: 5, matches: 10, without_value: 6, ..Counts::default() });
    }
}

#[test]
fn a_value_beyond_those_of_metrics_gives_no_datum() {
    let (_, watcher) = fresh();
    watcher.put_metric_filter(&EVERY, input("f", "[name, value]", "$value"), NOW).expect("put");
    watcher.appended(&lines(1, NOW, &["a 1e308", "a 1e308", "a -1e109", "a 5"]));
    assert_eq!(total(&watcher, "f"), (1.0, 5.0));
    assert_eq!(watcher.counts().without_value, 3);
    let refused = watcher.put_metric_filter(&EVERY, input("fixed", "a", "1e109"), NOW).expect_err("too large");
    assert_eq!(refused.code(), "InvalidParameterException");
}

#[test]
fn dimensions_come_from_the_event() {
    for batch in [records(1, NOW, &SEEDS), lines(1, NOW, &SEEDS)] {
        let (_, watcher) = fresh();
        let mut by_port = input("by-port", &format!("[{FIELDS}, action, status]"), "$packets");
        by_port = with_dimensions(by_port, &[("Port", "$destport"), ("Action", "$13")]);
        // A slot that has a name is not called by its number.
        let refused = watcher.put_metric_filter(&EVERY, by_port.clone(), NOW).expect_err("a named slot");
        assert_eq!(refused.to_string(), "`$13` is no field of the filter pattern");
        by_port.metric_transformations[0].dimensions.insert("Action".to_owned(), "$action".to_owned());
        by_port.emit_system_field_dimensions = vec!["@aws.region".to_owned()];
        watcher.put_metric_filter(&EVERY, by_port, NOW).expect("put");
        watcher.appended(&batch);
        let found: Vec<_> = sums(&watcher).into_iter().map(|((id, _), sum)| (id.dimensions, sum)).collect();
        let dimensions = |port: &str, action: &str| -> BTreeMap<String, String> {
            let pairs = [("Port", port), ("Action", action), ("@aws.region", "us-east-1")];
            pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
        };
        assert_eq!(
            found,
            [
                (dimensions("22", "ACCEPT"), (1.0, 24.0)),
                (dimensions("22", "REJECT"), (2.0, 2.0)),
                (dimensions("80", "REJECT"), (1.0, 1.0)),
            ]
        );
        // Of the record without data the packets are no number.
        assert_eq!(watcher.counts().without_value, 1);
    }
}

#[test]
fn an_event_without_the_dimension_gives_no_datum() {
    let (_, watcher) = fresh();
    let by_user = with_dimensions(input("by-user", "{ $.n > 0 }", "$.n"), &[("User", "$.user.name")]);
    watcher.put_metric_filter(&EVERY, by_user, NOW).expect("put");
    let long = format!("{{\"n\": 4, \"user\": {{\"name\": \"{}\"}}}}", "x".repeat(256));
    let events = [
        r#"{"n": 1.5, "user": {"name": "ann"}}"#,
        r#"{"n": 2, "user": {}}"#,
        r#"{"n": 3, "user": {"name": ""}}"#,
        &long,
        r#"{"n": 0, "user": {"name": "bob"}}"#,
        "no JSON",
    ];
    watcher.appended(&lines(1, NOW, &events));
    assert_eq!(total(&watcher, "by-user"), (1.0, 1.5));
    assert_eq!(watcher.counts(), Counts { events: 6, matches: 4, without_dimension: 3, ..Counts::default() });
}

#[test]
fn a_filter_gives_1000_sets_of_dimension_values_an_hour() {
    let (catalogue, watcher) = fresh();
    let by_user = with_dimensions(input("by-user", "[user]", "1"), &[("User", "$user")]);
    watcher.put_metric_filter(&EVERY, by_user, NOW).expect("put");
    let users: Vec<String> = (0..1005).map(|user| format!("u{user}")).collect();
    let users: Vec<&str> = users.iter().map(String::as_str).collect();
    watcher.appended(&lines(1, NOW, &users));
    assert_eq!((total(&watcher, "by-user").0, watcher.counts().beyond_limit), (1000.0, 5));
    // The limit holds over a restart, and ends with the hour.
    watcher.flush(NOW).expect("flushed");
    let watcher = open(&catalogue);
    watcher.appended(&lines(2, NOW + 1000, &["u7", "new"]));
    assert_eq!((total(&watcher, "by-user").0, watcher.counts().beyond_limit), (1001.0, 1));
    watcher.appended(&lines(3, NOW + 3_600_000, &["new"]));
    assert_eq!(total(&watcher, "by-user").0, 1002.0);
}

#[test]
fn a_minute_of_events_without_a_match_gives_the_default_value() {
    let (catalogue, watcher) = fresh();
    watcher.put_metric_filter(&EVERY, with_default(input("errors", "ERROR", "1"), 0.0), NOW).expect("put");
    watcher.appended(&lines(1, NOW, &["fine"]));
    watcher.appended(&lines(2, NOW + 60_000, &["fine"]));
    watcher.appended(&lines(3, NOW + 61_000, &["an ERROR", "ERROR"]));
    watcher.flush(NOW + 61_999).expect("flushed");
    // The first minute is over. That is not on disk: after a crash it is over once more.
    assert_eq!(watcher.poll(NOW + 62_000), Some(NOW + 122_000));
    let watcher = open(&catalogue);
    assert_eq!(watcher.poll(NOW + 62_000), Some(NOW + 122_000));
    assert_eq!(watcher.poll(NOW + 200_000), None);
    let found: Vec<_> = sums(&watcher).into_iter().map(|((_, start), sum)| (start - NOW, sum)).collect();
    // Minutes without events give nothing.
    assert_eq!(found, [(0, (1.0, 0.0)), (61_000, (2.0, 2.0))]);
}
