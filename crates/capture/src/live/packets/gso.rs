//! How many packets on the wire one frame stands for.
//!
//! The kernel hands large TCP and UDP packets to the network card in one piece (GSO) and joins received ones (GRO), and
//! a packet socket sees them so. The network card sends one packet for every `segment_payload` bytes after the headers.

use super::frame::Frame;
use crate::packet::Parsed;

const TCP: u8 = 6;
const TCP_HEADER_MIN: usize = 20;

/// Packets and IP bytes on the wire.
pub(super) fn on_the_wire(frame: &Frame<'_>, parsed: &mut Parsed) -> (u64, u64) {
    if frame.segment_payload > 0
        && let Some(header_bytes) = inner_header_bytes(frame, parsed)
    {
        parsed.header_bytes = parsed.header_bytes.max(header_bytes);
    }
    parsed.on_the_wire(frame.segment_payload)
}

/// For TCP in a tunnel, what every segment repeats goes as far as the inner TCP header. The kernel says where that
/// starts, because its checksum is still to be computed.
fn inner_header_bytes(frame: &Frame<'_>, parsed: &Parsed) -> Option<u16> {
    if parsed.packet.protocol == TCP {
        return None;
    }
    // Frames of several segments are longer than any padding, so the IP packet ends with the frame.
    let ip_at = frame.wire_len.checked_sub(usize::try_from(parsed.bytes).ok()?)?;
    let tcp_at = frame.transport_at?;
    let tcp_len = usize::from(frame.bytes.get(tcp_at + 12)? >> 4) * 4;
    let parsed_to = ip_at + usize::from(parsed.header_bytes);
    if tcp_at < parsed_to || tcp_len < TCP_HEADER_MIN {
        return None;
    }
    u16::try_from(tcp_at + tcp_len - ip_at).ok()
}

#[cfg(test)]
mod tests {
    use weir_network::Packet;

    use super::*;

    fn parsed(protocol: u8, bytes: u32, header_bytes: u16) -> Parsed {
        let packet = Packet {
            source: [10, 0, 0, 1].into(),
            destination: [10, 0, 0, 2].into(),
            protocol,
            source_port: 1,
            destination_port: 2,
            icmp: None,
        };
        Parsed { header_bytes, ..Parsed::whole(packet, 0, bytes) }
    }

    fn frame(bytes: &[u8], wire_len: usize, segment_payload: u16, transport_at: Option<usize>) -> Frame<'_> {
        Frame {
            time_ns: 0,
            outgoing: true,
            ether_type: 0x0800,
            wire_len,
            bytes,
            network_at: 14,
            segment_payload,
            transport_at,
        }
    }

    #[test]
    fn tcp_segments_repeat_ip_and_tcp_headers() {
        let bytes = [0x50; 100];
        let frame = frame(&bytes, 14 + 52 + 64_000, 1448, Some(34));
        let expected = 64_000u64.div_ceil(1448);
        assert_eq!(on_the_wire(&frame, &mut parsed(6, 52 + 64_000, 52)), (expected, 64_000 + expected * 52));
    }

    #[test]
    fn a_frame_that_is_not_segmented_is_one_packet() {
        let frame = frame(&[], 14 + 1500, 0, None);
        assert_eq!(on_the_wire(&frame, &mut parsed(6, 1500, 52)), (1, 1500));
    }

    /// VXLAN: 20 IP + 8 UDP + 8 VXLAN + 14 Ethernet + 20 IP, then a TCP header of 32 bytes.
    #[test]
    fn tcp_in_a_tunnel_repeats_all_headers() {
        let tcp_at = 14 + 20 + 8 + 8 + 14 + 20;
        let mut bytes = [0; 256];
        bytes[tcp_at + 12] = 0x80;
        let headers = (tcp_at - 14 + 32) as u64;
        let frame = frame(&bytes, tcp_at + 32 + 14_000, 1398, Some(tcp_at));
        let mut outer = parsed(17, (headers + 14_000) as u32, 28);
        let expected = 14_000u64.div_ceil(1398);
        assert_eq!(on_the_wire(&frame, &mut outer), (expected, 14_000 + expected * headers));
    }

    #[test]
    fn udp_segments_are_not_taken_for_a_tunnel() {
        let bytes = [0; 256];
        let frame = frame(&bytes, 14 + 28 + 12_000, 1200, Some(34));
        assert_eq!(on_the_wire(&frame, &mut parsed(17, 28 + 12_000, 28)), (10, 12_000 + 10 * 28));
    }
}
