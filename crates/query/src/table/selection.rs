//! What a query wants of each object, and the rows of it.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, new_null_array};
use datafusion::arrow::compute::{cast, filter_record_batch};
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::ScalarValue;
use datafusion::physical_expr::PhysicalExpr;
use weir_record::text::{Mode, TextOptions};

use super::copies::{LineFormat, LineRules};
use super::{Unit, UnitFormat};
use crate::error::{Code, Error};

/// Rows that are decoded at a time.
pub(super) const BATCH_ROWS: usize = 8192;

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

/// Where a needed column comes from.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// A column that the decoder gives, by its place there.
    Decoded(usize),
    /// The same value in every row.
    Constant(ScalarValue),
}

impl Selection {
    /// Where each needed column comes from, and the columns of the file that the decoder must give.
    pub(super) fn bind(&self, unit: &Unit, file: &SchemaRef) -> Result<(Vec<Source>, Vec<usize>), Error> {
        let mut projection = Vec::new();
        let mut columns = Vec::new();
        for &column in &self.needed {
            let field = self.table.field(column);
            let partition = column.checked_sub(self.data_columns);
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
                Some(index) => Source::Constant(match unit.hidden(field.name(), &self.table, self.data_columns) {
                    Some(hidden) => hidden,
                    None => unit.values.get(index).cloned().unwrap_or(ScalarValue::Null),
                }),
            };
            columns.push(source);
        }
        Ok((columns, projection))
    }

    /// How the lines of objects are read; `None` for what is not read line by line, or by keys of each line.
    pub(super) fn line_format(&self, format: &UnitFormat) -> Result<Option<LineFormat>, Error> {
        let (columns, rules) = match format {
            UnitFormat::HiveText { delimiter, header_lines } => {
                let (delimiter, header_lines) = (*delimiter, *header_lines);
                let options = TextOptions { delimiter, mode: Mode::Hive, header_lines, batch_rows: BATCH_ROWS };
                (self.data_schema()?, LineRules::Plain(options))
            }
            UnitFormat::Text { columns } => {
                let options = TextOptions { batch_rows: BATCH_ROWS, ..TextOptions::default() };
                (Arc::clone(columns), LineRules::Plain(options))
            }
            UnitFormat::Rows(rows) => (self.data_schema()?, LineRules::Rows(rows.clone())),
            UnitFormat::Json | UnitFormat::Parquet => return Ok(None),
        };
        Ok(Some(LineFormat { columns, rules }))
    }

    /// The columns that are in the objects.
    pub(super) fn data_schema(&self) -> Result<SchemaRef, Error> {
        let columns: Vec<usize> = (0..self.data_columns).collect();
        self.table.project(&columns).map(Arc::new).map_err(internal)
    }

    /// The output columns of the rows that pass the predicate, if there are any; they were decoded
    /// from as many records as were `read`.
    pub(super) fn select(
        &self,
        decoded: &RecordBatch,
        columns: &[Source],
        read: u64,
    ) -> Result<Option<RecordBatch>, Error> {
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

#[allow(clippy::needless_pass_by_value, reason = "it is given to map_err")]
pub(super) fn internal(error: ArrowError) -> Error {
    Error::new(Code::Internal, error.to_string())
}
