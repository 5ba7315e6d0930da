//! Queues that keep order.

use super::*;

const MINUTE: i64 = 60 * SECOND;

fn fifo(attributes: &[(&str, &str)]) -> Queues {
    let queues = queues();
    let attributes: Vec<_> = attributes.iter().copied().chain([("FifoQueue", "true")]).collect();
    with(&queues, "box.fifo", &attributes).expect("made");
    queues
}

fn put(queues: &Queues, group: &str, id: &str, text: &str, now: i64) -> Result<SendMessageOutput, QueueError> {
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let input = SendMessageInput {
        message_body: Some(text.into()),
        message_group_id: given(group),
        message_deduplication_id: given(id),
        ..Default::default()
    };
    queues.send_message("box.fifo", &input, "AIDA", now)
}

fn take(queues: &Queues, most: i64, now: i64) -> Vec<Message> {
    let input = ReceiveMessageInput {
        queue_url: "http://localhost/123456789012/box.fifo".into(),
        max_number_of_messages: Some(most),
        attribute_names: vec!["All".into()],
        ..Default::default()
    };
    queues.receive_message(&input, now).expect("received")
}

#[test]
fn a_group_is_given_in_order_and_to_one_at_a_time() {
    let queues = fifo(&[]);
    for (group, text) in [("a", "1"), ("a", "2"), ("a", "3"), ("b", "4")] {
        put(&queues, group, text, text, NOW).expect("sent");
    }
    let first = take(&queues, 2, NOW);
    assert_eq!(texts(&first), ["1", "2"]);
    assert_eq!(
        (first[0].attributes["MessageGroupId"].as_str(), first[1].attributes["MessageDeduplicationId"].as_str()),
        ("a", "2")
    );
    assert!(first[0].attributes["SequenceNumber"] < first[1].attributes["SequenceNumber"]);
    assert_eq!(texts(&take(&queues, 10, NOW)), ["4"], "the group is out, but for others");
    queues.delete_message("box.fifo", &first[1].receipt_handle, NOW + SECOND).expect("deleted");
    assert!(take(&queues, 10, NOW + SECOND).is_empty(), "the first of the group is still out");
    queues.change_message_visibility("box.fifo", &first[0].receipt_handle, Some(0), NOW + SECOND).expect("shown");
    let again = take(&queues, 10, NOW + SECOND);
    assert_eq!(texts(&again), ["1", "3"]);
    let late = queues.delete_message("box.fifo", &again[0].receipt_handle, NOW + 31 * SECOND);
    assert!(refused(late).ends_with("Reason: The receipt handle has expired."));
}

#[test]
fn what_waits_keeps_back_what_is_behind_it() {
    let queues = fifo(&[("DelaySeconds", "10")]);
    put(&queues, "a", "1", "1", NOW).expect("sent");
    let no_delay = [("DelaySeconds".to_owned(), "0".to_owned())].into();
    let set = SetQueueAttributesInput { queue_url: "box.fifo".into(), attributes: no_delay };
    queues.set_queue_attributes(&set, NOW).expect("set");
    put(&queues, "a", "2", "2", NOW).expect("sent");
    assert!(take(&queues, 10, NOW).is_empty());
    assert_eq!(texts(&take(&queues, 10, NOW + 10 * SECOND)), ["1", "2"]);
}

#[test]
fn a_message_is_taken_once_in_five_minutes() {
    let queues = fifo(&[]);
    let first = put(&queues, "a", "x", "one", NOW).expect("sent");
    let again = put(&queues, "b", "x", "two", NOW + 5 * MINUTE - 1).expect("sent");
    assert_eq!((&again.message_id, &again.sequence_number), (&first.message_id, &first.sequence_number));
    let received = take(&queues, 10, NOW);
    assert_eq!(texts(&received), ["one"]);
    queues.delete_message("box.fifo", &received[0].receipt_handle, NOW).expect("deleted");
    let again = put(&queues, "a", "x", "one", NOW + 4 * MINUTE).expect("sent");
    assert_eq!(again.message_id, first.message_id, "also when it was deleted");
    let later = put(&queues, "a", "x", "one", NOW + 5 * MINUTE).expect("sent");
    assert!(later.sequence_number > first.sequence_number);
    queues.purge_queue("box.fifo", NOW).expect("purged");
    put(&queues, "a", "x", "one", NOW + 5 * MINUTE).expect("sent");
    assert_eq!(texts(&take(&queues, 10, NOW + 5 * MINUTE)), ["one"]);
}

#[test]
fn ids_come_from_the_text_and_count_in_groups_when_so_asked() {
    let queues = fifo(&[
        ("ContentBasedDeduplication", "true"),
        ("DeduplicationScope", "messageGroup"),
        ("FifoThroughputLimit", "perMessageGroupId"),
    ]);
    let first = put(&queues, "a", "", "one", NOW).expect("sent");
    assert_eq!(put(&queues, "a", "", "one", NOW).expect("sent").message_id, first.message_id);
    assert_ne!(put(&queues, "b", "", "one", NOW).expect("sent").message_id, first.message_id);
    let received = take(&queues, 10, NOW);
    assert_eq!(texts(&received), ["one", "one"]);
    assert!(received[0].attributes["MessageDeduplicationId"].starts_with("7692c3ad3540bb803c020b3aee66cd88"));
    let shown = queues.get_queue_attributes("box.fifo", &["All".to_owned()], NOW).expect("read");
    let fifo = ["FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit"];
    assert_eq!(fifo.map(|name| shown[name].as_str()), ["true", "true", "messageGroup", "perMessageGroupId"]);
}

#[test]
fn the_kinds_of_queues_want_their_own() {
    let queues = fifo(&[]);
    let needs = "InvalidParameterValue: The queue should either have ContentBasedDeduplication enabled or \
                 MessageDeduplicationId provided explicitly";
    assert_eq!(refused(put(&queues, "a", "", "x", NOW)), needs);
    let group = "MissingParameter: The request must contain the parameter MessageGroupId.";
    assert_eq!(refused(put(&queues, "", "1", "x", NOW)), group);
    assert!(refused(put(&queues, "a b", "1", "x", NOW)).ends_with("punctuation characters. 1 to 128 in length."));
    assert!(refused(with(&queues, "box", &[("FifoQueue", "true")])).contains("must end with .fifo suffix"));
    assert!(refused(with(&queues, "other.fifo", &[])).contains("Can only include alphanumeric"));
    let unknown = "InvalidAttributeName: Unknown Attribute ContentBasedDeduplication.";
    assert_eq!(refused(with(&queues, "box", &[("ContentBasedDeduplication", "true")])), unknown);
    let set = SetQueueAttributesInput {
        queue_url: "box.fifo".into(),
        attributes: [("FifoQueue".to_owned(), "false".to_owned())].into(),
    };
    assert!(refused(queues.set_queue_attributes(&set, NOW)).ends_with("Modifying queue type is not supported."));
    with(&queues, "box", &[]).expect("made");
    let policy = format!(r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":1}}"#, queues.arn("box"));
    let mixed = with(&queues, "a.fifo", &[("FifoQueue", "true"), ("RedrivePolicy", &policy)]);
    assert!(refused(mixed).ends_with("Dead-letter queue must be same type of queue as the source."));
    let fair = SendMessageInput {
        message_body: Some("x".into()),
        message_group_id: Some("tenant".into()),
        ..Default::default()
    };
    assert_eq!(queues.send_message("box", &fair, "AIDA", NOW).expect("sent").sequence_number, None);
    queues.send_message("box", &fair, "AIDA", NOW).expect("sent");
    assert_eq!(receive(&queues, "box", NOW)[1].attributes["MessageGroupId"], "tenant");
    let once = SendMessageInput { message_deduplication_id: Some("1".into()), ..fair };
    let refusal = refused(queues.send_message("box", &once, "AIDA", NOW));
    assert!(refusal.ends_with("not valid for this queue type."), "{refusal}");
}

#[test]
fn a_batch_is_refused_as_a_whole_without_groups_or_ids() {
    let queues = fifo(&[]);
    let entry = |group: Option<&str>, id: Option<&str>| SendMessageInput {
        id: group.unwrap_or("x").to_owned(),
        message_body: Some("x".into()),
        message_group_id: group.map(str::to_owned),
        message_deduplication_id: id.map(str::to_owned),
        ..Default::default()
    };
    let check = |entries: &[SendMessageInput]| queues.check_send_batch("box.fifo", entries);
    check(&[entry(Some("a"), Some("1"))]).expect("in order");
    let group = "MissingParameter: The request must contain the parameter MessageGroupId.";
    assert_eq!(refused(check(&[entry(Some("a"), Some("1")), entry(None, Some("2"))])), group);
    assert!(refused(check(&[entry(Some("a"), None)])).ends_with("MessageDeduplicationId provided explicitly"));
    with(&queues, "box", &[]).expect("made");
    queues.check_send_batch("box", &[entry(None, None)]).expect("needs neither");
}

#[test]
fn dead_letters_keep_their_order_and_let_the_next_go() {
    let queues = queues();
    with(&queues, "dead.fifo", &[("FifoQueue", "true")]).expect("made");
    let policy = format!(r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":1}}"#, queues.arn("dead.fifo"));
    with(&queues, "box.fifo", &[("FifoQueue", "true"), ("RedrivePolicy", &policy)]).expect("made");
    put(&queues, "a", "1", "poison", NOW).expect("sent");
    put(&queues, "a", "2", "next", NOW).expect("sent");
    assert_eq!(texts(&take(&queues, 1, NOW)), ["poison"]);
    assert_eq!(texts(&take(&queues, 1, NOW + 30 * SECOND)), ["next"]);
    let dead = receive(&queues, "dead.fifo", NOW + 30 * SECOND);
    assert_eq!((texts(&dead), dead[0].attributes["MessageGroupId"].as_str()), (vec!["poison"], "a"));
}
