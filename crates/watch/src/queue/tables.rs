//! What the catalogue keeps of queues.

use weir_store::Tables;

/// Queues, their tags, their messages. Times are Unix milliseconds.
///
/// A message is hidden until `visible`, and gone at `expires`; `sent` is the time that counts for that, also after a move
/// to a dead letter queue.
pub(crate) const TABLES: Tables = Tables { owner: "queue", steps: &[FIRST, GROUPS, PURGED] };

/// When a queue was emptied the last time.
const PURGED: &str = "ALTER TABLE queue_queue ADD COLUMN purged INTEGER;";

/// What FIFO queues know of a message; of a message in another queue only the group, if it has one.
const GROUPS: &str = "
ALTER TABLE queue_message ADD COLUMN message_group TEXT;
ALTER TABLE queue_message ADD COLUMN deduplication_id TEXT;
ALTER TABLE queue_message ADD COLUMN number INTEGER;
CREATE INDEX queue_message_group ON queue_message (queue, message_group, visible);
";

const FIRST: &str = "
CREATE TABLE queue_queue (
    name TEXT PRIMARY KEY,
    attributes TEXT NOT NULL,
    created INTEGER NOT NULL,
    modified INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE queue_tag (
    queue TEXT NOT NULL REFERENCES queue_queue (name) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (queue, key)
) WITHOUT ROWID;
CREATE TABLE queue_message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    queue TEXT NOT NULL REFERENCES queue_queue (name) ON DELETE CASCADE,
    message_id TEXT NOT NULL,
    body TEXT NOT NULL,
    attributes TEXT NOT NULL,
    trace TEXT,
    sender TEXT NOT NULL,
    source TEXT,
    sent INTEGER NOT NULL,
    visible INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    received INTEGER NOT NULL DEFAULT 0,
    first_received INTEGER
);
CREATE UNIQUE INDEX queue_message_id ON queue_message (queue, message_id);
CREATE INDEX queue_message_expires ON queue_message (queue, expires);
";
