//! What goes wrong with a query, with the code that AWS gives it.

use weir_store::logs::LogsError;

use super::tree::Span;

/// Why a query was refused or failed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum InsightsError {
    /// The text is no query, or asks for something that there is not: `MalformedQueryException`.
    #[error("{message} (at {start}..{end})")]
    Malformed {
        /// What is wrong.
        message: String,
        /// The first character that is meant, counted from 0 (`startCharOffset`).
        start: usize,
        /// The character behind the last (`endCharOffset`).
        end: usize,
    },
    /// An input of an operation that breaks a rule.
    #[error("{0}")]
    InvalidParameter(String),
    /// A log group, query or definition that there is not.
    #[error("{0}")]
    NotFound(String),
    /// A lookup table of this name is there already.
    #[error("{0}")]
    AlreadyExists(String),
    /// More than there may be at a time.
    #[error("{0}")]
    Limit(String),
    /// The log groups could not be read, or the catalogue refused.
    #[error(transparent)]
    Logs(#[from] LogsError),
    /// The engine could not run the query, such as for want of memory.
    #[error(transparent)]
    Engine(#[from] crate::Error),
}

impl InsightsError {
    /// The error's name in the AWS API.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "MalformedQueryException",
            Self::InvalidParameter(_) => "InvalidParameterException",
            Self::NotFound(_) => "ResourceNotFoundException",
            Self::AlreadyExists(_) => "ResourceAlreadyExistsException",
            Self::Limit(_) => "LimitExceededException",
            Self::Logs(error) => error.code(),
            Self::Engine(_) => "ServiceUnavailableException",
        }
    }

    pub(super) fn at(span: Span, message: impl Into<String>) -> Self {
        Self::Malformed { message: message.into(), start: span.start, end: span.end }
    }
}

/// For `?` within a transaction of the catalogue.
impl From<weir_store::CatalogueError> for InsightsError {
    fn from(error: weir_store::CatalogueError) -> Self {
        Self::Logs(error.into())
    }
}
