//! Metrics in the Prometheus text format, version 0.0.4: what `/metrics` answers.
//!
//! A metric is a summary without quantiles: how many values came since the program started, and their sum. Its name, which
//! Prometheus would not take, stands in labels as it is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::{MetricId, Metrics, Unit};

/// A number of the program itself, to stand beside the metrics.
#[derive(Debug, Clone, PartialEq)]
pub struct Gauge {
    /// A good name of Prometheus, such as `weir_events_total`.
    pub name: String,
    /// What it is, in a line.
    pub help: String,
    /// Whether it only grows.
    pub counter: bool,
    /// Values by labels; the names of labels are good ones.
    pub samples: Vec<(Vec<(String, String)>, f64)>,
}

/// All metrics that were fed since they were opened, and other numbers, as Prometheus reads them.
pub fn prometheus(metrics: &Metrics, others: &[Gauge]) -> String {
    let mut out = String::new();
    for Gauge { name, help, counter, samples } in others {
        head(&mut out, name, help, if *counter { "counter" } else { "gauge" });
        for (labels, value) in samples {
            sample(&mut out, name, labels, *value);
        }
    }
    let mut families: BTreeMap<String, Vec<(Labels, f64, f64)>> = BTreeMap::new();
    for (id, unit, count, sum) in metrics.totals() {
        families.entry(family(&id)).or_default().push((labels(&id, unit), count, sum));
    }
    for (name, series) in families {
        head(&mut out, &name, "Values of a metric since the program started.", "summary");
        for (labels, count, sum) in series {
            sample(&mut out, &format!("{name}_sum"), &labels, sum);
            sample(&mut out, &format!("{name}_count"), &labels, count);
        }
    }
    out
}

type Labels = Vec<(String, String)>;

/// `weir_metric_vpc_flow_logs_ssh_rejects`
fn family(id: &MetricId) -> String {
    let name = format!("weir_metric_{}_{}", id.namespace, id.name);
    name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' }).collect()
}

fn labels(id: &MetricId, unit: Unit) -> Labels {
    let mut labels = vec![
        ("namespace".to_owned(), id.namespace.clone()),
        ("metric".to_owned(), id.name.clone()),
        ("unit".to_owned(), unit.to_string()),
    ];
    let mut used: BTreeSet<String> = labels.iter().map(|(name, _)| name.clone()).collect();
    for (name, value) in &id.dimensions {
        let mut name = label_name(name);
        while !used.insert(name.clone()) {
            name.push('_');
        }
        labels.push((name, value.clone()));
    }
    labels
}

fn label_name(name: &str) -> String {
    let mut good: String =
        name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
    if good.starts_with(|first: char| first.is_ascii_digit()) || good.starts_with("__") {
        good.insert(0, 'd');
    }
    good
}

fn head(out: &mut String, name: &str, help: &str, kind: &str) {
    let help = help.replace('\\', "\\\\").replace('\n', "\\n");
    // Writing into a string does not fail.
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn sample(out: &mut String, name: &str, labels: &[(String, String)], value: f64) {
    let escaped = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
    let value = match value {
        value if value.is_nan() => "NaN".to_owned(),
        f64::INFINITY => "+Inf".to_owned(),
        f64::NEG_INFINITY => "-Inf".to_owned(),
        value => value.to_string(),
    };
    let _ = writeln!(out, "{name}{labels} {value}");
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use weir_store::Catalogue;

    use super::*;
    use crate::metric::Datum;

    #[test]
    fn what_prometheus_reads() {
        let metrics = Metrics::open(&Catalogue::in_memory().expect("opened")).expect("opened");
        let record = |name: &str, dimensions: &[(&str, &str)], value: f64| {
            let dimensions = dimensions.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let metric =
                Arc::new(MetricId { namespace: "VPC Flow logs".to_owned(), name: name.to_owned(), dimensions });
            metrics.record(&[Datum { metric, timestamp: 0, value, count: 2.0, unit: Unit::Count }]);
        };
        record("SSH-rejects", &[("Interface", "eni-1"), ("1st", "a\"b\\c\nd")], 1.5);
        record("SSH-rejects", &[("Interface", "eni-1"), ("1st", "a\"b\\c\nd")], 1.0);
        record("SSH rejects", &[("unit", "x")], -1.0);
        let events = Gauge {
            name: "weir_events_total".to_owned(),
            help: "Events\nappended.".to_owned(),
            counter: true,
            samples: vec![(vec![], 7.0), (vec![("group".to_owned(), "a".to_owned())], f64::INFINITY)],
        };
        let expected = r##"# HELP weir_events_total Events\nappended.
# TYPE weir_events_total counter
weir_events_total 7
weir_events_total{group="a"} +Inf
# HELP weir_metric_vpc_flow_logs_ssh_rejects Values of a metric since the program started.
# TYPE weir_metric_vpc_flow_logs_ssh_rejects summary
weir_metric_vpc_flow_logs_ssh_rejects_sum{namespace="VPC Flow logs",metric="SSH rejects",unit="Count",unit_="x"} -2
weir_metric_vpc_flow_logs_ssh_rejects_count{namespace="VPC Flow logs",metric="SSH rejects",unit="Count",unit_="x"} 2
weir_metric_vpc_flow_logs_ssh_rejects_sum{namespace="VPC Flow logs",metric="SSH-rejects",unit="Count",d1st="a\"b\\c\nd",Interface="eni-1"} 5
weir_metric_vpc_flow_logs_ssh_rejects_count{namespace="VPC Flow logs",metric="SSH-rejects",unit="Count",d1st="a\"b\\c\nd",Interface="eni-1"} 4
"##;
        assert_eq!(prometheus(&metrics, &[events]), expected);
    }
}
