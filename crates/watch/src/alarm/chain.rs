//! Composite alarms: their states, and what keeps them silent.
//!
//! A composite alarm is evaluated when a state that its rule uses is another one than the last time. While its suppressor
//! is in alarm, for the wait period after its own change, and for the extension period after the suppressor left alarm,
//! it tells nobody; then it tells of the state that it is in, if that is another one than it told of last.

use std::collections::BTreeMap;

use serde_json::json;

use super::{
    AlarmError, Alarms,
    act::{Beside, Turn},
    definition::{CompositeWatch, Watch, name_of},
    moment,
    notice::{TriggeringChild, TriggeringState},
    registry::{Alarm, State},
    state::StateValue,
    table::{Silence, SilencedBy},
};

impl Alarms {
    /// Evaluates the composite alarms until none changes any more; gives when silence ends next.
    pub(super) fn poll_composites(&self, state: &mut State, now: i64) -> Result<i64, AlarmError> {
        let is_composite = |alarm: &&Alarm| matches!(alarm.watch, Watch::Composite(_));
        let names: Vec<String> =
            state.alarms.values().filter(is_composite).map(|alarm| alarm.name().to_owned()).collect();
        // There are no cycles: a change goes through each alarm at most once, whatever the order.
        for _ in 0..=names.len() {
            let mut changed = false;
            for name in &names {
                changed |= self.evaluate_composite(state, name, now)?;
            }
            if !changed {
                break;
            }
        }
        let mut due = i64::MAX;
        for name in &names {
            due = due.min(self.poll_silence(state, name, now)?);
        }
        Ok(due)
    }

    /// Whether its state changed.
    fn evaluate_composite(&self, state: &mut State, name: &str, now: i64) -> Result<bool, AlarmError> {
        let Some((alarm, watch)) = state.composite(name) else { return Ok(false) };
        let children = || watch.children.iter().map(|child| (child, state.state_of(child)));
        let before = alarm.status.children.as_ref();
        if before.is_some_and(|before| children().eq(before.iter().map(|(child, state)| (child, *state)))) {
            return Ok(false);
        }
        let truth = watch.rule.holds(&|child| state.state_of(name_of(child)));
        let new = if truth { StateValue::Alarm } else { StateValue::Ok };
        let mut alarm = alarm.clone();
        let children = children().map(|(child, state)| (child.clone(), state)).collect();
        let before = alarm.status.children.replace(children).unwrap_or_default();
        let changed = new != alarm.status.state;
        if changed {
            let triggers = self.triggers(state, &alarm, &before);
            let turn = self.composite_turn(&alarm, state, new, triggers, now);
            self.turn(&mut alarm, turn, now)?;
        }
        state.alarms.insert(name.to_owned(), alarm);
        Ok(changed)
    }

    /// The alarms whose states are others than the last time.
    fn triggers(&self, state: &State, alarm: &Alarm, before: &BTreeMap<String, StateValue>) -> Vec<TriggeringChild> {
        let changed =
            |(child, value): &(&String, &StateValue)| before.get(*child).is_some_and(|before| before != *value);
        let trigger = |(child, value): (&String, &StateValue)| {
            let since = state.alarms.get(child).map_or(0, |child| child.status.transitioned);
            let state = TriggeringState { value: *value, timestamp: moment::iso(since) };
            TriggeringChild { arn: self.arn(child), state }
        };
        alarm.status.children.iter().flatten().filter(changed).map(trigger).collect()
    }

    fn composite_turn(
        &self,
        alarm: &Alarm,
        state: &State,
        new: StateValue,
        triggers: Vec<TriggeringChild>,
        now: i64,
    ) -> Turn {
        let reason = match triggers.first() {
            None => format!("{} was created and its alarm rule evaluates to {new}", self.arn(alarm.name())),
            Some(child) => {
                let name = name_of(&child.arn);
                let since = state.alarms.get(name).map_or(now, |child| child.status.transitioned);
                format!("{} transitioned to {} at {}", child.arn, child.state.value, moment::long(since))
            }
        };
        Turn {
            state: new,
            reason,
            reason_data: Some(json!({"triggeringAlarms": triggers}).to_string()),
            judged: now,
            silence: state.silence_after(alarm, new, now),
            beside: Beside { children: Some(triggers), lines: None },
        }
    }

    /// Follows the suppressor of an alarm that is kept silent; gives when to look again.
    fn poll_silence(&self, state: &mut State, name: &str, now: i64) -> Result<i64, AlarmError> {
        let Some((alarm, watch)) = state.composite(name) else { return Ok(i64::MAX) };
        let Some(silence) = alarm.status.silence.clone() else { return Ok(i64::MAX) };
        let next = match &watch.suppressor {
            None => None,
            Some(suppressor) => {
                let suppressed = state.state_of(&suppressor.alarm) == StateValue::Alarm;
                let length = if silence.by == SilencedBy::WaitPeriod { suppressor.wait } else { suppressor.extension };
                // A clock that went back makes nobody wait longer than the whole period.
                let until = silence.until.min(now + length);
                match silence.by {
                    _ if suppressed => Some(Silence { by: SilencedBy::Alarm, until: 0, ..silence.clone() }),
                    SilencedBy::Alarm if suppressor.extension > 0 => {
                        let until = now + suppressor.extension;
                        Some(Silence { by: SilencedBy::ExtensionPeriod, until, ..silence.clone() })
                    }
                    SilencedBy::WaitPeriod | SilencedBy::ExtensionPeriod if now < until => {
                        Some(Silence { until, ..silence.clone() })
                    }
                    _ => None,
                }
            }
        };
        let due = next.as_ref().filter(|next| next.by != SilencedBy::Alarm).map_or(i64::MAX, |next| next.until);
        if next.as_ref() != Some(&silence) {
            let mut alarm = alarm.clone();
            self.set_silence(&mut alarm, next, now)?;
            state.alarms.insert(name.to_owned(), alarm);
        }
        Ok(due)
    }
}

impl State {
    /// Whether an alarm is kept silent after it is put into a state.
    pub(super) fn silence_after(&self, alarm: &Alarm, new: StateValue, now: i64) -> Option<Silence> {
        let Watch::Composite(CompositeWatch { suppressor: Some(suppressor), .. }) = &alarm.watch else { return None };
        let told = alarm.status.state;
        match &alarm.status.silence {
            // Back where it was: nothing was kept back.
            Some(silence) => (silence.told != new).then(|| silence.clone()),
            None if told == new => None,
            None if self.state_of(&suppressor.alarm) == StateValue::Alarm => {
                Some(Silence { by: SilencedBy::Alarm, until: 0, told })
            }
            None if suppressor.wait > 0 => {
                Some(Silence { by: SilencedBy::WaitPeriod, until: now + suppressor.wait, told })
            }
            None => None,
        }
    }

    fn composite(&self, name: &str) -> Option<(&Alarm, &CompositeWatch)> {
        let alarm = self.alarms.get(name)?;
        match &alarm.watch {
            Watch::Composite(watch) => Some((alarm, watch)),
            _ => None,
        }
    }
}
