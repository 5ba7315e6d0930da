//! Headers that are not as plain as most: options, extension headers, packets that end early, and what is not IP.

use weir_capture::packet::{Fault, Skip};
use weir_network::Direction::{Egress, Ingress};

use crate::{
    ICMPV6, TCP, UDP,
    lab::{FAR, FAR_MAC, FAR6, Lab, NEAR, NEAR_MAC, NEAR6, Sum, Way, record, send_frames},
    traffic::checksum,
};

const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const AUTHENTICATION: u8 = 51;
const DESTINATION_OPTIONS: u8 = 60;

fn frame(ether_type: [u8; 2], rest: &[&[u8]]) -> Vec<u8> {
    [&NEAR_MAC[..], &FAR_MAC, &ether_type, &rest.concat()].concat()
}

/// From the far side to the near one; the header has so many words.
fn ipv4(words: u8, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::from(words) * 4 + payload.len() as u16;
    let mut header = vec![0x40 | words, 0, (length >> 8) as u8, length as u8, 0, 0, 0, 0, 64, protocol, 0, 0];
    header.extend([10, 77, 0, 2, 10, 77, 0, 1]);
    // Options that do nothing.
    header.resize(usize::from(words) * 4, 1);
    let sum = checksum(&header);
    header[10..12].copy_from_slice(&sum.to_be_bytes());
    frame([0x08, 0x00], &[&header, payload])
}

/// The same in IPv6, behind extension headers.
fn ipv6(extensions: &[(u8, Vec<u8>)], protocol: u8, payload: &[u8]) -> Vec<u8> {
    let mut parts = Vec::new();
    let mut next = protocol;
    for (kind, contents) in extensions.iter().rev() {
        let mut header = contents.clone();
        header[0] = next;
        parts.insert(0, header);
        next = *kind;
    }
    let length: usize = parts.iter().map(Vec::len).sum::<usize>() + payload.len();
    let mut header = vec![0x60, 0, 0, 0, (length >> 8) as u8, length as u8, next, 64];
    for last in [2, 1] {
        header.extend([0xfd, 0x77, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
    }
    frame([0x86, 0xdd], &[&header, &parts.concat(), payload])
}

/// Options that do nothing, in this many units of 8 bytes; or what takes their place in other headers.
fn padding(units: u8) -> Vec<u8> {
    let mut header = vec![0; usize::from(units) * 8];
    (header[1], header[2], header[3]) = (units - 1, 1, units * 8 - 4);
    header
}

fn udp(source_port: u16) -> Vec<u8> {
    [&source_port.to_be_bytes()[..], &9u16.to_be_bytes(), &[0, 12, 0, 0], &[7; 4]].concat()
}

fn tcp(source_port: u16, flags: u8) -> Vec<u8> {
    [&source_port.to_be_bytes()[..], &9u16.to_be_bytes(), &[0; 8], &[0x50, flags], &[0; 6]].concat()
}

pub(crate) fn options_are_passed_over(way: Way) {
    let lab = Lab::new();
    let recording = record(way, &lab.near, &["near0"]);
    let frames = [5, 6, 11, 15].map(|words| ipv4(words, UDP, &udp(1)));
    send_frames(&lab.far, "far0", frames.to_vec());
    send_frames(&lab.far, "far0", vec![ipv4(15, TCP, &tcp(2, 0x12)), ipv4(8, TCP, &tcp(2, 0x11))]);
    // Outwards, as well.
    send_frames(&lab.near, "near0", vec![ipv4(7, UDP, &udp(3))]);
    let recorded = recording.stop();
    let sum = |packets, bytes, tcp_flags| Sum { packets, bytes, tcp_flags };
    assert_eq!(recorded.flow(("near0", Ingress, (FAR, 1), (NEAR, 9), UDP)), sum(4, (5 + 6 + 11 + 15) * 4 + 4 * 12, 0));
    assert_eq!(recorded.flow(("near0", Ingress, (FAR, 2), (NEAR, 9), TCP)), sum(2, (15 + 8) * 4 + 2 * 20, 19));
    assert_eq!(recorded.flow(("near0", Egress, (FAR, 3), (NEAR, 9), UDP)), sum(1, 28 + 12, 0));
}

pub(crate) fn extension_headers_are_passed_over(way: Way) {
    let lab = Lab::new();
    let recording = record(way, &lab.near, &["near0"]);
    // Its length is in units of 4 bytes, less two.
    let authentication = |words: u8| {
        let mut header = vec![0; usize::from(words) * 4];
        header[1] = words - 2;
        (AUTHENTICATION, header)
    };
    let whole = (FRAGMENT, vec![0; 8]);
    let chains = [
        vec![],
        vec![(HOP_BY_HOP, padding(1))],
        vec![(HOP_BY_HOP, padding(2)), (DESTINATION_OPTIONS, padding(3)), (ROUTING, padding(1)), authentication(6)],
        // A fragment header around a whole packet.
        vec![whole, (DESTINATION_OPTIONS, padding(5))],
        vec![(DESTINATION_OPTIONS, padding(1)); 12],
    ];
    let length = |chain: &Vec<(u8, Vec<u8>)>| chain.iter().map(|(_, header)| header.len()).sum::<usize>() as u64;
    let extensions: u64 = chains.iter().map(length).sum();
    let frames = chains.iter().flat_map(|chain| [ipv6(chain, UDP, &udp(1)), ipv6(chain, TCP, &tcp(2, 2))]);
    send_frames(&lab.far, "far0", frames.collect());
    // More headers than anyone sends, and one that runs over the end.
    send_frames(&lab.far, "far0", vec![ipv6(&vec![(DESTINATION_OPTIONS, padding(1)); 18], UDP, &udp(3))]);
    let mut beyond = padding(1);
    beyond[1] = 20;
    send_frames(&lab.far, "far0", vec![ipv6(&[(DESTINATION_OPTIONS, beyond)], UDP, &udp(3))]);
    let recorded = recording.stop();
    let sum = |packets, bytes, tcp_flags| Sum { packets, bytes, tcp_flags };
    assert_eq!(recorded.flow(("near0", Ingress, (FAR6, 1), (NEAR6, 9), UDP)), sum(5, extensions + 5 * 52, 0));
    assert_eq!(recorded.flow(("near0", Ingress, (FAR6, 2), (NEAR6, 9), TCP)), sum(5, extensions + 5 * 60, 2));
    let skips: Vec<_> = recorded.totals.skips.iter().collect();
    for fault in [Fault::Ipv6ExtensionLength, Fault::Ipv6ExtensionCount] {
        assert!(skips.contains(&(Skip::Malformed(fault), 1)), "{skips:?}");
    }
}

pub(crate) fn short_packets_count_without_ports(way: Way) {
    let lab = Lab::new();
    let recording = record(way, &lab.near, &["near0"]);
    let arp = frame([0x08, 0x06], &[&[0; 28]]);
    let wrong_version = frame([0x08, 0x00], &[&[0x65; 40]]);
    let no_header = ipv4(4, UDP, &udp(1));
    // The kernel's own traffic is none of these.
    send_frames(
        &lab.far,
        "far0",
        vec![
            ipv4(5, UDP, &[1, 2, 3]),
            ipv4(5, TCP, &tcp(7, 2)[..12]),
            ipv6(&[], ICMPV6, &[]),
            arp.clone(),
            arp,
            wrong_version,
            no_header,
        ],
    );
    let recorded = recording.stop();
    let sum = |packets, bytes| Sum { packets, bytes, tcp_flags: 0 };
    assert_eq!(recorded.flow(("near0", Ingress, (FAR, 0), (NEAR, 0), UDP)), sum(1, 23));
    // Ports, but no flags.
    assert_eq!(recorded.flow(("near0", Ingress, (FAR, 7), (NEAR, 9), TCP)), sum(1, 32));
    assert_eq!(recorded.flow(("near0", Ingress, (FAR6, 0), (NEAR6, 0), ICMPV6)), sum(1, 40));
    let skips: Vec<_> = recorded.totals.skips.iter().collect();
    for (skip, count) in [
        (Skip::NotIp(0x0806), 2),
        (Skip::Malformed(Fault::IpVersion), 1),
        (Skip::Malformed(Fault::Ipv4HeaderLength), 1),
    ] {
        assert!(skips.contains(&(skip, count)), "{skips:?}");
    }
}
