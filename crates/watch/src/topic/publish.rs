//! Messages into topics.

use std::collections::BTreeSet;

use rusqlite::Transaction;

use super::{
    Arn, BatchResultErrorEntry, Message, MessageId, PublishBatchInput, PublishBatchOutput, PublishBatchRequestEntry,
    PublishBatchResultEntry, PublishInput, PublishOutput, SIZE_LIMIT, Structure, TopicError, TopicSettings, Topics,
    stored::{self, Kind, Sending, Subscription},
    uuid,
};
use crate::fifo::{self, Once, Sent};

/// The most entries of a batch.
const BATCH_LIMIT: usize = 10;

/// Publishes a message within somebody else's transaction: it is sent if and only if that is committed.
///
/// Each confirmed subscription that wants the message gets a delivery, due at once.
///
/// # Errors
/// When there is no such topic, or SNS would refuse the message.
pub fn publish_in(
    transaction: &Transaction<'_>,
    topic_arn: &str,
    message: &Message,
    now: i64,
) -> Result<PublishOutput, TopicError> {
    if Arn::parse(topic_arn).is_none_or(|arn| arn.subscription.is_some()) {
        return Err(TopicError::arn("TopicArn", topic_arn));
    }
    let topic = stored::topic(transaction, topic_arn)?;
    message.check(topic.message_size_limit())?;
    if topic.is_fifo() {
        return publish_once(transaction, &topic, topic_arn, message, now);
    }
    if message.deduplication_id.is_some() {
        let reason = "The request includes MessageDeduplicationId parameter that is not valid for this topic type";
        return Err(TopicError::parameter("MessageDeduplicationId", reason));
    }
    let message_id = uuid()?;
    send(transaction, topic_arn, &message_id, message, now)?;
    Ok(PublishOutput { message_id: MessageId(message_id), sequence_number: None })
}

/// Into a FIFO topic: a message that repeats another one is that other one.
fn publish_once(
    transaction: &Transaction<'_>,
    topic: &TopicSettings,
    topic_arn: &str,
    message: &Message,
    now: i64,
) -> Result<PublishOutput, TopicError> {
    check_order(topic, message.group.as_deref(), message.deduplication_id.as_deref())?;
    let id = message.deduplication_id.clone().unwrap_or_else(|| fifo::id_of(&message.body));
    let group = message.group.as_deref().filter(|_| topic.deduplicates_in_groups());
    let once = Once { place: topic_arn, scope: group.unwrap_or_default(), id: &id };
    let Sent { message_id, number } = match once.earlier(transaction, now)? {
        Some(sent) => sent,
        None => {
            let message_id = uuid()?;
            let number = once.remember(transaction, &message_id, now)?;
            let message = Message { deduplication_id: Some(id), number: Some(number), ..message.clone() };
            send(transaction, topic_arn, &message_id, &message, now)?;
            Sent { message_id, number }
        }
    };
    Ok(PublishOutput { message_id: MessageId(message_id), sequence_number: Some(fifo::sequence_number(number)) })
}

/// # Errors
/// A FIFO topic cannot tell where a message belongs, or whether it is a new one.
fn check_order(topic: &TopicSettings, group: Option<&str>, id: Option<&str>) -> Result<(), TopicError> {
    let refused = |reason: &str| Err(TopicError::InvalidParameter(reason.to_owned()));
    match group {
        None => return refused("The MessageGroupId parameter is required for FIFO topics"),
        Some(group) if !fifo::is_id(group) => return refused("MessageGroupId"),
        Some(_) => {}
    }
    match id {
        None if !topic.deduplicates_by_content() => refused(
            "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
        ),
        Some(id) if !fifo::is_id(id) => refused("MessageDeduplicationId"),
        _ => Ok(()),
    }
}

/// To whoever wants it.
fn send(transaction: &Transaction<'_>, topic: &str, id: &str, message: &Message, now: i64) -> Result<(), TopicError> {
    let confirmed = Subscription::all(transaction, "topic = ?1 AND state = 'confirmed'", [topic])?;
    let wanting = confirmed.iter().filter(|subscription| wants(subscription, message));
    let sending = Sending { id, topic, kind: Kind::Notification, message, token: None };
    sending.queue(transaction, wanting.map(|subscription| subscription.arn.as_str()), now)
}

/// A policy that cannot be read any more keeps nothing back: better a notice too many than an alarm unheard.
fn wants(subscription: &Subscription, message: &Message) -> bool {
    subscription.settings.want(message).unwrap_or_else(|error| {
        tracing::warn!(subscription = subscription.arn, %error, "the filter policy cannot be read; all messages pass");
        true
    })
}

impl Topics {
    /// Publishes a message.
    ///
    /// # Errors
    /// When there is no such topic, or the message breaks the rules of SNS.
    pub fn publish(&self, input: &PublishInput, now: i64) -> Result<PublishOutput, TopicError> {
        if input.phone_number.is_some() {
            return Err(TopicError::parameter("PhoneNumber", "there is no SMS; publish to a topic"));
        }
        let topic = match (&input.topic_arn, &input.target_arn) {
            (Some(topic), None) | (None, Some(topic)) => topic,
            (None, None) => {
                return Err(TopicError::parameter("TopicArn or TargetArn", "no value for required parameter"));
            }
            (Some(_), Some(_)) => return Err(TopicError::parameter("TopicArn or TargetArn", "give one of them")),
        };
        self.check_topic_arn(topic)?;
        let message = Message {
            subject: input.subject.clone(),
            body: input.message.clone(),
            structure: structure(input.message_structure.as_deref())?,
            attributes: input.message_attributes.clone(),
            group: input.message_group_id.clone(),
            deduplication_id: input.message_deduplication_id.clone(),
            number: None,
        };
        self.catalogue.change(|transaction| publish_in(transaction, topic, &message, now))
    }

    /// Publishes up to ten messages, each of them or not.
    ///
    /// # Errors
    /// When there is no such topic, or the batch as a whole breaks the rules of SNS.
    pub fn publish_batch(&self, input: &PublishBatchInput, now: i64) -> Result<PublishBatchOutput, TopicError> {
        let entries = &input.publish_batch_request_entries;
        self.check_topic_arn(&input.topic_arn)?;
        check_batch(entries)?;
        let topic = self.catalogue.change(|transaction| stored::topic(transaction, &input.topic_arn))?;
        let total: usize = entries.iter().map(|entry| entry.message.len()).sum();
        if total > topic.message_size_limit().min(SIZE_LIMIT) {
            return Err(TopicError::BatchRequestTooLong);
        }
        if topic.is_fifo() {
            entries.iter().try_for_each(|entry| {
                check_order(&topic, entry.message_group_id.as_deref(), entry.message_deduplication_id.as_deref())
            })?;
        }
        let mut output = PublishBatchOutput::default();
        for entry in entries {
            let id = entry.id.clone();
            match self.publish(&entry.to_input(&input.topic_arn), now) {
                Ok(published) => output.successful.push(PublishBatchResultEntry { id, published }),
                Err(error) => output.failed.push(BatchResultErrorEntry {
                    id,
                    code: error.code().to_owned(),
                    message: error.to_string(),
                    sender_fault: error.status() < 500,
                }),
            }
        }
        Ok(output)
    }
}

impl PublishBatchRequestEntry {
    fn to_input(&self, topic_arn: &str) -> PublishInput {
        PublishInput {
            topic_arn: Some(topic_arn.to_owned()),
            message: self.message.clone(),
            subject: self.subject.clone(),
            message_structure: self.message_structure.clone(),
            message_attributes: self.message_attributes.clone(),
            message_group_id: self.message_group_id.clone(),
            message_deduplication_id: self.message_deduplication_id.clone(),
            ..PublishInput::default()
        }
    }
}

fn structure(name: Option<&str>) -> Result<Structure, TopicError> {
    match name {
        None | Some("") => Ok(Structure::Plain),
        Some("json") => Ok(Structure::Json),
        Some(other) => Err(TopicError::parameter("MessageStructure", format!("`{other}` is not `json`"))),
    }
}

fn check_batch(entries: &[PublishBatchRequestEntry]) -> Result<(), TopicError> {
    if entries.is_empty() {
        return Err(TopicError::EmptyBatchRequest);
    }
    if entries.len() > BATCH_LIMIT {
        return Err(TopicError::TooManyEntriesInBatchRequest);
    }
    let is_name = |id: &str| {
        (1..=80).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let mut seen = BTreeSet::new();
    for entry in entries {
        if !is_name(&entry.id) {
            return Err(TopicError::InvalidBatchEntryId);
        }
        if !seen.insert(&entry.id) {
            return Err(TopicError::BatchEntryIdsNotDistinct);
        }
    }
    Ok(())
}
