//! Tags of queues.

use std::collections::BTreeMap;

use rusqlite::Transaction;

use super::{QueueError, Queues};

/// The most tags of a queue.
const LIMIT: usize = 50;

impl Queues {
    /// Sets tags.
    ///
    /// # Errors
    /// When there is no such queue, or they are too many.
    pub fn tag_queue(&self, url: &str, tags: &BTreeMap<String, String>) -> Result<(), QueueError> {
        let name = self.named(url)?;
        self.change(|transaction| {
            Self::queue(transaction, &name)?;
            if tags.is_empty() {
                return Err(QueueError::MissingParameter("Tags"));
            }
            write(transaction, &name, tags)
        })
    }

    /// Removes tags.
    ///
    /// # Errors
    /// When there is no such queue.
    pub fn untag_queue(&self, url: &str, keys: &[String]) -> Result<(), QueueError> {
        let name = self.named(url)?;
        self.change(|transaction| {
            Self::queue(transaction, &name)?;
            if keys.is_empty() {
                let rule = "Tag keys must be between 1 and 128 characters in length.";
                return Err(QueueError::InvalidParameterValue(rule.to_owned()));
            }
            for key in keys {
                transaction.execute("DELETE FROM queue_tag WHERE queue = ?1 AND key = ?2", (&name, key))?;
            }
            Ok(())
        })
    }

    /// All tags.
    ///
    /// # Errors
    /// When there is no such queue.
    pub fn list_queue_tags(&self, url: &str) -> Result<BTreeMap<String, String>, QueueError> {
        let name = self.named(url)?;
        self.change(|transaction| {
            Self::queue(transaction, &name)?;
            tags(transaction, &name)
        })
    }
}

fn tags(transaction: &Transaction<'_>, queue: &str) -> Result<BTreeMap<String, String>, QueueError> {
    let mut select = transaction.prepare_cached("SELECT key, value FROM queue_tag WHERE queue = ?1")?;
    let rows = select.query_map([queue], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Writes tags over those that are there.
pub(super) fn write(
    transaction: &Transaction<'_>,
    queue: &str,
    set: &BTreeMap<String, String>,
) -> Result<(), QueueError> {
    for (key, value) in set {
        if !(1..=128).contains(&key.chars().count()) || value.chars().count() > 256 {
            let rule = "A tag's key has 1 to 128 characters, its value at most 256.";
            return Err(QueueError::InvalidParameterValue(rule.to_owned()));
        }
        transaction.execute("INSERT OR REPLACE INTO queue_tag VALUES (?1, ?2, ?3)", (queue, key, value))?;
    }
    if tags(transaction, queue)?.len() > LIMIT {
        return Err(QueueError::InvalidParameterValue(format!("Too many tags added for queue {queue}.")));
    }
    Ok(())
}
