//! Subscriptions come and go.

use rusqlite::Transaction;

use super::{
    Message, Protocol, SubscribeInput, SubscriptionOutput, SubscriptionRef, SubscriptionSettings, TopicError,
    TopicSettings, Topics,
    arn::Arn,
    random,
    stored::{self, Kind, Sending, State, Subscription, cancel},
    uuid,
};
use crate::{fifo, queue::queue_place};

/// How long a token is good for, and how long a subscription without one is remembered: two days.
const TOKEN_LIFE_MS: i64 = 2 * 24 * 3600 * 1000;
/// The most subscriptions of a topic: each message is written once for each of them, in one transaction.
const SUBSCRIPTION_LIMIT: u32 = 10_000;
/// The most filter policies of a topic.
const FILTER_LIMIT: u32 = 200;

impl Topics {
    /// Subscribes an endpoint, and asks it to confirm; asks again when it has not yet.
    ///
    /// # Errors
    /// When there is no such topic, or protocol, endpoint or attributes break the rules.
    pub fn subscribe(&self, input: &SubscribeInput, now: i64) -> Result<SubscriptionOutput, TopicError> {
        self.check_topic_arn(&input.topic_arn)?;
        let protocol = input.protocol.parse::<Protocol>()?;
        let subscription = self.catalogue.change(|transaction| {
            // Whether there is a topic is said first.
            let topic = stored::topic(transaction, &input.topic_arn)?;
            let endpoint = self.endpoint(protocol, &input.endpoint)?;
            check_order(&topic, protocol, &endpoint)?;
            let settings = SubscriptionSettings::of(protocol, &input.attributes)?;
            let condition = "topic = ?1 AND protocol = ?2 AND endpoint = ?3";
            let values = (&input.topic_arn, protocol.name(), &endpoint);
            let found = Subscription::all(transaction, condition, values)?.pop();
            if let Some(confirmed) = found.as_ref().filter(|found| found.state == State::Confirmed) {
                return unchanged(confirmed, input);
            }
            let arn = match found {
                Some(found) => found.arn,
                None => new_arn(transaction, &input.topic_arn)?,
            };
            let topic = input.topic_arn.clone();
            // A queue of the account needs not be asked.
            let state = if protocol == Protocol::Sqs { State::Confirmed } else { State::Pending };
            let subscription = Subscription { arn, topic, protocol, endpoint, state, settings };
            let expires = (state == State::Pending).then_some(now + TOKEN_LIFE_MS);
            subscription.write(transaction, expires)?;
            check_filters(transaction, &subscription)?;
            if state == State::Confirmed {
                return Ok(subscription);
            }
            ask(transaction, &subscription, Kind::SubscriptionConfirmation, now)?;
            Ok(subscription)
        })?;
        let is_told = subscription.state == State::Confirmed || input.return_subscription_arn;
        let subscription_arn = if is_told { subscription.arn } else { "pending confirmation".into() };
        Ok(SubscriptionOutput { subscription_arn })
    }

    fn endpoint(&self, protocol: Protocol, given: &str) -> Result<String, TopicError> {
        let endpoint = protocol.endpoint(given)?;
        if protocol == Protocol::Sqs && queue_place(&endpoint).is_none_or(|place| place.account != self.home.account) {
            return Err(TopicError::parameter("Endpoint", "it must be a queue of this account"));
        }
        Ok(endpoint)
    }

    /// Ends a subscription for the account that has it; one that is not there is no error.
    ///
    /// # Errors
    /// When the ARN is none.
    pub fn unsubscribe(&self, input: &SubscriptionRef, now: i64) -> Result<(), TopicError> {
        self.check_subscription_arn(&input.subscription_arn)?;
        self.catalogue.change(|transaction| match Subscription::one(transaction, &input.subscription_arn, now) {
            Ok(subscription) => end(transaction, subscription, now).map(|_| ()),
            Err(TopicError::NotFound(_)) => Ok(()),
            Err(error) => Err(error),
        })
    }

    /// Ends a subscription for whoever has its link, and tells the endpoint how to take that back.
    ///
    /// # Errors
    /// When there is none, or only the account may end it.
    pub fn unsubscribe_by_link(&self, input: &SubscriptionRef, now: i64) -> Result<(), TopicError> {
        self.end_by_link(&input.subscription_arn, now).map(|_| ())
    }

    /// The same, with what was ended.
    pub(super) fn end_by_link(&self, arn: &str, now: i64) -> Result<Subscription, TopicError> {
        self.check_subscription_arn(arn)?;
        self.catalogue.change(|transaction| {
            let subscription = Subscription::one(transaction, arn, now)?;
            if subscription.settings.authenticate_on_unsubscribe {
                return Err(TopicError::Authorization("only the owner of the subscription may end it"));
            }
            if subscription.state == State::Deleted {
                return Ok(subscription);
            }
            let ended = end(transaction, subscription, now)?;
            ask(transaction, &ended, Kind::UnsubscribeConfirmation, now)?;
            Ok(ended)
        })
    }

    /// Refuses what is no ARN of a subscription here.
    pub(super) fn check_subscription_arn(&self, arn: &str) -> Result<(), TopicError> {
        let parsed = Arn::parse(arn).filter(|parsed| parsed.subscription.is_some());
        let refused = || TopicError::arn("SubscriptionArn", arn);
        let topic = self.home.topic_arn(parsed.ok_or_else(refused)?.topic);
        let is_here = arn.strip_prefix(&topic).is_some_and(|rest| rest.starts_with(':'));
        if is_here { Ok(()) } else { Err(TopicError::NotFound("Subscription")) }
    }
}

/// A confirmed subscription is not changed by subscribing again.
fn unchanged(confirmed: &Subscription, input: &SubscribeInput) -> Result<Subscription, TopicError> {
    if confirmed.settings.with(confirmed.protocol, &input.attributes)? != confirmed.settings {
        return Err(TopicError::parameter("Attributes", "Subscription already exists with different attributes"));
    }
    Ok(confirmed.clone())
}

fn new_arn(transaction: &Transaction<'_>, topic: &str) -> Result<String, TopicError> {
    let count = "SELECT count(*) FROM topic_subscription WHERE topic = ?1";
    let subscriptions: u32 = transaction.query_row(count, [topic], |row| row.get(0))?;
    if subscriptions >= SUBSCRIPTION_LIMIT {
        return Err(TopicError::SubscriptionLimitExceeded(SUBSCRIPTION_LIMIT));
    }
    Ok(format!("{topic}:{}", uuid()?))
}

/// Refuses one filter policy too many; the subscription has been written.
pub(super) fn check_filters(transaction: &Transaction<'_>, subscription: &Subscription) -> Result<(), TopicError> {
    if !subscription.settings.has_filter() {
        return Ok(());
    }
    let count = "SELECT count(*) FROM topic_subscription
                 WHERE topic = ?1 AND json_extract(settings, '$.FilterPolicy') IS NOT NULL";
    let filters: u32 = transaction.query_row(count, [&subscription.topic], |row| row.get(0))?;
    if filters <= FILTER_LIMIT { Ok(()) } else { Err(TopicError::FilterPolicyLimitExceeded(FILTER_LIMIT)) }
}

/// # Errors
/// A FIFO topic keeps order only in queues, and a FIFO queue wants to know of groups, which only FIFO topics must.
fn check_order(topic: &TopicSettings, protocol: Protocol, endpoint: &str) -> Result<(), TopicError> {
    let refused = |reason: String| Err(TopicError::InvalidParameter(reason));
    match (topic.is_fifo(), protocol) {
        (true, Protocol::Sqs) => Ok(()),
        (true, protocol) => refused(format!("Invalid protocol type: {protocol}")),
        (false, Protocol::Sqs) if fifo::is_fifo(endpoint) => {
            // SNS says it twice.
            let reason =
                "Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics";
            refused(reason.to_owned())
        }
        (false, _) => Ok(()),
    }
}

/// Its tokens end with it: an old link does not bring it back.
fn end(transaction: &Transaction<'_>, subscription: Subscription, now: i64) -> Result<Subscription, TopicError> {
    cancel(transaction, "subscription = ?1", &subscription.arn)?;
    transaction.execute("DELETE FROM topic_token WHERE subscription = ?1", [&subscription.arn])?;
    let ended = Subscription { state: State::Deleted, ..subscription };
    ended.write(transaction, Some(now + TOKEN_LIFE_MS))?;
    Ok(ended)
}

/// Sends a token, with which the endpoint may confirm.
fn ask(transaction: &Transaction<'_>, subscription: &Subscription, kind: Kind, now: i64) -> Result<(), TopicError> {
    let token = random::token()?;
    transaction.execute(
        "INSERT INTO topic_token (token, subscription, expires) VALUES (?1, ?2, ?3)",
        (&token, &subscription.arn, now + TOKEN_LIFE_MS),
    )?;
    let topic = &subscription.topic;
    let body = match kind {
        Kind::UnsubscribeConfirmation => format!(
            "You have chosen to deactivate subscription {}.\n\
             To cancel this operation and restore the subscription, visit the SubscribeURL included in this message.",
            subscription.arn
        ),
        _ => format!(
            "You have chosen to subscribe to the topic {topic}.\n\
             To confirm the subscription, visit the SubscribeURL included in this message."
        ),
    };
    let message = Message { body, ..Message::default() };
    let sending = Sending { id: &uuid()?, topic, kind, message: &message, token: Some(&token) };
    sending.queue(transaction, [subscription.arn.as_str()], now)
}
