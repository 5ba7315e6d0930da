//! What values are compared with: texts with wildcards, numbers, regular expressions.

use std::cmp::Ordering;

use super::regex::Regex;

/// A number as a pattern or an event writes it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    Whole(i64),
    /// Finite, and either not whole or beyond 63 bits.
    Real(f64),
}

/// 2 to the power of 63: the first number beyond `i64`.
const BEYOND: f64 = 9_223_372_036_854_775_808.0;

impl Number {
    /// Digits with or without a sign, a point, an exponent; nothing else is a number.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        // Most texts are told apart by their first byte.
        let first = *text.as_bytes().first()?;
        if !(first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.')) {
            return None;
        }
        if let Ok(whole) = text.parse() {
            return Some(Self::Whole(whole));
        }
        let plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E');
        let real: f64 = text.bytes().all(plain).then(|| text.parse().ok())??;
        Self::from_real(real)
    }

    /// None for what is not finite.
    pub(super) fn from_real(real: f64) -> Option<Self> {
        #[allow(clippy::cast_possible_truncation, reason = "it is whole and within bounds")]
        let whole = (real.fract() == 0.0 && (-BEYOND..BEYOND).contains(&real)).then_some(Self::Whole(real as i64));
        whole.or_else(|| real.is_finite().then_some(Self::Real(real)))
    }

    pub(crate) fn real(self) -> f64 {
        match self {
            #[allow(clippy::cast_precision_loss, reason = "what metrics count in has 53 bits")]
            Self::Whole(whole) => whole as f64,
            Self::Real(real) => real,
        }
    }

    /// The smallest whole number that is larger, if there is one.
    pub(super) fn next_whole(self) -> Option<i64> {
        match self {
            Self::Whole(whole) => whole.checked_add(1),
            Self::Real(real) if real < -BEYOND => Some(i64::MIN),
            #[allow(clippy::cast_possible_truncation, reason = "it is within bounds")]
            Self::Real(real) => (real < BEYOND).then(|| real.floor() as i64 + 1),
        }
    }

    /// Exact: no number is rounded for it.
    pub(super) fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Whole(one), Self::Whole(two)) => one.cmp(&two),
            (Self::Real(one), Self::Real(two)) => one.partial_cmp(&two).unwrap_or(Ordering::Equal),
            (Self::Whole(whole), Self::Real(real)) => compare_mixed(whole, real),
            (Self::Real(real), Self::Whole(whole)) => compare_mixed(whole, real).reverse(),
        }
    }
}

/// A whole number beside one that is not, or is beyond `i64`: they are never equal.
fn compare_mixed(whole: i64, real: f64) -> Ordering {
    let larger = Number::Real(real).next_whole().is_some_and(|next| whole >= next);
    if larger { Ordering::Greater } else { Ordering::Less }
}

/// Which of two numbers is wanted to be the larger one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    pub(super) fn holds(self, found: Number, wanted: Number) -> bool {
        let order = found.compare(wanted);
        match self {
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}

/// A text that may be open at either end: `REJECT*`, `*.html*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Glob {
    pub(super) open_start: bool,
    pub(super) text: String,
    pub(super) open_end: bool,
}

impl Glob {
    pub(super) fn matches(&self, text: &str) -> bool {
        match (self.open_start, self.open_end) {
            (false, false) => text == self.text,
            (true, false) => text.ends_with(&self.text),
            (false, true) => text.starts_with(&self.text),
            (true, true) => text.contains(&self.text),
        }
    }

    /// The one text that matches, if there is only one.
    pub(super) fn exact(&self) -> Option<&str> {
        (!self.open_start && !self.open_end).then_some(&self.text)
    }
}

/// What stands right of `=` and `!=`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Operand {
    /// Compared with the text.
    Text(Glob),
    /// Written without quotes: compared as a number with numbers, as a text with everything else.
    Number { number: Number, written: String },
    /// Found anywhere in the text.
    Regex(Regex),
}

impl Operand {
    /// Whether a text is that. One that reads as a number is one.
    pub(super) fn is_text(&self, text: &str) -> bool {
        match self {
            Self::Text(glob) => glob.matches(text),
            Self::Number { number, .. } => Number::parse(text).is_some_and(|found| found.compare(*number).is_eq()),
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}

/// What stands right of a selector or a slot's name.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Comparison {
    Is(Operand),
    IsNot(Operand),
    Order(Order, Number),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_digits_with_sign_point_and_exponent() {
        let whole = |whole| Some(Number::Whole(whole));
        let real = |real| Some(Number::Real(real));
        for (text, expected) in [
            ("22", whole(22)),
            ("-1", whole(-1)),
            ("+7", whole(7)),
            ("9223372036854775807", whole(i64::MAX)),
            ("9223372036854775808", real(9_223_372_036_854_775_808.0)),
            ("1e-3", real(0.001)),
            ("-1E+3", whole(-1000)),
            ("22.0", whole(22)),
            ("-0.0", whole(0)),
            ("-1.5", real(-1.5)),
            (".5", real(0.5)),
            ("1.", whole(1)),
            ("", None),
            ("-", None),
            (".", None),
            ("1e", None),
            ("1e999", None),
            ("0x10", None),
            ("inf", None),
            ("-inf", None),
            ("+nan", None),
            ("10.0.2.1", None),
            ("1 ", None),
        ] {
            assert_eq!(Number::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn numbers_are_compared_exactly() {
        let ascending = [
            "-1e30",
            "-9223372036854775809e1",
            "-9223372036854775808",
            "-1.5",
            "-1",
            "0.5",
            "1",
            "1.5",
            "9007199254740992",
            "9007199254740993",
            "9223372036854775807",
            "9223372036854775808",
            "1e30",
        ];
        let numbers = ascending.map(|text| Number::parse(text).expect(text));
        for (place, number) in numbers.iter().enumerate() {
            for (other, found) in numbers.iter().enumerate() {
                assert_eq!(found.compare(*number), other.cmp(&place), "{} {}", ascending[other], ascending[place]);
            }
        }
    }
}
