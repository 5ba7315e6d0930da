//! Where room or rights end: floods of flows, readers that stop, clocks that are set, interfaces that are taken.

use std::{
    net::UdpSocket,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    thread,
    time::Duration,
};

use weir_capture::{
    ebpf::flow::FlowPrograms,
    live::{AttachPoint, Capture, FlowOptions, LiveError, Options, Tier, TierChoice},
    tracker::Irregularities,
};
use weir_network::{Action, AggregationInterval, Direction::Ingress};

use crate::{
    FAR, UDP,
    lab::{self, FAR_MAC, Lab, NEAR, NEAR_MAC, Recorded, Way, record_with, send_frames},
    traffic::{socket_at, udp_at, udp_frame, udp_frame_from},
};

/// Without traffic but the test's own, and with somebody who takes a flood in and answers nothing.
fn quiet_lab() -> (Lab, UdpSocket) {
    let lab = Lab::new();
    lab.without_ipv6();
    let receiver = lab.near.run(|| udp_at(socket_at(NEAR, 9)));
    (lab, receiver)
}

/// One packet for each of so many flows, so many times.
fn flood(lab: &Lab, flows: u16, times: usize) {
    let frames = (0..flows).map(|port| udp_frame(FAR_MAC, NEAR_MAC, &[], [2, 1], port)).collect::<Vec<_>>();
    for _ in 0..times {
        send_frames(&lab.far, "far0", frames.clone());
    }
}

fn packets_of_each(recorded: &Recorded, flows: u16) -> Vec<u64> {
    let mut packets = vec![0; flows.into()];
    for flow in recorded.windows.iter().flat_map(|window| window.flows()) {
        assert_eq!((flow.direction, flow.protocol, flow.destination_port), (Ingress, UDP, 9));
        packets[usize::from(flow.source_port)] += flow.packets;
    }
    packets
}

/// 1024 flows are in the kernel's map, 19,000 others come packet by packet: nobody is short of one. A reader that had to wait
/// for a processor may have let the ring overflow, which it says: then once more.
#[test]
fn flows_beyond_the_map_are_counted_as_well() {
    for way in [Way::Tcx, Way::Clsact] {
        let lost: Vec<u64> = (0..3).map(|_| lost_beyond_the_map(way)).take_while(|lost| *lost > 0).collect();
        assert!(lost.len() < 3, "packets were lost each time: {lost:?}");
    }
}

fn lost_beyond_the_map(way: Way) -> u64 {
    let (lab, _receiver) = quiet_lab();
    let mut options = lab::options(way);
    options.ebpf.capacity = 1024;
    let recording = record_with(&lab.near, &["near0"], options, |_| Action::Accept);
    flood(&lab, 20_000, 5);
    let recorded = recording.stop();
    let counters = recorded.counters("near0");
    assert_eq!(counters.recorded + counters.lost, 100_000);
    assert_eq!(recorded.totals.irregularities, Irregularities::default());
    if counters.lost == 0 {
        let short = packets_of_each(&recorded, 20_000).iter().filter(|packets| **packets != 5).count();
        assert_eq!((short, recorded.totals.lost), (0, 0));
    }
    counters.lost
}

/// A million flows at once, each of one packet: nothing is lost.
#[test]
fn a_million_flows_are_a_million_records() {
    const FLOWS: u32 = 1_000_000;
    const AT_ONCE: u32 = 50_000;
    let (lab, _receiver) = quiet_lab();
    let mut options = lab::options(Way::Tcx);
    options.tracker.interval = AggregationInterval::TenMinutes;
    (options.tracker.max_flows, options.ebpf.capacity) = (FLOWS as usize, FLOWS);
    let recording = record_with(&lab.near, &["near0"], options, |_| Action::Accept);
    for first in (0..FLOWS).step_by(AT_ONCE as usize) {
        let frames = (first..first + AT_ONCE).map(|number| {
            let [_, high, middle, low] = number.to_be_bytes();
            udp_frame_from([172, 16 + high, middle, low], FAR_MAC, NEAR_MAC, &[], 1, 53)
        });
        send_frames(&lab.far, "far0", frames.collect());
    }
    let recorded = recording.stop();
    let counters = recorded.counters("near0");
    assert_eq!((counters.seen, counters.recorded, counters.lost), (u64::from(FLOWS), u64::from(FLOWS), 0));
    let mut sources: Vec<_> =
        recorded.windows.iter().flat_map(|window| window.flows()).map(|flow| (flow.source, flow.packets)).collect();
    sources.sort_unstable();
    sources.dedup();
    assert_eq!(sources.len(), FLOWS as usize);
    assert!(sources.iter().all(|(_, packets)| *packets == 1));
}

/// Nobody reads while far more packets come than map and ring hold: those that are lost are a number.
#[test]
fn what_neither_map_nor_ring_can_hold_is_counted_as_lost() {
    const FLOWS: u16 = 6000;
    let (lab, _receiver) = quiet_lab();
    let mut options = lab::options(Way::Tcx);
    // Or the end of a window may come in between, and a second map with it.
    options.tracker.interval = AggregationInterval::TenMinutes;
    (options.ebpf.capacity, options.ebpf.spill_bytes) = (1024, 64 * 1024);
    let (flows, stopper, capture) = lab.near.run(move || {
        let capture = Capture::open(options, Box::new(lab::choose(&["near0"])), &lab::now_ns).expect("root may");
        (FLOWS, capture.stopper(), capture)
    });
    // The capture is open but not read yet.
    flood(&lab, flows, 1);
    let recorded = lab.near.run(move || {
        let reading = thread::spawn(move || lab::run(capture, |_| Action::Accept));
        stopper.stop();
        reading.join().expect("no panic")
    });
    let counters = recorded.counters("near0");
    let lost = counters.lost;
    // A packet takes 96 bytes of the ring.
    assert!((4000..6000 - 1024).contains(&lost), "{lost} lost");
    assert_eq!(counters.recorded + lost, u64::from(FLOWS));
    assert_eq!(packets_of_each(&recorded, FLOWS).iter().sum::<u64>(), counters.recorded);
    assert_eq!(recorded.totals.lost, lost);
    assert!(counters.is_incomplete());
}

/// Windows end while packets come as fast as they can: each packet is in one window, and its time is in it.
pub(crate) fn no_packet_is_lost_between_windows(way: Way) {
    const SENT: u64 = 300_000;
    let lab = Lab::new();
    lab.without_ipv6();
    let mut options = lab::options(way);
    options.ring_bytes = 64 * 1024 * 1024;
    let recording = record_with(&lab.near, &["near0"], options, |_| Action::Accept);
    let sender = lab.far.run(|| udp_at(socket_at(FAR, 6000)));
    let _receiver = lab.near.run(|| udp_at(socket_at(NEAR, 5000)));
    for number in 0..SENT {
        sender.send_to(&[7; 10], socket_at(NEAR, 5000)).expect("sent");
        if number % 60_000 == 0 {
            // Several windows, however quick the machine is.
            thread::sleep(Duration::from_millis(400));
        }
    }
    let recorded = recording.stop();
    let arrived = SENT - lab.frames_dropped();
    // Each of them was checked to lie in its window.
    let flow = recorded.flow(("near0", Ingress, (FAR, 6000), (NEAR, 5000), UDP));
    assert_eq!((flow.packets, flow.bytes), (arrived, arrived * 38));
    let busy = recorded.windows.iter().filter(|window| window.flow_count() > 0).count();
    assert!(busy >= 3, "{busy} windows with packets");
    assert_eq!(recorded.totals.irregularities, Irregularities::default());
}

/// The clock is set while packets come: forward, and back again. None is lost, and none is counted twice.
#[test]
fn a_clock_that_is_set_loses_nothing() {
    for way in [Way::Tcx, Way::Packets] {
        let lab = Lab::new();
        lab.without_ipv6();
        let ahead = Arc::new(AtomicI64::new(0));
        let clock = Arc::clone(&ahead);
        let recording = lab::record_by(
            &lab.near,
            &["near0"],
            lab::options(way),
            |_| Action::Accept,
            move || lab::now_ns() + clock.load(Ordering::SeqCst),
        );
        let sender = lab.far.run(|| udp_at(socket_at(FAR, 6000)));
        let _receiver = lab.near.run(|| udp_at(socket_at(NEAR, 5000)));
        for offset_s in [0, 5, 3600, -7200, 0] {
            ahead.store(offset_s * 1_000_000_000, Ordering::SeqCst);
            for _ in 0..50 {
                sender.send_to(&[7; 10], socket_at(NEAR, 5000)).expect("sent");
                thread::sleep(Duration::from_millis(10));
            }
        }
        let recorded = recording.stop();
        let flow = recorded.flow(("near0", Ingress, (FAR, 6000), (NEAR, 5000), UDP));
        assert_eq!((flow.packets, recorded.totals.lost), (250, 0), "{way:?}");
    }
}

#[test]
fn only_one_records_an_interface() {
    for way in [Way::Packets, Way::Tcx] {
        let lab = Lab::new();
        let recording = record_with(&lab.near, &["near0"], lab::options(way), |_| Action::Accept);
        let open = move || Capture::open(lab::options(way), Box::new(lab::choose(&["near0"])), &lab::now_ns).err();
        let error = lab.near.run(open).expect("it is taken");
        assert!(matches!(&error, LiveError::InUse { interface } if interface == "near0"), "{error}");
        assert!(error.to_string().starts_with("another Weir records near0 already"), "{error}");
        drop(recording.stop());
        assert!(lab.near.run(open).is_none(), "it is free again");
    }
}

/// A thread that may not call bpf(2), by seccomp: packet sockets take its place, and the reason is told. The last two may
/// make maps; one may load programs as well, but not attach them.
#[test]
fn where_ebpf_is_forbidden_packet_sockets_take_its_place() {
    const PROG_LOAD: u32 = 5;
    const LINK_CREATE: u32 = 28;
    for (errno, command, expected) in [
        (libc::EPERM, None, "the kernel forbids eBPF"),
        (libc::ENOSYS, None, "eBPF is not there"),
        (libc::EINVAL, Some(PROG_LOAD), "the kernel does not accept the eBPF program flow_"),
        (libc::EPERM, Some(LINK_CREATE), "cannot attach an eBPF program to near0"),
    ] {
        let lab = Lab::new();
        lab.without_ipv6();
        let (report, interfaces) = lab.near.run(move || {
            let forbidden = move || {
                lab::forbid_bpf(errno, command);
                let options = Options { tier: TierChoice::Auto, ..lab::options(Way::Tcx) };
                let choose = Box::new(lab::choose(&["near0"]));
                let capture = Capture::open(options, choose, &lab::now_ns).expect("packet sockets");
                (capture.tier().clone(), capture.interfaces().count())
            };
            thread::spawn(forbidden).join().expect("no panic")
        });
        assert_eq!((report.tier, interfaces), (Tier::PacketSocket, 1));
        assert!(report.why.starts_with(expected), "{}", report.why);
    }
}

/// Whoever asks for eBPF and nothing else gets an error where it is forbidden.
#[test]
fn ebpf_or_nothing_is_an_error_where_it_is_forbidden() {
    let lab = Lab::new();
    let refused = lab.near.run(|| {
        let forbidden = || {
            lab::forbid_bpf(libc::EPERM, None);
            Capture::open(lab::options(Way::Tcx), Box::new(lab::choose(&["near0"])), &lab::now_ns).err()
        };
        thread::spawn(forbidden).join().expect("no panic")
    });
    assert!(matches!(refused, Some(LiveError::Ebpf(_))), "{refused:?}");
}

/// An interface that goes while packets come takes none with it.
#[test]
fn what_was_counted_on_an_interface_outlives_it() {
    let (lab, _receiver) = quiet_lab();
    let recording = record_with(&lab.near, &["near0"], lab::options(Way::Tcx), |_| Action::Accept);
    flood(&lab, 100, 10);
    lab.near.ip("link set near0 down");
    lab.near.ip("link set near0 name other0");
    lab.near.ip("link delete other0");
    thread::sleep(Duration::from_millis(300));
    let recorded = recording.stop();
    assert_eq!(packets_of_each(&recorded, 100), vec![10; 100]);
    assert_eq!(recorded.news, ["added near0", "removed near0"]);
}

/// What a killed process left at clsact is taken away by the next one. TCX leaves nothing.
#[test]
fn programs_that_were_left_behind_are_taken_away() {
    let (lab, _receiver) = quiet_lab();
    let left_behind = lab.near.run(|| {
        let options = FlowOptions { attach: AttachPoint::Clsact, capacity: 1024, spill_bytes: 64 * 1024 };
        let (mut programs, _slots) = FlowPrograms::load(&options).expect("root may");
        programs.attach("near0", 2, true).expect("attached");
        programs
    });
    let filters = || {
        let listed = lab.near.run(|| Command::new("tc").args("filter show dev near0 ingress".split(' ')).output());
        let listed = listed.expect("the command `tc` (iproute2)").stdout;
        String::from_utf8_lossy(&listed).lines().filter(|line| line.contains("flow_ingress")).count()
    };
    assert_eq!(filters(), 1);
    let recording = record_with(&lab.near, &["near0"], lab::options(Way::Clsact), |_| Action::Accept);
    flood(&lab, 10, 3);
    assert_eq!(filters(), 1);
    let recorded = recording.stop();
    assert_eq!(packets_of_each(&recorded, 10), vec![3; 10]);
    assert_eq!(filters(), 0);
    // Its own filters are gone already.
    lab.near.run(|| drop(left_behind));
}
