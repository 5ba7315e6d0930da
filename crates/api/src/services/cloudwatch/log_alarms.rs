//! Alarms on queries, as CloudWatch names their parts: a query on a schedule, and a number of each of its results.

use serde::{Deserialize, Serialize};
use weir_watch::alarm::{self, AlarmHead, AlarmRule, AlarmStatus, MOST_LINES, PutLogAlarmInput, Tag};

use super::CloudWatch;
use crate::{ApiError, Call, services::logs};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutInput {
    #[serde(flatten)]
    head: AlarmHead,
    scheduled_query_configuration: ScheduledQuery,
    action_log_line_count: Option<u64>,
    query_results_to_evaluate: Option<i64>,
    query_results_to_alarm: Option<i64>,
    threshold: Option<f64>,
    #[serde(default)]
    comparison_operator: String,
    treat_missing_data: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ScheduledQuery {
    query_string: String,
    #[serde(default)]
    log_group_identifiers: Vec<String>,
    #[serde(rename = "ScheduledQueryRoleARN", default)]
    scheduled_query_role_arn: Option<String>,
    schedule_configuration: Schedule,
    aggregation_expression: String,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Schedule {
    schedule_expression: String,
    start_time_offset: i64,
    #[serde(default)]
    end_time_offset: i64,
}

/// An alarm on a query as `DescribeAlarms` shows it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct LogAlarm {
    #[serde(flatten)]
    head: AlarmHead,
    #[serde(flatten)]
    status: AlarmStatus,
    scheduled_query_configuration: ScheduledQuery,
    action_log_line_count: usize,
    query_results_to_evaluate: Option<i64>,
    query_results_to_alarm: Option<i64>,
    threshold: Option<f64>,
    comparison_operator: String,
    treat_missing_data: Option<String>,
    evaluation_state: Option<String>,
}

/// What an aggregation is called, and the statistic that it is.
const AGGREGATIONS: [(&str, &str); 5] =
    [("sum", "Sum"), ("avg", "Average"), ("min", "Minimum"), ("max", "Maximum"), ("count", "SampleCount")];

const UNITS: [(&str, i64); 3] = [("minute", 60), ("hour", 3600), ("day", 86_400)];

pub(super) fn put(cloudwatch: &CloudWatch, call: &Call, input: &PutInput) -> Result<(), ApiError> {
    let query = &input.scheduled_query_configuration;
    if input.action_log_line_count.is_some_and(|count| count != MOST_LINES as u64) {
        return Err(refused(format!("ActionLogLineCount is always {MOST_LINES}: a notice has up to so many lines.")));
    }
    let groups = query.log_group_identifiers.iter().map(|group| logs::name_of(call, group));
    let (statistic, column) = statistic(&query.aggregation_expression)?;
    let put = PutLogAlarmInput {
        head: input.head.clone(),
        rule: AlarmRule {
            evaluation_periods: input.query_results_to_evaluate,
            datapoints_to_alarm: input.query_results_to_alarm,
            threshold: input.threshold,
            comparison_operator: input.comparison_operator.clone(),
            treat_missing_data: input.treat_missing_data.clone(),
        },
        query_string: query.query_string.clone(),
        log_group_names: groups.collect::<Result<_, _>>()?,
        period: Some(query.schedule_configuration.period()?),
        statistic,
        column,
        scheduled_query_role_arn: query.scheduled_query_role_arn.clone(),
        tags: input.tags.clone(),
    };
    Ok(cloudwatch.region(call)?.alarms.put_log_alarm(put, call.now)?)
}

impl Schedule {
    /// Seconds: `rate(5 minutes)` looks at the last five minutes each five minutes.
    fn period(&self) -> Result<i64, ApiError> {
        let parse = || {
            let (count, unit) = self.schedule_expression.strip_prefix("rate(")?.strip_suffix(')')?.split_once(' ')?;
            let (_, seconds) = UNITS.into_iter().find(|(name, _)| *name == unit.trim_end_matches('s'))?;
            count.parse::<i64>().ok()?.checked_mul(seconds)
        };
        let unknown = || {
            refused(format!("ScheduleExpression {} is not supported: use rate(5 minutes).", self.schedule_expression))
        };
        let period = parse().ok_or_else(unknown)?;
        if self.start_time_offset != period || self.end_time_offset != 0 {
            return Err(refused(format!(
                "StartTimeOffset must be {period} and EndTimeOffset 0: a query looks at the time since the one before."
            )));
        }
        Ok(period)
    }

    fn of(period: i64) -> Self {
        let (unit, seconds) = UNITS.into_iter().rfind(|(_, seconds)| period % seconds == 0).unwrap_or(UNITS[0]);
        let (count, plural) = (period / seconds, if period == seconds { "" } else { "s" });
        let schedule_expression = format!("rate({count} {unit}{plural})");
        Self { schedule_expression, start_time_offset: period, end_time_offset: 0 }
    }
}

/// `count(*)` or `sum(bytes)`: the statistic, and the column of the query's result.
fn statistic(expression: &str) -> Result<(Option<String>, Option<String>), ApiError> {
    let parse = || {
        let (name, column) = expression.trim().strip_suffix(')')?.split_once('(')?;
        let (name, column) = (name.trim().to_ascii_lowercase(), column.trim());
        if name == "count" && matches!(column, "" | "*") {
            return Some((None, None));
        }
        let (_, statistic) = AGGREGATIONS.into_iter().find(|(known, _)| *known == name)?;
        (!column.is_empty()).then(|| (Some(statistic.to_owned()), Some(column.to_owned())))
    };
    let unknown =
        || refused(format!("AggregationExpression {expression} is not supported: use count(*) or sum(bytes)."));
    parse().ok_or_else(unknown)
}

fn aggregation(statistic: Option<&str>, column: Option<&str>) -> String {
    let known = AGGREGATIONS.into_iter().find(|(_, known)| Some(*known) == statistic);
    match (known, column) {
        (Some((name, _)), Some(column)) => format!("{name}({column})"),
        _ => "count(*)".to_owned(),
    }
}

impl From<alarm::LogAlarm> for LogAlarm {
    fn from(alarm: alarm::LogAlarm) -> Self {
        let alarm::LogAlarm { definition: put, status, evaluation_state } = alarm;
        Self {
            scheduled_query_configuration: ScheduledQuery {
                aggregation_expression: aggregation(put.statistic.as_deref(), put.column.as_deref()),
                query_string: put.query_string,
                log_group_identifiers: put.log_group_names,
                scheduled_query_role_arn: put.scheduled_query_role_arn,
                schedule_configuration: Schedule::of(put.period.unwrap_or(UNITS[0].1)),
            },
            action_log_line_count: MOST_LINES,
            query_results_to_alarm: put.rule.datapoints_to_alarm.or(put.rule.evaluation_periods),
            query_results_to_evaluate: put.rule.evaluation_periods,
            threshold: put.rule.threshold,
            comparison_operator: put.rule.comparison_operator,
            treat_missing_data: put.rule.treat_missing_data,
            head: put.head,
            status,
            evaluation_state,
        }
    }
}

fn refused(message: String) -> ApiError {
    ApiError::new("ValidationError", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_go_both_ways() {
        for (text, period) in
            [("rate(1 minute)", 60), ("rate(5 minutes)", 300), ("rate(2 hours)", 7200), ("rate(1 day)", 86_400)]
        {
            let schedule =
                Schedule { schedule_expression: text.to_owned(), start_time_offset: period, end_time_offset: 0 };
            assert_eq!(schedule.period().expect(text), period);
            assert_eq!(Schedule::of(period).schedule_expression, text);
            assert!(Schedule { start_time_offset: 1, ..schedule }.period().is_err());
        }
        for text in ["cron(0 * * * ? *)", "rate(5)", "rate(5 weeks)", "rate(9223372036854775807 days)"] {
            assert!(Schedule { schedule_expression: text.to_owned(), ..Schedule::of(60) }.period().is_err(), "{text}");
        }
    }

    #[test]
    fn aggregations_go_both_ways() {
        for text in ["count(*)", "count(bytes)", "sum(bytes)", "avg(bytes)", "min(bytes)", "max(bytes)"] {
            let (statistic, column) = statistic(text).expect(text);
            assert_eq!(aggregation(statistic.as_deref(), column.as_deref()), text);
        }
        assert!(statistic("median(bytes)").is_err() && statistic("sum()").is_err() && statistic("bytes").is_err());
    }
}
