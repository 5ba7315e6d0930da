//! LazySimpleSerDe with escaped cells or another text for NULL.

use std::borrow::Cow;

use datafusion::arrow::datatypes::{DataType, FieldRef};
use serde_json::{Map, Value};

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
    /// Between items and members, and between keys and values.
    inner: [char; 2],
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
        let inner = |name: &str, otherwise| properties.get(name).map_or(Ok(otherwise), byte);
        Ok(Self {
            inner: [inner("collection.delim", '\u{2}')?, inner("mapkey.delim", '\u{3}')?],
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

    /// The parts of a cell: a list of items, or of members in their order, or an object of texts.
    pub(super) fn parts(&self, cell: &str, wanted: &DataType) -> Value {
        self.parts_at(cell, wanted, 0)
    }

    fn parts_at(&self, cell: &str, wanted: &DataType, level: usize) -> Value {
        let between = |level| self.inner.get(level).copied().unwrap_or_else(|| separator_of(level));
        if cell == self.null {
            return Value::Null;
        }
        match wanted {
            DataType::List(_) | DataType::Map(..) if cell.is_empty() => match wanted {
                DataType::List(_) => Value::Array(Vec::new()),
                _ => Value::Object(Map::new()),
            },
            DataType::List(item) => {
                let items = cell.split(between(level));
                Value::Array(items.map(|part| self.parts_at(part, item.data_type(), level + 1)).collect())
            }
            DataType::Struct(fields) => {
                let members = cell.split(between(level)).map(Some).chain(std::iter::repeat(None)).zip(fields);
                let member = |(part, field): (Option<&str>, &FieldRef)| {
                    part.map_or(Value::Null, |part| self.parts_at(part, field.data_type(), level + 1))
                };
                Value::Array(members.map(member).collect())
            }
            DataType::Map(entries, _) => {
                let value = match entries.data_type() {
                    DataType::Struct(pair) => pair.get(1).map(|field| field.data_type().clone()),
                    _ => None,
                };
                let value = value.unwrap_or(DataType::Null);
                let entry = |part: &str| {
                    let (key, rest) = part.split_once(between(level + 1)).unwrap_or((part, &self.null));
                    (key.to_owned(), self.parts_at(rest, &value, level + 2))
                };
                Value::Object(cell.split(between(level)).map(entry).collect())
            }
            _ => Value::String(cell.to_owned()),
        }
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

/// What Hive has between the parts of parts: control characters, a further one at each level.
fn separator_of(level: usize) -> char {
    u8::try_from(level + 2).map_or('\u{8}', char::from)
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
