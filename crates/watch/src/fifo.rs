//! What queues and topics have in common whose names end in `.fifo`: groups of messages, and messages that are there once.

use std::fmt::Write as _;

use rusqlite::{OptionalExtension as _, Transaction};
use sha2::{Digest as _, Sha256};
use weir_store::Tables;

/// How long a message with the same deduplication id is the same message: five minutes, in milliseconds.
const ONCE_MS: i64 = 300_000;
/// What all sequence numbers are above: they have 20 digits, as those of AWS.
const FIRST_NUMBER: u64 = 10_000_000_000_000_000_000;
/// The most characters of a group's name, and of a deduplication id.
const ID_LIMIT: usize = 128;

/// What was sent to queues and topics in the last minutes. `place` is the ARN; `scope` the group, or empty. The number of a
/// message is that of its row, and no number comes twice.
pub(crate) const TABLES: Tables = Tables { owner: "fifo", steps: &[FIRST] };

const FIRST: &str = "
CREATE TABLE fifo_sent (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    place TEXT NOT NULL,
    scope TEXT NOT NULL,
    deduplication_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    sent INTEGER NOT NULL,
    UNIQUE (place, scope, deduplication_id)
);
CREATE INDEX fifo_sent_time ON fifo_sent (sent);
";

/// Whether a name, an ARN or a URL is one of a FIFO queue or topic.
pub(crate) fn is_fifo(name: &str) -> bool {
    name.ends_with(".fifo")
}

/// Whether a text may name a group, or be a deduplication id: 1 to 128 letters, digits and signs of ASCII.
pub(crate) fn is_id(text: &str) -> bool {
    (1..=ID_LIMIT).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The deduplication id of a message that has none of its own: its text decides.
pub(crate) fn id_of(text: &str) -> String {
    Sha256::digest(text).iter().fold(String::new(), |mut id, byte| {
        // Writing to a text never fails.
        let _ = write!(id, "{byte:02x}");
        id
    })
}

/// The number of a message, as AWS writes it.
pub(crate) fn sequence_number(number: i64) -> String {
    (FIRST_NUMBER + number.unsigned_abs()).to_string()
}

/// What tells a message from others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Once<'a> {
    /// The ARN of the queue or topic.
    pub(crate) place: &'a str,
    /// The group, if ids count within groups.
    pub(crate) scope: &'a str,
    pub(crate) id: &'a str,
}

/// A message that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) message_id: String,
    pub(crate) number: i64,
}

impl Once<'_> {
    /// The message that this one repeats.
    pub(crate) fn earlier(&self, transaction: &Transaction<'_>, now: i64) -> rusqlite::Result<Option<Sent>> {
        let select = "SELECT message_id, number FROM fifo_sent
                      WHERE place = ?1 AND scope = ?2 AND deduplication_id = ?3 AND sent > ?4";
        let values = (self.place, self.scope, self.id, now - ONCE_MS);
        let sent = |row: &rusqlite::Row<'_>| Ok(Sent { message_id: row.get(0)?, number: row.get(1)? });
        transaction.query_row(select, values, sent).optional()
    }

    /// Remembers the message, and gives its number.
    pub(crate) fn remember(&self, transaction: &Transaction<'_>, message_id: &str, now: i64) -> rusqlite::Result<i64> {
        transaction.execute("DELETE FROM fifo_sent WHERE sent <= ?1", [now - ONCE_MS])?;
        let insert = "INSERT INTO fifo_sent (place, scope, deduplication_id, message_id, sent)
                      VALUES (?1, ?2, ?3, ?4, ?5) RETURNING number";
        transaction.query_row(insert, (self.place, self.scope, self.id, message_id, now), |row| row.get(0))
    }
}

/// Forgets what was sent to a queue or topic.
pub(crate) fn forget(transaction: &Transaction<'_>, place: &str) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM fifo_sent WHERE place = ?1", [place]).map(drop)
}

#[cfg(test)]
mod tests {
    use weir_store::{Catalogue, CatalogueError};

    use super::*;

    #[test]
    fn a_message_is_the_same_for_five_minutes_and_numbers_never_come_again() {
        let catalogue = Catalogue::in_memory().expect("opened");
        catalogue.provide(&TABLES).expect("made");
        let once = Once { place: "arn", scope: "", id: "a" };
        let work = |transaction: &Transaction<'_>| {
            assert_eq!(once.earlier(transaction, 0)?, None);
            let first = once.remember(transaction, "one", 0)?;
            let sent = Sent { message_id: "one".into(), number: first };
            assert_eq!(once.earlier(transaction, ONCE_MS - 1)?, Some(sent));
            assert_eq!(Once { scope: "group", ..once }.earlier(transaction, 1)?, None);
            assert_eq!(Once { place: "other", ..once }.earlier(transaction, 1)?, None);
            assert_eq!(once.earlier(transaction, ONCE_MS)?, None);
            let second = once.remember(transaction, "two", ONCE_MS)?;
            assert!(second > first);
            forget(transaction, "arn")?;
            assert_eq!(once.earlier(transaction, ONCE_MS)?, None);
            assert!(once.remember(transaction, "three", ONCE_MS)? > second);
            Ok::<_, CatalogueError>(())
        };
        catalogue.change(work).expect("done");
    }

    #[test]
    fn ids_are_short_texts_without_spaces() {
        assert!(is_id("a!~") && is_id(&"x".repeat(128)));
        assert!(!is_id("") && !is_id("a b") && !is_id("\u{e9}") && !is_id(&"x".repeat(129)));
        assert_eq!(id_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(sequence_number(7), "10000000000000000007");
    }
}
