//! What `weir status` says of log groups, metric filters, alarms and notices.

use crate::{clock, report::WatchingReport, settings::Bytes};

/// `data` is the data directory.
pub(super) fn lines(report: &WatchingReport, data: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for group in &report.log_groups {
        let kept = group.retention_days.map_or("kept for ever".to_owned(), |days| format!("kept {days} days"));
        lines.push(format!("log group  {}: {}, {kept}", group.name, Bytes(group.stored_bytes)));
    }
    for filter in &report.metric_filters {
        let last = filter.last_value.map_or("no data yet".to_owned(), |value| format!("{value} in its last minute"));
        let (name, metric) = (&filter.name, &filter.metric);
        lines.push(format!("filter     {name} -> {} / {metric}: {last}", filter.namespace));
    }
    for alarm in &report.alarms {
        lines.push(format!("alarm      {} is {}: {}", alarm.name, alarm.state, alarm.reason));
    }
    for subscription in &report.notices.subscriptions {
        let state = if subscription.confirmed { "" } else { ", has not confirmed yet" };
        lines.push(format!("tells      {} of {}{state}", subscription.endpoint, subscription.topic));
    }
    let notices = &report.notices;
    if notices.sent + notices.waiting + notices.failed_attempts + notices.dead > 0 {
        lines.push(format!(
            "notices    {} sent, {} waiting, {} given up; {} tries failed",
            notices.sent, notices.waiting, notices.dead, notices.failed_attempts
        ));
    }
    for trouble in &report.notices.troubles {
        lines.push(format!(
            "trouble    {} of {}, tried {} times: {}; again at {}",
            trouble.endpoint,
            trouble.topic,
            trouble.failures,
            trouble.problem,
            clock::utc(trouble.again)
        ));
    }
    if notices.dead > 0 {
        lines.push(format!("given up   each is a file in {data}/dead-letters, with the reason"));
    }
    if report.lost_notifications > 0 {
        let (lost, last) = (report.lost_notifications, report.last_lost_notification.as_deref().unwrap_or_default());
        lines.push(format!("buckets    {lost} notifications were lost; the last: {last}"));
    }
    if report.waiting_records + report.dropped_records > 0 {
        let (waiting, dropped) = (report.waiting_records, report.dropped_records);
        lines.push(format!("log group  {waiting} records wait for the disk, {dropped} were dropped"));
    }
    lines.extend(report.errors.iter().map(super::error_line));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_was_told_of_a_bucket_is_said_with_its_reason() {
        let none = WatchingReport::default();
        assert!(lines(&none, "data").is_empty());
        let lost = WatchingReport { lost_notifications: 2, last_lost_notification: Some("gone".into()), ..none };
        assert_eq!(lines(&lost, "data"), ["buckets    2 notifications were lost; the last: gone"]);
    }
}
