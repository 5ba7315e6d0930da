//! The queue of deliveries in the catalogue.

use std::ops::ControlFlow;

use rusqlite::{OptionalExtension as _, Row, Transaction};

use super::{DeliveryPolicy, Retries};
use crate::topic::{
    Kind, Message, Protocol, Subscription, SubscriptionState, TopicError, TopicSettings, count, decoded,
    forget_messages, shown_endpoint,
};

/// A delivery, with everything that is needed to make it.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) id: i64,
    /// How often it has failed.
    pub(super) failures: u32,
    pub(super) message_id: String,
    pub(super) kind: Kind,
    pub(super) message: Message,
    pub(super) token: Option<String>,
    pub(super) published: i64,
    pub(super) subscription: Subscription,
    pub(super) topic_settings: TopicSettings,
}

/// No wait is longer: neither one between two tries, nor one for a turn.
pub(super) const LONGEST_WAIT_MS: i64 = 2 * 3600 * 1000;

const SELECT: &str = "
    SELECT d.id, d.attempts, m.id, m.kind, m.message, m.token, m.published,
           s.arn, s.topic, s.protocol, s.endpoint, s.state, s.settings, t.settings
    FROM topic_delivery d JOIN topic_message m ON m.id = d.message
    JOIN topic_subscription s ON s.arn = d.subscription JOIN topic_topic t ON t.arn = s.topic";

/// What a FIFO topic says is delivered one after the other.
const IS_IN_TURN: &str = "NOT (s.topic LIKE '%.fifo' AND EXISTS (
    SELECT 1 FROM topic_delivery o WHERE o.subscription = d.subscription AND o.id < d.id))";

impl Queued {
    /// Shows `take` the deliveries that are due, longest due first, until it breaks off. One that is due later than any
    /// wait can be was postponed by a clock that has been put back since: it is due, too.
    pub(super) fn due(
        transaction: &Transaction<'_>,
        now: i64,
        mut take: impl FnMut(Self) -> ControlFlow<()>,
    ) -> Result<(), TopicError> {
        // Each asks for a stretch of the index. Both in one would read all that waits, whether it is due or not.
        for (condition, bound) in [("d.due <= ?1", now), ("d.due > ?1", now + LONGEST_WAIT_MS)] {
            let select = format!("{SELECT} WHERE {condition} AND {IS_IN_TURN} ORDER BY d.due, d.id");
            let mut select = transaction.prepare_cached(&select)?;
            let mut rows = select.query([bound])?;
            while let Some(row) = rows.next()? {
                if take(Self::read(row)?).is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    pub(super) fn is_for_a_queue(&self) -> bool {
        self.subscription.protocol == Protocol::Sqs
    }

    /// Whether it has to wait for what was published before it.
    pub(super) fn is_in_order(&self) -> bool {
        self.message.number.is_some()
    }

    /// The deliveries of a message that go into queues; of a FIFO topic, behind those that still wait before it.
    pub(super) fn for_queues(transaction: &Transaction<'_>, message_id: &str) -> Result<Vec<Self>, TopicError> {
        let select = format!(
            "{SELECT} WHERE d.subscription IN (
                 SELECT o.subscription FROM topic_delivery o JOIN topic_subscription q ON q.arn = o.subscription
                 WHERE o.message = ?1 AND q.protocol = 'sqs')
             AND (d.message = ?1 OR (
                 s.topic LIKE '%.fifo' AND d.id < (SELECT max(id) FROM topic_delivery WHERE message = ?1)))
             ORDER BY d.id"
        );
        let mut select = transaction.prepare_cached(&select)?;
        let mut rows = select.query([message_id])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(Self::read(row)?);
        }
        Ok(all)
    }

    /// None when nobody wants it any more.
    pub(super) fn one(transaction: &Transaction<'_>, id: i64) -> Result<Option<Self>, TopicError> {
        let mut select = transaction.prepare_cached(&format!("{SELECT} WHERE d.id = ?1"))?;
        let mut rows = select.query([id])?;
        rows.next()?.map(Self::read).transpose()
    }

    fn read(row: &Row<'_>) -> Result<Self, TopicError> {
        let text = |index: usize| row.get::<_, String>(index);
        Ok(Self {
            id: row.get(0)?,
            failures: row.get(1)?,
            message_id: text(2)?,
            kind: Kind::parse(&text(3)?)?,
            message: decoded(&text(4)?)?,
            token: row.get(5)?,
            published: row.get(6)?,
            subscription: Subscription {
                arn: text(7)?,
                topic: text(8)?,
                protocol: text(9)?.parse::<Protocol>()?,
                endpoint: text(10)?,
                state: SubscriptionState::parse(&text(11)?)?,
                settings: decoded(&text(12)?)?,
            },
            topic_settings: decoded(&text(13)?)?,
        })
    }

    /// What subscription and topic say together about delivery. For HTTP and HTTPS.
    pub(super) fn policy(&self) -> DeliveryPolicy {
        // Checked when it was set.
        let own = self.subscription.settings.delivery().ok().flatten();
        self.topic_settings.delivery().effective(own)
    }

    pub(super) fn retries(&self) -> Retries {
        if self.subscription.protocol.is_mail() { Retries::MAIL } else { self.policy().retries() }
    }

    /// It has failed once more; it is due again.
    pub(super) fn postpone(&self, transaction: &Transaction<'_>, problem: &str, due: i64) -> Result<(), TopicError> {
        let update = "UPDATE topic_delivery SET attempts = ?2, problem = ?3, due = ?4 WHERE id = ?1";
        transaction.execute(update, (self.id, self.failures + 1, problem, due))?;
        Ok(())
    }
}

/// A delivery that has failed and waits for its next try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The ARN of the topic.
    pub topic_arn: String,
    /// Who could not be told, without a password.
    pub endpoint: String,
    /// How often it has failed.
    pub failures: u32,
    /// What went wrong the last time.
    pub problem: String,
    /// When it is tried again: Unix milliseconds.
    pub due: i64,
}

/// Those that have failed most often, first.
pub(super) fn troubles(transaction: &Transaction<'_>, limit: u32) -> Result<Vec<Trouble>, TopicError> {
    let select = "SELECT s.topic, s.endpoint, d.attempts, d.problem, d.due
                  FROM topic_delivery d JOIN topic_subscription s ON s.arn = d.subscription
                  WHERE d.problem IS NOT NULL ORDER BY d.attempts DESC, d.id LIMIT ?1";
    let mut select = transaction.prepare_cached(select)?;
    let troubles = select.query_map([limit], |row| {
        let endpoint = shown_endpoint(&row.get::<_, String>(1)?);
        Ok(Trouble { topic_arn: row.get(0)?, endpoint, failures: row.get(2)?, problem: row.get(3)?, due: row.get(4)? })
    })?;
    Ok(troubles.collect::<Result<_, _>>()?)
}

/// Takes a delivery out of the queue, and its message with the last one.
pub(super) fn remove(transaction: &Transaction<'_>, id: i64) -> Result<(), TopicError> {
    let delete = "DELETE FROM topic_delivery WHERE id = ?1 RETURNING message";
    let message: Option<String> = transaction.query_row(delete, [id], |row| row.get(0)).optional()?;
    let delete = "DELETE FROM topic_message
                  WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM topic_delivery WHERE message = ?1)";
    transaction.execute(delete, [message])?;
    Ok(())
}

/// Moves a delivery to a later time, without a failure.
pub(super) fn delay(transaction: &Transaction<'_>, id: i64, due: i64) -> Result<(), TopicError> {
    transaction.execute("UPDATE topic_delivery SET due = ?2 WHERE id = ?1", (id, due))?;
    Ok(())
}

/// Removes tokens and subscriptions that have run out, and counts what waited for them.
pub(super) fn sweep(transaction: &Transaction<'_>, now: i64) -> Result<(), TopicError> {
    transaction.execute("DELETE FROM topic_token WHERE expires <= ?1", [now])?;
    let waited = "SELECT count(*) FROM topic_delivery d JOIN topic_subscription s ON s.arn = d.subscription
                  WHERE s.expires <= ?1";
    let waited: i64 = transaction.query_row(waited, [now], |row| row.get(0))?;
    count(transaction, "cancelled", waited)?;
    transaction.execute("DELETE FROM topic_subscription WHERE expires <= ?1", [now])?;
    forget_messages(transaction)
}
