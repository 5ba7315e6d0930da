//! Objects cut into parts that end at line ends, so that a large one needs little memory.

use std::{
    io::{self, Read},
    sync::Arc,
};

use arrow::buffer::Buffer;
use bytes::Bytes;
use memchr::{memchr, memchr_iter, memrchr};

use crate::{
    Refusals,
    compression::{self, Compression, Damage},
};

/// A part of an object that ends at a line end, or at the end of the object.
#[derive(Debug, Clone)]
pub struct TextChunk {
    /// The lines.
    pub text: Buffer,
    /// The number of the first line, from 1.
    pub first_line: u64,
}

/// Cuts an object into [`TextChunk`]s.
///
/// Lines longer than [`TextChunks::LONGEST_LINE`] are refused and skipped.
pub struct TextChunks<'a> {
    source: Option<Box<dyn Read + Send + 'a>>,
    /// What was read behind the last line end, or of a whole object everything.
    rest: Buffer,
    /// Why the object could not be read on; told after everything before it was given.
    failure: Option<io::Error>,
    line: u64,
    chunk_bytes: usize,
    longest_line: usize,
}

impl<'a> TextChunks<'a> {
    /// The longest line that is read, in bytes: that of Athena.
    pub const LONGEST_LINE: usize = 32 << 20;
    /// How much of a stream a chunk holds, in bytes.
    const CHUNK_BYTES: usize = 8 << 20;
    /// The largest compressed object that is inflated at once, in bytes.
    const WHOLE_COMPRESSED: usize = 64 << 20;
    /// The largest text that is inflated at once, in bytes, as far as an object tells beforehand.
    const WHOLE_TEXT: usize = 256 << 20;

    /// Cuts a stream, which may be compressed.
    ///
    /// # Errors
    /// When the first bytes cannot be read.
    pub fn new(source: impl Read + Send + 'a) -> io::Result<Self> {
        Ok(Self { source: Some(compression::reader(source)?), ..Self::whole(Vec::<u8>::new().into(), None) })
    }

    /// Cuts an object in memory, which may be compressed: one that is not too large is one chunk.
    ///
    /// # Errors
    /// When the head of a compressed object cannot be read.
    pub fn from_bytes(object: Bytes) -> io::Result<TextChunks<'static>> {
        match Self::inflate(&object) {
            Some(Ok(text)) => Ok(TextChunks::from_text(text)),
            Some(Err(mut damage)) => {
                let readable = std::mem::take(&mut damage.readable);
                Ok(TextChunks::whole(readable.into(), Some(io::Error::new(io::ErrorKind::InvalidData, damage))))
            }
            None => TextChunks::new(io::Cursor::new(object)),
        }
    }

    /// A text as one chunk.
    pub fn from_text(text: Buffer) -> TextChunks<'static> {
        TextChunks::whole(text, None)
    }

    /// The whole text of an object; `None` when it is better read as a stream.
    ///
    /// # Errors
    /// When the object is damaged. The error holds what could be read.
    pub fn inflate(object: &Bytes) -> Option<Result<Buffer, Damage>> {
        let small = object.len() <= Self::WHOLE_COMPRESSED && told_size(object) <= Self::WHOLE_TEXT;
        match compression::detect(object) {
            Compression::None => Some(Ok(object.clone().into())),
            Compression::Gzip if small => Some(compression::inflate(object).map(Buffer::from)),
            _ => None,
        }
    }

    fn whole(text: Buffer, failure: Option<io::Error>) -> Self {
        let (chunk_bytes, longest_line) = (Self::CHUNK_BYTES, Self::LONGEST_LINE);
        Self { source: None, rest: text, failure, line: 1, chunk_bytes, longest_line }
    }

    /// The next part; `object` names it where lines are refused.
    ///
    /// # Errors
    /// When the object is damaged or cannot be read on; the message has the position. What could be
    /// read has been given before, and nothing comes after.
    pub fn next_chunk(&mut self, object: &Arc<str>, refusals: &mut Refusals) -> Option<io::Result<TextChunk>> {
        let text = match self.source.take() {
            None => std::mem::take(&mut self.rest),
            Some(source) => self.read_chunk(source, object, refusals),
        };
        if text.is_empty() {
            return self.failure.take().map(Err);
        }
        let first_line = self.line;
        if self.source.is_some() {
            self.line += memchr_iter(b'\n', &text).count() as u64;
        }
        Some(Ok(TextChunk { text, first_line }))
    }

    /// Reads up to a line end some way on. Puts the source back unless it ended.
    fn read_chunk(
        &mut self,
        mut source: Box<dyn Read + Send + 'a>,
        object: &Arc<str>,
        refusals: &mut Refusals,
    ) -> Buffer {
        let mut text = Vec::with_capacity(self.chunk_bytes);
        text.extend_from_slice(&std::mem::take(&mut self.rest));
        let mut skipping = false;
        loop {
            let before = text.len();
            let wanted = self.chunk_bytes.saturating_sub(before).max(self.chunk_bytes / 4).max(1);
            let read = source.by_ref().take(wanted as u64).read_to_end(&mut text);
            if skipping {
                skipping = drop_line_start(&mut text);
            }
            let last_end = memrchr(b'\n', &text).map_or(0, |end| end + 1);
            match read {
                Ok(0) => return text.into(),
                Err(error) => {
                    self.failure = Some(error);
                    text.truncate(last_end);
                    return text.into();
                }
                Ok(_) if last_end > 0 => {
                    self.rest = text.split_off(last_end).into();
                    self.source = Some(source);
                    return text.into();
                }
                Ok(_) if text.len() > self.longest_line => {
                    let longest = self.longest_line;
                    refusals.lines += 1;
                    refusals.refuse(object, self.line, 1, || format!("the line is longer than {longest} bytes"));
                    self.line += 1;
                    text.clear();
                    skipping = true;
                }
                Ok(_) => {}
            }
        }
    }
}

/// The size of the text as the end of a gzip object tells it.
fn told_size(object: &[u8]) -> usize {
    object.last_chunk::<4>().map_or(0, |size| u32::from_le_bytes(*size) as usize)
}

/// Drops everything up to the first line end; says whether it is still to come.
fn drop_line_start(text: &mut Vec<u8>) -> bool {
    let end = memchr(b'\n', text);
    text.drain(..end.map_or(text.len(), |end| end + 1));
    end.is_none()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn chunks(mut chunks: TextChunks<'_>) -> (Vec<(u64, String)>, Option<io::Error>, Refusals) {
        let (mut texts, mut refusals) = (Vec::new(), Refusals::default());
        loop {
            match chunks.next_chunk(&"o".into(), &mut refusals) {
                None => return (texts, None, refusals),
                Some(Err(error)) => return (texts, Some(error), refusals),
                Some(Ok(chunk)) => {
                    texts.push((chunk.first_line, String::from_utf8(chunk.text.to_vec()).expect("text")));
                }
            }
        }
    }

    fn stream(text: &[u8], chunk_bytes: usize, longest_line: usize) -> TextChunks<'_> {
        TextChunks { chunk_bytes, longest_line, ..TextChunks::new(text).expect("readable") }
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text).expect("in memory");
        encoder.finish().expect("in memory")
    }

    #[test]
    fn every_cut_is_at_a_line_end_and_knows_its_line() {
        let text = "1\n\n333\r\n4444444444444\n5\n6666";
        for chunk_bytes in 1..40 {
            let (parts, error, refusals) = chunks(stream(text.as_bytes(), chunk_bytes, 100));
            assert!(error.is_none() && refusals.is_empty());
            assert_eq!(parts.iter().map(|(_, part)| part.as_str()).collect::<String>(), text);
            let mut line = 1;
            for (index, (first_line, part)) in parts.iter().enumerate() {
                assert_eq!(*first_line, line);
                assert!(part.ends_with('\n') || index + 1 == parts.len(), "{parts:?}");
                line += part.matches('\n').count() as u64;
            }
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_refused_and_the_rest_read() {
        let text = format!("first\n{}\nthird\n{}", "x".repeat(1000), "y".repeat(1000));
        for chunk_bytes in 1..40 {
            let (parts, error, refusals) = chunks(stream(text.as_bytes(), chunk_bytes, 100));
            assert!(error.is_none());
            assert_eq!(parts.iter().map(|(_, part)| part.as_str()).collect::<String>(), "first\nthird\n");
            assert_eq!(refusals.refused, 2);
            assert_eq!(refusals.samples.iter().map(|sample| sample.line).collect::<Vec<_>>(), [2, 4]);
        }
    }

    #[test]
    fn whole_objects_and_streams_of_them_agree() {
        let text = (0..1000).map(|line| format!("line {line}\n")).collect::<String>();
        for object in
            [text.clone().into_bytes(), gzip(text.as_bytes()), zstd::encode_all(text.as_bytes(), 3).expect("zstd")]
        {
            let (whole, error, _) = chunks(TextChunks::from_bytes(object.clone().into()).expect("readable"));
            assert!(error.is_none());
            assert_eq!(whole, [(1, text.clone())]);
            let (parts, error, _) = chunks(stream(&object, 64, 100));
            assert!(error.is_none() && parts.len() > 50);
            assert_eq!(parts.into_iter().map(|(_, part)| part).collect::<String>(), text);
        }
        assert!(chunks(TextChunks::from_bytes(Bytes::new()).expect("readable")).0.is_empty());
    }

    #[test]
    fn damage_comes_after_everything_before_it() {
        let text = (0..10_000).map(|line| format!("line {line}\n")).collect::<String>();
        let object = gzip(text.as_bytes());
        let cut = &object[..object.len() / 2];
        let whole = chunks(TextChunks::from_bytes(cut.to_vec().into()).expect("readable"));
        let streamed = chunks(stream(cut, 512, 100));
        for (parts, error, _) in [&whole, &streamed] {
            let message = error.as_ref().expect("cut off").to_string();
            assert!(message.contains("near byte") && message.contains("cut off"), "{message}");
            let readable = parts.iter().map(|(_, part)| part.as_str()).collect::<String>();
            assert!(readable.len() > text.len() / 4 && text.starts_with(&readable) && readable.ends_with('\n'));
        }
    }
}
