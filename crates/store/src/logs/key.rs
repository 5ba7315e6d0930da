//! Which event: its place in the order of time, and that place as a text.

use super::LogsError;

/// The place of an event in its group: by time, then in the order of appending.
///
/// Also a cut between events: in front of the event that has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventKey {
    /// When it happened, Unix milliseconds; 0 to [`EventKey::LATEST`].
    pub timestamp: i64,
    /// The position of its batch.
    pub position: u64,
    /// Its index in the batch.
    pub index: u32,
}

impl EventKey {
    /// The last time that an id has room for, some 300,000 years from now.
    pub const LATEST: i64 = 9_999_999_999_999_999;

    /// In front of every event that happened at this time or later.
    pub fn at(timestamp: i64) -> Self {
        Self { timestamp: timestamp.clamp(0, Self::LATEST), position: 0, index: 0 }
    }

    /// Behind every event that happened at this time.
    pub(super) fn last_at(timestamp: i64) -> Self {
        Self { timestamp, position: u64::MAX, index: u32::MAX }
    }

    /// The cut behind this event.
    pub(super) fn next(self) -> Self {
        match self.index.checked_add(1) {
            Some(index) => Self { index, ..self },
            None => Self { position: self.position.saturating_add(1), index: 0, ..self },
        }
    }

    /// As a number of 56 digits, as AWS writes event ids; sorts as text as it does by time.
    pub fn to_id(self) -> String {
        format!("{:016}{:020}{:020}", self.timestamp.clamp(0, Self::LATEST), self.position, self.index)
    }

    /// Reads what [`to_id`](Self::to_id) wrote.
    ///
    /// # Errors
    /// `InvalidParameterException` when it is nothing of the kind.
    pub fn from_id(id: &str) -> Result<Self, LogsError> {
        let parse = || {
            let all_digits = id.len() == 56 && id.bytes().all(|byte| byte.is_ascii_digit());
            let (timestamp, rest) = all_digits.then(|| id.split_at(16))?;
            let (position, index) = rest.split_at(20);
            Some(Self {
                timestamp: timestamp.parse().ok()?,
                position: position.parse().ok()?,
                index: index.parse().ok()?,
            })
        };
        parse().ok_or_else(|| LogsError::invalid("The specified event id is invalid."))
    }
}

/// Where a page goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PageToken {
    /// With the events behind the cut: `f/…`.
    Forward(EventKey),
    /// With the events in front of it, the last first: `b/…`.
    Backward(EventKey),
}

impl PageToken {
    pub(super) fn parse(token: &str) -> Result<Self, LogsError> {
        let invalid = |_| LogsError::invalid("The specified nextToken is invalid.");
        match token.split_once('/') {
            Some(("f", id)) => EventKey::from_id(id).map(Self::Forward).map_err(invalid),
            Some(("b", id)) => EventKey::from_id(id).map(Self::Backward).map_err(invalid),
            _ => Err(LogsError::invalid("The specified nextToken is invalid.")),
        }
    }

    pub(super) fn forward(cut: EventKey) -> String {
        format!("f/{}", cut.to_id())
    }

    pub(super) fn backward(cut: EventKey) -> String {
        format!("b/{}", cut.to_id())
    }
}

/// How long a token of a search lives, in milliseconds.
const SEARCH_TOKEN_LIFE: i64 = 24 * 60 * 60 * 1000;

/// The token of a search: where it goes on, and when it was given.
pub(super) fn search_token(cut: EventKey, now: i64) -> String {
    format!("{}/{now}", cut.to_id())
}

/// Reads what [`search_token`] wrote, unless that is too long ago.
pub(super) fn search_cut(token: &str, now: i64) -> Result<EventKey, LogsError> {
    let parse = || {
        let (id, given) = token.split_once('/')?;
        Some((EventKey::from_id(id).ok()?, given.parse::<i64>().ok()?))
    };
    match parse() {
        Some((cut, given)) if now.saturating_sub(given) <= SEARCH_TOKEN_LIFE => Ok(cut),
        Some(_) => Err(LogsError::invalid("The specified nextToken has expired.")),
        None => Err(LogsError::invalid("The specified nextToken is invalid.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_as_keys_do_and_go_both_ways() {
        let keys = [
            EventKey::at(0),
            EventKey { timestamp: 9, position: 1, index: 10 },
            EventKey { timestamp: 10, position: 1, index: 9 },
            EventKey { timestamp: 10, position: 1, index: 10 },
            EventKey { timestamp: 10, position: 2, index: 0 },
            EventKey { timestamp: 1_700_000_000_000, position: u64::MAX, index: 3 },
            EventKey { timestamp: EventKey::LATEST, position: 7, index: u32::MAX },
        ];
        assert!(keys.is_sorted() && keys.map(EventKey::to_id).is_sorted());
        for key in keys {
            assert_eq!(key.to_id().len(), 56);
            assert_eq!(EventKey::from_id(&key.to_id()).expect("an id"), key);
            assert!(key.next() > key);
        }
        let too_large = "9".repeat(56);
        for wrong in ["", "12", &too_large, &"x".repeat(56), &"+".repeat(56)] {
            assert_eq!(EventKey::from_id(wrong).expect_err(wrong).code(), "InvalidParameterException");
        }
    }

    #[test]
    fn tokens_say_which_way_and_searches_end() {
        let cut = EventKey { timestamp: 5, position: 6, index: 7 };
        assert_eq!(PageToken::parse(&PageToken::forward(cut)).expect("token"), PageToken::Forward(cut));
        assert_eq!(PageToken::parse(&PageToken::backward(cut)).expect("token"), PageToken::Backward(cut));
        assert!(PageToken::parse("x/1").is_err() && PageToken::parse("f/1").is_err());
        let token = search_token(cut, 1_000);
        assert_eq!(search_cut(&token, 1_000 + SEARCH_TOKEN_LIFE).expect("alive"), cut);
        assert!(search_cut(&token, 1_001 + SEARCH_TOKEN_LIFE).is_err());
        assert_eq!(search_cut(&token, 0).expect("a clock that went back"), cut);
        assert!(search_cut("f/1", 0).is_err());
    }
}
