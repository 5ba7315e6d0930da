//! Names of IP protocols, for the formats that have names instead of numbers.

/// The IANA keyword of a protocol, for those that are common on a network.
pub(super) fn name(number: i64) -> Option<&'static str> {
    Some(match number {
        1 => "ICMP",
        2 => "IGMP",
        4 => "IPv4",
        6 => "TCP",
        17 => "UDP",
        41 => "IPv6",
        47 => "GRE",
        50 => "ESP",
        51 => "AH",
        58 => "IPv6-ICMP",
        89 => "OSPFIGP",
        112 => "VRRP",
        132 => "SCTP",
        _ => return None,
    })
}
