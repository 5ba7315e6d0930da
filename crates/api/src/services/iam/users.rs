//! Users.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Iam,
    common::{PageInput, Tag, add_tags, check_name, conflict, exists, no_random, path},
    owner::{self, is_taken},
    show::{self, Detail},
};
use crate::{
    ApiError, Call,
    access::{
        directory::{Identity, State, Tags, User},
        new_entity_id,
    },
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateInput {
    user_name: String,
    path: Option<String>,
    permissions_boundary: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NameInput {
    user_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateInput {
    user_name: String,
    new_path: Option<String>,
    new_user_name: Option<String>,
}

/// A new user, group or role.
pub(super) fn identity(call: &Call, kind: &str, prefix: &str, name: &str, path: String) -> Result<Identity, ApiError> {
    Ok(Identity {
        name: name.to_owned(),
        id: new_entity_id(prefix).map_err(no_random)?,
        arn: format!("arn:aws:iam::{}:{kind}{path}{name}", call.account),
        path,
        created: call.now,
        tags: Tags::new(),
        inline: Default::default(),
        attached: Default::default(),
        boundary: None,
    })
}

pub(super) fn create(iam: &Iam, call: &Call, input: &CreateInput) -> Result<Value, ApiError> {
    check_name(&input.user_name, "userName")?;
    let mut identity = identity(call, "user", "AIDA", &input.user_name, path(input.path.clone())?)?;
    add_tags(&mut identity.tags, &input.tags)?;
    iam.change(|state| {
        if is_taken(&state.users, &input.user_name) {
            return Err(exists(format!("User with name {} already exists.", input.user_name)));
        }
        identity.boundary = super::boundaries::known(state, input.permissions_boundary.as_deref())?;
        let user = User { identity, keys: Vec::new() };
        let shown = json!({ "User": show::user(&user, Detail::Whole) });
        state.users.insert(input.user_name.clone(), Arc::new(user));
        Ok(shown)
    })
}

pub(super) fn get(iam: &Iam, call: &Call, input: &NameInput) -> Result<Value, ApiError> {
    let state = iam.read();
    match own_name(&state, call, input.user_name.as_deref()) {
        Ok(name) => Ok(json!({ "User": show::user(owner::find::<User>(&state, &name)?, Detail::Whole) })),
        Err(_) if call.principal.arn.ends_with(":root") => Ok(json!({ "User": {
            "Path": "/",
            "UserId": call.account,
            "Arn": call.principal.arn,
            "CreateDate": 0,
        }})),
        Err(error) => Err(error),
    }
}

/// The name that was said, or that of the user who calls.
pub(super) fn own_name(state: &State, call: &Call, said: Option<&str>) -> Result<String, ApiError> {
    let own = || state.users.values().find(|user| user.identity.arn == call.principal.arn);
    let name = said.map(str::to_owned).or_else(|| own().map(|user| user.identity.name.clone()));
    name.ok_or_else(|| super::common::invalid("Must specify userName when calling with non-User credentials"))
}

pub(super) fn list(iam: &Iam, _: &Call, input: &PageInput) -> Result<Value, ApiError> {
    let state = iam.read();
    let users = state.users.values().filter(|user| input.is_below(&user.identity.path));
    input.page("Users", users, |user| user.identity.name.clone(), |user| show::user(user, Detail::Short))
}

pub(super) fn update(iam: &Iam, call: &Call, input: &UpdateInput) -> Result<(), ApiError> {
    iam.change(|state| {
        let user = owner::find::<User>(state, &input.user_name)?;
        let mut user = user.as_ref().clone();
        let name = input.new_user_name.as_ref().unwrap_or(&input.user_name);
        check_name(name, "newUserName")?;
        state.users.remove(&input.user_name);
        if is_taken(&state.users, name) {
            return Err(exists(format!("User with name {name} already exists.")));
        }
        if input.new_path.is_some() {
            user.identity.path = path(input.new_path.clone())?;
        }
        user.identity.name.clone_from(name);
        user.identity.arn = format!("arn:aws:iam::{}:user{}{name}", call.account, user.identity.path);
        for group in state.groups.values_mut().filter(|group| group.members.contains(&input.user_name)) {
            let members = &mut Arc::make_mut(group).members;
            members.remove(&input.user_name);
            members.insert(name.clone());
        }
        state.users.insert(name.clone(), Arc::new(user));
        Ok(())
    })
}

pub(super) fn delete(iam: &Iam, _: &Call, input: &NameInput) -> Result<(), ApiError> {
    let name = input.user_name.as_deref().unwrap_or_default();
    iam.change(|state| {
        let user = owner::find::<User>(state, name)?;
        let obstacle = if !user.identity.attached.is_empty() {
            "detach all policies"
        } else if !user.identity.inline.is_empty() {
            "delete policies"
        } else if !user.keys.is_empty() {
            "delete access keys"
        } else if state.groups_of(name).next().is_some() {
            "remove users from group"
        } else {
            state.users.remove(name);
            return Ok(());
        };
        Err(conflict(format!("Cannot delete entity, must {obstacle} first.")))
    })
}
