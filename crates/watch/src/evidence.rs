//! Which log events a metric was made of: found again by the metric filters that feed it.

use std::sync::Arc;

use weir_store::logs::{Committed, Events, LogStore};

use crate::{
    Watcher,
    alarm::Evidence,
    filter::{DescribeMetricFiltersInput, MetricFilter},
    metric::MetricId,
    pattern::Pattern,
};

/// How long before its ingestion an event may have happened to be found, in milliseconds: a flow log record of ten minutes
/// has the time of its beginning.
const EARLIEST: i64 = 15 * 60_000;

/// The same after it: clocks differ.
const LATEST: i64 = 60_000;

/// How many events are looked at; an alarm waits meanwhile.
const MOST_LOOKED_AT: usize = 1_000_000;

/// Finds the events that metric filters made data of, in the log groups that have them.
pub struct FilteredEvents {
    watcher: Arc<Watcher>,
    logs: Arc<LogStore>,
}

impl FilteredEvents {
    /// Looks for the events of these filters in this store.
    pub fn new(watcher: Arc<Watcher>, logs: Arc<LogStore>) -> Self {
        Self { watcher, logs }
    }

    fn filters(&self, metric: &MetricId) -> Vec<MetricFilter> {
        let mut input = DescribeMetricFiltersInput {
            metric_name: Some(metric.name.clone()),
            metric_namespace: Some(metric.namespace.clone()),
            ..DescribeMetricFiltersInput::default()
        };
        let mut filters = Vec::new();
        // A name that no metric filter could have given is refused: then no filter feeds the metric.
        while let Ok(page) = self.watcher.describe_metric_filters(&|_: &str| true, &input) {
            filters.extend(page.metric_filters);
            input.next_token = page.next_token;
            if input.next_token.is_none() {
                break;
            }
        }
        filters
    }
}

impl Evidence for FilteredEvents {
    fn lines(&self, metric: &MetricId, from: i64, until: i64, most: usize) -> Vec<String> {
        let mut search = Search { metric, from, until, most, looked_at: 0, found: Vec::new() };
        for filter in self.filters(metric) {
            if let Err(error) = search.run(&self.logs, &filter) {
                let (group, name) = (&filter.log_group_name, &filter.filter_name);
                tracing::warn!(group, filter = name, error, "cannot look for what the metric was made of");
            }
        }
        search.found.sort();
        search.found.into_iter().map(|(_, line)| line).collect()
    }
}

struct Search<'a> {
    metric: &'a MetricId,
    /// When the events were taken.
    from: i64,
    until: i64,
    most: usize,
    looked_at: usize,
    /// Times and texts.
    found: Vec<(i64, String)>,
}

impl Search<'_> {
    fn run(&mut self, logs: &LogStore, filter: &MetricFilter) -> Result<(), String> {
        let pattern: Pattern = filter.filter_pattern.parse().map_err(|error| format!("{error}"))?;
        let group = &filter.log_group_name;
        let scan = logs.scan(group, self.from - EARLIEST, self.until + LATEST, self.until);
        for events in scan.map_err(|error| error.to_string())? {
            if self.found.len() >= self.most || self.looked_at >= MOST_LOOKED_AT {
                break;
            }
            let events = events.map_err(|error| error.to_string())?;
            self.look_through(&events, &pattern, filter)?;
        }
        Ok(())
    }

    fn look_through(&mut self, events: &Events, pattern: &Pattern, filter: &MetricFilter) -> Result<(), String> {
        let (from, until) = (self.from, self.until);
        let taken = |row: &usize| (from..until).contains(&events.ingestion_times()[*row]);
        let rows: Vec<usize> = (0..events.len()).filter(taken).collect();
        self.looked_at += events.len();
        if rows.is_empty() {
            return Ok(());
        }
        let batch = Committed {
            position: 0,
            group: filter.log_group_name.as_str().into(),
            stream: "".into(),
            ingestion_time: from,
            timestamps: events.timestamps().to_vec(),
            messages: events.messages().map_err(|error| error.to_string())?,
            records: events.records(),
        };
        let matched = pattern.matches_batch(&batch);
        let meant = |row: &usize| matched.value(*row) && self.is_of(batch.messages.value(*row), pattern, filter);
        let room = self.most - self.found.len();
        let line = |row: usize| (batch.timestamps[row], batch.messages.value(row).to_owned());
        let found: Vec<_> = rows.into_iter().filter(meant).take(room).map(line).collect();
        self.found.extend(found);
        Ok(())
    }

    /// Whether an event that matches is of the metric with these dimensions.
    fn is_of(&self, message: &str, pattern: &Pattern, filter: &MetricFilter) -> bool {
        let Some(transformation) = filter.metric_transformations.first() else { return false };
        let dimensions = &transformation.dimensions;
        if dimensions.is_empty() {
            return true;
        }
        let labels = pattern.extract(message).unwrap_or_default();
        let same = |(name, label): (&String, &String)| {
            let value = labels.iter().find(|(found, _)| found == label).map(|(_, value)| value);
            value.is_some() && value == self.metric.dimensions.get(name)
        };
        dimensions.iter().all(same)
    }
}

#[cfg(test)]
mod tests {
    use weir_store::{
        Catalogue,
        logs::{InputEvent, LogOptions, Owner, Tap},
    };

    use super::*;
    use crate::metric::Metrics;

    const NOW: i64 = 1_774_000_000_000;

    #[test]
    fn the_events_of_a_metric_are_found_again() {
        let dir = tempfile::tempdir().expect("made");
        let catalogue = Catalogue::open(&dir.path().join("catalogue.sqlite")).expect("opened");
        let metrics = Arc::new(Metrics::open(&catalogue).expect("opened"));
        let watcher = Arc::new(Watcher::open(&catalogue, metrics, "123456789012", "us-east-1").expect("opened"));
        let owner = Owner { account: "123456789012".to_owned(), region: "us-east-1".to_owned() };
        let tap: Arc<dyn Tap> = watcher.clone();
        let logs = LogStore::open(&dir.path().join("logs"), catalogue, LogOptions::new(owner), tap).expect("opened");
        let logs = Arc::new(logs);
        let group = weir_store::logs::CreateLogGroupRequest { log_group_name: "g".to_owned(), ..Default::default() };
        logs.create_log_group(&group, NOW).expect("made");
        let stream = weir_store::logs::CreateLogStreamRequest {
            log_group_name: "g".to_owned(),
            log_stream_name: "s".to_owned(),
        };
        logs.create_log_stream(&stream, NOW).expect("made");
        for filter in [
            serde_json::json!({"logGroupName": "g", "filterName": "all", "filterPattern": "[host, action=REJECT]",
                "metricTransformations": [{"metricName": "all", "metricNamespace": "n", "metricValue": "1"}]}),
            serde_json::json!({"logGroupName": "g", "filterName": "each", "filterPattern": "[host, action=REJECT]",
                "metricTransformations": [{"metricName": "each", "metricNamespace": "n", "metricValue": "1",
                    "dimensions": {"Host": "$host"}}]}),
        ] {
            let input = serde_json::from_value(filter).expect("the shape of the API");
            watcher.put_metric_filter(&|_: &str| true, input, NOW).expect("put");
        }
        let append = |message: &str, timestamp: i64, taken: i64| {
            let event = InputEvent { timestamp, message: message.to_owned() };
            logs.append("g", "s", &[event], taken).expect("appended");
        };
        append("a REJECT", NOW - 1, NOW - 1);
        append("b REJECT", NOW - 9 * 60_000, NOW);
        append("a ACCEPT", NOW, NOW);
        append("a REJECT", NOW + 10, NOW + 20);
        append("a REJECT", NOW, NOW + 60_000);
        let evidence = FilteredEvents::new(watcher, logs);
        let lines = |name: &str, host: Option<&str>, most| {
            let dimensions = host.map(|host| ("Host".to_owned(), host.to_owned())).into_iter().collect();
            let metric = MetricId { namespace: "n".to_owned(), name: name.to_owned(), dimensions };
            evidence.lines(&metric, NOW, NOW + 60_000, most)
        };
        assert_eq!(lines("all", None, 50), ["b REJECT", "a REJECT"]);
        assert_eq!(lines("all", None, 1).len(), 1);
        assert_eq!(lines("each", Some("a"), 50), ["a REJECT"]);
        assert_eq!(lines("each", Some("c"), 50), [""; 0]);
        assert_eq!(lines("other", None, 50), [""; 0]);
    }
}
