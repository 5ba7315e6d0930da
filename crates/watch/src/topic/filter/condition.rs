//! What a filter policy asks of one value.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

/// Numbers are compared to five digits after the point.
const SCALE: f64 = 100_000.0;

/// A value without structure.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Plain {
    Text(String),
    /// In hundred thousandths.
    Number(f64),
    Bool(bool),
    Null,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Condition {
    Equals(Plain),
    Text(TextTest),
    AnythingBut(Vec<Plain>),
    AnythingButText(Vec<TextTest>),
    Numeric(Vec<(Comparison, f64)>),
    Within(IpNet),
    Exists(bool),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum TextTest {
    Prefix(String),
    Suffix(String),
    /// In small letters.
    IgnoringCase(String),
    /// What stands between the asterisks.
    Wildcard(Vec<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Plain {
    pub(super) fn number(value: f64) -> Self {
        Self::Number((value * SCALE).round())
    }

    /// None when it has structure.
    pub(super) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self::Text(text.clone())),
            Value::Number(number) => number.as_f64().map(Self::number),
            Value::Bool(value) => Some(Self::Bool(*value)),
            Value::Null => Some(Self::Null),
            Value::Array(_) | Value::Object(_) => None,
        }
    }
}

impl Condition {
    /// Whether one of the values is as asked for; without values, only `{"exists": false}` is met.
    pub(super) fn is_met(&self, values: &[Plain]) -> bool {
        match self {
            Self::Exists(wanted) => values.is_empty() != *wanted,
            _ => values.iter().any(|value| self.accepts(value)),
        }
    }

    fn accepts(&self, value: &Plain) -> bool {
        match (self, value) {
            (Self::Equals(wanted), value) => wanted == value,
            (Self::Text(test), Plain::Text(text)) => test.accepts(text),
            (Self::AnythingBut(unwanted), value) => !unwanted.contains(value),
            (Self::AnythingButText(tests), Plain::Text(text)) => !tests.iter().any(|test| test.accepts(text)),
            (Self::AnythingButText(_), _) => true,
            (Self::Numeric(bounds), Plain::Number(number)) => {
                bounds.iter().all(|(is, bound)| is.holds(*number, *bound))
            }
            (Self::Within(net), Plain::Text(text)) => {
                text.parse::<IpAddr>().is_ok_and(|address| net.contains(&address))
            }
            _ => false,
        }
    }
}

impl TextTest {
    fn accepts(&self, text: &str) -> bool {
        match self {
            Self::Prefix(prefix) => text.starts_with(prefix.as_str()),
            Self::Suffix(suffix) => text.ends_with(suffix.as_str()),
            Self::IgnoringCase(wanted) => text.to_lowercase() == *wanted,
            Self::Wildcard(pieces) => matches_pieces(pieces, text),
        }
    }
}

/// Each piece as early as possible, but the last one at the end.
fn matches_pieces(pieces: &[String], text: &str) -> bool {
    let [first, middle @ .., last] = pieces else {
        return pieces.first().is_none_or(|only| only == text);
    };
    let Some(mut rest) = text.strip_prefix(first.as_str()) else {
        return false;
    };
    for piece in middle {
        match rest.find(piece.as_str()) {
            Some(start) => rest = &rest[start + piece.len()..],
            None => return false,
        }
    }
    rest.ends_with(last.as_str())
}

impl Comparison {
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "=" => Some(Self::Equal),
            "<" => Some(Self::Less),
            "<=" => Some(Self::LessOrEqual),
            ">" => Some(Self::Greater),
            ">=" => Some(Self::GreaterOrEqual),
            _ => None,
        }
    }

    pub(super) fn is_lower_bound(self) -> bool {
        matches!(self, Self::Greater | Self::GreaterOrEqual)
    }

    fn holds(self, number: f64, bound: f64) -> bool {
        match self {
            Self::Equal => number == bound,
            Self::Less => number < bound,
            Self::LessOrEqual => number <= bound,
            Self::Greater => number > bound,
            Self::GreaterOrEqual => number >= bound,
        }
    }
}
