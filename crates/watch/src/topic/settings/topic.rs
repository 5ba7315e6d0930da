//! The attributes of a topic.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{boolean, unknown, unsupported};
use crate::{
    notice::{SignatureVersion, TopicDeliveryPolicy},
    topic::{SIZE_LIMIT, TopicError, operation::Attributes},
};

/// The smallest `MaximumMessageSize`.
const SIZE_LEAST: usize = 1024;
/// What makes a topic a FIFO topic. It stays one.
const FIFO_TOPIC: &str = "FifoTopic";
/// The most characters of a display name.
const DISPLAY_NAME_LIMIT: usize = 100;

/// What was set; none: the default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct TopicSettings {
    pub(crate) display_name: Option<String>,
    policy: Option<String>,
    delivery_policy: Option<String>,
    signature_version: Option<SignatureVersion>,
    tracing_config: Option<String>,
    maximum_message_size: Option<usize>,
    fifo: Option<Fifo>,
}

/// What a FIFO topic has besides.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Fifo {
    content_based_deduplication: bool,
    /// `Topic` or `MessageGroup`: what deduplication ids count within.
    throughput_scope: Option<String>,
}

impl TopicSettings {
    /// The settings that these attributes make.
    pub(crate) fn of(attributes: &Attributes) -> Result<Self, TopicError> {
        let is_fifo = attributes.get(FIFO_TOPIC).map_or(Ok(false), |value| boolean(FIFO_TOPIC, value))?;
        Self { fifo: is_fifo.then(Fifo::default), ..Self::default() }.with(attributes)
    }

    fn with(mut self, attributes: &Attributes) -> Result<Self, TopicError> {
        attributes.iter().try_for_each(|(name, value)| self.set(name, value))?;
        Ok(self)
    }

    /// Sets one; an empty text sets it back.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<(), TopicError> {
        let given = (!value.is_empty()).then(|| value.to_owned());
        match name {
            "DisplayName" => self.display_name = given.map(display_name).transpose()?,
            "Policy" => self.policy = given.map(access_policy).transpose()?,
            "DeliveryPolicy" => self.delivery_policy = given.map(delivery_policy).transpose()?,
            "SignatureVersion" => self.signature_version = given.as_deref().map(signature_version).transpose()?,
            "TracingConfig" if matches!(value, "" | "PassThrough") => self.tracing_config = given,
            "TracingConfig" => return unsupported(name, "use PassThrough"),
            "MaximumMessageSize" => self.maximum_message_size = given.as_deref().map(message_size).transpose()?,
            "KmsMasterKeyId" if value.is_empty() => {}
            "KmsMasterKeyId" => return unsupported(name, "messages are kept as the disk keeps them"),
            FIFO_TOPIC if boolean(name, value)? == self.is_fifo() => {}
            FIFO_TOPIC => return Err(TopicError::parameter(name, "a topic stays of its kind")),
            "ContentBasedDeduplication" => {
                let is_on = !value.is_empty() && boolean(name, value)?;
                match &mut self.fifo {
                    Some(fifo) => fifo.content_based_deduplication = is_on,
                    None if is_on => {
                        let reason = "Content-based deduplication can only be set for FIFO topics";
                        return Err(TopicError::InvalidParameter(reason.into()));
                    }
                    None => {}
                }
            }
            "FifoThroughputScope" => match (&mut self.fifo, value) {
                (Some(fifo), "" | "Topic" | "MessageGroup") => fifo.throughput_scope = given,
                (Some(_), _) => return Err(TopicError::parameter(name, "it must be Topic or MessageGroup")),
                (None, _) => return unsupported(name, "it is for FIFO topics"),
            },
            "ArchivePolicy" => return unsupported(name, "messages are not archived"),
            _ => return unknown(name),
        }
        Ok(())
    }

    /// Whether these attributes are what is set already.
    pub(crate) fn has(&self, attributes: &Attributes) -> Result<bool, TopicError> {
        Ok(self.clone().with(attributes)? == *self)
    }

    pub(crate) fn is_fifo(&self) -> bool {
        self.fifo.is_some()
    }

    /// Whether the text of a message tells it from others.
    pub(crate) fn deduplicates_by_content(&self) -> bool {
        self.fifo.as_ref().is_some_and(|fifo| fifo.content_based_deduplication)
    }

    /// Whether deduplication ids count within groups.
    pub(crate) fn deduplicates_in_groups(&self) -> bool {
        let scope = self.fifo.as_ref().and_then(|fifo| fifo.throughput_scope.as_deref());
        scope == Some("MessageGroup")
    }

    /// Who may do what, as it was set.
    pub(crate) fn own_policy(&self) -> Option<&str> {
        self.policy.as_deref()
    }

    /// Who may do what, as JSON: as it was set, or the default.
    pub(crate) fn policy(&self, arn: &str, account: &str) -> Value {
        // Checked when it was set.
        let set = self.policy.as_deref().and_then(|text| serde_json::from_str(text).ok());
        set.unwrap_or_else(|| default_policy(arn, account))
    }

    /// What counts for the deliveries of this topic.
    pub(crate) fn delivery(&self) -> TopicDeliveryPolicy {
        // Checked when it was set.
        self.delivery_policy.as_deref().and_then(|text| TopicDeliveryPolicy::parse(text).ok()).unwrap_or_default()
    }

    pub(crate) fn signature(&self) -> SignatureVersion {
        self.signature_version.unwrap_or_default()
    }

    /// Bytes.
    pub(crate) fn message_size_limit(&self) -> usize {
        self.maximum_message_size.unwrap_or(SIZE_LIMIT)
    }

    /// As `GetTopicAttributes` shows them.
    pub(crate) fn shown(&self, arn: &str, account: &str) -> Attributes {
        let policy = || default_policy(arn, account).to_string();
        let mut effective = serde_json::to_value(self.delivery()).unwrap_or_default();
        if let Some(Value::Object(http)) = effective.get_mut("http") {
            // What is sent when nothing else is said.
            let usual = || serde_json::json!({"headerContentType": "text/plain; charset=UTF-8"});
            http.entry("defaultRequestPolicy").or_insert_with(usual);
        }
        let effective = effective.to_string();
        let mut shown = Attributes::from([
            ("TopicArn".to_owned(), arn.to_owned()),
            ("Owner".to_owned(), account.to_owned()),
            ("DisplayName".to_owned(), self.display_name.clone().unwrap_or_default()),
            ("Policy".to_owned(), self.policy.clone().unwrap_or_else(policy)),
            ("EffectiveDeliveryPolicy".to_owned(), effective),
        ]);
        let given = [
            ("DeliveryPolicy", self.delivery_policy.clone()),
            ("SignatureVersion", self.signature_version.map(|version| version.number().to_string())),
            ("TracingConfig", self.tracing_config.clone()),
            ("MaximumMessageSize", self.maximum_message_size.map(|size| size.to_string())),
        ];
        shown.extend(given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        if let Some(fifo) = &self.fifo {
            let scope = fifo.throughput_scope.clone().unwrap_or_else(|| "Topic".to_owned());
            shown.insert(FIFO_TOPIC.to_owned(), "true".to_owned());
            shown.insert("ContentBasedDeduplication".to_owned(), fifo.content_based_deduplication.to_string());
            shown.insert("FifoThroughputScope".to_owned(), scope);
        }
        shown
    }
}

fn display_name(text: String) -> Result<String, TopicError> {
    if text.chars().count() > DISPLAY_NAME_LIMIT || text.chars().any(char::is_control) {
        let reason = format!("it must have at most {DISPLAY_NAME_LIMIT} characters, none of them control characters");
        return Err(TopicError::parameter("DisplayName", reason));
    }
    Ok(text)
}

fn access_policy(text: String) -> Result<String, TopicError> {
    match serde_json::from_str(&text) {
        Ok(Value::Object(_)) => Ok(text),
        Ok(_) => Err(TopicError::parameter("Policy", "it must be a JSON object")),
        Err(error) => Err(TopicError::parameter("Policy", error)),
    }
}

fn delivery_policy(text: String) -> Result<String, TopicError> {
    match TopicDeliveryPolicy::parse(&text) {
        Ok(_) => Ok(text),
        Err(reason) => Err(TopicError::InvalidParameter(format!("DeliveryPolicy: {reason}"))),
    }
}

fn signature_version(text: &str) -> Result<SignatureVersion, TopicError> {
    SignatureVersion::parse(text).ok_or_else(|| TopicError::parameter("SignatureVersion", "it must be 1 or 2"))
}

fn message_size(text: &str) -> Result<usize, TopicError> {
    let size = text.parse().ok().filter(|size| (SIZE_LEAST..=SIZE_LIMIT).contains(size));
    let reason = || format!("it must be from {SIZE_LEAST} to {SIZE_LIMIT}");
    size.ok_or_else(|| TopicError::parameter("MaximumMessageSize", reason()))
}

/// Whoever owns the topic may use it.
fn default_policy(arn: &str, account: &str) -> Value {
    let actions = ["GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission", "DeleteTopic"];
    let actions = actions.into_iter().chain(["Subscribe", "ListSubscriptionsByTopic", "Publish"]);
    serde_json::json!({
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [{
            "Sid": "__default_statement_ID",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": actions.map(|action| format!("SNS:{action}")).collect::<Vec<_>>(),
            "Resource": arn,
            "Condition": {"StringEquals": {"AWS:SourceOwner": account}},
        }],
    })
}
