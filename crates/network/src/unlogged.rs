//! Traffic that flow logs leave out.

use std::{fmt, net::IpAddr};

use crate::{
    Packet, Subnet, Vpc,
    service::{TCP, UDP},
};

/// Why a packet is not logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotLogged {
    /// To or from the resolver of AWS.
    AmazonDns,
    /// To or from the instance metadata service.
    InstanceMetadata,
    /// To or from the time service.
    TimeService,
    /// To or from the servers that activate Windows licences.
    WindowsActivation,
    /// Address assignment.
    Dhcp,
    /// To or from the address that AWS keeps for the router of a subnet.
    VpcRouter,
}

impl fmt::Display for NotLogged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NotLogged::AmazonDns => "amazon dns",
            NotLogged::InstanceMetadata => "instance metadata",
            NotLogged::TimeService => "time service",
            NotLogged::WindowsActivation => "windows activation",
            NotLogged::Dhcp => "dhcp",
            NotLogged::VpcRouter => "vpc router",
        })
    }
}

/// Says why a packet is left out of flow logs; `None` when it is logged.
///
/// The link-local services of AWS (and their IPv6 addresses under `fd00:ec2::/32`) and DHCP are left out everywhere: no
/// other network uses those addresses for anything else. The resolver at the base address plus 2 of a VPC and the routers
/// at the base address plus 1 of its subnets are left out only in a [VPC with the services of AWS](Vpc::aws_services):
/// elsewhere these are ordinary addresses, and queries to one's own resolver are logged.
///
/// Give the VPC and the subnet of the interface, where it has them. ARP, also not logged, is no IP packet and never
/// gets here. Mirrored traffic and traffic between endpoints and load balancers cannot be told by its headers.
pub fn not_logged(packet: &Packet, vpc: Option<&Vpc>, subnet: Option<&Subnet>) -> Option<NotLogged> {
    if is_dhcp(packet) {
        return Some(NotLogged::Dhcp);
    }
    let ends = [(packet.source, packet.source_port), (packet.destination, packet.destination_port)];
    ends.into_iter().find_map(|(address, port)| {
        link_local_service(packet.protocol, address, port).or_else(|| {
            let vpc = vpc.filter(|vpc| vpc.aws_services)?;
            reserved_address(packet.protocol, address, port, vpc, subnet)
        })
    })
}

/// Whether flow logs record a packet: see [`not_logged`].
pub fn is_logged(packet: &Packet, vpc: Option<&Vpc>, subnet: Option<&Subnet>) -> bool {
    not_logged(packet, vpc, subnet).is_none()
}

/// DHCP runs between ports 67 and 68, DHCP for IPv6 between 546 and 547; servers and relays use 67 or 547 on both ends.
fn is_dhcp(packet: &Packet) -> bool {
    let ports = [packet.source_port, packet.destination_port];
    let (client, server) = if packet.source.is_ipv6() { (546, 547) } else { (68, 67) };
    packet.protocol == UDP && ports.iter().all(|port| [client, server].contains(port)) && ports.contains(&server)
}

/// What serves at one of the addresses that AWS has in every VPC.
fn link_local_service(protocol: u8, address: IpAddr, port: u16) -> Option<NotLogged> {
    let last = match address {
        IpAddr::V4(address) => match address.octets() {
            [169, 254, 169, last] => last,
            _ => return None,
        },
        IpAddr::V6(address) => match address.segments() {
            [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x123] => 123,
            [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x250] => 250,
            [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x251] => 251,
            [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x253] => 253,
            [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x254] => 254,
            _ => return None,
        },
    };
    match last {
        254 => Some(NotLogged::InstanceMetadata),
        123 => Some(NotLogged::TimeService),
        253 if is_dns(protocol, port) => Some(NotLogged::AmazonDns),
        250 | 251 if protocol == TCP && port == 1688 => Some(NotLogged::WindowsActivation),
        _ => None,
    }
}

fn reserved_address(protocol: u8, address: IpAddr, port: u16, vpc: &Vpc, subnet: Option<&Subnet>) -> Option<NotLogged> {
    if is_dns(protocol, port) && vpc.resolver() == Some(address) {
        return Some(NotLogged::AmazonDns);
    }
    let is_router = subnet.is_some_and(|subnet| subnet.routers().any(|router| router == address));
    is_router.then_some(NotLogged::VpcRouter)
}

const fn is_dns(protocol: u8, port: u16) -> bool {
    matches!(protocol, TCP | UDP) && port == 53
}

#[cfg(test)]
mod tests {
    use super::*;
    use NotLogged::*;

    fn packet(protocol: u8, source: &str, destination: &str) -> Packet {
        let (source, destination): (std::net::SocketAddr, std::net::SocketAddr) =
            (source.parse().unwrap(), destination.parse().unwrap());
        Packet {
            source: source.ip(),
            destination: destination.ip(),
            protocol,
            source_port: source.port(),
            destination_port: destination.port(),
            icmp: None,
        }
    }

    fn reversed(packet: &Packet) -> Packet {
        Packet {
            source: packet.destination,
            destination: packet.source,
            source_port: packet.destination_port,
            destination_port: packet.source_port,
            ..*packet
        }
    }

    fn vpc(aws_services: bool) -> (Vpc, Subnet) {
        let cidrs = vec!["10.0.0.0/16".parse().unwrap(), "10.9.0.0/16".parse().unwrap()];
        let subnet = Subnet {
            id: "subnet-a".into(),
            vpc_id: "vpc-a".into(),
            cidrs: vec!["10.0.1.0/24".parse().unwrap(), "2001:db8:1::/64".parse().unwrap()],
            az_id: None,
            network_acl_id: None,
        };
        (Vpc { id: "vpc-a".into(), cidrs, aws_services }, subnet)
    }

    #[test]
    fn services_of_aws_and_dhcp_are_left_out_everywhere() {
        for (protocol, source, destination, expected) in [
            (UDP, "10.0.1.5:40000", "169.254.169.253:53", Some(AmazonDns)),
            (TCP, "10.0.1.5:40000", "169.254.169.253:53", Some(AmazonDns)),
            (TCP, "10.0.1.5:40000", "169.254.169.253:443", None),
            (TCP, "10.0.1.5:40000", "169.254.169.254:80", Some(InstanceMetadata)),
            (UDP, "10.0.1.5:123", "169.254.169.123:123", Some(TimeService)),
            (TCP, "10.0.1.5:40000", "169.254.169.250:1688", Some(WindowsActivation)),
            (TCP, "10.0.1.5:40000", "169.254.169.251:1688", Some(WindowsActivation)),
            (UDP, "10.0.1.5:40000", "169.254.169.251:1688", None),
            (TCP, "10.0.1.5:40000", "169.254.169.252:1688", None),
            (TCP, "10.0.1.5:40000", "10.0.1.9:1688", None),
            (UDP, "0.0.0.0:68", "255.255.255.255:67", Some(Dhcp)),
            (UDP, "10.0.1.1:67", "10.9.9.9:67", Some(Dhcp)),
            (UDP, "10.0.1.5:40000", "10.0.1.1:67", None),
            (UDP, "10.0.1.5:68", "10.0.1.1:68", None),
            (TCP, "10.0.1.5:68", "10.0.1.1:67", None),
            (UDP, "[fe80::1]:546", "[ff02::1:2]:547", Some(Dhcp)),
            (UDP, "[fe80::1]:68", "[ff02::1:2]:67", None),
            (TCP, "[2001:db8:1::5]:40000", "[fd00:ec2::254]:80", Some(InstanceMetadata)),
            (UDP, "[2001:db8:1::5]:40000", "[fd00:ec2::253]:53", Some(AmazonDns)),
            (UDP, "[2001:db8:1::5]:123", "[fd00:ec2::123]:123", Some(TimeService)),
            (TCP, "[2001:db8:1::5]:4000", "[fd00:ec2::250]:1688", Some(WindowsActivation)),
            (UDP, "10.0.1.5:40000", "10.0.0.53:53", None),
            (UDP, "10.0.1.5:40000", "10.0.0.2:53", None),
            (TCP, "10.0.1.5:40000", "10.0.1.1:80", None),
        ] {
            let packet = packet(protocol, source, destination);
            let (own, subnet) = vpc(false);
            for packet in [packet, reversed(&packet)] {
                assert_eq!(not_logged(&packet, None, None), expected, "{packet:?}");
                assert_eq!(not_logged(&packet, Some(&own), Some(&subnet)), expected, "{packet:?}");
                assert_eq!(is_logged(&packet, None, None), expected.is_none());
            }
        }
    }

    #[test]
    fn resolver_and_routers_are_left_out_in_a_vpc_of_aws() {
        let (vpc, subnet) = vpc(true);
        for (protocol, destination, expected) in [
            (UDP, "10.0.0.2:53", Some(AmazonDns)),
            (TCP, "10.0.0.2:53", Some(AmazonDns)),
            (TCP, "10.0.0.2:80", None),
            (UDP, "10.9.0.2:53", None),
            (UDP, "10.0.0.3:53", None),
            (TCP, "10.0.1.1:80", Some(VpcRouter)),
            (TCP, "10.0.1.2:80", None),
            (TCP, "10.0.0.1:80", None),
        ] {
            let packet = packet(protocol, "10.0.1.5:40000", destination);
            assert_eq!(not_logged(&packet, Some(&vpc), Some(&subnet)), expected, "{packet:?}");
            assert_eq!(not_logged(&reversed(&packet), Some(&vpc), Some(&subnet)), expected, "{packet:?}");
        }
        let router = packet(TCP, "[2001:db8:1::5]:40000", "[2001:db8:1::1]:80");
        assert_eq!(not_logged(&router, Some(&vpc), Some(&subnet)), Some(VpcRouter));
        assert_eq!(not_logged(&router, Some(&vpc), None), None);
    }
}
