//! Metric filters from put to sum.

mod crash;
mod definitions;
mod values;
mod waiting;

use std::sync::Arc;

use arrow::{array::StringArray, buffer::Buffer};
use weir_record::{
    Format, Refusals,
    text::{Mode, TextDecoder, TextOptions},
};
use weir_store::{
    Catalogue,
    logs::{Committed, Records},
};

use super::*;
use crate::{
    filter::MetricTransformation,
    metric::{MetricId, Unit},
};

const EVERY: fn(&str) -> bool = |_| true;
/// The beginning of an hour.
const NOW: i64 = 1_800_000_000_000;

fn open(catalogue: &Catalogue) -> Watcher {
    let metrics = Arc::new(Metrics::open(catalogue).expect("metrics"));
    Watcher::open(catalogue, metrics, "123456789012", "us-east-1").expect("filters")
}

fn fresh() -> (Catalogue, Watcher) {
    let catalogue = Catalogue::in_memory().expect("catalogue");
    let watcher = open(&catalogue);
    (catalogue, watcher)
}

/// A filter called `name` that feeds the metric `name` of namespace `n`.
fn input(name: &str, pattern: &str, value: &str) -> PutMetricFilterInput {
    PutMetricFilterInput {
        log_group_name: "/g".to_owned(),
        filter_name: name.to_owned(),
        filter_pattern: pattern.to_owned(),
        metric_transformations: vec![MetricTransformation {
            metric_name: name.to_owned(),
            metric_namespace: "n".to_owned(),
            metric_value: value.to_owned(),
            default_value: None,
            dimensions: BTreeMap::new(),
            unit: Unit::Count,
        }],
        apply_on_transformed_logs: false,
        field_selection_criteria: None,
        emit_system_field_dimensions: Vec::new(),
    }
}

fn with_default(mut input: PutMetricFilterInput, default: f64) -> PutMetricFilterInput {
    input.metric_transformations[0].default_value = Some(default);
    input
}

fn with_dimensions(mut input: PutMetricFilterInput, dimensions: &[(&str, &str)]) -> PutMetricFilterInput {
    let dimensions = dimensions.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    input.metric_transformations[0].dimensions = dimensions.collect();
    input
}

/// A batch of events that are text.
fn lines(position: u64, time: i64, lines: &[&str]) -> Committed {
    Committed {
        position,
        group: "/g".into(),
        stream: "s".into(),
        ingestion_time: time,
        timestamps: vec![time; lines.len()],
        messages: StringArray::from(lines.to_vec()),
        records: None,
    }
}

/// A batch of records of the default format.
fn records(position: u64, time: i64, records: &[&str]) -> Committed {
    let format = Format::default();
    let options = TextOptions { mode: Mode::Strict, ..TextOptions::default() };
    let decoder = TextDecoder::new(format.schema(), None, options).expect("decoder");
    let text = Buffer::from_vec(records.join("\n").into_bytes());
    let mut refusals = Refusals::default();
    let batch = decoder.decode(&"test".into(), text, 1, &mut refusals).next().expect("records");
    assert_eq!(batch.num_rows(), records.len());
    Committed { records: Some(Records { format, batch, valid: None }), ..lines(position, time, records) }
}

/// Namespace, name and dimensions of a metric, and a second, with count and sum of its values.
type Sums = BTreeMap<(MetricId, i64), (f64, f64)>;

fn sums(watcher: &Watcher) -> Sums {
    let mut sums = Sums::new();
    for (id, _) in watcher.metrics.metrics() {
        for (start, bucket) in watcher.metrics.buckets(&id, None, 0..i64::MAX).expect("read").into_values().flatten() {
            sums.insert((MetricId::clone(&id), start), (bucket.count, bucket.sum));
        }
    }
    sums
}

/// Count and sum of the metric of a filter, over all time.
fn total(watcher: &Watcher, name: &str) -> (f64, f64) {
    let of_name = sums(watcher).into_iter().filter(|((id, _), _)| id.name == name);
    of_name.fold((0.0, 0.0), |(count, sum), (_, (more, value))| (count + more, sum + value))
}
