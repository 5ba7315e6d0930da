//! Permissions boundaries: what the policies of a user or a role are cut to.

use serde::Deserialize;

use super::{
    Iam,
    attached::check_arn,
    common::no_such,
    owner::{self, Owner},
};
use crate::{ApiError, Call, access::directory::State};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Input {
    #[serde(alias = "RoleName")]
    user_name: String,
    permissions_boundary: Option<String>,
}

/// The ARN, if there is such a policy.
pub(super) fn known(state: &State, arn: Option<&str>) -> Result<Option<String>, ApiError> {
    let Some(arn) = arn else { return Ok(None) };
    check_arn(arn)?;
    match state.policy(arn) {
        Some(_) => Ok(Some(arn.to_owned())),
        None => Err(no_such(format!("Scope ARN: {arn} does not exist or is not attachable."))),
    }
}

pub(super) fn put<O: Owner>(iam: &Iam, _: &Call, input: &Input) -> Result<(), ApiError> {
    iam.change(|state| {
        owner::find::<O>(state, &input.user_name)?;
        let boundary = known(state, input.permissions_boundary.as_deref())?;
        owner::find_mut::<O>(state, &input.user_name)?.identity_mut().boundary = boundary;
        Ok(())
    })
}

pub(super) fn delete<O: Owner>(iam: &Iam, _: &Call, input: &Input) -> Result<(), ApiError> {
    iam.change(|state| {
        owner::find_mut::<O>(state, &input.user_name)?.identity_mut().boundary = None;
        Ok(())
    })
}
