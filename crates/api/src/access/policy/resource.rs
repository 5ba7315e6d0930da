//! Resources of statements, and ARNs in conditions.

use super::pattern::{Pattern, Signs};
use crate::access::Context;

/// An ARN whose six parts are patterns, or `*` for everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ResourcePattern {
    Everything,
    Arn([Pattern; 6]),
}

impl ResourcePattern {
    /// Parts that are not there are anything.
    pub(super) fn parse(text: &str, variables: bool) -> Self {
        if text == "*" {
            return Self::Everything;
        }
        let signs = Signs { wildcards: true, variables };
        let parts = split(text, variables);
        Self::Arn(std::array::from_fn(|at| Pattern::parse(parts.get(at).copied().unwrap_or("*"), signs)))
    }

    pub(super) fn fits(&self, arn: &str, context: &Context) -> bool {
        let Self::Arn(patterns) = self else { return true };
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        parts.len() == 6 && patterns.iter().zip(parts).all(|(pattern, part)| pattern.fits(part, context))
    }
}

/// The six parts of an ARN. A colon within `${…}` parts nothing.
fn split(text: &str, variables: bool) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut is_inside) = (0, false);
    for (at, letter) in text.char_indices() {
        match letter {
            '{' if variables && text[..at].ends_with('$') => is_inside = true,
            '}' => is_inside = false,
            ':' if !is_inside && parts.len() < 5 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}
