//! Rows of the catalogue, read and written.

use rusqlite::{OptionalExtension as _, Row, Transaction};
use serde::de::DeserializeOwned;

use super::{Message, Protocol, SubscriptionSettings, TopicError, TopicSettings};

/// What a topic sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Notification,
    SubscriptionConfirmation,
    UnsubscribeConfirmation,
}

/// Where a subscription is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Pending,
    Confirmed,
    Deleted,
}

#[derive(Debug, Clone)]
pub(crate) struct Subscription {
    pub(crate) arn: String,
    pub(crate) topic: String,
    pub(crate) protocol: Protocol,
    pub(crate) endpoint: String,
    pub(crate) state: State,
    pub(crate) settings: SubscriptionSettings,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Notification, Self::SubscriptionConfirmation, Self::UnsubscribeConfirmation];

    /// As SNS writes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Notification => "Notification",
            Self::SubscriptionConfirmation => "SubscriptionConfirmation",
            Self::UnsubscribeConfirmation => "UnsubscribeConfirmation",
        }
    }

    pub(crate) fn parse(name: &str) -> Result<Self, TopicError> {
        let kind = Self::ALL.into_iter().find(|kind| kind.name() == name);
        kind.ok_or_else(|| TopicError::Damaged(format!("`{name}` is no kind of message")))
    }
}

impl State {
    const ALL: [Self; 3] = [Self::Pending, Self::Confirmed, Self::Deleted];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Confirmed => "confirmed",
            Self::Deleted => "deleted",
        }
    }

    pub(crate) fn parse(name: &str) -> Result<Self, TopicError> {
        let state = Self::ALL.into_iter().find(|state| state.name() == name);
        state.ok_or_else(|| TopicError::Damaged(format!("`{name}` is no state of a subscription")))
    }
}

/// What was written as JSON.
pub(crate) fn decoded<T: DeserializeOwned>(text: &str) -> Result<T, TopicError> {
    serde_json::from_str(text).map_err(|error| TopicError::Damaged(error.to_string()))
}

/// As JSON.
pub(crate) fn encoded(value: &impl serde::Serialize) -> Result<String, TopicError> {
    serde_json::to_string(value).map_err(|error| TopicError::Damaged(error.to_string()))
}

/// The settings of a topic.
pub(crate) fn topic(transaction: &Transaction<'_>, arn: &str) -> Result<TopicSettings, TopicError> {
    let select = "SELECT settings FROM topic_topic WHERE arn = ?1";
    let settings: Option<String> = transaction.query_row(select, [arn], |row| row.get(0)).optional()?;
    decoded(&settings.ok_or(TopicError::NotFound("Topic"))?)
}

/// What a `SELECT` of subscriptions begins with.
const SUBSCRIPTIONS: &str = "SELECT arn, topic, protocol, endpoint, state, settings FROM topic_subscription";

impl Subscription {
    /// All that meet a condition and have not run out.
    pub(crate) fn all(
        transaction: &Transaction<'_>,
        condition: &str,
        values: impl rusqlite::Params,
    ) -> Result<Vec<Self>, TopicError> {
        let mut select = transaction.prepare_cached(&format!("{SUBSCRIPTIONS} WHERE {condition}"))?;
        let mut rows = select.query(values)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(Self::read(row)?);
        }
        Ok(found)
    }

    /// The one with this ARN.
    pub(crate) fn one(transaction: &Transaction<'_>, arn: &str, now: i64) -> Result<Self, TopicError> {
        let condition = "arn = ?1 AND (expires IS NULL OR expires > ?2)";
        let found = Self::all(transaction, condition, (arn, now))?.pop();
        found.ok_or(TopicError::NotFound("Subscription"))
    }

    fn read(row: &Row<'_>) -> Result<Self, TopicError> {
        Ok(Self {
            arn: row.get(0)?,
            topic: row.get(1)?,
            protocol: row.get::<_, String>(2)?.parse()?,
            endpoint: row.get(3)?,
            state: State::parse(&row.get::<_, String>(4)?)?,
            settings: decoded(&row.get::<_, String>(5)?)?,
        })
    }

    /// Writes it over what was there; what is not confirmed is gone at `expires`.
    pub(crate) fn write(&self, transaction: &Transaction<'_>, expires: Option<i64>) -> Result<(), TopicError> {
        let settings = encoded(&self.settings)?;
        let (protocol, state) = (self.protocol.name(), self.state.name());
        transaction.execute(
            "INSERT INTO topic_subscription (arn, topic, protocol, endpoint, state, settings, expires)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (arn) DO UPDATE SET state = ?5, settings = ?6, expires = ?7",
            (&self.arn, &self.topic, protocol, &self.endpoint, state, settings, expires),
        )?;
        Ok(())
    }
}

/// A message on its way into the queue.
pub(crate) struct Sending<'a> {
    pub(crate) id: &'a str,
    pub(crate) topic: &'a str,
    pub(crate) kind: Kind,
    pub(crate) message: &'a Message,
    pub(crate) token: Option<&'a str>,
}

impl Sending<'_> {
    /// Puts it into the queue for these subscriptions, due now.
    pub(crate) fn queue<'s>(
        &self,
        transaction: &Transaction<'_>,
        subscriptions: impl IntoIterator<Item = &'s str>,
        now: i64,
    ) -> Result<(), TopicError> {
        let mut subscriptions = subscriptions.into_iter().peekable();
        if subscriptions.peek().is_some() {
            transaction.execute(
                "INSERT INTO topic_message (id, topic, kind, message, token, published) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                (self.id, self.topic, self.kind.name(), encoded(self.message)?, self.token, now),
            )?;
        }
        let mut insert = transaction
            .prepare_cached("INSERT INTO topic_delivery (message, subscription, due) VALUES (?1, ?2, ?3)")?;
        for subscription in subscriptions {
            insert.execute((self.id, subscription, now))?;
        }
        Ok(())
    }
}

/// Adds to a counter.
pub(crate) fn count(transaction: &Transaction<'_>, name: &str, amount: i64) -> Result<(), TopicError> {
    if amount > 0 {
        transaction.execute(
            "INSERT INTO topic_count (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = value + ?2",
            (name, amount),
        )?;
    }
    Ok(())
}

/// A counter.
pub(crate) fn counted(transaction: &Transaction<'_>, name: &str) -> Result<u64, TopicError> {
    let select = "SELECT coalesce((SELECT value FROM topic_count WHERE name = ?1), 0)";
    let value: i64 = transaction.query_row(select, [name], |row| row.get(0))?;
    Ok(value.unsigned_abs())
}

/// Takes deliveries that meet a condition out of the queue, because nobody wants them any more, and counts them.
pub(crate) fn cancel(transaction: &Transaction<'_>, condition: &str, value: &str) -> Result<(), TopicError> {
    let cancelled = transaction.execute(&format!("DELETE FROM topic_delivery WHERE {condition}"), [value])?;
    count(transaction, "cancelled", i64::try_from(cancelled).unwrap_or(i64::MAX))?;
    forget_messages(transaction)
}

/// Removes messages that nobody waits for.
pub(crate) fn forget_messages(transaction: &Transaction<'_>) -> Result<(), TopicError> {
    transaction.execute("DELETE FROM topic_message WHERE id NOT IN (SELECT message FROM topic_delivery)", [])?;
    Ok(())
}
