//! Whether the clock can be believed when it says that events are to be deleted.

/// Says what time it is for deleting, once the clock has gone steadily for a while.
///
/// A clock that jumps ahead makes everything look old, and what is deleted stays deleted. So after a start and after
/// each jump nothing is deleted for an hour; when the clock is set right within that hour, nothing is lost. A clock that
/// went back makes events look newer, and deletes nothing too early.
#[derive(Debug, Default)]
pub(super) struct SteadyClock {
    /// The time when it was last asked, Unix milliseconds.
    last: Option<i64>,
    /// Since when it has gone steadily.
    since: i64,
}

const MINUTE: i64 = 60_000;
/// A step from one question to the next that is no jump.
const STEP: i64 = 10 * MINUTE;
/// How long a clock goes before it is believed.
const PATIENCE: i64 = 60 * MINUTE;

impl SteadyClock {
    /// The time, when it can be believed.
    pub(super) fn believe(&mut self, now: i64) -> Option<i64> {
        let steady = self.last.is_some_and(|last| now.abs_diff(last) <= STEP.unsigned_abs());
        if !steady {
            self.since = now;
        }
        self.last = Some(now);
        (now.saturating_sub(self.since) >= PATIENCE).then_some(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_jumps_is_not_believed_for_an_hour() {
        let mut clock = SteadyClock::default();
        let mut minutes = |from: i64, count: i64| {
            (from..from + count).filter_map(|minute| clock.believe(minute * MINUTE)).next().map(|now| now / MINUTE)
        };
        assert_eq!(minutes(0, 100), Some(60));
        // A year ahead, and set right after half an hour.
        assert_eq!(minutes(525_600, 30), None);
        assert_eq!(minutes(130, 60), None);
        assert_eq!(minutes(190, 5), Some(190));
        // A day back, and it stays there.
        assert_eq!(minutes(190 - 1_440, 100), Some(250 - 1_440));
    }
}
