//! Metric math: expressions over time series.
//!
//! An expression is parsed once ([`Expression`]) and computed over a [`Context`]: what names stand for, the span of time,
//! and where `SEARCH` finds metrics. It knows nothing of how metrics are stored.

mod calendar;
mod combine;
mod evaluate;
mod function;
mod lex;
mod parse;
mod search;
mod value;

pub use evaluate::{Context, Find};
pub use parse::Expression;
pub use search::Search;
pub use value::{Series, Value};

/// Why an expression cannot be parsed or computed, and where: bytes from its beginning, from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at position {at}: {message}")]
pub struct MathError {
    /// Where.
    pub at: usize,
    /// Why.
    pub message: String,
}

impl MathError {
    pub(crate) fn new(at: usize, message: impl Into<String>) -> Self {
        Self { at: at + 1, message: message.into() }
    }
}

#[cfg(test)]
mod tests;
