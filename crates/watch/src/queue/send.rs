//! Messages into queues.

use rusqlite::Transaction;

use super::{
    MessageAttributes, QueueError, Queues, SendMessageInput, SendMessageOutput,
    attribute::Settings,
    batch::{check_batch, check_batch_size},
    message,
    order::{self, Order},
    registry::Queue,
};
use crate::{fifo, topic::uuid};

/// Who sends, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Letter<'a> {
    /// The account, or the id of the user.
    pub(crate) sender: &'a str,
    /// Unix milliseconds.
    pub(crate) now: i64,
}

impl Queues {
    /// Sends a message.
    ///
    /// # Errors
    /// When there is no such queue, or the message breaks the rules of SQS.
    pub fn send_message(
        &self,
        url: &str,
        input: &SendMessageInput,
        sender: &str,
        now: i64,
    ) -> Result<SendMessageOutput, QueueError> {
        let name = self.named(url)?;
        let sent = self.change(|transaction| self.put(transaction, &name, input, Letter { sender, now }))?;
        self.ring();
        Ok(sent)
    }

    /// Refuses a batch as a whole: what is wrong with the list, or with all of it for this queue.
    ///
    /// # Errors
    /// When there is no such queue, or the batch breaks the rules of SQS.
    pub fn check_send_batch(&self, url: &str, entries: &[SendMessageInput]) -> Result<(), QueueError> {
        let name = self.named(url)?;
        let Queue { settings, .. } = self.change(|transaction| Self::queue(transaction, &name))?;
        check_batch("SendMessageBatchRequestEntry", entries.iter().map(|entry| entry.id.as_str()))?;
        check_batch_size(entries)?;
        order::check_batch(&settings, entries)
    }

    /// Sends a message within somebody else's transaction; [`Queues::ring`] when that is committed.
    pub(crate) fn put_in(
        &self,
        transaction: &Transaction<'_>,
        arn: &str,
        input: &SendMessageInput,
        letter: Letter<'_>,
    ) -> Result<(), QueueError> {
        let name = super::queue_name(arn).filter(|_| self.holds(arn));
        self.put(transaction, name.ok_or(QueueError::NonExistentQueue)?, input, letter).map(drop)
    }

    /// Takes a message in that a topic of another region sends.
    pub(crate) fn take_in(&self, arn: &str, input: &SendMessageInput, letter: Letter<'_>) -> Result<(), QueueError> {
        self.change(|transaction| self.put_in(transaction, arn, input, letter))?;
        self.ring();
        Ok(())
    }

    fn put(
        &self,
        transaction: &Transaction<'_>,
        name: &str,
        input: &SendMessageInput,
        letter: Letter<'_>,
    ) -> Result<SendMessageOutput, QueueError> {
        let Queue { settings, .. } = Self::queue(transaction, name)?;
        let body = message::check(input, settings.number("MaximumMessageSize"))?;
        let order = Order::of(&settings, input, body)?;
        let arn = self.arn(name);
        let once = order.once(&arn);
        let repeated = once.map(|once| once.earlier(transaction, letter.now)).transpose()?.flatten();
        let (message_id, number) = match repeated {
            Some(sent) => (sent.message_id, Some(sent.number)),
            None => {
                let id = uuid().map_err(|_| QueueError::NoRandomNumbers)?;
                let number = once.map(|once| once.remember(transaction, &id, letter.now)).transpose()?;
                let row = Row { queue: name, message_id: &id, body, order: &order, number };
                row.write(transaction, &settings, input, letter)?;
                (id, number)
            }
        };
        Ok(SendMessageOutput {
            md5_of_message_attributes: message::md5_of_attributes(&input.message_attributes),
            md5_of_message_body: message::md5(body.as_bytes()),
            md5_of_message_system_attributes: message::md5_of_attributes(&input.message_system_attributes),
            message_id,
            sequence_number: number.map(fifo::sequence_number),
        })
    }
}

/// A message that comes into a queue.
struct Row<'a> {
    queue: &'a str,
    message_id: &'a str,
    body: &'a str,
    order: &'a Order<'a>,
    number: Option<i64>,
}

impl Row<'_> {
    fn write(
        &self,
        transaction: &Transaction<'_>,
        settings: &Settings,
        input: &SendMessageInput,
        letter: Letter<'_>,
    ) -> Result<(), QueueError> {
        let delay = input.delay_seconds.unwrap_or_else(|| settings.number("DelaySeconds"));
        if !(0..=900).contains(&delay) {
            return Err(QueueError::parameter("DelaySeconds", delay, "DelaySeconds must be >= 0 and <= 900."));
        }
        let attributes = encoded(&input.message_attributes)?;
        let trace = input.message_system_attributes.get("AWSTraceHeader");
        let trace = trace.and_then(|value| value.string_value.as_deref());
        let Letter { sender, now } = letter;
        let (visible, expires) = (now + delay * 1000, now + settings.number("MessageRetentionPeriod") * 1000);
        let Order { group, id, .. } = self.order;
        transaction.execute(
            "INSERT INTO queue_message (queue, message_id, body, attributes, trace, sender, sent, visible, expires,
                                        message_group, deduplication_id, number)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            rusqlite::params![
                self.queue,
                self.message_id,
                self.body,
                attributes,
                trace,
                sender,
                now,
                visible,
                expires,
                group,
                id.as_deref(),
                self.number
            ],
        )?;
        Ok(())
    }
}

fn encoded(attributes: &MessageAttributes) -> Result<String, QueueError> {
    serde_json::to_string(attributes).map_err(|error| QueueError::Damaged(error.to_string()))
}
