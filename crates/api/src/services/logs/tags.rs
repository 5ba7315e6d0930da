//! Tags of log groups: one set, by name or by ARN.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Logs, name_of};
use crate::{ApiError, Call};

/// Tags of a resource, at most.
const MOST: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TagGroupInput {
    log_group_name: String,
    tags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UntagGroupInput {
    log_group_name: String,
    tags: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GroupInput {
    log_group_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TagInput {
    resource_arn: String,
    tags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UntagInput {
    resource_arn: String,
    tag_keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ResourceInput {
    resource_arn: String,
}

#[derive(Serialize)]
pub(super) struct TagsOutput {
    tags: BTreeMap<String, String>,
}

pub(super) fn tag_group(logs: &Logs, call: &Call, input: &TagGroupInput) -> Result<(), ApiError> {
    add(logs, call, &input.log_group_name, &input.tags)
}

pub(super) fn untag_group(logs: &Logs, call: &Call, input: &UntagGroupInput) -> Result<(), ApiError> {
    Ok(logs.region(call)?.logs.untag_log_group(&input.log_group_name, &input.tags)?)
}

pub(super) fn list_group(logs: &Logs, call: &Call, input: &GroupInput) -> Result<TagsOutput, ApiError> {
    Ok(TagsOutput { tags: logs.region(call)?.logs.list_tags_log_group(&input.log_group_name)? })
}

pub(super) fn tag(logs: &Logs, call: &Call, input: &TagInput) -> Result<(), ApiError> {
    add(logs, call, &name_of(call, &input.resource_arn)?, &input.tags)
}

pub(super) fn untag(logs: &Logs, call: &Call, input: &UntagInput) -> Result<(), ApiError> {
    let name = name_of(call, &input.resource_arn)?;
    Ok(logs.region(call)?.logs.untag_log_group(&name, &input.tag_keys)?)
}

pub(super) fn list(logs: &Logs, call: &Call, input: &ResourceInput) -> Result<TagsOutput, ApiError> {
    let name = name_of(call, &input.resource_arn)?;
    Ok(TagsOutput { tags: logs.region(call)?.logs.list_tags_log_group(&name)? })
}

fn add(logs: &Logs, call: &Call, group: &str, tags: &BTreeMap<String, String>) -> Result<(), ApiError> {
    let store = &logs.region(call)?.logs;
    let mut all = store.list_tags_log_group(group)?;
    all.extend(tags.clone());
    if all.len() > MOST {
        let message = format!("Resource cannot have more than {MOST} tags");
        return Err(ApiError::new("TooManyTagsException", message));
    }
    Ok(store.tag_log_group(group, tags)?)
}
