//! Users, roles, groups, profiles, policies as answers have them.

use serde_json::{Value, json};

use super::common::{encoded, tag_list, with};
use crate::access::directory::{Group, Identity, InstanceProfile, ManagedPolicy, Role, State, Tags, User};

/// How much of something an answer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// As lists have it.
    Short,
    /// With its tags and boundary.
    Whole,
}

fn tags(tags: &Tags) -> (&'static str, Option<Value>) {
    ("Tags", tag_list(tags).map(|tags| json!(tags)))
}

fn boundary(identity: &Identity) -> (&'static str, Option<Value>) {
    let shown = |arn: &String| json!({"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn});
    ("PermissionsBoundary", identity.boundary.as_ref().map(shown))
}

pub(super) fn user(user: &User, detail: Detail) -> Value {
    let Identity { name, path, id, arn, created, .. } = &user.identity;
    let shown = json!({"Path": path, "UserName": name, "UserId": id, "Arn": arn, "CreateDate": created});
    match detail {
        Detail::Short => shown,
        Detail::Whole => with(shown, [boundary(&user.identity), tags(&user.identity.tags)]),
    }
}

pub(super) fn group(group: &Group) -> Value {
    let Identity { name, path, id, arn, created, .. } = &group.identity;
    json!({"Path": path, "GroupName": name, "GroupId": id, "Arn": arn, "CreateDate": created})
}

/// As CreateRole and profiles have it.
pub(super) fn role_basics(role: &Role) -> Value {
    let Identity { name, path, id, arn, created, .. } = &role.identity;
    json!({
        "Path": path,
        "RoleName": name,
        "RoleId": id,
        "Arn": arn,
        "CreateDate": created,
        "AssumeRolePolicyDocument": encoded(&role.trust),
    })
}

pub(super) fn role(role: &Role, detail: Detail) -> Value {
    let description = ("Description", role.description.as_ref().map(|text| json!(text)));
    let longest = ("MaxSessionDuration", Some(json!(role.longest_session)));
    let shown = with(role_basics(role), [description, longest]);
    match detail {
        Detail::Short => shown,
        Detail::Whole => {
            let used = ("RoleLastUsed", Some(json!({})));
            with(shown, [boundary(&role.identity), tags(&role.identity.tags), used])
        }
    }
}

/// A role that was just made.
pub(super) fn new_role(role: &Role) -> Value {
    let description = ("Description", role.description.as_ref().map(|text| json!(text)));
    let longest = ("MaxSessionDuration", Some(json!(role.longest_session)));
    with(role_basics(role), [description, longest, boundary(&role.identity), tags(&role.identity.tags)])
}

pub(super) fn profile(state: &State, profile: &InstanceProfile) -> Value {
    let InstanceProfile { name, path, id, arn, created, tags: own, role } = profile;
    let roles: Vec<Value> =
        role.iter().filter_map(|role| state.roles.get(role)).map(|role| role_basics(role)).collect();
    let shown = json!({
        "Path": path,
        "InstanceProfileName": name,
        "InstanceProfileId": id,
        "Arn": arn,
        "CreateDate": created,
        "Roles": roles,
    });
    with(shown, [tags(own)])
}

/// As ListPolicies has it.
pub(super) fn policy_basics(state: &State, policy: &ManagedPolicy) -> Value {
    json!({
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": policy.default,
        "AttachmentCount": identities(state).filter(|identity| identity.attached.contains_key(&policy.arn)).count(),
        "PermissionsBoundaryUsageCount":
            identities(state).filter(|identity| identity.boundary.as_ref() == Some(&policy.arn)).count(),
        "IsAttachable": true,
        "CreateDate": policy.created,
        "UpdateDate": policy.updated,
    })
}

/// A policy that was just made.
pub(super) fn new_policy(state: &State, policy: &ManagedPolicy) -> Value {
    with(policy_basics(state, policy), [tags(&policy.tags)])
}

/// As GetPolicy has it: with its tags even if there are none.
pub(super) fn policy(state: &State, policy: &ManagedPolicy) -> Value {
    let description = ("Description", policy.description.as_ref().map(|text| json!(text)));
    let tags = ("Tags", Some(json!(tag_list(&policy.tags).unwrap_or_default())));
    with(policy_basics(state, policy), [description, tags])
}

/// All users, groups and roles.
pub(super) fn identities(state: &State) -> impl Iterator<Item = &Identity> {
    let users = state.users.values().map(|user| &user.identity);
    let groups = state.groups.values().map(|group| &group.identity);
    users.chain(groups).chain(state.roles.values().map(|role| &role.identity))
}
