//! Live capture: the packets of this host's interfaces.
//!
//! One thread does it all, [`Capture::run`], in one of two ways, the [`Tier`]:
//!
//! - **eBPF**: programs in the kernel count packets into flows, and a window of flows is read when it has ended.
//! - **packet sockets**: the kernel copies the headers of every packet into a ring, and they are counted here.
//!
//! Interfaces that come later are taken up, and those that go are let go. What is counted, and how, is the same in both:
//!
//! - A packet is an **egress** packet when it leaves the interface, otherwise ingress. The loopback interface shows
//!   every packet twice, leaving and arriving; it is counted once, as ingress.
//! - What the interface takes in is counted, also when it is addressed to another machine, as on the ports of a bridge.
//!   The interface is never made promiscuous.
//! - A packet that the network card will cut into segments, or that the kernel joined from segments, is counted as the
//!   segments on the wire, headers included.
//! - VLAN tags are passed over, wherever the kernel keeps them.
//! - Times are the kernel's.
//! - Packets for which there was no room are counted as lost and make a SKIPDATA record.
//! - What is not IP, or is broken, is counted by reason in [`Totals::skips`].
//!
//! Without the right to capture, [`Capture::open`] answers [`LiveError::Permission`]; when another process of ours has
//! an interface already, [`LiveError::InUse`].

mod error;
mod kernel;
mod lock;
mod packets;
mod source;
mod tier;

use std::{
    collections::BTreeMap,
    os::fd::OwnedFd,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use rustix::{
    event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll},
    io::Errno,
};
use weir_network::{AggregationInterval, Direction, Interface, Packet};

pub use self::{
    error::LiveError,
    tier::{Tier, TierChoice, TierReport},
};
use self::{
    lock::InterfaceLock,
    source::{Judge, Source, Tally, Watched},
};
pub use crate::ebpf::{
    flow::{AttachPoint, FlowOptions},
    refusals::{RefusalTotal, Refuser},
};
use crate::{
    interfaces::{self, HostInterface, InterfacesError, Monitor},
    packet::Skips,
    tracker::{self, Irregularities, Judgement, Tracker},
    window::Window,
};

/// The loop looks around at least this often.
const TICK_NS: i64 = 250_000_000;
/// And no more often than this when a window is due.
const NAP_NS: i64 = 1_000_000;
/// Interfaces are looked at anew at least this often, since who chooses them may know more by then.
const RELIST_NS: u64 = 5_000_000_000;

/// How to capture.
#[derive(Debug, Clone)]
pub struct Options {
    /// How to count. `lateness_ns` is raised to what the tier needs.
    pub tracker: tracker::Options,
    /// Which tier may be used.
    pub tier: TierChoice,
    /// How the kernel counts, with eBPF.
    pub ebpf: FlowOptions,
    /// Whether to watch what this host refuses, where eBPF and the kernel allow it. Then that is the verdict, and nobody
    /// is asked for another.
    pub observe: bool,
    /// Memory of the ring of one interface, in bytes, with packet sockets; at least 256 KiB is used. It counts as
    /// resident once it has been filled. 4 MiB hold about 10,000 packets.
    pub ring_bytes: usize,
}

impl Options {
    /// Windows of this length, and room for so many flows of one interface in one of them.
    pub fn new(interval: AggregationInterval, max_flows: u64, tier: TierChoice) -> Self {
        let most = usize::try_from(max_flows).unwrap_or(usize::MAX);
        let tracker = tracker::Options { interval, max_flows: most, ..tracker::Options::default() };
        let capacity = u32::try_from(max_flows).unwrap_or(u32::MAX);
        Self { tracker, tier, ebpf: FlowOptions { capacity, ..FlowOptions::default() }, ..Self::default() }
    }
}

impl Default for Options {
    fn default() -> Self {
        Options {
            tracker: tracker::Options::default(),
            tier: TierChoice::Auto,
            ebpf: FlowOptions::default(),
            observe: true,
            ring_bytes: 4 * 1024 * 1024,
        }
    }
}

/// What happened while capturing.
#[derive(Debug)]
pub enum Event {
    /// A window is finished.
    Window(Window),
    /// An interface is captured from now on.
    Added {
        /// Name on this host.
        name: String,
        /// What its records call it.
        interface: Arc<Interface>,
    },
    /// An interface went away, or is no longer wanted. What was counted of it is in its last window.
    Removed {
        /// Name on this host.
        name: String,
        /// What its records call it.
        interface: Arc<Interface>,
    },
    /// An interface that was wanted cannot be captured; the others go on. It is tried again when interfaces change.
    Failed {
        /// Name on this host.
        name: String,
        /// Why.
        error: LiveError,
    },
    /// The interfaces could not be listed after they changed; those captured so far go on.
    Unlisted(InterfacesError),
    /// A step failed; it is tried again, and what was counted so far is kept.
    Trouble(LiveError),
}

/// What a capture came to.
#[derive(Debug, Default)]
pub struct Totals {
    /// Packets that were looked at, as large as the kernel handles them.
    pub frames: u64,
    /// Packets for which there was no room.
    pub lost: u64,
    /// Frames that are in no record, by reason.
    pub skips: Skips,
    /// Later fragments counted without ports, because their first was not seen.
    pub unmatched_fragments: u64,
    /// Packets that were refused on their way in without having been seen before.
    pub unmatched_refusals: u64,
    /// What was refused, on all interfaces; `None` when that is not watched.
    pub refused: Option<Refused>,
    /// Late packets and leaps of the clock.
    pub irregularities: Irregularities,
}

/// What this host has refused so far, at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refused {
    /// When it was read: nanoseconds since 1970.
    pub as_of_ns: i64,
    /// By place. On all interfaces of the network namespace, also those that are not captured.
    pub totals: Vec<RefusalTotal>,
    /// Packets of them that came in on a captured interface and were not seen there before, in windows that ended.
    pub unmatched: u64,
}

/// Stops a [`Capture`] from another thread, or a signal handler's.
#[derive(Debug, Clone)]
pub struct Stopper(Arc<OwnedFd>);

impl Stopper {
    /// Asks the capture to deliver what it has and end.
    pub fn stop(&self) {
        // It fails only when the counter is full: then it has been asked already.
        let _ = rustix::io::write(&*self.0, &1u64.to_ne_bytes());
    }
}

/// Chooses what to capture: for an interface of the host, what a flow log calls it, or nothing to leave it out. Asked
/// again when the interface changes, and every few seconds: it must not wait for anything.
pub type Choose = Box<dyn FnMut(&HostInterface) -> Option<Interface> + Send>;

/// Capturing on interfaces of this host, in the network namespace of the thread that opened it.
pub struct Capture {
    choose: Choose,
    monitor: Monitor,
    stop: Arc<OwnedFd>,
    source: Box<dyn Source>,
    tier: TierReport,
    watched: BTreeMap<u32, (Watched, InterfaceLock)>,
    events: Vec<Event>,
    /// When the interfaces were listed last.
    listed_ns: i64,
    tracker: Tracker,
    /// How long a window waits.
    lateness_ns: i64,
    /// What passed before has been counted.
    counted_ns: i64,
    totals: Totals,
    frames: Arc<AtomicU64>,
    refused: Arc<Mutex<Option<Refused>>>,
}

impl Capture {
    /// Starts to capture on all interfaces that `choose` wants and that are up. Windows begin with [`run`](Self::run),
    /// which must follow before the rings are full.
    ///
    /// `clock` gives the time in nanoseconds since 1970, as in `run`.
    ///
    /// An interface that cannot be captured is no error, unless another process of ours has it: the first events of
    /// `run` tell.
    ///
    /// # Errors
    /// Without the right to capture, when an interface is captured already, or when the kernel will not list interfaces.
    pub fn open(options: Options, choose: Choose, clock: &dyn Fn() -> i64) -> Result<Self, LiveError> {
        let capture = Self::open_once(&options, choose, clock)?;
        if options.tier == TierChoice::Auto
            && let Some(why) = capture.unattached()
        {
            let Capture { choose, .. } = capture;
            let options = Options { tier: TierChoice::PacketSocket, ..options };
            let capture = Self::open_once(&options, choose, clock)?;
            let tier = TierReport { why, ..capture.tier };
            return Ok(Capture { tier, ..capture });
        }
        Ok(capture)
    }

    fn open_once(options: &Options, choose: Choose, clock: &dyn Fn() -> i64) -> Result<Self, LiveError> {
        // Listen first: a change between the two is then seen twice instead of never.
        let monitor = Monitor::open()?;
        let wait = |errno: Errno| LiveError::Wait { source: errno.into() };
        let stop = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).map_err(wait)?;
        let (source, tier) = tier::open(options, clock)?;
        let lateness_ns = options.tracker.lateness_ns.max(tier.tier.lateness_ns());
        let mut capture = Capture {
            choose,
            monitor,
            stop: Arc::new(stop),
            source,
            tier,
            watched: BTreeMap::new(),
            events: Vec::new(),
            listed_ns: clock(),
            tracker: Tracker::new(tracker::Options { lateness_ns, ..options.tracker.clone() }),
            lateness_ns,
            counted_ns: clock(),
            totals: Totals::default(),
            frames: Arc::default(),
            refused: Arc::default(),
        };
        // Opens the first window, so that what comes before `run` is not late for it.
        let _ = capture.tracker.poll(clock());
        capture.follow(interfaces::list()?, clock, &mut |_, _, _, _| Judgement::SEEN);
        let in_use = |event: &Event| matches!(event, Event::Failed { error: LiveError::InUse { .. }, .. });
        if let Some(at) = capture.events.iter().position(in_use)
            && let Event::Failed { error, .. } = capture.events.swap_remove(at)
        {
            return Err(error);
        }
        Ok(capture)
    }

    /// Why programs cannot be attached, if they could be to no interface at all.
    fn unattached(&self) -> Option<String> {
        let refused = |event: &Event| match event {
            Event::Failed { error: LiveError::Ebpf(error), .. } => Some(error.to_string()),
            _ => None,
        };
        self.events.iter().find_map(refused).filter(|_| self.watched.is_empty())
    }

    /// What ends [`run`](Self::run).
    pub fn stopper(&self) -> Stopper {
        Stopper(Arc::clone(&self.stop))
    }

    /// Which tier runs, and why.
    pub fn tier(&self) -> &TierReport {
        &self.tier
    }

    /// How many packets were looked at so far, as large as the kernel handles them; it goes on counting in
    /// [`run`](Self::run).
    pub fn frames(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.frames)
    }

    /// What this host has refused so far, `None` when that is not watched; it goes on counting in [`run`](Self::run).
    pub fn refused(&self) -> Arc<Mutex<Option<Refused>>> {
        Arc::clone(&self.refused)
    }

    /// The interfaces captured now: names on this host, and what records call them.
    pub fn interfaces(&self) -> impl Iterator<Item = (&str, &Arc<Interface>)> {
        self.watched.values().map(|(watched, _)| (watched.host.name.as_str(), &watched.interface))
    }

    /// Captures until it is stopped, then hands over the windows that were open and returns the totals.
    ///
    /// `clock` gives the time in nanoseconds since 1970, as the kernel's packet times. `judge` says what became of a
    /// packet that nobody saw refused, from its interface, direction, headers and time; with eBPF it is asked once for
    /// each flow of a window. `sink` gets what happens; while it works nothing is read, so it should hand on and return.
    ///
    /// # Errors
    /// When waiting for packets fails; what was counted until then has been handed over.
    pub fn run(
        mut self,
        clock: impl Fn() -> i64,
        mut judge: impl FnMut(&Interface, Direction, &Packet, i64) -> Judgement,
        mut sink: impl FnMut(Event),
    ) -> Result<Totals, LiveError> {
        let mut judge = |interface: &Interface, direction, packet: &Packet, time_ns| {
            judge(interface, interface.side.turn(direction), packet, time_ns)
        };
        loop {
            self.events.drain(..).for_each(&mut sink);
            match self.wait(self.patience(clock())) {
                Ok(false) => {}
                Ok(true) => return Ok(self.finish(clock, judge, sink)),
                Err(error) => {
                    self.finish(clock, judge, sink);
                    return Err(error);
                }
            }
            let now_ns = clock();
            if self.monitor.drain() || now_ns.abs_diff(self.listed_ns) >= RELIST_NS {
                self.listed_ns = now_ns;
                self.relist(&clock, &mut judge);
            }
            let now_ns = clock();
            self.read(&clock, &mut judge);
            // Windows whose packets are still in the kernel stay open.
            let settled_ns = now_ns.min(self.counted_ns.saturating_add(self.lateness_ns));
            while let Some(window) = self.tracker.poll(settled_ns) {
                sink(Event::Window(window));
            }
        }
    }

    fn finish(
        mut self,
        clock: impl Fn() -> i64,
        mut judge: impl FnMut(&Interface, Direction, &Packet, i64) -> Judgement,
        mut sink: impl FnMut(Event),
    ) -> Totals {
        let (tracker, totals) = (&mut self.tracker, &mut self.totals);
        let mut tally = Tally { tracker, totals, judge: &mut judge, clock: &clock };
        if let Err(error) = self.source.finish(&mut tally) {
            self.events.push(Event::Trouble(error));
        }
        self.events.drain(..).for_each(&mut sink);
        self.tracker.finish(clock()).into_iter().map(Event::Window).for_each(sink);
        self.totals.irregularities = self.tracker.irregularities();
        self.totals
    }

    /// Counts what was seen.
    fn read(&mut self, clock: &dyn Fn() -> i64, judge: &mut Judge<'_>) {
        let mut tally = Tally { tracker: &mut self.tracker, totals: &mut self.totals, judge, clock };
        match self.source.read(&mut tally) {
            Ok(counted_ns) => self.counted_ns = counted_ns,
            Err(error) => self.events.push(Event::Trouble(error)),
        }
        self.frames.store(self.totals.frames, Ordering::Relaxed);
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&self.totals.refused);
    }

    /// How long to wait at most: until a window ends.
    fn patience(&self, now_ns: i64) -> i64 {
        let window_ns = self.tracker.poll_timeout().map_or(TICK_NS, |at_ns| at_ns.saturating_sub(now_ns));
        window_ns.clamp(NAP_NS, TICK_NS)
    }

    /// Waits for packets or changes; says whether the capture was stopped.
    fn wait(&self, patience_ns: i64) -> Result<bool, LiveError> {
        let mut descriptors = vec![PollFd::new(&*self.stop, PollFlags::IN), PollFd::new(&self.monitor, PollFlags::IN)];
        self.source.descriptors(&mut descriptors);
        wait_for(&mut descriptors, patience_ns)?;
        Ok(!descriptors[0].revents().is_empty())
    }

    fn relist(&mut self, clock: &dyn Fn() -> i64, judge: &mut Judge<'_>) {
        match interfaces::list() {
            Ok(present) => self.follow(present, clock, judge),
            Err(error) => self.events.push(Event::Unlisted(error)),
        }
    }

    /// Takes up new interfaces, lets go of those that went, and learns new addresses.
    fn follow(&mut self, present: Vec<HostInterface>, clock: &dyn Fn() -> i64, judge: &mut Judge<'_>) {
        let mut wanted: BTreeMap<u32, (HostInterface, Interface)> = BTreeMap::new();
        for host in present {
            if let Some(interface) = (self.choose)(&host) {
                wanted.insert(host.index, (host, interface));
            }
        }
        // The same index with another id is another interface: renamed, or replaced since we last looked.
        let stays = |index: &u32, watched: &Watched| {
            wanted.get(index).is_some_and(|(_, interface)| interface.id == watched.interface.id)
        };
        let leaves = |(index, (watched, _)): (&u32, &(Watched, _))| (!stays(index, watched)).then_some(*index);
        let gone: Vec<u32> = self.watched.iter().filter_map(leaves).collect();
        self.let_go(&gone, clock, judge);
        for (index, (host, interface)) in wanted {
            let interface = Arc::new(interface);
            if let Some((watched, _)) = self.watched.get_mut(&index) {
                if watched.interface != interface {
                    self.tracker.update_interface(watched.index, Arc::clone(&interface));
                }
                *watched = Watched { host, interface, index: watched.index };
                self.source.update(watched);
            } else if host.is_up {
                self.add(host, interface, clock());
            }
        }
    }

    fn let_go(&mut self, gone: &[u32], clock: &dyn Fn() -> i64, judge: &mut Judge<'_>) {
        if gone.is_empty() {
            return;
        }
        let mut tally = Tally { tracker: &mut self.tracker, totals: &mut self.totals, judge, clock };
        if let Err(error) = self.source.remove(gone, &mut tally) {
            self.events.push(Event::Trouble(error));
        }
        for (watched, _) in gone.iter().filter_map(|index| self.watched.remove(index)) {
            self.tracker.remove_interface(watched.index, clock());
            self.events.push(Event::Removed { name: watched.host.name, interface: watched.interface });
        }
    }

    fn add(&mut self, host: HostInterface, interface: Arc<Interface>, now_ns: i64) {
        let name = host.name.clone();
        match self.try_add(host, Arc::clone(&interface), now_ns) {
            Ok(()) => self.events.push(Event::Added { name, interface }),
            Err(error) => self.events.push(Event::Failed { name, error }),
        }
    }

    fn try_add(&mut self, host: HostInterface, interface: Arc<Interface>, now_ns: i64) -> Result<(), LiveError> {
        let lock = InterfaceLock::take(&host.name, host.index)?;
        let index = self.tracker.add_interface(Arc::clone(&interface), now_ns)?;
        let watched = Watched { host, interface, index };
        if let Err(error) = self.source.add(&watched) {
            // As if it had never been there.
            self.tracker.remove_interface(index, i64::MIN);
            return Err(error);
        }
        self.watched.insert(watched.host.index, (watched, lock));
        Ok(())
    }
}

fn wait_for(descriptors: &mut [PollFd<'_>], patience_ns: i64) -> Result<(), LiveError> {
    let patience = Timespec { tv_sec: 0, tv_nsec: patience_ns.clamp(0, 999_999_999) };
    match poll(descriptors, Some(&patience)) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(errno) => Err(LiveError::Wait { source: errno.into() }),
    }
}
