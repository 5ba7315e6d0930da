//! What the time of a point is, in UTC.

use chrono::{DateTime, Datelike, Timelike};

/// The functions of time by name. `None`: another function.
pub(super) fn part(function: &str) -> Option<fn(i64) -> f64> {
    Some(match function {
        "MINUTE" => |time| of(time, |utc| utc.minute()),
        "HOUR" => |time| of(time, |utc| utc.hour()),
        "DAY" => |time| of(time, |utc| utc.weekday().number_from_monday()),
        "DATE" => |time| of(time, |utc| utc.day()),
        "MONTH" => |time| of(time, |utc| utc.month()),
        "YEAR" => |time| of(time, |utc| utc.year().unsigned_abs()),
        "EPOCH" => |time| time.div_euclid(1000) as f64,
        _ => return None,
    })
}

fn of(time: i64, part: impl FnOnce(DateTime<chrono::Utc>) -> u32) -> f64 {
    f64::from(part(DateTime::from_timestamp_millis(time).unwrap_or_default()))
}
