//! Why a pattern was refused.

/// A pattern that says nothing: what is wrong with it, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Invalid filter pattern: character {column}: {problem}")]
pub struct PatternError {
    /// Which character of the pattern, counted from 1; one beyond the last when something is missing at the end.
    pub column: usize,
    /// What is wrong there and what would be right.
    pub problem: String,
}

impl PatternError {
    /// The code under which AWS answers this.
    pub fn code(&self) -> &'static str {
        "InvalidParameterException"
    }
}
