use std::sync::Arc;

use weir_network::{Action, AggregationInterval, Direction, Packet, Side};

use super::*;
use crate::{packet::Parsed, window::Window};

const MINUTE: i64 = 60 * SECOND_NS;
/// 2026-01-01 00:00:00 UTC.
const START: i64 = 1_767_225_600 * SECOND_NS;
const REFUSED: Judgement = Judgement { action: Action::Reject, rule: 0, source: VerdictSource::None };

#[test]
fn windows_are_aligned_and_hold_first_and_last() {
    let (mut tracker, eth) = minute_tracker(Options::default());
    for offset in [59, 3, 17] {
        observe(&mut tracker, eth, START + offset * SECOND_NS, &udp(1, 100));
    }
    assert!(tracker.poll(START + MINUTE - 1).is_none());
    let window = tracker.poll(START + MINUTE).expect("a window");
    assert_eq!((window.start_ns(), window.end_ns()), (START, START + MINUTE));
    let flows: Vec<_> = window.flows().collect();
    assert_eq!(flows.len(), 1);
    assert_eq!((flows[0].first_ns, flows[0].last_ns), (START + 3 * SECOND_NS, START + 59 * SECOND_NS));
    assert_eq!((flows[0].packets, flows[0].bytes), (3, 300));
    assert!(tracker.poll(START + MINUTE).is_none());
}

#[test]
fn counters_start_afresh_in_each_window() {
    let (mut tracker, eth) = minute_tracker(Options::default());
    observe(&mut tracker, eth, START + SECOND_NS, &udp(1, 100));
    observe(&mut tracker, eth, START + MINUTE, &udp(1, 7));
    let windows = finish(&mut tracker, START + MINUTE);
    assert_eq!(packets_and_bytes(&windows), [(1, 100), (1, 7)]);
}

#[test]
fn direction_action_interface_and_ports_separate_flows() {
    let (mut tracker, eth) = minute_tracker(Options::default());
    let wifi = tracker.add_interface(interface("eni-2"), i64::MIN).expect("an index");
    let packet = udp(1, 100);
    let single = Observation::single(START, eth, Direction::Ingress, &packet);
    tracker.observe(&single);
    tracker.observe(&Observation { direction: Direction::Egress, ..single });
    tracker.observe(&Observation { judgement: REFUSED, ..single });
    tracker.observe(&Observation { interface: wifi, ..single });
    tracker.observe(&Observation { packet: &udp(2, 100), ..single });
    tracker.observe(&single);
    assert_eq!(tracker.flows(), 5);
}

/// What the host's end of a cable receives has left the interface at the other end.
#[test]
fn directions_are_those_of_the_guest() {
    let (mut tracker, eth) = minute_tracker(Options::default());
    let guest = Interface { side: Side::Guest, ..Interface::clone(&interface("eni-guest")) };
    let guest = tracker.add_interface(Arc::new(guest), i64::MIN).expect("an index");
    let packet = udp(1, 100);
    for at in [eth, guest] {
        tracker.observe(&Observation::single(START, at, Direction::Ingress, &packet));
    }
    tracker.observe(&Observation::single(START, guest, Direction::Egress, &udp(2, 50)));
    let windows = finish(&mut tracker, START);
    let mut seen: Vec<_> =
        windows[0].flows().map(|flow| (flow.interface.id.clone(), flow.direction, flow.bytes)).collect();
    seen.sort();
    assert_eq!(
        seen,
        [
            ("eni-1".to_owned(), Direction::Ingress, 100),
            ("eni-guest".to_owned(), Direction::Ingress, 50),
            ("eni-guest".to_owned(), Direction::Egress, 100)
        ]
    );
}

#[test]
fn segments_count_as_the_packets_they_stand_for() {
    let (mut tracker, eth) = minute_tracker(Options::default());
    let packet = udp(1, 65_000);
    let single = Observation::single(START, eth, Direction::Egress, &packet);
    tracker.observe(&Observation { segments: 45, bytes: 66_760, ..single });
    let windows = finish(&mut tracker, START);
    assert_eq!(packets_and_bytes(&windows), [(45, 66_760)]);
    assert_eq!(windows[0].counters().seen, 45);
}

/// What the kernel counted itself goes into the same flows as single packets.
#[test]
fn sums_count_as_their_packets_do() {
    let (mut tracker, eth) = minute_tracker(Options::default());
    let packet = udp(1, 100);
    observe(&mut tracker, eth, START + 5 * SECOND_NS, &packet);
    let sum = FlowSum {
        interface: eth,
        direction: Direction::Ingress,
        packet: packet.packet,
        judgement: Judgement::SEEN,
        first_ns: START + 2 * SECOND_NS,
        last_ns: START + 9 * SECOND_NS,
        packets: 10,
        bytes: 1000,
        flags: 0,
    };
    tracker.add(&sum);
    // The kernel's clock and ours may differ a little, so that the last packet seems to be of the next window.
    let after = FlowSum { first_ns: START + 50 * SECOND_NS, last_ns: START + MINUTE + 5, ..sum };
    tracker.add(&after);
    // Another rule, another record.
    tracker.add(&FlowSum { judgement: Judgement { rule: 7, ..Judgement::SEEN }, ..sum });
    let window = tracker.poll(START + MINUTE).expect("a window");
    let flows: Vec<_> = window.flows().map(|flow| (flow.rule, flow.packets, flow.first_ns, flow.last_ns)).collect();
    let first_ns = START + 2 * SECOND_NS;
    assert_eq!(flows, [(0, 21, first_ns, START + MINUTE - 1), (7, 10, first_ns, START + 9 * SECOND_NS)]);
    assert_eq!(window.counters().recorded, 31);
}

#[test]
fn flags_of_a_sum_are_those_of_its_packets() {
    let (mut tracker, eth) = minute_tracker(Options::default());
    let mut packet = udp(1, 40).packet;
    packet.protocol = 6;
    for (port, flags) in [(1, [2, 16 | 2 | 1].as_slice()), (2, &[2, 128])] {
        packet.source_port = port;
        for flags in flags {
            tracker.add(&FlowSum {
                interface: eth,
                direction: Direction::Ingress,
                packet,
                judgement: Judgement::SEEN,
                first_ns: START,
                last_ns: START,
                packets: 1,
                bytes: 40,
                flags: *flags,
            });
        }
    }
    let windows = finish(&mut tracker, START);
    assert_eq!(windows[0].flows().map(|flow| flow.tcp_flags).collect::<Vec<_>>(), [Some(19), None]);
}

#[test]
fn a_waiting_window_takes_its_late_packets() {
    let (mut tracker, eth) = minute_tracker(Options { lateness_ns: SECOND_NS, ..Options::default() });
    observe(&mut tracker, eth, START, &udp(1, 1));
    observe(&mut tracker, eth, START + MINUTE + 5, &udp(1, 10));
    assert!(tracker.poll(START + MINUTE + 5).is_none());
    observe(&mut tracker, eth, START + MINUTE - 5, &udp(1, 100));
    assert!(tracker.poll(START + MINUTE + SECOND_NS - 1).is_none());
    let first = tracker.poll(START + MINUTE + SECOND_NS).expect("a window");
    assert_eq!(packets_and_bytes(&[first]), [(2, 101)]);
    assert_eq!(packets_and_bytes(&finish(&mut tracker, START + MINUTE + SECOND_NS)), [(1, 10)]);
    assert_eq!(tracker.irregularities(), Irregularities::default());
}

/// Found by the property test: neither the first packet nor a leap may shut out what is still waited for.
#[test]
fn the_window_before_a_packet_waits_as_well() {
    let (mut tracker, eth) = minute_tracker(Options { lateness_ns: SECOND_NS, ..Options::default() });
    observe(&mut tracker, eth, START, &udp(1, 1));
    observe(&mut tracker, eth, START - 5, &udp(1, 10));
    observe(&mut tracker, eth, START + 9 * MINUTE, &udp(1, 100));
    observe(&mut tracker, eth, START + 9 * MINUTE - 5, &udp(1, 1000));
    let windows = finish(&mut tracker, START + 9 * MINUTE);
    assert_eq!(packets_and_bytes(&windows), [(1, 10), (1, 1), (1, 1000), (1, 100)]);
    assert_eq!(windows.len(), 11);
    assert_eq!(tracker.irregularities(), Irregularities::default());
}

#[test]
fn a_packet_from_the_past_is_counted_in_the_open_window() {
    let (mut tracker, eth) = minute_tracker(Options::default());
    observe(&mut tracker, eth, START, &udp(1, 1));
    observe(&mut tracker, eth, START - 5 * MINUTE, &udp(1, 10));
    observe(&mut tracker, eth, i64::MIN, &udp(1, 100));
    let windows = finish(&mut tracker, START + 5);
    assert_eq!(packets_and_bytes(&windows), [(3, 111)]);
    assert_eq!(windows[0].flows().next().map(|flow| flow.first_ns), Some(START));
    assert_eq!(tracker.irregularities().late, 2);
}

#[test]
fn a_clock_set_back_starts_over_in_its_own_time() {
    let (mut tracker, eth) = minute_tracker(Options::default());
    observe(&mut tracker, eth, START, &udp(1, 1));
    let before = START - 60 * MINUTE;
    let closed = tracker.poll(before + SECOND_NS).expect("a window");
    assert_eq!(closed.start_ns(), START);
    observe(&mut tracker, eth, before + SECOND_NS, &udp(1, 10));
    let reopened = tracker.poll(before + MINUTE).expect("a window");
    assert_eq!((reopened.start_ns(), packets_and_bytes(&[reopened])), (before, vec![(1, 10)]));
    assert_eq!(tracker.irregularities(), Irregularities { clock_jumps: 1, ..Irregularities::default() });
}

#[test]
fn a_small_step_back_is_waited_out() {
    let (mut tracker, eth) = minute_tracker(Options::default());
    observe(&mut tracker, eth, START, &udp(1, 1));
    assert!(tracker.poll(START - 30 * SECOND_NS).is_none());
    observe(&mut tracker, eth, START - 30 * SECOND_NS, &udp(1, 10));
    assert_eq!(packets_and_bytes(&finish(&mut tracker, START)), [(2, 11)]);
}

#[test]
fn quiet_windows_are_reported_up_to_a_leap_of_the_clock() {
    let (mut tracker, eth) = minute_tracker(Options::default());
    observe(&mut tracker, eth, START, &udp(1, 1));
    observe(&mut tracker, eth, START + 4 * MINUTE, &udp(1, 10));
    let windows = finish(&mut tracker, START + 4 * MINUTE);
    assert_eq!(windows.iter().map(Window::flow_count).collect::<Vec<_>>(), [1, 0, 0, 0, 1]);
    assert_eq!(tracker.irregularities().clock_jumps, 0);

    observe(&mut tracker, eth, START, &udp(1, 1));
    observe(&mut tracker, eth, START + 600 * MINUTE, &udp(1, 10));
    observe(&mut tracker, eth, i64::MAX, &udp(1, 100));
    let windows = finish(&mut tracker, i64::MAX);
    assert_eq!(windows.iter().map(Window::flow_count).collect::<Vec<_>>(), [1, 1, 1]);
    assert_eq!(tracker.irregularities().clock_jumps, 2);
}

#[test]
fn what_does_not_fit_is_counted_for_its_interface() {
    let (mut tracker, eth) = minute_tracker(Options { max_flows: 2, ..Options::default() });
    let wifi = tracker.add_interface(interface("eni-2"), i64::MIN).expect("an index");
    for (index, port) in [(eth, 1), (eth, 2), (eth, 3), (wifi, 1), (eth, 1)] {
        observe(&mut tracker, index, START, &udp(port, 10));
    }
    assert_eq!(tracker.flows(), 2);
    let windows = finish(&mut tracker, START);
    let counters: Vec<_> = windows[0].interfaces().iter().map(|watched| watched.counters).collect();
    assert_eq!(counters[0], Counters { seen: 4, recorded: 3, skipped: 1, ..Counters::default() });
    assert_eq!(counters[1], Counters { seen: 1, skipped: 1, ..Counters::default() });
    // There is room again afterwards.
    observe(&mut tracker, eth, START + 2 * MINUTE, &udp(9, 10));
    assert_eq!(tracker.flows(), 1);
}

#[test]
fn lost_and_excluded_packets_are_counted() {
    let (mut tracker, eth) = minute_tracker(Options::default());
    let dhcp = Parsed::whole(Packet { source_port: 68, destination_port: 67, ..udp(1, 1).packet }, 0, 300);
    observe(&mut tracker, eth, START, &dhcp);
    tracker.lost(eth, START, 7);
    let windows = finish(&mut tracker, START);
    let counters = windows[0].counters();
    assert_eq!(counters, Counters { seen: 1, excluded: 1, lost: 7, ..Counters::default() });
    assert!(counters.is_incomplete());
}

#[test]
fn interfaces_come_and_go_and_give_their_index_back() {
    let (mut tracker, eth) = minute_tracker(Options { lateness_ns: SECOND_NS, ..Options::default() });
    let gone = tracker.add_interface(interface("eni-gone"), START + 10 * SECOND_NS).expect("an index");
    observe(&mut tracker, gone, START + 11 * SECOND_NS, &udp(1, 1));
    // Its last packet falls in the next window, while the first one waits.
    observe(&mut tracker, gone, START + MINUTE, &udp(1, 10));
    tracker.remove_interface(gone, START + MINUTE + 5);
    let first = tracker.poll(START + MINUTE + SECOND_NS).expect("a window");
    assert_eq!(first.interfaces().len(), 2);
    observe(&mut tracker, eth, START + MINUTE + 9, &udp(1, 1));
    let second = tracker.poll(START + 2 * MINUTE + SECOND_NS).expect("a window");
    let times: Vec<_> = second.interfaces().iter().map(|watched| (watched.from_ns, watched.to_ns)).collect();
    assert_eq!(times, [(START + MINUTE, START + 2 * MINUTE - 1), (START + MINUTE, START + MINUTE + 5)]);
    assert_eq!(packets_and_bytes(&[second]), [(1, 10), (1, 1)]);

    observe(&mut tracker, gone, START + 2 * MINUTE, &udp(1, 1));
    assert_eq!(tracker.irregularities().unknown_interface, 1);
    assert_eq!(tracker.add_interface(interface("eni-new"), START + 2 * MINUTE), Ok(gone));
}

#[test]
fn an_interface_removed_while_two_windows_are_open_loses_nothing_at_the_end() {
    let (mut tracker, eth) = minute_tracker(Options { lateness_ns: SECOND_NS, ..Options::default() });
    observe(&mut tracker, eth, START, &udp(1, 1));
    observe(&mut tracker, eth, START + MINUTE, &udp(1, 10));
    tracker.remove_interface(eth, START + MINUTE);
    assert_eq!(packets_and_bytes(&finish(&mut tracker, START + MINUTE)), [(1, 1), (1, 10)]);
}

#[test]
fn the_timeout_tells_when_to_poll() {
    let (mut tracker, eth) = minute_tracker(Options { lateness_ns: 5, ..Options::default() });
    assert_eq!(tracker.poll_timeout(), None);
    observe(&mut tracker, eth, START + SECOND_NS, &udp(1, 1));
    assert_eq!(tracker.poll_timeout(), Some(START + MINUTE + 5));
    observe(&mut tracker, eth, START + 2 * MINUTE + 5, &udp(1, 1));
    assert_eq!(tracker.poll_timeout(), Some(0));
}

fn minute_tracker(options: Options) -> (Tracker, InterfaceIndex) {
    let mut tracker = Tracker::new(Options { interval: AggregationInterval::Minute, ..options });
    let eth = tracker.add_interface(interface("eni-1"), i64::MIN).expect("an index");
    (tracker, eth)
}

fn interface(id: &str) -> Arc<Interface> {
    Arc::new(crate::window::tests::interface(id))
}

fn udp(source_port: u16, bytes: u32) -> Parsed {
    let packet = Packet {
        source: [10, 0, 0, 1].into(),
        destination: [10, 0, 0, 2].into(),
        protocol: 17,
        source_port,
        destination_port: 53,
        icmp: None,
    };
    Parsed::whole(packet, 0, bytes)
}

fn observe(tracker: &mut Tracker, interface: InterfaceIndex, time_ns: i64, packet: &Parsed) {
    tracker.observe(&Observation::single(time_ns, interface, Direction::Ingress, packet));
}

fn finish(tracker: &mut Tracker, now_ns: i64) -> Vec<Window> {
    tracker.finish(now_ns)
}

fn packets_and_bytes(windows: &[Window]) -> Vec<(u64, u64)> {
    windows.iter().flat_map(Window::flows).map(|flow| (flow.packets, flow.bytes)).collect()
}
