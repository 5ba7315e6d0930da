//! The tracker against naive references: everything is kept, and recomputed at the end.

#![allow(clippy::expect_used, reason = "what goes wrong in the helpers of a test should end it")]

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

use proptest::prelude::*;
use weir_capture::{
    packet::Parsed,
    tracker::{Exclude, InterfaceIndex, Judgement, Observation, Options, Tracker},
    window::{Counters, NO_RULES, Window},
};
use weir_network::{Action, AggregationInterval, Direction, Interface, Packet, TrafficType};
use weir_record::Format;

const SECOND: i64 = 1_000_000_000;
/// 2026-01-01 00:00:00 UTC.
const START: i64 = 1_767_225_600 * SECOND;

/// One step of a test: a packet, packets lost, or a look at the clock.
#[derive(Debug, Clone)]
enum Step {
    Packet { interface: usize, direction: Direction, action: Action, parsed: Parsed, segments: u64, bytes: u64 },
    Lost { interface: usize, packets: u64 },
    Poll,
}

/// What tells flows apart, and in which window: no packing, no hashing.
type Flow = (i64, String, bool, bool, IpAddr, IpAddr, u16, u16, u8);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Total {
    packets: u64,
    bytes: u64,
    first_ns: i64,
    last_ns: i64,
    tcp_flags: Option<u8>,
}

fn steps(jitter_ns: i64, leap_ns: i64) -> impl Strategy<Value = Vec<(i64, Step)>> {
    let advance = prop_oneof![20 => 0..SECOND / 4, 1 => 0..=leap_ns];
    proptest::collection::vec((advance, 0..=jitter_ns, step()), 0..150).prop_map(|steps| {
        let mut now_ns = START;
        let place = |(advance, jitter, step)| {
            now_ns += advance;
            (if matches!(step, Step::Poll) { now_ns } else { now_ns - jitter }, step)
        };
        steps.into_iter().map(place).collect()
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => packet_step(),
        1 => (0..3usize, 1..5u64).prop_map(|(interface, packets)| Step::Lost { interface, packets }),
        3 => Just(Step::Poll),
    ]
}

fn packet_step() -> impl Strategy<Value = Step> {
    let host = (0..3u8, any::<bool>()).prop_map(|(last, v6)| match v6 {
        false => IpAddr::from([10, 0, 0, last]),
        true => IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(last)]),
    });
    let protocol = prop_oneof![Just(6u8), Just(6), Just(17), Just(1), Just(47)];
    let counts = (0..3usize, any::<bool>(), any::<bool>(), 1..4u64, 20..5000u64);
    (host.clone(), host, protocol, 0..3u16, 66..69u16, any::<u8>(), counts).prop_map(
        |(source, destination, protocol, source_port, destination_port, flags, counts)| {
            let (interface, egress, reject, segments, bytes) = counts;
            // Both addresses of one version, as in any packet.
            let destination = match (source, destination) {
                (IpAddr::V4(_), IpAddr::V6(address)) => IpAddr::from([10, 0, 0, address.octets()[15]]),
                (IpAddr::V6(_), IpAddr::V4(address)) => {
                    IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(address.octets()[3])])
                }
                _ => destination,
            };
            let (source_port, destination_port) =
                if protocol == 1 { (0, 0) } else { (source_port + 66, destination_port) };
            let packet = Packet { source, destination, protocol, source_port, destination_port, icmp: None };
            Step::Packet {
                interface,
                direction: if egress { Direction::Egress } else { Direction::Ingress },
                action: if reject { Action::Reject } else { Action::Accept },
                parsed: Parsed::whole(packet, flags, 0),
                segments,
                bytes,
            }
        },
    )
}

fn interval() -> impl Strategy<Value = AggregationInterval> {
    use AggregationInterval::{Minute, Second, TenMinutes, TenSeconds};
    prop_oneof![4 => Just(Second), 2 => Just(TenSeconds), 1 => Just(Minute), 1 => Just(TenMinutes)]
}

proptest! {
    /// Packets up to half a second late, and a tracker that waits that long: each packet is in the window of its own
    /// time, and every flow has exactly its packets, bytes, times and flags.
    #[test]
    fn every_packet_is_in_its_own_window(interval in interval(), steps in steps(SECOND / 2, 3 * SECOND)) {
        let options = Options { interval, lateness_ns: SECOND / 2, ..Options::default() };
        let windows = run(&options, &steps);

        let mut expected = BTreeMap::new();
        let mut counters = BTreeMap::<(i64, String), Counters>::new();
        for (time_ns, step) in &steps {
            reckon(&mut expected, &mut counters, &options, *time_ns, step);
        }
        prop_assert_eq!(flows(&windows), expected);
        prop_assert_eq!(seen_counters(&windows), counters);
        for pair in windows.windows(2) {
            prop_assert!(pair[0].end_ns() <= pair[1].start_ns());
        }
    }

    /// With room for few flows: those that came first stay, the others are counted as skipped, each once.
    #[test]
    fn what_does_not_fit_is_counted(max_flows in 0..20usize, steps in steps(0, 0)) {
        // All within one window.
        let interval = AggregationInterval::TenMinutes;
        let options = Options { interval, max_flows, exclude: Exclude::nothing(), ..Options::default() };
        let windows = run(&options, &steps);

        let mut kept = BTreeSet::new();
        let (mut recorded, mut skipped) = (0, 0);
        for (time_ns, step) in &steps {
            let Step::Packet { segments, .. } = step else { continue };
            let flow = flow_of(interval, *time_ns, step).expect("a packet");
            if kept.contains(&flow) || kept.len() < max_flows {
                kept.insert(flow);
                recorded += segments;
            } else {
                skipped += segments;
            }
        }
        prop_assert_eq!(flows(&windows).into_keys().collect::<BTreeSet<_>>(), kept);
        let sum = total(&windows);
        prop_assert_eq!((sum.recorded, sum.skipped, sum.seen), (recorded, skipped, recorded + skipped));
    }

    /// Whatever the times, and however the clock leaps: nothing is lost, and records keep to their windows.
    #[test]
    fn nothing_is_lost_when_time_misbehaves(
        interval in interval(),
        max_flows in 0..10usize,
        steps in proptest::collection::vec((any_time(), step()), 0..100),
        end_ns in any_time(),
    ) {
        let options = Options { interval, max_flows, ..Options::default() };
        let mut tracker = Tracker::new(options.clone());
        let indices = add_interfaces(&mut tracker);
        let mut windows = Vec::new();
        for (time_ns, step) in &steps {
            take(&mut tracker, &indices, *time_ns, step, &mut windows);
        }
        windows.extend(tracker.finish(end_ns));
        let (mut packets, mut lost) = (0, 0);
        for (_, step) in &steps {
            match step {
                Step::Packet { segments, .. } => packets += segments,
                Step::Lost { packets, .. } => lost += packets,
                Step::Poll => {}
            }
        }
        let sum = total(&windows);
        prop_assert_eq!((sum.seen, sum.lost), (packets, lost));
        prop_assert_eq!(sum.recorded + sum.skipped + sum.excluded, packets);
        prop_assert_eq!(windows.iter().flat_map(Window::flows).map(|flow| flow.packets).sum::<u64>(), sum.recorded);
        let length = interval.seconds() as i64 * SECOND;
        for window in &windows {
            prop_assert_eq!((window.start_ns() % length, window.end_ns() - window.start_ns()), (0, length));
            prop_assert!(window.flow_count() <= max_flows);
            for flow in window.flows() {
                prop_assert!(window.start_ns() <= flow.first_ns && flow.first_ns <= flow.last_ns);
                prop_assert!(flow.last_ns < window.end_ns());
            }
        }
        // Each interface is in a record of each window: of its own flows, or SKIPDATA, or NODATA.
        let format: Format = "${interface-id}".parse().expect("a format");
        for window in &windows {
            let status = window.interfaces().iter().filter(|w| w.counters.is_incomplete() || w.counters.is_quiet()).count();
            prop_assert_eq!(window.to_batch(&format, TrafficType::All, NO_RULES).num_rows(), window.flow_count() + status);
        }
    }
}

fn any_time() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => START..START + 30 * SECOND,
        1 => START - 5000 * SECOND..START + 5000 * SECOND,
        1 => any::<i64>(),
    ]
}

/// Plays the steps in order and closes a day after the start at the latest.
fn run(options: &Options, steps: &[(i64, Step)]) -> Vec<Window> {
    let mut tracker = Tracker::new(options.clone());
    let indices = add_interfaces(&mut tracker);
    let mut windows = Vec::new();
    for (time_ns, step) in steps {
        take(&mut tracker, &indices, *time_ns, step, &mut windows);
    }
    windows.extend(tracker.finish(steps.last().map_or(START, |(time_ns, _)| *time_ns)));
    assert_eq!(tracker.flows(), 0);
    windows
}

fn take(tracker: &mut Tracker, indices: &[InterfaceIndex], time_ns: i64, step: &Step, windows: &mut Vec<Window>) {
    match step {
        Step::Packet { interface, direction, action, parsed, segments, bytes } => tracker.observe(&Observation {
            time_ns,
            interface: indices[*interface],
            direction: *direction,
            packet: parsed,
            segments: *segments,
            bytes: *bytes,
            judgement: Judgement { action: *action, ..Judgement::SEEN },
        }),
        Step::Lost { interface, packets } => tracker.lost(indices[*interface], time_ns, *packets),
        Step::Poll => {
            while let Some(window) = tracker.poll(time_ns) {
                windows.push(window);
            }
        }
    }
}

fn add_interfaces(tracker: &mut Tracker) -> Vec<InterfaceIndex> {
    let add = |number| {
        tracker.add_interface(Arc::new(Interface::unknown(&format!("eni-{number}"))), i64::MIN).expect("an index")
    };
    (0..3).map(add).collect()
}

/// Adds one step to the totals of its flow and its interface.
fn reckon(
    flows: &mut BTreeMap<Flow, Total>,
    counters: &mut BTreeMap<(i64, String), Counters>,
    options: &Options,
    time_ns: i64,
    step: &Step,
) {
    let window = window_of(options.interval, time_ns);
    match step {
        Step::Packet { interface, parsed, segments, bytes, .. } => {
            let counters = counters.entry((window, format!("eni-{interface}"))).or_default();
            counters.seen += segments;
            if is_dhcp(&parsed.packet) {
                counters.excluded += segments;
                return;
            }
            counters.recorded += segments;
            let flags = naive_flags(parsed.packet.protocol, parsed.tcp_flags);
            let flow = flow_of(options.interval, time_ns, step).expect("a packet");
            let total = flows.entry(flow).or_insert(Total {
                packets: 0,
                bytes: 0,
                first_ns: time_ns,
                last_ns: time_ns,
                tcp_flags: Some(0),
            });
            total.packets += segments;
            total.bytes += bytes;
            total.first_ns = total.first_ns.min(time_ns);
            total.last_ns = total.last_ns.max(time_ns);
            total.tcp_flags = total.tcp_flags.zip(flags).map(|(so_far, more)| so_far | more);
        }
        Step::Lost { interface, packets } => {
            counters.entry((window, format!("eni-{interface}"))).or_default().lost += packets;
        }
        Step::Poll => {}
    }
}

fn window_of(interval: AggregationInterval, time_ns: i64) -> i64 {
    let length = interval.seconds() as i64;
    time_ns / SECOND / length * length
}

fn flow_of(interval: AggregationInterval, time_ns: i64, step: &Step) -> Option<Flow> {
    let Step::Packet { interface, direction, action, parsed, .. } = step else { return None };
    let Packet { source, destination, protocol, source_port, destination_port, .. } = parsed.packet;
    let (egress, reject) = (*direction == Direction::Egress, *action == Action::Reject);
    let (window, interface) = (window_of(interval, time_ns), format!("eni-{interface}"));
    Some((window, interface, egress, reject, source, destination, source_port, destination_port, protocol))
}

fn is_dhcp(packet: &Packet) -> bool {
    let dhcp = |port| port == 67 || port == 68;
    packet.protocol == 17 && dhcp(packet.source_port) && dhcp(packet.destination_port)
}

/// The rule in words: FIN, SYN and RST count; ACK counts with SYN; two of the first three are illegal.
fn naive_flags(protocol: u8, flags: u8) -> Option<u8> {
    let (fin, syn, rst, ack) = (flags & 1 != 0, flags & 2 != 0, flags & 4 != 0, flags & 16 != 0);
    if protocol != 6 {
        return Some(0);
    }
    match (fin, syn, rst) {
        (false, false, false) => Some(0),
        (true, false, false) => Some(1),
        (false, true, false) => Some(if ack { 18 } else { 2 }),
        (false, false, true) => Some(4),
        _ => None,
    }
}

fn flows(windows: &[Window]) -> BTreeMap<Flow, Total> {
    let mut found = BTreeMap::new();
    for window in windows {
        for flow in window.flows() {
            let name = flow.interface.id.clone();
            let (egress, reject) = (flow.direction == Direction::Egress, flow.action == Action::Reject);
            let ports = (flow.source_port, flow.destination_port);
            let start = window.start_ns() / SECOND;
            let key = (start, name, egress, reject, flow.source, flow.destination, ports.0, ports.1, flow.protocol);
            let total = Total {
                packets: flow.packets,
                bytes: flow.bytes,
                first_ns: flow.first_ns,
                last_ns: flow.last_ns,
                tcp_flags: flow.tcp_flags,
            };
            assert!(found.insert(key, total).is_none(), "a flow is twice in a window");
        }
    }
    found
}

/// The counters of every interface and window in which something was counted.
fn seen_counters(windows: &[Window]) -> BTreeMap<(i64, String), Counters> {
    let mut found = BTreeMap::new();
    for window in windows {
        for watched in window.interfaces() {
            if watched.counters != Counters::default() {
                found.insert((window.start_ns() / SECOND, watched.interface.id.clone()), watched.counters);
            }
        }
    }
    found
}

fn total(windows: &[Window]) -> Counters {
    windows.iter().map(Window::counters).fold(Counters::default(), Counters::plus)
}
