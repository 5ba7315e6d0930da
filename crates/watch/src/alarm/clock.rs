//! Since when alarms were watched without a break.
//!
//! A missing data point says something only when somebody looked through its whole period: the program ran, and its clock
//! went steadily. After a start, after the clock jumped, and after a standstill (which looks like a jump), periods that
//! began before are not held against anybody. A clock that went back leads through time that was judged already; that is
//! not judged again, and the data of it, which are those of two times, are not used. A clock that went back by more than
//! ten minutes is believed at once: nothing from before counts.

/// How much later than asked for a poll may come, and how far back the clock may go, in milliseconds, before it counts as a jump.
const TOLERANCE: i64 = 2000;

/// Up to how far back time is waited out, in milliseconds.
pub(super) const WAITED_OUT: i64 = 600_000;

/// What polls told of the clock.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Clock {
    /// The last poll, and when the next one should have come.
    last: Option<(i64, i64)>,
    /// Periods that began before were not watched.
    pub(super) watching_since: i64,
    /// Data of periods that reach into this span are not used: it came twice, or is of a time before time began anew.
    forget: (i64, i64),
}

impl Clock {
    /// Takes in what time a poll came. True when it is the first one or the clock jumped.
    pub(super) fn observe(&mut self, now: i64) -> bool {
        let (last, due) = self.last.unwrap_or((now, now));
        let back = now < last - TOLERANCE;
        let jumped = self.last.is_none() || back || now > due + TOLERANCE;
        if jumped {
            self.watching_since = now;
        }
        if now < last - WAITED_OUT {
            self.forget = (i64::MIN, now);
        } else if back {
            let from = if self.forget.1 > now { self.forget.0.min(now) } else { now };
            self.forget = (from, self.forget.1.max(last));
        }
        self.last = Some((now, now));
        jumped
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
            (jumped, clock.watching_since, clock.forget)
        };
        assert_eq!(observe(10_000_000, 10_005_000), (true, 10_000_000, (0, 0)));
        assert_eq!(observe(10_005_900, 10_015_000), (false, 10_000_000, (0, 0)));
        assert_eq!(observe(10_005_000, 10_015_000), (false, 10_000_000, (0, 0)));
        assert_eq!(observe(10_017_001, 10_018_000), (true, 10_017_001, (0, 0)));
        assert_eq!(observe(10_010_000, 10_011_000), (true, 10_010_000, (10_010_000, 10_017_001)));
        assert_eq!(observe(10_007_000, 10_008_000), (true, 10_007_000, (10_007_000, 10_017_001)));
        assert_eq!(observe(5_000_000, 5_001_000), (true, 5_000_000, (i64::MIN, 5_000_000)));
        assert!(!clock.remembers(4_999_000, 5_000_001) && clock.remembers(5_000_000, 5_060_000));
    }
}
