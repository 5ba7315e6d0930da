//! The evaluator against one that reads the JSON anew each time and knows no shortcut.

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};

use super::super::*;
use crate::access::Context;

const ACCOUNT: &str = "123456789012";
const USER: &str = "arn:aws:iam::123456789012:user/u";

/// Whether a text fits a text with stars, letter by letter.
fn fits(pattern: &str, text: &str) -> bool {
    match (pattern.chars().next(), text.chars().next()) {
        (None, None) => true,
        (Some('*'), _) => fits(&pattern[1..], text) || (!text.is_empty() && fits(pattern, &text[1..])),
        (Some('?'), Some(_)) => fits(&pattern[1..], &text[1..]),
        (Some(one), Some(other)) if one == other => fits(&pattern[1..], &text[1..]),
        _ => false,
    }
}

fn some(value: &Value, fits: impl Fn(&str) -> bool) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| fits(item.as_str().expect("text"))),
        item => fits(item.as_str().expect("text")),
    }
}

/// `Action` or `NotAction`; neither holds always.
fn listed(statement: &Value, name: &str, fits: impl Fn(&str) -> bool) -> bool {
    match (statement.get(name), statement.get(format!("Not{name}"))) {
        (Some(value), _) => some(value, fits),
        (_, Some(value)) => !some(value, fits),
        _ => true,
    }
}

/// Whether any statement of this effect is about it.
fn says(policy: &Value, effect: &str, action: &str, resource: &str, number: Option<i64>) -> bool {
    policy["Statement"].as_array().expect("statements").iter().any(|statement| {
        let condition = match statement["Condition"]["NumericLessThan"]["k:n"].as_i64() {
            Some(limit) => number.is_some_and(|number| number < limit),
            None => true,
        };
        let names = |who: &str| who == "*" || who == USER;
        let means = statement.get("Principal").is_none_or(|who| some(who.get("AWS").unwrap_or(who), names));
        statement["Effect"] == effect
            && condition
            && means
            && listed(statement, "Action", |pattern| fits(pattern, action))
            && listed(statement, "Resource", |pattern| fits(pattern, resource))
    })
}

/// An explicit deny, then an allow of the resource's or of one's own within the session's, then no.
fn naive(policies: &[&Value; 3], action: &str, resource: &str, number: Option<i64>) -> bool {
    let [identity, session, of_resource] = policies;
    let says = |policy: &Value, effect: &str| says(policy, effect, action, resource, number);
    if policies.iter().any(|policy| says(policy, "Deny")) {
        return false;
    }
    let is_named =
        of_resource["Statement"].as_array().expect("statements").iter().any(|statement| {
            statement["Principal"]["AWS"] == USER && says(&json!({ "Statement": [statement] }), "Allow")
        });
    is_named || ((says(identity, "Allow") || says(of_resource, "Allow")) && says(session, "Allow"))
}

fn statement(principal: bool) -> impl Strategy<Value = Value> {
    let actions = vec(select(vec!["s3:a", "s3:b", "s3:*", "*", "s3:?"]), 1..3);
    let resources = vec(select(vec!["arn:aws:s3:::x", "arn:aws:s3:::x*", "*", "arn:aws:s3:::?y"]), 1..3);
    let who = select(vec![json!("*"), json!({ "AWS": USER }), json!({"AWS": "arn:aws:iam::123456789012:user/v"})]);
    let parts =
        (select(vec!["Allow", "Allow", "Deny"]), actions, resources, who, any::<[bool; 2]>(), option_of_limit());
    parts.prop_map(move |(effect, actions, resources, who, [not_action, not_resource], limit)| {
        let action = if not_action { "NotAction" } else { "Action" };
        let resource = if not_resource { "NotResource" } else { "Resource" };
        let mut statement = json!({ "Effect": effect, action: actions, resource: resources });
        if principal {
            statement["Principal"] = who;
        }
        if let Some(limit) = limit {
            statement["Condition"] = json!({"NumericLessThan": { "k:n": limit }});
        }
        statement
    })
}

fn option_of_limit() -> impl Strategy<Value = Option<i64>> {
    select(vec![None, None, Some(3)])
}

fn policy(principal: bool) -> impl Strategy<Value = Value> {
    vec(statement(principal), 1..4).prop_map(|statements| json!({"Version": "2012-10-17", "Statement": statements}))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn it_decides_as_the_naive_one_does(
        identity in policy(false),
        session in policy(false),
        of_resource in policy(true),
        action in select(vec!["s3:a", "s3:b", "s3:long"]),
        resource in select(vec!["arn:aws:s3:::x", "arn:aws:s3:::xy", "arn:aws:s3:::y"]),
        number in select(vec![None, Some(2), Some(4)]),
    ) {
        let parse = |value: &Value, kind| Policy::parse(&value.to_string(), kind).expect("a policy");
        let (own, cut) = (parse(&identity, PolicyKind::Identity), parse(&session, PolicyKind::Identity));
        let guard = parse(&of_resource, PolicyKind::Resource);
        let context = Context::default();
        let context = number.map_or(context.clone(), |number: i64| context.with("k:n", number.to_string()));
        let caller = Caller::Aws { account: ACCOUNT, arn: USER, role: None };
        let question = Question { caller, action, resource, context: &context };
        let limits = Limits {
            identity: vec![&own],
            session: Some(vec![&cut]),
            resource: vec![&guard],
            ..Limits::default()
        };
        let expected = naive(&[&identity, &session, &of_resource], action, resource, number);
        prop_assert_eq!(decide(&question, &limits).is_ok(), expected);
    }

    /// No document makes the parser stumble.
    #[test]
    fn anything_is_read_or_refused(text in "\\PC{0,80}", name in "[A-Za-z:]{0,20}", value in "\\PC{0,20}") {
        let odd = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": value, "Resource": value, "Condition": {name: {"k": value}},
        }]});
        for text in [text, odd.to_string()] {
            for kind in [PolicyKind::Identity, PolicyKind::Trust, PolicyKind::Resource] {
                let _ = Policy::parse(&text, kind);
            }
        }
    }
}
