//! Types that Trino does not compare or reckon with, found before DataFusion would cast them.

use std::collections::BTreeSet;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, Result};
use datafusion::logical_expr::expr::{Cast, TryCast};
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, Operator};

use crate::error::{Code, Error, Position};
use crate::function::{ADDRESS, PREFIX, is_text, json_type, type_name};
use crate::lexer::Token;

/// Refuses a plan that compares, say, varchar with integer.
///
/// # Errors
/// TYPE_MISMATCH with the place of the operator in the statement that the tokens are of.
pub(crate) fn types(plan: &LogicalPlan, tokens: &[Token<'_>]) -> Result<(), Error> {
    let mut found = None;
    let walked = plan.apply_with_subqueries(|node| {
        found = mismatched_columns(node);
        if found.is_some() {
            return Ok(TreeNodeRecursion::Stop);
        }
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

/// Whether two expressions beside each other have one name for DataFusion, such as a column and a cast of it. It plans
/// some such statements and fails when it makes them better.
pub(crate) fn names_clash(plan: &LogicalPlan) -> bool {
    let mut clash = false;
    let _ = plan.apply_with_subqueries(|node| {
        let expressions: Vec<&Expr> = match node {
            LogicalPlan::Projection(node) => node.expr.iter().collect(),
            LogicalPlan::Aggregate(node) => node.group_expr.iter().chain(&node.aggr_expr).collect(),
            LogicalPlan::Window(node) => node.window_expr.iter().collect(),
            _ => return Ok(TreeNodeRecursion::Continue),
        };
        let mut names = BTreeSet::new();
        clash = !expressions.iter().all(|expr| names.insert(expr.schema_name().to_string()));
        Ok(if clash { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    clash
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

/// Columns that are put below each other, or joined by name, and are of types that do not go together.
fn mismatched_columns(node: &LogicalPlan) -> Option<Error> {
    match node {
        LogicalPlan::Union(union) => {
            let [first, others @ ..] = union.inputs.as_slice() else { return None };
            let types = |input: &LogicalPlan| -> Vec<DataType> {
                input.schema().fields().iter().map(|field| field.data_type().clone()).collect()
            };
            let first = types(first);
            others.iter().find_map(|other| {
                let pairs = first.iter().zip(types(other)).enumerate();
                let (at, (a, b)) = pairs.into_iter().find(|(_, (a, b))| !comparable(a, b))?;
                let (a, b) = (type_name(a), type_name(&b));
                Some(error(None, format!("column {} in UNION query has incompatible types: {a}, {b}", at + 1)))
            })
        }
        LogicalPlan::Join(join) => join.on.iter().find_map(|(left, right)| {
            let (a, b) = (left.get_type(join.left.schema()).ok()?, right.get_type(join.right.schema()).ok()?);
            let message = || format!("Cannot apply operator: {} = {}", type_name(&a), type_name(&b));
            (!comparable(&a, &b)).then(|| error(place(left), message()))
        }),
        _ => None,
    }
}

fn mismatch(expr: &Expr, schema: &DFSchema, tokens: &[Token<'_>]) -> Option<Error> {
    let type_of = |expr: &Expr| expr.get_type(schema).ok();
    match expr {
        Expr::BinaryExpr(binary) => {
            let (left, right) = (type_of(&binary.left)?, type_of(&binary.right)?);
            let wrong = match binary.op {
                Operator::StringConcat if !joins(&left, &right) => {
                    let message = format!(
                        "Unexpected parameters ({}, {}) for function concat",
                        type_name(&left),
                        type_name(&right)
                    );
                    let position = operator_position(tokens, "||", place(&binary.left), place(&binary.right));
                    return Some(Error { code: Code::FunctionNotFound, position, message });
                }
                Operator::IsDistinctFrom | Operator::IsNotDistinctFrom if !comparable(&left, &right) => {
                    let message =
                        format!("Cannot check if {} is distinct from {}", type_name(&left), type_name(&right));
                    return Some(error(place(&binary.left), message));
                }
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
        Expr::InSubquery(within) => {
            let (value, item) =
                (type_of(&within.expr)?, within.subquery.subquery.schema().field(0).data_type().clone());
            if comparable(&value, &item) {
                return None;
            }
            let (value, item) = (type_name(&value), type_name(&item));
            let message =
                format!("value and result of subquery must be of the same type for IN expression: {value} vs {item}");
            Some(error(place(&within.expr), message))
        }
        Expr::Cast(Cast { expr: of, field }) | Expr::TryCast(TryCast { expr: of, field }) => {
            let (from, to) = (type_of(of)?, field.data_type());
            let message = || format!("Cannot cast {} to {}", type_name(&from), type_name(to));
            (!castable(&from, to)).then(|| error(place(of), message()))
        }
        Expr::AggregateFunction(call) => {
            let condition = type_of(call.params.filter.as_ref()?)?;
            let message = format!("FILTER condition must evaluate to a boolean (actual: {})", type_name(&condition));
            (!is_condition(&condition)).then(|| error(place(expr), message))
        }
        Expr::ScalarFunction(call) => {
            let types: Vec<DataType> = call.args.iter().map(type_of).collect::<Option<_>>()?;
            mismatched_call(call.name(), &types, place(expr))
        }
        Expr::Case(case) => {
            let results = case.when_then_expr.iter().map(|(_, then)| then).chain(&case.else_expr);
            let types: Vec<DataType> = results.map(|result| type_of(result)).collect::<Option<_>>()?;
            if !of_one_type(&types) {
                return Some(error(place(expr), format!("All CASE results must be {}", one_type(&types))));
            }
            let of = match &case.expr {
                Some(of) => type_of(of)?,
                None => DataType::Boolean,
            };
            let when =
                case.when_then_expr.iter().find_map(|(when, _)| type_of(when).filter(|when| !comparable(&of, when)))?;
            let when = type_name(&when);
            Some(error(
                place(expr),
                match &case.expr {
                    Some(_) => {
                        format!(
                            "CASE operand type does not match WHEN clause operand type: {} vs {when}",
                            type_name(&of)
                        )
                    }
                    // What other words are planned as.
                    None if !tokens.iter().any(|token| token.is_word("case")) => {
                        format!("IF condition must evaluate to a boolean (actual: {when})")
                    }
                    None => format!("CASE WHEN clause must evaluate to a boolean (actual: {when})"),
                },
            ))
        }
        Expr::Like(like) => {
            let is_wrong = |kind: &DataType| !is_text(kind) && !kind.is_null();
            let sides = [("Left side of", &like.expr), ("Pattern for", &like.pattern)];
            let (side, of, kind) =
                sides.iter().find_map(|(side, of)| Some((side, of, type_of(of).filter(is_wrong)?)))?;
            let message = format!("{side} LIKE expression must evaluate to a varchar (actual: {})", type_name(&kind));
            Some(error(place(of), message))
        }
        _ => None,
    }
}

/// Functions of DataFusion's that make texts of whatever they get first.
const OF_TEXTS: [&str; 6] = ["character_length", "concat_ws", "lpad", "regexp_count", "rpad", "translate"];

/// A call of a function that DataFusion casts the arguments of, whatever they are.
fn mismatched_call(name: &str, types: &[DataType], position: Option<Position>) -> Option<Error> {
    let wrong = |kind: &DataType| !is_text(kind) && !kind.is_null();
    let refused = match name {
        "coalesce" if types.len() < 2 => {
            let message = "The 'coalesce' function must have at least two arguments".to_owned();
            return Some(Error { code: Code::SyntaxError, position, message });
        }
        "coalesce" if !of_one_type(types) => {
            return Some(error(position, format!("All COALESCE operands must be {}", one_type(types))));
        }
        "make_array" if !of_one_type(types) => {
            return Some(error(position, format!("All ARRAY elements must be {}", one_type(types))));
        }
        "nullif" if !of_one_type(types) => {
            let shown: Vec<String> = types.iter().map(type_name).collect();
            return Some(error(position, format!("Types are not comparable with NULLIF: {}", shown.join(" vs "))));
        }
        "greatest" | "least" => !of_one_type(types),
        "array_append" | "array_prepend" => !matches!(types, [a, b] if joins(a, b)),
        "array_to_string" => types.iter().skip(1).any(wrong),
        name => OF_TEXTS.contains(&name) && types.first().is_some_and(wrong),
    };
    let names: Vec<String> = types.iter().map(type_name).collect();
    let name = match name {
        "character_length" => "length",
        "array_to_string" => "array_join",
        "array_append" | "array_prepend" => "concat",
        name => name,
    };
    let message = format!("Unexpected parameters ({}) for function {name}", names.join(", "));
    refused.then_some(Error { code: Code::FunctionNotFound, position, message })
}

/// What is said of types that do not go together.
fn one_type(types: &[DataType]) -> String {
    let shown: Vec<String> = types.iter().map(type_name).collect();
    format!("the same type or coercible to a common type: {}", shown.join(", "))
}

const fn is_condition(kind: &DataType) -> bool {
    matches!(kind, DataType::Boolean | DataType::Null)
}

/// Whether `||` joins the two: texts, arrays, or an array and an item.
fn joins(left: &DataType, right: &DataType) -> bool {
    match (left, right) {
        (DataType::List(a), DataType::List(b)) => comparable(a.data_type(), b.data_type()),
        (DataType::List(item), other) | (other, DataType::List(item)) => comparable(item.data_type(), other),
        (left, right) if left.is_null() || right.is_null() => true,
        (left, right) => {
            let is_binary = |kind: &DataType| matches!(kind, DataType::Binary | DataType::BinaryView);
            (is_text(left) && is_text(right)) || (is_binary(left) && is_binary(right))
        }
    }
}

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
pub(crate) fn comparable(a: &DataType, b: &DataType) -> bool {
    match (a, b) {
        (a, b) if a == b || a.is_null() || b.is_null() => true,
        (a, b) if is_special(a) || is_special(b) => false,
        (DataType::List(a), DataType::List(b)) => comparable(a.data_type(), b.data_type()),
        (DataType::Map(a, _), DataType::Map(b, _)) => comparable(a.data_type(), b.data_type()),
        (DataType::Struct(a), DataType::Struct(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| comparable(a.data_type(), b.data_type()))
        }
        (a, b) => class(a).is_some() && class(a) == class(b),
    }
}

/// Whether both are texts, numbers, dates or times.
pub(crate) fn is_plain(a: &DataType, b: &DataType) -> bool {
    let plain = |kind: &DataType| matches!(class(kind), Some(Class::Text | Class::Number | Class::Time));
    plain(a) && plain(b)
}

#[derive(PartialEq)]
enum Class {
    Text,
    Number,
    /// Dates and times with and without zone.
    Time,
    Interval,
    Binary,
}

fn class(kind: &DataType) -> Option<Class> {
    Some(match kind {
        kind if is_text(kind) => Class::Text,
        kind if kind.is_numeric() => Class::Number,
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => Class::Time,
        DataType::Duration(_) => Class::Interval,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => Class::Binary,
        _ => return None,
    })
}

/// Types of ours that are as nothing else: IPADDRESS, IPPREFIX, JSON.
fn is_special(kind: &DataType) -> bool {
    *kind == ADDRESS || *kind == PREFIX || *kind == json_type()
}

/// Whether Trino has a cast from one to the other. What is cast to and from JSON and addresses is judged where these
/// casts are made.
fn castable(from: &DataType, to: &DataType) -> bool {
    match (from, to) {
        (from, to) if comparable(from, to) || is_special(from) || is_special(to) => true,
        (DataType::List(from), DataType::List(to)) => castable(from.data_type(), to.data_type()),
        (DataType::Map(from, _), DataType::Map(to, _)) => castable(from.data_type(), to.data_type()),
        (DataType::Struct(from), DataType::Struct(to)) => {
            from.len() == to.len() && from.iter().zip(to).all(|(from, to)| castable(from.data_type(), to.data_type()))
        }
        // The types of intervals are those of numbers in a statement that are planned.
        (from, DataType::Duration(_) | DataType::Interval(_)) => from.is_integer(),
        (from, to) => {
            let is_number = |kind: &DataType| kind.is_numeric() || *kind == DataType::Boolean;
            let has_text = |kind: &DataType| {
                is_number(kind)
                    || matches!(class(kind), Some(Class::Time))
                    || matches!(kind, DataType::Duration(_) | DataType::Interval(_))
            };
            (is_number(from) && is_number(to))
                || (is_text(to) && has_text(from))
                || (is_text(from) && (is_number(to) || matches!(class(to), Some(Class::Time))))
        }
    }
}

/// Where the first column of the expression stands.
pub(crate) fn place(expr: &Expr) -> Option<Position> {
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
