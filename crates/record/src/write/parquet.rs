//! Parquet as AWS writes it: a column a field, underscores in the names, gzip pages.

use std::io::Write;

use arrow::{datatypes::SchemaRef, record_batch::RecordBatch};
use parquet::{
    arrow::{ArrowWriter, arrow_writer::ArrowWriterOptions},
    basic::{Compression as Codec, GzipLevel, ZstdLevel},
    errors::ParquetError,
    file::properties::WriterProperties,
};

use crate::compression::Compression;

/// Records in a row group. One row group is held in memory while it is written, and is the least
/// that a query can give to one of its threads.
const ROW_GROUP_ROWS: usize = 512 * 1024;
/// A row group ends before this many encoded bytes.
const ROW_GROUP_BYTES: usize = 64 << 20;

pub(super) struct Body<W: Write + Send>(ArrowWriter<W>);

impl<W: Write + Send> Body<W> {
    pub(super) fn new(out: W, shape: &SchemaRef, compression: Compression) -> Result<Self, ParquetError> {
        let codec = match compression {
            Compression::None => Codec::UNCOMPRESSED,
            Compression::Gzip => Codec::GZIP(GzipLevel::default()),
            Compression::Zstd => Codec::ZSTD(ZstdLevel::try_new(3)?),
        };
        let properties = WriterProperties::builder()
            .set_created_by(concat!("weir ", env!("CARGO_PKG_VERSION")).into())
            .set_compression(codec)
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .set_max_row_group_bytes(Some(ROW_GROUP_BYTES))
            .build();
        // without Arrow's own schema inside, which would ask other readers for string views
        let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
        Ok(Self(ArrowWriter::try_new_with_options(out, SchemaRef::clone(shape), options)?))
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<(), ParquetError> {
        self.0.write(batch)
    }

    pub(super) fn size(&self) -> u64 {
        (self.0.bytes_written() + self.0.in_progress_size()) as u64
    }

    pub(super) fn finish(self) -> Result<W, ParquetError> {
        self.0.into_inner()
    }
}
