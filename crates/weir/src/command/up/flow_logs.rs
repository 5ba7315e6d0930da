//! The flow logs that AWS clients make: windows of the capture become their records, and go where they say.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use weir_api::{
    Regions as _,
    access::{Access, Context},
    services::ec2::{CoveredFlowLog, Deliveries, Ec2},
};
use weir_capture::window::{Merger, NO_RULES, RuleNames, Window};
use weir_host::Unwatched;
use weir_network::{AggregationInterval, Destination as Goal, FlowLog, Interface};
use weir_store::{Appended, Buckets, DataDirectory, Delivery, DeliveryOptions, Failure, FinishedWindow};

use super::{
    recorder::{finished, unwatched_window},
    regions::Regions,
    watching::Destination,
};
use crate::{clock, countries::Countries, definitions};

/// For so many seconds after a failed attempt a delivery is said to fail: it is tried again within a minute.
const RECENT: i64 = 90;
/// The service that takes on the role of a flow log.
const SERVICE: &str = "vpc-flow-logs.amazonaws.com";
/// What it does in a log group that is there.
const ACTIONS: [&str; 2] = ["logs:CreateLogStream", "logs:PutLogEvents"];
/// After so many seconds is tried again to open what a flow log goes to.
const AGAIN: i64 = 5;

/// A flow log that is wanted, and whose traffic it records.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wanted {
    pub(super) flow_log: FlowLog,
    /// Ids of network interfaces.
    pub(super) covers: BTreeSet<String>,
    /// The role that puts records into a log group.
    pub(super) role_arn: Option<String>,
}

/// Where flow logs deliver to, and how.
pub(super) struct Room {
    pub(super) data: Arc<DataDirectory>,
    pub(super) buckets: Buckets,
    pub(super) options: DeliveryOptions,
    pub(super) regions: Arc<Regions>,
    /// Most flows of a window.
    pub(super) max_flows: u64,
    /// The interval of the capture.
    pub(super) interval: AggregationInterval,
    pub(super) countries: Countries,
    /// The flow log of the settings, which others record, and its delivery.
    pub(super) own: Option<(String, Arc<Delivery>)>,
}

/// The flow logs that are recorded.
pub(super) struct FlowLogs {
    room: Room,
    /// Who says whether a role may deliver; everyone may until it is set.
    access: OnceLock<Arc<Access>>,
    recorded: Mutex<BTreeMap<String, Recorded>>,
    /// Those that were deleted, until what they hold is delivered.
    ending: Mutex<Vec<Arc<Delivery>>>,
}

/// One flow log, while it is recorded.
struct Recorded {
    wanted: Wanted,
    merger: Merger,
    /// Nothing when it cannot be opened; then it is tried again.
    sink: Option<Sink>,
    /// When it was tried last, Unix seconds.
    tried: i64,
}

/// Where the records of a flow log go.
#[derive(Clone)]
enum Sink {
    Bucket(Arc<Delivery>),
    LogGroup(Arc<Destination>),
}

impl FlowLogs {
    pub(super) fn new(room: Room) -> Self {
        Self { room, access: OnceLock::new(), recorded: Mutex::default(), ending: Mutex::default() }
    }

    /// Roles are held to their policies from now on.
    pub(super) fn guard(&self, access: Arc<Access>) {
        let _ = self.access.set(access);
    }

    /// Records what is defined.
    pub(super) fn follow(&self, ec2: &Ec2) {
        let wanted = |covered: CoveredFlowLog| Wanted {
            flow_log: covered.flow_log,
            covers: covered.interfaces.into_iter().collect(),
            role_arn: covered.role_arn,
        };
        self.want(ec2.flow_logs().into_iter().map(wanted).collect());
    }

    /// Records these flow logs from now on, and no others. What those hold that are not among them is still delivered.
    fn want(&self, all: Vec<Wanted>) {
        let mut recorded = self.recorded();
        let mut before = std::mem::take(&mut *recorded);
        for wanted in all {
            let id = wanted.flow_log.id.clone();
            let kept = before.remove(&id).filter(|known| known.wanted.flow_log == wanted.flow_log);
            let known = match kept {
                Some(known) => Recorded { wanted, ..known },
                None => self.begin(wanted),
            };
            recorded.insert(id, known);
        }
        for gone in before.into_values() {
            self.end(gone);
        }
    }

    /// Takes a window of the capture.
    pub(super) fn take(&self, window: &Window, rules: &RuleNames<'_>) {
        for known in self.recorded().values_mut() {
            known.take(window, rules, &self.room.countries);
        }
    }

    /// Interfaces were not watched for a while.
    pub(super) fn unwatched(&self, unwatched: &Unwatched) {
        for known in self.recorded().values() {
            known.unwatched(unwatched);
        }
    }

    /// Hands on what waits, and puts into buckets what is due.
    pub(super) async fn poll(&self, now: i64) {
        self.try_again(now);
        for delivery in self.deliveries() {
            delivery.poll(now).await;
        }
        for group in self.groups() {
            // What the disk refuses waits, and its flow log says so.
            let _ = group.drain(clock::milliseconds());
        }
        let ending = std::mem::take(&mut *self.ending.lock().unwrap_or_else(PoisonError::into_inner));
        for delivery in ending {
            if delivery.close(now).await.waiting_records > 0 {
                self.ending.lock().unwrap_or_else(PoisonError::into_inner).push(delivery);
            }
        }
    }

    /// Delivers all that is there. Returns how many records could not be delivered.
    pub(super) async fn close(&self, now: i64) -> u64 {
        for known in self.recorded().values_mut() {
            known.finish(&self.room.countries);
        }
        let mut left = 0;
        let ending = std::mem::take(&mut *self.ending.lock().unwrap_or_else(PoisonError::into_inner));
        for delivery in self.deliveries().into_iter().chain(ending) {
            left += delivery.close(now).await.waiting_records;
        }
        left
    }

    /// What keeps a flow log from being delivered, in the words of AWS.
    fn problem_of(&self, id: &str) -> Option<String> {
        let fails = match &self.room.own {
            Some((own, delivery)) if own == id => is_stuck(delivery),
            _ => match &self.recorded().get(id)?.sink {
                None => true,
                Some(Sink::Bucket(delivery)) => is_stuck(delivery),
                Some(Sink::LogGroup(group)) => group.counts().0 > 0,
            },
        };
        fails.then(|| "Access error".to_owned())
    }

    fn begin(&self, wanted: Wanted) -> Recorded {
        let (asked, made) = (wanted.flow_log.max_aggregation_interval.seconds(), self.room.interval.seconds());
        if asked < made {
            let id = &wanted.flow_log.id;
            let text =
                format!("records of flow log {id} stand for {made} s, as --interval says, and not for {asked} s");
            self.room.regions.home.troubles.add(text);
        }
        let merger = Merger::new(wanted.flow_log.max_aggregation_interval, self.room.max_flows);
        let sink = self.sink(&wanted);
        Recorded { wanted, merger, sink, tried: clock::milliseconds() / 1000 }
    }

    /// The bucket or the log group of a flow log may have been made since; its role may have been changed.
    fn try_again(&self, now: i64) {
        for (wanted, is_open) in self.due(now) {
            if is_open && self.check_role(&wanted).is_ok() {
                continue;
            }
            // Opened before the lock is taken, for which the capture waits.
            let sink = self.sink(&wanted);
            if let Some(known) = self.recorded().get_mut(&wanted.flow_log.id) {
                known.sink = sink;
            }
        }
    }

    /// Those that were not looked at for a while, and whether they are open.
    fn due(&self, now: i64) -> Vec<(Wanted, bool)> {
        let mut recorded = self.recorded();
        let due = recorded.values_mut().filter(|known| (now - known.tried).abs() >= AGAIN);
        let looked_at = |known: &mut Recorded| {
            known.tried = now;
            (known.wanted.clone(), known.sink.is_some())
        };
        due.map(looked_at).collect()
    }

    /// None when it cannot be opened, such as without its bucket.
    fn sink(&self, wanted: &Wanted) -> Option<Sink> {
        let opened = self.check_role(wanted).and_then(|()| self.open(&wanted.flow_log));
        if let Err(problem) = &opened {
            let id = &wanted.flow_log.id;
            self.room.regions.home.troubles.add(format!("flow log {id} cannot be delivered: {problem}"));
        }
        opened.ok()
    }

    /// Whether the role of a flow log may do what the delivery to its log group does.
    fn check_role(&self, wanted: &Wanted) -> Result<(), String> {
        let FlowLog { id, account_id, region, destination, .. } = &wanted.flow_log;
        let (Goal::LogGroup { log_group }, Some(role), Some(access)) =
            (destination, &wanted.role_arn, self.access.get())
        else {
            return Ok(());
        };
        let arn = |rest: &str| format!("arn:aws:{rest}");
        let group = arn(&format!("logs:{region}:{account_id}:log-group:{log_group}:*"));
        let context = Context::default()
            .with("aws:SourceAccount", account_id.as_str())
            .with("aws:SourceArn", arn(&format!("ec2:{region}:{account_id}:vpc-flow-log/{id}")));
        access.assume_role_allows(role, SERVICE, &ACTIONS, &group, &context).map_err(|problem| problem.to_string())
    }

    fn open(&self, flow_log: &FlowLog) -> Result<Sink, String> {
        match &flow_log.destination {
            Goal::Bucket { .. } => {
                let Room { data, buckets, options, .. } = &self.room;
                let delivery = Delivery::open(data, buckets, flow_log, options.clone()).map_err(|it| it.to_string())?;
                definitions::keep(data.path(), flow_log).map_err(|it| crate::sentence(&it))?;
                Ok(Sink::Bucket(Arc::new(delivery)))
            }
            Goal::LogGroup { log_group } => {
                let region = self.room.regions.region(&flow_log.region).map_err(|error| error.message)?;
                let group = Destination::new(Arc::clone(&region.logs), log_group.clone(), flow_log);
                Ok(Sink::LogGroup(Arc::new(group)))
            }
        }
    }

    fn end(&self, mut gone: Recorded) {
        gone.finish(&self.room.countries);
        if let Some(Sink::Bucket(delivery)) = gone.sink {
            self.ending.lock().unwrap_or_else(PoisonError::into_inner).push(delivery);
        }
    }

    fn recorded(&self) -> MutexGuard<'_, BTreeMap<String, Recorded>> {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn deliveries(&self) -> Vec<Arc<Delivery>> {
        let bucket = |known: &Recorded| match &known.sink {
            Some(Sink::Bucket(delivery)) => Some(Arc::clone(delivery)),
            _ => None,
        };
        self.recorded().values().filter_map(bucket).collect()
    }

    fn groups(&self) -> Vec<Arc<Destination>> {
        let group = |known: &Recorded| match &known.sink {
            Some(Sink::LogGroup(group)) => Some(Arc::clone(group)),
            _ => None,
        };
        self.recorded().values().filter_map(group).collect()
    }
}

impl Deliveries for FlowLogs {
    fn problem(&self, flow_log_id: &str) -> Option<String> {
        self.problem_of(flow_log_id)
    }

    fn shortest_interval(&self) -> AggregationInterval {
        self.room.interval
    }
}

/// Whether records wait because the bucket does not take them.
fn is_stuck(delivery: &Delivery) -> bool {
    let counters = delivery.counters();
    let is_recent = |failure: &Failure| failure.time + RECENT >= clock::milliseconds() / 1000;
    counters.waiting_records > 0 && counters.last_failure.as_ref().is_some_and(is_recent)
}

impl Recorded {
    fn take(&mut self, window: &Window, rules: &RuleNames<'_>, countries: &Countries) {
        let covers = &self.wanted.covers;
        for whole in self.merger.take(window, |interface: &Interface| covers.contains(&interface.id)) {
            self.append(&whole, rules, countries);
        }
    }

    /// What the rules were called is gone with the capture: marks without a name stay without one.
    fn finish(&mut self, countries: &Countries) {
        if let Some(window) = self.merger.finish() {
            self.append(&window, NO_RULES, countries);
        }
    }

    fn append(&self, window: &Window, rules: &RuleNames<'_>, countries: &Countries) {
        let FlowLog { log_format, traffic_type, .. } = &self.wanted.flow_log;
        self.hand_on(finished(window, log_format, *traffic_type, rules, countries));
        self.hand_on_losses();
    }

    fn hand_on(&self, window: FinishedWindow) {
        match &self.sink {
            Some(Sink::Bucket(delivery)) => {
                // What is dropped is counted, and becomes SKIPDATA.
                let _: Appended = delivery.append(window, clock::milliseconds() / 1000);
            }
            Some(Sink::LogGroup(group)) => drop(group.append(&window, clock::milliseconds())),
            // It says so itself: its delivery has failed.
            None => {}
        }
    }

    /// One SKIPDATA record for each interface whose records were dropped.
    fn hand_on_losses(&self) {
        let Some(Sink::Bucket(delivery)) = &self.sink else { return };
        for loss in delivery.take_losses() {
            let lost = loss.interfaces.keys().map(|id| (id.clone(), (loss.start, loss.end)));
            self.hand_on_skipdata(&lost.collect());
        }
    }

    /// One SKIPDATA record for each of its interfaces.
    fn unwatched(&self, unwatched: &Unwatched) {
        let mine = unwatched.iter().filter(|(id, _)| self.wanted.covers.contains(*id));
        let mine: Unwatched = mine.map(|(id, seconds)| (id.clone(), *seconds)).collect();
        if !mine.is_empty() {
            self.hand_on_skipdata(&mine);
        }
    }

    fn hand_on_skipdata(&self, unwatched: &Unwatched) {
        let FlowLog { log_format, account_id, region, .. } = &self.wanted.flow_log;
        self.hand_on(unwatched_window(unwatched, log_format, account_id, region));
    }
}
