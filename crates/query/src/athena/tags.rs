//! Tags of workgroups and data catalogues.

use serde::{Deserialize, Serialize};

use super::keep::Key;
use super::{Athena, AthenaError, Scope};

const KIND: &str = "tags";

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct Tag {
    pub key: String,
    #[serde(default)]
    pub value: String,
}

/// Tags to set.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct TagInput {
    #[serde(rename = "ResourceARN")]
    pub resource_arn: String,
    #[serde(rename = "Tags")]
    pub tags: Vec<Tag>,
}

/// Tags to take away.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct UntagInput {
    #[serde(rename = "ResourceARN")]
    pub resource_arn: String,
    #[serde(rename = "TagKeys")]
    pub tag_keys: Vec<String>,
}

/// Of what.
#[derive(Debug, Clone, Deserialize)]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct ListTagsInput {
    #[serde(rename = "ResourceARN")]
    pub resource_arn: String,
}

/// The tags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[allow(missing_docs, reason = "the members are those of AWS")]
pub struct ListTagsOutput {
    pub tags: Vec<Tag>,
}

impl Athena {
    /// TagResource.
    ///
    /// # Errors
    /// When there is no such thing.
    pub fn tag_resource(&self, scope: &Scope, input: &TagInput) -> Result<(), AthenaError> {
        let mut tags = self.tags(scope, &input.resource_arn)?;
        tags.retain(|tag| !input.tags.iter().any(|new| new.key == tag.key));
        tags.extend(input.tags.iter().cloned());
        self.set_tags(scope, &input.resource_arn, &tags)
    }

    /// UntagResource.
    ///
    /// # Errors
    /// When there is no such thing.
    pub fn untag_resource(&self, scope: &Scope, input: &UntagInput) -> Result<(), AthenaError> {
        let mut tags = self.tags(scope, &input.resource_arn)?;
        tags.retain(|tag| !input.tag_keys.contains(&tag.key));
        self.set_tags(scope, &input.resource_arn, &tags)
    }

    /// ListTagsForResource.
    ///
    /// # Errors
    /// When there is no such thing.
    pub fn list_tags_for_resource(&self, scope: &Scope, input: &ListTagsInput) -> Result<ListTagsOutput, AthenaError> {
        Ok(ListTagsOutput { tags: self.tags(scope, &input.resource_arn)? })
    }

    pub(super) fn set_tags(&self, scope: &Scope, arn: &str, tags: &[Tag]) -> Result<(), AthenaError> {
        if tags.is_empty() {
            return self.remove(Key::new(scope, KIND, "", arn)).map(|_| ());
        }
        self.put(Key::new(scope, KIND, "", arn), &tags)
    }

    fn tags(&self, scope: &Scope, arn: &str) -> Result<Vec<Tag>, AthenaError> {
        let name = |part: &str| arn.split_once(part).map(|(_, name)| name);
        let known = match (name(":workgroup/"), name(":datacatalog/")) {
            (Some(group), _) => self.group(scope, Some(group)).is_ok(),
            (None, Some(catalog)) => self.get_data_catalog(scope, catalog).is_ok(),
            (None, None) => false,
        };
        if !known {
            let message = format!("Resource {arn} is not found");
            return Err(AthenaError::NotFound { message, resource: arn.to_owned() });
        }
        Ok(self.read(Key::new(scope, KIND, "", arn))?.unwrap_or_default())
    }
}
