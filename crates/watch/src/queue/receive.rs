//! Messages out of queues.

use std::time::Duration;

use rusqlite::Transaction;

use super::{
    Attributes, Message, MessageAttributes, QueueError, Queues, ReceiveMessageInput, attribute::Settings, message,
    receipt, registry::queue_name,
};
use crate::fifo;

/// The longest that a message is hidden: twelve hours, in seconds.
const LONGEST_HIDDEN: i64 = 43_200;
/// The system attributes of a message.
const SYSTEM: [&str; 11] = [
    "All",
    "SenderId",
    "SentTimestamp",
    "ApproximateReceiveCount",
    "ApproximateFirstReceiveTimestamp",
    "SequenceNumber",
    "MessageDeduplicationId",
    "MessageGroupId",
    "AWSTraceHeader",
    "DeadLetterQueueSourceArn",
    "RecordId",
];

/// A row.
struct Stored {
    id: i64,
    message_id: String,
    body: String,
    attributes: String,
    trace: Option<String>,
    sender: String,
    source: Option<String>,
    sent: i64,
    received: i64,
    first_received: Option<i64>,
    group: Option<String>,
    deduplication_id: Option<String>,
    number: Option<i64>,
}

impl Queues {
    /// Receives up to ten messages, and waits for the first of them as long as is asked for, 20 seconds at most.
    ///
    /// # Errors
    /// When there is no such queue, or a number is out of its range.
    pub fn receive_message(&self, input: &ReceiveMessageInput, now: i64) -> Result<Vec<Message>, QueueError> {
        let name = self.named(&input.queue_url)?;
        check(input)?;
        let settings = self.change(|transaction| Ok::<_, QueueError>(Self::queue(transaction, &name)?.settings))?;
        let seconds = input.wait_time_seconds.unwrap_or_else(|| settings.number("ReceiveMessageWaitTimeSeconds"));
        let time = Duration::from_secs(seconds.unsigned_abs());
        let received = self.bell.wait(time, |waited| {
            let messages = self.take(&name, input, now + waited)?;
            Ok::<_, QueueError>((!messages.is_empty()).then_some(messages))
        })?;
        Ok(received.unwrap_or_default())
    }

    fn take(&self, name: &str, input: &ReceiveMessageInput, now: i64) -> Result<Vec<Message>, QueueError> {
        self.change(|transaction| {
            let settings = Self::queue(transaction, name)?.settings;
            transaction.execute("DELETE FROM queue_message WHERE queue = ?1 AND expires <= ?2", (name, now))?;
            self.bury(transaction, name, &settings, now)?;
            let timeout = input.visibility_timeout.unwrap_or_else(|| settings.number("VisibilityTimeout"));
            let most = input.max_number_of_messages.unwrap_or(1);
            let mut messages = Vec::new();
            for stored in visible(transaction, name, now, most)? {
                let update = "UPDATE queue_message SET visible = ?2, received = received + 1,
                              first_received = coalesce(first_received, ?3) WHERE id = ?1";
                transaction.execute(update, (stored.id, now + timeout * 1000, now))?;
                messages.push(stored.into_message(&self.arn(name), input, now)?);
            }
            Ok(messages)
        })
    }

    /// Moves what was received too often to the dead letter queue.
    fn bury(&self, transaction: &Transaction<'_>, name: &str, settings: &Settings, now: i64) -> Result<(), QueueError> {
        let Some(policy) = settings.redrive() else { return Ok(()) };
        let target = queue_name(&policy.dead_letter_target_arn).unwrap_or_default();
        if target == name || Self::queue(transaction, target).is_err() {
            return Ok(());
        }
        let update =
            "UPDATE queue_message SET queue = ?3, source = ?4, received = 0, first_received = NULL, visible = ?2
                      WHERE queue = ?1 AND visible <= ?2 AND received >= ?5";
        transaction.execute(update, (name, now, target, self.arn(name), policy.max_receive_count))?;
        Ok(())
    }

    /// Deletes a message; one that is gone is no error.
    ///
    /// # Errors
    /// When there is no such queue, or the handle is none of it; in a FIFO queue, when somebody may have received it again.
    pub fn delete_message(&self, url: &str, handle: &str, now: i64) -> Result<(), QueueError> {
        let name = self.named(url)?;
        self.change(|transaction| {
            Self::queue(transaction, &name)?;
            let message_id = receipt::message_id(&self.arn(&name), handle)?;
            let shown = "SELECT 1 FROM queue_message WHERE queue = ?1 AND message_id = ?2 AND visible <= ?3";
            if fifo::is_fifo(&name) && transaction.prepare_cached(shown)?.exists((&name, &message_id, now))? {
                return Err(QueueError::parameter("ReceiptHandle", handle, "The receipt handle has expired."));
            }
            let delete = "DELETE FROM queue_message WHERE queue = ?1 AND message_id = ?2";
            transaction.execute(delete, (&name, message_id))?;
            Ok(())
        })?;
        // What was behind it in its group may be received now.
        self.ring();
        Ok(())
    }

    /// Hides a message that was received for so many seconds from now; 0 shows it again.
    ///
    /// # Errors
    /// When there is no such queue, the handle is none of it, or the message is not hidden.
    pub fn change_message_visibility(
        &self,
        url: &str,
        handle: &str,
        timeout: Option<i64>,
        now: i64,
    ) -> Result<(), QueueError> {
        let name = self.named(url)?;
        let timeout = timeout.ok_or(QueueError::MissingParameter("VisibilityTimeout"))?;
        check_timeout(timeout)?;
        self.change(|transaction| {
            Self::queue(transaction, &name)?;
            let message_id = receipt::message_id(&self.arn(&name), handle)?;
            let update = "UPDATE queue_message SET visible = ?4
                          WHERE queue = ?1 AND message_id = ?2 AND visible > ?3 AND received > 0 AND expires > ?3";
            match transaction.execute(update, (&name, message_id, now, now + timeout * 1000))? {
                0 => Err(QueueError::parameter(
                    "ReceiptHandle",
                    handle,
                    "Message does not exist or is not available for visibility timeout change.",
                )),
                _ => Ok(()),
            }
        })?;
        self.ring();
        Ok(())
    }
}

fn check(input: &ReceiveMessageInput) -> Result<(), QueueError> {
    if let Some(most) = input.max_number_of_messages.filter(|most| !(1..=10).contains(most)) {
        return Err(QueueError::parameter("MaxNumberOfMessages", most, "Must be between 1 and 10, if provided."));
    }
    if let Some(wait) = input.wait_time_seconds.filter(|wait| !(0..=20).contains(wait)) {
        return Err(QueueError::parameter("WaitTimeSeconds", wait, "Must be >= 0 and <= 20, if provided."));
    }
    input.visibility_timeout.map_or(Ok(()), check_timeout)?;
    let mut names = input.attribute_names.iter().chain(&input.message_system_attribute_names);
    match names.find(|name| !SYSTEM.contains(&name.as_str())) {
        Some(name) => Err(QueueError::InvalidAttributeName(name.clone())),
        None => Ok(()),
    }
}

fn check_timeout(timeout: i64) -> Result<(), QueueError> {
    if (0..=LONGEST_HIDDEN).contains(&timeout) {
        return Ok(());
    }
    let rule = "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]";
    Err(QueueError::parameter("VisibilityTimeout", timeout, rule))
}

fn visible(transaction: &Transaction<'_>, queue: &str, now: i64, most: i64) -> Result<Vec<Stored>, QueueError> {
    // While somebody has messages of a group, nobody gets further ones, nor one that is behind a delayed one.
    let in_order = "AND NOT EXISTS (SELECT 1 FROM queue_message o
                    WHERE o.queue = m.queue AND o.message_group = m.message_group AND o.visible > ?2 AND o.expires > ?2
                    AND (o.received > 0 OR o.id < m.id))";
    let in_order = if fifo::is_fifo(queue) { in_order } else { "" };
    let select = format!(
        "SELECT id, message_id, body, attributes, trace, sender, source, sent, received, first_received,
                message_group, deduplication_id, number
         FROM queue_message m WHERE queue = ?1 AND visible <= ?2 AND expires > ?2 {in_order} ORDER BY id LIMIT ?3"
    );
    let mut select = transaction.prepare_cached(&select)?;
    let rows = select.query_map((queue, now, most), |row| {
        Ok(Stored {
            id: row.get(0)?,
            message_id: row.get(1)?,
            body: row.get(2)?,
            attributes: row.get(3)?,
            trace: row.get(4)?,
            sender: row.get(5)?,
            source: row.get(6)?,
            sent: row.get(7)?,
            received: row.get(8)?,
            first_received: row.get(9)?,
            group: row.get(10)?,
            deduplication_id: row.get(11)?,
            number: row.get(12)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

impl Stored {
    fn into_message(self, arn: &str, input: &ReceiveMessageInput, now: i64) -> Result<Message, QueueError> {
        let all: MessageAttributes =
            serde_json::from_str(&self.attributes).map_err(|error| QueueError::Damaged(error.to_string()))?;
        let wanted = &input.message_attribute_names;
        let given: MessageAttributes = all.into_iter().filter(|(name, _)| is_wanted(name, wanted)).collect();
        Ok(Message {
            receipt_handle: receipt::handle(arn, &self.message_id, now)?,
            md5_of_body: message::md5(self.body.as_bytes()),
            attributes: self.system(input, now),
            md5_of_message_attributes: message::md5_of_attributes(&given),
            message_attributes: given,
            message_id: self.message_id,
            body: self.body,
        })
    }

    fn system(&self, input: &ReceiveMessageInput, now: i64) -> Attributes {
        let known = [
            ("SenderId", Some(self.sender.clone())),
            ("SentTimestamp", Some(self.sent.to_string())),
            ("ApproximateReceiveCount", Some((self.received + 1).to_string())),
            ("ApproximateFirstReceiveTimestamp", Some(self.first_received.unwrap_or(now).to_string())),
            ("SequenceNumber", self.number.map(fifo::sequence_number)),
            ("MessageDeduplicationId", self.deduplication_id.clone()),
            ("MessageGroupId", self.group.clone()),
            ("AWSTraceHeader", self.trace.clone()),
            ("DeadLetterQueueSourceArn", self.source.clone()),
        ];
        let names = || input.attribute_names.iter().chain(&input.message_system_attribute_names);
        let is_wanted = |name: &str| names().any(|wanted| wanted == name || wanted == "All");
        let given = known.into_iter().filter(|(name, _)| is_wanted(name));
        given.filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }
}

/// Names, `prefix.*`, `.*` and `All`.
fn is_wanted(name: &str, wanted: &[String]) -> bool {
    let is = |wanted: &String| match wanted.strip_suffix(".*") {
        Some(prefix) => name.starts_with(prefix),
        None => wanted == name || wanted == "All",
    };
    wanted.iter().any(is)
}
