//! The audit trail: who asked what, in a log group.

mod valve;

use std::{
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

use weir_api::{Audit, AuditEvent};
use weir_store::logs::{CreateLogGroupRequest, CreateLogStreamRequest, InputEvent, LogsError};

use self::valve::{LeftOut, Valve};
use super::watching::Watching;
use crate::{
    clock,
    settings::{Auth, Settings},
};

/// Events of the audit trail that wait for the disk, at most.
const WAITING: usize = 10_000;
/// Events that are written together, at most.
const TOGETHER: usize = 500;
/// How often it is looked whether something was left out.
const LOOK: Duration = Duration::from_secs(5);
/// The stream of the audit trail.
const STREAM: &str = "api";

/// Writes who asked what into a log group, a batch at a time.
pub(super) struct Trail {
    valve: Arc<Mutex<Valve>>,
    events: Option<mpsc::SyncSender<AuditEvent>>,
    thread: Option<JoinHandle<()>>,
}

impl Trail {
    pub(super) fn start(settings: &Settings, watching: &Arc<Watching>) -> Self {
        let valve = Arc::new(Mutex::new(Valve::default()));
        let group = settings.audit_group.0.clone().filter(|_| settings.auth == Auth::On);
        let Some(group) = group else { return Self { valve, events: None, thread: None } };
        let (events, received) = mpsc::sync_channel(WAITING);
        let writer = Writer { watching: Arc::clone(watching), group, valve: Arc::clone(&valve) };
        let thread = thread::spawn(move || writer.work(&received));
        Self { valve, events: Some(events), thread: Some(thread) }
    }

    /// What the front tells.
    pub(super) fn audit(&self) -> Audit {
        let (events, valve) = (self.events.clone(), Arc::clone(&self.valve));
        Arc::new(move |event| {
            let Some(events) = &events else { return };
            if locked(&valve).admits(&event) && events.try_send(event).is_err() {
                locked(&valve).found_no_room();
            }
        })
    }

    /// Writes what is left. Blocks; the front must be gone.
    pub(super) fn stop(mut self) {
        self.events = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn locked(valve: &Mutex<Valve>) -> std::sync::MutexGuard<'_, Valve> {
    valve.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The thread that writes.
struct Writer {
    watching: Arc<Watching>,
    group: String,
    valve: Arc<Mutex<Valve>>,
}

impl Writer {
    fn work(&self, received: &mpsc::Receiver<AuditEvent>) {
        loop {
            match received.recv_timeout(LOOK) {
                Ok(first) => {
                    let rest = received.try_iter().take(TOGETHER - 1);
                    self.write(&std::iter::once(first).chain(rest).collect::<Vec<_>>());
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
            let left_out = locked(&self.valve).left_out(clock::milliseconds());
            self.tell(left_out);
        }
        let left_out = locked(&self.valve).rest();
        self.tell(left_out);
    }

    /// Says what is not in the trail: there, and in the report.
    fn tell(&self, left_out: Option<LeftOut>) {
        let Some(left_out) = left_out else { return };
        self.watching.troubles.add(format!("the audit trail: {left_out}"));
        self.write(&[left_out.event(clock::milliseconds())]);
    }

    /// Writes events together; those that the store refuses together, one by one.
    fn write(&self, batch: &[AuditEvent]) {
        let mut events: Vec<InputEvent> = batch.iter().map(event).collect();
        events.sort_by_key(|event| event.timestamp);
        if self.append(&events) {
            return;
        }
        let refused = events.chunks(1).filter(|event| !self.append(event)).count();
        locked(&self.valve).were_refused(refused);
    }

    /// Whether the store takes them; waits for the disk.
    fn append(&self, events: &[InputEvent]) -> bool {
        loop {
            match self.try_append(events) {
                Ok(()) => return true,
                Err(LogsError::InvalidParameter(problem)) => {
                    tracing::debug!("the audit trail: {problem}");
                    return false;
                }
                Err(error) => self.watching.troubles.add(format!("the audit trail waits: {error}")),
            }
            thread::sleep(Duration::from_secs(1));
        }
    }

    fn try_append(&self, events: &[InputEvent]) -> Result<(), LogsError> {
        let logs = &self.watching.region.logs;
        match logs.append(&self.group, STREAM, events, clock::milliseconds()) {
            Err(LogsError::ResourceNotFound(_)) => {}
            done => return done.map(drop),
        }
        let is_there = |made: Result<(), LogsError>| match made {
            Err(LogsError::ResourceAlreadyExists(_)) => Ok(()),
            made => made,
        };
        let group = CreateLogGroupRequest { log_group_name: self.group.clone(), ..CreateLogGroupRequest::default() };
        is_there(logs.create_log_group(&group, clock::milliseconds()))?;
        let stream = CreateLogStreamRequest { log_group_name: self.group.clone(), log_stream_name: STREAM.to_owned() };
        is_there(logs.create_log_stream(&stream, clock::milliseconds()))?;
        logs.append(&self.group, STREAM, events, clock::milliseconds()).map(drop)
    }
}

fn event(event: &AuditEvent) -> InputEvent {
    InputEvent { timestamp: event.time, message: serde_json::to_string(event).unwrap_or_default() }
}
