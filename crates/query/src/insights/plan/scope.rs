//! Which columns there are at a point of a query.

use std::collections::BTreeMap;

use super::column;
use crate::insights::{
    function::{json_path, json_shown, native, texts},
    value::{Kind, Value},
};

/// The columns at a point of a query.
#[derive(Debug, Clone, Default)]
pub(in crate::insights) struct Scope {
    columns: BTreeMap<String, Known>,
    /// After a join: how the fields of the left side may be called as well.
    left: Option<String>,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    kind: Kind,
    /// Made by a command; otherwise a field of the events.
    made: bool,
}

impl Scope {
    pub(super) fn of_events(kinds: Vec<(String, Kind)>) -> Self {
        let columns = kinds.into_iter().map(|(name, kind)| (name, Known { kind, made: false })).collect();
        Self { columns, left: None }
    }

    pub(super) fn of_made(kinds: Vec<(String, Kind)>) -> Self {
        let columns = kinds.into_iter().map(|(name, kind)| (name, Known { kind, made: true })).collect();
        Self { columns, left: None }
    }

    pub(super) fn define(&mut self, name: &str, kind: Kind) {
        self.columns.insert(name.to_owned(), Known { kind, made: true });
    }

    pub(super) fn name_left(&mut self, name: &str) {
        self.left = Some(name.to_owned());
    }

    /// Whether a command made a column of this name.
    pub(super) fn is_made(&self, name: &str) -> bool {
        self.columns.get(name).is_some_and(|known| known.made)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.columns.contains_key(name)
    }

    pub(super) fn kinds(&self) -> impl Iterator<Item = (&str, Kind)> {
        self.columns.iter().map(|(name, known)| (name.as_str(), known.kind))
    }

    /// The field of this name: a column, or a part of one that a command made, such as `a.b` of the map `a`. A field that
    /// there is not is absent.
    pub(in crate::insights) fn resolve(&self, name: &str) -> Value {
        if self.is_made(name) {
            return self.value(name);
        }
        if let Some(part) = self.part(name) {
            return part;
        }
        let left = self.left.as_ref().and_then(|left| name.strip_prefix(left.as_str())?.strip_prefix('.'));
        match left.unwrap_or(name) {
            name if self.has(name) => self.value(name),
            _ => Value::absent(),
        }
    }

    fn value(&self, name: &str) -> Value {
        let kind = self.columns.get(name).map_or(Kind::Text, |known| known.kind);
        Value::new(column(name), kind)
    }

    fn part(&self, name: &str) -> Option<Value> {
        let dots = name.rmatch_indices('.').map(|(place, _)| place);
        let place = dots.into_iter().find(|place| self.is_made(&name[..*place]))?;
        let whole = self.value(&name[..place]);
        if whole.kind != Kind::Text {
            return None;
        }
        let path = name[place + 1..].to_owned();
        let part = native("$part", path.clone(), Kind::Text, vec![whole.expr], move |args| {
            texts(args, |row| {
                let json: serde_json::Value = serde_json::from_str(row.text(0)?).ok()?;
                json_shown(json_path(&json, &path)?).map(std::borrow::Cow::into_owned)
            })
        });
        Some(Value::new(part, Kind::Text))
    }
}
