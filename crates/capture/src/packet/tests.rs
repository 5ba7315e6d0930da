//! Frames made by hand, one case each; frames from another library's builder are in `built`.

mod built;

use std::net::IpAddr;

use super::*;

const TCP: u8 = 6;
const UDP: u8 = 17;
/// Ports 49152 and 443, then a header with SYN and ECE set.
const TCP_HEADER: &[u8] = &[0xc0, 0, 1, 0xbb, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 0x42, 0xff, 0xff, 0, 0, 0, 0];
/// Ports 5353 and 53, length 8.
const UDP_HEADER: &[u8] = &[0x14, 0xe9, 0, 53, 0, 8, 0, 0];

fn ethernet(ethertype: u16, payload: &[u8]) -> Vec<u8> {
    [&[0xff; 6], &[2, 0, 0, 0, 0, 1][..], &ethertype.to_be_bytes(), payload].concat()
}

/// From 10.0.0.1 to 10.0.0.2, with `options` (a multiple of 4 bytes) and the raw flags and offset.
fn ipv4_with(protocol: u8, id: u16, flags_and_offset: u16, options: &[u8], payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(20 + options.len() + payload.len()).unwrap().to_be_bytes();
    let [id, flags] = [id.to_be_bytes(), flags_and_offset.to_be_bytes()];
    let first = 0x45 + u8::try_from(options.len() / 4).unwrap();
    let start = [first, 0, length[0], length[1], id[0], id[1], flags[0], flags[1], 64, protocol, 0, 0];
    [&start[..], &[10, 0, 0, 1, 10, 0, 0, 2], options, payload].concat()
}

fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    ipv4_with(protocol, 0, 0x4000, &[], payload)
}

/// From 2001:db8::1 to 2001:db8::2.
fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
    let start = [0x60, 0, 0, 0, length[0], length[1], next, 64];
    let address = |last| [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last];
    [&start[..], &address(1), &address(2), payload].concat()
}

/// Source, destination, protocol, ports.
fn tuple(parsed: &Parsed) -> (String, String, u8, u16, u16) {
    let packet = &parsed.packet;
    let text = |address: IpAddr| address.to_string();
    (text(packet.source), text(packet.destination), packet.protocol, packet.source_port, packet.destination_port)
}

fn raw(packet: &[u8]) -> Result<Parsed, Skip> {
    parse(LinkType::RawIp, packet)
}

#[test]
fn tcp_over_ipv4_on_ethernet() {
    let frame = ethernet(0x0800, &ipv4(TCP, &[TCP_HEADER, b"hello"].concat()));
    let parsed = parse(LinkType::Ethernet, &frame).unwrap();
    assert_eq!(tuple(&parsed), ("10.0.0.1".into(), "10.0.0.2".into(), TCP, 49152, 443));
    assert_eq!((parsed.tcp_flags, parsed.bytes, parsed.header_bytes), (0x42, 45, 40));
    assert_eq!((parsed.fragment, parsed.direction, parsed.ifindex), (None, None, None));
}

#[test]
fn the_padding_of_a_short_frame_is_not_counted() {
    let mut frame = ethernet(0x0800, &ipv4(UDP, UDP_HEADER));
    frame.resize(60, 0xee);
    assert_eq!(parse(LinkType::Ethernet, &frame).unwrap().bytes, 28);
}

#[test]
fn vlan_tags_in_any_number_up_to_eight() {
    let packet = ipv4(UDP, UDP_HEADER);
    for tags in 0..=9 {
        let mut frame = packet.clone();
        let mut ethertype = 0x0800_u16;
        for tag in 0..tags {
            frame = [&[0, 7], &ethertype.to_be_bytes()[..], &frame].concat();
            ethertype = [0x8100, 0x88a8, 0x9100, 0x9200][tag % 4];
        }
        let parsed = parse(LinkType::Ethernet, &ethernet(ethertype, &frame));
        match tags {
            9 => assert_eq!(parsed, Err(Skip::Malformed(Fault::VlanTags))),
            _ => assert_eq!(parsed.map(|parsed| parsed.packet.source_port), Ok(5353), "{tags} tags"),
        }
    }
}

#[test]
fn linux_cooked_captures_tell_direction_and_interface() {
    let packet = ipv6(UDP, UDP_HEADER);
    let address = [6, 2, 0, 0, 0, 0, 1, 0, 0];
    let directions =
        [(0, Some(Direction::Ingress)), (1, Some(Direction::Ingress)), (3, None), (4, Some(Direction::Egress))];
    for (kind, direction) in directions {
        let frame = [&[0, kind, 0, 1, 0][..], &address, &[0x86, 0xdd], &packet].concat();
        let parsed = parse(LinkType::LinuxCooked, &frame).unwrap();
        assert_eq!((parsed.packet.source_port, parsed.direction, parsed.ifindex), (5353, direction, None));

        let frame = [&[0x86, 0xdd, 0, 0, 0, 0, 1, 2, 0, 1, kind][..], &address, &packet].concat();
        let parsed = parse(LinkType::LinuxCooked2, &frame).unwrap();
        assert_eq!((parsed.packet.source_port, parsed.direction, parsed.ifindex), (5353, direction, Some(258)));
    }
    let tagged = [&[0, 0, 0, 1, 0][..], &address, &[0x81, 0, 0, 5, 0x86, 0xdd], &packet].concat();
    assert_eq!(parse(LinkType::LinuxCooked, &tagged).unwrap().packet.source_port, 5353);
    let netlink = [&[0, 4, 3, 56, 0][..], &address, &[8, 0], &packet].concat();
    assert_eq!(parse(LinkType::LinuxCooked, &netlink), Err(Skip::NoEtherType));
}

#[test]
fn loopback_in_either_byte_order() {
    for (family, packet) in [(2_u32, ipv4(UDP, UDP_HEADER)), (24, ipv6(UDP, UDP_HEADER)), (30, ipv6(UDP, UDP_HEADER))] {
        for family in [family.to_be_bytes(), family.to_le_bytes()] {
            let parsed = parse(LinkType::Loopback, &[&family[..], &packet].concat()).unwrap();
            assert_eq!(parsed.packet.destination_port, 53);
        }
    }
    assert_eq!(parse(LinkType::Loopback, &[7, 0, 0, 0, 0x45]), Err(Skip::NoEtherType));
}

#[test]
fn what_is_not_ip_says_what_it_is() {
    let skip = |frame: &[u8]| parse(LinkType::Ethernet, frame).unwrap_err();
    assert_eq!(skip(&ethernet(0x0806, &[0; 28])), Skip::NotIp(0x0806));
    assert_eq!(skip(&ethernet(0x0026, &[0x42; 38])), Skip::NoEtherType);
    assert_eq!(parse(LinkType::from_pcap(105), &[0; 64]), Err(Skip::LinkType(105)));
    assert_eq!(raw(&[0x50; 64]), Err(Skip::Malformed(Fault::IpVersion)));
    assert_eq!(skip(&ethernet(0x0800, &ipv6(UDP, UDP_HEADER))), Skip::Malformed(Fault::IpVersion));
    assert_eq!(skip(&ethernet(0x86dd, &ipv4(UDP, &[0; 60]))), Skip::Malformed(Fault::IpVersion));
}

#[test]
fn ipv4_options_are_stepped_over() {
    let parsed = raw(&ipv4_with(UDP, 0, 0, &[0x94, 4, 0, 0, 1, 1, 1, 0], UDP_HEADER)).unwrap();
    assert_eq!((parsed.packet.source_port, parsed.bytes, parsed.header_bytes), (5353, 36, 36));
}

#[test]
fn ipv4_lengths_that_contradict_themselves() {
    let mut packet = ipv4(UDP, UDP_HEADER);
    packet[0] = 0x44;
    assert_eq!(raw(&packet), Err(Skip::Malformed(Fault::Ipv4HeaderLength)));
    packet[0] = 0x46;
    packet[3] = 20;
    assert_eq!(raw(&packet), Err(Skip::Malformed(Fault::Ipv4TotalLength)));
}

#[test]
fn a_zero_length_means_up_to_the_end_of_the_frame() {
    let mut packet = ipv4(TCP, &[TCP_HEADER, &[0; 100]].concat());
    packet[2..4].fill(0);
    assert_eq!(raw(&packet).unwrap().bytes, 140);
    let frame = ethernet(0x0800, &packet);
    assert_eq!(parse_cut(LinkType::Ethernet, &frame[..60], 14 + 150_000).unwrap().bytes, 150_000);

    let mut packet = ipv6(TCP, &[TCP_HEADER, &[0; 100]].concat());
    packet[4..6].fill(0);
    assert_eq!(parse_cut(LinkType::RawIp, &packet, 150_000).unwrap().bytes, 150_000);

    // No other packet is handed to a card for cutting up.
    let mut other = ipv4(50, &[0; 40]);
    other[2..4].fill(0);
    assert_eq!(raw(&other), Err(Skip::Malformed(Fault::Ipv4TotalLength)));
    let mut nothing = ethernet(0x86dd, &ipv6(59, &[]));
    nothing.resize(60, 0);
    assert_eq!(parse(LinkType::Ethernet, &nothing).unwrap().bytes, 40, "no next header, only padding");
}

#[test]
fn jumbo_payload_option() {
    let options = [TCP, 0, 0xc2, 4, 0, 2, 0, 0];
    let mut packet = ipv6(0, &[&options, TCP_HEADER].concat());
    packet[4..6].fill(0);
    let parsed = raw(&packet).unwrap();
    assert_eq!((parsed.packet.protocol, parsed.bytes, parsed.header_bytes, parsed.jumbo), (TCP, 131_112, 68, true));
    for cut in 0..packet.len() {
        let parsed = parse_cut(LinkType::RawIp, &packet[..cut], packet.len());
        assert!(parsed == raw(&packet) || matches!(parsed, Err(Skip::Truncated(_))), "cut at {cut}: {parsed:?}");
    }
    // 131,072 bytes of payload length are 8 of option, 20 of TCP header and 131,044 of data.
    assert_eq!(parsed.on_the_wire(1448), (91, 131_044 + 91 * 60));
}

#[test]
fn ipv6_extension_headers_are_followed() {
    let hop_by_hop = [60, 0, 1, 4, 0, 0, 0, 0];
    let destination = [43, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let routing = [51, 0, 4, 0, 0, 0, 0, 0];
    let authentication = [44, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let whole_in_a_fragment_header = [TCP, 0, 0, 0, 0, 0, 0, 9];
    let payload =
        [&hop_by_hop[..], &destination, &routing, &authentication, &whole_in_a_fragment_header, TCP_HEADER].concat();
    let parsed = raw(&ipv6(0, &payload)).unwrap();
    assert_eq!(tuple(&parsed), ("2001:db8::1".into(), "2001:db8::2".into(), TCP, 49152, 443));
    assert_eq!((parsed.bytes, parsed.header_bytes, parsed.fragment), (124, 124, None));
}

#[test]
fn ipv6_extension_headers_have_bounds() {
    let count = |headers: usize| {
        let last = [UDP, 0, 1, 4, 0, 0, 0, 0];
        raw(&ipv6(60, &[[60, 0, 1, 4, 0, 0, 0, 0].repeat(headers - 1).as_slice(), &last, UDP_HEADER].concat()))
    };
    assert_eq!(count(16).map(|parsed| parsed.packet.source_port), Ok(5353));
    assert_eq!(count(17), Err(Skip::Malformed(Fault::Ipv6ExtensionCount)));
    let beyond = raw(&ipv6(60, &[UDP, 9, 1, 4, 0, 0, 0, 0]));
    assert_eq!(beyond, Err(Skip::Malformed(Fault::Ipv6ExtensionLength)));
    assert_eq!(raw(&ipv6(60, &[])), Err(Skip::Malformed(Fault::Ipv6ExtensionLength)));
    assert_eq!(raw(&ipv6(60, &[UDP, 0])), Err(Skip::Malformed(Fault::Ipv6ExtensionLength)));
}

#[test]
fn icmp_has_type_and_code_and_no_ports() {
    for packet in [ipv4(1, &[3, 13, 0, 0, 0, 0, 0, 0]), ipv6(58, &[3, 13, 0, 0, 0, 0, 0, 0])] {
        let parsed = raw(&packet).unwrap();
        assert_eq!(parsed.packet.icmp, Some((3, 13)));
        assert_eq!((parsed.packet.source_port, parsed.packet.destination_port, parsed.tcp_flags), (0, 0, 0));
    }
}

#[test]
fn sctp_has_ports_and_other_protocols_have_none() {
    let sctp = raw(&ipv4(132, &[0x0b, 0x80, 0x0b, 0x81, 0, 0, 0, 1, 0, 0, 0, 0])).unwrap();
    assert_eq!((sctp.packet.source_port, sctp.packet.destination_port, sctp.header_bytes), (2944, 2945, 32));
    // ESP, GRE, AH in IPv4, OSPF, IPv4 in IPv4, and a number nobody has.
    for protocol in [50, 47, 51, 89, 4, 253] {
        let parsed = raw(&ipv4(protocol, &[0x45; 40])).unwrap();
        assert_eq!((parsed.packet.protocol, parsed.packet.source_port, parsed.bytes), (protocol, 0, 60));
        assert_eq!(parsed.packet.icmp, None);
    }
    for protocol in [50, 47, 59, 89, 135, 253] {
        let parsed = raw(&ipv6(protocol, &[1; 12])).unwrap();
        assert_eq!((parsed.packet.protocol, parsed.packet.source_port, parsed.bytes), (protocol, 0, 52));
    }
}

#[test]
fn a_packet_too_short_for_its_ports_is_counted_without_them() {
    let parsed = raw(&ipv4(TCP, &[0xc0, 0])).unwrap();
    assert_eq!((parsed.packet.source_port, parsed.bytes), (0, 22));
    let parsed = raw(&ipv4(TCP, &TCP_HEADER[..8])).unwrap();
    assert_eq!((parsed.packet.source_port, parsed.tcp_flags, parsed.bytes), (49152, 0, 28));
    assert_eq!(raw(&ipv4(1, &[8])).unwrap().packet.icmp, None);
    // The same bytes, but the capture is what is short.
    let whole = ipv4(TCP, TCP_HEADER);
    assert_eq!(raw(&whole[..28]), Err(Skip::Truncated(Layer::Transport)));
}

#[test]
fn a_capture_may_end_where_nothing_more_is_wanted() {
    let options = [1; 12];
    let later = ipv4_with(UDP, 7, 0x2001, &options, &[0; 100]);
    assert_eq!(raw(&later[..20]), raw(&later));
    let with_ports = ipv4_with(UDP, 7, 0, &options, UDP_HEADER);
    assert_eq!(raw(&with_ports[..36]), raw(&with_ports));
    assert_eq!(raw(&with_ports[..35]), Err(Skip::Truncated(Layer::Transport)));
    let esp_behind_options = ipv6(60, &[50, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 9, 9, 9]);
    assert_eq!(raw(&esp_behind_options[..42]), raw(&esp_behind_options));
    assert_eq!(raw(&esp_behind_options[..41]), Err(Skip::Truncated(Layer::Ipv6Extension)));
}

#[test]
fn ipv4_fragments() {
    let first = raw(&ipv4_with(UDP, 77, 0x2000, &[], &[UDP_HEADER, &[0; 8]].concat())).unwrap();
    assert_eq!(first.fragment, Some(Fragment { id: 77, first: true }));
    assert_eq!((first.packet.source_port, first.bytes), (5353, 36));
    let later = raw(&ipv4_with(UDP, 77, 0x2002, &[], UDP_HEADER)).unwrap();
    assert_eq!(later.fragment, Some(Fragment { id: 77, first: false }));
    assert_eq!((later.packet.source_port, later.bytes, later.header_bytes), (0, 28, 20));
    let last = raw(&ipv4_with(UDP, 77, 0x0003, &[], &[1])).unwrap();
    assert_eq!(last.fragment, Some(Fragment { id: 77, first: false }));
}

#[test]
fn ipv6_fragments() {
    let fragment = |offset_and_more: u8| [UDP, 0, 0, offset_and_more, 0, 1, 0, 0];
    let first = raw(&ipv6(44, &[&fragment(1), UDP_HEADER].concat())).unwrap();
    assert_eq!(first.fragment, Some(Fragment { id: 65536, first: true }));
    assert_eq!((first.packet.protocol, first.packet.source_port, first.bytes), (UDP, 5353, 56));
    let later = raw(&ipv6(44, &[&fragment(9), UDP_HEADER].concat())).unwrap();
    assert_eq!(later.fragment, Some(Fragment { id: 65536, first: false }));
    assert_eq!((later.packet.protocol, later.packet.source_port, later.bytes), (UDP, 0, 56));
    // What follows a later fragment's header is data, even if the number is that of an extension header.
    let later = raw(&ipv6(44, &[&[60, 0, 0, 9, 0, 1, 0, 0], &[0xff; 8][..]].concat())).unwrap();
    assert_eq!((later.packet.protocol, later.bytes), (60, 56));
}

#[test]
fn segments_of_a_packet_that_the_card_cuts_up() {
    let parsed = raw(&ipv4(TCP, &[TCP_HEADER, &[0; 3000]].concat())).unwrap();
    assert_eq!(parsed.on_the_wire(0), (1, 3040));
    assert_eq!(parsed.on_the_wire(1448), (3, 3000 + 3 * 40));
    assert_eq!(parsed.on_the_wire(1500), (2, 3000 + 2 * 40));
    let acknowledgement = raw(&ipv4(TCP, TCP_HEADER)).unwrap();
    assert_eq!(acknowledgement.on_the_wire(1448), (1, 40));
    let udp = raw(&ipv6(UDP, &[UDP_HEADER, &[0; 100]].concat())).unwrap();
    assert_eq!(udp.on_the_wire(60), (2, 100 + 2 * 48));
}

#[test]
fn skips_are_counted_and_told() {
    let mut skips = Skips::default();
    assert_eq!(skips.to_string(), "");
    skips.add(Skip::Truncated(Layer::Transport));
    skips.add(Skip::NotIp(0x0806));
    let mut more = Skips::default();
    more.add(Skip::NotIp(0x0806));
    more.add(Skip::LinkType(105));
    skips.merge(&more);
    assert_eq!((skips.total(), skips.lost()), (4, 2));
    assert_eq!(
        skips.to_string(),
        "1 link type 105 is not supported, 2 not IP: EtherType 0x0806 (ARP), 1 cut short in the transport header"
    );
}
