//! Values of a query, which has no types: a field is a text that may be a number. What is known of a column's values is
//! its [`Kind`]; it is turned into another one where an operator asks for it.

use datafusion::{
    arrow::datatypes::DataType,
    functions::core::expr_fn::coalesce,
    logical_expr::{Expr, cast, lit, when},
    scalar::ScalarValue,
};

use super::function::{native, numbers, read_number, texts};

/// What is known of the values of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Texts, which may be numbers.
    Text,
    Number,
    /// Whole numbers.
    Whole,
    /// Whole numbers of flow log records: an absent one is the text `-`.
    Dashed,
    /// Unix milliseconds, shown as a date.
    Time,
    Bool,
}

impl Kind {
    pub(super) fn data_type(self) -> DataType {
        match self {
            Kind::Text => DataType::Utf8View,
            Kind::Number => DataType::Float64,
            Kind::Whole | Kind::Dashed | Kind::Time => DataType::Int64,
            Kind::Bool => DataType::Boolean,
        }
    }
}

/// An expression, and what its values are.
#[derive(Debug, Clone)]
pub(super) struct Value {
    pub(super) expr: Expr,
    pub(super) kind: Kind,
}

impl Value {
    pub(super) fn new(expr: Expr, kind: Kind) -> Self {
        Self { expr, kind }
    }

    pub(super) fn text_of(text: &str) -> Self {
        Self::new(lit(ScalarValue::Utf8View(Some(text.to_owned()))), Kind::Text)
    }

    /// A value that is not there.
    pub(super) fn absent() -> Self {
        Self::new(lit(ScalarValue::Utf8View(None)), Kind::Text)
    }

    /// As another kind.
    pub(super) fn into_kind(self, kind: Kind) -> Expr {
        match kind {
            Kind::Text => self.into_text(),
            Kind::Number => self.into_number(),
            Kind::Bool => self.into_boolean(),
            Kind::Whole | Kind::Dashed | Kind::Time if self.kind.data_type() == DataType::Int64 => self.expr,
            Kind::Whole | Kind::Dashed | Kind::Time => cast(self.into_number(), DataType::Int64),
        }
    }

    pub(super) fn into_text(self) -> Expr {
        match self.kind {
            Kind::Text => self.expr,
            Kind::Number => native("$number_text", "", Kind::Text, vec![self.expr], |args| {
                texts(args, |row| number_text(row.number(0)?))
            }),
            Kind::Whole | Kind::Time => cast(self.expr, DataType::Utf8View),
            Kind::Dashed => coalesce(vec![cast(self.expr, DataType::Utf8View), Value::text_of("-").expr]),
            Kind::Bool => truth(self.expr, Value::text_of("1").expr, Value::text_of("0").expr),
        }
    }

    pub(super) fn into_number(self) -> Expr {
        match self.kind {
            Kind::Text => native("$number", "", Kind::Number, vec![self.expr], |args| {
                numbers(args, |row| read_number(row.text(0)?))
            }),
            Kind::Number => self.expr,
            Kind::Whole | Kind::Dashed | Kind::Time => cast(self.expr, DataType::Float64),
            Kind::Bool => truth(self.expr, lit(1.0), lit(0.0)),
        }
    }

    /// A number is true when it is not 0, a text when it is `true` or such a number.
    pub(super) fn into_boolean(self) -> Expr {
        match self.kind {
            Kind::Bool => self.expr,
            Kind::Text => {
                let number = self.clone().into_number().not_eq(lit(0.0));
                coalesce(vec![number, self.expr.eq(Value::text_of("true").expr)])
            }
            _ => self.into_number().not_eq(lit(0.0)),
        }
    }

    /// What groups, sorts and joins go by: absent stays absent.
    pub(super) fn presence(self) -> Expr {
        match self.kind {
            Kind::Dashed => lit(true),
            _ => self.expr.is_not_null(),
        }
    }
}

/// One of two, absent when the condition is.
fn truth(condition: Expr, yes: Expr, no: Expr) -> Expr {
    let fallback = condition.clone().is_not_null();
    // Neither arm can clash with the other: both are constants of one type.
    when(condition, yes.clone()).when(fallback, no).end().unwrap_or(yes)
}

/// A number as results show it: whole ones without a fraction, others with up to four digits, as Logs Insights prints
/// `122.0703`. What is not finite is absent.
pub(super) fn number_text(number: f64) -> Option<String> {
    if !number.is_finite() {
        return None;
    }
    if number.fract() == 0.0 && number.abs() < 1e15 {
        return Some(format!("{}", number as i64));
    }
    if number.abs() >= 1e15 || number.abs() < 0.00005 {
        return Some(format!("{number:E}"));
    }
    let text = format!("{number:.4}");
    Some(text.trim_end_matches('0').trim_end_matches('.').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_as_a_person_writes_them() {
        for (number, text) in [
            (3.0, Some("3")),
            (-0.0, Some("0")),
            (1234.5, Some("1234.5")),
            (122.070_312_5, Some("122.0703")),
            (2.0 / 3.0, Some("0.6667")),
            (0.99999, Some("1")),
            (0.00001, Some("1E-5")),
            (1e300, Some("1E300")),
            (f64::NAN, None),
            (f64::INFINITY, None),
        ] {
            assert_eq!(number_text(number).as_deref(), text, "{number}");
        }
    }
}
