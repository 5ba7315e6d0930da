//! What a part of a template refers to.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Template, invalid};
use crate::ApiError;

/// Names that every template may refer to.
pub(super) const PSEUDO: [&str; 8] = [
    "AWS::AccountId",
    "AWS::NoValue",
    "AWS::NotificationARNs",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];

/// Something that is referred to: a parameter or a resource, and of a resource perhaps an attribute.
pub(in super::super) type Reference = (String, Option<String>);

/// All that a tree refers to, without pseudo parameters.
pub(in super::super) fn references(value: &Value) -> BTreeSet<Reference> {
    let mut found = BTreeSet::new();
    collect(value, &mut found);
    found.retain(|(name, _)| !PSEUDO.contains(&name.as_str()));
    found
}

fn collect(value: &Value, found: &mut BTreeSet<Reference>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(members) => {
            for (name, value) in members {
                match (name.as_str(), value) {
                    ("Ref", Value::String(name)) if members.len() == 1 => {
                        found.insert((name.clone(), None));
                    }
                    ("Fn::GetAtt", value) if members.len() == 1 => found.extend(attribute(value)),
                    ("Fn::Sub", value) if members.len() == 1 => substituted(value, found),
                    (_, value) => collect(value, found),
                }
            }
        }
        _ => {}
    }
}

/// `["Resource", "Attribute"]` or `"Resource.Attribute"`.
pub(super) fn attribute(value: &Value) -> Option<Reference> {
    match value {
        Value::String(text) => {
            let (name, attribute) = text.split_once('.')?;
            Some((name.to_owned(), Some(attribute.to_owned())))
        }
        Value::Array(parts) => match parts.as_slice() {
            [Value::String(name), Value::String(attribute)] => Some((name.clone(), Some(attribute.clone()))),
            _ => None,
        },
        _ => None,
    }
}

fn substituted(value: &Value, found: &mut BTreeSet<Reference>) {
    let (text, own) = match value {
        Value::String(text) => (text.as_str(), None),
        Value::Array(parts) => (parts.first().and_then(Value::as_str).unwrap_or_default(), parts.get(1)),
        _ => return,
    };
    let is_own = |name: &str| own.is_some_and(|own| own.get(name).is_some());
    for name in holes(text).into_iter().filter(|name| !is_own(name)) {
        match name.split_once('.') {
            Some((name, attribute)) => found.insert((name.to_owned(), Some(attribute.to_owned()))),
            None => found.insert((name.to_owned(), None)),
        };
    }
    if let Some(own) = own {
        collect(own, found);
    }
}

/// The names in `${…}`; `${!…}` is no hole.
pub(super) fn holes(text: &str) -> Vec<&str> {
    let parts = text.split("${").skip(1).filter_map(|part| part.split_once('}').map(|(name, _)| name));
    parts.filter(|name| !name.starts_with('!')).collect()
}

/// Refuses what refers to something that is not there.
pub(super) fn check(template: &Template) -> Result<(), ApiError> {
    let mut missing = BTreeSet::new();
    let is_resource = |name: &String| template.resources.contains_key(name);
    for (name, resource) in &template.resources {
        let properties = references(&resource.properties);
        missing.extend(unresolved(template, &properties, true));
        if let Some(lost) = resource.depends_on.iter().find(|name| !is_resource(name)) {
            return Err(invalid(format!(
                "Template format error: Unresolved resource dependencies [{lost}] in the Resources block of the template"
            )));
        }
        if let Some(condition) = resource.condition.as_ref().filter(|name| !template.conditions.contains_key(*name)) {
            return Err(invalid(format!(
                "Template format error: Unresolved condition dependency {condition} in the Resources block of the template: {name}"
            )));
        }
    }
    refuse(&missing, "Resources")?;
    let outputs = template.outputs.values().flat_map(|output| [Some(&output.value), output.export.as_ref()]);
    let missing = outputs.flatten().flat_map(|value| unresolved(template, &references(value), true)).collect();
    refuse(&missing, "Outputs")?;
    let missing =
        template.conditions.values().flat_map(|value| unresolved(template, &references(value), false)).collect();
    refuse(&missing, "Conditions")?;
    attributes(template)
}

fn unresolved(template: &Template, found: &BTreeSet<Reference>, resources: bool) -> Vec<String> {
    let is_there = |(name, attribute): &&Reference| {
        (attribute.is_none() && template.parameters.contains_key(name))
            || (resources && template.resources.contains_key(name))
    };
    found.iter().filter(|reference| !is_there(reference)).map(|(name, _)| name.clone()).collect()
}

fn refuse(missing: &BTreeSet<String>, block: &str) -> Result<(), ApiError> {
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(String::as_str).collect();
    Err(invalid(format!(
        "Template format error: Unresolved resource dependencies [{}] in the {block} block of the template",
        names.join(", ")
    )))
}

/// Refuses attributes that a resource does not have.
fn attributes(template: &Template) -> Result<(), ApiError> {
    let parts = template.resources.values().map(|resource| &resource.properties);
    let parts = parts.chain(template.outputs.values().map(|output| &output.value));
    for (name, attribute) in parts.flat_map(references) {
        let Some(attribute) = attribute else { continue };
        let Some(resource) = template.resources.get(&name) else { continue };
        if !resource.kind.attributes.contains(&attribute.as_str()) {
            return Err(invalid(format!(
                "Template error: resource {name} does not support attribute type {attribute} in Fn::GetAtt"
            )));
        }
    }
    Ok(())
}
