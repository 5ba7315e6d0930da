//! What a first start finds ready: the metric filter and the alarm for refused SSH, and a topic to subscribe to.

use std::collections::BTreeMap;

use anyhow::Result;
use weir_record::{Field, Format};
use weir_store::logs::CreateLogGroupRequest;
use weir_watch::{
    alarm::{AlarmHead, AlarmRule, PutMetricAlarmInput},
    filter::{MetricTransformation, PutMetricFilterInput},
    metric::Unit,
    topic::{CreateTopicInput, ListInput, SubscribeInput, Topics},
};

use super::Watching;

/// The topic, the metric and the alarm.
const NAME: &str = "SSH-rejects";
const NAMESPACE: &str = "VPC Flow logs";
const FILTER: &str = "dest-port-22-rejects";
/// Tag of a log group that has had its metric filter: one that was deleted does not come back.
const PREPARED: &str = "weir:prepared";
/// The pattern that AWS's guide has for records of the default format.
const DEFAULT_PATTERN: &str = r#"[version, account, eni, source, destination, srcport, destport="22", protocol="6", packets, bytes, windowstart, windowend, action="REJECT", flowlogstatus]"#;

/// Makes log group, topic, metric filter and alarm, unless they were made before. Returns the topic's ARN.
pub(super) fn make(watching: &Watching, group: &str, format: &Format, now: i64) -> Result<String> {
    let topic = watching
        .region
        .topics
        .create_topic(&CreateTopicInput { name: NAME.into(), ..CreateTopicInput::default() }, now)?;
    if watching.region.logs.list_tags_log_group(group).is_ok_and(|tags| tags.contains_key(PREPARED)) {
        return Ok(topic.topic_arn);
    }
    if watching.region.logs.list_tags_log_group(group).is_err() {
        let request = CreateLogGroupRequest { log_group_name: group.into(), ..CreateLogGroupRequest::default() };
        watching.region.logs.create_log_group(&request, now)?;
    }
    watching.region.logs.set_format(group, Some(format))?;
    if let Some(pattern) = pattern(format) {
        watching.region.alarms.put_metric_alarm(alarm(&topic.topic_arn), now)?;
        let exists = |name: &str| watching.region.logs.list_tags_log_group(name).is_ok();
        watching.region.watcher.put_metric_filter(&exists, filter(group, pattern), now)?;
    }
    watching.region.logs.tag_log_group(group, &BTreeMap::from([(PREPARED.to_owned(), "true".to_owned())]))?;
    Ok(topic.topic_arn)
}

/// Subscribes an endpoint, unless it is. What it must do itself is to confirm.
pub(super) fn subscribe(topics: &Topics, topic: &str, endpoint: &str, now: i64) -> Result<()> {
    let protocol = match endpoint.split_once("://") {
        Some((scheme, _)) => scheme,
        None => "email",
    };
    let mut page = ListInput { topic_arn: Some(topic.to_owned()), next_token: None };
    loop {
        let listed = topics.list_subscriptions(&page, now)?;
        if listed.subscriptions.iter().any(|known| known.protocol == protocol && known.endpoint == endpoint) {
            return Ok(());
        }
        page.next_token = listed.next_token;
        if page.next_token.is_none() {
            break;
        }
    }
    let input = SubscribeInput {
        topic_arn: topic.to_owned(),
        protocol: protocol.to_owned(),
        endpoint: endpoint.to_owned(),
        ..SubscribeInput::default()
    };
    topics.subscribe(&input, now)?;
    Ok(())
}

fn filter(group: &str, pattern: String) -> PutMetricFilterInput {
    PutMetricFilterInput {
        log_group_name: group.into(),
        filter_name: FILTER.into(),
        filter_pattern: pattern,
        metric_transformations: vec![MetricTransformation {
            metric_name: NAME.into(),
            metric_namespace: NAMESPACE.into(),
            metric_value: "1".into(),
            default_value: Some(0.0),
            dimensions: BTreeMap::new(),
            unit: Unit::default(),
        }],
        apply_on_transformed_logs: false,
        field_selection_criteria: None,
        emit_system_field_dimensions: Vec::new(),
    }
}

fn alarm(topic: &str) -> PutMetricAlarmInput {
    let head = AlarmHead {
        alarm_name: NAME.into(),
        alarm_description: Some("Somebody tries SSH where the network refuses it.".into()),
        alarm_actions: vec![topic.into()],
        ..AlarmHead::default()
    };
    let rule = AlarmRule {
        evaluation_periods: Some(1),
        threshold: Some(1.0),
        comparison_operator: "GreaterThanOrEqualToThreshold".into(),
        treat_missing_data: Some("notBreaching".into()),
        ..AlarmRule::default()
    };
    PutMetricAlarmInput {
        head,
        rule,
        metric_name: Some(NAME.into()),
        namespace: Some(NAMESPACE.into()),
        statistic: Some("Sum".into()),
        period: Some(60),
        ..PutMetricAlarmInput::default()
    }
}

/// Refused TCP to port 22, in records of this format; none when the format cannot tell.
fn pattern(format: &Format) -> Option<String> {
    if *format == Format::default() {
        return Some(DEFAULT_PATTERN.to_owned());
    }
    let fields = format.fields();
    if ![Field::DstPort, Field::Protocol, Field::Action].iter().all(|field| fields.contains(field)) {
        return None;
    }
    let slot = |field: &Field| match field {
        Field::DstPort => format!("{} = 22", field.column()),
        Field::Protocol => format!("{} = 6", field.column()),
        Field::Action => format!("{} = REJECT", field.column()),
        _ => field.column().to_owned(),
    };
    Some(format!("[{}]", fields.iter().map(slot).collect::<Vec<_>>().join(", ")))
}
