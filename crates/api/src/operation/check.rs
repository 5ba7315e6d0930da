//! Constraints on members of an input, and the text in which AWS says that they do not hold.

use serde_json::Value;

use crate::{ApiError, Payload, ServiceName};

/// A constraint on a member. A member that is not there satisfies all but [`Check::Required`].
#[derive(Debug, Clone, Copy)]
pub enum Check {
    /// It is there.
    Required(&'static str),
    /// So many characters of a text, or items of a list, at least and at most.
    Length(&'static str, usize, usize),
    /// A number from and to.
    Range(&'static str, i64, i64),
    /// One of these, as AWS lists them.
    OneOf(&'static str, &'static [&'static str]),
    /// A text of these letters, as a regular expression that AWS shows.
    Letters(&'static str, fn(char) -> bool, &'static str),
    /// The same of a member whose value AWS does not repeat.
    UnshownLetters(&'static str, fn(char) -> bool, &'static str),
}

/// Holds an input against its constraints.
///
/// # Errors
/// All that do not hold, in one text: "2 validation errors detected: …". Source: the answers of AWS, as observed.
pub(super) fn check(service: ServiceName, checks: &[Check], payload: &Payload) -> Result<(), ApiError> {
    if checks.is_empty() {
        return Ok(());
    }
    let input = payload.value()?;
    let broken: Vec<String> = checks.iter().filter_map(|check| check.broken(input)).collect();
    if broken.is_empty() {
        return Ok(());
    }
    let plural = if broken.len() == 1 { "" } else { "s" };
    let message = format!("{} validation error{plural} detected: {}", broken.len(), broken.join("; "));
    let code = match service {
        ServiceName::Logs => "InvalidParameterException",
        ServiceName::Athena => "InvalidRequestException",
        ServiceName::Glue => "InvalidInputException",
        _ => "ValidationError",
    };
    Err(ApiError::new(code, message))
}

impl Check {
    fn broken(&self, input: &Value) -> Option<String> {
        let (member, constraint) = match *self {
            Self::Required(member) => (member, "Member must not be null".to_owned()),
            Self::Length(member, least, _) if length(input.get(member)?)? < least => {
                (member, format!("Member must have length greater than or equal to {least}"))
            }
            Self::Length(member, _, most) if length(input.get(member)?)? > most => {
                (member, format!("Member must have length less than or equal to {most}"))
            }
            Self::Range(member, least, _) if number(input.get(member)?)? < least => {
                (member, format!("Member must have value greater than or equal to {least}"))
            }
            Self::Range(member, _, most) if number(input.get(member)?)? > most => {
                (member, format!("Member must have value less than or equal to {most}"))
            }
            Self::OneOf(member, values) if !values.contains(&input.get(member)?.as_str()?) => {
                (member, format!("Member must satisfy enum value set: [{}]", values.join(", ")))
            }
            Self::Letters(member, is_fine, pattern) | Self::UnshownLetters(member, is_fine, pattern)
                if !input.get(member)?.as_str()?.chars().all(is_fine) =>
            {
                (member, format!("Member must satisfy regular expression pattern: {pattern}"))
            }
            _ => return None,
        };
        let value = input.get(member).filter(|value| !value.is_null());
        if matches!(self, Self::Required(_)) && value.is_some() {
            return None;
        }
        let shown = match value {
            _ if matches!(self, Self::UnshownLetters(..)) => String::new(),
            None => "null ".to_owned(),
            Some(value) => format!("'{}' ", shown(value)),
        };
        Some(format!("Value {shown}at '{}' failed to satisfy constraint: {constraint}", lowered(member)))
    }
}

fn length(value: &Value) -> Option<usize> {
    match value {
        Value::String(text) => Some(text.chars().count()),
        Value::Array(items) => Some(items.len()),
        Value::Object(members) => Some(members.len()),
        _ => None,
    }
}

/// A form has numbers as texts.
fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

/// AWS writes the members in these texts with a small first letter.
fn lowered(member: &str) -> String {
    let mut letters = member.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(checks: &[Check], input: &str) -> String {
        let payload = Payload::json(input.as_bytes().to_vec().into());
        check(ServiceName::Logs, checks, &payload).expect_err("refused").message
    }

    #[test]
    fn the_texts_are_those_of_aws() {
        let name = "x".repeat(3);
        let text = refused(&[Check::Length("filterName", 1, 2)], &format!(r#"{{"filterName":"{name}"}}"#));
        assert_eq!(
            text,
            "1 validation error detected: Value 'xxx' at 'filterName' failed to satisfy constraint: \
             Member must have length less than or equal to 2"
        );
        let text = refused(&[Check::Required("a"), Check::Range("limit", 1, 10_000)], r#"{"limit":10001}"#);
        assert_eq!(
            text,
            "2 validation errors detected: Value null at 'a' failed to satisfy constraint: Member must not be null; \
             Value '10001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000"
        );
        let input = r#"{"a": "x:*", "b": "x:*"}"#;
        let letters: fn(char) -> bool = |letter| letter.is_ascii_alphanumeric();
        assert_eq!(
            refused(&[Check::Letters("a", letters, "\\w*"), Check::UnshownLetters("b", letters, "\\w*")], input),
            "2 validation errors detected: Value 'x:*' at 'a' failed to satisfy constraint: \
             Member must satisfy regular expression pattern: \\w*; Value at 'b' failed to satisfy constraint: \
             Member must satisfy regular expression pattern: \\w*"
        );
        let text = refused(&[Check::OneOf("StateValue", &["OK", "ALARM"])], r#"{"StateValue":"NO"}"#);
        assert_eq!(
            text,
            "1 validation error detected: Value 'NO' at 'stateValue' failed to satisfy constraint: \
             Member must satisfy enum value set: [OK, ALARM]"
        );
    }

    #[test]
    fn what_is_not_there_is_only_missed_when_it_is_required() {
        let checks = [Check::Length("a", 1, 2), Check::Range("b", 1, 2), Check::OneOf("c", &["x"])];
        check(ServiceName::Logs, &checks, &Payload::json("{}".into())).expect("nothing is wrong");
    }
}
