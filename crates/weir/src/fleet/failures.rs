//! Bad credentials: so many from one address, then no more for a while.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

/// Attempts that may fail one after another.
const BURST: i64 = 10;
/// One more may fail after this time, in seconds.
const REFILL: i64 = 6;
/// Addresses that are remembered. When there are more, those whose last failure is longest ago are forgotten.
const ADDRESSES: usize = 4096;

/// Counts failures by address.
#[derive(Debug, Default)]
pub struct Failures(Mutex<BTreeMap<IpAddr, Failed>>);

#[derive(Debug, Clone, Copy)]
struct Failed {
    count: i64,
    last: i64,
}

impl Failed {
    /// Failures that still count.
    fn count(self, now: i64) -> i64 {
        (self.count - now.saturating_sub(self.last).max(0) / REFILL).max(0)
    }
}

impl Failures {
    /// Whether this address has failed so often that it is not listened to; for how many seconds.
    pub fn barred(&self, address: IpAddr, now: i64) -> Option<i64> {
        let failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = failures.get(&address)?;
        (failed.count(now) >= BURST).then_some(REFILL)
    }

    /// An attempt from this address failed.
    pub fn add(&self, address: IpAddr, now: i64) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = failures.get(&address).map_or(0, |failed| failed.count(now));
        failures.insert(address, Failed { count: (count + 1).min(BURST), last: now });
        if failures.len() > ADDRESSES {
            let oldest = failures.iter().min_by_key(|(_, failed)| failed.last).map(|(address, _)| *address);
            oldest.and_then(|address| failures.remove(&address));
        }
    }
}
