//! How fine data is kept for how long: seconds for hours, hours for a year.

use std::collections::BTreeMap;

use rusqlite::Transaction;

use super::{bucket::Bucket, table};

const SECOND: i64 = 1000;
const HOUR: i64 = 3600 * SECOND;
const DAY: i64 = 24 * HOUR;

/// How long data of a second is kept before it becomes data of a minute, in milliseconds; rounded up to the hour.
pub const SECONDS_KEPT: i64 = 3 * HOUR;

/// How long data of an hour is kept before it is deleted, in milliseconds.
pub const HOURS_KEPT: i64 = 455 * DAY;

/// How long data stay in memory, in milliseconds; up to five minutes longer.
pub(crate) const HOT: i64 = 30 * 60 * SECOND;

/// Seconds of one bucket, seconds of the one that it goes into, and when, in milliseconds.
const STEPS: [(i64, i64, i64); 3] = [(1, 60, SECONDS_KEPT), (60, 300, 15 * DAY), (300, 3600, 63 * DAY)];

/// One span of time on one rung.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slot {
    /// Its first millisecond.
    pub(crate) start: i64,
    /// How long it is.
    pub(crate) seconds: i64,
}

impl Slot {
    pub(crate) fn at(timestamp: i64, seconds: i64) -> Self {
        Self { start: floor(timestamp, seconds * SECOND), seconds }
    }
}

/// The last multiple of `unit` that is not after `time`.
pub(crate) fn floor(time: i64, unit: i64) -> i64 {
    time - time.rem_euclid(unit)
}

/// Since when data are kept in memory.
pub(crate) fn hot_since(now: i64) -> i64 {
    floor(now - HOT, 300 * SECOND)
}

/// The hour of a time: data move up the ladder once in each.
pub(crate) fn hour(now: i64) -> i64 {
    floor(now, HOUR)
}

/// Moves what has become old up the ladder, and deletes what is too old for it.
pub(crate) fn age(transaction: &Transaction<'_>, now: i64) -> rusqlite::Result<()> {
    for (fine, coarse, kept) in STEPS {
        let until = floor(now - kept, HOUR);
        let mut sums: BTreeMap<(i64, Slot), Bucket> = BTreeMap::new();
        for (series, start, bucket) in table::buckets_until(transaction, fine, until)? {
            let place = (series, Slot::at(start, coarse));
            sums.entry(place).and_modify(|sum| sum.merge(&bucket)).or_insert(bucket);
        }
        for ((series, slot), sum) in sums {
            table::add(transaction, series, slot, sum)?;
        }
        table::delete_until(transaction, fine, until)?;
    }
    table::delete_until(transaction, 3600, floor(now - HOURS_KEPT, HOUR))?;
    table::delete_series(transaction, now - HOURS_KEPT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_begin_at_multiples() {
        assert_eq!(Slot::at(61_999, 60), Slot { start: 60_000, seconds: 60 });
        assert_eq!(Slot::at(-1, 1), Slot { start: -1000, seconds: 1 });
        assert_eq!(hot_since(5 * HOUR + 1), 5 * HOUR - HOT);
        assert_eq!(hot_since(5 * HOUR - 1), 5 * HOUR - HOT - 300_000);
    }
}
