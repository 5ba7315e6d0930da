//! The definition of a flow log: what is recorded, how often, and where it goes.

use serde::{Deserialize, Serialize};
use weir_record::{FileFormat, Format};

/// Which records a flow log takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TrafficType {
    /// Accepted traffic.
    Accept,
    /// Refused traffic.
    Reject,
    /// Both.
    #[default]
    All,
}

/// The longest time that one record may stand for.
///
/// 60 and 600 seconds as AWS; 1 and 10 are ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub enum AggregationInterval {
    /// 1 s.
    Second,
    /// 10 s.
    TenSeconds,
    /// 60 s.
    Minute,
    /// 600 s, the default of AWS.
    #[default]
    TenMinutes,
}

impl AggregationInterval {
    /// Its length in seconds.
    pub const fn seconds(self) -> u64 {
        match self {
            AggregationInterval::Second => 1,
            AggregationInterval::TenSeconds => 10,
            AggregationInterval::Minute => 60,
            AggregationInterval::TenMinutes => 600,
        }
    }
}

impl From<AggregationInterval> for u64 {
    fn from(interval: AggregationInterval) -> Self {
        interval.seconds()
    }
}

impl TryFrom<u64> for AggregationInterval {
    type Error = String;

    fn try_from(seconds: u64) -> Result<Self, Self::Error> {
        [Self::Second, Self::TenSeconds, Self::Minute, Self::TenMinutes]
            .into_iter()
            .find(|interval| interval.seconds() == seconds)
            .ok_or_else(|| format!("invalid aggregation interval {seconds}: give 1, 10, 60 or 600 seconds"))
    }
}

/// How objects are written and laid out in a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct DestinationOptions {
    /// Format of the objects.
    pub file_format: FileFormat,
    /// Prefixes as `key=value`.
    pub hive_compatible_partitions: bool,
    /// A prefix for each hour below that of the day.
    pub per_hour_partition: bool,
}

/// Where records go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Destination {
    /// A bucket, with an optional folder in front of `AWSLogs/`.
    Bucket {
        /// Name of the bucket.
        bucket: String,
        /// Folder, without slashes at its ends; empty for none.
        #[serde(default)]
        folder: String,
        /// How objects are written.
        #[serde(default)]
        options: DestinationOptions,
    },
}

/// A flow log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowLog {
    /// `fl-…`
    pub id: String,
    /// Account that owns it, 12 digits.
    pub account_id: String,
    /// Region it is in.
    pub region: String,
    /// Which records it takes.
    #[serde(default)]
    pub traffic_type: TrafficType,
    /// The fields of its records.
    #[serde(default)]
    pub log_format: Format,
    /// The longest time that one record may stand for.
    #[serde(default)]
    pub max_aggregation_interval: AggregationInterval,
    /// Where records go.
    pub destination: Destination,
}
