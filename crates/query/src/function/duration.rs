//! Lengths of time as texts: `42.8ms`, `3.81 d`.

use datafusion::arrow::array::{ArrayRef, AsArray, DurationMillisecondArray};
use datafusion::arrow::datatypes::{DurationMillisecondType, Int64Type};
use datafusion::common::Result;

use super::{done, refuse};

/// Units and their lengths in milliseconds.
const UNITS: [(&str, f64); 7] =
    [("ns", 1e-6), ("us", 1e-3), ("ms", 1.0), ("s", 1000.0), ("m", 60_000.0), ("h", 3_600_000.0), ("d", 86_400_000.0)];

/// `parse_duration`: a number and a unit.
pub(super) fn parse(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let row = |text: Option<&str>| match text.map(|text| (text, milliseconds(text))) {
        None => Ok(None),
        Some((_, Some(length))) => Ok(Some(length)),
        Some((text, None)) => refuse(format!("Invalid duration: {text}")),
    };
    done(args[0].as_string_view().iter().map(row).collect::<Result<DurationMillisecondArray>>()?)
}

/// `to_milliseconds`: an interval day to second as a number.
pub(super) fn to_milliseconds(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    done(args[0].as_primitive::<DurationMillisecondType>().reinterpret_cast::<Int64Type>())
}

fn milliseconds(text: &str) -> Option<i64> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit() && c != '.')?);
    let (_, length) = UNITS.iter().find(|(known, _)| *known == unit.trim_start())?;
    let total = number.parse::<f64>().ok()? * length;
    (total < 9e15).then_some(total.round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_units() {
        for (text, expected) in [
            ("42.8ms", Some(43)),
            ("3.81 d", Some(329_184_000)),
            ("5m", Some(300_000)),
            ("1us", Some(0)),
            ("5", None),
            ("m", None),
            ("-5m", None),
            ("5 weeks", None),
            ("1.2.3s", None),
        ] {
            assert_eq!(milliseconds(text), expected, "{text}");
        }
    }
}
