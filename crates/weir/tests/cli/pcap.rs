//! Captures made by hand: every byte is known.

use std::net::{IpAddr, SocketAddr};

pub const FIN: u8 = 1;
pub const SYN: u8 = 2;
pub const RST: u8 = 4;
pub const ACK: u8 = 16;

/// A pcap file (little-endian, microseconds, Ethernet) of frames with their times in milliseconds.
pub fn capture(frames: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let mut file = Vec::new();
    for number in [0xa1b2_c3d4u32, 0x0004_0002, 0, 0, 65_535, 1] {
        file.extend(number.to_le_bytes());
    }
    for (milliseconds, frame) in frames {
        let length = u32::try_from(frame.len()).expect("a length");
        let seconds = u32::try_from(milliseconds / 1000).expect("seconds");
        let microseconds = u32::try_from(milliseconds % 1000 * 1000).expect("microseconds");
        for number in [seconds, microseconds, length, length] {
            file.extend(number.to_le_bytes());
        }
        file.extend(frame);
    }
    file
}

/// TCP with these flags and as many bytes of payload.
pub fn tcp(from: &str, to: &str, flags: u8, payload: usize) -> Vec<u8> {
    let (from, to) = (address(from), address(to));
    let mut segment = [from.port().to_be_bytes(), to.port().to_be_bytes()].concat();
    segment.extend([0; 8]);
    segment.extend([5 << 4, flags, 1, 0, 0, 0, 0, 0]);
    segment.extend(vec![0; payload]);
    ethernet(from.ip(), to.ip(), 6, &segment)
}

/// UDP with as many bytes of payload.
pub fn udp(from: &str, to: &str, payload: usize) -> Vec<u8> {
    let (from, to) = (address(from), address(to));
    let length = u16::try_from(payload + 8).expect("a length");
    let mut datagram = [from.port().to_be_bytes(), to.port().to_be_bytes(), length.to_be_bytes(), [0, 0]].concat();
    datagram.extend(vec![0; payload]);
    ethernet(from.ip(), to.ip(), 17, &datagram)
}

/// An ARP request.
pub fn arp() -> Vec<u8> {
    let mut frame = vec![2; 12];
    frame.extend([8, 6]);
    frame.extend([0; 28]);
    frame
}

fn address(text: &str) -> SocketAddr {
    text.parse().expect(text)
}

fn ethernet(from: IpAddr, to: IpAddr, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![2; 12];
    match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let length = u16::try_from(payload.len() + 20).expect("a length").to_be_bytes();
            frame.extend([8, 0, 0x45, 0, length[0], length[1], 0, 1, 0, 0, 64, protocol, 0, 0]);
            frame.extend(from.octets());
            frame.extend(to.octets());
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            let length = u16::try_from(payload.len()).expect("a length").to_be_bytes();
            frame.extend([0x86, 0xdd, 0x60, 0, 0, 0, length[0], length[1], protocol, 64]);
            frame.extend(from.octets());
            frame.extend(to.octets());
        }
        _ => panic!("two families in one packet"),
    }
    frame.extend(payload);
    frame
}
