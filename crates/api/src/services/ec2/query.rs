//! Describe: by id, by filter, page by page.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Ec2,
    kind::{Kind, invalid},
    state::{Shelved, State},
};
use crate::{ApiError, Call};

/// What every Describe takes.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Describe {
    #[serde(
        alias = "VpcId",
        alias = "SubnetId",
        alias = "GroupId",
        alias = "SecurityGroupRuleId",
        alias = "NetworkAclId",
        alias = "NetworkInterfaceId",
        alias = "InstanceId",
        alias = "FlowLogId",
        alias = "PrefixListId",
        alias = "InternetGatewayId",
        alias = "EgressOnlyInternetGatewayId",
        alias = "RouteTableId",
        alias = "AllocationId",
        alias = "NatGatewayId",
        alias = "KeyPairId",
        alias = "DhcpOptionsId"
    )]
    pub(super) ids: Vec<String>,
    #[serde(alias = "GroupName", alias = "KeyName", alias = "PublicIp")]
    pub(super) names: Vec<String>,
    pub(super) filter: Vec<Filter>,
    pub(super) max_results: Option<i64>,
    pub(super) next_token: Option<String>,
}

/// Things that have one of these values.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Filter {
    pub(super) name: String,
    pub(super) value: Vec<String>,
}

/// The name of a filter, and the members that it looks at: `a.b` is `b` of every item of `a`.
pub(super) type FilterPath = (&'static str, &'static str);

/// A member of what is kept that is nobody's business but Weir's: filters see it, answers do not have it.
pub(super) const PRIVATE: &str = "private";

/// A kind of thing that is described.
pub(super) trait Described: Shelved + Clone + Serialize {
    const KIND: &'static Kind;
    /// The list in the answer.
    const SET: &'static str;
    /// Besides those of tags.
    const FILTERS: &'static [FilterPath];
    /// Whether an answer has `tagSet` when there are no tags.
    const ALWAYS_TAGS: bool = false;
    /// The fewest items of a page that AWS gives.
    const FEWEST: i64 = 5;

    fn id(&self) -> &str;
    /// The names by which it may be asked for.
    fn name(&self) -> Cow<'_, str> {
        self.id().into()
    }
    /// With what follows from other things.
    fn view(&self, _: &State) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// A thing as answers have it, and what filters see besides.
pub(super) fn full<T: Described>(thing: &T, state: &State) -> Value {
    let mut value = thing.view(state);
    let tags = super::tags::set(state, thing.id());
    if T::ALWAYS_TAGS || tags.as_array().is_some_and(|tags| !tags.is_empty()) {
        value["tagSet"] = tags;
    }
    value
}

pub(super) fn without_private(mut value: Value) -> Value {
    if let Some(members) = value.as_object_mut() {
        members.remove(PRIVATE);
    }
    value
}

/// A thing as answers have it.
pub(super) fn show<T: Described>(thing: &T, state: &State) -> Value {
    without_private(full(thing, state))
}

/// The operation `Describe…` of a kind.
pub(super) fn describe<T: Described>(ec2: &Ec2, call: &Call, ask: &Describe) -> Result<Value, ApiError> {
    let state = ec2.state(call)?;
    let (things, next_token) = page::<T>(&state, ask)?;
    let things: Vec<Value> = things.into_iter().map(without_private).collect();
    Ok(json!({ (T::SET): things, "nextToken": next_token }))
}

/// A page of the things that are asked for, with what is private, and the token of the next one.
pub(super) fn page<T: Described>(state: &State, ask: &Describe) -> Result<(Vec<Value>, Option<String>), ApiError> {
    let shelf = T::shelf(state);
    let missing: Vec<&str> = ask.ids.iter().map(String::as_str).filter(|id| !shelf.contains(id)).collect();
    if !missing.is_empty() {
        return Err(T::KIND.missing(missing));
    }
    let by_name = |name: &String| shelf.iter().any(|thing| thing.name() == *name);
    if let Some(name) = ask.names.iter().find(|name| !by_name(name)) {
        return Err(not_named(T::KIND, name));
    }
    let asked = |thing: &&T| {
        (ask.ids.is_empty() && ask.names.is_empty())
            || ask.ids.iter().any(|id| id == thing.id())
            || ask.names.iter().any(|name| *name == thing.name())
    };
    let all: Vec<Value> = shelf.iter().filter(asked).map(|thing| full(thing, state)).collect();
    let kept = filtered(all, &ask.filter, T::FILTERS)?;
    paged(kept, ask, T::FEWEST)
}

fn not_named(kind: &Kind, name: &str) -> ApiError {
    match kind.resource {
        "elastic-ip" => ApiError::new("InvalidAddress.NotFound", format!("Address '{name}' not found.")),
        "key-pair" => ApiError::new("InvalidKeyPair.NotFound", format!("The key pair '{name}' does not exist")),
        _ => ApiError::new("InvalidGroup.NotFound", format!("The security group '{name}' does not exist")),
    }
}

/// The items that every filter lets pass.
pub(super) fn filtered(items: Vec<Value>, filters: &[Filter], known: &[FilterPath]) -> Result<Vec<Value>, ApiError> {
    let mut kept = items;
    for filter in filters {
        let path = path_of(filter, known)?;
        kept.retain(|item| path.texts(item).iter().any(|text| filter.value.iter().any(|value| like(value, text))));
    }
    Ok(kept)
}

enum Path<'a> {
    Members(&'static str),
    Tag(&'a str),
}

fn path_of<'a>(filter: &'a Filter, known: &[FilterPath]) -> Result<Path<'a>, ApiError> {
    let name = filter.name.as_str();
    if let Some(key) = name.strip_prefix("tag:") {
        return Ok(Path::Tag(key));
    }
    let of_tags = [("tag-key", "tagSet.key"), ("tag-value", "tagSet.value")];
    let path = known.iter().chain(&of_tags).find(|(known, _)| *known == name);
    let (_, path) = path.ok_or_else(|| invalid(format!("The filter '{name}' is invalid")))?;
    Ok(Path::Members(path))
}

impl Path<'_> {
    fn texts(&self, item: &Value) -> Vec<String> {
        let mut texts = Vec::new();
        match self {
            Self::Members(path) => path.split('|').for_each(|path| follow(item, path, &mut texts)),
            Self::Tag(key) => {
                let tags = item["tagSet"].as_array().into_iter().flatten();
                tags.filter(|tag| tag["key"] == *key).for_each(|tag| follow(tag, "value", &mut texts));
            }
        }
        texts
    }
}

fn follow(value: &Value, path: &str, into: &mut Vec<String>) {
    match (value, path) {
        (Value::Array(items), _) => items.iter().for_each(|item| follow(item, path, into)),
        (Value::Null, _) => {}
        (Value::String(text), "") => into.push(text.clone()),
        (leaf, "") => into.push(leaf.to_string()),
        _ => {
            let (member, rest) = path.split_once('.').unwrap_or((path, ""));
            follow(&value[member], rest, into);
        }
    }
}

/// Whether a text is what a filter says: `*` is any letters, `?` is one, a backslash takes the next as it is.
pub(super) fn like(pattern: &str, text: &str) -> bool {
    let tokens = tokens(pattern);
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut token, mut star) = (0, 0, None);
    while at < text.len() {
        match tokens.get(token) {
            Some(Token::Any) => {
                star = Some((token, at));
                token += 1;
            }
            Some(Token::One) => (at, token) = (at + 1, token + 1),
            Some(Token::Letter(letter)) if *letter == text[at] => (at, token) = (at + 1, token + 1),
            _ => {
                let Some((star_token, star_at)) = star else { return false };
                star = Some((star_token, star_at + 1));
                (at, token) = (star_at + 1, star_token + 1);
            }
        }
    }
    tokens[token..].iter().all(|token| matches!(token, Token::Any))
}

enum Token {
    Any,
    One,
    Letter(char),
}

fn tokens(pattern: &str) -> Vec<Token> {
    let mut letters = pattern.chars();
    let mut tokens = Vec::new();
    while let Some(letter) = letters.next() {
        tokens.push(match letter {
            '*' => Token::Any,
            '?' => Token::One,
            '\\' => Token::Letter(letters.next().unwrap_or('\\')),
            letter => Token::Letter(letter),
        });
    }
    tokens
}

/// A page, and the token of the next one.
pub(super) fn paged(
    mut items: Vec<Value>,
    ask: &Describe,
    fewest: i64,
) -> Result<(Vec<Value>, Option<String>), ApiError> {
    let first = match &ask.next_token {
        Some(token) => position(token).ok_or_else(|| invalid(format!("Invalid value '{token}' for nextToken")))?,
        None => 0,
    };
    let size = match ask.max_results {
        Some(size) if !(fewest..=1000).contains(&size) => {
            let text = format!("Value ( {size} ) for parameter maxResults is invalid. ");
            return Err(invalid(format!("{text}Expecting a value between {fewest} and 1000.")));
        }
        Some(size) => usize::try_from(size).unwrap_or(usize::MAX),
        None => usize::MAX,
    };
    let mut rest = items.split_off(first.min(items.len()));
    let is_more = rest.len() > size;
    rest.truncate(size);
    let next = is_more.then(|| URL_SAFE_NO_PAD.encode(format!("page:{}", first + size)));
    Ok((rest, next))
}

fn position(token: &str) -> Option<usize> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    text.strip_prefix("page:")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_know_wildcards_and_escapes() {
        for (pattern, text) in [("a*c", "abbc"), ("*", ""), ("a?c", "abc"), (r"a\*", "a*"), ("*b*b*", "abab")] {
            assert!(like(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("a*c", "abb"), ("a?c", "ac"), (r"a\*", "ab"), ("", "a"), ("A", "a")] {
            assert!(!like(pattern, text), "{pattern} {text}");
        }
        let many = "a".repeat(5000);
        assert!(!like(&format!("{}b", "*a".repeat(200)), &many));
    }

    #[test]
    fn filters_look_into_lists_and_tags() {
        let items =
            || vec![json!({"a": [{"b": 1}, {"b": 2}], "tagSet": [{"key": "k", "value": "v"}]}), json!({"a": []})];
        let ask = |name: &str, value: &str| {
            let filter = Filter { name: name.to_owned(), value: vec![value.to_owned()] };
            filtered(items(), &[filter], &[("b", "a.b")]).map(|items| items.len())
        };
        assert_eq!(ask("b", "2"), Ok(1));
        assert_eq!(ask("b", "3"), Ok(0));
        assert_eq!(ask("tag:k", "v*"), Ok(1));
        assert_eq!(ask("tag-key", "k"), Ok(1));
        assert_eq!(ask("c", "k").map_err(|error| error.message), Err("The filter 'c' is invalid".to_owned()));
    }

    #[test]
    fn pages_follow_each_other() {
        let items = || (0..7).map(|number| json!(number)).collect::<Vec<_>>();
        let mut ask = Describe { max_results: Some(5), ..Describe::default() };
        let (first, next) = paged(items(), &ask, 5).expect("a page");
        ask.next_token = next;
        let (second, end) = paged(items(), &ask, 5).expect("a page");
        assert_eq!((first.len(), second, end), (5, vec![json!(5), json!(6)], None));
        ask.next_token = Some("nonsense".to_owned());
        paged(items(), &ask, 5).expect_err("no token");
        ask = Describe { max_results: Some(4), ..Describe::default() };
        assert!(paged(items(), &ask, 5).expect_err("too few").message.contains("between 5 and 1000"));
    }
}
