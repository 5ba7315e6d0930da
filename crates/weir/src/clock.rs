//! The one place that reads the clock, and how moments are written for people.

use std::time::{Duration, Instant, SystemTime};

/// The time of day, as time since 1970 in UTC. A clock set before that counts as 1970.
#[allow(clippy::disallowed_methods, reason = "only the program reads the clock, and only here")]
pub fn now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// The time of day in seconds.
pub fn seconds() -> i64 {
    i64::try_from(now().as_secs()).unwrap_or(i64::MAX)
}

/// The time of day in milliseconds.
pub fn milliseconds() -> i64 {
    i64::try_from(now().as_millis()).unwrap_or(i64::MAX)
}

/// A clock that never goes back, for measuring how long things take.
#[allow(clippy::disallowed_methods, reason = "only the program reads the clock, and only here")]
pub fn steady() -> Instant {
    Instant::now()
}

/// A moment, in seconds since 1970, as people read it.
pub fn utc(seconds: u64) -> String {
    let moment = i64::try_from(seconds).ok().and_then(|seconds| chrono::DateTime::from_timestamp(seconds, 0));
    moment.map_or("-".into(), |time| time.format("%Y-%m-%d %H:%M:%S UTC").to_string())
}
