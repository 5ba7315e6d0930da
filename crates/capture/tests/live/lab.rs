//! Two network namespaces joined by a veth pair, and a recording of one of them.

#![allow(unsafe_code, reason = "tests make network namespaces and send frames that no safe interface sends")]

use std::{
    io::{Read, Write},
    net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket},
    os::fd::{AsRawFd, FromRawFd, OwnedFd},
    thread::{self, JoinHandle},
    time::Duration,
};

use weir_capture::{
    live::{AttachPoint, Capture, Event, LiveError, Options, Stopper, TierChoice, Totals},
    tracker::Judgement,
    window::{Counters, Window},
};
use weir_network::{Action, AggregationInterval, Direction, Packet};

pub(crate) use crate::recording::{Sum, choose, now_ns};
use crate::{offline::Dump, side::Side};

pub(crate) const NEAR: &str = "10.77.0.1";
pub(crate) const FAR: &str = "10.77.0.2";
pub(crate) const NEAR6: &str = "fd77::1";
pub(crate) const FAR6: &str = "fd77::2";
pub(crate) const NEAR_MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];
pub(crate) const FAR_MAC: [u8; 6] = [2, 0, 0, 0, 0, 2];

/// `near0` and `far0`, with addresses that are known to each other, so that no neighbour discovery is counted.
pub(crate) struct Lab {
    pub(crate) near: Side,
    pub(crate) far: Side,
}

impl Lab {
    pub(crate) fn new() -> Self {
        let lab = Lab { near: Side::new(), far: Side::new() };
        let peer = format!("peer name far0 address 02:00:00:00:00:02 netns {}", lab.far.path);
        lab.near.ip(&format!("link add near0 address 02:00:00:00:00:01 type veth {peer}"));
        for (side, name, v4, v6, other_v4, other_v6, other_mac) in [
            (&lab.near, "near0", NEAR, NEAR6, FAR, FAR6, "02:00:00:00:00:02"),
            (&lab.far, "far0", FAR, FAR6, NEAR, NEAR6, "02:00:00:00:00:01"),
        ] {
            // No link-local address, and so no router solicitations.
            side.sysctl(&format!("ipv6/conf/{name}/addr_gen_mode"), "1");
            side.ip("link set lo up");
            side.ip(&format!("address add {v4}/24 dev {name}"));
            side.ip(&format!("address add {v6}/64 dev {name} nodad"));
            side.ip(&format!("link set {name} up"));
            side.ip(&format!("neighbour replace {other_v4} lladdr {other_mac} dev {name} nud permanent"));
            side.ip(&format!("neighbour replace {other_v6} lladdr {other_mac} dev {name} nud permanent"));
        }
        lab
    }

    /// Sends that many bytes over TCP from the far side to an address of the near side, which answers with four bytes.
    pub(crate) fn send_over_tcp(&self, to: SocketAddr, length: usize) -> TcpSegments {
        let listener = self.near.run(move || TcpListener::bind(to).expect("bound"));
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            let received = std::io::copy(&mut stream, &mut std::io::sink()).expect("all of it");
            stream.write_all(b"done").expect("an answer");
            received
        });
        let mut client = self.far.run(move || TcpStream::connect(to).expect("a server"));
        let client_port = client.local_addr().expect("bound").port();
        client.write_all(&vec![7; length]).expect("sent");
        client.shutdown(Shutdown::Write).expect("an end");
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).expect("an answer");
        assert_eq!(server.join().expect("no panic"), length as u64);
        TcpSegments { client_port, ..tcp_segments(&client) }
    }

    /// Frames of the far side that the kernel's queue between the two had no room for: on a busy machine there are some,
    /// and the near side never sees them.
    pub(crate) fn frames_dropped(&self) -> u64 {
        let counters = self.far.run(|| std::fs::read_to_string("/proc/thread-self/net/dev").expect("counters"));
        let far = counters.lines().find_map(|line| line.trim_start().strip_prefix("far0:")).expect("far0");
        // Eight numbers of what came, then of what left: bytes, packets, errors, drops.
        far.split_whitespace().nth(8 + 3).expect("its drops").parse().expect("a number")
    }

    /// Leaves no traffic but the test's own: IPv6 speaks up unasked.
    pub(crate) fn without_ipv6(&self) {
        self.near.sysctl("ipv6/conf/near0/disable_ipv6", "1");
        self.far.sysctl("ipv6/conf/far0/disable_ipv6", "1");
        thread::sleep(Duration::from_millis(50));
    }
}

/// A capture that runs in a thread of a namespace, or tcpdump in its place.
pub(crate) enum Recording {
    Live { stopper: Stopper, thread: JoinHandle<Recorded> },
    Offline(Dump),
}

/// What a capture told.
#[derive(Default)]
pub(crate) struct Recorded {
    pub(crate) windows: Vec<Window>,
    /// `added near0`, `removed near0`, `failed near0: …`
    pub(crate) news: Vec<String>,
    pub(crate) totals: Totals,
}

/// What identifies a flow in a test: interface name, direction, source, destination, their ports, protocol.
pub(crate) type FlowId<'a> = (&'a str, Direction, (&'a str, u16), (&'a str, u16), u8);

/// A way to capture that the tests ask for, so that none takes another's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Packets,
    Tcx,
    Clsact,
    /// Not live: a capture file.
    File,
}

pub(crate) fn options(way: Way) -> Options {
    let mut options = Options::default();
    options.tracker.interval = AggregationInterval::Second;
    (options.tier, options.ebpf.attach) = match way {
        Way::Packets | Way::File => (TierChoice::PacketSocket, AttachPoint::Auto),
        Way::Tcx => (TierChoice::Ebpf, AttachPoint::Tcx),
        Way::Clsact => (TierChoice::Ebpf, AttachPoint::Clsact),
    };
    options
}

/// Records the interfaces of these names.
pub(crate) fn record(way: Way, side: &Side, names: &'static [&'static str]) -> Recording {
    if way == Way::File {
        return Recording::Offline(Dump::start(side, names));
    }
    record_with(side, names, options(way), |_| Action::Accept)
}

pub(crate) fn record_with(
    side: &Side,
    names: &'static [&'static str],
    options: Options,
    judge: impl FnMut(&Packet) -> Action + Send + 'static,
) -> Recording {
    record_by(side, names, options, judge, now_ns)
}

/// Records by a clock of the test's own.
pub(crate) fn record_by(
    side: &Side,
    names: &'static [&'static str],
    options: Options,
    judge: impl FnMut(&Packet) -> Action + Send + 'static,
    clock: impl Fn() -> i64 + Send + 'static,
) -> Recording {
    side.run(move || {
        let capture = Capture::open(options, Box::new(choose(names)), &clock).expect("root may capture");
        let stopper = capture.stopper();
        let thread = thread::spawn(move || run_by(capture, judge, clock));
        Recording::Live { stopper, thread }
    })
}

/// Reads a capture until it is stopped.
pub(crate) fn run(capture: Capture, judge: impl FnMut(&Packet) -> Action) -> Recorded {
    run_by(capture, judge, now_ns)
}

fn run_by(capture: Capture, mut judge: impl FnMut(&Packet) -> Action, clock: impl Fn() -> i64) -> Recorded {
    before_others();
    let mut recorded = Recorded::default();
    let totals = capture.run(
        clock,
        |_, _, packet, _| Judgement { action: judge(packet), ..Judgement::SEEN },
        |event| match event {
            Event::Window(window) => recorded.windows.push(window),
            Event::Added { name, .. } => recorded.news.push(format!("added {name}")),
            Event::Removed { name, .. } => recorded.news.push(format!("removed {name}")),
            Event::Failed { name, error } => recorded.news.push(format!("failed {name}: {error}")),
            Event::Unlisted(error) => recorded.news.push(error.to_string()),
            Event::Trouble(error) => recorded.news.push(error.to_string()),
        },
    );
    recorded.totals = totals.expect("the capture ends well");
    recorded
}

/// The calling thread runs whenever it can: one that waits for a processor beyond a window counts its packets late.
fn before_others() {
    let priority = libc::sched_param { sched_priority: 1 };
    // SAFETY: the parameters live through the call, which concerns this thread alone. Where it is refused, a busy machine
    // may be seen in the tests.
    unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO, &raw const priority) };
}

/// Answers calls of bpf(2) by the calling thread with this error, for good: all of them, or one command.
pub(crate) fn forbid_bpf(errno: i32, command: Option<u32>) {
    const LOAD: u16 = 0x20;
    const EQUAL: u16 = 0x15;
    const AT_LEAST: u16 = 0x35;
    const RETURN: u16 = 0x06;
    /// Where the number of the call and its first argument are.
    const NUMBER: u32 = 0;
    const ARGUMENT: u32 = 16;
    let statement = |code, k| libc::sock_filter { code, jt: 0, jf: 0, k };
    let unless = |code, k, jf| libc::sock_filter { code, jt: 0, jf, k };
    let mut program = [
        statement(LOAD, NUMBER),
        unless(EQUAL, libc::SYS_bpf as u32, 3),
        statement(LOAD, ARGUMENT),
        command.map_or(unless(AT_LEAST, 0, 1), |command| unless(EQUAL, command, 1)),
        statement(RETURN, libc::SECCOMP_RET_ERRNO | errno as u32),
        statement(RETURN, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: program.len() as u16, filter: program.as_mut_ptr() };
    // SAFETY: the program lives through the calls, which concern this thread alone.
    let set = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program)
    };
    assert_eq!(set, 0, "{}", std::io::Error::last_os_error());
}

pub(crate) fn open_as_nobody(side: &Side) -> Option<LiveError> {
    side.run(|| {
        thread::spawn(|| {
            let nobody = rustix::fs::Uid::from_raw(65_534);
            // This one thread only; its capabilities go with the root user.
            rustix::thread::set_thread_res_uid(nobody, nobody, nobody).expect("root may become another");
            Capture::open(Options::default(), Box::new(choose(&["near0"])), &now_ns).err()
        })
        .join()
        .expect("no panic")
    })
}

impl Recording {
    pub(crate) fn stop(self) -> Recorded {
        match self {
            Recording::Live { stopper, thread } => {
                stopper.stop();
                thread.join().expect("the capture does not panic")
            }
            Recording::Offline(dump) => dump.stop(),
        }
    }
}

impl Recorded {
    /// A flow over all windows; checks on the way that its times lie in its windows.
    pub(crate) fn flow(&self, (name, direction, source, destination, protocol): FlowId<'_>) -> Sum {
        let address = |text: &str| text.parse::<IpAddr>().expect("an address");
        let mut sum = Sum::default();
        for window in &self.windows {
            for flow in window.flows() {
                let here = flow.interface.tags.get("Name").is_some_and(|tag| tag == name);
                let same = (flow.source, flow.source_port) == (address(source.0), source.1)
                    && (flow.destination, flow.destination_port) == (address(destination.0), destination.1);
                if here && same && flow.direction == direction && flow.protocol == protocol {
                    assert!(window.start_ns() <= flow.first_ns && flow.first_ns <= flow.last_ns);
                    assert!(flow.last_ns < window.end_ns());
                    sum.packets += flow.packets;
                    sum.bytes += flow.bytes;
                    sum.tcp_flags |= flow.tcp_flags.expect("legal flags");
                }
            }
        }
        sum
    }

    /// What became of an interface's packets in all windows.
    pub(crate) fn counters(&self, name: &str) -> Counters {
        let watched = self.windows.iter().flat_map(Window::interfaces);
        let here = watched.filter(|watched| watched.interface.tags.get("Name").is_some_and(|tag| tag == name));
        here.fold(Counters::default(), |sum, watched| sum.plus(watched.counters))
    }
}

/// Sends frames as they are from an interface.
pub(crate) fn send_frames(side: &Side, interface: &'static str, frames: Vec<Vec<u8>>) {
    side.run(move || {
        // SAFETY: takes no pointers; the new descriptor is ours.
        let socket = unsafe { OwnedFd::from_raw_fd(libc::socket(libc::AF_PACKET, libc::SOCK_RAW, 0)) };
        let index = rustix::net::netdevice::name_to_index(&socket, interface).expect("the interface");
        // SAFETY: all zero is a valid address.
        let mut to: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
        to.sll_family = libc::AF_PACKET as u16;
        to.sll_ifindex = index as i32;
        for frame in frames {
            let (bytes, len) = (frame.as_ptr().cast(), frame.len());
            let to_len = std::mem::size_of_val(&to) as libc::socklen_t;
            // SAFETY: frame and address live through the call and are as long as said.
            let sent = unsafe { libc::sendto(socket.as_raw_fd(), bytes, len, 0, (&raw const to).cast(), to_len) };
            assert_eq!(usize::try_from(sent).ok(), Some(len), "{}", std::io::Error::last_os_error());
        }
    });
}

/// Segments that a TCP socket has sent and received, as the kernel counts them.
fn tcp_segments(socket: &impl AsRawFd) -> TcpSegments {
    // `struct tcp_info` of the kernel's headers; only what is used is named.
    const SEGMENTS_OUT_AT: usize = 136;
    const SEGMENTS_IN_AT: usize = 140;
    const BYTES_SENT_AT: usize = 200;
    let mut info = [0u8; 256];
    let mut len = info.len() as libc::socklen_t;
    // SAFETY: the kernel writes at most `len` bytes into the array.
    let got = unsafe {
        let info = info.as_mut_ptr().cast();
        libc::getsockopt(socket.as_raw_fd(), libc::IPPROTO_TCP, libc::TCP_INFO, info, &raw mut len)
    };
    assert_eq!(got, 0, "{}", std::io::Error::last_os_error());
    let number = |at: usize| u32::from_ne_bytes(info[at..at + 4].try_into().expect("four bytes")).into();
    TcpSegments {
        client_port: 0,
        sent: number(SEGMENTS_OUT_AT),
        received: number(SEGMENTS_IN_AT),
        bytes_sent: u64::from_ne_bytes(info[BYTES_SENT_AT..BYTES_SENT_AT + 8].try_into().expect("eight bytes")),
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct TcpSegments {
    pub(crate) client_port: u16,
    pub(crate) sent: u64,
    pub(crate) received: u64,
    /// Payload, with what was sent again.
    pub(crate) bytes_sent: u64,
}

/// Lets the kernel cut what is sent at once into packets of that many bytes.
pub(crate) fn segment_udp(socket: &UdpSocket, payload: i32) {
    const UDP_SEGMENT: libc::c_int = 103;
    let (value, len) = ((&raw const payload).cast(), std::mem::size_of_val(&payload) as libc::socklen_t);
    // SAFETY: the kernel reads `len` bytes of the value, which lives through the call.
    let set = unsafe { libc::setsockopt(socket.as_raw_fd(), libc::SOL_UDP, UDP_SEGMENT, value, len) };
    assert_eq!(set, 0, "{}", std::io::Error::last_os_error());
}

/// Opens a tun interface: packets without any link header. What is written to it arrives on the interface.
pub(crate) fn tun(side: &Side, name: &'static str) -> std::fs::File {
    const TUNSETIFF: libc::c_ulong = 0x4004_54ca;
    const IFF_TUN_NO_PI: u16 = 0x1001;
    side.run(move || {
        let tun = std::fs::File::options().read(true).write(true).open("/dev/net/tun").expect("/dev/net/tun");
        let mut request = [0u8; 40];
        request[..name.len()].copy_from_slice(name.as_bytes());
        request[16..18].copy_from_slice(&IFF_TUN_NO_PI.to_ne_bytes());
        // SAFETY: `struct ifreq` is 40 bytes, and the kernel touches no more.
        let made = unsafe { libc::ioctl(tun.as_raw_fd(), TUNSETIFF as _, request.as_mut_ptr()) };
        assert_eq!(made, 0, "{}", std::io::Error::last_os_error());
        tun
    })
}

/// Waits until something is so, at most five seconds.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..500 {
        if holds() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("not within five seconds: {what}");
}
