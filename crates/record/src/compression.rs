//! Compressed objects: told by their first bytes, read whole or as a stream.
//!
//! Whole objects go through libdeflate, about twice as fast as a streaming inflater. What it cannot
//! read, because it is cut off or damaged, is read again as a stream up to the damage.

use std::{
    io::{self, BufRead, BufReader, Cursor, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use flate2::bufread::MultiGzDecoder;
use libdeflater::Decompressor;
use memchr::{memmem, memrchr};
use zstd::stream::read::Decoder as ZstdDecoder;

/// How an object is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all, or in a way that is not known here.
    None,
    /// Gzip, of one or more members.
    Gzip,
    /// Zstandard, of one or more frames.
    Zstd,
}

/// The part of a compressed object that could be read, and why the rest could not.
#[derive(Debug, thiserror::Error)]
#[error(
    "damaged near byte {position} of the compressed data, after {} readable bytes: {problem}; fetch the object again",
    readable.len()
)]
pub struct Damage {
    /// What could be read, cut after the last line end, so that no half line passes for a record.
    pub readable: Vec<u8>,
    /// Bytes of compressed data that had been taken in when reading stopped.
    pub position: u64,
    /// What is wrong there.
    pub problem: String,
}

/// The most that [`inflate`] makes of one object, in bytes; larger ones are read with [`reader`].
pub const WHOLE_LIMIT: usize = 1 << 30;

/// The most that is inflated at a time when reading as a stream, in bytes.
const READ_MAX: usize = 4 << 10;

/// Tells the compression from the first bytes of an object; four are enough.
pub fn detect(start: &[u8]) -> Compression {
    match start {
        [0x1f, 0x8b, ..] => Compression::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Compression::Zstd,
        _ => Compression::None,
    }
}

/// Inflates a whole object; one that is not compressed is copied.
///
/// # Errors
/// When the object is damaged, cut off or inflates to more than [`WHOLE_LIMIT`]. The error holds
/// what could be read.
pub fn inflate(data: &[u8]) -> Result<Vec<u8>, Damage> {
    inflate_up_to(data, WHOLE_LIMIT)
}

/// Reads any object, compressed or not, as a stream.
///
/// # Errors
/// When the first bytes cannot be read. Later reads fail with the position when the data is damaged.
pub fn reader<'a>(mut source: impl Read + Send + 'a) -> io::Result<Box<dyn Read + Send + 'a>> {
    let mut start = Vec::with_capacity(4);
    source.by_ref().take(4).read_to_end(&mut start)?;
    let compression = detect(&start);
    let whole = Cursor::new(start).chain(source);
    if compression == Compression::None {
        return Ok(Box::new(whole));
    }
    Ok(Box::new(Inflater::new(BufReader::with_capacity(64 << 10, whole), compression)?))
}

fn inflate_up_to(data: &[u8], limit: usize) -> Result<Vec<u8>, Damage> {
    match detect(data) {
        Compression::None => Ok(data.to_vec()),
        Compression::Gzip => {
            let (text, read) = gzip_members(data, limit);
            if read == data.len() { Ok(text) } else { inflate_rest(data, read, Compression::Gzip, text, limit) }
        }
        Compression::Zstd => inflate_rest(data, 0, Compression::Zstd, Vec::new(), limit),
    }
}

/// Inflates the members that libdeflate can read; gives their text and how many bytes they took.
///
/// libdeflate does not say where a member ends, so the ends are found from what must stand there:
/// the end of the data or the start of a next member, behind the length of the text.
fn gzip_members(data: &[u8], limit: usize) -> (Vec<u8>, usize) {
    const SMALLEST_MEMBER: usize = 18;
    /// Attempts that come to nothing before the object is read as a stream instead: each may cost a large buffer.
    const FAILURES: usize = 4;
    // Deflate makes at most 1032 bytes of one.
    let largest_text = |compressed: usize| compressed.saturating_mul(1032);
    let mut inflater = Decompressor::new();
    let mut text: Vec<u8> = Vec::new();
    let mut start = 0;
    let mut failures = 0;
    'members: while start < data.len() {
        let after = data.get(start + SMALLEST_MEMBER..).unwrap_or_default();
        let heads = memmem::find_iter(after, &[0x1f, 0x8b, 0x08]).filter(|at| is_member_head(&after[*at..]));
        let next = heads.map(|at| start + SMALLEST_MEMBER + at);
        for end in next.chain([data.len()]) {
            let member = &data[start..end];
            let Some((_, length)) = member.split_last_chunk::<4>() else { continue };
            let length = u32::from_le_bytes(*length) as usize;
            let before = text.len();
            if length > largest_text(member.len()) || before + length > limit {
                continue;
            }
            if text.is_empty() {
                // From the allocator, zeroed by the kernel: nothing is written twice.
                text = vec![0; length];
            } else {
                text.resize(before + length, 0);
            }
            if inflater.gzip_decompress(member, &mut text[before..]) == Ok(length) {
                start = end;
                continue 'members;
            }
            text.truncate(before);
            failures += 1;
            if failures == FAILURES {
                break 'members;
            }
        }
        break;
    }
    (text, start)
}

/// Whether bytes can be the head of a gzip member (RFC 1952): reserved flags unset, a known system. Compressed
/// data holds the three bytes of its magic number by chance in every 16 MB.
fn is_member_head(bytes: &[u8]) -> bool {
    matches!(bytes, [0x1f, 0x8b, 0x08, 0..=0x1f, _, _, _, _, _, 0..=13 | 255, ..])
}

/// Reads the object from byte `start` on as a stream, behind the text that was read already.
fn inflate_rest(
    data: &[u8],
    start: usize,
    compression: Compression,
    mut text: Vec<u8>,
    limit: usize,
) -> Result<Vec<u8>, Damage> {
    let damage = |mut readable: Vec<u8>, read: u64, problem: String| {
        readable.truncate(memrchr(b'\n', &readable).map_or(0, |at| at + 1));
        Damage { readable, position: start as u64 + read, problem }
    };
    let mut inflater = match Inflater::new(&data[start..], compression) {
        Ok(inflater) => inflater,
        Err(error) => return Err(damage(text, 0, error.to_string())),
    };
    let room = (limit - text.len()) as u64;
    match inflater.by_ref().take(room + 1).read_to_end(&mut text) {
        Ok(_) if text.len() > limit => {
            let problem = format!("inflates to more than {limit} bytes, read it as a stream");
            Err(damage(text, inflater.position(), problem))
        }
        Ok(_) => Ok(text),
        Err(_) => Err(damage(text, inflater.position(), inflater.problem)),
    }
}

/// A streaming inflater whose errors name the position in the compressed data.
struct Inflater<'a> {
    decoder: Box<dyn Read + Send + 'a>,
    position: Arc<AtomicU64>,
    problem: String,
}

impl<'a> Inflater<'a> {
    fn new(source: impl BufRead + Send + 'a, compression: Compression) -> io::Result<Self> {
        let position = Arc::new(AtomicU64::new(0));
        let source = Counted { source, consumed: Arc::clone(&position) };
        let decoder: Box<dyn Read + Send + 'a> = match compression {
            Compression::None => Box::new(source),
            Compression::Gzip => Box::new(MultiGzDecoder::new(source)),
            Compression::Zstd => Box::new(ZstdDecoder::with_buffer(source)?),
        };
        Ok(Self { decoder, position, problem: String::new() })
    }

    fn position(&self) -> u64 {
        self.position.load(Ordering::Relaxed)
    }
}

impl Read for Inflater<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        // What a decoder made in the call that meets damage is lost: small calls lose little.
        let room = into.len().min(READ_MAX);
        self.decoder.read(&mut into[..room]).map_err(|error| {
            if error.kind() == io::ErrorKind::Interrupted {
                return error;
            }
            self.problem = match error.kind() {
                io::ErrorKind::UnexpectedEof => "the object is cut off".to_owned(),
                _ => error.to_string(),
            };
            let position = self.position();
            io::Error::new(
                error.kind(),
                format!("damaged near byte {position} of the compressed data: {}", self.problem),
            )
        })
    }
}

/// Counts the bytes that a decoder has consumed.
struct Counted<R> {
    source: R,
    consumed: Arc<AtomicU64>,
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(into)?;
        self.consumed.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.source.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.consumed.fetch_add(amount as u64, Ordering::Relaxed);
        self.source.consume(amount);
    }
}

#[cfg(test)]
mod tests;
