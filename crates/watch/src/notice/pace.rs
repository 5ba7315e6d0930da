//! How fast an endpoint may be told.

use std::collections::BTreeMap;

use super::queue::LONGEST_WAIT_MS;

/// How many deliveries each endpoint got, by second.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// The last second in which something is sent, and how much.
    seconds: BTreeMap<String, (i64, u32)>,
}

/// When a delivery may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// From this moment on, Unix milliseconds: now, or at the beginning of a later second.
    At(i64),
    /// Every second within the longest wait is taken: it must ask again then.
    AskAgain(i64),
}

impl Pace {
    /// The turn of the next delivery under this name.
    pub(super) fn turn(&mut self, name: &str, per_second: u32, now: i64) -> Turn {
        let second = now.div_euclid(1000);
        let latest = second + LONGEST_WAIT_MS / 1000;
        let last = match self.seconds.get_mut(name) {
            Some(last) => last,
            None => self.seconds.entry(name.to_owned()).or_insert((second, 0)),
        };
        // No second behind the latest is ever given: the clock was put back.
        if last.0 < second || last.0 > latest {
            *last = (second, 0);
        }
        if last.1 >= per_second {
            if last.0 == latest {
                return Turn::AskAgain(now + LONGEST_WAIT_MS);
            }
            *last = (last.0 + 1, 0);
        }
        last.1 += 1;
        Turn::At(now.max(last.0 * 1000))
    }

    /// Forgets seconds that are over.
    pub(super) fn forget(&mut self, now: i64) {
        self.seconds.retain(|_, (second, _)| *second >= now.div_euclid(1000));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(pace: &mut Pace, name: &str, now: i64) -> i64 {
        match pace.turn(name, 2, now) {
            Turn::At(turn) => turn,
            Turn::AskAgain(_) => panic!("there is room"),
        }
    }

    #[test]
    fn what_is_too_much_for_a_second_goes_to_the_next() {
        let mut pace = Pace::default();
        let turns: Vec<i64> = (0..5).map(|_| at(&mut pace, "a", 10_500)).collect();
        assert_eq!(turns, [10_500, 10_500, 11_000, 11_000, 12_000]);
        assert_eq!(at(&mut pace, "b", 10_500), 10_500);
        assert_eq!(at(&mut pace, "a", 12_100), 12_100);
        assert_eq!(at(&mut pace, "a", 12_100), 13_000);
        pace.forget(13_000);
        assert_eq!(pace.seconds.len(), 1);
        assert_eq!(at(&mut pace, "a", 100_000_000), 100_000_000);
        assert_eq!(at(&mut pace, "a", 20_000), 20_000, "the clock was put back");
    }

    #[test]
    fn more_than_the_longest_wait_has_room_for_asks_again() {
        let mut pace = Pace::default();
        let room = 2 * (LONGEST_WAIT_MS / 1000 + 1);
        let turns: Vec<i64> = (0..room).map(|_| at(&mut pace, "a", 10_500)).collect();
        assert_eq!(turns.last(), Some(&(10_000 + LONGEST_WAIT_MS)));
        assert_eq!(pace.turn("a", 2, 10_500), Turn::AskAgain(10_500 + LONGEST_WAIT_MS));
        assert_eq!(at(&mut pace, "a", 11_000), 11_000 + LONGEST_WAIT_MS, "a second on there is room again");
    }
}
