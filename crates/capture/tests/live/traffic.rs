//! Traffic that tests send: datagrams, pings, and frames made by hand.

use std::net::SocketAddr;

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketType, ipproto, recv, sendto, socket};

use crate::UDP;
pub(crate) use crate::recording::bound as udp_at;

pub(crate) fn socket_at(address: &str, port: u16) -> SocketAddr {
    SocketAddr::new(address.parse().expect("an address"), port)
}

/// Sends echo requests with 56 bytes of data, as `ping` does, and waits for each answer.
pub(crate) fn ping(to: &str, count: u16) {
    let to = socket_at(to, 0);
    let (family, protocol, request, reply, reply_at) = match to {
        SocketAddr::V4(_) => (AddressFamily::INET, ipproto::ICMP, 8, 0, 20),
        SocketAddr::V6(_) => (AddressFamily::INET6, ipproto::ICMPV6, 128, 129, 0),
    };
    let socket = socket(family, SocketType::RAW, Some(protocol)).expect("a raw socket");
    for sequence in 1..=count {
        let mut message = vec![0; 64];
        message[0] = request;
        message[6..8].copy_from_slice(&sequence.to_be_bytes());
        // For ICMPv6 the kernel writes the checksum.
        let checksum = checksum(&message);
        message[2..4].copy_from_slice(&checksum.to_be_bytes());
        sendto(&socket, &message, SendFlags::empty(), &to).expect("sent");
        let mut answer = [0; 256];
        loop {
            let (length, _) = recv(&socket, &mut answer[..], RecvFlags::empty()).expect("an answer");
            if length > reply_at && answer[reply_at] == reply {
                break;
            }
        }
    }
}

/// An Ethernet frame with a UDP packet of 4 bytes of data (32 bytes of IP) to port 9.
pub(crate) fn udp_frame(from: [u8; 6], to: [u8; 6], tags: &[u8], last: [u8; 2], source_port: u16) -> Vec<u8> {
    udp_frame_from([10, 77, 0, last[0]], from, to, tags, last[1], source_port)
}

/// The same from any address.
pub(crate) fn udp_frame_from(
    source: [u8; 4],
    from: [u8; 6],
    to: [u8; 6],
    tags: &[u8],
    last: u8,
    source_port: u16,
) -> Vec<u8> {
    let mut ip = vec![0x45, 0, 0, 32, 0, 0, 0, 0, 64, UDP, 0, 0];
    ip.extend(source);
    ip.extend([10, 77, 0, last]);
    let sum = checksum(&ip);
    ip[10..12].copy_from_slice(&sum.to_be_bytes());
    let mut udp = vec![0; 12];
    udp[..2].copy_from_slice(&source_port.to_be_bytes());
    udp[2..4].copy_from_slice(&9u16.to_be_bytes());
    udp[5] = 12;
    [&to[..], &from, tags, &[0x08, 0x00], &ip, &udp].concat()
}

pub(crate) fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}
