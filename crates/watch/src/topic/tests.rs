//! Topics, as their users see them.

mod permissions;
mod publish;
mod subscriptions;
mod topics;

use weir_store::Catalogue;

use super::*;

pub(crate) const ACCOUNT: &str = "123456789012";
pub(crate) const REGION: &str = "us-east-1";
pub(crate) const ALARMS: &str = "arn:aws:sns:us-east-1:123456789012:alarms";
/// 2026-03-26 09:42:53.123.
pub(crate) const NOW: i64 = 1_774_518_173_123;
pub(crate) const DAY: i64 = 24 * 3600 * 1000;

/// The topics of a new catalogue.
pub(crate) fn topics() -> Topics {
    open(Catalogue::in_memory().expect("opened"))
}

pub(crate) fn open(catalogue: Catalogue) -> Topics {
    let options = TopicOptions { public_url: "https://weir.example.com/".into() };
    Topics::open(catalogue, ACCOUNT, REGION, &options).expect("opened")
}

/// With the topic `alarms`.
pub(crate) fn with_alarms() -> Topics {
    let topics = topics();
    topics.create_topic(&CreateTopicInput { name: "alarms".into(), ..Default::default() }, NOW).expect("made");
    topics
}

/// Subscribes, and gives the ARN.
pub(crate) fn subscribe(topics: &Topics, protocol: &str, endpoint: &str, attributes: &[(&str, &str)]) -> String {
    try_subscribe(topics, protocol, endpoint, attributes).expect("subscribed")
}

pub(crate) fn try_subscribe(
    topics: &Topics,
    protocol: &str,
    endpoint: &str,
    attributes: &[(&str, &str)],
) -> Result<String, TopicError> {
    let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let (protocol, endpoint) = (protocol.to_owned(), endpoint.to_owned());
    let input =
        SubscribeInput { topic_arn: ALARMS.into(), protocol, endpoint, attributes, return_subscription_arn: true };
    Ok(topics.subscribe(&input, NOW)?.subscription_arn)
}

/// The token that was sent last for a subscription.
pub(crate) fn token(topics: &Topics, arn: &str) -> String {
    let select = "SELECT m.token FROM topic_delivery d JOIN topic_message m ON m.id = d.message
                  WHERE d.subscription = ?1 AND m.token IS NOT NULL ORDER BY d.id DESC LIMIT 1";
    let token = topics
        .catalogue
        .change(|transaction| Ok::<_, TopicError>(transaction.query_row(select, [arn], |row| row.get(0))?));
    token.expect("a token waits to be sent")
}

pub(crate) fn confirm(topics: &Topics, token: &str, now: i64) -> Result<SubscriptionOutput, TopicError> {
    let (topic_arn, token) = (ALARMS.to_owned(), token.to_owned());
    topics.confirm_subscription(&ConfirmSubscriptionInput { topic_arn, token, ..Default::default() }, now)
}

/// Subscribes and confirms.
pub(crate) fn confirmed(topics: &Topics, protocol: &str, endpoint: &str, attributes: &[(&str, &str)]) -> String {
    let arn = subscribe(topics, protocol, endpoint, attributes);
    assert_eq!(confirm(topics, &token(topics, &arn), NOW).expect("confirmed").subscription_arn, arn);
    arn
}

/// Which subscriptions a message waits for, oldest delivery first: kind and endpoint.
pub(crate) fn waiting(topics: &Topics) -> Vec<(String, String)> {
    let select = "SELECT m.kind, s.endpoint FROM topic_delivery d JOIN topic_message m ON m.id = d.message
                  JOIN topic_subscription s ON s.arn = d.subscription ORDER BY d.id";
    let rows = topics.catalogue.change(|transaction| {
        let mut select = transaction.prepare(select)?;
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok::<_, TopicError>(rows.collect::<Result<_, _>>()?)
    });
    rows.expect("read")
}

/// What an error says, with its code.
pub(crate) fn refusal<T: std::fmt::Debug>(done: Result<T, TopicError>) -> String {
    let error = done.expect_err("refused");
    format!("{} {}: {error}", error.status(), error.code())
}
