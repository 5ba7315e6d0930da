//! DataFusion's errors in Trino's words.

use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::parser::ParserError;

use crate::error::{Code, Error, Position};
use crate::lexer::Token;

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
        ArrowError::CastError(text) | ArrowError::ParseError(text) => (Code::InvalidCastArgument, text.clone()),
        ArrowError::ArithmeticOverflow(text) => (Code::NumericValueOutOfRange, text.clone()),
        other => (Code::Internal, other.to_string()),
    }
}

fn plan(text: &str) -> (Code, String) {
    if let Some(rest) = text.strip_prefix("Invalid function '") {
        let name = rest.split('\'').next().unwrap_or(rest);
        return (Code::FunctionNotFound, format!("Function '{name}' not registered"));
    }
    if text.contains("must be part of GROUP BY") || text.contains("must appear in the GROUP BY") {
        return (Code::ExpressionNotAggregate, text.to_owned());
    }
    if text.contains("does not support zero arguments") || text.contains("No function matches") {
        return (Code::FunctionNotFound, text.to_owned());
    }
    (Code::TypeMismatch, text.to_owned())
}

/// The error of the parser: `line 1:15: mismatched input 'x'. Expecting: …`.
pub(crate) fn from_parser(error: &ParserError) -> Error {
    let text = match error {
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => text.as_str(),
        ParserError::RecursionLimitExceeded => "the statement is nested too deeply",
    };
    let (text, position) = split_position(text);
    let message = match text.strip_prefix("Expected: ").and_then(|rest| rest.rsplit_once(", found: ")) {
        Some((expected, found)) => {
            let found = if found == "EOF" { "<EOF>" } else { found };
            format!("mismatched input '{found}'. Expecting: {expected}")
        }
        None => text.to_owned(),
    };
    Error { code: Code::SyntaxError, position, message }
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

/// Adds the place of the name that the error is about, when the name stands in the statement.
pub(crate) fn with_place(mut error: Error, tokens: &[Token<'_>]) -> Error {
    let about_a_name = matches!(error.code, Code::ColumnNotFound | Code::AmbiguousName | Code::FunctionNotFound);
    if error.position.is_none() && about_a_name {
        let name = error.message.split('\'').nth(1).unwrap_or_default();
        let last = name.rsplit('.').next().unwrap_or(name);
        error.position =
            tokens.iter().find(|token| token.value().eq_ignore_ascii_case(last)).map(|token| token.position);
    }
    error
}
