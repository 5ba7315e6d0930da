//! What a tracker is told: packets one by one, or sums of them, and what became of them.

use weir_network::{Action, Direction, Packet};

use super::InterfaceIndex;
use crate::packet::Parsed;

/// How it is known what became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum VerdictSource {
    /// Nothing that refuses packets was watched.
    #[default]
    None,
    /// The kernel was seen to do it.
    Observed,
    /// Worked out from rules.
    Predicted,
}

impl VerdictSource {
    /// As the field `verdict-source` writes it; `None` stands for `-`.
    pub fn as_str(self) -> Option<&'static str> {
        match self {
            VerdictSource::None => None,
            VerdictSource::Observed => Some("observed"),
            VerdictSource::Predicted => Some("predicted"),
        }
    }
}

/// What became of a packet. Packets that differ in it are in different records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judgement {
    /// Accepted or rejected.
    pub action: Action,
    /// The mark of the rule that decided; 0 when none is known.
    pub rule: u32,
    /// How that is known.
    pub source: VerdictSource,
}

impl Judgement {
    /// Seen, with nothing in its way that is known of.
    pub const SEEN: Judgement = Judgement { action: Action::Accept, rule: 0, source: VerdictSource::None };
}

/// One packet on an interface, or several that the kernel handles as one.
#[derive(Debug, Clone, Copy)]
pub struct Observation<'a> {
    /// When it passed the interface: nanoseconds since 1970.
    pub time_ns: i64,
    /// Where it was seen.
    pub interface: InterfaceIndex,
    /// Which way it passed the device; the [side](weir_network::Side) of the interface says what that is to it.
    pub direction: Direction,
    /// Its headers.
    pub packet: &'a Parsed,
    /// How many packets on the wire it stands for; see [`Parsed::on_the_wire`].
    pub segments: u64,
    /// Their bytes together, IP headers included.
    pub bytes: u64,
    /// What became of it.
    pub judgement: Judgement,
}

impl<'a> Observation<'a> {
    /// One packet that was accepted.
    pub fn single(time_ns: i64, interface: InterfaceIndex, direction: Direction, packet: &'a Parsed) -> Self {
        let bytes = u64::from(packet.bytes);
        Observation { time_ns, interface, direction, packet, segments: 1, bytes, judgement: Judgement::SEEN }
    }
}

/// Packets of one flow that were counted elsewhere, within one window.
#[derive(Debug, Clone, Copy)]
pub struct FlowSum {
    /// Where they were seen.
    pub interface: InterfaceIndex,
    /// Which way they passed the device; the [side](weir_network::Side) of the interface says what that is to it.
    pub direction: Direction,
    /// Addresses, ports and protocol.
    pub packet: Packet,
    /// What became of them.
    pub judgement: Judgement,
    /// When the first passed the interface: nanoseconds since 1970.
    pub first_ns: i64,
    /// When the last did.
    pub last_ns: i64,
    /// How many there were on the wire.
    pub packets: u64,
    /// Their bytes together, IP headers included.
    pub bytes: u64,
    /// What they set of the field `tcp-flags`, and 128 if one of them had a combination that no TCP sends.
    pub flags: u8,
}
