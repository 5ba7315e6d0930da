//! Conditions of statements.

use std::{cmp::Ordering, net::IpAddr};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use ipnet::IpNet;

use super::{
    date,
    pattern::{Pattern, Signs},
    resource::ResourcePattern,
};
use crate::access::Context;

/// One key of an operator's block.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Condition {
    operator: Operator,
    key: String,
    wanted: Wanted,
}

/// An operator by its name: `ForAnyValue:StringNotLikeIfExists`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Operator {
    set: Option<Set>,
    test: Test,
    /// `…Not…`: holds when nothing fits.
    negated: bool,
    if_exists: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Set {
    All,
    Any,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Test {
    String,
    StringIgnoreCase,
    StringLike,
    Numeric(Comparison),
    Date(Comparison),
    Bool,
    Binary,
    Ip,
    Arn,
    Null,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// The values of a condition, as its operator takes them.
#[derive(Debug, Clone, PartialEq)]
enum Wanted {
    Texts(Vec<Pattern>),
    Numbers(Vec<f64>),
    Dates(Vec<i64>),
    Flags(Vec<bool>),
    Bytes(Vec<Vec<u8>>),
    Networks(Vec<IpNet>),
    Arns(Vec<ResourcePattern>),
}

impl Operator {
    /// None if AWS has no such operator.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let (set, name) = match name.split_once(':') {
            Some(("ForAllValues", name)) => (Some(Set::All), name),
            Some(("ForAnyValue", name)) => (Some(Set::Any), name),
            Some(_) => return None,
            None => (None, name),
        };
        let (name, if_exists) = name.strip_suffix("IfExists").map_or((name, false), |name| (name, true));
        let (test, negated) = test(name)?;
        (test != Test::Null || !if_exists).then_some(Self { set, test, negated, if_exists })
    }
}

fn test(name: &str) -> Option<(Test, bool)> {
    Some(match name {
        "StringEquals" => (Test::String, false),
        "StringNotEquals" => (Test::String, true),
        "StringEqualsIgnoreCase" => (Test::StringIgnoreCase, false),
        "StringNotEqualsIgnoreCase" => (Test::StringIgnoreCase, true),
        "StringLike" => (Test::StringLike, false),
        "StringNotLike" => (Test::StringLike, true),
        "Bool" => (Test::Bool, false),
        "BinaryEquals" => (Test::Binary, false),
        "IpAddress" => (Test::Ip, false),
        "NotIpAddress" => (Test::Ip, true),
        "ArnEquals" | "ArnLike" => (Test::Arn, false),
        "ArnNotEquals" | "ArnNotLike" => (Test::Arn, true),
        "Null" => (Test::Null, false),
        _ => match (name.strip_prefix("Numeric"), name.strip_prefix("Date")) {
            (Some(rest), _) => comparison(rest).map(|(comparison, negated)| (Test::Numeric(comparison), negated))?,
            (_, Some(rest)) => comparison(rest).map(|(comparison, negated)| (Test::Date(comparison), negated))?,
            _ => return None,
        },
    })
}

fn comparison(name: &str) -> Option<(Comparison, bool)> {
    Some(match name {
        "Equals" => (Comparison::Equal, false),
        "NotEquals" => (Comparison::Equal, true),
        "LessThan" => (Comparison::Less, false),
        "LessThanEquals" => (Comparison::LessOrEqual, false),
        "GreaterThan" => (Comparison::Greater, false),
        "GreaterThanEquals" => (Comparison::GreaterOrEqual, false),
        _ => return None,
    })
}

impl Comparison {
    fn holds(self, ordering: Option<Ordering>) -> bool {
        match self {
            Self::Equal => ordering == Some(Ordering::Equal),
            Self::Less => ordering == Some(Ordering::Less),
            Self::LessOrEqual => matches!(ordering, Some(Ordering::Less | Ordering::Equal)),
            Self::Greater => ordering == Some(Ordering::Greater),
            Self::GreaterOrEqual => matches!(ordering, Some(Ordering::Greater | Ordering::Equal)),
        }
    }
}

impl Condition {
    /// None if a value is none that the operator takes.
    pub(super) fn parse(operator: Operator, key: &str, values: &[String], variables: bool) -> Option<Self> {
        let wanted = Wanted::parse(operator.test, values, variables)?;
        Some(Self { operator, key: key.to_owned(), wanted })
    }

    pub(super) fn holds(&self, context: &Context) -> bool {
        let Operator { set, test, negated, if_exists } = self.operator;
        let values = context.get(&self.key).filter(|values| !values.is_empty());
        if let (Test::Null, Wanted::Flags(wanted)) = (test, &self.wanted) {
            return wanted.contains(&values.is_none());
        }
        let Some(values) = values else {
            return if_exists || set == Some(Set::All) || (set.is_none() && negated);
        };
        let mut each = values.iter().map(|value| self.fits(value, context) != negated);
        match set {
            Some(Set::Any) => each.any(|holds| holds),
            Some(Set::All) => each.all(|holds| holds),
            None if negated => each.all(|holds| holds),
            None => each.any(|holds| holds),
        }
    }

    /// Whether a value of the request is one of those wanted.
    fn fits(&self, value: &str, context: &Context) -> bool {
        match (&self.wanted, self.operator.test) {
            (Wanted::Texts(wanted), Test::StringIgnoreCase) => {
                wanted.iter().any(|text| text.fits_any_case(value, context))
            }
            (Wanted::Texts(wanted), _) => wanted.iter().any(|text| text.fits(value, context)),
            (Wanted::Numbers(wanted), Test::Numeric(comparison)) => value
                .parse::<f64>()
                .is_ok_and(|value| wanted.iter().any(|other| comparison.holds(value.partial_cmp(other)))),
            (Wanted::Dates(wanted), Test::Date(comparison)) => date::parse(value)
                .is_some_and(|value| wanted.iter().any(|other| comparison.holds(Some(value.cmp(other))))),
            (Wanted::Flags(wanted), _) => flag(value).is_some_and(|value| wanted.contains(&value)),
            (Wanted::Bytes(wanted), _) => BASE64_STANDARD.decode(value).is_ok_and(|value| wanted.contains(&value)),
            (Wanted::Networks(wanted), _) => {
                value.parse::<IpAddr>().is_ok_and(|value| wanted.iter().any(|network| network.contains(&value)))
            }
            (Wanted::Arns(wanted), _) => wanted.iter().any(|arn| arn.fits(value, context)),
            (Wanted::Numbers(_) | Wanted::Dates(_), _) => false,
        }
    }
}

impl Wanted {
    fn parse(test: Test, values: &[String], variables: bool) -> Option<Self> {
        let texts = |wildcards| {
            let signs = Signs { wildcards, variables };
            Self::Texts(values.iter().map(|value| Pattern::parse(value, signs)).collect())
        };
        Some(match test {
            Test::String | Test::StringIgnoreCase => texts(false),
            Test::StringLike => texts(true),
            Test::Numeric(_) => Self::Numbers(all(values, |value| value.trim().parse().ok())?),
            Test::Date(_) => Self::Dates(all(values, date::parse)?),
            Test::Bool | Test::Null => Self::Flags(all(values, flag)?),
            Test::Binary => Self::Bytes(all(values, |value| BASE64_STANDARD.decode(value).ok())?),
            Test::Ip => Self::Networks(all(values, network)?),
            Test::Arn => Self::Arns(values.iter().map(|value| ResourcePattern::parse(value, variables)).collect()),
        })
    }
}

fn all<T>(values: &[String], parse: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    values.iter().map(|value| parse(value)).collect()
}

fn flag(value: &str) -> Option<bool> {
    value.to_ascii_lowercase().parse().ok()
}

/// An address, or addresses that begin alike.
fn network(value: &str) -> Option<IpNet> {
    value.parse().ok().or_else(|| value.parse::<IpAddr>().ok().map(IpNet::from))
}
