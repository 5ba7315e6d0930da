//! Inputs and outputs of the operations, named as the AWS API names them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::InputEvent;

macro_rules! shapes {
    ($($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $field:ident: $type:ty,)* })+) => {
        $(
            $(#[$about])*
            #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
            #[serde(rename_all = "camelCase", default)]
            pub struct $name {
                $($(#[$doc])* #[serde(skip_serializing_if = "is_none")] pub $field: $type,)*
            }
        )+
    };
}

/// Whether a member is not written: one that is not there.
fn is_none<T: Member>(member: &T) -> bool {
    member.is_absent()
}

trait Member {
    fn is_absent(&self) -> bool {
        false
    }
}

impl<T> Member for Option<T> {
    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl Member for String {}
impl Member for bool {}
impl Member for i64 {}
impl Member for u64 {}
impl<T> Member for Vec<T> {}
impl<K, V> Member for BTreeMap<K, V> {}

shapes! {
    /// Makes a log group.
    CreateLogGroupRequest {
        /// Its name.
        log_group_name: String,
        /// Its tags.
        tags: BTreeMap<String, String>,
        /// Such as `STANDARD`, which it is if not given. A word only: all groups are kept alike.
        log_group_class: Option<String>,
        /// Whether it cannot be deleted; it can if not given.
        deletion_protection_enabled: Option<bool>,
    }
    /// Which log groups are listed.
    DescribeLogGroupsRequest {
        /// Those whose names begin so.
        log_group_name_prefix: Option<String>,
        /// Those whose names contain this; not together with a prefix.
        log_group_name_pattern: Option<String>,
        /// 1 to 50; 50.
        limit: Option<i64>,
        /// Where the page before ended.
        next_token: Option<String>,
    }
    /// A page of log groups.
    DescribeLogGroupsResponse {
        /// By name.
        log_groups: Vec<LogGroup>,
        /// Where the next page begins, when there is one.
        next_token: Option<String>,
    }
    /// A log group.
    LogGroup {
        /// Its name.
        log_group_name: String,
        /// Unix milliseconds.
        creation_time: i64,
        /// For how many days events are kept; for ever when it is not there.
        retention_in_days: Option<u32>,
        /// The ARN with `:*`.
        arn: String,
        /// The ARN without it.
        log_group_arn: String,
        /// The messages and 26 bytes an event.
        stored_bytes: u64,
        /// Such as `STANDARD`.
        log_group_class: String,
        /// Whether it cannot be deleted.
        deletion_protection_enabled: bool,
    }
    /// Makes a log stream.
    CreateLogStreamRequest {
        /// The log group.
        log_group_name: String,
        /// The name of the stream.
        log_stream_name: String,
    }
    /// Which log streams are listed.
    DescribeLogStreamsRequest {
        /// The log group by name.
        log_group_name: Option<String>,
        /// The log group by name or ARN.
        log_group_identifier: Option<String>,
        /// Those whose names begin so; not together with the order `LastEventTime`.
        log_stream_name_prefix: Option<String>,
        /// By name, or by the time of their last event.
        order_by: Option<OrderBy>,
        /// The last first.
        descending: Option<bool>,
        /// 1 to 50; 50.
        limit: Option<i64>,
        /// Where the page before ended.
        next_token: Option<String>,
    }
    /// A page of log streams.
    DescribeLogStreamsResponse {
        /// In the order asked for.
        log_streams: Vec<LogStream>,
        /// Where the next page begins, when there is one.
        next_token: Option<String>,
    }
    /// A log stream.
    LogStream {
        /// Its name.
        log_stream_name: String,
        /// Unix milliseconds.
        creation_time: i64,
        /// The earliest event, Unix milliseconds.
        first_event_timestamp: Option<i64>,
        /// The latest event, Unix milliseconds.
        last_event_timestamp: Option<i64>,
        /// When events were last put, Unix milliseconds.
        last_ingestion_time: Option<i64>,
        /// Accepted and ignored by PutLogEvents; of a stream that has had events.
        upload_sequence_token: Option<String>,
        /// The ARN.
        arn: String,
        /// Always 0, as in AWS; the group's is kept.
        stored_bytes: u64,
    }
    /// Puts events into a stream.
    PutLogEventsRequest {
        /// The log group.
        log_group_name: String,
        /// The log stream.
        log_stream_name: String,
        /// In order of time.
        log_events: Vec<InputEvent>,
        /// Ignored, as AWS does today.
        sequence_token: Option<String>,
    }
    /// What became of the events.
    PutLogEventsResponse {
        /// Not needed any more, but still given.
        next_sequence_token: Option<String>,
        /// What was not stored.
        rejected_log_events_info: Option<RejectedLogEventsInfo>,
    }
    /// Which events of a batch were not stored.
    RejectedLogEventsInfo {
        /// This one and those behind it are more than two hours in the future.
        too_new_log_event_start_index: Option<u32>,
        /// Those in front of this one are older than 14 days.
        too_old_log_event_end_index: Option<u32>,
        /// Those in front of this one are older than what the group keeps.
        expired_log_event_end_index: Option<u32>,
    }
    /// Reads a stream page by page.
    GetLogEventsRequest {
        /// The log group by name.
        log_group_name: Option<String>,
        /// The log group by name or ARN.
        log_group_identifier: Option<String>,
        /// The log stream.
        log_stream_name: String,
        /// From this time on, Unix milliseconds.
        start_time: Option<i64>,
        /// Before this time, Unix milliseconds.
        end_time: Option<i64>,
        /// Where to go on: `f/…` or `b/…`.
        next_token: Option<String>,
        /// 1 to 10,000; as many as fit into 1 MiB.
        limit: Option<i64>,
        /// Whether the first page is the oldest; otherwise the latest.
        start_from_head: Option<bool>,
    }
    /// A page of a stream.
    GetLogEventsResponse {
        /// By time.
        events: Vec<OutputLogEvent>,
        /// The page behind this one. The token that was given: there is nothing more yet.
        next_forward_token: String,
        /// The page in front of this one. The token that was given: there is nothing more.
        next_backward_token: String,
    }
    /// An event as it is read.
    OutputLogEvent {
        /// When it happened, Unix milliseconds.
        timestamp: i64,
        /// The text.
        message: String,
        /// When it was taken, Unix milliseconds.
        ingestion_time: i64,
    }
    /// Searches a log group.
    FilterLogEventsRequest {
        /// The log group by name.
        log_group_name: Option<String>,
        /// The log group by name or ARN.
        log_group_identifier: Option<String>,
        /// These streams only, at most 100.
        log_stream_names: Option<Vec<String>>,
        /// The streams whose names begin so; not together with names.
        log_stream_name_prefix: Option<String>,
        /// From this time on, Unix milliseconds.
        start_time: Option<i64>,
        /// Up to this time, Unix milliseconds, itself included.
        end_time: Option<i64>,
        /// What an event must match. Whoever calls makes a predicate of it.
        filter_pattern: Option<String>,
        /// Where to go on.
        next_token: Option<String>,
        /// 1 to 10,000.
        limit: Option<i64>,
        /// Ignored: events of all streams come by time.
        interleaved: Option<bool>,
    }
    /// A page of what was found.
    FilterLogEventsResponse {
        /// By time.
        events: Vec<FilteredLogEvent>,
        /// Always empty, as in AWS.
        searched_log_streams: Vec<SearchedLogStream>,
        /// Where the search goes on; it has ended when there is none. A page may be empty and have one.
        next_token: Option<String>,
    }
    /// An event that was found.
    FilteredLogEvent {
        /// Its stream.
        log_stream_name: String,
        /// When it happened, Unix milliseconds.
        timestamp: i64,
        /// The text.
        message: String,
        /// When it was taken, Unix milliseconds.
        ingestion_time: i64,
        /// Its id: 56 digits.
        event_id: String,
    }
    /// A stream that was searched.
    SearchedLogStream {
        /// Its name.
        log_stream_name: String,
        /// Whether all of it was.
        searched_completely: Option<bool>,
    }
}

/// In which order streams are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderBy {
    /// By name.
    #[default]
    LogStreamName,
    /// By the time of the last event.
    LastEventTime,
}
