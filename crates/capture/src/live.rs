//! Live capture: the packets of this host's interfaces, through AF_PACKET rings.
//!
//! One thread reads all rings, one ring for each interface: [`Capture::run`]. Interfaces that come later are taken up,
//! and those that go are let go. What is counted, and how:
//!
//! - A packet is an **egress** packet when it leaves the interface, otherwise ingress. The loopback interface shows
//!   every packet twice, leaving and arriving; it is counted once, as ingress.
//! - What the interface takes in is counted, also when it is addressed to another machine, as on the ports of a bridge.
//!   The interface is never made promiscuous.
//! - A packet that the network card will cut into segments, or that the kernel joined from segments, is counted as the
//!   segments on the wire, headers included.
//! - VLAN tags are passed over, wherever the kernel keeps them.
//! - Times are the kernel's.
//! - Frames for which a ring had no room are counted as lost and make a SKIPDATA record.
//! - What is not IP, or is broken, is counted by reason in [`Totals::skips`].
//!
//! Without the right to capture (`CAP_NET_RAW`), [`Capture::open`] answers [`LiveError::Permission`].

mod frame;
mod gso;
mod ring;

use std::{
    collections::BTreeMap,
    io,
    os::fd::{AsFd, OwnedFd},
    sync::Arc,
};

use rustix::{
    event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll},
    io::Errno,
};
use weir_network::{Direction, Interface, Packet};

use self::{
    frame::Frame,
    ring::{Ring, RingOptions},
};
use crate::{
    fragment::Fragments,
    interfaces::{self, HostInterface, InterfacesError, Monitor},
    packet::{self, LinkType, Skip, Skips},
    tracker::{self, InterfaceIndex, Irregularities, Judgement, Observation, TooManyInterfaces, Tracker},
    window::Window,
};

/// The kernel hands over a block of a ring after this time at the latest, give or take as much again.
const BLOCK_TIMEOUT_MS: u32 = 40;
/// How long a window waits for packets that are still in a ring.
const LATENESS_NS: i64 = 150_000_000;
/// The loop looks around at least this often.
const TICK_NS: i64 = 250_000_000;
const BLOCK_LEN: u32 = 128 * 1024;
/// Enough for Ethernet with tags, IPv6 with extension headers, and TCP with options.
const SNAP_LEN: u32 = 256;

const ARPHRD_ETHER: u16 = 1;
const ARPHRD_LOOPBACK: u16 = 772;
const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;

/// How to capture.
#[derive(Debug, Clone)]
pub struct Options {
    /// How to count. `lateness_ns` is raised to what the rings need.
    pub tracker: tracker::Options,
    /// Memory of the ring of one interface, in bytes; at least 256 KiB is used. It counts as resident once it has been
    /// filled. 4 MiB hold about 10,000 packets.
    pub ring_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options { tracker: tracker::Options::default(), ring_bytes: 4 * 1024 * 1024 }
    }
}

/// Why capturing is not possible.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// This process may not open packet sockets.
    #[error(
        "no right to capture packets: run as root, or give the program the right with `setcap cap_net_raw+ep`, or start \
         the container with `--cap-add NET_RAW`"
    )]
    Permission,
    /// The kernel has no packet sockets, or no descriptor is left.
    #[error("cannot open a packet socket: {source}")]
    Unavailable {
        /// The kernel's answer.
        source: io::Error,
    },
    /// A step failed on one interface.
    #[error("cannot capture on {interface}: cannot {what}: {source}")]
    Socket {
        /// What was tried.
        what: &'static str,
        /// Name of the interface.
        interface: String,
        /// The kernel's answer.
        source: io::Error,
    },
    /// Interfaces could not be listed.
    #[error(transparent)]
    Interfaces(#[from] InterfacesError),
    /// More interfaces than can be told apart.
    #[error(transparent)]
    TooManyInterfaces(#[from] TooManyInterfaces),
    /// Waiting for packets failed.
    #[error("cannot wait for packets: {source}")]
    Wait {
        /// The kernel's answer.
        source: io::Error,
    },
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
}

/// What a capture came to.
#[derive(Debug, Default)]
pub struct Totals {
    /// Frames taken out of the rings.
    pub frames: u64,
    /// Frames for which a ring had no room.
    pub lost: u64,
    /// Frames that are in no record, by reason.
    pub skips: Skips,
    /// Later fragments counted without ports, because their first was not seen.
    pub unmatched_fragments: u64,
    /// Late packets and leaps of the clock.
    pub irregularities: Irregularities,
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
/// again when the interface changes.
pub type Choose = Box<dyn FnMut(&HostInterface) -> Option<Interface> + Send>;

/// Capturing on interfaces of this host, in the network namespace of the thread that opened it.
pub struct Capture {
    choose: Choose,
    ring_options: RingOptions,
    monitor: Monitor,
    stop: Arc<OwnedFd>,
    sources: BTreeMap<u32, Source>,
    events: Vec<Event>,
    counting: Counting,
}

/// One captured interface.
struct Source {
    host: HostInterface,
    interface: Arc<Interface>,
    index: InterfaceIndex,
    ring: Ring,
}

/// Everything that a frame goes through after the ring.
struct Counting {
    tracker: Tracker,
    fragments: Fragments,
    totals: Totals,
}

impl Capture {
    /// Starts to fill the rings of all interfaces that `choose` wants and that are up. Windows begin with
    /// [`run`](Self::run), which must follow before the rings are full.
    ///
    /// An interface that cannot be captured is no error: the first events of `run` tell.
    ///
    /// # Errors
    /// Without the right to capture, or when the kernel will not list interfaces.
    pub fn open(options: Options, choose: Choose, now_ns: i64) -> Result<Self, LiveError> {
        ring::check_permission()?;
        // Listen first: a change between the two is then seen twice instead of never.
        let monitor = Monitor::open()?;
        let wait = |errno: Errno| LiveError::Wait { source: errno.into() };
        let stop = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).map_err(wait)?;
        let lateness_ns = options.tracker.lateness_ns.max(LATENESS_NS);
        let blocks = (options.ring_bytes / BLOCK_LEN as usize).clamp(2, 8192);
        let mut capture = Capture {
            choose,
            ring_options: RingOptions {
                block_len: BLOCK_LEN,
                blocks: u32::try_from(blocks).unwrap_or(2),
                block_timeout_ms: BLOCK_TIMEOUT_MS,
                snap_len: SNAP_LEN,
                ignore_outgoing: false,
            },
            monitor,
            stop: Arc::new(stop),
            sources: BTreeMap::new(),
            events: Vec::new(),
            counting: Counting {
                tracker: Tracker::new(tracker::Options { lateness_ns, ..options.tracker }),
                fragments: Fragments::default(),
                totals: Totals::default(),
            },
        };
        // Opens the first window, so that what is in the rings before `run` is not late for it.
        let _ = capture.counting.tracker.poll(now_ns);
        let present = interfaces::list()?;
        capture.follow(present, now_ns);
        Ok(capture)
    }

    /// What ends [`run`](Self::run).
    pub fn stopper(&self) -> Stopper {
        Stopper(Arc::clone(&self.stop))
    }

    /// The interfaces captured now: names on this host, and what records call them.
    pub fn interfaces(&self) -> impl Iterator<Item = (&str, &Arc<Interface>)> {
        self.sources.values().map(|source| (source.host.name.as_str(), &source.interface))
    }

    /// Captures until it is stopped, then hands over the windows that were open and returns the totals.
    ///
    /// `clock` gives the time in nanoseconds since 1970, as the kernel's packet times. `judge` decides what became of a
    /// packet, from its interface, direction, headers and time. `sink` gets what happens; while it works nothing is
    /// read, so it should hand on and return.
    ///
    /// # Errors
    /// When waiting for packets fails.
    pub fn run(
        mut self,
        clock: impl Fn() -> i64,
        mut judge: impl FnMut(&Interface, Direction, &Packet, i64) -> Judgement,
        mut sink: impl FnMut(Event),
    ) -> Result<Totals, LiveError> {
        loop {
            self.events.drain(..).for_each(&mut sink);
            let now_ns = clock();
            let stopped = self.wait(self.patience(now_ns))?;
            if stopped {
                break;
            }
            let now_ns = clock();
            if self.monitor.drain() {
                self.relist(now_ns, &mut judge);
            }
            self.read_rings(now_ns, &mut judge);
            while let Some(window) = self.counting.tracker.poll(now_ns) {
                sink(Event::Window(window));
            }
        }
        self.finish(clock, judge, sink)
    }

    /// The kernel still holds blocks that are not full: waits until it has handed them over.
    fn finish(
        mut self,
        clock: impl Fn() -> i64,
        mut judge: impl FnMut(&Interface, Direction, &Packet, i64) -> Judgement,
        mut sink: impl FnMut(Event),
    ) -> Result<Totals, LiveError> {
        let stopped_ns = clock();
        let handed_over_ns = stopped_ns + LATENESS_NS;
        let mut left_ns = LATENESS_NS;
        while (1..=LATENESS_NS).contains(&left_ns) {
            let mut no_descriptors = [];
            wait_for(&mut no_descriptors, left_ns.min(LATENESS_NS / 4))?;
            self.read_rings(clock(), &mut judge);
            left_ns = handed_over_ns - clock();
        }
        self.events.drain(..).for_each(&mut sink);
        self.counting.tracker.finish(clock()).into_iter().map(Event::Window).for_each(sink);
        let mut totals = self.counting.totals;
        totals.unmatched_fragments = self.counting.fragments.unmatched();
        totals.irregularities = self.counting.tracker.irregularities();
        Ok(totals)
    }

    /// How long to wait at most: until a window ends.
    fn patience(&self, now_ns: i64) -> i64 {
        let window_ns = self.counting.tracker.poll_timeout().map_or(TICK_NS, |at_ns| at_ns.saturating_sub(now_ns));
        window_ns.clamp(0, TICK_NS)
    }

    /// Waits for packets or changes; says whether the capture was stopped.
    fn wait(&self, patience_ns: i64) -> Result<bool, LiveError> {
        let mut descriptors = vec![PollFd::new(&*self.stop, PollFlags::IN), PollFd::new(&self.monitor, PollFlags::IN)];
        descriptors
            .extend(self.sources.values().map(|source| PollFd::from_borrowed_fd(source.ring.as_fd(), PollFlags::IN)));
        wait_for(&mut descriptors, patience_ns)?;
        let failed = |descriptor: &PollFd<'_>| descriptor.revents().intersects(PollFlags::ERR);
        for (source, descriptor) in self.sources.values().zip(&descriptors[2..]) {
            if failed(descriptor) {
                // The interface went down or away; the monitor tells which. Taking the error ends the alarm.
                let _ = source.ring.take_error();
            }
        }
        Ok(!descriptors[0].revents().is_empty())
    }

    fn read_rings(&mut self, now_ns: i64, judge: &mut impl FnMut(&Interface, Direction, &Packet, i64) -> Judgement) {
        for source in self.sources.values_mut() {
            self.counting.read(source, now_ns, judge);
        }
    }

    fn relist(&mut self, now_ns: i64, judge: &mut impl FnMut(&Interface, Direction, &Packet, i64) -> Judgement) {
        match interfaces::list() {
            Ok(present) => {
                // What waits in the ring of an interface that went is still counted.
                self.read_rings(now_ns, judge);
                self.follow(present, now_ns);
            }
            Err(error) => self.events.push(Event::Unlisted(error)),
        }
    }

    /// Takes up new interfaces, lets go of those that went, and learns new addresses.
    fn follow(&mut self, present: Vec<HostInterface>, now_ns: i64) {
        let mut wanted: BTreeMap<u32, (HostInterface, Interface)> = BTreeMap::new();
        for host in present {
            if let Some(interface) = (self.choose)(&host) {
                wanted.insert(host.index, (host, interface));
            }
        }
        // The same index with another id is another interface: renamed, or replaced since we last looked.
        let stays = |index: &u32, source: &mut Source| {
            wanted.get(index).is_some_and(|(_, interface)| interface.id == source.interface.id)
        };
        let gone: Vec<Source> =
            self.sources.extract_if(.., |index, source| !stays(index, source)).map(|(_, gone)| gone).collect();
        for source in gone {
            self.counting.tracker.remove_interface(source.index, now_ns);
            self.events.push(Event::Removed { name: source.host.name, interface: source.interface });
        }
        for (index, (host, interface)) in wanted {
            let interface = Arc::new(interface);
            if let Some(source) = self.sources.get_mut(&index) {
                source.host = host;
                if source.interface != interface {
                    self.counting.tracker.update_interface(source.index, Arc::clone(&interface));
                    source.interface = interface;
                }
            } else if host.is_up {
                self.add(host, interface, now_ns);
            }
        }
    }

    fn add(&mut self, host: HostInterface, interface: Arc<Interface>, now_ns: i64) {
        let name = host.name.clone();
        let options = RingOptions { ignore_outgoing: host.is_loopback, ..self.ring_options };
        let added = Ring::open(&name, host.index, &options).and_then(|ring| {
            let index = self.counting.tracker.add_interface(Arc::clone(&interface), now_ns)?;
            Ok(Source { host, interface: Arc::clone(&interface), index, ring })
        });
        match added {
            Ok(source) => {
                self.sources.insert(source.host.index, source);
                self.events.push(Event::Added { name, interface });
            }
            Err(error) => self.events.push(Event::Failed { name, error }),
        }
    }
}

impl Counting {
    /// Counts what waits in the ring of an interface, and what was lost there.
    fn read(
        &mut self,
        source: &mut Source,
        now_ns: i64,
        judge: &mut impl FnMut(&Interface, Direction, &Packet, i64) -> Judgement,
    ) {
        let Source { host, interface, index, ring } = source;
        let frames = ring.read(|frame| {
            if let Err(skip) = self.count(host, interface, *index, &frame, judge) {
                self.totals.skips.add(skip);
            }
        });
        self.totals.frames += frames as u64;
        let dropped = ring.kernel_counters().map_or(0, |counters| counters.dropped);
        if dropped > 0 {
            self.totals.lost += dropped;
            self.tracker.lost(*index, now_ns, dropped);
        }
    }

    fn count(
        &mut self,
        host: &HostInterface,
        interface: &Interface,
        index: InterfaceIndex,
        frame: &Frame<'_>,
        judge: &mut impl FnMut(&Interface, Direction, &Packet, i64) -> Judgement,
    ) -> Result<(), Skip> {
        if host.is_loopback && frame.outgoing {
            return Ok(());
        }
        let mut parsed = parse(host.hardware, frame)?;
        self.fragments.file(&mut parsed, u64::try_from(frame.time_ns).unwrap_or(0));
        let (segments, bytes) = gso::on_the_wire(frame, &mut parsed);
        let direction = if frame.outgoing { Direction::Egress } else { Direction::Ingress };
        let judgement = judge(interface, direction, &parsed.packet, frame.time_ns);
        let time_ns = frame.time_ns;
        self.tracker.observe(&Observation {
            time_ns,
            interface: index,
            direction,
            packet: &parsed,
            segments,
            bytes,
            judgement,
        });
        Ok(())
    }
}

/// Ethernet frames are taken apart from their own header, tags and all. For every other kind of interface the kernel
/// says where the network header is and what it is.
fn parse(hardware: u16, frame: &Frame<'_>) -> Result<packet::Parsed, Skip> {
    if matches!(hardware, ARPHRD_ETHER | ARPHRD_LOOPBACK) {
        return packet::parse_cut(LinkType::Ethernet, frame.bytes, frame.wire_len);
    }
    if !matches!(frame.ether_type, ETHERTYPE_IPV4 | ETHERTYPE_IPV6) {
        return Err(Skip::NotIp(frame.ether_type));
    }
    let bytes = frame.bytes.get(frame.network_at..).unwrap_or_default();
    packet::parse_cut(LinkType::RawIp, bytes, frame.wire_len.saturating_sub(frame.network_at))
}

fn wait_for(descriptors: &mut [PollFd<'_>], patience_ns: i64) -> Result<(), LiveError> {
    let patience = Timespec { tv_sec: 0, tv_nsec: patience_ns.clamp(0, 999_999_999) };
    match poll(descriptors, Some(&patience)) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(errno) => Err(LiveError::Wait { source: errno.into() }),
    }
}
