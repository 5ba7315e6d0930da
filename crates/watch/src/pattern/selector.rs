//! Selectors: which values of a JSON event are meant.

use std::fmt;

use serde_json::Value;

use super::{PatternError, cursor::Cursor};

/// Wildcards in the selectors of one pattern, at most.
const WILDCARD_LIMIT: usize = 3;
/// Children that a wildcard looks at, at most: a value with more is not looked into.
const CHILD_LIMIT: usize = 1000;

/// A way from the root of a JSON event: `$.user.id`, `$.list[0]`, `$.*`, `$.['a.b']`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selector {
    written: String,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
    /// `.*`
    EachKey,
    /// `[*]`
    EachIndex,
}

impl Selector {
    /// Reads a selector; the cursor stands at its `$`.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, PatternError> {
        let start = cursor.place();
        if !cursor.eat("$") {
            return Err(cursor.expected("a selector such as `$.user.id`"));
        }
        let mut steps = Vec::new();
        let mut wildcards = 0;
        loop {
            let place = cursor.place();
            let Some(step) = step(cursor)? else { break };
            if matches!(step, Step::EachKey | Step::EachIndex) {
                wildcards += 1;
                cursor.wildcards += 1;
            }
            if wildcards > 1 {
                return Err(cursor.refuse_at(place, "a selector has at most 1 wildcard"));
            }
            if cursor.wildcards > WILDCARD_LIMIT {
                return Err(cursor.refuse_at(place, "a pattern has at most 3 wildcards in its selectors"));
            }
            steps.push(step);
        }
        Ok(Self { written: cursor.since(start).to_owned(), steps })
    }

    /// Whether any value that it reaches is wanted.
    pub(super) fn any<'v>(&self, root: &'v Value, wanted: &mut impl FnMut(&'v Value) -> bool) -> bool {
        walk(&self.steps, root, wanted)
    }

    /// The text of the first value reached that is neither object nor array.
    pub(super) fn text(&self, root: &Value) -> Option<String> {
        let mut text = None;
        self.any(root, &mut |value| {
            text = scalar(value);
            text.is_some()
        });
        text
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.written)
    }
}

/// A string as it is, everything else as JSON writes it.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Object(_) | Value::Array(_) => None,
        other => Some(other.to_string()),
    }
}

fn walk<'v>(steps: &[Step], value: &'v Value, wanted: &mut impl FnMut(&'v Value) -> bool) -> bool {
    let Some((step, rest)) = steps.split_first() else { return wanted(value) };
    match (step, value) {
        (Step::Key(key), Value::Object(object)) => object.get(key).is_some_and(|child| walk(rest, child, wanted)),
        (Step::Index(index), Value::Array(array)) => array.get(*index).is_some_and(|child| walk(rest, child, wanted)),
        (Step::EachKey, Value::Object(object)) if object.len() <= CHILD_LIMIT => {
            object.values().any(|child| walk(rest, child, wanted))
        }
        (Step::EachIndex, Value::Array(array)) if array.len() <= CHILD_LIMIT => {
            array.iter().any(|child| walk(rest, child, wanted))
        }
        _ => false,
    }
}

/// Reads a step, if one follows.
fn step(cursor: &mut Cursor<'_>) -> Result<Option<Step>, PatternError> {
    let dot = cursor.eat(".");
    if cursor.eat("[") {
        let step = bracket(cursor)?;
        return if cursor.eat("]") { Ok(Some(step)) } else { Err(cursor.expected("`]`")) };
    }
    if !dot {
        return Ok(None);
    }
    if cursor.eat("*") {
        return Ok(Some(Step::EachKey));
    }
    let key = cursor.take_while(|next| next.is_alphanumeric() || matches!(next, '_' | '-'));
    if key.is_empty() {
        return Err(cursor.expected("a key of letters, digits, `_` and `-`; others are written as `['key']`"));
    }
    Ok(Some(Step::Key(key.to_owned())))
}

/// Reads what stands between brackets.
fn bracket(cursor: &mut Cursor<'_>) -> Result<Step, PatternError> {
    if cursor.eat("*") {
        return Ok(Step::EachIndex);
    }
    if cursor.eat("'") {
        let key = cursor.take_while(|next| next != '\'').to_owned();
        return if cursor.eat("'") { Ok(Step::Key(key)) } else { Err(cursor.expected("`'`")) };
    }
    let place = cursor.place();
    let digits = cursor.take_while(|next| next.is_ascii_digit());
    let index = digits.parse().map_err(|_| cursor.refuse_at(place, "expected an index, `*` or `'key'`"))?;
    Ok(Step::Index(index))
}
