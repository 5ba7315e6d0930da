//! The one place that reads the clock.

use std::time::{Duration, Instant, SystemTime};

/// The time of day, as time since 1970 in UTC. A clock set before that counts as 1970.
#[allow(clippy::disallowed_methods, reason = "only the program reads the clock, and only here")]
fn now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// Milliseconds since 1970.
pub fn milliseconds() -> i64 {
    i64::try_from(now().as_millis()).unwrap_or(i64::MAX)
}

/// Nanoseconds since 1970.
pub fn nanoseconds() -> i64 {
    i64::try_from(now().as_nanos()).unwrap_or(i64::MAX)
}

/// For spans of time: never set back.
#[allow(clippy::disallowed_methods, reason = "only the program reads the clock, and only here")]
pub fn steady() -> Instant {
    Instant::now()
}
