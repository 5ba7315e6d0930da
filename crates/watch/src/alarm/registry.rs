//! The alarms of one account in one region: made, changed, deleted.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use serde_json::json;
use weir_store::Catalogue;

use super::{
    AlarmError,
    clock::Clock,
    definition::{CompositeWatch, Definition, Watch},
    input::{AlarmHistoryItem, AlarmNames, PutCompositeAlarmInput, PutLogAlarmInput, PutMetricAlarmInput},
    log::Evidence,
    reason::UNCHECKED,
    state::StateValue,
    table::{self, AlarmRow, Status},
};
use crate::metric::Metrics;

/// Most alarms.
const MOST_ALARMS: usize = 5000;

/// Most composite alarms that use one alarm.
const MOST_PARENTS: usize = 150;

/// Most names in one call.
const MOST_NAMES: usize = 100;

/// The alarms of one account in one region.
///
/// Operations change the catalogue before memory: what they answered is on disk.
pub struct Alarms {
    pub(super) catalogue: Catalogue,
    pub(super) metrics: Arc<Metrics>,
    pub(super) account: String,
    pub(super) region: String,
    pub(super) evidence: OnceLock<Arc<dyn Evidence>>,
    /// The page that notices lead to.
    pub(super) page: OnceLock<String>,
    state: Mutex<State>,
}

impl fmt::Debug for Alarms {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Alarms").field("region", &self.region).field("state", &self.state).finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) alarms: BTreeMap<String, Alarm>,
    pub(super) clock: Clock,
}

#[derive(Debug, Clone)]
pub(super) struct Alarm {
    pub(super) definition: Definition,
    pub(super) watch: Watch,
    pub(super) status: Status,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) run: Run,
}

/// What is known of an alarm while the program runs.
#[derive(Debug, Clone, Default)]
pub(super) struct Run {
    /// The end of the last span that was judged in time.
    pub(super) ticked: i64,
    /// How far the data of its metrics were seen.
    pub(super) seen: u64,
    /// Why its data could not be read or computed.
    pub(super) failure: Option<String>,
    /// Of an alarm on a query: its data points so far.
    pub(super) points: BTreeMap<i64, Option<super::evaluate::Datapoint>>,
    /// Of an alarm on a query: the lines that the last one found.
    pub(super) lines: Vec<String>,
}

impl Alarm {
    pub(super) fn name(&self) -> &str {
        &self.definition.head().alarm_name
    }

    /// A line of history.
    pub(super) fn history(&self, kind: &str, summary: String, data: &serde_json::Value, now: i64) -> AlarmHistoryItem {
        AlarmHistoryItem {
            alarm_name: self.name().to_owned(),
            alarm_type: self.definition.kind().to_owned(),
            timestamp: now,
            history_item_type: kind.to_owned(),
            history_summary: summary,
            history_data: data.to_string(),
        }
    }

    fn row(&self) -> AlarmRow {
        let Self { definition, status, tags, .. } = self.clone();
        AlarmRow { definition, status, tags }
    }
}

impl Alarms {
    /// Opens the alarms of a catalogue, in the states that they were in. The catalogue has topics too
    /// ([`Topics::open`](crate::topic::Topics::open)).
    ///
    /// # Errors
    /// When the catalogue cannot be read, was written by a newer program, or holds an alarm that cannot be read.
    pub fn open(catalogue: Catalogue, metrics: Arc<Metrics>, account: &str, region: &str) -> Result<Self, AlarmError> {
        catalogue.provide(&table::TABLES)?;
        let rows = catalogue.change(table::alarms)?;
        let mut alarms = BTreeMap::new();
        for AlarmRow { definition, status, tags } in rows {
            let name = definition.head().alarm_name.clone();
            let damaged = |error: AlarmError| AlarmError::Damaged { alarm: name.clone(), message: error.to_string() };
            let watch = definition.check().map_err(damaged)?;
            alarms.insert(name, Alarm { definition, watch, status, tags, run: Run::default() });
        }
        let state = Mutex::new(State { alarms, clock: Clock::default() });
        let (account, region) = (account.to_owned(), region.to_owned());
        Ok(Self { catalogue, metrics, account, region, evidence: OnceLock::new(), page: OnceLock::new(), state })
    }

    /// Has the notices of alarms on a metric show what it was made of. To be called once; a later call changes nothing.
    pub fn show_evidence(&self, evidence: Arc<dyn Evidence>) {
        let _ = self.evidence.set(evidence);
    }

    /// Has notices lead to a page where alarms are seen. To be called once; a later call changes nothing.
    pub fn lead_to(&self, page: &str) {
        let _ = self.page.set(page.to_owned());
    }

    /// `PutMetricAlarm`: makes an alarm, or changes one and keeps its state.
    ///
    /// # Errors
    /// What is wrong with it, and those of the disk.
    pub fn put_metric_alarm(&self, input: PutMetricAlarmInput, now: i64) -> Result<(), AlarmError> {
        self.put(Definition::Metric(input), now)
    }

    /// `PutCompositeAlarm`: makes an alarm, or changes one and keeps its state.
    ///
    /// # Errors
    /// What is wrong with it, with the position in its rule, and those of the disk.
    pub fn put_composite_alarm(&self, input: PutCompositeAlarmInput, now: i64) -> Result<(), AlarmError> {
        self.put(Definition::Composite(input), now)
    }

    /// Makes an alarm on a query, or changes one and keeps its state.
    ///
    /// # Errors
    /// What is wrong with it, and those of the disk. The query itself is first run by [`Alarms::poll_logs`].
    pub fn put_log_alarm(&self, input: PutLogAlarmInput, now: i64) -> Result<(), AlarmError> {
        self.put(Definition::Log(input), now)
    }

    fn put(&self, mut definition: Definition, now: i64) -> Result<(), AlarmError> {
        let watch = definition.check()?;
        let tags = super::tag::checked(definition.take_tags())?;
        let head = definition.head_mut();
        head.actions_enabled = Some(head.actions_enabled.unwrap_or(true));
        let name = head.alarm_name.clone();
        let mut state = self.state();
        if let Watch::Composite(composite) = &watch {
            state.check_composite(&name, composite)?;
        }
        let old = state.alarms.get(&name);
        let alarm = match old {
            Some(old) if old.definition.kind() != definition.kind() => {
                let message =
                    format!("The alarm {name} is a {}; it cannot become another kind.", old.definition.kind());
                return Err(AlarmError::Validation(message));
            }
            Some(old) => {
                let status = Status { configured: now, children: None, ..old.status.clone() };
                Alarm { definition, watch, status, tags: old.tags.clone(), run: Run::default() }
            }
            None if state.alarms.len() >= MOST_ALARMS => {
                return Err(AlarmError::Limit(format!("There are {MOST_ALARMS} alarms already.")));
            }
            None => Alarm { definition, watch, status: created(now), tags, run: Run::default() },
        };
        let (word, kind) = if old.is_some() { ("updated", "Update") } else { ("created", "Create") };
        let data = json!({"type": kind, "version": "1.0", "alarm": alarm.definition.shown()});
        let history = alarm.history("ConfigurationUpdate", format!("Alarm \"{name}\" {word}"), &data, now);
        self.catalogue.change(|transaction| {
            table::put(transaction, &alarm.row())?;
            table::add_history(transaction, &history)
        })?;
        state.alarms.insert(name, alarm);
        Ok(())
    }

    /// `DeleteAlarms`: all of them or none.
    ///
    /// # Errors
    /// A name that there is not, too many names, and those of the disk.
    pub fn delete_alarms(&self, input: &AlarmNames, now: i64) -> Result<(), AlarmError> {
        let mut state = self.state();
        let names = state.named(input)?;
        self.catalogue.change(|transaction| {
            for name in &names {
                let Some(alarm) = state.alarms.get(name) else { continue };
                let data = json!({"type": "Delete", "version": "1.0", "alarm": alarm.definition.shown()});
                let history = alarm.history("ConfigurationUpdate", format!("Alarm \"{name}\" deleted"), &data, now);
                table::delete(transaction, name)?;
                table::add_history(transaction, &history)?;
            }
            Ok::<_, AlarmError>(())
        })?;
        state.alarms.retain(|name, _| !names.contains(name));
        Ok(())
    }

    /// `EnableAlarmActions`. Names that there are not are passed over, as CloudWatch does.
    ///
    /// # Errors
    /// No names, too many names, and those of the disk.
    pub fn enable_alarm_actions(&self, input: &AlarmNames, now: i64) -> Result<(), AlarmError> {
        self.set_actions(input, true, now)
    }

    /// `DisableAlarmActions`. Names that there are not are passed over, as CloudWatch does.
    ///
    /// # Errors
    /// No names, too many names, and those of the disk.
    pub fn disable_alarm_actions(&self, input: &AlarmNames, now: i64) -> Result<(), AlarmError> {
        self.set_actions(input, false, now)
    }

    fn set_actions(&self, input: &AlarmNames, enabled: bool, now: i64) -> Result<(), AlarmError> {
        let mut state = self.state();
        let names = checked_names(input)?;
        let mut changed: Vec<Alarm> =
            state.alarms.values().filter(|alarm| names.contains(alarm.name())).cloned().collect();
        self.catalogue.change(|transaction| {
            for alarm in &mut changed {
                alarm.definition.head_mut().actions_enabled = Some(enabled);
                let data = json!({"type": "Update", "version": "1.0", "alarm": alarm.definition.shown()});
                let summary = format!("Alarm \"{}\" updated", alarm.name());
                table::put(transaction, &alarm.row())?;
                table::add_history(transaction, &alarm.history("ConfigurationUpdate", summary, &data, now))?;
            }
            Ok::<_, AlarmError>(())
        })?;
        for alarm in changed {
            state.alarms.insert(alarm.name().to_owned(), alarm);
        }
        Ok(())
    }

    /// Changes the tags of an alarm.
    pub(super) fn change_tags(
        &self,
        arn: &str,
        change: impl FnOnce(&mut BTreeMap<String, String>),
    ) -> Result<(), AlarmError> {
        let mut state = self.state();
        let mut alarm = state.by_arn(arn)?.clone();
        change(&mut alarm.tags);
        super::tag::check_count(&alarm.tags)?;
        self.catalogue.change(|transaction| table::put(transaction, &alarm.row()))?;
        state.alarms.insert(alarm.name().to_owned(), alarm);
        Ok(())
    }

    pub(super) fn arn(&self, name: &str) -> String {
        format!("arn:aws:cloudwatch:{}:{}:alarm:{name}", self.region, self.account)
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn checked_names(input: &AlarmNames) -> Result<BTreeSet<String>, AlarmError> {
    let names = &input.alarm_names;
    if names.is_empty() {
        return Err(AlarmError::Missing("AlarmNames"));
    }
    if names.len() > MOST_NAMES {
        return Err(AlarmError::validation(format!("AlarmNames has at most {MOST_NAMES} names.")));
    }
    Ok(names.iter().cloned().collect())
}

fn created(now: i64) -> Status {
    Status { configured: now, reason: UNCHECKED.to_owned(), updated: now, transitioned: now, ..Status::default() }
}

impl Definition {
    /// As history shows it.
    fn shown(&self) -> serde_json::Value {
        let value = match self {
            Self::Metric(input) => serde_json::to_value(input),
            Self::Composite(input) => serde_json::to_value(input),
            Self::Log(input) => serde_json::to_value(input),
        };
        value.unwrap_or_default()
    }
}

impl State {
    /// The alarms that are named, which must all be there.
    fn named(&self, input: &AlarmNames) -> Result<BTreeSet<String>, AlarmError> {
        let names = checked_names(input)?;
        match names.iter().find(|name| !self.alarms.contains_key(*name)) {
            Some(name) => Err(AlarmError::NotFound(format!("Unknown alarm {name}"))),
            None => Ok(names),
        }
    }

    pub(super) fn by_arn(&self, arn: &str) -> Result<&Alarm, AlarmError> {
        let name = super::definition::name_of(arn);
        let alarm = self.alarms.get(name).filter(|_| arn.starts_with("arn:"));
        alarm.ok_or_else(|| AlarmError::NotFound(format!("Unknown {arn}")))
    }

    /// The state of an alarm; one that is gone has insufficient data.
    pub(super) fn state_of(&self, name: &str) -> StateValue {
        self.alarms.get(name).map_or(StateValue::InsufficientData, |alarm| alarm.status.state)
    }

    pub(super) fn children(&self, name: &str) -> Option<&BTreeSet<String>> {
        match &self.alarms.get(name)?.watch {
            Watch::Composite(composite) => Some(&composite.children),
            _ => None,
        }
    }

    fn check_composite(&self, name: &str, composite: &CompositeWatch) -> Result<(), AlarmError> {
        let suppressor = composite.suppressor.iter().map(|suppressor| &suppressor.alarm);
        let mut unknown = composite.children.iter().chain(suppressor).filter(|child| !self.alarms.contains_key(*child));
        if let Some(unknown) = unknown.find(|child| *child != name) {
            return Err(AlarmError::validation(format!(
                "Could not save the composite alarm as alarm {unknown} in its rule does not exist."
            )));
        }
        let reaches = |child: &String| child == name || self.reaches(child, name);
        if let Some(child) = composite.children.iter().find(|child| reaches(child)) {
            return Err(AlarmError::validation(format!(
                "Could not save the composite alarm as its rule uses {child}, which depends on the alarm itself."
            )));
        }
        for child in &composite.children {
            let uses =
                |other: &&String| *other != name && self.children(other).is_some_and(|used| used.contains(child));
            if self.alarms.keys().filter(uses).count() >= MOST_PARENTS {
                return Err(AlarmError::Limit(format!("{MOST_PARENTS} composite alarms use {child} already.")));
            }
        }
        Ok(())
    }

    /// Whether the rule of an alarm leads to another. There are no cycles among the alarms that are there.
    fn reaches(&self, from: &str, to: &str) -> bool {
        let mut waiting = vec![from];
        let mut seen = BTreeSet::new();
        while let Some(name) = waiting.pop() {
            if name == to {
                return true;
            }
            if seen.insert(name) {
                waiting.extend(self.children(name).into_iter().flatten().map(String::as_str));
            }
        }
        false
    }
}
