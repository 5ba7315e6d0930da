//! Times on the wire.

use chrono::{DateTime, NaiveDateTime, SecondsFormat};
use serde_json::Value;

use crate::ServiceName;

/// The tree with Unix milliseconds for every time. `is_time` says whether the value itself is one.
pub(super) fn map(service: ServiceName, value: Value, is_time: bool) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(|item| map(service, item, is_time)).collect(),
        Value::Object(members) => {
            let member = |(name, value): (String, Value)| {
                let value = map(service, value, service.is_time(&name));
                (name, value)
            };
            members.into_iter().map(member).collect()
        }
        leaf if is_time => read(leaf),
        leaf => leaf,
    }
}

/// Unix milliseconds of what a client sent. What is no time stays, and is refused by whoever wants one.
fn read(value: Value) -> Value {
    let millis = match &value {
        Value::Number(seconds) => seconds.as_f64().map(millis),
        Value::String(text) => parse(text),
        _ => None,
    };
    millis.map_or(value, Value::from)
}

fn parse(text: &str) -> Option<i64> {
    let zoned = || DateTime::parse_from_rfc3339(text).ok().map(|time| time.timestamp_millis());
    let bare = || {
        let time = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
        Some(time.and_utc().timestamp_millis())
    };
    let minutes =
        || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%MZ").ok().map(|t| t.and_utc().timestamp_millis());
    let seconds = || text.parse().ok().map(millis);
    zoned().or_else(bare).or_else(minutes).or_else(seconds)
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "a float that is too large for a time becomes the last time there is"
)]
fn millis(seconds: f64) -> i64 {
    (seconds * 1000.0).round() as i64
}

/// Unix seconds of Unix milliseconds.
#[allow(clippy::cast_precision_loss, reason = "milliseconds since 1970 are exact in a float for 200,000 years")]
pub(super) fn seconds(value: &Value) -> Option<f64> {
    value.as_i64().map(|millis| millis as f64 / 1000.0)
}

/// `2026-11-21T22:32:21.000Z` of Unix milliseconds.
pub(super) fn iso8601(value: &Value) -> Option<String> {
    let time = DateTime::from_timestamp_millis(value.as_i64()?)?;
    Some(time.to_rfc3339_opts(SecondsFormat::Millis, true))
}
