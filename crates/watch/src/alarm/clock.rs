//! Since when alarms were watched without a break.
//!
//! A missing data point says something only when somebody looked through its whole period: the program ran, and its clock
//! went steadily. After a start, after the clock jumped, and after a standstill (which looks like a jump), periods that
//! began before are not held against anybody. A clock that went back leads through time that was judged already; that is
//! not judged again, unless it went back by more than an hour.

/// How much later than asked for a poll may come, and how far back the clock may go, in milliseconds, before it counts as a jump.
const TOLERANCE: i64 = 2000;

/// Up to how far back time is waited out, in milliseconds.
pub(super) const WAITED_OUT: i64 = 3_600_000;

/// What polls told of the clock.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Clock {
    /// The last poll, and when the next one should have come.
    last: Option<(i64, i64)>,
    /// Periods that began before were not watched.
    pub(super) watching_since: i64,
    /// Data from before are not used.
    pub(super) forget_before: i64,
}

/// What the clock did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tick {
    /// It went on.
    Steady,
    /// It is the first, or it jumped in a way that leaves the past as it is.
    Jumped,
    /// It went back so far that time begins anew.
    Anew,
}

impl Clock {
    pub(super) fn observe(&mut self, now: i64) -> Tick {
        let tick = match self.last {
            None => Tick::Jumped,
            Some((last, _)) if now < last - WAITED_OUT => Tick::Anew,
            Some((last, due)) if now < last - TOLERANCE || now > due + TOLERANCE => Tick::Jumped,
            Some(_) => Tick::Steady,
        };
        if tick != Tick::Steady {
            self.watching_since = now;
        }
        if tick == Tick::Anew {
            self.forget_before = now;
        }
        self.last = Some((now, now));
        tick
    }

    /// Notes when the next poll should come.
    pub(super) fn expect(&mut self, due: i64) {
        if let Some((_, expected)) = &mut self.last {
            *expected = due;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jumps_are_told_from_the_steady_clock() {
        let mut clock = Clock::default();
        let mut observe = |now, due| {
            let tick = clock.observe(now);
            clock.expect(due);
            (tick, clock.watching_since, clock.forget_before)
        };
        assert_eq!(observe(10_000_000, 10_005_000), (Tick::Jumped, 10_000_000, 0));
        assert_eq!(observe(10_005_900, 10_015_000), (Tick::Steady, 10_000_000, 0));
        assert_eq!(observe(10_005_000, 10_015_000), (Tick::Steady, 10_000_000, 0));
        assert_eq!(observe(10_017_001, 10_018_000), (Tick::Jumped, 10_017_001, 0));
        assert_eq!(observe(10_010_000, 10_011_000), (Tick::Jumped, 10_010_000, 0));
        assert_eq!(observe(5_000_000, 5_001_000), (Tick::Anew, 5_000_000, 5_000_000));
    }
}
