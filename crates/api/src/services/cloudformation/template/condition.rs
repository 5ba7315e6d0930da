//! Conditions of templates.

use serde_json::Value;

use super::{Scope, Template, function::text, invalid};
use crate::ApiError;

/// Conditions that need conditions end here.
const DEEPEST: usize = 64;

/// Whether the condition of this name holds.
pub(super) fn named(scope: &Scope<'_>, name: &str) -> Result<bool, ApiError> {
    let unknown = || invalid(format!("Template error: unresolved condition dependency: {name}"));
    let condition = scope.template.conditions.get(name).ok_or_else(unknown)?;
    holds(scope, condition)
}

/// Evaluates a function if it is one of conditions.
pub(super) fn evaluate(scope: &Scope<'_>, name: &str, argument: &Value) -> Option<Result<bool, ApiError>> {
    let malformed = || Err(invalid(format!("Template error: every {name} object requires a list of conditions")));
    let all =
        || argument.as_array().into_iter().flatten().map(|part| holds(scope, part)).collect::<Result<Vec<_>, _>>();
    Some(match (name, argument.as_array().map(Vec::len)) {
        ("Condition", _) => match argument.as_str() {
            Some(name) => named(scope, name),
            None => malformed(),
        },
        ("Fn::Equals", Some(2)) => equals(scope, argument),
        ("Fn::Not", Some(1)) => all().map(|all| !all.contains(&true)),
        ("Fn::And", Some(2..=10)) => all().map(|all| !all.contains(&false)),
        ("Fn::Or", Some(2..=10)) => all().map(|all| all.contains(&true)),
        ("Fn::Equals" | "Fn::Not" | "Fn::And" | "Fn::Or", _) => malformed(),
        _ => return None,
    })
}

fn holds(scope: &Scope<'_>, condition: &Value) -> Result<bool, ApiError> {
    match scope.resolve(condition)? {
        Some(Value::Bool(holds)) => Ok(holds),
        _ => Err(invalid("Template format error: Every Conditions member must be a condition function.")),
    }
}

fn equals(scope: &Scope<'_>, argument: &Value) -> Result<bool, ApiError> {
    let Some(Value::Array(sides)) = scope.resolve(argument)? else { return Ok(false) };
    let plain = |value: &Value| text(value).map_or_else(|| value.clone(), Value::String);
    Ok(sides.iter().map(plain).collect::<Vec<_>>().windows(2).all(|pair| pair[0] == pair[1]))
}

/// Refuses conditions that need themselves, or others that are not there.
pub(super) fn check(template: &Template) -> Result<(), ApiError> {
    template.conditions.iter().try_for_each(|(name, condition)| depth(template, name, condition, 0))
}

fn depth(template: &Template, name: &str, condition: &Value, level: usize) -> Result<(), ApiError> {
    if level > DEEPEST {
        return Err(invalid(format!("Template error: Found circular condition dependency between {name} and others")));
    }
    match condition {
        Value::Array(parts) => parts.iter().try_for_each(|part| depth(template, name, part, level)),
        Value::Object(members) => members.iter().try_for_each(|(function, argument)| match argument.as_str() {
            Some(other) if function == "Condition" => match template.conditions.get(other) {
                Some(condition) => depth(template, other, condition, level + 1),
                None => Err(invalid(format!("Template format error: Unresolved dependencies [{other}]. Cannot reference resources in the Conditions block of the template"))),
            },
            _ => depth(template, name, argument, level),
        }),
        _ => Ok(()),
    }
}
