//! Managed policies attached to users, groups and roles.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Iam,
    common::{PageInput, invalid, limit, no_such},
    owner::{self, Owner},
};
use crate::{ApiError, Call};

/// Most managed policies of one. Source: quotas of IAM.
const MOST: usize = 10;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Input {
    #[serde(alias = "GroupName", alias = "RoleName")]
    user_name: String,
    #[serde(default)]
    policy_arn: String,
    #[serde(flatten)]
    page: PageInput,
}

/// Refuses what has not the form of a policy's ARN.
pub(super) fn check_arn(arn: &str) -> Result<(), ApiError> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", _, "iam", "", _, _] => Ok(()),
        ["arn", ..] if parts.len() == 6 => Err(ApiError::new("InvalidInput", format!("ARN {arn} is not valid."))),
        _ => Err(invalid(format!("Invalid ARN:  Could not be parsed! {arn}").trim_end())),
    }
}

pub(super) fn attach<O: Owner>(iam: &Iam, call: &Call, input: &Input) -> Result<(), ApiError> {
    let arn = &input.policy_arn;
    check_arn(arn)?;
    iam.change(|state| {
        let is_known = state.policy(arn).is_some();
        let owner = owner::find_mut::<O>(state, &input.user_name)?.identity_mut();
        if !is_known {
            return Err(no_such(format!("Policy {arn} does not exist or is not attachable.")));
        }
        owner.attached.entry(arn.clone()).or_insert(call.now);
        if owner.attached.len() > MOST {
            let kind = O::MEMBER.trim_end_matches("Name");
            return Err(limit(format!("Cannot exceed quota for PoliciesPer{kind}: {MOST}")));
        }
        Ok(())
    })
}

pub(super) fn detach<O: Owner>(iam: &Iam, _: &Call, input: &Input) -> Result<(), ApiError> {
    let arn = &input.policy_arn;
    check_arn(arn)?;
    iam.change(|state| {
        let owner = owner::find_mut::<O>(state, &input.user_name)?.identity_mut();
        let detached = owner.attached.remove(arn);
        detached.map(drop).ok_or_else(|| no_such(format!("Policy {arn} was not found.")))
    })
}

pub(super) fn list<O: Owner>(iam: &Iam, _: &Call, input: &Input) -> Result<Value, ApiError> {
    let state = iam.read();
    let owner = owner::find::<O>(&state, &input.user_name)?.identity();
    let policies = owner.attached.keys().filter_map(|arn| state.policy(arn));
    let policies = policies.filter(|policy| input.page.is_below(&policy.path));
    input.page.page(
        "AttachedPolicies",
        policies,
        |policy| policy.arn.clone(),
        |policy| json!({"PolicyName": policy.name, "PolicyArn": policy.arn}),
    )
}
