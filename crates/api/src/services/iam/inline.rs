//! Policies of a user, a group or a role alone.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Iam,
    common::{PageInput, check_name, document, encoded, limit, no_such},
    owner::{self, Owner},
};
use crate::{ApiError, Call, access::policy::PolicyKind};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Input {
    #[serde(alias = "GroupName", alias = "RoleName")]
    user_name: String,
    #[serde(default)]
    policy_name: String,
    #[serde(default)]
    policy_document: String,
    #[serde(flatten)]
    page: PageInput,
}

/// Longest text of all policies of one, in letters that are no blanks. Source: quotas of IAM.
fn longest(kind: &str) -> usize {
    match kind {
        "user" => 2048,
        "group" => 5120,
        _ => 10_240,
    }
}

pub(super) fn put<O: Owner>(iam: &Iam, _: &Call, input: &Input) -> Result<(), ApiError> {
    check_name(&input.policy_name, "policyName")?;
    let document = document(&input.policy_document, PolicyKind::Identity);
    iam.change(|state| {
        let owner = owner::find_mut::<O>(state, &input.user_name)?.identity_mut();
        owner.inline.insert(input.policy_name.clone(), document?);
        let letters = |text: &str| text.chars().filter(|letter| !letter.is_whitespace()).count();
        let all: usize = owner.inline.values().map(|document| letters(document.text())).sum();
        let most = longest(O::KIND);
        if all > most {
            return Err(limit(format!(
                "Maximum policy size of {most} bytes exceeded for {} {}",
                O::KIND,
                input.user_name
            )));
        }
        Ok(())
    })
}

pub(super) fn get<O: Owner>(iam: &Iam, _: &Call, input: &Input) -> Result<Value, ApiError> {
    let state = iam.read();
    let owner = owner::find::<O>(&state, &input.user_name)?.identity();
    let document = owner.inline.get(&input.policy_name).ok_or_else(|| missing::<O>(&input.policy_name))?;
    Ok(json!({
        O::MEMBER: input.user_name,
        "PolicyName": input.policy_name,
        "PolicyDocument": encoded(document),
    }))
}

pub(super) fn list<O: Owner>(iam: &Iam, _: &Call, input: &Input) -> Result<Value, ApiError> {
    let state = iam.read();
    let owner = owner::find::<O>(&state, &input.user_name)?.identity();
    input.page.page("PolicyNames", owner.inline.keys(), |name| (*name).clone(), |name| json!(name))
}

pub(super) fn delete<O: Owner>(iam: &Iam, _: &Call, input: &Input) -> Result<(), ApiError> {
    iam.change(|state| {
        let owner = owner::find_mut::<O>(state, &input.user_name)?.identity_mut();
        owner.inline.remove(&input.policy_name).map(drop).ok_or_else(|| missing::<O>(&input.policy_name))
    })
}

fn missing<O: Owner>(name: &str) -> ApiError {
    no_such(format!("The {} policy with name {name} cannot be found.", O::KIND))
}
