//! Units of time: what date_trunc, date_add and date_diff count in.

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveDateTime};
use datafusion::common::Result;

use super::{DAY, refuse, time};

/// The units of date_trunc, date_add and date_diff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Milliseconds(i64),
    Months(i64),
    /// Seven days; truncation goes to Monday.
    Week,
}

impl Unit {
    pub(super) fn parse(text: &str) -> Result<Self> {
        Ok(match text.to_ascii_lowercase().as_str() {
            "millisecond" => Unit::Milliseconds(1),
            "second" => Unit::Milliseconds(1000),
            "minute" => Unit::Milliseconds(60_000),
            "hour" => Unit::Milliseconds(3_600_000),
            "day" => Unit::Milliseconds(DAY),
            "week" => Unit::Week,
            "month" => Unit::Months(1),
            "quarter" => Unit::Months(3),
            "year" => Unit::Months(12),
            _ => return refuse(format!("'{text}' is not a valid TIMESTAMP field")),
        })
    }

    pub(super) fn truncate(self, at: i64) -> Result<i64> {
        Ok(match self {
            Unit::Milliseconds(unit) => at.saturating_sub(at.rem_euclid(unit)),
            Unit::Week => {
                let monday = i64::from(time(at)?.weekday().num_days_from_monday());
                at.saturating_sub(at.rem_euclid(DAY)).saturating_sub(monday * DAY)
            }
            Unit::Months(months) => {
                let date = time(at)?.date_naive();
                let month0 = i64::from(date.month0()) / months * months;
                let first = NaiveDate::from_ymd_opt(date.year(), u32::try_from(month0).unwrap_or(0) + 1, 1);
                first
                    .and_then(|first| first.and_hms_opt(0, 0, 0))
                    .map_or(at, |first| first.and_utc().timestamp_millis())
            }
        })
    }

    pub(super) fn add(self, count: i64, at: i64) -> Result<i64> {
        let added = match self {
            Unit::Milliseconds(unit) => count.checked_mul(unit).and_then(|by| at.checked_add(by)),
            Unit::Week => count.checked_mul(7 * DAY).and_then(|by| at.checked_add(by)),
            Unit::Months(months) => count.checked_mul(months).and_then(|months| add_months(at, months)),
        };
        match added {
            Some(added) => Ok(added),
            None => refuse(format!("date_add: {count} is out of range")),
        }
    }

    /// Whole units from `a` to `b`.
    pub(super) fn between(self, a: i64, b: i64) -> Result<i64> {
        match self {
            Unit::Milliseconds(unit) => Ok(b.saturating_sub(a) / unit),
            Unit::Week => Ok(b.saturating_sub(a) / (7 * DAY)),
            Unit::Months(months) => {
                let (from, to) = (time(a)?.naive_utc(), time(b)?.naive_utc());
                let calendar = |t: NaiveDateTime| i64::from(t.year()) * 12 + i64::from(t.month());
                let mut whole = calendar(to) - calendar(from);
                let reached = add_months(a, whole).unwrap_or(b);
                if whole > 0 && reached > b {
                    whole -= 1;
                } else if whole < 0 && reached < b {
                    whole += 1;
                }
                Ok(whole / months)
            }
        }
    }
}

fn add_months(at: i64, months: i64) -> Option<i64> {
    let time = DateTime::from_timestamp_millis(at)?;
    let count = Months::new(u32::try_from(months.unsigned_abs()).ok()?);
    let moved = if months < 0 { time.checked_sub_months(count) } else { time.checked_add_months(count) };
    moved.map(|moved| moved.timestamp_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        super::super::format::iso_timestamp(text).unwrap()
    }

    #[test]
    fn units_truncate_to_their_start() {
        for (unit, expected) in [
            ("second", "2026-11-21T13:14:15Z"),
            ("minute", "2026-11-21T13:14:00Z"),
            ("hour", "2026-11-21T13:00:00Z"),
            ("day", "2026-11-21"),
            ("week", "2026-11-16"),
            ("month", "2026-11-01"),
            ("quarter", "2026-10-01"),
            ("year", "2026-01-01"),
        ] {
            assert_eq!(
                Unit::parse(unit).unwrap().truncate(at("2026-11-21T13:14:15.678Z")).unwrap(),
                at(expected),
                "{unit}"
            );
        }
    }

    #[test]
    fn differences_count_whole_units() {
        for (unit, from, to, expected) in [
            ("minute", "2026-01-01T00:00:30Z", "2026-01-01T00:02:29Z", 1),
            ("minute", "2026-01-01T00:02:29Z", "2026-01-01T00:00:30Z", -1),
            ("day", "2026-01-01T12:00:00Z", "2026-01-02T11:59:59Z", 0),
            ("month", "2026-01-31", "2026-02-28", 1),
            ("month", "2026-01-15", "2026-03-14", 1),
            ("month", "2026-03-15", "2026-01-16", -1),
            ("year", "2024-02-29", "2026-02-28", 2),
            ("week", "2026-11-01", "2026-11-21", 2),
        ] {
            let found = Unit::parse(unit).unwrap().between(at(from), at(to)).unwrap();
            assert_eq!(found, expected, "{unit} {from} {to}");
        }
    }
}
