//! How rows lie in an object, and how many bytes that takes.

use datafusion::parquet::basic::{Compression, GzipLevel, ZstdLevel};
use flate2::write::GzEncoder;

use super::lines;
use datafusion::arrow::record_batch::RecordBatch;

use crate::error::Error;
use crate::table::Csv;

/// The format of the objects that a statement writes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Format {
    Parquet(Compression),
    /// Cells by position, LazySimpleSerDe.
    Text {
        delimiter: u8,
        gzip: bool,
    },
    /// Cells in quotes, OpenCSVSerde.
    Csv {
        rules: Csv,
        gzip: bool,
    },
    /// An object a line.
    Json {
        gzip: bool,
    },
}

impl Format {
    /// Parquet's compression by the name that Athena has for it.
    pub(super) fn parquet(name: &str) -> Option<Self> {
        Some(Self::Parquet(match name.to_ascii_uppercase().as_str() {
            "GZIP" => Compression::GZIP(GzipLevel::default()),
            "SNAPPY" => Compression::SNAPPY,
            "ZSTD" => Compression::ZSTD(ZstdLevel::default()),
            "NONE" | "UNCOMPRESSED" => Compression::UNCOMPRESSED,
            _ => return None,
        }))
    }

    /// What the name of an object ends with. Athena's Parquet objects have no ending.
    pub(super) const fn ending(&self) -> &'static str {
        match self {
            Self::Parquet(_) => "",
            Self::Text { gzip: true, .. } | Self::Csv { gzip: true, .. } | Self::Json { gzip: true } => ".gz",
            Self::Text { .. } | Self::Csv { .. } | Self::Json { .. } => "",
        }
    }
}

/// Lines on their way into an object, compressed or not.
pub(super) enum Lines {
    Plain(Vec<u8>),
    Gzip(Box<GzEncoder<Vec<u8>>>),
}

impl Lines {
    pub(super) fn new(gzip: bool) -> Self {
        if gzip {
            Self::Gzip(Box::new(GzEncoder::new(Vec::new(), flate2::Compression::default())))
        } else {
            Self::Plain(Vec::new())
        }
    }

    /// Adds the rows; gives what is ready to be stored.
    pub(super) fn write(&mut self, format: &Format, batch: &RecordBatch) -> Result<Vec<u8>, Error> {
        let text = match format {
            Format::Json { .. } => lines::json(batch),
            Format::Text { delimiter, .. } => lines::text(batch, *delimiter),
            Format::Csv { rules, .. } => lines::csv(batch, *rules)?,
            Format::Parquet(_) => Vec::new(),
        };
        match self {
            Self::Plain(_) => Ok(text),
            Self::Gzip(encoder) => {
                std::io::Write::write_all(encoder, &text)
                    .map_err(|error| super::sink::cannot_write("an object", &error))?;
                Ok(std::mem::take(encoder.get_mut()))
            }
        }
    }

    /// What is left.
    pub(super) fn finish(self) -> Result<Vec<u8>, Error> {
        match self {
            Self::Plain(rest) => Ok(rest),
            Self::Gzip(encoder) => encoder.finish().map_err(|error| super::sink::cannot_write("an object", &error)),
        }
    }
}
