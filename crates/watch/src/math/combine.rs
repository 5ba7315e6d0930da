//! Operators: two values to one.
//!
//! Two series meet point by point. What one of them lacks counts as 0 for `+` and `-`, and is left out for the others.

use std::collections::BTreeSet;

use super::{
    MathError,
    parse::Operator,
    value::{Series, Value, finite},
};

impl Operator {
    /// What it makes of two numbers. `None`: nothing, as of a division by 0.
    fn of(self, left: f64, right: f64) -> Option<f64> {
        let truth = |truth: bool| if truth { 1.0 } else { 0.0 };
        finite(match self {
            Self::Or => truth(left != 0.0 || right != 0.0),
            Self::And => truth(left != 0.0 && right != 0.0),
            Self::Equal => truth(left == right),
            Self::NotEqual => truth(left != right),
            Self::Less => truth(left < right),
            Self::LessOrEqual => truth(left <= right),
            Self::Greater => truth(left > right),
            Self::GreaterOrEqual => truth(left >= right),
            Self::Add => left + right,
            Self::Subtract => left - right,
            Self::Multiply => left * right,
            Self::Divide => left / right,
            Self::Power => left.powf(right),
        })
    }

    fn missing_is_zero(self) -> bool {
        matches!(self, Self::Add | Self::Subtract)
    }
}

pub(super) fn combine(at: usize, operator: Operator, left: Value, right: Value) -> Result<Value, MathError> {
    let value = match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            Value::Number(left.zip(right).and_then(|(left, right)| operator.of(left, right)))
        }
        (Value::Number(left), right) => right.each(|series| series.map(|value| operator.of(left?, value))),
        (left, Value::Number(right)) => left.each(|series| series.map(|value| operator.of(value, right?))),
        (Value::Series(left), right) => right.each(|right| join(operator, &left, &right)),
        (left, Value::Series(right)) => left.each(|left| join(operator, &left, &right)),
        (Value::Many(_), Value::Many(_)) => {
            return Err(MathError::new(at, "an operator cannot stand between two arrays of time series"));
        }
    };
    Ok(value)
}

fn join(operator: Operator, left: &Series, right: &Series) -> Series {
    let of = |series: &Series| series.points.iter().map(|(time, _)| *time).collect::<BTreeSet<i64>>();
    let missing = operator.missing_is_zero().then_some(0.0);
    let point = |time: i64| {
        let (left, right) = (left.at(time).or(missing)?, right.at(time).or(missing)?);
        Some((time, operator.of(left, right)?))
    };
    let points = of(left).union(&of(right)).copied().filter_map(point).collect();
    Series { label: String::new(), period: left.period.max(right.period), points }
}

/// `IF`: at each point of the condition, one value or the other.
pub(super) fn choose(at: usize, condition: Value, yes: &Value, no: &Value) -> Result<Value, MathError> {
    let chosen = |truth: f64| if truth == 0.0 { no } else { yes };
    match condition {
        Value::Number(truth) => Ok(truth.map_or(Value::Number(None), |truth| chosen(truth).clone())),
        Value::Series(mut condition) => {
            for value in [yes, no] {
                if matches!(value, Value::Many(_)) {
                    return Err(MathError::new(at, "IF takes numbers and time series, not an array of them"));
                }
            }
            let point = |(time, truth): (i64, f64)| {
                let value = match chosen(truth) {
                    Value::Number(number) => *number,
                    Value::Series(series) => series.at(time),
                    Value::Many(_) => None,
                };
                value.map(|value| (time, value))
            };
            condition.points = condition.points.into_iter().filter_map(point).collect();
            Ok(Value::Series(condition))
        }
        Value::Many(_) => Err(MathError::new(at, "the condition of IF is a number or a time series, not an array")),
    }
}
