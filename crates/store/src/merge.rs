//! The segments of an object become the object.

use std::{
    fs::File,
    io::{self, BufReader, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    vec,
};

use arrow::{error::ArrowError, ipc::reader::FileReader};
use bytes::Bytes;
use weir_record::{
    FileFormat,
    write::{Options, WriteError, Writer},
};

use crate::StoreError;

/// Encodes segments one batch at a time and hands the object out in parts, so that memory is bounded by one batch,
/// what the encoder holds, and one part.
pub(crate) struct Merge {
    file_format: FileFormat,
    segments: vec::IntoIter<PathBuf>,
    writer: Option<Writer<Shared>>,
    encoded: Shared,
    records: u64,
    part: usize,
}

impl Merge {
    /// Of these segments, in this order, in parts of so many bytes.
    pub(crate) fn new(file_format: FileFormat, segments: Vec<PathBuf>, part: usize) -> Self {
        let encoded = Shared::default();
        Self { file_format, segments: segments.into_iter(), writer: None, encoded, records: 0, part }
    }

    /// Records encoded so far.
    pub(crate) fn records(&self) -> u64 {
        self.records
    }

    /// The next part, or the shorter rest, or none after that. Blocks on the disk and the processor.
    ///
    /// # Errors
    /// When a segment cannot be read.
    pub(crate) fn part(&mut self) -> Result<Option<Bytes>, StoreError> {
        while self.encoded.len() < self.part {
            let Some(segment) = self.segments.next() else {
                if let Some(writer) = self.writer.take() {
                    writer.finish().map_err(write_failed)?;
                }
                break;
            };
            self.encode(&segment)?;
        }
        Ok(self.encoded.take(self.part))
    }

    fn encode(&mut self, segment: &Path) -> Result<(), StoreError> {
        let unreadable = |error: ArrowError| StoreError::io("read", segment)(io::Error::other(error));
        let file = File::open(segment).map_err(StoreError::io("read", segment))?;
        let reader = FileReader::try_new(BufReader::new(file), None).map_err(unreadable)?;
        let schema = reader.schema();
        let mut writer = match self.writer.take() {
            Some(writer) => writer,
            None => Writer::new(self.encoded.clone(), &schema, &Options::of(self.file_format)).map_err(write_failed)?,
        };
        for batch in reader {
            let batch = batch.map_err(unreadable)?;
            writer.write(&batch).map_err(write_failed)?;
            self.records += batch.num_rows() as u64;
        }
        self.writer = Some(writer);
        Ok(())
    }
}

fn write_failed(source: WriteError) -> StoreError {
    StoreError::Encode { source }
}

/// Memory that the encoder writes and the upload takes from.
#[derive(Debug, Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The first bytes, at most so many; none if there are none.
    fn take(&self, most: usize) -> Option<Bytes> {
        let mut bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let end = most.min(bytes.len());
        let rest = bytes.split_off(end);
        let taken = std::mem::replace(&mut *bytes, rest);
        (!taken.is_empty()).then(|| taken.into())
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
