//! What a FIFO topic says arrives once, and in order.

use super::*;
use crate::{
    queue::{CreateQueueInput, Message as Letter, Queues, ReceiveMessageInput, SetQueueAttributesInput},
    topic::{CreateTopicInput, SubscribeInput, TopicError, tests::topics},
};

const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:orders.fifo";

fn fifo() -> Topics {
    let topics = topics();
    let attributes = [("FifoTopic".to_owned(), "true".to_owned())].into();
    topics
        .create_topic(&CreateTopicInput { name: "orders.fifo".into(), attributes, ..Default::default() }, NOW)
        .expect("made");
    topics
}

fn subscribe(topics: &Topics, queue: &str, is_raw: bool) {
    let attributes =
        queue.ends_with(".fifo").then(|| ("FifoQueue".to_owned(), "true".to_owned())).into_iter().collect();
    let input = CreateQueueInput { queue_name: Some(queue.into()), attributes, ..Default::default() };
    topics.queues().create_queue(&input, NOW).expect("made");
    let input = SubscribeInput {
        topic_arn: TOPIC.into(),
        protocol: "sqs".into(),
        endpoint: topics.queues().arn(queue),
        attributes: [("RawMessageDelivery".to_owned(), is_raw.to_string())].into(),
        ..Default::default()
    };
    topics.subscribe(&input, NOW).expect("subscribed");
}

fn say(topics: &Topics, text: &str, id: &str) -> crate::topic::PublishOutput {
    let input = PublishInput {
        topic_arn: Some(TOPIC.into()),
        message: text.into(),
        message_group_id: Some("g".into()),
        message_deduplication_id: Some(id.into()),
        ..Default::default()
    };
    topics.publish(&input, NOW).expect("published")
}

fn letters(queues: &Queues, name: &str) -> Vec<Letter> {
    let input = ReceiveMessageInput {
        queue_url: name.into(),
        max_number_of_messages: Some(10),
        attribute_names: vec!["All".into()],
        ..Default::default()
    };
    queues.receive_message(&input, NOW).expect("received")
}

#[test]
fn a_message_arrives_once_with_its_number_and_without_a_signature() {
    let folder = tempfile::tempdir().expect("made");
    let (topics, courier) = {
        let topics = fifo();
        (topics.clone(), Courier::new(topics, folder.path()))
    };
    subscribe(&topics, "a.fifo", false);
    subscribe(&topics, "b", true);
    let said = say(&topics, "one", "1");
    courier.fill_queues(said.message_id.as_str(), NOW).expect("filled");
    assert_eq!(say(&topics, "two", "1"), said, "a message that repeats another one is that one");
    let found = letters(topics.queues(), "a.fifo");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].attributes["MessageGroupId"], "g");
    assert_eq!(found[0].attributes["MessageDeduplicationId"], "1");
    let body: serde_json::Value = serde_json::from_str(&found[0].body).expect("JSON");
    assert_eq!(body["SequenceNumber"].as_str(), said.sequence_number.as_deref());
    assert_eq!((body["Message"].as_str(), body.get("Signature")), (Some("one"), None));
    let plain = letters(topics.queues(), "b");
    assert_eq!((plain[0].body.as_str(), plain[0].attributes["MessageGroupId"].as_str()), ("one", "g"));
    assert!(!plain[0].attributes.contains_key("MessageDeduplicationId"));
}

#[test]
fn what_was_said_first_arrives_first_even_when_it_was_left_behind() {
    let folder = tempfile::tempdir().expect("made");
    let topics = fifo();
    let courier = Courier::new(topics.clone(), folder.path());
    subscribe(&topics, "a.fifo", true);
    let texts = || -> Vec<String> {
        let found = letters(topics.queues(), "a.fifo");
        for letter in &found {
            topics.queues().delete_message("a.fifo", &letter.receipt_handle, NOW).expect("deleted");
        }
        found.into_iter().map(|letter| letter.body).collect()
    };
    // As after a crash between publishing and filling.
    say(&topics, "one", "1");
    let last = say(&topics, "two", "2");
    courier.fill_queues(last.message_id.as_str(), NOW).expect("filled");
    assert_eq!(texts(), ["one", "two"]);
    say(&topics, "three", "3");
    say(&topics, "four", "4");
    let due = || courier.due(NOW, 10).expect("read");
    assert!(due().is_empty() && due().is_empty());
    assert_eq!(texts(), ["three", "four"]);
}

#[test]
fn what_failed_is_not_passed_before_that_is_written_down() {
    let folder = tempfile::tempdir().expect("made");
    let topics = fifo();
    let courier = Courier::new(topics.clone(), folder.path());
    subscribe(&topics, "a.fifo", true);
    let run = |sql: &'static str| {
        let work = |transaction: &rusqlite::Transaction<'_>| transaction.execute_batch(sql).map_err(TopicError::from);
        topics.catalogue().change(work).expect("done");
    };
    let arrived = || letters(topics.queues(), "a.fifo").into_iter().map(|letter| letter.body).collect::<Vec<_>>();
    run("CREATE TRIGGER full BEFORE UPDATE ON topic_delivery BEGIN SELECT RAISE(ABORT, 'full'); END;
         CREATE TRIGGER busy BEFORE DELETE ON topic_delivery BEGIN SELECT RAISE(ABORT, 'busy'); END;");
    courier.fill_queues(say(&topics, "one", "1").message_id.as_str(), NOW).expect("tried");
    run("DROP TRIGGER busy");
    let second = say(&topics, "two", "2");
    courier.fill_queues(second.message_id.as_str(), NOW).expect_err("not written down");
    assert!(arrived().is_empty());
    run("DROP TRIGGER full");
    courier.fill_queues(second.message_id.as_str(), NOW).expect("filled");
    assert_eq!(arrived(), ["one", "two"]);
}

#[test]
fn what_cannot_become_a_dead_letter_is_not_passed() {
    let folder = tempfile::tempdir().expect("made");
    let topics = fifo();
    let courier = Courier::new(topics.clone(), folder.path());
    subscribe(&topics, "a.fifo", true);
    let attributes = [("MaximumMessageSize".to_owned(), "1024".to_owned())].into();
    let small = SetQueueAttributesInput { queue_url: "a.fifo".into(), attributes };
    topics.queues().set_queue_attributes(&small, NOW).expect("set");
    let letters_at = folder.path().join("dead-letters");
    std::fs::write(&letters_at, "no folder").expect("written");
    say(&topics, &"x".repeat(1025), "1");
    courier.fill_queues(say(&topics, "two", "2").message_id.as_str(), NOW).expect("tried");
    assert!(letters(topics.queues(), "a.fifo").is_empty());
    std::fs::remove_file(letters_at).expect("removed");
    courier.fill_queues(say(&topics, "three", "3").message_id.as_str(), NOW).expect("filled");
    let arrived = letters(topics.queues(), "a.fifo");
    assert_eq!(arrived.iter().map(|letter| letter.body.as_str()).collect::<Vec<_>>(), ["two", "three"]);
}

#[test]
fn the_kinds_of_topics_want_their_own() {
    let topics = fifo();
    let publish = |group: Option<&str>, id: Option<&str>| {
        let input = PublishInput {
            topic_arn: Some(TOPIC.into()),
            message: "x".into(),
            message_group_id: group.map(str::to_owned),
            message_deduplication_id: id.map(str::to_owned),
            ..Default::default()
        };
        topics.publish(&input, NOW).expect_err("refused").to_string()
    };
    let group = "Invalid parameter: The MessageGroupId parameter is required for FIFO topics";
    assert_eq!(publish(None, Some("1")), group);
    assert!(publish(Some("g"), None).starts_with("Invalid parameter: The topic should either have Content"));
    assert_eq!(publish(Some(""), Some("1")), "Invalid parameter: MessageGroupId");
    let subscribe = |topic_arn: &str, protocol: &str, endpoint: &str| {
        let (topic_arn, protocol, endpoint) = (topic_arn.into(), protocol.into(), endpoint.into());
        let input = SubscribeInput { topic_arn, protocol, endpoint, ..Default::default() };
        topics.subscribe(&input, NOW).expect_err("refused").to_string()
    };
    assert_eq!(subscribe(TOPIC, "email", "a@example.com"), "Invalid parameter: Invalid protocol type: email");
    topics.create_topic(&CreateTopicInput { name: "alarms".into(), ..Default::default() }, NOW).expect("made");
    let queue = topics.queues().arn("a.fifo");
    assert!(subscribe(ALARMS, "sqs", &queue).ends_with("FIFO SQS Queues can not be subscribed to standard SNS topics"));
}
