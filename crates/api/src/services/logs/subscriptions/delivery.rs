//! Bringing events to endpoints. One thread a filter: an endpoint that does not answer holds up nobody else.
//!
//! Events wait in memory: so many batches ([`LogStore::listen`]) while an endpoint does not take them. What comes beyond
//! that, what an endpoint refuses, and what waits when the program ends is not delivered; all but the last is counted.

use std::{
    collections::BTreeMap,
    io::Write as _,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use weir_store::logs::{Committed, EventKey, Listener, LogStore, Owner};
use weir_watch::{notice::Failure, pattern::Pattern};

use super::SubscriptionFilter;
use crate::ApiError;

/// Posts JSON that is packed with gzip to a URL.
pub(in super::super) type Post = Arc<dyn Fn(&str, &[u8]) -> Result<(), Failure> + Send + Sync>;

/// How often a thread looks for what came, and whether it is to end.
const LOOK: Duration = Duration::from_millis(200);
/// How long to wait after the first failure; twice as long after each further one.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How long one batch is tried, as AWS has it.
const PATIENCE: Duration = Duration::from_secs(24 * 3600);

/// Region, log group, filter.
type Key = (String, String, String);

/// The threads, by what they work for.
pub(in super::super) struct Deliveries {
    post: Post,
    running: Mutex<BTreeMap<Key, Running>>,
}

/// Dropped, it tells its thread to end.
struct Running(Arc<AtomicBool>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Deliveries {
    pub(in super::super) fn new(post: Post) -> Self {
        Self { post, running: Mutex::default() }
    }

    /// Whether an endpoint takes a message without events.
    pub(super) fn test(&self, filter: &SubscriptionFilter, account: &str) -> Result<(), String> {
        let message = message("CONTROL_MESSAGE", filter, account, "", &[]);
        (self.post)(&filter.destination_arn, &packed(&message)).map_err(|failure| failure.problem().to_owned())
    }

    /// Delivers from here on, in the place of what there was for this filter.
    pub(in super::super) fn begin(
        &self,
        logs: &LogStore,
        owner: &Owner,
        filter: SubscriptionFilter,
    ) -> Result<(), ApiError> {
        let key = (owner.region.clone(), filter.log_group_name.clone(), filter.filter_name.clone());
        let ended = Arc::new(AtomicBool::new(false));
        let delivery = Delivery {
            pattern: filter.filter_pattern.parse()?,
            listener: logs.listen([filter.log_group_name.clone()].into()),
            account: owner.account.clone(),
            post: Arc::clone(&self.post),
            ended: Arc::clone(&ended),
            filter,
        };
        let thread = thread::Builder::new().name("subscription".to_owned());
        thread.spawn(move || delivery.run()).map_err(ApiError::internal)?;
        self.running().insert(key, Running(ended));
        Ok(())
    }

    /// Ends the delivery of a filter, or of all filters of a group.
    pub(in super::super) fn end(&self, region: &str, group: &str, name: Option<&str>) {
        self.running().retain(|(in_region, of_group, filter), _| {
            in_region != region || of_group != group || name.is_some_and(|name| filter != name)
        });
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<Key, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one thread does.
struct Delivery {
    filter: SubscriptionFilter,
    pattern: Pattern,
    listener: Listener,
    account: String,
    post: Post,
    ended: Arc<AtomicBool>,
}

impl Delivery {
    fn run(self) {
        let (mut refused, mut missed) = (0_u64, 0);
        while !self.is_over() {
            while let Some(batch) = self.listener.next_now() {
                let events = self.select(&batch);
                let count = events.len() as u64;
                if count == 0 {
                    continue;
                }
                if let Err(problem) = self.deliver(&batch.stream, &events) {
                    refused += count;
                    tracing::warn!(
                        group = self.filter.log_group_name,
                        filter = self.filter.filter_name,
                        problem,
                        events = count,
                        all = refused,
                        "events were not delivered to the endpoint of a subscription filter"
                    );
                }
            }
            let now_missed = self.listener.missed();
            if now_missed > missed {
                missed = now_missed;
                tracing::warn!(
                    group = self.filter.log_group_name,
                    filter = self.filter.filter_name,
                    batches = missed,
                    "batches came faster than the endpoint of a subscription filter takes them, and were left out"
                );
            }
            thread::sleep(LOOK);
        }
    }

    fn is_over(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    fn select(&self, batch: &Committed) -> Vec<Value> {
        let matched = self.pattern.matches_batch(batch);
        let rows = (0..batch.timestamps.len()).filter(|row| matched.value(*row));
        let event = |row: usize| {
            let key = EventKey {
                timestamp: batch.timestamps[row],
                position: batch.position,
                index: u32::try_from(row).unwrap_or(u32::MAX),
            };
            json!({"id": key.to_id(), "timestamp": batch.timestamps[row], "message": batch.messages.value(row)})
        };
        rows.map(event).collect()
    }

    /// Tries until the endpoint takes or refuses it, or the filter is gone.
    fn deliver(&self, stream: &str, events: &[Value]) -> Result<(), String> {
        let body = packed(&message("DATA_MESSAGE", &self.filter, &self.account, stream, events));
        let (mut waited, mut wait) = (Duration::ZERO, FIRST_WAIT);
        loop {
            match (self.post)(&self.filter.destination_arn, &body) {
                Ok(()) => return Ok(()),
                Err(Failure::Permanent(problem)) => return Err(problem),
                Err(Failure::Transient(problem)) if waited >= PATIENCE => return Err(problem),
                Err(Failure::Transient(_)) => {}
            }
            let until = waited + wait;
            while waited < until {
                if self.is_over() {
                    return Err("the subscription filter was deleted".to_owned());
                }
                thread::sleep(LOOK);
                waited += LOOK;
            }
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }
}

/// As consumers of subscription filters know it.
fn message(kind: &str, filter: &SubscriptionFilter, account: &str, stream: &str, events: &[Value]) -> Value {
    json!({
        "messageType": kind,
        "owner": account,
        "logGroup": filter.log_group_name,
        "logStream": stream,
        "subscriptionFilters": [filter.filter_name],
        "logEvents": events,
    })
}

fn packed(message: &Value) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    // Into memory nothing fails.
    let _ = gzip.write_all(message.to_string().as_bytes());
    gzip.finish().unwrap_or_default()
}
