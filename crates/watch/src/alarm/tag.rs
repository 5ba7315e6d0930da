//! Words on alarms.

use std::collections::BTreeMap;

use super::{
    AlarmError, Alarms,
    input::{ListTagsInput, ListTagsOutput, Tag, TagResourceInput, UntagResourceInput},
};

const MOST_TAGS: usize = 50;

impl Alarms {
    /// `ListTagsForResource`.
    ///
    /// # Errors
    /// There is no such alarm.
    pub fn list_tags_for_resource(&self, input: &ListTagsInput) -> Result<ListTagsOutput, AlarmError> {
        let state = self.state();
        let alarm = state.by_arn(&input.resource_arn)?;
        let tag = |(key, value): (&String, &String)| Tag { key: key.clone(), value: value.clone() };
        Ok(ListTagsOutput { tags: alarm.tags.iter().map(tag).collect() })
    }

    /// `TagResource`.
    ///
    /// # Errors
    /// There is no such alarm, a tag is not good, there are too many, and those of the disk.
    pub fn tag_resource(&self, input: TagResourceInput) -> Result<(), AlarmError> {
        let tags = checked(input.tags)?;
        self.change_tags(&input.resource_arn, |all| all.extend(tags))
    }

    /// `UntagResource`.
    ///
    /// # Errors
    /// There is no such alarm, and those of the disk.
    pub fn untag_resource(&self, input: &UntagResourceInput) -> Result<(), AlarmError> {
        self.change_tags(&input.resource_arn, |all| all.retain(|key, _| !input.tag_keys.contains(key)))
    }
}

pub(super) fn checked(tags: Vec<Tag>) -> Result<BTreeMap<String, String>, AlarmError> {
    let mut checked = BTreeMap::new();
    for Tag { key, value } in tags {
        if !(1..=128).contains(&key.chars().count()) || value.chars().count() > 256 {
            return Err(AlarmError::validation("A tag has a key of 1 to 128 and a value of at most 256 characters."));
        }
        checked.insert(key, value);
    }
    check_count(&checked)?;
    Ok(checked)
}

pub(super) fn check_count(tags: &BTreeMap<String, String>) -> Result<(), AlarmError> {
    if tags.len() > MOST_TAGS {
        return Err(AlarmError::Limit(format!("A resource has at most {MOST_TAGS} tags.")));
    }
    Ok(())
}
