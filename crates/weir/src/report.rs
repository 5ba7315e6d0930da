//! What a running `weir up` says about itself: the body of `GET /status`.

use serde::{Deserialize, Serialize};
pub use weir_uplink::{EnforcementReport, InterfaceReport};

/// Everything that is counted, at one moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Version of the program.
    pub version: String,
    /// Seconds since it started.
    pub uptime_seconds: u64,
    /// Why nothing is recorded, if so.
    pub not_recording: Option<String>,
    /// How often a capture broke off or could not begin; it is tried again.
    #[serde(default)]
    pub capture_failures: u64,
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
    /// Log groups, metric filters, alarms and notices.
    #[serde(default)]
    pub watching: WatchingReport,
    /// The last errors, oldest first.
    pub errors: Vec<ErrorReport>,
}

/// What is watched.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct WatchingReport {
    /// Events that log groups took since the start.
    pub events: u64,
    /// Events that were too old, too new or expired since the start.
    pub rejected_events: u64,
    /// Records that wait until the disk takes them into their log group.
    pub waiting_records: u64,
    /// Records that no log group got, because the disk refused for too long.
    pub dropped_records: u64,
    /// By name.
    pub log_groups: Vec<LogGroupReport>,
    /// By log group and name.
    pub metric_filters: Vec<MetricFilterReport>,
    /// By name.
    pub alarms: Vec<AlarmReport>,
    /// Mails and POSTs.
    pub notices: NoticesReport,
    /// Notifications of buckets that no queue and no topic took since the start.
    #[serde(default)]
    pub lost_notifications: u64,
    /// Why the last one was lost.
    #[serde(default)]
    pub last_lost_notification: Option<String>,
    /// The last things that went wrong, oldest first.
    pub errors: Vec<ErrorReport>,
}

/// A log group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogGroupReport {
    /// Such as `/weir/flow-logs`.
    pub name: String,
    /// Its messages and 26 bytes an event.
    pub stored_bytes: u64,
    /// For how many days events are kept; for ever without it.
    pub retention_days: Option<u32>,
    /// How many metric filters it has.
    pub metric_filters: u64,
}

/// A metric filter, and the metric that it makes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MetricFilterReport {
    /// Its name.
    pub name: String,
    /// Its log group.
    pub log_group: String,
    /// The metric's namespace.
    pub namespace: String,
    /// The metric's name.
    pub metric: String,
    /// The sum of the last minute that has data; none for a metric with dimensions.
    pub last_value: Option<f64>,
    /// When that minute began, Unix seconds.
    pub last_minute: Option<u64>,
}

/// An alarm.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmReport {
    /// Its name.
    pub name: String,
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state: String,
    /// Why.
    pub reason: String,
    /// Since when, Unix seconds.
    pub since: u64,
}

/// Mails and POSTs, since the data directory was made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticesReport {
    /// Delivered.
    pub sent: u64,
    /// Still to be delivered.
    pub waiting: u64,
    /// Tries that failed.
    pub failed_attempts: u64,
    /// Given up: files among the dead letters.
    pub dead: u64,
    /// Who is told.
    pub subscriptions: Vec<SubscriptionReport>,
    /// Of those that have failed and wait, the ones that have failed most often.
    #[serde(default)]
    pub troubles: Vec<TroubleReport>,
}

/// A notice that could not be delivered so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TroubleReport {
    /// Of what: the name of the topic.
    pub topic: String,
    /// The address or URL, without a password.
    pub endpoint: String,
    /// How often it was tried.
    pub failures: u32,
    /// What went wrong the last time.
    pub problem: String,
    /// When it is tried again, Unix seconds.
    pub again: u64,
}

/// Who is told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionReport {
    /// Of what: the name of the topic.
    pub topic: String,
    /// Such as `email`.
    pub protocol: String,
    /// The address or URL, without a password.
    pub endpoint: String,
    /// Whether the endpoint agreed.
    pub confirmed: bool,
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
