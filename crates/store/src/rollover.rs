//! When an object is full or due: state without I/O.
//!
//! Each five-minute interval of record times has at most one open object. It is sealed, and from then on takes
//! nothing more, when
//! - the next records would take it over the size limit,
//! - the publish time comes: every five minutes, at the end of its own interval at the earliest, plus a grace in
//!   which the last window of the interval still arrives, or
//! - a window ended, if every window is to be delivered by itself.
//!
//! Records that come after their interval was published open another object of that interval; it waits for the next
//! publish time. Times are Unix seconds.

use std::collections::BTreeMap;

use weir_record::{PUBLISH_INTERVAL, publish_interval};

/// What AWS says an object holds at most.
pub const SIZE_LIMIT: u64 = 75_000_000;

/// How long after a publish time the last windows are waited for, in seconds.
pub const GRACE: i64 = 10;

/// When objects are sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolloverOptions {
    /// Most bytes in one object. One piece of records that is larger gets an object of its own.
    pub size_limit: u64,
    /// How long after a publish time the last windows are waited for, in seconds.
    pub grace: i64,
    /// Whether every window becomes objects of its own, at once.
    pub every_window: bool,
}

impl Default for RolloverOptions {
    fn default() -> Self {
        Self { size_limit: SIZE_LIMIT, grace: GRACE, every_window: false }
    }
}

/// An object to be, counted from 0 in the order of opening.
pub type ObjectNumber = u64;

/// Where a piece of records goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filed {
    /// The object that takes it.
    pub object: ObjectNumber,
    /// The object of the same interval that this sealed.
    pub sealed: Option<ObjectNumber>,
}

/// The open objects of one flow log.
#[derive(Debug, Clone)]
pub struct Rollover {
    options: RolloverOptions,
    /// By the start of their interval.
    open: BTreeMap<i64, Open>,
    next: ObjectNumber,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    object: ObjectNumber,
    bytes: u64,
    opened_at: i64,
}

impl Rollover {
    /// No open objects.
    pub fn new(options: RolloverOptions) -> Self {
        Self { options, open: BTreeMap::new(), next: 0 }
    }

    /// Takes a piece of records whose `end` lies in the interval that starts at `interval`; `bytes` is what they add
    /// to an object.
    pub fn handle(&mut self, interval: i64, bytes: u64, now: i64) -> Filed {
        let mut sealed = None;
        if let Some(open) = self.open.get_mut(&interval) {
            if open.bytes.saturating_add(bytes) <= self.options.size_limit {
                open.bytes += bytes;
                return Filed { object: open.object, sealed };
            }
            sealed = Some(open.object);
        }
        let object = self.next;
        self.next += 1;
        self.open.insert(interval, Open { object, bytes, opened_at: now });
        Filed { object, sealed }
    }

    /// A window is filed to its end: seals what it went to, if every window is delivered by itself.
    pub fn window_ended(&mut self) -> Vec<ObjectNumber> {
        if self.options.every_window { self.close() } else { Vec::new() }
    }

    /// Seals the objects that are due.
    pub fn poll(&mut self, now: i64) -> Vec<ObjectNumber> {
        let grace = self.options.grace;
        let mut sealed = Vec::new();
        self.open.retain(|interval, open| {
            // After the clock was set back, the wait starts anew.
            open.opened_at = open.opened_at.min(now);
            let due = due(*interval, open.opened_at, grace) <= now;
            if due {
                sealed.push(open.object);
            }
            !due
        });
        sealed
    }

    /// When [`poll`](Self::poll) will have something to seal; none while nothing is open.
    pub fn next_poll(&self) -> Option<i64> {
        self.open.iter().map(|(interval, open)| due(*interval, open.opened_at, self.options.grace)).min()
    }

    /// Seals everything.
    pub fn close(&mut self) -> Vec<ObjectNumber> {
        std::mem::take(&mut self.open).into_values().map(|open| open.object).collect()
    }
}

/// When an object of this interval that was opened then is published: at the first publish time after the opening, or
/// at the next one if its interval lasts until then. An interval further ahead comes of a clock that was set back and
/// is not waited for.
fn due(interval: i64, opened_at: i64, grace: i64) -> i64 {
    let publish = publish_interval(opened_at - grace) + PUBLISH_INTERVAL;
    let interval_end = interval + PUBLISH_INTERVAL;
    let ahead = interval_end - publish;
    if (1..=PUBLISH_INTERVAL).contains(&ahead) { interval_end + grace } else { publish + grace }
}

#[cfg(test)]
mod tests;
