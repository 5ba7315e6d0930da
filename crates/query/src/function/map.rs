//! Maps. `map_keys` and `map_values` are DataFusion's.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, ListArray, MapBuilder, MapFieldNames, StringViewBuilder, StructArray, UInt32Array,
};
use datafusion::arrow::compute::{concat, take};
use datafusion::arrow::datatypes::{DataType, Field, Fields};
use datafusion::arrow::util::display::array_value_to_string;
use datafusion::common::{Result, exec_err};

use super::generic::{Generic, Picked, comparable, comparable_both, entries, index, item, list, pair, range, types};
use super::{is_text, map_type, refuse};

pub(super) const FUNCTIONS: &[Generic] = &[
    Generic {
        name: "map_entries",
        usage: "map_entries(map(K, V))",
        takes_null: false,
        types: |given| match given {
            [map] => {
                let (key, value) = pair(map)?;
                let member = |name, of: &Field| Field::new(name, of.data_type().clone(), true);
                let row = DataType::Struct(Fields::from(vec![member("field0", &key), member("field1", &value)]));
                types(vec![map.clone()], list(row))
            }
            _ => None,
        },
        body: entries_of,
    },
    Generic {
        name: "map",
        usage: "map(array(K), array(V))",
        takes_null: false,
        types: |given| match given {
            [keys, values] => {
                let (key, value) = (item(keys)?, item(values)?);
                types(vec![list(key.clone()), list(value.clone())], map_type(key, value))
            }
            _ => None,
        },
        body: from_arrays,
    },
    Generic {
        name: "map_from_entries",
        usage: "map_from_entries(array(row(K, V)))",
        takes_null: false,
        types: |given| match given {
            [array] => match item(array)? {
                DataType::Struct(pair) if pair.len() == 2 => {
                    let map = map_type(pair[0].data_type().clone(), pair[1].data_type().clone());
                    types(vec![list(DataType::Struct(pair))], map)
                }
                _ => None,
            },
            _ => None,
        },
        body: from_entries,
    },
    Generic {
        name: "map_concat",
        usage: "map_concat(map(K, V), map(K, V), ...)",
        takes_null: false,
        types: |given| {
            let (key, value) = given.iter().find_map(|map| pair(map).filter(|(key, _)| !key.data_type().is_null()))?;
            let map = map_type(key.data_type().clone(), value.data_type().clone());
            let all = given.iter().all(|given| matches!(given, DataType::Map(..)));
            (all && given.len() > 1).then(|| types(vec![map.clone(); given.len()], map))?
        },
        body: joined,
    },
    Generic {
        name: "split_to_map",
        usage: "split_to_map(varchar, varchar, varchar)",
        takes_null: false,
        types: |given| {
            let text = DataType::Utf8View;
            let fits = given.len() == 3 && given.iter().all(|kind| is_text(kind) || kind.is_null());
            fits.then(|| types(vec![text.clone(), text.clone(), text.clone()], map_type(text.clone(), text)))?
        },
        body: split,
    },
];

/// The entries as an array of rows.
fn entries_of(args: &[ArrayRef], result: &DataType) -> Result<ArrayRef> {
    let DataType::List(row) = result else { return exec_err!("{result} is no array") };
    let DataType::Struct(fields) = row.data_type() else { return exec_err!("{result} has no rows") };
    let map = args[0].as_map();
    let rows = StructArray::try_new(fields.clone(), map.entries().columns().to_vec(), None)?;
    let (offsets, nulls) = (map.offsets().clone(), map.nulls().cloned());
    Ok(Arc::new(ListArray::try_new(Arc::clone(row), offsets, Arc::new(rows), nulls)?))
}

/// The value of a key; NULL when there is none.
pub(super) fn value(args: &[ArrayRef]) -> Result<ArrayRef> {
    let map = args[0].as_map();
    let (keys, wanted) = comparable_both(map.keys(), &args[1])?;
    let at =
        |row: usize| entries(map, row).filter(|_| args[1].is_valid(row))?.find(|at| keys.row(*at) == wanted.row(row));
    let indices = (0..map.len()).map(|row| at(row).map(index).transpose()).collect::<Result<UInt32Array>>()?;
    Ok(take(map.values().as_ref(), &indices, None)?)
}

/// The value of a key, which must be there.
pub(super) fn value_of_key(args: &[ArrayRef]) -> Result<ArrayRef> {
    let map = args[0].as_map();
    let (keys, wanted) = comparable_both(map.keys(), &args[1])?;
    for row in (0..map.len()).filter(|row| args[1].is_valid(*row)) {
        if entries(map, row).is_some_and(|mut range| range.all(|at| keys.row(at) != wanted.row(row))) {
            let key = crate::text::value(args[1].as_ref(), row).unwrap_or_default();
            return refuse(format!("Key not present in map: {key}"));
        }
    }
    value(args)
}

fn from_arrays(args: &[ArrayRef], result: &DataType) -> Result<ArrayRef> {
    let (keys, values) = (args[0].as_list::<i32>(), args[1].as_list::<i32>());
    let (mut key_picks, mut value_picks) = (Picked::default(), Picked::default());
    for row in 0..keys.len() {
        let (Some(key_range), Some(value_range)) = (range(keys, row), range(values, row)) else {
            key_picks.null();
            value_picks.null();
            continue;
        };
        if key_range.len() != value_range.len() {
            return refuse("Key and value arrays must be the same length".to_owned());
        }
        key_picks.row(key_range.map(|at| index(at).map(Some)).collect::<Result<Vec<_>>>()?);
        value_picks.row(value_range.map(|at| index(at).map(Some)).collect::<Result<Vec<_>>>()?);
    }
    let (keys, values) = (key_picks.take(keys.values())?, value_picks.take(values.values())?);
    unique(result, &key_picks, keys, values)
}

fn from_entries(args: &[ArrayRef], result: &DataType) -> Result<ArrayRef> {
    let array = args[0].as_list::<i32>();
    let rows = array.values().as_struct();
    let mut picked = Picked::default();
    for row in 0..array.len() {
        match range(array, row) {
            None => picked.null(),
            Some(mut range) if range.clone().any(|at| rows.is_null(at)) => {
                return refuse(format!("map entry cannot be null: row {}", range.next().unwrap_or(0)));
            }
            Some(range) => picked.row(range.map(|at| index(at).map(Some)).collect::<Result<Vec<_>>>()?),
        }
    }
    let (keys, values) = (picked.take(rows.column(0))?, picked.take(rows.column(1))?);
    unique(result, &picked, keys, values)
}

/// A map, when no key is NULL and none stands twice.
pub(super) fn unique(result: &DataType, picked: &Picked, keys: ArrayRef, values: ArrayRef) -> Result<ArrayRef> {
    if keys.null_count() > 0 && !keys.is_empty() {
        return refuse("map key cannot be null".to_owned());
    }
    let compared = comparable(&keys)?;
    let offsets = picked.offsets();
    for bounds in offsets.windows(2) {
        let (from, to) = (usize::try_from(bounds[0]).unwrap_or(0), usize::try_from(bounds[1]).unwrap_or(0));
        let mut seen = std::collections::HashSet::with_capacity(to - from);
        if let Some(again) = (from..to).find(|at| !seen.insert(compared.row(*at))) {
            let key = array_value_to_string(&keys, again)?;
            return refuse(format!("Duplicate map keys ({key}) are not allowed"));
        }
    }
    super::generic::map_of(result, offsets, keys, values, picked.nulls())
}

/// All entries; of several with one key, the last.
fn joined(args: &[ArrayRef], result: &DataType) -> Result<ArrayRef> {
    let maps: Vec<_> = args.iter().map(|map| map.as_map()).collect();
    let Some(first) = maps.first() else { return exec_err!("map_concat of nothing") };
    let column = |of: fn(&datafusion::arrow::array::MapArray) -> &ArrayRef| {
        let parts: Vec<&dyn Array> = maps.iter().map(|map| of(map).as_ref()).collect();
        concat(&parts)
    };
    let (keys, values) = (column(|map| map.keys())?, column(|map| map.values())?);
    let compared = comparable(&keys)?;
    let mut picked = Picked::default();
    for row in 0..first.len() {
        if maps.iter().any(|map| map.is_null(row)) {
            picked.null();
            continue;
        }
        let (mut before, mut order, mut last) = (0, Vec::new(), HashMap::new());
        for map in &maps {
            for at in entries(map, row).into_iter().flatten().map(|at| at + before) {
                if last.insert(compared.row(at), at).is_none() {
                    order.push(at);
                }
            }
            before += map.keys().len();
        }
        let kept = order.into_iter().filter_map(|at| last.get(&compared.row(at)).copied());
        picked.row(kept.map(|at| index(at).map(Some)).collect::<Result<Vec<_>>>()?);
    }
    picked.map(result, &keys, &values)
}

/// `a=1,b=2` as a map.
fn split(args: &[ArrayRef], result: &DataType) -> Result<ArrayRef> {
    let column = |index: usize| args[index].as_string_view();
    let names = MapFieldNames { entry: "entries".to_owned(), key: "key".to_owned(), value: "value".to_owned() };
    let mut maps = MapBuilder::new(Some(names), StringViewBuilder::new(), StringViewBuilder::new())
        .with_keys_field(Field::new("key", DataType::Utf8View, false))
        .with_values_field(Field::new("value", DataType::Utf8View, true));
    for ((text, between), is) in column(0).iter().zip(column(1)).zip(column(2)) {
        let (Some(text), Some(between), Some(is)) = (text, between, is) else {
            maps.append(false)?;
            continue;
        };
        if between.is_empty() || is.is_empty() || between == is {
            return refuse(
                "entryDelimiter and keyValueDelimiter must not be empty and must not be the same".to_owned(),
            );
        }
        let mut seen = std::collections::HashSet::new();
        for entry in text.split(between).filter(|entry| !entry.is_empty()) {
            let Some((key, value)) = entry.split_once(is).filter(|(_, value)| !value.contains(is)) else {
                return refuse(format!(
                    "Key-value delimiter must appear exactly once in each entry. Bad input: '{entry}'"
                ));
            };
            if !seen.insert(key) {
                return refuse(format!("Duplicate keys ({key}) are not allowed"));
            }
            maps.keys().append_value(key);
            maps.values().append_value(value);
        }
        maps.append(true)?;
    }
    let maps = maps.finish();
    if maps.data_type() != result {
        return exec_err!("split_to_map made {}", maps.data_type());
    }
    super::done(maps)
}
