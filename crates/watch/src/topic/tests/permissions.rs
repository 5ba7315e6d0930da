//! Statements of a topic's policy.

use serde_json::{Value, json};

use super::*;

fn policy(topics: &Topics) -> Value {
    let input = TopicRef { topic_arn: ALARMS.into() };
    let attributes = topics.get_topic_attributes(&input, NOW).expect("there").attributes;
    serde_json::from_str(&attributes["Policy"]).expect("JSON")
}

fn add(topics: &Topics, label: &str, accounts: &[&str], actions: &[&str]) -> Result<(), TopicError> {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    topics.add_permission(&AddPermissionInput {
        topic_arn: ALARMS.into(),
        label: label.into(),
        aws_account_id: texts(accounts),
        action_name: texts(actions),
    })
}

#[test]
fn statements_come_and_go_by_their_names() {
    let topics = with_alarms();
    add(&topics, "one", &["111111111111"], &["Publish"]).expect("added");
    add(&topics, "two", &["111111111111", "222222222222"], &["Publish", "Subscribe"]).expect("added");
    let statements = policy(&topics)["Statement"].clone();
    assert_eq!(statements.as_array().expect("a list").len(), 3, "the default one stays");
    let expected = json!({
        "Sid": "one",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
        "Action": "SNS:Publish",
        "Resource": ALARMS,
    });
    assert_eq!(statements[1], expected);
    assert_eq!(statements[2]["Action"], json!(["SNS:Publish", "SNS:Subscribe"]));
    let again = refusal(add(&topics, "one", &["111111111111"], &["Publish"]));
    assert_eq!(again, "400 InvalidParameter: Invalid parameter: Statement already exists");
    let other = refusal(add(&topics, "three", &["111111111111"], &["Shout"]));
    assert!(other.ends_with("Policy statement action out of service scope!"), "{other}");
    for label in ["one", "never"] {
        let input = RemovePermissionInput { topic_arn: ALARMS.into(), label: label.into() };
        topics.remove_permission(&input).expect("removed");
    }
    assert_eq!(policy(&topics)["Statement"].as_array().expect("a list").len(), 2);
}
