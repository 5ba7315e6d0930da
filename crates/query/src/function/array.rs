//! Arrays. What is not here is DataFusion's (`array_distinct`, `array_union`, `flatten` and the like).

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, ListArray, StructArray, UInt32Array,
};
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::{DataType, Field, Int64Type};
use datafusion::common::Result;

use super::generic::{Generic, Picked, comparable_both, entries, index, item, list, pair, range, types};
use super::{done, refuse};

/// What numbers the rows of UNNEST … WITH ORDINALITY.
pub(crate) const ORDINALS: &str = "$ordinals";

/// What `a[1]` is planned as: `element_at` that refuses what is not there.
pub(super) const SUBSCRIPT: &str = "$subscript";

pub(super) const FUNCTIONS: &[Generic] = &[
    Generic {
        name: "cardinality",
        usage: "cardinality(array(E)), cardinality(map(K, V))",
        takes_null: false,
        types: |given| match given {
            [map @ DataType::Map(..)] => types(vec![map.clone()], DataType::Int64),
            [array] => types(vec![list(item(array)?)], DataType::Int64),
            _ => None,
        },
        body: cardinality,
    },
    Generic {
        name: "contains",
        usage: "contains(array(E), E)",
        takes_null: false,
        types: |given| with_item(given, DataType::Boolean),
        body: contains,
    },
    Generic {
        name: "array_position",
        usage: "array_position(array(E), E)",
        takes_null: false,
        types: |given| with_item(given, DataType::Int64),
        body: position,
    },
    Generic {
        name: "array_remove",
        usage: "array_remove(array(E), E)",
        takes_null: false,
        types: |given| with_item(given, list(item(given.first()?)?)),
        body: remove,
    },
    Generic {
        name: "arrays_overlap",
        usage: "arrays_overlap(array(E), array(E))",
        takes_null: false,
        types: |given| match given {
            [a, b] => {
                let of = list(common(&item(a)?, &item(b)?)?);
                types(vec![of.clone(), of], DataType::Boolean)
            }
            _ => None,
        },
        body: overlap,
    },
    Generic {
        name: "element_at",
        usage: "element_at(array(E), bigint), element_at(map(K, V), K)",
        takes_null: false,
        types: at_place,
        body: |args, _| if args[0].as_map_opt().is_some() { super::map::value(args) } else { element(args) },
    },
    Generic {
        name: SUBSCRIPT,
        usage: "array(E)[bigint], map(K, V)[K]",
        takes_null: false,
        types: at_place,
        body: subscript,
    },
    Generic {
        name: "slice",
        usage: "slice(array(E), bigint, bigint)",
        takes_null: false,
        types: |given| match given {
            [array, from, length] if from.is_integer() && length.is_integer() => {
                let of = list(item(array)?);
                types(vec![of.clone(), DataType::Int64, DataType::Int64], of)
            }
            _ => None,
        },
        body: slice,
    },
    Generic {
        name: "trim_array",
        usage: "trim_array(array(E), bigint)",
        takes_null: false,
        types: |given| match given {
            [array, count] if count.is_integer() => {
                let of = list(item(array)?);
                types(vec![of.clone(), DataType::Int64], of)
            }
            _ => None,
        },
        body: trim,
    },
    Generic {
        name: "reverse",
        usage: "reverse(array(E))",
        takes_null: false,
        types: |given| match given {
            [DataType::Null] => None,
            [array] => types(vec![list(item(array)?)], list(item(array)?)),
            _ => None,
        },
        body: |args, result| {
            let array = args[0].as_list::<i32>();
            pick(array, result, |_, items| Ok(items.rev().collect()))
        },
    },
    Generic {
        name: "zip",
        usage: "zip(array(T1), array(T2), ...)",
        takes_null: false,
        types: |given| {
            let items = given.iter().map(item).collect::<Option<Vec<_>>>().filter(|items| items.len() > 1)?;
            let member = |(at, item): (usize, &DataType)| Field::new(format!("field{at}"), item.clone(), true);
            let row = DataType::Struct(items.iter().enumerate().map(member).collect());
            types(items.into_iter().map(list).collect(), list(row))
        },
        body: zip,
    },
    Generic {
        name: ORDINALS,
        usage: "UNNEST(...) WITH ORDINALITY",
        takes_null: false,
        types: |given| {
            let lists = given.iter().map(|array| item(array).map(list)).collect::<Option<Vec<_>>>()?;
            types(lists, list(DataType::Int64))
        },
        body: ordinals,
    },
];

/// The type that two go together as: of an item and what is compared with it.
fn common(a: &DataType, b: &DataType) -> Option<DataType> {
    let texts = super::is_text(a) && super::is_text(b);
    let numbers = a.is_numeric() && b.is_numeric();
    match () {
        () if a.is_null() => Some(b.clone()),
        () if a == b || b.is_null() => Some(a.clone()),
        () if texts => Some(DataType::Utf8View),
        () if numbers && (a.is_floating() || b.is_floating()) => Some(DataType::Float64),
        () if numbers => Some(DataType::Int64),
        () => None,
    }
}

/// A list and what is looked for in it.
fn with_item(given: &[DataType], result: DataType) -> Option<super::generic::Types> {
    match given {
        [array, wanted] => {
            let of = common(&item(array)?, wanted)?;
            let result = if result.is_nested() { list(of.clone()) } else { result };
            types(vec![list(of.clone()), of], result)
        }
        _ => None,
    }
}

/// A list and a place in it, or a map and a key of it.
fn at_place(given: &[DataType]) -> Option<super::generic::Types> {
    match given {
        [map @ DataType::Map(..), key] => {
            let (keys, values) = pair(map)?;
            common(keys.data_type(), key)?;
            types(vec![map.clone(), keys.data_type().clone()], values.data_type().clone())
        }
        [array, at] if at.is_integer() || at.is_null() => {
            types(vec![list(item(array)?), DataType::Int64], item(array)?)
        }
        _ => None,
    }
}

/// A list of the items of another, by their indices.
fn pick(
    array: &ListArray,
    result: &DataType,
    items: impl Fn(usize, std::ops::Range<usize>) -> Result<Vec<usize>>,
) -> Result<ArrayRef> {
    let mut picked = Picked::default();
    for row in 0..array.len() {
        match range(array, row) {
            None => picked.null(),
            Some(range) => {
                let indices =
                    items(row, range)?.into_iter().map(|at| index(at).map(Some)).collect::<Result<Vec<_>>>()?;
                picked.row(indices);
            }
        }
    }
    picked.list(result, array.values())
}

/// NULL where any argument is.
fn with_nulls(result: &ArrayRef, args: &[ArrayRef]) -> Result<ArrayRef> {
    let missing: BooleanArray = (0..result.len()).map(|row| Some(args.iter().any(|arg| arg.is_null(row)))).collect();
    Ok(datafusion::arrow::compute::nullif(result.as_ref(), &missing)?)
}

fn cardinality(args: &[ArrayRef], _result: &DataType) -> Result<ArrayRef> {
    let of = |row| match args[0].as_map_opt() {
        Some(map) => entries(map, row).map(|range| range.len()),
        None => range(args[0].as_list::<i32>(), row).map(|range| range.len()),
    };
    let counts = (0..args[0].len()).map(|row| of(row).and_then(|count| i64::try_from(count).ok()));
    done(counts.collect::<Int64Array>())
}

/// True when it is there; NULL when it is not and an item is NULL.
fn contains(args: &[ArrayRef], _result: &DataType) -> Result<ArrayRef> {
    let array = args[0].as_list::<i32>();
    let (items, wanted) = comparable_both(array.values(), &args[1])?;
    let row = |row: usize| {
        let mut range = range(array, row).filter(|_| args[1].is_valid(row))?;
        let found = range.clone().any(|at| array.values().is_valid(at) && items.row(at) == wanted.row(row));
        (found || range.all(|at| array.values().is_valid(at))).then_some(found)
    };
    done((0..array.len()).map(row).collect::<BooleanArray>())
}

/// The place of the first such item, from 1; 0 when there is none.
fn position(args: &[ArrayRef], _result: &DataType) -> Result<ArrayRef> {
    let array = args[0].as_list::<i32>();
    let (items, wanted) = comparable_both(array.values(), &args[1])?;
    let row = |row: usize| {
        let range = range(array, row).filter(|_| args[1].is_valid(row))?;
        let mut items = range.map(|at| array.values().is_valid(at) && items.row(at) == wanted.row(row));
        i64::try_from(items.position(|found| found).map_or(0, |at| at + 1)).ok()
    };
    done((0..array.len()).map(row).collect::<Int64Array>())
}

/// All items but those equal to the value.
fn remove(args: &[ArrayRef], result: &DataType) -> Result<ArrayRef> {
    let array = args[0].as_list::<i32>();
    let (items, wanted) = comparable_both(array.values(), &args[1])?;
    let kept = pick(array, result, |row, range| {
        Ok(range.filter(|at| array.values().is_null(*at) || items.row(*at) != wanted.row(row)).collect())
    })?;
    with_nulls(&kept, args)
}

/// Whether an item is in both; NULL when none is and either has a NULL.
fn overlap(args: &[ArrayRef], _result: &DataType) -> Result<ArrayRef> {
    let (left, right) = (args[0].as_list::<i32>(), args[1].as_list::<i32>());
    let (left_items, right_items) = comparable_both(left.values(), right.values())?;
    let row = |row: usize| {
        let (a, b) = (range(left, row)?, range(right, row)?);
        let known: std::collections::HashSet<_> =
            a.clone().filter(|at| left.values().is_valid(*at)).map(|at| left_items.row(at)).collect();
        let shared = b.clone().any(|at| right.values().is_valid(at) && known.contains(&right_items.row(at)));
        let mut nulls = a.map(|at| left.values().is_null(at)).chain(b.map(|at| right.values().is_null(at)));
        (shared || !nulls.any(|null| null)).then_some(shared)
    };
    done((0..left.len()).map(row).collect::<BooleanArray>())
}

/// The item at a place from 1, or from the end when negative; NULL beyond the ends.
fn element(args: &[ArrayRef]) -> Result<ArrayRef> {
    let (array, places) = (args[0].as_list::<i32>(), args[1].as_primitive::<Int64Type>());
    let mut indices = Vec::with_capacity(array.len());
    for row in 0..array.len() {
        let Some(range) = range(array, row).filter(|_| places.is_valid(row)) else {
            indices.push(None);
            continue;
        };
        let place = places.value(row);
        let far = usize::try_from(place.unsigned_abs()).unwrap_or(usize::MAX);
        let at = match far {
            0 => return refuse("SQL array indices start at 1".to_owned()),
            far if far > range.len() => None,
            far if place > 0 => Some(range.start + far - 1),
            far => Some(range.end - far),
        };
        indices.push(at.map(index).transpose()?);
    }
    Ok(take(array.values().as_ref(), &UInt32Array::from(indices), None)?)
}

/// What is at a place; it must be there.
fn subscript(args: &[ArrayRef], _result: &DataType) -> Result<ArrayRef> {
    if args[0].as_map_opt().is_some() {
        return super::map::value_of_key(args);
    }
    let (array, places) = (args[0].as_list::<i32>(), args[1].as_primitive::<Int64Type>());
    for (row, place) in places.iter().enumerate() {
        let (Some(range), Some(place)) = (range(array, row), place) else { continue };
        if place < 0 {
            return refuse(format!("Array subscript is negative: {place}"));
        }
        if usize::try_from(place).is_ok_and(|place| place > range.len()) {
            let length = range.len();
            return refuse(format!("Array subscript must be less than or equal to array length: {place} > {length}"));
        }
    }
    element(args)
}

/// So many items from a place on, which counts from 1, or from the end when negative.
fn slice(args: &[ArrayRef], result: &DataType) -> Result<ArrayRef> {
    let array = args[0].as_list::<i32>();
    let (starts, lengths) = (args[1].as_primitive::<Int64Type>(), args[2].as_primitive::<Int64Type>());
    let picked = pick(array, result, |row, range| {
        if starts.is_null(row) || lengths.is_null(row) {
            return Ok(Vec::new());
        }
        let (start, length) = (starts.value(row), lengths.value(row));
        if start == 0 {
            return refuse("SQL array indices start at 1".to_owned());
        }
        let Ok(length) = usize::try_from(length) else {
            return refuse("length must be greater than or equal to 0".to_owned());
        };
        let far = usize::try_from(start.unsigned_abs()).unwrap_or(usize::MAX);
        let skipped = if start > 0 { far - 1 } else { range.len().checked_sub(far).unwrap_or(range.len()) };
        Ok(range.skip(skipped).take(length).collect())
    })?;
    with_nulls(&picked, args)
}

/// All but the last so many.
fn trim(args: &[ArrayRef], result: &DataType) -> Result<ArrayRef> {
    let array = args[0].as_list::<i32>();
    let counts = args[1].as_primitive::<Int64Type>();
    let picked = pick(array, result, |row, range| {
        let count = if counts.is_valid(row) { counts.value(row) } else { 0 };
        match usize::try_from(count) {
            Ok(count) if count <= range.len() => Ok((range.start..range.end - count).collect()),
            Ok(count) => refuse(format!("size must not exceed array cardinality {}: {count}", range.len())),
            Err(_) => refuse(format!("size must not be negative: {count}")),
        }
    })?;
    with_nulls(&picked, args)
}

/// The items at each place, as rows; NULL where an array has ended. Of no rows at all where one is NULL.
fn zip(args: &[ArrayRef], result: &DataType) -> Result<ArrayRef> {
    let DataType::List(row) = result else { return refuse(format!("{result} is no array")) };
    let DataType::Struct(fields) = row.data_type() else { return refuse(format!("{result} has no rows")) };
    let mut lengths = Picked::default();
    let mut picked: Vec<Vec<Option<u32>>> = vec![Vec::new(); args.len()];
    for at in 0..args[0].len() {
        let ranges: Option<Vec<_>> = args.iter().map(|arg| range(arg.as_list::<i32>(), at)).collect();
        let Some(ranges) = ranges else {
            lengths.null();
            continue;
        };
        let longest = ranges.iter().map(|range| range.len()).max().unwrap_or(0);
        for (picks, range) in picked.iter_mut().zip(ranges) {
            for place in 0..longest {
                picks.push((place < range.len()).then(|| index(range.start + place)).transpose()?);
            }
        }
        lengths.row(std::iter::repeat_n(None, longest));
    }
    let column = |(arg, picks): (&ArrayRef, Vec<Option<u32>>)| {
        take(arg.as_list::<i32>().values().as_ref(), &UInt32Array::from(picks), None)
    };
    let columns = args.iter().zip(picked).map(column).collect::<std::result::Result<Vec<_>, _>>()?;
    let rows = StructArray::try_new(fields.clone(), columns, None)?;
    done(ListArray::try_new(Arc::clone(row), lengths.offsets(), Arc::new(rows), lengths.nulls())?)
}

/// The numbers from 1 to the length of the longest array.
fn ordinals(args: &[ArrayRef], result: &DataType) -> Result<ArrayRef> {
    let longest =
        |row: usize| args.iter().filter_map(|arg| range(arg.as_list::<i32>(), row)).map(|range| range.len()).max();
    let rows: Vec<usize> = (0..args[0].len()).map(|row| longest(row).unwrap_or(0)).collect();
    let most = i64::try_from(rows.iter().max().copied().unwrap_or(0)).unwrap_or(0);
    let numbers: ArrayRef = Arc::new((1..=most).collect::<Int64Array>());
    let mut picked = Picked::default();
    for length in rows {
        picked.row((0..length).map(|at| index(at).map(Some)).collect::<Result<Vec<_>>>()?);
    }
    picked.list(result, &numbers)
}
