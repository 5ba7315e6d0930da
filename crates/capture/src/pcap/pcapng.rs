//! The new format: blocks of many kinds, in sections, from several interfaces.

use weir_network::Direction;

use super::input::Input;
use super::{Clock, FRAME_MAX, Interface, Located, PcapError, Stop, Unit};
use crate::packet::LinkType;

/// Type of a section header, the same in both byte orders.
pub(super) const MAGIC: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

const INTERFACE: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;

const OPTION_END: u16 = 0;
const IF_NAME: u16 = 2;
const IF_TSRESOL: u16 = 9;
const IF_TSOFFSET: u16 = 14;
const EPB_FLAGS: u16 = 2;
const EPB_DROPCOUNT: u16 = 4;
const ISB_IFDROP: u16 = 5;
const ISB_OSDROP: u16 = 7;

/// Interfaces over all sections; more are not kept, so that a file of descriptions alone cannot fill the memory.
const INTERFACES_MAX: usize = 1 << 16;
const NAME_MAX: usize = 256;

/// Byte order of a section, or of a whole file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Order {
    Big,
    #[default]
    Little,
}

impl Order {
    /// The number at byte `at`; 0 beyond the end, which callers exclude by checking the length first.
    pub(super) fn u16(self, bytes: &[u8], at: usize) -> u16 {
        let bytes = bytes.get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or_default();
        match self {
            Order::Big => u16::from_be_bytes(bytes),
            Order::Little => u16::from_le_bytes(bytes),
        }
    }

    /// As [`Order::u16`].
    pub(super) fn u32(self, bytes: &[u8], at: usize) -> u32 {
        let bytes = bytes.get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or_default();
        match self {
            Order::Big => u32::from_be_bytes(bytes),
            Order::Little => u32::from_le_bytes(bytes),
        }
    }

    /// As [`Order::u16`].
    fn u64(self, bytes: &[u8], at: usize) -> u64 {
        let bytes = bytes.get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or_default();
        match self {
            Order::Big => u64::from_be_bytes(bytes),
            Order::Little => u64::from_le_bytes(bytes),
        }
    }
}

/// Where the reader is in the file's sections.
#[derive(Debug, Default)]
pub(super) struct Pcapng {
    order: Order,
    /// Interfaces of earlier sections: what to add to this section's interface numbers.
    before: usize,
}

impl Pcapng {
    /// The next frame; reads over every other block.
    pub(super) fn next(
        &mut self,
        input: &mut Input<'_>,
        interfaces: &mut Vec<Interface>,
    ) -> Result<Option<Located>, Stop> {
        loop {
            if !input.fill(12).map_err(Stop::Here)? && input.available().is_empty() {
                return Ok(None);
            }
            input.need(12, "block header").map_err(Stop::Here)?;
            let offset = input.offset();
            let damaged = |reason| PcapError::Damaged { offset, reason };
            if input.available().starts_with(&MAGIC) {
                self.order =
                    section_order(input.available()).ok_or_else(|| Stop::Here(damaged("not a section header")))?;
                self.before = interfaces.len();
            }
            let kind = self.order.u32(input.available(), 0);
            let length = self.order.u32(input.available(), 4);
            if length < 12 || !length.is_multiple_of(4) {
                return Err(Stop::Here(damaged("block length is not a multiple of 4 from 12 up")));
            }
            if !matches!(kind, INTERFACE | OBSOLETE_PACKET | SIMPLE_PACKET | STATISTICS | ENHANCED_PACKET) {
                input.skip(u64::from(length), "block").map_err(Stop::Here)?;
                continue;
            }
            if length > FRAME_MAX {
                return Err(Stop::Here(damaged("block of more than 16 MiB")));
            }
            let length = length as usize;
            input.need(length, "block").map_err(Stop::Here)?;
            let block = &input.available()[..length];
            if self.order.u32(block, length - 4) as usize != length {
                return Err(Stop::Here(damaged("block ends with another length than it starts with")));
            }
            let body = &block[8..length - 4];
            let found = self.block(kind, body, interfaces);
            input.hand_out(length);
            match found {
                Ok(Some(located)) => return Ok(Some(located)),
                Ok(None) => input.release(),
                Err(reason) => return Err(Stop::Block(damaged(reason))),
            }
        }
    }

    /// Reads one block between its lengths.
    fn block(&self, kind: u32, body: &[u8], interfaces: &mut Vec<Interface>) -> Result<Option<Located>, &'static str> {
        match kind {
            INTERFACE => self.interface(body, interfaces).map(|()| None),
            STATISTICS => {
                self.statistics(body, interfaces);
                Ok(None)
            }
            SIMPLE_PACKET => self.simple_packet(body, interfaces).map(Some),
            _ => self.packet(kind, body, interfaces).map(Some),
        }
    }

    /// The interface is kept even when its options are damaged: later blocks count on its number.
    fn interface(&self, body: &[u8], interfaces: &mut Vec<Interface>) -> Result<(), &'static str> {
        if interfaces.len() >= INTERFACES_MAX {
            return Err("more than 65536 interfaces");
        }
        let mut interface = Interface {
            index: u32::try_from(interfaces.len()).unwrap_or(u32::MAX),
            link: LinkType::from_pcap(self.order.u16(body, 0)),
            name: None,
            lost: 0,
            snap_len: self.order.u32(body, 4),
            clock: Clock::MICROSECONDS,
        };
        let mut problem = (body.len() < 8).then_some("interface description without link type");
        for option in self.options(body.get(8..).unwrap_or_default()) {
            match option {
                Some((IF_NAME, name)) => {
                    let name = String::from_utf8_lossy(&name[..name.len().min(NAME_MAX)]);
                    interface.name = Some(name.trim_end_matches('\0').to_owned());
                }
                Some((IF_TSRESOL, &[resolution, ..])) => match unit(resolution) {
                    Some(unit) => interface.clock.unit = unit,
                    None => problem = Some("time resolution of an interface is out of range"),
                },
                Some((IF_TSOFFSET, value)) if value.len() == 8 => {
                    interface.clock.offset_s = self.order.u64(value, 0).cast_signed();
                }
                Some(_) => {}
                None => problem = Some("options of an interface run over its block"),
            }
        }
        interfaces.push(interface);
        problem.map_or(Ok(()), Err)
    }

    /// Statistics are a courtesy: a damaged block is worth no error.
    fn statistics(&self, body: &[u8], interfaces: &mut [Interface]) {
        let Some(interface) = self.find(self.order.u32(body, 0), interfaces) else { return };
        let lost =
            self.options(body.get(12..).unwrap_or_default()).flatten().fold(0_u64, |lost, option| match option {
                (ISB_IFDROP | ISB_OSDROP, value) if value.len() == 8 => lost.saturating_add(self.order.u64(value, 0)),
                _ => lost,
            });
        interface.lost = interface.lost.max(lost);
    }

    fn simple_packet(&self, body: &[u8], interfaces: &mut [Interface]) -> Result<Located, &'static str> {
        let interface = self.find(0, interfaces).ok_or("simple packet without an interface")?;
        let (_, data) = body.split_first_chunk::<4>().ok_or("simple packet without a length")?;
        let wire_len = self.order.u32(body, 0);
        let limit = if interface.snap_len == 0 { u32::MAX } else { interface.snap_len };
        let captured = wire_len.min(limit) as usize;
        if captured > data.len() {
            return Err("packet runs over its block");
        }
        let data = 12..12 + captured;
        Ok(Located { ticks: None, interface: self.before, data, wire_len, direction: None })
    }

    /// Enhanced packets, and the obsolete ones, which only differ in their first four bytes.
    fn packet(&self, kind: u32, body: &[u8], interfaces: &mut [Interface]) -> Result<Located, &'static str> {
        const HEADER: usize = 20;
        let Some(rest) = body.get(HEADER..) else { return Err("packet without its header") };
        let (number, mut lost) = match (kind, self.order.u16(body, 2)) {
            // 65535 means that the number is not known.
            (OBSOLETE_PACKET, u16::MAX) => (u32::from(self.order.u16(body, 0)), 0),
            (OBSOLETE_PACKET, lost) => (u32::from(self.order.u16(body, 0)), u64::from(lost)),
            _ => (self.order.u32(body, 0), 0),
        };
        let captured = self.order.u32(body, 12) as usize;
        let wire_len = self.order.u32(body, 16);
        if captured > rest.len() {
            return Err("packet runs over its block");
        }
        let interface = self.find(number, interfaces).ok_or("packet of an interface that is not described")?;
        let mut direction = None;
        let options = rest.get(captured.next_multiple_of(4)..).unwrap_or_default();
        for option in self.options(options).flatten() {
            match option {
                (EPB_FLAGS, flags) if flags.len() == 4 => {
                    direction = match self.order.u32(flags, 0) & 3 {
                        1 => Some(Direction::Ingress),
                        2 => Some(Direction::Egress),
                        _ => None,
                    };
                }
                (EPB_DROPCOUNT, count) if kind == ENHANCED_PACKET && count.len() == 8 => {
                    lost = self.order.u64(count, 0);
                }
                _ => {}
            }
        }
        interface.lost = interface.lost.saturating_add(lost);
        let ticks = u64::from(self.order.u32(body, 4)) << 32 | u64::from(self.order.u32(body, 8));
        let start = 8 + HEADER;
        Ok(Located {
            ticks: Some(ticks),
            interface: self.before + number as usize,
            data: start..start + captured,
            wire_len,
            direction,
        })
    }

    fn find<'i>(&self, number: u32, interfaces: &'i mut [Interface]) -> Option<&'i mut Interface> {
        interfaces.get_mut(self.before + number as usize)
    }

    /// Code and value of each option; a last `None` when one runs over the end.
    fn options<'b>(&self, mut bytes: &'b [u8]) -> impl Iterator<Item = Option<(u16, &'b [u8])>> {
        let order = self.order;
        std::iter::from_fn(move || {
            let (header, rest) = bytes.split_first_chunk::<4>()?;
            let (code, length) = (order.u16(header, 0), usize::from(order.u16(header, 2)));
            if code == OPTION_END {
                return None;
            }
            let value = rest.get(..length);
            bytes = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
            Some(value.map(|value| (code, value)))
        })
    }
}

/// Byte order from the magic behind the length of a section header.
fn section_order(block: &[u8]) -> Option<Order> {
    match block.get(8..12)? {
        [0x1a, 0x2b, 0x3c, 0x4d] => Some(Order::Big),
        [0x4d, 0x3c, 0x2b, 0x1a] => Some(Order::Little),
        _ => None,
    }
}

/// `if_tsresol`: a negative power of 10, or of 2 with the high bit set. `None` below 10^-38, which nobody can mean.
fn unit(resolution: u8) -> Option<Unit> {
    let exponent = u32::from(resolution & 0x7f);
    if resolution & 0x80 != 0 {
        return 2_u128.checked_pow(exponent).map(Unit::PerSecond);
    }
    match exponent {
        0..=9 => Some(Unit::Nanoseconds(10_u32.pow(9 - exponent))),
        _ => 10_u128.checked_pow(exponent).map(Unit::PerSecond),
    }
}
