//! What metrics and alarms refuse, as CloudWatch says it.

use weir_watch::{alarm::AlarmError, metric::MetricError};

use crate::ApiError;

impl From<MetricError> for ApiError {
    fn from(error: MetricError) -> Self {
        of(error.code(), error.to_string())
    }
}

impl From<AlarmError> for ApiError {
    fn from(error: AlarmError) -> Self {
        of(error.code(), error.to_string())
    }
}

fn of(code: &'static str, message: String) -> ApiError {
    let status = match code {
        "ResourceNotFound" => 404,
        "InternalServiceError" => 500,
        _ => 400,
    };
    ApiError::new(code, message).with_status(status)
}

/// There is no such resource, as the operations on tags say it.
pub(super) fn nothing_to_tag(arn: &str) -> ApiError {
    ApiError::new("ResourceNotFoundException", format!("Unknown {arn}")).with_status(404)
}
