//! What a message is deleted with.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::QueueError;
use crate::topic::uuid;

/// Names one receipt of a message. Opaque for clients; a random part makes each another one.
pub(super) fn handle(arn: &str, message_id: &str, now: i64) -> Result<String, QueueError> {
    let random = uuid().map_err(|_| QueueError::NoRandomNumbers)?;
    Ok(STANDARD.encode(format!("{random} {arn} {message_id} {now}")))
}

/// The id of the message that a handle of this queue names.
pub(super) fn message_id(arn: &str, handle: &str) -> Result<String, QueueError> {
    let invalid = || QueueError::ReceiptHandleIsInvalid(handle.to_owned());
    let text = STANDARD.decode(handle).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(invalid)?;
    let parts: Vec<&str> = text.split(' ').collect();
    match parts.as_slice() {
        [_, queue, message_id, _] if *queue == arn => Ok((*message_id).to_owned()),
        _ => Err(invalid()),
    }
}
