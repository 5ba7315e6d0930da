//! Functions over lists, maps and rows, whose types follow from those of their arguments.

use std::ops::Range;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, ListArray, MapArray, StructArray, UInt32Array};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::arrow::row::{RowConverter, Rows, SortField};
use datafusion::common::{Result, exec_err};

/// One such function.
#[derive(Debug)]
pub(super) struct Generic {
    pub(super) name: &'static str,
    /// How it is called, for those who call it otherwise.
    pub(super) usage: &'static str,
    /// Whether it is asked when an argument is NULL; others give NULL.
    pub(super) takes_null: bool,
    pub(super) types: fn(&[DataType]) -> Option<Types>,
    pub(super) body: fn(&[ArrayRef], &DataType) -> Result<ArrayRef>,
}

/// What the arguments are cast to, and what comes out.
#[derive(Debug)]
pub(super) struct Types {
    pub(super) parameters: Vec<DataType>,
    pub(super) result: DataType,
}

/// Takes these types and gives that one.
pub(super) fn types(parameters: Vec<DataType>, result: DataType) -> Option<Types> {
    Some(Types { parameters, result })
}

/// What a list is of.
pub(super) fn item(list: &DataType) -> Option<DataType> {
    match list {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            Some(item.data_type().clone())
        }
        DataType::Null => Some(DataType::Null),
        _ => None,
    }
}

/// A list of these, as all bodies get it.
pub(super) fn list(item: DataType) -> DataType {
    DataType::new_list(item, true)
}

/// Key and value of a map.
pub(super) fn pair(map: &DataType) -> Option<(FieldRef, FieldRef)> {
    let DataType::Map(entries, _) = map else { return None };
    match entries.data_type() {
        DataType::Struct(fields) => Some((Arc::clone(fields.first()?), Arc::clone(fields.get(1)?))),
        _ => None,
    }
}

/// The items of a row; none when the list is NULL.
pub(super) fn range(array: &ListArray, row: usize) -> Option<Range<usize>> {
    let bounds = array.value_offsets();
    array.is_valid(row).then(|| place(bounds[row])..place(bounds[row + 1]))
}

/// The entries of a row; none when the map is NULL.
pub(super) fn entries(array: &MapArray, row: usize) -> Option<Range<usize>> {
    let bounds = array.value_offsets();
    array.is_valid(row).then(|| place(bounds[row])..place(bounds[row + 1]))
}

fn place(offset: i32) -> usize {
    usize::try_from(offset).unwrap_or(0)
}

/// An index as `take` wants it.
pub(super) fn index(at: usize) -> Result<u32> {
    u32::try_from(at).or_else(|_| exec_err!("a batch has more than {} items", u32::MAX))
}

/// Values that can be compared, whatever their type.
pub(super) fn comparable(values: &ArrayRef) -> Result<Rows> {
    let converter = RowConverter::new(vec![SortField::new(values.data_type().clone())])?;
    Ok(converter.convert_columns(&[Arc::clone(values)])?)
}

/// Two columns of one type, comparable with each other.
pub(super) fn comparable_both(a: &ArrayRef, b: &ArrayRef) -> Result<(Rows, Rows)> {
    let converter = RowConverter::new(vec![SortField::new(a.data_type().clone())])?;
    Ok((converter.convert_columns(&[Arc::clone(a)])?, converter.convert_columns(&[Arc::clone(b)])?))
}

/// Indices into a column, grouped by row: what lists and maps are made of.
#[derive(Default)]
pub(super) struct Picked {
    pub(super) indices: Vec<Option<u32>>,
    lengths: Vec<usize>,
    valid: Vec<bool>,
}

impl Picked {
    /// Ends a row that has these.
    pub(super) fn row(&mut self, picked: impl IntoIterator<Item = Option<u32>>) {
        let before = self.indices.len();
        self.indices.extend(picked);
        self.lengths.push(self.indices.len() - before);
        self.valid.push(true);
    }

    /// Ends a row that is NULL.
    pub(super) fn null(&mut self) {
        self.lengths.push(0);
        self.valid.push(false);
    }

    pub(super) fn nulls(&self) -> Option<NullBuffer> {
        Some(NullBuffer::from(self.valid.clone()))
    }

    pub(super) fn offsets(&self) -> OffsetBuffer<i32> {
        OffsetBuffer::from_lengths(self.lengths.iter().copied())
    }

    pub(super) fn take(&self, values: &ArrayRef) -> Result<ArrayRef> {
        Ok(take(values.as_ref(), &UInt32Array::from(self.indices.clone()), None)?)
    }

    /// A list of the type whose items are picked of these.
    pub(super) fn list(&self, result: &DataType, values: &ArrayRef) -> Result<ArrayRef> {
        let DataType::List(item) = result else { return exec_err!("{result} is no list") };
        Ok(Arc::new(ListArray::try_new(Arc::clone(item), self.offsets(), self.take(values)?, self.nulls())?))
    }

    /// A map of the type whose entries are picked of these.
    pub(super) fn map(&self, result: &DataType, keys: &ArrayRef, values: &ArrayRef) -> Result<ArrayRef> {
        map_of(result, self.offsets(), self.take(keys)?, self.take(values)?, self.nulls())
    }
}

/// A map of the type from its parts.
pub(super) fn map_of(
    result: &DataType,
    offsets: OffsetBuffer<i32>,
    keys: ArrayRef,
    values: ArrayRef,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef> {
    let DataType::Map(entry, sorted) = result else { return exec_err!("{result} is no map") };
    let DataType::Struct(fields) = entry.data_type() else { return exec_err!("{result} is no map") };
    let entries = StructArray::try_new(fields.clone(), vec![keys, values], None)?;
    Ok(Arc::new(MapArray::try_new(Arc::clone(entry), offsets, entries, nulls, *sorted)?))
}
