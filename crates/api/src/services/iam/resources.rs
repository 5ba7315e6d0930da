//! What the operations are about, as ARNs.

use super::linked;
use crate::{Call, Payload};

/// `arn:aws:iam::<account>:<resource>`.
fn arn(call: &Call, resource: &str) -> Vec<String> {
    vec![format!("arn:aws:iam::{}:{resource}", call.account)]
}

/// What an input names. Its path is not said: [`Access::authorize`] knows it.
fn named(call: &Call, payload: &Payload, kind: &str, member: &str) -> Vec<String> {
    arn(call, &format!("{kind}/{}", payload.text(member).unwrap_or_default()))
}

/// The user that is named, or the one who calls.
pub(super) fn user(call: &Call, payload: &Payload) -> Vec<String> {
    match payload.text("UserName") {
        None if call.principal.arn.contains(":user/") => vec![call.principal.arn.clone()],
        _ => named(call, payload, "user", "UserName"),
    }
}

pub(super) fn group(call: &Call, payload: &Payload) -> Vec<String> {
    named(call, payload, "group", "GroupName")
}

pub(super) fn role(call: &Call, payload: &Payload) -> Vec<String> {
    named(call, payload, "role", "RoleName")
}

pub(super) fn profile(call: &Call, payload: &Payload) -> Vec<String> {
    named(call, payload, "instance-profile", "InstanceProfileName")
}

pub(super) fn linked_role(call: &Call, payload: &Payload) -> Vec<String> {
    let service = payload.text("AWSServiceName").unwrap_or_default();
    arn(call, &format!("role{}{service}/", linked::PATH))
}

pub(super) fn new_policy(call: &Call, payload: &Payload) -> Vec<String> {
    let (path, name) = (payload.text("Path").unwrap_or("/"), payload.text("PolicyName").unwrap_or_default());
    arn(call, &format!("policy{path}{name}"))
}

pub(super) fn policy(_: &Call, payload: &Payload) -> Vec<String> {
    vec![payload.text("PolicyArn").unwrap_or("*").to_owned()]
}

pub(super) fn all_users(call: &Call, payload: &Payload) -> Vec<String> {
    below(call, payload, "user")
}

pub(super) fn all_groups(call: &Call, payload: &Payload) -> Vec<String> {
    below(call, payload, "group")
}

pub(super) fn all_roles(call: &Call, payload: &Payload) -> Vec<String> {
    below(call, payload, "role")
}

pub(super) fn all_profiles(call: &Call, payload: &Payload) -> Vec<String> {
    below(call, payload, "instance-profile")
}

pub(super) fn all_policies(call: &Call, payload: &Payload) -> Vec<String> {
    below(call, payload, "policy")
}

fn below(call: &Call, payload: &Payload, kind: &str) -> Vec<String> {
    arn(call, &format!("{kind}{}", payload.text("PathPrefix").unwrap_or("/")))
}
