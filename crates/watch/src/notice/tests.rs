//! Notices, from a publish to what arrives.

mod alarms;
mod bodies;
mod courier;
mod fifo;
mod http;
mod servers;
mod signing;
mod smtp;

use std::{fs, path::Path, sync::OnceLock};

use super::*;
use crate::topic::{
    Message, PublishInput, TopicError, Topics,
    tests::{ALARMS, NOW, confirmed, with_alarms},
};

/// Publishes a text with a subject.
fn publish(topics: &Topics, text: &str, now: i64) -> String {
    let input = PublishInput {
        topic_arn: Some(ALARMS.into()),
        message: text.into(),
        subject: Some("Hello".into()),
        ..Default::default()
    };
    topics.publish(&input, now).expect("published").message_id.to_string()
}

/// Takes confirmations and the like out of the queue.
fn drain(courier: &Courier, now: i64) {
    for _ in 0..10 {
        for outgoing in courier.due(now, 100).expect("read") {
            courier.finished(outgoing.id, Ok(()), now).expect("written");
        }
    }
}

/// The key of most tests: to make one takes a while.
fn key() -> &'static str {
    static KEY: OnceLock<String> = OnceLock::new();
    KEY.get_or_init(|| {
        let folder = tempfile::tempdir().expect("made");
        signature::Signer::new(folder.path()).keys().expect("made");
        fs::read_to_string(folder.path().join("notice-signing.pem")).expect("read")
    })
}

/// A courier that has a key.
fn courier(topics: &Topics, data: &Path) -> Courier {
    let path = data.join("notice-signing.pem");
    if !path.exists() {
        fs::write(path, key()).expect("written");
    }
    Courier::new(topics.clone(), data)
}

/// A topic with one confirmed subscription, nothing waiting, and its courier.
fn subscribed(data: &Path, protocol: &str, endpoint: &str, attributes: &[(&str, &str)]) -> (Topics, Courier, String) {
    let topics = with_alarms();
    let arn = confirmed(&topics, protocol, endpoint, attributes);
    let courier = courier(&topics, data);
    drain(&courier, NOW - 1_000_000);
    cleared(&topics);
    (topics, courier, arn)
}

/// Removes what waits.
fn cleared(topics: &Topics) {
    let delete = "DELETE FROM topic_delivery; DELETE FROM topic_message; DELETE FROM topic_count;";
    topics.catalogue().change(|transaction| Ok::<_, TopicError>(transaction.execute_batch(delete)?)).expect("cleared");
}

/// When the next of all that waits is due.
fn next_due(topics: &Topics) -> Option<i64> {
    let select = "SELECT min(due) FROM topic_delivery";
    let next = topics
        .catalogue()
        .change(|transaction| Ok::<_, TopicError>(transaction.query_row(select, [], |row| row.get(0))?));
    next.expect("read")
}

/// The only delivery that is due.
fn only(courier: &Courier, now: i64) -> Outgoing {
    let mut due = courier.due(now, 100).expect("read");
    assert_eq!(due.len(), 1, "{due:?}");
    due.remove(0)
}

fn transient() -> Result<(), Failure> {
    Err(Failure::Transient("the relay is away".into()))
}
