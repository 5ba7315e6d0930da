//! Killed at any moment: every acknowledged event is in its log group once, and every metric's sum is that of the events.
//!
//! The test runs itself as a child process: eight threads append while another makes segments and writes metrics; and kills
//! it.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::{collections::BTreeSet, path::Path, sync::Arc, thread};

#[path = "../../../tests/support/child.rs"]
mod support;

use weir_store::{
    Catalogue,
    logs::{CreateLogGroupRequest, CreateLogStreamRequest, InputEvent, LogOptions, LogStore, Owner},
};
use weir_watch::{
    Watcher,
    filter::{MetricTransformation, PutMetricFilterInput},
    metric::{GetMetricStatisticsInput, Metrics, Unit},
};

const NOW: i64 = 1_780_000_000_000;
const ACCOUNT: &str = "123456789012";
const REGION: &str = "us-east-1";
const GROUP: &str = "/g";
const WRITERS: i64 = 8;

/// Events are numbered; those of a run from `run * RUN`, those of a writer from `writer * WRITER` on.
const RUN: i64 = 80_000_000;
const WRITER: i64 = 10_000_000;

/// Name, pattern and value of each filter: all events, the numbers of records, the numbers of JSON texts.
const FILTERS: [(&str, &str, &str); 3] = [
    ("all", "", "1"),
    (
        "records",
        "[version, account, eni, source, destination, srcport, destport=22, protocol, packets, bytes, start, end, action=REJECT, status]",
        "$end",
    ),
    ("texts", "{ $.number >= 0 }", "$.number"),
];

#[test]
fn killed_at_any_moment() {
    #[allow(clippy::disallowed_methods, reason = "no setting of the program: how long `make test-crash` goes on")]
    let kills = std::env::var("WEIR_CRASH_KILLS").ok().map_or(5, |kills| kills.parse().expect("a number of kills"));
    let dir = tempfile::tempdir().expect("made");
    let mut acknowledged = Vec::new();
    for run in 0..kills {
        acknowledged.extend(killed(dir.path(), run));
        check(dir.path(), &acknowledged);
    }
    assert!(acknowledged.len() as i64 > 8 * kills, "hardly anything was written: {}", acknowledged.len());
}

/// How many events the batch has whose first number this is.
fn events_of(first: i64) -> i64 {
    1 + first % 7
}

fn is_record(number: i64) -> bool {
    number % 3 == 0
}

fn message(number: i64) -> String {
    if is_record(number) {
        format!("2 1 eni-a 10.0.0.1 10.0.0.2 {} 22 6 1 40 1 {number} REJECT OK", number % 50_000)
    } else {
        format!("{{\"number\":{number}}}")
    }
}

fn number(message: &str) -> i64 {
    let text = message.strip_prefix("{\"number\":").and_then(|rest| rest.strip_suffix('}'));
    text.or_else(|| message.split(' ').nth(11)).and_then(|text| text.parse().ok()).expect("numbered")
}

/// What is on disk holds every acknowledged event once, and the metrics are those of what it holds.
fn check(dir: &Path, acknowledged: &[i64]) {
    let (store, _, metrics) = open(dir);
    assert_eq!(store.damage(), []);
    let mut seen = BTreeSet::new();
    for events in store.scan(GROUP, 0, i64::MAX, NOW).expect("scanned") {
        for message in events.expect("read").messages().expect("written out").iter().flatten() {
            assert!(seen.insert(number(message)), "{message} is there twice");
        }
    }
    for first in acknowledged {
        for number in *first..first + events_of(*first) {
            assert!(seen.contains(&number), "{number} was acknowledged and is lost");
        }
    }
    let (records, texts): (Vec<i64>, Vec<i64>) = seen.iter().copied().partition(|number| is_record(*number));
    let expected = [seen.len() as i64, records.into_iter().sum(), texts.into_iter().sum()];
    assert_eq!(FILTERS.map(|(name, ..)| sum(&metrics, name)), expected, "metrics of {} events", seen.len());
}

/// The sum of a metric; whole numbers, small enough to be exact.
fn sum(metrics: &Metrics, name: &str) -> i64 {
    let input = GetMetricStatisticsInput {
        namespace: "test".into(),
        metric_name: name.into(),
        start_time: NOW - 3_600_000,
        end_time: NOW + 3_600_000,
        period: 60,
        statistics: vec!["Sum".into()],
        ..Default::default()
    };
    let output = metrics.get_metric_statistics(&input, NOW).expect("read");
    output.datapoints.iter().filter_map(|datapoint| datapoint.sum).sum::<f64>() as i64
}

/// Runs a child and kills it; one in four while it opens what the others left, the others after some batches.
/// Returns the batches that it acknowledged.
fn killed(dir: &Path, run: i64) -> Vec<i64> {
    let wrote = support::nth(1 + 15 * (run % 4), "written ");
    let enough: Option<&dyn Fn(&str) -> bool> = if run % 4 == 3 { None } else { Some(&wrote) };
    let said = support::run_and_kill("child", (run, dir), enough);
    let first = |line: &String| line.strip_prefix("written ").map(|first| first.parse().expect("a number"));
    said.iter().filter_map(first).collect()
}

fn open(dir: &Path) -> (LogStore, Arc<Watcher>, Arc<Metrics>) {
    let catalogue = Catalogue::open(&dir.join("catalogue.sqlite")).expect("opened");
    let metrics = Arc::new(Metrics::open(&catalogue).expect("opened"));
    let watcher = Arc::new(Watcher::open(&catalogue, Arc::clone(&metrics), ACCOUNT, REGION).expect("opened"));
    let options = LogOptions {
        append_file_bytes: 20_000,
        segment_memory: 20_000,
        memory_limit: 200_000,
        merge_segments: 3,
        merge_rows: 20_000,
        ..LogOptions::new(Owner { account: ACCOUNT.into(), region: REGION.into() })
    };
    let store = LogStore::open(&dir.join("logs"), catalogue, options, Arc::clone(&watcher) as _).expect("opened");
    (store, watcher, metrics)
}

/// Appends until it is killed. Does nothing when it is not told where.
#[test]
#[ignore = "the child of the test above"]
fn child() {
    let Some((run, dir)) = support::told() else { return };
    let (store, watcher, _) = open(&dir);
    // There since the first run, unless that was killed before.
    let _ = store.create_log_group(&CreateLogGroupRequest { log_group_name: GROUP.into(), ..Default::default() }, NOW);
    FILTERS[watcher.metric_filter_count(GROUP)..].iter().for_each(|filter| put_filter(&watcher, *filter));
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let store = &store;
            scope.spawn(move || write(store, run, writer));
        }
        loop {
            store.poll(NOW);
            watcher.flush(NOW).expect("written");
        }
    });
}

fn put_filter(watcher: &Watcher, (name, pattern, value): (&str, &str, &str)) {
    let input = PutMetricFilterInput {
        log_group_name: GROUP.into(),
        filter_name: name.into(),
        filter_pattern: pattern.into(),
        metric_transformations: vec![MetricTransformation {
            metric_name: name.into(),
            metric_namespace: "test".into(),
            metric_value: value.into(),
            default_value: None,
            dimensions: Default::default(),
            unit: Unit::None,
        }],
        apply_on_transformed_logs: false,
        field_selection_criteria: None,
        emit_system_field_dimensions: Vec::new(),
    };
    watcher.put_metric_filter(&|name: &str| name == GROUP, input, NOW).expect("put");
}

fn write(store: &LogStore, run: i64, writer: i64) {
    let stream = format!("writer-{writer}");
    let request = CreateLogStreamRequest { log_group_name: GROUP.into(), log_stream_name: stream.clone() };
    let _ = store.create_log_stream(&request, NOW);
    let mut first = run * RUN + writer * WRITER;
    loop {
        let timestamp = NOW - 50 + first % 50;
        let numbers = first..first + events_of(first);
        let events: Vec<_> = numbers.map(|number| InputEvent { timestamp, message: message(number) }).collect();
        store.append(GROUP, &stream, &events, NOW).expect("put");
        support::say(&format!("written {first}"));
        first += events.len() as i64;
    }
}
