//! The threads that keep everything moving.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use weir_watch::notice::Carriers;

use super::{super::errors::Errors, Watching};
use crate::{clock, report::ErrorReport};

/// How often each looks for work.
const TICK: Duration = Duration::from_millis(200);
/// How often metrics are written to disk, in milliseconds. What is not is in the append log.
const FLUSH: i64 = 1000;
/// Threads that send: one endpoint that does not answer holds up a few others at most.
const SENDERS: usize = 4;
/// Notices that a sender takes at a time.
const AT_A_TIME: u32 = 1;
/// The last things that went wrong.
#[derive(Debug, Default)]
pub(in crate::command::up) struct Troubles(Mutex<Errors>);

impl Troubles {
    /// Adds one.
    pub(in crate::command::up) fn add(&self, message: String) {
        let mut errors = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(new) = errors.add(message, clock::now().as_secs()) {
            tracing::info!("{}", new.message);
        }
    }

    /// All of them, oldest first.
    pub(super) fn list(&self) -> Vec<ErrorReport> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).list()
    }
}

/// The threads of a [`Watching`].
pub(in crate::command::up) struct Workers {
    watching: Arc<Watching>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    pub(super) fn start(watching: &Arc<Watching>, carriers: &Arc<Carriers>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let work = |mut step: Box<dyn FnMut(&Watching) + Send>| {
            let (watching, stop) = (Arc::clone(watching), Arc::clone(&stop));
            thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    step(&watching);
                    thread::park_timeout(TICK);
                }
            })
        };
        let mut keeper = Keeper::default();
        let mut asker = Asker::default();
        let mut threads = vec![
            work(Box::new(move |watching| keeper.step(watching))),
            work(Box::new(judge)),
            work(Box::new(move |watching| asker.step(watching))),
        ];
        threads.extend((0..SENDERS).map(|_| {
            let carriers = Arc::clone(carriers);
            work(Box::new(move |watching| send(watching, &carriers)))
        }));
        Self { watching: Arc::clone(watching), stop, threads }
    }

    /// Ends the threads, and writes what is in memory. Blocks.
    pub(in crate::command::up) fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in &self.threads {
            thread.thread().unpark();
        }
        for thread in self.threads {
            if thread.join().is_err() {
                self.watching.troubles.add("a thread that watches broke off".into());
            }
        }
        let watching = &self.watching;
        watching.drain();
        if let Err(error) = watching.region.watcher.flush(clock::milliseconds()) {
            watching.troubles.add(error.to_string());
        }
        if let Err(error) = watching.region.logs.flush() {
            watching.troubles.add(error.to_string());
        }
    }
}

impl Watching {
    fn drain(&self) {
        if let Some(destination) = &self.destination {
            destination.drain(clock::milliseconds()).unwrap_or_else(|problem| self.troubles.add(problem));
        }
    }
}

/// Keeps log groups and metrics in order.
#[derive(Default)]
struct Keeper {
    flushed: i64,
    polled: i64,
}

impl Keeper {
    fn step(&mut self, watching: &Watching) {
        watching.drain();
        let now = clock::milliseconds();
        watching.region.watcher.poll(now);
        // A clock that was set back must not stop the work.
        if now >= self.polled || now < self.flushed {
            self.polled = watching.region.logs.poll(now);
            if let Some(failure) = watching.region.logs.counters().last_failure {
                watching.troubles.add(failure);
            }
        }
        if (now - self.flushed).abs() >= FLUSH {
            watching.region.watcher.flush(now).unwrap_or_else(|error| watching.troubles.add(error.to_string()));
            self.flushed = now;
        }
    }
}

fn judge(watching: &Watching) {
    if let Err(error) = watching.region.alarms.poll(clock::milliseconds()) {
        watching.troubles.add(error.to_string());
    }
}

/// Asks the queries of alarms. A query may take its time, so nothing else waits for it.
#[derive(Default)]
struct Asker {
    asked: i64,
    due: i64,
}

impl Asker {
    fn step(&mut self, watching: &Watching) {
        let now = clock::milliseconds();
        // A clock that was set back must not stop the work.
        if now < self.due && now >= self.asked {
            return;
        }
        self.asked = now;
        match watching.region.alarms.poll_logs(&watching.questions, now) {
            Ok(due) => self.due = due,
            Err(error) => watching.troubles.add(error.to_string()),
        }
    }
}

fn send(watching: &Watching, carriers: &Carriers) {
    loop {
        match watching.courier.deliver(carriers, AT_A_TIME, clock::milliseconds) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => return watching.troubles.add(error.to_string()),
        }
    }
}
