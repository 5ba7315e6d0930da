//! Queues, as their users see them.

mod fifo;

use std::{thread, time::Duration};

use super::*;
use crate::topic::tests::NOW;

const SECOND: i64 = 1000;

pub(crate) fn queues() -> Queues {
    opened(Catalogue::in_memory().expect("opened"))
}

fn opened(catalogue: Catalogue) -> Queues {
    let home = Home { account: "123456789012".into(), region: "us-east-1".into() };
    Queues::open(catalogue, Arc::new(home)).expect("opened")
}

pub(crate) fn with(queues: &Queues, name: &str, attributes: &[(&str, &str)]) -> Result<String, QueueError> {
    let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    queues.create_queue(&CreateQueueInput { queue_name: Some(name.into()), attributes, ..Default::default() }, NOW)
}

fn send(queues: &Queues, text: &str) -> SendMessageOutput {
    let input = SendMessageInput { message_body: Some(text.into()), ..Default::default() };
    queues.send_message("box", &input, "AIDA", NOW).expect("sent")
}

fn receive(queues: &Queues, name: &str, now: i64) -> Vec<Message> {
    let input = ReceiveMessageInput {
        queue_url: name.into(),
        max_number_of_messages: Some(10),
        attribute_names: vec!["All".into()],
        message_attribute_names: vec!["All".into()],
        ..Default::default()
    };
    queues.receive_message(&input, now).expect("received")
}

fn texts(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|message| message.body.as_str()).collect()
}

pub(crate) fn refused<T: std::fmt::Debug>(done: Result<T, QueueError>) -> String {
    let error = done.expect_err("refused");
    format!("{}: {error}", error.code())
}

#[test]
fn a_message_comes_again_until_it_is_deleted() {
    let queues = queues();
    with(&queues, "box", &[]).expect("made");
    assert_eq!(send(&queues, "hello").md5_of_message_body, "5d41402abc4b2a76b9719d911017c592");
    let first = receive(&queues, "box", NOW + SECOND);
    assert_eq!(texts(&first), ["hello"]);
    assert_eq!(first[0].attributes["ApproximateReceiveCount"], "1");
    assert_eq!(first[0].attributes["SentTimestamp"], NOW.to_string());
    assert!(receive(&queues, "box", NOW + 30 * SECOND).is_empty(), "it is hidden for 30 s");
    let second = receive(&queues, "box", NOW + 31 * SECOND);
    assert_eq!(second[0].attributes["ApproximateReceiveCount"], "2");
    assert_eq!(second[0].attributes["ApproximateFirstReceiveTimestamp"], (NOW + SECOND).to_string());
    let url = "http://localhost:4780/123456789012/box";
    queues.change_message_visibility(url, &second[0].receipt_handle, Some(0), NOW + 32 * SECOND).expect("shown");
    assert_eq!(texts(&receive(&queues, "box", NOW + 32 * SECOND)), ["hello"]);
    queues.delete_message(url, &second[0].receipt_handle, NOW + 33 * SECOND).expect("deleted");
    queues.delete_message(url, &second[0].receipt_handle, NOW + 33 * SECOND).expect("gone is no error");
    assert!(receive(&queues, "box", NOW + 100 * SECOND).is_empty());
    let gone = queues.change_message_visibility(url, &second[0].receipt_handle, Some(5), NOW + 100 * SECOND);
    assert!(refused(gone).contains("Message does not exist or is not available"));
    assert!(refused(queues.delete_message(url, "bm8=", NOW)).starts_with("ReceiptHandleIsInvalid"));
}

#[test]
fn what_was_sent_is_there_after_a_restart() {
    let folder = tempfile::tempdir().expect("made");
    let path = folder.path().join("catalogue.sqlite");
    let queues = opened(Catalogue::open(&path).expect("opened"));
    with(&queues, "box", &[]).expect("made");
    send(&queues, "kept");
    // Nothing is closed: as after a kill.
    let again = opened(Catalogue::open(&path).expect("opened"));
    assert_eq!(texts(&receive(&again, "box", NOW)), ["kept"]);
    drop(queues);
}

#[test]
fn a_message_waits_for_its_delay_and_ends_with_its_time() {
    let queues = queues();
    with(&queues, "box", &[("DelaySeconds", "5"), ("MessageRetentionPeriod", "60")]).expect("made");
    send(&queues, "late");
    let shown = |now| queues.get_queue_attributes("box", &["All".to_owned()], now).expect("read");
    assert_eq!(shown(NOW)["ApproximateNumberOfMessagesDelayed"], "1");
    assert!(receive(&queues, "box", NOW).is_empty());
    assert_eq!(shown(NOW + 5 * SECOND)["ApproximateNumberOfMessages"], "1");
    assert!(receive(&queues, "box", NOW + 60 * SECOND).is_empty(), "its time is over");
    assert_eq!(shown(NOW + 60 * SECOND)["ApproximateNumberOfMessages"], "0");
}

#[test]
fn attributes_have_digests_and_are_given_when_asked_for() {
    let queues = queues();
    with(&queues, "box", &[]).expect("made");
    let value = MessageAttributeValue {
        data_type: "String".into(),
        string_value: Some("test_value".into()),
        ..Default::default()
    };
    let input = SendMessageInput {
        message_body: Some("x".into()),
        message_attributes: [("test_attribute".to_owned(), value)].into(),
        ..Default::default()
    };
    let digest = queues.send_message("box", &input, "AIDA", NOW).expect("sent").md5_of_message_attributes;
    let received = receive(&queues, "box", NOW);
    assert_eq!(received[0].md5_of_message_attributes, digest);
    assert_eq!(received[0].message_attributes, input.message_attributes);
    let plain = ReceiveMessageInput { queue_url: "box".into(), ..Default::default() };
    let received = queues.receive_message(&plain, NOW + 60 * SECOND).expect("received");
    assert_eq!((received[0].message_attributes.len(), received[0].md5_of_message_attributes.clone()), (0, None));
}

#[test]
fn what_is_received_too_often_goes_to_the_dead_letters() {
    let queues = queues();
    with(&queues, "dead", &[]).expect("made");
    let policy = format!(r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":"1"}}"#, queues.arn("dead"));
    with(&queues, "box", &[("RedrivePolicy", &policy), ("VisibilityTimeout", "1")]).expect("made");
    let shown = queues.get_queue_attributes("box", &["RedrivePolicy".to_owned()], NOW).expect("read");
    assert!(shown["RedrivePolicy"].contains(r#""maxReceiveCount":1}"#), "{shown:?}");
    with(&queues, "box", &[("RedrivePolicy", &policy)]).expect("the same");
    send(&queues, "poison");
    assert_eq!(receive(&queues, "box", NOW).len(), 1);
    assert!(receive(&queues, "box", NOW + SECOND).is_empty());
    let dead = receive(&queues, "dead", NOW + SECOND);
    assert_eq!(texts(&dead), ["poison"]);
    assert_eq!(dead[0].attributes["DeadLetterQueueSourceArn"], queues.arn("box"));
    assert_eq!(queues.list_dead_letter_source_queues("dead").expect("listed"), ["box"]);
}

#[test]
fn who_waits_gets_a_message_as_soon_as_it_is_sent() {
    let queues = queues();
    with(&queues, "box", &[]).expect("made");
    let sender = queues.clone();
    let thread = thread::spawn(move || {
        thread::sleep(Duration::from_millis(100));
        send(&sender, "at last");
    });
    let input =
        ReceiveMessageInput { queue_url: "box".into(), wait_time_seconds: Some(20), ..ReceiveMessageInput::default() };
    assert_eq!(texts(&queues.receive_message(&input, NOW).expect("received")), ["at last"]);
    thread.join().expect("sent");
}

#[test]
fn a_queue_is_emptied_once_a_minute() {
    let queues = queues();
    with(&queues, "box", &[]).expect("made");
    send(&queues, "gone");
    queues.purge_queue("box", NOW).expect("emptied");
    assert!(receive(&queues, "box", NOW).is_empty());
    let busy = "AWS.SimpleQueueService.PurgeQueueInProgress: Only one PurgeQueue operation on box is allowed every 60 seconds.";
    assert_eq!(refused(queues.purge_queue("box", NOW + 59 * SECOND)), busy);
    queues.purge_queue("box", NOW + 60 * SECOND).expect("a minute later");
    queues.purge_queue("box", NOW - 60 * SECOND).expect("by a clock that was put back");
}

#[test]
fn queues_are_one_of_a_name_and_refuse_what_sqs_refuses() {
    let queues = queues();
    with(&queues, "box", &[("VisibilityTimeout", "5")]).expect("made");
    with(&queues, "box", &[("VisibilityTimeout", "5")]).expect("the same");
    let other = "QueueAlreadyExists: A queue already exists with the same name and a different value for attribute \
                 VisibilityTimeout";
    assert_eq!(refused(with(&queues, "box", &[("VisibilityTimeout", "6")])), other);
    let policy = format!(r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":1}}"#, queues.arn("none"));
    let nowhere = format!(
        "InvalidParameterValue: Value {policy} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist."
    );
    assert_eq!(refused(with(&queues, "b", &[("RedrivePolicy", &policy)])), nowhere);
    let set = |attributes| SetQueueAttributesInput { queue_url: "box".into(), attributes };
    let redrive = set([("RedrivePolicy".to_owned(), policy)].into());
    assert_eq!(refused(queues.set_queue_attributes(&redrive, NOW)), nowhere);
    assert_eq!(refused(with(&queues, "b", &[("Colour", "red")])), "InvalidAttributeName: Unknown Attribute Colour.");
    let invalid = "InvalidAttributeValue: Invalid value for the parameter DelaySeconds.";
    assert_eq!(refused(with(&queues, "b", &[("DelaySeconds", "901")])), invalid);
    assert!(refused(with(&queues, "b b", &[])).starts_with("InvalidParameterValue: Can only include"));
    assert!(refused(queues.delete_queue("other")).starts_with("AWS.SimpleQueueService.NonExistentQueue"));
    assert!(refused(queues.delete_queue("http://h/999999999999/box")).contains("NonExistentQueue"));
    queues.delete_queue("http://h/123456789012/box").expect("deleted");
    assert_eq!(queues.list_queues(&ListQueuesInput::default()).expect("listed").0, [""; 0]);
}
