//! Making a copy: text in, Parquet out.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::file::properties::WriterProperties;
use weir_record::Refusals;
use weir_record::text::{TextBatches, TextChunks, TextDecoder};

use super::{LineFormat, LineRules, Made, Original};
use crate::table::rows::RowReader;
use crate::table::scan::LARGE;
use crate::table::selection::BATCH_ROWS;

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
    let mut rows = Rows::new(original, content.chunks()?)?;
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
    let out = BufWriter::new(File::create(to)?);
    let mut writer = ArrowWriter::try_new(out, rows.schema(), Some(properties))?;
    let mut refusals = Refusals::default();
    loop {
        match rows.next(&original.object.name, &mut refusals) {
            None => break,
            // A line is none of the SerDe's: each query has to say so.
            Some(Err(error)) if rows.by_serde() && error.kind() == io::ErrorKind::InvalidData => {
                return Ok(Made::Unsound);
            }
            Some(batch) => writer.write(&batch?)?,
        }
        if refusals.refused + refusals.nulled > 0 {
            return Ok(Made::Unsound);
        }
    }
    if refusals.refused + refusals.nulled > 0 {
        return Ok(Made::Unsound);
    }
    let out = writer.into_inner()?.into_inner().map_err(io::IntoInnerError::into_error)?;
    out.sync_all()?;
    Ok(Made::Copy)
}

/// The rows of an object, all their columns.
enum Rows {
    Plain(Box<Plain>),
    BySerde(SchemaRef, Box<RowReader>),
}

/// Plain text that is being decoded.
struct Plain {
    decoder: TextDecoder,
    chunks: TextChunks<'static>,
    batches: Option<TextBatches>,
}

impl Rows {
    fn new(original: &Original, chunks: TextChunks<'static>) -> io::Result<Self> {
        let LineFormat { columns, rules } = &original.format;
        Ok(match rules {
            LineRules::Plain(options) => {
                let decoder = TextDecoder::new(Arc::clone(columns), None, *options).map_err(io::Error::other)?;
                Self::Plain(Box::new(Plain { decoder, chunks, batches: None }))
            }
            LineRules::Rows(rows) => {
                let places = (0..columns.fields().len()).collect();
                let reader = RowReader::new(chunks, rows, columns, places).map_err(io::Error::other)?;
                Self::BySerde(Arc::clone(columns), Box::new(reader))
            }
        })
    }

    fn schema(&self) -> SchemaRef {
        match self {
            Self::Plain(plain) => plain.decoder.schema(),
            Self::BySerde(columns, _) => Arc::clone(columns),
        }
    }

    const fn by_serde(&self) -> bool {
        matches!(self, Self::BySerde(..))
    }

    fn next(&mut self, object: &Arc<str>, refusals: &mut Refusals) -> Option<io::Result<RecordBatch>> {
        let Plain { decoder, chunks, batches } = match self {
            Self::BySerde(_, reader) => return reader.next_batch(BATCH_ROWS, object, refusals),
            Self::Plain(plain) => plain.as_mut(),
        };
        loop {
            if let Some(batch) = batches.as_mut().and_then(|batches| batches.next_batch(refusals)) {
                return Some(Ok(batch));
            }
            *batches = None;
            match chunks.next_chunk(object, refusals)? {
                Ok(chunk) => *batches = Some(decoder.batches(object, chunk.text, chunk.first_line)),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
