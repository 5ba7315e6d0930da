//! Groups and who is in them.

use std::{collections::BTreeSet, sync::Arc};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Iam,
    common::{PageInput, check_name, conflict, exists, path},
    owner::{self, is_taken},
    show::{self, Detail},
    users::identity,
};
use crate::{
    ApiError, Call,
    access::directory::{Group, User},
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GroupInput {
    group_name: String,
    path: Option<String>,
    user_name: Option<String>,
    new_path: Option<String>,
    new_group_name: Option<String>,
    #[serde(flatten)]
    page: PageInput,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UserInput {
    user_name: String,
    #[serde(flatten)]
    page: PageInput,
}

pub(super) fn create(iam: &Iam, call: &Call, input: &GroupInput) -> Result<Value, ApiError> {
    let name = &input.group_name;
    check_name(name, "groupName")?;
    let identity = identity(call, "group", "AGPA", name, path(input.path.clone())?)?;
    iam.change(|state| {
        if is_taken(&state.groups, name) {
            return Err(exists(format!("Group with name {name} already exists.")));
        }
        let group = Group { identity, members: BTreeSet::new() };
        let shown = json!({ "Group": show::group(&group) });
        state.groups.insert(name.clone(), Arc::new(group));
        Ok(shown)
    })
}

pub(super) fn get(iam: &Iam, _: &Call, input: &GroupInput) -> Result<Value, ApiError> {
    let state = iam.read();
    let group = owner::find::<Group>(&state, &input.group_name)?;
    let members = group.members.iter().filter_map(|name| state.users.get(name));
    let show_user = |user: &Arc<User>| show::user(user, Detail::Short);
    let mut page = input.page.page("Users", members, |user| user.identity.name.clone(), show_user)?;
    page["Group"] = show::group(group);
    Ok(page)
}

pub(super) fn list(iam: &Iam, _: &Call, input: &PageInput) -> Result<Value, ApiError> {
    let state = iam.read();
    let groups = state.groups.values().filter(|group| input.is_below(&group.identity.path));
    input.page("Groups", groups, |group| group.identity.name.clone(), |group| show::group(group))
}

pub(super) fn of_user(iam: &Iam, _: &Call, input: &UserInput) -> Result<Value, ApiError> {
    let state = iam.read();
    let user = owner::find::<User>(&state, &input.user_name)?;
    let groups = state.groups_of(&user.identity.name);
    input.page.page("Groups", groups, |group| group.identity.name.clone(), |group| show::group(group))
}

pub(super) fn update(iam: &Iam, call: &Call, input: &GroupInput) -> Result<(), ApiError> {
    iam.change(|state| {
        let mut group = owner::find::<Group>(state, &input.group_name)?.as_ref().clone();
        let name = input.new_group_name.as_ref().unwrap_or(&input.group_name);
        check_name(name, "newGroupName")?;
        state.groups.remove(&input.group_name);
        if is_taken(&state.groups, name) {
            return Err(exists(format!("Group with name {name} already exists.")));
        }
        if input.new_path.is_some() {
            group.identity.path = path(input.new_path.clone())?;
        }
        group.identity.name.clone_from(name);
        group.identity.arn = format!("arn:aws:iam::{}:group{}{name}", call.account, group.identity.path);
        state.groups.insert(name.clone(), Arc::new(group));
        Ok(())
    })
}

pub(super) fn delete(iam: &Iam, _: &Call, input: &GroupInput) -> Result<(), ApiError> {
    iam.change(|state| {
        let group = owner::find::<Group>(state, &input.group_name)?;
        let obstacle = if !group.identity.attached.is_empty() {
            "detach all policies"
        } else if !group.identity.inline.is_empty() {
            "delete policies"
        } else if !group.members.is_empty() {
            "remove users from group"
        } else {
            state.groups.remove(&input.group_name);
            return Ok(());
        };
        Err(conflict(format!("Cannot delete entity, must {obstacle} first.")))
    })
}

pub(super) fn add_user(iam: &Iam, _: &Call, input: &GroupInput) -> Result<(), ApiError> {
    let user = input.user_name.as_deref().unwrap_or_default();
    iam.change(|state| {
        owner::find::<Group>(state, &input.group_name)?;
        owner::find::<User>(state, user)?;
        owner::find_mut::<Group>(state, &input.group_name)?.members.insert(user.to_owned());
        Ok(())
    })
}

pub(super) fn remove_user(iam: &Iam, _: &Call, input: &GroupInput) -> Result<(), ApiError> {
    let user = input.user_name.as_deref().unwrap_or_default();
    iam.change(|state| {
        owner::find::<Group>(state, &input.group_name)?;
        owner::find::<User>(state, user)?;
        owner::find_mut::<Group>(state, &input.group_name)?.members.remove(user);
        Ok(())
    })
}
