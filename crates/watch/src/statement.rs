//! Statements of a resource's policy, one at a time.

use serde_json::{Value, json};

/// A statement that allows accounts to do something with a resource. `service` is what stands before its actions.
pub(crate) fn allowing(label: &str, accounts: &[String], service: &str, actions: &[String], resource: &str) -> Value {
    let principals = accounts.iter().map(|account| format!("arn:aws:iam::{account}:root"));
    let actions = actions.iter().map(|action| format!("{service}:{action}"));
    json!({
        "Sid": label,
        "Effect": "Allow",
        "Principal": {"AWS": one_or_many(principals.collect())},
        "Action": one_or_many(actions.collect()),
        "Resource": resource,
    })
}

/// Changes the statements of a policy; one of them may have stood without brackets.
pub(crate) fn change<E>(policy: &mut Value, change: impl FnOnce(&mut Vec<Value>) -> Result<(), E>) -> Result<(), E> {
    let mut statements = match policy["Statement"].take() {
        Value::Null => Vec::new(),
        Value::Array(statements) => statements,
        one => vec![one],
    };
    change(&mut statements)?;
    policy["Statement"] = Value::Array(statements);
    Ok(())
}

fn one_or_many(mut texts: Vec<String>) -> Value {
    match texts.len() {
        1 => texts.remove(0).into(),
        _ => texts.into(),
    }
}
