//! Templates: what a stack shall be.

mod condition;
mod function;
mod graph;
mod parameter;
mod read;
mod references;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::kind;
use crate::ApiError;

pub(super) use function::{Scope, World, text};
pub(super) use graph::order;
pub(super) use parameter::{Given, Held, Parameter, Values};
pub(super) use references::references;

/// Parts that a template may have.
const SECTIONS: [&str; 10] = [
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Rules",
    "Mappings",
    "Conditions",
    "Transform",
    "Resources",
    "Outputs",
];
/// Most resources. Source: the quotas of CloudFormation.
const RESOURCES: usize = 500;

/// A template that was read and is whole: all that it refers to is there.
#[derive(Debug, Clone)]
pub(super) struct Template {
    pub(super) description: Option<String>,
    pub(super) metadata: Option<Value>,
    pub(super) parameters: BTreeMap<String, Parameter>,
    pub(super) mappings: Map<String, Value>,
    pub(super) conditions: BTreeMap<String, Value>,
    pub(super) resources: BTreeMap<String, ResourceDeclaration>,
    pub(super) outputs: BTreeMap<String, OutputDeclaration>,
}

/// A resource as the template has it.
#[derive(Debug, Clone)]
pub(super) struct ResourceDeclaration {
    pub(super) kind: &'static kind::Kind,
    pub(super) properties: Value,
    pub(super) condition: Option<String>,
    pub(super) depends_on: Vec<String>,
    pub(super) metadata: Option<Value>,
    /// Kept when the resource goes: `DeletionPolicy: Retain`.
    pub(super) is_retained: bool,
    /// Kept when another takes its place: `UpdateReplacePolicy: Retain`.
    pub(super) is_retained_when_replaced: bool,
}

/// An output as the template has it.
#[derive(Debug, Clone)]
pub(super) struct OutputDeclaration {
    pub(super) value: Value,
    pub(super) description: Option<String>,
    pub(super) condition: Option<String>,
    pub(super) export: Option<Value>,
}

/// What is wrong with a template, as CloudFormation says it.
pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationError", message)
}

impl Template {
    /// Reads a template and holds it against the rules.
    ///
    /// # Errors
    /// The first thing that is wrong, in the words of CloudFormation.
    pub(super) fn parse(text: &str) -> Result<Self, ApiError> {
        let tree = read::read(text).map_err(invalid)?;
        let unknown: Vec<&str> = tree
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name.as_str())
            .filter(|name| !SECTIONS.contains(name))
            .collect();
        if !unknown.is_empty() {
            return Err(invalid(format!("Invalid template property or properties [{}]", unknown.join(", "))));
        }
        for section in ["Transform", "Rules"] {
            if tree.get(section).is_some() {
                return Err(invalid(format!("Template format error: Weir has no {section} in templates.")));
            }
        }
        let template = Self {
            description: tree.get("Description").and_then(Value::as_str).map(str::to_owned),
            metadata: tree.get("Metadata").cloned(),
            parameters: each(&tree, "Parameters", Parameter::read)?,
            mappings: section(&tree, "Mappings")?,
            conditions: each(&tree, "Conditions", |_, value| Ok(value.clone()))?,
            resources: resources(&tree)?,
            outputs: each(&tree, "Outputs", output)?,
        };
        references::check(&template)?;
        condition::check(&template)?;
        graph::order(&template)?;
        Ok(template)
    }

    /// The metadata of a resource; an empty object if it has none.
    pub(super) fn metadata_of(&self, logical: &str) -> Value {
        let metadata = self.resources.get(logical).and_then(|resource| resource.metadata.clone());
        metadata.unwrap_or_else(|| Value::Object(Map::new()))
    }

    /// The capabilities that whoever makes the stack must acknowledge, and why; none of a template that changes no access.
    pub(super) fn capability(&self) -> Option<(&'static str, String)> {
        let of_access = |resource: &&ResourceDeclaration| resource.kind.name.starts_with("AWS::IAM::");
        let mut kinds: Vec<&str> =
            self.resources.values().filter(of_access).map(|resource| resource.kind.name).collect();
        kinds.dedup();
        let is_named = self.resources.values().filter(of_access).any(|resource| {
            resource.kind.naming.is_some_and(|naming| resource.properties.get(naming.property).is_some())
        });
        let capability = if is_named { "CAPABILITY_NAMED_IAM" } else { "CAPABILITY_IAM" };
        let reason = format!("The following resource(s) require capabilities: [{}]", kinds.join(", "));
        (!kinds.is_empty()).then_some((capability, reason))
    }
}

fn section(tree: &Value, name: &str) -> Result<Map<String, Value>, ApiError> {
    match tree.get(name) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(members)) => Ok(members.clone()),
        Some(_) => Err(invalid(format!("Template format error: {name} section must be a map."))),
    }
}

fn each<T>(
    tree: &Value,
    name: &str,
    read: impl Fn(&str, &Value) -> Result<T, ApiError>,
) -> Result<BTreeMap<String, T>, ApiError> {
    section(tree, name)?.iter().map(|(name, value)| Ok((name.clone(), read(name, value)?))).collect()
}

fn resources(tree: &Value) -> Result<BTreeMap<String, ResourceDeclaration>, ApiError> {
    let all = section(tree, "Resources")?;
    if all.is_empty() {
        return Err(invalid("Template format error: At least one Resources member must be defined."));
    }
    if all.len() > RESOURCES {
        return Err(invalid(format!(
            "Template format error: Number of resources, {}, is greater than maximum allowed, {RESOURCES}",
            all.len()
        )));
    }
    if let Some(name) = all.keys().find(|name| !name.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
        return Err(invalid(format!("Template format error: Resource name {name} is non alphanumeric.")));
    }
    let types = || all.values().filter_map(|value| value.get("Type").and_then(Value::as_str));
    let mut unknown: Vec<&str> = types().filter(|name| kind::find(name).is_none()).collect();
    unknown.sort_unstable();
    unknown.dedup();
    if !unknown.is_empty() {
        return Err(invalid(format!("Template format error: Unrecognized resource types: [{}]", unknown.join(", "))));
    }
    all.iter().map(|(name, value)| Ok((name.clone(), resource(name, value)?))).collect()
}

fn resource(name: &str, value: &Value) -> Result<ResourceDeclaration, ApiError> {
    let refused = |problem: &str| invalid(format!("Template format error: [/Resources/{name}] {problem}"));
    let named = value.get("Type").and_then(Value::as_str);
    let kind =
        named.and_then(kind::find).ok_or_else(|| refused("Every Resources object must contain a Type member."))?;
    let properties = value.get("Properties").filter(|value| !value.is_null()).cloned();
    let properties = properties.unwrap_or_else(|| Value::Object(Map::new()));
    if !properties.is_object() {
        return Err(refused("resource definition is malformed"));
    }
    let depends_on = match value.get("DependsOn") {
        None => Vec::new(),
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(all)) => all.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect(),
        Some(_) => return Err(refused("DependsOn must be a string or list of strings.")),
    };
    let deletion = policy(name, value, "DeletionPolicy", &["Delete", "Retain", "RetainExceptOnCreate"])?;
    let replacement = policy(name, value, "UpdateReplacePolicy", &["Delete", "Retain"])?;
    Ok(ResourceDeclaration {
        kind,
        properties,
        condition: value.get("Condition").and_then(Value::as_str).map(str::to_owned),
        depends_on,
        metadata: value.get("Metadata").cloned(),
        is_retained: deletion != "Delete",
        is_retained_when_replaced: replacement != "Delete",
    })
}

/// A policy of a resource; `Delete` if there is none.
fn policy<'a>(name: &str, value: &'a Value, policy: &str, known: &[&str]) -> Result<&'a str, ApiError> {
    let given = value.get(policy).and_then(Value::as_str).unwrap_or("Delete");
    if known.contains(&given) {
        return Ok(given);
    }
    let known = known.join(", ");
    Err(invalid(format!("Template error: resource {name} has the {policy} {given}; Weir has: {known}")))
}

fn output(name: &str, value: &Value) -> Result<OutputDeclaration, ApiError> {
    let text = |member: &str| value.get(member).and_then(Value::as_str).map(str::to_owned);
    let given = value.get("Value").cloned();
    Ok(OutputDeclaration {
        value: given.ok_or_else(|| {
            invalid(format!("Template format error: Every Outputs member must contain a Value object: {name}"))
        })?,
        description: text("Description"),
        condition: text("Condition"),
        export: value.get("Export").and_then(|export| export.get("Name")).cloned(),
    })
}
