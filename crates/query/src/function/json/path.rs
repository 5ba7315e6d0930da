//! Paths to values in JSON: `$.a[0]["b c"]`.

use serde_json::Value;

/// Steps from the outermost value on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Path(Vec<String>);

impl Path {
    /// None for what is no path.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut rest = text.strip_prefix('$')?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let (step, after) = match rest.strip_prefix('.') {
                Some(name) => {
                    let end = name.find(['.', '[']).unwrap_or(name.len());
                    name.split_at_checked(end)?
                }
                None => in_brackets(rest.strip_prefix('[')?)?,
            };
            if step.is_empty() || step == "*" {
                return None;
            }
            steps.push(step.replace("\\\"", "\""));
            rest = after;
        }
        Some(Path(steps))
    }

    /// What stands there.
    pub(super) fn find(&self, mut value: Value) -> Option<Value> {
        for step in &self.0 {
            value = match value {
                Value::Object(mut members) => members.remove(step)?,
                Value::Array(mut items) => {
                    let at: usize = step.parse().ok()?;
                    (at < items.len()).then(|| items.swap_remove(at))?
                }
                _ => return None,
            };
        }
        Some(value)
    }
}

/// A step up to its closing bracket, and what is behind it.
fn in_brackets(text: &str) -> Option<(&str, &str)> {
    for quote in ['"', '\''] {
        if let Some(quoted) = text.strip_prefix(quote) {
            let end = quoted.match_indices(quote).find(|(at, _)| !quoted[..*at].ends_with('\\'))?.0;
            return Some((&quoted[..end], quoted[end + 1..].strip_prefix(']')?));
        }
    }
    text.split_once(']')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_steps() {
        for (text, expected) in [
            ("$", Some(vec![])),
            ("$.a.b", Some(vec!["a", "b"])),
            ("$.a[0]", Some(vec!["a", "0"])),
            ("$[\"a b\"].c", Some(vec!["a b", "c"])),
            ("$['a.b']", Some(vec!["a.b"])),
            ("a", None),
            ("$.", None),
            ("$..a", None),
            ("$[", None),
            ("$[\"a]", None),
            ("$.*", None),
        ] {
            let expected = expected.map(|steps| Path(steps.into_iter().map(str::to_owned).collect()));
            assert_eq!(Path::parse(text), expected, "{text}");
        }
    }
}
