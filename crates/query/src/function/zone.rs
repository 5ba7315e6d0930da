//! Times in a zone other than UTC (`AT TIME ZONE`): days and hours are those of its clocks.

use std::sync::Arc;

use chrono::{DateTime, Offset, TimeZone};
use datafusion::arrow::array::timezone::Tz;
use datafusion::arrow::array::{ArrayRef, AsArray, TimestampMillisecondArray};
use datafusion::arrow::datatypes::{DataType, TimeUnit, TimestampMillisecondType};
use datafusion::common::Result;

use super::{Param, UTC, refuse};

/// Functions that read the clocks of the zone.
const LOCAL: [&str; 22] = [
    "date",
    "date_add",
    "date_format",
    "date_trunc",
    "day",
    "day_of_month",
    "day_of_week",
    "day_of_year",
    "dow",
    "doy",
    "format_datetime",
    "hour",
    "millisecond",
    "minute",
    "month",
    "quarter",
    "second",
    "week",
    "week_of_year",
    "year",
    "year_of_week",
    "yow",
];

/// The zone among the arguments of a function that reads its clocks.
pub(super) fn of(name: &str, given: &[DataType]) -> Option<Arc<str>> {
    LOCAL.contains(&name).then(|| given.iter().find_map(foreign))?
}

/// The zone of a type, other than UTC.
fn foreign(kind: &DataType) -> Option<Arc<str>> {
    match kind {
        DataType::Timestamp(_, Some(zone)) if !matches!(zone.as_ref(), UTC | "+00:00" | "Z") => Some(Arc::clone(zone)),
        _ => None,
    }
}

/// What a parameter becomes for an argument: with the argument's zone, when the function reads clocks.
pub(super) fn parameter(name: &str, param: Param, given: &DataType) -> DataType {
    match foreign(given).filter(|_| param == Param::Timestamp && LOCAL.contains(&name)) {
        Some(zone) => DataType::Timestamp(TimeUnit::Millisecond, Some(zone)),
        None => param.data_type(),
    }
}

/// Runs a body on what the zone's clocks show; a time that it gives is one of the zone.
pub(super) fn run(zone: &str, args: &[ArrayRef], body: impl Fn(&[ArrayRef]) -> Result<ArrayRef>) -> Result<ArrayRef> {
    let Ok(tz) = zone.parse::<Tz>() else { return refuse(format!("'{zone}' is not a valid time zone")) };
    let shifted = |arg: &ArrayRef| match foreign(arg.data_type()) {
        Some(_) => {
            let times = arg.as_primitive::<TimestampMillisecondType>();
            let local: TimestampMillisecondArray = times.unary(|at| at.saturating_add(offset(tz, at)));
            Arc::new(local.with_timezone(UTC)) as ArrayRef
        }
        None => Arc::clone(arg),
    };
    let result = body(&args.iter().map(shifted).collect::<Vec<_>>())?;
    if !matches!(result.data_type(), DataType::Timestamp(..)) {
        return Ok(result);
    }
    let local = result.as_primitive::<TimestampMillisecondType>();
    let times: TimestampMillisecondArray = local.unary(|at| instant(tz, at));
    Ok(Arc::new(times.with_timezone(zone)))
}

/// Milliseconds that the clocks are ahead of UTC at an instant.
fn offset(tz: Tz, at: i64) -> i64 {
    DateTime::from_timestamp_millis(at)
        .map_or(0, |time| i64::from(tz.offset_from_utc_datetime(&time.naive_utc()).fix().local_minus_utc()) * 1000)
}

/// The first instant at which the clocks show this; where they skip it, as if they had not been moved.
fn instant(tz: Tz, local: i64) -> i64 {
    let shown = DateTime::from_timestamp_millis(local).map(|time| time.naive_utc());
    let found = shown.and_then(|shown| tz.from_local_datetime(&shown).earliest());
    found.map_or_else(|| local.saturating_sub(offset(tz, local)), |time| time.timestamp_millis())
}
