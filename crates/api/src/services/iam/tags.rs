//! Tags of users, roles, policies and instance profiles.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Iam,
    common::{PageInput, Tag, add_tags, remove_tags},
    owner::{self, Owner},
    policies, profiles,
};
use crate::{
    ApiError, Call,
    access::directory::{State, Tags},
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Input {
    #[serde(alias = "RoleName", alias = "PolicyArn", alias = "InstanceProfileName")]
    user_name: String,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default)]
    tag_keys: Vec<String>,
    #[serde(flatten)]
    page: PageInput,
}

/// What has tags.
pub(super) trait Tagged {
    fn tags<'a>(state: &'a State, name: &str) -> Result<&'a Tags, ApiError>;
    fn tags_mut<'a>(state: &'a mut State, name: &str) -> Result<&'a mut Tags, ApiError>;
}

impl<O: Owner> Tagged for O {
    fn tags<'a>(state: &'a State, name: &str) -> Result<&'a Tags, ApiError> {
        Ok(&owner::find::<O>(state, name)?.identity().tags)
    }

    fn tags_mut<'a>(state: &'a mut State, name: &str) -> Result<&'a mut Tags, ApiError> {
        Ok(&mut owner::find_mut::<O>(state, name)?.identity_mut().tags)
    }
}

/// Managed policies.
pub(super) struct Policies;

impl Tagged for Policies {
    fn tags<'a>(state: &'a State, arn: &str) -> Result<&'a Tags, ApiError> {
        Ok(&policies::find(state, arn)?.tags)
    }

    fn tags_mut<'a>(state: &'a mut State, arn: &str) -> Result<&'a mut Tags, ApiError> {
        Ok(&mut policies::find_mut(state, arn)?.tags)
    }
}

/// Instance profiles.
pub(super) struct Profiles;

impl Tagged for Profiles {
    fn tags<'a>(state: &'a State, name: &str) -> Result<&'a Tags, ApiError> {
        Ok(&profiles::find(state, name)?.tags)
    }

    fn tags_mut<'a>(state: &'a mut State, name: &str) -> Result<&'a mut Tags, ApiError> {
        Ok(&mut profiles::find_mut(state, name)?.tags)
    }
}

pub(super) fn tag<T: Tagged>(iam: &Iam, _: &Call, input: &Input) -> Result<(), ApiError> {
    iam.change(|state| add_tags(T::tags_mut(state, &input.user_name)?, &input.tags))
}

pub(super) fn untag<T: Tagged>(iam: &Iam, _: &Call, input: &Input) -> Result<(), ApiError> {
    iam.change(|state| remove_tags(T::tags_mut(state, &input.user_name)?, &input.tag_keys))
}

pub(super) fn list<T: Tagged>(iam: &Iam, _: &Call, input: &Input) -> Result<Value, ApiError> {
    let state = iam.read();
    let tags = T::tags(&state, &input.user_name)?;
    input.page.page("Tags", tags, |(key, _)| (*key).clone(), |(key, value)| json!({"Key": key, "Value": value}))
}
