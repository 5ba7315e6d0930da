//! Functions of times. A time is Unix milliseconds.

use chrono::{DateTime, NaiveDate, NaiveDateTime};

use super::{Spec, at_least, numbers, spec, texts, wholes};
use crate::insights::value::Kind::{Number, Text, Time};

pub(super) const FUNCTIONS: &[Spec] = &[
    spec("fromMillis", &[Number], Time, |args| wholes(args, |row| Some(row.number(0)? as i64))),
    spec("toMillis", &[Time], Number, |args| numbers(args, |row| Some(row.whole(0)? as f64))),
    at_least(1, spec("parseDate", &[Text, Text], Time, |args| wholes(args, |row| parse(row.text(0)?, row.text(1))))),
    spec("formatDate", &[Time, Text], Text, |args| texts(args, |row| format(row.whole(0)?, &java(row.text(1)?)?))),
    spec("strftime", &[Time, Text], Text, |args| texts(args, |row| format(row.whole(0)?, row.text(1)?))),
];

/// A time in a format of strftime; absent when the format is none.
fn format(time: i64, format: &str) -> Option<String> {
    use std::fmt::Write as _;
    let mut text = String::new();
    write!(text, "{}", DateTime::from_timestamp_millis(time)?.format(format)).ok()?;
    Some(text)
}

/// Reads a time in a Java format; without one, in the usual ways of ISO 8601.
fn parse(text: &str, format: Option<&str>) -> Option<i64> {
    if let Some(format) = format {
        let format = java(format)?;
        if let Ok(moment) = DateTime::parse_from_str(text, &format) {
            return Some(moment.timestamp_millis());
        }
        let moment = NaiveDateTime::parse_from_str(text, &format).ok();
        let day = || NaiveDate::parse_from_str(text, &format).ok()?.and_hms_opt(0, 0, 0);
        return Some(moment.or_else(day)?.and_utc().timestamp_millis());
    }
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Some(moment.timestamp_millis());
    }
    crate::insights::time::read(text).or_else(|| {
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        Some(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis())
    })
}

/// A format as Java writes it (`yyyy-MM-dd HH:mm:ss`), as strftime does; `None` for letters that it does not have.
fn java(format: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = format;
    while let Some(first) = rest.chars().next() {
        let same = rest.chars().take_while(|char| *char == first).count();
        let length = first.len_utf8() * same;
        if first == '\'' {
            let quoted = rest[1..].split('\'').next().unwrap_or_default();
            out.push_str(&quoted.replace('%', "%%"));
            rest = rest[1 + quoted.len()..].strip_prefix('\'').unwrap_or_default();
            continue;
        }
        let directive = match (first, same) {
            ('y' | 'u', 2) => "%y",
            ('y' | 'u', _) => "%Y",
            ('M', 1 | 2) => "%m",
            ('M', 3) => "%b",
            ('M', _) => "%B",
            ('d', _) => "%d",
            ('D', _) => "%j",
            ('H', _) => "%H",
            ('h', _) => "%I",
            ('m', _) => "%M",
            ('s', _) => "%S",
            ('S', 3) => "%3f",
            ('S', 6) => "%6f",
            ('S', 9) => "%9f",
            ('a', _) => "%p",
            ('E', 1..=3) => "%a",
            ('E', _) => "%A",
            ('X' | 'Z' | 'z', _) => "%z",
            ('%', _) => "%%",
            _ if first.is_ascii_alphabetic() => return None,
            _ => {
                out.push_str(&rest[..length]);
                rest = &rest[length..];
                continue;
            }
        };
        out.push_str(directive);
        rest = &rest[length..];
    }
    Some(out)
}
