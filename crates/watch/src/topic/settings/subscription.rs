//! The attributes of a subscription.

use serde::{Deserialize, Serialize};

use super::{boolean, unknown, unsupported};
use crate::{
    notice::{DeliveryPolicy, Template},
    queue::queue_name,
    topic::{FilterPolicy, FilterPolicyScope, Message, Protocol, TopicError, operation::Attributes},
};

/// The attribute that holds the template of a webhook; ours, not one of SNS.
pub(crate) const TEMPLATE: &str = "WeirTemplate";

/// What was set; none: the default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct SubscriptionSettings {
    filter_policy: Option<String>,
    filter_policy_scope: Option<FilterPolicyScope>,
    pub(crate) raw_message_delivery: bool,
    delivery_policy: Option<String>,
    redrive_policy: Option<String>,
    weir_template: Option<String>,
    /// Only the account may unsubscribe.
    pub(crate) authenticate_on_unsubscribe: bool,
}

/// `RedrivePolicy`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RedrivePolicy {
    dead_letter_target_arn: String,
}

impl SubscriptionSettings {
    /// The settings that these attributes make.
    pub(crate) fn of(protocol: Protocol, attributes: &Attributes) -> Result<Self, TopicError> {
        Self::default().with(protocol, attributes)
    }

    /// These settings with some changed; an empty text sets one back.
    pub(crate) fn with(&self, protocol: Protocol, attributes: &Attributes) -> Result<Self, TopicError> {
        let mut changed = self.clone();
        for (name, value) in attributes {
            changed.set(protocol, name, value)?;
        }
        changed.check()?;
        Ok(changed)
    }

    fn set(&mut self, protocol: Protocol, name: &str, value: &str) -> Result<(), TopicError> {
        let given = (!value.is_empty()).then(|| value.to_owned());
        let only_for = |is_for: bool, which: &str| match is_for {
            true => Ok(()),
            false => unsupported(name, &format!("it is for {which}")),
        };
        let posts_only = || only_for(protocol.is_post(), "http and https");
        match name {
            "FilterPolicy" => self.filter_policy = given.filter(|text| text.trim() != "{}"),
            "FilterPolicyScope" => self.filter_policy_scope = given.as_deref().map(scope).transpose()?,
            "RawMessageDelivery" => {
                self.raw_message_delivery = given.is_some() && boolean(name, value)?;
                if self.raw_message_delivery && protocol.is_mail() {
                    let reason = format!("Delivery protocol [{protocol}] does not support raw message delivery.");
                    return Err(TopicError::InvalidParameter(reason));
                }
            }
            "DeliveryPolicy" => {
                posts_only()?;
                self.delivery_policy = given;
            }
            "RedrivePolicy" => self.redrive_policy = given,
            TEMPLATE => {
                posts_only()?;
                self.weir_template = given;
            }
            "SubscriptionRoleArn" => return unsupported(name, "it is for firehose"),
            "ReplayPolicy" => return unsupported(name, "it is for FIFO topics"),
            _ => return unknown(name),
        }
        Ok(())
    }

    /// What can only be judged together.
    fn check(&self) -> Result<(), TopicError> {
        self.filter()?;
        self.delivery()?;
        self.dead_letter_queue()?;
        self.template()?;
        if self.raw_message_delivery && self.weir_template.is_some() {
            return Err(TopicError::parameter(
                TEMPLATE,
                "a raw message has no template: set RawMessageDelivery to false",
            ));
        }
        Ok(())
    }

    /// Whether the subscription wants this message.
    pub(crate) fn want(&self, message: &Message) -> Result<bool, TopicError> {
        Ok(self.filter()?.is_none_or(|policy| policy.wants(message)))
    }

    pub(crate) fn has_filter(&self) -> bool {
        self.filter_policy.is_some()
    }

    fn filter(&self) -> Result<Option<FilterPolicy>, TopicError> {
        let parse = |text: &String| FilterPolicy::parse(text, self.filter_policy_scope.unwrap_or_default());
        let refused = |error: crate::topic::FilterPolicyError| TopicError::InvalidParameter(error.to_string());
        self.filter_policy.as_ref().map(parse).transpose().map_err(refused)
    }

    /// The subscription's own delivery policy.
    pub(crate) fn delivery(&self) -> Result<Option<DeliveryPolicy>, TopicError> {
        let refused = |reason| TopicError::InvalidParameter(format!("DeliveryPolicy: {reason}"));
        self.delivery_policy.as_deref().map(DeliveryPolicy::parse).transpose().map_err(refused)
    }

    /// The template of a webhook.
    pub(crate) fn template(&self) -> Result<Option<Template>, TopicError> {
        let refused = |reason| TopicError::InvalidParameter(format!("{TEMPLATE}: {reason}"));
        self.weir_template.as_deref().map(Template::parse).transpose().map_err(refused)
    }

    /// The name of the queue that `RedrivePolicy` gives; on disk it is a folder.
    pub(crate) fn dead_letter_queue(&self) -> Result<Option<String>, TopicError> {
        let refused = |reason: String| TopicError::InvalidParameter(format!("RedrivePolicy: {reason}"));
        let Some(text) = &self.redrive_policy else {
            return Ok(None);
        };
        let policy: RedrivePolicy = serde_json::from_str(text).map_err(|error| refused(error.to_string()))?;
        let arn = &policy.dead_letter_target_arn;
        match queue_name(arn) {
            Some(name) => Ok(Some(name.to_owned())),
            None => Err(refused("deadLetterTargetArn is an invalid arn".to_owned())),
        }
    }

    /// As `GetSubscriptionAttributes` shows them.
    pub(crate) fn shown(&self) -> Attributes {
        let mut shown = Attributes::from([("RawMessageDelivery".to_owned(), self.raw_message_delivery.to_string())]);
        let scope = self.filter_policy.as_ref().map(|_| match self.filter_policy_scope.unwrap_or_default() {
            FilterPolicyScope::MessageAttributes => "MessageAttributes".to_owned(),
            FilterPolicyScope::MessageBody => "MessageBody".to_owned(),
        });
        let given = [
            ("FilterPolicy", self.filter_policy.clone()),
            ("FilterPolicyScope", scope),
            ("DeliveryPolicy", self.delivery_policy.clone()),
            ("RedrivePolicy", self.redrive_policy.clone()),
            (TEMPLATE, self.weir_template.clone()),
        ];
        shown.extend(given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        shown
    }
}

fn scope(text: &str) -> Result<FilterPolicyScope, TopicError> {
    match text {
        "MessageAttributes" => Ok(FilterPolicyScope::MessageAttributes),
        "MessageBody" => Ok(FilterPolicyScope::MessageBody),
        _ => Err(TopicError::InvalidParameter(format!(
            "FilterPolicyScope: Invalid value [{text}]. Please use either MessageBody or MessageAttributes"
        ))),
    }
}
