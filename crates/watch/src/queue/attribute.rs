//! Attributes of queues.

use rusqlite::Transaction;
use serde::Deserialize;

use super::{Attributes, QueueError, Queues, SetQueueAttributesInput, registry::queue_name};
use crate::fifo;

/// Attributes that are numbers: name, least, most, default. Source: `SetQueueAttributes` of the SQS API.
const NUMBERS: [(&str, u32, u32, u32); 5] = [
    ("DelaySeconds", 0, 900, 0),
    ("MaximumMessageSize", 1_024, 1_048_576, 1_048_576),
    ("MessageRetentionPeriod", 60, 1_209_600, 345_600),
    ("ReceiveMessageWaitTimeSeconds", 0, 20, 0),
    ("VisibilityTimeout", 0, 43_200, 30),
];
/// Attributes that are JSON.
const TEXTS: [&str; 3] = ["Policy", REDRIVE, "RedriveAllowPolicy"];
const REDRIVE: &str = "RedrivePolicy";
/// Attributes of FIFO queues: name, values; the first is the default.
const FIFO: [(&str, [&str; 2]); 4] = [
    (FIFO_QUEUE, ["true", "true"]),
    ("ContentBasedDeduplication", ["false", "true"]),
    ("DeduplicationScope", ["queue", "messageGroup"]),
    ("FifoThroughputLimit", ["perQueue", "perMessageGroupId"]),
];
const FIFO_QUEUE: &str = "FifoQueue";
/// Attributes that SQS has and Weir does not: there are no keys.
const REFUSED: [&str; 2] = ["KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds"];
/// Attributes that are counted.
const COUNTS: [&str; 3] =
    ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"];
/// Attributes that are facts.
const FACTS: [&str; 3] = ["CreatedTimestamp", "LastModifiedTimestamp", "QueueArn"];
const ENCRYPTION: &str = "SqsManagedSseEnabled";

/// What `RedrivePolicy` says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RedrivePolicy {
    pub(super) dead_letter_target_arn: String,
    #[serde(deserialize_with = "number")]
    pub(super) max_receive_count: u32,
}

/// A number, or its text: clients send both.
fn number<'de, D: serde::Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(u32),
        Text(String),
    }
    match Either::deserialize(from)? {
        Either::Number(number) => Ok(number),
        Either::Text(text) => text.parse().map_err(serde::de::Error::custom),
    }
}

/// What was set for a queue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Settings(pub(super) Attributes);

impl Settings {
    /// What is set for a new queue of this name.
    pub(super) fn new(name: &str) -> Self {
        let kind = fifo::is_fifo(name).then(|| (FIFO_QUEUE.to_owned(), "true".to_owned()));
        Self(kind.into_iter().collect())
    }

    pub(super) fn is_fifo(&self) -> bool {
        self.0.contains_key(FIFO_QUEUE)
    }

    /// Whether something is set to a value, or has it by default.
    pub(super) fn is(&self, name: &str, value: &str) -> bool {
        self.shown(name).is_some_and(|shown| shown == value)
    }

    /// These settings with some changed; an empty text takes a policy away.
    pub(super) fn with(&self, attributes: &Attributes) -> Result<Self, QueueError> {
        let mut changed = self.0.clone();
        for (name, value) in attributes {
            match FIFO.iter().find(|row| row.0 == name) {
                Some((_, values)) => self.check_fifo(name, value, values)?,
                None => check(name, value)?,
            }
            if value.is_empty() {
                changed.remove(name);
            } else {
                changed.insert(name.clone(), kept(name, value));
            }
        }
        let changed = Self(changed);
        let is_by_group = changed.is("DeduplicationScope", "messageGroup");
        if changed.is("FifoThroughputLimit", "perMessageGroupId") && !is_by_group {
            let reason = "perMessageGroupId is allowed only when DeduplicationScope is messageGroup";
            return Err(QueueError::InvalidAttributeValue("FifoThroughputLimit".to_owned(), Some(reason)));
        }
        Ok(changed)
    }

    fn check_fifo(&self, name: &str, value: &str, values: &[&str]) -> Result<(), QueueError> {
        if !self.is_fifo() {
            return Err(QueueError::InvalidAttributeName(name.to_owned()));
        }
        if values.contains(&value) {
            return Ok(());
        }
        let reason = (name == FIFO_QUEUE).then_some("Modifying queue type is not supported");
        Err(QueueError::InvalidAttributeValue(name.to_owned(), reason))
    }

    /// The value of an attribute as it is shown.
    pub(super) fn shown(&self, name: &str) -> Option<String> {
        let default = || NUMBERS.iter().find(|row| row.0 == name).map(|row| row.3.to_string());
        let encrypted = || (name == ENCRYPTION).then(|| "true".to_owned());
        let of_fifo = || FIFO.iter().find(|row| row.0 == name && self.is_fifo()).map(|row| row.1[0].to_owned());
        self.0.get(name).cloned().or_else(default).or_else(encrypted).or_else(of_fifo)
    }

    /// The value of an attribute that is a number.
    pub(super) fn number(&self, name: &str) -> i64 {
        // Checked when it was set.
        self.shown(name).and_then(|value| value.parse().ok()).unwrap_or_default()
    }

    /// Where messages go that are received too often.
    pub(super) fn redrive(&self) -> Option<RedrivePolicy> {
        self.0.get(REDRIVE).and_then(|text| serde_json::from_str(text).ok())
    }
}

/// As it is kept and shown: a count that came as a text is a number.
fn kept(name: &str, value: &str) -> String {
    let policy = (name == REDRIVE).then(|| serde_json::from_str::<RedrivePolicy>(value).ok()).flatten();
    let Some(policy) = policy else { return value.to_owned() };
    let Ok(mut shown) = serde_json::from_str::<serde_json::Value>(value) else { return value.to_owned() };
    if !shown["maxReceiveCount"].is_string() {
        return value.to_owned();
    }
    shown["maxReceiveCount"] = policy.max_receive_count.into();
    shown.to_string()
}

fn check(name: &str, value: &str) -> Result<(), QueueError> {
    let invalid = |reason| Err(QueueError::InvalidAttributeValue(name.to_owned(), reason));
    if let Some((_, least, most, _)) = NUMBERS.iter().find(|row| row.0 == name) {
        return match value.parse::<u32>() {
            Ok(number) if (*least..=*most).contains(&number) => Ok(()),
            _ => invalid(None),
        };
    }
    if REFUSED.contains(&name) {
        let is_off = value.is_empty() || value == "false";
        return if is_off { Ok(()) } else { Err(QueueError::UnsupportedOperation(REFUSAL)) };
    }
    match name {
        ENCRYPTION if ["true", "false"].contains(&value) => Ok(()),
        ENCRYPTION => invalid(None),
        REDRIVE if !value.is_empty() => match serde_json::from_str::<RedrivePolicy>(value) {
            Err(_) => invalid(Some("it is a JSON object with deadLetterTargetArn and maxReceiveCount")),
            Ok(policy) if !(1..=1000).contains(&policy.max_receive_count) => {
                invalid(Some("Invalid value for maxReceiveCount: must be between 1 and 1000"))
            }
            Ok(policy) if queue_name(&policy.dead_letter_target_arn).is_none() => {
                invalid(Some("Dead-letter target is not the ARN of a queue"))
            }
            Ok(_) => Ok(()),
        },
        _ if TEXTS.contains(&name) => {
            let is_object = value.is_empty()
                || serde_json::from_str::<serde_json::Value>(value).is_ok_and(|value| value.is_object());
            if is_object { Ok(()) } else { invalid(None) }
        }
        _ => Err(QueueError::InvalidAttributeName(name.to_owned())),
    }
}

const REFUSAL: &str = "Weir has no keys for queues: leave the attribute out";

impl Queues {
    /// Who may do what with a queue, as JSON, if it was set; by the queue's URL or ARN.
    ///
    /// # Errors
    /// When there is no such queue.
    pub fn policy(&self, url: &str) -> Result<Option<String>, QueueError> {
        let name = self.named(url)?;
        self.change(|transaction| Ok(Self::queue(transaction, &name)?.settings.shown("Policy")))
    }

    /// The attributes of a queue that are asked for; `All` asks for all.
    ///
    /// # Errors
    /// When there is no such queue or attribute.
    pub fn get_queue_attributes(&self, url: &str, wanted: &[String], now: i64) -> Result<Attributes, QueueError> {
        let name = self.named(url)?;
        let all = NUMBERS.iter().map(|row| row.0).chain(TEXTS).chain(FIFO.map(|row| row.0)).chain(COUNTS).chain(FACTS);
        let all: Vec<&str> = all.collect();
        let is_known =
            |name: &str| all.contains(&name) || REFUSED.contains(&name) || [ENCRYPTION, "All"].contains(&name);
        if let Some(unknown) = wanted.iter().find(|name| !is_known(name)) {
            return Err(QueueError::InvalidAttributeName(unknown.clone()));
        }
        let is_wanted = |attribute: &str| wanted.iter().any(|wanted| wanted == attribute || wanted == "All");
        self.change(|transaction| {
            let queue = Self::queue(transaction, &name)?;
            let counts = counts(transaction, &name, now)?;
            let mut shown = Attributes::new();
            for attribute in all.iter().copied().chain([ENCRYPTION]).filter(|attribute| is_wanted(attribute)) {
                let value = match attribute {
                    "CreatedTimestamp" => Some((queue.created / 1000).to_string()),
                    "LastModifiedTimestamp" => Some((queue.modified / 1000).to_string()),
                    "QueueArn" => Some(self.arn(&name)),
                    _ => match COUNTS.iter().position(|count| *count == attribute) {
                        Some(index) => counts.get(index).map(i64::to_string),
                        None => queue.settings.shown(attribute),
                    },
                };
                shown.extend(value.map(|value| (attribute.to_owned(), value)));
            }
            Ok(shown)
        })
    }

    /// # Errors
    /// The queue is not there, or of the other kind, that messages shall go to which are received too often.
    pub(super) fn check_redrive(
        transaction: &Transaction<'_>,
        name: &str,
        attributes: &Attributes,
    ) -> Result<(), QueueError> {
        let Some(policy) = Settings(attributes.clone()).redrive() else { return Ok(()) };
        let target = queue_name(&policy.dead_letter_target_arn).unwrap_or_default();
        let reason = match Self::find(transaction, target)? {
            Some(_) if fifo::is_fifo(target) == fifo::is_fifo(name) => return Ok(()),
            Some(_) => "Dead-letter queue must be same type of queue as the source.",
            None => "Dead letter target does not exist.",
        };
        Err(QueueError::parameter(REDRIVE, &attributes[REDRIVE], reason))
    }

    /// Sets attributes of a queue.
    ///
    /// # Errors
    /// When there is no such queue or attribute, or a value breaks its rules.
    pub fn set_queue_attributes(&self, input: &SetQueueAttributesInput, now: i64) -> Result<(), QueueError> {
        let name = self.named(&input.queue_url)?;
        self.change(|transaction| {
            let queue = Self::queue(transaction, &name)?;
            let settings = queue.settings.with(&input.attributes)?;
            Self::check_redrive(transaction, &name, &input.attributes)?;
            settings.write(transaction, &name, now)
        })
    }
}

/// Visible, received and hidden, delayed.
fn counts(transaction: &Transaction<'_>, queue: &str, now: i64) -> Result<[i64; 3], QueueError> {
    let select = "SELECT coalesce(sum(visible <= ?2), 0), coalesce(sum(visible > ?2 AND received > 0), 0),
                  coalesce(sum(visible > ?2 AND received = 0), 0)
                  FROM queue_message WHERE queue = ?1 AND expires > ?2";
    Ok(transaction.query_row(select, (queue, now), |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?]))?)
}
