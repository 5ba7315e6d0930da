//! Live tail: events as they come in.

mod session;

use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::{runtime::Handle, sync::mpsc};
use uuid::Uuid;
use weir_watch::pattern::Pattern;

use self::session::{Session, Wanted};
use super::{Logs, error::invalid, name_of};
use crate::{ApiError, Call, Event, Events, Payload};

/// Events that wait for a client that reads slowly.
const WAITING: usize = 4;

#[derive(Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    #[serde(default)]
    log_group_identifiers: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    log_stream_names: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    log_stream_name_prefixes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_event_filter_pattern: Option<String>,
}

/// Answers with `sessionStart`, then `sessionUpdate` at least each second, for three hours at most.
pub(super) fn start(logs: &Logs, call: &Call, payload: &Payload) -> Result<Events, ApiError> {
    let input: Input = payload.parse()?;
    let pattern: Option<Pattern> = match input.log_event_filter_pattern.as_deref() {
        None | Some("") => None,
        Some(pattern) => Some(pattern.parse()?),
    };
    check_streams(&input)?;
    let store = &logs.region(call)?.logs;
    let mut identifiers = std::collections::BTreeMap::new();
    for identifier in &input.log_group_identifiers {
        let name = name_of(call, identifier)?;
        store.list_tags_log_group(&name)?;
        identifiers.insert(name, identifier.clone());
    }
    let wanted =
        Wanted { streams: input.log_stream_names.clone(), prefixes: input.log_stream_name_prefixes.clone(), pattern };
    let listener = store.listen(identifiers.keys().cloned().collect());
    let runtime = Handle::try_current().map_err(ApiError::internal)?;
    let (sender, events) = mpsc::channel(WAITING);
    sender.try_send(begun(&input, call)).map_err(ApiError::internal)?;
    runtime.spawn(Session::new(listener, identifiers, wanted).run(sender));
    Ok(events)
}

fn begun(input: &Input, call: &Call) -> Event {
    let mut payload = json!(input);
    payload["requestId"] = call.request_id.clone().into();
    payload["sessionId"] = Uuid::new_v4().to_string().into();
    Event { name: "sessionStart", is_exception: false, payload }
}

fn check_streams(input: &Input) -> Result<(), ApiError> {
    let (names, prefixes) = (&input.log_stream_names, &input.log_stream_name_prefixes);
    if !names.is_empty() && !prefixes.is_empty() {
        return Err(invalid("logStreamNames and logStreamNamePrefixes are mutually exclusive parameters."));
    }
    if input.log_group_identifiers.len() > 1 && !(names.is_empty() && prefixes.is_empty()) {
        return Err(invalid("Log stream names and prefixes can be given only with a single log group."));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
