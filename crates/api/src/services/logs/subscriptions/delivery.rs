//! Bringing events to endpoints. One thread a filter: an endpoint that does not answer holds up nobody else.
//!
//! The log group is the queue: a filter follows it, and the catalogue keeps how far it has come. So nothing is lost when the
//! program ends, and nothing is kept twice. What was taken and not written down comes again after a crash, with the same ids.

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
use weir_store::{
    Catalogue,
    logs::{FilteredLogEvent, LogStore, Owner},
};
use weir_watch::{
    metric::{Datum, MetricId, Metrics, Unit},
    notice::Failure,
    pattern::Pattern,
};

use super::{Key, SubscriptionFilter, progress};
use crate::{ApiError, Region};

/// Posts JSON that is packed with gzip to a URL.
pub(in super::super) type Post = Arc<dyn Fn(&str, &[u8]) -> Result<(), Failure> + Send + Sync>;

/// How often a thread looks for what came, and whether it is to end.
const LOOK: Duration = Duration::from_millis(200);
/// How long to wait after the first failure; twice as long after each further one.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How long an endpoint is tried, and how old events then are that are left out, as AWS has it.
const PATIENCE: Duration = Duration::from_secs(if cfg!(test) { 2 } else { 24 * 3600 });
/// Bytes of events that are read at a time. Each stream of them is one message.
const STRETCH: usize = 1 << 20;
/// How often is written down how far a filter has come that finds nothing, in milliseconds.
const KEEP_MS: u64 = 60_000;

/// The threads, by what they work for.
pub(in super::super) struct Deliveries {
    post: Post,
    catalogue: Catalogue,
    clock: fn() -> i64,
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
    pub(in super::super) fn new(post: Post, catalogue: Catalogue, clock: fn() -> i64) -> Self {
        Self { post, catalogue, clock, running: Mutex::default() }
    }

    /// Whether an endpoint takes a message without events.
    pub(super) fn test(&self, filter: &SubscriptionFilter, account: &str) -> Result<(), String> {
        let message = message("CONTROL_MESSAGE", filter, account, "", &[]);
        (self.post)(&filter.destination_arn, &packed(&message)).map_err(|failure| failure.problem().to_owned())
    }

    /// Delivers from where the filter was, in the place of what there was for it.
    pub(in super::super) fn begin(
        &self,
        region: &Region,
        owner: &Owner,
        filter: SubscriptionFilter,
    ) -> Result<(), ApiError> {
        let key = filter.key(&owner.region);
        let last = region.logs.last_position(&filter.log_group_name)?;
        let kept = self.catalogue.change(|transaction| {
            progress::begin(transaction, &key, last)?;
            progress::read(transaction, &key)
        })?;
        let ended = Arc::new(AtomicBool::new(false));
        let delivery = Delivery {
            pattern: filter.filter_pattern.parse()?,
            counts: Counts::new(&filter, Arc::clone(&region.metrics), self.clock),
            // A group that was begun anew since has no position so late.
            position: kept.unwrap_or(last).min(last),
            kept_at: (self.clock)(),
            failing: Duration::ZERO,
            logs: Arc::clone(&region.logs),
            account: owner.account.clone(),
            post: Arc::clone(&self.post),
            catalogue: self.catalogue.clone(),
            clock: self.clock,
            ended: Arc::clone(&ended),
            key: key.clone(),
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
    key: Key,
    filter: SubscriptionFilter,
    pattern: Pattern,
    account: String,
    logs: Arc<LogStore>,
    catalogue: Catalogue,
    post: Post,
    clock: fn() -> i64,
    counts: Counts,
    /// What is at or before this need not be handed on any more.
    position: u64,
    /// When that was written down, Unix milliseconds.
    kept_at: i64,
    /// For how long the endpoint has not answered.
    failing: Duration,
    ended: Arc<AtomicBool>,
}

/// The filter is gone, or the program ends.
struct Over;

impl Delivery {
    fn run(mut self) {
        let mut told = None;
        while !self.ended.load(Ordering::Relaxed) {
            match self.hand_on() {
                Ok(true) => continue,
                Ok(false) => told = None,
                Err(error) if told.as_ref() == Some(&error.message) => {}
                Err(error) => {
                    let (group, filter) = (&self.filter.log_group_name, &self.filter.filter_name);
                    tracing::warn!(
                        group,
                        filter,
                        error.message,
                        "a subscription filter cannot go on; it is tried again"
                    );
                    told = Some(error.message);
                }
            }
            thread::sleep(LOOK);
        }
    }

    /// Hands on the next stretch of the log group. Whether there was one.
    fn hand_on(&mut self) -> Result<bool, ApiError> {
        let matches = |messages: &_, records: Option<&_>| self.pattern.matches_lines(messages, records);
        let group = &self.filter.log_group_name;
        let stretch = self.logs.follow(group, self.position, STRETCH, &matches, (self.clock)())?;
        if stretch.position == self.position {
            return Ok(false);
        }
        let found = !stretch.events.is_empty();
        let mut streams: BTreeMap<String, Vec<FilteredLogEvent>> = BTreeMap::new();
        for event in stretch.events {
            streams.entry(event.log_stream_name.clone()).or_default().push(event);
        }
        for (stream, events) in streams {
            if let Err(Over) = self.deliver(&stream, &events) {
                return Ok(false);
            }
        }
        self.position = stretch.position;
        if found || (self.clock)().abs_diff(self.kept_at) >= KEEP_MS {
            self.catalogue.change(|transaction| progress::write(transaction, &self.key, self.position))?;
            self.kept_at = (self.clock)();
        }
        Ok(true)
    }

    /// Tries until the endpoint takes or refuses them, or it has not answered for so long that they are left out.
    fn deliver(&mut self, stream: &str, events: &[FilteredLogEvent]) -> Result<(), Over> {
        let body = packed(&message("DATA_MESSAGE", &self.filter, &self.account, stream, events));
        let newest = events.iter().map(|event| event.ingestion_time).max().unwrap_or_default();
        let mut wait = FIRST_WAIT;
        loop {
            if self.is_hopeless(newest) {
                self.left_out(events, "it has not answered for 24 hours");
                return Ok(());
            }
            match (self.post)(&self.filter.destination_arn, &body) {
                Ok(()) => {
                    self.failing = Duration::ZERO;
                    self.counts.add(Count::Forwarded, events.len());
                    self.counts.add(Count::Bytes, body.len());
                    return Ok(());
                }
                Err(Failure::Permanent(problem)) => {
                    self.failing = Duration::ZERO;
                    self.counts.add(Count::Errors, events.len());
                    self.left_out(events, &problem);
                    return Ok(());
                }
                Err(Failure::Transient(problem)) => self.failed(events, &problem),
            }
            self.pause(wait)?;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// Both: after a restart an endpoint has its time again, and while it has it, a clock that jumps leaves nothing out.
    fn is_hopeless(&self, newest: i64) -> bool {
        let age = (self.clock)().saturating_sub(newest);
        self.failing >= PATIENCE && i64::try_from(PATIENCE.as_millis()).is_ok_and(|patience| age >= patience)
    }

    fn failed(&self, events: &[FilteredLogEvent], problem: &str) {
        self.counts.add(Count::Errors, events.len());
        if self.failing.is_zero() {
            let (group, filter) = (&self.filter.log_group_name, &self.filter.filter_name);
            tracing::warn!(group, filter, problem, "the endpoint of a subscription filter is tried again for 24 hours");
        }
    }

    fn left_out(&self, events: &[FilteredLogEvent], problem: &str) {
        self.counts.add(Count::LeftOut, events.len());
        let (group, filter) = (&self.filter.log_group_name, &self.filter.filter_name);
        tracing::warn!(
            group,
            filter,
            problem,
            events = events.len(),
            "events were not delivered to the endpoint of a subscription filter"
        );
    }

    fn pause(&mut self, wait: Duration) -> Result<(), Over> {
        let until = self.failing + wait;
        while self.failing < until {
            if self.ended.load(Ordering::Relaxed) {
                return Err(Over);
            }
            thread::sleep(LOOK);
            self.failing += LOOK;
        }
        Ok(())
    }
}

/// What is counted.
#[derive(Debug, Clone, Copy)]
enum Count {
    Forwarded,
    Bytes,
    Errors,
    LeftOut,
}

/// The metrics of a filter: those of CloudWatch Logs, and one for what never arrives.
struct Counts {
    metrics: Arc<Metrics>,
    clock: fn() -> i64,
    ids: [Arc<MetricId>; 4],
}

impl Counts {
    fn new(filter: &SubscriptionFilter, metrics: Arc<Metrics>, clock: fn() -> i64) -> Self {
        let dimensions = [
            ("LogGroupName", filter.log_group_name.as_str()),
            ("DestinationType", "HTTPS"),
            ("FilterName", &filter.filter_name),
        ];
        let dimensions = dimensions.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let names = ["ForwardedLogEvents", "ForwardedBytes", "DeliveryErrors", "LeftOutLogEvents"];
        let ids = names.map(|name| {
            let dimensions = dimensions.iter().cloned().collect();
            Arc::new(MetricId { namespace: "AWS/Logs".to_owned(), name: name.to_owned(), dimensions })
        });
        Self { metrics, clock, ids }
    }

    fn add(&self, count: Count, value: usize) {
        let unit = if matches!(count, Count::Bytes) { Unit::Bytes } else { Unit::None };
        let metric = Arc::clone(&self.ids[count as usize]);
        self.metrics.record(&[Datum { metric, timestamp: (self.clock)(), value: value as f64, count: 1.0, unit }]);
    }
}

/// As consumers of subscription filters know it.
fn message(kind: &str, filter: &SubscriptionFilter, account: &str, stream: &str, events: &[FilteredLogEvent]) -> Value {
    let event = |event: &FilteredLogEvent| json!({"id": event.event_id, "timestamp": event.timestamp, "message": event.message});
    json!({
        "messageType": kind,
        "owner": account,
        "logGroup": filter.log_group_name,
        "logStream": stream,
        "subscriptionFilters": [filter.filter_name],
        "logEvents": events.iter().map(event).collect::<Vec<_>>(),
    })
}

fn packed(message: &Value) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    // Into memory nothing fails.
    let _ = gzip.write_all(message.to_string().as_bytes());
    gzip.finish().unwrap_or_default()
}
