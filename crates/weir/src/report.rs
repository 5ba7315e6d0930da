//! What a running `weir up` says about itself: the body of `GET /status`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weir_network::Interface;

/// Everything that is counted, at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Version of the program.
    pub version: String,
    /// Seconds since it started.
    pub uptime_seconds: u64,
    /// Why nothing is recorded, if so.
    pub not_recording: Option<String>,
    /// How packets are seen, once that is known.
    #[serde(default)]
    pub capture: Option<CaptureReport>,
    /// Id of the flow log.
    pub flow_log_id: String,
    /// The longest time that one record stands for, in seconds.
    pub interval_seconds: u64,
    /// Where objects go, such as `s3://flow-logs`.
    pub destination: String,
    /// The directory behind it.
    pub data: String,
    /// Packets looked at, those of the present interval included; one may stand for several on the wire.
    pub frames: u64,
    /// Intervals that ended.
    pub windows: u64,
    /// The interfaces that are recorded, or were. Their counts are those of intervals that ended.
    pub interfaces: Vec<InterfaceReport>,
    /// What this host refused; none when that is not watched.
    #[serde(default)]
    pub refusals: Option<RefusalsReport>,
    /// Further hosts that send their records here.
    #[serde(default)]
    pub agents: Vec<AgentReport>,
    /// What was delivered, and what waits.
    pub delivery: DeliveryReport,
    /// The network file and the rules in force; `None` without a network file.
    #[serde(default)]
    pub enforcement: Option<EnforcementReport>,
    /// The last errors, oldest first.
    pub errors: Vec<ErrorReport>,
}

/// How packets are seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaptureReport {
    /// `eBPF` or `packet sockets`.
    pub tier: String,
    /// Why that one.
    pub why: String,
}

/// One interface.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterfaceReport {
    /// Its name on the host, such as `eth0`.
    pub name: String,
    /// Its id in records, `eni-…`.
    pub id: String,
    /// What kind of device it is, such as `device`, `veth`, `bridge`, `tunnel (vxlan)`.
    #[serde(default)]
    pub kind: String,
    /// Which end of the cable it is: `host`, or `guest` when directions are turned around.
    #[serde(default)]
    pub side: String,
    /// Id of the machine or container that it belongs to.
    #[serde(default)]
    pub instance: Option<String>,
    /// Tags by key.
    #[serde(default)]
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

/// What this host refused since recording began, on all interfaces, those included that are not recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalsReport {
    /// When this was read: Unix milliseconds.
    pub as_of_ms: u64,
    /// By interface, direction, who refused, and rule.
    pub refused: Vec<RefusedReport>,
}

/// Packets refused in one place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedReport {
    /// The kernel's index of the interface.
    pub interface_index: u32,
    /// `ingress` or `egress`.
    pub direction: String,
    /// `firewall`, `traffic control`, `cgroup`, `reverse-path filter` or `unknown`.
    pub refused_by: String,
    /// The mark of the rule; 0 for one that is not ours.
    pub mark: u32,
    /// Packets, each as large as the kernel handles it: what a firewall's counters count.
    pub packets: u64,
}

/// A further host. What it says of itself is counted since its agent started.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentReport {
    /// The host: `i-…`.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Version of its agent.
    pub version: String,
    /// Address and port that its last request came from.
    pub address: String,
    /// Whether it was heard of in the last half minute.
    pub connected: bool,
    /// When it was heard of last, Unix seconds; none since this server started.
    pub last_seen: Option<u64>,
    /// How far its clock is ahead of ours, in milliseconds.
    pub clock_offset_ms: i64,
    /// Whether that is so much that records of the two cannot be compared.
    pub clock_differs: bool,
    /// How it captures.
    pub capture: String,
    /// Why it records nothing, if so.
    pub not_recording: Option<String>,
    /// Its interfaces.
    pub interfaces: Vec<AgentInterfaceReport>,
    /// Version of the definition that it follows.
    pub definition: Option<String>,
    /// Why it does not follow the newest definition, if so.
    pub refused: Option<String>,
    /// What rules it puts in force, if any.
    pub enforcing: Option<String>,
    /// Batches taken from it since this server started.
    pub batches: u64,
    /// Records in them.
    pub records: u64,
    /// Batches that came again, and were not counted again.
    pub repeats: u64,
    /// Records that wait on its disk.
    pub spooled_records: u64,
    /// Bytes that they take.
    pub spooled_bytes: u64,
    /// Records that it had to drop since its spool was made; they became SKIPDATA records.
    pub lost_records: u64,
}

/// An interface of a further host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentInterfaceReport {
    /// Its id in records, `eni-…`.
    pub id: String,
    /// Its name on the host, such as `eth0`.
    pub name: String,
    /// Whether it is being recorded now.
    pub recording: bool,
    /// Packets that passed.
    pub packets_seen: u64,
    /// Packets that went into records.
    pub packets_recorded: u64,
    /// Packets that no record shows.
    pub packets_lost: u64,
}

/// Objects delivered and records waiting.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryReport {
    /// Objects written.
    pub objects: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// Records in them.
    pub records: u64,
    /// Records that are kept until they are delivered.
    pub waiting_records: u64,
    /// Bytes on disk that they take.
    pub waiting_bytes: u64,
    /// Records that were dropped because neither disk nor memory took them; they became SKIPDATA records.
    pub dropped_records: u64,
    /// Attempts that failed; what they held waits and is tried again.
    pub failures: u64,
}

/// Which rules are in force.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnforcementReport {
    /// The network file.
    pub network_file: String,
    /// Why its last change is not in force, if so; what was before still is.
    pub error: Option<String>,
    /// The interfaces on which its rules are in force.
    pub interfaces: Vec<EnforcedReport>,
    /// What the rules refused, of those that refused anything.
    pub refused: Vec<RuleReport>,
}

/// An interface with rules in force.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
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

/// Something that went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorReport {
    /// Unix seconds.
    pub time: u64,
    /// What went wrong.
    pub message: String,
}

impl InterfaceReport {
    /// Takes over what is known of an interface.
    pub fn describe(&mut self, interface: &Interface) {
        self.kind = interface.tags.get("Kind").cloned().unwrap_or_default();
        self.side = interface.side.as_str().to_owned();
        self.instance.clone_from(&interface.instance_id);
        self.tags.clone_from(&interface.tags);
    }
}

impl Report {
    /// Packets lost on all interfaces together.
    pub fn packets_lost(&self) -> u64 {
        self.interfaces.iter().map(|interface| interface.packets_lost).sum()
    }
}
