//! Queues come and go.

use rusqlite::{OptionalExtension as _, Transaction};

use super::{Attributes, CreateQueueInput, ListQueuesInput, QueueError, Queues, attribute::Settings, tag};
use crate::fifo;

/// The most characters of a queue's name.
const NAME_LIMIT: usize = 80;
/// A queue is emptied once in this time, in milliseconds. Source: `PurgeQueue` of the SQS API.
const PURGE_MS: i64 = 60_000;
/// The most names of a page.
const PAGE: i64 = 1_000;

/// A queue.
pub(super) struct Queue {
    pub(super) settings: Settings,
    pub(super) created: i64,
    pub(super) modified: i64,
}

/// The name in `arn:aws:sqs:<region>:<account>:<name>`.
pub(crate) fn queue_name(arn: &str) -> Option<&str> {
    queue_place(arn).map(|place| place.name)
}

/// Where a queue is: the parts of `arn:aws:sqs:<region>:<account>:<name>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct QueuePlace<'a> {
    pub(crate) region: &'a str,
    pub(crate) account: &'a str,
    pub(crate) name: &'a str,
}

/// `None`: the text is not the ARN of a queue.
pub(crate) fn queue_place(arn: &str) -> Option<QueuePlace<'_>> {
    let parts: Vec<&str> = arn.split(':').collect();
    let ["arn", _, "sqs", region, account, name] = *parts.as_slice() else { return None };
    let is_good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_region = !region.is_empty() && region.bytes().all(is_good);
    (is_region && is_name(name)).then_some(QueuePlace { region, account, name })
}

fn is_name(name: &str) -> bool {
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let stem = name.strip_suffix(".fifo").unwrap_or(name);
    !stem.is_empty() && name.len() <= NAME_LIMIT && stem.bytes().all(is_good)
}

/// Whether a name is one of a queue of the kind that is asked for.
fn check_name(name: &str, wants_fifo: bool) -> Result<(), QueueError> {
    let rule = match (is_name(name), fifo::is_fifo(name), wants_fifo) {
        (true, true, true) | (true, false, false) => return Ok(()),
        (_, _, true) => {
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with \
             .fifo suffix and be 1 to 80 in length"
        }
        _ => "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
    };
    Err(QueueError::InvalidParameterValue(rule.to_owned()))
}

impl Queues {
    /// Makes a queue and gives its name; one that is there with the same attributes is no error.
    ///
    /// # Errors
    /// When there is one with other attributes, or name, attributes or tags break the rules.
    pub fn create_queue(&self, input: &CreateQueueInput, now: i64) -> Result<String, QueueError> {
        let name = input.queue_name.as_deref().ok_or(QueueError::MissingParameter("QueueName"))?;
        check_name(name, input.attributes.get("FifoQueue").is_some_and(|value| value == "true"))?;
        let settings = Settings::new(name).with(&input.attributes)?;
        self.change(|transaction| {
            if let Some(there) = Self::find(transaction, name)? {
                return there.settings.agree(&settings, &input.attributes);
            }
            Self::check_redrive(transaction, name, &input.attributes)?;
            let insert = "INSERT INTO queue_queue (name, attributes, created, modified) VALUES (?1, '{}', ?2, ?2)";
            transaction.execute(insert, (name, now))?;
            settings.write(transaction, name, now)?;
            tag::write(transaction, name, &input.tags)
        })?;
        Ok(name.to_owned())
    }

    /// The name of the queue, if there is one.
    ///
    /// # Errors
    /// When there is none.
    pub fn queue_of_name(&self, name: &str) -> Result<String, QueueError> {
        self.change(|transaction| Self::queue(transaction, name).map(|_| name.to_owned()))
    }

    /// The name of the queue that a URL, or an ARN, names: its last part.
    ///
    /// # Errors
    /// When it is a queue of another account.
    pub fn named(&self, url: &str) -> Result<String, QueueError> {
        if url.is_empty() {
            return Err(QueueError::MissingParameter("QueueUrl"));
        }
        let mut parts = url.rsplit(['/', ':']);
        let (name, account) = (parts.next().unwrap_or_default(), parts.next());
        let is_here = account.is_none_or(|account| account == self.home.account);
        if is_here && is_name(name) { Ok(name.to_owned()) } else { Err(QueueError::NonExistentQueue) }
    }

    /// Removes a queue with all that is in it.
    ///
    /// # Errors
    /// When there is none.
    pub fn delete_queue(&self, url: &str) -> Result<(), QueueError> {
        let name = self.named(url)?;
        self.change(|transaction| {
            fifo::forget(transaction, &self.arn(&name))?;
            match transaction.execute("DELETE FROM queue_queue WHERE name = ?1", [&name])? {
                0 => Err(QueueError::NonExistentQueue),
                _ => Ok(()),
            }
        })
    }

    /// Removes all messages of a queue.
    ///
    /// # Errors
    /// When there is no such queue, or it was emptied less than a minute ago.
    pub fn purge_queue(&self, url: &str, now: i64) -> Result<(), QueueError> {
        let name = self.named(url)?;
        self.change(|transaction| {
            Self::queue(transaction, &name)?;
            // A clock that was put back must not keep a queue from being emptied.
            let update = "UPDATE queue_queue SET purged = ?2
                          WHERE name = ?1 AND (purged IS NULL OR abs(?2 - purged) >= ?3)";
            if transaction.execute(update, (&name, now, PURGE_MS))? == 0 {
                return Err(QueueError::PurgeQueueInProgress(name.clone()));
            }
            transaction.execute("DELETE FROM queue_message WHERE queue = ?1", [&name])?;
            fifo::forget(transaction, &self.arn(&name))?;
            Ok(())
        })
    }

    /// The names of queues, in order, and where to go on.
    ///
    /// # Errors
    /// When the size of the page is out of its range.
    pub fn list_queues(&self, input: &ListQueuesInput) -> Result<(Vec<String>, Option<String>), QueueError> {
        let most = input.max_results.unwrap_or(PAGE);
        if !(1..=PAGE).contains(&most) {
            return Err(QueueError::parameter("MaxResults", most, "MaxResults must be between 1 and 1000"));
        }
        let prefix = input.queue_name_prefix.as_deref().unwrap_or_default();
        let behind = input.next_token.as_deref().unwrap_or_default();
        let mut names: Vec<String> = self.change(|transaction| {
            let select = "SELECT name FROM queue_queue
                          WHERE name > ?1 AND substr(name, 1, length(?2)) = ?2 ORDER BY name LIMIT ?3";
            let mut select = transaction.prepare_cached(select)?;
            let names = select.query_map((behind, prefix, most + 1), |row| row.get(0))?;
            Ok::<_, QueueError>(names.collect::<Result<_, _>>()?)
        })?;
        let is_more = names.len() > usize::try_from(most).unwrap_or(usize::MAX);
        if is_more {
            names.pop();
        }
        // Without a size of the page there is no token, as SQS has it.
        let next = names.last().cloned().filter(|_| is_more && input.max_results.is_some());
        Ok((names, next))
    }

    /// The names of queues whose dead letters go to this one.
    ///
    /// # Errors
    /// When there is no such queue.
    pub fn list_dead_letter_source_queues(&self, url: &str) -> Result<Vec<String>, QueueError> {
        let arn = self.arn(&self.queue_of_name(&self.named(url)?)?);
        self.change(|transaction| {
            let mut select = transaction.prepare_cached("SELECT name, attributes FROM queue_queue ORDER BY name")?;
            let rows = select.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
            let mut sources = Vec::new();
            for row in rows {
                let (name, attributes) = row?;
                let redrive = Settings::read(&attributes)?.redrive();
                if redrive.is_some_and(|policy| policy.dead_letter_target_arn == arn) {
                    sources.push(name);
                }
            }
            Ok(sources)
        })
    }

    pub(super) fn queue(transaction: &Transaction<'_>, name: &str) -> Result<Queue, QueueError> {
        Self::find(transaction, name)?.ok_or(QueueError::NonExistentQueue)
    }

    pub(super) fn find(transaction: &Transaction<'_>, name: &str) -> Result<Option<Queue>, QueueError> {
        let mut select =
            transaction.prepare_cached("SELECT attributes, created, modified FROM queue_queue WHERE name = ?1")?;
        let row =
            select.query_row([name], |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?))).optional()?;
        row.map(|(attributes, created, modified)| {
            Ok(Queue { settings: Settings::read(&attributes)?, created, modified })
        })
        .transpose()
    }
}

impl Settings {
    fn read(text: &str) -> Result<Self, QueueError> {
        serde_json::from_str(text).map(Self).map_err(|error| QueueError::Damaged(error.to_string()))
    }

    pub(super) fn write(&self, transaction: &Transaction<'_>, name: &str, now: i64) -> Result<(), QueueError> {
        let text = serde_json::to_string(&self.0).map_err(|error| QueueError::Damaged(error.to_string()))?;
        let update = "UPDATE queue_queue SET attributes = ?2, modified = ?3 WHERE name = ?1";
        transaction.execute(update, (name, text, now))?;
        Ok(())
    }

    /// Whether a queue that is there is the one that is asked for.
    fn agree(&self, wanted: &Self, given: &Attributes) -> Result<(), QueueError> {
        match given.keys().find(|name| self.shown(name) != wanted.shown(name)) {
            Some(name) => Err(QueueError::QueueAlreadyExists(name.clone())),
            None => Ok(()),
        }
    }
}
