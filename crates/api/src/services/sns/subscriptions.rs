//! Subscriptions.

use weir_watch::topic::{
    AttributesOutput, ConfirmSubscriptionInput, ListInput, ListSubscriptionsOutput, SetSubscriptionAttributesInput,
    SubscribeInput, SubscriptionOutput, SubscriptionRef,
};

use super::Sns;
use crate::{ApiError, Call};

pub(super) fn subscribe(sns: &Sns, call: &Call, input: &SubscribeInput) -> Result<SubscriptionOutput, ApiError> {
    Ok(sns.region(call, &input.topic_arn)?.topics.subscribe(input, call.now)?)
}

/// `AuthenticateOnUnsubscribe` is for those who have signed their request.
pub(super) fn confirm(
    sns: &Sns,
    call: &Call,
    input: &ConfirmSubscriptionInput,
) -> Result<SubscriptionOutput, ApiError> {
    let mut input = input.clone();
    if !call.principal.is_somebody() {
        input.authenticate_on_unsubscribe = None;
    }
    Ok(sns.region(call, &input.topic_arn)?.topics.confirm_subscription(&input, call.now)?)
}

/// Whoever has the link may do it too, and is told how to take it back.
pub(super) fn unsubscribe(sns: &Sns, call: &Call, input: &SubscriptionRef) -> Result<(), ApiError> {
    let topics = &sns.region(call, &input.subscription_arn)?.topics;
    match call.principal.is_somebody() {
        true => Ok(topics.unsubscribe(input, call.now)?),
        false => Ok(topics.unsubscribe_by_link(input, call.now)?),
    }
}

pub(super) fn list(sns: &Sns, call: &Call, input: &ListInput) -> Result<ListSubscriptionsOutput, ApiError> {
    let all = ListInput { topic_arn: None, next_token: input.next_token.clone() };
    Ok(sns.region(call, "")?.topics.list_subscriptions(&all, call.now)?)
}

pub(super) fn list_by_topic(sns: &Sns, call: &Call, input: &ListInput) -> Result<ListSubscriptionsOutput, ApiError> {
    // One must be given: an empty text is refused as an ARN.
    let topic_arn = Some(input.topic_arn.clone().unwrap_or_default());
    let input = ListInput { topic_arn, next_token: input.next_token.clone() };
    Ok(sns.region(call, "")?.topics.list_subscriptions(&input, call.now)?)
}

pub(super) fn get_attributes(sns: &Sns, call: &Call, input: &SubscriptionRef) -> Result<AttributesOutput, ApiError> {
    Ok(sns.region(call, &input.subscription_arn)?.topics.get_subscription_attributes(input, call.now)?)
}

pub(super) fn set_attributes(sns: &Sns, call: &Call, input: &SetSubscriptionAttributesInput) -> Result<(), ApiError> {
    Ok(sns.region(call, &input.subscription_arn)?.topics.set_subscription_attributes(input, call.now)?)
}
