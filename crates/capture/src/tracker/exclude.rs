//! Traffic that flow logs leave out.

use std::net::IpAddr;

use weir_network::Packet;

const UDP: u8 = 17;

/// What is seen but not recorded. The default is what the AWS guide lists, as far as it can be told from a packet:
/// DHCP, and the link-local services of a VPC (instance metadata, time, Windows licence activation and the resolver).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclude {
    /// DHCP and DHCPv6: UDP between the ports 67 and 68, or 546 and 547.
    pub dhcp: bool,
    /// Everything from or to these addresses.
    pub addresses: Vec<IpAddr>,
}

impl Default for Exclude {
    fn default() -> Self {
        let v4 = |last| IpAddr::from([169, 254, 169, last]);
        let v6 = |last| IpAddr::from([0xfd00, 0x0ec2, 0, 0, 0, 0, 0, last]);
        // Metadata .254, time .123, Windows activation .250 and .251, resolver .253.
        let v4 = [254, 123, 250, 251, 253].map(v4);
        let v6 = [0x254, 0x123, 0x250, 0x251, 0x253].map(v6);
        Exclude { dhcp: true, addresses: [v4, v6].concat() }
    }
}

impl Exclude {
    /// Records everything.
    pub fn nothing() -> Self {
        Exclude { dhcp: false, addresses: Vec::new() }
    }

    /// Whether a packet is left out.
    pub fn covers(&self, packet: &Packet) -> bool {
        (self.dhcp && is_dhcp(packet))
            || self.addresses.iter().any(|address| *address == packet.source || *address == packet.destination)
    }
}

fn is_dhcp(packet: &Packet) -> bool {
    packet.protocol == UDP
        && matches!((packet.source_port, packet.destination_port), (67 | 68, 67 | 68) | (546 | 547, 546 | 547))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn udp(source: &str, source_port: u16, destination: &str, destination_port: u16) -> Packet {
        let address = |text: &str| text.parse().expect("an address");
        Packet {
            source: address(source),
            destination: address(destination),
            protocol: UDP,
            source_port,
            destination_port,
            icmp: None,
        }
    }

    #[test]
    fn what_aws_does_not_log() {
        let exclude = Exclude::default();
        assert!(exclude.covers(&udp("0.0.0.0", 68, "255.255.255.255", 67)));
        assert!(exclude.covers(&udp("10.0.0.1", 67, "10.0.0.9", 68)));
        assert!(exclude.covers(&udp("fe80::1", 546, "ff02::1:2", 547)));
        assert!(exclude.covers(&udp("10.0.0.9", 5000, "169.254.169.254", 80)));
        assert!(exclude.covers(&udp("169.254.169.123", 123, "10.0.0.9", 123)));
        assert!(exclude.covers(&udp("fd00:ec2::253", 53, "fd00::1", 4000)));
        assert!(!exclude.covers(&udp("10.0.0.9", 68, "10.0.0.1", 53)));
        assert!(!exclude.covers(&udp("10.0.0.9", 5000, "169.254.1.1", 80)));
        let same_ports_over_tcp = Packet { protocol: 6, ..udp("10.0.0.1", 67, "10.0.0.9", 68) };
        assert!(!exclude.covers(&same_ports_over_tcp));
        assert!(!Exclude::nothing().covers(&udp("0.0.0.0", 68, "255.255.255.255", 67)));
    }
}
