//! Packets from the builder of the crate etherparse, which shares no code with this one, and noise.

use std::net::IpAddr;

use etherparse::{
    IpAuthHeader, IpFragOffset, IpHeaders, IpNumber, Ipv4Header, Ipv4Options, Ipv6Extensions, Ipv6FragmentHeader,
    Ipv6Header, Ipv6RawExtHeader, Ipv6RoutingExtensions, LinuxSllPacketType, PacketBuilder, TcpHeader, VlanId,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::packet::{Fragment, LinkType, Parsed, Skip, parse, parse_cut};

#[derive(Debug, Clone, Copy)]
enum Link {
    Ethernet { vlans: u8 },
    Cooked { kind: u16 },
    Raw,
}

#[derive(Debug, Clone)]
enum Ip {
    Four { source: [u8; 4], destination: [u8; 4], options: usize },
    Six { source: [u8; 16], destination: [u8; 16], extensions: Extensions },
}

/// Length of each header that there is, in steps of 8 bytes (AH: 4) beyond the shortest.
#[derive(Debug, Clone)]
struct Extensions {
    hop_by_hop: Option<usize>,
    destination: Option<usize>,
    routing: Option<usize>,
    final_destination: Option<usize>,
    authentication: Option<usize>,
}

#[derive(Debug, Clone, Copy)]
enum Transport {
    Tcp { ports: (u16, u16), flags: u8, options: usize },
    Udp { ports: (u16, u16) },
    Icmp { kind: u8, code: u8 },
    Other { protocol: u8 },
}

#[derive(Debug, Clone)]
struct Built {
    link: Link,
    ip: Ip,
    transport: Transport,
    /// Identification, offset in 8 bytes, more fragments.
    fragment: Option<(u16, u16, bool)>,
    payload: Vec<u8>,
}

fn built() -> impl Strategy<Value = Built> {
    let link = prop_oneof![
        (0_u8..3).prop_map(|vlans| Link::Ethernet { vlans }),
        (0_u16..5).prop_map(|kind| Link::Cooked { kind }),
        Just(Link::Raw),
    ];
    let length = || option::of(0_usize..4);
    let extensions = (length(), length(), length(), length(), length()).prop_map(
        |(hop_by_hop, destination, routing, final_destination, authentication)| Extensions {
            hop_by_hop,
            destination,
            routing,
            final_destination,
            authentication,
        },
    );
    let ip = prop_oneof![
        (any::<[u8; 4]>(), any::<[u8; 4]>(), 0_usize..=10).prop_map(|(source, destination, options)| Ip::Four {
            source,
            destination,
            options
        }),
        (any::<[u8; 16]>(), any::<[u8; 16]>(), extensions).prop_map(|(source, destination, extensions)| Ip::Six {
            source,
            destination,
            extensions
        }),
    ];
    let ports = || any::<(u16, u16)>();
    let transport = prop_oneof![
        (ports(), any::<u8>(), 0_usize..=10).prop_map(|(ports, flags, options)| Transport::Tcp {
            ports,
            flags,
            options
        }),
        ports().prop_map(|ports| Transport::Udp { ports }),
        any::<(u8, u8)>().prop_map(|(kind, code)| Transport::Icmp { kind, code }),
        prop_oneof![Just(47_u8), Just(50), Just(89), Just(253)].prop_map(|protocol| Transport::Other { protocol }),
    ];
    let fragment = option::of((any::<u16>(), 0_u16..=0x1fff, any::<bool>()));
    (link, ip, transport, fragment, vec(any::<u8>(), 0..200))
        .prop_map(|(link, ip, transport, fragment, payload)| Built { link, ip, transport, fragment, payload })
}

impl Built {
    fn frame(&self) -> (LinkType, Vec<u8>) {
        let mut frame = Vec::new();
        let (protocol, segment) = self.segment();
        let ethernet = || PacketBuilder::ethernet2([2; 6], [4; 6]);
        let vlan = |id: u16| VlanId::try_from(id).unwrap();
        let (link, step) = match self.link {
            Link::Ethernet { vlans: 0 } => (LinkType::Ethernet, ethernet().ip(self.ip_headers())),
            Link::Ethernet { vlans: 1 } => (LinkType::Ethernet, ethernet().single_vlan(vlan(7)).ip(self.ip_headers())),
            Link::Ethernet { .. } => {
                (LinkType::Ethernet, ethernet().double_vlan(vlan(7), vlan(4094)).ip(self.ip_headers()))
            }
            Link::Cooked { kind } => {
                let kind = LinuxSllPacketType::try_from(kind).unwrap();
                (LinkType::LinuxCooked, PacketBuilder::linux_sll(kind, 6, [2; 8]).ip(self.ip_headers()))
            }
            Link::Raw => (LinkType::RawIp, PacketBuilder::ip(self.ip_headers())),
        };
        step.write(&mut frame, IpNumber(protocol), &segment).unwrap();
        (link, frame)
    }

    /// Protocol number, and transport header with payload.
    fn segment(&self) -> (u8, Vec<u8>) {
        let icmp = if matches!(self.ip, Ip::Four { .. }) { 1 } else { 58 };
        let (protocol, header) = match self.transport {
            Transport::Tcp { ports, flags, options } => {
                let mut header = TcpHeader::new(ports.0, ports.1, 1, 2);
                header.set_options_raw(&[1; 40][..options * 4]).unwrap();
                let mut bytes = header.to_bytes().to_vec();
                bytes[13] = flags;
                (6, bytes)
            }
            Transport::Udp { ports } => (17, [ports.0.to_be_bytes(), ports.1.to_be_bytes(), [0, 8], [0, 0]].concat()),
            Transport::Icmp { kind, code } => (icmp, vec![kind, code, 0, 0, 0, 0, 0, 0]),
            Transport::Other { protocol } => (protocol, vec![0xab; 8]),
        };
        (protocol, [header, self.payload.clone()].concat())
    }

    fn ip_headers(&self) -> IpHeaders {
        match &self.ip {
            Ip::Four { source, destination, options } => {
                let (id, offset, more) = self.fragment.unwrap_or_default();
                let header = Ipv4Header {
                    identification: id,
                    fragment_offset: IpFragOffset::try_new(offset).unwrap(),
                    more_fragments: more,
                    source: *source,
                    destination: *destination,
                    options: Ipv4Options::try_from(&[1_u8; 40][..options * 4]).unwrap(),
                    ..Ipv4Header::default()
                };
                IpHeaders::Ipv4(header, Default::default())
            }
            Ip::Six { source, destination, extensions } => {
                let header = Ipv6Header { source: *source, destination: *destination, ..Ipv6Header::default() };
                IpHeaders::Ipv6(header, self.extensions(extensions))
            }
        }
    }

    fn extensions(&self, wanted: &Extensions) -> Ipv6Extensions {
        let raw = |steps: usize| Ipv6RawExtHeader::new_raw(IpNumber(0), &vec![0; 6 + 8 * steps]).unwrap();
        Ipv6Extensions {
            hop_by_hop_options: wanted.hop_by_hop.map(raw),
            destination_options: wanted.destination.map(raw),
            routing: wanted.routing.map(|steps| Ipv6RoutingExtensions {
                routing: raw(steps),
                final_destination_options: wanted.final_destination.map(raw),
            }),
            fragment: self.fragment.map(|(id, offset, more)| {
                Ipv6FragmentHeader::new(IpNumber(0), IpFragOffset::try_new(offset).unwrap(), more, u32::from(id))
            }),
            auth: wanted.authentication.map(|steps| {
                // In IPv6 the header is a multiple of 8 bytes.
                IpAuthHeader::new(IpNumber(0), 1, 2, &vec![0; 4 + 8 * steps]).unwrap()
            }),
        }
    }

    fn link_len(&self) -> usize {
        match self.link {
            Link::Ethernet { vlans } => 14 + 4 * usize::from(vlans),
            Link::Cooked { .. } => 16,
            Link::Raw => 0,
        }
    }

    fn expected_fragment(&self) -> Option<Fragment> {
        let (id, offset, more) = self.fragment?;
        (offset != 0 || more).then_some(Fragment { id: u32::from(id), first: offset == 0 })
    }
}

fn check(built: &Built, parsed: &Parsed, frame: &[u8]) -> Result<(), TestCaseError> {
    let packet = parsed.packet;
    let (source, destination): (IpAddr, IpAddr) = match &built.ip {
        Ip::Four { source, destination, .. } => ((*source).into(), (*destination).into()),
        Ip::Six { source, destination, .. } => ((*source).into(), (*destination).into()),
    };
    prop_assert_eq!((packet.source, packet.destination), (source, destination));
    prop_assert_eq!(parsed.bytes as usize, frame.len() - built.link_len());
    prop_assert_eq!(parsed.fragment, built.expected_fragment());
    if parsed.fragment.is_some_and(|fragment| !fragment.first) {
        prop_assert_eq!((packet.source_port, packet.destination_port, packet.icmp), (0, 0, None));
        return Ok(());
    }
    let (protocol, segment) = built.segment();
    prop_assert_eq!(packet.protocol, protocol);
    let (ports, icmp, flags, header) = match built.transport {
        Transport::Tcp { ports, flags, options } => (ports, None, flags, 20 + 4 * options),
        Transport::Udp { ports } => (ports, None, 0, 8),
        Transport::Icmp { kind, code } => ((0, 0), Some((kind, code)), 0, 0),
        Transport::Other { .. } => ((0, 0), None, 0, 0),
    };
    prop_assert_eq!((packet.source_port, packet.destination_port), ports);
    prop_assert_eq!((packet.icmp, parsed.tcp_flags), (icmp, flags));
    prop_assert_eq!(usize::from(parsed.header_bytes), parsed.bytes as usize - segment.len() + header);
    Ok(())
}

/// A frame that the capture cut gives what the whole frame gives, or says that it is cut.
fn check_cuts(link: LinkType, frame: &[u8]) -> Result<(), TestCaseError> {
    let whole = parse(link, frame);
    for cut in 0..frame.len() {
        let parsed = parse_cut(link, &frame[..cut], frame.len());
        prop_assert!(parsed == whole || matches!(parsed, Err(Skip::Truncated(_))), "cut at {}: {:?}", cut, parsed);
    }
    Ok(())
}

proptest! {
    #[test]
    fn what_was_built_is_what_is_parsed(built in built()) {
        let (link, frame) = built.frame();
        let parsed = parse(link, &frame);
        prop_assert!(parsed.is_ok(), "{:?}", parsed);
        check(&built, &parsed.unwrap(), &frame)?;
    }

    #[test]
    fn a_cut_changes_nothing_but_says_so(built in built()) {
        let (link, frame) = built.frame();
        check_cuts(link, &frame)?;
    }

    #[test]
    fn noise_never_panics(number in 0_u16..300, start in any::<u8>(), noise in vec(any::<u8>(), 0..120)) {
        check_cuts(LinkType::from_pcap(number), &noise)?;
        for version in [0x40, 0x60] {
            let first = [version | start & 15];
            check_cuts(LinkType::RawIp, &[&first[..], &noise].concat())?;
        }
    }

    #[test]
    fn damage_never_panics(built in built(), at in any::<prop::sample::Index>(), value in any::<u8>()) {
        let (link, mut frame) = built.frame();
        let at = at.index(frame.len());
        frame[at] = value;
        check_cuts(link, &frame)?;
    }
}
