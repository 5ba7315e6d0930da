//! The definition of a flow log: what is recorded, how often, and where it goes.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use weir_record::{FileFormat, Format};

use crate::{
    BucketArn, BucketArnError, IdError, IdKind,
    account::{check_account_id, check_region},
};

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
    /// A log group: each record is a line of the stream of its interface.
    LogGroup {
        /// Name of the log group.
        log_group: String,
    },
}

/// A flow log. One that is read by serde has been [checked](FlowLog::check).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct FlowLog {
    /// `fl-…`
    pub id: String,
    /// Account that owns it, 12 digits.
    pub account_id: String,
    /// Region it is in.
    pub region: String,
    /// Which records it takes.
    pub traffic_type: TrafficType,
    /// The fields of its records.
    pub log_format: Format,
    /// The longest time that one record may stand for.
    pub max_aggregation_interval: AggregationInterval,
    /// Where records go.
    pub destination: Destination,
}

/// Why a flow log was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FlowLogError {
    /// Its id.
    #[error(transparent)]
    Id(#[from] IdError),
    /// Its account or region.
    #[error("flow log {id}: {problem}")]
    Owner {
        /// The flow log.
        id: String,
        /// What is wrong and what to write.
        problem: String,
    },
    /// Its destination.
    #[error("flow log {id}: {problem}")]
    Destination {
        /// The flow log.
        id: String,
        /// What is wrong and what to write.
        problem: BucketArnError,
    },
}

impl Destination {
    /// A bucket by its ARN.
    pub fn bucket(arn: &BucketArn, options: DestinationOptions) -> Self {
        Self::Bucket { bucket: arn.bucket().as_str().to_owned(), folder: arn.folder().to_owned(), options }
    }
}

impl FlowLog {
    /// Checks id, account, region, name of the bucket and folder.
    ///
    /// # Errors
    /// When one is malformed, or the folder is `AWSLogs`, which is reserved. The name of a log group is not looked at.
    pub fn check(&self) -> Result<(), FlowLogError> {
        IdKind::FlowLog.check(&self.id)?;
        let owner = |problem| FlowLogError::Owner { id: self.id.clone(), problem };
        check_account_id(&self.account_id).map_err(owner)?;
        check_region(&self.region).map_err(owner)?;
        match &self.destination {
            Destination::Bucket { bucket, folder, .. } => match BucketArn::new(bucket, folder) {
                Ok(_) => Ok(()),
                Err(problem) => Err(FlowLogError::Destination { id: self.id.clone(), problem }),
            },
            // Whoever keeps log groups knows what their names may be.
            Destination::LogGroup { .. } => Ok(()),
        }
    }
}

/// A flow log as it is read.
#[derive(Deserialize)]
struct Unchecked {
    id: String,
    account_id: String,
    region: String,
    #[serde(default)]
    traffic_type: TrafficType,
    #[serde(default)]
    log_format: Format,
    #[serde(default)]
    max_aggregation_interval: AggregationInterval,
    destination: Destination,
}

impl TryFrom<Unchecked> for FlowLog {
    type Error = FlowLogError;

    fn try_from(unchecked: Unchecked) -> Result<Self, FlowLogError> {
        let Unchecked { id, account_id, region, traffic_type, log_format, max_aggregation_interval, destination } =
            unchecked;
        let flow_log = Self { id, account_id, region, traffic_type, log_format, max_aggregation_interval, destination };
        flow_log.check().map(|()| flow_log)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow_log(change: impl FnOnce(&mut FlowLog)) -> FlowLog {
        let arn: BucketArn = "arn:aws:s3:::flow-logs/lab/".parse().unwrap();
        let mut flow_log = FlowLog {
            id: "fl-0123456789abcdef0".into(),
            account_id: "123456789012".into(),
            region: "us-east-1".into(),
            traffic_type: TrafficType::All,
            log_format: Format::default(),
            max_aggregation_interval: AggregationInterval::Minute,
            destination: Destination::bucket(&arn, DestinationOptions::default()),
        };
        change(&mut flow_log);
        flow_log
    }

    fn refusal(change: impl FnOnce(&mut FlowLog)) -> String {
        let flow_log = flow_log(change);
        let error = flow_log.check().unwrap_err().to_string();
        let json = serde_json::to_string(&flow_log).unwrap();
        let read = serde_json::from_str::<FlowLog>(&json).unwrap_err().to_string();
        assert!(read.contains(&error), "{read}");
        error
    }

    #[test]
    fn a_good_one_is_read_back_as_it_was() {
        let flow_log = flow_log(|_| {});
        assert_eq!(flow_log.check(), Ok(()));
        let json = serde_json::to_string(&flow_log).unwrap();
        assert_eq!(serde_json::from_str::<FlowLog>(&json).unwrap(), flow_log);
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert!(refusal(|it| it.id = "fl-lab".into()).contains("`fl-lab` is no id of a flow log"));
        let account = refusal(|it| it.account_id = "12345".into());
        assert!(account.starts_with("flow log fl-0123456789abcdef0: `12345` is no account id"), "{account}");
        assert!(refusal(|it| it.region = "US East".into()).contains("`US East` is no region"));
        let bucket = |bucket: &str, folder: &str| {
            let (bucket, folder) = (bucket.to_owned(), folder.to_owned());
            refusal(|it| {
                it.destination = Destination::Bucket { bucket, folder, options: DestinationOptions::default() }
            })
        };
        assert!(bucket("Logs", "").contains("lower-case"));
        assert!(bucket("flow-logs", "AWSLogs").contains("AWSLogs is the folder that delivery makes"));
    }
}
