//! Whoever listens in while events are appended: some of them may be missed, and no append waits.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::mpsc::{Receiver, Sender, channel, error::TrySendError};

use super::{Committed, LogStore, queue::lock};

/// Batches that may wait for one who listens.
const WAITING: usize = if cfg!(test) { 4 } else { 512 };

/// All who listen.
#[derive(Debug, Default)]
pub(super) struct Listeners(Mutex<Vec<Ear>>);

#[derive(Debug)]
struct Ear {
    groups: BTreeSet<String>,
    batches: Sender<Arc<Committed>>,
    missed: Arc<AtomicU64>,
}

/// Hears of the batches of some log groups after they are on disk, from [`LogStore::listen`] on. Dropped, it ends.
#[derive(Debug)]
pub struct Listener {
    batches: Receiver<Arc<Committed>>,
    missed: Arc<AtomicU64>,
}

impl Listener {
    /// The next batch, when there is one; none when the store is closed.
    pub async fn next(&mut self) -> Option<Arc<Committed>> {
        self.batches.recv().await
    }

    /// The next batch, if there is one by now.
    pub fn next_now(&mut self) -> Option<Arc<Committed>> {
        self.batches.try_recv().ok()
    }

    /// How many batches came while too many waited, and are lost to this listener.
    pub fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }
}

impl LogStore {
    /// Listens to these log groups.
    pub fn listen(&self, groups: BTreeSet<String>) -> Listener {
        let (batches, listener) = channel(WAITING);
        let missed = Arc::new(AtomicU64::new(0));
        lock(&self.listeners.0).push(Ear { groups, batches, missed: Arc::clone(&missed) });
        Listener { batches: listener, missed }
    }
}

impl Listeners {
    /// Tells those who want it. Forgets those who are gone.
    pub(super) fn tell(&self, batch: &Arc<Committed>) {
        lock(&self.0).retain(|ear| {
            if !ear.groups.contains(&*batch.group) {
                return true;
            }
            match ear.batches.try_send(Arc::clone(batch)) {
                Ok(()) => true,
                Err(TrySendError::Full(_)) => {
                    ear.missed.fetch_add(1, Ordering::Relaxed);
                    true
                }
                Err(TrySendError::Closed(_)) => false,
            }
        });
    }
}
