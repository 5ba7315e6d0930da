//! What a change of a stack would do.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    kind::{self, Kind},
    stack::{Resource, Stack, Wish},
    template::{Scope, Template, World, order},
};
use crate::ApiError;

/// What becomes of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Add,
    Modify,
    Replace,
    Remove,
}

/// What becomes of one resource.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) logical: String,
    pub(super) kind: String,
    pub(super) physical: Option<String>,
    pub(super) action: Action,
    /// Properties that change.
    pub(super) details: Vec<String>,
}

/// What becomes of a resource that is there and shall be there; none: nothing.
pub(super) fn action(was: &Resource, kind: &Kind, properties: &Value, tags_changed: bool) -> Option<Action> {
    if was.kind != kind.name {
        return Some(Action::Replace);
    }
    if was.properties != *properties {
        return Some(if kind.is_replaced(&was.properties, properties) { Action::Replace } else { Action::Modify });
    }
    // What failed is tried again.
    let is_due = tags_changed || was.status.ends_with("_FAILED");
    (is_due && kind.update.is_some()).then_some(Action::Modify)
}

/// All that would change. What is not made yet is not known: whatever refers to it changes.
pub(super) fn plan(stack: &Stack, template: &Template, wish: &Wish, world: &World) -> Result<Vec<Change>, ApiError> {
    let mut unknown: BTreeSet<String> = BTreeSet::new();
    let mut changes = Vec::new();
    let mut kept = BTreeSet::new();
    for logical in order(template)? {
        let Some(declared) = template.resources.get(&logical) else { continue };
        let lookup = |name: &str, attribute: Option<&str>| match stack.resources.get(name) {
            Some(resource) if !unknown.contains(name) => Ok(value_of(resource, attribute)),
            _ => Ok(Value::String(format!("{{{{changeSet:KNOWN_AFTER_APPLY {name} {attribute:?}}}}}"))),
        };
        let scope = Scope { template, world, values: &wish.values, lookup: &lookup };
        if let Some(condition) = &declared.condition
            && !scope.holds(condition)?
        {
            continue;
        }
        let properties = scope.resolve(&declared.properties)?.unwrap_or_default();
        kept.insert(logical.clone());
        let was = stack.resources.get(&logical).filter(|was| was.is_made());
        let action = match was {
            None => Some(Action::Add),
            Some(was) => action(was, declared.kind, &properties, stack.tags != wish.tags),
        };
        let Some(action) = action else { continue };
        let details = was.map(|was| differing(&was.properties, &properties)).unwrap_or_default();
        let physical = was.map(|was| was.made.physical.clone());
        if action != Action::Modify {
            unknown.insert(logical.clone());
        }
        changes.push(Change { kind: declared.kind.name.to_owned(), logical, physical, action, details });
    }
    let removed = stack.resources.iter().filter(|(logical, _)| !kept.contains(*logical));
    changes.extend(removed.map(|(logical, was)| Change {
        logical: logical.clone(),
        kind: was.kind.clone(),
        physical: Some(was.made.physical.clone()),
        action: Action::Remove,
        details: Vec::new(),
    }));
    Ok(changes)
}

/// What `Ref`, or `Fn::GetAtt`, of a resource is.
pub(super) fn value_of(resource: &Resource, attribute: Option<&str>) -> Value {
    match attribute {
        None => Value::String(resource.made.physical.clone()),
        Some(name) => resource.made.attributes.get(name).cloned().unwrap_or_default(),
    }
}

fn differing(was: &Value, will_be: &Value) -> Vec<String> {
    let names: BTreeSet<&String> =
        [was, will_be].into_iter().filter_map(Value::as_object).flat_map(|all| all.keys()).collect();
    names.into_iter().filter(|name| was.get(*name) != will_be.get(*name)).cloned().collect()
}

impl Change {
    /// As `DescribeChangeSet` shows it.
    pub(super) fn shown(&self) -> Value {
        let (action, replacement) = match self.action {
            Action::Add => ("Add", None),
            Action::Modify => ("Modify", Some("False")),
            Action::Replace => ("Modify", Some("True")),
            Action::Remove => ("Remove", None),
        };
        let kind = kind::find(&self.kind);
        let detail = |name: &String| {
            let is_fixed = kind.is_none_or(|kind| kind.update.is_none() || kind.fixed.contains(&name.as_str()));
            json!({
                "Target": {
                    "Attribute": "Properties",
                    "Name": name,
                    "RequiresRecreation": if is_fixed { "Always" } else { "Never" },
                },
                "Evaluation": "Static",
                "ChangeSource": "DirectModification",
            })
        };
        let scope = if self.action == Action::Modify || self.action == Action::Replace {
            json!(["Properties"])
        } else {
            json!([])
        };
        json!({
            "Type": "Resource",
            "ResourceChange": {
                "Action": action,
                "LogicalResourceId": self.logical,
                "PhysicalResourceId": self.physical,
                "ResourceType": self.kind,
                "Replacement": replacement,
                "Scope": scope,
                "Details": self.details.iter().map(detail).collect::<Vec<_>>(),
            },
        })
    }
}
