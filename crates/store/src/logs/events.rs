//! Events in columns, as segments keep them and readers get them.

use std::{collections::BTreeMap, sync::Arc};

use arrow::{
    array::{
        Array, ArrayRef, AsArray, Int64Array, StringArray, StringBuilder, UInt32Array, UInt64Array, new_null_array,
    },
    buffer::BooleanBuffer,
    compute::is_null,
    datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, UInt32Type, UInt64Type},
    error::ArrowError,
    record_batch::RecordBatch,
};
use weir_record::{Field as RecordField, Format};

use super::{Committed, EventKey, Records, lines::messages_of};

/// Events of one group in columns, in the order of their [`EventKey`]s.
///
/// The columns are `timestamp`, `ingestion_time` (Unix milliseconds), `stream`, `position`, `index`, `message`, and the
/// fields of the format of the flow log records among them. The message of a record is NULL: it is its columns.
#[derive(Debug, Clone)]
pub struct Events {
    format: Option<Format>,
    batch: RecordBatch,
}

/// The column of times.
pub(super) const TIMESTAMP: usize = 0;
const INGESTION_TIME: usize = 1;
const STREAM: usize = 2;
/// The column of positions.
pub(super) const POSITION: usize = 3;
const INDEX: usize = 4;
/// The column of texts.
pub(super) const MESSAGE: usize = 5;
/// How many columns stand in front of the fields of records.
pub(super) const OWN: usize = 6;

/// The columns of events whose records have this format.
pub(super) fn schema(format: Option<&Format>) -> SchemaRef {
    let own = [
        Field::new("timestamp", DataType::Int64, false),
        Field::new("ingestion_time", DataType::Int64, false),
        Field::new("stream", DataType::Utf8, false),
        Field::new("position", DataType::UInt64, false),
        Field::new("index", DataType::UInt32, false),
        Field::new("message", DataType::Utf8, true),
    ];
    let records = format.map(Format::schema);
    let fields = records.iter().flat_map(|schema| schema.fields().iter().cloned());
    Arc::new(Schema::new(own.into_iter().map(Arc::new).chain(fields).collect::<Vec<_>>()))
}

impl Events {
    /// Events out of columns of [`schema`].
    pub(super) fn new(batch: RecordBatch, format: Option<Format>) -> Self {
        Self { format, batch }
    }

    /// A batch as it was appended.
    pub(super) fn of(committed: &Committed) -> Result<Self, ArrowError> {
        let count = committed.timestamps.len();
        let messages: ArrayRef = match &committed.records {
            None => Arc::new(committed.messages.clone()),
            Some(Records { valid: None, .. }) => new_null_array(&DataType::Utf8, count),
            Some(Records { valid: Some(valid), .. }) => {
                let texts = committed.messages.iter().zip(valid);
                Arc::new(texts.map(|(text, is_record)| text.filter(|_| !is_record)).collect::<StringArray>())
            }
        };
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from(committed.timestamps.clone())),
            Arc::new(Int64Array::from(vec![committed.ingestion_time; count])),
            Arc::new(StringArray::from(vec![&*committed.stream; count])),
            Arc::new(UInt64Array::from(vec![committed.position; count])),
            Arc::new((0..).take(count).collect::<UInt32Array>()),
            messages,
        ];
        let format = committed.records.as_ref().map(|records| records.format.clone());
        columns.extend(committed.records.iter().flat_map(|records| records.batch.columns().iter().cloned()));
        Ok(Self { batch: RecordBatch::try_new(schema(format.as_ref()), columns)?, format })
    }

    /// How many events there are.
    pub fn len(&self) -> usize {
        self.batch.num_rows()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// When each event happened, Unix milliseconds.
    pub fn timestamps(&self) -> &[i64] {
        self.batch.column(TIMESTAMP).as_primitive::<Int64Type>().values()
    }

    /// When each event was taken, Unix milliseconds.
    pub fn ingestion_times(&self) -> &[i64] {
        self.batch.column(INGESTION_TIME).as_primitive::<Int64Type>().values()
    }

    /// The stream of each event.
    pub fn streams(&self) -> &StringArray {
        self.batch.column(STREAM).as_string()
    }

    /// The place of the event in this row.
    pub fn key(&self, row: usize) -> EventKey {
        EventKey {
            timestamp: self.timestamps()[row],
            position: self.positions()[row],
            index: self.batch.column(INDEX).as_primitive::<UInt32Type>().value(row),
        }
    }

    /// The format of the records among them.
    pub fn format(&self) -> Option<&Format> {
        self.format.as_ref()
    }

    /// A field of the records: NULL in the rows of other events. `None`: they do not have it, or it was not asked for.
    pub fn field(&self, field: RecordField) -> Option<&ArrayRef> {
        let place = self.batch.schema_ref().index_of(field.column()).ok().filter(|place| *place >= OWN)?;
        Some(self.batch.column(place))
    }

    /// The texts of the events that are no records, and NULL for those that are.
    pub fn other_messages(&self) -> &StringArray {
        self.batch.column(MESSAGE).as_string()
    }

    /// The columns, with the messages of records not written out.
    pub fn columns(&self) -> &RecordBatch {
        &self.batch
    }

    /// The records among them.
    pub fn records(&self) -> Option<Records> {
        let format = self.format.clone()?;
        let fields: Vec<usize> = (OWN..self.batch.num_columns()).collect();
        let batch = self.batch.project(&fields).ok()?;
        let stored = self.batch.column(MESSAGE);
        let valid = (stored.null_count() < self.len()).then(|| self.are_records());
        Some(Records { format, batch, valid })
    }

    /// The text of each event.
    ///
    /// # Errors
    /// When the records have a column of a type that no record has, or not all their fields were read.
    pub fn messages(&self) -> Result<StringArray, ArrowError> {
        if self.format.as_ref().is_some_and(|format| format.fields().len() + OWN != self.batch.num_columns()) {
            return Err(ArrowError::SchemaError("not all fields of the records were read".to_owned()));
        }
        let stored = self.batch.column(MESSAGE).as_string::<i32>();
        let Some(records) = self.records().filter(|_| stored.null_count() > 0) else { return Ok(stored.clone()) };
        let written = messages_of(&records.batch).map_err(|error| ArrowError::ExternalError(Box::new(error)))?;
        if records.valid.is_none() {
            return Ok(written);
        }
        let mut messages = StringBuilder::with_capacity(self.len(), stored.value_data().len());
        for (stored, written) in stored.iter().zip(&written) {
            messages.append_option(stored.or(written));
        }
        Ok(messages.finish())
    }

    /// Some of the rows, without copying.
    pub(super) fn slice(&self, offset: usize, length: usize) -> Self {
        Self { format: self.format.clone(), batch: self.batch.slice(offset, length) }
    }

    /// With these rows only.
    ///
    /// # Errors
    /// When there are fewer or more answers than events.
    pub fn filtered(&self, rows: &BooleanBuffer) -> Result<Self, ArrowError> {
        let batch = arrow::compute::filter_record_batch(&self.batch, &rows.clone().into())?;
        Ok(Self { format: self.format.clone(), batch })
    }

    pub(super) fn positions(&self) -> &[u64] {
        self.batch.column(POSITION).as_primitive::<UInt64Type>().values()
    }

    fn are_records(&self) -> BooleanBuffer {
        is_null(self.batch.column(MESSAGE))
            .map_or_else(|_| BooleanBuffer::new_unset(self.len()), |nulls| nulls.values().clone())
    }
}

/// What a batch takes in memory, in bytes. Buffers that columns share count once.
pub(super) fn memory(committed: &Committed) -> usize {
    let mut buffers = BTreeMap::new();
    let records = committed.records.iter().flat_map(|records| records.batch.columns());
    let messages: ArrayRef = Arc::new(committed.messages.clone());
    for column in records.chain([&messages]) {
        let data = column.to_data();
        buffers.extend(data.buffers().iter().map(|buffer| (buffer.data_ptr(), buffer.capacity())));
    }
    size_of::<Committed>() + size_of_val(&*committed.timestamps) + buffers.into_values().sum::<usize>()
}
