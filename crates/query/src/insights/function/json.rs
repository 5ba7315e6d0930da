//! Functions of JSON. A map or a list is its text.

use std::borrow::Cow;

use serde_json::Value;

use super::{Spec, booleans, numbers, spec, texts};
use crate::insights::value::Kind::{Bool, Number, Text};

pub(super) const FUNCTIONS: &[Spec] = &[
    spec("jsonParse", &[Text], Text, |args| texts(args, |row| shown(&parse(row.text(0)?)?).map(Cow::into_owned))),
    spec("jsonStringify", &[Text], Text, |args| {
        texts(args, |row| {
            let text = row.text(0)?;
            // A map or a list is a text already; anything else becomes one.
            let structured = parse(text).filter(|value| value.is_object() || value.is_array());
            structured.map_or_else(|| serde_json::to_string(text).ok(), |value| Some(value.to_string()))
        })
    }),
    spec("jsonArraySize", &[Text], Number, |args| {
        numbers(args, |row| Some(parse(row.text(0)?)?.as_array()?.len() as f64))
    }),
    spec("jsonArrayContains", &[Text, Text], Bool, |args| {
        booleans(args, |row| {
            let wanted = row.text(1)?;
            let Some(Value::Array(items)) = parse(row.text(0)?) else { return None };
            Some(items.iter().any(|item| shown(item).is_some_and(|text| text == wanted)))
        })
    }),
];

fn parse(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

/// A value as a field shows it: texts without quotes, booleans as 1 and 0; `null` is absent.
pub(in crate::insights) fn shown(value: &Value) -> Option<Cow<'_, str>> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(truth) => Cow::Borrowed(if *truth { "1" } else { "0" }),
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    })
}

/// The value at a path such as `a.b.0`. A key may have dots itself.
pub(in crate::insights) fn path<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    match value {
        Value::Object(members) => {
            if let Some(member) = members.get(path) {
                return Some(member);
            }
            let dots = path.match_indices('.').map(|(place, _)| place);
            dots.into_iter().find_map(|place| self::path(members.get(&path[..place])?, &path[place + 1..]))
        }
        Value::Array(items) => {
            let (place, rest) = path.split_once('.').map_or((path, None), |(place, rest)| (place, Some(rest)));
            let item = items.get(place.parse::<usize>().ok()?)?;
            rest.map_or(Some(item), |rest| self::path(item, rest))
        }
        _ => None,
    }
}
