//! `addtotals`: the sum of each row, and a row of the sums of the columns.

use std::sync::Arc;

use datafusion::{
    arrow::{
        array::{ArrayRef, AsArray, Int64Builder, ListBuilder},
        datatypes::{DataType, Int64Type},
    },
    common::{Column as ColumnName, ScalarValue, UnnestOptions},
    functions::core::expr_fn::coalesce,
    functions_aggregate::{count::count_udaf, sum::sum_udaf},
    logical_expr::{Expr as PlanExpr, WindowFunctionDefinition, cast, lit, when},
};

use super::{Planner, Stage, column, command::check_name, ours, running::Window};
use crate::insights::{
    InsightsError,
    function::typed,
    tree::{Span, Totals},
    value::{Kind, Value},
};

impl Planner<'_> {
    pub(super) fn add_totals(&self, mut stage: Stage, totals: &Totals) -> Result<Stage, InsightsError> {
        let named: Vec<String> = totals.fields.iter().map(|field| field.text.clone()).collect();
        let mut fields = if named.is_empty() { numbers(&stage) } else { named };
        if let Some(name) = &totals.rows {
            check_name(name, Span { start: 0, end: 0 })?;
            let values: Vec<PlanExpr> = fields.iter().map(|field| stage.scope.resolve(field).into_number()).collect();
            stage = self.define(stage, name, Value::new(sum_of(values)?, Kind::Number))?;
            stage.output.add(name);
            fields.push(name.clone());
        }
        if totals.columns { self.total_row(stage, &fields) } else { Ok(stage) }
    }

    /// One row more, at the end, with the sum of each of these columns. Nothing is read twice: the last row is doubled.
    fn total_row(&self, stage: Stage, fields: &[String]) -> Result<Stage, InsightsError> {
        let order = stage.order();
        let (stage, number) = self.windowed(stage, Window::number(order))?;
        let count = Window::of_all(WindowFunctionDefinition::AggregateUDF(count_udaf()), vec![lit(1_i64)]);
        let (mut stage, count) = self.windowed(stage, count)?;
        let mut sums = Vec::new();
        for field in fields {
            let number = stage.scope.resolve(field).into_number();
            let sum = Window::of_all(WindowFunctionDefinition::AggregateUDF(sum_udaf()), vec![number]);
            let (next, sum) = self.windowed(stage, sum)?;
            stage = next;
            sums.push((field.clone(), sum));
        }
        let row = self.hidden("total");
        let list = DataType::new_list(DataType::Int64, true);
        let rows = typed("$rows", "", list, vec![cast(number, DataType::Int64), count], last_twice);
        let mut stage = self.define(stage, &row, Value::new(rows, Kind::Whole))?;
        let lists = vec![ColumnName::new_unqualified(&row)];
        stage.plan = stage.plan.unnest_columns_with_options(lists, UnnestOptions::new()).map_err(ours)?;
        let mut stage = with_sums(self, stage, &sums, &column(&row))?;
        stage.order.insert(0, column(&row).sort(true, false));
        Ok(stage)
    }
}

/// The fields of the answer that may be numbers. Those of every event are none that are added up.
fn numbers(stage: &Stage) -> Vec<String> {
    let names = stage.output.names().iter();
    let summed = names
        .filter(|name| !name.starts_with('@') && !matches!(stage.scope.resolve(name).kind, Kind::Time | Kind::Bool));
    summed.cloned().collect()
}

/// The sum of those that are there; absent when none is.
fn sum_of(values: Vec<PlanExpr>) -> Result<PlanExpr, InsightsError> {
    let any = values.iter().map(|value| value.clone().is_not_null()).reduce(PlanExpr::or);
    let sum = values.into_iter().map(|value| coalesce(vec![value, lit(0.0)])).reduce(|sum, value| sum + value);
    match any.zip(sum) {
        Some((any, sum)) => when(any, sum).end().map_err(ours),
        None => Ok(lit(ScalarValue::Float64(None))),
    }
}

/// In the added row: the sums, and nothing else.
fn with_sums(
    planner: &Planner<'_>,
    stage: Stage,
    sums: &[(String, PlanExpr)],
    added: &PlanExpr,
) -> Result<Stage, InsightsError> {
    let is_event = || added.clone().eq(lit(0_i64));
    let mut new = Vec::new();
    for (name, kind) in stage.scope.kinds() {
        let value = Value::new(column(name), kind);
        if let Some((_, sum)) = sums.iter().find(|(field, _)| field == name) {
            let sum = Value::new(sum.clone(), Kind::Number).into_kind(kind);
            let both = when(is_event(), value.expr).otherwise(sum).map_err(ours)?;
            new.push((name.to_owned(), Value::new(both, kind)));
        } else if !column_is(added, name) {
            // What is absent there is no record without traffic, which is shown as `-`.
            let kind = if kind == Kind::Dashed { Kind::Text } else { kind };
            let value = when(is_event(), value.into_kind(kind)).end().map_err(ours)?;
            new.push((name.to_owned(), Value::new(value, kind)));
        }
    }
    planner.define_all(stage, new)
}

fn column_is(expr: &PlanExpr, name: &str) -> bool {
    matches!(expr, PlanExpr::Column(column) if column.name == name)
}

/// For each row its place and how many there are: 0, and for the last row 0 and 1.
fn last_twice(arguments: &[ArrayRef]) -> ArrayRef {
    let mut lists = ListBuilder::new(Int64Builder::new());
    let whole = |place: usize| arguments.get(place)?.as_primitive_opt::<Int64Type>();
    if let (Some(places), Some(counts)) = (whole(0), whole(1)) {
        for row in 0..places.len() {
            lists.values().append_value(0);
            if counts.len() > row && places.value(row) == counts.value(row) {
                lists.values().append_value(1);
            }
            lists.append(true);
        }
    }
    Arc::new(lists.finish())
}
