//! Whole numbers of a statement are `integer` where they fit, as in Trino; DataFusion would make a `bigint` of each.
//!
//! Each becomes a cast, so that all that is made of it has its type from the start; the optimizer makes constants of them
//! again. A number that is a place or a length and no value stays: `ORDER BY 1`, `LIMIT 10`, the frame of a window.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr, Ident, LimitClause,
    NamedWindowExpr, ObjectName, OrderByKind, Query, Select, Statement, UnaryOperator, Value, ValueWithSpan, VisitMut,
    VisitorMut, WindowFrameBound, WindowSpec, WindowType,
};

use super::interval::is_day_to_second;
use super::{call, cast};
use crate::dialect::TYPE;
use crate::operator::NEGATE;

/// Types the numbers of a statement.
pub(super) fn integers(statement: &mut Statement) {
    let _: ControlFlow<()> = VisitMut::visit(statement, &mut Integers);
}

struct Integers;

impl VisitorMut for Integers {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            Expr::Value(_) if is_integer("", expr) => *expr = integer(expr.clone()),
            Expr::UnaryOp { op: UnaryOperator::Minus, expr: of } => {
                plain(of);
                if is_integer("-", of) {
                    *expr = integer(expr.clone());
                } else if !is_number(of) {
                    *expr = call(NEGATE, vec![of.as_ref().clone()]);
                }
            }
            Expr::Cast { data_type, expr: length, .. } if is_day_to_second(data_type) => plain(length),
            Expr::Function(function) => {
                // So DataFusion knows it for `count(*)`.
                if function.name.to_string().eq_ignore_ascii_case("count") {
                    arguments(function).for_each(plain);
                }
                if let Some(WindowType::WindowSpec(window)) = &mut function.over {
                    plain_frame(window);
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        if let GroupByExpr::Expressions(keys, _) = &mut select.group_by {
            keys.iter_mut().for_each(plain);
        }
        for window in &mut select.named_window {
            if let NamedWindowExpr::WindowSpec(window) = &mut window.1 {
                plain_frame(window);
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        if let Some(OrderByKind::Expressions(keys)) = query.order_by.as_mut().map(|order| &mut order.kind) {
            keys.iter_mut().for_each(|key| plain(&mut key.expr));
        }
        if let Some(LimitClause::LimitOffset { limit, offset, .. }) = &mut query.limit_clause {
            limit.iter_mut().chain(offset.as_mut().map(|offset| &mut offset.value)).for_each(plain);
        }
        ControlFlow::Continue(())
    }
}

/// Whether it is a number that is an integer with this sign in front.
fn is_integer(sign: &str, expr: &Expr) -> bool {
    let Expr::Value(ValueWithSpan { value: Value::Number(digits, _), .. }) = expr else { return false };
    format!("{sign}{digits}").parse::<i32>().is_ok()
}

fn is_number(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(ValueWithSpan { value: Value::Number(..), .. }))
}

/// The name of the type, which no statement can have.
fn name() -> ObjectName {
    ObjectName::from(vec![Ident::with_quote('"', format!("{TYPE}integer"))])
}

fn integer(number: Expr) -> Expr {
    cast(number, DataType::Custom(name(), Vec::new()))
}

/// Makes what [`integer`] made a number again.
fn plain(expr: &mut Expr) {
    if let Expr::Cast { data_type: DataType::Custom(of, _), expr: number, .. } = expr
        && *of == name()
    {
        *expr = std::mem::replace(number.as_mut(), Expr::value(Value::Null));
    }
}

fn plain_frame(window: &mut WindowSpec) {
    let Some(frame) = &mut window.window_frame else { return };
    for bound in [Some(&mut frame.start_bound), frame.end_bound.as_mut()].into_iter().flatten() {
        if let WindowFrameBound::Preceding(Some(length)) | WindowFrameBound::Following(Some(length)) = bound {
            plain(length);
        }
    }
}

fn arguments(function: &mut Function) -> impl Iterator<Item = &mut Expr> {
    let list = match &mut function.args {
        FunctionArguments::List(list) => list.args.as_mut_slice(),
        FunctionArguments::None | FunctionArguments::Subquery(_) => &mut [],
    };
    list.iter_mut().filter_map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    })
}
