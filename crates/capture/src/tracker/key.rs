//! What makes two packets part of one flow, as 44 bytes.

use std::{
    hash::{Hash, Hasher},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use weir_network::{Action, Direction, Packet};

use super::{Judgement, VerdictSource};

const EGRESS: u8 = 1;
const REJECT: u8 = 2;
const IPV6: u8 = 4;
const OBSERVED: u8 = 8;
const PREDICTED: u8 = 16;

/// Source (16 bytes), destination (16), source port (2), destination port (2), protocol (1), direction, action, IP
/// version and how the action is known (1), interface (2), mark of the rule (4). IPv4 addresses fill the first four
/// bytes of theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FlowKey([u8; 44]);

impl FlowKey {
    pub(crate) fn new(interface: u16, direction: Direction, judgement: Judgement, packet: &Packet) -> Self {
        let mut bytes = [0; 44];
        let mut bits = 0;
        match packet.source {
            IpAddr::V4(address) => bytes[..4].copy_from_slice(&address.octets()),
            IpAddr::V6(address) => {
                bytes[..16].copy_from_slice(&address.octets());
                bits |= IPV6;
            }
        }
        match packet.destination {
            IpAddr::V4(address) => bytes[16..20].copy_from_slice(&address.octets()),
            IpAddr::V6(address) => bytes[16..32].copy_from_slice(&address.octets()),
        }
        if direction == Direction::Egress {
            bits |= EGRESS;
        }
        if judgement.action == Action::Reject {
            bits |= REJECT;
        }
        bits |= match judgement.source {
            VerdictSource::None => 0,
            VerdictSource::Observed => OBSERVED,
            VerdictSource::Predicted => PREDICTED,
        };
        bytes[32..34].copy_from_slice(&packet.source_port.to_be_bytes());
        bytes[34..36].copy_from_slice(&packet.destination_port.to_be_bytes());
        bytes[36] = packet.protocol;
        bytes[37] = bits;
        bytes[38..40].copy_from_slice(&interface.to_be_bytes());
        bytes[40..].copy_from_slice(&judgement.rule.to_be_bytes());
        FlowKey(bytes)
    }

    pub(crate) fn source(&self) -> IpAddr {
        self.address(0)
    }

    pub(crate) fn destination(&self) -> IpAddr {
        self.address(16)
    }

    pub(crate) fn source_port(&self) -> u16 {
        self.u16(32)
    }

    pub(crate) fn destination_port(&self) -> u16 {
        self.u16(34)
    }

    pub(crate) fn protocol(&self) -> u8 {
        self.0[36]
    }

    pub(crate) fn direction(&self) -> Direction {
        if self.0[37] & EGRESS == 0 { Direction::Ingress } else { Direction::Egress }
    }

    pub(crate) fn action(&self) -> Action {
        if self.0[37] & REJECT == 0 { Action::Accept } else { Action::Reject }
    }

    pub(crate) fn verdict_source(&self) -> VerdictSource {
        match self.0[37] & (OBSERVED | PREDICTED) {
            0 => VerdictSource::None,
            OBSERVED => VerdictSource::Observed,
            _ => VerdictSource::Predicted,
        }
    }

    pub(crate) fn rule(&self) -> u32 {
        let [.., a, b, c, d] = self.0;
        u32::from_be_bytes([a, b, c, d])
    }

    pub(crate) fn is_ipv6(&self) -> bool {
        self.0[37] & IPV6 != 0
    }

    /// The same flow, seen on the interface of another index.
    pub(crate) fn on(mut self, interface: u16) -> Self {
        self.0[38..40].copy_from_slice(&interface.to_be_bytes());
        self
    }

    pub(crate) fn interface(&self) -> usize {
        usize::from(self.u16(38))
    }

    fn address(&self, at: usize) -> IpAddr {
        if self.is_ipv6() {
            let mut octets = [0; 16];
            octets.copy_from_slice(&self.0[at..at + 16]);
            IpAddr::V6(Ipv6Addr::from(octets))
        } else {
            let mut octets = [0; 4];
            octets.copy_from_slice(&self.0[at..at + 4]);
            IpAddr::V4(Ipv4Addr::from(octets))
        }
    }

    fn u16(&self, at: usize) -> u16 {
        u16::from_be_bytes([self.0[at], self.0[at + 1]])
    }
}

/// One write of the whole key: a fast hasher takes it in two steps.
impl Hash for FlowKey {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_back_as_they_went_in() {
        let four = Packet {
            source: [10, 0, 0, 1].into(),
            destination: [255, 254, 253, 252].into(),
            protocol: 6,
            source_port: 65_535,
            destination_port: 22,
            icmp: None,
        };
        let six = Packet {
            source: "2001:db8::1".parse().expect("an address"),
            destination: "::ffff:10.0.0.1".parse().expect("an address"),
            protocol: 58,
            source_port: 0,
            destination_port: 0,
            icmp: Some((128, 0)),
        };
        for packet in [four, six] {
            for direction in [Direction::Ingress, Direction::Egress] {
                for (action, source, rule) in [
                    (Action::Accept, VerdictSource::None, 0),
                    (Action::Accept, VerdictSource::Observed, 7),
                    (Action::Reject, VerdictSource::Predicted, u32::MAX),
                ] {
                    let key = FlowKey::new(513, direction, Judgement { action, rule, source }, &packet);
                    assert_eq!(key.source(), packet.source);
                    assert_eq!(key.destination(), packet.destination);
                    assert_eq!(
                        (key.source_port(), key.destination_port()),
                        (packet.source_port, packet.destination_port)
                    );
                    assert_eq!(key.protocol(), packet.protocol);
                    assert_eq!((key.direction(), key.action(), key.interface()), (direction, action, 513));
                    assert_eq!((key.verdict_source(), key.rule()), (source, rule));
                    assert_eq!(key.is_ipv6(), packet.source.is_ipv6());
                }
            }
        }
    }
}
