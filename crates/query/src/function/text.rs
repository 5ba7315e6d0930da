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
    ("regexp_replace", &[text(&[TEXT, TEXT], regexp_replace), text(&[TEXT, TEXT, TEXT], regexp_replace)]),
    ("reverse", &[text(&[TEXT], reverse)]),
    ("substr", &[text(&[TEXT, Param::Bigint], substr), text(&[TEXT, Param::Bigint, Param::Bigint], substr)]),
    ("substring", &[text(&[TEXT, Param::Bigint], substr), text(&[TEXT, Param::Bigint, Param::Bigint], substr)]),
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

/// Every match replaced, or taken out; `$1` and `${name}` stand for groups, `\\$` for a dollar.
fn regexp_replace(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let mut patterns = Patterns::default();
    let replacements = args.get(2).map(|replacements| replacements.as_string_view());
    let mut result = StringViewBuilder::with_capacity(args[0].len());
    for (row, (value, pattern)) in texts(args, 0).iter().zip(texts(args, 1)).enumerate() {
        let replacement = match replacements {
            None => Some(""),
            Some(replacements) => replacements.is_valid(row).then(|| replacements.value(row)),
        };
        let (Some(value), Some(pattern), Some(replacement)) = (value, pattern, replacement) else {
            result.append_null();
            continue;
        };
        let template = template(replacement);
        result.append_value(patterns.get(pattern)?.replace_all(value, template.as_str()));
    }
    done(result.finish())
}

/// Java's replacement text as that of the regex crate: `$1a` is group 1 and an `a`.
fn template(replacement: &str) -> String {
    let mut ours = String::with_capacity(replacement.len());
    let mut characters = replacement.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\\' => match characters.next() {
                Some('$') => ours.push_str("$$"),
                other => ours.extend(other),
            },
            '$' if characters.peek().is_some_and(char::is_ascii_digit) => {
                ours.push_str("${");
                while let Some(digit) = characters.next_if(char::is_ascii_digit) {
                    ours.push(digit);
                }
                ours.push('}');
            }
            c => ours.push(c),
        }
    }
    ours
}

fn reverse(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let reversed = |text: Option<&str>| text.map(|text| text.chars().rev().collect::<String>());
    done(StringViewArray::from_iter(texts(args, 0).iter().map(reversed)))
}

/// From 1, or from the end when negative; empty from 0 and beyond the ends.
fn substr(args: &[ArrayRef], _now: i64) -> Result<ArrayRef> {
    let starts = args[1].as_primitive::<Int64Type>();
    let lengths = args.get(2).map(|lengths| lengths.as_primitive::<Int64Type>());
    let row = |(row, value): (usize, Option<&str>)| {
        let start = starts.is_valid(row).then(|| starts.value(row))?;
        let length = match lengths {
            Some(lengths) => lengths.is_valid(row).then(|| lengths.value(row))?,
            None => i64::MAX,
        };
        let value = value?;
        let count = i64::try_from(value.chars().count()).unwrap_or(i64::MAX);
        let first = if start < 0 { count + start } else { start - 1 };
        if start == 0 || first < 0 || length <= 0 {
            return Some(String::new());
        }
        let (first, length) = (usize::try_from(first).ok()?, usize::try_from(length).unwrap_or(usize::MAX));
        Some(value.chars().skip(first).take(length).collect())
    };
    done(StringViewArray::from_iter(texts(args, 0).iter().enumerate().map(row)))
}
