//! Who writes: one of those who wait writes for all of them.

use std::{
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

use super::{LogsError, event::Committed};

/// A batch that is to be written.
pub(super) struct Draft {
    /// The id of its group.
    pub group: i64,
    /// Without its position.
    pub batch: Committed,
    /// As it goes into the append log.
    pub body: Vec<u8>,
    /// CRC-32 of that.
    pub crc: u32,
}

/// Batches that are written together or not at all, and where the outcome goes.
pub(super) struct Pending {
    pub drafts: Vec<Draft>,
    outcome: Arc<Outcome>,
}

type Outcome = Mutex<Option<Result<u64, LogsError>>>;

impl Pending {
    /// Tells who waits: the position of the last batch, or why there is none.
    pub(super) fn tell(&self, outcome: Result<u64, LogsError>) {
        lock(&self.outcome).get_or_insert(outcome);
    }
}

impl Drop for Pending {
    /// Whoever waits is told something, whatever happens.
    fn drop(&mut self) {
        self.tell(Err(LogsError::Interrupted));
    }
}

/// Those who wait for a write.
#[derive(Default)]
pub(super) struct Queue {
    line: Mutex<Line>,
    turn: Condvar,
}

#[derive(Default)]
struct Line {
    waiting: Vec<Pending>,
    /// Somebody writes, or has asked that nobody does.
    busy: bool,
}

impl Queue {
    /// Waits until these are written, by whoever comes first: `write` is given all that wait by then.
    pub(super) fn append(&self, drafts: Vec<Draft>, write: impl Fn(Vec<Pending>)) -> Result<u64, LogsError> {
        let outcome = Arc::new(Outcome::default());
        let mut line = lock(&self.line);
        line.waiting.push(Pending { drafts, outcome: Arc::clone(&outcome) });
        loop {
            if let Some(outcome) = lock(&outcome).take() {
                return outcome;
            }
            if line.busy {
                line = self.turn.wait(line).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            line.busy = true;
            let waiting = mem::take(&mut line.waiting);
            drop(line);
            let turn = Turn(self);
            write(waiting);
            drop(turn);
            line = lock(&self.line);
        }
    }

    /// Does something while nobody writes.
    pub(super) fn paused<T>(&self, work: impl FnOnce() -> T) -> T {
        let mut line = lock(&self.line);
        while line.busy {
            line = self.turn.wait(line).unwrap_or_else(PoisonError::into_inner);
        }
        line.busy = true;
        drop(line);
        let _turn = Turn(self);
        work()
    }
}

/// Ends when dropped, also by a panic.
struct Turn<'a>(&'a Queue);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        lock(&self.0.line).busy = false;
        self.0.turn.notify_all();
    }
}

/// A lock whose holder panicked protects data that is whole all the same: it is changed in one step each time.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
