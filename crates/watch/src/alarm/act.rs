//! A change of state: the state, its history, and the messages to topics, in one transaction.

use rusqlite::Transaction;
use serde_json::{Value, json};

use super::{
    AlarmError, Alarms,
    definition::{Definition, Source, Watch},
    evaluate::Evaluation,
    input::{AlarmHead, AlarmRule, PutMetricAlarmInput},
    moment,
    notice::{AlarmNotice, Trigger, TriggerDimension, TriggeringChild, Watched},
    reason::{self, Asked},
    registry::Alarm,
    state::StateValue,
    table::{self, Silence, Status},
};
use crate::{
    notice::{alarm_message, long_name},
    topic::{TopicError, publish_in},
};

/// What notices tell beside the state.
#[derive(Debug, Clone, Default)]
pub(super) struct Beside {
    pub(super) children: Option<Vec<TriggeringChild>>,
    pub(super) lines: Option<Vec<String>>,
}

/// What becomes of an alarm's state.
#[derive(Debug, Clone)]
pub(super) struct Turn {
    pub(super) state: StateValue,
    pub(super) reason: String,
    pub(super) reason_data: Option<String>,
    /// The end of the span of data that it comes from.
    pub(super) judged: i64,
    /// Whether a composite alarm is kept silent from now on.
    pub(super) silence: Option<Silence>,
    pub(super) beside: Beside,
}

impl Turn {
    /// What was found in the data until `end`, with the lines that a notice shows of them.
    pub(super) fn of(found: Evaluation, asked: &Asked, end: i64, lines: Option<Vec<String>>) -> Self {
        Self {
            state: found.state,
            reason: found.reason,
            reason_data: Some(reason::data(asked, &found.evaluated)),
            judged: end,
            silence: None,
            beside: Beside { children: None, lines },
        }
    }
}

impl AlarmHead {
    /// Whom it tells of a state.
    pub(super) fn actions(&self, state: StateValue) -> &[String] {
        match state {
            _ if self.actions_enabled == Some(false) => &[],
            StateValue::Ok => &self.ok_actions,
            StateValue::Alarm => &self.alarm_actions,
            StateValue::InsufficientData => &self.insufficient_data_actions,
        }
    }
}

impl Alarms {
    /// Puts an alarm into a state, in the catalogue and then in memory.
    pub(super) fn turn(&self, alarm: &mut Alarm, turn: Turn, now: i64) -> Result<(), AlarmError> {
        let old = alarm.status.clone();
        let changes = old.state != turn.state;
        let status = Status {
            state: turn.state,
            reason: turn.reason,
            reason_data: turn.reason_data,
            updated: now,
            transitioned: if changes { now } else { old.transitioned },
            judged: turn.judged,
            silence: turn.silence,
            ..old.clone()
        };
        // Silent until now, and back in the state that was told of last: there is nothing to tell.
        let silent = old.silence.is_some() || status.silence.is_some();
        let next = Alarm { status, ..alarm.clone() };
        self.catalogue.change(|transaction| {
            table::put_status(transaction, next.name(), &next.status)?;
            if changes {
                let summary = format!("Alarm updated from {} to {}", old.state, next.status.state);
                let data = json!({"version": "1.0", "oldState": shown(&old), "newState": shown(&next.status)});
                table::add_history(transaction, &next.history("StateUpdate", summary, &data, now))?;
                if !silent {
                    self.tell(transaction, &next, old.state, &turn.beside, now)?;
                }
            }
            Ok::<_, AlarmError>(())
        })?;
        *alarm = next;
        Ok(())
    }

    /// Changes what keeps an alarm silent; when nothing does any more, tells of the state that was kept back.
    pub(super) fn set_silence(&self, alarm: &mut Alarm, silence: Option<Silence>, now: i64) -> Result<(), AlarmError> {
        let told = alarm.status.silence.as_ref().map(|silence| silence.told);
        let next = Alarm { status: Status { silence, ..alarm.status.clone() }, ..alarm.clone() };
        self.catalogue.change(|transaction| {
            table::put_status(transaction, next.name(), &next.status)?;
            match told {
                Some(told) if next.status.silence.is_none() && told != next.status.state => {
                    self.tell(transaction, &next, told, &Beside::default(), now)
                }
                _ => Ok(()),
            }
        })?;
        *alarm = next;
        Ok(())
    }

    /// Sends the notice of a state to its topics.
    fn tell(
        &self,
        transaction: &Transaction<'_>,
        alarm: &Alarm,
        old: StateValue,
        beside: &Beside,
        now: i64,
    ) -> Result<(), AlarmError> {
        let actions = alarm.definition.head().actions(alarm.status.state);
        if actions.is_empty() {
            return Ok(());
        }
        let notice = self.notice(alarm, old, beside);
        let page = self.page.get().map(String::as_str);
        let message = alarm_message(&notice, page).map_err(|error| AlarmError::Format(error.to_string()))?;
        let told = message.default_text();
        for action in actions {
            let published = match publish_in(transaction, action, &message, now) {
                Ok(_) => None,
                Err(TopicError::Catalogue(error)) => return Err(error.into()),
                Err(error) => Some(error.to_string()),
            };
            let summary = match &published {
                None => format!("Successfully executed action {action}"),
                Some(error) => format!("Failed to execute action {action}. Received error: \"{error}\""),
            };
            let data = json!({
                "actionState": if published.is_none() { "Succeeded" } else { "Failed" },
                "stateUpdateTimestamp": alarm.status.updated,
                "notificationResource": action,
                "publishedMessage": told,
                "error": published,
            });
            table::add_history(transaction, &alarm.history("Action", summary, &data, now))?;
        }
        Ok(())
    }

    fn notice(&self, alarm: &Alarm, old: StateValue, beside: &Beside) -> AlarmNotice {
        let (head, status) = (alarm.definition.head().clone(), &alarm.status);
        let alarm_rule = match &alarm.definition {
            Definition::Composite(input) => Some(input.alarm_rule.clone()),
            _ => None,
        };
        AlarmNotice {
            alarm_description: head.alarm_description,
            aws_account_id: self.account.clone(),
            alarm_configuration_updated_timestamp: moment::iso(status.configured),
            alarm_rule,
            new_state_value: status.state,
            new_state_reason: status.reason.clone(),
            state_change_time: moment::iso(status.transitioned),
            region: long_name(&self.region).to_owned(),
            alarm_arn: self.arn(&head.alarm_name),
            alarm_name: head.alarm_name,
            old_state_value: old,
            ok_actions: head.ok_actions,
            alarm_actions: head.alarm_actions,
            insufficient_data_actions: head.insufficient_data_actions,
            trigger: trigger(alarm),
            triggering_children: beside.children.clone(),
            offending_lines: beside.lines.clone(),
        }
    }
}

/// A state as history has it.
fn shown(status: &Status) -> Value {
    let data = status.reason_data.as_deref().and_then(|data| serde_json::from_str::<Value>(data).ok());
    json!({"stateValue": status.state, "stateReason": status.reason, "stateReasonData": data})
}

fn trigger(alarm: &Alarm) -> Option<Trigger> {
    let (watched, period, rule, low) = match (&alarm.definition, &alarm.watch) {
        (Definition::Metric(input), Watch::Metric(watch)) => {
            let watched = match &watch.source {
                Source::One(_) => one(input),
                Source::Math(_) => Watched::Metrics { metrics: input.metrics.clone() },
            };
            (watched, watch.period, &input.rule, input.evaluate_low_sample_count_percentile.clone())
        }
        (Definition::Log(input), Watch::Log(watch)) => {
            let watched = Watched::Query {
                query_string: input.query_string.clone(),
                log_group_names: input.log_group_names.clone(),
                statistic: input.statistic.clone().unwrap_or_else(|| "RowCount".to_owned()),
                column: input.column.clone(),
            };
            (watched, watch.period, &input.rule, None)
        }
        _ => return None,
    };
    let AlarmRule { evaluation_periods, datapoints_to_alarm, threshold, comparison_operator, treat_missing_data } =
        rule;
    Some(Trigger {
        watched,
        period,
        evaluation_periods: evaluation_periods.unwrap_or(1),
        datapoints_to_alarm: *datapoints_to_alarm,
        comparison_operator: comparison_operator.clone(),
        threshold: threshold.unwrap_or_default(),
        treat_missing_data: treat_missing_data.clone().unwrap_or_else(|| "missing".to_owned()),
        evaluate_low_sample_count_percentile: low.unwrap_or_default(),
    })
}

fn one(input: &PutMetricAlarmInput) -> Watched {
    let (statistic_type, statistic) = match (&input.statistic, &input.extended_statistic) {
        (Some(basic), _) => ("Statistic", upper(basic)),
        (None, extended) => ("ExtendedStatistic", extended.clone().unwrap_or_default()),
    };
    let mut dimensions: Vec<TriggerDimension> = input
        .dimensions
        .iter()
        .map(|dimension| TriggerDimension { value: dimension.value.clone(), name: dimension.name.clone() })
        .collect();
    dimensions.sort_by(|left, right| left.name.cmp(&right.name));
    Watched::Metric {
        metric_name: input.metric_name.clone().unwrap_or_default(),
        namespace: input.namespace.clone().unwrap_or_default(),
        statistic_type: statistic_type.to_owned(),
        statistic,
        unit: input.unit,
        dimensions,
    }
}

/// `SampleCount` as `SAMPLE_COUNT`, `Sum` as `SUM`.
fn upper(statistic: &str) -> String {
    if statistic == "SampleCount" { "SAMPLE_COUNT".to_owned() } else { statistic.to_uppercase() }
}
