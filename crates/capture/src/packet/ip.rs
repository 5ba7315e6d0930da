//! IPv4, IPv6 with its extension headers, and the first bytes of what they carry.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use weir_network::Packet;

use super::skip::{Fault, Layer, Skip};
use super::{Fragment, Parsed};

const HOP_BY_HOP: u8 = 0;
const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const AUTHENTICATION: u8 = 51;
const ICMPV6: u8 = 58;
const DESTINATION_OPTIONS: u8 = 60;
const SCTP: u8 = 132;

const PAD_1: u8 = 0;
const JUMBO_OPTION: u8 = 0xc2;
/// RFC 8200 has each header once and destination options twice; the rest is room for the odd sender.
const EXTENSIONS_MAX: usize = 16;

/// `wire_len`: bytes from the start of `ip` to the end of the frame on the wire.
#[inline]
pub(super) fn v4(ip: &[u8], wire_len: usize) -> Result<Parsed, Skip> {
    let Some(header) = ip.first_chunk::<20>() else {
        return Err(Skip::Truncated(Layer::Ipv4));
    };
    if header[0] >> 4 != 4 {
        return Err(Skip::Malformed(Fault::IpVersion));
    }
    let header_len = usize::from(header[0] & 15) * 4;
    if header_len < 20 {
        return Err(Skip::Malformed(Fault::Ipv4HeaderLength));
    }
    let length = match u16::from_be_bytes([header[2], header[3]]) {
        0 if header[9] == TCP || header[9] == UDP => wire_len,
        length => usize::from(length),
    };
    if length < header_len {
        return Err(Skip::Malformed(Fault::Ipv4TotalLength));
    }
    // Empty when the capture ends in the options: still enough for a packet without ports.
    let transport = ip.get(header_len..).unwrap_or_default();
    let flags_and_offset = u16::from_be_bytes([header[6], header[7]]);
    let id = u32::from(u16::from_be_bytes([header[4], header[5]]));
    let fragment = fragment(flags_and_offset & 0x1fff, flags_and_offset & 0x2000 != 0, id);
    let packet = Packet {
        source: Ipv4Addr::new(header[12], header[13], header[14], header[15]).into(),
        destination: Ipv4Addr::new(header[16], header[17], header[18], header[19]).into(),
        protocol: header[9],
        source_port: 0,
        destination_port: 0,
        icmp: None,
    };
    Transport { captured: transport, length: length - header_len, fragment }.complete(packet, length)
}

/// As [`v4`].
#[inline]
pub(super) fn v6(ip: &[u8], wire_len: usize) -> Result<Parsed, Skip> {
    let Some((header, rest)) = ip.split_first_chunk::<40>() else {
        return Err(Skip::Truncated(Layer::Ipv6));
    };
    if header[0] >> 4 != 6 {
        return Err(Skip::Malformed(Fault::IpVersion));
    }
    let next = header[6];
    let mut jumbo = None;
    let length = match u16::from_be_bytes([header[4], header[5]]) {
        0 if next == TCP || next == UDP => wire_len.saturating_sub(header.len()),
        0 if next == HOP_BY_HOP => {
            jumbo = jumbo_length(rest)?;
            jumbo.unwrap_or(0)
        }
        length => usize::from(length),
    };
    let (protocol, transport) = follow_extensions(next, Transport { captured: rest, length, fragment: None })?;
    let [_, _, _, _, _, _, _, _, addresses @ ..] = header;
    let (source, destination) = addresses.split_at(16);
    let packet = Packet {
        source: address_v6(source),
        destination: address_v6(destination),
        protocol,
        source_port: 0,
        destination_port: 0,
        icmp: None,
    };
    let parsed = transport.complete(packet, header.len() + length)?;
    Ok(Parsed { jumbo: jumbo.is_some(), ..parsed })
}

/// What follows the IP header (and extension headers).
#[derive(Clone, Copy)]
struct Transport<'a> {
    /// What the capture has of it, possibly with the padding of a short Ethernet frame.
    captured: &'a [u8],
    /// Its length on the wire, from the IP header.
    length: usize,
    fragment: Option<Fragment>,
}

impl Transport<'_> {
    /// Reads ports, flags, type and code as far as the packet has them.
    #[inline]
    fn complete(self, mut packet: Packet, bytes: usize) -> Result<Parsed, Skip> {
        let mut tcp_flags = 0;
        let mut header_len = 0;
        if self.fragment.is_none_or(|fragment| fragment.first) {
            match packet.protocol {
                TCP => {
                    self.ports(&mut packet)?;
                    if let Some(header) = self.start::<14>()? {
                        tcp_flags = header[13];
                        header_len = usize::from(header[12] >> 4) * 4;
                    }
                }
                UDP => {
                    self.ports(&mut packet)?;
                    header_len = 8;
                }
                SCTP => {
                    self.ports(&mut packet)?;
                    header_len = 12;
                }
                ICMP | ICMPV6 => packet.icmp = self.start::<2>()?.map(|&[kind, code]| (kind, code)),
                _ => {}
            }
        }
        let headers = bytes - self.length + header_len.min(self.length);
        Ok(Parsed {
            packet,
            tcp_flags,
            bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
            header_bytes: u16::try_from(headers).unwrap_or(u16::MAX),
            jumbo: false,
            fragment: self.fragment,
            direction: None,
            ifindex: None,
        })
    }

    fn ports(&self, packet: &mut Packet) -> Result<(), Skip> {
        if let Some(&[s0, s1, d0, d1]) = self.start::<4>()? {
            packet.source_port = u16::from_be_bytes([s0, s1]);
            packet.destination_port = u16::from_be_bytes([d0, d1]);
        }
        Ok(())
    }

    /// The first `N` bytes; `None` when the packet itself is shorter.
    fn start<const N: usize>(&self) -> Result<Option<&[u8; N]>, Skip> {
        if self.length < N {
            return Ok(None);
        }
        self.captured.first_chunk().map(Some).ok_or(Skip::Truncated(Layer::Transport))
    }
}

/// Walks to the first header that is no extension header, or to the contents of a later fragment. Gives its protocol
/// number.
fn follow_extensions(mut next: u8, mut transport: Transport<'_>) -> Result<(u8, Transport<'_>), Skip> {
    for _ in 0..=EXTENSIONS_MAX {
        if !matches!(next, HOP_BY_HOP | ROUTING | DESTINATION_OPTIONS | AUTHENTICATION | FRAGMENT) {
            return Ok((next, transport));
        }
        if transport.length < 8 {
            return Err(Skip::Malformed(Fault::Ipv6ExtensionLength));
        }
        let Some(&[following, size]) = transport.captured.first_chunk() else {
            return Err(Skip::Truncated(Layer::Ipv6Extension));
        };
        let length = match next {
            FRAGMENT => 8,
            AUTHENTICATION => (usize::from(size) + 2) * 4,
            _ => (usize::from(size) + 1) * 8,
        };
        if length > transport.length {
            return Err(Skip::Malformed(Fault::Ipv6ExtensionLength));
        }
        if next == FRAGMENT {
            let Some(&[_, _, o0, o1, i0, i1, i2, i3]) = transport.captured.first_chunk() else {
                return Err(Skip::Truncated(Layer::Ipv6Extension));
            };
            let offset = u16::from_be_bytes([o0, o1]);
            transport.fragment = fragment(offset >> 3, offset & 1 != 0, u32::from_be_bytes([i0, i1, i2, i3]));
        }
        transport.captured = transport.captured.get(length..).unwrap_or_default();
        transport.length -= length;
        next = following;
        if transport.fragment.is_some_and(|fragment| !fragment.first) {
            return Ok((next, transport));
        }
    }
    Err(Skip::Malformed(Fault::Ipv6ExtensionCount))
}

/// `None` for a whole packet, also for one that has a fragment header around all of it (RFC 6946).
fn fragment(offset: u16, more: bool, id: u32) -> Option<Fragment> {
    (offset != 0 || more).then_some(Fragment { id, first: offset == 0 })
}

/// The payload length in a hop-by-hop header, if it has a jumbo payload option (RFC 2675).
fn jumbo_length(header: &[u8]) -> Result<Option<usize>, Skip> {
    let cut = Skip::Truncated(Layer::Ipv6Extension);
    let length = (usize::from(*header.get(1).ok_or(cut)?) + 1) * 8;
    let is_cut = header.len() < length;
    let mut options = &header[2..length.min(header.len())];
    loop {
        options = match *options {
            [PAD_1, ref rest @ ..] => rest,
            [JUMBO_OPTION, 4, a, b, c, d, ..] => return Ok(usize::try_from(u32::from_be_bytes([a, b, c, d])).ok()),
            [_, length, ref rest @ ..] if usize::from(length) <= rest.len() => &rest[usize::from(length)..],
            _ if is_cut => return Err(cut),
            _ => return Ok(None),
        }
    }
}

fn address_v6(bytes: &[u8]) -> IpAddr {
    let mut octets = [0; 16];
    octets.copy_from_slice(bytes);
    Ipv6Addr::from(octets).into()
}
