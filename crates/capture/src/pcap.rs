//! Reads capture files, pcap and pcapng, plain, gzip or zstd, one frame at a time.
//!
//! The file is never held in memory, only the block being read. A damaged or cut file gives every frame before the
//! damage, then an error with the byte where the damaged part starts (counted in the uncompressed file).
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut capture = weir_capture::pcap::PcapReader::new(std::fs::File::open("trace.pcapng.gz")?)?;
//! while let Some(frame) = capture.next_frame()? {
//!     println!("{} {:?}", frame.time_ns, frame.parse());
//! }
//! # Ok(())
//! # }
//! ```

mod classic;
mod input;
mod pcapng;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io::{self, Read};
use std::ops::Range;

use weir_network::Direction;

use crate::packet::{self, LinkType, Parsed, Skip};
use classic::Classic;
use input::Input;
use pcapng::Pcapng;

/// Reads the frames of one capture file.
pub struct PcapReader<'a> {
    input: Input<'a>,
    format: Format,
    interfaces: Vec<Interface>,
    /// No more can be read: the end, or damage that cannot be stepped over.
    ended: bool,
    /// Time of the frame before, for simple packet blocks, which have none.
    last_time_ns: u64,
}

/// One captured frame, valid until the next is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// When it was captured, in nanoseconds since 1970. A simple packet block (pcapng) carries no time and gets that of
    /// the frame before it, 0 at the start.
    pub time_ns: u64,
    /// Where it was captured.
    pub interface: &'a Interface,
    /// The captured bytes; fewer than `wire_len` in a capture with a snap length.
    pub data: &'a [u8],
    /// Length of the frame on the wire.
    pub wire_len: u32,
    /// Direction, where the capture file says it (`epb_flags`).
    pub direction: Option<Direction>,
}

/// An interface of a capture file: one in pcap, as many as described in pcapng.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Position among all interfaces of the file, over all sections, from 0.
    pub index: u32,
    /// What its frames start with.
    pub link: LinkType,
    /// Name, such as `eth0`, where the file has it.
    pub name: Option<String>,
    /// Frames that the capturing program says it lost here, as far as read.
    pub lost: u64,
    /// Most bytes captured of a frame; 0 for no limit.
    snap_len: u32,
    clock: Clock,
}

/// Why a capture file cannot be read (further).
#[derive(Debug, thiserror::Error)]
pub enum PcapError {
    /// The file is neither pcap nor pcapng.
    #[error("not a pcap or pcapng file: it starts with {}", Hex(.0))]
    NotACapture(Vec<u8>),
    /// The file cannot be read, or cannot be decompressed, beyond a byte.
    #[error("at byte {offset} of the capture: {source}")]
    Read {
        /// Where the part starts that cannot be read, in the uncompressed file.
        offset: u64,
        /// The error below.
        source: io::Error,
    },
    /// The file ends inside a frame or block.
    #[error("at byte {offset} of the capture: the file ends inside a {what} of {expected} bytes, after {found}")]
    CutShort {
        /// Where the frame or block starts, in the uncompressed file.
        offset: u64,
        /// What is cut.
        what: &'static str,
        /// Its length.
        expected: u64,
        /// How much of it is there.
        found: u64,
    },
    /// A frame or block contradicts itself or is larger than any that is captured.
    #[error("at byte {offset} of the capture: {reason}")]
    Damaged {
        /// Where the frame or block starts, in the uncompressed file.
        offset: u64,
        /// What is wrong.
        reason: &'static str,
    },
}

/// Frames and blocks with frames are refused above this: no link has such frames, and the length is an attacker's.
pub(crate) const FRAME_MAX: u32 = 16 << 20;

/// Whether a file that starts so (uncompressed, at least 4 bytes) is a capture file.
pub fn is_capture(start: &[u8]) -> bool {
    start.first_chunk().is_some_and(|magic| *magic == pcapng::MAGIC || Classic::from_magic(*magic).is_some())
}

impl<'a> PcapReader<'a> {
    /// Starts to read a capture, compressed or not.
    ///
    /// # Errors
    /// When it is no capture, cannot be read, or ends inside its file header.
    pub fn new(source: impl Read + Send + 'a) -> Result<Self, PcapError> {
        let source =
            weir_record::compression::reader(source).map_err(|source| PcapError::Read { offset: 0, source })?;
        let mut input = Input::new(source);
        let mut interfaces = Vec::new();
        let format = match input.start()? {
            Some(magic) if magic == pcapng::MAGIC => Format::Pcapng(Pcapng::default()),
            Some(magic) if let Some(classic) = Classic::from_magic(magic) => {
                interfaces.push(classic.file_header(&mut input)?);
                Format::Classic(classic)
            }
            _ => return Err(PcapError::NotACapture(input.available().iter().copied().take(4).collect())),
        };
        Ok(PcapReader { input, format, interfaces, ended: false, last_time_ns: 0 })
    }

    /// The next frame; `None` at the end.
    ///
    /// # Errors
    /// When the file is damaged, cut short or cannot be read. After damage inside one pcapng block the next call goes on
    /// behind it; after any other error the next call gives `None`.
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, PcapError> {
        if self.ended {
            return Ok(None);
        }
        self.input.release();
        let found = match &mut self.format {
            Format::Classic(classic) => classic.next(&mut self.input).map_err(Stop::Here),
            Format::Pcapng(pcapng) => pcapng.next(&mut self.input, &mut self.interfaces),
        };
        let located = match found {
            Ok(Some(located)) => located,
            Ok(None) => {
                self.ended = true;
                return Ok(None);
            }
            Err(Stop::Here(error)) => {
                self.ended = true;
                return Err(error);
            }
            Err(Stop::Block(error)) => return Err(error),
        };
        let Some(interface) = self.interfaces.get(located.interface) else { return Ok(None) };
        self.last_time_ns = located.ticks.map_or(self.last_time_ns, |ticks| interface.clock.nanoseconds(ticks));
        let data = self.input.available().get(located.data).unwrap_or_default();
        let captured = u32::try_from(data.len()).unwrap_or(u32::MAX);
        Ok(Some(Frame {
            time_ns: self.last_time_ns,
            interface,
            data,
            wire_len: located.wire_len.max(captured),
            direction: located.direction,
        }))
    }

    /// The interfaces met so far.
    pub fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    /// How far the file is read, in bytes of the uncompressed file.
    pub fn position(&self) -> u64 {
        self.input.offset()
    }
}

impl fmt::Debug for PcapReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PcapReader")
            .field("interfaces", &self.interfaces)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

impl Frame<'_> {
    /// Takes the frame apart; the direction is the file's where the frame has none.
    ///
    /// # Errors
    /// The reason when it is not counted.
    pub fn parse(&self) -> Result<Parsed, Skip> {
        let parsed = packet::parse_cut(self.interface.link, self.data, self.wire_len as usize)?;
        Ok(Parsed { direction: parsed.direction.or(self.direction), ..parsed })
    }
}

enum Format {
    Classic(Classic),
    Pcapng(Pcapng),
}

/// An error, and whether reading can go on behind it.
enum Stop {
    /// The file's framing is lost.
    Here(PcapError),
    /// Only this block is bad.
    Block(PcapError),
}

/// A frame in the bytes that the input holds.
struct Located {
    ticks: Option<u64>,
    interface: usize,
    data: Range<usize>,
    wire_len: u32,
    direction: Option<Direction>,
}

/// How an interface's time stamps become nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Clock {
    unit: Unit,
    /// Seconds to add (`if_tsoffset`).
    offset_s: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// Nanoseconds per tick.
    Nanoseconds(u32),
    /// Ticks per second.
    PerSecond(u128),
}

impl Clock {
    const MICROSECONDS: Clock = Clock { unit: Unit::Nanoseconds(1000), offset_s: 0 };
    const NANOSECONDS: Clock = Clock { unit: Unit::Nanoseconds(1), offset_s: 0 };

    /// Times before 1970 become 0, times after 2554 the last that fits.
    fn nanoseconds(self, ticks: u64) -> u64 {
        let since = match self.unit {
            Unit::Nanoseconds(each) => i128::from(ticks) * i128::from(each),
            Unit::PerSecond(ticks_per_second) => {
                let (seconds, rest) = (u128::from(ticks) / ticks_per_second, u128::from(ticks) % ticks_per_second);
                // Below 2^64 ticks the rest has at most 64 bits, so this cannot overflow.
                (seconds * 1_000_000_000 + rest * 1_000_000_000 / ticks_per_second).cast_signed()
            }
        };
        let time = since + i128::from(self.offset_s) * 1_000_000_000;
        u64::try_from(time.max(0)).unwrap_or(u64::MAX)
    }
}

struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("nothing (it is empty)");
        }
        let mut separator = "";
        for byte in self.0 {
            write!(f, "{separator}{byte:02x}")?;
            separator = " ";
        }
        Ok(())
    }
}
