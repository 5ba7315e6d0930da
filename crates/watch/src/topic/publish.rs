//! Messages into topics.

use std::collections::BTreeSet;

use rusqlite::Transaction;

use super::{
    Arn, BatchResultErrorEntry, Message, MessageId, PublishBatchInput, PublishBatchOutput, PublishBatchRequestEntry,
    PublishBatchResultEntry, PublishInput, PublishOutput, SIZE_LIMIT, Structure, TopicError, Topics,
    stored::{self, Kind, Sending, Subscription},
};

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
) -> Result<MessageId, TopicError> {
    if Arn::parse(topic_arn).is_none_or(|arn| arn.subscription.is_some()) {
        return Err(TopicError::arn("TopicArn", topic_arn));
    }
    let topic = stored::topic(transaction, topic_arn)?;
    message.check(topic.message_size_limit())?;
    let confirmed = Subscription::all(transaction, "topic = ?1 AND state = 'confirmed'", [topic_arn])?;
    let wanting = confirmed.iter().filter(|subscription| wants(subscription, message));
    let sending = Sending { topic: topic_arn, kind: Kind::Notification, message, token: None };
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
        if input.message_deduplication_id.is_some() {
            let reason = "The request includes MessageDeduplicationId parameter that is not valid for this topic type";
            return Err(TopicError::parameter("MessageDeduplicationId", reason));
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
        };
        let message_id = self.catalogue.change(|transaction| publish_in(transaction, topic, &message, now))?;
        Ok(PublishOutput { message_id })
    }

    /// Publishes up to ten messages, each of them or not.
    ///
    /// # Errors
    /// When there is no such topic, or the batch as a whole breaks the rules of SNS.
    pub fn publish_batch(&self, input: &PublishBatchInput, now: i64) -> Result<PublishBatchOutput, TopicError> {
        let entries = &input.publish_batch_request_entries;
        self.check_topic_arn(&input.topic_arn)?;
        check_batch(entries)?;
        let limit = self.catalogue.change(|transaction| {
            let settings = stored::topic(transaction, &input.topic_arn)?;
            Ok::<_, TopicError>(settings.message_size_limit().min(SIZE_LIMIT))
        })?;
        let total: usize = entries.iter().map(|entry| entry.message.len()).sum();
        if total > limit {
            return Err(TopicError::BatchRequestTooLong);
        }
        let mut output = PublishBatchOutput::default();
        for entry in entries {
            let id = entry.id.clone();
            match self.publish(&entry.to_input(&input.topic_arn), now) {
                Ok(PublishOutput { message_id }) => {
                    output.successful.push(PublishBatchResultEntry { id, message_id });
                }
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
