//! Queues, their attributes and tags.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weir_watch::queue::{
    AddPermissionInput, Attributes, CreateQueueInput, ListQueuesInput, QueueError, RemovePermissionInput,
    SetQueueAttributesInput,
};

use super::{Sqs, url};
use crate::{
    ApiError, Call,
    access::policy::{Policy, PolicyKind},
};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UrlOutput {
    queue_url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
pub(super) struct UrlInput {
    queue_name: Option<String>,
    #[serde(rename = "QueueOwnerAWSAccountId")]
    owner: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct QueueInput {
    queue_url: String,
    attribute_names: Vec<String>,
    tags: BTreeMap<String, String>,
    tag_keys: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AttributesOutput {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attributes: Attributes,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListOutput {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    queue_urls: Vec<String>,
    next_token: Option<String>,
}

/// The member has a small first letter in this one operation.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SourcesOutput {
    queue_urls: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TagsOutput {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<String, String>,
}

/// # Errors
/// There is a policy among the attributes that is none.
fn check_policy(attributes: &Attributes) -> Result<(), QueueError> {
    let given = attributes.get("Policy").filter(|text| !text.is_empty());
    let is_in_order = given.is_none_or(|text| Policy::parse(text, PolicyKind::Resource).is_ok());
    if is_in_order { Ok(()) } else { Err(QueueError::InvalidAttributeValue("Policy".to_owned(), None)) }
}

pub(super) fn create(sqs: &Sqs, call: &Call, input: &CreateQueueInput) -> Result<UrlOutput, ApiError> {
    check_policy(&input.attributes)?;
    let name = sqs.queues(call)?.create_queue(input, call.now)?;
    Ok(UrlOutput { queue_url: url(call, &name) })
}

pub(super) fn get_url(sqs: &Sqs, call: &Call, input: &UrlInput) -> Result<UrlOutput, ApiError> {
    let name = input.queue_name.as_deref().ok_or(QueueError::MissingParameter("QueueName"))?;
    if input.owner.as_ref().is_some_and(|owner| *owner != call.account) {
        return Err(QueueError::NonExistentQueue.into());
    }
    let name = sqs.queues(call)?.queue_of_name(name)?;
    Ok(UrlOutput { queue_url: url(call, &name) })
}

pub(super) fn delete(sqs: &Sqs, call: &Call, input: &QueueInput) -> Result<(), ApiError> {
    Ok(sqs.queues(call)?.delete_queue(&input.queue_url)?)
}

pub(super) fn purge(sqs: &Sqs, call: &Call, input: &QueueInput) -> Result<(), ApiError> {
    Ok(sqs.queues(call)?.purge_queue(&input.queue_url, call.now)?)
}

pub(super) fn list(sqs: &Sqs, call: &Call, input: &ListQueuesInput) -> Result<ListOutput, ApiError> {
    let (names, next_token) = sqs.queues(call)?.list_queues(input)?;
    Ok(ListOutput { queue_urls: names.iter().map(|name| url(call, name)).collect(), next_token })
}

pub(super) fn list_sources(sqs: &Sqs, call: &Call, input: &QueueInput) -> Result<SourcesOutput, ApiError> {
    let names = sqs.queues(call)?.list_dead_letter_source_queues(&input.queue_url)?;
    Ok(SourcesOutput { queue_urls: names.iter().map(|name| url(call, name)).collect() })
}

pub(super) fn get_attributes(sqs: &Sqs, call: &Call, input: &QueueInput) -> Result<AttributesOutput, ApiError> {
    let attributes = sqs.queues(call)?.get_queue_attributes(&input.queue_url, &input.attribute_names, call.now)?;
    Ok(AttributesOutput { attributes })
}

pub(super) fn set_attributes(sqs: &Sqs, call: &Call, input: &SetQueueAttributesInput) -> Result<(), ApiError> {
    check_policy(&input.attributes)?;
    Ok(sqs.queues(call)?.set_queue_attributes(input, call.now)?)
}

pub(super) fn add_permission(sqs: &Sqs, call: &Call, input: &AddPermissionInput) -> Result<(), ApiError> {
    Ok(sqs.queues(call)?.add_permission(input, call.now)?)
}

pub(super) fn remove_permission(sqs: &Sqs, call: &Call, input: &RemovePermissionInput) -> Result<(), ApiError> {
    Ok(sqs.queues(call)?.remove_permission(input, call.now)?)
}

pub(super) fn tag(sqs: &Sqs, call: &Call, input: &QueueInput) -> Result<(), ApiError> {
    Ok(sqs.queues(call)?.tag_queue(&input.queue_url, &input.tags)?)
}

pub(super) fn untag(sqs: &Sqs, call: &Call, input: &QueueInput) -> Result<(), ApiError> {
    Ok(sqs.queues(call)?.untag_queue(&input.queue_url, &input.tag_keys)?)
}

pub(super) fn list_tags(sqs: &Sqs, call: &Call, input: &QueueInput) -> Result<TagsOutput, ApiError> {
    Ok(TagsOutput { tags: sqs.queues(call)?.list_queue_tags(&input.queue_url)? })
}
