//! Makes of stacks what they shall be, on a thread of its own.

mod make;
mod run;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

use super::{
    stack::{Stack, Wish},
    store::Store,
};
use crate::{ApiError, Call, Served, access::Access};

use run::Run;
pub(super) use run::event;

/// How long an operation waits for what it began: nearly all stacks are made by then.
const PATIENCE: Duration = Duration::from_secs(5);

/// What stands behind the operations.
pub(super) struct Engine {
    pub(super) store: Store,
    /// The other services.
    pub(super) served: Served,
    pub(super) access: Arc<Access>,
    is_recovered: Mutex<bool>,
}

/// What is to be done to a stack.
#[derive(Debug, Clone)]
pub(super) enum Job {
    /// Make its resources. What becomes of it when that fails.
    Create(OnFailure),
    /// Make it another one.
    Update(Box<Wish>),
    /// Remove its resources.
    Delete,
    /// Undo what was going on when the program ended.
    Recover,
}

/// What becomes of a stack that could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnFailure {
    DoNothing,
    Rollback,
    Delete,
}

impl Engine {
    pub(super) fn new(store: Store, served: Served, access: Arc<Access>) -> Arc<Self> {
        Arc::new(Self { store, served, access, is_recovered: Mutex::default() })
    }

    /// Does it on a thread of its own, and waits a moment for its end; the stack says already what is being done.
    ///
    /// # Errors
    /// When the system has no more threads.
    pub(super) fn start(self: &Arc<Self>, stack: Stack, call: &Call, job: Job) -> Result<(), ApiError> {
        // Nothing is sent: the channel ends with the thread.
        let _ = self.spawn(stack, call, job)?.recv_timeout(PATIENCE);
        Ok(())
    }

    fn spawn(self: &Arc<Self>, stack: Stack, call: &Call, job: Job) -> Result<mpsc::Receiver<()>, ApiError> {
        let mut run = Run::new(Arc::clone(self), stack, call.clone());
        let (running, ended) = mpsc::channel();
        let work = move || {
            let _running: mpsc::Sender<()> = running;
            if let Err(error) = run.run(job) {
                tracing::error!(stack = run.stack.id, %error, "a stack could not be written down; a restart undoes what was begun");
            }
        };
        thread::Builder::new().name("stack".to_owned()).spawn(work).map_err(ApiError::internal)?;
        Ok(ended)
    }

    /// Undoes, once, what was going on when the program ended: as the account itself, which only takes away what the stack made.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub(super) fn recover(self: &Arc<Self>, call: &Call) -> Result<(), ApiError> {
        // Whoever comes second waits: what they begin is not to be taken for what was left over.
        let mut is_recovered = self.is_recovered.lock().unwrap_or_else(PoisonError::into_inner);
        if *is_recovered {
            return Ok(());
        }
        let busy = self.store.busy()?;
        *is_recovered = true;
        for stack in busy {
            let own = Call { source: call.source.clone(), ..Call::of_root(&call.account, &stack.region, call.now) };
            self.spawn(stack, &own, Job::Recover)?;
        }
        Ok(())
    }

    /// What other stacks of the region export, by name.
    pub(super) fn exports(&self, region: &str) -> Result<BTreeMap<String, String>, ApiError> {
        Ok(self.store.exports(region)?.into_iter().map(|(name, (value, _))| (name, value)).collect())
    }
}
