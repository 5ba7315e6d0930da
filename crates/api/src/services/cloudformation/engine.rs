//! Makes of stacks what they shall be, on a thread of its own.

mod make;
mod run;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use super::{
    stack::{Stack, Wish},
    store::Store,
};
use crate::{ApiError, Call, Served, access::Access};

use run::Run;
pub(super) use run::event;

/// What stands behind the operations.
pub(super) struct Engine {
    pub(super) store: Store,
    /// The other services.
    pub(super) served: Served,
    pub(super) access: Arc<Access>,
    is_recovered: AtomicBool,
}

/// What is to be done to a stack.
#[derive(Debug, Clone)]
pub(super) enum Job {
    /// Make its resources. What becomes of it when that fails.
    Create(OnFailure),
    /// Make it another one.
    Update(Box<Wish>),
    /// Remove its resources, but for those of these names.
    Delete(Vec<String>),
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
        Arc::new(Self { store, served, access, is_recovered: AtomicBool::new(false) })
    }

    /// Does it on a thread of its own; the stack says already what is being done.
    ///
    /// # Errors
    /// When the system has no more threads.
    pub(super) fn start(self: &Arc<Self>, stack: Stack, call: &Call, job: Job) -> Result<(), ApiError> {
        let mut run = Run::new(Arc::clone(self), stack, call.clone());
        let work = move || {
            if let Err(error) = run.run(job) {
                tracing::error!(stack = run.stack.id, %error, "a stack could not be written down; a restart undoes what was begun");
            }
        };
        thread::Builder::new().name("stack".to_owned()).spawn(work).map(drop).map_err(ApiError::internal)
    }

    /// Undoes, once, what was going on when the program ended: as the account itself, which only takes away what the stack made.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub(super) fn recover(self: &Arc<Self>, call: &Call) -> Result<(), ApiError> {
        if self.is_recovered.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        for stack in self.store.busy()? {
            let own = Call { source: call.source.clone(), ..Call::of_root(&call.account, &stack.region, call.now) };
            self.start(stack, &own, Job::Recover)?;
        }
        Ok(())
    }

    /// What other stacks of the region export, by name.
    pub(super) fn exports(&self, region: &str) -> Result<BTreeMap<String, String>, ApiError> {
        Ok(self.store.exports(region)?.into_iter().map(|(name, (value, _))| (name, value)).collect())
    }
}
