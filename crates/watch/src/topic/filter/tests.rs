//! Filter policies against the cases of a text file.

use serde_json::Value;

use super::{FilterPolicy, FilterPolicyScope};
use crate::topic::{Message, MessageAttributeValue};

const CASES: &str = include_str!("cases.txt");

#[test]
fn policies_want_what_the_cases_say() {
    let (mut policy, mut scope, mut checked) = (String::new(), FilterPolicyScope::MessageAttributes, 0);
    for (number, line) in CASES.lines().enumerate() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let parsed = || FilterPolicy::parse(&policy, scope);
        let wants =
            |message: &Message| parsed().unwrap_or_else(|error| panic!("line {}: {error}", number + 1)).wants(message);
        match word {
            "" | "#" => continue,
            "attributes" => (policy, scope) = (rest.to_owned(), FilterPolicyScope::MessageAttributes),
            "body" => (policy, scope) = (rest.to_owned(), FilterPolicyScope::MessageBody),
            "yes" => assert!(wants(&message(rest, scope)), "line {}: {policy}\n{rest}", number + 1),
            "no" => assert!(!wants(&message(rest, scope)), "line {}: {policy}\n{rest}", number + 1),
            "good" => assert!(parsed().is_ok(), "line {}: {:?}", number + 1, parsed()),
            "error" => {
                let error = parsed().expect_err(&policy).to_string();
                assert!(error.contains(rest), "line {}: {error}", number + 1);
            }
            other => panic!("line {}: {other}", number + 1),
        }
        checked += usize::from(matches!(word, "yes" | "no" | "good" | "error"));
    }
    assert!(checked > 100, "{checked} cases");
}

/// Attributes are written short: a text is a String, a number a Number, a list a String.Array, an object
/// `{"binary": …}` a Binary.
fn message(text: &str, scope: FilterPolicyScope) -> Message {
    if scope == FilterPolicyScope::MessageBody {
        return Message { body: text.to_owned(), ..Message::default() };
    }
    let fields: serde_json::Map<String, Value> = serde_json::from_str(text).expect(text);
    let attribute = |value: &Value| match value {
        Value::String(text) => MessageAttributeValue::string(text),
        Value::Number(number) => MessageAttributeValue::number(number.to_string()),
        Value::Array(_) => MessageAttributeValue {
            data_type: "String.Array".into(),
            string_value: Some(value.to_string()),
            binary_value: None,
        },
        other => MessageAttributeValue {
            data_type: "Binary".into(),
            string_value: None,
            binary_value: other["binary"].as_str().map(str::to_owned),
        },
    };
    let attributes = fields.iter().map(|(name, value)| (name.clone(), attribute(value))).collect();
    let message = Message { body: "text".into(), attributes, ..Message::default() };
    message.check(crate::topic::SIZE_LIMIT).expect(text);
    message
}

/// The slow way: an asterisk is nothing, or one more character.
fn matches_slowly(pattern: &[char], text: &[char]) -> bool {
    match (pattern, text) {
        ([], text) => text.is_empty(),
        (['*', rest @ ..], text) => {
            matches_slowly(rest, text) || (!text.is_empty() && matches_slowly(pattern, &text[1..]))
        }
        ([wanted, rest @ ..], [found, text @ ..]) => wanted == found && matches_slowly(rest, text),
        _ => false,
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn wildcards_match_as_the_slow_way_does(pattern in "[ab]{0,2}(\\*[ab]{1,2}){0,3}\\*?", text in "[ab]{0,9}") {
        proptest::prop_assume!(!pattern.is_empty() && !text.is_empty());
        let policy = serde_json::json!({ "k": [{ "wildcard": pattern }] }).to_string();
        let policy = FilterPolicy::parse(&policy, FilterPolicyScope::MessageAttributes).expect("good");
        let attributes = [("k".to_owned(), MessageAttributeValue::string(&text))].into();
        let message = Message { body: "x".into(), attributes, ..Message::default() };
        let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
        proptest::prop_assert_eq!(policy.wants(&message), matches_slowly(&pattern, &text));
    }
}

#[test]
fn limits_are_those_of_sns() {
    let parse = |text: &str, scope| FilterPolicy::parse(text, scope).map_err(|error| error.to_string());
    let list = |count: usize| format!("[{}]", (0..count).map(|n| n.to_string()).collect::<Vec<_>>().join(","));
    let of_attributes = |text: String| parse(&text, FilterPolicyScope::MessageAttributes);
    assert!(of_attributes(format!(r#"{{"a": {}}}"#, list(150))).is_ok());
    assert!(of_attributes(format!(r#"{{"a": {}}}"#, list(151))).expect_err("too many").contains("too complex"));
    assert!(of_attributes(format!(r#"{{"a": {}, "b": {}}}"#, list(50), list(3))).is_ok());
    assert!(
        of_attributes(format!(r#"{{"a": {}, "b": {}}}"#, list(51), list(3)))
            .expect_err("too many")
            .contains("too complex")
    );
    let long = format!(r#"{{"a": ["{}"]}}"#, "x".repeat(256 * 1024));
    assert!(of_attributes(long).expect_err("too long").contains("more than 262144"));
    let nested = |count: usize| format!(r#"{{"a": {{"b": {{"c": {}}}}}}}"#, list(count));
    assert!(parse(&nested(50), FilterPolicyScope::MessageBody).is_ok());
    assert!(parse(&nested(51), FilterPolicyScope::MessageBody).expect_err("too many").contains("too complex"));
}

#[test]
fn texts_for_machines_are_what_a_body_is_filtered_by() {
    let message = Message::for_machines_and_people("s".into(), r#"{"state": "ALARM"}"#, "It is bad.");
    let policy = FilterPolicy::parse(r#"{"state": ["ALARM"]}"#, FilterPolicyScope::MessageBody).expect("good");
    assert!(policy.wants(&message));
}
