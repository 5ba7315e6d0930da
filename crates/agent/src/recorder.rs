//! From what a capture says to batches, and to what is shown of interfaces. No thread and no clock.

use std::sync::Arc;

use weir_capture::{
    interfaces::Placement,
    live::{self, Event, TierChoice},
    window::Window,
};
use weir_host::{Containers, DeviceOptions, Devices, Entries, Gaps, Interfaces, Rules, SideChoice, Unwatched};
use weir_network::AggregationInterval;
use weir_uplink::{InterfaceReport, Recording};

use crate::{AgentError, NewBatch, batches};

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

/// Knows what is to be recorded, and counts.
#[derive(Debug, Clone, Default)]
pub struct Recorder {
    recordings: Vec<Recording>,
    interfaces: Interfaces,
    gaps: Gaps,
}

/// What is to be made of a window. That takes a while, and needs nothing of the [`Recorder`].
#[derive(Debug)]
pub struct Making<'a> {
    window: &'a Window,
    recordings: Vec<Recording>,
    gaps: Unwatched,
}

impl Recorder {
    /// Records for these flow logs from now on. The counts go on.
    pub fn follow(&mut self, recordings: Vec<Recording>) {
        self.recordings = recordings;
    }

    /// Takes in what a capture says. Of a window: what is to be made of it.
    pub fn handle<'a>(&mut self, event: &'a Event) -> Option<Making<'a>> {
        self.interfaces.handle(event);
        let gaps = self.gaps.handle(event);
        let Event::Window(window) = event else { return None };
        Some(Making { window, recordings: self.recordings.clone(), gaps })
    }

    /// The capture is about to end; its last windows may still come.
    pub fn ending(&mut self) {
        self.interfaces.ended();
    }

    /// The capture has ended, and another may follow: what passes meanwhile becomes SKIPDATA.
    pub fn ended(&mut self) {
        self.interfaces.ended();
        self.gaps.ended();
    }

    /// The interfaces, in the order of their ids.
    pub fn interfaces(&self) -> Vec<InterfaceReport> {
        self.interfaces.reports()
    }
}

impl Making<'_> {
    /// The batches.
    ///
    /// # Errors
    /// When the window cannot be made into one.
    pub fn batches(&self, rules: &Rules) -> Result<Vec<NewBatch>, AgentError> {
        let mut made = Vec::new();
        for recording in &self.recordings {
            if !self.gaps.is_empty() {
                made.push(batches::of_gaps(recording, &self.gaps)?);
            }
            made.extend(batches::of_window(self.window, recording, rules)?);
        }
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    use weir_capture::tracker::{self, Tracker};
    use weir_network::{Network, Owner, TrafficType};

    use super::*;

    const SECOND_NS: i64 = 1_000_000_000;

    /// What a capture says of an interface without traffic, from second to second.
    fn captured(from: i64, to: i64) -> Vec<Event> {
        let network = Network::parse("[[interface]]\nid = \"eni-there\"", &Owner::default()).unwrap();
        let interface = Arc::new(network.interface("eni-there").unwrap().clone());
        let mut tracker = Tracker::new(tracker::Options::default());
        let _ = tracker.poll(from * SECOND_NS);
        tracker.add_interface(Arc::clone(&interface), from * SECOND_NS).unwrap();
        let added = Event::Added { name: String::new(), interface };
        let windows = tracker.finish(to * SECOND_NS).into_iter().map(Event::Window);
        std::iter::once(added).chain(windows).collect()
    }

    fn handle(recorder: &mut Recorder, events: &[Event]) -> Vec<NewBatch> {
        let making = events.iter().filter_map(|event| recorder.handle(event));
        making.flat_map(|making| making.batches(&Rules::default()).unwrap()).collect()
    }

    /// Nobody looked at an interface between two captures.
    #[test]
    fn a_gap_is_a_batch_of_its_own() {
        let mut recorder = Recorder::default();
        recorder.follow(vec![Recording {
            flow_log_id: "fl-0123456789abcdef0".into(),
            account_id: "123456789012".into(),
            region: "us-east-1".into(),
            traffic_type: TrafficType::All,
            log_format: "${interface-id} ${start} ${end} ${log-status}".parse().unwrap(),
            max_aggregation_interval: AggregationInterval::TenMinutes,
            max_flows: 1000,
        }]);
        assert_eq!(handle(&mut recorder, &captured(1200, 1230)).len(), 1);
        recorder.ended();
        let made = handle(&mut recorder, &captured(1240, 1250));
        let gaps: Vec<(Vec<&str>, i64, i64)> =
            made.iter().map(|it| (it.interfaces.iter().map(String::as_str).collect(), it.start, it.end)).collect();
        assert_eq!(gaps[0], (vec!["eni-there"], 1230, 1241));
        assert_eq!((made[0].records, made.len()), (1, 2));
        assert_eq!(handle(&mut recorder, &captured(1250, 1260)).len(), 1, "a gap is told once");
    }
}
