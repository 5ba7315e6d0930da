//! What the one who looks after the rules shares with the others.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use weir_enforce::Denials;
use weir_network::{Network, Rule};
use weir_uplink::EnforcementReport;

/// What the others see of rules and network.
#[derive(Debug, Default)]
pub struct Rules {
    state: Mutex<State>,
    /// Which rule is behind a mark.
    pub denials: Denials,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) report: EnforcementReport,
    pub(crate) network: Option<Arc<Network>>,
    news: Vec<News>,
    /// What failed last: what is tried again and fails again is told once.
    failed: Option<String>,
}

/// Something that people should hear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// What happened.
    Said(String),
    /// What went wrong.
    Failed(String),
}

impl Rules {
    /// Nothing has happened yet.
    pub fn new(denials: Denials) -> Self {
        Self { denials, ..Self::default() }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How it is going.
    pub fn report(&self) -> EnforcementReport {
        self.state().report.clone()
    }

    /// What happened since this was last asked, to be shown.
    pub fn take_news(&self) -> Vec<News> {
        std::mem::take(&mut self.state().news)
    }

    /// The network that holds.
    pub fn network(&self) -> Option<Arc<Network>> {
        self.state().network.clone()
    }

    /// What the field `rule` of records calls the rule behind a mark.
    pub fn name(&self, mark: u32) -> Option<String> {
        self.denials.rule(mark).map(|rule: Rule| rule.token())
    }

    pub(crate) fn say(&self, text: String) {
        let mut state = self.state();
        state.failed = None;
        state.news.push(News::Said(text));
    }

    pub(crate) fn fail(&self, text: String) {
        let mut state = self.state();
        if state.failed.as_ref() != Some(&text) {
            state.failed = Some(text.clone());
            state.news.push(News::Failed(text));
        }
    }
}
