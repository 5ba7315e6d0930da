//! When alarms were watched without a break.
//!
//! A missing data point says something only when somebody looked through most of its period: the program ran, and its
//! clock went steadily. The time before a start, that over which the clock jumped, and a standstill (which looks like a jump)
//! were not watched. A clock that went back leads through time that was judged already; that is not judged again,
//! and the data of it, which are those of two times, are not used. A clock that went back by more than ten minutes is believed
//! at once: nothing from before counts.

/// How much later than asked for a poll may come, and how far back the clock may go, in milliseconds, before it counts as a jump.
const TOLERANCE: i64 = 2000;

/// Up to how far back time is waited out, in milliseconds.
pub(super) const WAITED_OUT: i64 = 600_000;

/// Most gaps that are remembered apart.
const MOST_GAPS: usize = 64;

/// What polls told of the clock.
#[derive(Debug, Clone, Default)]
pub(super) struct Clock {
    /// The last poll, and when the next one should have come.
    last: Option<(i64, i64)>,
    /// Times at which nobody looked, oldest first.
    gaps: Vec<(i64, i64)>,
    /// Data of periods that reach into this span are not used: it came twice, or is of a time before time began anew.
    forget: (i64, i64),
}

impl Clock {
    /// Takes in what time a poll came. True when it is the first one or the clock jumped.
    pub(super) fn observe(&mut self, now: i64) -> bool {
        let before = self.last.replace((now, now));
        let (last, due) = before.unwrap_or((i64::MIN, i64::MIN));
        let ahead = now.saturating_sub(due) > TOLERANCE;
        let back = now < last.saturating_sub(TOLERANCE);
        if ahead {
            self.add_gap(last, now);
        } else if now < last.saturating_sub(WAITED_OUT) {
            self.forget = (i64::MIN, now);
        } else if back {
            let from = if self.forget.1 > now { self.forget.0.min(now) } else { now };
            self.forget = (from, self.forget.1.max(last));
        }
        ahead || back
    }

    fn add_gap(&mut self, from: i64, until: i64) {
        self.gaps.push((from, until));
        if self.gaps.len() > MOST_GAPS {
            // What lies between two old ones counts as not watched, too.
            let oldest = self.gaps.remove(0);
            self.gaps[0].0 = oldest.0;
        }
    }

    /// Notes when the next poll should come.
    pub(super) fn expect(&mut self, due: i64) {
        if let Some((_, expected)) = &mut self.last {
            *expected = due;
        }
    }

    /// Whether data of a period are used.
    pub(super) fn remembers(&self, start: i64, end: i64) -> bool {
        end <= self.forget.0 || start >= self.forget.1
    }

    /// Whether somebody looked for more than half of a period.
    pub(super) fn watched(&self, start: i64, end: i64) -> bool {
        let overlap = |(from, until): &(i64, i64)| ((*until).min(end) - (*from).max(start)).max(0);
        self.gaps.iter().map(overlap).sum::<i64>() * 2 < end - start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jumps_are_told_from_the_steady_clock() {
        let mut clock = Clock::default();
        let mut observe = |now, due| {
            let jumped = clock.observe(now);
            clock.expect(due);
            (jumped, clock.gaps.len(), clock.forget)
        };
        assert_eq!(observe(10_000_000, 10_005_000), (true, 1, (0, 0)));
        assert_eq!(observe(10_005_900, 10_015_000), (false, 1, (0, 0)));
        assert_eq!(observe(10_005_000, 10_015_000), (false, 1, (0, 0)));
        assert_eq!(observe(10_017_001, 10_018_000), (true, 2, (0, 0)));
        assert_eq!(observe(10_010_000, 10_011_000), (true, 2, (10_010_000, 10_017_001)));
        assert_eq!(observe(10_007_000, 10_008_000), (true, 2, (10_007_000, 10_017_001)));
        assert_eq!(observe(5_000_000, 5_001_000), (true, 2, (i64::MIN, 5_000_000)));
        assert!(!clock.remembers(4_999_000, 5_000_001) && clock.remembers(5_000_000, 5_060_000));
    }

    #[test]
    fn a_period_is_watched_when_most_of_it_is() {
        let mut clock = Clock::default();
        for (now, due) in [(100_000, 101_000), (110_000, 111_000), (111_000, 112_000), (150_000, 151_000)] {
            clock.observe(now);
            clock.expect(due);
        }
        // Not until 100 s, not from 100 to 110 s, not from 111 to 150 s.
        for (start, end, watched) in [
            (0, 60_000, false),
            (60_000, 120_000, false),
            (110_000, 111_000, true),
            (105_000, 112_000, false),
            (120_000, 180_000, false),
            (120_000, 182_000, true),
            (150_000, 151_000, true),
        ] {
            assert_eq!(clock.watched(start, end), watched, "{start} to {end}");
        }
        for gap in 2..200 {
            clock.observe(gap * 100_000);
        }
        assert_eq!(clock.gaps.len(), MOST_GAPS);
        assert!(!clock.watched(0, 60_000));
    }
}
