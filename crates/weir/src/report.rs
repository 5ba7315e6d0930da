//! What a running `weir up` says about itself: the body of `GET /status`.

use serde::{Deserialize, Serialize};
pub use weir_uplink::{EnforcementReport, InterfaceReport};

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

/// What this host refused since recording began, on all interfaces, those included that are not recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalsReport {
    /// When this was read: Unix milliseconds.
    pub as_of_ms: u64,
    /// By interface, direction, who refused, and rule.
    pub refused: Vec<RefusedReport>,
    /// Packets of them on recorded interfaces that were not seen coming in, in intervals that ended.
    #[serde(default)]
    pub unmatched: u64,
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

/// A further host.
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
    /// What it says of itself, counted since its agent started.
    #[serde(flatten)]
    pub said: weir_uplink::Report,
    /// Batches taken from it since this server started.
    pub batches: u64,
    /// Records in them.
    pub records: u64,
    /// Batches that came again, and were not counted again.
    pub repeats: u64,
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

/// Something that went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorReport {
    /// Unix seconds.
    pub time: u64,
    /// What went wrong.
    pub message: String,
}

impl Report {
    /// Packets lost on all interfaces together.
    pub fn packets_lost(&self) -> u64 {
        self.interfaces.iter().map(|interface| interface.packets_lost).sum()
    }
}
