//! Expressions.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr as PlanExpr, cast, in_subquery, lit, not};
use std::{collections::BTreeSet, sync::Arc};

use super::{Planner, Scope, ours};
use crate::insights::{
    InsightsError,
    function::{self, booleans, native},
    tree::{Arithmetic, Expr, Node, Pipeline},
    value::{Kind, Value},
};

impl Planner<'_> {
    /// The value of an expression over these columns.
    pub(super) fn value(&self, scope: &Scope, expr: &Expr) -> Result<Value, InsightsError> {
        // What a command has worked out is known by its text: `sort count(*)`.
        if let Node::Call(_) | Node::Arithmetic(..) = &expr.node {
            let text = self.slice(expr.span);
            if scope.is_made(&text) {
                return Ok(scope.resolve(&text));
            }
        }
        Ok(match &expr.node {
            Node::Field(name) => scope.resolve(name),
            Node::Text(text) => Value::text_of(text),
            Node::Number(value, _) => Value::new(lit(*value), Kind::Number),
            Node::Boolean(value) => Value::new(lit(*value), Kind::Bool),
            Node::Period(_) => {
                return Err(InsightsError::at(expr.span, "a period stands only in bin, datefloor and dateceil"));
            }
            Node::All(parts) => self.joined(scope, parts, PlanExpr::and)?,
            Node::Any(parts) => self.joined(scope, parts, PlanExpr::or)?,
            Node::Not(inner) => self.negated(scope, inner)?,
            Node::Negative(inner) => {
                let number = self.value(scope, inner)?.into_number();
                Value::new(PlanExpr::Negative(Box::new(number)), Kind::Number)
            }
            Node::Arithmetic(operator, left, right) => self.arithmetic(scope, *operator, left, right)?,
            Node::Comparison(comparison, left, right) => self.comparison(scope, *comparison, left, right)?,
            Node::In(value, members) => self.member(scope, value, members)?,
            Node::InQuery(value, query) => self.member_of_query(scope, value, query)?,
            Node::Contains(value, part) => {
                let (text, part) = (self.value(scope, value)?.into_text(), part.clone());
                bool_value(native("$contains", part.clone(), Kind::Bool, vec![text], move |args| {
                    booleans(args, |row| Some(row.text(0)?.contains(&part)))
                }))
            }
            Node::Matches(value, pattern) => {
                let (text, pattern) = (self.value(scope, value)?.into_text(), pattern.clone());
                bool_value(native("$matches", pattern.to_string(), Kind::Bool, vec![text], move |args| {
                    booleans(args, |row| Some(pattern.is_match(row.text(0)?)))
                }))
            }
            Node::Call(call) => self.call(scope, call, expr.span)?,
        })
    }

    /// A condition.
    pub(super) fn condition(&self, scope: &Scope, expr: &Expr) -> Result<PlanExpr, InsightsError> {
        Ok(self.value(scope, expr)?.into_boolean())
    }

    /// All or any of some conditions, as a tree that is as low as can be.
    fn joined(
        &self,
        scope: &Scope,
        parts: &[Expr],
        join: fn(PlanExpr, PlanExpr) -> PlanExpr,
    ) -> Result<Value, InsightsError> {
        match parts {
            [one] => Ok(bool_value(self.condition(scope, one)?)),
            parts => {
                let (left, right) = parts.split_at(parts.len() / 2);
                let (left, right) = (self.joined(scope, left, join)?, self.joined(scope, right, join)?);
                Ok(bool_value(join(left.expr, right.expr)))
            }
        }
    }

    fn negated(&self, scope: &Scope, inner: &Expr) -> Result<Value, InsightsError> {
        Ok(bool_value(not(self.condition(scope, inner)?)))
    }

    fn arithmetic(
        &self,
        scope: &Scope,
        operator: Arithmetic,
        left: &Expr,
        right: &Expr,
    ) -> Result<Value, InsightsError> {
        let (left, right) = (self.value(scope, left)?.into_number(), self.value(scope, right)?.into_number());
        let called = |name: &str| {
            let spec = function::find(name).map(|spec| spec.call(vec![left.clone(), right.clone()]));
            spec.unwrap_or_else(|| lit(ScalarValue::Float64(None)))
        };
        let expr = match operator {
            Arithmetic::Add => left + right,
            Arithmetic::Subtract => left - right,
            Arithmetic::Multiply => left * right,
            Arithmetic::Divide => called("$divide"),
            Arithmetic::Remainder => called("$remainder"),
            Arithmetic::Power => called("$power"),
        };
        Ok(Value::new(expr, Kind::Number))
    }

    /// `x in (SOURCE … | fields y)`: the query has one column.
    fn member_of_query(&self, scope: &Scope, value: &Expr, query: &Pipeline) -> Result<Value, InsightsError> {
        let stage = self.pipeline(query, &BTreeSet::new(), false)?;
        let [name] = stage.output.names() else {
            let message = "a query behind `in` gives one column: end it with `fields x` or `stats … by x`";
            return Err(InsightsError::at(value.span, message));
        };
        let member = stage.scope.resolve(name).into_text().alias("\0member");
        let plan = stage.plan.project([member]).and_then(|plan| plan.build()).map_err(ours)?;
        let text = cast(self.value(scope, value)?.into_text(), DataType::Utf8View);
        Ok(bool_value(in_subquery(text, Arc::new(plan))))
    }
}

pub(super) fn bool_value(expr: PlanExpr) -> Value {
    Value::new(expr, Kind::Bool)
}
