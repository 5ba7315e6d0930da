//! A captured frame taken apart: what a flow log counts of it, or why it is not counted.
//!
//! Only headers are read, and every length comes from a header, so a frame that the capture cut short
//! (`tcpdump -s 96`) gives the same result as the whole frame. A valid IP header is enough to count a packet: when the
//! packet itself, not the capture, is too short for its ports, the ports are 0.

mod ip;
mod link;
mod skip;
#[cfg(test)]
mod tests;

use weir_network::{Direction, Packet};

pub use link::LinkType;
pub use skip::{Fault, Layer, Skip, Skips};

/// What a flow log wants to know of one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parsed {
    /// Addresses, protocol, ports, ICMP type and code. A later fragment has ports 0 and no ICMP type until
    /// [`Fragments::file`](crate::fragment::Fragments::file) fills them in.
    pub packet: Packet,
    /// Byte 13 of the TCP header (FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128); 0 when not TCP.
    pub tcp_flags: u8,
    /// Length of the IP packet, IP header included.
    pub bytes: u32,
    /// How many of `bytes` are IP header, extension headers and the header of TCP, UDP or SCTP: what every segment
    /// of a packet repeats that the network card is going to cut up.
    pub header_bytes: u16,
    /// The length came from a jumbo payload option (RFC 2675), which Linux puts in front of TCP segments over
    /// 64 KiB that it hands to the network card; the option is never sent.
    pub jumbo: bool,
    /// Set for one piece of a fragmented packet.
    pub fragment: Option<Fragment>,
    /// Direction, where the frame itself says it (Linux cooked captures).
    pub direction: Option<Direction>,
    /// Interface index, where the frame itself says it (Linux cooked captures, version 2).
    pub ifindex: Option<u32>,
}

/// Where a fragment belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fragment {
    /// Identification: 16 bits in IPv4, 32 bits in IPv6.
    pub id: u32,
    /// It starts at offset 0 and so carries the ports.
    pub first: bool,
}

impl Parsed {
    /// A packet that is no fragment and says nothing of its interface.
    pub fn whole(packet: Packet, tcp_flags: u8, bytes: u32) -> Self {
        Parsed {
            packet,
            tcp_flags,
            bytes,
            header_bytes: 0,
            jumbo: false,
            fragment: None,
            direction: None,
            ifindex: None,
        }
    }

    /// Packets and bytes on the wire, IP headers included, after the network card has cut this packet into segments
    /// of at most `segment_payload` bytes after the headers (`gso_size`). 0 means that it is sent as it is.
    pub fn on_the_wire(&self, segment_payload: u16) -> (u64, u64) {
        const JUMBO_HEADER: u64 = 8;
        let headers = u64::from(self.header_bytes);
        let payload = u64::from(self.bytes).saturating_sub(headers);
        if segment_payload == 0 || payload == 0 {
            return (1, u64::from(self.bytes));
        }
        let segments = payload.div_ceil(u64::from(segment_payload));
        let headers = if self.jumbo { headers.saturating_sub(JUMBO_HEADER) } else { headers };
        (segments, payload + segments * headers)
    }
}

/// Takes apart a frame that was captured whole, or whose length on the wire is unknown.
pub fn parse(link: LinkType, frame: &[u8]) -> Result<Parsed, Skip> {
    parse_cut(link, frame, frame.len())
}

/// Takes apart the first bytes of a frame of `wire_len` bytes. `wire_len` matters only for a TCP or UDP packet whose
/// length field is zero, as it is when the network card is going to cut it up: such a packet ends with its frame.
pub fn parse_cut(link: LinkType, frame: &[u8], wire_len: usize) -> Result<Parsed, Skip> {
    let payload = link::strip(link, frame)?;
    let wire_len = wire_len.max(frame.len()) - (frame.len() - payload.ip.len());
    let mut parsed = match payload.version {
        link::Version::Four => ip::v4(payload.ip, wire_len)?,
        link::Version::Six => ip::v6(payload.ip, wire_len)?,
    };
    parsed.direction = payload.direction;
    parsed.ifindex = payload.ifindex;
    Ok(parsed)
}
