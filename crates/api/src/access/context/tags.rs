//! Tags in inputs and answers, whatever the service calls them.

use std::collections::BTreeMap;

use serde_json::Value;

/// Members that are tags, or keys of tags. Source: the service models of the AWS SDKs.
const MEMBERS: [&str; 9] =
    ["Tag", "Tags", "tags", "TagKey", "TagKeys", "tagKeys", "TagsToAdd", "TagsToRemove", "tagSet"];

/// Tags by key; keys alone have no value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TagSet(BTreeMap<String, Option<String>>);

impl TagSet {
    /// The tags of an input: those that would be set, and those that would be taken away.
    pub(crate) fn asked_for(input: &Value) -> Self {
        let mut tags = Self::default();
        tags.add_members(input);
        let specifications = input.get("TagSpecification").and_then(Value::as_array);
        specifications.into_iter().flatten().for_each(|specification| tags.add_members(specification));
        tags
    }

    fn add_members(&mut self, of: &Value) {
        MEMBERS.iter().filter_map(|member| of.get(member)).for_each(|tags| self.add(tags));
    }

    /// A map, a list of keys and values, or a list of keys.
    fn add(&mut self, tags: &Value) {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        match tags {
            Value::Object(map) => self.0.extend(map.iter().map(|(key, value)| (key.clone(), text(value)))),
            Value::Array(list) => self.0.extend(list.iter().filter_map(|tag| {
                let of = |names: [&str; 2]| names.iter().find_map(|name| text(tag.get(name)?));
                let key = text(tag).or_else(|| of(["Key", "key"]))?;
                Some((key, of(["Value", "value"])))
            })),
            _ => {}
        }
    }

    /// The value of a tag. Keys of tags in condition keys are alike whatever the case of their letters.
    pub(super) fn value(&self, key: &str) -> Option<String> {
        self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(key))?.1.clone()
    }

    /// The values of a condition key, in small letters.
    pub(super) fn requested(&self, key: &str) -> Option<Vec<String>> {
        if key == "aws:tagkeys" {
            return Some(self.0.keys().cloned().collect());
        }
        Some(vec![self.value(key.strip_prefix("aws:requesttag/")?)?])
    }
}
