//! Access keys of users.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Iam,
    common::{PageInput, limit, no_random, no_such},
    owner,
    users::own_name,
};
use crate::{
    ApiError, Call,
    access::{
        directory::{AccessKey, User},
        new_id, new_secret,
    },
};

/// Most access keys of a user.
const MOST: usize = 2;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UserInput {
    user_name: Option<String>,
    #[serde(flatten)]
    page: PageInput,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateInput {
    user_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct KeyInput {
    user_name: Option<String>,
    access_key_id: String,
    status: Option<String>,
}

fn status(key: &AccessKey) -> &'static str {
    if key.is_active { "Active" } else { "Inactive" }
}

pub(super) fn create(iam: &Iam, call: &Call, input: &CreateInput) -> Result<Value, ApiError> {
    let key = AccessKey {
        id: new_id("AKIA").map_err(no_random)?,
        secret: new_secret().map_err(no_random)?,
        is_active: true,
        created: call.now,
    };
    iam.change(|state| {
        let name = own_name(state, call, input.user_name.as_deref())?;
        let user = owner::find_mut::<User>(state, &name)?;
        if user.keys.len() >= MOST {
            return Err(limit(format!("Cannot exceed quota for AccessKeysPerUser: {MOST}")));
        }
        let shown = json!({ "AccessKey": {
            "UserName": name,
            "AccessKeyId": key.id,
            "Status": status(&key),
            "SecretAccessKey": key.secret.expose(),
            "CreateDate": key.created,
        }});
        user.keys.push(key);
        Ok(shown)
    })
}

pub(super) fn list(iam: &Iam, call: &Call, input: &UserInput) -> Result<Value, ApiError> {
    let state = iam.read();
    let name = own_name(&state, call, input.user_name.as_deref())?;
    let mut keys = owner::find::<User>(&state, &name)?.keys.clone();
    keys.sort_by(|one, other| one.id.cmp(&other.id));
    let show = |key: AccessKey| {
        json!({
            "UserName": name,
            "AccessKeyId": key.id,
            "Status": status(&key),
            "CreateDate": key.created,
        })
    };
    input.page.page("AccessKeyMetadata", keys, |key| key.id.clone(), show)
}

pub(super) fn update(iam: &Iam, call: &Call, input: &KeyInput) -> Result<(), ApiError> {
    iam.change(|state| {
        let name = own_name(state, call, input.user_name.as_deref())?;
        let user = owner::find_mut::<User>(state, &name)?;
        let key = user.keys.iter_mut().find(|key| key.id == input.access_key_id);
        let key = key.ok_or_else(|| missing(&input.access_key_id))?;
        key.is_active = input.status.as_deref() == Some("Active");
        Ok(())
    })
}

pub(super) fn delete(iam: &Iam, call: &Call, input: &KeyInput) -> Result<(), ApiError> {
    iam.change(|state| {
        let name = own_name(state, call, input.user_name.as_deref())?;
        let user = owner::find_mut::<User>(state, &name)?;
        let before = user.keys.len();
        user.keys.retain(|key| key.id != input.access_key_id);
        if user.keys.len() == before { Err(missing(&input.access_key_id)) } else { Ok(()) }
    })
}

pub(super) fn last_used(iam: &Iam, _: &Call, input: &KeyInput) -> Result<Value, ApiError> {
    let state = iam.read();
    let Some((user, _)) = state.key(&input.access_key_id) else { return Err(missing(&input.access_key_id)) };
    let used = match iam.access.last_use(&input.access_key_id) {
        Some(last) => json!({"LastUsedDate": last.time, "ServiceName": last.service, "Region": last.region}),
        None => json!({"ServiceName": "N/A", "Region": "N/A"}),
    };
    Ok(json!({"UserName": user.identity.name, "AccessKeyLastUsed": used}))
}

fn missing(id: &str) -> ApiError {
    no_such(format!("The Access Key with id {id} cannot be found."))
}
