//! From the text of a filter policy to its rule.

use serde_json::{Map, Value};

use super::{
    FilterPolicyError, FilterPolicyScope, Rule,
    condition::{Comparison, Condition, Plain, TextTest},
};

/// The largest number in a policy, to either side of zero.
const NUMBER_LIMIT: f64 = 1e9;
/// What begins an object that is a condition.
const OPERATORS: &[&str] =
    &["anything-but", "prefix", "suffix", "equals-ignore-case", "wildcard", "numeric", "cidr", "exists"];
/// Alternatives between objects.
const OR: &str = "$or";

type Parsed<T> = Result<T, FilterPolicyError>;

fn refused<T>(path: &[String], reason: impl std::fmt::Display) -> Parsed<T> {
    let place = if path.is_empty() { String::new() } else { format!("at {}: ", path.join(".")) };
    Err(FilterPolicyError(format!("{place}{reason}")))
}

/// The rule of a policy.
pub(super) fn rule(text: &str, scope: FilterPolicyScope) -> Parsed<Rule> {
    match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => Parser { scope }.object(&fields, &[]),
        Ok(_) => refused(&[], "Filter is not an object"),
        Err(error) => refused(&[], format!("it is not JSON: {error}")),
    }
}

struct Parser {
    scope: FilterPolicyScope,
}

impl Parser {
    fn object(&self, fields: &Map<String, Value>, path: &[String]) -> Parsed<Rule> {
        let field = |(name, value): (&String, &Value)| match alternatives(name, value) {
            Some(objects) => {
                let rules = objects.into_iter().map(|object| self.object(object, path));
                rules.collect::<Parsed<_>>().map(Rule::Any)
            }
            None => self.field([path, std::slice::from_ref(name)].concat(), value),
        };
        fields.iter().map(field).collect::<Parsed<_>>().map(Rule::All)
    }

    fn field(&self, path: Vec<String>, value: &Value) -> Parsed<Rule> {
        match value {
            Value::Array(values) if values.is_empty() => refused(&path, "Empty arrays are not allowed"),
            Value::Array(values) => {
                let conditions = values.iter().map(|value| condition(value, &path)).collect::<Parsed<_>>()?;
                Ok(Rule::Field { path, conditions })
            }
            Value::Object(_) if self.scope == FilterPolicyScope::MessageAttributes => {
                refused(&path, "Filter policy scope MessageAttributes does not support nested filter policy")
            }
            Value::Object(fields) if fields.is_empty() => refused(&path, "Empty objects are not allowed"),
            Value::Object(fields) => self.object(fields, &path),
            _ => refused(&path, "it must be an object or an array"),
        }
    }
}

/// `$or` is the operator when it is a list of two objects or more, none of which is a condition; else it is a name.
fn alternatives<'a>(name: &str, value: &'a Value) -> Option<Vec<&'a Map<String, Value>>> {
    let objects: Vec<_> =
        value.as_array().filter(|_| name == OR)?.iter().map(Value::as_object).collect::<Option<_>>()?;
    let is_condition = |object: &&Map<String, Value>| object.keys().any(|key| OPERATORS.contains(&key.as_str()));
    (objects.len() >= 2 && !objects.iter().any(is_condition) && objects.iter().all(|object| !object.is_empty()))
        .then_some(objects)
}

fn condition(value: &Value, path: &[String]) -> Parsed<Condition> {
    let Value::Object(object) = value else {
        return match Plain::of(value) {
            Some(_) => plain(value, path).map(Condition::Equals),
            None => refused(path, "Match value must be String, number, true, false, or null"),
        };
    };
    let mut entries = object.iter();
    let (Some((operator, operand)), None) = (entries.next(), entries.next()) else {
        return refused(path, "Only one key allowed in match expression");
    };
    match operator.as_str() {
        "exists" => match operand {
            Value::Bool(wanted) => Ok(Condition::Exists(*wanted)),
            _ => refused(path, "exists match pattern must be either true or false."),
        },
        "numeric" => numeric(operand, path).map(Condition::Numeric),
        "cidr" => match operand.as_str().map(str::parse) {
            Some(Ok(net)) => Ok(Condition::Within(net)),
            _ => refused(path, format!("Malformed CIDR: {operand}")),
        },
        "anything-but" => anything_but(operand, path),
        operator => match text_test(operator, operand, path)? {
            Some(test) => Ok(Condition::Text(test)),
            None => refused(path, format!("Unrecognized match type {operator}")),
        },
    }
}

fn plain(value: &Value, path: &[String]) -> Parsed<Plain> {
    if let Some(number) = value.as_f64().filter(|number| number.abs() > NUMBER_LIMIT) {
        return refused(path, format!("Value of number must be between -1.0E9 and +1.0E9, inclusive: {number}"));
    }
    match Plain::of(value) {
        Some(plain) => Ok(plain),
        None => refused(path, format!("{value} is neither a string nor a number")),
    }
}

fn text_test(operator: &str, operand: &Value, path: &[String]) -> Parsed<Option<TextTest>> {
    let make: fn(&str) -> Result<TextTest, String> = match operator {
        "prefix" => |text| Ok(TextTest::Prefix(text.to_owned())),
        "suffix" => |text| Ok(TextTest::Suffix(text.to_owned())),
        "equals-ignore-case" => |text| Ok(TextTest::IgnoringCase(text.to_lowercase())),
        "wildcard" => |text| pieces(text).map(TextTest::Wildcard),
        _ => return Ok(None),
    };
    match operand.as_str() {
        Some(text) if !text.is_empty() => make(text).map(Some).or_else(|reason| refused(path, reason)),
        Some(_) => refused(path, format!("Empty {operator} is not allowed")),
        None => refused(path, format!("{operator} match pattern must be a string")),
    }
}

/// What stands between the asterisks of a wildcard pattern.
fn pieces(pattern: &str) -> Result<Vec<String>, String> {
    let mut pieces = vec![String::new()];
    let mut characters = pattern.chars().peekable();
    while let Some(character) = characters.next() {
        let literal = match character {
            '*' if characters.peek() == Some(&'*') => {
                return Err("Consecutive wildcard characters are not allowed".into());
            }
            '*' => {
                pieces.push(String::new());
                continue;
            }
            '\\' => match characters.next() {
                Some(escaped @ ('*' | '\\')) => escaped,
                _ => return Err("Invalid escape character in wildcard: only \\* and \\\\ are allowed".into()),
            },
            other => other,
        };
        if let Some(piece) = pieces.last_mut() {
            piece.push(literal);
        }
    }
    Ok(pieces)
}

fn anything_but(operand: &Value, path: &[String]) -> Parsed<Condition> {
    match operand {
        Value::String(_) | Value::Number(_) => Ok(Condition::AnythingBut(vec![plain(operand, path)?])),
        Value::Array(values) if values.is_empty() => refused(path, "Empty arrays are not allowed"),
        Value::Array(values) if values.iter().all(Value::is_string) || values.iter().all(Value::is_number) => {
            let unwanted = values.iter().map(|value| plain(value, path)).collect::<Parsed<_>>()?;
            Ok(Condition::AnythingBut(unwanted))
        }
        Value::Array(_) => refused(
            path,
            "Inside anything but list, either all values are number or string, mixed type is not supported",
        ),
        Value::Object(object) => anything_but_text(object, path),
        _ => refused(path, "Inside anything-but there must be a string, a number, a list or an object"),
    }
}

fn anything_but_text(object: &Map<String, Value>, path: &[String]) -> Parsed<Condition> {
    let mut entries = object.iter();
    let (Some((operator, operand)), None) = (entries.next(), entries.next()) else {
        return refused(path, "Only one key allowed in match expression");
    };
    let operands = match operand {
        Value::Array(operands) if operands.is_empty() => return refused(path, "Empty arrays are not allowed"),
        Value::Array(operands) => operands.as_slice(),
        one => std::slice::from_ref(one),
    };
    let test = |operand| match text_test(operator, operand, path)? {
        Some(test) => Ok(test),
        None => refused(path, format!("Unsupported anything-but pattern: {operator}")),
    };
    operands.iter().map(test).collect::<Parsed<_>>().map(Condition::AnythingButText)
}

/// One comparison, or a lower and an upper bound.
fn numeric(operand: &Value, path: &[String]) -> Parsed<Vec<(Comparison, f64)>> {
    let Value::Array(parts) = operand else {
        return refused(path, "Value of numeric must be an array.");
    };
    let bounds = parts.chunks(2).map(|pair| bound(pair, path)).collect::<Parsed<Vec<_>>>()?;
    match bounds.as_slice() {
        [] => refused(path, "Invalid member in numeric match: it must not be empty"),
        [_] => Ok(bounds),
        [(low, least), (high, most)] => {
            let is_range = low.is_lower_bound() && !high.is_lower_bound() && *high != Comparison::Equal;
            if is_range && least < most { Ok(bounds) } else { refused(path, "Bottom must be less than top") }
        }
        _ => refused(path, "Too many elements in numeric expression"),
    }
}

fn bound(pair: &[Value], path: &[String]) -> Parsed<(Comparison, f64)> {
    let [Value::String(comparison), value @ Value::Number(_)] = pair else {
        return refused(path, "Invalid member in numeric match: it needs a comparison and a number");
    };
    let Some(comparison) = Comparison::parse(comparison) else {
        return refused(path, format!("Unrecognized numeric range operator: {comparison}"));
    };
    match plain(value, path)? {
        Plain::Number(number) => Ok((comparison, number)),
        _ => refused(path, format!("{value} is not a number")),
    }
}
