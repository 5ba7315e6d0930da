//! Instance profiles: the role of an instance.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Iam,
    common::{PageInput, Tag, add_tags, check_name, conflict, exists, limit, no_random, no_such, path},
    owner::{self, is_taken},
    show,
};
use crate::{
    ApiError, Call,
    access::{
        directory::{InstanceProfile, Role, State, Tags},
        new_entity_id,
    },
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ProfileInput {
    instance_profile_name: String,
    path: Option<String>,
    #[serde(default)]
    role_name: String,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RoleInput {
    role_name: String,
    #[serde(flatten)]
    page: PageInput,
}

fn missing(name: &str) -> ApiError {
    no_such(format!("Instance Profile {name} cannot be found."))
}

pub(super) fn find<'a>(state: &'a State, name: &str) -> Result<&'a Arc<InstanceProfile>, ApiError> {
    state.profiles.get(name).ok_or_else(|| missing(name))
}

pub(super) fn find_mut<'a>(state: &'a mut State, name: &str) -> Result<&'a mut InstanceProfile, ApiError> {
    state.profiles.get_mut(name).map(Arc::make_mut).ok_or_else(|| missing(name))
}

pub(super) fn create(iam: &Iam, call: &Call, input: &ProfileInput) -> Result<Value, ApiError> {
    let name = &input.instance_profile_name;
    check_name(name, "instanceProfileName")?;
    let path = path(input.path.clone())?;
    let mut tags = Tags::new();
    add_tags(&mut tags, &input.tags)?;
    let profile = InstanceProfile {
        name: name.clone(),
        id: new_entity_id("AIPA").map_err(no_random)?,
        arn: format!("arn:aws:iam::{}:instance-profile{path}{name}", call.account),
        path,
        created: call.now,
        tags,
        role: None,
    };
    iam.change(|state| {
        if is_taken(&state.profiles, name) {
            return Err(exists(format!("Instance Profile {name} already exists.")));
        }
        let shown = json!({ "InstanceProfile": show::profile(state, &profile) });
        state.profiles.insert(name.clone(), Arc::new(profile));
        Ok(shown)
    })
}

pub(super) fn get(iam: &Iam, _: &Call, input: &ProfileInput) -> Result<Value, ApiError> {
    let state = iam.read();
    Ok(json!({ "InstanceProfile": show::profile(&state, find(&state, &input.instance_profile_name)?) }))
}

pub(super) fn list(iam: &Iam, _: &Call, input: &PageInput) -> Result<Value, ApiError> {
    let state = iam.read();
    let profiles = state.profiles.values().filter(|profile| input.is_below(&profile.path));
    input.page("InstanceProfiles", profiles, |profile| profile.name.clone(), |profile| show::profile(&state, profile))
}

pub(super) fn of_role(iam: &Iam, _: &Call, input: &RoleInput) -> Result<Value, ApiError> {
    let state = iam.read();
    owner::find::<Role>(&state, &input.role_name)?;
    let profiles = state.profiles.values().filter(|profile| profile.role.as_ref() == Some(&input.role_name));
    let shown = |profile: &Arc<InstanceProfile>| show::profile(&state, profile);
    input.page.page("InstanceProfiles", profiles, |profile| profile.name.clone(), shown)
}

pub(super) fn add_role(iam: &Iam, _: &Call, input: &ProfileInput) -> Result<(), ApiError> {
    iam.change(|state| {
        find(state, &input.instance_profile_name)?;
        owner::find::<Role>(state, &input.role_name)?;
        let profile = find_mut(state, &input.instance_profile_name)?;
        if profile.role.is_some() {
            return Err(limit("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"));
        }
        profile.role = Some(input.role_name.clone());
        Ok(())
    })
}

pub(super) fn remove_role(iam: &Iam, _: &Call, input: &ProfileInput) -> Result<(), ApiError> {
    iam.change(|state| {
        let profile = find_mut(state, &input.instance_profile_name)?;
        if profile.role.as_ref() != Some(&input.role_name) {
            return Err(no_such(format!("The role with name {} cannot be found.", input.role_name)));
        }
        profile.role = None;
        Ok(())
    })
}

pub(super) fn delete(iam: &Iam, _: &Call, input: &ProfileInput) -> Result<(), ApiError> {
    iam.change(|state| {
        if find(state, &input.instance_profile_name)?.role.is_some() {
            return Err(conflict("Cannot delete entity, must remove roles from instance profile first."));
        }
        state.profiles.remove(&input.instance_profile_name);
        Ok(())
    })
}
