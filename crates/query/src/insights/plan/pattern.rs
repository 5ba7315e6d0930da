//! `pattern`, `diff` and `countFrequent`: rows by how many they are.

use datafusion::arrow::datatypes::DataType;
use datafusion::{
    functions_aggregate::{
        expr_fn::{count, max, sum},
        sum::sum_udaf,
    },
    logical_expr::{
        Expr as PlanExpr, ExprFunctionExt, LogicalPlanBuilder, WindowFunctionDefinition, cast, expr::WindowFunction,
        lit, when,
    },
};
use std::collections::BTreeSet;

use super::{Planner, Stage, column, ours};
use crate::insights::{
    InsightsError,
    function::{find, native, texts},
    shape,
    source::Extent,
    time::Period,
    tree::{Earlier, Expr, Name, Pipeline, Verb},
    value::{Kind, Value},
};

const PATTERN: &str = "@pattern";
const COUNT: &str = "@sampleCount";
const RATIO: &str = "@ratio";
const SEVERITY: &str = "@severityLabel";
const BEFORE: &str = "@previousSampleCount";
const DIFFERENCE: &str = "@differenceCount";
const FREQUENCY: &str = "_approxcount";

impl Planner<'_> {
    /// The texts by their shape, the most frequent first.
    pub(super) fn pattern(&self, stage: Stage, text: &Expr) -> Result<Stage, InsightsError> {
        let shapes = self.shapes(stage, text)?;
        self.grouped(shapes, vec![(COUNT, count(lit(1_i64)))], &[])
    }

    /// The texts by their shape, counted in the query's time and in an earlier one.
    pub(super) fn compared(
        &self,
        stage: Stage,
        pipeline: &Pipeline,
        place: usize,
        earlier: Earlier,
        names: &BTreeSet<String>,
    ) -> Result<Stage, InsightsError> {
        let Verb::Pattern(text) = &pipeline.commands[place].verb else { return Ok(stage) };
        let before =
            Planner { text: self.text.clone(), extent: self.shifted(earlier), made: self.number_from(), ..*self };
        let mut old =
            before.source(&before.extent_of(pipeline.source.as_ref())?, &super::names::own(pipeline, names))?;
        for command in &pipeline.commands[..place] {
            old = before.command(old, command)?;
        }
        let now = self.shapes(stage, text)?.project(marked(1, 0)).map_err(ours)?;
        let old = before.shapes(old, text)?.project(marked(0, 1)).map_err(ours)?.build().map_err(ours)?;
        let both = now.union(old).map_err(ours)?;
        let counts = vec![(COUNT, sum(column("\0now"))), (BEFORE, sum(column("\0before")))];
        let stage = self.grouped(both, counts, &[BEFORE, DIFFERENCE])?;
        Ok(stage)
    }

    fn number_from(&self) -> std::sync::atomic::AtomicU64 {
        // Far from what this planner counts itself.
        std::sync::atomic::AtomicU64::new(self.number() + 1_000_000)
    }

    /// The time that is compared with.
    fn shifted(&self, earlier: Earlier) -> Extent {
        let Extent { from, until, .. } = self.extent;
        let days = |count| Period::new(count, "d").and_then(Period::millis).unwrap_or(0);
        let back = match earlier {
            Earlier::Before => until.saturating_sub(from),
            Earlier::Day => days(1),
            Earlier::Week => days(7),
            Earlier::Month => days(30),
        };
        Extent { from: from.saturating_sub(back), until: until.saturating_sub(back), ..self.extent.clone() }
    }

    /// The shape and the severity of each text.
    fn shapes(&self, stage: Stage, text: &Expr) -> Result<LogicalPlanBuilder, InsightsError> {
        let text = self.value(&stage.scope, text)?.into_text();
        let shape = native("$shape", "", Kind::Text, vec![text.clone()], |args| {
            texts(args, |row| Some(shape::of(row.text(0)?)))
        });
        let severity = native("$severity", "", Kind::Whole, vec![text.clone()], |args| {
            crate::insights::function::wholes(args, |row| Some(shape::severity(row.text(0)?)))
        });
        let plan = stage.plan.filter(text.is_not_null()).map_err(ours)?;
        plan.project([shape.alias(PATTERN), severity.alias("\0severity")]).map_err(ours)
    }

    /// One row for each shape.
    fn grouped(
        &self,
        plan: LogicalPlanBuilder,
        counts: Vec<(&str, PlanExpr)>,
        further: &[&str],
    ) -> Result<Stage, InsightsError> {
        let mut aggregates: Vec<PlanExpr> = counts.into_iter().map(|(name, count)| count.alias(name)).collect();
        aggregates.push(max(column("\0severity")).alias("\0worst"));
        let plan = plan.aggregate([column(PATTERN)], aggregates).map_err(ours)?;
        let number = || cast(column(COUNT), DataType::Float64);
        let function = WindowFunctionDefinition::AggregateUDF(sum_udaf());
        let total = PlanExpr::from(WindowFunction::new(function, vec![number()])).partition_by(Vec::new());
        let plan = plan.window([total.build().map_err(ours)?.alias("\0total")]).map_err(ours)?;
        let mut columns = vec![column(PATTERN), column(COUNT), severity_label()?];
        let ratio = find("$divide").map(|divide| divide.call(vec![number(), column("\0total")]));
        columns.extend(ratio.map(|ratio| ratio.alias(RATIO)));
        let mut usual = vec![PATTERN, RATIO, COUNT, SEVERITY];
        if !further.is_empty() {
            columns.push(column(BEFORE));
            columns.push((column(COUNT) - column(BEFORE)).alias(DIFFERENCE));
            usual.extend(further);
        }
        let plan = plan.project(columns).map_err(ours)?;
        let kind = |name: &str| match name {
            RATIO => Kind::Number,
            PATTERN | SEVERITY => Kind::Text,
            _ => Kind::Whole,
        };
        let kinds = usual.into_iter().map(|name| (name.to_owned(), kind(name))).collect();
        let order = vec![column(COUNT).sort(false, false), column(PATTERN).sort(true, false)];
        Ok(Stage { order, ..Stage::made(plan, kinds) })
    }

    /// One row for each combination of these fields, the most frequent first.
    pub(super) fn count_frequent(&self, stage: Stage, fields: &[Name]) -> Result<Stage, InsightsError> {
        let mut kinds: Vec<(String, Kind)> = Vec::new();
        let mut keys = Vec::new();
        for field in fields {
            if kinds.iter().all(|(name, _)| *name != field.text) {
                let value = stage.scope.resolve(&field.text);
                keys.push(value.expr.alias(&field.text));
                kinds.push((field.text.clone(), value.kind));
            }
        }
        let plan = stage.plan.aggregate(keys, [count(lit(1_i64)).alias(FREQUENCY)]).map_err(ours)?;
        let names: Vec<String> = kinds.iter().map(|(name, _)| name.clone()).collect();
        kinds.push((FREQUENCY.to_owned(), Kind::Whole));
        let counted = Stage { asked: stage.asked, ..Stage::made(plan, kinds) };
        let (counted, by_fields) = self.ascending(counted, &names)?;
        let order = std::iter::once(column(FREQUENCY).sort(false, false)).chain(by_fields).collect();
        Ok(Stage { order, ..counted })
    }
}

fn marked(now: i64, before: i64) -> Vec<PlanExpr> {
    vec![column(PATTERN), column("\0severity"), lit(now).alias("\0now"), lit(before).alias("\0before")]
}

fn severity_label() -> Result<PlanExpr, InsightsError> {
    let label = |text: &str| Value::text_of(text).expr;
    let level = |number: i64| column("\0worst").eq(lit(number));
    let mut case = when(level(3), label("Error")).when(level(2), label("Warning")).when(level(1), label("Info"));
    Ok(case.otherwise(label("None")).map_err(ours)?.alias(SEVERITY))
}
