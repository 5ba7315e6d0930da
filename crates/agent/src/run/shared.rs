//! What the threads share.

use std::{
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        mpsc::{self, Sender},
    },
    time::Duration,
};

use weir_agent::{CaptureNeeds, Client, DataDirectory, Recorder, Spool, random};
use weir_capture::live::Stopper;
use weir_network::Network;
use weir_uplink::{
    CLOCK_LIMIT_MS, Credential, Definition, EnforcementReport, Recording, Report, UplinkError, version_of,
};

use super::enforcing::Command;

/// How long recording waits for the network that gives interfaces their names.
const NETWORK: Duration = Duration::from_secs(5);
/// When capturing failed, it is tried again after so long.
const RETRY: Duration = Duration::from_secs(5);

/// The spool, what is to be recorded, and how it is going.
pub struct Shared {
    pub client: Client,
    pub credential: Credential,
    data: DataDirectory,
    spool: Mutex<Spool>,
    /// To the thread that looks after the rules.
    rules: Sender<Command>,
    state: Mutex<State>,
    /// Something in the state changed.
    changed: Condvar,
}

#[derive(Default)]
pub struct State {
    /// What to record; none before the server said so for the first time.
    wanted: Option<Vec<Recording>>,
    /// Counts changes of it.
    generation: u64,
    /// Ends the capture that runs.
    stopper: Option<Stopper>,
    recorder: Recorder,
    capture: String,
    version: Option<String>,
    refused: Option<String>,
    enforcement: Option<EnforcementReport>,
    not_recording: Option<String>,
    clock_offset_ms: i64,
    /// The server should hear of something now.
    news: bool,
    ending: bool,
    farewell: bool,
}

impl Shared {
    pub fn new(
        client: Client,
        credential: Credential,
        data: DataDirectory,
        spool: Spool,
        rules: Sender<Command>,
    ) -> Self {
        let (spool, state) = (Mutex::new(spool), Mutex::default());
        Self { client, credential, data, spool, rules, state, changed: Condvar::new() }
    }

    pub fn spool(&self) -> MutexGuard<'_, Spool> {
        self.spool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let changed = change(&mut self.state());
        self.changed.notify_all();
        changed
    }

    /// Records as the server said last, until it says something else.
    pub fn begin_with_kept_definition(&self) {
        match self.data.definition() {
            Ok(Some(text)) => drop(self.adopt(version_of(&text), &text)),
            Ok(None) => tracing::info!("waiting for the server to say what to record"),
            Err(error) => tracing::warn!("{error}"),
        }
    }

    /// The server said what to record: keeps it for the next start.
    pub fn define(&self, version: String, text: &str) {
        if self.adopt(version, text)
            && let Err(error) = self.data.keep_definition(text)
        {
            tracing::warn!("{error}");
        }
    }

    /// Follows a definition, if we can.
    fn adopt(&self, version: String, text: &str) -> bool {
        let definition = understand(text).map(|(definition, network)| {
            self.take_network(network, definition.enforce);
            definition.flow_logs
        });
        self.change(|state| {
            state.news = true;
            match definition {
                Ok(flow_logs) => {
                    state.adopt(version, flow_logs);
                    true
                }
                Err(error) => {
                    tracing::warn!("{error}");
                    state.refused = Some(error.to_string());
                    false
                }
            }
        })
    }

    /// Hands a network to the thread that looks after the rules, and waits until it holds.
    fn take_network(&self, network: Option<Network>, enforce: bool) {
        let (taken, done) = mpsc::channel();
        if self.rules.send(Command::Take { network, enforce, taken }).is_ok() {
            let _ = done.recv_timeout(NETWORK);
        }
    }

    /// Version of the definition that is followed.
    pub fn version(&self) -> Option<String> {
        self.state().version.clone()
    }

    /// What to capture for, once it is another than that of `generation`, or after a while the same when capturing for it
    /// failed; none when the agent ends. There may be nothing to capture for.
    pub fn wait_for_orders(&self, generation: u64) -> Option<(u64, Option<CaptureNeeds>)> {
        let state = self.state();
        let longest = if state.not_recording.is_some() { RETRY } else { Duration::MAX };
        let same = |state: &mut State| !state.ending && state.generation == generation;
        let waited = self.changed.wait_timeout_while(state, longest, same);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if state.ending {
            return None;
        }
        let wanted = state.wanted.clone()?;
        let orders = (state.generation, CaptureNeeds::of(&wanted));
        state.recorder.follow(wanted);
        Some(orders)
    }

    /// A capture runs for these orders, or cannot, and why.
    pub fn capturing(&self, generation: u64, capture: Result<Stopper, String>) {
        self.change(|state| {
            state.news = true;
            match capture {
                Ok(stopper) => {
                    if state.ending || state.generation != generation {
                        stopper.stop();
                    }
                    (state.stopper, state.not_recording) = (Some(stopper), None);
                }
                Err(problem) => {
                    if state.not_recording.as_ref() != Some(&problem) {
                        tracing::warn!("not recording: {problem}");
                    }
                    (state.stopper, state.not_recording) = (None, Some(problem));
                }
            }
        });
    }

    /// What is in force on this host.
    pub fn enforces(&self, report: EnforcementReport) {
        let is_new =
            |before: &EnforcementReport| (&before.error, &before.interfaces) != (&report.error, &report.interfaces);
        if self.state().enforcement.as_ref().is_none_or(is_new) {
            self.change(|state| (state.enforcement, state.news) = (Some(report), true));
        } else {
            self.state().enforcement = Some(report);
        }
    }

    /// The way packets are seen, and why.
    pub fn captures_by(&self, tier: String) {
        self.change(|state| state.capture = tier);
    }

    /// Changes what is counted. The sender is told of it at once when it is `news`.
    pub fn record<T>(&self, news: bool, record: impl FnOnce(&mut Recorder) -> T) -> T {
        self.change(|state| {
            state.news |= news;
            record(&mut state.recorder)
        })
    }

    /// There is something new to send.
    pub fn spooled(&self) {
        self.changed.notify_all();
    }

    pub fn stop_recording(&self) {
        self.change(|state| {
            state.ending = true;
            if let Some(stopper) = &state.stopper {
                stopper.stop();
            }
        });
    }

    /// All is recorded: sends what there is and ends.
    pub fn say_farewell(&self) {
        self.change(|state| state.farewell = true);
    }

    pub fn is_farewell(&self) -> bool {
        self.state().farewell
    }

    /// How we are doing, if the server should hear of it now; `due` when it has been a while.
    pub fn report(&self, due: bool) -> Option<Report> {
        let mut state = self.state();
        if !due && !state.news {
            return None;
        }
        state.news = false;
        let (spooled, lost) = {
            let spool = self.spool();
            (spool.spooled(), spool.lost())
        };
        Some(Report {
            capture: state.capture.clone(),
            not_recording: state.not_recording.clone(),
            interfaces: state.recorder.interfaces(),
            definition: state.version.clone(),
            refused: state.refused.clone(),
            enforcement: state.enforcement.clone(),
            spooled,
            lost,
        })
    }

    /// A report did not arrive: what it said is still news.
    pub fn unreported(&self) {
        self.state().news = true;
    }

    /// The server's clock is so far ahead of ours.
    pub fn clock_offset(&self, offset_ms: Option<i64>) {
        let Some(offset_ms) = offset_ms else { return };
        let before = std::mem::replace(&mut self.state().clock_offset_ms, offset_ms);
        let is_far = |offset: i64| offset.saturating_abs() > CLOCK_LIMIT_MS;
        match (is_far(before), is_far(offset_ms)) {
            (false, true) => {
                let (seconds, way) =
                    (offset_ms.unsigned_abs() / 1000, if offset_ms < 0 { "behind" } else { "ahead of" });
                tracing::warn!(
                    "the clocks differ: the server's is {seconds} s {way} ours; records keep the times of this host"
                );
            }
            (true, false) => tracing::info!("the clocks agree again"),
            _ => {}
        }
    }

    /// Waits so long, or until there is something to do.
    pub fn rest(&self, longest: Duration) {
        let state = self.state();
        // A change between the look around and this wait is noticed at its end.
        if !state.news {
            drop(self.changed.wait_timeout(state, longest));
        }
    }

    /// Waits so long, whatever happens, except the end.
    pub fn pause(&self, duration: Duration) {
        let state = self.state();
        let wait = self.changed.wait_timeout_while(state, duration, |state| !state.farewell);
        drop(wait);
    }

    /// Any byte, to spread agents over time.
    pub fn jitter() -> u8 {
        random::<1>().map_or(0, |bytes| bytes[0])
    }
}

/// A definition that this program can follow, and its network.
fn understand(text: &str) -> Result<(Definition, Option<Network>), UplinkError> {
    let definition = Definition::parse(text)?;
    let network = definition.network()?;
    Ok((definition, network))
}

impl State {
    fn adopt(&mut self, version: String, wanted: Vec<Recording>) {
        (self.version, self.refused) = (Some(version), None);
        if self.wanted.as_ref() == Some(&wanted) {
            return;
        }
        tracing::info!("recording {} flow logs from now on", wanted.len());
        let needs = CaptureNeeds::of(&wanted);
        let same = self.wanted.as_deref().map(CaptureNeeds::of) == Some(needs);
        // The capture that runs serves the new flow logs too, and misses nothing.
        if same && self.stopper.is_some() {
            self.recorder.follow(wanted.clone());
            self.wanted = Some(wanted);
            return;
        }
        (self.wanted, self.not_recording) = (Some(wanted), None);
        self.generation += 1;
        self.recorder.ending();
        if let Some(stopper) = self.stopper.take() {
            stopper.stop();
        }
    }
}
