//! Log streams.

use serde::Deserialize;
use weir_store::logs::{CreateLogStreamRequest, DescribeLogStreamsRequest, DescribeLogStreamsResponse};

use super::Logs;
use crate::{ApiError, Call};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StreamInput {
    log_group_name: String,
    log_stream_name: String,
}

pub(super) fn create(logs: &Logs, call: &Call, input: &CreateLogStreamRequest) -> Result<(), ApiError> {
    Ok(logs.region(call)?.logs.create_log_stream(input, call.now)?)
}

pub(super) fn delete(logs: &Logs, call: &Call, input: &StreamInput) -> Result<(), ApiError> {
    Ok(logs.region(call)?.logs.delete_log_stream(&input.log_group_name, &input.log_stream_name)?)
}

pub(super) fn describe(
    logs: &Logs,
    call: &Call,
    input: &DescribeLogStreamsRequest,
) -> Result<DescribeLogStreamsResponse, ApiError> {
    one_group(&input.log_group_name, &input.log_group_identifier)?;
    Ok(logs.region(call)?.logs.describe_log_streams(input)?)
}

/// A group is named in one of two ways.
pub(super) fn one_group(name: &Option<String>, identifier: &Option<String>) -> Result<(), ApiError> {
    if name.is_some() && identifier.is_some() {
        let message = "LogGroup name and LogGroup ARN are mutually exclusive parameters.";
        return Err(ApiError::new("ValidationException", message));
    }
    Ok(())
}
