//! What is known of an alarm, as names and values.

use crate::{
    alarm::{AlarmNotice, Comparison, Trigger, Watched},
    metric::MetricDataQuery,
};

/// A name and its value; without a name, a sentence.
type Fact = (&'static str, String);

/// What, since when, and against which threshold.
pub(super) fn summary(notice: &AlarmNotice, time: &str) -> Vec<Fact> {
    let mut facts = Vec::new();
    match (&notice.trigger, &notice.alarm_rule) {
        (Some(trigger), _) => {
            facts.push(("What", what(trigger)));
            facts.push(("Threshold", limit(trigger)));
        }
        (None, Some(rule)) => facts.push(("Rule", rule.clone())),
        (None, None) => {}
    }
    facts.push(("Since", time.to_owned()));
    facts.extend(description(notice));
    facts
}

pub(super) fn details(notice: &AlarmNotice, time: &str) -> Vec<Fact> {
    let mut facts = vec![("Name", notice.alarm_name.clone())];
    facts.push(("Description", notice.alarm_description.clone().unwrap_or_default()));
    facts.push(("State Change", format!("{} -> {}", notice.old_state_value, notice.new_state_value)));
    facts.push(("Reason for State Change", notice.new_state_reason.clone()));
    facts.push(("Timestamp", time.to_owned()));
    facts.push(("AWS Account", notice.aws_account_id.clone()));
    facts.push(("Alarm Arn", notice.alarm_arn.clone()));
    facts
}

pub(super) fn threshold(notice: &AlarmNotice) -> Vec<Fact> {
    let Some(trigger) = &notice.trigger else {
        return notice.alarm_rule.iter().map(|rule| ("Rule", rule.clone())).collect();
    };
    let (comparison, threshold) = (&trigger.comparison_operator, trigger.threshold);
    let (periods, period) = (trigger.evaluation_periods, trigger.period);
    let points = trigger.datapoints_to_alarm.unwrap_or(periods);
    let sentence = format!(
        "The alarm is in the ALARM state when the metric is {comparison} {threshold:?} for at least {points} of the last \
         {periods} period(s) of {period} seconds."
    );
    vec![("", sentence)]
}

pub(super) fn watched(notice: &AlarmNotice) -> Vec<Fact> {
    let Some(trigger) = &notice.trigger else {
        return Vec::new();
    };
    let mut facts = match &trigger.watched {
        Watched::Metric { metric_name, namespace, statistic, unit, dimensions, .. } => {
            let dimensions = dimensions.iter().map(|dimension| format!("{} = {}", dimension.name, dimension.value));
            vec![
                ("MetricNamespace", namespace.clone()),
                ("MetricName", metric_name.clone()),
                ("Dimensions", list(dimensions)),
                ("Period", format!("{} seconds", trigger.period)),
                ("Statistic", statistic.clone()),
                ("Unit", unit.map_or_else(|| "not specified".to_owned(), |unit| unit.name().to_owned())),
            ]
        }
        Watched::Metrics { metrics } => metrics.iter().map(|query| ("Metric", query_line(query))).collect(),
        Watched::Query { query_string, log_group_names, statistic, column } => vec![
            ("Query", query_string.clone()),
            ("Log groups", list(log_group_names.iter().cloned())),
            ("Statistic", column.as_ref().map_or_else(|| statistic.clone(), |column| format!("{statistic}({column})"))),
            ("Period", format!("{} seconds", trigger.period)),
        ],
    };
    facts.push(("TreatMissingData", trigger.treat_missing_data.clone()));
    facts
}

pub(super) fn children(notice: &AlarmNotice) -> Vec<Fact> {
    let children = notice.triggering_children.iter().flatten();
    children
        .map(|child| ("", format!("{} is {} since {}", child.arn, child.state.value, child.state.timestamp)))
        .collect()
}

pub(super) fn actions(notice: &AlarmNotice) -> Vec<Fact> {
    vec![
        ("OK", list(notice.ok_actions.iter().cloned())),
        ("ALARM", list(notice.alarm_actions.iter().cloned())),
        ("INSUFFICIENT_DATA", list(notice.insufficient_data_actions.iter().cloned())),
    ]
}

fn description(notice: &AlarmNotice) -> Option<Fact> {
    let text = notice.alarm_description.as_ref().filter(|text| !text.is_empty())?;
    Some(("Description", text.clone()))
}

/// `SUM of SSH Rejects (VPC Flow logs), Interface = eni-1`
fn what(trigger: &Trigger) -> String {
    match &trigger.watched {
        Watched::Metric { metric_name, namespace, statistic, dimensions, .. } => {
            let dimensions = dimensions.iter().map(|dimension| format!(", {} = {}", dimension.name, dimension.value));
            format!("{statistic} of {metric_name} ({namespace}){}", dimensions.collect::<String>())
        }
        Watched::Metrics { metrics } => {
            let told = metrics.iter().find(|query| query.return_data.unwrap_or(true));
            told.map_or_else(|| "metric math".to_owned(), query_line)
        }
        Watched::Query { query_string, .. } => query_string.clone(),
    }
}

/// `>= 1.0 in 1 of 1 periods of 60 s`
fn limit(trigger: &Trigger) -> String {
    let sign = match Comparison::of(&trigger.comparison_operator) {
        Some(Comparison::GreaterThanOrEqual) => ">=",
        Some(Comparison::GreaterThan) => ">",
        Some(Comparison::LessThan) => "<",
        Some(Comparison::LessThanOrEqual) => "<=",
        None => trigger.comparison_operator.as_str(),
    };
    let (threshold, periods, period) = (trigger.threshold, trigger.evaluation_periods, trigger.period);
    let points = trigger.datapoints_to_alarm.unwrap_or(periods);
    format!("{sign} {threshold:?} in {points} of {periods} periods of {period} s")
}

fn query_line(query: &MetricDataQuery) -> String {
    let name = query.label.as_ref().unwrap_or(&query.id);
    match (&query.expression, &query.metric_stat) {
        (Some(expression), _) => format!("{name} = {expression}"),
        (None, Some(stat)) => {
            let metric = &stat.metric;
            format!("{name} = {} of {} ({}) over {} s", stat.stat, metric.metric_name, metric.namespace, stat.period)
        }
        (None, None) => name.clone(),
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}
