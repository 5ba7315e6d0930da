//! Recording: a thread that captures, and one that makes records of finished windows and hands them to the delivery.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::AtomicU64,
        mpsc::{self, Receiver, SyncSender},
    },
    thread::{self, JoinHandle},
};

use tokio::sync::Notify;
use weir_capture::{
    live::{self, Capture, Event, Stopper},
    tracker::Judgement,
    window::{RuleNames, Window, skipdata},
};
use weir_host::{Containers, Devices, Interfaces, Predictor, Rules};
use weir_network::{FlowLog, Interface, TrafficType};
use weir_record::Format;
use weir_store::{Appended, Delivery, FinishedWindow, Loss};

use super::{flow_logs::FlowLogs, watching::Watching};
use crate::{
    clock,
    report::{CaptureReport, ErrorReport},
    settings::Settings,
};

/// Windows that may wait between the two threads. When the disk is slower for long, capturing waits too, and what the
/// kernel then drops is counted as lost.
const QUEUE: usize = 16;
/// Records in a batch.
const BATCH_ROWS: usize = 8192;
/// Errors that are kept for the report.
const ERRORS: usize = 20;

/// What recording came to so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress {
    pub interfaces: Interfaces,
    pub windows: u64,
    pub errors: VecDeque<ErrorReport>,
    pub not_recording: Option<String>,
    pub capture: Option<CaptureReport>,
    /// What the host has refused so far; it goes on counting.
    pub refused: Arc<Mutex<Option<live::Refused>>>,
}

/// The two threads.
pub(super) struct Recorder {
    /// Packets looked at, also those of the present window.
    pub frames: Arc<AtomicU64>,
    shared: Arc<Shared>,
    stopper: Option<Stopper>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// Where finished windows go.
pub(super) struct Sinks {
    /// To the bucket.
    pub delivery: Arc<Delivery>,
    /// To the log group.
    pub watching: Arc<Watching>,
    /// To where the flow logs of AWS clients say.
    pub flow_logs: Arc<FlowLogs>,
}

struct Shared {
    progress: Mutex<Progress>,
    /// A window was handed to the delivery.
    appended: Notify,
    /// None when nothing shall be kept.
    sinks: Option<Sinks>,
    format: Format,
    account_id: String,
    region: String,
    rules: Arc<Rules>,
}

impl Recorder {
    /// Starts to capture. When that is not possible, [`Progress::not_recording`] says why.
    ///
    /// # Errors
    /// When another one records an interface: two would write the same traffic twice.
    pub(super) fn start(
        settings: &Settings,
        flow_log: &FlowLog,
        sinks: Option<Sinks>,
        devices: Arc<Devices>,
        rules: Arc<Rules>,
    ) -> Result<Self, live::LiveError> {
        let shared = Arc::new(Shared {
            progress: Mutex::default(),
            appended: Notify::new(),
            sinks,
            format: flow_log.log_format.clone(),
            account_id: flow_log.account_id.clone(),
            region: flow_log.region.clone(),
            rules: rules.clone(),
        });
        let Some(tier) = settings.capture.0 else {
            shared.progress().not_recording = Some("capture is off".to_owned());
            return Ok(Self { frames: Arc::default(), shared, stopper: None, threads: Mutex::default() });
        };
        let (events, received) = mpsc::sync_channel(QUEUE);
        let (opened, opening) = mpsc::sync_channel(1);
        let capturing = {
            let shared = Arc::clone(&shared);
            let containers = Containers::watch_if(devices.may_be_guests(), &settings.container_socket);
            let choose = weir_host::choose(Arc::clone(&devices), containers, Some(Arc::clone(&rules)));
            let options = live::Options::new(settings.interval, settings.max_flows, tier);
            // What AWS clients defined decides only where it is put in force.
            let by_file = settings.network.is_some();
            let predictor = Predictor::new(rules);
            let predictor = Some(if by_file { predictor } else { predictor.only_on(&settings.enforce) });
            thread::spawn(move || capture(options, choose, predictor, &devices, &shared, &events, &opened))
        };
        let (stopper, frames) = match opening.recv() {
            Ok(Ok((stopper, frames))) => (Some(stopper), frames),
            Ok(Err(error @ live::LiveError::InUse { .. })) => return Err(error),
            Ok(Err(error)) => {
                shared.progress().not_recording = Some(error.to_string());
                (None, Arc::default())
            }
            Err(_) => (None, Arc::default()),
        };
        let recording = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || record(&shared, &received))
        };
        Ok(Self { frames, shared, stopper, threads: Mutex::new(vec![capturing, recording]) })
    }

    /// Waits until a window was handed to the delivery.
    pub(super) async fn appended(&self) {
        self.shared.appended.notified().await;
    }

    /// What recording came to so far.
    pub(super) fn progress(&self) -> Progress {
        self.shared.progress().clone()
    }

    /// Something else went wrong that belongs among the last errors.
    pub(super) fn error(&self, message: String) {
        self.shared.error(message);
    }

    /// Records that the delivery had to drop become SKIPDATA.
    pub(super) fn record_losses(&self) {
        self.shared.record_losses();
    }

    /// Ends the capture and hands its last windows to the delivery.
    pub(super) async fn stop(&self) {
        if let Some(stopper) = &self.stopper {
            stopper.stop();
        }
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        let ended = tokio::task::spawn_blocking(|| threads.into_iter().all(|thread| thread.join().is_ok())).await;
        if !matches!(ended, Ok(true)) {
            self.shared.error("a recording thread broke off".into());
        }
    }
}

/// The capturing thread. Nothing but the sink may take time here.
fn capture(
    options: live::Options,
    choose: live::Choose,
    mut predictor: Option<Predictor>,
    devices: &Devices,
    shared: &Shared,
    events: &SyncSender<Event>,
    opened: &SyncSender<Result<(Stopper, Arc<AtomicU64>), live::LiveError>>,
) {
    let absent = weir_host::absent(devices);
    let now_ns = || i64::try_from(clock::now().as_nanos()).unwrap_or(i64::MAX);
    let capture = match Capture::open(options, choose, &now_ns) {
        Ok(capture) => capture,
        Err(error) => {
            let _ = opened.send(Err(error));
            return;
        }
    };
    let tier = capture.tier();
    shared.progress().capture = Some(CaptureReport { tier: tier.tier.to_string(), why: tier.why.clone() });
    shared.progress().refused = capture.refused();
    let _ = opened.send(Ok((capture.stopper(), capture.frames())));
    for name in absent {
        shared.error(format!("there is no interface {name} yet; it is recorded when it comes"));
    }
    let judge = |interface: &Interface, direction, packet: &_, time_ns| match &mut predictor {
        Some(predictor) => predictor.judge(interface, direction, packet, time_ns),
        None => Judgement::SEEN,
    };
    // The other side ends only after this one.
    let ended = capture.run(now_ns, judge, |event| drop(events.send(event)));
    if let Err(error) = ended {
        shared.progress().not_recording = Some(error.to_string());
        shared.error(error.to_string());
    }
}

/// The recording thread: until the capture has ended and its last window is handed on.
fn record(shared: &Shared, events: &Receiver<Event>) {
    for event in events {
        shared.count(&event);
        match event {
            Event::Window(window) => shared.window(&window),
            Event::Added { .. } | Event::Removed { .. } => {}
            Event::Failed { error, .. } => shared.error(error.to_string()),
            Event::Unlisted(error) => shared.error(error.to_string()),
            Event::Trouble(error) => shared.error(error.to_string()),
        }
    }
    shared.appended.notify_one();
}

/// The records of a window, on the way to where they go.
pub(super) fn finished(
    window: &Window,
    format: &Format,
    traffic: TrafficType,
    rules: &RuleNames<'_>,
) -> FinishedWindow {
    const SECOND_NS: i64 = 1_000_000_000;
    FinishedWindow {
        start: window.start_ns() / SECOND_NS,
        end: (window.end_ns() + SECOND_NS - 1).div_euclid(SECOND_NS),
        batches: window.batches(format, traffic, rules, BATCH_ROWS).collect(),
    }
}

impl Shared {
    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn error(&self, message: String) {
        tracing::info!("{message}");
        let errors = &mut self.progress().errors;
        // What is tried again and fails again is one error.
        if errors.back().is_some_and(|last| last.message == message) {
            errors.pop_back();
        }
        errors.push_back(ErrorReport { time: clock::now().as_secs(), message });
        if errors.len() > ERRORS {
            errors.pop_front();
        }
    }

    /// Makes records of a window and hands them to the delivery.
    fn window(&self, window: &Window) {
        let rule = |mark| self.rules.name(mark);
        self.append(finished(window, &self.format, TrafficType::All, &rule));
        if let Some(sinks) = &self.sinks {
            sinks.flow_logs.take(window, &rule);
        }
        self.appended.notify_one();
    }

    fn append(&self, window: FinishedWindow) {
        let records = window.records();
        let Some(sinks) = &self.sinks else { return };
        sinks.watching.append(&window);
        if sinks.delivery.append(window, super::seconds()) == Appended::Dropped {
            self.error(format!("{records} records were dropped: the disk refuses them and memory is full"));
        }
    }

    fn count(&self, event: &Event) {
        let mut progress = self.progress();
        progress.windows += u64::from(matches!(event, Event::Window(_)));
        progress.interfaces.handle(event);
    }

    fn record_losses(&self) {
        let losses = self.sinks.as_ref().map(|sinks| sinks.delivery.take_losses());
        for loss in losses.unwrap_or_default() {
            self.append(self.skipdata(&loss));
        }
    }

    /// One SKIPDATA record for each interface whose records were dropped.
    fn skipdata(&self, loss: &Loss) -> FinishedWindow {
        let (start, end) = (loss.start, loss.end);
        let lost = loss.interfaces.keys().map(|id| (id.as_str(), start, end));
        let batch = skipdata(&self.format, &self.account_id, &self.region, lost);
        FinishedWindow { start, end, batches: vec![batch] }
    }
}
