//! The tree of an expression to its value.

use std::collections::BTreeMap;

use super::{
    Expression, MathError, Search, Series, Value,
    combine::{choose, combine},
    function::{self, Call},
    parse::{Node, NodeKind},
};

/// Where `SEARCH` finds time series: by a search, a statistic, and a period in seconds.
pub type Find<'a> = dyn Fn(&Search, &str, i64) -> Result<Vec<Series>, String> + 'a;

/// What an expression is computed over.
pub struct Context<'a> {
    /// What each name stands for.
    pub named: BTreeMap<String, Value>,
    /// The names of the queries that are metrics and not expressions, in their order.
    pub metrics: Vec<String>,
    /// The first millisecond.
    pub start: i64,
    /// The first millisecond after.
    pub end: i64,
    /// Seconds from one point to the next, for series made of a number.
    pub period: i64,
    /// Where `SEARCH` looks.
    pub find: &'a Find<'a>,
}

impl Expression {
    /// Its value.
    ///
    /// # Errors
    /// A name that stands for nothing, a function that is not there or gets what it does not take.
    pub fn evaluate(&self, context: &Context<'_>) -> Result<Value, MathError> {
        value(&self.root, context)
    }
}

pub(super) fn value(node: &Node, context: &Context<'_>) -> Result<Value, MathError> {
    match &node.kind {
        NodeKind::Number(number) => Ok(Value::Number(Some(*number))),
        NodeKind::Text(_) => Err(MathError::new(node.at, "a text is no value")),
        NodeKind::Name(name) => {
            let unknown = || MathError::new(node.at, format!("`{name}` is not the Id of a query"));
            context.named.get(name).cloned().ok_or_else(unknown)
        }
        NodeKind::List(parts) => list(parts, context),
        NodeKind::Negate(part) => {
            let negated = value(part, context)?;
            Ok(match negated {
                Value::Number(number) => Value::Number(number.map(|number| -number)),
                series => series.each(|series| series.map(|value| Some(-value))),
            })
        }
        NodeKind::Operation(operator, left, right) => {
            combine(node.at, *operator, value(left, context)?, value(right, context)?)
        }
        NodeKind::Call(name, arguments) if name == "IF" => {
            let [condition, yes, no] = &arguments[..] else {
                return Err(MathError::new(node.at, "IF takes a condition and two values"));
            };
            choose(node.at, value(condition, context)?, &value(yes, context)?, &value(no, context)?)
        }
        NodeKind::Call(name, arguments) => function::call(&Call { at: node.at, name, arguments, context }),
    }
}

/// `[m1, m2]`
fn list(parts: &[Node], context: &Context<'_>) -> Result<Value, MathError> {
    let mut many = Vec::new();
    for part in parts {
        match value(part, context)? {
            Value::Series(series) => many.push(series),
            Value::Many(more) => many.extend(more),
            Value::Number(_) => return Err(MathError::new(part.at, "an array is made of time series, not of numbers")),
        }
    }
    Ok(Value::Many(many))
}
