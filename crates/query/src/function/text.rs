//! Texts.

use std::collections::BTreeMap;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, ListBuilder, StringViewArray, StringViewBuilder,
};
use datafusion::arrow::datatypes::Int64Type;
use datafusion::common::Result;
use regex::Regex;

use super::{Entry, Overload, Param, done, refuse};

const TEXT: Param = Param::Text;

const fn text(parameters: &'static [Param], body: super::Body) -> Overload {
    Overload { parameters, variadic: false, result: TEXT, body }
}

pub(super) const FUNCTIONS: &[Entry] = &[
    ("split_part", &[text(&[TEXT, TEXT, Param::Bigint], split_part)]),
    ("split", &[Overload { parameters: &[TEXT, TEXT], variadic: false, result: Param::Texts, body: split }]),
    ("concat", &[Overload { parameters: &[TEXT, TEXT], variadic: true, result: TEXT, body: concat }]),
    (
        "regexp_like",
        &[Overload { parameters: &[TEXT, TEXT], variadic: false, result: Param::Boolean, body: regexp_like }],
    ),
    ("regexp_extract", &[text(&[TEXT, TEXT], regexp_extract), text(&[TEXT, TEXT, Param::Bigint], regexp_extract)]),
    ("url_extract_host", &[text(&[TEXT], |args, _| url_part(args, |url| url.host_str().map(str::to_owned)))]),
    ("url_extract_protocol", &[text(&[TEXT], |args, _| url_part(args, |url| Some(url.scheme().to_owned())))]),
    ("url_extract_path", &[text(&[TEXT], |args, _| url_part(args, |url| Some(url.path().to_owned())))]),
];

fn texts(args: &[ArrayRef], index: usize) -> &StringViewArray {
    args[index].as_string_view()
}

/// The n-th part, from 1; NULL beyond the last.
fn split_part(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let (values, delimiters) = (texts(args, 0), texts(args, 1));
    let indexes = args[2].as_primitive::<Int64Type>();
    let mut result = StringViewBuilder::with_capacity(values.len());
    for ((value, delimiter), index) in values.iter().zip(delimiters).zip(indexes) {
        let (Some(value), Some(delimiter), Some(index)) = (value, delimiter, index) else {
            result.append_null();
            continue;
        };
        let Some(before) = usize::try_from(index).ok().and_then(|index| index.checked_sub(1)) else {
            return refuse("split_part: Index must be greater than zero".to_owned());
        };
        let part = if delimiter.is_empty() {
            value.char_indices().nth(before).map(|(at, c)| &value[at..at + c.len_utf8()])
        } else {
            value.split(delimiter).nth(before)
        };
        result.append_option(part);
    }
    done(result.finish())
}

fn split(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let mut result = ListBuilder::new(StringViewBuilder::new());
    for (value, delimiter) in texts(args, 0).iter().zip(texts(args, 1)) {
        match (value, delimiter) {
            (Some(_), Some("")) => return refuse("split: The delimiter may not be the empty string".to_owned()),
            (Some(value), Some(delimiter)) => {
                value.split(delimiter).for_each(|part| result.values().append_value(part));
                result.append(true);
            }
            _ => result.append(false),
        }
    }
    done(result.finish())
}

/// NULL when any part is.
fn concat(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let parts: Vec<&StringViewArray> = args.iter().map(|part| part.as_string_view()).collect();
    let rows = parts.first().map_or(0, |part| part.len());
    let row = |row: usize| {
        let whole: Option<Vec<&str>> = parts.iter().map(|part| part.is_valid(row).then(|| part.value(row))).collect();
        whole.map(|parts| parts.concat())
    };
    done(StringViewArray::from_iter((0..rows).map(row)))
}

/// Compiled patterns; a query has few.
#[derive(Default)]
struct Patterns<'a>(BTreeMap<&'a str, Regex>);

impl<'a> Patterns<'a> {
    fn get(&mut self, pattern: &'a str) -> Result<&Regex> {
        if !self.0.contains_key(pattern) {
            match Regex::new(pattern) {
                Ok(regex) => {
                    self.0.insert(pattern, regex);
                }
                Err(error) => return refuse(format!("pattern '{pattern}' is no regular expression: {error}")),
            }
        }
        Ok(&self.0[pattern])
    }
}

fn regexp_like(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let mut patterns = Patterns::default();
    let rows = texts(args, 0).iter().zip(texts(args, 1)).map(|(value, pattern)| match (value, pattern) {
        (Some(value), Some(pattern)) => Ok(Some(patterns.get(pattern)?.is_match(value))),
        _ => Ok(None),
    });
    done(rows.collect::<Result<BooleanArray>>()?)
}

fn regexp_extract(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let mut patterns = Patterns::default();
    let groups = args.get(2).map(|groups| groups.as_primitive::<Int64Type>());
    let mut result = StringViewBuilder::new();
    for (row, (value, pattern)) in texts(args, 0).iter().zip(texts(args, 1)).enumerate() {
        let (Some(value), Some(pattern)) = (value, pattern) else {
            result.append_null();
            continue;
        };
        let regex = patterns.get(pattern)?;
        let group = match groups {
            Some(groups) if groups.is_null(row) => {
                result.append_null();
                continue;
            }
            Some(groups) => groups.value(row),
            None => 0,
        };
        let Some(group) = usize::try_from(group).ok().filter(|group| *group < regex.captures_len()) else {
            let count = regex.captures_len() - 1;
            return refuse(format!("Pattern has {count} groups. Cannot access group {group}"));
        };
        let found = regex.captures(value).and_then(|captures| captures.get(group).map(|found| found.as_str()));
        result.append_option(found);
    }
    done(result.finish())
}

fn url_part(args: &[ArrayRef], part: fn(&url::Url) -> Option<String>) -> Result<ArrayRef> {
    let of = |text: Option<&str>| url::Url::parse(text?).ok().and_then(|url| part(&url));
    done(StringViewArray::from_iter(texts(args, 0).iter().map(of)))
}
