//! Lines that a SerDe takes apart by rules of its own (athena.md §1): escaped and quoted cells, groups of a regular
//! expression, JSON objects. Plain delimited text, which is what flow logs are, has a faster way of its own.

use std::borrow::Cow;

use datafusion::arrow::datatypes::DataType;
use serde_json::Value;

mod csv;
mod delimited;
mod json;
mod pattern;
mod reader;
mod values;

pub(crate) use csv::Csv;
pub(super) use reader::RowReader;

/// The cells of a line, one for each column of the table: none where there is no value.
pub(super) type Cells<'l> = Vec<Option<Cow<'l, str>>>;

/// How a SerDe takes a line apart.
#[derive(Debug)]
pub(crate) enum RowFormat {
    /// LazySimpleSerDe.
    Delimited(delimited::Delimited),
    /// OpenCSVSerde.
    Csv(Csv),
    /// RegexSerDe.
    Pattern(pattern::LinePattern),
    /// The JSON SerDes of OpenX and of Hive.
    Json(json::JsonLines),
}

impl RowFormat {
    /// The rules of a SerDe for columns of these names; `None` for a class that is not here, and why not when its
    /// properties do not do.
    pub(crate) fn new(class: &str, properties: &[(String, String)], columns: &[&str]) -> Option<Result<Self, String>> {
        let properties = Properties(properties);
        let name = class.rsplit('.').next().unwrap_or(class);
        Some(match name.to_ascii_lowercase().as_str() {
            "lazysimpleserde" => delimited::Delimited::new(properties).map(Self::Delimited),
            "opencsvserde" => Csv::new(properties).map(Self::Csv),
            "regexserde" => pattern::LinePattern::new(properties).map(Self::Pattern),
            "jsonserde" => Ok(Self::Json(json::JsonLines::new(properties, columns))),
            _ => return None,
        })
    }

    /// Puts the cells of a line in place; there may be more or fewer than columns.
    fn split<'l>(&self, line: &'l str, cells: &mut Cells<'l>) -> Result<(), String> {
        match self {
            Self::Delimited(rules) => rules.split(line, cells),
            Self::Csv(rules) => rules.split(line, cells),
            Self::Pattern(rules) => rules.split(line, cells),
            Self::Json(rules) => return rules.split(line, cells),
        }
        Ok(())
    }

    /// The parts of a cell whose column is of a nested type, as JSON.
    fn parts(&self, cell: &str, wanted: &DataType) -> Value {
        match self {
            Self::Delimited(rules) => rules.parts(cell, wanted),
            Self::Csv(_) | Self::Pattern(_) | Self::Json(_) => serde_json::from_str(cell).unwrap_or(Value::Null),
        }
    }

    /// Whether a cell that is no value of its column's type fails the query; otherwise it is NULL.
    const fn is_strict(&self) -> bool {
        matches!(self, Self::Csv(_))
    }
}

/// Properties of a SerDe; their names are written in any case.
#[derive(Clone, Copy)]
struct Properties<'a>(&'a [(String, String)]);

impl<'a> Properties<'a> {
    fn get(self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    fn is_true(self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// A single character, if the property is there.
    fn character(self, name: &str) -> Result<Option<char>, String> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let mut characters = value.chars();
        match (characters.next(), characters.next()) {
            (Some(c), None) if c != '\n' && c != '\r' => Ok(Some(c)),
            _ => Err(format!("{name} '{value}' is no single character")),
        }
    }
}
