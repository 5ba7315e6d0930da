//! `t CROSS JOIN UNNEST(t.list)`, `t LEFT JOIN UNNEST(t.list) ON TRUE`: the arrays of the right side are columns of the left. DataFusion plans such a join and
//! cannot run it; here the right side is put on top of the left.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{NullHandling, Result};
use datafusion::logical_expr::{Expr, Join, JoinType, LogicalPlan, LogicalPlanBuilder, lit};

/// Makes every such join of the plan one that runs.
///
/// # Errors
/// When DataFusion does not plan what comes of it.
pub(crate) fn resolve(plan: LogicalPlan) -> Result<LogicalPlan> {
    let resolved = plan.transform_up_with_subqueries(|node| {
        let LogicalPlan::Join(Join { left, right, on, filter, join_type, .. }) = &node else {
            return Ok(Transformed::no(node));
        };
        let always = filter.as_ref().is_none_or(|filter| *filter == lit(true));
        let empty = match join_type {
            JoinType::Inner => NullHandling::Drop,
            JoinType::Left => NullHandling::PreserveAndExpandEmpty,
            _ => return Ok(Transformed::no(node)),
        };
        if !on.is_empty() || !always || right.all_out_ref_exprs().is_empty() {
            return Ok(Transformed::no(node));
        }
        match onto(left, right, empty)? {
            Some(rows) => Ok(Transformed::yes(rows.build()?)),
            None => Ok(Transformed::no(node)),
        }
    })?;
    Ok(resolved.data)
}

/// The columns of `left`, and behind them those of `right`, which takes its values from them; none when `right` is more
/// than arrays taken apart. `empty` says what becomes of a row whose arrays have nothing in them.
fn onto(left: &Arc<LogicalPlan>, right: &LogicalPlan, empty: NullHandling) -> Result<Option<LogicalPlanBuilder>> {
    let input = match right {
        LogicalPlan::EmptyRelation(empty) if empty.produce_one_row => {
            return Ok(Some(LogicalPlanBuilder::from(left.as_ref().clone())));
        }
        LogicalPlan::Subquery(subquery) => return onto(left, &subquery.subquery, empty),
        LogicalPlan::Projection(projection) => &projection.input,
        LogicalPlan::Unnest(unnest) => &unnest.input,
        LogicalPlan::SubqueryAlias(alias) => &alias.input,
        _ => return Ok(None),
    };
    let Some(input) = onto(left, input, empty)? else { return Ok(None) };
    let kept = || left.schema().columns().into_iter().map(Expr::Column);
    Ok(Some(match right {
        LogicalPlan::Projection(projection) => {
            let names = projection.schema.iter();
            let further = projection.expr.iter().zip(names).map(|(expr, (qualifier, field))| {
                Ok(of_left(expr.clone())?.alias_qualified(qualifier.cloned(), field.name()))
            });
            input.project(kept().map(Ok).chain(further).collect::<Result<Vec<_>>>()?)?
        }
        LogicalPlan::SubqueryAlias(alias) => {
            let further = alias.input.schema().columns().into_iter().map(|column| {
                let name = column.name.clone();
                Expr::Column(column).alias_qualified(Some(alias.alias.clone()), name)
            });
            input.project(kept().chain(further).collect::<Vec<_>>())?
        }
        LogicalPlan::Unnest(unnest) => {
            let options = unnest.options.clone().with_null_handling(empty);
            input.unnest_columns_with_options(unnest.exec_columns.clone(), options)?
        }
        _ => return Ok(None),
    }))
}

/// The expression over the columns of the left side themselves.
fn of_left(expr: Expr) -> Result<Expr> {
    let inner = expr.transform_up(|expr| match expr {
        Expr::OuterReferenceColumn(_, column) => Ok(Transformed::yes(Expr::Column(column))),
        other => Ok(Transformed::no(other)),
    });
    Ok(inner?.data)
}
