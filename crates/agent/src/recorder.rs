//! From what a capture says to batches, and to what is shown of interfaces. No thread and no clock.

use std::{collections::BTreeMap, sync::Arc};

use weir_capture::{
    interfaces::Placement,
    live::{self, Event, TierChoice},
    window::Window,
};
use weir_host::{Containers, DeviceOptions, Devices, Entries, Interfaces, Rules, SideChoice};
use weir_network::AggregationInterval;
use weir_uplink::{InterfaceReport, Recording};

use crate::{
    AgentError, NewBatch,
    batches::{self, SECOND_NS},
};

/// What of this host is captured, and as what.
#[derive(Debug, Clone)]
pub struct CaptureOptions {
    /// Devices, with their side where it is given: `eth0`, `veth1:guest`; without any, all but loopback.
    pub devices: Vec<String>,
    /// The side of the others.
    pub side: SideChoice,
    /// What tells this machine from others.
    pub machine_id: String,
    /// How packets may be seen.
    pub tier: TierChoice,
    /// Sockets of container engines; without any, the usual ones.
    pub containers: Vec<String>,
    /// The network that holds, and its rules.
    pub rules: Arc<Rules>,
}

/// What a capture must be begun anew for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureNeeds {
    account_id: String,
    region: String,
    interval: AggregationInterval,
    max_flows: u64,
}

impl CaptureNeeds {
    /// Those of these flow logs; none when there is nothing to capture for.
    pub fn of(recordings: &[Recording]) -> Option<Self> {
        let first = recordings.first()?;
        Some(Self {
            account_id: first.account_id.clone(),
            region: first.region.clone(),
            interval: first.max_aggregation_interval,
            max_flows: recordings.iter().map(|recording| recording.max_flows).max()?,
        })
    }
}

impl CaptureOptions {
    /// How to capture.
    pub fn live(&self, needs: &CaptureNeeds) -> live::Options {
        live::Options::new(needs.interval, needs.max_flows, self.tier)
    }

    /// Which devices are captured, and what records call them.
    pub fn choose(&self, needs: &CaptureNeeds) -> live::Choose {
        let devices = Arc::new(self.devices(needs.account_id.clone(), needs.region.clone()));
        let containers = Containers::watch_if(devices.may_be_guests(), &self.containers);
        weir_host::choose(devices, containers, Some(Arc::clone(&self.rules)))
    }

    /// The devices of this host, with their owner.
    fn devices(&self, account_id: String, region: String) -> Devices {
        let placement = Placement { account_id, region, az_id: None, machine_id: self.machine_id.clone() };
        let (devices, side) = (self.devices.clone(), self.side);
        Devices::new(DeviceOptions { devices, side, placement, entries: Entries::OfSeveralHosts })
    }
}

/// Makes batches of finished windows, and counts.
#[derive(Debug, Clone, Default)]
pub struct Recorder {
    recordings: Vec<Recording>,
    interfaces: Interfaces,
    /// Until when each interface was watched, by id: Unix nanoseconds.
    watched_until: BTreeMap<String, i64>,
    /// The same of those that the capture before watched, and this one has not told of yet.
    left: BTreeMap<String, i64>,
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
    pub fn handle(&mut self, event: &Event, rules: &Rules) -> Result<Vec<NewBatch>, AgentError> {
        self.interfaces.handle(event);
        match event {
            Event::Window(window) => self.window(window, rules),
            Event::Removed { interface, .. } => {
                self.left.remove(&interface.id);
                Ok(Vec::new())
            }
            _ => Ok(Vec::new()),
        }
    }

    /// The capture is about to end; its last windows may still come.
    pub fn ending(&mut self) {
        self.interfaces.ended();
    }

    /// The capture has ended, and another may follow: what passes meanwhile is in no record, and nobody knows how much it
    /// is. It becomes SKIPDATA.
    pub fn ended(&mut self) {
        self.interfaces.ended();
        self.left.append(&mut self.watched_until);
    }

    /// The interfaces, in the order of their ids.
    pub fn interfaces(&self) -> Vec<InterfaceReport> {
        self.interfaces.reports()
    }

    fn window(&mut self, window: &Window, rules: &Rules) -> Result<Vec<NewBatch>, AgentError> {
        let gaps = self.gaps(window);
        let mut made = Vec::new();
        for recording in &self.recordings {
            if !gaps.is_empty() {
                made.push(batches::of_gaps(recording, &gaps)?);
            }
            made.extend(batches::of_window(window, recording, rules)?);
        }
        Ok(made)
    }

    /// The seconds in which interfaces of the window were not watched since the capture before, by id.
    fn gaps(&mut self, window: &Window) -> BTreeMap<String, (i64, i64)> {
        let mut gaps = BTreeMap::new();
        for watched in window.interfaces() {
            let id = &watched.interface.id;
            if let Some(until_ns) = self.left.remove(id).filter(|until_ns| *until_ns < watched.from_ns) {
                gaps.insert(id.clone(), (until_ns.div_euclid(SECOND_NS), watched.from_ns.div_euclid(SECOND_NS) + 1));
            }
            self.watched_until.insert(id.clone(), watched.to_ns);
        }
        gaps
    }
}
