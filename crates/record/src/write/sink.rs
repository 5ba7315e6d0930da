//! Where lines go: through a compressor, counted.

use std::io::{self, Write};

use flate2::write::GzEncoder;

use crate::compression::Compression;

/// A compressing writer that knows how many bytes have left it.
pub(super) enum Sink<W: Write> {
    Plain(Counted<W>),
    Gzip(Box<GzEncoder<Counted<W>>>),
    Zstd(Box<zstd::stream::write::Encoder<'static, Counted<W>>>),
}

pub(super) struct Counted<W> {
    inner: W,
    written: u64,
}

/// The level that gzip itself takes when it is told none.
const GZIP_LEVEL: u32 = 6;
const ZSTD_LEVEL: i32 = 3;

impl<W: Write> Sink<W> {
    pub(super) fn new(inner: W, compression: Compression) -> io::Result<Self> {
        let inner = Counted { inner, written: 0 };
        Ok(match compression {
            Compression::None => Sink::Plain(inner),
            Compression::Gzip => Sink::Gzip(Box::new(GzEncoder::new(inner, flate2::Compression::new(GZIP_LEVEL)))),
            Compression::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(inner, ZSTD_LEVEL)?;
                encoder.include_checksum(true)?;
                Sink::Zstd(Box::new(encoder))
            }
        })
    }

    /// Bytes that have left the compressor.
    pub(super) fn written(&self) -> u64 {
        match self {
            Sink::Plain(out) => out.written,
            Sink::Gzip(out) => out.get_ref().written,
            Sink::Zstd(out) => out.get_ref().written,
        }
    }

    /// Writes what the compressor holds and its end.
    pub(super) fn finish(self) -> io::Result<W> {
        Ok(match self {
            Sink::Plain(out) => out.inner,
            Sink::Gzip(out) => out.finish()?.inner,
            Sink::Zstd(out) => out.finish()?.inner,
        })
    }
}

impl<W: Write> Write for Sink<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Sink::Plain(out) => out.write(bytes),
            Sink::Gzip(out) => out.write(bytes),
            Sink::Zstd(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Sink::Plain(out) => out.flush(),
            Sink::Gzip(out) => out.flush(),
            Sink::Zstd(out) => out.flush(),
        }
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.written += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
