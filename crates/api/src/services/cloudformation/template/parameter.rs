//! Parameters of templates.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{function::text, invalid};
use crate::ApiError;

/// A parameter as the template declares it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in super::super) struct Parameter {
    pub(in super::super) name: String,
    pub(in super::super) kind: String,
    pub(in super::super) default: Option<String>,
    pub(in super::super) description: Option<String>,
    /// The value is a secret: it is never shown.
    pub(in super::super) no_echo: bool,
    pub(in super::super) allowed: Vec<String>,
    constraint: Option<String>,
    lengths: [Option<usize>; 2],
    range: [Option<f64>; 2],
    pattern: Option<String>,
}

/// A parameter as a request gives it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in super::super) struct Given {
    pub(in super::super) parameter_key: String,
    pub(in super::super) parameter_value: Option<String>,
    pub(in super::super) use_previous_value: bool,
}

/// The values of parameters, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) struct Values(pub(in super::super) BTreeMap<String, Held>);

/// The value of a parameter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) struct Held {
    pub(in super::super) value: String,
    pub(in super::super) no_echo: bool,
    pub(in super::super) is_list: bool,
}

impl Values {
    /// What `Ref` of a parameter is.
    pub(super) fn value(&self, name: &str) -> Option<Value> {
        let held = self.0.get(name)?;
        if !held.is_list {
            return Some(Value::String(held.value.clone()));
        }
        let parts = held.value.split(',').map(str::trim).filter(|part| !part.is_empty());
        Some(parts.map(str::to_owned).collect())
    }
}

impl Parameter {
    pub(super) fn read(name: &str, value: &Value) -> Result<Self, ApiError> {
        let member = |member: &str| value.get(member).and_then(text);
        let number = |name: &str| member(name).and_then(|text| text.parse().ok());
        let missing =
            || invalid(format!("Template format error: Every Parameters object must contain a Type member. ({name})"));
        let kind = member("Type").ok_or_else(missing)?;
        let is_known = ["String", "Number", "CommaDelimitedList"].contains(&kind.as_str())
            || kind.starts_with("AWS::EC2::")
            || kind.starts_with("List<");
        if !is_known {
            return Err(invalid(format!("Template format error: Unrecognized parameter type: {kind}")));
        }
        Ok(Self {
            name: name.to_owned(),
            kind,
            default: member("Default"),
            description: member("Description"),
            no_echo: member("NoEcho").is_some_and(|text| text.eq_ignore_ascii_case("true")),
            allowed: value
                .get("AllowedValues")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(text)
                .collect(),
            constraint: member("ConstraintDescription"),
            lengths: [number("MinLength"), number("MaxLength")].map(|length| length.map(whole)),
            range: [number("MinValue"), number("MaxValue")],
            pattern: member("AllowedPattern"),
        })
    }

    fn is_list(&self) -> bool {
        self.kind == "CommaDelimitedList" || self.kind.starts_with("List<")
    }

    fn check(&self, value: &str) -> Result<(), ApiError> {
        let name = &self.name;
        let refused = |rule: String| {
            let rule = match &self.constraint {
                Some(constraint) => format!("Parameter {name} failed to satisfy constraint: {constraint}"),
                None => rule,
            };
            Err(invalid(rule))
        };
        let parts: Vec<&str> = if self.is_list() { value.split(',').map(str::trim).collect() } else { vec![value] };
        if !self.allowed.is_empty() && parts.iter().any(|part| !self.allowed.iter().any(|allowed| allowed == part)) {
            return match &self.constraint {
                Some(_) => refused(String::new()),
                None => Err(invalid(format!("Parameter '{name}' must be one of AllowedValues"))),
            };
        }
        let is_number = self.kind == "Number" || self.kind == "List<Number>";
        for part in parts {
            let number = part.parse::<f64>().ok().filter(|number| number.is_finite());
            if is_number && number.is_none() {
                return Err(invalid(format!("Parameter '{name}' must be a number.")));
            }
            let [least, most] = self.range;
            if let (Some(least), Some(number)) = (least, number.filter(|_| is_number))
                && number < least
            {
                return refused(format!("Parameter '{name}' must be a number not less than {least}"));
            }
            if let (Some(most), Some(number)) = (most, number.filter(|_| is_number))
                && number > most
            {
                return refused(format!("Parameter '{name}' must be a number not greater than {most}"));
            }
        }
        let [least, most] = self.lengths;
        if least.is_some_and(|least| value.chars().count() < least) {
            return refused(format!(
                "Parameter '{name}' must contain at least {} characters",
                least.unwrap_or_default()
            ));
        }
        if most.is_some_and(|most| value.chars().count() > most) {
            return refused(format!("Parameter '{name}' must contain at most {} characters", most.unwrap_or_default()));
        }
        match &self.pattern {
            Some(pattern) if !matches(pattern, value)? => {
                refused(format!("Parameter '{name}' must match pattern {pattern}"))
            }
            _ => Ok(()),
        }
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a length: what is no whole number is cut")]
fn whole(number: f64) -> usize {
    number as usize
}

/// The whole value must match, as with Java's `matches`.
fn matches(pattern: &str, value: &str) -> Result<bool, ApiError> {
    let regex = regex::RegexBuilder::new(&format!("^(?:{pattern})$")).size_limit(1 << 20).build();
    let regex = regex.map_err(|_| {
        invalid(format!(
            "Template format error: the AllowedPattern {pattern} is not a regular expression that Weir can match"
        ))
    })?;
    Ok(regex.is_match(value))
}

impl Values {
    /// The values that a request gives, those that the stack has where it says so, and the defaults of the rest.
    ///
    /// # Errors
    /// When one is missing, breaks its rule, or is no parameter.
    pub(in super::super) fn of(
        parameters: &BTreeMap<String, Parameter>,
        given: &[Given],
        previous: &Self,
    ) -> Result<Self, ApiError> {
        let names = |list: Vec<&String>| list.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let unknown: Vec<&String> =
            given.iter().map(|given| &given.parameter_key).filter(|name| !parameters.contains_key(*name)).collect();
        if !unknown.is_empty() {
            return Err(invalid(format!("Parameters: [{}] do not exist in the template", names(unknown))));
        }
        let mut values = BTreeMap::new();
        let mut missing = Vec::new();
        for (name, parameter) in parameters {
            let given = given.iter().find(|given| given.parameter_key == *name);
            let value = match given {
                Some(given) if given.use_previous_value => previous.0.get(name).map(|held| held.value.clone()),
                Some(given) => given.parameter_value.clone(),
                None => parameter.default.clone(),
            };
            match value {
                None => missing.push(name),
                Some(value) => {
                    parameter.check(&value)?;
                    let held = Held { value, no_echo: parameter.no_echo, is_list: parameter.is_list() };
                    values.insert(name.clone(), held);
                }
            }
        }
        if !missing.is_empty() {
            return Err(invalid(format!("Parameters: [{}] must have values", names(missing))));
        }
        Ok(Self(values))
    }
}
