//! Tags of topics.

use rusqlite::Transaction;

use super::{ResourceRef, Tag, TagResourceInput, TagsOutput, TopicError, Topics, UntagResourceInput, stored};

/// The most tags of a topic.
const TAG_LIMIT: usize = 50;

impl Topics {
    /// Adds tags, or changes them.
    ///
    /// # Errors
    /// When there is no such topic, or the tags break the rules.
    pub fn tag_resource(&self, input: &TagResourceInput) -> Result<(), TopicError> {
        check(&input.tags)?;
        self.of_resource(&input.resource_arn, |transaction| set(transaction, &input.resource_arn, &input.tags))
    }

    /// Removes tags; those that are not there are no error.
    ///
    /// # Errors
    /// When there is no such topic.
    pub fn untag_resource(&self, input: &UntagResourceInput) -> Result<(), TopicError> {
        self.of_resource(&input.resource_arn, |transaction| {
            let mut delete = transaction.prepare("DELETE FROM topic_tag WHERE topic = ?1 AND key = ?2")?;
            for key in &input.tag_keys {
                delete.execute((&input.resource_arn, key))?;
            }
            Ok(())
        })
    }

    /// The tags of a topic.
    ///
    /// # Errors
    /// When there is no such topic.
    pub fn list_tags_for_resource(&self, input: &ResourceRef) -> Result<TagsOutput, TopicError> {
        let tags = self.of_resource(&input.resource_arn, |transaction| of(transaction, &input.resource_arn))?;
        Ok(TagsOutput { tags })
    }

    fn of_resource<T>(
        &self,
        arn: &str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, TopicError>,
    ) -> Result<T, TopicError> {
        self.catalogue.change(|transaction| match stored::topic(transaction, arn) {
            Err(TopicError::NotFound(_)) => Err(TopicError::ResourceNotFound),
            Err(error) => Err(error),
            Ok(_) => work(transaction),
        })
    }
}

/// Refuses what breaks the rules.
pub(super) fn check(tags: &[Tag]) -> Result<(), TopicError> {
    for Tag { key, value } in tags {
        if !(1..=128).contains(&key.chars().count()) || value.chars().count() > 256 {
            return Err(TopicError::parameter("Tags", "a key has 1 to 128 characters, a value at most 256"));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(TopicError::parameter("Tags", format!("`{key}`: keys that begin with `aws:` are reserved")));
        }
        if tags.iter().filter(|tag| tag.key == *key).count() > 1 {
            return Err(TopicError::parameter("Tags", format!("`{key}` is given twice")));
        }
    }
    Ok(())
}

pub(super) fn set(transaction: &Transaction<'_>, topic: &str, tags: &[Tag]) -> Result<(), TopicError> {
    let mut insert = transaction.prepare("INSERT OR REPLACE INTO topic_tag (topic, key, value) VALUES (?1, ?2, ?3)")?;
    for Tag { key, value } in tags {
        insert.execute((topic, key, value))?;
    }
    if of(transaction, topic)?.len() > TAG_LIMIT {
        return Err(TopicError::TagLimitExceeded);
    }
    Ok(())
}

/// By key.
pub(super) fn of(transaction: &Transaction<'_>, topic: &str) -> Result<Vec<Tag>, TopicError> {
    let mut select = transaction.prepare("SELECT key, value FROM topic_tag WHERE topic = ?1 ORDER BY key")?;
    let tags = select.query_map([topic], |row| Ok(Tag { key: row.get(0)?, value: row.get(1)? }))?;
    Ok(tags.collect::<Result<_, _>>()?)
}
