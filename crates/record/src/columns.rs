//! Batches as the encoders want them: known types, names of the field table, cells one by one.

use std::sync::Arc;

use arrow::{
    array::{Array, ArrayRef, AsArray, Int32Array, Int64Array, StringViewArray, StringViewBuilder},
    compute::{CastOptions, cast_with_options},
    datatypes::{self, DataType, Int32Type, Int64Type, Schema, SchemaRef},
    error::ArrowError,
    record_batch::{RecordBatch, RecordBatchOptions},
};

use crate::{Field, Value};

/// The schema that batches of `schema` are brought to: fields of the table get the table's name and
/// type, other columns keep their name and become Int32, Int64 or text.
pub(crate) fn shape(schema: &Schema) -> SchemaRef {
    let column = |column: &Arc<datatypes::Field>| match Field::from_name(column.name()) {
        Some(field) => datatypes::Field::new(field.column(), field.kind().data_type(), true),
        None => datatypes::Field::new(column.name(), plain_type(column.data_type()), true),
    };
    Arc::new(Schema::new(schema.fields().iter().map(column).collect::<Vec<_>>()))
}

fn plain_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::UInt8 | DataType::UInt16 => DataType::Int32,
        DataType::Int64 | DataType::UInt32 => DataType::Int64,
        _ => DataType::Utf8View,
    }
}

/// Brings a batch to a [`shape`], column by column in order. A value that has no place in the new
/// type becomes NULL; NULL in a text column becomes `-`.
pub(crate) fn conform(batch: &RecordBatch, shape: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    if batch.num_columns() != shape.fields().len() {
        let problem = format!("expected {} columns, found {}", shape.fields().len(), batch.num_columns());
        return Err(ArrowError::SchemaError(problem));
    }
    let column = |(column, field): (&ArrayRef, &Arc<datatypes::Field>)| conform_column(column, field.data_type());
    let columns = batch.columns().iter().zip(shape.fields()).map(column).collect::<Result<_, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(shape), columns, &options)
}

fn conform_column(column: &ArrayRef, target: &DataType) -> Result<ArrayRef, ArrowError> {
    let safe = CastOptions { safe: true, ..CastOptions::default() };
    let column = match column.data_type() {
        same if same == target => Arc::clone(column),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
            let text = cast_with_options(column, &DataType::Utf8View, &safe)?;
            cast_with_options(&text, target, &safe)?
        }
        _ => cast_with_options(column, target, &safe)?,
    };
    match column.as_string_view_opt() {
        Some(texts) if texts.null_count() > 0 => Ok(Arc::new(dashed(texts))),
        _ => Ok(column),
    }
}

fn dashed(texts: &StringViewArray) -> StringViewArray {
    let mut builder = StringViewBuilder::with_capacity(texts.len());
    for text in texts {
        builder.append_value(text.unwrap_or("-"));
    }
    builder.finish()
}

/// The columns of a batch of some [`shape`], to be read cell by cell.
pub(crate) struct Columns<'a>(Vec<Column<'a>>);

enum Column<'a> {
    Int32(&'a Int32Array),
    Int64(&'a Int64Array),
    Text(&'a StringViewArray),
}

impl<'a> Columns<'a> {
    /// None when a column has a type that no shape has.
    pub(crate) fn of(batch: &'a RecordBatch) -> Option<Self> {
        let column = |column: &'a ArrayRef| match column.data_type() {
            DataType::Int32 => column.as_primitive_opt::<Int32Type>().map(Column::Int32),
            DataType::Int64 => column.as_primitive_opt::<Int64Type>().map(Column::Int64),
            DataType::Utf8View => column.as_string_view_opt().map(Column::Text),
            _ => None,
        };
        batch.columns().iter().map(column).collect::<Option<_>>().map(Self)
    }

    /// How many columns there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// One cell. A text that is empty or `-` is absent. `row` lies in the batch.
    #[inline]
    pub(crate) fn value(&self, column: usize, row: usize) -> Value<'a> {
        match self.0.get(column) {
            Some(Column::Int32(numbers)) if numbers.is_valid(row) => Value::Number(numbers.value(row).into()),
            Some(Column::Int64(numbers)) if numbers.is_valid(row) => Value::Number(numbers.value(row)),
            Some(Column::Text(texts)) if texts.is_valid(row) => match texts.value(row) {
                "" | "-" => Value::Absent,
                text => Value::Text(text),
            },
            _ => Value::Absent,
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{BinaryArray, Int64Array, LargeStringArray, StringArray, UInt16Array};

    use super::*;

    #[test]
    fn batches_of_other_types_are_brought_to_the_table() {
        let batch = RecordBatch::try_from_iter([
            ("pkt-srcaddr", Arc::new(StringArray::from(vec![Some("10.0.0.1"), None])) as ArrayRef),
            ("srcport", Arc::new(Int64Array::from(vec![Some(443), Some(1 << 40)]))),
            ("bytes", Arc::new(LargeStringArray::from(vec!["12", "-"]))),
            ("packets", Arc::new(BinaryArray::from(vec![b"7".as_ref(), b"x"]))),
            ("action", Arc::new(BinaryArray::from(vec![b"ACCEPT".as_ref(), b"-"]))),
            ("mine", Arc::new(UInt16Array::from(vec![65535, 0]))),
        ])
        .expect("batch");
        let shape = shape(&batch.schema());
        let names: Vec<_> = shape.fields().iter().map(|field| field.name().as_str()).collect();
        assert_eq!(names, ["pkt_srcaddr", "srcport", "bytes", "packets", "action", "mine"]);

        let batch = conform(&batch, &shape).expect("conforms");
        let columns = Columns::of(&batch).expect("known types");
        let row = |row| (0..columns.len()).map(|column| columns.value(column, row)).collect::<Vec<_>>();
        let (number, text) = (Value::Number, Value::Text);
        assert_eq!(row(0), [text("10.0.0.1"), number(443), number(12), number(7), text("ACCEPT"), number(65535)]);
        assert_eq!(row(1), [Value::Absent, Value::Absent, Value::Absent, Value::Absent, Value::Absent, number(0)]);
        assert_eq!(batch.column(0).as_string_view().value(1), "-");

        assert!(conform(&batch.project(&[0]).expect("one"), &shape).is_err());
    }
}
