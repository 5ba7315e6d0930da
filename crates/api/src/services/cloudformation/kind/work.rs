//! What a resource is made with.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use serde_json::{Map, Value, json};

use super::{Kind, Made, Was};
use crate::{
    ApiError, Call, Payload, Refusal, Served, ServiceName, access::Access, services::cloudformation::template::text,
};

/// One piece of work on one resource.
pub(in super::super) struct Work<'a> {
    pub(in super::super) served: &'a Served,
    pub(in super::super) access: &'a Access,
    /// Whoever asked for it: what they may not do, the stack may not either.
    pub(in super::super) call: &'a Call,
    /// Without functions.
    pub(in super::super) properties: &'a Value,
    /// The name, of a type that has one.
    pub(in super::super) name: String,
    /// The tags of the stack.
    pub(in super::super) tags: &'a BTreeMap<String, String>,
    /// Whether access was asked for already: of what this program does by itself.
    pub(in super::super) is_trusted: bool,
    /// The properties that were asked for: others would be ignored.
    pub(in super::super) seen: RefCell<BTreeSet<String>>,
}

impl Work<'_> {
    /// Calls an operation of a service.
    pub(super) fn call(&self, service: ServiceName, operation: &str, input: Value) -> Result<Value, ApiError> {
        let protocol = service.protocol();
        let input = without_nulls(if protocol.is_form() { as_texts(input) } else { input });
        let payload = Payload::texts(protocol, input);
        let unknown = || Refusal::UnknownOperation(operation.to_owned()).to_error(protocol);
        let (table, entry) = self.served.find(service, operation).ok_or_else(unknown)?;
        if !self.is_trusted {
            let may = self.served.authorize(self.access, (service, &entry), self.call, &payload);
            may.map_err(|refusal| refusal.to_error(protocol))?;
        }
        table.call(entry.name, self.call, &payload)
    }

    /// Calls an operation that takes something away; what is gone is no error.
    pub(super) fn remove(&self, service: ServiceName, operation: &str, input: Value) -> Result<(), ApiError> {
        match self.call(service, operation, input) {
            Err(error) if is_gone(&error) => Ok(()),
            done => done.map(drop),
        }
    }

    /// The ids of what is there and could be taken for the resource.
    pub(in super::super) fn there(&self, kind: &Kind) -> Result<Vec<String>, ApiError> {
        kind.there.map_or_else(|| Ok(Vec::new()), |there| there(self))
    }

    /// Removes what was made of a resource, and was not there before.
    pub(in super::super) fn undo(&self, kind: &Kind, before: &[String]) -> Result<(), ApiError> {
        let made: Vec<String> = match kind.there {
            None => vec![self.name.clone()],
            Some(there) => there(self)?.into_iter().filter(|id| !before.contains(id)).collect(),
        };
        if made.len() > 1 {
            let message = format!("one of {} was made by the stack; which one is not known", made.join(", "));
            return Err(ApiError::internal(message));
        }
        let delete = |id: &String| (kind.delete)(self, &Was { made: &Made::of(id), properties: self.properties });
        made.iter().try_for_each(delete)
    }

    /// The entries of a list in an answer; none where what they are of is not there.
    pub(super) fn listed(
        &self,
        service: ServiceName,
        operation: &str,
        input: Value,
        list: &str,
    ) -> Result<Vec<Value>, ApiError> {
        match self.call(service, operation, input) {
            Err(error) if is_gone(&error) => Ok(Vec::new()),
            answer => Ok(answer?.pointer(list).and_then(Value::as_array).cloned().unwrap_or_default()),
        }
    }

    /// The name of the resource, if the list has an entry that bears it.
    pub(super) fn named_in(&self, entries: &[Value], member: &str) -> Vec<String> {
        let bears = |entry: &&Value| entry[member] == self.name.as_str();
        entries.iter().find(bears).map(|_| self.name.clone()).into_iter().collect()
    }

    /// An id, if an operation that shows it answers.
    pub(super) fn shown(
        &self,
        service: ServiceName,
        operation: &str,
        input: Value,
        id: &str,
    ) -> Result<Vec<String>, ApiError> {
        match self.call(service, operation, input) {
            Err(error) if is_gone(&error) => Ok(Vec::new()),
            answer => answer.map(|_| vec![id.to_owned()]),
        }
    }

    /// A property.
    pub(super) fn get(&self, property: &str) -> Option<&Value> {
        self.seen.borrow_mut().insert(property.to_owned());
        self.properties.get(property)
    }

    /// A property that is a list; empty if it is not there.
    pub(super) fn list(&self, property: &str) -> impl Iterator<Item = &Value> {
        self.get(property);
        entries(self.properties, property)
    }

    /// All properties, of a type that knows each of them that there can be.
    pub(super) fn all(&self) -> &Value {
        self.seen.borrow_mut().extend(self.properties.as_object().into_iter().flatten().map(|(name, _)| name.clone()));
        self.properties
    }

    /// Properties that nobody asked for: Weir does not have them.
    pub(in super::super) fn unseen(&self) -> Vec<String> {
        let seen = self.seen.borrow();
        self.properties
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name)
            .filter(|name| !seen.contains(*name))
            .cloned()
            .collect()
    }

    /// A property that is a text, or a number as one.
    pub(super) fn text(&self, property: &str) -> Option<String> {
        self.get(property).and_then(text)
    }

    /// Properties under the names that an operation has for them.
    pub(super) fn pick(&self, names: &[(&str, &str)]) -> Value {
        let picked =
            names.iter().filter_map(|(property, member)| Some(((*member).to_owned(), self.get(property)?.clone())));
        Value::Object(picked.collect())
    }

    /// Properties that the operation calls by the same names.
    pub(super) fn same(&self, names: &[&str]) -> Value {
        self.pick(&names.iter().map(|name| (*name, *name)).collect::<Vec<_>>())
    }

    /// The tags of the resource and of the stack: `[{Key, Value}]`.
    pub(super) fn tags(&self) -> Value {
        self.get("Tags");
        let own = tags_of(self.properties);
        let stack = self
            .tags
            .iter()
            .filter(|(key, _)| !own.contains_key(*key))
            .map(|(key, value)| (key.clone(), value.clone()));
        let all: BTreeMap<String, String> = own.clone().into_iter().chain(stack).collect();
        all.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
    }

    /// The same as a map.
    pub(super) fn tag_map(&self) -> Value {
        let tags = self.tags();
        let pair = |tag: &Value| Some((text(&tag["Key"])?, tag["Value"].clone()));
        Value::Object(tags.as_array().into_iter().flatten().filter_map(pair).collect())
    }

    /// Brings the tags of what is there up to date, those of the stack among them: `tag` and `untag` are the operations of
    /// the service, with the input that `tags` and `keys` make.
    pub(super) fn retag(
        &self,
        was: &Was<'_>,
        service: ServiceName,
        (tag, tags): (&str, impl FnOnce(Value) -> Value),
        (untag, keys): (&str, impl FnOnce(Vec<String>) -> Value),
    ) -> Result<(), ApiError> {
        let now = self.tags();
        let is_kept = |key: &String| now.as_array().into_iter().flatten().any(|tag| tag["Key"] == key.as_str());
        let lost: Vec<String> = tags_of(was.properties).into_keys().filter(|key| !is_kept(key)).collect();
        if !lost.is_empty() {
            self.call(service, untag, keys(lost))?;
        }
        if now.as_array().is_some_and(|tags| !tags.is_empty()) {
            self.call(service, tag, tags(now))?;
        }
        Ok(())
    }

    /// A property that is a document: JSON in a text, whether it is a text or a tree in the template.
    pub(super) fn document(&self, property: &str) -> Option<Value> {
        self.get(property).map(document)
    }
}

/// The entries of a property that is a list; none if it is not there.
pub(super) fn entries<'a>(properties: &'a Value, property: &str) -> impl Iterator<Item = &'a Value> {
    properties.get(property).and_then(Value::as_array).into_iter().flatten()
}

fn tags_of(properties: &Value) -> BTreeMap<String, String> {
    match properties.get("Tags") {
        Some(Value::Array(tags)) => {
            let pair = |tag: &Value| Some((text(tag.get("Key")?)?, text(tag.get("Value")?)?));
            tags.iter().filter_map(pair).collect()
        }
        Some(Value::Object(tags)) => tags.iter().filter_map(|(key, value)| Some((key.clone(), text(value)?))).collect(),
        _ => BTreeMap::new(),
    }
}

/// A member of each entry of a list.
pub(super) fn each(entries: &[Value], member: &str) -> Vec<String> {
    entries.iter().filter_map(|entry| entry.get(member).and_then(text)).collect()
}

/// A tree as JSON in a text; a text as it is.
pub(super) fn document(value: &Value) -> Value {
    if value.is_string() { value.clone() } else { Value::String(value.to_string()) }
}

/// Whether an error says that there is nothing any more.
pub(super) fn is_gone(error: &ApiError) -> bool {
    let words = [
        "NotFound",
        "NoSuch",
        "NonExistent",
        "DoesNotExist",
        "EntityNotFound",
        "not found",
        "does not exist",
        "cannot be found",
    ];
    words.iter().any(|word| error.code.contains(word)) || words[5..].iter().any(|word| error.message.contains(word))
}

impl Made {
    /// Something with nothing but its id.
    pub(super) fn of(physical: impl Into<String>) -> Self {
        Self { physical: physical.into(), attributes: Map::new() }
    }

    /// The same with an attribute.
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.attributes.insert(name.to_owned(), value.into());
        self
    }
}

/// One object of the members of both.
pub(super) fn merged(first: Value, second: Value) -> Value {
    let mut all = Map::new();
    for value in [first, second] {
        if let Value::Object(members) = value {
            all.extend(members);
        }
    }
    Value::Object(all)
}

/// A text out of an answer, by a JSON pointer.
///
/// # Errors
/// When the answer has none there.
pub(super) fn found(answer: &Value, pointer: &str) -> Result<String, ApiError> {
    let value = answer.pointer(pointer).and_then(text);
    value.ok_or_else(|| ApiError::internal(format!("an answer has nothing at {pointer}")))
}

/// A form has nothing but texts.
fn as_texts(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(as_texts).collect(),
        Value::Object(members) => members.into_iter().map(|(name, value)| (name, as_texts(value))).collect(),
        Value::Null => Value::Null,
        leaf => text(&leaf).map_or(Value::Null, Value::String),
    }
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let there = members.into_iter().filter(|(_, value)| !value.is_null());
            there.map(|(name, value)| (name, without_nulls(value))).collect()
        }
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        leaf => leaf,
    }
}
