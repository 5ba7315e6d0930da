//! Recording: a thread that captures, and one that makes records of finished windows and hands them to the delivery.

use std::{
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Receiver},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::sync::Notify;
use weir_capture::{
    live::{self, Capture, Event, LiveError, Stopper},
    window::{RuleNames, Window, skipdata},
};
use weir_host::{Devices, Gaps, Interfaces, Rules, Unwatched};
use weir_network::{FlowLog, TrafficType};
use weir_record::Format;
use weir_store::{Appended, Delivery, FinishedWindow, Loss};

use super::{
    capturing::{Capturing, News},
    errors::Errors,
    flow_logs::FlowLogs,
    refusals::Refusals,
    watching::Watching,
};
use crate::{
    clock,
    countries::{self, Countries},
    report::CaptureReport,
    settings::Settings,
};

/// Windows that may wait between the two threads. When the disk is slower for long, capturing waits too, and what the
/// kernel then drops is counted as lost.
const QUEUE: usize = 16;
/// Records in a batch.
const BATCH_ROWS: usize = 8192;

/// What recording came to so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress {
    pub interfaces: Interfaces,
    pub windows: u64,
    pub errors: Errors,
    pub not_recording: Option<String>,
    /// How often a capture broke off or could not begin.
    pub capture_failures: u64,
    pub capture: Option<CaptureReport>,
    /// Packets looked at, also those of the present window.
    pub frames: Frames,
    /// What the host has refused so far; it goes on counting.
    pub refused: Refusals,
}

/// The packets of all captures.
#[derive(Debug, Clone, Default)]
pub(super) struct Frames {
    before: u64,
    /// Of the last one, which goes on counting.
    now: Arc<AtomicU64>,
}

impl Frames {
    pub(super) fn count(&self) -> u64 {
        self.before + self.now.load(Ordering::Relaxed)
    }
}

/// The two threads.
pub(super) struct Recorder {
    shared: Arc<Shared>,
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

/// What ends the capture.
#[derive(Default)]
struct Ending {
    over: bool,
    stopper: Option<Stopper>,
}

/// What the threads share with the others.
pub(super) struct Shared {
    progress: Mutex<Progress>,
    ending: Mutex<Ending>,
    /// It is over.
    over: Condvar,
    /// A window was handed to the delivery.
    appended: Notify,
    /// None when nothing shall be kept.
    sinks: Option<Sinks>,
    format: Format,
    account_id: String,
    region: String,
    rules: Arc<Rules>,
    countries: Countries,
}

impl Recorder {
    /// Starts to capture. While that is not possible, [`Progress::not_recording`] says why, and it is tried again.
    ///
    /// # Errors
    /// When another one records an interface: two would write the same traffic twice.
    pub(super) fn start(
        settings: &Settings,
        flow_log: &FlowLog,
        sinks: Option<Sinks>,
        devices: Arc<Devices>,
        rules: Arc<Rules>,
        countries: Countries,
    ) -> Result<Self, LiveError> {
        let keeps = sinks.is_some();
        let shared = Arc::new(Shared {
            progress: Mutex::default(),
            ending: Mutex::default(),
            over: Condvar::new(),
            appended: Notify::new(),
            sinks,
            format: flow_log.log_format.clone(),
            account_id: flow_log.account_id.clone(),
            region: flow_log.region.clone(),
            rules: rules.clone(),
            countries,
        });
        let Some(tier) = settings.capture.0 else {
            shared.progress().not_recording = Some("capture is off".to_owned());
            return Ok(Self { shared, threads: Mutex::default() });
        };
        let (news, received) = mpsc::sync_channel(QUEUE);
        let (begun, beginning) = mpsc::channel();
        let capturing = {
            let shared = Arc::clone(&shared);
            let options = live::Options::new(settings.interval, settings.max_flows, tier);
            let capturing = Capturing::new(settings, options, devices, rules);
            thread::spawn(move || capturing.run(keeps, &shared, &news, &begun))
        };
        if let Ok(Err(in_use)) = beginning.recv() {
            return Err(in_use);
        }
        let recording = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || record(&shared, &received))
        };
        Ok(Self { shared, threads: Mutex::new(vec![capturing, recording]) })
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
        self.shared.end();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        let ended = tokio::task::spawn_blocking(|| threads.into_iter().all(|thread| thread.join().is_ok())).await;
        if !matches!(ended, Ok(true)) {
            self.shared.error("a recording thread broke off".into());
        }
    }
}

/// The recording thread: until capturing has ended and its last window is handed on.
fn record(shared: &Shared, received: &Receiver<News>) {
    let mut gaps = Gaps::default();
    for news in received {
        let event = match news {
            News::Captured(event) => event,
            News::Ended => {
                gaps.ended();
                shared.progress().interfaces.ended();
                continue;
            }
        };
        shared.count(&event);
        let unwatched = gaps.handle(&event);
        if !unwatched.is_empty() {
            shared.unwatched(&unwatched);
        }
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
    countries: &Countries,
) -> FinishedWindow {
    const SECOND_NS: i64 = 1_000_000_000;
    let batches = window.batches(&countries::needed(format), traffic, rules, BATCH_ROWS).collect();
    FinishedWindow {
        start: window.start_ns() / SECOND_NS,
        end: (window.end_ns() + SECOND_NS - 1).div_euclid(SECOND_NS),
        batches: countries.tell(batches, format),
    }
}

impl Shared {
    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A capture begins: from here on it can be stopped.
    pub(super) fn capture_began(&self, capture: &Capture) {
        let tier = capture.tier();
        let mut progress = self.progress();
        progress.not_recording = None;
        progress.capture = Some(CaptureReport { tier: tier.tier.to_string(), why: tier.why.clone() });
        progress.frames = Frames { before: progress.frames.count(), now: capture.frames() };
        progress.refused.follow(capture.refused());
        drop(progress);
        let mut ending = self.ending();
        if ending.over {
            capture.stopper().stop();
        }
        ending.stopper = Some(capture.stopper());
    }

    /// A capture broke off, or could not begin. The same reason is said once.
    pub(super) fn capture_failed(&self, error: &LiveError) {
        let reason = error.to_string();
        let mut progress = self.progress();
        progress.capture_failures += 1;
        let before = progress.not_recording.replace(reason.clone());
        let is_news = before.as_ref() != Some(&reason) && progress.capture.is_some();
        drop(progress);
        self.ending().stopper = None;
        if is_news {
            self.error(reason);
        }
    }

    /// Waits so long; whether to go on then.
    pub(super) fn pause(&self, wait: Duration) -> bool {
        let waited = self.over.wait_timeout_while(self.ending(), wait, |ending| !ending.over);
        let (ending, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !ending.over
    }

    fn end(&self) {
        let mut ending = self.ending();
        ending.over = true;
        if let Some(stopper) = &ending.stopper {
            stopper.stop();
        }
        self.over.notify_all();
    }

    fn ending(&self) -> MutexGuard<'_, Ending> {
        self.ending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn error(&self, message: String) {
        tracing::info!("{message}");
        self.progress().errors.add(message, clock::now().as_secs());
    }

    /// Makes records of a window and hands them to the delivery.
    fn window(&self, window: &Window) {
        let rule = |mark| self.rules.name(mark);
        self.append(finished(window, &self.format, TrafficType::All, &rule, &self.countries));
        if let Some(sinks) = &self.sinks {
            sinks.flow_logs.take(window, &rule);
        }
        self.appended.notify_one();
    }

    fn append(&self, window: FinishedWindow) {
        let records = window.records();
        let Some(sinks) = &self.sinks else { return };
        sinks.watching.append(&window);
        if sinks.delivery.append(window, clock::seconds()) == Appended::Dropped {
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
        let lost = loss.interfaces.keys().map(|id| (id.clone(), (start, end)));
        unwatched_window(&lost.collect(), &self.format, &self.account_id, &self.region)
    }

    /// What passed between two captures is in no record.
    fn unwatched(&self, unwatched: &Unwatched) {
        self.append(unwatched_window(unwatched, &self.format, &self.account_id, &self.region));
        if let Some(sinks) = &self.sinks {
            sinks.flow_logs.unwatched(unwatched);
        }
    }
}

/// SKIPDATA records: one for each interface.
pub(super) fn unwatched_window(
    unwatched: &Unwatched,
    format: &Format,
    account_id: &str,
    region: &str,
) -> FinishedWindow {
    let records = unwatched.iter().map(|(id, (start, end))| (id.as_str(), *start, *end));
    FinishedWindow {
        start: unwatched.values().map(|(start, _)| *start).min().unwrap_or_default(),
        end: unwatched.values().map(|(_, end)| *end).max().unwrap_or_default(),
        batches: vec![skipdata(format, account_id, region, records)],
    }
}
