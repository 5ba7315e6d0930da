//! What is counted of the interfaces of a host.

use std::collections::{BTreeMap, VecDeque};

use weir_capture::{live::Event, window::Window};
use weir_uplink::InterfaceReport;

/// Interfaces that are gone and still shown one by one, at most. On a host of containers they come and go all the time.
const MOST_GONE: usize = 64;

/// The interfaces that are recorded, or were: the last of those that are gone by themselves, the rest together.
#[derive(Debug, Clone, Default)]
pub struct Interfaces {
    /// By id.
    known: BTreeMap<String, InterfaceReport>,
    /// The ids of those that are gone, longest gone first.
    gone: VecDeque<String>,
    /// What those came to that are no longer shown.
    rest: Option<InterfaceReport>,
}

impl Interfaces {
    /// Takes in what a capture says.
    pub fn handle(&mut self, event: &Event) {
        match event {
            Event::Window(window) => self.count(window),
            Event::Added { name, interface } => {
                self.gone.retain(|gone| *gone != interface.id);
                let report = self.known.entry(interface.id.clone()).or_default();
                report.describe(interface);
                (report.name, report.recording) = (name.clone(), true);
            }
            Event::Removed { interface, .. } => {
                if let Some(report) = self.known.get_mut(&interface.id) {
                    report.recording = false;
                    self.went(&interface.id);
                }
            }
            Event::Failed { .. } | Event::Unlisted(_) | Event::Trouble(_) => {}
        }
    }

    /// The capture has ended.
    pub fn ended(&mut self) {
        let recorded = self.known.values_mut().filter(|report| report.recording);
        let ended: Vec<String> = recorded
            .map(|report| {
                report.recording = false;
                report.id.clone()
            })
            .collect();
        ended.iter().for_each(|id| self.went(id));
    }

    /// How they are, in the order of their ids; behind them what those came to that are long gone.
    pub fn reports(&self) -> Vec<InterfaceReport> {
        self.known.values().chain(&self.rest).cloned().collect()
    }

    /// It is gone; its last window may still come.
    fn went(&mut self, id: &str) {
        self.gone.retain(|gone| gone != id);
        self.gone.push_back(id.to_owned());
        while self.gone.len() > MOST_GONE {
            let oldest = self.gone.pop_front().and_then(|oldest| self.known.remove(&oldest));
            let rest = self.rest.get_or_insert_with(|| InterfaceReport {
                id: "-".to_owned(),
                name: "(gone)".to_owned(),
                ..InterfaceReport::default()
            });
            oldest.iter().for_each(|oldest| rest.add(oldest));
        }
    }

    fn count(&mut self, window: &Window) {
        for watched in window.interfaces() {
            let id = &watched.interface.id;
            if !self.known.contains_key(id) {
                self.known.entry(id.clone()).or_default().describe(&watched.interface);
                self.went(id);
            }
        }
        for flow in window.flows_unordered() {
            if let Some(report) = self.known.get_mut(&flow.interface.id) {
                report.bytes_recorded += flow.bytes;
                report.records += 1;
            }
        }
        for watched in window.interfaces() {
            let Some(report) = self.known.get_mut(&watched.interface.id) else { continue };
            report.describe(&watched.interface);
            let counters = watched.counters;
            report.packets_seen += counters.seen + counters.lost;
            report.packets_recorded += counters.recorded;
            report.packets_left_out += counters.excluded;
            report.packets_lost += counters.skipped + counters.lost;
            report.windows += 1;
            report.records += u64::from(counters.is_incomplete()) + u64::from(counters.is_quiet());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use weir_capture::tracker::{Options, Tracker};
    use weir_network::{Network, Owner};

    use super::*;

    const SECOND_NS: i64 = 1_000_000_000;

    fn comes_and_goes(interfaces: &mut Interfaces, number: i64) {
        let id = format!("eni-{number:017}");
        let network = Network::parse(&format!("[[interface]]\nid = \"{id}\""), &Owner::default()).unwrap();
        let interface = Arc::new(network.interface(&id).unwrap().clone());
        let mut tracker = Tracker::new(Options::default());
        let from_ns = (1_000 + number) * SECOND_NS;
        let _ = tracker.poll(from_ns);
        tracker.add_interface(Arc::clone(&interface), from_ns).unwrap();
        interfaces.handle(&Event::Added { name: format!("veth{number}"), interface: Arc::clone(&interface) });
        interfaces.handle(&Event::Removed { name: format!("veth{number}"), interface });
        // The last window of an interface comes when it is gone.
        tracker.finish(from_ns + SECOND_NS).into_iter().for_each(|window| interfaces.handle(&Event::Window(window)));
    }

    #[test]
    fn of_interfaces_that_are_long_gone_the_counts_stay() {
        let mut interfaces = Interfaces::default();
        for number in 0..100 {
            comes_and_goes(&mut interfaces, number);
        }
        let reports = interfaces.reports();
        assert_eq!((reports.len(), interfaces.gone.len()), (MOST_GONE + 1, MOST_GONE));
        assert_eq!(reports[0].name, "veth36");
        let rest = reports.last().unwrap();
        assert_eq!((rest.name.as_str(), rest.windows, rest.records), ("(gone)", 36, 36), "{rest:?}");
        assert_eq!(reports.iter().map(|report| report.windows).sum::<u64>(), 100);
        // One that comes back is there, and is forgotten as the youngest.
        comes_and_goes(&mut interfaces, 36);
        assert_eq!(interfaces.reports()[0].windows, 2);
        comes_and_goes(&mut interfaces, 100);
        assert_eq!(interfaces.reports()[0].name, "veth36");
        interfaces.ended();
        assert_eq!(interfaces.gone.len(), MOST_GONE);
    }
}
