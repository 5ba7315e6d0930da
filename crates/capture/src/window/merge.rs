//! Longer windows made of shorter ones, for flow logs whose interval is longer than that of the capture.

use std::collections::{BTreeMap, HashMap};

use weir_network::{AggregationInterval, Interface};

use super::{Counters, Window, WindowInterface};
use crate::tracker::{FlowKey, FlowState, SECOND_NS, window_start};

/// Adds up windows of one capture, in the order of their time, for some of its interfaces.
///
/// What adds up is what one longer window would have counted: packets and bytes are summed, the first and last packet are
/// the earliest and the latest, flags are those of all. An interface that was watched in a part of the time is in the
/// window with that part.
pub struct Merger {
    interval_ns: i64,
    max_flows: usize,
    open: Option<Open>,
}

/// A longer window while it fills.
struct Open {
    start_ns: i64,
    end_ns: i64,
    interfaces: Vec<WindowInterface>,
    /// The place of an interface among them, by its id.
    places: BTreeMap<String, u16>,
    flows: HashMap<FlowKey, FlowState, foldhash::fast::RandomState>,
}

impl Merger {
    /// Makes windows of this length. Of packets whose flow is beyond `max_flows` is said that they were skipped.
    pub fn new(interval: AggregationInterval, max_flows: u64) -> Self {
        let seconds = i64::try_from(interval.seconds()).unwrap_or(i64::MAX / SECOND_NS);
        let max_flows = usize::try_from(max_flows).unwrap_or(usize::MAX);
        Self { interval_ns: seconds * SECOND_NS, max_flows, open: None }
    }

    /// Takes a window; gives those that are whole now, at most two. A window that is longer than the interval stays as long as it is.
    pub fn take(&mut self, window: &Window, wanted: impl Fn(&Interface) -> bool) -> Vec<Window> {
        let start_ns = window_start(window.start_ns, self.interval_ns);
        // The window before it is over, also when the clock was set back.
        let before = self.open.take_if(|open| open.start_ns != start_ns).and_then(Open::finish);
        let end_ns = window.end_ns.max(start_ns + self.interval_ns);
        let open = self.open.get_or_insert_with(|| Open::new(start_ns, end_ns));
        open.add(window, self.max_flows, wanted);
        let is_whole = window.end_ns >= open.end_ns;
        let whole = if is_whole { self.finish() } else { None };
        before.into_iter().chain(whole).collect()
    }

    /// Gives what there is, whole or not.
    pub fn finish(&mut self) -> Option<Window> {
        self.open.take().and_then(Open::finish)
    }
}

impl Open {
    fn new(start_ns: i64, end_ns: i64) -> Self {
        Self { start_ns, end_ns, interfaces: Vec::new(), places: BTreeMap::new(), flows: HashMap::default() }
    }

    fn add(&mut self, window: &Window, max_flows: usize, wanted: impl Fn(&Interface) -> bool) {
        let wanted = |watched: &&WindowInterface| wanted(&watched.interface);
        let watched = window.interfaces.iter().map(|watched| watched.as_ref().filter(wanted));
        let places: Vec<Option<u16>> = watched.map(|watched| self.place(watched?)).collect();
        for (key, state) in &window.flows {
            let Some(place) = places.get(key.interface()).copied().flatten() else { continue };
            let key = key.on(place);
            let is_full = self.flows.len() >= max_flows;
            match self.flows.get_mut(&key) {
                Some(flow) => flow.add(state),
                None if is_full => self.interfaces[usize::from(place)].counters.skip(state.packets),
                None => drop(self.flows.insert(key, *state)),
            }
        }
    }

    /// Adds what is known of an interface. None when 65,536 of them are there.
    fn place(&mut self, watched: &WindowInterface) -> Option<u16> {
        if let Some(place) = self.places.get(&watched.interface.id) {
            let known = &mut self.interfaces[usize::from(*place)];
            known.interface.clone_from(&watched.interface);
            known.from_ns = known.from_ns.min(watched.from_ns);
            known.to_ns = known.to_ns.max(watched.to_ns);
            known.counters = known.counters.plus(watched.counters);
            return Some(*place);
        }
        let place = u16::try_from(self.interfaces.len()).ok()?;
        self.places.insert(watched.interface.id.clone(), place);
        self.interfaces.push(watched.clone());
        Some(place)
    }

    /// Nothing when no wanted interface was watched.
    fn finish(self) -> Option<Window> {
        let interfaces: Vec<_> = self.interfaces.into_iter().map(Some).collect();
        let flows = self.flows.into_iter().collect();
        (!interfaces.is_empty()).then(|| Window::new(self.start_ns, self.end_ns, interfaces, flows))
    }
}

impl Counters {
    /// Packets that were recorded are in no record after all.
    fn skip(&mut self, packets: u64) {
        self.recorded = self.recorded.saturating_sub(packets);
        self.skipped += packets;
    }
}

#[cfg(test)]
mod tests;
