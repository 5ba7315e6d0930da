//! Minutes in which events came, for the default value of those in which none matched.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

const MINUTE: i64 = 60_000;
/// How long after its end a minute is still open, milliseconds: appends that took their time just before it have been told
/// by then.
const GRACE: i64 = 2_000;

/// The minutes of ingestion that are not over yet, by their beginning in Unix milliseconds, and whether an event matched.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Minutes(BTreeMap<i64, bool>);

impl Minutes {
    /// Events came at a time, and some of them matched or none did. True when something is new by that.
    pub(super) fn saw(&mut self, ingestion_time: i64, matched: bool) -> bool {
        let minute = ingestion_time.div_euclid(MINUTE) * MINUTE;
        let before = self.0.get(&minute).copied();
        let after = before.unwrap_or(false) || matched;
        self.0.insert(minute, after);
        before != Some(after)
    }

    /// Takes out the minutes that are over, and gives the beginnings of those in which nothing matched.
    pub(super) fn close(&mut self, now: i64) -> Vec<i64> {
        let open = self.0.split_off(&(now - GRACE - MINUTE + 1));
        let closed = std::mem::replace(&mut self.0, open);
        closed.into_iter().filter(|(_, matched)| !matched).map(|(minute, _)| minute).collect()
    }

    /// When the next one is over.
    pub(super) fn due(&self) -> Option<i64> {
        self.0.first_key_value().map(|(minute, _)| minute + MINUTE + GRACE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_without_a_match_is_given_once_it_is_over() {
        let mut minutes = Minutes::default();
        assert!(minutes.saw(60_000, false));
        assert!(!minutes.saw(119_999, false));
        assert!(minutes.saw(120_000, false));
        assert!(minutes.saw(120_001, true));
        assert!(!minutes.saw(120_002, false));
        assert_eq!(minutes.due(), Some(122_000));
        assert_eq!(minutes.close(121_999), [0; 0]);
        assert_eq!(minutes.close(122_000), [60_000]);
        assert_eq!(minutes.due(), Some(182_000));
        assert_eq!(minutes.close(182_000), [0; 0]);
        assert_eq!(minutes.due(), None);
    }

    #[test]
    fn a_clock_that_jumps_back_opens_the_minute_again() {
        let mut minutes = Minutes::default();
        minutes.saw(600_000, true);
        minutes.saw(-1, false);
        assert_eq!(minutes.close(610_000), [-60_000]);
        assert_eq!(minutes.due(), Some(662_000));
    }
}
