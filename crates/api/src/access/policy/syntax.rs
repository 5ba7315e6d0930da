//! From the text of a document to a policy, with AWS's words for what is wrong with it.
//!
//! AWS looks in this order: the form of the whole, its version, what old parsers refuse, ids of statements, actions,
//! resources.

use serde_json::{Map, Value};

use super::{
    Condition, Effect, Listed, Pattern, Policy, PolicyError, PolicyKind, ResourcePattern, Statement, Who,
    condition::Operator,
};

const PARTITIONS: [&str; 5] = ["aws", "aws-cn", "aws-us-gov", "aws-iso", "*"];
/// What a name in an ARN of IAM begins with.
const IAM_PATHS: [&str; 13] = [
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
];

pub(super) fn parse(text: &str, kind: PolicyKind) -> Result<Policy, PolicyError> {
    let document: Value = serde_json::from_str(text).map_err(|_| syntax())?;
    let document = object(&document, &["Version", "Id", "Statement"])?;
    let version = optional_text(document, "Version")?;
    optional_text(document, "Id")?;
    let variables = match version {
        Some("2012-10-17") => true,
        Some("2008-10-17") | None => false,
        Some(_) => return Err(syntax()),
    };
    let drafts = match document.get("Statement").ok_or_else(syntax)? {
        Value::Array(statements) if statements.is_empty() => return Err(syntax()),
        Value::Array(statements) => statements.iter().map(Draft::of).collect::<Result<Vec<_>, _>>()?,
        statement => vec![Draft::of(statement)?],
    };
    if kind == PolicyKind::Identity && !variables {
        return Err(error("Policy document must be version 2012-10-17 or greater."));
    }
    for draft in &drafts {
        draft.check_old_parsers()?;
    }
    check_ids(&drafts)?;
    for check in [Draft::check_presence, Draft::check_resources, Draft::check_actions] {
        for draft in &drafts {
            check(draft, kind)?;
        }
    }
    let statements = drafts.iter().map(|draft| draft.finish(variables)).collect::<Result<_, _>>()?;
    Ok(Policy { statements })
}

/// A condition as it is stated: its operator, its key, its values.
type Stated<'a> = (Operator, &'a str, Vec<String>);

/// A statement whose form is right.
struct Draft<'a> {
    sid: Option<&'a str>,
    effect: &'a str,
    actions: Option<Listed<&'a str>>,
    resources: Option<Listed<&'a str>>,
    principals: Option<(&'a Value, bool)>,
    conditions: Vec<Stated<'a>>,
}

impl<'a> Draft<'a> {
    fn of(statement: &'a Value) -> Result<Self, PolicyError> {
        const MEMBERS: [&str; 9] = [
            "Sid",
            "Effect",
            "Action",
            "NotAction",
            "Resource",
            "NotResource",
            "Principal",
            "NotPrincipal",
            "Condition",
        ];
        let statement = object(statement, &MEMBERS)?;
        let effect = optional_text(statement, "Effect")?.ok_or_else(syntax)?;
        if !effect.eq_ignore_ascii_case("allow") && !effect.eq_ignore_ascii_case("deny") {
            return Err(syntax());
        }
        let principals = match (statement.get("Principal"), statement.get("NotPrincipal")) {
            (Some(_), Some(_)) => return Err(syntax()),
            (Some(value), None) => Some((value, false)),
            (None, Some(value)) => Some((value, true)),
            (None, None) => None,
        };
        Ok(Self {
            sid: optional_text(statement, "Sid")?,
            effect,
            actions: listed(statement, "Action", "NotAction")?,
            resources: listed(statement, "Resource", "NotResource")?,
            principals,
            conditions: statement.get("Condition").map_or(Ok(Vec::new()), conditions)?,
        })
    }

    /// What AWS refuses without saying where.
    fn check_old_parsers(&self) -> Result<(), PolicyError> {
        let lacks_parts = |arn: &&str| {
            let parts: Vec<&str> = arn.split(':').collect();
            let is_short =
                matches!(parts.as_slice(), ["arn", "aws", "s3" | "iam", _] | ["arn", "aws", "s3" | "iam", _, _]);
            is_short || (parts.len() > 2 && parts.starts_with(&["arn", "aws", ""]))
        };
        let arns = self.resources.as_ref().map_or(&[][..], Listed::items);
        let is_date_wrong =
            |(operator, key, values): &Stated<'_>| Condition::parse(*operator, key, values, true).is_none();
        let is_wrong = !matches!(self.effect, "Allow" | "Deny")
            || arns.iter().any(lacks_parts)
            || self.conditions.iter().any(is_date_wrong);
        if is_wrong { Err(error("The policy failed legacy parsing")) } else { Ok(()) }
    }

    fn check_presence(&self, kind: PolicyKind) -> Result<(), PolicyError> {
        match (kind, self.principals) {
            (PolicyKind::Identity | PolicyKind::Session, Some(_)) => {
                return Err(error("Policy document should not specify a principal."));
            }
            (PolicyKind::Trust | PolicyKind::Resource, None) => return Err(error("Missing required field Principal")),
            _ => {}
        }
        if self.actions.as_ref().is_none_or(|actions| actions.items().is_empty()) {
            return Err(error("Policy statement must contain actions."));
        }
        match (kind, &self.resources) {
            (PolicyKind::Trust, Some(_)) => Err(error("Has prohibited field Resource")),
            (PolicyKind::Trust, None) => Ok(()),
            (_, Some(resources)) if !resources.items().is_empty() => Ok(()),
            _ => Err(error("Policy statement must contain resources.")),
        }
    }

    fn check_resources(&self, _: PolicyKind) -> Result<(), PolicyError> {
        self.resources.iter().flat_map(Listed::items).try_for_each(|resource| check_resource(resource))
    }

    fn check_actions(&self, kind: PolicyKind) -> Result<(), PolicyError> {
        self.actions.iter().flat_map(Listed::items).try_for_each(|action| check_action(action, kind))
    }

    fn finish(&self, variables: bool) -> Result<Statement, PolicyError> {
        let conditions = self.conditions.iter().map(|(operator, key, values)| {
            Condition::parse(*operator, key, values, variables).ok_or_else(|| error("The policy failed legacy parsing"))
        });
        Ok(Statement {
            effect: if self.effect == "Allow" { Effect::Allow } else { Effect::Deny },
            who: self.principals.map(|(value, negated)| principals(value, negated)).transpose()?,
            actions: self.actions.as_ref().ok_or_else(syntax)?.map(|action| Pattern::action(action)),
            resources: self.resources.as_ref().map(|listed| listed.map(|text| ResourcePattern::parse(text, variables))),
            conditions: conditions.collect::<Result<_, _>>()?,
        })
    }
}

impl<T> Listed<T> {
    fn items(&self) -> &[T] {
        match self {
            Self::These(items) | Self::AllBut(items) => items,
        }
    }

    fn map<U>(&self, make: impl Fn(&T) -> U) -> Listed<U> {
        match self {
            Self::These(items) => Listed::These(items.iter().map(make).collect()),
            Self::AllBut(items) => Listed::AllBut(items.iter().map(make).collect()),
        }
    }
}

fn check_ids(drafts: &[Draft<'_>]) -> Result<(), PolicyError> {
    let mut ids: Vec<&str> = drafts.iter().filter_map(|draft| draft.sid).filter(|sid| !sid.is_empty()).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() == all { Ok(()) } else { Err(error("Statement IDs (SID) in a single policy must be unique.")) }
}

fn check_action(action: &str, kind: PolicyKind) -> Result<(), PolicyError> {
    if action == "*" {
        return Ok(());
    }
    let parts: Vec<&str> = action.split(':').collect();
    let vendor = match parts.as_slice() {
        [vendor, _] => vendor,
        [_] => return Err(error("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")),
        _ => return Err(error("Actions/Condition can contain only one colon.")),
    };
    let is_odd = |letter: char| !letter.is_ascii_alphanumeric() && !"-.*?".contains(letter);
    if vendor.is_empty() || vendor.contains(is_odd) {
        return Err(PolicyError(format!("Vendor {vendor} is not valid")));
    }
    if kind == PolicyKind::Trust && !vendor.eq_ignore_ascii_case("sts") {
        return Err(error("AssumeRole policy may only specify STS AssumeRole actions."));
    }
    Ok(())
}

fn check_resource(resource: &str) -> Result<(), PolicyError> {
    if resource == "*" {
        return Ok(());
    }
    let Some((_, rest)) = resource.split_once(':') else {
        return Err(PolicyError(format!("Resource {resource} must be in ARN format or \"*\".")));
    };
    let mut parts: Vec<&str> = rest.splitn(5, ':').collect();
    let partition = parts[0];
    if !PARTITIONS.contains(&partition) {
        parts.resize(5, "*");
        let shown = parts.join(":");
        return Err(PolicyError(format!("Partition \"{partition}\" is not valid for resource \"arn:{shown}\".")));
    }
    match parts.get(1) {
        None => return Err(error("Resource vendor must be fully qualified and cannot contain regexes.")),
        Some(vendor) if vendor.contains(['*', '?']) => {
            return Err(error("Resource vendor must be fully qualified and cannot contain regexes."));
        }
        _ => {}
    }
    let region = parts.get(2).copied().unwrap_or_default();
    match (parts[1], region, parts.get(4)) {
        ("iam", "" | "*", Some(path)) if *path != "*" && !IAM_PATHS.iter().any(|start| path.starts_with(start)) => {
            let paths = IAM_PATHS.join(", ");
            Err(PolicyError(format!("IAM resource path must either be \"*\" or start with {paths}.")))
        }
        ("iam", "" | "*", _) | ("s3", "" | "*", _) => Ok(()),
        ("s3", _, Some(path)) if path.starts_with("accesspoint/") => Ok(()),
        ("iam", _, _) => Err(PolicyError(format!("IAM resource {resource} cannot contain region information."))),
        ("s3", _, _) => Err(PolicyError(format!("Resource {resource} can not contain region information."))),
        _ => Ok(()),
    }
}

/// `"*"`, or `{"AWS": …, "Service": …}`.
fn principals(value: &Value, negated: bool) -> Result<Listed<Who>, PolicyError> {
    let mut who = Vec::new();
    match value {
        Value::String(text) if text == "*" => who.push(Who::Anyone),
        Value::Object(kinds) if !kinds.is_empty() => {
            for (kind, values) in kinds {
                for text in texts(values)? {
                    who.push(principal(kind, text)?);
                }
            }
        }
        _ => return Err(syntax()),
    }
    Ok(if negated { Listed::AllBut(who) } else { Listed::These(who) })
}

fn principal(kind: &str, text: &str) -> Result<Who, PolicyError> {
    let invalid = || PolicyError(format!("Invalid principal in policy: \"{kind}\":\"{text}\""));
    match kind {
        "AWS" => Who::aws(text).ok_or_else(invalid),
        "Service" if text.contains('.') && !text.contains(char::is_whitespace) => Ok(Who::Service(text.to_owned())),
        "Service" => Err(invalid()),
        "Federated" => Ok(Who::Federated(text.to_owned())),
        "CanonicalUser" => Ok(Who::Canonical(text.to_owned())),
        _ => Err(syntax()),
    }
}

/// The block of conditions: an operator's name, then a key, then its values. An empty block may have any name.
fn conditions(value: &Value) -> Result<Vec<Stated<'_>>, PolicyError> {
    let mut conditions = Vec::new();
    for (name, block) in value.as_object().ok_or_else(syntax)? {
        for (key, values) in block.as_object().ok_or_else(syntax)? {
            let operator = Operator::parse(name).ok_or_else(syntax)?;
            conditions.push((operator, key.as_str(), values_of(values)?));
        }
    }
    Ok(conditions)
}

fn values_of(value: &Value) -> Result<Vec<String>, PolicyError> {
    match value {
        Value::Array(values) => values.iter().map(scalar).collect(),
        value => Ok(vec![scalar(value)?]),
    }
}

fn scalar(value: &Value) -> Result<String, PolicyError> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        _ => Err(syntax()),
    }
}

fn listed<'a>(
    from: &'a Map<String, Value>,
    these: &str,
    all_but: &str,
) -> Result<Option<Listed<&'a str>>, PolicyError> {
    match (from.get(these), from.get(all_but)) {
        (Some(_), Some(_)) => Err(syntax()),
        (Some(value), None) => Ok(Some(Listed::These(texts(value)?))),
        (None, Some(value)) => Ok(Some(Listed::AllBut(texts(value)?))),
        (None, None) => Ok(None),
    }
}

fn texts(value: &Value) -> Result<Vec<&str>, PolicyError> {
    match value {
        Value::String(text) => Ok(vec![text]),
        Value::Array(values) => values.iter().map(|value| value.as_str().ok_or_else(syntax)).collect(),
        _ => Err(syntax()),
    }
}

fn object<'a>(value: &'a Value, members: &[&str]) -> Result<&'a Map<String, Value>, PolicyError> {
    let object = value.as_object().ok_or_else(syntax)?;
    if object.keys().all(|name| members.contains(&name.as_str())) { Ok(object) } else { Err(syntax()) }
}

fn optional_text<'a>(from: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, PolicyError> {
    from.get(name).map(|value| value.as_str().ok_or_else(syntax)).transpose()
}

fn syntax() -> PolicyError {
    error("Syntax errors in policy.")
}

fn error(text: &str) -> PolicyError {
    PolicyError(text.to_owned())
}
