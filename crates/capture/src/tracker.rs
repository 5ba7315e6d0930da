//! The flow tracker: packets in, windows of flows out. State without I/O: it is told the time and every packet.
//!
//! **Windows** are aligned to the clock: a window of 60 s starts where the Unix time is a multiple of 60. A packet is
//! counted in the window that its own time falls in. A window closes [`Options::lateness_ns`] after its end, so that
//! packets which reach the tracker late (they waited in a ring) still find theirs; meanwhile the next one fills.
//!
//! **When time misbehaves** nothing is lost:
//! - a packet from before the open window is counted in the open window, with its time moved to the window's start;
//! - a packet from beyond the next window closes what can no longer be waited for and opens its own;
//! - a clock that was set back by more than one interval closes what is open and opens the window of the new time, so
//!   two windows may then cover the same period;
//! - a sum of packets ([`FlowSum`]) that was counted across the end of a window is in the window of its first packet,
//!   with the last one moved to the window's end;
//! - windows that pass without any packet are still reported, so that quiet interfaces get their NODATA, but at most
//!   [`MAX_QUIET_WINDOWS`] in a row: a longer leap is a suspended machine or a clock set forward, in which nothing was
//!   watched.
//!
//! **Memory is bounded**: at most [`Options::max_flows`] flows at once. Packets of a flow that no longer fits are
//! counted as skipped, and their interface gets a SKIPDATA record.

mod exclude;
mod flags;
mod key;
mod observation;
#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, VecDeque},
    mem,
    sync::Arc,
};

use weir_network::{AggregationInterval, Interface};

pub use self::{
    exclude::Exclude,
    observation::{FlowSum, Judgement, Observation, VerdictSource},
};
pub(crate) use self::{flags::TcpFlags, key::FlowKey};
use crate::window::{Counters, Window, WindowInterface};

/// Nanoseconds of a second.
pub(crate) const SECOND_NS: i64 = 1_000_000_000;

/// How many windows in a row are reported that passed without a packet and without a [`poll`](Tracker::poll).
pub const MAX_QUIET_WINDOWS: i64 = 16;

/// Times are kept within 1970 and 2116, so that arithmetic on them cannot overflow.
const MAX_TIME_NS: i64 = i64::MAX / 2;

/// What a tracker holds to.
#[derive(Debug, Clone)]
pub struct Options {
    /// Length of the windows.
    pub interval: AggregationInterval,
    /// Most flows held at once, in the open and the next window together. One takes about 100 bytes.
    pub max_flows: usize,
    /// How long after its end a window waits for packets that arrive late. At most the interval is used.
    pub lateness_ns: i64,
    /// Traffic that is seen but never recorded.
    pub exclude: Exclude,
}

impl Default for Options {
    /// 600 s, 131,072 flows, no waiting, and what AWS does not log is not logged.
    fn default() -> Self {
        Options {
            interval: AggregationInterval::default(),
            max_flows: 131_072,
            lateness_ns: 0,
            exclude: Exclude::default(),
        }
    }
}

/// An interface that the tracker knows, as [`Tracker::add_interface`] handed it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InterfaceIndex(pub(crate) u16);

/// All 65,536 interfaces that a tracker can tell apart are in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than 65536 interfaces at once; capture fewer of them")]
pub struct TooManyInterfaces;

/// What a tracker met that belongs to no single window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Irregularities {
    /// Packets from before the open window, counted in the open window.
    pub late: u64,
    /// Leaps of the clock, forward and back.
    pub clock_jumps: u64,
    /// Packets for an interface that is not known; they are in no window.
    pub unknown_interface: u64,
}

/// Counters of one flow in one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FlowState {
    pub(crate) first_ns: i64,
    pub(crate) last_ns: i64,
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    pub(crate) flags: TcpFlags,
}

impl FlowState {
    /// Counts the packets of both.
    pub(crate) fn add(&mut self, other: &Self) {
        self.first_ns = self.first_ns.min(other.first_ns);
        self.last_ns = self.last_ns.max(other.last_ns);
        self.packets += other.packets;
        self.bytes += other.bytes;
        self.flags = self.flags.and(other.flags);
    }
}

type Flows = HashMap<FlowKey, FlowState, foldhash::fast::RandomState>;

/// One window while it fills.
struct Period {
    start_ns: i64,
    end_ns: i64,
    flows: Flows,
    /// By interface index.
    counters: Vec<Counters>,
}

struct Slot {
    interface: Arc<Interface>,
    since_ns: i64,
    until_ns: Option<i64>,
}

/// Counts packets into flows and flows into windows.
pub struct Tracker {
    options: Options,
    interval_ns: i64,
    slots: Vec<Option<Slot>>,
    current: Option<Period>,
    next: Option<Period>,
    /// The time when the first window was opened: before it there was nothing to be quiet.
    begun_ns: i64,
    /// An emptied map, kept for its memory.
    spare: Flows,
    finished: VecDeque<Window>,
    irregularities: Irregularities,
}

impl Tracker {
    /// A tracker without interfaces. The first time it is told opens its first window.
    pub fn new(options: Options) -> Self {
        let interval_ns = i64::try_from(options.interval.seconds()).unwrap_or(600) * SECOND_NS;
        let lateness_ns = options.lateness_ns.clamp(0, interval_ns);
        Tracker {
            options: Options { lateness_ns, ..options },
            interval_ns,
            slots: Vec::new(),
            current: None,
            next: None,
            begun_ns: 0,
            spare: Flows::default(),
            finished: VecDeque::new(),
            irregularities: Irregularities::default(),
        }
    }

    /// Starts recording an interface, watched since `since_ns`. Give `i64::MIN` when it was watched all along, as in a
    /// capture file: its first NODATA record then begins with the window.
    ///
    /// # Errors
    /// When no index is left.
    pub fn add_interface(
        &mut self,
        interface: Arc<Interface>,
        since_ns: i64,
    ) -> Result<InterfaceIndex, TooManyInterfaces> {
        let slot = Some(Slot { interface, since_ns, until_ns: None });
        if let Some(free) = self.slots.iter().position(Option::is_none) {
            self.slots[free] = slot;
            return u16::try_from(free).map(InterfaceIndex).map_err(|_| TooManyInterfaces);
        }
        let index = u16::try_from(self.slots.len()).map_err(|_| TooManyInterfaces)?;
        self.slots.push(slot);
        Ok(InterfaceIndex(index))
    }

    /// Replaces what is known of an interface, such as its addresses. It holds for the whole of the open window.
    pub fn update_interface(&mut self, index: InterfaceIndex, interface: Arc<Interface>) {
        if let Some(Some(slot)) = self.slots.get_mut(usize::from(index.0)) {
            slot.interface = interface;
        }
    }

    /// Stops recording an interface at `until_ns`. What was counted of it is in the windows that are open now; its
    /// index may be given to another interface once they have closed.
    pub fn remove_interface(&mut self, index: InterfaceIndex, until_ns: i64) {
        if let Some(Some(slot)) = self.slots.get_mut(usize::from(index.0)) {
            slot.until_ns = Some(until_ns);
        }
    }

    /// Counts a packet.
    pub fn observe(&mut self, seen: &Observation<'_>) {
        self.add(&FlowSum {
            interface: seen.interface,
            direction: seen.direction,
            packet: seen.packet.packet,
            judgement: seen.judgement,
            first_ns: seen.time_ns,
            last_ns: seen.time_ns,
            packets: seen.segments,
            bytes: seen.bytes,
            flags: TcpFlags::of_packet(seen.packet.packet.protocol, seen.packet.tcp_flags).bits(),
        });
    }

    /// Counts packets of one flow, in the window of the first of them.
    pub fn add(&mut self, sum: &FlowSum) {
        let index = usize::from(sum.interface.0);
        let Some(Some(slot)) = self.slots.get(index) else {
            self.irregularities.unknown_interface += sum.packets;
            return;
        };
        let direction = slot.interface.side.turn(sum.direction);
        let first_ns = sum.first_ns.clamp(0, MAX_TIME_NS);
        self.make_room_for(first_ns, sum.packets);
        let Some((period, other_flows)) = Self::period(&mut self.current, &mut self.next, first_ns) else { return };
        let first_ns = first_ns.max(period.start_ns);
        let last_ns = sum.last_ns.clamp(first_ns, period.end_ns - 1);
        let counters = counters_at(&mut period.counters, index);
        counters.seen += sum.packets;
        let key = FlowKey::new(sum.interface.0, direction, sum.judgement, &sum.packet);
        let FlowSum { packets, bytes, .. } = *sum;
        let state = FlowState { first_ns, last_ns, packets, bytes, flags: TcpFlags::of_bits(sum.flags) };
        if let Some(flow) = period.flows.get_mut(&key) {
            flow.add(&state);
        } else if self.options.exclude.covers(&sum.packet) {
            // Only here: a packet of a flow that is recorded is not excluded.
            counters.excluded += sum.packets;
            return;
        } else if period.flows.len() + other_flows < self.options.max_flows {
            period.flows.insert(key, state);
        } else {
            counters.skipped += sum.packets;
            return;
        }
        counters.recorded += sum.packets;
    }

    /// Counts packets that passed an interface but never reached the tracker, such as what the kernel dropped for want
    /// of room in a ring. The interface gets a SKIPDATA record for the window of `time_ns`.
    pub fn lost(&mut self, interface: InterfaceIndex, time_ns: i64, packets: u64) {
        let index = usize::from(interface.0);
        if !matches!(self.slots.get(index), Some(Some(_))) {
            self.irregularities.unknown_interface += packets;
            return;
        }
        let time_ns = time_ns.clamp(0, MAX_TIME_NS);
        self.make_room_for(time_ns, 0);
        if let Some((period, _)) = Self::period(&mut self.current, &mut self.next, time_ns) {
            counters_at(&mut period.counters, index).lost += packets;
        }
    }

    /// Counts packets of an interface that is not known.
    pub(crate) fn count_unknown(&mut self, packets: u64) {
        self.irregularities.unknown_interface += packets;
    }

    /// Tells the tracker the time and takes a finished window, if there is one. Call it until there is none.
    pub fn poll(&mut self, now_ns: i64) -> Option<Window> {
        self.advance(now_ns.clamp(0, MAX_TIME_NS));
        self.finished.pop_front()
    }

    /// When [`poll`](Self::poll) will next have a window: nanoseconds since 1970, 0 when it has one already, `None`
    /// before the first window has opened.
    pub fn poll_timeout(&self) -> Option<i64> {
        if !self.finished.is_empty() {
            return Some(0);
        }
        self.current.as_ref().map(|period| period.end_ns + self.options.lateness_ns)
    }

    /// Closes everything at `now_ns`, in order of time. The tracker can go on afterwards; what follows within the same
    /// period makes a further window for it.
    pub fn finish(&mut self, now_ns: i64) -> Vec<Window> {
        let now_ns = now_ns.clamp(0, MAX_TIME_NS);
        self.advance(now_ns);
        self.close_all(Some(now_ns));
        self.finished.drain(..).collect()
    }

    /// What was met that belongs to no single window, since the start.
    pub fn irregularities(&self) -> Irregularities {
        self.irregularities
    }

    /// How many flows are held now.
    pub fn flows(&self) -> usize {
        [&self.current, &self.next].into_iter().flatten().map(|period| period.flows.len()).sum()
    }

    /// The period that a packet of this time is counted in, and how many flows the other one holds. Borrows no more
    /// than the periods.
    fn period<'a>(
        current: &'a mut Option<Period>,
        next: &'a mut Option<Period>,
        time_ns: i64,
    ) -> Option<(&'a mut Period, usize)> {
        let in_next = next.as_ref().is_some_and(|next| next.holds(time_ns));
        let (here, other) = if in_next { (next, &*current) } else { (current, &*next) };
        Some((here.as_mut()?, other.as_ref().map_or(0, |other| other.flows.len())))
    }

    /// Sees to it that the window that a packet belongs to is open, unless the packet is late.
    fn make_room_for(&mut self, time_ns: i64, packets: u64) {
        if !self.current.as_ref().is_some_and(|current| current.holds(time_ns)) {
            self.open_for(time_ns, packets);
        }
    }

    #[cold]
    fn open_for(&mut self, time_ns: i64, packets: u64) {
        // The window before the packet's may still wait for late ones.
        let settled_ns = self.settled(time_ns);
        match &self.current {
            None => self.begin(time_ns),
            Some(current) if time_ns < current.start_ns => {
                self.irregularities.late += packets;
                return;
            }
            Some(current) if time_ns >= current.end_ns + self.interval_ns => self.leap_to(settled_ns),
            Some(_) => {}
        }
        let held = self.current.as_ref().is_some_and(|current| current.holds(time_ns));
        if !held && self.next.is_none() {
            self.next = Some(self.open(time_ns));
        }
    }

    /// Closes windows that ended long enough before `now_ns`.
    fn advance(&mut self, now_ns: i64) {
        let settled_ns = self.settled(now_ns);
        let Some(current) = &self.current else {
            self.begin(now_ns);
            return;
        };
        if now_ns < current.start_ns - self.interval_ns {
            self.irregularities.clock_jumps += 1;
            self.close_all(None);
            self.begin(now_ns);
            return;
        }
        if settled_ns >= current.end_ns + self.interval_ns {
            self.leap_to(settled_ns);
        } else if settled_ns >= current.end_ns {
            self.close_current();
        }
    }

    /// Closes everything before the window of `time_ns` and opens that one; windows in between are quiet ones.
    fn leap_to(&mut self, time_ns: i64) {
        while let Some(current) = &self.current
            && !current.holds(time_ns)
        {
            let quiet_left = (time_ns - current.end_ns) / self.interval_ns;
            if self.next.is_none() && quiet_left > MAX_QUIET_WINDOWS {
                self.irregularities.clock_jumps += 1;
                self.close_all(None);
                self.current = Some(self.open(time_ns));
            } else {
                self.close_current();
            }
        }
    }

    /// Files the open window; the next one becomes the open one.
    fn close_current(&mut self) {
        let Some(period) = self.current.take() else { return };
        let follower_ns = period.end_ns;
        self.file(period, None);
        self.current = self.next.take();
        if self.current.is_none() {
            self.current = Some(self.open(follower_ns));
        }
    }

    /// Files all that is open and leaves nothing open.
    fn close_all(&mut self, now_ns: Option<i64>) {
        if let Some(period) = self.current.take() {
            self.file(period, now_ns);
        }
        if let Some(period) = self.next.take() {
            self.file(period, now_ns);
        }
    }

    /// Opens the first window that a packet of this time could still belong to.
    fn begin(&mut self, now_ns: i64) {
        self.begun_ns = now_ns;
        self.current = Some(self.open(self.settled(now_ns)));
    }

    /// What ended by this time is not waited for any more.
    fn settled(&self, now_ns: i64) -> i64 {
        (now_ns - self.options.lateness_ns).max(0)
    }

    fn open(&mut self, time_ns: i64) -> Period {
        Period::new(window_start(time_ns, self.interval_ns), self.interval_ns, mem::take(&mut self.spare))
    }

    /// Makes a window of a period. `now_ns` is given when it is closed before its end.
    fn file(&mut self, mut period: Period, now_ns: Option<i64>) {
        if period.end_ns <= self.begun_ns && period.counters.is_empty() {
            return;
        }
        let last_ns = period.end_ns - 1;
        let to_ns = now_ns.map_or(last_ns, |now_ns| now_ns.clamp(period.start_ns, last_ns));
        let mut interfaces = Vec::with_capacity(self.slots.len());
        for (index, slot) in self.slots.iter_mut().enumerate() {
            let counters = period.counters.get(index).copied().unwrap_or_default();
            interfaces.push(slot.as_ref().and_then(|slot| slot.in_window(period.start_ns, to_ns, counters)));
            let still_counted = self.next.as_ref().is_some_and(|next| next.mentions(index));
            if slot.as_ref().is_some_and(|slot| slot.until_ns.is_some()) && !still_counted {
                *slot = None;
            }
        }
        // The memory of a busy window is given back when a quiet one follows.
        let worth_keeping = period.flows.len() >= period.flows.capacity() / 8;
        let flows = period.flows.drain().collect();
        if worth_keeping && self.spare.capacity() == 0 {
            self.spare = period.flows;
        }
        if interfaces.iter().any(Option::is_some) {
            self.finished.push_back(Window::new(period.start_ns, period.end_ns, interfaces, flows));
        }
    }
}

impl Period {
    fn new(start_ns: i64, interval_ns: i64, flows: Flows) -> Self {
        Period { start_ns, end_ns: start_ns + interval_ns, flows, counters: Vec::new() }
    }

    fn holds(&self, time_ns: i64) -> bool {
        (self.start_ns..self.end_ns).contains(&time_ns)
    }

    fn mentions(&self, index: usize) -> bool {
        self.counters.get(index).is_some_and(|counters| *counters != Counters::default())
    }
}

impl Slot {
    /// The interface as a window shows it: with the time it was watched; `None` when it was not watched in this window
    /// and nothing was counted.
    fn in_window(&self, start_ns: i64, to_ns: i64, counters: Counters) -> Option<WindowInterface> {
        let watched = self.since_ns <= to_ns && self.until_ns.is_none_or(|until_ns| until_ns >= start_ns);
        if !watched && counters == Counters::default() {
            return None;
        }
        let from_ns = self.since_ns.clamp(start_ns, to_ns);
        let to_ns = self.until_ns.unwrap_or(to_ns).clamp(from_ns, to_ns);
        Some(WindowInterface { interface: Arc::clone(&self.interface), from_ns, to_ns, counters })
    }
}

/// When the window of a time starts.
pub(crate) fn window_start(time_ns: i64, interval_ns: i64) -> i64 {
    time_ns - time_ns.rem_euclid(interval_ns)
}

fn counters_at(counters: &mut Vec<Counters>, index: usize) -> &mut Counters {
    if counters.len() <= index {
        counters.resize(index + 1, Counters::default());
    }
    &mut counters[index]
}
