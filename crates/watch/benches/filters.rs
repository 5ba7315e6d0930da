//! What metric filters cost an append: 0, 1, 10 and 100 of them on a batch of 500 events.
//!
//! `cargo bench -p weir-watch --bench filters`. Each batch goes the whole way from the log store's tap into metrics. The same
//! records come as columns and as mere text.

#![allow(clippy::expect_used, reason = "a benchmark that cannot run may say so loudly")]

use std::sync::Arc;

use arrow::{array::StringArray, buffer::Buffer};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use weir_record::{
    Format, Refusals,
    text::{TextDecoder, TextOptions},
};
use weir_store::{
    Catalogue,
    logs::{Committed, Records, Tap as _},
};
use weir_watch::{
    Watcher,
    filter::{MetricTransformation, PutMetricFilterInput},
    metric::Metrics,
};

const EVENTS: u64 = 500;
/// Unix milliseconds.
const NOW: i64 = 1_800_000_000_000;

fn filters(criterion: &mut Criterion) {
    let columns = batch();
    let text = Committed { records: None, ..columns.clone() };
    for (name, batch) in [("columns", columns), ("text", text)] {
        let mut group = criterion.benchmark_group(format!("metric filters on {name}"));
        group.throughput(Throughput::Elements(EVENTS));
        for count in [0, 1, 10, 100] {
            let watcher = watcher((0..count).map(delimited));
            append(&mut group, "space-delimited", count, &watcher, &batch);
        }
        if batch.records.is_none() {
            for count in [1, 10, 100] {
                let watcher = watcher((0..count).map(|number| format!("\"10.0.0.{number} \" -NODATA")));
                append(&mut group, "terms", count, &watcher, &batch);
            }
        }
        group.finish();
    }
}

fn append(
    group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>,
    kind: &str,
    filters: usize,
    watcher: &Watcher,
    batch: &Committed,
) {
    let mut batch = batch.clone();
    group.bench_function(BenchmarkId::new(kind, filters), |bencher| {
        bencher.iter(|| {
            batch.position += 1;
            watcher.appended(&batch);
        });
    });
    // One that was not asked for on the command line has not run.
    assert!(filters == 0 || batch.position == 0 || watcher.counts().matches > 0, "nothing matches");
}

/// The filters that people have on flow logs: refused connections to a port, the traffic of an address, large flows.
fn delimited(number: usize) -> String {
    let (source, port, bytes, action) = match number % 4 {
        0 => {
            ("srcaddr".to_owned(), format!("dstport = \"{}\"", 22 + number), "bytes".to_owned(), "action = \"REJECT\"")
        }
        1 => (format!("srcaddr = \"10.0.0.{number}\""), "dstport".to_owned(), "bytes".to_owned(), "action"),
        2 => ("srcaddr".to_owned(), "dstport = 443".to_owned(), format!("bytes > {}", number * 100), "action"),
        _ => (
            "srcaddr != \"-\"".to_owned(),
            format!("dstport = {}", 1000 + number),
            "bytes".to_owned(),
            "action = ACCEPT",
        ),
    };
    format!(
        "[version, account, eni, {source}, dstaddr, srcport, {port}, protocol=\"6\", packets, {bytes}, start, end, {action}, status]"
    )
}

fn watcher(patterns: impl Iterator<Item = String>) -> Watcher {
    let catalogue = Catalogue::in_memory().expect("catalogue");
    let metrics = Arc::new(Metrics::open(&catalogue).expect("metrics"));
    let watcher = Watcher::open(&catalogue, metrics, "123456789012", "us-east-1").expect("watcher");
    for (number, filter_pattern) in patterns.enumerate() {
        let transformation = MetricTransformation {
            metric_name: format!("metric-{number}"),
            metric_namespace: "bench".to_owned(),
            metric_value: "1".to_owned(),
            default_value: None,
            dimensions: std::collections::BTreeMap::new(),
            unit: weir_watch::metric::Unit::Count,
        };
        let input = PutMetricFilterInput {
            log_group_name: "/bench".to_owned(),
            filter_name: format!("filter-{number}"),
            filter_pattern,
            metric_transformations: vec![transformation],
            apply_on_transformed_logs: false,
            field_selection_criteria: None,
            emit_system_field_dimensions: Vec::new(),
        };
        watcher.put_metric_filter(&|_: &str| true, input, NOW).expect("put");
    }
    watcher
}

/// Records of the default format: one in ten is refused, one in fifty has no data.
fn batch() -> Committed {
    let record = |number: u64| {
        if number.is_multiple_of(50) {
            return "2 123456789012 eni-0d5d75b41f9befe9e - - - - - - - 1800000000 1800000059 - NODATA".to_owned();
        }
        let (host, port) = (number * 7 % 251, [22, 80, 443, 1003 + number % 100][number as usize % 4]);
        let (bytes, action) = (number * 7919 % 100_000, if number % 10 == 4 { "REJECT" } else { "ACCEPT" });
        let addresses = format!("10.0.0.{host} 172.31.83.{}", number * 13 % 251);
        format!(
            "2 123456789012 eni-0d5d75b41f9befe9e {addresses} {} {port} 6 10 {bytes} 1800000000 1800000059 {action} OK",
            32_768 + number
        )
    };
    let lines: Vec<String> = (0..EVENTS).map(record).collect();
    let format = Format::default();
    let decoder = TextDecoder::new(format.schema(), None, TextOptions::default()).expect("decoder");
    let text = Buffer::from_vec(lines.join("\n").into_bytes());
    let records = decoder.decode(&"bench".into(), text, 1, &mut Refusals::default()).next().expect("records");
    Committed {
        position: 0,
        group: "/bench".into(),
        stream: "s".into(),
        ingestion_time: NOW,
        timestamps: vec![NOW; lines.len()],
        messages: StringArray::from(lines),
        records: Some(Records { format, batch: records, valid: None }),
    }
}

criterion_group!(benches, filters);
criterion_main!(benches);
