//! Functions of texts.

use super::{Spec, at_least, booleans, numbers, parts, spec, texts, variadic};
use crate::insights::value::Kind::{self, Bool, Number, Text};

const ONE: &[Kind] = &[Text];
const TWO: &[Kind] = &[Text, Text];
const THREE: &[Kind] = &[Text, Text, Text];

pub(super) const FUNCTIONS: &[Spec] = &[
    variadic(spec("concat", ONE, Text, |args| {
        texts(args, |row| (0..row.count()).map(|place| row.text(place)).collect::<Option<String>>())
    })),
    at_least(
        1,
        spec("ltrim", TWO, Text, |args| parts(args, |row| Some(strip(row.text(0)?, row.text(1), true, false)))),
    ),
    at_least(
        1,
        spec("rtrim", TWO, Text, |args| parts(args, |row| Some(strip(row.text(0)?, row.text(1), false, true)))),
    ),
    at_least(1, spec("trim", TWO, Text, |args| parts(args, |row| Some(strip(row.text(0)?, row.text(1), true, true))))),
    spec("strlen", ONE, Number, |args| numbers(args, |row| Some(row.text(0)?.chars().count() as f64))),
    spec("toupper", ONE, Text, |args| texts(args, |row| Some(row.text(0)?.to_uppercase()))),
    spec("tolower", ONE, Text, |args| texts(args, |row| Some(row.text(0)?.to_lowercase()))),
    at_least(
        2,
        spec("substr", &[Text, Number, Number], Text, |args| {
            parts(args, |row| {
                let rest = skip(row.text(0)?, row.number(1)?);
                Some(if row.count() == 2 { rest } else { &rest[..rest.len() - skip(rest, row.number(2)?).len()] })
            })
        }),
    ),
    spec("replace", THREE, Text, |args| {
        texts(args, |row| {
            let (text, from, to) = (row.text(0)?, row.text(1)?, row.text(2)?);
            Some(if from.is_empty() { text.to_owned() } else { text.replace(from, to) })
        })
    }),
    at_least(
        2,
        spec("strcontains", &[Text, Text, Bool], Bool, |args| {
            booleans(args, |row| {
                let (text, part) = (row.text(0)?, row.text(1)?);
                Some(match row.boolean(2) {
                    Some(true) => text.to_lowercase().contains(&part.to_lowercase()),
                    _ => text.contains(part),
                })
            })
        }),
    ),
    spec("startsWith", TWO, Bool, |args| booleans(args, |row| Some(row.text(0)?.starts_with(row.text(1)?)))),
    spec("endsWith", TWO, Bool, |args| booleans(args, |row| Some(row.text(0)?.ends_with(row.text(1)?)))),
    spec("split", TWO, Text, |args| {
        texts(args, |row| {
            let (text, separator) = (row.text(0)?, row.text(1)?);
            let parts: Vec<&str> = match separator {
                "" => vec![text],
                separator => text.split(separator).collect(),
            };
            serde_json::to_string(&parts).ok()
        })
    }),
];

/// Without white space, or these characters, at its ends.
fn strip<'a>(text: &'a str, of: Option<&str>, start: bool, end: bool) -> &'a str {
    let blank = |char: char| of.map_or(char.is_whitespace(), |of| of.contains(char));
    let text = if start { text.trim_start_matches(blank) } else { text };
    if end { text.trim_end_matches(blank) } else { text }
}

/// Without its first characters.
fn skip(text: &str, count: f64) -> &str {
    let count = if count > 0.0 { count as usize } else { 0 };
    text.char_indices().nth(count).map_or("", |(place, _)| &text[place..])
}
