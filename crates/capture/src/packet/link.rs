//! From the link layer to the IP header.

use weir_network::Direction;

use super::skip::{Fault, Layer, Skip};

/// What a captured frame starts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LinkType {
    /// Ethernet, with any VLAN tags.
    Ethernet,
    /// The IP header itself, version 4 or 6.
    RawIp,
    /// Linux cooked capture (`tcpdump -i any`), version 1.
    LinuxCooked,
    /// Linux cooked capture, version 2, with the interface index.
    LinuxCooked2,
    /// BSD loopback: four bytes of address family.
    Loopback,
    /// Another one, by libpcap's number; its frames are skipped and counted.
    Other(u16),
}

impl LinkType {
    /// The link type of a number in a pcap or pcapng file (`LINKTYPE_…`; the `DLT_RAW` values 12 and 14 of some systems are
    /// taken as well).
    pub const fn from_pcap(number: u16) -> Self {
        match number {
            0 | 108 => LinkType::Loopback,
            1 => LinkType::Ethernet,
            12 | 14 | 101 | 228 | 229 => LinkType::RawIp,
            113 => LinkType::LinuxCooked,
            276 => LinkType::LinuxCooked2,
            other => LinkType::Other(other),
        }
    }
}

pub(super) enum Version {
    Four,
    Six,
}

/// The IP packet in a frame, and what the link header said about it.
pub(super) struct Payload<'a> {
    pub(super) version: Version,
    pub(super) ip: &'a [u8],
    pub(super) direction: Option<Direction>,
    pub(super) ifindex: Option<u32>,
}

const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;
/// Below this, the field is the length of an IEEE 802.3 frame.
const ETHERTYPE_MIN: u16 = 0x0600;
/// Two tags are common (QinQ), three or four are seen in provider networks.
const VLAN_TAGS_MAX: usize = 8;
const ARPHRD_NETLINK: u16 = 824;

#[inline]
pub(super) fn strip(link: LinkType, frame: &[u8]) -> Result<Payload<'_>, Skip> {
    match link {
        LinkType::Ethernet => {
            let (header, rest) = split::<14>(frame)?;
            ethertype(u16::from_be_bytes([header[12], header[13]]), rest)
        }
        LinkType::RawIp => raw(frame),
        LinkType::LinuxCooked => {
            let (header, rest) = split::<16>(frame)?;
            let payload = cooked(u16::from_be_bytes([header[2], header[3]]), [header[14], header[15]], rest)?;
            Ok(Payload { direction: cooked_direction(u16::from_be_bytes([header[0], header[1]])), ..payload })
        }
        LinkType::LinuxCooked2 => {
            let (header, rest) = split::<20>(frame)?;
            let payload = cooked(u16::from_be_bytes([header[8], header[9]]), [header[0], header[1]], rest)?;
            Ok(Payload {
                direction: cooked_direction(u16::from(header[10])),
                ifindex: Some(u32::from_be_bytes([header[4], header[5], header[6], header[7]])),
                ..payload
            })
        }
        LinkType::Loopback => loopback(frame),
        LinkType::Other(number) => Err(Skip::LinkType(number)),
    }
}

#[inline]
fn ethertype(mut ethertype: u16, mut rest: &[u8]) -> Result<Payload<'_>, Skip> {
    for _ in 0..=VLAN_TAGS_MAX {
        match ethertype {
            ETHERTYPE_IPV4 => return Ok(payload(Version::Four, rest)),
            ETHERTYPE_IPV6 => return Ok(payload(Version::Six, rest)),
            // 802.1Q, 802.1ad, and two numbers in use before 802.1ad.
            0x8100 | 0x88a8 | 0x9100 | 0x9200 => {
                let (tag, after) = split::<4>(rest)?;
                ethertype = u16::from_be_bytes([tag[2], tag[3]]);
                rest = after;
            }
            0..ETHERTYPE_MIN => return Err(Skip::NoEtherType),
            other => return Err(Skip::NotIp(other)),
        }
    }
    Err(Skip::Malformed(Fault::VlanTags))
}

fn cooked(hardware: u16, protocol: [u8; 2], rest: &[u8]) -> Result<Payload<'_>, Skip> {
    // On a netlink monitor the protocol is a netlink family, not an EtherType.
    if hardware == ARPHRD_NETLINK {
        return Err(Skip::NoEtherType);
    }
    ethertype(u16::from_be_bytes(protocol), rest)
}

/// `PACKET_HOST`, `PACKET_BROADCAST` and `PACKET_MULTICAST` came in; `PACKET_OUTGOING` went out; `PACKET_OTHERHOST` may be
/// either.
fn cooked_direction(packet_type: u16) -> Option<Direction> {
    match packet_type {
        0..=2 => Some(Direction::Ingress),
        4 => Some(Direction::Egress),
        _ => None,
    }
}

/// The family is in the byte order of the machine that captured, and IPv6 has another number on every BSD.
fn loopback(frame: &[u8]) -> Result<Payload<'_>, Skip> {
    let (family, rest) = split::<4>(frame)?;
    let family = u32::from_be_bytes(*family).min(u32::from_le_bytes(*family));
    match family {
        2 => Ok(payload(Version::Four, rest)),
        10 | 24 | 28 | 30 => Ok(payload(Version::Six, rest)),
        _ => Err(Skip::NoEtherType),
    }
}

fn raw(frame: &[u8]) -> Result<Payload<'_>, Skip> {
    match frame.first().map(|first| first >> 4) {
        Some(4) => Ok(payload(Version::Four, frame)),
        Some(6) => Ok(payload(Version::Six, frame)),
        Some(_) => Err(Skip::Malformed(Fault::IpVersion)),
        None => Err(Skip::Truncated(Layer::Link)),
    }
}

fn payload(version: Version, ip: &[u8]) -> Payload<'_> {
    Payload { version, ip, direction: None, ifindex: None }
}

fn split<const N: usize>(bytes: &[u8]) -> Result<(&[u8; N], &[u8]), Skip> {
    bytes.split_first_chunk().ok_or(Skip::Truncated(Layer::Link))
}
