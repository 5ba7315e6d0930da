//! Log groups: streams of events, appended, kept, read.
//!
//! ```text
//! <data>/logs/
//!   append/00000000000000000001.log     what was acknowledged, in order, until segments have it
//!   segments/7/42.parquet               events of group 7 in columns, sorted by time, never changed
//! <data>/catalogue.sqlite               groups, streams, tags, and which segments there are
//! ```
//!
//! **An append** is checked, its flow log records are read into columns, and then it waits: one of those who wait writes
//! the batches of all, syncs once, makes them visible, tells the [`Tap`], and then the others.
//!
//! **Segments** are made of what is in memory by [`LogStore::poll`]. A file is whole and synced before a transaction of
//! the catalogue puts it in the place of what it was made of, so a crash leaves the one or the other.
//!
//! **A reader** takes the lists of segments and batches at one moment, and so sees each acknowledged event once, whatever
//! is merged meanwhile.

mod append;
mod compact;
mod define;
mod error;
mod event;
mod events;
mod expiry;
mod follow;
mod frame;
mod groups;
mod journal;
mod key;
mod limits;
mod lines;
mod listen;
mod merge;
mod name;
mod operation;
mod queue;
mod read;
mod segment;
mod store;
mod tables;
mod view;

pub use append::Put;
pub use define::RETENTION_DAYS;
pub use error::LogsError;
pub use event::{Committed, InputEvent, Records, Tap};
pub use events::Events;
pub use follow::Followed;
pub use journal::Damage;
pub use key::EventKey;
pub use listen::Listener;
pub use name::{Owner, stream_of};
pub use operation::*;
pub use read::Predicate;
pub use store::{LogCounters, LogOptions, LogStore};
pub use view::Scan;

#[cfg(test)]
mod tests;
