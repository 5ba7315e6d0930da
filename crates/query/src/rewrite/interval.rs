//! `INTERVAL '1' DAY` as Trino reads it: a length in milliseconds, or in months. DataFusion has one type for both and
//! takes more than Trino does (`INTERVAL '1 day'`).

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    DataType, DateTimeField, Expr, Ident, Interval, ObjectName, Spanned, Statement, UnaryOperator, Value,
    ValueWithSpan, VisitMut, VisitorMut,
};

use super::cast;
use crate::dialect::{DAY_TO_SECOND, YEAR_TO_MONTH};
use crate::error::{Code, Error, Position};

/// Makes a typed number of every interval.
///
/// # Errors
/// SYNTAX_ERROR for one that Trino's grammar has not, INVALID_LITERAL for a text that is no such length.
pub(crate) fn intervals(statement: &mut Statement) -> Result<(), Error> {
    match VisitMut::visit(statement, &mut Intervals) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(()),
    }
}

/// Whether a type is one of a length of time in milliseconds, as made here.
pub(super) fn is_day_to_second(kind: &DataType) -> bool {
    matches!(kind, DataType::Custom(of, _) if *of == name(DAY_TO_SECOND))
}

/// Whether a type is one of those made here.
pub(super) fn is_interval(kind: &DataType) -> bool {
    is_day_to_second(kind) || matches!(kind, DataType::Custom(of, _) if *of == name(YEAR_TO_MONTH))
}

struct Intervals;

impl VisitorMut for Intervals {
    type Break = Error;

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Error> {
        if let Expr::Interval(interval) = expr {
            match number(interval) {
                Ok(typed) => *expr = typed,
                Err(error) => return ControlFlow::Break(error),
            }
        }
        ControlFlow::Continue(())
    }
}

fn number(interval: &Interval) -> Result<Expr, Error> {
    let start = interval.value.span().start;
    let wrong = |code, message| Error {
        code,
        position: (start.line > 0).then_some(Position { line: start.line, column: start.column }),
        message,
    };
    let Some(text) = text(&interval.value) else {
        let message = format!("mismatched input '{}'. Expecting: a text, such as INTERVAL '1' DAY", interval.value);
        return Err(wrong(Code::SyntaxError, message));
    };
    let first = interval.leading_field.as_ref().and_then(unit);
    let last = interval.last_field.as_ref().map(unit);
    let Some((first, last)) = first.zip(last.unwrap_or(first)).filter(|(first, last)| goes_to(*first, *last)) else {
        let message = "an interval is of YEAR, MONTH, DAY, HOUR, MINUTE or SECOND, or from one TO a smaller one";
        return Err(wrong(Code::SyntaxError, format!("mismatched input '{interval}'. {message}")));
    };
    let Some(length) = length(&text, first, last) else {
        return Err(wrong(Code::InvalidLiteral, format!("'{text}' is not a valid INTERVAL literal")));
    };
    let kind = if first <= MONTH { YEAR_TO_MONTH } else { DAY_TO_SECOND };
    Ok(cast(Expr::value(Value::Number(length.to_string(), false)), DataType::Custom(name(kind), Vec::new())))
}

fn name(kind: &str) -> ObjectName {
    ObjectName::from(vec![Ident::with_quote('"', kind)])
}

/// The text between the quotes, with the sign before them.
fn text(value: &Expr) -> Option<String> {
    match value {
        Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(text), .. }) => Some(text.clone()),
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => {
            let text = text(expr)?;
            Some(text.strip_prefix('-').map_or_else(|| format!("-{text}"), str::to_owned))
        }
        Expr::UnaryOp { op: UnaryOperator::Plus, expr } => text(expr),
        _ => None,
    }
}

/// The units, from the largest; [`SIZES`] says how much the smallest of its kind each is.
const NAMES: [&str; 6] = ["YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"];
const SIZES: [i64; 6] = [12, 1, 86_400_000, 3_600_000, 60_000, 1000];
const MONTH: usize = 1;
const SECOND: usize = 5;

fn unit(field: &DateTimeField) -> Option<usize> {
    let field = field.to_string();
    NAMES.iter().position(|name| field.eq_ignore_ascii_case(name))
}

fn goes_to(first: usize, last: usize) -> bool {
    first <= last && (last <= MONTH || first > MONTH)
}

/// Months or milliseconds. Smaller units may be left out at the end: `'12 10' DAY TO SECOND`.
fn length(text: &str, first: usize, last: usize) -> Option<i64> {
    let (sign, mut rest) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let mut total = 0_i64;
    for (unit, size) in SIZES.iter().enumerate().take(last + 1).skip(first) {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let count: i64 = rest[..end].parse().ok()?;
        total = count.checked_mul(*size).and_then(|part| total.checked_add(part))?;
        rest = &rest[end..];
        if unit == SECOND {
            total = total.checked_add(milliseconds(rest)?)?;
            rest = "";
        }
        if rest.is_empty() {
            break;
        }
        rest = rest.strip_prefix(after(unit))?;
    }
    let fits = rest.is_empty() && (first > MONTH || i32::try_from(total).is_ok());
    fits.then_some(sign * total)
}

/// What stands between a unit and the next.
const fn after(unit: usize) -> char {
    match unit {
        0 => '-',
        2 => ' ',
        _ => ':',
    }
}

/// `.5` as 500; nothing as none.
fn milliseconds(fraction: &str) -> Option<i64> {
    if fraction.is_empty() {
        return Some(0);
    }
    let digits = fraction.strip_prefix('.').filter(|digits| (1..=3).contains(&digits.len()))?;
    let value = digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse::<i64>().ok())??;
    Some(value * [100, 10, 1][digits.len() - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_as_in_trino() {
        for (text, first, last, expected) in [
            ("12 10:45:32.123", 2, 5, Some(1_075_532_123)),
            ("12 10:45:32.12", 2, 5, Some(1_075_532_120)),
            ("-12 10:45", 2, 5, Some(-1_075_500_000)),
            ("12", 2, 3, Some(1_036_800_000)),
            ("45:32.5", 4, 5, Some(2_732_500)),
            ("32.123", 5, 5, Some(32_123)),
            ("124-30", 0, 1, Some(1518)),
            ("124", 0, 1, Some(1488)),
            ("12X", 2, 2, None),
            ("12 10", 2, 2, None),
            ("12 -10", 2, 3, None),
            ("--12", 2, 2, None),
            ("1 day", 2, 2, None),
            ("", 2, 2, None),
            ("12 ", 2, 3, None),
            ("1.", 5, 5, None),
            ("1.1234", 5, 5, None),
            ("1.5", 2, 2, None),
            ("200000000", 0, 0, None),
            ("99999999999999999999", 2, 2, None),
            ("9223372036854775807", 2, 2, None),
        ] {
            assert_eq!(length(text, first, last), expected, "{text}");
        }
    }
}
