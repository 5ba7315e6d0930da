//! What a message may be, and its digests.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use md5::{Digest as _, Md5};

use super::{MessageAttributeValue, MessageAttributes, QueueError, SendMessageInput};

/// The most attributes of a message.
const ATTRIBUTES: usize = 10;

/// MD5 in hexadecimal digits.
pub(super) fn md5(bytes: &[u8]) -> String {
    format!("{:x}", Md5::digest(bytes))
}

/// MD5 of message attributes; none if there are none. Source: "Calculating the MD5 message digest for message attributes".
pub(super) fn md5_of_attributes(attributes: &MessageAttributes) -> Option<String> {
    if attributes.is_empty() {
        return None;
    }
    let mut digest = Md5::new();
    let mut part = |bytes: &[u8], before: &[u8]| {
        digest.update(before);
        digest.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        digest.update(bytes);
    };
    for (name, value) in attributes {
        part(name.as_bytes(), &[]);
        part(value.data_type.as_bytes(), &[]);
        match &value.binary_value {
            Some(binary) => part(&STANDARD.decode(binary).unwrap_or_default(), &[2]),
            None => part(value.string_value.as_deref().unwrap_or_default().as_bytes(), &[1]),
        }
    }
    Some(format!("{:x}", digest.finalize()))
}

/// Bytes that count against the limit.
pub(super) fn size(input: &SendMessageInput) -> usize {
    let attribute = |(name, value): (&String, &MessageAttributeValue)| {
        let binary = value.binary_value.as_ref().map_or(0, |value| value.len() / 4 * 3);
        name.len() + value.data_type.len() + value.string_value.as_ref().map_or(0, String::len) + binary
    };
    input.message_body.as_ref().map_or(0, String::len) + input.message_attributes.iter().map(attribute).sum::<usize>()
}

/// Refuses what SQS refuses; gives the text.
pub(super) fn check(input: &SendMessageInput, limit: i64) -> Result<&str, QueueError> {
    let body = input.message_body.as_deref().filter(|body| !body.is_empty());
    let body = body.ok_or(QueueError::MissingParameter("MessageBody"))?;
    if i64::try_from(size(input)).unwrap_or(i64::MAX) > limit {
        return Err(QueueError::InvalidParameterValue(format!(
            "One or more parameters are invalid. Reason: Message must be shorter than {limit} bytes."
        )));
    }
    if !body.chars().all(is_allowed) {
        return Err(QueueError::InvalidMessageContents);
    }
    if input.message_attributes.len() > ATTRIBUTES {
        let count = input.message_attributes.len();
        return Err(QueueError::InvalidParameterValue(format!(
            "Number of message attributes [{count}] exceeds the allowed maximum [{ATTRIBUTES}]."
        )));
    }
    input.message_attributes.iter().try_for_each(|(name, value)| check_attribute(name, value))?;
    match input.message_system_attributes.keys().find(|name| *name != "AWSTraceHeader") {
        Some(name) => Err(QueueError::InvalidParameterValue(format!(
            "Message system attribute name '{name}' is invalid; the only one is AWSTraceHeader."
        ))),
        None => Ok(body),
    }
}

/// What XML 1.0 can hold.
fn is_allowed(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

fn check_attribute(name: &str, value: &MessageAttributeValue) -> Result<(), QueueError> {
    let refused = |rule: String| Err(QueueError::InvalidParameterValue(rule));
    let is_name = (1..=256).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
        && !name.split('.').any(str::is_empty);
    let is_reserved = ["aws.", "amazon."].iter().any(|prefix| name.to_ascii_lowercase().starts_with(prefix));
    if !is_name || is_reserved {
        return refused(format!(
            "Message (user) attribute name '{name}' is invalid. It can contain alphanumeric characters, '_', '-' and \
             single '.', and must not begin with a reserved prefix."
        ));
    }
    if value.data_type.is_empty() {
        return refused(format!("The message attribute '{name}' must contain a non-empty message attribute type."));
    }
    let text = value.string_value.as_deref().unwrap_or_default();
    match value.data_type.split('.').next().unwrap_or_default() {
        "Binary" => match value.binary_value.as_deref().map(|value| STANDARD.decode(value)) {
            Some(Ok(bytes)) if !bytes.is_empty() => Ok(()),
            _ => refused(empty_value(name, &value.data_type)),
        },
        "String" | "Number" if text.is_empty() => refused(empty_value(name, &value.data_type)),
        "Number" if !text.parse().is_ok_and(f64::is_finite) => {
            refused(format!("Could not cast message attribute '{name}' value to number."))
        }
        "String" if !text.chars().all(is_allowed) => Err(QueueError::InvalidMessageContents),
        "String" | "Number" => Ok(()),
        _ => refused(format!(
            "The message attribute '{name}' has an invalid message attribute type, the set of supported type prefixes is \
             Binary, Number, and String."
        )),
    }
}

fn empty_value(name: &str, data_type: &str) -> String {
    format!("The message attribute '{name}' must contain a non-empty message attribute value for type '{data_type}'.")
}
