//! Values of types that Arrow does not have, in the form in which an answer shows them: texts.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListArray, MapArray, StructArray};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::arrow::error::ArrowError;

use crate::function::{ADDRESS, PREFIX, address_texts, json_texts, json_type, prefix_texts, type_name};

/// The key of a field's metadata that has the name of the type, when the field shows it as text.
pub(crate) const TYPE_KEY: &str = "trino.type";

/// The column of an answer.
pub(crate) fn field(of: &Field, name: &str) -> Field {
    let kind = of.data_type();
    let shown = Field::new(name, data_type(kind), true);
    if is_special(kind) {
        return shown.with_metadata([(TYPE_KEY.to_owned(), type_name(kind))].into());
    }
    shown
}

/// The type of an answer's column, as Trino names it.
pub(crate) fn type_of(field: &Field) -> String {
    field.metadata().get(TYPE_KEY).cloned().unwrap_or_else(|| type_name(field.data_type()))
}

fn is_special(kind: &DataType) -> bool {
    *kind == ADDRESS || *kind == PREFIX || *kind == json_type()
}

fn data_type(kind: &DataType) -> DataType {
    let inner = |field: &FieldRef| Arc::new(field.as_ref().clone().with_data_type(data_type(field.data_type())));
    match kind {
        kind if is_special(kind) => DataType::Utf8View,
        DataType::List(item) => DataType::List(inner(item)),
        DataType::Map(entries, sorted) => DataType::Map(inner(entries), *sorted),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(inner).collect::<Fields>()),
        other => other.clone(),
    }
}

/// The values of a column as an answer has them.
///
/// # Errors
/// When Arrow does not make a column of the values that it took apart.
pub(crate) fn column(column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let kind = column.data_type();
    let target = data_type(kind);
    if target == *kind {
        return Ok(Arc::clone(column));
    }
    Ok(match (kind, &target) {
        (kind, _) if *kind == ADDRESS => Arc::new(address_texts(column.as_fixed_size_binary())),
        (kind, _) if *kind == PREFIX => Arc::new(prefix_texts(column.as_fixed_size_binary())),
        (kind, _) if *kind == json_type() => Arc::new(json_texts(column.as_struct())),
        (DataType::List(_), DataType::List(item)) => {
            let list = column.as_list::<i32>();
            let items = self::column(list.values())?;
            Arc::new(ListArray::try_new(Arc::clone(item), list.offsets().clone(), items, list.nulls().cloned())?)
        }
        (DataType::Map(..), DataType::Map(entry, sorted)) => {
            let map = column.as_map();
            let entries: ArrayRef = Arc::new(map.entries().clone());
            let entries = self::column(&entries)?.as_struct().clone();
            let (offsets, nulls) = (map.offsets().clone(), map.nulls().cloned());
            Arc::new(MapArray::try_new(Arc::clone(entry), offsets, entries, nulls, *sorted)?)
        }
        (DataType::Struct(_), DataType::Struct(fields)) => {
            let row = column.as_struct();
            let columns = row.columns().iter().map(self::column).collect::<Result<_, _>>()?;
            Arc::new(StructArray::try_new(fields.clone(), columns, row.nulls().cloned())?)
        }
        _ => Arc::clone(column),
    })
}
