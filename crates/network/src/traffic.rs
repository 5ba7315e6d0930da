//! A packet as rules see it, and what became of it.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// Which way a packet passes an interface, as the interface sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Towards the instance.
    Ingress,
    /// Away from the instance.
    Egress,
}

impl Direction {
    /// The value of the `flow-direction` field.
    pub const fn as_str(self) -> &'static str {
        match self {
            Direction::Ingress => "ingress",
            Direction::Egress => "egress",
        }
    }

    /// The other direction.
    pub const fn reverse(self) -> Self {
        match self {
            Direction::Ingress => Direction::Egress,
            Direction::Egress => Direction::Ingress,
        }
    }
}

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Action {
    /// Let through.
    Accept,
    /// Refused by a security group, a network ACL or the host's own firewall.
    Reject,
}

impl Action {
    /// The value of the `action` field.
    pub const fn as_str(self) -> &'static str {
        match self {
            Action::Accept => "ACCEPT",
            Action::Reject => "REJECT",
        }
    }
}

/// The headers of a packet that rules look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Packet {
    /// Source address in the IP header.
    pub source: IpAddr,
    /// Destination address in the IP header.
    pub destination: IpAddr,
    /// IANA protocol number, after IPv6 extension headers.
    pub protocol: u8,
    /// Source port of TCP, UDP or SCTP; otherwise 0.
    pub source_port: u16,
    /// Destination port of TCP, UDP or SCTP; otherwise 0.
    pub destination_port: u16,
    /// Type and code of ICMP or ICMPv6.
    pub icmp: Option<(u8, u8)>,
}
