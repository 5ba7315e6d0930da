//! Comparisons. A text that is a number compares as a number, whether it is quoted or not.

use datafusion::{
    functions::core::expr_fn::coalesce,
    logical_expr::{BinaryExpr, Expr as PlanExpr, Operator, lit, not, when},
};

use super::{Planner, Scope, expression::bool_value, ours};
use crate::insights::{
    InsightsError,
    function::{native, read_number, wholes},
    order, time,
    tree::{Comparison, Expr, Node},
    value::{Kind, Value},
};

/// Digits up to which a number is exact.
const EXACT: usize = 15;

/// What a value is compared with.
enum Other {
    Number(f64),
    Text(String),
    Boolean(bool),
    Value(Value),
}

impl Planner<'_> {
    pub(super) fn comparison(
        &self,
        scope: &Scope,
        comparison: Comparison,
        left: &Expr,
        right: &Expr,
    ) -> Result<Value, InsightsError> {
        let (value, other, comparison) = match (literal(left), literal(right)) {
            (Some(constant), None) => (self.value(scope, right)?, constant, turned(comparison)),
            (_, Some(constant)) => (self.value(scope, left)?, constant, comparison),
            (None, None) => (self.value(scope, left)?, Other::Value(self.value(scope, right)?), comparison),
        };
        Ok(bool_value(compared(value, comparison, other)?))
    }

    /// `x in [1, "a"]`.
    pub(super) fn member(&self, scope: &Scope, value: &Expr, members: &[Expr]) -> Result<Value, InsightsError> {
        let value = self.value(scope, value)?;
        let (mut numbers, mut texts, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for member in members {
            match literal(member) {
                Some(Other::Number(number)) => numbers.push(lit(number)),
                Some(Other::Text(text)) => texts.push(Value::text_of(&text).expr),
                Some(other) => others.push(compared(value.clone(), Comparison::Equal, other)?),
                None => {
                    let other = Other::Value(self.value(scope, member)?);
                    others.push(compared(value.clone(), Comparison::Equal, other)?);
                }
            }
        }
        let present = value.clone().presence();
        if !numbers.is_empty() {
            others.push(coalesce(vec![value.clone().into_number().in_list(numbers, false), lit(false)]));
        }
        if !texts.is_empty() {
            others.push(coalesce(vec![value.into_text().in_list(texts, false), lit(false)]));
        }
        let any = others.into_iter().reduce(PlanExpr::or).unwrap_or_else(|| lit(false));
        Ok(bool_value(where_present(present, any)?))
    }
}

/// A constant. Numbers too long to be exact compare as texts, such as ids.
fn literal(expr: &Expr) -> Option<Other> {
    match &expr.node {
        Node::Number(_, text) if digits(text) > EXACT => Some(Other::Text(text.clone())),
        Node::Number(value, _) => Some(Other::Number(*value)),
        Node::Text(text) => Some(match read_number(text) {
            Some(number) if digits(text) <= EXACT => Other::Number(number),
            _ => Other::Text(text.clone()),
        }),
        Node::Boolean(value) => Some(Other::Boolean(*value)),
        _ => None,
    }
}

fn digits(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

/// The comparison with its sides exchanged.
fn turned(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        same => same,
    }
}

/// A field that is absent compares with nothing, not even by `!=`. One that is a text differs from every number.
fn compared(value: Value, comparison: Comparison, other: Other) -> Result<PlanExpr, InsightsError> {
    if comparison == Comparison::NotEqual {
        let mut present = value.clone().presence();
        if let Other::Value(other) = &other {
            present = present.and(other.clone().presence());
        }
        let equal = compared(value, Comparison::Equal, other)?;
        return where_present(present, not(coalesce(vec![equal, lit(false)])));
    }
    let operator = operator(comparison);
    Ok(match other {
        Other::Number(number) => with_number(value, operator, number),
        Other::Boolean(truth) => binary(value.into_boolean(), operator, lit(truth)),
        Other::Text(text) => with_text(value, operator, &text),
        Other::Value(other) if are_numbers(&value, &other) => {
            let whole = value.kind.data_type() == other.kind.data_type();
            match whole {
                true => binary(value.expr, operator, other.expr),
                false => binary(value.into_number(), operator, other.into_number()),
            }
        }
        Other::Value(other) => natural(value.into_text(), operator, other.into_text()),
    })
}

/// A condition, absent where it is about a field that is.
fn where_present(present: PlanExpr, holds: PlanExpr) -> Result<PlanExpr, InsightsError> {
    when(present, holds).end().map_err(ours)
}

/// As whole numbers where the column has these: then the scan need not convert.
fn with_number(value: Value, operator: Operator, number: f64) -> PlanExpr {
    match value.kind {
        Kind::Whole | Kind::Dashed | Kind::Time if number.fract() == 0.0 && number.abs() < 1e15 => {
            binary(value.expr, operator, lit(number as i64))
        }
        _ => binary(value.into_number(), operator, lit(number)),
    }
}

fn with_text(value: Value, operator: Operator, text: &str) -> PlanExpr {
    if let (Kind::Time, Some(time)) = (value.kind, time::read(text)) {
        return binary(value.expr, operator, lit(time));
    }
    if value.kind == Kind::Bool && matches!(text, "true" | "false") {
        return binary(value.expr, operator, lit(text == "true"));
    }
    let text = Value::text_of(text).expr;
    match operator {
        Operator::Eq => binary(value.into_text(), operator, text),
        _ => natural(value.into_text(), operator, text),
    }
}

fn are_numbers(left: &Value, right: &Value) -> bool {
    let number = |value: &Value| matches!(value.kind, Kind::Number | Kind::Whole | Kind::Time);
    number(left) && number(right)
}

/// Compares as `sort` orders.
fn natural(left: PlanExpr, operator: Operator, right: PlanExpr) -> PlanExpr {
    let order = native("$compare", "", Kind::Whole, vec![left, right], |args| {
        wholes(args, |row| Some(order::compare(row.text(0)?, row.text(1)?) as i64))
    });
    binary(order, operator, lit(0_i64))
}

fn binary(left: PlanExpr, operator: Operator, right: PlanExpr) -> PlanExpr {
    PlanExpr::BinaryExpr(BinaryExpr::new(Box::new(left), operator, Box::new(right)))
}

fn operator(comparison: Comparison) -> Operator {
    match comparison {
        Comparison::Equal => Operator::Eq,
        Comparison::NotEqual => Operator::NotEq,
        Comparison::Less => Operator::Lt,
        Comparison::LessOrEqual => Operator::LtEq,
        Comparison::Greater => Operator::Gt,
        Comparison::GreaterOrEqual => Operator::GtEq,
    }
}
