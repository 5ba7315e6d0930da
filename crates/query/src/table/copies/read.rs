//! Reading a copy: only the columns that a query asks for.

use std::fs::File;
use std::io::{self, BufReader};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use datafusion::parquet::errors::Result;
use datafusion::parquet::file::reader::{ChunkReader, Length};

/// A copy that has been opened: it can be read even when it is deleted meanwhile.
pub(crate) struct CopyReader {
    builder: ParquetRecordBatchReaderBuilder<Counted>,
    read: Arc<AtomicU64>,
}

impl CopyReader {
    /// # Errors
    /// When the file is no whole Parquet.
    pub(super) fn new(file: File) -> Result<Self> {
        let length = file.metadata()?.len();
        let read = Arc::<AtomicU64>::default();
        let counted = Counted { file: Arc::new(file), length, read: Arc::clone(&read) };
        Ok(Self { builder: ParquetRecordBatchReaderBuilder::try_new(counted)?, read })
    }

    /// All columns, as the text had them.
    pub(crate) fn schema(&self) -> SchemaRef {
        Arc::clone(self.builder.schema())
    }

    /// The rows, with the columns at these places, which ascend, and a counter of bytes that are read from now on.
    ///
    /// # Errors
    /// When the file is damaged.
    pub(crate) fn batches(self, places: &[usize], rows: usize) -> Result<(ParquetRecordBatchReader, Arc<AtomicU64>)> {
        let mask = ProjectionMask::roots(self.builder.parquet_schema(), places.iter().copied());
        Ok((self.builder.with_projection(mask).with_batch_size(rows).build()?, self.read))
    }
}

/// A file that counts what is read of it.
struct Counted {
    file: Arc<File>,
    length: u64,
    read: Arc<AtomicU64>,
}

impl Length for Counted {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for Counted {
    type T = BufReader<From>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(BufReader::new(From { file: Arc::clone(&self.file), at: start, read: Arc::clone(&self.read) }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, start)?;
        self.read.fetch_add(length as u64, Ordering::Relaxed);
        Ok(bytes.into())
    }
}

/// What follows a place in the file.
pub(crate) struct From {
    file: Arc<File>,
    at: u64,
    read: Arc<AtomicU64>,
}

impl io::Read for From {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read_at(into, self.at)?;
        self.at += length as u64;
        self.read.fetch_add(length as u64, Ordering::Relaxed);
        Ok(length)
    }
}
