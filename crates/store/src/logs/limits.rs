//! What PutLogEvents takes, and what it leaves out.

use std::ops::Range;

use super::{InputEvent, LogsError, RejectedLogEventsInfo, name::refused};

/// What each event counts besides its message, in bytes.
pub(super) const EVENT_OVERHEAD: usize = 26;

const MOST_EVENTS: usize = 10_000;
const MOST_BYTES: usize = 1 << 20;
const HOUR: i64 = 60 * 60 * 1000;
pub(super) const DAY: i64 = 24 * HOUR;
/// No event may be further in the future.
const TOO_NEW: i64 = 2 * HOUR;
/// No event may be older, whatever the group keeps.
const TOO_OLD: i64 = 14 * DAY;

/// Whether a batch is within the limits: size, count, order, span.
pub(super) fn check_batch(events: &[InputEvent]) -> Result<(), LogsError> {
    if events.is_empty() {
        return Err(refused("logEvents", "[]", "Member must have length greater than or equal to 1"));
    }
    if events.len() > MOST_EVENTS {
        return Err(refused("logEvents", events.len(), "Member must have length less than or equal to 10000"));
    }
    for (index, event) in events.iter().enumerate() {
        if event.message.is_empty() {
            let member = format!("logEvents.{}.member.message", index + 1);
            return Err(refused(&member, "", "Member must have length greater than or equal to 1"));
        }
        if event.timestamp < 0 {
            let member = format!("logEvents.{}.member.timestamp", index + 1);
            return Err(refused(&member, event.timestamp, "Member must have value greater than or equal to 0"));
        }
    }
    let bytes: usize = events.iter().map(|event| event.message.len() + EVENT_OVERHEAD).sum();
    if bytes > MOST_BYTES {
        return Err(LogsError::invalid(format!("Upload too large: {bytes} bytes exceeds limit of {MOST_BYTES}")));
    }
    if !events.is_sorted_by_key(|event| event.timestamp) {
        let problem = "Log events in a single PutLogEvents request must be in chronological order.";
        return Err(LogsError::invalid(problem));
    }
    if let [first, .., last] = events
        && last.timestamp - first.timestamp > DAY
    {
        let problem = "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.";
        return Err(LogsError::invalid(problem));
    }
    Ok(())
}

/// Which of these times, which are in order, are taken, and what is said about the others.
pub(super) fn acceptable(
    timestamps: &[i64],
    retention_days: Option<u32>,
    now: i64,
) -> (Range<usize>, Option<RejectedLogEventsInfo>) {
    let before = |limit: i64| timestamps.partition_point(|time| *time < limit);
    let too_old = before(now.saturating_sub(TOO_OLD));
    let expired = expiry(retention_days, now).map_or(0, before);
    let end = before(now.saturating_add(TOO_NEW).saturating_add(1));
    let begin = too_old.max(expired).min(end);
    let told = |index: usize, of: bool| of.then(|| u32::try_from(index).unwrap_or(u32::MAX));
    let info = RejectedLogEventsInfo {
        too_new_log_event_start_index: told(end, end < timestamps.len()),
        too_old_log_event_end_index: told(too_old, too_old > 0),
        expired_log_event_end_index: told(expired, expired > too_old),
    };
    (begin..end, Some(info).filter(|info| *info != RejectedLogEventsInfo::default()))
}

/// The time before which events are no longer kept.
pub(super) fn expiry(retention_days: Option<u32>, now: i64) -> Option<i64> {
    retention_days.map(|days| now.saturating_sub(i64::from(days) * DAY))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000_000;

    fn events(timestamps: &[i64], length: usize) -> Vec<InputEvent> {
        timestamps.iter().map(|timestamp| InputEvent { timestamp: *timestamp, message: "x".repeat(length) }).collect()
    }

    #[test]
    fn batches_beyond_a_limit_are_refused() {
        let largest = MOST_BYTES - EVENT_OVERHEAD;
        check_batch(&events(&[1], largest)).expect("1 MiB with its overhead");
        check_batch(&events(&vec![5; MOST_EVENTS], 1)).expect("as many as fit");
        check_batch(&events(&[0, DAY], 1)).expect("24 hours");
        let refused = |events: &[InputEvent], words: &str| {
            let error = check_batch(events).expect_err(words);
            assert_eq!(error.code(), "InvalidParameterException");
            assert!(error.to_string().contains(words), "{error}");
        };
        refused(&[], "greater than or equal to 1");
        refused(&events(&[1], 0), "logEvents.1.member.message");
        refused(&events(&[-1], 1), "logEvents.1.member.timestamp");
        refused(&events(&[1], largest + 1), "Upload too large: 1048577 bytes");
        refused(&events(&vec![5; MOST_EVENTS + 1], 1), "less than or equal to 10000");
        refused(&events(&[2, 1], 1), "chronological order");
        refused(&events(&[0, DAY + 1], 1), "more than 24 hours");
    }

    #[test]
    fn what_is_too_old_expired_or_too_new_is_told() {
        let accept = |times: &[i64], days| acceptable(times, days, NOW);
        assert_eq!(accept(&[NOW - TOO_OLD, NOW, NOW + TOO_NEW], None), (0..3, None));
        let (taken, info) = accept(&[NOW - TOO_OLD - 1, NOW - 2 * DAY, NOW - DAY, NOW + TOO_NEW + 1], Some(1));
        assert_eq!(taken, 2..3);
        let expected = RejectedLogEventsInfo {
            too_old_log_event_end_index: Some(1),
            expired_log_event_end_index: Some(2),
            too_new_log_event_start_index: Some(3),
        };
        assert_eq!(info, Some(expected));
        let (taken, info) = accept(&[NOW + TOO_NEW + 1; 2], None);
        assert!(taken.is_empty() && info.expect("told").too_new_log_event_start_index == Some(0));
        let (taken, info) = accept(&[0; 2], Some(3653));
        assert!(taken.is_empty() && info.expect("told").too_old_log_event_end_index == Some(2));
        // A clock at the end of time, or before its start.
        assert!(accept(&[5], None).0.len() + acceptable(&[5], Some(1), i64::MAX).0.len() < 2);
        assert!(acceptable(&[5], None, i64::MIN).0.is_empty());
    }
}
