//! The functions of templates.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

use super::{Template, Values, condition, invalid, references};
use crate::ApiError;

/// Longest text that a function gives, in bytes.
const LONGEST: usize = super::read::LONGEST;

/// What is around a template: the stack, and what other stacks export.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct World {
    pub(in super::super) account: String,
    pub(in super::super) region: String,
    pub(in super::super) stack_id: String,
    pub(in super::super) stack_name: String,
    pub(in super::super) notification_arns: Vec<String>,
    /// By the name of the export.
    pub(in super::super) exports: BTreeMap<String, String>,
}

/// Gives what `Ref` or `Fn::GetAtt` of a resource is.
pub(in super::super) type Lookup<'a> = &'a dyn Fn(&str, Option<&str>) -> Result<Value, ApiError>;

/// Where functions are evaluated.
#[derive(Clone, Copy)]
pub(in super::super) struct Scope<'a> {
    pub(in super::super) template: &'a Template,
    pub(in super::super) world: &'a World,
    pub(in super::super) values: &'a Values,
    pub(in super::super) lookup: Lookup<'a>,
}

impl Scope<'_> {
    /// A tree with its functions evaluated; none of `AWS::NoValue`.
    ///
    /// # Errors
    /// What is wrong with a function, in the words of CloudFormation.
    pub(in super::super) fn resolve(&self, value: &Value) -> Result<Option<Value>, ApiError> {
        match value {
            Value::Array(items) => {
                let resolved: Result<Vec<Option<Value>>, ApiError> =
                    items.iter().map(|item| self.resolve(item)).collect();
                Ok(Some(resolved?.into_iter().flatten().collect()))
            }
            Value::Object(members) => match only(members) {
                Some((name, argument)) => self.function(name, argument),
                None => self.resolve_each(members).map(|members| Some(Value::Object(members))),
            },
            leaf => Ok(Some(leaf.clone())),
        }
    }

    fn resolve_each(&self, members: &Map<String, Value>) -> Result<Map<String, Value>, ApiError> {
        let resolve = |(name, value): (&String, &Value)| Ok(self.resolve(value)?.map(|value| (name.clone(), value)));
        members.iter().map(resolve).filter_map(Result::transpose).collect()
    }

    fn function(&self, name: &str, argument: &Value) -> Result<Option<Value>, ApiError> {
        let done = match name {
            "Ref" => return self.reference(argument),
            "Fn::If" => return self.choose(argument),
            "Fn::GetAtt" => {
                let (resource, attribute) = references::attribute(argument).ok_or_else(|| malformed(name))?;
                (self.lookup)(&resource, attribute.as_deref())?
            }
            "Fn::Sub" => Value::String(self.substitute(argument)?),
            "Fn::Join" => {
                let [delimiter, list] = self.two(name, argument)?;
                let parts = texts(name, &list)?;
                Value::String(parts.join(delimiter.as_str().ok_or_else(|| malformed(name))?))
            }
            "Fn::Split" => {
                let [delimiter, text] = self.two(name, argument)?;
                let (Some(delimiter), Some(text)) = (delimiter.as_str(), text.as_str()) else {
                    return Err(malformed(name));
                };
                text.split(delimiter).map(str::to_owned).collect()
            }
            "Fn::Select" => {
                let [index, list] = self.two(name, argument)?;
                let list = as_list(list);
                let index =
                    text(&index).and_then(|index| index.parse::<usize>().ok()).ok_or_else(|| malformed(name))?;
                let selected = list.get(index).cloned();
                selected.ok_or_else(|| {
                    invalid(format!("Template error: Fn::Select cannot select nonexistent value at index {index}"))
                })?
            }
            "Fn::Base64" => {
                let text = self.resolve(argument)?.as_ref().and_then(text).ok_or_else(|| malformed(name))?;
                Value::String(STANDARD.encode(text))
            }
            "Fn::GetAZs" => {
                let region = self.resolve(argument)?.as_ref().and_then(text).filter(|region| !region.is_empty());
                let region = region.unwrap_or_else(|| self.world.region.clone());
                ["a", "b", "c"].iter().map(|zone| format!("{region}{zone}")).collect()
            }
            "Fn::FindInMap" => self.find_in_map(argument)?,
            "Fn::ImportValue" => {
                let export = self.resolve(argument)?.as_ref().and_then(text).ok_or_else(|| malformed(name))?;
                let value = self.world.exports.get(&export).cloned();
                Value::String(value.ok_or_else(|| invalid(format!("No export named {export} found.")))?)
            }
            _ => {
                return match condition::evaluate(self, name, argument) {
                    Some(holds) => Ok(Some(Value::Bool(holds?))),
                    None if name.starts_with("Fn::") => {
                        Err(invalid(format!("Template error: Weir has no function {name}")))
                    }
                    None => {
                        let resolved = self.resolve(argument)?;
                        Ok(Some(Value::Object(resolved.map(|value| (name.to_owned(), value)).into_iter().collect())))
                    }
                };
            }
        };
        match &done {
            Value::String(text) if text.len() > LONGEST => Err(too_long(name)),
            _ => Ok(Some(done)),
        }
    }

    fn reference(&self, argument: &Value) -> Result<Option<Value>, ApiError> {
        let name = argument.as_str().ok_or_else(|| malformed("Ref"))?;
        let world = self.world;
        let text = |value: &str| Ok(Some(Value::String(value.to_owned())));
        match name {
            "AWS::NoValue" => Ok(None),
            "AWS::AccountId" => text(&world.account),
            "AWS::Region" => text(&world.region),
            "AWS::StackId" => text(&world.stack_id),
            "AWS::StackName" => text(&world.stack_name),
            "AWS::Partition" => text("aws"),
            "AWS::URLSuffix" => text("amazonaws.com"),
            "AWS::NotificationARNs" => Ok(Some(world.notification_arns.iter().cloned().collect())),
            name => match self.values.value(name) {
                Some(value) => Ok(Some(value)),
                None => (self.lookup)(name, None).map(Some),
            },
        }
    }

    fn choose(&self, argument: &Value) -> Result<Option<Value>, ApiError> {
        let parts = argument.as_array().map(Vec::as_slice);
        let Some([Value::String(name), then, otherwise]) = parts else { return Err(malformed("Fn::If")) };
        self.resolve(if self.holds(name)? { then } else { otherwise })
    }

    /// Whether a condition of the template holds.
    ///
    /// # Errors
    /// When there is none of this name.
    pub(in super::super) fn holds(&self, name: &str) -> Result<bool, ApiError> {
        condition::named(self, name)
    }

    fn substitute(&self, argument: &Value) -> Result<String, ApiError> {
        let (template, own) = match argument {
            Value::String(text) => (text.as_str(), None),
            Value::Array(parts) => match parts.as_slice() {
                [Value::String(text), Value::Object(own)] => (text.as_str(), Some(own)),
                _ => return Err(malformed("Fn::Sub")),
            },
            _ => return Err(malformed("Fn::Sub")),
        };
        // Each is evaluated once, however often it is named.
        let own = own.map(|own| self.resolve_each(own)).transpose()?.unwrap_or_default();
        let mut parts = template.split("${");
        let mut done = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let Some((name, rest)) = part.split_once('}') else { return Err(malformed("Fn::Sub")) };
            match name.strip_prefix('!') {
                Some(literal) => done.push_str(&format!("${{{literal}}}")),
                None => done.push_str(&self.hole(name, &own)?),
            }
            done.push_str(rest);
            if done.len() > LONGEST {
                return Err(too_long("Fn::Sub"));
            }
        }
        Ok(done)
    }

    fn hole(&self, name: &str, own: &Map<String, Value>) -> Result<String, ApiError> {
        let value = match (own.get(name), name.split_once('.')) {
            (Some(value), _) => Some(value.clone()),
            (None, Some((resource, attribute))) => Some((self.lookup)(resource, Some(attribute))?),
            (None, None) => self.reference(&Value::String(name.to_owned()))?,
        };
        let is_text =
            || invalid(format!("Template error: variable {name} in Fn::Sub expression does not resolve to a string"));
        value.as_ref().and_then(text).ok_or_else(is_text)
    }

    fn find_in_map(&self, argument: &Value) -> Result<Value, ApiError> {
        let resolved = self.resolve(argument)?.unwrap_or_default();
        let keys: Vec<String> = resolved.as_array().into_iter().flatten().filter_map(text).collect();
        let [map, first, second] = keys.as_slice() else { return Err(malformed("Fn::FindInMap")) };
        let found = self.template.mappings.get(map).and_then(|map| map.get(first)?.get(second)).cloned();
        found.ok_or_else(|| invalid(format!("Template error: Unable to get mapping for {map}::{first}::{second}")))
    }

    fn two(&self, name: &str, argument: &Value) -> Result<[Value; 2], ApiError> {
        let parts = argument.as_array().map(Vec::as_slice);
        let Some([first, second]) = parts else { return Err(malformed(name)) };
        let resolve = |value| self.resolve(value).map(Option::unwrap_or_default);
        Ok([resolve(first)?, resolve(second)?])
    }
}

fn too_long(name: &str) -> ApiError {
    invalid(format!("Template error: {name} gives more than {LONGEST} bytes"))
}

fn malformed(name: &str) -> ApiError {
    invalid(format!("Template error: every {name} object must have the arguments of that function"))
}

/// The only member, if it may be a function.
fn only(members: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (name, value) = members.iter().next().filter(|_| members.len() == 1)?;
    (name == "Ref" || name == "Condition" && value.is_string() || name.starts_with("Fn::")).then_some((name, value))
}

/// A leaf as text.
pub(in super::super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(bool) => Some(bool.to_string()),
        _ => None,
    }
}

/// A list; a text with commas is one as well.
fn as_list(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        Value::String(text) => text.split(',').map(|part| Value::from(part.trim())).collect(),
        _ => Vec::new(),
    }
}

fn texts(name: &str, list: &Value) -> Result<Vec<String>, ApiError> {
    let items = list.as_array().ok_or_else(|| malformed(name))?;
    items.iter().map(|item| text(item).ok_or_else(|| malformed(name))).collect()
}
