//! What `weir status` says of log groups, metrics, alarms and notices.

use weir_store::logs::DescribeLogGroupsRequest;
use weir_watch::{
    alarm::DescribeAlarmsInput,
    filter::{DescribeMetricFiltersInput, MetricFilter},
    metric::GetMetricStatisticsInput,
    notice::Trouble,
    topic::ListInput,
};

use super::Watching;
use crate::report::{
    AlarmReport, LogGroupReport, MetricFilterReport, NoticesReport, SubscriptionReport, TroubleReport, WatchingReport,
};

/// How far back a metric's last value is looked for, in milliseconds.
const RECENT: i64 = 3 * 3_600_000;
const MINUTE: i64 = 60;
/// Notices in trouble that are shown.
const TROUBLES: u32 = 5;

/// Everything at this moment. What cannot be read is left out, and told among the troubles.
pub(super) fn report(watching: &Watching, now: i64) -> WatchingReport {
    let counters = watching.region.logs.counters();
    let (waiting_records, dropped_records) = watching.destination.as_ref().map(|it| it.counts()).unwrap_or_default();
    let mut report = WatchingReport {
        events: counters.events,
        rejected_events: counters.rejected_events,
        waiting_records,
        dropped_records,
        log_groups: known(watching, log_groups(watching)),
        metric_filters: known(watching, filters(watching, now)),
        alarms: known(watching, alarms(watching)),
        notices: known(watching, notices(watching, now)),
        ..WatchingReport::default()
    };
    report.errors = watching.troubles.list();
    report
}

/// Nothing, and a trouble, when it could not be read.
fn known<T: Default>(watching: &Watching, read: anyhow::Result<T>) -> T {
    read.unwrap_or_else(|error| {
        watching.troubles.add(crate::sentence(&error));
        T::default()
    })
}

fn log_groups(watching: &Watching) -> anyhow::Result<Vec<LogGroupReport>> {
    let mut request = DescribeLogGroupsRequest::default();
    let mut groups = Vec::new();
    loop {
        let page = watching.region.logs.describe_log_groups(&request)?;
        groups.extend(page.log_groups.into_iter().map(|group| LogGroupReport {
            metric_filters: watching.region.watcher.metric_filter_count(&group.log_group_name) as u64,
            name: group.log_group_name,
            stored_bytes: group.stored_bytes,
            retention_days: group.retention_in_days,
        }));
        request.next_token = page.next_token;
        if request.next_token.is_none() {
            return Ok(groups);
        }
    }
}

fn filters(watching: &Watching, now: i64) -> anyhow::Result<Vec<MetricFilterReport>> {
    let mut input = DescribeMetricFiltersInput::default();
    let mut filters = Vec::new();
    let exists = |name: &str| watching.region.logs.list_tags_log_group(name).is_ok();
    loop {
        let page = watching.region.watcher.describe_metric_filters(&exists, &input)?;
        for filter in page.metric_filters {
            filters.push(filter_report(watching, filter, now)?);
        }
        input.next_token = page.next_token;
        if input.next_token.is_none() {
            return Ok(filters);
        }
    }
}

fn filter_report(watching: &Watching, filter: MetricFilter, now: i64) -> anyhow::Result<MetricFilterReport> {
    let mut report = MetricFilterReport {
        name: filter.filter_name,
        log_group: filter.log_group_name,
        ..MetricFilterReport::default()
    };
    let Some(metric) = filter.metric_transformations.into_iter().next() else { return Ok(report) };
    (report.namespace, report.metric) = (metric.metric_namespace, metric.metric_name);
    if metric.dimensions.is_empty() && filter.emit_system_field_dimensions.is_empty() {
        let statistics = watching.region.metrics.get_metric_statistics(
            &GetMetricStatisticsInput {
                namespace: report.namespace.clone(),
                metric_name: report.metric.clone(),
                start_time: now - RECENT,
                end_time: now + MINUTE * 1000,
                period: MINUTE,
                statistics: vec!["Sum".into()],
                ..GetMetricStatisticsInput::default()
            },
            now,
        )?;
        if let Some(last) = statistics.datapoints.last() {
            (report.last_value, report.last_minute) = (last.sum, Some(last.timestamp.unsigned_abs() / 1000));
        }
    }
    Ok(report)
}

fn alarms(watching: &Watching) -> anyhow::Result<Vec<AlarmReport>> {
    let mut input = DescribeAlarmsInput {
        alarm_types: ["MetricAlarm", "CompositeAlarm", "LogAlarm"].map(str::to_owned).to_vec(),
        ..DescribeAlarmsInput::default()
    };
    let mut alarms = Vec::new();
    loop {
        let page = watching.region.alarms.describe_alarms(&input)?;
        let metric = page.metric_alarms.into_iter().map(|alarm| (alarm.definition.head, alarm.status));
        let composite = page.composite_alarms.into_iter().map(|alarm| (alarm.definition.head, alarm.status));
        let log = page.log_alarms.into_iter().map(|alarm| (alarm.definition.head, alarm.status));
        alarms.extend(metric.chain(composite).chain(log).map(|(head, status)| AlarmReport {
            name: head.alarm_name,
            state: status.state_value.text().to_owned(),
            reason: status.state_reason,
            since: status.state_transitioned_timestamp.unsigned_abs() / 1000,
        }));
        input.next_token = page.next_token;
        if input.next_token.is_none() {
            return Ok(alarms);
        }
    }
}

fn notices(watching: &Watching, now: i64) -> anyhow::Result<NoticesReport> {
    let counters = watching.courier.counters()?;
    let mut report = NoticesReport {
        sent: counters.sent,
        waiting: counters.waiting,
        failed_attempts: counters.failed_attempts,
        dead: counters.dead,
        subscriptions: Vec::new(),
        troubles: watching.courier.troubles(TROUBLES)?.into_iter().map(trouble).collect(),
    };
    let mut input = ListInput::default();
    loop {
        let page = watching.region.topics.list_subscriptions(&input, now)?;
        report.subscriptions.extend(page.subscriptions.into_iter().map(|subscription| SubscriptionReport {
            topic: name_of(&subscription.topic_arn),
            protocol: subscription.protocol,
            endpoint: subscription.endpoint,
            confirmed: subscription.subscription_arn.starts_with("arn:"),
        }));
        input.next_token = page.next_token;
        if input.next_token.is_none() {
            return Ok(report);
        }
    }
}

fn trouble(trouble: Trouble) -> TroubleReport {
    TroubleReport {
        topic: name_of(&trouble.topic_arn),
        endpoint: trouble.endpoint,
        failures: trouble.failures,
        problem: trouble.problem,
        again: trouble.due.unsigned_abs() / 1000,
    }
}

/// The name of a topic, out of its ARN.
fn name_of(topic_arn: &str) -> String {
    topic_arn.rsplit(':').next().unwrap_or_default().to_owned()
}
