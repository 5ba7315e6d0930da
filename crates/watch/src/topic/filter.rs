//! Filter policies: which messages a subscription wants.

mod condition;
mod parse;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::condition::{Condition, Plain};
use super::message::{Message, MessageAttributeValue, elements};

/// The most bytes of a policy.
const POLICY_LIMIT: usize = 256 * 1024;
/// The most keys of a policy.
const KEY_LIMIT: usize = 5;
/// The most combinations of values of a policy.
const COMBINATION_LIMIT: usize = 150;

/// What a policy looks at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum FilterPolicyScope {
    /// The attributes of the message.
    #[default]
    MessageAttributes,
    /// The text of the message, which must be JSON.
    MessageBody,
}

/// A filter policy that was read and found good.
#[derive(Debug, Clone, PartialEq)]
pub struct FilterPolicy {
    scope: FilterPolicyScope,
    rule: Rule,
}

/// A policy is read; what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("FilterPolicy: {0}")]
pub struct FilterPolicyError(pub(crate) String);

/// What must hold of a message.
#[derive(Debug, Clone, PartialEq)]
enum Rule {
    All(Vec<Rule>),
    Any(Vec<Rule>),
    /// One of the values at this path meets one of the conditions.
    Field {
        path: Vec<String>,
        conditions: Vec<Condition>,
    },
}

impl FilterPolicy {
    /// Reads a policy.
    ///
    /// # Errors
    /// When it is not JSON, breaks the rules, or is larger than SNS allows; the error says where.
    pub fn parse(text: &str, scope: FilterPolicyScope) -> Result<Self, FilterPolicyError> {
        if text.len() > POLICY_LIMIT {
            return Err(FilterPolicyError(format!("it has {} bytes, more than {POLICY_LIMIT}", text.len())));
        }
        let policy = Self { scope, rule: parse::rule(text, scope)? };
        let mut keys = policy.rule.paths();
        keys.sort_unstable();
        keys.dedup();
        if keys.len() > KEY_LIMIT {
            return Err(FilterPolicyError(format!("Filter policy can not have more than {KEY_LIMIT} keys")));
        }
        let combinations = policy.rule.combinations(scope);
        if combinations > COMBINATION_LIMIT {
            return Err(FilterPolicyError("Filter policy is too complex".to_owned()));
        }
        Ok(policy)
    }

    /// Whether the message is wanted.
    pub fn wants(&self, message: &Message) -> bool {
        match self.scope {
            FilterPolicyScope::MessageAttributes => {
                self.rule.holds(&|path| path.first().map_or_else(Vec::new, |name| attribute_values(message, name)))
            }
            FilterPolicyScope::MessageBody => match serde_json::from_str::<Value>(&message.default_text()) {
                Ok(body @ Value::Object(_)) => self.rule.holds(&|path| {
                    let mut values = Vec::new();
                    body_values(&body, path, &mut values);
                    values
                }),
                _ => false,
            },
        }
    }
}

impl Rule {
    fn holds(&self, values: &dyn Fn(&[String]) -> Vec<Plain>) -> bool {
        match self {
            Self::All(rules) => rules.iter().all(|rule| rule.holds(values)),
            Self::Any(rules) => rules.iter().any(|rule| rule.holds(values)),
            Self::Field { path, conditions } => {
                let values = values(path);
                conditions.iter().any(|condition| condition.is_met(&values))
            }
        }
    }

    fn paths(&self) -> Vec<&[String]> {
        match self {
            Self::All(rules) | Self::Any(rules) => rules.iter().flat_map(Self::paths).collect(),
            Self::Field { path, .. } => vec![path],
        }
    }

    /// Values of all keys multiplied; in a body, those of a nested key count once a level; alternatives add up.
    fn combinations(&self, scope: FilterPolicyScope) -> usize {
        let each = |rules: &[Rule]| rules.iter().map(|rule| rule.combinations(scope)).collect::<Vec<_>>();
        match self {
            Self::All(rules) => each(rules).into_iter().fold(1, usize::saturating_mul),
            Self::Any(rules) => each(rules).into_iter().fold(0, usize::saturating_add),
            Self::Field { path, conditions } => match scope {
                FilterPolicyScope::MessageAttributes => conditions.len(),
                FilterPolicyScope::MessageBody => conditions.len().saturating_mul(path.len()),
            },
        }
    }
}

/// A `Binary` is as good as absent.
fn attribute_values(message: &Message, name: &str) -> Vec<Plain> {
    let Some(value) = message.attributes.get(name) else { return Vec::new() };
    let MessageAttributeValue { string_value: Some(text), .. } = value else { return Vec::new() };
    match value.base_type() {
        "String" => vec![Plain::Text(text.clone())],
        "Number" => text.parse().ok().map(Plain::number).into_iter().collect(),
        "String.Array" => elements(text).iter().filter_map(Plain::of).collect(),
        _ => Vec::new(),
    }
}

/// Lists on the way stand for each of their elements.
fn body_values(value: &Value, path: &[String], found: &mut Vec<Plain>) {
    match (value, path) {
        (Value::Array(elements), _) => elements.iter().for_each(|element| body_values(element, path, found)),
        (Value::Object(fields), [name, rest @ ..]) => {
            if let Some(value) = fields.get(name) {
                body_values(value, rest, found);
            }
        }
        (value, []) => found.extend(Plain::of(value)),
        _ => {}
    }
}
