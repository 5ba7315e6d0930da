//! Messages into topics.

use serde_json::json;

use super::*;

fn publish(topics: &Topics, input: PublishInput) -> Result<PublishOutput, TopicError> {
    topics.publish(&PublishInput { topic_arn: Some(ALARMS.into()), ..input }, NOW)
}

fn text(message: &str) -> PublishInput {
    PublishInput { message: message.into(), ..Default::default() }
}

#[test]
fn a_message_waits_for_each_confirmed_subscription_that_wants_it() {
    let topics = with_alarms();
    confirmed(&topics, "email", "all@example.com", &[]);
    confirmed(&topics, "email", "red@example.com", &[("FilterPolicy", r#"{"colour": ["red"]}"#)]);
    confirmed(&topics, "email", "blue@example.com", &[("FilterPolicy", r#"{"colour": ["blue"]}"#)]);
    subscribe(&topics, "email", "pending@example.com", &[]);
    let before = waiting(&topics).len();
    let message_attributes = MessageAttributes::from([("colour".into(), MessageAttributeValue::string("red"))]);
    publish(&topics, PublishInput { message_attributes, ..text("hello") }).expect("published");
    let mut told: Vec<_> = waiting(&topics).split_off(before).into_iter().map(|(_, endpoint)| endpoint).collect();
    told.sort_unstable();
    assert_eq!(told, ["all@example.com", "red@example.com"]);
}

#[test]
fn a_message_is_published_with_the_transaction_around_it_or_not_at_all() {
    let topics = with_alarms();
    confirmed(&topics, "email", "a@example.com", &[]);
    let message = Message { body: "hello".into(), ..Message::default() };
    let failed = topics.catalogue.change(|transaction| {
        publish_in(transaction, ALARMS, &message, NOW)?;
        Err::<(), _>(TopicError::NotFound("Alarm"))
    });
    assert!(failed.is_err());
    assert_eq!(waiting(&topics).len(), 1, "the confirmation only");
    let id = topics.catalogue.change(|transaction| publish_in(transaction, ALARMS, &message, NOW)).expect("published");
    assert_eq!(id.message_id.as_str().len(), 36);
    assert_eq!(waiting(&topics).len(), 2);
    let refused =
        |arn: &str| refusal(topics.catalogue.change(|transaction| publish_in(transaction, arn, &message, NOW)));
    assert_eq!(refused(&ALARMS.replace("alarms", "gone")), "404 NotFound: Topic does not exist");
    assert!(refused("arn:aws:automate:us-east-1:ec2:stop").ends_with("Invalid parameter: TopicArn"));
}

#[test]
fn messages_that_sns_refuses_are_refused() {
    let topics = with_alarms();
    let refused = |input: PublishInput| refusal(publish(&topics, input));
    assert_eq!(refused(text("")), "400 InvalidParameter: Invalid parameter: Empty message");
    assert_eq!(refused(text(&"x".repeat(262_145))), "400 InvalidParameter: Invalid parameter: Message too long");
    publish(&topics, text(&"x".repeat(262_144))).expect("just fits");
    for subject in ["", " a", "a\nb", "a\u{7}", &"x".repeat(100)] {
        let input = PublishInput { subject: Some(subject.into()), ..text("x") };
        assert_eq!(refused(input), "400 InvalidParameter: Invalid parameter: Subject", "{subject:?}");
    }
    publish(&topics, PublishInput { subject: Some("x".repeat(99)), ..text("x") }).expect("just fits");
    let structured =
        |structure: &str, body: &str| PublishInput { message_structure: Some(structure.into()), ..text(body) };
    assert!(refused(structured("xml", "x")).contains("MessageStructure"));
    assert!(refused(structured("json", "x")).contains("JSON message body failed to parse"));
    assert!(refused(structured("json", "{}")).contains("No default entry in JSON message body"));
    assert!(refused(structured("json", r#"{"default": 1}"#)).contains("the entry `default` is not a text"));
    assert!(refused(PublishInput { phone_number: Some("+1".into()), ..text("x") }).contains("PhoneNumber"));
    let once = PublishInput { message_deduplication_id: Some("1".into()), ..text("x") };
    assert!(refused(once).ends_with("MessageDeduplicationId parameter that is not valid for this topic type"));
    let both = PublishInput { target_arn: Some(ALARMS.into()), ..text("x") };
    assert!(refused(both).contains("give one of them"));
}

#[test]
fn attributes_that_sns_refuses_are_refused() {
    let topics = with_alarms();
    let publish = |name: &str, value: MessageAttributeValue| {
        let message_attributes = MessageAttributes::from([(name.into(), value)]);
        publish(&topics, PublishInput { message_attributes, ..text("x") })
    };
    let typed = |data_type: &str, text: &str| MessageAttributeValue {
        data_type: data_type.into(),
        string_value: Some(text.into()),
        binary_value: None,
    };
    let binary =
        MessageAttributeValue { data_type: "Binary".into(), string_value: None, binary_value: Some("AAE=".into()) };
    publish("a.b-c_1", binary).expect("good");
    publish("a", typed("String.Array", r#"["x", 1, true, null]"#)).expect("good");
    publish("a", typed("String.Array", "no JSON")).expect("filter policies find nothing in it");
    publish("a", typed("Number.int", "5")).expect("a word of the sender's");
    for (name, value, reason) in [
        ("a", typed("Text", "x"), "invalid message attribute type"),
        ("a", typed("String", ""), "must contain non-empty message attribute value"),
        ("a", typed("Number", "12a"), "Could not cast message attribute 'a' value to number."),
        ("a", typed("Number", "inf"), "value to number"),
        ("a", typed("Binary", "x"), "with type 'Binary' must use field 'Binary'"),
        ("", typed("String", "x"), "less than 256"),
        ("a..b", typed("String", "x"), "successive '.'"),
        (".a", typed("String", "x"), "starting with"),
        ("a.", typed("String", "x"), "ending with"),
        ("a", typed("String.", "x"), "invalid message attribute type"),
        ("AWS.x", typed("String", "x"), "must not start with"),
        ("ä", typed("String", "x"), "'#xE4'"),
    ] {
        let refused = refusal(publish(name, value));
        assert!(refused.starts_with("400 ParameterValueInvalid") && refused.contains(reason), "{refused}");
    }
}

#[test]
fn a_batch_is_published_entry_by_entry() {
    let topics = with_alarms();
    confirmed(&topics, "email", "a@example.com", &[]);
    let entry = |id: &str, message: &str| PublishBatchRequestEntry {
        id: id.into(),
        message: message.into(),
        ..Default::default()
    };
    let batch = |entries: Vec<PublishBatchRequestEntry>| {
        let input = PublishBatchInput { topic_arn: ALARMS.into(), publish_batch_request_entries: entries };
        topics.publish_batch(&input, NOW)
    };
    let output = batch(vec![entry("1", "x"), entry("2", ""), entry("3", "y")]).expect("published");
    let ids: Vec<_> = output.successful.iter().map(|entry| entry.id.as_str()).collect();
    assert_eq!(ids, ["1", "3"]);
    let failed = json!([{ "Id": "2", "Code": "InvalidParameter", "Message": "Invalid parameter: Empty message", "SenderFault": true }]);
    assert_eq!(serde_json::to_value(&output.failed).expect("JSON"), failed);
    assert_eq!(waiting(&topics).len(), 3);
    assert!(refusal(batch(vec![])).starts_with("400 EmptyBatchRequest"));
    let eleven = (0..11).map(|number| entry(&number.to_string(), "x")).collect();
    assert!(refusal(batch(eleven)).starts_with("400 TooManyEntriesInBatchRequest"));
    assert!(refusal(batch(vec![entry("1", "x"), entry("1", "y")])).starts_with("400 BatchEntryIdsNotDistinct"));
    assert!(refusal(batch(vec![entry("a b", "x")])).starts_with("400 InvalidBatchEntryId"));
    let long = "x".repeat(200_000);
    assert!(refusal(batch(vec![entry("1", &long), entry("2", &long)])).starts_with("400 BatchRequestTooLong"));
}

#[test]
fn operations_are_named_as_sns_names_them() {
    let json = json!({
        "TopicArn": ALARMS, "Message": "x", "Subject": "s", "MessageStructure": "json",
        "MessageAttributes": { "a": { "DataType": "String", "StringValue": "b" } },
    });
    let input: PublishInput = serde_json::from_value(json).expect("read");
    assert_eq!(input.message_attributes["a"], MessageAttributeValue::string("b"));
    assert_eq!(input.topic_arn.as_deref(), Some(ALARMS));
    let entry = serde_json::to_value(SubscriptionEntry::default()).expect("JSON");
    let names: Vec<_> = entry.as_object().expect("an object").keys().cloned().collect();
    assert_eq!(names, ["Endpoint", "Owner", "Protocol", "SubscriptionArn", "TopicArn"]);
}
