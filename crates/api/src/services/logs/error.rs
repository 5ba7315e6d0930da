//! What the log store and the metric filters refuse, in the words of AWS.

use weir_store::logs::LogsError;
use weir_watch::{filter::FilterError, pattern::PatternError};

use crate::ApiError;

impl From<LogsError> for ApiError {
    fn from(error: LogsError) -> Self {
        let status = if error.code() == "ServiceUnavailableException" { 503 } else { 400 };
        Self::new(error.code(), error.to_string()).with_status(status)
    }
}

impl From<PatternError> for ApiError {
    fn from(error: PatternError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<FilterError> for ApiError {
    fn from(error: FilterError) -> Self {
        let status = if error.code() == "ServiceUnavailableException" { 503 } else { 400 };
        let message = match &error {
            FilterError::NoGroup(_) => LogsError::ResourceNotFound("log group").to_string(),
            FilterError::NoFilter(_) => LogsError::ResourceNotFound("metric filter").to_string(),
            FilterError::LimitExceeded(_) => "Resource limit exceeded.".to_owned(),
            other => other.to_string(),
        };
        Self::new(error.code(), message).with_status(status)
    }
}

/// A parameter is not as it must be.
pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidParameterException", message)
}

/// There is no such thing.
pub(super) fn not_found(message: impl Into<String>) -> ApiError {
    ApiError::new("ResourceNotFoundException", message)
}

/// There are as many as there may be.
pub(super) fn limit_exceeded() -> ApiError {
    ApiError::new("LimitExceededException", "Resource limit exceeded.")
}
