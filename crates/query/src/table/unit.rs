//! One object of lines: from its bytes to the rows that a query wants.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, new_null_array};
use datafusion::arrow::compute::{cast, filter_record_batch};
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::ScalarValue;
use datafusion::physical_expr::PhysicalExpr;
use weir_record::Refusals;
use weir_record::read;
use weir_record::text::{Mode, RowFilter, TextBatches, TextChunks, TextDecoder, TextOptions};

use super::prefilter::RowTest;
use super::scan::ScanContext;
use super::{PATH_COLUMN, Unit, UnitFormat};
use crate::error::{Code, Error};
use crate::progress::Progress;

/// What a scan wants of each object.
#[derive(Debug)]
pub(super) struct Selection {
    /// The whole table.
    pub(super) table: SchemaRef,
    /// The first columns of the table, that are in the objects.
    pub(super) data_columns: usize,
    /// Columns of the table that the query filters by or gives out, ascending.
    pub(super) needed: Vec<usize>,
    pub(super) needed_schema: SchemaRef,
    /// Over the needed columns.
    pub(super) predicate: Option<Arc<dyn PhysicalExpr>>,
    /// Which of the needed columns are given out.
    pub(super) output_columns: Vec<usize>,
    pub(super) output: SchemaRef,
}

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
}

enum State {
    Unopened(Content),
    Text(Box<Lines>),
    /// Batches that another reader decodes.
    Read(Box<read::Reader>, Vec<Source>),
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

/// Where a needed column comes from.
#[derive(Debug, Clone)]
enum Source {
    /// A column that the decoder gives, by its place there.
    Decoded(usize),
    /// The same value in every row.
    Constant(ScalarValue),
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
            State::Read(reader, columns) => self.decode_batch(reader, columns)?,
            State::Done => return Ok(false),
        };
        if matches!(self.state, State::Done) {
            self.context.progress.add_object();
        }
        Ok(true)
    }

    fn open(&self, content: Content) -> Result<State, Error> {
        let (options, file) = match &self.unit.format {
            UnitFormat::HiveText { delimiter, header_lines } => {
                let columns: Vec<usize> = (0..self.selection.data_columns).collect();
                let file = Arc::new(self.selection.table.project(&columns).map_err(internal)?);
                let (mode, header_lines) = (Mode::Hive, *header_lines);
                (TextOptions { delimiter: *delimiter, mode, header_lines, batch_rows: BATCH_ROWS }, file)
            }
            UnitFormat::Text { columns } => {
                (TextOptions { batch_rows: BATCH_ROWS, ..TextOptions::default() }, Arc::clone(columns))
            }
            UnitFormat::Json => return self.open_json(content),
            UnitFormat::Parquet => return self.bad("it is not read as lines of text".to_owned()),
        };
        let (columns, projection) = self.bind(&file)?;
        let predicate = self.selection.predicate.as_ref();
        let test = predicate.and_then(|predicate| RowTest::new(predicate, &file));
        let decoder = TextDecoder::new(file, Some(projection), options)
            .map_err(|error| Error::new(Code::NotSupported, error.to_string()))?
            .with_filter(test.map(|test| Arc::new(test) as Arc<dyn RowFilter>));
        let chunks = match content {
            Content::Bytes(bytes) => self.context.texts.chunks(&self.unit.object.name, bytes),
            Content::File(path) => File::open(path).and_then(|file| {
                let progress = Arc::clone(&self.context.progress);
                TextChunks::new(Counted { file, progress })
            }),
        };
        match chunks {
            Ok(chunks) => Ok(State::Text(Box::new(Lines { chunks, decoder, batches: None, columns }))),
            Err(error) => self.bad(error.to_string()),
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
        };
        match opened {
            Ok(reader) => {
                let (columns, projection) = self.bind(&reader.schema())?;
                let place = |column| match column {
                    Source::Decoded(place) => Source::Decoded(projection[place]),
                    constant @ Source::Constant(_) => constant,
                };
                Ok(State::Read(Box::new(reader), columns.into_iter().map(place).collect()))
            }
            Err(error) => self.bad(reason(error)),
        }
    }

    fn decode_lines(&mut self, mut lines: Box<Lines>) -> Result<State, Error> {
        let mut refusals = Refusals::default();
        let next = lines.next_batch(&self.unit.object.name, &mut refusals);
        let read = refusals.lines.saturating_sub(refusals.refused);
        self.context.progress.add_rows(read);
        self.context.progress.add_refusals(refusals);
        match next {
            None => Ok(State::Done),
            Some(Err(error)) => self.bad(error.to_string()),
            Some(Ok(batch)) => {
                self.partly = true;
                self.ready = self.selection.select(&batch, &lines.columns, read)?;
                Ok(State::Text(lines))
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

    /// Where each needed column comes from, and the columns of the file that the decoder must give.
    fn bind(&self, file: &SchemaRef) -> Result<(Vec<Source>, Vec<usize>), Error> {
        let mut projection = Vec::new();
        let mut columns = Vec::new();
        for &column in &self.selection.needed {
            let field = self.selection.table.field(column);
            let partition = column.checked_sub(self.selection.data_columns);
            let source = match partition {
                None => match file.index_of(field.name()) {
                    Ok(index) => {
                        projection.push(index);
                        Source::Decoded(projection.len() - 1)
                    }
                    Err(_) => Source::Constant(
                        ScalarValue::try_from(field.data_type())
                            .map_err(|e| Error::new(Code::Internal, e.strip_backtrace()))?,
                    ),
                },
                Some(_) if field.name() == PATH_COLUMN => {
                    Source::Constant(ScalarValue::Utf8View(Some(self.unit.object.name.to_string())))
                }
                Some(index) => Source::Constant(self.unit.values.get(index).cloned().unwrap_or(ScalarValue::Null)),
            };
            columns.push(source);
        }
        Ok((columns, projection))
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

const BATCH_ROWS: usize = 8192;

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

impl Selection {
    /// The output columns of the rows that pass the predicate, if there are any; they were decoded
    /// from as many records as were `read`.
    fn select(&self, decoded: &RecordBatch, columns: &[Source], read: u64) -> Result<Option<RecordBatch>, Error> {
        let rows = decoded.num_rows();
        let arrays = columns
            .iter()
            .zip(self.needed_schema.fields())
            .map(|(source, field)| source.array(decoded, field.data_type()))
            .collect::<Result<Vec<_>, Error>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let needed =
            RecordBatch::try_new_with_options(Arc::clone(&self.needed_schema), arrays, &options).map_err(internal)?;
        let mut passing = needed;
        if let Some(predicate) = &self.predicate {
            let mask = self.evaluate(predicate, &passing)?;
            if mask.true_count() < rows {
                passing = filter_record_batch(&passing, &mask).map_err(internal)?;
            }
        }
        if passing.num_rows() == 0 {
            return Ok(None);
        }
        let output = passing.project(&self.output_columns).map_err(internal)?;
        let few = (output.num_rows() as u64) < read / 2;
        if few { compact(&output).map(Some) } else { Ok(Some(output)) }
    }

    fn evaluate(&self, predicate: &Arc<dyn PhysicalExpr>, batch: &RecordBatch) -> Result<BooleanArray, Error> {
        let value = predicate.evaluate(batch).and_then(|value| value.into_array(batch.num_rows()));
        let value = value.map_err(|error| crate::trino_error::from_datafusion(&error))?;
        value.as_boolean_opt().cloned().ok_or_else(|| Error::new(Code::Internal, "a filter is not boolean"))
    }
}

impl Source {
    fn array(&self, decoded: &RecordBatch, wanted: &DataType) -> Result<ArrayRef, Error> {
        match self {
            Source::Decoded(index) => {
                let array = decoded.column(*index);
                if array.data_type() == wanted { Ok(Arc::clone(array)) } else { cast(array, wanted).map_err(internal) }
            }
            Source::Constant(value) if value.is_null() => Ok(new_null_array(wanted, decoded.num_rows())),
            Source::Constant(value) => value
                .to_array_of_size(decoded.num_rows())
                .map_err(|error| Error::new(Code::Internal, error.strip_backtrace())),
        }
    }
}

/// Copies the texts of a few rows, so that they do not keep the whole object in memory.
fn compact(batch: &RecordBatch) -> Result<RecordBatch, Error> {
    let columns = batch.columns().iter().map(|column| match column.as_string_view_opt() {
        Some(texts) => Arc::new(texts.gc()) as ArrayRef,
        None => Arc::clone(column),
    });
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(batch.schema(), columns.collect(), &options).map_err(internal)
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

#[allow(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn internal(error: ArrowError) -> Error {
    Error::new(Code::Internal, error.to_string())
}
