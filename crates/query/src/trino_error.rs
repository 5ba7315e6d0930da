//! DataFusion's errors in Trino's words.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;
use datafusion::parquet::errors::ParquetError;
use datafusion::sql::sqlparser::parser::ParserError;

use crate::error::{Code, Error, Position};
use crate::function::type_name;
use crate::lexer::Token;
use crate::rewrite::OTHER_NAMES;

/// The error as Athena would tell it. Errors of ours that went through DataFusion come out as they were.
pub(crate) fn from_datafusion(error: &DataFusionError) -> Error {
    if let Some(own) = own(error) {
        return own;
    }
    let position = error
        .diagnostic()
        .and_then(|diagnostic| diagnostic.span)
        .map(|span| Position { line: span.start.line, column: span.start.column });
    let (code, message) = code_and_message(error.find_root());
    Error { code, position, message }
}

/// Whether Parquet could not be read.
pub(crate) fn is_parquet(error: &DataFusionError) -> bool {
    match error.find_root() {
        DataFusionError::ParquetError(_) => true,
        DataFusionError::ArrowError(inner, _) => {
            matches!(inner.as_ref(), datafusion::arrow::error::ArrowError::ParquetError(_))
        }
        _ => false,
    }
}

/// Whether two columns have one name for DataFusion, which Trino allows in an answer and tells apart elsewhere.
pub(crate) fn names_clash(error: &DataFusionError) -> bool {
    match error.find_root() {
        DataFusionError::Plan(text) => {
            ["Projections require unique", "Windows require unique"].iter().any(|start| text.starts_with(start))
        }
        DataFusionError::SchemaError(inner, _) => matches!(
            inner.as_ref(),
            SchemaError::DuplicateUnqualifiedField { .. } | SchemaError::DuplicateQualifiedField { .. }
        ),
        _ => false,
    }
}

/// The error of ours inside, wherever it is.
fn own(error: &DataFusionError) -> Option<Error> {
    match error {
        DataFusionError::External(inner) => match inner.downcast_ref::<Error>() {
            Some(own) => Some(own.clone()),
            None => inner.downcast_ref::<DataFusionError>().and_then(own_inner),
        },
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => own(inner),
        DataFusionError::Shared(inner) => own(inner),
        DataFusionError::ArrowError(inner, _) => match inner.as_ref() {
            datafusion::arrow::error::ArrowError::ExternalError(inner) => inner
                .downcast_ref::<Error>()
                .cloned()
                .or_else(|| inner.downcast_ref::<DataFusionError>().and_then(own_inner)),
            _ => None,
        },
        DataFusionError::ParquetError(inner) => match inner.as_ref() {
            ParquetError::External(inner) => inner.downcast_ref::<Error>().cloned(),
            _ => None,
        },
        DataFusionError::Collection(all) => all.iter().find_map(own),
        _ => None,
    }
}

fn own_inner(error: &DataFusionError) -> Option<Error> {
    own(error)
}

fn code_and_message(error: &DataFusionError) -> (Code, String) {
    match error {
        DataFusionError::SchemaError(inner, _) => schema(inner),
        DataFusionError::ResourcesExhausted(_) => {
            (Code::ExceededMemoryLimit, format!("Query exceeded its memory limit: {}", error.strip_backtrace()))
        }
        DataFusionError::NotImplemented(text) => (Code::NotSupported, text.clone()),
        DataFusionError::ArrowError(inner, _) => arrow(inner),
        DataFusionError::Plan(text) => plan(text),
        _ => (Code::Internal, error.strip_backtrace()),
    }
}

fn schema(error: &SchemaError) -> (Code, String) {
    match error {
        SchemaError::FieldNotFound { field, .. } => {
            (Code::ColumnNotFound, format!("Column '{}' cannot be resolved", field.flat_name()))
        }
        SchemaError::AmbiguousReference { field } => {
            (Code::AmbiguousName, format!("Column '{}' is ambiguous", field.name))
        }
        other => (Code::NotSupported, other.to_string()),
    }
}

fn arrow(error: &datafusion::arrow::error::ArrowError) -> (Code, String) {
    use datafusion::arrow::error::ArrowError;
    match error {
        ArrowError::DivideByZero => (Code::DivisionByZero, "Division by zero".to_owned()),
        ArrowError::CastError(text) | ArrowError::ParseError(text) => (Code::InvalidCastArgument, cast(text)),
        ArrowError::ArithmeticOverflow(text) => (Code::NumericValueOutOfRange, text.clone()),
        ArrowError::ComputeError(text) if text.contains("overflow") => (Code::NumericValueOutOfRange, text.clone()),
        other => (Code::Internal, other.to_string()),
    }
}

/// What Arrow says of a value that does not fit a type, as Trino says it.
fn cast(text: &str) -> String {
    let type_of = |name: &str| name.parse().map_or_else(|_| name.to_owned(), |kind| type_name(&kind));
    if let Some((value, kind)) = text.strip_prefix("Can't cast value ").and_then(|rest| rest.split_once(" to type ")) {
        return format!("Out of range for {}: {value}", type_of(kind));
    }
    let quoted = text.strip_prefix("Cannot cast string '").and_then(|rest| rest.rsplit_once("' to value of "));
    if let Some((value, kind)) = quoted {
        return match type_of(kind.trim_end_matches(" type")).as_str() {
            "date" => format!("Value cannot be cast to date: {value}"),
            "integer" => format!("Cannot cast '{value}' to INT"),
            kind => format!("Cannot cast '{value}' to {}", kind.to_uppercase()),
        };
    }
    match text.strip_prefix("Error parsing timestamp from '").and_then(|rest| rest.rsplit_once("': ")) {
        Some((value, _)) => format!("Value cannot be cast to timestamp: {value}"),
        None => text.to_owned(),
    }
}

fn plan(text: &str) -> (Code, String) {
    if let Some(rest) = text.strip_prefix("Invalid function '") {
        let name = rest.split('\'').next().unwrap_or(rest);
        return (Code::FunctionNotFound, format!("Function '{name}' not registered"));
    }
    if text.contains("must be part of GROUP BY") || text.contains("must appear in the GROUP BY") {
        return (Code::ExpressionNotAggregate, not_aggregate(text));
    }
    if let Some(message) = no_such_call(text) {
        let negated = message.strip_prefix("Unexpected parameters (").and_then(|rest| rest.strip_suffix(NEGATED));
        return match negated {
            Some(kind) => (Code::TypeMismatch, format!("Cannot negate {kind}")),
            None => (Code::FunctionNotFound, message),
        };
    }
    if let Some(found) = of_types(text) {
        return found;
    }
    if text.contains("does not support zero arguments") {
        return (Code::FunctionNotFound, text.to_owned());
    }
    (Code::TypeMismatch, text.to_owned())
}

/// What is said of a column that is not grouped, which DataFusion names with its table.
fn not_aggregate(text: &str) -> String {
    let column = text.split_once("column \"").and_then(|(_, rest)| rest.split_once("\" must"));
    let column = column
        .filter(|(column, _)| !column.contains('('))
        .map(|(column, _)| column.rsplit('.').next().unwrap_or(column));
    column.map_or_else(
        || text.to_owned(),
        |column| format!("'{column}' must be an aggregate expression or appear in GROUP BY clause"),
    )
}

/// How what is said of a minus ends, which is planned as a call.
const NEGATED: &str = ") for function $negate";

/// What DataFusion says of places that are none and of what is no truth value.
fn of_types(text: &str) -> Option<(Code, String)> {
    let type_of = |name: &str| name.parse().map_or_else(|_| name.to_owned(), |kind| type_name(&kind));
    if let Some(rest) = text.strip_prefix("Order by column out of bounds, specified: ") {
        let place = rest.split(',').next().unwrap_or(rest);
        return Some((Code::InvalidColumnReference, format!("ORDER BY position {place} is not in select list")));
    }
    if let Some(rest) = text.strip_prefix("Cannot find column with position ") {
        let place = rest.split(' ').next().unwrap_or(rest);
        return Some((Code::InvalidColumnReference, format!("GROUP BY position {place} is not in select list")));
    }
    if let Some(rest) = text.strip_prefix("Cannot infer common string type for string concat operation ") {
        let (left, right) = rest.split_once(" || ")?;
        let message = format!("Unexpected parameters ({}, {}) for function concat", type_of(left), type_of(right));
        return Some((Code::FunctionNotFound, message));
    }
    let message = if let Some(rest) = text.strip_prefix("Cannot create filter with non-boolean predicate ") {
        let kind = type_of(rest.rsplit(" returning ").next()?);
        format!("WHERE or HAVING clause must evaluate to a boolean: actual type {kind}")
    } else if let Some(kind) = text.strip_prefix("Unary operator 'NOT' requires a boolean expression, got ") {
        format!("Value of logical NOT expression must evaluate to a boolean (actual: {})", type_of(kind))
    } else {
        let rest = text.strip_prefix("Cannot infer common argument type for logical boolean operation ")?;
        let (left, right) = rest.split_once(" AND ").or_else(|| rest.split_once(" OR "))?;
        let wrong = if left == "Boolean" { right } else { left };
        format!("Logical expression term must evaluate to a boolean (actual: {})", type_of(wrong))
    };
    Some((Code::TypeMismatch, message))
}

/// What is said of arguments that a function does not take: by the function itself, or else by DataFusion, which names
/// the call.
fn no_such_call(text: &str) -> Option<String> {
    let (before, after) = text.split_once("No function matches the given name and argument types '")?;
    if let Some((_, own)) = before.split_once("FUNCTION_NOT_FOUND: ") {
        return Some(own.trim_end().trim_end_matches('.').to_owned());
    }
    let (name, types) = after.split_once("'. ").map_or(after, |(call, _)| call).split_once('(')?;
    let types = types.strip_suffix(')').unwrap_or(types);
    let name = trino_name(name);
    let shown =
        split_types(types).into_iter().map(|kind| kind.parse().map_or(kind.to_owned(), |kind| type_name(&kind)));
    Some(format!("Unexpected parameters ({}) for function {name}", shown.collect::<Vec<_>>().join(", ")))
}

/// What Trino calls a function of DataFusion's.
fn trino_name(name: &str) -> &str {
    match name {
        "btrim" => "trim",
        "character_length" => "length",
        "ceil" | "random" => name,
        "string_agg" => "listagg",
        "var" => "variance",
        name => OTHER_NAMES.iter().find(|(_, ours)| *ours == name).map_or(name, |(trino, _)| trino),
    }
}

/// The types of a list that are not within brackets.
fn split_types(list: &str) -> Vec<&str> {
    let (mut types, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in list.char_indices() {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        if c == ',' && depth == 0 {
            types.push(list[start..at].trim());
            start = at + 1;
        }
    }
    types.push(list[start..].trim());
    types.retain(|kind| !kind.is_empty());
    types
}

/// The error of the parser: `line 1:15: mismatched input 'x'. Expecting: …`. Where the statement
/// breaks off, that is behind its last token.
pub(crate) fn from_parser(error: &ParserError, sql: &str) -> Error {
    let text = match error {
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => text.as_str(),
        ParserError::RecursionLimitExceeded => "the statement is nested too deeply",
    };
    let (text, position) = split_position(text);
    let message = match text.strip_prefix("Expected: ").and_then(|rest| rest.rsplit_once(", found: ")) {
        Some((expected, found)) => {
            if found == "EOF" {
                let position = position.unwrap_or_else(|| end(sql));
                let message = format!("mismatched input '<EOF>'. Expecting: {expected}");
                return Error::at(Code::SyntaxError, position, message);
            }
            format!("mismatched input '{found}'. Expecting: {expected}")
        }
        None => text.to_owned(),
    };
    Error { code: Code::SyntaxError, position, message }
}

/// The place behind a text.
fn end(sql: &str) -> Position {
    let line = sql.matches('\n').count() as u64 + 1;
    let last = sql.rsplit('\n').next().unwrap_or(sql);
    Position { line, column: last.chars().count() as u64 + 1 }
}

/// Takes the ` at Line: 1, Column: 15` off the end.
fn split_position(text: &str) -> (&str, Option<Position>) {
    let parsed = text.rsplit_once(" at Line: ").and_then(|(before, numbers)| {
        let (line, column) = numbers.split_once(", Column: ")?;
        let position = Position { line: line.parse().ok()?, column: column.trim().parse().ok()? };
        Some((before, position))
    });
    parsed.map_or((text, None), |(before, position)| (before, Some(position)))
}

/// Adds the place of the name that the error is about, when the name stands in the statement; of an
/// operator that does not go with its operands, its own.
pub(crate) fn with_place(mut error: Error, tokens: &[Token<'_>]) -> Error {
    if let Some(operands) = operands(&error.message) {
        return operator_mismatch(error.position, operands, tokens);
    }
    if let Some(operator) = planned_operator(&error.message) {
        let near = error.position;
        let is_it = |token: &&Token<'_>| {
            let is = token.is_symbol(operator) || (operator == "<>" && token.is_symbol("!="));
            is && near.is_none_or(|near| token.position > near)
        };
        error.position = tokens.iter().find(is_it).map(|token| token.position);
        return error;
    }
    let about_a_name = matches!(error.code, Code::ColumnNotFound | Code::AmbiguousName | Code::FunctionNotFound);
    if error.position.is_none() && about_a_name {
        let name = error.message.split('\'').nth(1).unwrap_or_default();
        let last = name.rsplit('.').next().unwrap_or(name);
        error.position =
            tokens.iter().find(|token| token.value().eq_ignore_ascii_case(last)).map(|token| token.position);
    }
    error
}

/// The operator of an error of ours, which knows only a place near to it.
fn planned_operator(message: &str) -> Option<&str> {
    const OPERATORS: [&str; 11] = ["+", "-", "*", "/", "%", "=", "<>", "<=", ">=", "<", ">"];
    let operands = message.strip_prefix("Cannot apply operator: ")?;
    operands.split(' ').find(|word| OPERATORS.contains(word))
}

/// Takes `Utf8 + Int64` out of what DataFusion says of a sum that it cannot do.
fn operands(message: &str) -> Option<(DataType, &str, DataType)> {
    let rest = message.strip_prefix("Cannot coerce arithmetic expression ")?;
    let mut words = rest.strip_suffix(" to valid types")?.split(' ');
    let (left, op, right) = (words.next()?, words.next()?, words.next()?);
    Some((left.parse().ok()?, op, right.parse().ok()?))
}

fn operator_mismatch(
    near: Option<Position>,
    (left, op, right): (DataType, &str, DataType),
    tokens: &[Token<'_>],
) -> Error {
    let place = tokens.iter().position(|token| token.is_symbol(op) && near.is_none_or(|near| token.position > near));
    let (left, right) = (type_name(&left), type_name(&right));
    let position = place.and_then(|place| tokens.get(place)).map(|token| token.position);
    Error { code: Code::TypeMismatch, position, message: format!("Cannot apply operator: {left} {op} {right}") }
}
