//! `SetAlarmState`, `DescribeAlarms` and its kin.

use super::{
    AlarmError, Alarms,
    act::{Beside, Turn},
    definition::{Definition, Watch},
    input::{
        AlarmStatus, CompositeAlarm, DescribeAlarmHistoryInput, DescribeAlarmHistoryOutput,
        DescribeAlarmsForMetricInput, DescribeAlarmsForMetricOutput, DescribeAlarmsInput, DescribeAlarmsOutput,
        LogAlarm, MetricAlarm, SetAlarmStateInput,
    },
    registry::{Alarm, State},
    state::StateValue,
    table::{self, HistoryQuery, SilencedBy},
};
use crate::metric::MetricId;

const MOST_RECORDS: usize = 100;
const KINDS: [&str; 3] = ["MetricAlarm", "CompositeAlarm", "LogAlarm"];

impl Alarms {
    /// `SetAlarmState`: puts an alarm into a state until it is evaluated again; its actions are done.
    ///
    /// # Errors
    /// There is no such alarm or state, the reason is too long or no JSON, and those of the disk.
    pub fn set_alarm_state(&self, input: &SetAlarmStateInput, now: i64) -> Result<(), AlarmError> {
        let value = StateValue::of(&input.state_value).ok_or_else(|| {
            AlarmError::Value(format!("The value {} for parameter StateValue is invalid.", input.state_value))
        })?;
        if input.state_reason.chars().count() > 1023 {
            return Err(AlarmError::validation("StateReason has at most 1023 characters."));
        }
        if let Some(data) = &input.state_reason_data {
            if data.chars().count() > 4000 {
                return Err(AlarmError::validation("StateReasonData has at most 4000 characters."));
            }
            serde_json::from_str::<serde_json::Value>(data)
                .map_err(|error| AlarmError::Format(format!("StateReasonData was not valid JSON: {error}")))?;
        }
        let mut state = self.state();
        let unknown = || AlarmError::NotFound(format!("Unknown alarm {}", input.alarm_name));
        let mut alarm = state.alarms.get(&input.alarm_name).ok_or_else(unknown)?.clone();
        let turn = Turn {
            state: value,
            reason: input.state_reason.clone(),
            reason_data: input.state_reason_data.clone(),
            judged: alarm.status.judged,
            silence: state.silence_after(&alarm, value, now),
            beside: Beside::default(),
        };
        self.turn(&mut alarm, turn, now)?;
        state.alarms.insert(input.alarm_name.clone(), alarm);
        Ok(())
    }

    /// `DescribeAlarms`.
    ///
    /// # Errors
    /// A kind of alarm that there is not, too many names or records, parts that do not go together.
    pub fn describe_alarms(&self, input: &DescribeAlarmsInput) -> Result<DescribeAlarmsOutput, AlarmError> {
        if !input.alarm_names.is_empty() && input.alarm_name_prefix.is_some() {
            let message = "AlarmNames and AlarmNamePrefix cannot be used together.";
            return Err(AlarmError::Combination(message.to_owned()));
        }
        if input.alarm_names.len() > MOST_RECORDS {
            return Err(AlarmError::validation(format!("AlarmNames has at most {MOST_RECORDS} names.")));
        }
        let (kinds, most) = (kinds(&input.alarm_types)?, most(input.max_records)?);
        let state = self.state();
        let after = input.next_token.as_deref();
        let wanted = |alarm: &&Alarm| {
            kinds.iter().any(|kind| kind == alarm.definition.kind())
                && after.is_none_or(|after| alarm.name() > after)
                && input.wants(alarm)
                && state.related(input, alarm.name())
        };
        let mut found = state.alarms.values().filter(wanted);
        let mut output = DescribeAlarmsOutput::default();
        let mut last = None;
        for alarm in found.by_ref().take(most) {
            last = Some(alarm.name().to_owned());
            self.describe(alarm, &mut output);
        }
        output.next_token = last.filter(|_| found.next().is_some());
        Ok(output)
    }

    /// `DescribeAlarmsForMetric`: the alarms on this metric alone.
    ///
    /// # Errors
    /// The metric has no good name.
    pub fn describe_alarms_for_metric(
        &self,
        input: &DescribeAlarmsForMetricInput,
    ) -> Result<DescribeAlarmsForMetricOutput, AlarmError> {
        let metric = MetricId::new(&input.namespace, &input.metric_name, &input.dimensions)?;
        let state = self.state();
        let mut output = DescribeAlarmsOutput::default();
        for alarm in state.alarms.values() {
            let (Definition::Metric(put), Watch::Metric(watch)) = (&alarm.definition, &alarm.watch) else { continue };
            let on_it =
                put.metrics.is_empty() && watch.selections().first().is_some_and(|first| first.metric == metric);
            let fits = input.statistic.as_ref().is_none_or(|statistic| put.statistic.as_ref() == Some(statistic))
                && input.extended_statistic.as_ref().is_none_or(|other| put.extended_statistic.as_ref() == Some(other))
                && input.period.is_none_or(|period| put.period == Some(period))
                && input.unit.is_none_or(|unit| put.unit == Some(unit));
            if on_it && fits {
                self.describe(alarm, &mut output);
            }
        }
        Ok(DescribeAlarmsForMetricOutput { metric_alarms: output.metric_alarms })
    }

    /// `DescribeAlarmHistory`: what happened in the last 30 days.
    ///
    /// # Errors
    /// A kind, an order or a token that there is not, too many records, and those of the disk.
    pub fn describe_alarm_history(
        &self,
        input: &DescribeAlarmHistoryInput,
    ) -> Result<DescribeAlarmHistoryOutput, AlarmError> {
        let ascending = match input.scan_by.as_deref() {
            None | Some("TimestampDescending") => false,
            Some("TimestampAscending") => true,
            Some(other) => {
                return Err(AlarmError::Value(format!("The value {other} for parameter ScanBy is invalid.")));
            }
        };
        let after = input.next_token.as_deref().map(str::parse).transpose().map_err(|_| AlarmError::NextToken)?;
        let most = most(input.max_records)?;
        // One alarm is asked for by name, whatever its kind.
        let all = input.alarm_name.is_some() && input.alarm_types.is_empty();
        let kinds = if all { KINDS.map(str::to_owned).to_vec() } else { kinds(&input.alarm_types)? };
        let query = HistoryQuery { input, kinds, ascending, after, most: most + 1 };
        let mut items = self.catalogue.change(|transaction| table::history(transaction, &query))?;
        let more = items.len() > most;
        items.truncate(most);
        let next_token = items.last().filter(|_| more).map(|(number, _)| number.to_string());
        Ok(DescribeAlarmHistoryOutput {
            alarm_history_items: items.into_iter().map(|(_, item)| item).collect(),
            next_token,
        })
    }

    fn describe(&self, alarm: &Alarm, output: &mut DescribeAlarmsOutput) {
        let status = self.status(alarm);
        let evaluation_state = alarm.run.failure.as_ref().map(|_| "EVALUATION_FAILURE".to_owned());
        match alarm.definition.clone() {
            Definition::Metric(definition) => {
                output.metric_alarms.push(MetricAlarm { definition, status, evaluation_state });
            }
            Definition::Log(definition) => output.log_alarms.push(LogAlarm { definition, status, evaluation_state }),
            Definition::Composite(definition) => {
                let silence = alarm.status.silence.as_ref().map(|silence| match silence.by {
                    SilencedBy::WaitPeriod => ("WaitPeriod", "waits for the suppressor to go into alarm"),
                    SilencedBy::Alarm => ("Alarm", "the suppressor is in alarm"),
                    SilencedBy::ExtensionPeriod => ("ExtensionPeriod", "the suppressor left alarm not long ago"),
                });
                output.composite_alarms.push(CompositeAlarm {
                    definition,
                    status,
                    actions_suppressed_by: silence.map(|(by, _)| by.to_owned()),
                    actions_suppressed_reason: silence.map(|(_, reason)| reason.to_owned()),
                });
            }
        }
    }

    fn status(&self, alarm: &Alarm) -> AlarmStatus {
        let status = &alarm.status;
        AlarmStatus {
            alarm_arn: self.arn(alarm.name()),
            alarm_configuration_updated_timestamp: status.configured,
            state_value: status.state,
            state_reason: status.reason.clone(),
            state_reason_data: status.reason_data.clone(),
            state_updated_timestamp: status.updated,
            state_transitioned_timestamp: status.transitioned,
        }
    }
}

impl DescribeAlarmsInput {
    fn wants(&self, alarm: &Alarm) -> bool {
        let head = alarm.definition.head();
        let acts = |prefix: &String| {
            let lists = [&head.ok_actions, &head.alarm_actions, &head.insufficient_data_actions];
            lists.into_iter().flatten().any(|action| action.starts_with(prefix))
        };
        (self.alarm_names.is_empty() || self.alarm_names.contains(&head.alarm_name))
            && self.alarm_name_prefix.as_ref().is_none_or(|prefix| head.alarm_name.starts_with(prefix))
            && self.state_value.is_none_or(|state| alarm.status.state == state)
            && self.action_prefix.as_ref().is_none_or(acts)
    }
}

impl State {
    /// Whether an alarm is one of the children or parents that are asked for.
    fn related(&self, input: &DescribeAlarmsInput, name: &str) -> bool {
        let uses = |parent: &str, child: &str| self.children(parent).is_some_and(|children| children.contains(child));
        input.children_of_alarm_name.as_ref().is_none_or(|parent| uses(parent, name))
            && input.parents_of_alarm_name.as_ref().is_none_or(|child| uses(name, child))
    }
}

fn kinds(asked: &[String]) -> Result<Vec<String>, AlarmError> {
    if let Some(other) = asked.iter().find(|kind| !KINDS.contains(&kind.as_str())) {
        return Err(AlarmError::Value(format!("The value {other} for parameter AlarmTypes is invalid.")));
    }
    Ok(if asked.is_empty() { vec![KINDS[0].to_owned()] } else { asked.to_vec() })
}

fn most(asked: Option<usize>) -> Result<usize, AlarmError> {
    match asked.unwrap_or(MOST_RECORDS) {
        most @ 1..=MOST_RECORDS => Ok(most),
        other => {
            Err(AlarmError::Value(format!("The value {other} for parameter MaxRecords is invalid: use 1 to 100.")))
        }
    }
}
