//! Topics.

use weir_watch::topic::{
    AddPermissionInput, AttributesOutput, CreateTopicInput, ListInput, ListTopicsOutput, RemovePermissionInput,
    SetTopicAttributesInput, TopicError, TopicRef,
};

use super::Sns;
use crate::{
    ApiError, Call,
    access::policy::{Policy, PolicyKind},
};

/// # Errors
/// The attribute is the policy, and what is given is none.
fn check_policy(name: &str, value: &str) -> Result<(), TopicError> {
    let is_in_order = name != "Policy" || value.is_empty() || Policy::parse(value, PolicyKind::Resource).is_ok();
    // SNS does not say what is wrong with it.
    if is_in_order { Ok(()) } else { Err(TopicError::InvalidParameter("Policy Error: null".to_owned())) }
}

pub(super) fn create(sns: &Sns, call: &Call, input: &CreateTopicInput) -> Result<TopicRef, ApiError> {
    input.attributes.iter().try_for_each(|(name, value)| check_policy(name, value))?;
    Ok(sns.region(call, "")?.topics.create_topic(input, call.now)?)
}

pub(super) fn delete(sns: &Sns, call: &Call, input: &TopicRef) -> Result<(), ApiError> {
    Ok(sns.region(call, &input.topic_arn)?.topics.delete_topic(input)?)
}

pub(super) fn list(sns: &Sns, call: &Call, input: &ListInput) -> Result<ListTopicsOutput, ApiError> {
    Ok(sns.region(call, "")?.topics.list_topics(input)?)
}

pub(super) fn get_attributes(sns: &Sns, call: &Call, input: &TopicRef) -> Result<AttributesOutput, ApiError> {
    Ok(sns.region(call, &input.topic_arn)?.topics.get_topic_attributes(input, call.now)?)
}

pub(super) fn set_attributes(sns: &Sns, call: &Call, input: &SetTopicAttributesInput) -> Result<(), ApiError> {
    check_policy(&input.attribute_name, input.attribute_value.as_deref().unwrap_or_default())?;
    Ok(sns.region(call, &input.topic_arn)?.topics.set_topic_attributes(input)?)
}

pub(super) fn add_permission(sns: &Sns, call: &Call, input: &AddPermissionInput) -> Result<(), ApiError> {
    Ok(sns.region(call, &input.topic_arn)?.topics.add_permission(input)?)
}

pub(super) fn remove_permission(sns: &Sns, call: &Call, input: &RemovePermissionInput) -> Result<(), ApiError> {
    Ok(sns.region(call, &input.topic_arn)?.topics.remove_permission(input)?)
}
