//! The one place that reads the clock.

use std::time::{Duration, Instant, SystemTime};

/// The time of day, as time since 1970 in UTC. A clock set before that counts as 1970.
#[allow(clippy::disallowed_methods, reason = "only the program reads the clock, and only here")]
pub fn now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// A clock that never goes back, for measuring how long things take.
#[allow(clippy::disallowed_methods, reason = "only the program reads the clock, and only here")]
pub fn steady() -> Instant {
    Instant::now()
}
