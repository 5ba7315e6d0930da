//! One object of lines: from its bytes to the rows that a query wants.

use std::fmt::Display;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReader;
use weir_record::Refusals;
use weir_record::read;
use weir_record::text::{RowFilter, TextBatches, TextChunks, TextDecoder};

use super::copies::{CopyReader, LineFormat, LineRules, Original};
use super::prefilter::RowTest;
use super::rows::RowReader;
use super::scan::ScanContext;
use super::selection::{BATCH_ROWS, Selection, Source, internal};
use super::{RowReading, Unit};
use crate::error::{Code, Error};
use crate::progress::Progress;

/// The rows of one object, a batch at a time.
pub(super) struct Decode {
    unit: Unit,
    selection: Arc<Selection>,
    context: Arc<ScanContext>,
    state: State,
    ready: Option<RecordBatch>,
    /// Whether records were read.
    partly: bool,
}

/// What an object holds, as it lies in the store.
pub(super) enum Content {
    Bytes(Bytes),
    /// A local file that is too large to be taken into memory.
    File(PathBuf),
    /// The same in columns.
    Copy(Box<CopyReader>),
}

enum State {
    Unopened(Content),
    Text(Box<Lines>),
    /// Lines that a SerDe takes apart.
    Rows(Box<RowReader>, Vec<Source>),
    /// Batches that another reader decodes.
    Read(Box<read::Reader>, Vec<Source>),
    Copy(Box<CopiedRows>),
    Done,
}

/// Text that is being decoded.
struct Lines {
    chunks: TextChunks<'static>,
    decoder: TextDecoder,
    /// Those of the chunk that is decoded.
    batches: Option<TextBatches>,
    columns: Vec<Source>,
}

/// A columnar copy that is being read.
struct CopiedRows {
    rows: ParquetRecordBatchReader,
    columns: Vec<Source>,
    /// Bytes that were read of it, and how many of them the progress knows.
    read: Arc<AtomicU64>,
    told: u64,
}

impl Decode {
    pub(super) fn new(unit: Unit, content: Content, selection: Arc<Selection>, context: Arc<ScanContext>) -> Self {
        Decode { unit, selection, context, state: State::Unopened(content), ready: None, partly: false }
    }

    /// Moves on by one step; false at the end of the object.
    fn step(&mut self) -> Result<bool, Error> {
        self.state = match std::mem::replace(&mut self.state, State::Done) {
            State::Unopened(content) => self.open(content)?,
            State::Text(lines) => self.decode_lines(lines)?,
            State::Rows(rows, columns) => self.decode_rows(rows, columns)?,
            State::Read(reader, columns) => self.decode_batch(reader, columns)?,
            State::Copy(copy) => self.decode_copy(copy)?,
            State::Done => return Ok(false),
        };
        if matches!(self.state, State::Done) {
            self.context.progress.add_object();
        }
        Ok(true)
    }

    fn open(&self, content: Content) -> Result<State, Error> {
        if let Content::Copy(copy) = content {
            return self.open_copy(*copy);
        }
        let (file, options) = match self.selection.line_format(&self.unit.format)? {
            None => return self.open_json(content),
            Some(LineFormat { columns, rules: LineRules::Rows(rows) }) => {
                return self.open_rows(&rows, &columns, content);
            }
            Some(LineFormat { columns, rules: LineRules::Plain(options) }) => (columns, options),
        };
        let (columns, projection) = self.selection.bind(&self.unit, &file)?;
        let predicate = self.selection.predicate.as_ref();
        let test = predicate.and_then(|predicate| RowTest::new(predicate, &file));
        let decoder = TextDecoder::new(file, Some(projection), options)
            .map_err(|error| Error::new(Code::NotSupported, error.to_string()))?
            .with_filter(test.map(|test| Arc::new(test) as Arc<dyn RowFilter>));
        match self.chunks(content) {
            Ok(chunks) => Ok(State::Text(Box::new(Lines { chunks, decoder, batches: None, columns }))),
            Err(error) => self.bad(error.to_string()),
        }
    }

    fn open_rows(&self, rows: &RowReading, file: &SchemaRef, content: Content) -> Result<State, Error> {
        let (columns, places) = self.selection.bind(&self.unit, file)?;
        let chunks = match self.chunks(content) {
            Ok(chunks) => chunks,
            Err(error) => return self.bad(error.to_string()),
        };
        let reader = RowReader::new(chunks, rows, file, places).map_err(internal)?;
        Ok(State::Rows(Box::new(reader), columns))
    }

    /// The text of an object, a part at a time.
    fn chunks(&self, content: Content) -> io::Result<TextChunks<'static>> {
        match content {
            Content::Bytes(bytes) => self.context.texts.chunks(&self.unit.object.name, bytes),
            Content::File(path) => {
                let progress = Arc::clone(&self.context.progress);
                TextChunks::new(Counted { file: File::open(path)?, progress })
            }
            Content::Copy(_) => Err(io::Error::other("it is not read as lines of text")),
        }
    }

    fn open_json(&self, content: Content) -> Result<State, Error> {
        let options = read::ReadOptions { batch_rows: BATCH_ROWS, ..read::ReadOptions::default() };
        let opened = match content {
            Content::Bytes(bytes) => read::Reader::from_bytes(Arc::clone(&self.unit.object.name), bytes, &options),
            Content::File(path) => {
                self.context.progress.add_bytes(self.unit.object.size());
                read::Reader::from_path(&path, &options)
            }
            Content::Copy(_) => return self.bad("it is not read as lines of JSON".to_owned()),
        };
        match opened {
            Ok(reader) => {
                let (columns, projection) = self.selection.bind(&self.unit, &reader.schema())?;
                let place = |column| match column {
                    Source::Decoded(place) => Source::Decoded(projection[place]),
                    constant @ Source::Constant(_) => constant,
                };
                Ok(State::Read(Box::new(reader), columns.into_iter().map(place).collect()))
            }
            Err(error) => self.bad(reason(error)),
        }
    }

    fn open_copy(&self, copy: CopyReader) -> Result<State, Error> {
        let (columns, mut places) = self.selection.bind(&self.unit, &copy.schema())?;
        let wanted = places.clone();
        places.sort_unstable();
        let given = |column| match column {
            Source::Decoded(at) => Source::Decoded(places.binary_search(&wanted[at]).unwrap_or_default()),
            constant @ Source::Constant(_) => constant,
        };
        let columns = columns.into_iter().map(given).collect();
        match copy.batches(&places, BATCH_ROWS) {
            Ok((rows, read)) => Ok(State::Copy(Box::new(CopiedRows { rows, columns, read, told: 0 }))),
            Err(error) => Err(damaged_copy(&self.unit.object.name, &error)),
        }
    }

    fn decode_lines(&mut self, mut lines: Box<Lines>) -> Result<State, Error> {
        let mut refusals = Refusals::default();
        let next = lines.next_batch(&self.unit.object.name, &mut refusals);
        let read = refusals.lines.saturating_sub(refusals.refused);
        self.context.progress.add_rows(read);
        self.context.progress.add_refusals(refusals);
        match next {
            None => {
                self.want_copy()?;
                Ok(State::Done)
            }
            Some(Err(error)) => self.bad(error.to_string()),
            Some(Ok(batch)) => {
                self.partly = true;
                self.ready = self.selection.select(&batch, &lines.columns, read)?;
                Ok(State::Text(lines))
            }
        }
    }

    fn decode_rows(&mut self, mut reader: Box<RowReader>, columns: Vec<Source>) -> Result<State, Error> {
        let mut refusals = Refusals::default();
        let next = reader.next_batch(BATCH_ROWS, &self.unit.object.name, &mut refusals);
        self.context.progress.add_refusals(refusals);
        match next {
            None => {
                self.want_copy()?;
                Ok(State::Done)
            }
            Some(Err(error)) => self.bad(error.to_string()),
            Some(Ok(batch)) => {
                let read = batch.num_rows() as u64;
                self.context.progress.add_rows(read);
                self.partly = true;
                self.ready = self.selection.select(&batch, &columns, read)?;
                Ok(State::Rows(reader, columns))
            }
        }
    }

    fn decode_batch(&mut self, mut reader: Box<read::Reader>, columns: Vec<Source>) -> Result<State, Error> {
        match reader.next() {
            Some(Ok(batch)) => {
                let read = batch.num_rows() as u64;
                self.context.progress.add_rows(read);
                self.partly = true;
                self.ready = self.selection.select(&batch, &columns, read)?;
                Ok(State::Read(reader, columns))
            }
            end => {
                self.context.progress.add_refusals(reader.into_refusals());
                end.map_or(Ok(State::Done), |error| self.bad(error.err().map(reason).unwrap_or_default()))
            }
        }
    }

    fn decode_copy(&mut self, mut copy: Box<CopiedRows>) -> Result<State, Error> {
        let next = copy.rows.next();
        let read = copy.read.load(Ordering::Relaxed);
        self.context.progress.add_scanned(read - copy.told);
        copy.told = read;
        match next {
            None => {
                self.context.progress.add_done(self.unit.object.size());
                Ok(State::Done)
            }
            Some(Err(error)) => Err(damaged_copy(&self.unit.object.name, &error)),
            Some(Ok(batch)) => {
                let rows = batch.num_rows() as u64;
                self.context.progress.add_rows(rows);
                self.ready = self.selection.select(&batch, &copy.columns, rows)?;
                Ok(State::Copy(copy))
            }
        }
    }

    /// The text was read to its end, and may be read again.
    fn want_copy(&self) -> Result<(), Error> {
        let Some(copies) = &self.context.copies else { return Ok(()) };
        if let Some(format) = self.selection.line_format(&self.unit.format)? {
            let (place, object) = (Arc::clone(&self.unit.place), self.unit.object.clone());
            copies.want(Original { place, object, format });
        }
        Ok(())
    }

    /// What happens when the object is damaged: an error, or it is listed. What stands before the
    /// damage has been read then.
    fn bad(&self, reason: String) -> Result<State, Error> {
        let name = &self.unit.object.name;
        if self.context.skip_bad_objects {
            self.context.progress.add_bad_object(name.to_string(), reason, self.partly);
            return Ok(State::Done);
        }
        Err(Error::new(
            Code::BadObject,
            format!("object {name} cannot be read: {reason}; `--skip-bad-objects` reads what can be read"),
        ))
    }
}

impl Iterator for Decode {
    type Item = Result<RecordBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(batch) = self.ready.take() {
                return Some(Ok(batch));
            }
            match self.step() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl Lines {
    /// The next rows, of this chunk of the text or a further one.
    fn next_batch(&mut self, object: &Arc<str>, refusals: &mut Refusals) -> Option<io::Result<RecordBatch>> {
        loop {
            if let Some(batch) = self.batches.as_mut().and_then(|batches| batches.next_batch(refusals)) {
                return Some(Ok(batch));
            }
            self.batches = None;
            match self.chunks.next_chunk(object, refusals)? {
                Ok(chunk) => self.batches = Some(self.decoder.batches(object, chunk.text, chunk.first_line)),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// The copy is not what was written. It is deleted when it is opened next, or by hand.
fn damaged_copy(object: &str, error: &dyn Display) -> Error {
    Error::new(Code::BadObject, format!("the columnar copy of {object} is damaged: {error}; delete the copies"))
}

/// What is wrong, without the name of the object.
pub(super) fn reason(error: read::ReadError) -> String {
    use read::ReadError::{Columns, Damaged, Open, Parquet, Text};
    match error {
        Open { source, .. } | Damaged { source, .. } => source.to_string(),
        Columns { problem, .. } => problem,
        Text { source, .. } => source.to_string(),
        Parquet { source, .. } => source.to_string(),
    }
}

/// A file whose bytes are counted as they are read.
struct Counted {
    file: File,
    progress: Arc<Progress>,
}

impl io::Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(into)?;
        self.progress.add_bytes(read as u64);
        Ok(read)
    }
}
