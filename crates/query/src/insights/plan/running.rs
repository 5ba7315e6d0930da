//! Columns worked out of several rows: `filldown`, `accum`, `autoregress`, `sessionize`.

use datafusion::{
    common::ScalarValue,
    functions_aggregate::sum::sum_udaf,
    functions_window::{
        lead_lag::{lag_udwf, lead_udwf},
        nth_value::last_value_udwf,
        row_number::row_number_udwf,
    },
    logical_expr::{
        Expr as PlanExpr, ExprFunctionExt, SortExpr, WindowFrame, WindowFrameBound, WindowFrameUnits,
        WindowFunctionDefinition,
        expr::{NullTreatment, WindowFunction},
        lit, when,
    },
};

use super::{Planner, Stage, TIMESTAMP, column, command::check_name, ours};
use crate::insights::{
    InsightsError,
    function::{native, texts},
    time::Period,
    tree::{Expr, Name, Span},
    value::{Kind, Value},
};

/// A function over the rows around each row.
pub(super) struct Window {
    function: WindowFunctionDefinition,
    arguments: Vec<PlanExpr>,
    /// Rows with the same of these are by themselves.
    within: Vec<PlanExpr>,
    order: Vec<SortExpr>,
    /// Over the rows up to each row, and not over all.
    running: bool,
    skips_absent: bool,
}

impl Window {
    fn new(function: WindowFunctionDefinition, arguments: Vec<PlanExpr>, order: Vec<SortExpr>) -> Self {
        Self { function, arguments, within: Vec::new(), order, running: false, skips_absent: false }
    }

    /// The place of each row, from 1 on: a `u64`.
    pub(super) fn number(order: Vec<SortExpr>) -> Self {
        Self::new(WindowFunctionDefinition::WindowUDF(row_number_udwf()), Vec::new(), order)
    }

    /// The same, rows with the same of these by themselves.
    pub(super) fn within(self, keys: Vec<PlanExpr>) -> Self {
        Self { within: keys, ..self }
    }

    /// The value so many rows before.
    fn before(value: PlanExpr, rows: i64, order: Vec<SortExpr>) -> Self {
        Self::new(WindowFunctionDefinition::WindowUDF(lag_udwf()), vec![value, lit(rows)], order)
    }

    /// The value of the next row.
    pub(super) fn next(value: PlanExpr, order: Vec<SortExpr>) -> Self {
        Self::new(WindowFunctionDefinition::WindowUDF(lead_udwf()), vec![value, lit(1_i64)], order)
    }

    /// An aggregate of all rows.
    pub(super) fn of_all(function: WindowFunctionDefinition, arguments: Vec<PlanExpr>) -> Self {
        Self::new(function, arguments, Vec::new())
    }

    /// The sum so far.
    fn sum(value: PlanExpr, order: Vec<SortExpr>) -> Self {
        let function = WindowFunctionDefinition::AggregateUDF(sum_udaf());
        Self { running: true, ..Self::new(function, vec![value], order) }
    }

    fn build(self) -> Result<PlanExpr, InsightsError> {
        let mut window = PlanExpr::from(WindowFunction::new(self.function, self.arguments)).partition_by(self.within);
        if !self.order.is_empty() {
            window = window.order_by(self.order);
        }
        if self.running {
            let start = WindowFrameBound::Preceding(ScalarValue::UInt64(None));
            let rows = WindowFrame::new_bounds(WindowFrameUnits::Rows, start, WindowFrameBound::CurrentRow);
            window = window.window_frame(rows);
        }
        if self.skips_absent {
            window = window.null_treatment(Some(NullTreatment::IgnoreNulls));
        }
        window.build().map_err(ours)
    }
}

impl Planner<'_> {
    /// With a hidden column of a function over rows: that column.
    pub(super) fn windowed(&self, stage: Stage, window: Window) -> Result<(Stage, PlanExpr), InsightsError> {
        let name = self.hidden("window");
        let plan = stage.plan.window([window.build()?.alias(&name)]).map_err(ours)?;
        Ok((Stage { plan, ..stage }, column(&name)))
    }

    /// Absent values become the last one in front of them.
    pub(super) fn fill_down(&self, mut stage: Stage, fields: &[Name], span: Span) -> Result<Stage, InsightsError> {
        for field in fields {
            check_name(&field.text, field.span)?;
            let value = stage.scope.resolve(&field.text);
            let function = WindowFunctionDefinition::WindowUDF(last_value_udwf());
            let window = Window::new(function, vec![value.expr], given_order(&stage, span)?);
            let window = Window { running: true, skips_absent: true, ..window };
            let (next, last) = self.windowed(stage, window)?;
            stage = self.define(next, &field.text, Value::new(last, value.kind))?;
        }
        Ok(stage)
    }

    /// The sum of a field so far.
    pub(super) fn accumulate(
        &self,
        stage: Stage,
        field: &Expr,
        into: &str,
        span: Span,
    ) -> Result<Stage, InsightsError> {
        check_name(into, field.span)?;
        let number = self.value(&stage.scope, field)?.into_number();
        let window = Window::sum(number, given_order(&stage, span)?);
        let (stage, sum) = self.windowed(stage, window)?;
        let mut stage = self.define(stage, into, Value::new(sum, Kind::Number))?;
        stage.output.add(into);
        Ok(stage)
    }

    /// The values of a field in rows before: how many before, and what the column is called.
    pub(super) fn autoregress(
        &self,
        mut stage: Stage,
        field: &Name,
        into: &[(usize, String)],
        span: Span,
    ) -> Result<Stage, InsightsError> {
        let value = stage.scope.resolve(&field.text);
        // An absent row before is no record without traffic, which the other kind would show as `-`.
        let kind = if value.kind == Kind::Dashed { Kind::Text } else { value.kind };
        let value = value.into_kind(kind);
        for (rows, name) in into {
            check_name(name, field.span)?;
            let rows = i64::try_from(*rows).unwrap_or(i64::MAX);
            let window = Window::before(value.clone(), rows, given_order(&stage, span)?);
            let (next, before) = self.windowed(stage, window)?;
            stage = self.define(next, name, Value::new(before, kind))?;
            stage.output.add(name);
        }
        Ok(stage)
    }

    /// Events of the same fields are one session until none comes for longer than the gap: `ann:1`, `ann:2`.
    pub(super) fn sessionize(
        &self,
        stage: Stage,
        by: &[Name],
        gap: Period,
        into: &str,
        span: Span,
    ) -> Result<Stage, InsightsError> {
        check_name(into, span)?;
        if !stage.events {
            return Err(InsightsError::at(span, "sessionize needs the events: it stands in front of stats"));
        }
        let gap = gap.millis().ok_or_else(|| {
            InsightsError::at(span, "maxspan is not of months, quarters or years: they are not equally long")
        })?;
        let keys: Vec<PlanExpr> = by.iter().map(|name| stage.scope.resolve(&name.text).into_text()).collect();
        let order: Vec<SortExpr> = stage.ties.iter().map(|tie| SortExpr { asc: true, ..tie.clone() }).collect();
        let before = Window::before(column(TIMESTAMP), 1, order.clone()).within(keys.clone());
        let (stage, before) = self.windowed(stage, before)?;
        let goes_on = (column(TIMESTAMP) - before).lt_eq(lit(gap));
        let begins = when(goes_on, lit(0_i64)).otherwise(lit(1_i64)).map_err(ours)?;
        let (stage, number) = self.windowed(stage, Window::sum(begins, order).within(keys.clone()))?;
        let mut arguments = keys;
        arguments.push(Value::new(number, Kind::Whole).into_text());
        let last = arguments.len();
        let id = native("$session", "", Kind::Text, arguments, move |args| {
            texts(args, |row| {
                Some((0..last).map(|place| row.text(place).unwrap_or_default()).collect::<Vec<_>>().join(":"))
            })
        });
        let mut stage = self.define(stage, into, Value::new(id, Kind::Text))?;
        stage.output.add(into);
        Ok(stage)
    }
}

/// The order of the rows so far, which there must be.
fn given_order(stage: &Stage, span: Span) -> Result<Vec<SortExpr>, InsightsError> {
    let order = stage.order();
    if order.is_empty() {
        return Err(InsightsError::at(span, "the rows have no order here: put a sort in front"));
    }
    Ok(order)
}
