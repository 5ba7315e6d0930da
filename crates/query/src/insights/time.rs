//! Periods such as `5m`, and what they do to times. Times are Unix milliseconds, UTC.

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveDateTime};

/// The unit of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Unit {
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// A number of units, at least one. Numbers above a unit's cap are the cap (spec: `bin(300s)` is `bin(60s)`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Period {
    pub(super) count: i64,
    pub(super) unit: Unit,
}

const UNITS: [(&[&str], Unit); 9] = [
    (&["ms", "msec", "millisecond"], Unit::Millisecond),
    (&["s", "sec", "second"], Unit::Second),
    (&["m", "min", "minute"], Unit::Minute),
    (&["h", "hr", "hour"], Unit::Hour),
    (&["d", "day"], Unit::Day),
    (&["w", "week"], Unit::Week),
    (&["mo", "mon", "month"], Unit::Month),
    (&["q", "qtr", "quarter"], Unit::Quarter),
    (&["y", "yr", "year"], Unit::Year),
];

impl Unit {
    fn of(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let known = |word: &&str| name == *word || (word.len() > 1 && name.strip_suffix('s') == Some(word));
        UNITS.iter().find(|(words, _)| words.iter().any(known)).map(|(_, unit)| *unit)
    }

    /// The largest number of them in a period.
    fn cap(self) -> i64 {
        match self {
            Unit::Millisecond => 1000,
            Unit::Second | Unit::Minute => 60,
            Unit::Hour => 24,
            _ => 1_000_000,
        }
    }

    /// How long one is, in milliseconds, or in months.
    fn length(self) -> Length {
        match self {
            Unit::Millisecond => Length::Millis(1),
            Unit::Second => Length::Millis(1000),
            Unit::Minute => Length::Millis(60_000),
            Unit::Hour => Length::Millis(3_600_000),
            Unit::Day => Length::Millis(86_400_000),
            Unit::Week => Length::Millis(7 * 86_400_000),
            Unit::Month => Length::Months(1),
            Unit::Quarter => Length::Months(3),
            Unit::Year => Length::Months(12),
        }
    }
}

/// Lengths: months have no fixed number of milliseconds.
enum Length {
    Millis(i64),
    Months(i64),
}

impl Period {
    /// Reads such as `5m`, `1hour`, `30 s`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits = text.find(|char: char| !char.is_ascii_digit())?;
        Self::new(text[..digits].parse().ok()?, text[digits..].trim())
    }

    pub(super) fn new(count: i64, unit: &str) -> Option<Self> {
        let unit = Unit::of(unit)?;
        (count > 0).then(|| Self { count: count.min(unit.cap()), unit })
    }

    /// So many minutes, at most 60.
    pub(super) fn minutes(count: i64) -> Self {
        Self { count: count.clamp(1, Unit::Minute.cap()), unit: Unit::Minute }
    }

    /// How many milliseconds it is, unless it is of months.
    pub(super) fn millis(self) -> Option<i64> {
        match self.unit.length() {
            Length::Millis(one) => Some(one * self.count),
            Length::Months(_) => None,
        }
    }

    /// The start of the period that a time is in. Periods begin at 1970; weeks on Mondays.
    pub(super) fn floor(self, time: i64) -> Option<i64> {
        match self.unit.length() {
            Length::Millis(one) => {
                let length = one * self.count;
                // 1970 began on a Thursday.
                let origin = if self.unit == Unit::Week { 4 * 86_400_000 } else { 0 };
                time.checked_sub(origin)?.checked_div_euclid(length)?.checked_mul(length)?.checked_add(origin)
            }
            Length::Months(one) => {
                let date = DateTime::from_timestamp_millis(time)?;
                let months = i64::from(date.year() - 1970) * 12 + i64::from(date.month0());
                let length = one * self.count;
                month_start(months.div_euclid(length) * length)
            }
        }
    }

    /// The end of the period that a time is in; the time itself if that begins one.
    pub(super) fn ceil(self, time: i64) -> Option<i64> {
        let floor = self.floor(time)?;
        if floor == time {
            return Some(time);
        }
        match self.unit.length() {
            Length::Millis(one) => floor.checked_add(one * self.count),
            Length::Months(one) => {
                let months = u32::try_from(one * self.count).ok()?;
                Some(
                    DateTime::from_timestamp_millis(floor)?.checked_add_months(Months::new(months))?.timestamp_millis(),
                )
            }
        }
    }
}

/// When a month begins, counted from January 1970.
fn month_start(months: i64) -> Option<i64> {
    let (year, month) = (1970 + months.div_euclid(12), months.rem_euclid(12));
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, u32::try_from(month).ok()? + 1, 1)?;
    Some(date.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis())
}

/// A time as results show it: `2026-11-21 08:15:00.000`.
pub(super) fn shown(time: i64) -> String {
    match DateTime::from_timestamp_millis(time) {
        Some(moment) => moment.format("%Y-%m-%d %H:%M:%S%.3f").to_string(),
        None => time.to_string(),
    }
}

/// Reads a time as [`shown`] writes it.
pub(super) fn read(text: &str) -> Option<i64> {
    let parse = |format| NaiveDateTime::parse_from_str(text, format).ok();
    let moment = parse("%Y-%m-%d %H:%M:%S%.f").or_else(|| parse("%Y-%m-%dT%H:%M:%S%.fZ"))?;
    Some(moment.and_utc().timestamp_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_read_and_clipped() {
        let period = |count, unit| Some(Period { count, unit });
        for (text, expected) in [
            ("5m", period(5, Unit::Minute)),
            ("1hour", period(1, Unit::Hour)),
            ("2hrs", period(2, Unit::Hour)),
            ("300s", period(60, Unit::Second)),
            ("2000ms", period(1000, Unit::Millisecond)),
            ("48h", period(24, Unit::Hour)),
            ("3mo", period(3, Unit::Month)),
            ("1QTR", period(1, Unit::Quarter)),
            ("0m", None),
            ("5", None),
            ("5parsecs", None),
        ] {
            assert_eq!(Period::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn times_fall_into_periods() {
        let at = |text| read(text).expect(text);
        let time = at("2026-11-21 08:17:31.250");
        for (period, floor, ceil) in [
            ("5m", "2026-11-21 08:15:00.000", "2026-11-21 08:20:00.000"),
            ("1d", "2026-11-21 00:00:00.000", "2026-11-22 00:00:00.000"),
            ("1w", "2026-11-16 00:00:00.000", "2026-11-23 00:00:00.000"),
            ("1mo", "2026-11-01 00:00:00.000", "2026-12-01 00:00:00.000"),
            ("1q", "2026-10-01 00:00:00.000", "2027-01-01 00:00:00.000"),
            ("1y", "2026-01-01 00:00:00.000", "2027-01-01 00:00:00.000"),
        ] {
            let read = Period::parse(period).expect(period);
            assert_eq!(read.floor(time).map(shown).as_deref(), Some(floor), "{period}");
            assert_eq!(read.ceil(time).map(shown).as_deref(), Some(ceil), "{period}");
            assert_eq!(read.ceil(at(floor)), Some(at(floor)));
        }
        let week = Period { count: 1, unit: Unit::Week };
        assert_eq!(week.floor(i64::MIN), None);
    }
}
