//! Layouts that the programs for the kernel and this crate share: `bpf/slots.h` in Rust.

#![allow(unsafe_code, reason = "it is for us to say which types are plain")]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use weir_network::{Action, Direction};

use super::sys::Plain;

pub(crate) const EGRESS: u8 = 1;
pub(crate) const REJECT: u8 = 2;
pub(crate) const IPV6: u8 = 4;
/// With [`REJECT`]: the flow program had counted the packet before it was refused.
pub(crate) const COUNTED: u8 = 8;

/// The place in [`Counts::flags`] that says that packets were put together from fragments before they were refused.
pub(crate) const REASSEMBLED: usize = 6;

/// What makes packets part of one flow: `struct flow_key`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(C)]
pub struct Key {
    /// Source address; an IPv4 address fills the first four bytes.
    pub source: [u8; 16],
    /// Destination address, likewise.
    pub destination: [u8; 16],
    /// Source port as in the packet; 0 where there is none.
    pub source_port: [u8; 2],
    /// Destination port as in the packet.
    pub destination_port: [u8; 2],
    /// The kernel's index of the interface.
    pub ifindex: u32,
    /// The mark of a rule that refused the packet; 0 when there is none.
    pub rule: u32,
    /// IANA protocol number.
    pub protocol: u8,
    /// Direction, action and IP version.
    pub bits: u8,
    /// Always 0.
    pub pad: [u8; 2],
}

/// What is counted of a flow: `struct flow_value`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Counts {
    /// Packets on the wire.
    pub packets: u64,
    /// Their bytes, IP headers included.
    pub bytes: u64,
    /// When the first was seen: nanoseconds of boot time.
    pub first_ns: u64,
    /// When the last was seen.
    pub last_ns: u64,
    /// Not 0 where a packet set that bit of the field `tcp-flags`; bit 7 stands for a combination that no TCP sends.
    pub flags: [u8; 8],
}

/// A flow: what a slot holds, and what the ring carries of a packet that found no room in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Record {
    /// Which flow.
    pub key: Key,
    /// What was counted of it.
    pub counts: Counts,
}

/// Where lost packets are counted: `struct lost_key`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(C)]
pub(crate) struct LostKey {
    pub(crate) ifindex: u32,
    pub(crate) slot: u32,
}

// SAFETY: integers and arrays of integers, and their sizes (checked below) leave no padding.
unsafe impl Plain for Key {}
// SAFETY: as above.
unsafe impl Plain for Counts {}
// SAFETY: as above.
unsafe impl Plain for Record {}
// SAFETY: as above.
unsafe impl Plain for LostKey {}

const _: () = assert!(size_of::<Key>() == 48 && size_of::<Counts>() == 40 && size_of::<Record>() == 88);

impl Key {
    /// Source address.
    pub fn source(&self) -> IpAddr {
        self.address(&self.source)
    }

    /// Destination address.
    pub fn destination(&self) -> IpAddr {
        self.address(&self.destination)
    }

    /// Which way its packets passed the interface.
    pub fn direction(&self) -> Direction {
        if self.bits & EGRESS == 0 { Direction::Ingress } else { Direction::Egress }
    }

    /// What became of its packets.
    pub fn action(&self) -> Action {
        if self.bits & REJECT == 0 { Action::Accept } else { Action::Reject }
    }

    /// The same flow as if it had been accepted, by no rule: what the packets of a refused flow are filed under where
    /// they were seen on their way to the rule.
    #[must_use]
    pub fn as_seen(mut self) -> Self {
        self.bits &= !(REJECT | COUNTED);
        self.rule = 0;
        self
    }

    fn address(&self, bytes: &[u8; 16]) -> IpAddr {
        match bytes {
            [a, b, c, d, ..] if self.bits & IPV6 == 0 => Ipv4Addr::new(*a, *b, *c, *d).into(),
            _ => Ipv6Addr::from(*bytes).into(),
        }
    }
}

impl Counts {
    /// Adds what was counted elsewhere of the same flow.
    pub fn add(&mut self, other: &Counts) {
        self.packets += other.packets;
        self.bytes += other.bytes;
        self.first_ns = self.first_ns.min(other.first_ns);
        self.last_ns = self.last_ns.max(other.last_ns);
        for (flag, other) in self.flags.iter_mut().zip(other.flags) {
            *flag |= other;
        }
    }

    /// The flags as bits.
    pub fn flag_bits(&self) -> u8 {
        self.flags.iter().enumerate().fold(0, |bits, (bit, flag)| bits | (u8::from(*flag != 0) << bit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_key() {
        let mut key = Key { bits: EGRESS | REJECT, rule: 7, ..Key::default() };
        key.source[..4].copy_from_slice(&[10, 0, 0, 1]);
        assert_eq!(key.source(), IpAddr::from([10, 0, 0, 1]));
        assert_eq!((key.direction(), key.action()), (Direction::Egress, Action::Reject));
        assert_eq!((key.as_seen().direction(), key.as_seen().action()), (Direction::Egress, Action::Accept));
        assert_eq!(key.as_seen().rule, 0);
        let six = Key { bits: IPV6, source: key.source, ..Key::default() };
        assert_eq!(six.source().to_string(), "a00:1::");
    }

    #[test]
    fn counts_of_one_flow_add_up() {
        let mut sum = Counts { packets: 1, bytes: 60, first_ns: 5, last_ns: 5, flags: [0, 1, 0, 0, 0, 0, 0, 0] };
        sum.add(&Counts { packets: 2, bytes: 80, first_ns: 3, last_ns: 9, flags: [1, 0, 0, 0, 1, 0, 0, 1] });
        assert_eq!((sum.packets, sum.bytes, sum.first_ns, sum.last_ns), (3, 140, 3, 9));
        assert_eq!(sum.flag_bits(), 0b1001_0011);
    }
}
