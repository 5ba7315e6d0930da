//! What is counted of the interfaces of a host.

use std::collections::BTreeMap;

use weir_capture::{live::Event, window::Window};
use weir_uplink::InterfaceReport;

/// The interfaces that are recorded, or were, by id.
#[derive(Debug, Clone, Default)]
pub struct Interfaces(BTreeMap<String, InterfaceReport>);

impl Interfaces {
    /// Takes in what a capture says.
    pub fn handle(&mut self, event: &Event) {
        match event {
            Event::Window(window) => self.count(window),
            Event::Added { name, interface } => {
                let report = self.0.entry(interface.id.clone()).or_default();
                report.describe(interface);
                (report.name, report.recording) = (name.clone(), true);
            }
            Event::Removed { interface, .. } => {
                if let Some(report) = self.0.get_mut(&interface.id) {
                    report.recording = false;
                }
            }
            Event::Failed { .. } | Event::Unlisted(_) | Event::Trouble(_) => {}
        }
    }

    /// The capture has ended.
    pub fn ended(&mut self) {
        self.0.values_mut().for_each(|report| report.recording = false);
    }

    /// How they are, in the order of their ids.
    pub fn reports(&self) -> Vec<InterfaceReport> {
        self.0.values().cloned().collect()
    }

    fn count(&mut self, window: &Window) {
        for flow in window.flows_unordered() {
            if let Some(report) = self.0.get_mut(&flow.interface.id) {
                report.bytes_recorded += flow.bytes;
                report.records += 1;
            }
        }
        for watched in window.interfaces() {
            let report = self.0.entry(watched.interface.id.clone()).or_default();
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
