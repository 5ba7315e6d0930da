//! Live capture of known traffic between two network namespaces. Needs root and iproute2, and says so without.

#![allow(clippy::expect_used, reason = "what goes wrong in the helpers of a test should end it")]

mod headers;
mod lab;
mod limits;
mod offline;
#[path = "../side/recording.rs"]
mod recording;
#[path = "../side/mod.rs"]
mod side;
mod traffic;

use std::{
    fs,
    io::Write,
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use weir_capture::live::{LiveError, Options};
use weir_network::{
    Action,
    Direction::{Egress, Ingress},
};

use self::{
    lab::{FAR, FAR_MAC, FAR6, Lab, NEAR, NEAR_MAC, NEAR6, Sum, Way, record, record_with, send_frames, until},
    traffic::{ping, socket_at, udp_at, udp_frame},
};

const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMPV6: u8 = 58;

/// Every behaviour holds in every way to capture.
macro_rules! in_every_way {
    ($($behaviour:ident),+ $(,)?) => {
        mod packet_sockets { $(#[test] fn $behaviour() { super::$behaviour(super::Way::Packets); })+ }
        mod ebpf_at_tcx { $(#[test] fn $behaviour() { super::$behaviour(super::Way::Tcx); })+ }
        mod ebpf_at_clsact { $(#[test] fn $behaviour() { super::$behaviour(super::Way::Clsact); })+ }
    };
}

/// So do those that a capture file has enough to tell of.
macro_rules! in_capture_files {
    ($($behaviour:ident),+ $(,)?) => {
        mod capture_files { $(#[test] fn $behaviour() { super::$behaviour(super::Way::File); })+ }
    };
}

in_capture_files! {
    udp_of_both_versions_and_directions_is_exact,
    ping_of_both_versions_is_84_and_104_bytes,
    fragments_are_counted_in_the_flow_of_their_first,
    an_interface_without_link_headers,
    extension_headers_are_passed_over,
    options_are_passed_over,
    short_packets_count_without_ports,
}

use headers::{extension_headers_are_passed_over, options_are_passed_over, short_packets_count_without_ports};
use limits::no_packet_is_lost_between_windows;

in_every_way! {
    tcp_segments_beyond_64_kib_count_as_on_the_wire,
    extension_headers_are_passed_over,
    options_are_passed_over,
    short_packets_count_without_ports,
    no_packet_is_lost_between_windows,
    udp_of_both_versions_and_directions_is_exact,
    ping_of_both_versions_is_84_and_104_bytes,
    large_tcp_segments_count_as_on_the_wire,
    large_udp_segments_count_as_on_the_wire,
    large_tcp_segments_in_a_tunnel_count_as_on_the_wire,
    refused_connections_show_their_flags_and_what_the_judge_says,
    fragments_are_counted_in_the_flow_of_their_first,
    vlan_tags_are_passed_over_in_both_directions,
    an_interface_without_link_headers,
    loopback_is_seen_once,
    interfaces_come_and_go_while_it_runs,
    an_interface_that_was_down_is_captured_when_it_is_up_again,
    quiet_interfaces_are_quiet_in_every_window,
}

fn udp_of_both_versions_and_directions_is_exact(way: Way) {
    let lab = Lab::new();
    let recording = record(way, &lab.near, &["near0"]);
    for (near, far) in [(NEAR, FAR), (NEAR6, FAR6)] {
        let (near, far) = (socket_at(near, 5000), socket_at(far, 6000));
        let (at_near, at_far) = (lab.near.run(move || udp_at(near)), lab.far.run(move || udp_at(far)));
        for _ in 0..100 {
            at_far.send_to(&[7; 100], near).expect("sent");
        }
        for _ in 0..30 {
            at_near.send_to(&[7; 1], far).expect("sent");
        }
    }
    let recorded = recording.stop();
    let sum = |packets, bytes| Sum { packets, bytes, tcp_flags: 0 };
    assert_eq!(recorded.flow(("near0", Ingress, (FAR, 6000), (NEAR, 5000), UDP)), sum(100, 100 * 128));
    assert_eq!(recorded.flow(("near0", Egress, (NEAR, 5000), (FAR, 6000), UDP)), sum(30, 30 * 29));
    assert_eq!(recorded.flow(("near0", Ingress, (FAR6, 6000), (NEAR6, 5000), UDP)), sum(100, 100 * 148));
    assert_eq!(recorded.flow(("near0", Egress, (NEAR6, 5000), (FAR6, 6000), UDP)), sum(30, 30 * 49));
    assert_eq!(recorded.counters("near0").lost, 0);
}

fn ping_of_both_versions_is_84_and_104_bytes(way: Way) {
    let lab = Lab::new();
    let recording = record(way, &lab.near, &["near0"]);
    lab.far.run(|| ping(NEAR, 4));
    lab.far.run(|| ping(NEAR6, 3));
    let recorded = recording.stop();
    let sum = |packets, bytes| Sum { packets, bytes, tcp_flags: 0 };
    assert_eq!(recorded.flow(("near0", Ingress, (FAR, 0), (NEAR, 0), ICMP)), sum(4, 336));
    assert_eq!(recorded.flow(("near0", Egress, (NEAR, 0), (FAR, 0), ICMP)), sum(4, 336));
    assert_eq!(recorded.flow(("near0", Ingress, (FAR6, 0), (NEAR6, 0), ICMPV6)), sum(3, 312));
    assert_eq!(recorded.flow(("near0", Egress, (NEAR6, 0), (FAR6, 0), ICMPV6)), sum(3, 312));
}

fn large_tcp_segments_count_as_on_the_wire(way: Way) {
    let lab = Lab::new();
    for (near, far, ip_header) in [(NEAR, FAR, 20), (NEAR6, FAR6, 40)] {
        a_large_transfer_is_exact(way, &lab, near, far, ip_header);
    }
}

/// Beyond 64 KiB the length in the IP header is 0, and Linux may put a jumbo option in front that is never sent.
fn tcp_segments_beyond_64_kib_count_as_on_the_wire(way: Way) {
    let lab = Lab::new();
    for (side, device) in [(&lab.near, "near0"), (&lab.far, "far0")] {
        side.ip(&format!("link set {device} gso_max_size 180000 gro_max_size 180000"));
    }
    a_large_transfer_is_exact(way, &lab, NEAR6, FAR6, 40);
}

fn a_large_transfer_is_exact(way: Way, lab: &Lab, near: &str, far: &str, ip_header: u64) {
    const SENT: usize = 20_000_000;
    for side in [&lab.near, &lab.far] {
        // Answers to segments out of order would carry longer headers.
        side.run(|| fs::write("/proc/sys/net/ipv4/tcp_sack", "0")).expect("selective acknowledgement is off");
    }
    let recording = record(way, &lab.near, &["near0"]);
    // The kernel's own count of segments, taken when the connection is closed on both ends.
    let segments = lab.send_over_tcp(socket_at(near, 80), SENT);
    let recorded = recording.stop();
    let far_port = segments.client_port;
    let request = recorded.flow(("near0", Ingress, (far, far_port), (near, 80), TCP));
    let reply = recorded.flow(("near0", Egress, (near, 80), (far, far_port), TCP));
    assert_eq!((request.packets, reply.packets), (segments.sent, segments.received));
    // TCP headers: 40 bytes with SYN, 32 bytes otherwise (time stamps).
    let headers = |packets: u64| packets * (ip_header + 32) + 8;
    assert_eq!(request.bytes, segments.bytes_sent + headers(request.packets));
    assert_eq!(reply.bytes, 4 + headers(reply.packets));
    assert_eq!((request.tcp_flags, reply.tcp_flags), (3, 19));
    // Or this test shows nothing.
    assert!(recorded.totals.frames < segments.sent, "no large segments were seen");
}

fn large_udp_segments_count_as_on_the_wire(way: Way) {
    let lab = Lab::new();
    let recording = record(way, &lab.near, &["near0"]);
    let near = socket_at(NEAR, 5000);
    let _receiver = lab.near.run(move || udp_at(near));
    let sender = lab.far.run(|| udp_at(socket_at(FAR, 6000)));
    lab::segment_udp(&sender, 1000);
    for _ in 0..20 {
        sender.send_to(&[7; 9500], near).expect("sent");
    }
    let recorded = recording.stop();
    let flow = recorded.flow(("near0", Ingress, (FAR, 6000), (NEAR, 5000), UDP));
    assert_eq!(flow, Sum { packets: 20 * 10, bytes: 20 * (9500 + 10 * 28), tcp_flags: 0 });
    assert!(recorded.totals.frames < 200, "no large segments were seen");
}

/// The kernel cuts up what is inside the tunnel, and every packet on the wire carries both sets of headers.
fn large_tcp_segments_in_a_tunnel_count_as_on_the_wire(way: Way) {
    let lab = Lab::new();
    for (side, device, local, remote, last, other) in
        [(&lab.near, "near0", NEAR, FAR, 1, 2), (&lab.far, "far0", FAR, NEAR, 2, 1)]
    {
        let mac = |last| format!("02:00:00:00:01:0{last}");
        side.ip(&format!(
            "link add vx0 address {} type vxlan id 5 local {local} remote {remote} dev {device} dstport 4789",
            mac(last)
        ));
        side.sysctl("ipv6/conf/vx0/disable_ipv6", "1");
        side.ip(&format!("address add 10.66.0.{last}/24 dev vx0"));
        side.ip("link set vx0 up");
        side.ip(&format!("neighbour replace 10.66.0.{other} lladdr {} dev vx0 nud permanent", mac(other)));
    }
    let recording = record(way, &lab.near, &["near0"]);
    let segments = lab.send_over_tcp(socket_at("10.66.0.1", 80), 5_000_000);
    let recorded = recording.stop();
    // The outer source port depends on the inner flow, so it is not known here.
    let outer = recorded.windows.iter().flat_map(|window| window.flows());
    let outer: Vec<_> = outer.filter(|flow| flow.destination_port == 4789 && flow.direction == Ingress).collect();
    let packets = outer.iter().map(|flow| flow.packets).sum::<u64>();
    let bytes = outer.iter().map(|flow| flow.bytes).sum::<u64>();
    // Outer IP 20, UDP 8, VXLAN 8, Ethernet 14; inner IP 20, TCP 32, and 8 more with SYN.
    assert_eq!((packets, bytes), (segments.sent, segments.bytes_sent + segments.sent * (50 + 52) + 8));
    assert!(recorded.totals.frames < segments.sent, "no large segments were seen");
}

fn refused_connections_show_their_flags_and_what_the_judge_says(way: Way) {
    let lab = Lab::new();
    // Whoever watches what is refused needs no judge.
    let options = Options { observe: false, ..lab::options(way) };
    let recording = record_with(&lab.near, &["near0"], options, |packet| {
        if packet.destination_port == 22 { Action::Reject } else { Action::Accept }
    });
    let refused = lab.far.run(|| TcpStream::connect(socket_at(NEAR, 22)).is_err());
    assert!(refused);
    let recorded = recording.stop();
    let flows: Vec<_> =
        recorded.windows.iter().flat_map(|window| window.flows()).filter(|flow| flow.protocol == TCP).collect();
    let seen: Vec<_> = flows.iter().map(|flow| (flow.direction, flow.action, flow.tcp_flags, flow.packets)).collect();
    assert_eq!(seen, [(Ingress, Action::Reject, Some(2), 1), (Egress, Action::Accept, Some(4), 1)]);
}

fn fragments_are_counted_in_the_flow_of_their_first(way: Way) {
    let lab = Lab::new();
    let recording = record(way, &lab.near, &["near0"]);
    for (near, far) in [(NEAR, FAR), (NEAR6, FAR6)] {
        let (near, far) = (socket_at(near, 5000), socket_at(far, 6000));
        let sender = lab.far.run(move || udp_at(far));
        let _receiver = lab.near.run(move || udp_at(near));
        sender.send_to(&[7; 4000], near).expect("sent");
    }
    let recorded = recording.stop();
    let sum = |packets, bytes| Sum { packets, bytes, tcp_flags: 0 };
    assert_eq!(recorded.flow(("near0", Ingress, (FAR, 6000), (NEAR, 5000), UDP)), sum(3, 4008 + 3 * 20));
    assert_eq!(recorded.flow(("near0", Ingress, (FAR6, 6000), (NEAR6, 5000), UDP)), sum(3, 4008 + 3 * 48));
}

fn vlan_tags_are_passed_over_in_both_directions(way: Way) {
    let lab = Lab::new();
    let recording = record(way, &lab.near, &["near0"]);
    let one = [0x81, 0x00, 0x00, 0x05];
    let two = [0x88, 0xa8, 0x00, 0x05, 0x81, 0x00, 0x00, 0x07];
    for (port, tags) in [(1, &[][..]), (2, &one), (3, &two)] {
        send_frames(&lab.far, "far0", vec![udp_frame(FAR_MAC, NEAR_MAC, tags, [2, 1], port); 5]);
        send_frames(&lab.near, "near0", vec![udp_frame(NEAR_MAC, FAR_MAC, tags, [1, 2], port); 6]);
    }
    let recorded = recording.stop();
    for port in 1..=3 {
        let sum = |packets| Sum { packets, bytes: packets * 32, tcp_flags: 0 };
        assert_eq!(recorded.flow(("near0", Ingress, (FAR, port), (NEAR, 9), UDP)), sum(5), "port {port}");
        assert_eq!(recorded.flow(("near0", Egress, (NEAR, port), (FAR, 9), UDP)), sum(6), "port {port}");
    }
}

fn an_interface_without_link_headers(way: Way) {
    let lab = Lab::new();
    let mut tun = lab::tun(&lab.near, "tun0");
    lab.near.ip("address add 10.88.0.1/24 dev tun0");
    lab.near.ip("link set tun0 up");
    let recording = record(way, &lab.near, &["tun0"]);
    let incoming = &udp_frame([0; 6], [0; 6], &[], [2, 1], 4)[14..];
    for _ in 0..7 {
        tun.write_all(incoming).expect("taken");
    }
    let sender = lab.near.run(|| udp_at(socket_at("10.88.0.1", 5)));
    for _ in 0..8 {
        sender.send_to(&[7; 10], "10.88.0.2:6").expect("sent");
    }
    let recorded = recording.stop();
    let sum = |packets, bytes| Sum { packets, bytes, tcp_flags: 0 };
    assert_eq!(recorded.flow(("tun0", Ingress, (FAR, 4), (NEAR, 9), UDP)), sum(7, 7 * 32));
    assert_eq!(recorded.flow(("tun0", Egress, ("10.88.0.1", 5), ("10.88.0.2", 6), UDP)), sum(8, 8 * 38));
}

fn loopback_is_seen_once(way: Way) {
    let lab = Lab::new();
    let recording = record(way, &lab.near, &["lo"]);
    let (here, there) = (socket_at("127.0.0.1", 7001), socket_at("127.0.0.1", 7002));
    let (sender, _receiver) = lab.near.run(move || (udp_at(here), udp_at(there)));
    for _ in 0..9 {
        sender.send_to(&[7; 10], there).expect("sent");
    }
    let recorded = recording.stop();
    let flow = ("127.0.0.1", 7001);
    assert_eq!(recorded.flow(("lo", Ingress, flow, ("127.0.0.1", 7002), UDP)).packets, 9);
    assert_eq!(recorded.flow(("lo", Egress, flow, ("127.0.0.1", 7002), UDP)).packets, 0);
}

fn interfaces_come_and_go_while_it_runs(way: Way) {
    let lab = Lab::new();
    let recording = record(way, &lab.near, &["near0", "new0"]);
    let sender = lab.far.run(|| udp_at(socket_at(FAR, 6000)));
    sender.send_to(&[7; 10], socket_at(NEAR, 5000)).expect("sent");
    thread::sleep(Duration::from_millis(100));
    lab.near.ip("link delete near0");
    lab.near.ip("link add new0 type veth peer name new1");
    lab.near.ip("address add 10.99.0.1/24 dev new0");
    lab.near.ip("link set new1 up");
    lab.near.ip("link set new0 up");
    thread::sleep(Duration::from_millis(300));
    let sender = lab.near.run(|| udp_at(socket_at("10.99.0.1", 5)));
    lab.near.ip("neighbour replace 10.99.0.2 lladdr 02:00:00:00:00:09 dev new0 nud permanent");
    sender.send_to(&[7; 10], "10.99.0.2:6").expect("sent");
    let recorded = recording.stop();
    assert_eq!(recorded.news, ["added near0", "removed near0", "added new0"]);
    assert_eq!(recorded.flow(("near0", Ingress, (FAR, 6000), (NEAR, 5000), UDP)).packets, 1);
    assert_eq!(recorded.flow(("new0", Egress, ("10.99.0.1", 5), ("10.99.0.2", 6), UDP)).packets, 1);
}

fn an_interface_that_was_down_is_captured_when_it_is_up_again(way: Way) {
    let lab = Lab::new();
    let recording = record(way, &lab.near, &["near0"]);
    let near = socket_at(NEAR, 5000);
    lab.near.ip("link set near0 down");
    lab.near.ip("link set near0 up");
    let receiver = lab.near.run(move || udp_at(near));
    receiver.set_read_timeout(Some(Duration::from_millis(20))).expect("set");
    let sender = lab.far.run(|| udp_at(socket_at(FAR, 6000)));
    let mut received = 0;
    until("a packet arrives", || {
        // While the carrier comes back, packets are dropped before the wire.
        sender.send_to(&[7; 10], near).expect("sent");
        received += u64::from(receiver.recv(&mut [0; 10]).is_ok());
        received == 3
    });
    let recorded = recording.stop();
    assert_eq!(recorded.news, ["added near0"]);
    assert!(recorded.flow(("near0", Ingress, (FAR, 6000), (NEAR, 5000), UDP)).packets >= received);
}

/// The judge holds the reading thread up while far more packets come than a ring holds.
#[test]
fn what_the_ring_cannot_hold_is_counted_as_lost() {
    let lab = Lab::new();
    lab.without_ipv6();
    const SENT: u64 = 30_000;
    let (go, waiting) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (released, reached) = (Arc::clone(&go), Arc::clone(&waiting));
    let mut options = lab::options(Way::Packets);
    options.ring_bytes = 256 * 1024;
    let recording = record_with(&lab.near, &["near0"], options, move |_| {
        reached.store(true, Ordering::SeqCst);
        until("all is sent", || released.load(Ordering::SeqCst));
        Action::Accept
    });
    let near = socket_at(NEAR, 5000);
    let _receiver = lab.near.run(move || udp_at(near));
    let sender = lab.far.run(|| udp_at(socket_at(FAR, 6000)));
    sender.send_to(&[7; 100], near).expect("sent");
    until("the first packet is judged", || waiting.load(Ordering::SeqCst));
    for _ in 1..SENT {
        sender.send_to(&[7; 100], near).expect("sent");
    }
    go.store(true, Ordering::SeqCst);
    let recorded = recording.stop();
    let counters = recorded.counters("near0");
    assert!(counters.lost > 0);
    assert_eq!(counters.recorded + counters.lost, SENT);
    assert_eq!(recorded.totals.lost, counters.lost);
    assert!(counters.is_incomplete());
}

fn quiet_interfaces_are_quiet_in_every_window(way: Way) {
    let lab = Lab::new();
    lab.without_ipv6();
    let from_ns = lab::now_ns();
    let recording = record(way, &lab.near, &["near0"]);
    thread::sleep(Duration::from_millis(2300));
    let recorded = recording.stop();
    assert!((3..=4).contains(&recorded.windows.len()), "{} windows", recorded.windows.len());
    for pair in recorded.windows.windows(2) {
        assert_eq!(pair[0].end_ns(), pair[1].start_ns());
    }
    for window in &recorded.windows {
        assert!(window.interfaces().iter().all(|watched| watched.counters.is_quiet()));
    }
    assert!(recorded.windows[0].interfaces()[0].from_ns >= from_ns);
}

#[test]
fn without_the_right_there_is_a_sentence() {
    let lab = Lab::new();
    let error = lab::open_as_nobody(&lab.near).expect("nobody may not capture");
    assert!(matches!(error, LiveError::Permission), "{error}");
    assert!(error.to_string().contains("cap_net_raw"));
}
