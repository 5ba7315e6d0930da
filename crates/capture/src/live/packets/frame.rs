//! Frames as the kernel lays them into a block of a TPACKET_V3 ring, read as plain bytes.
//!
//! ```text
//! block   0 version   8 status   12 frames   16 offset of the first frame
//! frame   0 offset of the next   4 seconds   8 nanoseconds   12 bytes kept   16 bytes on the wire
//!        24 offset of the link header   26 offset of the network header   50 EtherType   58 packet type
//!        link header - 10   virtio_net_hdr: 0 flags   1 segmentation   4 segment payload   6 checksum start
//! ```
//! Numbers are in the byte order of the machine, except the EtherType.

/// A frame that leaves the interface.
const PACKET_OUTGOING: u8 = 4;
const VNET_HEADER_LEN: usize = 10;
const NEEDS_CHECKSUM: u8 = 1;

/// One frame, cut to the bytes that were kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    /// When the kernel saw it: nanoseconds since 1970.
    pub(super) time_ns: i64,
    /// It leaves the interface.
    pub(super) outgoing: bool,
    /// EtherType of what is behind the link header.
    pub(super) ether_type: u16,
    /// Bytes on the wire from the link header on, before it is cut into segments.
    pub(super) wire_len: usize,
    /// From the link header on.
    pub(super) bytes: &'a [u8],
    /// Where the network header starts in `bytes`, as the kernel sees it.
    pub(super) network_at: usize,
    /// Payload of a segment when the frame stands for several; otherwise 0.
    pub(super) segment_payload: u16,
    /// Where the transport header of the segments starts in `bytes`, when the kernel says so.
    pub(super) transport_at: Option<usize>,
}

/// The frames of one block.
pub(super) struct Frames<'a> {
    block: &'a [u8],
    at: usize,
    left: u32,
}

impl<'a> Frames<'a> {
    pub(super) fn of_block(block: &'a [u8]) -> Self {
        let left = u32_at(block, 12).unwrap_or(0);
        let at = u32_at(block, 16).unwrap_or(0) as usize;
        Frames { block, at, left }
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Frame<'a>;

    fn next(&mut self) -> Option<Frame<'a>> {
        self.left = self.left.checked_sub(1)?;
        let header = self.block.get(self.at..)?;
        let next = u32_at(header, 0)? as usize;
        self.at += next;
        if next == 0 {
            self.left = 0;
        }
        let kept = u32_at(header, 12)? as usize;
        let link_at = usize::from(u16_at(header, 24)?);
        let bytes = header.get(link_at..link_at + kept)?;
        let vnet = header.get(link_at.checked_sub(VNET_HEADER_LEN)?..link_at)?;
        let segmented = vnet[1] != 0;
        Some(Frame {
            time_ns: i64::from(u32_at(header, 4)?) * 1_000_000_000 + i64::from(u32_at(header, 8)?),
            outgoing: *header.get(58)? == PACKET_OUTGOING,
            ether_type: u16::from_be(u16_at(header, 50)?),
            wire_len: u32_at(header, 16)? as usize,
            bytes,
            network_at: usize::from(u16_at(header, 26)?).saturating_sub(link_at),
            segment_payload: if segmented { u16_at(vnet, 4)? } else { 0 },
            transport_at: if vnet[0] & NEEDS_CHECKSUM != 0 { Some(u16_at(vnet, 6)?.into()) } else { None },
        })
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(block: &mut [u8], at: usize, bytes: &[u8]) {
        block[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// Two frames: one that arrives, and one that leaves and stands for segments of 1448 bytes.
    fn block() -> Vec<u8> {
        let mut block = vec![0; 512];
        put(&mut block, 12, &2u32.to_ne_bytes());
        put(&mut block, 16, &48u32.to_ne_bytes());
        for (start, next, packet_type, segment) in [(48, 160u32, 0u8, 0u16), (208, 0, 4, 1448)] {
            put(&mut block, start, &next.to_ne_bytes());
            put(&mut block, start + 4, &1_767_225_600u32.to_ne_bytes());
            put(&mut block, start + 8, &7u32.to_ne_bytes());
            put(&mut block, start + 12, &20u32.to_ne_bytes());
            put(&mut block, start + 16, &1000u32.to_ne_bytes());
            put(&mut block, start + 24, &90u16.to_ne_bytes());
            put(&mut block, start + 26, &104u16.to_ne_bytes());
            put(&mut block, start + 50, &0x86ddu16.to_be_bytes());
            put(&mut block, start + 58, &[packet_type]);
            put(&mut block, start + 80, &[u8::from(segment > 0), u8::from(segment > 0)]);
            put(&mut block, start + 84, &segment.to_ne_bytes());
            put(&mut block, start + 86, &54u16.to_ne_bytes());
            put(&mut block, start + 90, &[0xab; 20]);
        }
        block
    }

    #[test]
    fn frames_are_read() {
        let block = block();
        let frames: Vec<_> = Frames::of_block(&block).collect();
        let first = Frame {
            time_ns: 1_767_225_600_000_000_007,
            outgoing: false,
            ether_type: 0x86dd,
            wire_len: 1000,
            bytes: &[0xab; 20],
            network_at: 14,
            segment_payload: 0,
            transport_at: None,
        };
        let second = Frame { outgoing: true, segment_payload: 1448, transport_at: Some(54), ..first };
        assert_eq!(frames, [first, second]);
    }

    #[test]
    fn a_block_cut_anywhere_is_no_panic() {
        let block = block();
        for end in 0..block.len() {
            assert!(Frames::of_block(&block[..end]).count() <= 2);
        }
        for byte in 0..block.len() {
            let mut damaged = block.clone();
            damaged[byte] = 0xff;
            assert!(Frames::of_block(&damaged).take(1000).count() < 1000);
        }
    }
}
