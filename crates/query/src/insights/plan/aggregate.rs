//! `stats`.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use datafusion::{
    arrow::array::ArrayRef,
    functions_aggregate::expr_fn::{
        array_agg, avg, count, count_distinct, first_value, last_value, max, min, percentile_cont, stddev_pop, sum,
        var_pop,
    },
    logical_expr::{Expr as PlanExpr, ExprFunctionExt, SortExpr, lit},
};

use super::{
    Planner, Scope, Stage, TIMESTAMP,
    call::{arity, period},
    column,
    command::sort_key,
    ours,
};
use crate::insights::{
    InsightsError,
    function::native,
    list,
    tree::{Arithmetic, Call, Expr, Item, Node, Span},
    value::{Kind, Value},
};

const AGGREGATES: [&str; 22] = [
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
    "topk",
    "histogram",
    "rate",
    "countovertime",
    "count_over_time",
    "sumovertime",
    "sum_over_time",
];

/// How many values `topk` gives, and into how many parts `histogram` divides, at most.
const MOST_VALUES: usize = 1000;

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
        let series = self.series(by)?;
        let mut next = Stage { asked: stage.asked, series, ..Stage::made(plan, kinds) };
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
            Node::Call(call) if call.name.eq_ignore_ascii_case("rate") => {
                self.rate(scope, call, expr.span, &mut within.borrow_mut())?
            }
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
        let name = self.add(self.aggregate(scope, call, span)?, aggregates);
        aggregates.names.insert(written, name.clone());
        Ok(name)
    }

    /// The hidden column of an aggregate.
    fn add(&self, value: Value, aggregates: &mut Aggregates) -> String {
        let name = self.hidden("aggregate");
        aggregates.columns.push((name.clone(), value.expr, value.kind));
        name
    }

    /// `rate(f, 1m)`: by how much a number changes in a period, from its first event to its last.
    fn rate(&self, scope: &Scope, call: &Call, span: Span, aggregates: &mut Aggregates) -> Result<Node, InsightsError> {
        arity(call, span, 2, 2)?;
        let length = period(&call.arguments[1])?.millis().ok_or_else(|| {
            InsightsError::at(call.arguments[1].span, "months, quarters and years are not equally long")
        })?;
        let number = Value::new(self.value(scope, &call.arguments[0])?.into_number(), Kind::Number);
        let present = number.expr.clone().is_not_null();
        let when = |time: PlanExpr| {
            let time = time.filter(present.clone()).build().map_err(ours)?;
            Ok::<_, InsightsError>(Value::new(time, Kind::Time))
        };
        let values = [
            self.by_time(scope, number.clone(), true, span)?,
            self.by_time(scope, number, false, span)?,
            when(max(column(TIMESTAMP)))?,
            when(min(column(TIMESTAMP)))?,
        ];
        let node = |node: Node| Box::new(Expr { span, node });
        let [last, first, end, begin] = values.map(|value| node(Node::Field(self.add(value, aggregates))));
        let change = node(Node::Arithmetic(Arithmetic::Subtract, last, first));
        let time = node(Node::Arithmetic(Arithmetic::Subtract, end, begin));
        let each = node(Node::Arithmetic(Arithmetic::Divide, change, time));
        Ok(Node::Arithmetic(Arithmetic::Multiply, each, node(Node::Number(length as f64, length.to_string()))))
    }

    fn aggregate(&self, scope: &Scope, call: &Call, span: Span) -> Result<Value, InsightsError> {
        let name = call.name.to_ascii_lowercase();
        if call.star && name != "count" {
            return Err(InsightsError::at(span, format!("{}(*) makes no sense: name a field", call.name)));
        }
        let (least, most) = match name.as_str() {
            "count" => (0, 1),
            "pct" | "topk" | "histogram" => (2, 2),
            _ => (1, 1),
        };
        arity(call, span, least, most)?;
        let Some(argument) = call.arguments.first() else {
            return Ok(Value::new(count(lit(1_i64)), Kind::Whole));
        };
        let argument = if name == "topk" { &call.arguments[1] } else { argument };
        let value = self.value(scope, argument)?;
        let number = || value.clone().into_number();
        Ok(match name.as_str() {
            "count" | "countovertime" | "count_over_time" if value.kind == Kind::Dashed => {
                Value::new(count(lit(1_i64)), Kind::Whole)
            }
            "count" | "countovertime" | "count_over_time" => Value::new(count(value.expr), Kind::Whole),
            "count_distinct" | "countdistinct" => Value::new(count_distinct(value.into_text()), Kind::Whole),
            "sum" | "sumovertime" | "sum_over_time" => Value::new(sum(number()), Kind::Number),
            "avg" => Value::new(avg(number()), Kind::Number),
            "min" => Value::new(min(number()), Kind::Number),
            "max" => Value::new(max(number()), Kind::Number),
            "stddev" => Value::new(stddev_pop(number()), Kind::Number),
            "variance" => Value::new(var_pop(number()), Kind::Number),
            "pct" => {
                let share = percentile(&call.arguments[1])?;
                Value::new(percentile_cont(number().sort(true, false), lit(share)), Kind::Number)
            }
            "topk" => {
                let most = whole(&call.arguments[0], MOST_VALUES)?;
                gathered("$topk", value, false, most, move |lists| list::frequent(lists, most))?
            }
            "histogram" => {
                let buckets = whole(&call.arguments[1], MOST_VALUES)?;
                gathered("$histogram", value, false, buckets, move |lists| list::histogram(lists, buckets))?
            }
            "earliest" | "latest" => self.by_time(scope, value, name == "latest", span)?,
            "sortsfirst" | "sortslast" => by_order(value, name == "sortslast")?,
            _ => gathered("$list", value, true, 0, list::texts_of)?,
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

/// What becomes of all values that are there, or of the distinct ones.
fn gathered(
    name: &'static str,
    value: Value,
    distinct: bool,
    key: usize,
    of: impl Fn(&[ArrayRef]) -> ArrayRef + Send + Sync + 'static,
) -> Result<Value, InsightsError> {
    let text = shown_kind(value).into_text();
    let present = text.clone().is_not_null();
    let all = array_agg(text).filter(present);
    let all = if distinct { all.distinct().build() } else { all.build() };
    Ok(Value::new(native(name, key.to_string(), Kind::Text, vec![all.map_err(ours)?], of), Kind::Text))
}

/// A whole number of at least one.
fn whole(expr: &Expr, most: usize) -> Result<usize, InsightsError> {
    let number = if let Node::Number(_, text) = &expr.node { text.parse().ok() } else { None };
    number
        .filter(|number| (1..=most).contains(number))
        .ok_or_else(|| InsightsError::at(expr.span, format!("expected a whole number from 1 to {most}")))
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
