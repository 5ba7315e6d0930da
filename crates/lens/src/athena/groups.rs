//! Workgroups and tags.

use serde_json::{Value, json};
use weir_api::{ApiError, Call};
use weir_query::athena::{
    CreateWorkGroupInput, EngineVersion, GetWorkGroupOutput, ListInput, ListTagsInput, ListTagsOutput,
    ListWorkGroupsOutput, TagInput, UntagInput, UpdateWorkGroupInput, WorkGroupInput,
};

use super::{Queries, refused};
use crate::scope;

pub(super) fn create(queries: &Queries, call: &Call, input: &CreateWorkGroupInput) -> Result<(), ApiError> {
    queries.athena.create_work_group(&scope(call), input, call.now).map_err(refused)
}

pub(super) fn get(queries: &Queries, call: &Call, input: &WorkGroupInput) -> Result<GetWorkGroupOutput, ApiError> {
    queries.athena.get_work_group(&scope(call), &input.work_group).map_err(refused)
}

pub(super) fn list(queries: &Queries, call: &Call, input: &ListInput) -> Result<ListWorkGroupsOutput, ApiError> {
    queries.athena.list_work_groups(&scope(call), input).map_err(refused)
}

pub(super) fn update(queries: &Queries, call: &Call, input: &UpdateWorkGroupInput) -> Result<(), ApiError> {
    queries.athena.update_work_group(&scope(call), input).map_err(refused)
}

pub(super) fn delete(queries: &Queries, call: &Call, input: &WorkGroupInput) -> Result<(), ApiError> {
    queries.athena.delete_work_group(&scope(call), input).map_err(refused)
}

pub(super) fn engine_versions(_: &Queries, _: &Call, _: &ListInput) -> Result<Value, ApiError> {
    let auto = EngineVersion::default();
    let third =
        EngineVersion { selected_engine_version: auto.effective_engine_version.clone(), ..EngineVersion::default() };
    Ok(json!({ "EngineVersions": [auto, third] }))
}

pub(super) fn tag(queries: &Queries, call: &Call, input: &TagInput) -> Result<(), ApiError> {
    queries.athena.tag_resource(&scope(call), input).map_err(refused)
}

pub(super) fn untag(queries: &Queries, call: &Call, input: &UntagInput) -> Result<(), ApiError> {
    queries.athena.untag_resource(&scope(call), input).map_err(refused)
}

pub(super) fn list_tags(queries: &Queries, call: &Call, input: &ListTagsInput) -> Result<ListTagsOutput, ApiError> {
    queries.athena.list_tags_for_resource(&scope(call), input).map_err(refused)
}
