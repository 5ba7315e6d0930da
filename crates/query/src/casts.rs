//! Casts that Arrow does not do, to and from JSON, IPADDRESS and IPPREFIX, and those that Trino does otherwise. They are
//! found in the plan, where the types are known, and become calls of functions.

use std::sync::Arc;

use datafusion::arrow::array::timezone::Tz;
use datafusion::arrow::datatypes::{DataType, FieldRef, TimeUnit};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::execution::FunctionRegistry;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::expr::{Cast, ScalarFunction, TryCast};
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, ScalarUDF, cast};

use crate::check::input_schema;
use crate::error::{Code, Error};
use crate::function::{
    ADDRESS, PREFIX, PREFIX_TEXT, TO_ADDRESS, TO_JSON, TO_PREFIX, TO_TEXT, TRY_TO_ADDRESS, cast_to, casts_otherwise,
    from_json, is_text, json_type, type_name,
};
use crate::try_function::TRY;

/// Makes every such cast of the plan one that runs.
///
/// # Errors
/// TYPE_MISMATCH for types that have no cast.
pub(crate) fn resolve(plan: LogicalPlan, session: &SessionState) -> Result<LogicalPlan> {
    let resolved = plan.transform_up_with_subqueries(|node| {
        let schema = input_schema(&node)?;
        node.map_expressions(|expr| {
            expr.transform_up(|expr| match &expr {
                Expr::Cast(Cast { expr: inner, field }) => resolved(&expr, inner, field, false, &schema, session),
                Expr::TryCast(TryCast { expr: inner, field }) => resolved(&expr, inner, field, true, &schema, session),
                _ => with_one_zone(expr, &schema),
            })
        })
    })?;
    Ok(resolved.data)
}

/// Functions whose arguments become one type.
const OF_ONE_TYPE: [&str; 5] = ["coalesce", "greatest", "least", "make_array", "nullif"];

/// Gives dates and times without zone the one of UTC where they stand beside times with a zone, which DataFusion would
/// take it from.
fn with_one_zone(mut expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let name = expr.schema_name().to_string();
    let values: Vec<&mut Expr> = match &mut expr {
        Expr::Case(case) => {
            let results = case.when_then_expr.iter_mut().map(|(_, then)| then);
            results.chain(&mut case.else_expr).map(Box::as_mut).collect()
        }
        Expr::ScalarFunction(call) if OF_ONE_TYPE.contains(&call.name()) => call.args.iter_mut().collect(),
        _ => return Ok(Transformed::no(expr)),
    };
    let types = values.iter().map(|value| value.get_type(schema)).collect::<Result<Vec<_>>>()?;
    let is_bare = |kind: &DataType| matches!(kind, DataType::Date32 | DataType::Timestamp(_, None));
    let has_zone = types.iter().any(|kind| matches!(kind, DataType::Timestamp(_, Some(_))));
    if !has_zone || !types.iter().any(is_bare) {
        return Ok(Transformed::no(expr));
    }
    for (value, _) in values.into_iter().zip(&types).filter(|(_, kind)| is_bare(kind)) {
        let bare = std::mem::take(value);
        let local = cast(bare, DataType::Timestamp(TimeUnit::Millisecond, None));
        *value = cast(local, DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())));
    }
    Ok(Transformed::yes(expr.alias(name)))
}

fn resolved(
    whole: &Expr,
    inner: &Expr,
    target: &FieldRef,
    lenient: bool,
    schema: &DFSchema,
    session: &SessionState,
) -> Result<Transformed<Expr>> {
    let (from, to) = (inner.get_type(schema)?, target.data_type());
    if let DataType::Timestamp(_, Some(zone)) = to
        && zone.parse::<Tz>().is_err()
    {
        let message = format!("Time zone not supported: {zone}");
        return Err(Error::new(Code::InvalidFunctionArgument, message).into_datafusion());
    }
    let Some(function) = function(&from, to, lenient, session)? else { return Ok(Transformed::no(whole.clone())) };
    let fails_never = function.name() == TRY_TO_ADDRESS;
    let mut call = Expr::ScalarFunction(ScalarFunction::new_udf(function, vec![inner.clone()]));
    if lenient && !fails_never {
        call = Expr::ScalarFunction(ScalarFunction::new_udf(session.udf(TRY)?, vec![call]));
    }
    Ok(Transformed::yes(call.alias(whole.schema_name().to_string())))
}

/// What does the cast; none when Arrow does it as Trino would.
fn function(from: &DataType, to: &DataType, lenient: bool, session: &SessionState) -> Result<Option<Arc<ScalarUDF>>> {
    let json = json_type();
    let special = |kind: &DataType| *kind == ADDRESS || *kind == PREFIX || *kind == json;
    if from == to || from.is_null() {
        return Ok(None);
    }
    if !special(from) && !special(to) {
        return Ok(casts_otherwise(from, to).then(|| Arc::new(cast_to(to.clone()))));
    }
    let name = match to {
        _ if *from == json => return Ok(Some(Arc::new(from_json(to.clone())))),
        to if *to == json => TO_JSON,
        to if *to == ADDRESS && is_text(from) => {
            if lenient {
                TRY_TO_ADDRESS
            } else {
                TO_ADDRESS
            }
        }
        to if *to == PREFIX && (is_text(from) || *from == ADDRESS) => TO_PREFIX,
        to if is_text(to) && *from == ADDRESS => TO_TEXT,
        to if is_text(to) && *from == PREFIX => PREFIX_TEXT,
        to => {
            let message = format!("Cannot cast {} to {}", type_name(from), type_name(to));
            return Err(Error::new(Code::TypeMismatch, message).into_datafusion());
        }
    };
    session.udf(name).map(Some)
}
