//! Tags, of whatever has an id.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Ec2,
    kind::{self, Kind, invalid, required},
    query::{self, Describe, FilterPath},
    state::State,
};
use crate::{ApiError, Call};

/// Most tags of one thing.
const MOST: usize = 50;
/// Longest key and value, in characters.
const LONGEST_KEY: usize = 127;
const LONGEST_VALUE: usize = 255;

/// The tags of a thing by key.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Tags(pub(super) BTreeMap<String, String>);

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Tag {
    key: String,
    value: Option<String>,
}

/// Tags for what an operation makes.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct TagSpecification {
    resource_type: Option<String>,
    tag: Vec<Tag>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct TagsInput {
    resource_id: Vec<String>,
    tag: Vec<Tag>,
}

/// The tags of a thing as answers have them.
pub(super) fn set(state: &State, id: &str) -> Value {
    let tags = state.tags.get(id).into_iter().flat_map(|tags| &tags.0);
    tags.map(|(key, value)| json!({ "key": key, "value": value })).collect()
}

/// Gives a thing the tags that were specified for its kind.
pub(super) fn give(
    state: &mut State,
    id: &str,
    kind: &Kind,
    specifications: &[TagSpecification],
) -> Result<(), ApiError> {
    let of_kind = |it: &&TagSpecification| it.resource_type.as_deref() == Some(kind.resource);
    let tags: Vec<Tag> = specifications.iter().filter(of_kind).flat_map(|it| it.tag.clone()).collect();
    add(state, id, &tags)
}

/// Refuses tags for other kinds than these.
pub(super) fn only_for(specifications: &[TagSpecification], kinds: &[&Kind]) -> Result<(), ApiError> {
    for specification in specifications {
        let resource = required(specification.resource_type.as_deref(), "TagSpecification.ResourceType")?;
        if specification.tag.is_empty() {
            return Err(invalid("Tag specification must have at least one tag"));
        }
        if !kinds.iter().any(|kind| kind.resource == resource) {
            let text = format!("'{resource}' is not a valid taggable resource type for this operation.");
            return Err(invalid(text));
        }
    }
    Ok(())
}

fn add(state: &mut State, id: &str, tags: &[Tag]) -> Result<(), ApiError> {
    if tags.is_empty() {
        return Ok(());
    }
    tags.iter().try_for_each(check)?;
    let mut all = state.tags.get(id).cloned().unwrap_or_default();
    all.0.extend(tags.iter().map(|tag| (tag.key.clone(), tag.value.clone().unwrap_or_default())));
    if all.0.len() > MOST {
        let text = "The maximum number of Tags for a resource has been reached.";
        return Err(ApiError::new("TagLimitExceeded", text));
    }
    state.tags.insert(id, all);
    Ok(())
}

fn check(tag: &Tag) -> Result<(), ApiError> {
    if tag.key.is_empty() {
        return Err(invalid("Tag key cannot be null or empty"));
    }
    if tag.key.to_ascii_lowercase().starts_with("aws:") {
        return Err(invalid("Tag keys starting with 'aws:' are reserved for internal use"));
    }
    if tag.key.chars().count() > LONGEST_KEY {
        return Err(invalid(format!("Tag key exceeds the maximum length of {LONGEST_KEY} characters")));
    }
    if tag.value.as_ref().is_some_and(|value| value.chars().count() > LONGEST_VALUE) {
        return Err(invalid(format!("Tag value exceeds the maximum length of {LONGEST_VALUE} characters")));
    }
    Ok(())
}

fn check_resources(state: &State, ids: &[String]) -> Result<(), ApiError> {
    for id in ids {
        let kind = kind::of(id).ok_or_else(|| ApiError::new("InvalidID", format!("The ID '{id}' is not valid")))?;
        if !state.holds(kind, id) {
            return Err(kind.missing([id.as_str()]));
        }
    }
    Ok(())
}

pub(super) fn create(ec2: &Ec2, call: &Call, input: &TagsInput) -> Result<Value, ApiError> {
    required(input.resource_id.first(), "resourceIdSet")?;
    required(input.tag.first(), "TagSet")?;
    ec2.change(call, |state| {
        check_resources(state, &input.resource_id)?;
        input.resource_id.iter().try_for_each(|id| add(state, id, &input.tag))?;
        Ok(json!({ "return": true }))
    })
}

/// A tag without value goes whatever its value; without any tag all go.
pub(super) fn delete(ec2: &Ec2, call: &Call, input: &TagsInput) -> Result<Value, ApiError> {
    required(input.resource_id.first(), "resourceIdSet")?;
    let goes = |key: &str, value: &str| {
        let meant = |tag: &Tag| tag.key == key && tag.value.as_ref().is_none_or(|wanted| wanted == value);
        input.tag.is_empty() || input.tag.iter().any(meant)
    };
    ec2.change(call, |state| {
        check_resources(state, &input.resource_id)?;
        for id in &input.resource_id {
            let Some(tags) = state.tags.get_mut(id) else { continue };
            tags.0.retain(|key, value| !goes(key, value));
            if tags.0.is_empty() {
                state.tags.remove(id);
            }
        }
        Ok(json!({ "return": true }))
    })
}

const FILTERS: &[FilterPath] =
    &[("key", "key"), ("value", "value"), ("resource-id", "resourceId"), ("resource-type", "resourceType")];

pub(super) fn describe(ec2: &Ec2, call: &Call, ask: &Describe) -> Result<Value, ApiError> {
    let state = ec2.state(call)?;
    let mut all = Vec::new();
    for (id, tags) in state.tags.entries() {
        let resource = kind::of(id).map_or("unknown", |kind| kind.resource);
        let row = |(key, value)| json!({ "resourceId": id, "resourceType": resource, "key": key, "value": value });
        // Filters by tag look at a set, as they do at other things.
        let with_set = |mut row: Value| {
            row["tagSet"] = json!([{ "key": row["key"], "value": row["value"] }]);
            row
        };
        all.extend(tags.0.iter().map(row).map(with_set));
    }
    let kept = query::filtered(all, &ask.filter, FILTERS)?;
    let (mut kept, next_token) = query::paged(kept, ask, 5)?;
    for row in &mut kept {
        row.as_object_mut().map(|row| row.remove("tagSet"));
    }
    Ok(json!({ "tagSet": kept, "nextToken": next_token }))
}
