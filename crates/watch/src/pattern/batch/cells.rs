//! Values taken out of the events of a batch.

use std::borrow::Cow;

use arrow::{
    array::{Array as _, ArrayRef, AsArray as _},
    datatypes::{Int32Type, Int64Type},
};
use serde_json::Value;
use weir_store::logs::Committed;

use super::{Place, Source, bits::Bits, columns, message, token};
use crate::pattern::{Extract, Number, token::Token};

/// The values of the events of a batch. An event that is text is taken apart once, as long as it is asked for in a row.
pub(crate) struct Cells<'a> {
    batch: &'a Committed,
    columnar: &'a Bits,
    split: Option<(usize, Vec<Token>)>,
    parsed: Option<(usize, Option<Value>)>,
}

impl<'a> Cells<'a> {
    pub(super) fn new(batch: &'a Committed, columnar: &'a Bits) -> Self {
        Self { batch, columnar, split: None, parsed: None }
    }

    /// The value as a number, if it is there and is one.
    pub(crate) fn number(&mut self, row: usize, extract: &Extract) -> Option<f64> {
        if let Some(column) = self.column(row, extract) {
            let whole = match column.as_primitive_opt::<Int64Type>() {
                Some(column) => column.is_valid(row).then(|| column.value(row)),
                None => column
                    .as_primitive_opt::<Int32Type>()
                    .and_then(|column| column.is_valid(row).then(|| column.value(row).into())),
            };
            if let Some(whole) = whole {
                return Some(Number::Whole(whole).real());
            }
        }
        Number::parse(&self.text(row, extract)?).map(Number::real)
    }

    /// The value as text, if it is there.
    pub(crate) fn text(&mut self, row: usize, extract: &Extract) -> Option<Cow<'a, str>> {
        if let Some(texts) = self.column(row, extract).and_then(|column| column.as_string_view_opt()) {
            return Some(Cow::Borrowed(texts.value(row)));
        }
        match extract {
            Extract::Token(source) => self.token(row, *source).map(Cow::Borrowed),
            Extract::Member(selector) => selector.text(self.json(row)?).map(Cow::Owned),
        }
    }

    /// The column that holds the value, if one does.
    fn column(&self, row: usize, extract: &Extract) -> Option<&'a ArrayRef> {
        let records = self.batch.records.as_ref().filter(|_| self.columnar.get(0, row))?;
        let Extract::Token(source) = extract else { return None };
        match columns::place(*source, records.format.fields().len()) {
            Place::Column(column) => Some(records.batch.column(column)),
            Place::Several | Place::Nowhere => None,
        }
    }

    fn token(&mut self, row: usize, source: Source) -> Option<&'a str> {
        let text = self.batch.messages.value(row);
        let split = self.split.take().filter(|(split, _)| *split == row);
        let (_, tokens) = self.split.insert(split.unwrap_or_else(|| {
            let mut tokens = Vec::new();
            token::split(text, &mut tokens);
            (row, tokens)
        }));
        source.text(text, tokens)
    }

    fn json(&mut self, row: usize) -> Option<&Value> {
        let text = self.batch.messages.value(row);
        let parsed = self.parsed.take().filter(|(parsed, _)| *parsed == row);
        let (_, event) = self.parsed.insert(parsed.unwrap_or_else(|| (row, message::parse_json(text))));
        event.as_ref()
    }
}
