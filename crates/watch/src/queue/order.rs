//! What puts messages in order: their groups, and what tells one from others.

use std::borrow::Cow;

use super::{QueueError, SendMessageInput, attribute::Settings};
use crate::fifo::{self, Once};

/// The group and the deduplication id of a message.
#[derive(Debug)]
pub(super) struct Order<'a> {
    pub(super) group: Option<&'a str>,
    pub(super) id: Option<Cow<'a, str>>,
    /// What ids count within: the group, or nothing.
    scope: &'a str,
}

impl<'a> Order<'a> {
    /// What a message says of its order, and its text.
    ///
    /// # Errors
    /// When the kind of the queue wants something else.
    pub(super) fn of(settings: &Settings, input: &'a SendMessageInput, body: &'a str) -> Result<Self, QueueError> {
        let group = input.message_group_id.as_deref();
        let id = input.message_deduplication_id.as_deref();
        check("MessageGroupId", group)?;
        check("MessageDeduplicationId", id)?;
        if !settings.is_fifo() {
            let rule = "The request includes a parameter that is not valid for this queue type.";
            return match id {
                Some(id) => Err(QueueError::parameter("MessageDeduplicationId", id, rule)),
                None => Ok(Self { group, id: None, scope: "" }),
            };
        }
        let group = group.ok_or(QueueError::MissingParameter("MessageGroupId"))?;
        if let Some(delay) = input.delay_seconds.filter(|delay| *delay != 0) {
            let rule = "The request include parameter that is not valid for this queue type.";
            return Err(QueueError::parameter("DelaySeconds", delay, rule));
        }
        let by_content = || by_content(settings).then(|| Cow::from(fifo::id_of(body)));
        let id = id.map(Cow::from).or_else(by_content).ok_or_else(no_id)?;
        let scope = if settings.is("DeduplicationScope", "messageGroup") { group } else { "" };
        Ok(Self { group: Some(group), id: Some(id), scope })
    }

    /// What a message in the queue with this ARN must not repeat.
    pub(super) fn once<'o>(&'o self, arn: &'o str) -> Option<Once<'o>> {
        Some(Once { place: arn, scope: self.scope, id: self.id.as_deref()? })
    }
}

/// Refuses what a FIFO queue refuses a batch for as a whole.
///
/// # Errors
/// An entry has no group, or no deduplication id where its text is none.
pub(super) fn check_batch(settings: &Settings, entries: &[SendMessageInput]) -> Result<(), QueueError> {
    if !settings.is_fifo() {
        return Ok(());
    }
    if entries.iter().any(|entry| entry.message_group_id.is_none()) {
        return Err(QueueError::MissingParameter("MessageGroupId"));
    }
    let lacks_id = !by_content(settings) && entries.iter().any(|entry| entry.message_deduplication_id.is_none());
    if lacks_id { Err(no_id()) } else { Ok(()) }
}

fn by_content(settings: &Settings) -> bool {
    settings.is("ContentBasedDeduplication", "true")
}

fn no_id() -> QueueError {
    let rule =
        "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly";
    QueueError::InvalidParameterValue(rule.to_owned())
}

fn check(name: &str, value: Option<&str>) -> Result<(), QueueError> {
    match value {
        Some(value) if !fifo::is_id(value) => {
            let rule = format!("{name} can only include alphanumeric and punctuation characters. 1 to 128 in length.");
            Err(QueueError::parameter(name, value, &rule))
        }
        _ => Ok(()),
    }
}
