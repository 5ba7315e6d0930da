//! What is published.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Protocol, TopicError};

/// The most bytes of a message, with its attributes.
pub const SIZE_LIMIT: usize = 262_144;
/// A subject has fewer characters than this.
const SUBJECT_LIMIT: usize = 100;
/// The most bytes of an attribute's name.
const NAME_LIMIT: usize = 256;

/// Attributes by name.
pub type MessageAttributes = BTreeMap<String, MessageAttributeValue>;

/// A message on its way into a topic.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The subject of a mail: fewer than 100 characters, in one line.
    pub subject: Option<String>,
    /// The text; for [`Structure::Json`] an object of texts by protocol.
    pub body: String,
    /// What the text is.
    pub structure: Structure,
    /// What filter policies look at.
    pub attributes: MessageAttributes,
    /// What the message is in order with: each message of a FIFO topic has a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// What tells a message of a FIFO topic from others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deduplication_id: Option<String>,
    /// The number that a FIFO topic has given to the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) number: Option<i64>,
}

/// What a message's text is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Structure {
    /// The same text for every protocol.
    #[default]
    Plain,
    /// `MessageStructure=json`: an object with a text named `default`, and others named as protocols.
    Json,
}

/// The value of a message attribute, as SNS has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MessageAttributeValue {
    /// `String`, `String.Array`, `Number` or `Binary`.
    pub data_type: String,
    /// The value, but for `Binary`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub string_value: Option<String>,
    /// The value of `Binary` in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binary_value: Option<String>,
}

/// Names a message; it stays the same however often delivery is tried. A UUID.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(pub(crate) String);

impl MessageId {
    /// The UUID.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for MessageId {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

impl Message {
    /// A message with one text for machines and another one for mails to read.
    ///
    /// HTTP endpoints and filter policies see the first one.
    pub fn for_machines_and_people(subject: String, machines: &str, people: &str) -> Self {
        let texts = serde_json::json!({ "default": machines, Protocol::Email.name(): people });
        Self { subject: Some(subject), body: texts.to_string(), structure: Structure::Json, ..Self::default() }
    }

    /// The text for a protocol.
    pub(crate) fn text(&self, protocol: Protocol) -> String {
        self.text_named(protocol.name())
    }

    /// The text that filter policies see.
    pub(crate) fn default_text(&self) -> String {
        self.text_named("default")
    }

    fn text_named(&self, name: &str) -> String {
        let texts: BTreeMap<String, Value> = match self.structure {
            Structure::Plain => return self.body.clone(),
            Structure::Json => serde_json::from_str(&self.body).unwrap_or_default(),
        };
        let text = |name: &str| texts.get(name).and_then(Value::as_str).map(str::to_owned);
        // Checked when it was published: there is a default.
        text(name).or_else(|| text("default")).unwrap_or_default()
    }

    /// Bytes that count against the limit.
    pub(crate) fn size(&self) -> usize {
        let attribute = |(name, value): (&String, &MessageAttributeValue)| {
            let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
            name.len() + value.data_type.len() + text(&value.string_value) + text(&value.binary_value)
        };
        self.body.len() + self.attributes.iter().map(attribute).sum::<usize>()
    }

    /// Refuses what SNS refuses.
    pub(crate) fn check(&self, size_limit: usize) -> Result<(), TopicError> {
        let refused = |reason: &str| Err(TopicError::InvalidParameter(reason.to_owned()));
        if self.body.is_empty() {
            return refused("Empty message");
        }
        if self.size() > size_limit {
            return refused("Message too long");
        }
        self.subject.as_deref().map_or(Ok(()), check_subject)?;
        if self.structure == Structure::Json {
            check_texts(&self.body)?;
        }
        self.attributes.iter().try_for_each(|(name, value)| value.check(name))
    }
}

fn check_subject(subject: &str) -> Result<(), TopicError> {
    let is_good = (1..SUBJECT_LIMIT).contains(&subject.chars().count())
        && !subject.chars().any(char::is_control)
        && !subject.starts_with(char::is_whitespace);
    if is_good { Ok(()) } else { Err(TopicError::InvalidParameter("Subject".to_owned())) }
}

fn check_texts(body: &str) -> Result<(), TopicError> {
    let refused = |reason: String| TopicError::InvalidParameter(format!("Message Structure - {reason}"));
    let texts: BTreeMap<String, Value> =
        serde_json::from_str(body).map_err(|_| refused("JSON message body failed to parse".into()))?;
    if !texts.contains_key("default") {
        return Err(refused("No default entry in JSON message body".into()));
    }
    match texts.iter().find(|(_, text)| text.as_str().is_none_or(str::is_empty)) {
        Some((name, _)) => Err(refused(format!("the entry `{name}` is not a text"))),
        None => Ok(()),
    }
}

impl MessageAttributeValue {
    /// A value of type `String`.
    pub fn string(value: impl Into<String>) -> Self {
        Self { data_type: "String".into(), string_value: Some(value.into()), binary_value: None }
    }

    /// A value of type `Number`.
    pub fn number(value: impl Into<String>) -> Self {
        Self { data_type: "Number".into(), string_value: Some(value.into()), binary_value: None }
    }

    /// `String`, `String.Array`, `Number` or `Binary`; a type may have a word of the sender's behind a dot.
    pub(crate) fn base_type(&self) -> &str {
        match self.data_type.split_once('.') {
            Some(("String", "Array")) | None => &self.data_type,
            Some((base, _)) => base,
        }
    }

    fn check(&self, name: &str) -> Result<(), TopicError> {
        let refused = |reason: String| Err(TopicError::InvalidParameterValue(reason));
        check_name(name)?;
        let (base, kind) = (self.base_type(), &self.data_type);
        if !matches!(base, "String" | "String.Array" | "Number" | "Binary") || kind.ends_with('.') {
            return refused(format!(
                "The message attribute '{name}' has an invalid message attribute type, the set of supported type \
                 prefixes is Binary, Number, and String."
            ));
        }
        let (value, other, field) = match base {
            "Binary" => (&self.binary_value, &self.string_value, "Binary"),
            _ => (&self.string_value, &self.binary_value, "String"),
        };
        let text = value.as_deref().unwrap_or_default();
        match base {
            _ if value.is_none() && other.is_some() => {
                refused(format!("The message attribute '{name}' with type '{kind}' must use field '{field}'."))
            }
            _ if text.is_empty() => refused(format!(
                "The message attribute '{name}' must contain non-empty message attribute value for message attribute \
                 type '{kind}'."
            )),
            "Binary" if STANDARD.decode(text).is_err() => {
                refused(format!("The message attribute '{name}' is not in base64."))
            }
            "Number" if !text.parse().is_ok_and(f64::is_finite) => {
                refused(format!("Could not cast message attribute '{name}' value to number."))
            }
            _ => Ok(()),
        }
    }
}

/// The elements of a `String.Array`. A plain value is as good as an array of it; a text that is no JSON has none.
pub(crate) fn elements(text: &str) -> Vec<Value> {
    match serde_json::from_str(text) {
        Ok(Value::Array(elements)) => elements,
        Ok(value) => vec![value],
        Err(_) => Vec::new(),
    }
}

/// What SNS says about the name of an attribute.
fn check_name(name: &str) -> Result<(), TopicError> {
    let refused = |reason: String| Err(TopicError::InvalidParameterValue(reason));
    let allowed = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
    let lower = name.to_ascii_lowercase();
    if !(1..=NAME_LIMIT).contains(&name.len()) {
        return refused(format!("Length of message attribute name must be less than {NAME_LIMIT} bytes."));
    }
    for (place, at) in [(name.starts_with('.'), "starting"), (name.ends_with('.'), "ending")] {
        if place {
            return refused(format!("Invalid message attribute name {at} with character '.' was found."));
        }
    }
    if let Some(odd) = name.chars().find(|letter| !allowed(letter)) {
        return refused(format!(
            "Invalid non-alphanumeric character '#x{:X}' was found in the message attribute name. Can only include \
             alphanumeric characters, hyphens, underscores, or periods.",
            u32::from(odd)
        ));
    }
    if name.contains("..") {
        return refused("Message attribute name can not have successive '.' character.".to_owned());
    }
    if lower.starts_with("aws.") || lower.starts_with("amazon.") {
        return refused("Message attribute names must not start with AWS. or Amazon.".to_owned());
    }
    Ok(())
}
