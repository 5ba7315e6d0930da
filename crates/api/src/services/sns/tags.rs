//! Tags of topics.

use weir_watch::topic::{ResourceRef, TagResourceInput, TagsOutput, UntagResourceInput};

use super::Sns;
use crate::{ApiError, Call};

pub(super) fn tag(sns: &Sns, call: &Call, input: &TagResourceInput) -> Result<(), ApiError> {
    Ok(sns.region(call, "")?.topics.tag_resource(input)?)
}

pub(super) fn untag(sns: &Sns, call: &Call, input: &UntagResourceInput) -> Result<(), ApiError> {
    Ok(sns.region(call, "")?.topics.untag_resource(input)?)
}

pub(super) fn list(sns: &Sns, call: &Call, input: &ResourceRef) -> Result<TagsOutput, ApiError> {
    Ok(sns.region(call, "")?.topics.list_tags_for_resource(input)?)
}
