//! `stats`.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use datafusion::{
    functions_aggregate::expr_fn::{
        array_agg, avg, count, count_distinct, first_value, last_value, max, min, percentile_cont, stddev_pop, sum,
        var_pop,
    },
    logical_expr::{Expr as PlanExpr, ExprFunctionExt, SortExpr, lit},
};

use super::{Planner, Scope, Stage, TIMESTAMP, call::arity, column, command::sort_key, ours};
use crate::insights::{
    InsightsError,
    function::native,
    list,
    tree::{Call, Expr, Item, Node, Span},
    value::{Kind, Value},
};

const AGGREGATES: [&str; 15] = [
    "count",
    "count_distinct",
    "countdistinct",
    "sum",
    "avg",
    "min",
    "max",
    "pct",
    "stddev",
    "variance",
    "earliest",
    "latest",
    "sortsfirst",
    "sortslast",
    "values",
];

/// Whether a function, in small letters, works over many events.
pub(super) fn is_aggregate(name: &str) -> bool {
    AGGREGATES.contains(&name)
}

/// The aggregates of a `stats`: their hidden columns.
#[derive(Default)]
struct Aggregates {
    /// By what is written.
    names: BTreeMap<String, String>,
    columns: Vec<(String, PlanExpr, Kind)>,
}

impl Planner<'_> {
    pub(super) fn stats(&self, stage: Stage, values: &[Item], by: &[Item]) -> Result<Stage, InsightsError> {
        let mut groups: Vec<(String, Value)> = Vec::new();
        for item in by {
            if groups.iter().all(|(name, _)| *name != item.name) {
                groups.push((item.name.clone(), self.value(&stage.scope, &item.expr)?));
            }
        }
        let mut aggregates = Aggregates::default();
        let rows = self.hidden("rows");
        let mut rewritten = Vec::new();
        for item in values {
            rewritten.push(self.without_aggregates(&stage.scope, &item.expr, &mut aggregates)?);
        }
        let mut columns = vec![count(lit(1_i64)).alias(&rows)];
        columns.extend(aggregates.columns.iter().map(|(name, expr, _)| expr.clone().alias(name)));
        let keys = groups.iter().map(|(name, value)| value.expr.clone().alias(name)).collect::<Vec<_>>();
        let mut plan = stage.plan.aggregate(keys, columns).map_err(ours)?;
        if groups.is_empty() {
            // No events: no row.
            plan = plan.filter(column(&rows).gt(lit(0_i64))).map_err(ours)?;
        }
        let mut kinds: Vec<(String, Kind)> = groups.iter().map(|(name, value)| (name.clone(), value.kind)).collect();
        kinds.extend(aggregates.columns.iter().map(|(name, _, kind)| (name.clone(), *kind)));
        let mut usual: Vec<String> = groups.into_iter().map(|(name, _)| name).collect();
        let mut next = Stage {
            plan,
            scope: Scope::of_made(kinds),
            output: super::Output::default(),
            order: Vec::new(),
            events: false,
            limited: false,
            ties: Vec::new(),
            asked: stage.asked,
        };
        for (item, expr) in values.iter().zip(rewritten) {
            let value = self.value(&next.scope, &expr)?;
            check_known(&next.scope, &expr)?;
            next = self.define(next, &item.name, value)?;
            usual.push(item.name.clone());
        }
        next.output.usual = usual;
        Ok(next)
    }

    /// The expression with a hidden column in place of each aggregate.
    fn without_aggregates(
        &self,
        scope: &Scope,
        expr: &Expr,
        aggregates: &mut Aggregates,
    ) -> Result<Expr, InsightsError> {
        let within = RefCell::new(aggregates);
        let one = |inner: &Expr| self.without_aggregates(scope, inner, &mut within.borrow_mut());
        let boxed = |inner: &Expr| one(inner).map(Box::new);
        let list = |inner: &[Expr]| inner.iter().map(one).collect::<Result<Vec<_>, _>>();
        let node = match &expr.node {
            Node::Call(call) if is_aggregate(&call.name.to_ascii_lowercase()) => {
                Node::Field(self.aggregate_column(scope, call, expr.span, &mut within.borrow_mut())?)
            }
            Node::Call(call) => Node::Call(Call { arguments: list(&call.arguments)?, ..call.clone() }),
            Node::All(parts) => Node::All(list(parts)?),
            Node::Any(parts) => Node::Any(list(parts)?),
            Node::Not(inner) => Node::Not(boxed(inner)?),
            Node::Negative(inner) => Node::Negative(boxed(inner)?),
            Node::Arithmetic(operator, left, right) => Node::Arithmetic(*operator, boxed(left)?, boxed(right)?),
            Node::Comparison(comparison, left, right) => Node::Comparison(*comparison, boxed(left)?, boxed(right)?),
            Node::In(value, members) => Node::In(boxed(value)?, list(members)?),
            Node::Contains(inner, part) => Node::Contains(boxed(inner)?, part.clone()),
            Node::Matches(inner, pattern) => Node::Matches(boxed(inner)?, pattern.clone()),
            other => other.clone(),
        };
        Ok(Expr { span: expr.span, node })
    }

    fn aggregate_column(
        &self,
        scope: &Scope,
        call: &Call,
        span: Span,
        aggregates: &mut Aggregates,
    ) -> Result<String, InsightsError> {
        let written = self.slice(span);
        if let Some(known) = aggregates.names.get(&written) {
            return Ok(known.clone());
        }
        let value = self.aggregate(scope, call, span)?;
        let name = self.hidden("aggregate");
        aggregates.names.insert(written, name.clone());
        aggregates.columns.push((name.clone(), value.expr, value.kind));
        Ok(name)
    }

    fn aggregate(&self, scope: &Scope, call: &Call, span: Span) -> Result<Value, InsightsError> {
        let name = call.name.to_ascii_lowercase();
        if call.star && name != "count" {
            return Err(InsightsError::at(span, format!("{}(*) makes no sense: name a field", call.name)));
        }
        let (least, most) = match name.as_str() {
            "count" => (0, 1),
            "pct" => (2, 2),
            _ => (1, 1),
        };
        arity(call, span, least, most)?;
        let Some(argument) = call.arguments.first() else {
            return Ok(Value::new(count(lit(1_i64)), Kind::Whole));
        };
        let value = self.value(scope, argument)?;
        let number = || value.clone().into_number();
        Ok(match name.as_str() {
            "count" if value.kind == Kind::Dashed => Value::new(count(lit(1_i64)), Kind::Whole),
            "count" => Value::new(count(value.expr), Kind::Whole),
            "count_distinct" | "countdistinct" => Value::new(count_distinct(value.into_text()), Kind::Whole),
            "sum" => Value::new(sum(number()), Kind::Number),
            "avg" => Value::new(avg(number()), Kind::Number),
            "min" => Value::new(min(number()), Kind::Number),
            "max" => Value::new(max(number()), Kind::Number),
            "stddev" => Value::new(stddev_pop(number()), Kind::Number),
            "variance" => Value::new(var_pop(number()), Kind::Number),
            "pct" => {
                let share = percentile(&call.arguments[1])?;
                Value::new(percentile_cont(number().sort(true, false), lit(share)), Kind::Number)
            }
            "earliest" | "latest" => self.by_time(scope, value, name == "latest", span)?,
            "sortsfirst" | "sortslast" => by_order(value, name == "sortslast")?,
            _ => values(value)?,
        })
    }

    /// The value of the event that is the first or the last of those that have one.
    fn by_time(&self, scope: &Scope, value: Value, last: bool, span: Span) -> Result<Value, InsightsError> {
        if !scope.has(TIMESTAMP) || scope.is_made(TIMESTAMP) {
            return Err(InsightsError::at(span, "earliest and latest need the events: they stand in the first stats"));
        }
        let order = vec![column(TIMESTAMP).sort(true, false)];
        ends(shown_kind(value), order, last)
    }
}

/// Times become numbers in an aggregate, as in `max(@timestamp)`.
fn shown_kind(value: Value) -> Value {
    match value.kind {
        Kind::Time => Value::new(value.into_number(), Kind::Number),
        Kind::Dashed => Value::new(value.into_text(), Kind::Text),
        _ => value,
    }
}

fn by_order(value: Value, last: bool) -> Result<Value, InsightsError> {
    let value = shown_kind(value);
    let order = vec![sort_key(value.clone()).sort(true, true)];
    ends(value, order, last)
}

fn ends(value: Value, order: Vec<SortExpr>, last: bool) -> Result<Value, InsightsError> {
    let present = value.clone().presence();
    let end = if last { last_value(value.expr, Vec::new()) } else { first_value(value.expr, Vec::new()) };
    Ok(Value::new(end.order_by(order).filter(present).build().map_err(ours)?, value.kind))
}

/// The distinct values as a list, sorted.
fn values(value: Value) -> Result<Value, InsightsError> {
    let text = shown_kind(value).into_text();
    let present = text.clone().is_not_null();
    let all = array_agg(text).distinct().filter(present).build().map_err(ours)?;
    Ok(Value::new(native("$list", "", Kind::Text, vec![all], list::texts_of), Kind::Text))
}

fn percentile(expr: &Expr) -> Result<f64, InsightsError> {
    match expr.node {
        Node::Number(percent, _) if (0.0..=100.0).contains(&percent) => Ok(percent / 100.0),
        _ => Err(InsightsError::at(expr.span, "a percentile is a number from 0 to 100")),
    }
}

/// A field behind `stats` is one that it groups by, or a name that it has given.
fn check_known(scope: &Scope, expr: &Expr) -> Result<(), InsightsError> {
    let mut names = BTreeSet::new();
    super::names::of_expr(expr, &mut names);
    match names.into_iter().find(|name| !scope.has(name)) {
        Some(name) => {
            let message = format!("`{name}` stands neither in `by` nor in an aggregate such as max({name})");
            Err(InsightsError::at(expr.span, message))
        }
        None => Ok(()),
    }
}
