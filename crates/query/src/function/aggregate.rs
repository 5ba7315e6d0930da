//! Aggregates that make maps: `map_agg`, `multimap_agg`, `map_union`, `histogram`; and those where DataFusion has none, or
//! one that does otherwise.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};

use super::generic::{entries, list, map_of, pair};
use super::{map_type, type_name};
use crate::error::{Code, Error};

mod checksum;
mod percentile;
mod sum;

/// All of them.
pub(super) fn all() -> Vec<AggregateUDF> {
    let map = |kind| AggregateUDF::from(OfMap { kind, signature: Signature::user_defined(Volatility::Immutable) });
    let mut all: Vec<AggregateUDF> = [Kind::MapAgg, Kind::MultimapAgg, Kind::MapUnion, Kind::Histogram].map(map).into();
    all.push(AggregateUDF::from(checksum::Checksum::new()));
    all.push(AggregateUDF::from(percentile::Percentile::new()));
    all.push(AggregateUDF::from(sum::Sum::new()));
    all
}

/// Which aggregate: what happens to several values of one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    /// The first stays.
    MapAgg,
    /// All stay, as an array.
    MultimapAgg,
    /// The first stays; the input are maps.
    MapUnion,
    /// They are counted.
    Histogram,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct OfMap {
    kind: Kind,
    signature: Signature,
}

impl OfMap {
    fn result(&self, given: &[DataType]) -> Option<DataType> {
        match (self.kind, given) {
            (Kind::MapAgg, [key, value]) => Some(map_type(key.clone(), value.clone())),
            (Kind::MultimapAgg, [key, value]) => Some(map_type(key.clone(), list(value.clone()))),
            (Kind::MapUnion, [map]) => {
                pair(map).map(|(key, value)| map_type(key.data_type().clone(), value.data_type().clone()))
            }
            (Kind::Histogram, [value]) => Some(map_type(value.clone(), DataType::Int64)),
            _ => None,
        }
    }

    fn usage(&self) -> &'static str {
        match self.kind {
            Kind::MapAgg => "map_agg(K, V)",
            Kind::MultimapAgg => "multimap_agg(K, V)",
            Kind::MapUnion => "map_union(map(K, V))",
            Kind::Histogram => "histogram(T)",
        }
    }
}

impl AggregateUDFImpl for OfMap {
    fn name(&self) -> &str {
        self.usage().split('(').next().unwrap_or_default()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        if self.result(given).is_some() {
            return Ok(given.to_vec());
        }
        let types: Vec<String> = given.iter().map(type_name).collect();
        let (types, name, usage) = (types.join(", "), self.name(), self.usage());
        let message = format!("Unexpected parameters ({types}) for function {name}. Expected: {usage}");
        Err(Error::new(Code::FunctionNotFound, message).into_datafusion())
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        match self.result(given) {
            Some(result) => Ok(result),
            None => exec_err!("{} does not take {given:?}", self.name()),
        }
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let result = args.return_field.data_type().clone();
        Ok(Box::new(Gathered { kind: self.kind, result, places: HashMap::new(), values: Vec::new(), size: 0 }))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new("map", args.return_field.data_type().clone(), true))])
    }
}

/// Keys in the order in which they came, with their values.
#[derive(Debug)]
struct Gathered {
    kind: Kind,
    result: DataType,
    places: HashMap<ScalarValue, usize>,
    values: Vec<Value>,
    /// Bytes, about.
    size: usize,
}

#[derive(Debug)]
enum Value {
    One(ScalarValue),
    Count(i64),
    /// Arrays of all values.
    Many(Vec<ArrayRef>),
}

impl Gathered {
    fn add(&mut self, key: ScalarValue, value: Value) {
        if let Some(place) = self.places.get(&key) {
            match (self.values.get_mut(*place), value) {
                (Some(Value::Count(count)), Value::Count(more)) => *count += more,
                (Some(Value::Many(all)), Value::Many(more)) => {
                    self.size += more.iter().map(|array| array.get_array_memory_size()).sum::<usize>();
                    all.extend(more);
                }
                _ => {}
            }
            return;
        }
        self.size += key.size() + size_of::<(ScalarValue, usize, Value)>();
        self.size += match &value {
            Value::One(value) => value.size(),
            Value::Count(_) => 0,
            Value::Many(all) => all.iter().map(|array| array.get_array_memory_size()).sum(),
        };
        self.places.insert(key, self.values.len());
        self.values.push(value);
    }

    /// Maps as this aggregate makes them.
    fn add_maps(&mut self, column: &ArrayRef) -> Result<()> {
        let maps = column.as_map();
        for at in (0..maps.len()).filter_map(|row| entries(maps, row)).flatten() {
            let key = ScalarValue::try_from_array(maps.keys(), at)?;
            let value = ScalarValue::try_from_array(maps.values(), at)?;
            let value = match (self.kind, value) {
                (Kind::Histogram, ScalarValue::Int64(count)) => Value::Count(count.unwrap_or(0)),
                (Kind::MultimapAgg, ScalarValue::List(all)) => Value::Many(vec![all.value(0)]),
                (_, value) => Value::One(value),
            };
            self.add(key, value);
        }
        Ok(())
    }

    fn value_column(&self, of: &DataType) -> Result<ArrayRef> {
        if self.kind != Kind::MultimapAgg {
            let values = self.values.iter().map(|value| match value {
                Value::One(value) => value.clone(),
                Value::Count(count) => ScalarValue::Int64(Some(*count)),
                Value::Many(_) => ScalarValue::Null,
            });
            return ScalarValue::iter_to_array(values);
        }
        let DataType::List(item) = of else { return exec_err!("{of} is no array") };
        let (mut lengths, mut parts) = (Vec::new(), Vec::new());
        for value in &self.values {
            let Value::Many(all) = value else { continue };
            lengths.push(all.iter().map(|array| array.len()).sum::<usize>());
            parts.extend(all.iter().map(|array| array.as_ref() as &dyn Array));
        }
        let items = datafusion::arrow::compute::concat(&parts)?;
        let offsets = OffsetBuffer::from_lengths(lengths);
        Ok(Arc::new(datafusion::arrow::array::ListArray::try_new(Arc::clone(item), offsets, items, None)?))
    }
}

impl Accumulator for Gathered {
    fn update_batch(&mut self, columns: &[ArrayRef]) -> Result<()> {
        let [first, others @ ..] = columns else { return exec_err!("nothing to gather") };
        if self.kind == Kind::MapUnion {
            return self.add_maps(first);
        }
        for row in (0..first.len()).filter(|row| first.is_valid(*row)) {
            let key = ScalarValue::try_from_array(first, row)?;
            let value = match (self.kind, others.first()) {
                (Kind::MultimapAgg, Some(values)) => {
                    Value::Many(vec![super::lambda::at(values, vec![super::generic::index(row)?])?])
                }
                (_, Some(values)) => Value::One(ScalarValue::try_from_array(values, row)?),
                (_, None) => Value::Count(1),
            };
            self.add(key, value);
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let Some((_, value)) = pair(&self.result) else { return exec_err!("{} is no map", self.result) };
        if self.values.is_empty() {
            return ScalarValue::try_from(&self.result);
        }
        let mut keys: Vec<(&ScalarValue, usize)> = self.places.iter().map(|(key, place)| (key, *place)).collect();
        keys.sort_unstable_by_key(|(_, place)| *place);
        let keys = ScalarValue::iter_to_array(keys.into_iter().map(|(key, _)| key.clone()))?;
        let values = self.value_column(value.data_type())?;
        let offsets = OffsetBuffer::from_lengths([keys.len()]);
        ScalarValue::try_from_array(&map_of(&self.result, offsets, keys, values, None)?, 0)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.size
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.evaluate()?])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        states.iter().try_for_each(|maps| self.add_maps(maps))
    }
}
