//! Why a frame is not counted as IP traffic.

use std::collections::BTreeMap;
use std::fmt;

/// Why a frame is not counted. Display gives one short phrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Skip {
    /// The capture has a link type that is not read; the number is libpcap's.
    #[error("link type {0} is not supported")]
    LinkType(u16),
    /// Not IP: the EtherType, after VLAN tags.
    #[error("not IP: {}", EtherType(*.0))]
    NotIp(u16),
    /// An IEEE 802.3 frame with a length instead of an EtherType: spanning tree and the like.
    #[error("not IP: IEEE 802.3 frame without EtherType")]
    NoEtherType,
    /// The capture was cut inside this layer's header.
    #[error("cut short in the {0}")]
    Truncated(Layer),
    /// A header contradicts itself.
    #[error("malformed: {0}")]
    Malformed(Fault),
    /// There were more different reasons than are kept.
    #[error("other reasons")]
    Other,
}

/// A layer whose header can be cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// Ethernet, VLAN tags, Linux cooked or BSD loopback header.
    Link,
    /// IPv4 header.
    Ipv4,
    /// IPv6 header.
    Ipv6,
    /// IPv6 extension headers.
    Ipv6Extension,
    /// The ports, flags or ICMP type.
    Transport,
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Layer::Link => "link header",
            Layer::Ipv4 => "IPv4 header",
            Layer::Ipv6 => "IPv6 header",
            Layer::Ipv6Extension => "IPv6 extension headers",
            Layer::Transport => "transport header",
        })
    }
}

/// What contradicts itself in a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// More VLAN tags than anyone stacks.
    VlanTags,
    /// The version in the IP header is neither 4 nor 6, or not what the link header announced.
    IpVersion,
    /// IPv4 header length below 20 bytes.
    Ipv4HeaderLength,
    /// IPv4 total length below the header length.
    Ipv4TotalLength,
    /// An IPv6 extension header runs over the end of the packet.
    Ipv6ExtensionLength,
    /// More IPv6 extension headers than are followed.
    Ipv6ExtensionCount,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::VlanTags => "too many VLAN tags",
            Fault::IpVersion => "wrong IP version",
            Fault::Ipv4HeaderLength => "IPv4 header length below 20",
            Fault::Ipv4TotalLength => "IPv4 total length below its header length",
            Fault::Ipv6ExtensionLength => "IPv6 extension header beyond the packet",
            Fault::Ipv6ExtensionCount => "too many IPv6 extension headers",
        })
    }
}

struct EtherType(u16);

impl fmt::Display for EtherType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.0 {
            0x0806 => " (ARP)",
            0x8035 => " (RARP)",
            0x8847 | 0x8848 => " (MPLS)",
            0x8863 | 0x8864 => " (PPPoE)",
            0x888e => " (EAPOL)",
            0x88cc => " (LLDP)",
            0x88f7 => " (PTP)",
            _ => "",
        };
        write!(f, "EtherType 0x{:04x}{name}", self.0)
    }
}

/// How many frames were not counted, by reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Skips {
    counts: BTreeMap<Skip, u64>,
}

impl Skips {
    /// Counts one frame.
    pub fn add(&mut self, skip: Skip) {
        *self.counts.entry(skip).or_default() += 1;
    }

    /// Counts frames; `None` when the reason was not kept.
    pub(crate) fn add_many(&mut self, skip: Option<Skip>, frames: u64) {
        if frames > 0 {
            *self.counts.entry(skip.unwrap_or(Skip::Other)).or_default() += frames;
        }
    }

    /// Adds the counts of another reader.
    pub fn merge(&mut self, other: &Skips) {
        for (skip, count) in &other.counts {
            *self.counts.entry(*skip).or_default() += count;
        }
    }

    /// Frames not counted, over all reasons.
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// Frames not counted that should have been: all but those that are not IP.
    pub fn lost(&self) -> u64 {
        self.iter()
            .filter(|(skip, _)| !matches!(skip, Skip::NotIp(_) | Skip::NoEtherType))
            .map(|(_, count)| count)
            .sum()
    }

    /// Every reason met, with its count, in a fixed order.
    pub fn iter(&self) -> impl Iterator<Item = (Skip, u64)> {
        self.counts.iter().map(|(skip, count)| (*skip, *count))
    }
}

/// `3 cut short in the transport header, 2 not IP: EtherType 0x0806 (ARP)`; empty when nothing was skipped.
impl fmt::Display for Skips {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (skip, count) in self.iter() {
            write!(f, "{separator}{count} {skip}")?;
            separator = ", ";
        }
        Ok(())
    }
}
