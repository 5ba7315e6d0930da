//! The message that an alarm sends to its topics when its state changes.
//!
//! Its JSON is the `Message` that subscribers of CloudWatch's alarms know. Texts for people are made from the same values.

use serde::{Deserialize, Serialize};

use super::state::StateValue;
use crate::metric::{MetricDataQuery, Unit};

/// Most offending lines in the notice of an alarm on a query.
pub const MOST_LINES: usize = 50;

/// What an alarm tells. Times are `2026-03-26T09:42:53.123+0000`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AlarmNotice {
    /// The alarm.
    pub alarm_name: String,
    /// What its maker says of it.
    pub alarm_description: Option<String>,
    /// Whose it is.
    #[serde(rename = "AWSAccountId")]
    pub aws_account_id: String,
    /// When it was last changed.
    pub alarm_configuration_updated_timestamp: String,
    /// The rule of a composite alarm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarm_rule: Option<String>,
    /// The state that it is in now.
    pub new_state_value: StateValue,
    /// Why.
    pub new_state_reason: String,
    /// Since when.
    pub state_change_time: String,
    /// The long name of the region, such as `US East (N. Virginia)`.
    pub region: String,
    /// Its name all over.
    pub alarm_arn: String,
    /// The state that it was in.
    pub old_state_value: StateValue,
    /// Told when it becomes OK.
    #[serde(rename = "OKActions")]
    pub ok_actions: Vec<String>,
    /// Told when it goes into alarm.
    pub alarm_actions: Vec<String>,
    /// Told when data are insufficient.
    pub insufficient_data_actions: Vec<String>,
    /// What it watches; none for a composite alarm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<Trigger>,
    /// The alarms that made a composite alarm change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub triggering_children: Option<Vec<TriggeringChild>>,
    /// Of an alarm on a query: lines that it found, at most [`MOST_LINES`]. Ours; AWS has no such key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offending_lines: Option<Vec<String>>,
}

/// What an alarm watches, and when it is an alarm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Trigger {
    /// What it watches.
    #[serde(flatten)]
    pub watched: Watched,
    /// Seconds.
    pub period: i64,
    /// N: how many data points are looked at.
    pub evaluation_periods: i64,
    /// M: how many must breach, where it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub datapoints_to_alarm: Option<i64>,
    /// Such as `GreaterThanThreshold`.
    pub comparison_operator: String,
    /// The threshold.
    pub threshold: f64,
    /// `breaching`, `notBreaching`, `ignore`, `missing`.
    pub treat_missing_data: String,
    /// `evaluate`, `ignore`, or empty.
    pub evaluate_low_sample_count_percentile: String,
}

/// What an alarm watches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Watched {
    /// One metric.
    #[serde(rename_all = "PascalCase")]
    Metric {
        /// Its name.
        metric_name: String,
        /// Its namespace.
        namespace: String,
        /// `Statistic` or `ExtendedStatistic`.
        statistic_type: String,
        /// In capitals, such as `SUM`, for one of the five; as given, such as `p99`, for another.
        statistic: String,
        /// The unit asked for.
        unit: Option<Unit>,
        /// In order of their names.
        dimensions: Vec<TriggerDimension>,
    },
    /// A metric math expression.
    #[serde(rename_all = "PascalCase")]
    Metrics {
        /// The queries; one returns data.
        metrics: Vec<MetricDataQuery>,
    },
    /// A query over log groups. Ours.
    #[serde(rename_all = "PascalCase")]
    Query {
        /// The query.
        query_string: String,
        /// Where it looks.
        log_group_names: Vec<String>,
        /// `RowCount`, or a statistic over a column.
        statistic: String,
        /// The column.
        column: Option<String>,
    },
}

/// A dimension as messages of alarms have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriggerDimension {
    /// Its value.
    pub value: String,
    /// Its name.
    pub name: String,
}

/// An alarm that made a composite alarm change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TriggeringChild {
    /// The alarm.
    pub arn: String,
    /// The state that it went into.
    pub state: TriggeringState,
}

/// The state of a [`TriggeringChild`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TriggeringState {
    /// The state.
    pub value: StateValue,
    /// Since when.
    pub timestamp: String,
}

impl AlarmNotice {
    /// `ALARM: "SSH-rejects" in US East (N. Virginia)`, cut to what the subject of a message may have.
    pub fn subject(&self) -> String {
        const LONGEST: usize = 99;
        let Self { new_state_value, alarm_name, region, .. } = self;
        let subject = format!("{new_state_value}: \"{alarm_name}\" in {region}");
        let subject = subject.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
        subject.take(LONGEST).collect()
    }

    /// The message: JSON as text.
    ///
    /// # Errors
    /// None of these values refuses to be JSON; a caller may pass the error on.
    pub fn message(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_has_the_keys_that_subscribers_know() {
        let notice = AlarmNotice {
            alarm_name: "SSH-rejects".to_owned(),
            alarm_description: None,
            aws_account_id: "123456789012".to_owned(),
            alarm_configuration_updated_timestamp: "2026-03-26T09:40:00.000+0000".to_owned(),
            alarm_rule: None,
            new_state_value: StateValue::Alarm,
            new_state_reason: "Threshold Crossed".to_owned(),
            state_change_time: "2026-03-26T09:42:53.123+0000".to_owned(),
            region: "US East (N. Virginia)".to_owned(),
            alarm_arn: "arn:aws:cloudwatch:us-east-1:123456789012:alarm:SSH-rejects".to_owned(),
            old_state_value: StateValue::InsufficientData,
            ok_actions: vec![],
            alarm_actions: vec!["arn:aws:sns:us-east-1:123456789012:ssh".to_owned()],
            insufficient_data_actions: vec![],
            trigger: Some(Trigger {
                watched: Watched::Metric {
                    metric_name: "SSH Rejects".to_owned(),
                    namespace: "VPC Flow logs".to_owned(),
                    statistic_type: "Statistic".to_owned(),
                    statistic: "SUM".to_owned(),
                    unit: None,
                    dimensions: vec![TriggerDimension { value: "eni-1".to_owned(), name: "Interface".to_owned() }],
                },
                period: 60,
                evaluation_periods: 1,
                datapoints_to_alarm: Some(1),
                comparison_operator: "GreaterThanOrEqualToThreshold".to_owned(),
                threshold: 1.0,
                treat_missing_data: "missing".to_owned(),
                evaluate_low_sample_count_percentile: String::new(),
            }),
            triggering_children: None,
            offending_lines: None,
        };
        let expected = include_str!("../../tests/alarm/message.json");
        let expected: serde_json::Value = serde_json::from_str(expected).expect("JSON");
        let message = notice.message().expect("written");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&message).expect("JSON"), expected);
        assert_eq!(serde_json::from_str::<AlarmNotice>(&message).expect("read"), notice);
        assert_eq!(notice.subject(), "ALARM: \"SSH-rejects\" in US East (N. Virginia)");
        let long = AlarmNotice { alarm_name: format!("a\n{}", "b".repeat(200)), ..notice };
        assert_eq!(long.subject().len(), 99);
        assert!(!long.subject().contains('\n'));
    }
}
