//! What answers a packet.

use crate::{
    Packet,
    service::{ICMP, ICMPV6, TCP},
};

const SYN: u8 = 2;
const ACK: u8 = 16;

/// The packet that answers one; `None` when nothing does, as for ICMP errors.
pub(super) fn reply_to(packet: &Packet) -> Option<Packet> {
    let icmp = match (packet.protocol, packet.icmp) {
        (ICMP | ICMPV6, icmp) => Some((reply_type(packet.protocol, icmp?.0)?, 0)),
        _ => None,
    };
    Some(Packet {
        source: packet.destination,
        destination: packet.source,
        protocol: packet.protocol,
        source_port: packet.destination_port,
        destination_port: packet.source_port,
        icmp,
    })
}

/// The flags of a TCP packet that opens a connection.
pub(super) const fn opening_flags(packet: &Packet) -> u8 {
    if packet.protocol == TCP { SYN } else { 0 }
}

/// The flags of the TCP packet that answers it.
pub(super) const fn reply_flags(packet: &Packet) -> u8 {
    if packet.protocol == TCP { SYN | ACK } else { 0 }
}

/// Echo, timestamp, information and address mask have replies (RFC 792, 950, 4443).
const fn reply_type(protocol: u8, request: u8) -> Option<u8> {
    match (protocol, request) {
        (ICMP, 8) => Some(0),
        (ICMP, 13 | 15 | 17) => Some(request + 1),
        (ICMPV6, 128) => Some(129),
        _ => None,
    }
}
