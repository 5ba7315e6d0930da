//! Making a copy: text in, Parquet out.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::file::properties::WriterProperties;
use weir_record::Refusals;
use weir_record::text::{TextChunks, TextDecoder};

use super::{Made, Original};
use crate::table::scan::LARGE;

/// The text of an object.
pub(super) enum Content {
    Bytes(Bytes),
    /// A file that is too large to be taken into memory.
    File(PathBuf),
}

impl Content {
    pub(super) async fn of(original: &Original) -> io::Result<Self> {
        match &original.object.file {
            Some(file) if original.object.size() > LARGE => Ok(Self::File(file.clone())),
            _ => original.place.read(&original.object).await.map(Self::Bytes).map_err(io::Error::other),
        }
    }

    fn chunks(self) -> io::Result<TextChunks<'static>> {
        match self {
            Self::Bytes(bytes) => TextChunks::from_bytes(bytes),
            Self::File(file) => TextChunks::new(File::open(file)?),
        }
    }
}

/// Writes the copy, down to the disk. What is unsound is not whole.
pub(super) fn write(original: &Original, content: Content, to: &Path) -> io::Result<Made> {
    let format = &original.format;
    let decoder = TextDecoder::new(Arc::clone(&format.columns), None, format.options).map_err(io::Error::other)?;
    let mut chunks = content.chunks()?;
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
    let out = BufWriter::new(File::create(to)?);
    let mut writer = ArrowWriter::try_new(out, decoder.schema(), Some(properties))?;
    let mut refusals = Refusals::default();
    let name = &original.object.name;
    while let Some(chunk) = chunks.next_chunk(name, &mut refusals) {
        let chunk = chunk?;
        let mut batches = decoder.batches(name, chunk.text, chunk.first_line);
        while let Some(batch) = batches.next_batch(&mut refusals) {
            writer.write(&batch)?;
        }
        if refusals.refused + refusals.nulled > 0 {
            return Ok(Made::Unsound);
        }
    }
    let out = writer.into_inner()?.into_inner().map_err(io::IntoInnerError::into_error)?;
    out.sync_all()?;
    Ok(Made::Copy)
}
