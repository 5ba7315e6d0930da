//! Types that Trino does not compare or reckon with, found before DataFusion would cast them.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, Result};
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, Operator};

use crate::error::{Code, Error, Position};
use crate::function::{is_text, type_name};
use crate::lexer::Token;

/// Refuses a plan that compares, say, varchar with integer.
///
/// # Errors
/// TYPE_MISMATCH with the place of the operator in the statement that the tokens are of.
pub(crate) fn types(plan: &LogicalPlan, tokens: &[Token<'_>]) -> Result<(), Error> {
    let mut found = None;
    let walked = plan.apply_with_subqueries(|node| {
        let schema = input_schema(node)?;
        node.apply_expressions(|expr| {
            expr.apply(|expr| {
                found = mismatch(expr, &schema, tokens);
                Ok(if found.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
            })
        })
    });
    match found {
        Some(error) => Err(error),
        None => walked.map(|_| ()).map_err(|error| crate::trino_error::from_datafusion(&error)),
    }
}

/// What the expressions of a node can name.
pub(crate) fn input_schema(node: &LogicalPlan) -> Result<DFSchema> {
    let mut inputs = node.inputs().into_iter();
    let Some(first) = inputs.next() else { return Ok(node.schema().as_ref().clone()) };
    let mut schema = first.schema().as_ref().clone();
    for input in inputs {
        schema = schema.join(input.schema()).unwrap_or(schema);
    }
    Ok(schema)
}

fn mismatch(expr: &Expr, schema: &DFSchema, tokens: &[Token<'_>]) -> Option<Error> {
    let type_of = |expr: &Expr| expr.get_type(schema).ok();
    match expr {
        Expr::BinaryExpr(binary) => {
            let (left, right) = (type_of(&binary.left)?, type_of(&binary.right)?);
            let wrong = match binary.op {
                op if is_comparison(op) => !comparable(&left, &right),
                Operator::Plus | Operator::Minus | Operator::Multiply | Operator::Divide | Operator::Modulo => {
                    is_text(&left) || is_text(&right)
                }
                _ => false,
            };
            if !wrong {
                return None;
            }
            let (left, right) = (type_name(&left), type_name(&right));
            let op = if binary.op == Operator::NotEq { "<>".to_owned() } else { binary.op.to_string() };
            let position = operator_position(tokens, &op, place(&binary.left), place(&binary.right));
            Some(error(position, format!("Cannot apply operator: {left} {op} {right}")))
        }
        Expr::InList(list) => {
            let value = type_of(&list.expr)?;
            let other = list.list.iter().find(|item| type_of(item).is_some_and(|item| !comparable(&value, &item)))?;
            let (value, other) = (type_name(&value), type_name(&type_of(other)?));
            Some(error(place(&list.expr), format!("IN value and list items must be the same type: {value}, {other}")))
        }
        Expr::Between(between) => {
            let (value, low, high) = (type_of(&between.expr)?, type_of(&between.low)?, type_of(&between.high)?);
            if comparable(&value, &low) && comparable(&value, &high) {
                return None;
            }
            let [value, low, high] = [value, low, high].map(|kind| type_name(&kind));
            Some(error(place(&between.expr), format!("Cannot check if {value} is BETWEEN {low} and {high}")))
        }
        Expr::ScalarFunction(call) => {
            let types: Vec<DataType> = call.args.iter().map(type_of).collect::<Option<_>>()?;
            let name = call.name();
            let mixed = OF_ONE_TYPE.contains(&name) && !of_one_type(&types);
            let of_numbers =
                OF_TEXTS.contains(&name) && types.first().is_some_and(|first| !is_text(first) && !first.is_null());
            if !mixed && !of_numbers {
                return None;
            }
            let names: Vec<String> = types.iter().map(type_name).collect();
            let name = if name == "character_length" { "length" } else { name };
            let message = format!("Unexpected parameters ({}) for function {name}", names.join(", "));
            Some(Error { code: Code::FunctionNotFound, position: place(expr), message })
        }
        Expr::Case(case) => {
            let results = case.when_then_expr.iter().map(|(_, then)| then).chain(&case.else_expr);
            let types: Vec<DataType> = results.map(|result| type_of(result)).collect::<Option<_>>()?;
            if of_one_type(&types) {
                return None;
            }
            let shown: Vec<String> = types.iter().map(type_name).collect();
            let message =
                format!("All CASE results must be the same type or coercible to a common type: {}", shown.join(", "));
            Some(error(place(expr), message))
        }
        Expr::Like(like) => {
            let value = type_of(&like.expr)?;
            if is_text(&value) || value.is_null() {
                return None;
            }
            let message =
                format!("Left side of LIKE expression must evaluate to a varchar (actual: {})", type_name(&value));
            Some(error(place(&like.expr), message))
        }
        _ => None,
    }
}

/// Functions of DataFusion's that make texts of whatever they get first.
const OF_TEXTS: [&str; 6] = ["character_length", "concat_ws", "lpad", "regexp_count", "rpad", "translate"];

/// Functions of DataFusion's that cast their arguments to one type, whatever they are.
const OF_ONE_TYPE: [&str; 4] = ["coalesce", "greatest", "least", "nullif"];

fn of_one_type(types: &[DataType]) -> bool {
    let known = types.iter().find(|kind| !kind.is_null());
    known.is_none_or(|first| types.iter().all(|kind| comparable(first, kind)))
}

fn error(position: Option<Position>, message: String) -> Error {
    Error { code: Code::TypeMismatch, position, message }
}

fn is_comparison(op: Operator) -> bool {
    matches!(op, Operator::Eq | Operator::NotEq | Operator::Lt | Operator::LtEq | Operator::Gt | Operator::GtEq)
}

/// Whether Trino compares the two without a cast.
fn comparable(a: &DataType, b: &DataType) -> bool {
    let class = |data_type: &DataType| match data_type {
        DataType::Null => 0,
        other if is_text(other) => 1,
        other if other.is_numeric() => 2,
        DataType::Boolean => 3,
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => 4,
        _ => 5,
    };
    class(a) == 0 || class(b) == 0 || class(a) == class(b)
}

/// Where the first column of the expression stands.
fn place(expr: &Expr) -> Option<Position> {
    let mut found = None;
    let _ = expr.apply(|expr| {
        if let Expr::Column(Column { spans, .. }) = expr
            && let Some(span) = spans.first()
        {
            found = Some(Position { line: span.start.line, column: span.start.column });
            return Ok(TreeNodeRecursion::Stop);
        }
        Ok(TreeNodeRecursion::Continue)
    });
    found
}

/// Where the operator stands: the next one after what is left of it, or the last before what is right.
fn operator_position(
    tokens: &[Token<'_>],
    op: &str,
    left: Option<Position>,
    right: Option<Position>,
) -> Option<Position> {
    let is_op = |token: &&Token<'_>| token.is_symbol(op) || (op == "<>" && token.is_symbol("!="));
    match (left, right) {
        (Some(left), _) => tokens.iter().filter(is_op).map(|token| token.position).find(|at| *at > left),
        (None, Some(right)) => tokens.iter().filter(is_op).map(|token| token.position).rfind(|at| *at < right),
        (None, None) => None,
    }
}
