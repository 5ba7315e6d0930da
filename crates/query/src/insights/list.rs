//! Lists: columns of them inside of the engine, JSON texts everywhere else.

use std::{collections::BTreeMap, sync::Arc};

use datafusion::arrow::{
    array::{Array, ArrayRef, AsArray, ListBuilder, StringViewBuilder},
    datatypes::DataType,
};
use serde_json::Value as Json;

use super::{
    function::{json_shown, read_number},
    order,
    value::number_text,
};

/// The type of a column of lists.
pub(super) fn data_type() -> DataType {
    DataType::new_list(DataType::Utf8View, true)
}

/// The items of a JSON list; nothing for anything else.
pub(super) fn items(text: &str) -> Option<Vec<Option<String>>> {
    let Ok(Json::Array(items)) = serde_json::from_str(text) else { return None };
    Some(items.iter().map(|item| json_shown(item).map(std::borrow::Cow::into_owned)).collect())
}

/// The places of the items of a JSON list, as texts that sort as they do.
pub(super) fn places(text: &str) -> Option<Vec<Option<String>>> {
    Some((0..items(text)?.len()).map(|place| Some(format!("{place:08}"))).collect())
}

/// A column of lists, row by row.
pub(super) fn lists(arguments: &[ArrayRef], of: impl Fn(&str) -> Option<Vec<Option<String>>>) -> ArrayRef {
    let mut column = ListBuilder::new(StringViewBuilder::new());
    if let Some(texts) = arguments.first().and_then(|texts| texts.as_string_view_opt()) {
        for text in texts {
            match text.and_then(&of) {
                Some(items) => {
                    items.into_iter().for_each(|item| column.values().append_option(item));
                    column.append(true);
                }
                None => column.append(false),
            }
        }
    }
    Arc::new(column.finish())
}

/// A text for each list, made of its items.
fn summed_up(arguments: &[ArrayRef], of: impl Fn(Vec<&str>) -> Option<String>) -> ArrayRef {
    let mut column = StringViewBuilder::new();
    if let Some(lists) = arguments.first().and_then(|lists| lists.as_list_opt::<i32>()) {
        for list in lists.iter() {
            let items = list.as_ref().and_then(|list| list.as_string_view_opt());
            let items: Vec<&str> = items.into_iter().flat_map(|items| items.iter().flatten()).collect();
            column.append_option(if items.is_empty() { None } else { of(items) });
        }
    }
    Arc::new(column.finish())
}

/// Lists as JSON texts, their items sorted.
pub(super) fn texts_of(arguments: &[ArrayRef]) -> ArrayRef {
    summed_up(arguments, |mut items| {
        items.sort_by(|left, right| order::compare(left, right));
        serde_json::to_string(&items).ok()
    })
}

/// The most frequent items of lists as JSON texts; of those as frequent the first in order.
pub(super) fn frequent(arguments: &[ArrayRef], most: usize) -> ArrayRef {
    summed_up(arguments, |items| {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        items.into_iter().for_each(|item| *counts.entry(item).or_default() += 1);
        let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
        counts.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| order::compare(left.0, right.0)));
        counts.truncate(most);
        serde_json::to_string(&counts.into_iter().map(|(item, _)| item).collect::<Vec<_>>()).ok()
    })
}

/// How many numbers of lists are in each of some ranges of the same width, as JSON texts: `{"0-5":2,"5-10":1}`. A
/// number between two ranges is in the second, the largest in the last.
pub(super) fn histogram(arguments: &[ArrayRef], ranges: usize) -> ArrayRef {
    summed_up(arguments, |items| {
        let numbers: Vec<f64> = items.into_iter().filter_map(read_number).collect();
        let least = numbers.iter().copied().reduce(f64::min)?;
        let most = numbers.iter().copied().reduce(f64::max)?;
        let ranges = if most > least { ranges } else { 1 };
        let width = (most - least) / ranges as f64;
        let mut counts = vec![0_u64; ranges];
        for number in numbers {
            let place = if width > 0.0 { ((number - least) / width) as usize } else { 0 };
            counts[place.min(ranges - 1)] += 1;
        }
        let bound = |place: usize| number_text(least + width * place as f64).unwrap_or_default();
        let parts = counts
            .iter()
            .enumerate()
            .map(|(place, count)| format!("\"{}-{}\":{count}", bound(place), bound(place + 1)));
        Some(format!("{{{}}}", parts.collect::<Vec<_>>().join(",")))
    })
}

/// The item at a place of each list.
pub(super) fn item(arguments: &[ArrayRef], place: usize) -> ArrayRef {
    let mut column = StringViewBuilder::new();
    if let Some(lists) = arguments.first().and_then(|lists| lists.as_list_opt::<i32>()) {
        for list in lists.iter() {
            let list = list.as_ref().and_then(|list| list.as_string_view_opt());
            column
                .append_option(list.filter(|list| list.len() > place && list.is_valid(place)).map(|l| l.value(place)));
        }
    }
    Arc::new(column.finish())
}
