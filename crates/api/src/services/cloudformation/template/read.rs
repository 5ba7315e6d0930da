//! A template's text, in JSON or YAML, to one tree.

use saphyr::{LoadableYamlNode as _, Scalar, Yaml};
use saphyr_parser::{Event, Parser};
use serde_json::{Map, Number, Value};

/// Longest template in a request. Source: the quotas of CloudFormation.
pub(super) const LONGEST: usize = 1 << 20;
/// A template nests no deeper.
const DEEPEST: usize = 64;

/// The tree of a template, with the short forms of functions written out.
///
/// # Errors
/// Where the text is neither JSON nor YAML, in the words of CloudFormation.
pub(super) fn read(text: &str) -> Result<Value, String> {
    if text.len() > LONGEST {
        return Err(format!("Template may not exceed {LONGEST} bytes in size."));
    }
    if text.trim_start().starts_with('{')
        && let Ok(value) = serde_json::from_str::<Value>(text)
    {
        return Ok(value);
    }
    check_shape(text)?;
    let documents =
        Yaml::load_from_str(text).map_err(|error| format!("Template format error: YAML not well-formed. ({error})"))?;
    let root = documents.first().ok_or("Template format error: the template is empty.")?;
    let value = tree(root)?;
    if value.is_object() { Ok(value) } else { Err("Template format error: unsupported structure.".to_owned()) }
}

/// Refuses aliases and what nests too deep, before a tree is made of it: a tree is walked and dropped by recursion.
fn check_shape(text: &str) -> Result<(), String> {
    let mut depth = 0_usize;
    for event in Parser::new_from_str(text) {
        let (event, _) = event.map_err(|error| format!("Template format error: YAML not well-formed. ({error})"))?;
        match event {
            Event::SequenceStart(..) | Event::MappingStart(..) => depth += 1,
            Event::SequenceEnd | Event::MappingEnd => depth = depth.saturating_sub(1),
            Event::Alias(_) => return Err("Template format error: YAML aliases are not allowed.".to_owned()),
            _ => {}
        }
        if depth > DEEPEST {
            return Err(format!("Template format error: it nests deeper than {DEEPEST} levels."));
        }
    }
    Ok(())
}

fn tree(node: &Yaml<'_>) -> Result<Value, String> {
    match node {
        Yaml::Value(scalar) => Ok(leaf(scalar)),
        Yaml::Representation(text, ..) => Ok(Value::String(text.to_string())),
        Yaml::Sequence(items) => items.iter().map(tree).collect(),
        Yaml::Mapping(members) => {
            let mut map = Map::new();
            for (name, value) in members {
                let name = key(name)?;
                if map.insert(name.clone(), tree(value)?).is_some() {
                    return Err(format!("Template format error: YAML not well-formed. (duplicate key {name})"));
                }
            }
            Ok(Value::Object(map))
        }
        Yaml::Tagged(tag, inner) => {
            let value = tree(inner)?;
            if tag.handle == "!" { short_form(&tag.suffix, value) } else { Ok(value) }
        }
        Yaml::Alias(_) | Yaml::BadValue => Err("Template format error: unsupported structure.".to_owned()),
    }
}

fn key(node: &Yaml<'_>) -> Result<String, String> {
    match tree(node)? {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(bool) => Ok(bool.to_string()),
        _ => Err("Template format error: the key of a mapping is not a text.".to_owned()),
    }
}

fn leaf(scalar: &Scalar<'_>) -> Value {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(value) => Value::Bool(*value),
        Scalar::Integer(value) => Value::from(*value),
        Scalar::FloatingPoint(value) => Number::from_f64(value.0).map_or(Value::Null, Value::Number),
        Scalar::String(value) => Value::String(value.to_string()),
    }
}

/// `!Ref x` is `{"Ref": x}`, `!GetAtt a.b` is `{"Fn::GetAtt": ["a", "b"]}`, and so on.
fn short_form(name: &str, value: Value) -> Result<Value, String> {
    let (name, value) = match name {
        "Ref" | "Condition" => (name.to_owned(), value),
        "GetAtt" => ("Fn::GetAtt".to_owned(), dotted(value)),
        "And" | "Base64" | "Cidr" | "Equals" | "FindInMap" | "GetAZs" | "If" | "ImportValue" | "Join" | "Not"
        | "Or" | "Select" | "Split" | "Sub" | "Transform" => (format!("Fn::{name}"), value),
        other => return Err(format!("Template format error: YAML not well-formed. (unknown tag !{other})")),
    };
    Ok(Value::Object(Map::from_iter([(name, value)])))
}

/// `Resource.Attribute`, where the attribute may have dots.
fn dotted(value: Value) -> Value {
    match value.as_str().and_then(|text| text.split_once('.')) {
        Some((resource, attribute)) => Value::from(vec![resource, attribute]),
        None => value,
    }
}
