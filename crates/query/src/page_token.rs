//! Tokens by which a client goes on from page to page of one query's rows.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// The token for what begins at this place of the query's rows.
pub(crate) fn of(query: &str, place: u64) -> String {
    STANDARD.encode(format!("{place}:{}", seal(query, place)))
}

/// The place; none when the token is not of this query, or changed.
pub(crate) fn place(query: &str, token: &str) -> Option<u64> {
    let text = String::from_utf8(STANDARD.decode(token).ok()?).ok()?;
    let (place, seal) = text.split_once(':')?;
    let place = place.parse().ok()?;
    (seal == self::seal(query, place)).then_some(place)
}

/// What only a token of this query and place has.
fn seal(query: &str, place: u64) -> String {
    let hash = Sha256::digest(format!("{query}:{place}"));
    hash.iter().take(8).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_of_its_query_and_place() {
        let token = of("a", 1000);
        assert_eq!(place("a", &token), Some(1000));
        assert_eq!(place("b", &token), None);
        assert_eq!(place("a", &STANDARD.encode("2000:0011223344556677")), None);
        for wrong in ["", "1000", "!", &token[1..], &token[..8], &format!("{token}A")] {
            assert_eq!(place("a", wrong), None, "{wrong}");
        }
    }
}
