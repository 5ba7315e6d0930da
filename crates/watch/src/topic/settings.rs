//! The attributes of topics and subscriptions.

mod subscription;
mod topic;

pub(crate) use subscription::SubscriptionSettings;
pub(crate) use topic::TopicSettings;

use super::TopicError;

/// A boolean as SNS takes it.
fn boolean(name: &str, value: &str) -> Result<bool, TopicError> {
    match value {
        "true" | "True" => Ok(true),
        "false" | "False" => Ok(false),
        _ => Err(TopicError::parameter(name, format!("`{value}` is neither true nor false"))),
    }
}

/// No such attribute, or one that Weir does not have.
fn unknown<T>(name: &str) -> Result<T, TopicError> {
    Err(TopicError::InvalidParameter(format!("AttributeName: {name}")))
}

/// An attribute that is set although there is nothing behind it.
fn unsupported<T>(name: &str, instead: &str) -> Result<T, TopicError> {
    Err(TopicError::parameter(name, format!("not supported: {instead}")))
}
