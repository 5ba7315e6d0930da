mod chain;
mod clock;
mod definition;
mod lifecycle;
mod logs;
mod once;
mod operate;

use std::{path::Path, sync::Arc};

use tempfile::TempDir;
use weir_store::{Catalogue, CatalogueError};

use super::*;
use crate::{
    metric::{Datum, MetricId, Metrics, Unit},
    topic::{CreateTopicInput, TopicOptions, Topics},
};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 3_600_000;

/// A full hour.
const NOW: i64 = 493_000 * HOUR;

/// A catalogue in a folder, with what watches on top.
struct House {
    dir: TempDir,
    catalogue: Catalogue,
    metrics: Arc<Metrics>,
    alarms: Alarms,
    topic: String,
}

fn open(path: &Path) -> (Catalogue, Arc<Metrics>, Topics, Alarms) {
    let catalogue = Catalogue::open(path).expect("opened");
    let metrics = Arc::new(Metrics::open(&catalogue).expect("opened"));
    let options = TopicOptions { public_url: "http://127.0.0.1:4780".to_owned() };
    let topics = Topics::open(catalogue.clone(), "123456789012", "us-east-1", &options).expect("opened");
    let alarms = Alarms::open(catalogue.clone(), metrics.clone(), "123456789012", "us-east-1").expect("opened");
    (catalogue, metrics, topics, alarms)
}

impl House {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("made");
        let (catalogue, metrics, topics, alarms) = open(&dir.path().join("catalogue.sqlite"));
        let input = CreateTopicInput { name: "ssh".to_owned(), ..CreateTopicInput::default() };
        let topic = topics.create_topic(&input, NOW).expect("made").topic_arn;
        Self { dir, catalogue, metrics, alarms, topic }
    }

    /// As after a crash: what was not flushed is lost.
    fn reopen(self) -> Self {
        let Self { dir, catalogue, metrics, alarms, topic } = self;
        drop((catalogue, metrics, alarms));
        let (catalogue, metrics, _, alarms) = open(&dir.path().join("catalogue.sqlite"));
        Self { dir, catalogue, metrics, alarms, topic }
    }

    fn flush(&self, now: i64) {
        self.metrics.flush(now, |_| Ok::<_, CatalogueError>(())).expect("flushed");
    }

    fn record(&self, timestamp: i64, value: f64) {
        let metric = Arc::new(MetricId {
            namespace: "VPC Flow logs".to_owned(),
            name: "SSH-rejects".to_owned(),
            dimensions: Default::default(),
        });
        self.metrics.record(&[Datum { metric, timestamp, value, count: 1.0, unit: Unit::None }]);
    }

    fn put(&self, input: PutMetricAlarmInput) {
        self.alarms.put_metric_alarm(input, NOW).expect("put");
    }

    fn poll(&self, now: i64) {
        self.alarms.poll(now).expect("polled");
    }

    /// Polls every second, as a program does, after `from` until `to`.
    fn run(&self, from: i64, to: i64) {
        let mut now = from;
        while now < to {
            now = (now + 1000).min(to);
            self.poll(now);
        }
    }

    fn state(&self, name: &str) -> StateValue {
        self.alarms.state().state_of(name)
    }

    /// The summaries of what happened, oldest first.
    fn history(&self, kind: &str) -> Vec<String> {
        let input = DescribeAlarmHistoryInput {
            alarm_types: ["MetricAlarm", "CompositeAlarm", "LogAlarm"].map(str::to_owned).to_vec(),
            history_item_type: Some(kind.to_owned()),
            scan_by: Some("TimestampAscending".to_owned()),
            ..DescribeAlarmHistoryInput::default()
        };
        let output = self.alarms.describe_alarm_history(&input).expect("described");
        output.alarm_history_items.into_iter().map(|item| item.history_summary).collect()
    }

    /// The states that an alarm went into, by the history.
    fn turns(&self) -> Vec<String> {
        let into = |summary: String| summary.rsplit(' ').next().unwrap_or_default().to_owned();
        self.history("StateUpdate").into_iter().map(into).collect()
    }

    /// The notices that were published, oldest first.
    fn notices(&self) -> Vec<AlarmNotice> {
        let input = DescribeAlarmHistoryInput {
            alarm_types: ["MetricAlarm", "CompositeAlarm", "LogAlarm"].map(str::to_owned).to_vec(),
            history_item_type: Some("Action".to_owned()),
            scan_by: Some("TimestampAscending".to_owned()),
            ..DescribeAlarmHistoryInput::default()
        };
        let items = self.alarms.describe_alarm_history(&input).expect("described").alarm_history_items;
        let message = |item: &AlarmHistoryItem| {
            let data: serde_json::Value = serde_json::from_str(&item.history_data).expect("JSON");
            serde_json::from_str(data["publishedMessage"].as_str().expect("a message")).expect("a notice")
        };
        items.iter().map(message).collect()
    }

    /// The alarm of the flow log lab: refused SSH, at least once a minute.
    fn ssh(&self, treat: TreatMissingData) -> PutMetricAlarmInput {
        PutMetricAlarmInput {
            head: AlarmHead {
                alarm_name: "SSH-rejects".to_owned(),
                alarm_actions: vec![self.topic.clone()],
                ..AlarmHead::default()
            },
            rule: AlarmRule {
                evaluation_periods: Some(1),
                datapoints_to_alarm: Some(1),
                threshold: Some(1.0),
                comparison_operator: "GreaterThanOrEqualToThreshold".to_owned(),
                treat_missing_data: Some(treat.to_string()),
            },
            metric_name: Some("SSH-rejects".to_owned()),
            namespace: Some("VPC Flow logs".to_owned()),
            statistic: Some("Sum".to_owned()),
            period: Some(60),
            ..PutMetricAlarmInput::default()
        }
    }
}
