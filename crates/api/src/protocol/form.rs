//! Forms: `Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-1` to a tree.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use url::form_urlencoded;

use super::Protocol;
use crate::Refusal;

/// Most parameters of a form.
const MOST: usize = 50_000;
/// Most parts of a parameter's name.
const DEEPEST: usize = 32;
/// Parameters that are not members of the input.
const FRAME: [&str; 2] = ["Action", "Version"];

#[derive(Debug)]
enum Node {
    Leaf(String),
    Branch(BTreeMap<String, Node>),
}

/// The members of an input; every leaf is a text.
pub(super) fn parse(form: &[u8], protocol: Protocol) -> Result<Value, Refusal> {
    let mut root = BTreeMap::new();
    for (count, (name, value)) in form_urlencoded::parse(form).enumerate() {
        if count == MOST {
            return Err(Refusal::Malformed(format!("a form has at most {MOST} parameters")));
        }
        if FRAME.contains(&name.as_ref()) || name.starts_with("X-Amz-") {
            continue;
        }
        let parts: Vec<&str> = name.split('.').collect();
        if parts.len() > DEEPEST || !put(&mut root, &parts, value.into_owned()) {
            return Err(Refusal::Malformed(format!("the parameter {name} does not go together with the others")));
        }
    }
    Ok(Node::Branch(root).into_value(protocol, true))
}

/// Whether there was a place for it.
fn put(branch: &mut BTreeMap<String, Node>, parts: &[&str], value: String) -> bool {
    let [part, rest @ ..] = parts else { return false };
    if rest.is_empty() {
        return branch.insert((*part).to_owned(), Node::Leaf(value)).is_none();
    }
    match branch.entry((*part).to_owned()).or_insert_with(|| Node::Branch(BTreeMap::new())) {
        Node::Branch(below) => put(below, rest, value),
        Node::Leaf(_) => false,
    }
}

impl Node {
    fn into_value(self, protocol: Protocol, is_root: bool) -> Value {
        let mut branch = match self {
            Self::Leaf(text) => return Value::String(text),
            Self::Branch(branch) => branch,
        };
        let is_numbered = |branch: &BTreeMap<String, Self>| {
            !branch.is_empty() && branch.keys().all(|name| name.parse::<u32>().is_ok())
        };
        if !is_root && is_numbered(&branch) {
            return list(branch, protocol);
        }
        if !is_root && protocol == Protocol::AwsQuery && branch.len() == 1 {
            if let Some(Self::Branch(items)) = branch.get("member")
                && is_numbered(items)
            {
                return branch.remove("member").map_or(Value::Null, |items| items.into_value(protocol, false));
            }
            if let Some(Self::Branch(items)) = branch.get("entry")
                && is_numbered(items)
            {
                let entries = branch.remove("entry").map_or(Value::Null, |items| items.into_value(protocol, false));
                return map(entries);
            }
        }
        branch.into_iter().map(|(name, node)| (name, node.into_value(protocol, false))).collect()
    }
}

fn list(branch: BTreeMap<String, Node>, protocol: Protocol) -> Value {
    let mut items: Vec<(u32, Node)> =
        branch.into_iter().filter_map(|(name, node)| Some((name.parse().ok()?, node))).collect();
    items.sort_by_key(|(number, _)| *number);
    items.into_iter().map(|(_, node)| node.into_value(protocol, false)).collect()
}

/// `[{key, value}]`, or `[{Name, Value}]` of SNS, to a map.
fn map(entries: Value) -> Value {
    let Value::Array(entries) = entries else { return entries };
    let pair = |mut entry: Value| {
        let mut take = |names: [&str; 2]| names.iter().find_map(|name| entry.get_mut(name).map(Value::take));
        let name = take(["key", "Name"])?.as_str()?.to_owned();
        Some((name, take(["value", "Value"]).unwrap_or(Value::String(String::new()))))
    };
    Value::Object(entries.into_iter().filter_map(pair).collect::<Map<_, _>>())
}
