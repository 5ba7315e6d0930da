//! Subscriptions: asking, confirming, ending.

use super::*;

fn list(topics: &Topics, now: i64) -> Vec<(String, String)> {
    let input = ListInput { topic_arn: Some(ALARMS.into()), ..Default::default() };
    let listed = topics.list_subscriptions(&input, now).expect("listed");
    listed.subscriptions.into_iter().map(|entry| (entry.endpoint, entry.subscription_arn)).collect()
}

fn get(topics: &Topics, arn: &str) -> Result<Attributes, TopicError> {
    Ok(topics.get_subscription_attributes(&SubscriptionRef { subscription_arn: arn.into() }, NOW)?.attributes)
}

fn set(topics: &Topics, arn: &str, name: &str, value: &str) -> Result<(), TopicError> {
    let (subscription_arn, attribute_name) = (arn.to_owned(), name.to_owned());
    let attribute_value = Some(value.to_owned());
    let input = SetSubscriptionAttributesInput { subscription_arn, attribute_name, attribute_value };
    topics.set_subscription_attributes(&input, NOW)
}

#[test]
fn a_subscription_counts_when_it_is_confirmed() {
    let topics = with_alarms();
    let input = SubscribeInput {
        topic_arn: ALARMS.into(),
        protocol: "email".into(),
        endpoint: "a@example.com".into(),
        ..Default::default()
    };
    let told = topics.subscribe(&input, NOW).expect("subscribed").subscription_arn;
    assert_eq!(told, "pending confirmation");
    let pending = ("a@example.com".to_owned(), "PendingConfirmation".to_owned());
    assert_eq!(list(&topics, NOW), [pending]);
    assert_eq!(waiting(&topics), [("SubscriptionConfirmation".into(), "a@example.com".into())]);

    let arn = subscribe(&topics, "email", "a@example.com", &[]);
    assert_eq!(waiting(&topics).len(), 2, "asked again");
    assert_eq!(get(&topics, &arn).expect("there")["PendingConfirmation"], "true");
    let token = token(&topics, &arn);
    assert_eq!(confirm(&topics, &token, NOW).expect("confirmed").subscription_arn, arn);
    assert_eq!(confirm(&topics, &token, NOW).expect("still confirmed").subscription_arn, arn);
    assert_eq!(list(&topics, NOW), [("a@example.com".to_owned(), arn.clone())]);
    assert_eq!(get(&topics, &arn).expect("there")["PendingConfirmation"], "false");

    assert_eq!(topics.subscribe(&input, NOW).expect("there").subscription_arn, arn);
    assert_eq!(waiting(&topics).len(), 2, "not asked again");
    let other = try_subscribe(&topics, "email", "a@example.com", &[("FilterPolicy", r#"{"a": ["b"]}"#)]);
    assert!(refusal(other).contains("Subscription already exists with different attributes"));
}

#[test]
fn a_token_is_good_for_two_days_and_its_topic() {
    let topics = with_alarms();
    let arn = subscribe(&topics, "http", "http://127.0.0.1:1/", &[]);
    let first = token(&topics, &arn);
    assert_eq!(refusal(confirm(&topics, &first, NOW + 2 * DAY)), "400 InvalidParameter: Invalid parameter: Token");
    assert_eq!(refusal(confirm(&topics, &"0".repeat(64), NOW)), "400 InvalidParameter: Invalid parameter: Token");
    assert_eq!(refusal(confirm(&topics, "0000", NOW)), "400 InvalidParameter: Invalid token");
    assert_eq!(list(&topics, NOW + 2 * DAY), [], "what was not confirmed is gone");
    topics.create_topic(&CreateTopicInput { name: "other".into(), ..Default::default() }, NOW).expect("made");
    let elsewhere = ConfirmSubscriptionInput {
        topic_arn: ALARMS.replace("alarms", "other"),
        token: first.clone(),
        ..Default::default()
    };
    assert_eq!(refusal(topics.confirm_subscription(&elsewhere, NOW)), "400 InvalidParameter: Invalid parameter: Topic");
    subscribe(&topics, "http", "http://127.0.0.1:1/", &[]);
    let second = token(&topics, &arn);
    assert_ne!(first, second);
    confirm(&topics, &first, NOW + DAY).expect("both are good");
    confirm(&topics, &second, NOW + DAY).expect("both are good");
}

#[test]
fn the_account_ends_a_subscription() {
    let topics = with_alarms();
    let arn = confirmed(&topics, "email", "a@example.com", &[]);
    let old = token(&topics, &arn);
    let reference = SubscriptionRef { subscription_arn: arn.clone() };
    topics.unsubscribe(&reference, NOW).expect("ended");
    topics.unsubscribe(&reference, NOW).expect("ended already");
    assert_eq!(waiting(&topics), [], "nothing is sent to it any more");
    assert_eq!(list(&topics, NOW), [("a@example.com".to_owned(), "Deleted".to_owned())]);
    let counts = topics.get_topic_attributes(&TopicRef { topic_arn: ALARMS.into() }, NOW).expect("there").attributes;
    assert_eq!((counts["SubscriptionsConfirmed"].as_str(), counts["SubscriptionsDeleted"].as_str()), ("0", "1"));
    assert!(confirm(&topics, &old, NOW).is_err(), "an old link brings nothing back");
    assert_eq!(list(&topics, NOW + 2 * DAY), []);
    let bad = SubscriptionRef { subscription_arn: ALARMS.into() };
    assert!(refusal(topics.unsubscribe(&bad, NOW)).contains("SubscriptionArn"));
    confirmed(&topics, "email", "a@example.com", &[]);
}

#[test]
fn a_link_ends_a_subscription_and_offers_it_again() {
    let topics = with_alarms();
    let arn = confirmed(&topics, "email", "a@example.com", &[]);
    let query = format!("SubscriptionArn={arn}");
    let asked = topics.answer(Method::Get, "/unsubscribe.html", &query, NOW).expect("a page");
    assert!(asked.body.contains("<form method=\"post\">"), "{}", asked.body);
    assert_eq!(list(&topics, NOW)[0].1, arn, "looking at the page ends nothing");
    let ended = topics.answer(Method::Post, "/unsubscribe.html", &query, NOW).expect("a page");
    assert!(ended.status == 200 && ended.body.contains("a@example.com"), "{}", ended.body);
    assert_eq!(list(&topics, NOW)[0].1, "Deleted");
    assert_eq!(waiting(&topics), [("UnsubscribeConfirmation".into(), "a@example.com".into())]);
    confirm(&topics, &token(&topics, &arn), NOW + DAY).expect("taken back");
    assert_eq!(list(&topics, NOW + 3 * DAY)[0].1, arn);

    let ended = topics.answer(Method::Get, "/", &format!("Action=Unsubscribe&{query}"), NOW).expect("an answer");
    assert!(ended.body.starts_with("<UnsubscribeResponse xmlns="), "{}", ended.body);
    assert_eq!(list(&topics, NOW)[0].1, "Deleted");
}

#[test]
fn only_the_account_ends_what_it_has_locked() {
    let topics = with_alarms();
    let arn = subscribe(&topics, "email", "a@example.com", &[]);
    let input = ConfirmSubscriptionInput {
        topic_arn: ALARMS.into(),
        token: token(&topics, &arn),
        authenticate_on_unsubscribe: Some("true".into()),
    };
    topics.confirm_subscription(&input, NOW).expect("confirmed");
    assert_eq!(get(&topics, &arn).expect("there")["ConfirmationWasAuthenticated"], "true");
    let query = format!("Action=Unsubscribe&SubscriptionArn={arn}");
    let refused = topics.answer(Method::Get, "/", &query, NOW).expect("an answer");
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains("<Code>AuthorizationError</Code>"), "{}", refused.body);
    topics.unsubscribe(&SubscriptionRef { subscription_arn: arn }, NOW).expect("the account may");
}

#[test]
fn links_confirm_and_say_what() {
    let topics = with_alarms();
    let arn = subscribe(&topics, "http", "http://ann:secret@127.0.0.1:1/?a=<b>", &[]);
    let query = format!("TopicArn={ALARMS}&Token={}", token(&topics, &arn));
    let answer = topics.answer(Method::Get, "/", &format!("Action=ConfirmSubscription&{query}"), NOW).expect("ours");
    assert_eq!((answer.status, answer.content_type), (200, "text/xml; charset=utf-8"));
    let result = format!("<ConfirmSubscriptionResult>\n    <SubscriptionArn>{arn}</SubscriptionArn>\n");
    assert!(answer.body.contains(&result), "{}", answer.body);
    let page = topics.answer(Method::Get, "/confirmation.html", &query, NOW).expect("ours");
    assert_eq!((page.status, page.content_type), (200, "text/html; charset=utf-8"));
    for part in ["<h1>Subscription confirmed</h1>", ALARMS, &arn, "ann:****@127.0.0.1", "/unsubscribe.html?"] {
        assert!(page.body.contains(part), "{part} in {}", page.body);
    }
    assert!(!page.body.contains("secret") && !page.body.contains("<b>"), "{}", page.body);
    let bad = topics.answer(Method::Get, "/confirmation.html", "TopicArn=<script>&Token=1", NOW).expect("ours");
    assert!(bad.status == 400 && !bad.body.contains("<script>"), "{}", bad.body);
    let bad = topics.answer(Method::Get, "/", "Action=ConfirmSubscription&TopicArn=%3Cx%3E", NOW).expect("ours");
    assert!(bad.status == 400 && bad.body.contains("<Code>InvalidParameter</Code>"), "{}", bad.body);
    assert_eq!(topics.answer(Method::Get, "/", "Action=Publish", NOW), None);
    assert_eq!(topics.answer(Method::Get, "/elsewhere", "", NOW), None);
}

#[test]
fn attributes_are_set_and_shown() {
    let topics = with_alarms();
    let arn = confirmed(&topics, "https", "https://hooks.example.com/x", &[("RawMessageDelivery", "true")]);
    let shown = get(&topics, &arn).expect("there");
    assert_eq!((shown["RawMessageDelivery"].as_str(), shown["Protocol"].as_str()), ("true", "https"));
    assert!(shown["EffectiveDeliveryPolicy"].contains(r#""numRetries":3"#));
    set(&topics, &arn, "RawMessageDelivery", "false").expect("set");
    for (name, value) in [
        ("FilterPolicy", r#"{"state": ["ALARM"]}"#),
        ("DeliveryPolicy", r#"{"healthyRetryPolicy": {"numRetries": 9}}"#),
        ("RedrivePolicy", r#"{"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:lost"}"#),
        ("WeirTemplate", "slack"),
    ] {
        set(&topics, &arn, name, value).expect(name);
        assert_eq!(get(&topics, &arn).expect("there")[name], value);
    }
    set(&topics, &arn, "FilterPolicyScope", "MessageBody").expect("set");
    assert_eq!(get(&topics, &arn).expect("there")["FilterPolicyScope"], "MessageBody");
    set(&topics, &arn, "FilterPolicy", "{}").expect("removed");
    assert_eq!(get(&topics, &arn).expect("there").get("FilterPolicy"), None);
}

#[test]
fn attributes_that_make_no_sense_are_refused() {
    let topics = with_alarms();
    let post = confirmed(&topics, "http", "http://127.0.0.1:1/", &[]);
    let refused = |name: &str, value: &str| refusal(set(&topics, &post, name, value));
    assert!(
        refused("FilterPolicy", "{").starts_with("400 InvalidParameter: Invalid parameter: FilterPolicy: it is not")
    );
    assert!(refused("FilterPolicyScope", "Body").contains("FilterPolicyScope: Invalid value [Body]"));
    assert!(refused("RawMessageDelivery", "yes").contains("Invalid value [yes]. Must be true or false."));
    assert!(
        refused("RedrivePolicy", r#"{"deadLetterTargetArn": "arn:aws:sqs:r:1:../x"}"#)
            .ends_with("deadLetterTargetArn is an invalid arn")
    );
    assert!(refused("WeirTemplate", "{{x}}").contains("WeirTemplate: neither `slack` nor JSON"));
    assert!(refused("SubscriptionRoleArn", "x").contains("it is for firehose"));
    assert!(refused("Colour", "x").ends_with("Invalid parameter: AttributeName"));
    set(&topics, &post, "FilterPolicyScope", "MessageBody").expect("set");
    set(&topics, &post, "FilterPolicy", r#"{"a": {"b": [1]}}"#).expect("set");
    assert!(refused("FilterPolicyScope", "MessageAttributes").contains("does not support nested"));
    set(&topics, &post, "WeirTemplate", "slack").expect("set");
    assert!(refused("RawMessageDelivery", "true").contains("a raw message has no template"));
    let mail = |attributes: &[(&str, &str)]| refusal(try_subscribe(&topics, "email", "a@example.com", attributes));
    assert!(mail(&[("RawMessageDelivery", "true")]).contains("[email] does not support raw message delivery."));
    assert!(mail(&[("WeirTemplate", "slack")]).contains("it is for http and https"));
    assert!(refusal(try_subscribe(&topics, "sms", "+1", &[])).contains("sms is not delivered to"));
    let elsewhere = refusal(try_subscribe(&topics, "sqs", "arn:aws:sqs:r:1:q", &[]));
    assert!(elsewhere.contains("a queue of this account"), "{elsewhere}");
    let nowhere = refusal(try_subscribe(&topics, "sqs", &format!("arn:aws:sqs::{ACCOUNT}:q"), &[]));
    assert!(nowhere.ends_with("Invalid parameter: SQS endpoint ARN"), "{nowhere}");
}

#[test]
fn a_topic_has_at_most_200_filter_policies() {
    let topics = with_alarms();
    let filter = [("FilterPolicy", r#"{"a": ["b"]}"#)];
    for number in 0..200 {
        subscribe(&topics, "email", &format!("a{number}@example.com"), &filter);
    }
    let one_more = try_subscribe(&topics, "email", "b@example.com", &filter);
    assert!(refusal(one_more).starts_with("403 FilterPolicyLimitExceeded"));
    subscribe(&topics, "email", "b@example.com", &[]);
}
