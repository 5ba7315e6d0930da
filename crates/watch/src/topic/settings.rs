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
        _ => Err(TopicError::InvalidParameter(format!("{name}: Invalid value [{value}]. Must be true or false."))),
    }
}

/// No such attribute, or one that Weir does not have.
fn unknown<T>(name: &str) -> Result<T, TopicError> {
    tracing::debug!(name, "no such attribute");
    Err(TopicError::InvalidParameter("AttributeName".to_owned()))
}

/// An attribute that is set although there is nothing behind it.
fn unsupported<T>(name: &str, instead: &str) -> Result<T, TopicError> {
    Err(TopicError::parameter(name, format!("not supported: {instead}")))
}
