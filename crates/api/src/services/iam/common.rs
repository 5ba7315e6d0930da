//! What all operations of IAM have alike: names, paths, tags, pages, and the words of errors.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use ring::error::Unspecified;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::{Value, json};

use crate::{
    ApiError,
    access::{
        directory::Tags,
        policy::{Document, PolicyError, PolicyKind},
    },
};

/// Most tags of anything.
const MOST_TAGS: usize = 50;

pub(super) fn no_such(text: impl Into<String>) -> ApiError {
    ApiError::new("NoSuchEntity", text).with_status(404)
}

pub(super) fn exists(text: impl Into<String>) -> ApiError {
    ApiError::new("EntityAlreadyExists", text).with_status(409)
}

pub(super) fn conflict(text: impl Into<String>) -> ApiError {
    ApiError::new("DeleteConflict", text).with_status(409)
}

pub(super) fn limit(text: impl Into<String>) -> ApiError {
    ApiError::new("LimitExceeded", text).with_status(409)
}

pub(super) fn invalid(text: impl Into<String>) -> ApiError {
    ApiError::new("ValidationError", text)
}

/// The system gave no random numbers.
pub(super) fn no_random(_: Unspecified) -> ApiError {
    ApiError::internal("the system gives no random numbers")
}

impl From<PolicyError> for ApiError {
    fn from(error: PolicyError) -> Self {
        Self::new("MalformedPolicyDocument", error.0)
    }
}

pub(super) fn document(text: &str, kind: PolicyKind) -> Result<Document, ApiError> {
    Ok(Document::parse(text, kind)?)
}

/// A document as IAM gives it: percent-encoded.
pub(super) fn encoded(document: &Document) -> String {
    crate::signature::percent_encoded(document.text())
}

/// A name of letters, digits and `+=,.@_-`.
pub(super) fn check_name(name: &str, member: &str) -> Result<(), ApiError> {
    let is_fine = |letter: char| letter.is_ascii_alphanumeric() || "+=,.@_-".contains(letter);
    if name.chars().all(is_fine) {
        return Ok(());
    }
    Err(invalid(format!(
        "The specified value for {member} is invalid. It must contain only alphanumeric characters and/or the following: \
         +=,.@_-"
    )))
}

/// `/` or `/division/team/`.
pub(super) fn path(path: Option<String>) -> Result<String, ApiError> {
    let path = path.unwrap_or_else(|| "/".to_owned());
    let is_fine = path.starts_with('/')
        && path.ends_with('/')
        && path.len() <= 512
        && path.bytes().all(|byte| (0x21..=0x7e).contains(&byte));
    if is_fine {
        return Ok(path);
    }
    Err(invalid(
        "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters \
         and/or / characters.",
    ))
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    pub(super) key: String,
    #[serde(default)]
    pub(super) value: String,
}

/// Puts tags beside those that are there.
pub(super) fn add_tags(tags: &mut Tags, new: &[Tag]) -> Result<(), ApiError> {
    check_count(new.iter().map(|tag| &tag.key), "tags")?;
    for (at, tag) in new.iter().enumerate() {
        check_tag(tag, at)?;
        if new[..at].iter().any(|other| other.key.eq_ignore_ascii_case(&tag.key)) {
            let text = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
            return Err(ApiError::new("InvalidInput", text));
        }
    }
    for tag in new {
        // A key is the same whatever the case of its letters.
        tags.retain(|key, _| !key.eq_ignore_ascii_case(&tag.key));
        tags.insert(tag.key.clone(), tag.value.clone());
    }
    if tags.len() > MOST_TAGS {
        return Err(limit("The number of tags has reached the maximum limit."));
    }
    Ok(())
}

fn broken(value: &str, member: &str, constraint: &str) -> ApiError {
    invalid(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must {constraint}"
    ))
}

/// Tags of a request are no more than something may have.
fn check_count<'a>(keys: impl ExactSizeIterator<Item = &'a String>, member: &str) -> Result<(), ApiError> {
    if keys.len() <= MOST_TAGS {
        return Ok(());
    }
    let shown = keys.map(String::as_str).collect::<Vec<_>>().join(", ");
    Err(broken(&format!("[{shown}]"), member, &format!("have length less than or equal to {MOST_TAGS}")))
}

fn check_tag(tag: &Tag, at: usize) -> Result<(), ApiError> {
    let member = |name: &str| format!("tags.{}.member.{name}", at + 1);
    check_key(&tag.key, &member("key"))?;
    if tag.value.chars().count() > 256 {
        return Err(broken(&tag.value, &member("value"), "have length less than or equal to 256"));
    }
    check_letters(&tag.value, &member("value"), '*')?;
    if tag.key.to_ascii_lowercase().starts_with("aws:") {
        return Err(ApiError::new("InvalidInput", "Tag keys beginning with 'aws:' are reserved for system use."));
    }
    Ok(())
}

fn check_key(key: &str, member: &str) -> Result<(), ApiError> {
    match key.chars().count() {
        0 => Err(broken(key, member, "have length greater than or equal to 1")),
        1..=128 => check_letters(key, member, '+'),
        _ => Err(broken(key, member, "have length less than or equal to 128")),
    }
}

/// `count` is how many letters there are, as a regular expression says it.
fn check_letters(text: &str, member: &str, count: char) -> Result<(), ApiError> {
    let is_fine = |letter: char| letter.is_alphanumeric() || letter.is_whitespace() || "_.:/=+-@".contains(letter);
    if text.chars().all(is_fine) {
        return Ok(());
    }
    let constraint = format!(r"satisfy regular expression pattern: [\p{{L}}\p{{Z}}\p{{N}}_.:/=+\-@]{count}");
    Err(broken(text, member, &constraint))
}

pub(super) fn remove_tags(tags: &mut Tags, keys: &[String]) -> Result<(), ApiError> {
    check_count(keys.iter(), "tagKeys")?;
    for (at, key) in keys.iter().enumerate() {
        check_key(key, &format!("tagKeys.{}.member", at + 1))?;
    }
    tags.retain(|key, _| !keys.iter().any(|other| other.eq_ignore_ascii_case(key)));
    Ok(())
}

/// As IAM gives them; none if there are none.
pub(super) fn tag_list(tags: &Tags) -> Option<Vec<Tag>> {
    let list: Vec<Tag> = tags.iter().map(|(key, value)| Tag { key: key.clone(), value: value.clone() }).collect();
    (!list.is_empty()).then_some(list)
}

/// Which page of a list.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct PageInput {
    marker: Option<String>,
    #[serde(deserialize_with = "number")]
    max_items: Option<i64>,
    pub(super) path_prefix: Option<String>,
}

/// A number, or a text that is one: within a flattened structure forms have lost what they are for.
fn number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    match Option::<Value>::deserialize(from)? {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => text.trim().parse().map(Some).map_err(|_| D::Error::custom("a number is wanted")),
        Some(value) => value.as_i64().map(Some).ok_or_else(|| D::Error::custom("a number is wanted")),
    }
}

/// A flag, or a text that is one: see [`number`].
pub(super) fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    match Value::deserialize(from)? {
        Value::Bool(flag) => Ok(flag),
        Value::String(text) => {
            text.to_ascii_lowercase().parse().map_err(|_| D::Error::custom("true or false is wanted"))
        }
        _ => Err(D::Error::custom("true or false is wanted")),
    }
}

/// Items per page, unless the client says how many.
const PAGE: usize = 100;

impl PageInput {
    /// The page of a list that is sorted by `name`, under the member `list`.
    pub(super) fn page<T>(
        &self,
        list: &str,
        items: impl IntoIterator<Item = T>,
        name: impl Fn(&T) -> String,
        show: impl Fn(T) -> Value,
    ) -> Result<Value, ApiError> {
        let most = match self.max_items {
            None => PAGE,
            Some(most @ 1..=1000) => usize::try_from(most).unwrap_or(PAGE),
            Some(most) => {
                let bound = if most < 1 { "greater than or equal to 1" } else { "less than or equal to 1000" };
                return Err(invalid(format!(
                    "1 validation error detected: Value '{most}' at 'maxItems' failed to satisfy constraint: Member must \
                     have value {bound}"
                )));
            }
        };
        let after = self.marker.as_deref().map(unmark).transpose()?;
        let is_left = |item: &T| after.as_ref().is_none_or(|after| name(item) > *after);
        let mut rest = items.into_iter().filter(is_left).peekable();
        let mut shown = Vec::new();
        let mut last = String::new();
        while shown.len() < most
            && let Some(item) = rest.next()
        {
            last = name(&item);
            shown.push(show(item));
        }
        let mut page = json!({ list: shown, "IsTruncated": rest.peek().is_some() });
        if rest.peek().is_some() {
            page["Marker"] = BASE64_STANDARD.encode(last).into();
        }
        Ok(page)
    }

    /// Whether something is below the path that is asked for.
    pub(super) fn is_below(&self, path: &str) -> bool {
        self.path_prefix.as_deref().is_none_or(|prefix| path.starts_with(prefix))
    }
}

fn unmark(marker: &str) -> Result<String, ApiError> {
    let bytes = BASE64_STANDARD.decode(marker).ok();
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(|| invalid("Invalid Marker."))
}

/// Puts members that are there into an answer.
pub(super) fn with(mut answer: Value, more: impl IntoIterator<Item = (&'static str, Option<Value>)>) -> Value {
    for (name, value) in more {
        if let Some(value) = value {
            answer[name] = value;
        }
    }
    answer
}
