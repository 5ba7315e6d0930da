//! `a AND b` and `a OR b` as Trino computes them: `b` only in the rows where `a` leaves the result open. DataFusion
//! computes both in all rows, so that `x <> 0 AND 10 / x > 1` would fail where `x` is 0, and it makes an AND of a CASE.
//! What cannot fail is left as it is.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::expressions::{BinaryExpr, CastExpr, Literal, case, lit, not};
use datafusion::physical_expr::utils::split_disjunction;
use datafusion::physical_expr::{
    HigherOrderFunctionExpr, PhysicalExpr, ScalarFunctionExpr, conjunction, split_conjunction,
};
use datafusion::physical_expr_common::physical_expr::{is_volatile, with_new_children_if_necessary};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::filter::{FilterExec, FilterExecBuilder};
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};

use crate::function::is_text;

type Physical = Arc<dyn PhysicalExpr>;

/// The rule for what filters and columns a plan computes. It has to stand in front of those that push them down.
#[derive(Debug)]
pub(crate) struct Lazily;

impl PhysicalOptimizerRule for Lazily {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let done = plan.transform_up(|node| {
            if let Some(filter) = node.downcast_ref::<FilterExec>() {
                let predicate = condition(filter.predicate(), &filter.input().schema())?;
                let filter = FilterExecBuilder::from(filter).with_predicate(predicate).build()?;
                return Ok(Transformed::yes(Arc::new(filter) as Arc<dyn ExecutionPlan>));
            }
            let Some(projection) = node.downcast_ref::<ProjectionExec>() else { return Ok(Transformed::no(node)) };
            let schema = projection.input().schema();
            let columns = projection
                .expr()
                .iter()
                .map(|column| Ok(ProjectionExpr { expr: value(&column.expr, &schema)?, alias: column.alias.clone() }));
            let columns = columns.collect::<Result<Vec<_>>>()?;
            Ok(Transformed::yes(Arc::new(ProjectionExec::try_new(columns, Arc::clone(projection.input()))?)))
        });
        Ok(done?.data)
    }

    fn name(&self) -> &'static str {
        "lazily"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// The same condition, which rows pass in which it is true. What cannot fail comes first, wherever it stands: conditions
/// of several queries meet in one, in any order.
///
/// # Errors
/// When DataFusion makes no expression of it.
pub(crate) fn condition(whole: &Physical, schema: &Schema) -> Result<Physical> {
    let (operator, parts) = match parts(whole) {
        Some(found) if may_fail(whole, schema) => found,
        _ => return value(whole, schema),
    };
    let parts = parts.into_iter().map(|part| condition(part, schema)).collect::<Result<Vec<_>>>()?;
    let (risky, safe): (Vec<_>, Vec<_>) = parts.into_iter().partition(|part| may_fail(part, schema));
    let safe = safe.into_iter().reduce(|left, right| binary(left, operator, right));
    let open = |first: Physical, then: Physical| match operator {
        Operator::And => case(None, vec![(first, then)], None),
        _ => case(None, vec![(first, lit(true))], Some(then)),
    };
    let risky = chain(risky, open)?;
    Ok(match (safe, risky) {
        (Some(safe), Some(risky)) => match operator {
            // By itself it goes on to say which objects and pages hold rows at all.
            Operator::And => conjunction([Arc::clone(&safe), open(safe, risky)?]),
            _ => open(safe, risky)?,
        },
        (safe, risky) => safe.or(risky).unwrap_or_else(|| Arc::clone(whole)),
    })
}

/// The same value.
fn value(whole: &Physical, schema: &Schema) -> Result<Physical> {
    // What gives another value each time is computed once.
    if !may_fail(whole, schema) || is_volatile(whole) {
        return Ok(Arc::clone(whole));
    }
    let Some((operator, parts)) = parts(whole) else {
        let children = whole.children().into_iter().map(|child| value(child, schema)).collect::<Result<Vec<_>>>()?;
        return with_new_children_if_necessary(Arc::clone(whole), children);
    };
    let parts = parts.into_iter().map(|part| value(part, schema)).collect::<Result<Vec<_>>>()?;
    let open = |first: Physical, then: Physical| {
        let both = binary(Arc::clone(&first), operator, Arc::clone(&then));
        match operator {
            _ if !may_fail(&then, schema) => Ok(both),
            // NULL leaves it open, too.
            Operator::And => case(None, vec![(not(first)?, lit(false))], Some(both)),
            _ => case(None, vec![(first, lit(true))], Some(both)),
        }
    };
    Ok(chain(parts, open)?.unwrap_or_else(|| Arc::clone(whole)))
}

/// What an AND or an OR is of.
fn parts(whole: &Physical) -> Option<(Operator, Vec<&Physical>)> {
    match whole.downcast_ref::<BinaryExpr>()?.op() {
        Operator::And => Some((Operator::And, split_conjunction(whole))),
        Operator::Or => Some((Operator::Or, split_disjunction(whole))),
        _ => None,
    }
}

/// Each of them in front of what comes behind it.
fn chain(parts: Vec<Physical>, open: impl Fn(Physical, Physical) -> Result<Physical>) -> Result<Option<Physical>> {
    let mut parts = parts.into_iter().rev();
    let Some(last) = parts.next() else { return Ok(None) };
    parts.try_fold(last, |then, first| open(first, then)).map(Some)
}

fn binary(left: Physical, operator: Operator, right: Physical) -> Physical {
    Arc::new(BinaryExpr::new(left, operator, right))
}

/// Whether there may be values for which it fails.
fn may_fail(whole: &Physical, schema: &Schema) -> bool {
    let mut found = false;
    let _ = whole.apply(|expr| {
        found = found || fails(expr, schema);
        Ok(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    found
}

fn fails(expr: &Physical, schema: &Schema) -> bool {
    if let Some(cast) = expr.downcast_ref::<CastExpr>() {
        return !cast.expr().data_type(schema).is_ok_and(|from| has_all(cast.cast_type(), &from));
    }
    if let Some(binary) = expr.downcast_ref::<BinaryExpr>() {
        return matches!(binary.op(), Operator::Divide | Operator::Modulo) && !binary.right().is::<Literal>();
    }
    expr.is::<ScalarFunctionExpr>() || expr.is::<HigherOrderFunctionExpr>()
}

/// Whether a type has every value of the other one.
fn has_all(to: &DataType, from: &DataType) -> bool {
    let wide = |kind: &DataType| kind.primitive_width();
    from == to
        || is_text(to)
        || (from.is_numeric() && (to.is_floating() || to.is_integer() && from.is_integer() && wide(to) >= wide(from)))
}
