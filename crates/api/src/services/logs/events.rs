//! Log events.

use weir_store::logs::{
    FilterLogEventsRequest, FilterLogEventsResponse, GetLogEventsRequest, GetLogEventsResponse, PutLogEventsRequest,
    PutLogEventsResponse,
};
use weir_watch::pattern::Pattern;

use super::{Logs, error::invalid, streams::one_group};
use crate::{ApiError, Call};

pub(super) fn put(logs: &Logs, call: &Call, input: &PutLogEventsRequest) -> Result<PutLogEventsResponse, ApiError> {
    for (member, value) in [("logGroupName", &input.log_group_name), ("logStreamName", &input.log_stream_name)] {
        if value.is_empty() {
            return Err(invalid(format!(
                "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
            )));
        }
    }
    Ok(logs.region(call)?.logs.put_log_events(input, call.now)?)
}

pub(super) fn get(logs: &Logs, call: &Call, input: &GetLogEventsRequest) -> Result<GetLogEventsResponse, ApiError> {
    one_group(&input.log_group_name, &input.log_group_identifier)?;
    Ok(logs.region(call)?.logs.get_log_events(input, call.now)?)
}

pub(super) fn filter(
    logs: &Logs,
    call: &Call,
    input: &FilterLogEventsRequest,
) -> Result<FilterLogEventsResponse, ApiError> {
    one_group(&input.log_group_name, &input.log_group_identifier)?;
    let pattern: Option<Pattern> =
        input.filter_pattern.as_deref().filter(|pattern| !pattern.is_empty()).map(str::parse).transpose()?;
    let store = &logs.region(call)?.logs;
    Ok(match &pattern {
        None => store.filter_log_events(input, None, call.now)?,
        Some(pattern) => {
            let matches = |messages: &_, records: Option<&_>| pattern.matches_lines(messages, records);
            store.filter_log_events(input, Some(&matches), call.now)?
        }
    })
}
