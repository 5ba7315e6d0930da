//! Log groups.

use serde::{Deserialize, Serialize};
use weir_store::logs::{CreateLogGroupRequest, DescribeLogGroupsRequest, LogGroup};

use super::Logs;
use crate::{ApiError, Call};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GroupInput {
    log_group_name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DescribeOutput {
    log_groups: Vec<Described>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    #[serde(flatten)]
    group: LogGroup,
    metric_filter_count: usize,
    deletion_protection_enabled: bool,
}

pub(super) fn create(logs: &Logs, call: &Call, input: &CreateLogGroupRequest) -> Result<(), ApiError> {
    Ok(logs.region(call)?.logs.create_log_group(input, call.now)?)
}

pub(super) fn delete(logs: &Logs, call: &Call, input: &GroupInput) -> Result<(), ApiError> {
    let region = logs.region(call)?;
    region.logs.delete_log_group(&input.log_group_name)?;
    region.watcher.delete_log_group(&input.log_group_name, call.now).map_err(ApiError::internal)
}

pub(super) fn describe(logs: &Logs, call: &Call, input: &DescribeLogGroupsRequest) -> Result<DescribeOutput, ApiError> {
    let region = logs.region(call)?;
    let page = region.logs.describe_log_groups(input)?;
    let described = |group: LogGroup| Described {
        metric_filter_count: region.watcher.metric_filter_count(&group.log_group_name),
        deletion_protection_enabled: false,
        group,
    };
    Ok(DescribeOutput { log_groups: page.log_groups.into_iter().map(described).collect(), next_token: page.next_token })
}
