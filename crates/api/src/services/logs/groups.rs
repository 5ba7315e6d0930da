//! Log groups.

use serde::{Deserialize, Serialize};
use weir_store::logs::{CreateLogGroupRequest, DescribeLogGroupsRequest, LogGroup};

use super::{Logs, error::invalid, name_of, stored};
use crate::{ApiError, Call};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateInput {
    #[serde(flatten)]
    request: CreateLogGroupRequest,
    #[serde(default)]
    kms_key_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GroupInput {
    log_group_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DescribeInput {
    #[serde(flatten)]
    request: DescribeLogGroupsRequest,
    #[serde(default)]
    log_group_identifiers: Vec<String>,
    log_group_class: Option<String>,
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
    log_group_name: String,
    creation_time: i64,
    retention_in_days: Option<u32>,
    metric_filter_count: usize,
    arn: String,
    stored_bytes: Option<u64>,
    log_group_class: String,
    log_group_arn: String,
    deletion_protection_enabled: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListInput {
    log_group_name_pattern: Option<String>,
    log_group_class: Option<String>,
    next_token: Option<String>,
    limit: Option<usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListOutput {
    log_groups: Vec<Listed>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    log_group_name: String,
    log_group_arn: String,
    log_group_class: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RetentionInput {
    log_group_name: String,
    retention_in_days: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProtectInput {
    log_group_identifier: String,
    deletion_protection_enabled: bool,
}

pub(super) fn create(logs: &Logs, call: &Call, input: &CreateInput) -> Result<(), ApiError> {
    if input.kms_key_id.is_some() {
        return Err(invalid("kmsKeyId is not supported: log groups are kept as the disk keeps them."));
    }
    Ok(logs.region(call)?.logs.create_log_group(&input.request, call.now)?)
}

pub(super) fn delete(logs: &Logs, call: &Call, input: &GroupInput) -> Result<(), ApiError> {
    let region = logs.region(call)?;
    region.logs.delete_log_group(&input.log_group_name)?;
    logs.deliveries.end(&call.region, &input.log_group_name, None);
    logs.catalogue.change(|transaction| stored::delete_group(transaction, &call.region, &input.log_group_name))?;
    Ok(region.watcher.delete_log_group(&input.log_group_name, call.now)?)
}

pub(super) fn describe(logs: &Logs, call: &Call, input: &DescribeInput) -> Result<DescribeOutput, ApiError> {
    let region = logs.region(call)?;
    let wanted = wanted(call, input)?;
    let page = region.logs.describe_log_groups(&input.request)?;
    let by_pattern = input.request.log_group_name_pattern.is_some();
    let described = |group: LogGroup| Described {
        metric_filter_count: region.watcher.metric_filter_count(&group.log_group_name),
        log_group_name: group.log_group_name,
        creation_time: group.creation_time,
        retention_in_days: group.retention_in_days,
        arn: group.arn,
        stored_bytes: (!by_pattern).then_some(group.stored_bytes),
        log_group_class: group.log_group_class,
        log_group_arn: group.log_group_arn,
        deletion_protection_enabled: group.deletion_protection_enabled,
    };
    // With a pattern AWS gives a token behind the last page too: the page there is empty.
    let last = page.log_groups.last().filter(|_| by_pattern).map(|group| group.log_group_name.clone());
    let log_groups = page.log_groups.into_iter().filter(|group| wanted(group)).map(described).collect();
    Ok(DescribeOutput { log_groups, next_token: page.next_token.or(last) })
}

/// Which of a page are asked for besides.
fn wanted<'a>(call: &Call, input: &'a DescribeInput) -> Result<impl Fn(&LogGroup) -> bool + 'a, ApiError> {
    let named = &input.log_group_identifiers;
    if !named.is_empty()
        && (input.request.log_group_name_prefix.is_some() || input.request.log_group_name_pattern.is_some())
    {
        return Err(invalid("logGroupIdentifiers cannot be used together with a prefix or a pattern."));
    }
    let names = named.iter().map(|name| name_of(call, name)).collect::<Result<Vec<_>, _>>()?;
    Ok(move |group: &LogGroup| {
        (names.is_empty() || names.contains(&group.log_group_name))
            && input.log_group_class.as_ref().is_none_or(|class| *class == group.log_group_class)
    })
}

/// `a|^b`: names that contain the one, or begin with the other.
pub(super) fn list(logs: &Logs, call: &Call, input: &ListInput) -> Result<ListOutput, ApiError> {
    let patterns: Vec<&str> = input.log_group_name_pattern.iter().flat_map(|pattern| pattern.split('|')).collect();
    let fits = |name: &str| {
        let one = |pattern: &&str| match pattern.strip_prefix('^') {
            Some(prefix) => name.starts_with(prefix),
            None => name.contains(pattern),
        };
        patterns.is_empty() || patterns.iter().any(one)
    };
    let limit = input.limit.unwrap_or(50);
    let region = logs.region(call)?;
    let mut output = ListOutput { log_groups: Vec::new(), next_token: None };
    let mut request = DescribeLogGroupsRequest { next_token: input.next_token.clone(), ..Default::default() };
    loop {
        let page = region.logs.describe_log_groups(&request)?;
        for group in page.log_groups.into_iter().filter(|group| fits(&group.log_group_name)) {
            if input.log_group_class.as_ref().is_some_and(|class| *class != group.log_group_class) {
                continue;
            }
            if output.log_groups.len() == limit {
                output.next_token = output.log_groups.last().map(|last| last.log_group_name.clone());
                return Ok(output);
            }
            let LogGroup { log_group_name, log_group_arn, log_group_class, .. } = group;
            output.log_groups.push(Listed { log_group_name, log_group_arn, log_group_class });
        }
        match page.next_token {
            None => return Ok(output),
            next_token => request.next_token = next_token,
        }
    }
}

pub(super) fn put_retention(logs: &Logs, call: &Call, input: &RetentionInput) -> Result<(), ApiError> {
    // No number of days that there is: refused by the store, with the days that there are.
    let days = u32::try_from(input.retention_in_days).unwrap_or(0);
    Ok(logs.region(call)?.logs.set_retention(&input.log_group_name, Some(days))?)
}

pub(super) fn delete_retention(logs: &Logs, call: &Call, input: &GroupInput) -> Result<(), ApiError> {
    Ok(logs.region(call)?.logs.set_retention(&input.log_group_name, None)?)
}

pub(super) fn protect(logs: &Logs, call: &Call, input: &ProtectInput) -> Result<(), ApiError> {
    let name = name_of(call, &input.log_group_identifier)?;
    Ok(logs.region(call)?.logs.set_deletion_protection(&name, input.deletion_protection_enabled)?)
}
