//! In which order resources are made.

use std::collections::{BTreeMap, BTreeSet};

use super::{Template, invalid, references::references};
use crate::ApiError;

/// The names of the resources, each behind all that it needs.
///
/// # Errors
/// When some need each other.
pub(in super::super) fn order(template: &Template) -> Result<Vec<String>, ApiError> {
    let mut needs: BTreeMap<&str, BTreeSet<String>> = template
        .resources
        .iter()
        .map(|(name, resource)| {
            let referred = references(&resource.properties).into_iter().map(|(name, _)| name);
            let needed = referred.chain(resource.depends_on.iter().cloned());
            (name.as_str(), needed.filter(|name| template.resources.contains_key(name)).collect())
        })
        .collect();
    let mut order: Vec<String> = Vec::new();
    let mut placed: BTreeSet<&str> = BTreeSet::new();
    while !needs.is_empty() {
        let ready: Vec<&str> = needs
            .iter()
            .filter(|(_, needed)| needed.iter().all(|name| placed.contains(name.as_str())))
            .map(|(name, _)| *name)
            .collect();
        if ready.is_empty() {
            let circle: Vec<&str> = needs.keys().copied().filter(|name| is_in_circle(name, &needs)).collect();
            return Err(invalid(format!("Circular dependency between resources: [{}]", circle.join(", "))));
        }
        for name in ready {
            needs.remove(name);
            placed.insert(name);
            order.push(name.to_owned());
        }
    }
    Ok(order)
}

/// Whether a resource needs itself in the end.
fn is_in_circle(start: &str, needs: &BTreeMap<&str, BTreeSet<String>>) -> bool {
    let mut seen = BTreeSet::new();
    let mut next: Vec<&str> = vec![start];
    while let Some(name) = next.pop() {
        for needed in needs.get(name).into_iter().flatten() {
            if needed == start {
                return true;
            }
            if seen.insert(needed.as_str()) {
                next.push(needed);
            }
        }
    }
    false
}
