//! Tests of the log groups as a whole.

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use super::*;
use crate::Catalogue;

mod crash;
mod define;
mod following;
mod full;
mod reading;
mod segments;
mod writing;

/// A time within the last years, Unix milliseconds.
const NOW: i64 = 1_780_000_000_000;

/// Remembers what it was told.
#[derive(Default)]
struct Told {
    batches: Mutex<Vec<Committed>>,
    settled: AtomicU64,
}

impl Told {
    /// The positions told, since this was last asked.
    fn take_positions(&self) -> Vec<u64> {
        std::mem::take(&mut *self.batches.lock().expect("sound")).iter().map(|batch| batch.position).collect()
    }

    fn settle(&self, position: u64) {
        self.settled.store(position, Ordering::Relaxed);
    }
}

impl Tap for Told {
    fn appended(&self, batch: &Committed) {
        self.batches.lock().expect("sound").push(batch.clone());
    }

    fn settled(&self) -> u64 {
        self.settled.load(Ordering::Relaxed)
    }
}

fn options() -> LogOptions {
    LogOptions::new(Owner { account: "123456789012".into(), region: "us-east-1".into() })
}

fn open_with(dir: &Path, options: LogOptions, tap: &Arc<Told>) -> LogStore {
    let catalogue = Catalogue::open(&dir.join("catalogue.sqlite")).expect("opened");
    LogStore::open(&dir.join("logs"), catalogue, options, Arc::clone(tap) as _).expect("opened")
}

fn open(dir: &Path, tap: &Arc<Told>) -> LogStore {
    open_with(dir, options(), tap)
}

/// A store with the stream `s` in the group `/g`.
fn with_stream(dir: &Path, options: LogOptions) -> LogStore {
    let store = open_with(dir, options, &Arc::default());
    create(&store, "/g", &["s"]);
    store
}

fn create(store: &LogStore, group: &str, streams: &[&str]) {
    let request = CreateLogGroupRequest { log_group_name: group.into(), ..Default::default() };
    store.create_log_group(&request, NOW).expect("made");
    for stream in streams {
        create_stream(store, group, stream).expect("made");
    }
}

fn create_stream(store: &LogStore, group: &str, stream: &str) -> Result<(), LogsError> {
    let request = CreateLogStreamRequest { log_group_name: group.into(), log_stream_name: stream.into() };
    store.create_log_stream(&request, NOW)
}

fn event(timestamp: i64, message: impl Into<String>) -> InputEvent {
    InputEvent { timestamp, message: message.into() }
}

fn put(store: &LogStore, stream: &str, events: &[InputEvent]) -> Put {
    store.append("/g", stream, events, NOW).expect("put")
}

/// The messages of all events of `/g`, as a scan gives them, sorted.
fn scanned(store: &LogStore) -> Vec<String> {
    let mut messages = Vec::new();
    for events in store.scan("/g", 0, i64::MAX, NOW).expect("scanned") {
        let texts = events.expect("read").messages().expect("written out");
        messages.extend(texts.iter().flatten().map(str::to_owned));
    }
    messages.sort();
    messages
}
