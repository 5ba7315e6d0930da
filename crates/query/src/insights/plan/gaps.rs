//! `fillmissing`: rows for the periods that `stats … by bin(…)` has none for.

use std::sync::Arc;

use datafusion::{
    arrow::{
        array::{Array, ArrayRef, AsArray, Int64Builder, ListBuilder},
        datatypes::{DataType, Int64Type},
    },
    common::{Column as ColumnName, UnnestOptions},
    logical_expr::{Expr as PlanExpr, when},
};

use super::{
    Planner, Series, Stage,
    call::{alike, bin_length},
    column, ours,
    running::Window,
};
use crate::insights::{
    InsightsError,
    function::typed,
    tree::{Expr, Item, Name, Node, Span},
    value::{Kind, Value},
};

/// Periods in the time of a query, at most.
const MOST_PERIODS: i64 = 100_000;

impl Planner<'_> {
    /// The series that rows are, when they are grouped by `bin(…)` alone.
    pub(super) fn series(&self, by: &[Item]) -> Result<Option<Series>, InsightsError> {
        match by {
            [Item { expr: Expr { node: Node::Call(call), .. }, name }] if call.name.eq_ignore_ascii_case("bin") => {
                let (period, offset) = bin_length(&call.arguments)?;
                Ok(Some(Series { name: name.clone(), period, offset }))
            }
            _ => Ok(None),
        }
    }

    /// Rows for the periods between the first and the last that have none. Their other columns hold what is given.
    pub(super) fn fill_missing(
        &self,
        mut stage: Stage,
        fills: &[(Expr, Name)],
        span: Span,
    ) -> Result<Stage, InsightsError> {
        let series = stage.series.take().filter(|series| stage.scope.resolve(&series.name).kind == Kind::Time);
        let Some(series) = series else {
            return Err(InsightsError::at(span, "fillmissing stands behind stats … by bin(…), and by nothing else"));
        };
        self.check_length(&series, span)?;
        if !stage.order.is_empty() {
            return Err(InsightsError::at(span, "fillmissing stands in front of sort"));
        }
        let begins = column(&series.name);
        stage.order = vec![begins.clone().sort(true, true)];
        let (stage, next) = self.windowed(stage, Window::next(begins.clone(), vec![begins.sort(true, true)]))?;
        let all = self.hidden("periods");
        let (stage, added) = self.each_period(stage, &all, next, &series)?;
        self.filled(stage, &series, &column(&all), &added, fills)
    }

    fn check_length(&self, series: &Series, span: Span) -> Result<(), InsightsError> {
        // A month is never shorter.
        let length = series.period.millis().unwrap_or(28 * 86_400_000).max(1);
        let periods = self.extent.until.saturating_sub(self.extent.from) / length;
        if periods <= MOST_PERIODS {
            return Ok(());
        }
        let message =
            format!("the time of the query has {periods} such periods: fillmissing adds at most {MOST_PERIODS}");
        Err(InsightsError::at(span, message))
    }

    /// A row for each period up to that of the next row; and what says whether it was added.
    fn each_period(
        &self,
        stage: Stage,
        all: &str,
        next: PlanExpr,
        series: &Series,
    ) -> Result<(Stage, PlanExpr), InsightsError> {
        let (period, offset) = (series.period, series.offset);
        let after = move |time: i64| period.ceil(time.checked_sub(offset)?.checked_add(1)?)?.checked_add(offset);
        let key = format!("{period:?}{offset}");
        let list = DataType::new_list(DataType::Int64, true);
        let arguments = vec![column(&series.name), next];
        let periods = typed("$periods", key, list, arguments, move |args| up_to(args, after));
        let mut stage = self.define(stage, all, Value::new(periods, Kind::Time))?;
        let lists = vec![ColumnName::new_unqualified(all)];
        stage.plan = stage.plan.unnest_columns_with_options(lists, UnnestOptions::new()).map_err(ours)?;
        Ok((stage, column(all).not_eq(column(&series.name))))
    }

    /// The added rows with what is given in the place of what the row in front of them holds.
    fn filled(
        &self,
        stage: Stage,
        series: &Series,
        begins: &PlanExpr,
        added: &PlanExpr,
        fills: &[(Expr, Name)],
    ) -> Result<Stage, InsightsError> {
        let mut new = vec![(series.name.clone(), Value::new(begins.clone(), Kind::Time))];
        let kinds: Vec<(String, Kind)> = stage.scope.kinds().map(|(name, kind)| (name.to_owned(), kind)).collect();
        for (name, kind) in kinds {
            if name == series.name || name.starts_with('\0') {
                continue;
            }
            let value = Value::new(column(&name), kind);
            let fill = fills.iter().rev().find(|(_, field)| field.text == name);
            let fill = fill.map(|(fill, _)| self.value(&stage.scope, fill)).transpose()?;
            let value = match fill {
                Some(fill) => {
                    let (mut both, kind) = alike(vec![value, fill]);
                    let (fill, value) = (both.pop(), both.pop());
                    let (Some(fill), Some(value)) = (fill, value) else { continue };
                    Value::new(when(added.clone(), fill).otherwise(value).map_err(ours)?, kind)
                }
                None => Value::new(when(added.clone().is_not_true(), value.expr).end().map_err(ours)?, kind),
            };
            new.push((name, value));
        }
        self.define_all(stage, new)
    }
}

/// For each row the times from its own on that are before the next one's.
fn up_to(arguments: &[ArrayRef], after: impl Fn(i64) -> Option<i64>) -> ArrayRef {
    let mut lists = ListBuilder::new(Int64Builder::new());
    let times = |place: usize| arguments.get(place)?.as_primitive_opt::<Int64Type>();
    if let (Some(begins), Some(ends)) = (times(0), times(1)) {
        for (row, begin) in begins.iter().enumerate() {
            lists.values().append_option(begin);
            let end = (ends.len() > row && ends.is_valid(row)).then(|| ends.value(row));
            let mut time = begin.and_then(&after);
            while let (Some(now), Some(end)) = (time, end)
                && now < end
            {
                lists.values().append_value(now);
                time = after(now);
            }
            lists.append(true);
        }
    }
    Arc::new(lists.finish())
}
