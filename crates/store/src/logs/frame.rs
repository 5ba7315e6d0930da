//! Batches as bytes of the append log.
//!
//! ```text
//! header  magic | length of the body | position | synced | CRC-32 of the body | CRC-32 of the header so far
//! body    group | ingestion time | stream | format | count | timestamps | ends of the messages | messages
//! ```
//!
//! All numbers are little-endian. `synced` is how much of the file was on disk before the write that this frame is part
//! of: what stands behind it may be missing after a power loss without anything acknowledged being lost.

use std::sync::Arc;

use arrow::{
    array::StringArray,
    buffer::{Buffer, OffsetBuffer, ScalarBuffer},
};
use weir_record::Format;

/// Bytes of a header.
pub(super) const HEADER: usize = 32;

const MAGIC: [u8; 4] = *b"WLg1";

/// What stands in front of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// Of the body, in bytes.
    pub length: u32,
    /// Of the batch.
    pub position: u64,
    /// Up to where the file was on disk before this write began.
    pub synced: u64,
    /// CRC-32 of the body.
    pub crc: u32,
}

impl Header {
    pub(super) fn to_bytes(self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[4..8].copy_from_slice(&self.length.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.position.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.synced.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.crc.to_le_bytes());
        let crc = crc32fast::hash(&bytes[..28]);
        bytes[28..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let header = bytes.first_chunk::<HEADER>()?;
        let mut fields = Fields(header);
        let sound = fields.take(4)? == MAGIC && header[28..] == crc32fast::hash(&header[..28]).to_le_bytes();
        let (length, position, synced, crc) = (fields.u32()?, fields.u64()?, fields.u64()?, fields.u32()?);
        sound.then_some(Self { length, position, synced, crc })
    }
}

/// The frame at the start of `bytes`: its header and body. `None` when it is not whole.
pub(super) fn read_frame(bytes: &[u8]) -> Option<(Header, &[u8])> {
    let header = Header::read(bytes)?;
    let body = bytes.get(HEADER..HEADER.checked_add(header.length as usize)?)?;
    (crc32fast::hash(body) == header.crc).then_some((header, body))
}

/// Where the next whole frame behind the start of `bytes` begins.
pub(super) fn find_frame(bytes: &[u8]) -> Option<(usize, Header)> {
    let starts = bytes.windows(MAGIC.len()).enumerate().skip(1).filter(|(_, window)| **window == MAGIC);
    starts.map(|(at, _)| at).find_map(|at| Some((at, read_frame(&bytes[at..])?.0)))
}

/// A batch as it stands in a body.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Body {
    /// The id of the log group.
    pub group: i64,
    pub ingestion_time: i64,
    pub stream: Arc<str>,
    /// The format of its flow log records, when it has any.
    pub format: Option<Format>,
    pub timestamps: Vec<i64>,
    pub messages: StringArray,
}

impl Body {
    /// The body as bytes; `None` when a name or the messages are longer than the layout has room for.
    pub(super) fn encode(&self) -> Option<Vec<u8>> {
        let format = self.format.as_ref().map(ToString::to_string).unwrap_or_default();
        let text = text_of(&self.messages);
        let mut out =
            Vec::with_capacity(64 + self.stream.len() + format.len() + 12 * self.timestamps.len() + text.len());
        out.extend_from_slice(&self.group.to_le_bytes());
        out.extend_from_slice(&self.ingestion_time.to_le_bytes());
        for name in [&*self.stream, &format] {
            out.extend_from_slice(&u16::try_from(name.len()).ok()?.to_le_bytes());
            out.extend_from_slice(name.as_bytes());
        }
        out.extend_from_slice(&u32::try_from(self.timestamps.len()).ok()?.to_le_bytes());
        for timestamp in &self.timestamps {
            out.extend_from_slice(&timestamp.to_le_bytes());
        }
        let offsets = self.messages.value_offsets();
        let begin = offsets.first().copied().unwrap_or(0);
        for end in offsets.iter().skip(1) {
            out.extend_from_slice(&(end - begin).to_le_bytes());
        }
        out.extend_from_slice(text);
        u32::try_from(out.len()).ok()?;
        Some(out)
    }

    /// Reads a body; `None` when it is none, which its checksum should have told.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes);
        let (group, ingestion_time) = (fields.i64()?, fields.i64()?);
        let (stream, format) = (fields.name()?, fields.name()?);
        let format = if format.is_empty() { None } else { Some(format.parse().ok()?) };
        let count = fields.u32()? as usize;
        let timestamps = fields.take(count.checked_mul(8)?)?.as_chunks().0;
        let timestamps = timestamps.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect();
        let ends = fields.take(count.checked_mul(4)?)?.as_chunks().0;
        let offsets: Vec<i32> = std::iter::once(0).chain(ends.iter().map(|end| i32::from_le_bytes(*end))).collect();
        let sound = offsets.is_sorted() && offsets.last().copied().map(usize::try_from) == Some(Ok(fields.0.len()));
        let offsets = sound.then(|| OffsetBuffer::new(ScalarBuffer::from(offsets)))?;
        let messages = StringArray::try_new(offsets, Buffer::from(fields.0), None).ok()?;
        Some(Self { group, ingestion_time, stream: stream.into(), format, timestamps, messages })
    }
}

/// The bytes of all messages, one behind the other.
fn text_of(messages: &StringArray) -> &[u8] {
    let offsets = messages.value_offsets();
    let at = |offset: Option<&i32>| offset.and_then(|offset| usize::try_from(*offset).ok()).unwrap_or(0);
    &messages.value_data()[at(offsets.first())..at(offsets.last())]
}

/// Reads one field after the other.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (field, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(field)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }

    fn name(&mut self) -> Option<&'a str> {
        let length = self.array().map(u16::from_le_bytes)?;
        std::str::from_utf8(self.take(length.into())?).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn body(format: Option<Format>) -> Body {
        let messages = StringArray::from(vec!["", "ä", "three"]);
        Body {
            group: 7,
            ingestion_time: -1,
            stream: "eni-1-all".into(),
            format,
            timestamps: vec![1, 2, i64::MAX],
            messages,
        }
    }

    fn framed(body: &[u8], position: u64) -> Vec<u8> {
        let crc = crc32fast::hash(body);
        let header = Header { length: body.len() as u32, position, synced: 3, crc };
        [&header.to_bytes()[..], body].concat()
    }

    #[test]
    fn a_batch_is_read_as_it_was_written() {
        for format in [None, Some(Format::default())] {
            let body = body(format);
            let bytes = body.encode().expect("fits");
            assert_eq!(Body::decode(&bytes).as_ref(), Some(&body));
            for end in 0..bytes.len() {
                assert_eq!(Body::decode(&bytes[..end]), None, "cut at {end}");
            }
        }
        // Messages that are a part of a larger array.
        let whole = body(None);
        let part = Body { timestamps: vec![2, 3], messages: whole.messages.slice(1, 2), ..whole };
        let read = Body::decode(&part.encode().expect("fits")).expect("whole");
        assert_eq!((read.messages.value(0), read.messages.value(1)), ("ä", "three"));
    }

    #[test]
    fn every_flipped_bit_is_found() {
        let bytes = framed(&body(None).encode().expect("fits"), 9);
        assert_eq!(read_frame(&bytes).map(|(header, _)| header.position), Some(9));
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(read_frame(&bytes).is_none(), "bit {bit}");
        }
    }

    #[test]
    fn the_next_frame_is_found_behind_damage() {
        let (first, second) = (framed(b"WLg1 is no frame", 1), framed(b"b", 2));
        let mut bytes = [&first[..], &second].concat();
        bytes[HEADER + 8] ^= 1;
        assert!(read_frame(&bytes).is_none());
        let (at, header) = find_frame(&bytes).expect("there");
        assert_eq!((at, header.position, header.synced), (first.len(), 2, 3));
        assert!(find_frame(&bytes[..bytes.len() - 1]).is_none());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_bytes_are_read_or_refused(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            at in any::<proptest::sample::Index>(),
        ) {
            let _ = (read_frame(&bytes), find_frame(&bytes));
            if let Some(body) = Body::decode(&bytes) {
                prop_assert_eq!(Body::decode(&body.encode().expect("fits")), Some(body));
            }
            // A body that is sound but for some of its bytes, as if the checksum had not told.
            let mut damaged = body(Some(Format::default())).encode().expect("fits");
            let at = at.index(damaged.len());
            for (byte, other) in damaged[at..].iter_mut().zip(&bytes) {
                *byte = *other;
            }
            let _ = Body::decode(&damaged);
        }
    }
}
