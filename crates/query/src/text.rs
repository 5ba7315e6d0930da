//! Values as the text that Athena writes. Source: athena.md §6.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::{DataType, Float32Type, Float64Type, Int32Type, Int64Type, TimeUnit};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};

/// The value in a row; none for NULL.
pub fn value(column: &dyn Array, row: usize) -> Option<String> {
    if column.is_null(row) {
        return None;
    }
    Some(match column.data_type() {
        DataType::Null => return None,
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Int32 => column.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Utf8View => column.as_string_view().value(row).to_owned(),
        DataType::Utf8 => column.as_string::<i32>().value(row).to_owned(),
        DataType::Float64 => number(column.as_primitive::<Float64Type>().value(row), |v| format!("{v:?}")),
        DataType::Float32 => {
            let exact = column.as_primitive::<Float32Type>().value(row);
            number(f64::from(exact), |_| format!("{exact:?}"))
        }
        DataType::Timestamp(unit, zone) => timestamp(column, row, *unit, zone.as_deref()),
        DataType::List(_) => list(column.as_list::<i32>().value(row).as_ref()),
        DataType::LargeList(_) => list(column.as_list::<i64>().value(row).as_ref()),
        DataType::FixedSizeList(..) => list(column.as_fixed_size_list().value(row).as_ref()),
        DataType::Map(..) => map(column, row),
        DataType::Struct(_) => fields(column, row),
        DataType::Binary => hex(column.as_binary::<i32>().value(row)),
        DataType::LargeBinary => hex(column.as_binary::<i64>().value(row)),
        DataType::BinaryView => hex(column.as_binary_view().value(row)),
        DataType::FixedSizeBinary(_) => hex(column.as_fixed_size_binary().value(row)),
        DataType::Interval(_) | DataType::Duration(_) => interval(column, row),
        _ => shown(column, row),
    })
}

/// As Arrow shows it: whole numbers, truth values, dates, decimals.
fn shown(column: &dyn Array, row: usize) -> String {
    let options = FormatOptions::new().with_date_format(Some("%Y-%m-%d"));
    ArrayFormatter::try_new(column, &options).map(|shown| shown.value(row).to_string()).unwrap_or_default()
}

/// As Java writes it: `1.5`, `1.0E20`. `digits` gives the shortest digits that mean this number.
fn number(value: f64, digits: impl Fn(f64) -> String) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity".to_owned() } else { "-Infinity".to_owned() };
    }
    let shown = digits(value);
    if value == 0.0 || (1e-3..1e7).contains(&value.abs()) {
        return if shown.contains('e') { format!("{value}") } else { shown };
    }
    scientific(&shown)
}

/// `12340000000.0` and `1e20` as `1.234E10` and `1.0E20`.
fn scientific(shown: &str) -> String {
    let (sign, rest) = shown.strip_prefix('-').map_or(("", shown), |rest| ("-", rest));
    let (mantissa, exponent) = rest.split_once('e').unwrap_or((rest, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let all = format!("{whole}{fraction}");
    let leading = all.len() - all.trim_start_matches('0').len();
    let digits = all.trim_matches('0');
    let places = i32::try_from(whole.len()).unwrap_or(0) - 1 - i32::try_from(leading).unwrap_or(0) + exponent;
    let (first, others) = digits.split_at(digits.len().min(1));
    format!("{sign}{first}.{}E{places}", if others.is_empty() { "0" } else { others })
}

fn timestamp(column: &dyn Array, row: usize, unit: TimeUnit, zone: Option<&str>) -> String {
    use datafusion::arrow::datatypes::{
        TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
    };
    let (micros, digits) = match unit {
        TimeUnit::Second => (column.as_primitive::<TimestampSecondType>().value(row).saturating_mul(1_000_000), 3),
        TimeUnit::Millisecond => (column.as_primitive::<TimestampMillisecondType>().value(row).saturating_mul(1000), 3),
        TimeUnit::Microsecond => (column.as_primitive::<TimestampMicrosecondType>().value(row), 6),
        TimeUnit::Nanosecond => (column.as_primitive::<TimestampNanosecondType>().value(row).div_euclid(1000), 6),
    };
    let Some(time) = DateTime::<Utc>::from_timestamp_micros(micros) else { return shown(column, row) };
    // Trino's times have three places unless more were computed.
    let pattern = if digits == 3 || micros % 1000 == 0 { "%Y-%m-%d %H:%M:%S%.3f" } else { "%Y-%m-%d %H:%M:%S%.6f" };
    match zone {
        None => time.format(pattern).to_string(),
        Some("UTC" | "+00:00" | "Z" | "+0000") => format!("{} UTC", time.format(pattern)),
        Some(zone) => {
            let options = FormatOptions::new().with_timestamp_tz_format(Some("%Y-%m-%d %H:%M:%S%.3f"));
            let local = ArrayFormatter::try_new(column, &options).map(|shown| shown.value(row).to_string());
            format!("{} {zone}", local.unwrap_or_default())
        }
    }
}

/// A value inside of another one.
fn inner(column: &dyn Array, row: usize) -> String {
    value(column, row).unwrap_or_else(|| "null".to_owned())
}

fn list(items: &dyn Array) -> String {
    let items: Vec<String> = (0..items.len()).map(|row| inner(items, row)).collect();
    format!("[{}]", items.join(", "))
}

fn map(column: &dyn Array, row: usize) -> String {
    let entries = column.as_map().value(row);
    let (keys, values) = (entries.column(0), entries.column(1));
    let pairs: Vec<String> = (0..entries.len())
        .map(|row| format!("{}={}", inner(keys.as_ref(), row), inner(values.as_ref(), row)))
        .collect();
    format!("{{{}}}", pairs.join(", "))
}

fn fields(column: &dyn Array, row: usize) -> String {
    let all = column.as_struct();
    let pair = |(name, column): (&&str, &std::sync::Arc<dyn Array>)| format!("{name}={}", inner(column.as_ref(), row));
    let names = all.column_names();
    format!("{{{}}}", names.iter().zip(all.columns()).map(pair).collect::<Vec<_>>().join(", "))
}

fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 3);
    for (index, byte) in bytes.iter().enumerate() {
        let _ = write!(out, "{}{byte:02x}", if index > 0 { " " } else { "" });
    }
    out
}

/// `1 02:03:04.005`, or `1-2` for years and months.
fn interval(column: &dyn Array, row: usize) -> String {
    use datafusion::arrow::datatypes::{
        DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType, DurationSecondType,
        IntervalDayTimeType, IntervalMonthDayNanoType, IntervalUnit, IntervalYearMonthType,
    };
    let millis = match column.data_type() {
        DataType::Interval(IntervalUnit::YearMonth) => {
            return months(column.as_primitive::<IntervalYearMonthType>().value(row));
        }
        DataType::Interval(IntervalUnit::DayTime) => {
            let value = column.as_primitive::<IntervalDayTimeType>().value(row);
            i64::from(value.days) * 86_400_000 + i64::from(value.milliseconds)
        }
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            let value = column.as_primitive::<IntervalMonthDayNanoType>().value(row);
            if value.months != 0 {
                return months(value.months);
            }
            i64::from(value.days) * 86_400_000 + value.nanoseconds / 1_000_000
        }
        DataType::Duration(TimeUnit::Second) => {
            column.as_primitive::<DurationSecondType>().value(row).saturating_mul(1000)
        }
        DataType::Duration(TimeUnit::Millisecond) => column.as_primitive::<DurationMillisecondType>().value(row),
        DataType::Duration(TimeUnit::Microsecond) => column.as_primitive::<DurationMicrosecondType>().value(row) / 1000,
        _ => column.as_primitive::<DurationNanosecondType>().value(row) / 1_000_000,
    };
    let (sign, millis) = (if millis < 0 { "-" } else { "" }, millis.unsigned_abs());
    let (seconds, rest) = (millis / 1000, millis % 1000);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    format!("{sign}{days} {hours:02}:{minutes:02}:{:02}.{rest:03}", seconds % 60)
}

fn months(months: i32) -> String {
    let sign = if months < 0 { "-" } else { "" };
    format!("{sign}{}-{}", months.unsigned_abs() / 12, months.unsigned_abs() % 12)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_java_does() {
        for (value, expected) in [
            (1.5, "1.5"),
            (0.0, "0.0"),
            (-2.0, "-2.0"),
            (100.0, "100.0"),
            (1e20, "1.0E20"),
            (12_345_678.9, "1.23456789E7"),
            (0.000_123, "1.23E-4"),
            (-1e-7, "-1.0E-7"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(number(value, |v| format!("{v:?}")), expected);
        }
    }
}
