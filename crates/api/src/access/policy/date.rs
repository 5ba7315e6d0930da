//! Dates in conditions: ISO 8601 with parts left out, or seconds since 1970.

use chrono::{Duration, NaiveDate};

/// Unix milliseconds; none if it is no date.
pub(super) fn parse(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse::<i64>() {
        return Some(seconds.saturating_mul(1000));
    }
    let (date, time) = match text.split_once(['T', 't']) {
        Some((date, time)) => (date, time),
        None => (text, ""),
    };
    let midnight = day(date)?.and_hms_opt(0, 0, 0)?.and_utc();
    Some((midnight + time_of_day(time)?).timestamp_millis())
}

/// `2026-11-21`, `2026-11`, `2026`.
fn day(text: &str) -> Option<NaiveDate> {
    let mut parts = text.split('-').map(|part| number(part, 1, 4));
    let year = i32::try_from(parts.next()??).ok()?;
    let month = parts.next().unwrap_or(Some(1))?;
    let day = parts.next().unwrap_or(Some(1))?;
    if parts.next().is_some() {
        return None;
    }
    NaiveDate::from_ymd_opt(year, month, day)
}

/// `12:34:56.789+01:00`, and less of it.
fn time_of_day(text: &str) -> Option<Duration> {
    let zone_at = text.find(['Z', 'z', '+', '-']).unwrap_or(text.len());
    let (clock, zone) = text.split_at(zone_at);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let fraction = if fraction.len() <= 9 { number(&format!("{fraction:0<9}"), 9, 9)? } else { return None };
    let mut seconds = 0;
    for (part, (unit, most)) in clock.split(':').zip([(3600, 24), (60, 59), (1, 60)]) {
        let count = if clock.is_empty() { 0 } else { number(part, 1, 2).filter(|count| *count <= most)? };
        seconds += unit * i64::from(count);
    }
    if clock.split(':').count() > 3 {
        return None;
    }
    Some(Duration::seconds(seconds - offset(zone)?) + Duration::nanoseconds(fraction.into()))
}

/// Seconds east of Greenwich: `Z`, `+01`, `+0100`, `+01:00`.
fn offset(zone: &str) -> Option<i64> {
    if matches!(zone, "" | "Z" | "z") {
        return Some(0);
    }
    let (sign, digits) = zone.split_at(1);
    let digits = digits.replacen(':', "", 1);
    let (hours, minutes) = match digits.len() {
        2 => (number(&digits, 2, 2)?, 0),
        4 => (number(digits.get(..2)?, 2, 2)?, number(digits.get(2..)?, 2, 2)?),
        _ => return None,
    };
    let seconds = i64::from(hours * 3600 + minutes * 60);
    (hours < 24 && minutes < 60).then_some(if sign == "-" { -seconds } else { seconds })
}

fn number(text: &str, least: usize, most: usize) -> Option<u32> {
    let is_number = (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().ok() } else { None }
}
