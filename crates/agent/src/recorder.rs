//! From what a capture says to batches, and to what is shown of interfaces. No thread and no clock.

use std::collections::BTreeMap;

use weir_capture::{
    interfaces::{HostInterface, Placement},
    live::{self, Event, TierChoice},
    tracker,
    window::Window,
};
use weir_uplink::{InterfaceState, Recording};

use crate::{AgentError, NewBatch, batches};

/// What of this host is captured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureOptions {
    /// Names of interfaces; without any, all but loopback.
    pub interfaces: Vec<String>,
    /// What tells this machine from others.
    pub machine_id: String,
    /// How packets may be seen.
    pub tier: TierChoice,
}

impl CaptureOptions {
    /// How to capture for these flow logs; none when there is nothing to capture for.
    pub fn live(&self, recordings: &[Recording]) -> Option<live::Options> {
        let first = recordings.first()?;
        let max_flows = recordings.iter().map(|recording| recording.max_flows).max()?;
        let tracker = tracker::Options {
            interval: first.max_aggregation_interval,
            max_flows: usize::try_from(max_flows).unwrap_or(usize::MAX),
            ..tracker::Options::default()
        };
        let capacity = u32::try_from(max_flows).unwrap_or(u32::MAX);
        let ebpf = live::FlowOptions { capacity, ..live::FlowOptions::default() };
        Some(live::Options { tracker, tier: self.tier, ebpf, ..live::Options::default() })
    }

    /// Which interfaces are captured, and what records call them.
    pub fn choose(&self, recordings: &[Recording]) -> live::Choose {
        let names = self.interfaces.clone();
        let (account_id, region) =
            recordings.first().map(|first| (first.account_id.clone(), first.region.clone())).unwrap_or_default();
        let placement = Placement { account_id, region, az_id: None, machine_id: self.machine_id.clone() };
        Box::new(move |host: &HostInterface| {
            let wanted = if names.is_empty() { !host.is_loopback } else { names.contains(&host.name) };
            wanted.then(|| host.to_interface(&placement))
        })
    }
}

/// Makes batches of finished windows, and counts.
#[derive(Debug, Clone, Default)]
pub struct Recorder {
    recordings: Vec<Recording>,
    /// By id.
    interfaces: BTreeMap<String, InterfaceState>,
}

impl Recorder {
    /// Records for these flow logs from now on. The counts go on.
    pub fn follow(&mut self, recordings: Vec<Recording>) {
        self.recordings = recordings;
    }

    /// Takes in what a capture says: the batches that come of it.
    ///
    /// # Errors
    /// When a window cannot be made into a batch.
    pub fn handle(&mut self, event: &Event) -> Result<Vec<NewBatch>, AgentError> {
        match event {
            Event::Window(window) => return self.window(window),
            Event::Added { name, interface } => {
                let state = self.interfaces.entry(interface.id.clone()).or_default();
                (state.id, state.name, state.recording) = (interface.id.clone(), name.clone(), true);
            }
            Event::Removed { interface, .. } => {
                if let Some(state) = self.interfaces.get_mut(&interface.id) {
                    state.recording = false;
                }
            }
            Event::Failed { .. } | Event::Unlisted(_) | Event::Trouble(_) => {}
        }
        Ok(Vec::new())
    }

    /// The capture has ended.
    pub fn ended(&mut self) {
        for state in self.interfaces.values_mut() {
            state.recording = false;
        }
    }

    /// The interfaces, in the order of their ids.
    pub fn interfaces(&self) -> Vec<InterfaceState> {
        self.interfaces.values().cloned().collect()
    }

    fn window(&mut self, window: &Window) -> Result<Vec<NewBatch>, AgentError> {
        for watched in window.interfaces() {
            let counters = watched.counters;
            let state = self.interfaces.entry(watched.interface.id.clone()).or_default();
            state.packets_seen += counters.seen + counters.lost;
            state.packets_recorded += counters.recorded;
            state.packets_lost += counters.skipped + counters.lost;
        }
        let mut made = Vec::new();
        for recording in &self.recordings {
            made.extend(batches::of_window(window, recording)?);
        }
        Ok(made)
    }
}
