//! Topics come and go.

use rusqlite::Transaction;

use super::{
    CreateTopicInput, ListInput, ListTopicsOutput, TopicError, TopicRef, TopicSettings, Topics,
    arn::is_topic_name,
    list::Page,
    stored::{self, cancel, encoded},
    tag,
};
use crate::fifo;

/// The most topics of an account.
const TOPIC_LIMIT: u32 = 100_000;

impl Topics {
    /// Makes a topic; one that is there already with the same attributes stays as it is.
    ///
    /// # Errors
    /// When name, attributes or tags break the rules, or the topic is there with others.
    pub fn create_topic(&self, input: &CreateTopicInput, now: i64) -> Result<TopicRef, TopicError> {
        let settings = TopicSettings::of(&input.attributes)?;
        check_name(&input.name, settings.is_fifo())?;
        tag::check(&input.tags)?;
        let arn = self.home.topic_arn(&input.name);
        self.catalogue.change(|transaction| match stored::topic(transaction, &arn) {
            Ok(found) => matches(transaction, &arn, &found, input),
            Err(TopicError::NotFound(_)) => {
                check_limit(transaction)?;
                transaction.execute(
                    "INSERT INTO topic_topic (arn, name, settings, created) VALUES (?1, ?2, ?3, ?4)",
                    (&arn, &input.name, encoded(&settings)?, now),
                )?;
                tag::set(transaction, &arn, &input.tags)
            }
            Err(error) => Err(error),
        })?;
        Ok(TopicRef { topic_arn: arn })
    }

    /// Removes a topic, its subscriptions and what waits to be delivered; one that is not there is no error.
    ///
    /// # Errors
    /// When the catalogue refuses.
    pub fn delete_topic(&self, input: &TopicRef) -> Result<(), TopicError> {
        self.check_topic_arn(&input.topic_arn)?;
        self.catalogue.change(|transaction| {
            let of_topic = "subscription IN (SELECT arn FROM topic_subscription WHERE topic = ?1)";
            cancel(transaction, of_topic, &input.topic_arn)?;
            transaction.execute("DELETE FROM topic_topic WHERE arn = ?1", [&input.topic_arn])?;
            fifo::forget(transaction, &input.topic_arn)?;
            Ok(())
        })
    }

    /// Names topics, 100 at a time.
    ///
    /// # Errors
    /// When the token is none of ours.
    pub fn list_topics(&self, input: &ListInput) -> Result<ListTopicsOutput, TopicError> {
        let page = Page::from_token(input.next_token.as_deref())?;
        let arns = self.catalogue.change(|transaction| {
            let mut select = transaction.prepare("SELECT arn FROM topic_topic WHERE arn > ?1 ORDER BY arn LIMIT ?2")?;
            let arns = select.query_map((page.after(), Page::ROWS), |row| row.get(0))?;
            Ok::<_, TopicError>(arns.collect::<Result<Vec<String>, _>>()?)
        })?;
        let (arns, next_token) = Page::cut(arns, String::as_str);
        let topics = arns.into_iter().map(|topic_arn| TopicRef { topic_arn }).collect();
        Ok(ListTopicsOutput { topics, next_token })
    }

    /// Refuses what is no ARN of a topic here.
    pub(super) fn check_topic_arn(&self, arn: &str) -> Result<(), TopicError> {
        match super::Arn::parse(arn) {
            Some(parsed) if parsed.subscription.is_none() => match self.home.topic_arn(parsed.topic) == arn {
                true => Ok(()),
                false if arn.split(':').nth(3) != Some(&self.home.region) => {
                    Err(TopicError::InvalidParameter("TopicArn".into()))
                }
                false => Err(TopicError::NotFound("Topic")),
            },
            _ => Err(TopicError::arn("TopicArn", arn)),
        }
    }
}

/// Whether a name is one of a topic of the kind that is asked for.
fn check_name(name: &str, wants_fifo: bool) -> Result<(), TopicError> {
    match is_topic_name(name) && fifo::is_fifo(name) == wants_fifo {
        true => Ok(()),
        false if wants_fifo => Err(TopicError::InvalidParameter(
            "Fifo Topic names must end with .fifo and must be made up of only uppercase and lowercase ASCII letters, \
             numbers, underscores, and hyphens, and must be between 1 and 256 characters long."
                .into(),
        )),
        false => Err(TopicError::InvalidParameter("Topic Name".into())),
    }
}

/// Whether a topic that is there is the one that was asked for.
fn matches(
    transaction: &Transaction<'_>,
    arn: &str,
    found: &TopicSettings,
    input: &CreateTopicInput,
) -> Result<(), TopicError> {
    if !found.has(&input.attributes)? {
        return Err(TopicError::parameter("Attributes", "Topic already exists with different attributes"));
    }
    let tags = tag::of(transaction, arn)?;
    if !input.tags.iter().all(|tag| tags.contains(tag)) {
        return Err(TopicError::parameter("Tags", "Topic already exists with different tags"));
    }
    Ok(())
}

fn check_limit(transaction: &Transaction<'_>) -> Result<(), TopicError> {
    let topics: u32 = transaction.query_row("SELECT count(*) FROM topic_topic", [], |row| row.get(0))?;
    if topics < TOPIC_LIMIT { Ok(()) } else { Err(TopicError::TopicLimitExceeded(TOPIC_LIMIT)) }
}
