//! Lists: columns of them inside of the engine, JSON texts everywhere else.

use std::sync::Arc;

use datafusion::arrow::{
    array::{Array, ArrayRef, AsArray, ListBuilder, StringViewBuilder},
    datatypes::DataType,
};
use serde_json::Value as Json;

use super::function::json_shown;

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

/// Lists as JSON texts, their items sorted.
pub(super) fn texts_of(arguments: &[ArrayRef]) -> ArrayRef {
    let mut column = StringViewBuilder::new();
    if let Some(lists) = arguments.first().and_then(|lists| lists.as_list_opt::<i32>()) {
        for list in lists.iter() {
            let mut items: Vec<String> = list
                .iter()
                .filter_map(|list| list.as_string_view_opt())
                .flat_map(|list| list.iter().flatten().map(str::to_owned).collect::<Vec<_>>())
                .collect();
            items.sort_by(|left, right| super::order::compare(left, right));
            column.append_option(serde_json::to_string(&items).ok().filter(|_| !items.is_empty()));
        }
    }
    Arc::new(column.finish())
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
