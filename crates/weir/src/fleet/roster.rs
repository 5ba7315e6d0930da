//! What is known of each agent: when it was heard of last, what it says of itself, and what came from it.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use weir_uplink::{CLOCK_LIMIT_MS, Report};

use crate::report::AgentReport;

/// An agent is away when it was not heard of for so many seconds: it reports every five.
const AWAY: i64 = 30;

/// So many of the last requests say how far a clock is off.
const OFFSETS: usize = 8;

/// The agents, by host.
#[derive(Debug, Default)]
pub struct Roster(Mutex<BTreeMap<String, Seen>>);

#[derive(Debug, Clone, Default)]
struct Seen {
    name: String,
    version: String,
    address: String,
    last_seen: Option<i64>,
    /// Of the last requests.
    clock_offsets_ms: VecDeque<i64>,
    report: Report,
    batches: u64,
    records: u64,
    repeats: u64,
}

/// What every request of an agent says beside what it asks for.
#[derive(Debug, Clone, Default)]
pub struct Heard {
    /// Version of the agent.
    pub version: String,
    /// Address it comes from.
    pub address: String,
    /// How far its clock is ahead of ours, in milliseconds, if it said its time.
    pub clock_offset_ms: Option<i64>,
    /// When, Unix seconds.
    pub now: i64,
}

impl Roster {
    fn agents(&self) -> MutexGuard<'_, BTreeMap<String, Seen>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A host has joined.
    pub fn joined(&self, id: String, name: String) {
        self.agents().entry(id).or_default().name = name;
    }

    /// A host may not send any more.
    pub fn revoked(&self, id: &str) {
        self.agents().remove(id);
    }

    /// A request came from a host.
    pub fn heard(&self, id: &str, heard: Heard) {
        let mut agents = self.agents();
        let seen = agents.entry(id.to_owned()).or_default();
        (seen.version, seen.address, seen.last_seen) = (heard.version, heard.address, Some(heard.now));
        let Some(offset) = heard.clock_offset_ms else { return };
        let before = seen.clock_offset_ms();
        seen.clock_offsets_ms.push_back(offset);
        if seen.clock_offsets_ms.len() > OFFSETS {
            seen.clock_offsets_ms.pop_front();
        }
        let offset = seen.clock_offset_ms();
        if is_far(offset) && !is_far(before) {
            tracing::warn!("the clock of {} ({id}) is {} ms ahead of ours", seen.name, offset);
        }
    }

    /// A host says how it is doing.
    pub fn reported(&self, id: &str, report: Report) {
        self.agents().entry(id.to_owned()).or_default().report = report;
    }

    /// A batch came from a host; without records when it had been taken before.
    pub fn took(&self, id: &str, records: u64, repeat: bool) {
        let mut agents = self.agents();
        let seen = agents.entry(id.to_owned()).or_default();
        seen.batches += u64::from(!repeat);
        seen.repeats += u64::from(repeat);
        seen.records += records;
    }

    /// The host that an interface belongs to, if one said so.
    pub fn owner_of(&self, interface: &str) -> Option<String> {
        let agents = self.agents();
        let owns = |seen: &Seen| seen.report.interfaces.iter().any(|own| own.id == interface);
        agents.iter().find(|(_, seen)| owns(seen)).map(|(id, _)| id.clone())
    }

    /// The host that an instance belongs to: itself, or one that it has said is behind its interface.
    pub fn owner_of_instance(&self, instance: &str) -> Option<String> {
        let agents = self.agents();
        if agents.contains_key(instance) {
            return Some(instance.to_owned());
        }
        let has = |seen: &Seen| seen.report.interfaces.iter().any(|own| own.instance.as_deref() == Some(instance));
        agents.iter().find(|(_, seen)| has(seen)).map(|(id, _)| id.clone())
    }

    /// The agents as they are shown.
    pub fn report(&self, now: i64) -> Vec<AgentReport> {
        self.agents().iter().map(|(id, seen)| seen.report(id, now)).collect()
    }
}

fn is_far(offset_ms: i64) -> bool {
    offset_ms.saturating_abs() > CLOCK_LIMIT_MS
}

impl Seen {
    /// Time on the way makes a clock look late, never early: the largest of the last offsets is the nearest.
    fn clock_offset_ms(&self) -> i64 {
        self.clock_offsets_ms.iter().copied().max().unwrap_or(0)
    }

    fn report(&self, id: &str, now: i64) -> AgentReport {
        AgentReport {
            id: id.to_owned(),
            name: self.name.clone(),
            version: self.version.clone(),
            address: self.address.clone(),
            connected: self.last_seen.is_some_and(|at| now.saturating_sub(at) <= AWAY),
            last_seen: self.last_seen.and_then(|at| u64::try_from(at).ok()),
            clock_offset_ms: self.clock_offset_ms(),
            clock_differs: is_far(self.clock_offset_ms()),
            said: self.report.clone(),
            batches: self.batches,
            records: self.records,
            repeats: self.repeats,
        }
    }
}
