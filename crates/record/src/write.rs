//! Encoders: record batches to objects of each [`FileFormat`].
//!
//! ```
//! # use weir_record::{Field, FileFormat, Format, BatchBuilder, Value, write::{Options, Writer}};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let format: Format = "${srcaddr} ${bytes}".parse()?;
//! let mut records = BatchBuilder::new(format.clone());
//! records.push(|field| if field == Field::Bytes { Value::Number(84) } else { Value::Text("10.0.0.1") });
//! let mut writer = Writer::new(Vec::new(), &format.schema(), &Options::of(FileFormat::Json))?;
//! writer.write(&records.finish())?;
//! let object: Vec<u8> = writer.finish()?;
//! # assert_eq!(object[..2], [0x1f, 0x8b]);
//! # Ok(()) }
//! ```

mod cef;
mod json;
mod ocsf;
mod parquet;
mod protocol;
mod sink;
mod text;

use std::io::{self, Write};

use ::parquet::errors::ParquetError;
use arrow::{
    datatypes::{Schema, SchemaRef},
    error::ArrowError,
    record_batch::RecordBatch,
};

use crate::{
    FileFormat,
    columns::{Columns, conform, shape},
    compression::Compression,
};
use sink::Sink;

/// What to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Format of the object.
    pub file_format: FileFormat,
    /// Compression of the object, or of the pages inside a Parquet object. AWS uses gzip for both.
    pub compression: Compression,
    /// What OCSF records name as the provider of the network (`cloud.provider`).
    pub cloud_provider: String,
}

impl Options {
    /// An object as it is delivered: gzip.
    pub fn of(file_format: FileFormat) -> Self {
        Self { file_format, compression: Compression::Gzip, cloud_provider: "Weir".into() }
    }
}

/// Why an object could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The destination failed.
    #[error("cannot write the object: {0}")]
    Io(#[from] io::Error),
    /// A batch is not of the schema that the writer was made for.
    #[error("cannot write this batch: {0}")]
    Batch(#[from] ArrowError),
    /// The Parquet encoder failed.
    #[error("cannot write Parquet: {0}")]
    Parquet(#[from] ParquetError),
}

/// Writes batches as one object. An object is whole only after [`finish`](Self::finish).
///
/// Memory: a block of lines, or for Parquet one row group of encoded pages.
pub struct Writer<W: Write + Send> {
    shape: SchemaRef,
    body: Body<W>,
    rows: u64,
}

enum Body<W: Write + Send> {
    Lines { encoder: Box<dyn Encode>, block: Vec<u8>, out: Sink<W> },
    Parquet(Box<parquet::Body<W>>),
}

/// An encoder of lines. Rows are appended to `out` whole, each with its line end.
trait Encode: Send {
    /// What stands before the first row.
    fn start(&mut self, _out: &mut Vec<u8>) {}
    /// Appends one row.
    fn row(&mut self, columns: &Columns<'_>, row: usize, out: &mut Vec<u8>);
}

/// Lines are handed on in blocks of this size.
const BLOCK: usize = 64 * 1024;

impl<W: Write + Send> Writer<W> {
    /// A writer of batches of this schema: that of a [`Format`](crate::Format), or any other, as
    /// readers give. Columns that are no field of the table are written under their own name.
    ///
    /// # Errors
    /// When the destination fails, or Parquet cannot hold the schema.
    pub fn new(out: W, schema: &Schema, options: &Options) -> Result<Self, WriteError> {
        let shape = shape(schema);
        let encoder: Box<dyn Encode> = match options.file_format {
            FileFormat::Parquet => {
                let body = parquet::Body::new(out, &shape, options.compression)?;
                return Ok(Self { shape, body: Body::Parquet(Box::new(body)), rows: 0 });
            }
            FileFormat::PlainText => Box::new(text::Text::new(&shape)),
            FileFormat::Json => Box::new(json::Lines::new(&shape)),
            FileFormat::Cef => Box::new(cef::Cef::new(&shape)),
            FileFormat::Ocsf => Box::new(ocsf::Ocsf::new(&shape, options.cloud_provider.clone())),
        };
        let out = Sink::new(out, options.compression)?;
        let mut body = Body::Lines { encoder, block: Vec::with_capacity(BLOCK + BLOCK / 4), out };
        if let Body::Lines { encoder, block, .. } = &mut body {
            encoder.start(block);
        }
        Ok(Self { shape, body, rows: 0 })
    }

    /// Appends a batch.
    ///
    /// # Errors
    /// When the batch has other columns than the writer was made for, or the destination fails.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), WriteError> {
        let batch = conform(batch, &self.shape)?;
        match &mut self.body {
            Body::Parquet(body) => body.write(&batch)?,
            Body::Lines { encoder, block, out } => {
                let columns = Columns::of(&batch)
                    .ok_or_else(|| ArrowError::SchemaError("a column of a type that no record has".into()))?;
                for row in 0..batch.num_rows() {
                    encoder.row(&columns, row, block);
                    if block.len() >= BLOCK {
                        out.write_all(block)?;
                        block.clear();
                    }
                }
            }
        }
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    /// How many records have been written.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// How large the object is so far, in bytes. For deciding when an object is full, so an estimate:
    /// lines lag by what the compressor still holds, and a row group of Parquet that is not ended
    /// counts with what it holds before compression.
    pub fn size(&self) -> u64 {
        match &self.body {
            Body::Parquet(body) => body.size(),
            Body::Lines { out, .. } => out.written(),
        }
    }

    /// Ends the object and gives the destination back, flushed but not synced.
    ///
    /// # Errors
    /// When the destination fails; the object is then not whole.
    pub fn finish(self) -> Result<W, WriteError> {
        match self.body {
            Body::Parquet(body) => Ok(body.finish()?),
            Body::Lines { block, mut out, .. } => {
                out.write_all(&block)?;
                let mut inner = out.finish()?;
                inner.flush()?;
                Ok(inner)
            }
        }
    }
}

/// Appends a number as decimal digits.
fn push_number(out: &mut Vec<u8>, number: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

#[cfg(test)]
mod tests;
