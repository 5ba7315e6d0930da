//! What endpoints get: JSON with a signature.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Links, queue::Queued, signature::Keys};
use crate::{
    fifo::sequence_number,
    topic::{Kind, MessageAttributes},
};

/// All fields, in the order of SNS; some kinds have some of them.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope<'a> {
    r#type: &'static str,
    message_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
    topic_arn: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    message: &'a str,
    #[serde(rename = "SubscribeURL", skip_serializing_if = "Option::is_none")]
    subscribe_url: Option<String>,
    timestamp: String,
    #[serde(flatten)]
    seal: Seal,
    #[serde(rename = "UnsubscribeURL", skip_serializing_if = "Option::is_none")]
    unsubscribe_url: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    message_attributes: BTreeMap<&'a str, Attribute<'a>>,
}

/// None of them on what a FIFO topic says.
#[derive(Serialize, Default)]
#[serde(rename_all = "PascalCase")]
struct Seal {
    #[serde(skip_serializing_if = "Option::is_none")]
    signature_version: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
    #[serde(rename = "SigningCertURL", skip_serializing_if = "Option::is_none")]
    signing_cert_url: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute<'a> {
    r#type: &'a str,
    value: &'a str,
}

/// The JSON of a delivery, signed.
pub(super) fn envelope(queued: &Queued, text: &str, links: &Links, keys: &Keys) -> Result<String, String> {
    let version = queued.topic_settings.signature();
    let mut envelope = Envelope::of(queued, text, links);
    envelope.seal = Seal {
        signature_version: Some(version.number()),
        signature: Some(keys.sign(version, &signed_text(&envelope))?),
        signing_cert_url: Some(links.file(keys.path())),
    };
    envelope.text()
}

/// The JSON of what a FIFO topic has given a number: without a signature.
pub(super) fn numbered(queued: &Queued, text: &str, links: &Links, number: i64) -> Result<String, String> {
    Envelope { sequence_number: Some(sequence_number(number)), ..Envelope::of(queued, text, links) }.text()
}

impl<'a> Envelope<'a> {
    fn of(queued: &'a Queued, text: &'a str, links: &Links) -> Self {
        let is_notification = queued.kind == Kind::Notification;
        Self {
            r#type: queued.kind.name(),
            message_id: &queued.message_id,
            sequence_number: None,
            token: queued.token.as_deref(),
            topic_arn: &queued.subscription.topic,
            subject: queued.message.subject.as_deref(),
            message: text,
            subscribe_url: queued.token.as_ref().map(|token| links.confirm(&queued.subscription.topic, token)),
            timestamp: timestamp(queued.published),
            seal: Seal::default(),
            unsubscribe_url: is_notification.then(|| unsubscribe_url(queued, links)),
            message_attributes: attributes(&queued.message.attributes),
        }
    }

    fn text(&self) -> Result<String, String> {
        serde_json::to_string_pretty(self).map_err(|error| error.to_string())
    }
}

/// In a mail, the page with the button: programs that check mails follow links.
fn unsubscribe_url(queued: &Queued, links: &Links) -> String {
    let arn = &queued.subscription.arn;
    if queued.subscription.protocol.is_mail() { links.unsubscribe_page(arn) } else { links.unsubscribe(arn) }
}

fn attributes(attributes: &MessageAttributes) -> BTreeMap<&str, Attribute<'_>> {
    let mut shown = BTreeMap::new();
    for (name, attribute) in attributes {
        let value = attribute.string_value.as_deref().or(attribute.binary_value.as_deref()).unwrap_or_default();
        shown.insert(name.as_str(), Attribute { r#type: &attribute.data_type, value });
    }
    shown
}

/// Each field that is signed, by name: the name and its value, each with a line break behind it.
fn signed_text(envelope: &Envelope<'_>) -> String {
    let fields = [
        ("Message", Some(envelope.message)),
        ("MessageId", Some(envelope.message_id)),
        ("Subject", envelope.subject),
        ("SubscribeURL", envelope.subscribe_url.as_deref()),
        ("Timestamp", Some(envelope.timestamp.as_str())),
        ("Token", envelope.token),
        ("TopicArn", Some(envelope.topic_arn)),
        ("Type", Some(envelope.r#type)),
    ];
    let lines = fields.into_iter().filter_map(|(name, value)| Some(format!("{name}\n{}\n", value?)));
    lines.collect()
}

/// `2012-05-02T00:54:06.655Z`.
pub(super) fn timestamp(milliseconds: i64) -> String {
    let time = chrono::DateTime::from_timestamp_millis(milliseconds).unwrap_or_default();
    time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
