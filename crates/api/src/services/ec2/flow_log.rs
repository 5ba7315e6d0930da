//! Flow logs.

mod create;
mod destination;
mod own;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use weir_network::{AggregationInterval, BucketArn, DestinationOptions, TrafficType};
use weir_record::{FileFormat, Format};

use super::{
    Ec2,
    kind::{FLOW_LOG, Kind, required},
    query::{self, Describe, Described, FilterPath},
    state::State,
};
use crate::{ApiError, Call};

pub(super) use create::create;

/// What is known of the delivery of flow logs: the program fills it.
pub trait Deliveries: Send + Sync {
    /// What keeps a flow log from being delivered, in the words of AWS, such as `Access error`; nothing when it is
    /// delivered.
    fn problem(&self, flow_log_id: &str) -> Option<String>;

    /// The interval of the capture: no record stands for less.
    fn shortest_interval(&self) -> AggregationInterval;
}

/// Gives flow logs the right to write into buckets: whoever keeps buckets does.
pub trait DeliveryRights: Send + Sync {
    /// Lets the flow logs of the caller's account and region write below a folder of a bucket, if the caller may give that
    /// right. Says whether they may write then.
    ///
    /// # Errors
    /// When what is kept of the bucket cannot be read or written.
    fn grant(&self, call: &Call, destination: &BucketArn) -> Result<bool, ApiError>;
}

/// A flow log, as its owner wrote it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FlowLog {
    pub(super) flow_log_id: String,
    pub(super) resource_id: String,
    pub(super) creation_time: i64,
    flow_log_status: String,
    pub(super) traffic_type: TrafficType,
    log_destination_type: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) log_destination: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) log_group_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) deliver_logs_permission_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    deliver_cross_account_role: Option<String>,
    pub(super) log_format: Format,
    pub(super) max_aggregation_interval: AggregationInterval,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) destination_options: Option<Options>,
    private: Inner,
}

/// How objects are written, in the words of AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Options {
    #[serde(alias = "FileFormat")]
    pub(super) file_format: FileFormat,
    #[serde(alias = "HiveCompatiblePartitions")]
    pub(super) hive_compatible_partitions: bool,
    #[serde(alias = "PerHourPartition")]
    pub(super) per_hour_partition: bool,
}

impl From<DestinationOptions> for Options {
    fn from(options: DestinationOptions) -> Self {
        let DestinationOptions { file_format, hive_compatible_partitions, per_hour_partition } = options;
        Self { file_format, hive_compatible_partitions, per_hour_partition }
    }
}

impl From<Options> for DestinationOptions {
    fn from(options: Options) -> Self {
        let Options { file_format, hive_compatible_partitions, per_hour_partition } = options;
        Self { file_format, hive_compatible_partitions, per_hour_partition }
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Inner {
    client_token: Option<String>,
    /// Whether the settings of the program made it, and no client.
    #[serde(default)]
    is_own: bool,
}

impl FlowLog {
    /// Whether the settings of the program made it, and no client.
    pub(super) fn is_own(&self) -> bool {
        self.private.is_own
    }

    /// Whether it says the same about the same.
    fn is_like(&self, other: &Self) -> bool {
        let says = |it: &Self| {
            (
                it.resource_id.clone(),
                it.traffic_type,
                it.log_destination.clone(),
                it.log_group_name.clone(),
                it.log_format.clone(),
                it.max_aggregation_interval,
                it.destination_options,
            )
        };
        says(self) == says(other)
    }
}

impl Described for FlowLog {
    const KIND: &'static Kind = &FLOW_LOG;
    const SET: &'static str = "flowLogSet";
    const FILTERS: &'static [FilterPath] = &[
        ("flow-log-id", "flowLogId"),
        ("resource-id", "resourceId"),
        ("traffic-type", "trafficType"),
        ("log-destination-type", "logDestinationType"),
        ("log-group-name", "logGroupName"),
        ("deliver-log-status", "deliverLogsStatus"),
    ];
    const ALWAYS_TAGS: bool = true;

    fn id(&self) -> &str {
        &self.flow_log_id
    }
}

/// What is not there is left out: other than with other things that is no error.
pub(super) fn describe(ec2: &Ec2, call: &Call, ask: &Describe) -> Result<Value, ApiError> {
    let state = ec2.state(call)?;
    let asked = |log: &&FlowLog| ask.ids.is_empty() || ask.ids.contains(&log.flow_log_id);
    let deliveries = ec2.deliveries();
    let all = state.flow_logs.iter().filter(asked).map(|log| with_delivery(log, &state, deliveries.as_ref())).collect();
    let (kept, next_token) = query::paged(query::filtered(all, &ask.filter, FlowLog::FILTERS)?, ask, 1)?;
    let kept: Vec<Value> = kept.into_iter().map(query::without_private).collect();
    Ok(json!({ "flowLogSet": kept, "nextToken": next_token }))
}

fn with_delivery(log: &FlowLog, state: &State, deliveries: Option<&Arc<dyn Deliveries>>) -> Value {
    let problem = deliveries.and_then(|deliveries| deliveries.problem(&log.flow_log_id));
    let mut value = query::full(log, state);
    value["deliverLogsStatus"] = json!(if problem.is_some() { "FAILED" } else { "SUCCESS" });
    value["deliverLogsErrorMessage"] = json!(problem);
    value
}

fn not_found(ids: &[&str]) -> ApiError {
    let (count, ids) = (ids.len(), ids.join(" "));
    let text = format!("These flow log ids in the input list are not found: [TotalCount: {count}] {ids}");
    ApiError::new("InvalidFlowLogId.NotFound", text)
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct DeleteInput {
    flow_log_id: Vec<String>,
}

/// What was delivered stays.
pub(super) fn delete(ec2: &Ec2, call: &Call, input: &DeleteInput) -> Result<Value, ApiError> {
    required(input.flow_log_id.first(), "FlowLogIds")?;
    ec2.change(call, |state| {
        let ids = input.flow_log_id.iter().map(String::as_str);
        let missing: Vec<&str> = ids.filter(|id| !state.flow_logs.contains(id)).collect();
        if !missing.is_empty() {
            return Err(not_found(&missing));
        }
        input.flow_log_id.iter().try_for_each(|id| own::check_deletable(state, id))?;
        input.flow_log_id.iter().for_each(|id| state.remove::<FlowLog>(id));
        Ok(json!({ "unsuccessful": [] }))
    })
}

/// Takes the flow logs of a thing away that is gone.
pub(super) fn forget(state: &mut State, resource_id: &str) {
    for id in state.flow_logs.ids(|log| log.resource_id == resource_id && !log.is_own()) {
        state.remove::<FlowLog>(&id);
    }
}
