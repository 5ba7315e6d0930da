//! From a delivery to a message in a queue.

use std::sync::Arc;

use weir_store::CatalogueError;

use super::{Failure, Links, json, queue::Queued, signature::Keys};
use crate::{
    fifo,
    queue::{Letter, MessageAttributeValue, QueueError, SendMessageInput},
    topic::{Kind, Protocol, TopicError},
};

/// The id that the sender of notices has in a queue.
const SENDER: &str = "AIDAIT2UOQQY3AUEKVGXU";

/// Why a message did not come into its queue.
#[derive(Debug, thiserror::Error)]
pub(super) enum LetterError {
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error(transparent)]
    Topic(TopicError),
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
}

impl LetterError {
    /// Only the disk may get better.
    pub(super) fn failure(&self) -> Failure {
        match self {
            Self::Queue(error) if error.status() < 500 => Failure::Permanent(error.to_string()),
            _ => Failure::Transient(self.to_string()),
        }
    }
}

/// Sent now, by the topic.
pub(super) fn sent_by_sns(now: i64) -> Letter<'static> {
    Letter { sender: SENDER, now }
}

/// The envelope; or the text and the attributes as they are, of a raw delivery.
pub(super) fn message(
    queued: &Queued,
    links: &Links,
    keys: impl Fn() -> Result<Arc<Keys>, String>,
) -> Result<SendMessageInput, String> {
    let text = queued.message.text(Protocol::Sqs);
    let is_raw = queued.subscription.settings.raw_message_delivery && queued.kind == Kind::Notification;
    // A standard queue takes the group, which makes it a fair one, but not what tells messages from others.
    let is_fifo = fifo::is_fifo(&queued.subscription.endpoint);
    let order = SendMessageInput {
        message_group_id: queued.message.group.clone(),
        message_deduplication_id: queued.message.deduplication_id.clone().filter(|_| is_fifo),
        ..SendMessageInput::default()
    };
    if !is_raw {
        let body = match queued.message.number {
            Some(number) => json::numbered(queued, &text, links, number)?,
            None => json::envelope(queued, &text, links, &*keys()?)?,
        };
        return Ok(SendMessageInput { message_body: Some(body), ..order });
    }
    let attributes = queued.message.attributes.iter().map(|(name, value)| {
        let value = MessageAttributeValue {
            data_type: value.data_type.clone(),
            string_value: value.string_value.clone(),
            binary_value: value.binary_value.clone(),
        };
        (name.clone(), value)
    });
    let message_attributes = attributes.collect();
    Ok(SendMessageInput { message_body: Some(text), message_attributes, ..order })
}
