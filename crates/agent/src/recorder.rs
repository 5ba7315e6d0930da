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
    /// The interfaces that are captured, by id, and until when they were watched as far as windows said: Unix nanoseconds.
    watched_until: BTreeMap<String, Option<i64>>,
    /// The same of those that were captured until a capture ended, and that no window has told of since.
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
            Event::Window(window) => return self.window(window, rules),
            Event::Added { interface, .. } => drop(self.watched_until.insert(interface.id.clone(), None)),
            Event::Removed { interface, .. } => drop(self.watched_until.remove(&interface.id)),
            Event::Failed { .. } | Event::Unlisted(_) | Event::Trouble(_) => {}
        }
        Ok(Vec::new())
    }

    /// The capture is about to end; its last windows may still come.
    pub fn ending(&mut self) {
        self.interfaces.ended();
    }

    /// The capture has ended, and another may follow: what passes meanwhile is in no record, and nobody knows how much it
    /// is. It becomes SKIPDATA.
    pub fn ended(&mut self) {
        self.interfaces.ended();
        let until = std::mem::take(&mut self.watched_until).into_iter();
        self.left.extend(until.filter_map(|(id, until_ns)| Some((id, until_ns?))));
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
            if let Some(until_ns) = self.watched_until.get_mut(id) {
                *until_ns = (*until_ns).max(Some(watched.to_ns));
            }
        }
        gaps
    }
}

#[cfg(test)]
mod tests {
    use weir_capture::tracker::{self, Tracker};
    use weir_network::{Interface, Network, Owner, TrafficType};

    use super::*;

    const NETWORK: &str = "[[interface]]\nid = \"eni-gone\"\n[[interface]]\nid = \"eni-there\"";

    fn interfaces() -> Vec<Arc<Interface>> {
        let network = Network::parse(NETWORK, &Owner::default()).unwrap();
        network.parts().interfaces.values().cloned().map(Arc::new).collect()
    }

    /// What a capture says of interfaces without traffic, from second to second: the first is removed before the end.
    fn captured(from: i64, to: i64, gone: bool) -> Vec<Event> {
        let (mut tracker, mut events) = (Tracker::new(tracker::Options::default()), Vec::new());
        let _ = tracker.poll(from * SECOND_NS);
        for interface in interfaces() {
            let index = tracker.add_interface(Arc::clone(&interface), from * SECOND_NS).unwrap();
            events.push(Event::Added { name: String::new(), interface: Arc::clone(&interface) });
            if gone && interface.id == "eni-gone" {
                tracker.remove_interface(index, to * SECOND_NS - SECOND_NS / 2);
                events.push(Event::Removed { name: String::new(), interface });
            }
        }
        events.extend(tracker.finish(to * SECOND_NS).into_iter().map(Event::Window));
        events
    }

    fn handle(recorder: &mut Recorder, events: &[Event]) -> Vec<NewBatch> {
        events.iter().flat_map(|event| recorder.handle(event, &Rules::default()).unwrap()).collect()
    }

    /// Nobody looked at an interface between two captures. One that had gone before was not missed by anybody.
    #[test]
    fn what_was_captured_to_the_end_leaves_a_gap() {
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
        assert_eq!(handle(&mut recorder, &captured(1200, 1230, true)).len(), 1);
        recorder.ended();
        // A capture that could not begin.
        recorder.ended();
        let made = handle(&mut recorder, &captured(1240, 1250, false));
        let gaps: Vec<(Vec<&str>, i64, i64)> =
            made.iter().map(|it| (it.interfaces.iter().map(String::as_str).collect(), it.start, it.end)).collect();
        assert_eq!(gaps[0], (vec!["eni-there"], 1230, 1241));
        assert_eq!((made[0].records, made.len()), (1, 2));
        assert_eq!(handle(&mut recorder, &captured(1250, 1260, false)).len(), 1, "a gap is told once");
    }
}
