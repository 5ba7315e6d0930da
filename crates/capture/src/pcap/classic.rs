//! The old format: a 24-byte file header, then frames with a 16-byte header each.

use super::input::Input;
use super::pcapng::Order;
use super::{Clock, FRAME_MAX, Interface, Located, PcapError};
use crate::packet::LinkType;

const FILE_HEADER: usize = 24;
const FRAME_HEADER: usize = 16;
/// The link type; the bits above say whether frames end with a check sum.
const LINK_TYPE_BITS: u32 = 0x03ff_ffff;

#[derive(Debug, Clone, Copy)]
pub(super) struct Classic {
    order: Order,
    clock: Clock,
}

impl Classic {
    /// The variant that the first four bytes name: either byte order, micro- or nanoseconds.
    pub(super) fn from_magic(magic: [u8; 4]) -> Option<Self> {
        let (order, clock) = match magic {
            [0xa1, 0xb2, 0xc3, 0xd4] => (Order::Big, Clock::MICROSECONDS),
            [0xd4, 0xc3, 0xb2, 0xa1] => (Order::Little, Clock::MICROSECONDS),
            [0xa1, 0xb2, 0x3c, 0x4d] => (Order::Big, Clock::NANOSECONDS),
            [0x4d, 0x3c, 0xb2, 0xa1] => (Order::Little, Clock::NANOSECONDS),
            _ => return None,
        };
        Some(Classic { order, clock })
    }

    pub(super) fn file_header(self, input: &mut Input<'_>) -> Result<Interface, PcapError> {
        input.need(FILE_HEADER, "file header")?;
        let header = input.available();
        let link = self.order.u32(header, 20) & LINK_TYPE_BITS;
        let interface = Interface {
            index: 0,
            link: LinkType::from_pcap(u16::try_from(link).unwrap_or(u16::MAX)),
            name: None,
            lost: 0,
            snap_len: self.order.u32(header, 16),
            clock: Clock::NANOSECONDS,
        };
        input.hand_out(FILE_HEADER);
        Ok(interface)
    }

    pub(super) fn next(self, input: &mut Input<'_>) -> Result<Option<Located>, PcapError> {
        if !input.fill(FRAME_HEADER)? && input.available().is_empty() {
            return Ok(None);
        }
        input.need(FRAME_HEADER, "frame header")?;
        let header = input.available();
        let seconds = self.order.u32(header, 0);
        let fraction = self.order.u32(header, 4);
        let captured = self.order.u32(header, 8);
        let wire_len = self.order.u32(header, 12);
        if captured > FRAME_MAX {
            return Err(PcapError::Damaged { offset: input.offset(), reason: "frame of more than 16 MiB" });
        }
        let end = FRAME_HEADER + captured as usize;
        input.need(end, "frame")?;
        input.hand_out(end);
        let time_ns = u64::from(seconds) * 1_000_000_000 + self.clock.nanoseconds(u64::from(fraction));
        Ok(Some(Located { ticks: Some(time_ns), interface: 0, data: FRAME_HEADER..end, wire_len, direction: None }))
    }
}
