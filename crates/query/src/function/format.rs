//! Patterns of times: MySQL's (`%Y-%m-%d`), Joda's (`yyyy-MM-dd`), both as chrono's; and ISO 8601.

use chrono::format::{Parsed, StrftimeItems, parse};
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};

/// A pattern of date_format and date_parse.
pub(super) fn mysql(pattern: &str) -> Result<String, String> {
    let mut ours = String::new();
    let mut characters = pattern.chars();
    while let Some(c) = characters.next() {
        if c != '%' {
            ours.push(c);
            continue;
        }
        ours.push_str(match characters.next() {
            Some('Y') => "%Y",
            Some('y') => "%y",
            Some('m') => "%m",
            Some('c') => "%-m",
            Some('M') => "%B",
            Some('b') => "%b",
            Some('d') => "%d",
            Some('e') => "%-d",
            Some('H') => "%H",
            Some('k') => "%-H",
            Some('h' | 'I') => "%I",
            Some('l') => "%-I",
            Some('i') => "%M",
            Some('s' | 'S') => "%S",
            Some('f') => "%6f",
            Some('p') => "%p",
            Some('W') => "%A",
            Some('a') => "%a",
            Some('j') => "%j",
            Some('T') => "%H:%M:%S",
            Some('r') => "%I:%M:%S %p",
            Some('v') => "%V",
            Some('x') => "%G",
            Some('%') => "%%",
            Some(other) => return Err(format!("%{other} not supported in date format string")),
            None => return Err("a date format string ends with %".to_owned()),
        });
    }
    Ok(ours)
}

/// A pattern of format_datetime and parse_datetime.
pub(super) fn joda(pattern: &str) -> Result<String, String> {
    let mut ours = String::new();
    let mut characters = pattern.chars().peekable();
    while let Some(c) = characters.next() {
        if c == '\'' {
            quoted(&mut characters, &mut ours)?;
            continue;
        }
        if !c.is_ascii_alphabetic() {
            ours.push_str(if c == '%' { "%%" } else { "" });
            ours.extend((c != '%').then_some(c));
            continue;
        }
        let mut length = 1;
        while characters.next_if_eq(&c).is_some() {
            length += 1;
        }
        ours.push_str(match (c, length) {
            ('y' | 'Y', 2) => "%y",
            ('y' | 'Y', _) => "%Y",
            ('x', _) => "%G",
            ('w', _) => "%V",
            ('M', 1) => "%-m",
            ('M', 2) => "%m",
            ('M', 3) => "%b",
            ('M', _) => "%B",
            ('d', 1) => "%-d",
            ('d', _) => "%d",
            ('D', _) => "%j",
            ('e', _) => "%u",
            ('E', 1..=3) => "%a",
            ('E', _) => "%A",
            ('a', _) => "%p",
            ('h', 1) => "%-I",
            ('h', _) => "%I",
            ('H', 1) => "%-H",
            ('H', _) => "%H",
            ('m', 1) => "%-M",
            ('m', _) => "%M",
            ('s', 1) => "%-S",
            ('s', _) => "%S",
            ('S', 3) => "%3f",
            ('S', 6) => "%6f",
            ('Z', 1) => "+0000",
            ('Z', 2) => "+00:00",
            ('z' | 'Z', _) => "UTC",
            _ => return Err(format!("'{c}' not supported in date format string")),
        });
    }
    Ok(ours)
}

fn quoted(characters: &mut std::iter::Peekable<std::str::Chars>, ours: &mut String) -> Result<(), String> {
    if characters.next_if_eq(&'\'').is_some() {
        ours.push('\'');
        return Ok(());
    }
    loop {
        match characters.next() {
            Some('\'') if characters.next_if_eq(&'\'').is_some() => ours.push('\''),
            Some('\'') => return Ok(()),
            Some('%') => ours.push_str("%%"),
            Some(c) => ours.push(c),
            None => return Err("a date format string has no closing quote".to_owned()),
        }
    }
}

/// The time that a text says by a pattern of chrono's; what the pattern leaves out is 1970-01-01 00:00:00.
pub(super) fn read(text: &str, pattern: &str) -> Option<i64> {
    let mut parsed = Parsed::new();
    parse(&mut parsed, text, StrftimeItems::new(pattern)).ok()?;
    if parsed.year().is_none() && parsed.year_mod_100().is_none() {
        parsed.set_year(1970).ok()?;
    }
    if parsed.ordinal().is_none() && parsed.isoweek().is_none() {
        if parsed.month().is_none() {
            parsed.set_month(1).ok()?;
        }
        if parsed.day().is_none() {
            parsed.set_day(1).ok()?;
        }
    }
    if parsed.hour_mod_12().is_some() && parsed.minute().is_none() {
        parsed.set_minute(0).ok()?;
    }
    let time = if parsed.hour_mod_12().is_some() { parsed.to_naive_time().ok()? } else { NaiveTime::MIN };
    Some(parsed.to_naive_date().ok()?.and_time(time).and_utc().timestamp_millis())
}

/// ISO 8601: a date, or a date and a time with or without a zone (UTC when without).
pub(super) fn iso_timestamp(text: &str) -> Option<i64> {
    if let Ok(date) = text.parse::<NaiveDate>() {
        return Some(date.and_time(NaiveTime::MIN).and_utc().timestamp_millis());
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.timestamp_millis());
    }
    for pattern in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"] {
        if let Ok(time) = NaiveDateTime::parse_from_str(text, pattern) {
            return Some(time.and_utc().timestamp_millis());
        }
    }
    for pattern in ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z"] {
        if let Ok(time) = DateTime::parse_from_str(text, pattern) {
            return Some(time.timestamp_millis());
        }
    }
    text.strip_suffix('Z').filter(|rest| !rest.ends_with('Z')).and_then(iso_timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso_takes_dates_and_times() {
        for (text, expected) in [
            ("1970-01-02", Some(86_400_000)),
            ("1970-01-01T00:00:01Z", Some(1_000)),
            ("1970-01-01T01:00:01+01:00", Some(1_000)),
            ("1970-01-01T00:00:01.250", Some(1_250)),
            ("1970-01-01T00:01", Some(60_000)),
            ("1970-01-01T00:01Z", Some(60_000)),
            ("1970-01-01 00:01", None),
            ("2026/01/01", None),
            ("", None),
        ] {
            assert_eq!(iso_timestamp(text), expected, "{text}");
        }
    }

    #[test]
    fn patterns_become_ours() {
        assert_eq!(mysql("%Y-%m-%d %H:%i:%s").unwrap(), "%Y-%m-%d %H:%M:%S");
        assert_eq!(joda("yyyy-MM-dd'T'HH:mm:ss''").unwrap(), "%Y-%m-%dT%H:%M:%S'");
        assert!(mysql("%q").is_err());
        assert!(joda("yyyy'").is_err());
        assert_eq!(read("2026/11/21", &mysql("%Y/%m/%d").unwrap()), iso_timestamp("2026-11-21"));
        assert_eq!(read("21 13", &mysql("%d %H").unwrap()), iso_timestamp("1970-01-21T13:00:00Z"));
        assert_eq!(read("x", "%Y"), None);
    }
}
