//! RegexSerDe: a line is a match of a regular expression, a column each group. A line that does not match is a row of
//! NULL, and so is a column without a group.

use regex::{Regex, RegexBuilder};

use super::{Cells, Properties};

/// The expression that whole lines match.
#[derive(Debug)]
pub(crate) struct LinePattern {
    pattern: Regex,
    /// What a line must not begin with: the expression began with `(?!…)`.
    unlike: Option<Regex>,
}

impl LinePattern {
    pub(super) fn new(properties: Properties<'_>) -> Result<Self, String> {
        let written = properties.get("input.regex").ok_or("it needs the property input.regex")?;
        let regex = |pattern: String| {
            let built = RegexBuilder::new(&pattern)
                .case_insensitive(properties.is_true("input.regex.case.insensitive"))
                .build();
            built.map_err(|error| {
                let reason = error.to_string();
                let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                format!("input.regex is not read here: {reason}")
            })
        };
        let (unlike, pattern) = refused_start(written);
        Ok(Self {
            pattern: regex(format!(r"\A(?:{pattern})\z"))?,
            unlike: unlike.map(|unlike| regex(format!(r"\A(?:{unlike})"))).transpose()?,
        })
    }

    pub(super) fn split<'l>(&self, line: &'l str, cells: &mut Cells<'l>) {
        if self.unlike.as_ref().is_some_and(|unlike| unlike.is_match(line)) {
            return;
        }
        if let Some(found) = self.pattern.captures(line) {
            cells.extend(found.iter().skip(1).map(|group| group.map(|group| group.as_str().into())));
        }
    }
}

/// What a line must not begin with, of an expression `(?!…)…`, and the rest of it: how recipes leave out comments.
fn refused_start(pattern: &str) -> (Option<&str>, &str) {
    let anchored = pattern.strip_prefix('^').unwrap_or(pattern);
    let Some(inner) = anchored.strip_prefix("(?!") else { return (None, pattern) };
    match inner.find(['(', ')', '[', '\\']) {
        Some(end) if inner[end..].starts_with(')') => (Some(&inner[..end]), &inner[end + 1..]),
        _ => (None, pattern),
    }
}
