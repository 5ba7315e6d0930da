//! Roles.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Iam,
    common::{PageInput, Tag, add_tags, check_name, conflict, document, exists, path},
    owner::{self, is_taken},
    show::{self, Detail},
    users::identity,
};
use crate::{
    ApiError, Call,
    access::{directory::Role, policy::PolicyKind},
};

/// How long a session may be, in seconds, unless the role says otherwise.
const HOUR: i64 = 3600;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateInput {
    role_name: String,
    path: Option<String>,
    assume_role_policy_document: String,
    description: Option<String>,
    max_session_duration: Option<i64>,
    permissions_boundary: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RoleInput {
    role_name: String,
    description: Option<String>,
    max_session_duration: Option<i64>,
    policy_document: Option<String>,
}

pub(super) fn create(iam: &Iam, call: &Call, input: &CreateInput) -> Result<Value, ApiError> {
    let name = &input.role_name;
    check_name(name, "roleName")?;
    let mut identity = identity(call, "role", "AROA", name, path(input.path.clone())?)?;
    add_tags(&mut identity.tags, &input.tags)?;
    let trust = document(&input.assume_role_policy_document, PolicyKind::Trust)?;
    iam.change(|state| {
        if is_taken(&state.roles, name) {
            return Err(exists(format!("Role with name {name} already exists.")));
        }
        identity.boundary = super::boundaries::known(state, input.permissions_boundary.as_deref())?;
        let longest_session = input.max_session_duration.unwrap_or(HOUR);
        let role = Role { identity, trust, description: input.description.clone(), longest_session };
        let shown = json!({ "Role": show::new_role(&role) });
        state.roles.insert(name.clone(), Arc::new(role));
        Ok(shown)
    })
}

pub(super) fn get(iam: &Iam, _: &Call, input: &RoleInput) -> Result<Value, ApiError> {
    let state = iam.read();
    Ok(json!({ "Role": show::role(owner::find::<Role>(&state, &input.role_name)?, Detail::Whole) }))
}

pub(super) fn list(iam: &Iam, _: &Call, input: &PageInput) -> Result<Value, ApiError> {
    let state = iam.read();
    let roles = state.roles.values().filter(|role| input.is_below(&role.identity.path));
    input.page("Roles", roles, |role| role.identity.name.clone(), |role| show::role(role, Detail::Short))
}

pub(super) fn update(iam: &Iam, _: &Call, input: &RoleInput) -> Result<Value, ApiError> {
    iam.change(|state| {
        let role = owner::find_mut::<Role>(state, &input.role_name)?;
        role.description.clone_from(&input.description);
        role.longest_session = input.max_session_duration.unwrap_or(HOUR);
        Ok(json!({}))
    })
}

pub(super) fn update_description(iam: &Iam, _: &Call, input: &RoleInput) -> Result<Value, ApiError> {
    iam.change(|state| {
        let role = owner::find_mut::<Role>(state, &input.role_name)?;
        role.description.clone_from(&input.description);
        Ok(json!({ "Role": show::role(role, Detail::Short) }))
    })
}

pub(super) fn update_trust(iam: &Iam, _: &Call, input: &RoleInput) -> Result<(), ApiError> {
    let trust = document(input.policy_document.as_deref().unwrap_or_default(), PolicyKind::Trust);
    iam.change(|state| {
        let role = owner::find_mut::<Role>(state, &input.role_name)?;
        role.trust = trust?;
        Ok(())
    })
}

pub(super) fn delete(iam: &Iam, _: &Call, input: &RoleInput) -> Result<(), ApiError> {
    let name = &input.role_name;
    iam.change(|state| {
        let role = owner::find_mut::<Role>(state, name)?;
        let (attached, inline) = (role.identity.attached.is_empty(), role.identity.inline.is_empty());
        let has_profile = state.profiles.values().any(|profile| profile.role.as_ref() == Some(name));
        let obstacle = match (has_profile, attached, inline) {
            (true, _, _) => "remove roles from instance profile",
            (_, false, _) => "detach all policies",
            (_, _, false) => "delete policies",
            _ => {
                state.roles.remove(name);
                return Ok(());
            }
        };
        Err(conflict(format!("Cannot delete entity, must {obstacle} first.")))
    })
}
