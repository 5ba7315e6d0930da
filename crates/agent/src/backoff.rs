//! When to try again what failed.

use std::time::Duration;

/// The first wait, on average.
const FIRST: Duration = Duration::from_millis(250);
/// The longest wait, on average.
const LONGEST: Duration = Duration::from_secs(15);

/// Waits grow twofold with each failure, up to 15 s, and are spread by half to either side: agents that lost their
/// server together do not all come back at the same moment.
#[derive(Debug, Clone, Copy, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// It worked: the next failure is the first.
    pub fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// It failed: how long to wait. `random` is any byte.
    pub fn failed(&mut self, random: u8) -> Duration {
        let average = FIRST.saturating_mul(1_u32.checked_shl(self.failures).unwrap_or(u32::MAX)).min(LONGEST);
        self.failures = (self.failures + 1).min(16);
        average.mul_f64(0.5 + f64::from(random) / f64::from(u8::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit_and_are_spread() {
        let mut backoff = Backoff::default();
        let middle: Vec<u128> = (0..9).map(|_| backoff.failed(128).as_millis() / 100 * 100).collect();
        assert_eq!(middle, [200, 500, 1000, 2000, 4000, 8000, 15000, 15000, 15000]);
        for _ in 0..100 {
            backoff.failed(0);
        }
        assert_eq!((backoff.failed(0).as_millis(), backoff.failed(255).as_millis()), (7_500, 22_500));
        backoff.succeeded();
        assert!(backoff.failed(255) < Duration::from_millis(376));
    }
}
