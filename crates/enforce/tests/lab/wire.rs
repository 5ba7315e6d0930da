//! Packets as bytes, and a router between the two ends that send them.

use std::{
    net::{IpAddr, SocketAddrV4, SocketAddrV6},
    os::fd::OwnedFd,
};

use rustix::net::{AddressFamily, Protocol, SendFlags, SocketType, sendto, socket};
use weir_network::{Direction, ICMP, ICMPV6, Packet, TCP, UDP};

use crate::hosts::{Host, run};

/// Sequence numbers of the two ends, the one that opens first.
pub const SEQUENCES: [u32; 2] = [1000, 5000];

/// One packet to send.
#[derive(Debug, Clone)]
pub struct Wire {
    pub direction: Direction,
    pub packet: Packet,
    pub tcp_flags: u8,
    /// Sequence and acknowledgement.
    pub tcp_numbers: (u32, u32),
}

/// A router: `w0`, where rules are in force, leads to the outside; `i0` to the inside, which owns 10.77.0.10 and
/// fd77::10. Nobody answers.
pub struct Router {
    pub router: Host,
    outside: Host,
    inside: Host,
}

impl Router {
    pub fn new() -> Self {
        let this = Self { router: Host::new("mid"), outside: Host::new("out"), inside: Host::new("inn") };
        for (end, near, far, mac) in [(&this.outside, "w0", "c0", "0a"), (&this.inside, "i0", "n0", "0b")] {
            // Both ends of a cable have one address: then nobody has to ask for it.
            let mac = format!("address 02:00:00:00:00:{mac}");
            run(&format!(
                "ip link add {near} netns {} {mac} type veth peer name {far} {mac} netns {}",
                this.router.name, end.name
            ));
            for (host, name) in [(&this.router, near), (end, far)] {
                host.set(&format!("net.ipv6.conf.{name}.addr_gen_mode"), 1);
                host.ip(&format!("link set {name} arp off up"));
            }
            end.ip(&format!("route add default dev {far}"));
            end.ip(&format!("-6 route add default dev {far}"));
        }
        for key in ["net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"] {
            this.router.set(key, 1);
        }
        for key in ["all.rp_filter", "w0.rp_filter", "i0.rp_filter", "all.send_redirects", "w0.send_redirects"] {
            this.router.set(&format!("net.ipv4.conf.{key}"), 0);
        }
        for (family, own) in [("-4", "10.77.0.10"), ("-6", "fd77::10")] {
            this.router.ip(&format!("{family} route add {own} dev i0"));
            this.router.ip(&format!("{family} route add default dev w0"));
        }
        this
    }

    /// Sockets at both ends, by direction and family.
    pub fn sockets(&self) -> Sockets {
        let raw = |family| {
            socket(family, SocketType::RAW, Some(Protocol::from_raw(std::num::NonZeroU32::new(255).unwrap())))
                .expect("a raw socket")
        };
        let both = |host: &Host| host.inside(|| [raw(AddressFamily::INET), raw(AddressFamily::INET6)]);
        Sockets([both(&self.outside), both(&self.inside)])
    }
}

pub struct Sockets([[OwnedFd; 2]; 2]);

impl Sockets {
    /// Sends a packet that carries this number: as the identification of IPv4, as the flow label of IPv6.
    pub fn send(&self, wire: &Wire, number: u16) {
        let bytes = bytes(wire, number);
        let sockets = &self.0[usize::from(wire.direction == Direction::Egress)];
        let sent = match wire.packet.destination {
            IpAddr::V4(to) => sendto(&sockets[0], &bytes, SendFlags::empty(), &SocketAddrV4::new(to, 0)),
            IpAddr::V6(to) => sendto(&sockets[1], &bytes, SendFlags::empty(), &SocketAddrV6::new(to, 0, 0, 0)),
        };
        assert_eq!(sent, Ok(bytes.len()), "{wire:?}");
    }
}

fn bytes(wire: &Wire, number: u16) -> Vec<u8> {
    let payload = payload(wire);
    let protocol = wire.packet.protocol;
    let length = u16::try_from(payload.len()).unwrap();
    let mut bytes = match (wire.packet.source, wire.packet.destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let mut header = vec![0x45, 0];
            header.extend((20 + length).to_be_bytes());
            header.extend(number.to_be_bytes());
            header.extend([0, 0, 64, protocol, 0, 0]);
            header.extend(source.octets());
            header.extend(destination.octets());
            let sum = checksum(&header);
            header[10..12].copy_from_slice(&sum.to_be_bytes());
            header
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            let mut header = (0x6000_0000 | u32::from(number)).to_be_bytes().to_vec();
            header.extend(length.to_be_bytes());
            header.extend([protocol, 64]);
            header.extend(source.octets());
            header.extend(destination.octets());
            header
        }
        _ => panic!("addresses of two families"),
    };
    bytes.extend(payload);
    bytes
}

/// What follows the IP header, with its checksum.
fn payload(wire: &Wire) -> Vec<u8> {
    let packet = &wire.packet;
    let ports = [packet.source_port.to_be_bytes(), packet.destination_port.to_be_bytes()].concat();
    let (mut payload, sum_at) = match packet.protocol {
        TCP => {
            let mut header = ports;
            header.extend(wire.tcp_numbers.0.to_be_bytes());
            header.extend(wire.tcp_numbers.1.to_be_bytes());
            header.extend([0x50, wire.tcp_flags, 0xff, 0xff, 0, 0, 0, 0]);
            (header, Some(16))
        }
        UDP => ([ports, vec![0, 16, 0, 0], vec![7; 8]].concat(), Some(6)),
        ICMP | ICMPV6 => {
            let (kind, code) = packet.icmp.expect("a type");
            ([vec![kind, code, 0, 0, 0, 7, 0, 1], vec![0; 40]].concat(), Some(2))
        }
        _ => (vec![9; 24], None),
    };
    if let Some(at) = sum_at {
        let mut summed = if packet.protocol == ICMP { Vec::new() } else { pseudo_header(packet, payload.len()) };
        summed.extend(&payload);
        payload[at..at + 2].copy_from_slice(&checksum(&summed).to_be_bytes());
    }
    payload
}

fn pseudo_header(packet: &Packet, length: usize) -> Vec<u8> {
    let octets = |address: IpAddr| match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let length = u32::try_from(length).unwrap().to_be_bytes();
    [octets(packet.source), octets(packet.destination), length.to_vec(), vec![0, 0, 0, packet.protocol]].concat()
}

fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |low| u32::from(*low)));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap()
}
