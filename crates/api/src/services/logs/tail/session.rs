//! One session of a live tail.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::{
    sync::mpsc::Sender,
    time::{Instant, sleep_until, timeout_at},
};
use weir_store::logs::{Committed, Listener};
use weir_watch::pattern::Pattern;

use crate::Event;

/// What comes so soon after an event goes out with it: a window's records come stream by stream.
const GATHER: Duration = Duration::from_millis(30);
/// From one update to the next one.
const PACE: Duration = Duration::from_millis(250);
/// When nothing comes, the client is told so this often. As many events as [`MOST`] go out in this time.
const SECOND: Duration = Duration::from_secs(1);
/// Events in a second; of more, the first are sent.
const MOST: usize = 500;
/// How long a session lasts.
const LIFE: Duration = Duration::from_secs(3 * 3600);

/// Which events of the groups.
pub(super) struct Wanted {
    /// Of these streams; of all if there are none here and no prefixes.
    pub(super) streams: Vec<String>,
    /// Of streams that begin so.
    pub(super) prefixes: Vec<String>,
    /// Events that this means.
    pub(super) pattern: Option<Pattern>,
}

pub(super) struct Session {
    listener: Listener,
    /// How the client calls each group.
    identifiers: BTreeMap<String, String>,
    wanted: Wanted,
    /// Batches that the listener had missed when it was last asked.
    missed: u64,
    second: Second,
}

/// What was sent in the second that began at a time.
struct Second {
    began: Instant,
    sent: usize,
}

impl Wanted {
    fn has_stream(&self, stream: &str) -> bool {
        let all = self.streams.is_empty() && self.prefixes.is_empty();
        all || self.streams.iter().any(|name| name == stream)
            || self.prefixes.iter().any(|prefix| stream.starts_with(prefix))
    }
}

impl Session {
    pub(super) fn new(listener: Listener, identifiers: BTreeMap<String, String>, wanted: Wanted) -> Self {
        Self { listener, identifiers, wanted, missed: 0, second: Second { began: Instant::now(), sent: 0 } }
    }

    /// Until the client goes away, or the session is over.
    pub(super) async fn run(mut self, client: Sender<Event>) {
        let end = Instant::now() + LIFE;
        let mut told = Instant::now();
        while Instant::now() < end {
            let heard = tokio::select! {
                () = client.closed() => return,
                heard = timeout_at(told + SECOND, self.listener.next()) => heard,
            };
            let first = match heard {
                Ok(None) => return,
                Ok(batch) => batch,
                Err(_quiet) => None,
            };
            if first.is_some() {
                sleep_until((told + PACE).max(Instant::now() + GATHER)).await;
            }
            let update = self.look(first);
            if update.is_none() && told.elapsed() < SECOND {
                continue;
            }
            told = Instant::now();
            if client.send(update.unwrap_or_else(|| updated(&[], false))).await.is_err() {
                return;
            }
        }
        let payload = json!({"message": "The session has lasted for three hours: start another one."});
        let _ = client.send(Event { name: "SessionTimeoutException", is_exception: true, payload }).await;
    }

    /// What came since the last look, from this batch on; none if nothing did.
    fn look(&mut self, first: Option<Arc<Committed>>) -> Option<Event> {
        if self.second.began.elapsed() >= SECOND {
            self.second = Second { began: Instant::now(), sent: 0 };
        }
        let missed = self.listener.missed();
        let mut sampled = missed > self.missed;
        self.missed = missed;
        let mut results = Vec::new();
        let mut next = first;
        while let Some(batch) = next.take().or_else(|| self.listener.next_now()) {
            let room = MOST.saturating_sub(self.second.sent + results.len());
            let found = self.select(&batch);
            sampled |= found.len() > room;
            results.extend(found.into_iter().take(room).map(|row| self.shown(&batch, row)));
        }
        self.second.sent += results.len();
        (sampled || !results.is_empty()).then(|| updated(&results, sampled))
    }

    fn select(&self, batch: &Arc<Committed>) -> Vec<usize> {
        if !self.wanted.has_stream(&batch.stream) {
            return Vec::new();
        }
        let all = 0..batch.timestamps.len();
        match &self.wanted.pattern {
            None => all.collect(),
            Some(pattern) => {
                let matched = pattern.matches_batch(batch);
                all.filter(|row| matched.value(*row)).collect()
            }
        }
    }

    fn shown(&self, batch: &Committed, row: usize) -> Value {
        json!({
            "logStreamName": *batch.stream,
            "logGroupIdentifier": self.identifiers.get(&*batch.group),
            "message": batch.messages.value(row),
            "timestamp": batch.timestamps[row],
            "ingestionTime": batch.ingestion_time,
        })
    }
}

fn updated(results: &[Value], sampled: bool) -> Event {
    let payload = json!({"sessionMetadata": {"sampled": sampled}, "sessionResults": results});
    Event { name: "sessionUpdate", is_exception: false, payload }
}
