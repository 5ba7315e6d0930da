//! The words of `nft -j` that rules are made of; libnftables-json(5) describes them.

#![allow(
    clippy::needless_pass_by_value,
    reason = "what a statement is built of is built for it, and used nowhere else"
)]

use serde_json::{Value, json};

pub(crate) const FAMILY: &str = "inet";
pub(crate) const TABLE: &str = "weir";

pub(crate) fn payload(protocol: &str, field: &str) -> Value {
    json!({"payload": {"protocol": protocol, "field": field}})
}

pub(crate) fn meta(key: &str) -> Value {
    json!({"meta": {"key": key}})
}

pub(crate) fn ct(key: &str) -> Value {
    json!({"ct": {"key": key}})
}

pub(crate) fn concat(parts: impl IntoIterator<Item = Value>) -> Value {
    json!({"concat": parts.into_iter().collect::<Vec<_>>()})
}

pub(crate) fn set(elements: impl IntoIterator<Item = Value>) -> Value {
    json!({"set": elements.into_iter().collect::<Vec<_>>()})
}

/// One number, or a range of them.
pub(crate) fn range(first: impl Into<Value> + PartialEq, last: impl Into<Value> + PartialEq) -> Value {
    let (first, last) = (first.into(), last.into());
    if first == last { first } else { json!({"range": [first, last]}) }
}

/// `left op right`; `in` asks whether one of the bits is set.
pub(crate) fn when(left: Value, op: &str, right: impl Into<Value>) -> Value {
    json!({"match": {"op": op, "left": left, "right": right.into()}})
}

/// Sets a value of the packet or of its connection.
pub(crate) fn put(key: Value, value: u32) -> Value {
    json!({"mangle": {"key": key, "value": value}})
}

/// Goes where the map says, if it says something.
pub(crate) fn vmap(key: Value, map: &str) -> Value {
    json!({"vmap": {"key": key, "data": format!("@{map}")}})
}

pub(crate) fn goto(chain: &str) -> Value {
    json!({"goto": {"target": chain}})
}

pub(crate) fn jump(chain: &str) -> Value {
    json!({"jump": {"target": chain}})
}

pub(crate) fn accept() -> Value {
    json!({"accept": null})
}

pub(crate) fn back() -> Value {
    json!({"return": null})
}

pub(crate) fn drop() -> Value {
    json!({"drop": null})
}

pub(crate) fn counter(name: &str) -> Value {
    json!({"counter": name})
}

/// The command that adds a rule at the end of a chain.
pub(crate) fn add_rule(chain: &str, comment: Option<&str>, statements: Vec<Value>) -> Value {
    let mut rule = json!({"family": FAMILY, "table": TABLE, "chain": chain, "expr": statements});
    if let Some(comment) = comment {
        rule["comment"] = comment.into();
    }
    json!({"add": {"rule": rule}})
}

pub(crate) fn add_chain(name: &str) -> Value {
    json!({"add": {"chain": {"family": FAMILY, "table": TABLE, "name": name}}})
}

/// The command that adds a map to verdicts, with its elements.
pub(crate) fn add_verdict_map(name: &str, key_type: Value, flags: &[&str], elements: Vec<Value>) -> Value {
    let mut map = json!({
        "family": FAMILY, "table": TABLE, "name": name, "type": key_type, "map": "verdict", "flags": flags,
    });
    if !elements.is_empty() {
        map["elem"] = elements.into();
    }
    json!({"add": {"map": map}})
}

pub(crate) fn add_counter(name: &str) -> Value {
    json!({"add": {"counter": {"family": FAMILY, "table": TABLE, "name": name}}})
}

/// A command on something of ours that has a name: `verb` is `delete` or `flush`, `kind` such as `chain`.
pub(crate) fn named(verb: &str, kind: &str, name: &str) -> Value {
    json!({verb: {kind: {"family": FAMILY, "table": TABLE, "name": name}}})
}

/// A command on elements of a map.
pub(crate) fn elements(verb: &str, map: &str, elements: Vec<Value>) -> Value {
    json!({verb: {"element": {"family": FAMILY, "table": TABLE, "name": map, "elem": elements}}})
}
