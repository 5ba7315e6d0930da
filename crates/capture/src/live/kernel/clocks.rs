//! The kernel stamps packets with boot time, records have wall clock time: how the two stand to each other.

use crate::ebpf::boot_ns;

/// Readings that took longer than this were interrupted, and say little.
const GAP_MAX_NS: u64 = 10_000_000;
const ATTEMPTS: usize = 3;

/// How far the wall clock is ahead of boot time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clocks {
    offset_ns: i64,
}

impl Clocks {
    /// Reads both clocks at one moment, as good as that goes; `None` when it did not go well.
    pub(super) fn read(wall_ns: &dyn Fn() -> i64) -> Option<Self> {
        let reading = |_| {
            let before = boot_ns();
            let wall_ns = wall_ns();
            let gap = boot_ns() - before;
            (gap, Clocks { offset_ns: wall_ns - signed(before + gap / 2) })
        };
        let (gap, clocks) = (0..ATTEMPTS).map(reading).min_by_key(|(gap, _)| *gap)?;
        (gap <= GAP_MAX_NS).then_some(clocks)
    }

    /// Reads both clocks at about one moment.
    pub(super) fn roughly(wall_ns: &dyn Fn() -> i64) -> Self {
        Self::read(wall_ns).unwrap_or_else(|| Clocks { offset_ns: wall_ns() - signed(boot_ns()) })
    }

    /// Nanoseconds since 1970.
    pub(super) fn wall(self, boot_ns: u64) -> i64 {
        signed(boot_ns).saturating_add(self.offset_ns)
    }

    /// Nanoseconds since boot; 0 for times before.
    pub(super) fn boot(self, wall_ns: i64) -> u64 {
        wall_ns.saturating_sub(self.offset_ns).max(0).cast_unsigned()
    }

    /// How far the wall clock has moved against boot time since.
    pub(super) fn moved_since(self, earlier: Self) -> i64 {
        self.offset_ns.saturating_sub(earlier.offset_ns)
    }
}

fn signed(ns: u64) -> i64 {
    i64::try_from(ns).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_go_there_and_back() {
        let clocks = Clocks { offset_ns: 1_767_225_600_000_000_000 };
        assert_eq!(clocks.wall(5), 1_767_225_600_000_000_005);
        assert_eq!(clocks.boot(clocks.wall(123)), 123);
        assert_eq!(clocks.boot(7), 0);
        assert_eq!(Clocks { offset_ns: 7 }.moved_since(Clocks { offset_ns: 10 }), -3);
    }

    #[test]
    fn a_reading_is_close_to_both_clocks() {
        let clocks = (0..100).find_map(|_| Clocks::read(&|| 1_000_000_000 + signed(boot_ns()))).expect("a reading");
        assert!((clocks.offset_ns - 1_000_000_000).abs() < 10_000_000, "{clocks:?}");
    }
}
