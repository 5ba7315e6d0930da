//! Times. Every timestamp is in milliseconds, UTC; days and times of day are those of UTC.

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveDateTime, Timelike, Utc};
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, Float64Array, Int64Array, StringViewArray, TimestampMillisecondArray,
};
use datafusion::arrow::datatypes::{Date32Type, Float64Type, Int64Type, TimestampMillisecondType};
use datafusion::common::Result;

use super::{Entry, Overload, Param, UTC, done, format, refuse};
use crate::error::{Code, Error};

const TEXT: Param = Param::Text;
const TIMESTAMP: Param = Param::Timestamp;
const DATE: Param = Param::Date;
const BIGINT: Param = Param::Bigint;

const fn new(parameters: &'static [Param], result: Param, body: super::Body) -> Overload {
    Overload { parameters, variadic: false, result, body }
}

/// A part of a timestamp, or of a date, as a number.
macro_rules! part {
    ($of:expr) => {
        &[new(&[TIMESTAMP], BIGINT, |args, _| part(args, $of))]
    };
}

pub(super) const FUNCTIONS: &[Entry] = &[
    ("now", &[new(&[], TIMESTAMP, current)]),
    ("current_timestamp", &[new(&[], TIMESTAMP, current)]),
    ("localtimestamp", &[new(&[], TIMESTAMP, current)]),
    ("current_date", &[new(&[], DATE, |_, now| done(Date32Array::from(vec![day_number(now)])))]),
    ("from_unixtime", &[new(&[BIGINT], TIMESTAMP, from_seconds), new(&[Param::Double], TIMESTAMP, from_fraction)]),
    ("to_unixtime", &[new(&[TIMESTAMP], Param::Double, to_unixtime)]),
    ("from_iso8601_timestamp", &[new(&[TEXT], TIMESTAMP, from_iso_timestamp)]),
    ("from_iso8601_date", &[new(&[TEXT], DATE, from_iso_date)]),
    ("to_iso8601", &[new(&[DATE], TEXT, date_to_iso), new(&[TIMESTAMP], TEXT, timestamp_to_iso)]),
    (
        "date",
        &[
            new(&[DATE], DATE, |args, _| Ok(std::sync::Arc::clone(&args[0]))),
            new(&[TIMESTAMP], DATE, to_date),
            new(&[TEXT], DATE, from_iso_date),
        ],
    ),
    ("date_trunc", &[new(&[TEXT, DATE], DATE, trunc_date), new(&[TEXT, TIMESTAMP], TIMESTAMP, trunc_timestamp)]),
    (
        "date_add",
        &[new(&[TEXT, BIGINT, DATE], DATE, add_date), new(&[TEXT, BIGINT, TIMESTAMP], TIMESTAMP, add_timestamp)],
    ),
    ("date_diff", &[new(&[TEXT, TIMESTAMP, TIMESTAMP], BIGINT, diff)]),
    ("date_format", &[new(&[TIMESTAMP, TEXT], TEXT, |args, _| write(args, format::mysql))]),
    ("format_datetime", &[new(&[TIMESTAMP, TEXT], TEXT, |args, _| write(args, format::joda))]),
    ("date_parse", &[new(&[TEXT, TEXT], TIMESTAMP, |args, _| read(args, format::mysql))]),
    ("parse_datetime", &[new(&[TEXT, TEXT], TIMESTAMP, |args, _| read(args, format::joda))]),
    ("parse_duration", &[new(&[TEXT], Param::Duration, super::duration::parse)]),
    ("year", part!(|t| i64::from(t.year()))),
    ("quarter", part!(|t| i64::from(t.month0() / 3 + 1))),
    ("month", part!(|t| i64::from(t.month()))),
    ("week", part!(|t| i64::from(t.iso_week().week()))),
    ("week_of_year", part!(|t| i64::from(t.iso_week().week()))),
    ("year_of_week", part!(|t| i64::from(t.iso_week().year()))),
    ("yow", part!(|t| i64::from(t.iso_week().year()))),
    ("day", part!(|t| i64::from(t.day()))),
    ("day_of_month", part!(|t| i64::from(t.day()))),
    ("day_of_week", part!(|t| i64::from(t.weekday().number_from_monday()))),
    ("dow", part!(|t| i64::from(t.weekday().number_from_monday()))),
    ("day_of_year", part!(|t| i64::from(t.ordinal()))),
    ("doy", part!(|t| i64::from(t.ordinal()))),
    ("hour", part!(|t| i64::from(t.hour()))),
    ("minute", part!(|t| i64::from(t.minute()))),
    ("second", part!(|t| i64::from(t.second()))),
    ("millisecond", part!(|t| i64::from(t.timestamp_subsec_millis()))),
];

const DAY: i64 = 86_400_000;

fn day_number(milliseconds: i64) -> i32 {
    i32::try_from(milliseconds.div_euclid(DAY)).unwrap_or(i32::MAX)
}

fn current(_args: &[ArrayRef], now: i64) -> Result<ArrayRef> {
    done(TimestampMillisecondArray::from(vec![now]).with_timezone(UTC))
}

fn timestamps(args: &[ArrayRef], index: usize) -> &TimestampMillisecondArray {
    args[index].as_primitive::<TimestampMillisecondType>()
}

fn dates(args: &[ArrayRef], index: usize) -> &Date32Array {
    args[index].as_primitive::<Date32Type>()
}

fn texts(args: &[ArrayRef], index: usize) -> &StringViewArray {
    args[index].as_string_view()
}

fn time(milliseconds: i64) -> Result<DateTime<Utc>> {
    match DateTime::from_timestamp_millis(milliseconds) {
        Some(time) => Ok(time),
        None => refuse(format!("{milliseconds} ms is out of the range of timestamps")),
    }
}

fn millis(times: impl Iterator<Item = Result<Option<i64>>>) -> Result<ArrayRef> {
    done(times.collect::<Result<TimestampMillisecondArray>>()?.with_timezone(UTC))
}

fn from_seconds(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let seconds = args[0].as_primitive::<Int64Type>();
    let milliseconds: TimestampMillisecondArray = seconds.unary(|seconds| seconds.saturating_mul(1000));
    done(milliseconds.with_timezone(UTC))
}

#[allow(clippy::cast_possible_truncation, reason = "a cast of floats saturates")]
fn from_fraction(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let seconds = args[0].as_primitive::<Float64Type>();
    let milliseconds: TimestampMillisecondArray = seconds.unary(|seconds| (seconds * 1000.0).round() as i64);
    done(milliseconds.with_timezone(UTC))
}

#[allow(clippy::cast_precision_loss, reason = "milliseconds of our time fit 53 bits")]
fn to_unixtime(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let seconds: Float64Array = timestamps(args, 0).unary(|milliseconds| milliseconds as f64 / 1000.0);
    done(seconds)
}

fn from_iso_timestamp(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let mut last: Option<(&str, i64)> = None;
    millis(texts(args, 0).iter().map(|text| {
        let Some(text) = text else { return Ok(None) };
        let value = match last {
            Some((known, value)) if known == text => value,
            _ => match format::iso_timestamp(text) {
                Some(value) => value,
                None => return refuse(format!("Invalid format: \"{text}\"")),
            },
        };
        last = Some((text, value));
        Ok(Some(value))
    }))
}

fn from_iso_date(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let day = |text: Option<&str>| {
        let Some(text) = text else { return Ok(None) };
        match text.trim().parse::<NaiveDate>() {
            Ok(date) => Ok(Some(number(date))),
            Err(_) => Err(Error::new(Code::InvalidFunctionArgument, format!("Value cannot be cast to date: {text}"))
                .into_datafusion()),
        }
    };
    done(texts(args, 0).iter().map(day).collect::<Result<Date32Array>>()?)
}

fn number(date: NaiveDate) -> i32 {
    Date32Type::from_naive_date(date)
}

fn to_date(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let days: Date32Array = timestamps(args, 0).unary(day_number);
    done(days)
}

fn date_to_iso(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let text = |day: Option<i32>| Some(Date32Type::to_naive_date_opt(day?)?.to_string());
    done(StringViewArray::from_iter(dates(args, 0).iter().map(text)))
}

fn timestamp_to_iso(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let text =
        |at: Option<i64>| Some(DateTime::from_timestamp_millis(at?)?.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string());
    done(StringViewArray::from_iter(timestamps(args, 0).iter().map(text)))
}

fn part(args: &[ArrayRef], of: fn(&DateTime<Utc>) -> i64) -> Result<ArrayRef> {
    let mut last: Option<(i64, i64)> = None;
    let value = |milliseconds: Option<i64>| {
        let Some(milliseconds) = milliseconds else { return Ok(None) };
        let value = match last {
            Some((known, value)) if known == milliseconds => value,
            _ => of(&time(milliseconds)?),
        };
        last = Some((milliseconds, value));
        Ok(Some(value))
    };
    done(timestamps(args, 0).iter().map(value).collect::<Result<Int64Array>>()?)
}

/// The units of date_trunc, date_add and date_diff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Milliseconds(i64),
    Months(i64),
    /// Seven days; truncation goes to Monday.
    Week,
}

impl Unit {
    fn parse(text: &str) -> Result<Self> {
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

    fn truncate(self, at: i64) -> Result<i64> {
        Ok(match self {
            Unit::Milliseconds(unit) => at - at.rem_euclid(unit),
            Unit::Week => {
                let monday = i64::from(time(at)?.weekday().num_days_from_monday());
                at - at.rem_euclid(DAY) - monday * DAY
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

    fn add(self, count: i64, at: i64) -> Result<i64> {
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
    fn between(self, a: i64, b: i64) -> Result<i64> {
        match self {
            Unit::Milliseconds(unit) => Ok((b - a) / unit),
            Unit::Week => Ok((b - a) / (7 * DAY)),
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

/// The unit in each row; parsed once as long as it stays the same.
fn with_units<T>(args: &[ArrayRef], mut row: impl FnMut(Unit, usize) -> Result<T>) -> Result<Vec<Option<T>>> {
    let mut last: Option<(&str, Unit)> = None;
    let mut result = Vec::with_capacity(args[0].len());
    for (index, text) in texts(args, 0).iter().enumerate() {
        let missing = args.iter().any(|arg| arg.is_null(index));
        let Some(text) = text.filter(|_| !missing) else {
            result.push(None);
            continue;
        };
        let unit = match last {
            Some((known, unit)) if known == text => unit,
            _ => Unit::parse(text)?,
        };
        last = Some((text, unit));
        result.push(Some(row(unit, index)?));
    }
    Ok(result)
}

fn trunc_timestamp(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let times = timestamps(args, 1);
    let result = with_units(args, |unit, row| unit.truncate(times.value(row)))?;
    done(TimestampMillisecondArray::from(result).with_timezone(UTC))
}

fn trunc_date(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let days = dates(args, 1);
    let result = with_units(args, |unit, row| Ok(day_number(unit.truncate(i64::from(days.value(row)) * DAY)?)))?;
    done(Date32Array::from(result))
}

fn add_timestamp(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let (counts, times) = (args[1].as_primitive::<Int64Type>(), timestamps(args, 2));
    let result = with_units(args, |unit, row| unit.add(counts.value(row), times.value(row)))?;
    done(TimestampMillisecondArray::from(result).with_timezone(UTC))
}

fn add_date(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let (counts, days) = (args[1].as_primitive::<Int64Type>(), dates(args, 2));
    let result = with_units(args, |unit, row| {
        if matches!(unit, Unit::Milliseconds(unit) if unit < DAY) {
            return refuse("date_add: a DATE takes day, week, month, quarter or year".to_owned());
        }
        Ok(day_number(unit.add(counts.value(row), i64::from(days.value(row)) * DAY)?))
    })?;
    done(Date32Array::from(result))
}

fn diff(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let (from, to) = (timestamps(args, 1), timestamps(args, 2));
    done(Int64Array::from(with_units(args, |unit, row| unit.between(from.value(row), to.value(row)))?))
}

type Translate = fn(&str) -> std::result::Result<String, String>;

fn write(args: &[ArrayRef], translate: Translate) -> Result<ArrayRef> {
    let mut last: Option<(&str, String)> = None;
    let mut rows = Vec::with_capacity(args[0].len());
    for (at, pattern) in timestamps(args, 0).iter().zip(texts(args, 1)) {
        let (Some(at), Some(pattern)) = (at, pattern) else {
            rows.push(None);
            continue;
        };
        if last.as_ref().is_none_or(|(known, _)| *known != pattern) {
            last = Some((pattern, translate(pattern).or_else(refuse)?));
        }
        rows.push(match &last {
            Some((_, ours)) => Some(time(at)?.format(ours).to_string()),
            None => None,
        });
    }
    done(StringViewArray::from_iter(rows))
}

fn read(args: &[ArrayRef], translate: Translate) -> Result<ArrayRef> {
    millis(texts(args, 0).iter().zip(texts(args, 1)).map(|(text, pattern)| {
        let (Some(text), Some(pattern)) = (text, pattern) else { return Ok(None) };
        let ours = translate(pattern).or_else(refuse)?;
        match format::read(text, &ours) {
            Some(at) => Ok(Some(at)),
            None => refuse(format!("Invalid format: \"{text}\" is not like '{pattern}'")),
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        format::iso_timestamp(text).unwrap()
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
