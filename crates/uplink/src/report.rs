//! What a program that records says of itself: an agent to its server every few seconds, `weir up` in `GET /status`.
//! Names of keys are those of `GET /status`, in which reports are shown as they came.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weir_network::Interface;

/// An agent's own figures, since it started unless said otherwise. What a newer agent adds is passed over, what an
/// older one leaves out is zero.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// How it captures, in words; see the tiers of capture.
    pub capture: String,
    /// Why it records nothing, if so.
    pub not_recording: Option<String>,
    /// Its interfaces, also those that went away.
    pub interfaces: Vec<InterfaceReport>,
    /// Version of the definition that it follows.
    pub definition: Option<String>,
    /// Why it does not follow the newest definition, if so.
    pub refused: Option<String>,
    /// What it puts in force; none when it enforces nothing.
    pub enforcement: Option<EnforcementReport>,
    /// What waits on its disk.
    pub spooled: Spooled,
    /// What it dropped.
    pub lost: Lost,
}

/// An interface that is recorded, or was. Its counts are those of intervals that ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct InterfaceReport {
    /// Its name on the host, such as `eth0`.
    pub name: String,
    /// Its id in records, `eni-…`.
    pub id: String,
    /// What kind of device it is, such as `device`, `veth`, `bridge`, `tunnel (vxlan)`.
    pub kind: String,
    /// Which end of the cable it is: `host`, or `guest` when directions are turned around.
    pub side: String,
    /// Id of the machine or container that it belongs to.
    pub instance: Option<String>,
    /// Tags by key.
    pub tags: BTreeMap<String, String>,
    /// Whether it is being recorded now; an interface that went away is not.
    pub recording: bool,
    /// Packets that passed.
    pub packets_seen: u64,
    /// Packets that went into records.
    pub packets_recorded: u64,
    /// Packets of traffic that flow logs leave out, such as DHCP.
    pub packets_left_out: u64,
    /// Packets lost before or after they reached the program; each loss became a SKIPDATA record.
    pub packets_lost: u64,
    /// Bytes that went into records.
    pub bytes_recorded: u64,
    /// Intervals that ended.
    pub windows: u64,
    /// Records made.
    pub records: u64,
}

/// Which rules are in force.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EnforcementReport {
    /// Where the network comes from: a file, or the server.
    pub network: String,
    /// Why its last change is not in force, if so; what was before still is.
    pub error: Option<String>,
    /// The interfaces on which its rules are in force.
    pub interfaces: Vec<EnforcedReport>,
    /// What the rules refused, of those that refused anything.
    pub refused: Vec<RuleReport>,
}

/// An interface with rules in force.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EnforcedReport {
    /// Its name on the host.
    pub name: String,
    /// Its id in the network, `eni-…`.
    pub id: String,
    /// After so many seconds what was before comes back, unless someone confirms.
    pub seconds_to_confirm: Option<u64>,
}

/// How much a rule refused since it came into force.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RuleReport {
    /// The interface, `eni-…`.
    pub interface_id: String,
    /// `ingress` or `egress`.
    pub direction: String,
    /// The rule, as the field `rule` of records has it.
    pub rule: String,
    /// Packets.
    pub packets: u64,
}

/// What waits on an agent's disk until the server has taken it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Spooled {
    /// Batches.
    pub batches: u64,
    /// Records in them.
    pub records: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Most bytes that may wait.
    pub limit: u64,
}

/// What an agent dropped, since its spool was made. Each loss becomes SKIPDATA records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Lost {
    /// Batches.
    pub batches: u64,
    /// Records in them.
    pub records: u64,
}

impl Report {
    /// Changes every text in it; for who shows texts of others.
    pub fn for_each_text(&mut self, mut change: impl FnMut(&mut String)) {
        change(&mut self.capture);
        let texts = [&mut self.not_recording, &mut self.definition, &mut self.refused];
        texts.into_iter().flatten().for_each(&mut change);
        for interface in &mut self.interfaces {
            interface.for_each_text(&mut change);
        }
        if let Some(enforcement) = &mut self.enforcement {
            enforcement.for_each_text(&mut change);
        }
    }
}

impl InterfaceReport {
    /// Takes over what is known of an interface.
    pub fn describe(&mut self, interface: &Interface) {
        self.id.clone_from(&interface.id);
        self.kind = interface.tags.get("Kind").cloned().unwrap_or_default();
        self.side = interface.side.as_str().to_owned();
        self.instance.clone_from(&interface.instance_id);
        self.tags.clone_from(&interface.tags);
    }

    /// Counts what another one came to, too.
    pub fn add(&mut self, other: &Self) {
        self.packets_seen += other.packets_seen;
        self.packets_recorded += other.packets_recorded;
        self.packets_left_out += other.packets_left_out;
        self.packets_lost += other.packets_lost;
        self.bytes_recorded += other.bytes_recorded;
        self.windows += other.windows;
        self.records += other.records;
    }

    fn for_each_text(&mut self, mut change: impl FnMut(&mut String)) {
        [&mut self.name, &mut self.id, &mut self.kind, &mut self.side].into_iter().for_each(&mut change);
        self.instance.as_mut().map(&mut change);
        let mut tags = std::mem::take(&mut self.tags).into_iter().collect::<Vec<_>>();
        for (key, value) in &mut tags {
            change(key);
            change(value);
        }
        self.tags = tags.into_iter().collect();
    }
}

impl EnforcementReport {
    fn for_each_text(&mut self, mut change: impl FnMut(&mut String)) {
        change(&mut self.network);
        self.error.as_mut().map(&mut change);
        for enforced in &mut self.interfaces {
            [&mut enforced.name, &mut enforced.id].into_iter().for_each(&mut change);
        }
        for rule in &mut self.refused {
            [&mut rule.interface_id, &mut rule.direction, &mut rule.rule].into_iter().for_each(&mut change);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_of_other_versions_are_understood() {
        let older: Report = serde_json::from_str("{}").unwrap();
        assert_eq!(older, Report::default());
        let newer: Report = serde_json::from_str(r#"{"colour":"red","lost":{"batches":2,"shade":1}}"#).unwrap();
        assert_eq!(newer.lost, Lost { batches: 2, records: 0 });
    }

    /// Whatever text an agent sends is shown to people: none may be missed.
    #[test]
    fn every_text_is_reached() {
        let text = r#"{"capture":"x","not_recording":"x","definition":"x","refused":"x",
            "interfaces":[{"name":"x","id":"x","kind":"x","side":"x","instance":"x","tags":{"x":"x"}}],
            "enforcement":{"network":"x","error":"x","interfaces":[{"name":"x","id":"x","seconds_to_confirm":3}],
                "refused":[{"interface_id":"x","direction":"x","rule":"x"}]}}"#;
        let mut report: Report = serde_json::from_str(text).unwrap();
        report.for_each_text(|text| *text = "y".into());
        let shown = serde_json::to_string(&report).unwrap();
        assert!(["\"x\"", "\"\"", "null"].iter().all(|left| !shown.contains(left)), "{shown}");
    }
}
