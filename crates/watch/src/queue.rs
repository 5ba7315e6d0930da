//! Queues of messages, as SQS has them: the letter boxes that topics can deliver to.
//!
//! A message is in the catalogue when sending is answered, and leaves it when somebody deletes it or its time is over. Who
//! receives it has it alone until its visibility timeout ends; who does not delete it sees it come again. A queue whose name
//! ends in `.fifo` gives the messages of a group one after the other, and takes each once.

mod attribute;
mod batch;
mod error;
mod message;
mod operation;
mod order;
mod permission;
mod receipt;
mod receive;
mod registry;
mod send;
mod tables;
mod tag;
#[cfg(test)]
pub(crate) mod tests;

use std::{
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::{Duration, Instant},
};

use rusqlite::Transaction;
use weir_store::{Catalogue, CatalogueError};

use crate::{fifo, topic::Home};

pub use self::{batch::check_batch, error::QueueError, operation::*};
pub(crate) use self::{
    registry::{queue_name, queue_place},
    send::Letter,
};

/// The queues of one account in one region. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Queues {
    catalogue: Catalogue,
    home: Arc<Home>,
    bell: Arc<Bell>,
}

/// Rings when there may be something to receive.
#[derive(Debug, Default)]
struct Bell {
    state: Mutex<Waiting>,
    rung: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    /// How often it has rung.
    rings: u64,
    /// How many listen.
    listeners: u32,
}

/// Most who wait for messages at once, each on a thread. Whoever comes then is answered at once, as by a short poll.
const MOST_WAITING: u32 = 64;
/// A delayed or hidden message appears without a ring: look again after this.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

impl Queues {
    /// Opens the queues that the catalogue keeps.
    ///
    /// # Errors
    /// When the catalogue refuses, or was written by a later program.
    pub(crate) fn open(catalogue: Catalogue, home: Arc<Home>) -> Result<Self, CatalogueError> {
        catalogue.provide(&tables::TABLES)?;
        catalogue.provide(&fifo::TABLES)?;
        Ok(Self { catalogue, home, bell: Arc::default() })
    }

    /// `arn:aws:sqs:<region>:<account>:<name>`.
    pub fn arn(&self, name: &str) -> String {
        format!("arn:aws:sqs:{}:{}:{name}", self.home.region, self.home.account)
    }

    /// Whether a queue of that ARN would be here.
    pub(crate) fn holds(&self, arn: &str) -> bool {
        queue_name(arn).is_some_and(|name| self.arn(name) == arn)
    }

    /// Reads and writes in one transaction.
    fn change<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T, QueueError>) -> Result<T, QueueError> {
        self.catalogue.change(work)
    }

    /// Something may be there to receive.
    pub(crate) fn ring(&self) {
        let mut state = self.bell.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.rings += 1;
        drop(state);
        self.bell.rung.notify_all();
    }
}

impl Bell {
    /// Asks `look` until it finds something or the time is over; it is told how long it has waited, in milliseconds.
    fn wait<T, E>(&self, time: Duration, mut look: impl FnMut(i64) -> Result<Option<T>, E>) -> Result<Option<T>, E> {
        #[allow(clippy::disallowed_methods, reason = "how long is measured here, not what time it is")]
        let start = Instant::now();
        let mut rings = self.lock().rings;
        let found = look(0)?;
        if found.is_some() || time.is_zero() || !self.enter() {
            return Ok(found);
        }
        let _leaving = Leaving(self);
        loop {
            let Some(left) = time.checked_sub(start.elapsed()).filter(|left| !left.is_zero()) else { return Ok(None) };
            let state = self.lock();
            let (state, _) = self
                .rung
                .wait_timeout_while(state, left.min(LOOK_AGAIN), |state| state.rings == rings)
                .unwrap_or_else(PoisonError::into_inner);
            rings = state.rings;
            drop(state);
            if let Some(found) = look(i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX))? {
                return Ok(Some(found));
            }
        }
    }

    fn enter(&self) -> bool {
        let mut state = self.lock();
        let is_room = state.listeners < MOST_WAITING;
        state.listeners += u32::from(is_room);
        is_room
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Leaving<'a>(&'a Bell);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.lock().listeners -= 1;
    }
}
