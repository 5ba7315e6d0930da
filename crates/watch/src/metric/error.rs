//! What goes wrong with metrics.

use weir_store::CatalogueError;

/// Why an operation on metrics was refused or failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetricError {
    /// Something that the operation needs was not given.
    #[error("The parameter {0} is required.")]
    Missing(&'static str),
    /// A value is out of its bounds.
    #[error("{0}")]
    Value(String),
    /// Values that do not go together.
    #[error("{0}")]
    Combination(String),
    /// A query or an expression that cannot be computed.
    #[error("{0}")]
    Validation(String),
    /// No token of ours.
    #[error("The next token specified is invalid.")]
    NextToken,
    /// The catalogue was not read or written.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
}

impl MetricError {
    /// The error's name in the AWS API.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "MissingParameter",
            Self::Value(_) => "InvalidParameterValue",
            Self::Combination(_) => "InvalidParameterCombination",
            Self::Validation(_) => "ValidationError",
            Self::NextToken => "InvalidNextToken",
            Self::Catalogue(_) => "InternalServiceError",
        }
    }
}
