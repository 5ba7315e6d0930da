//! Times. Every timestamp is in milliseconds, of UTC or without a zone; days and times of day are those of UTC.

use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, Float64Array, Int64Array, StringViewArray, TimestampMillisecondArray,
};
use datafusion::arrow::datatypes::{Date32Type, Float64Type, Int64Type, TimestampMillisecondType};
use datafusion::common::Result;

use super::{Entry, Overload, Param, UTC, done, format, refuse};
use crate::error::{Code, Error};

mod unit;

use unit::Unit;

const TEXT: Param = Param::Text;
const TIMESTAMP: Param = Param::Timestamp;
const LOCAL: Param = Param::Local;
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
    ("localtimestamp", &[new(&[], LOCAL, |args, now| without_zone(&current(args, now)?))]),
    (INSTANT, &[new(&[TIMESTAMP], TIMESTAMP, |args, _| Ok(std::sync::Arc::clone(&args[0])))]),
    ("current_date", &[new(&[], DATE, |_, now| done(Date32Array::from(vec![day_number(now)])))]),
    ("from_unixtime", &[new(&[BIGINT], TIMESTAMP, from_seconds), new(&[Param::Double], TIMESTAMP, from_fraction)]),
    ("to_unixtime", &[new(&[TIMESTAMP], Param::Double, to_unixtime)]),
    ("from_iso8601_timestamp", &[new(&[TEXT], TIMESTAMP, from_iso_timestamp)]),
    ("from_iso8601_date", &[new(&[TEXT], DATE, from_iso_date)]),
    (
        "to_iso8601",
        &[
            new(&[DATE], TEXT, date_to_iso),
            new(&[LOCAL], TEXT, |args, _| to_iso(args, "%Y-%m-%dT%H:%M:%S%.3f")),
            new(&[TIMESTAMP], TEXT, |args, _| to_iso(args, "%Y-%m-%dT%H:%M:%S%.3fZ")),
        ],
    ),
    (
        "date",
        &[
            new(&[DATE], DATE, |args, _| Ok(std::sync::Arc::clone(&args[0]))),
            new(&[TIMESTAMP], DATE, to_date),
            new(&[TEXT], DATE, from_iso_date),
        ],
    ),
    (
        "date_trunc",
        &[
            new(&[TEXT, DATE], DATE, trunc_date),
            new(&[TEXT, LOCAL], LOCAL, |args, now| without_zone(&trunc_timestamp(args, now)?)),
            new(&[TEXT, TIMESTAMP], TIMESTAMP, trunc_timestamp),
        ],
    ),
    (
        "date_add",
        &[
            new(&[TEXT, BIGINT, DATE], DATE, add_date),
            new(&[TEXT, BIGINT, LOCAL], LOCAL, |args, now| without_zone(&add_timestamp(args, now)?)),
            new(&[TEXT, BIGINT, TIMESTAMP], TIMESTAMP, add_timestamp),
        ],
    ),
    ("date_diff", &[new(&[TEXT, DATE, DATE], BIGINT, diff_dates), new(&[TEXT, TIMESTAMP, TIMESTAMP], BIGINT, diff)]),
    ("date_format", &[new(&[TIMESTAMP, TEXT], TEXT, |args, _| write(args, format::mysql))]),
    ("format_datetime", &[new(&[TIMESTAMP, TEXT], TEXT, |args, _| write(args, format::joda))]),
    ("date_parse", &[new(&[TEXT, TEXT], LOCAL, |args, _| without_zone(&read(args, format::mysql)?))]),
    ("parse_datetime", &[new(&[TEXT, TEXT], TIMESTAMP, |args, _| read(args, format::joda))]),
    ("parse_duration", &[new(&[TEXT], Param::Duration, super::duration::parse)]),
    ("to_milliseconds", &[new(&[Param::Duration], BIGINT, super::duration::to_milliseconds)]),
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

/// What `t AT TIME ZONE …` is planned on: the instant that a time means, which is one of UTC when it has no zone.
pub(crate) const INSTANT: &str = "$instant";

const DAY: i64 = 86_400_000;

fn day_number(milliseconds: i64) -> i32 {
    i32::try_from(milliseconds.div_euclid(DAY)).unwrap_or(i32::MAX)
}

fn current(_args: &[ArrayRef], now: i64) -> Result<ArrayRef> {
    done(TimestampMillisecondArray::from(vec![now]).with_timezone(UTC))
}

/// The same clock time, of no zone.
fn without_zone(times: &ArrayRef) -> Result<ArrayRef> {
    done(times.as_primitive::<TimestampMillisecondType>().clone().with_timezone_opt(None::<&str>))
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

fn to_iso(args: &[ArrayRef], pattern: &str) -> Result<ArrayRef> {
    let text = |at: Option<i64>| Some(DateTime::from_timestamp_millis(at?)?.format(pattern).to_string());
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
    let result = with_units(args, |unit, row| {
        of_days(unit, args, row)?;
        Ok(day_number(unit.truncate(i64::from(days.value(row)) * DAY)?))
    })?;
    done(Date32Array::from(result))
}

/// Refuses units that a DATE has not.
fn of_days(unit: Unit, args: &[ArrayRef], row: usize) -> Result<()> {
    match unit {
        Unit::Milliseconds(length) if length < DAY => {
            refuse(format!("'{}' is not a valid DATE field", texts(args, 0).value(row)))
        }
        _ => Ok(()),
    }
}

fn add_timestamp(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let (counts, times) = (args[1].as_primitive::<Int64Type>(), timestamps(args, 2));
    let result = with_units(args, |unit, row| unit.add(counts.value(row), times.value(row)))?;
    done(TimestampMillisecondArray::from(result).with_timezone(UTC))
}

fn add_date(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let (counts, days) = (args[1].as_primitive::<Int64Type>(), dates(args, 2));
    let result = with_units(args, |unit, row| {
        of_days(unit, args, row)?;
        Ok(day_number(unit.add(counts.value(row), i64::from(days.value(row)) * DAY)?))
    })?;
    done(Date32Array::from(result))
}

fn diff_dates(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let (from, to) = (dates(args, 1), dates(args, 2));
    done(Int64Array::from(with_units(args, |unit, row| {
        of_days(unit, args, row)?;
        unit.between(i64::from(from.value(row)) * DAY, i64::from(to.value(row)) * DAY)
    })?))
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
