//! What the catalogue keeps of topics.

use weir_store::Tables;

/// Topics, subscriptions, and the queue of what is to be delivered.
///
/// A subscription that is not confirmed is gone at `expires`. A message is gone with its last delivery.
pub(crate) const TABLES: Tables = Tables { owner: "topic", steps: &[FIRST] };

const FIRST: &str = "
CREATE TABLE topic_topic (
    arn TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    settings TEXT NOT NULL,
    created INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE topic_tag (
    topic TEXT NOT NULL REFERENCES topic_topic (arn) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (topic, key)
) WITHOUT ROWID;
CREATE TABLE topic_subscription (
    arn TEXT PRIMARY KEY,
    topic TEXT NOT NULL REFERENCES topic_topic (arn) ON DELETE CASCADE,
    protocol TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'confirmed', 'deleted')),
    settings TEXT NOT NULL,
    expires INTEGER,
    UNIQUE (topic, protocol, endpoint)
) WITHOUT ROWID;
CREATE TABLE topic_token (
    token TEXT PRIMARY KEY,
    subscription TEXT NOT NULL REFERENCES topic_subscription (arn) ON DELETE CASCADE,
    expires INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX topic_token_subscription ON topic_token (subscription);
CREATE TABLE topic_message (
    id TEXT PRIMARY KEY,
    topic TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('Notification', 'SubscriptionConfirmation', 'UnsubscribeConfirmation')),
    message TEXT NOT NULL,
    token TEXT,
    published INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE topic_delivery (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    message TEXT NOT NULL REFERENCES topic_message (id) ON DELETE CASCADE,
    subscription TEXT NOT NULL REFERENCES topic_subscription (arn) ON DELETE CASCADE,
    attempts INTEGER NOT NULL DEFAULT 0,
    problem TEXT,
    due INTEGER NOT NULL
);
CREATE INDEX topic_delivery_due ON topic_delivery (due, id);
CREATE INDEX topic_delivery_message ON topic_delivery (message);
CREATE INDEX topic_delivery_subscription ON topic_delivery (subscription);
CREATE TABLE topic_count (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;
";
