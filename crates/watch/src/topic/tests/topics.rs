//! Topics come and go, with attributes and tags.

use super::*;

fn create(topics: &Topics, name: &str, attributes: &[(&str, &str)]) -> Result<TopicRef, TopicError> {
    let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    topics.create_topic(&CreateTopicInput { name: name.into(), attributes, ..Default::default() }, NOW)
}

fn set(topics: &Topics, name: &str, value: &str) -> Result<(), TopicError> {
    let (attribute_name, attribute_value) = (name.to_owned(), Some(value.to_owned()));
    topics.set_topic_attributes(&SetTopicAttributesInput { topic_arn: ALARMS.into(), attribute_name, attribute_value })
}

fn attributes(topics: &Topics) -> Attributes {
    topics.get_topic_attributes(&TopicRef { topic_arn: ALARMS.into() }, NOW).expect("there").attributes
}

fn tag(key: &str, value: &str) -> Tag {
    Tag { key: key.into(), value: value.into() }
}

#[test]
fn creating_again_changes_nothing() {
    let topics = topics();
    assert_eq!(create(&topics, "alarms", &[("DisplayName", "Weir")]).expect("made").topic_arn, ALARMS);
    assert_eq!(create(&topics, "alarms", &[]).expect("there").topic_arn, ALARMS);
    assert_eq!(create(&topics, "alarms", &[("DisplayName", "Weir")]).expect("there").topic_arn, ALARMS);
    assert_eq!(
        refusal(create(&topics, "alarms", &[("DisplayName", "Other")])),
        "400 InvalidParameter: Invalid parameter: Attributes Reason: Topic already exists with different attributes"
    );
    assert_eq!(attributes(&topics)["DisplayName"], "Weir");
    assert!(refusal(create(&topics, "a b", &[])).ends_with("Invalid parameter: Topic Name"));
    assert!(refusal(create(&topics, "a.fifo", &[])).ends_with("Invalid parameter: Topic Name"));
    assert!(refusal(create(&topics, "b", &[("FifoTopic", "true")])).contains("Fifo Topic names must end with .fifo"));
    assert!(refusal(create(&topics, "b", &[("Colour", "red")])).ends_with("Invalid parameter: AttributeName"));
}

#[test]
fn attributes_are_set_and_shown() {
    let topics = with_alarms();
    let shown = attributes(&topics);
    assert_eq!((shown["TopicArn"].as_str(), shown["Owner"].as_str()), (ALARMS, ACCOUNT));
    assert!(shown["Policy"].contains("__default_policy_ID"));
    let effective: serde_json::Value = serde_json::from_str(&shown["EffectiveDeliveryPolicy"]).expect("JSON");
    let default = serde_json::json!({"http": {
        "defaultHealthyRetryPolicy": {
            "minDelayTarget": 20, "maxDelayTarget": 20, "numRetries": 3, "numMaxDelayRetries": 0,
            "numNoDelayRetries": 0, "numMinDelayRetries": 0, "backoffFunction": "linear",
        },
        "disableSubscriptionOverrides": false,
        "defaultRequestPolicy": {"headerContentType": "text/plain; charset=UTF-8"},
    }});
    assert_eq!(effective, default);
    for (name, value) in [
        ("DisplayName", "Night watch"),
        ("SignatureVersion", "2"),
        ("MaximumMessageSize", "2048"),
        ("TracingConfig", "PassThrough"),
        ("DeliveryPolicy", r#"{"http": {"defaultThrottlePolicy": {"maxReceivesPerSecond": 5}}}"#),
    ] {
        set(&topics, name, value).expect(name);
        assert_eq!(attributes(&topics)[name], value);
        set(&topics, name, "").expect(name);
        assert_ne!(attributes(&topics).get(name).map(String::as_str), Some(value));
    }
    assert!(refusal(set(&topics, "SignatureVersion", "3")).contains("it must be 1 or 2"));
    assert!(refusal(set(&topics, "MaximumMessageSize", "10")).contains("from 1024 to 262144"));
    assert!(refusal(set(&topics, "KmsMasterKeyId", "k")).contains("KmsMasterKeyId Reason: not supported"));
    assert!(refusal(set(&topics, "Policy", "[]")).contains("Policy Reason: it must be a JSON object"));
    assert!(refusal(set(&topics, "DeliveryPolicy", "{\"x\": 1}")).contains("DeliveryPolicy: unknown field `x`"));
    assert!(refusal(set(&topics, "DisplayName", "a\nb")).contains("DisplayName Reason"));
}

#[test]
fn names_of_other_places_are_not_found() {
    let topics = with_alarms();
    let get = |arn: &str| refusal(topics.get_topic_attributes(&TopicRef { topic_arn: arn.into() }, NOW));
    assert_eq!(get("arn:aws:sns:us-east-1:123456789012:other"), "404 NotFound: Topic does not exist");
    assert_eq!(get("arn:aws:sns:eu-west-1:123456789012:alarms"), "400 InvalidParameter: Invalid parameter: TopicArn");
    assert_eq!(get("arn:aws:sns:us-east-1:999999999999:alarms"), "404 NotFound: Topic does not exist");
    let elements = "TopicArn Reason: An ARN must have at least 6 elements, not 1";
    assert_eq!(get("alarms"), format!("400 InvalidParameter: Invalid parameter: {elements}"));
}

#[test]
fn a_topic_takes_what_hangs_on_it_along() {
    let topics = with_alarms();
    confirmed(&topics, "email", "a@example.com", &[]);
    assert_eq!(waiting(&topics).len(), 1);
    topics.delete_topic(&TopicRef { topic_arn: ALARMS.into() }).expect("removed");
    topics.delete_topic(&TopicRef { topic_arn: ALARMS.into() }).expect("not there any more");
    assert_eq!(waiting(&topics), []);
    create(&topics, "alarms", &[]).expect("made again");
    let shown = attributes(&topics);
    assert_eq!((shown["SubscriptionsConfirmed"].as_str(), shown["SubscriptionsPending"].as_str()), ("0", "0"));
}

#[test]
fn topics_are_listed_in_pages() {
    let topics = topics();
    for number in 0..205 {
        create(&topics, &format!("t{number:03}"), &[]).expect("made");
    }
    let (mut next_token, mut pages, mut seen) = (None, Vec::new(), Vec::new());
    loop {
        let page = topics.list_topics(&ListInput { next_token, ..Default::default() }).expect("listed");
        pages.push(page.topics.len());
        seen.extend(page.topics);
        next_token = page.next_token;
        if next_token.is_none() {
            break;
        }
    }
    assert_eq!(pages, [100, 100, 5]);
    assert!(seen.is_sorted_by_key(|topic| topic.topic_arn.clone()));
    let bad = ListInput { next_token: Some("?".into()), ..Default::default() };
    assert_eq!(refusal(topics.list_topics(&bad)), "400 InvalidParameter: Invalid parameter: NextToken");
}

#[test]
fn tags_come_and_go() {
    let topics = with_alarms();
    let resource_arn = ALARMS.to_owned();
    let tag_resource = |tags: Vec<Tag>| topics.tag_resource(&TagResourceInput { resource_arn: ALARMS.into(), tags });
    let tags = || topics.list_tags_for_resource(&ResourceRef { resource_arn: ALARMS.into() }).expect("listed").tags;
    tag_resource(vec![tag("b", "1"), tag("a", "2")]).expect("tagged");
    tag_resource(vec![tag("b", "3")]).expect("changed");
    assert_eq!(tags(), [tag("a", "2"), tag("b", "3")]);
    topics.untag_resource(&UntagResourceInput { resource_arn, tag_keys: vec!["a".into(), "x".into()] }).expect("done");
    assert_eq!(tags(), [tag("b", "3")]);
    let many = (0..50).map(|number| tag(&number.to_string(), "")).collect();
    assert_eq!(
        refusal(tag_resource(many)),
        "400 TagLimitExceeded: Could not complete request: tag quota of per resource exceeded"
    );
    assert_eq!(tags().len(), 1);
    assert!(refusal(tag_resource(vec![tag("aws:x", "")])).contains("reserved"));
    assert!(refusal(tag_resource(vec![tag("x", ""), tag("x", "")])).contains("given twice"));
    let other = ResourceRef { resource_arn: ALARMS.replace("alarms", "other") };
    assert_eq!(refusal(topics.list_tags_for_resource(&other)), "404 ResourceNotFound: Resource does not exist");
    let again = |tags| CreateTopicInput { name: "alarms".into(), tags, ..Default::default() };
    topics.create_topic(&again(vec![tag("b", "3")]), NOW).expect("the same");
    assert!(refusal(topics.create_topic(&again(vec![tag("b", "4")]), NOW)).contains("different tags"));
}
