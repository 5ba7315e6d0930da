//! Conditions of templates.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Scope, Template, function::text, invalid};
use crate::ApiError;

/// Most steps that a condition may take.
const MOST: usize = 1000;

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

/// Refuses conditions that need themselves, or others that are not there, or too many.
pub(super) fn check(template: &Template) -> Result<(), ApiError> {
    let mut known = BTreeMap::new();
    template.conditions.keys().try_for_each(|name| steps(template, name, &mut known).map(drop))
}

/// How many steps it takes to evaluate a condition, where each use of another one counts again. `known` has those that were
/// counted, and none for those that are being counted.
fn steps<'a>(
    template: &'a Template,
    name: &'a str,
    known: &mut BTreeMap<&'a str, Option<usize>>,
) -> Result<usize, ApiError> {
    let circular = || invalid(format!("Template error: Found circular condition dependency between {name} and others"));
    if let Some(counted) = known.get(name) {
        return counted.ok_or_else(circular);
    }
    let unknown = || {
        invalid(format!(
            "Template format error: Unresolved dependencies [{name}]. Cannot reference resources in the Conditions block of \
             the template"
        ))
    };
    let condition = template.conditions.get(name).ok_or_else(unknown)?;
    known.insert(name, None);
    let mut used = Vec::new();
    uses(condition, &mut used);
    let mut count = 1;
    for other in used {
        count += steps(template, other, known)?;
        if count > MOST {
            return Err(invalid(format!("Template error: condition {name} takes more than {MOST} steps")));
        }
    }
    known.insert(name, Some(count));
    Ok(count)
}

/// The conditions that a condition is made of, each as often as it is used.
fn uses<'a>(condition: &'a Value, found: &mut Vec<&'a str>) {
    match condition {
        Value::Array(parts) => parts.iter().for_each(|part| uses(part, found)),
        Value::Object(members) => members.iter().for_each(|(function, argument)| match argument.as_str() {
            Some(other) if function == "Condition" => found.push(other),
            _ => uses(argument, found),
        }),
        _ => {}
    }
}
