//! What the threads share.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use weir_agent::{Client, DataDirectory, Recorder, Spool, random};
use weir_capture::live::Stopper;
use weir_uplink::{CLOCK_LIMIT_MS, Credential, Definition, Recording, Report, version_of};

/// The spool, what is to be recorded, and how it is going.
pub struct Shared {
    pub client: Client,
    pub credential: Credential,
    data: DataDirectory,
    spool: Mutex<Spool>,
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
    not_recording: Option<String>,
    clock_offset_ms: i64,
    /// The server should hear of something now.
    news: bool,
    ending: bool,
    farewell: bool,
}

impl Shared {
    pub fn new(client: Client, credential: Credential, data: DataDirectory, spool: Spool) -> Self {
        let (spool, state) = (Mutex::new(spool), Mutex::default());
        Self { client, credential, data, spool, state, changed: Condvar::new() }
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
        let definition = Definition::parse(text);
        self.change(|state| {
            state.news = true;
            match definition {
                Ok(definition) => {
                    state.adopt(version, definition);
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

    /// Version of the definition that is followed.
    pub fn version(&self) -> Option<String> {
        self.state().version.clone()
    }

    /// What to record, once it is another than that of `generation`; none when the agent ends.
    pub fn wait_for_orders(&self, generation: u64) -> Option<(u64, Vec<Recording>)> {
        let mut state = self.state();
        loop {
            if state.ending {
                return None;
            }
            match &state.wanted {
                Some(wanted) if state.generation != generation => {
                    let orders = (state.generation, wanted.clone());
                    state.recorder.follow(orders.1.clone());
                    return Some(orders);
                }
                _ => state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
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
                    tracing::warn!("not recording: {problem}");
                    (state.stopper, state.not_recording) = (None, Some(problem));
                }
            }
        });
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
            enforcing: None,
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
            (false, true) => tracing::warn!(
                "the clocks differ: that of the server is {} s ahead of ours; records keep the times of this host",
                offset_ms / 1000
            ),
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

impl State {
    fn adopt(&mut self, version: String, definition: Definition) {
        (self.version, self.refused) = (Some(version), None);
        if self.wanted.as_ref() == Some(&definition.flow_logs) {
            return;
        }
        tracing::info!("recording {} flow logs from now on", definition.flow_logs.len());
        self.wanted = Some(definition.flow_logs);
        self.generation += 1;
        // Until the next capture has begun, which may take a while.
        self.recorder.ended();
        if let Some(stopper) = &self.stopper {
            stopper.stop();
        }
    }
}
