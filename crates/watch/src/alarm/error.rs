//! What goes wrong with alarms.

use weir_store::CatalogueError;

use crate::metric::MetricError;

/// Why an operation on alarms was refused or failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AlarmError {
    /// Something that the operation needs was not given.
    #[error("The parameter {0} is required.")]
    Missing(&'static str),
    /// A value is out of its bounds, or an expression or a rule cannot be read.
    #[error("{0}")]
    Validation(String),
    /// A value of a list that it is not in.
    #[error("{0}")]
    Value(String),
    /// Values that do not go together.
    #[error("{0}")]
    Combination(String),
    /// Not the JSON that it should be.
    #[error("{0}")]
    Format(String),
    /// There is no such alarm.
    #[error("Resource not found: {0}")]
    NotFound(String),
    /// More than there may be.
    #[error("{0}")]
    Limit(String),
    /// No token of ours.
    #[error("The next token specified is invalid.")]
    NextToken,
    /// What the catalogue holds is not what was written there.
    #[error("the catalogue is damaged: alarm `{alarm}`: {message}")]
    Damaged {
        /// The alarm.
        alarm: String,
        /// What cannot be read.
        message: String,
    },
    /// Its metrics or expression.
    #[error(transparent)]
    Metric(#[from] MetricError),
    /// The catalogue was not read or written.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
}

impl AlarmError {
    /// The error's name in the AWS API.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "MissingParameter",
            Self::Validation(_) => "ValidationError",
            Self::Value(_) => "InvalidParameterValue",
            Self::Combination(_) => "InvalidParameterCombination",
            Self::Format(_) => "InvalidFormat",
            Self::NotFound(_) => "ResourceNotFound",
            Self::Limit(_) => "LimitExceeded",
            Self::NextToken => "InvalidNextToken",
            Self::Metric(error) => error.code(),
            Self::Damaged { .. } | Self::Catalogue(_) => "InternalServiceError",
        }
    }

    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::Validation(message.into())
    }
}

/// For `?` within a transaction.
impl From<rusqlite::Error> for AlarmError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Catalogue(error.into())
    }
}
