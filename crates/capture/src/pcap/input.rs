//! A buffered stream that knows its position and hands out slices of its buffer.

use std::io::{self, Read};

use super::PcapError;

/// Enough for several hundred frames per read.
const BUFFER: usize = 256 << 10;

pub(super) struct Input<'a> {
    source: Box<dyn Read + Send + 'a>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Position of `start` in the stream.
    offset: u64,
    /// Bytes handed out that go at the next [`Input::release`].
    used: usize,
}

impl<'a> Input<'a> {
    pub(super) fn new(source: Box<dyn Read + Send + 'a>) -> Self {
        Input { source, buffer: vec![0; BUFFER], start: 0, end: 0, offset: 0, used: 0 }
    }

    /// The first four bytes of the stream; `None` when it has fewer.
    pub(super) fn start(&mut self) -> Result<Option<[u8; 4]>, PcapError> {
        self.fill(4)?;
        Ok(self.available().first_chunk().copied())
    }

    /// What is in the buffer and not yet consumed.
    pub(super) fn available(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Bytes of memory that the buffer takes.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.buffer.len()
    }

    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Reads until `wanted` bytes are available or the stream ends; says whether they are. The buffer grows with the
    /// data that comes, not with the number asked for.
    pub(super) fn fill(&mut self, wanted: usize) -> Result<bool, PcapError> {
        while self.end - self.start < wanted {
            if self.end == self.buffer.len() {
                self.make_room();
            }
            match self.source.read(&mut self.buffer[self.end..]) {
                Ok(0) => return Ok(false),
                Ok(read) => self.end += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(PcapError::Read { offset: self.offset, source }),
            }
        }
        Ok(true)
    }

    /// As [`Input::fill`], for a `what` that must be there whole.
    pub(super) fn need(&mut self, wanted: usize, what: &'static str) -> Result<(), PcapError> {
        if self.fill(wanted)? {
            return Ok(());
        }
        let found = self.available().len() as u64;
        Err(PcapError::CutShort { offset: self.offset, what, expected: wanted as u64, found })
    }

    /// Marks the first `count` available bytes as used; they stay until [`Input::release`].
    pub(super) fn hand_out(&mut self, count: usize) {
        self.used = count;
    }

    /// Consumes what was handed out.
    pub(super) fn release(&mut self) {
        let used = std::mem::take(&mut self.used).min(self.end - self.start);
        self.start += used;
        self.offset += used as u64;
    }

    /// Consumes `count` bytes without keeping them.
    pub(super) fn skip(&mut self, count: u64, what: &'static str) -> Result<(), PcapError> {
        let block = self.offset;
        let mut left = count;
        while left > 0 {
            if !self.fill(1)? {
                return Err(PcapError::CutShort { offset: block, what, expected: count, found: count - left });
            }
            self.used = usize::try_from(left).unwrap_or(usize::MAX).min(self.end - self.start);
            left -= self.used as u64;
            self.release();
        }
        Ok(())
    }

    fn make_room(&mut self) {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        } else {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
    }
}
