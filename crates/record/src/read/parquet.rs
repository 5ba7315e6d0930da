//! Parquet, as AWS writes it and as others do: hyphens or underscores in the names, any width of
//! number, texts as strings or bytes.

use std::{fs::File, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, AsArray, BooleanArray},
    buffer::BooleanBuffer,
    compute::{can_cast_types, filter_record_batch},
    datatypes::{DataType, Schema, SchemaRef},
    record_batch::RecordBatch,
};
use parquet::{
    arrow::arrow_reader::{
        ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
    },
    errors::ParquetError,
    file::reader::ChunkReader,
};

use super::{ReadError, ReadOptions, Source};
use crate::{
    Field, Refusals,
    columns::{conform, shape},
};

/// Tells Parquet by its first bytes.
pub(super) fn is_parquet(start: &[u8]) -> bool {
    start.starts_with(b"PAR1")
}

pub(super) struct Body {
    batches: ParquetRecordBatchReader,
    shape: SchemaRef,
    strict: bool,
    /// Records given or refused so far.
    rows: u64,
}

impl Body {
    pub(super) fn new(object: &Arc<str>, source: &Source, options: &ReadOptions) -> Result<Self, ReadError> {
        match source {
            Source::Bytes(data) => Self::open(object, data.clone(), options),
            Source::Path(path) => {
                let file = File::open(path);
                Self::open(
                    object,
                    file.map_err(|source| ReadError::Open { object: Arc::clone(object), source })?,
                    options,
                )
            }
        }
    }

    fn open<T: ChunkReader + 'static>(object: &Arc<str>, input: T, options: &ReadOptions) -> Result<Self, ReadError> {
        let damaged = |source| ReadError::Parquet { object: Arc::clone(object), source };
        let columns = |problem| ReadError::Columns { object: Arc::clone(object), problem };
        let load = |options| ArrowReaderMetadata::load(&input, options);
        let found =
            load(ArrowReaderOptions::new().with_skip_arrow_metadata(true)).map_err(|error| cut_off(object, &error))?;
        let schema = checked(found.schema()).map_err(columns)?;
        // texts straight into views, without a copy in between
        let metadata = ArrowReaderMetadata::try_new(
            Arc::clone(found.metadata()),
            ArrowReaderOptions::new().with_schema(as_views(&schema)),
        )
        .unwrap_or(found);
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(input, metadata);
        let batches = builder.with_batch_size(options.batch_rows).build().map_err(damaged)?;
        Ok(Self { batches, shape: shape(&schema), strict: options.strict, rows: 0 })
    }

    pub(super) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.shape)
    }

    pub(super) fn next_batch(
        &mut self,
        object: &Arc<str>,
        refusals: &mut Refusals,
    ) -> Option<Result<RecordBatch, ReadError>> {
        loop {
            let damaged = |source| ReadError::Parquet { object: Arc::clone(object), source };
            let batch = match self.batches.next()? {
                Ok(batch) => batch,
                Err(error) => return Some(Err(damaged(error.into()))),
            };
            match self.fitted(&batch, object, refusals) {
                Ok(batch) if batch.num_rows() == 0 => {}
                Ok(batch) => return Some(Ok(batch)),
                Err(error) => return Some(Err(damaged(error))),
            }
        }
    }

    /// Brings a batch to the types of the table. A value that has no place there is NULL and counted,
    /// or when strict refuses its record.
    fn fitted(
        &mut self,
        batch: &RecordBatch,
        object: &Arc<str>,
        refusals: &mut Refusals,
    ) -> Result<RecordBatch, ParquetError> {
        let fitted = conform(batch, &self.shape)?;
        let rows = batch.num_rows();
        let first = self.rows + 1;
        self.rows += rows as u64;
        refusals.lines += rows as u64;
        let mut refused = vec![false; rows];
        for ((before, after), field) in batch.columns().iter().zip(fitted.columns()).zip(self.shape.fields()) {
            if after.null_count() == 0 || before.null_count() == after.null_count() {
                continue;
            }
            for row in (0..rows).filter(|row| is_lost(before, after, *row)) {
                if !self.strict {
                    refusals.nulled += 1;
                } else if !std::mem::replace(&mut refused[row], true) {
                    let reason =
                        || format!("`{}` has a value that is no {}", field.name(), type_name(field.data_type()));
                    refusals.refuse(object, first + row as u64, 1, reason);
                }
            }
        }
        if !refused.contains(&true) {
            return Ok(fitted);
        }
        let kept = BooleanArray::new(BooleanBuffer::from_iter(refused.iter().map(|refused| !refused)), None);
        Ok(filter_record_batch(&fitted, &kept)?)
    }
}

/// Whether a value became NULL that did not say that it is absent.
fn is_lost(before: &ArrayRef, after: &ArrayRef, row: usize) -> bool {
    if before.is_null(row) || after.is_valid(row) {
        return false;
    }
    !before.as_string_view_opt().is_some_and(|texts| matches!(texts.value(row), "" | "-"))
}

fn type_name(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Int32 => "INT_32",
        DataType::Int64 => "INT_64",
        _ => "STRING",
    }
}

/// The file's own end holds where everything is, so that nothing of a cut file can be read.
fn cut_off(object: &Arc<str>, error: &ParquetError) -> ReadError {
    let problem = format!(
        "this Parquet object is cut off or damaged at its end, where it says what lies where, so that none of it can be read \
         ({error}); fetch the object again"
    );
    ReadError::Columns { object: Arc::clone(object), problem }
}

/// Checks that every column has a type that records can have, and that none stands twice.
fn checked(schema: &SchemaRef) -> Result<SchemaRef, String> {
    let shape = shape(schema);
    let mut known = false;
    for (index, (found, wanted)) in schema.fields().iter().zip(shape.fields()).enumerate() {
        let (name, from, to) = (found.name(), found.data_type(), wanted.data_type());
        let castable = can_cast_types(from, to) || (is_bytes(from) && can_cast_types(&DataType::Utf8View, to));
        if from.is_nested() || !castable {
            return Err(format!("column `{name}` is {from}; a record has numbers and texts"));
        }
        if shape.fields().iter().take(index).any(|earlier| earlier.name() == wanted.name()) {
            return Err(format!("column `{name}` stands twice"));
        }
        known |= Field::from_name(name).is_some();
    }
    if known {
        Ok(Arc::clone(schema))
    } else {
        Err("none of the columns is a field of a flow log record; `weir fields` lists them".into())
    }
}

fn is_bytes(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Binary | DataType::LargeBinary | DataType::BinaryView)
}

/// The same columns with texts, also those kept as bytes, as views.
fn as_views(schema: &Schema) -> SchemaRef {
    let column = |field: &Arc<arrow::datatypes::Field>| match field.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Binary | DataType::LargeBinary => {
            field.as_ref().clone().with_data_type(DataType::Utf8View)
        }
        _ => field.as_ref().clone(),
    };
    Arc::new(Schema::new(schema.fields().iter().map(column).collect::<Vec<_>>()))
}
