//! LazySimpleSerDe with escaped cells or another text for NULL.

use std::borrow::Cow;

use super::{Cells, Properties};

/// Hive's text for NULL.
const NULL: &str = r"\N";

/// Cells between separators.
#[derive(Debug)]
pub(crate) struct Delimited {
    /// ASCII.
    pub(crate) separator: char,
    escape: Option<char>,
    null: String,
}

impl Delimited {
    pub(super) fn new(properties: Properties<'_>) -> Result<Self, String> {
        if let Some(end) = properties.get("line.delim").filter(|end| !matches!(*end, "\n" | "10")) {
            return Err(format!("lines end with '\\n' only, not with '{end}'"));
        }
        let separator = match properties.get("field.delim").or_else(|| properties.get("serialization.format")) {
            Some(written) => byte(written)?,
            None => '\u{1}',
        };
        Ok(Self {
            separator,
            escape: properties.get("escape.delim").map(byte).transpose()?,
            null: properties.get("serialization.null.format").unwrap_or(NULL).to_owned(),
        })
    }

    /// Whether lines are cells between separators and nothing more.
    pub(crate) fn is_plain(&self) -> bool {
        self.escape.is_none() && self.null == NULL
    }

    pub(super) fn split<'l>(&self, line: &'l str, cells: &mut Cells<'l>) {
        let cell = |written: &'l str| (written != self.null).then(|| self.unescaped(written));
        let mut rest = line;
        while let Some(end) = self.end(rest) {
            cells.push(cell(&rest[..end]));
            rest = &rest[end + self.separator.len_utf8()..];
        }
        cells.push(cell(rest));
    }

    /// Where the first cell ends, unless it is the last.
    fn end(&self, rest: &str) -> Option<usize> {
        let Some(escape) = self.escape else { return rest.find(self.separator) };
        let mut escaped = false;
        rest.char_indices().find_map(|(at, c)| {
            let is_end = c == self.separator && !escaped;
            escaped = c == escape && !escaped;
            is_end.then_some(at)
        })
    }

    fn unescaped<'l>(&self, written: &'l str) -> Cow<'l, str> {
        let Some(escape) = self.escape.filter(|escape| written.contains(*escape)) else { return written.into() };
        let mut out = String::with_capacity(written.len());
        let mut characters = written.chars();
        while let Some(c) = characters.next() {
            out.extend(if c == escape { characters.next() } else { Some(c) });
        }
        out.into()
    }
}

/// A separator as Hive's properties have it: the code of a character, or the character.
fn byte(written: &str) -> Result<char, String> {
    let mut characters = written.chars();
    let character = match (written.parse::<u8>(), characters.next(), characters.next()) {
        (Ok(code), ..) => Some(char::from(code)),
        (_, Some(c), None) => Some(c),
        _ => None,
    };
    character
        .filter(|c| c.is_ascii() && !matches!(c, '\n' | '\r'))
        .ok_or_else(|| format!("'{written}' is no single ASCII character between fields"))
}
