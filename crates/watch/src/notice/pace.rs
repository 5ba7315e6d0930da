//! How fast an endpoint may be told.

use std::collections::BTreeMap;

use super::queue::LONGEST_WAIT_MS;

/// How many deliveries each endpoint got, by second.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// The last second in which something is sent, and how much.
    seconds: BTreeMap<String, (i64, u32)>,
}

impl Pace {
    /// When the next delivery under this name may be sent: now, or at the beginning of a later second.
    pub(super) fn slot(&mut self, name: &str, per_second: u32, now: i64) -> i64 {
        let second = now.div_euclid(1000);
        let last = match self.seconds.get_mut(name) {
            Some(last) => last,
            None => self.seconds.entry(name.to_owned()).or_insert((second, 0)),
        };
        // Later than the longest wait, the clock was put back.
        if last.0 < second || last.0 > second + LONGEST_WAIT_MS / 1000 {
            *last = (second, 0);
        }
        if last.1 >= per_second {
            *last = (last.0 + 1, 0);
        }
        last.1 += 1;
        now.max(last.0 * 1000)
    }

    /// Forgets seconds that are over.
    pub(super) fn forget(&mut self, now: i64) {
        self.seconds.retain(|_, (second, _)| *second >= now.div_euclid(1000));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_for_a_second_goes_to_the_next() {
        let mut pace = Pace::default();
        let slots: Vec<i64> = (0..5).map(|_| pace.slot("a", 2, 10_500)).collect();
        assert_eq!(slots, [10_500, 10_500, 11_000, 11_000, 12_000]);
        assert_eq!(pace.slot("b", 2, 10_500), 10_500);
        assert_eq!(pace.slot("a", 2, 12_100), 12_100);
        assert_eq!(pace.slot("a", 2, 12_100), 13_000);
        pace.forget(13_000);
        assert_eq!(pace.seconds.len(), 1);
        assert_eq!(pace.slot("a", 2, 100_000_000), 100_000_000);
        assert_eq!(pace.slot("a", 2, 20_000), 20_000, "the clock was put back");
    }
}
