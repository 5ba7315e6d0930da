//! The account: its alias and its counts.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Iam,
    common::{PageInput, exists, no_such},
};
use crate::{ApiError, Call};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AliasInput {
    account_alias: String,
}

/// The one alias that an account may have.
const ALIAS: &str = "alias";

pub(super) fn create_alias(iam: &Iam, _: &Call, input: &AliasInput) -> Result<(), ApiError> {
    let alias = &input.account_alias;
    let is_fine = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    let is_edge = |text: &str| text.starts_with('-') || text.ends_with('-') || text.contains("--");
    if !(3..=63).contains(&alias.len()) || !alias.chars().all(is_fine) || is_edge(alias) {
        return Err(super::common::invalid(format!(
            "1 validation error detected: Value '{alias}' at 'accountAlias' failed to satisfy constraint: Member must \
             satisfy regular expression pattern: ^[a-z0-9]([a-z0-9]|-(?!-)){{1,61}}[a-z0-9]$"
        )));
    }
    iam.change(|state| {
        if state.alias.values().any(|other| **other == *alias) {
            return Err(exists(format!("The account alias {alias} already exists.")));
        }
        state.alias.insert(ALIAS.to_owned(), Arc::new(alias.clone()));
        Ok(())
    })
}

pub(super) fn delete_alias(iam: &Iam, _: &Call, input: &AliasInput) -> Result<(), ApiError> {
    iam.change(|state| {
        if state.alias.get(ALIAS).is_none_or(|alias| **alias != input.account_alias) {
            return Err(no_such(format!("The account alias {} cannot be found.", input.account_alias)));
        }
        state.alias.remove(ALIAS);
        Ok(())
    })
}

pub(super) fn aliases(iam: &Iam, _: &Call, input: &PageInput) -> Result<Value, ApiError> {
    let state = iam.read();
    input.page("AccountAliases", state.alias.values(), |alias| alias.to_string(), |alias| json!(alias.as_str()))
}

/// Source of the quotas: those of IAM.
pub(super) fn summary(iam: &Iam, _: &Call, _: &serde::de::IgnoredAny) -> Result<Value, ApiError> {
    let state = iam.read();
    let versions: usize = state.policies.values().map(|policy| policy.versions.len()).sum();
    Ok(json!({ "SummaryMap": {
        "AccessKeysPerUserQuota": 2,
        "AccountAccessKeysPresent": 1,
        "AccountMFAEnabled": 0,
        "AccountPasswordPresent": 0,
        "AccountSigningCertificatesPresent": 0,
        "AssumeRolePolicySizeQuota": 2048,
        "AttachedPoliciesPerGroupQuota": 10,
        "AttachedPoliciesPerRoleQuota": 10,
        "AttachedPoliciesPerUserQuota": 10,
        "GlobalEndpointTokenVersion": 1,
        "GroupPolicySizeQuota": 5120,
        "Groups": state.groups.len(),
        "GroupsPerUserQuota": 10,
        "GroupsQuota": 300,
        "InstanceProfiles": state.profiles.len(),
        "InstanceProfilesQuota": 1000,
        "MFADevices": 0,
        "MFADevicesInUse": 0,
        "Policies": state.policies.len(),
        "PoliciesQuota": 1500,
        "PolicySizeQuota": 6144,
        "PolicyVersionsInUse": versions,
        "PolicyVersionsInUseQuota": 10_000,
        "Providers": 0,
        "RolePolicySizeQuota": 10_240,
        "Roles": state.roles.len(),
        "RolesQuota": 1000,
        "ServerCertificates": 0,
        "ServerCertificatesQuota": 20,
        "SigningCertificatesPerUserQuota": 2,
        "UserPolicySizeQuota": 2048,
        "Users": state.users.len(),
        "UsersQuota": 5000,
        "VersionsPerPolicyQuota": 5,
    }}))
}
