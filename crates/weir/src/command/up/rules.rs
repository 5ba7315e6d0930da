//! What the thread that looks after the rules shares with the others.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicBool},
};

use weir_enforce::Denials;
use weir_network::Network;

use crate::{
    clock,
    report::{EnforcementReport, ErrorReport},
};

/// Errors that are kept for the report.
const ERRORS: usize = 20;

/// What the others see.
#[derive(Default)]
pub(super) struct Rules {
    state: Mutex<State>,
    /// Set when the thread shall end.
    pub ending: AtomicBool,
    /// Which rule is behind a mark.
    pub denials: Denials,
}

#[derive(Default)]
pub(super) struct State {
    pub report: EnforcementReport,
    pub errors: VecDeque<ErrorReport>,
    pub news: Vec<String>,
    pub network: Option<Arc<Network>>,
}

impl Rules {
    /// Nothing has happened yet.
    pub(super) fn new(denials: Denials) -> Self {
        Self { denials, ..Self::default() }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `GET /status` says.
    pub(super) fn report(&self) -> (EnforcementReport, Vec<ErrorReport>) {
        let state = self.state();
        (state.report.clone(), state.errors.iter().cloned().collect())
    }

    /// What happened since this was last asked, to be shown.
    pub(super) fn take_news(&self) -> Vec<String> {
        std::mem::take(&mut self.state().news)
    }

    /// The network that is in force.
    pub(super) fn network(&self) -> Option<Arc<Network>> {
        self.state().network.clone()
    }

    pub(super) fn error(&self, message: String) {
        let mut state = self.state();
        // What is tried again and fails again is one error.
        if state.errors.back().is_some_and(|last| last.message == message) {
            state.errors.pop_back();
        }
        state.errors.push_back(ErrorReport { time: clock::now().as_secs(), message });
        if state.errors.len() > ERRORS {
            state.errors.pop_front();
        }
    }
}
