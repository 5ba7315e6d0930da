//! Functions of numbers.

use super::{Row, Spec, at_least, booleans, numbers, spec, variadic};
use crate::insights::value::Kind::{self, Bool, Number, Text};

const ONE: &[Kind] = &[Number];
const TWO: &[Kind] = &[Number, Number];

/// Names that begin with `$` are operators and cannot be written.
pub(super) const FUNCTIONS: &[Spec] = &[
    spec("abs", ONE, Number, |args| numbers(args, |row| Some(row.number(0)?.abs()))),
    spec("ceil", ONE, Number, |args| numbers(args, |row| Some(row.number(0)?.ceil()))),
    spec("floor", ONE, Number, |args| numbers(args, |row| Some(row.number(0)?.floor()))),
    variadic(spec("greatest", ONE, Number, |args| numbers(args, |row| best(row, f64::max)))),
    variadic(spec("least", ONE, Number, |args| numbers(args, |row| best(row, f64::min)))),
    spec("log", ONE, Number, |args| numbers(args, |row| Some(row.number(0)?.ln()))),
    spec("sqrt", ONE, Number, |args| numbers(args, |row| Some(row.number(0)?.sqrt()))),
    at_least(1, spec("round", TWO, Number, |args| numbers(args, round))),
    spec("haversine", &[Number, Number, Number, Number], Number, |args| numbers(args, haversine)),
    spec("toNumber", &[Text], Number, |args| numbers(args, |row| read(row.text(0)?))),
    spec("toDouble", ONE, Number, |args| numbers(args, |row| row.number(0))),
    spec("toInt", ONE, Number, |args| numbers(args, |row| Some(row.number(0)?.trunc()))),
    spec("toLong", ONE, Number, |args| numbers(args, |row| Some(row.number(0)?.trunc()))),
    spec("isNumeric", &[Text], Bool, |args| booleans(args, |row| Some(read(row.text(0)?).is_some()))),
    spec("$divide", TWO, Number, |args| numbers(args, |row| Some(row.number(0)? / row.number(1)?))),
    spec("$remainder", TWO, Number, |args| numbers(args, |row| Some(row.number(0)? % row.number(1)?))),
    spec("$power", TWO, Number, |args| numbers(args, |row| Some(row.number(0)?.powf(row.number(1)?)))),
];

/// A text as a number, if it is one.
pub(in crate::insights) fn read(text: &str) -> Option<f64> {
    let first = *text.as_bytes().first()?;
    let may_be = first.is_ascii_digit() || matches!(first, b'-' | b'+' | b'.');
    if !may_be {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

fn best(row: Row<'_>, better: fn(f64, f64) -> f64) -> Option<f64> {
    (0..row.count()).filter_map(|place| row.number(place)).reduce(better)
}

/// Halves go away from zero.
fn round(row: Row<'_>) -> Option<f64> {
    let number = row.number(0)?;
    if row.count() == 1 {
        return Some(number.round());
    }
    let scale = 10_f64.powi(row.number(1)?.clamp(-300.0, 15.0) as i32);
    Some((number * scale).round() / scale)
}

/// Mean radius of the earth, in kilometres.
const EARTH: f64 = 6371.0088;

/// The distance of two places (latitude, longitude in degrees), in kilometres.
fn haversine(row: Row<'_>) -> Option<f64> {
    let [from, east, to, west] = [0, 1, 2, 3].map(|place| row.number(place).map(f64::to_radians));
    let (from, east, to, west) = (from?, east?, to?, west?);
    let square = |angle: f64| (angle / 2.0).sin().powi(2);
    let chord = square(to - from) + from.cos() * to.cos() * square(west - east);
    Some(2.0 * EARTH * chord.sqrt().min(1.0).asin())
}
