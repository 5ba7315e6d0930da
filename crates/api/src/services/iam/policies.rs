//! Managed policies and their versions.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Iam,
    attached::check_arn,
    common::{
        PageInput, Tag, add_tags, check_name, conflict, document, encoded, exists, flag, limit, no_random, no_such,
        path,
    },
    show::{self, identities},
};
use crate::{
    ApiError, Call,
    access::{
        directory::{ManagedPolicy, PolicyVersion, State, Tags},
        new_entity_id,
        policy::PolicyKind,
    },
};

/// Most versions of a policy.
const MOST: usize = 5;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateInput {
    policy_name: String,
    path: Option<String>,
    policy_document: String,
    description: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PolicyInput {
    policy_arn: String,
    #[serde(default)]
    version_id: String,
    #[serde(flatten)]
    page: PageInput,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct VersionInput {
    policy_arn: String,
    policy_document: String,
    #[serde(default)]
    set_as_default: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListInput {
    scope: Option<String>,
    #[serde(default, deserialize_with = "flag")]
    only_attached: bool,
    policy_usage_filter: Option<String>,
    #[serde(flatten)]
    page: PageInput,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct EntitiesInput {
    policy_arn: String,
    entity_filter: Option<String>,
    policy_usage_filter: Option<String>,
    #[serde(flatten)]
    page: PageInput,
}

pub(super) fn find<'a>(state: &'a State, arn: &str) -> Result<&'a Arc<ManagedPolicy>, ApiError> {
    check_arn(arn)?;
    state.policy(arn).ok_or_else(|| missing(arn))
}

/// To change it: those of AWS are AWS's.
pub(super) fn find_mut<'a>(state: &'a mut State, arn: &str) -> Result<&'a mut ManagedPolicy, ApiError> {
    check_arn(arn)?;
    if State::aws_managed().contains_key(arn) {
        let text = format!("Policy is outside your own account: {arn}");
        return Err(ApiError::new("AccessDenied", text).with_status(403));
    }
    state.policies.get_mut(arn).map(Arc::make_mut).ok_or_else(|| missing(arn))
}

fn missing(arn: &str) -> ApiError {
    no_such(format!("Policy {arn} was not found."))
}

fn missing_version(arn: &str, version: &str) -> ApiError {
    no_such(format!("Policy {arn} version {version} does not exist or is not attachable."))
}

pub(super) fn create(iam: &Iam, call: &Call, input: &CreateInput) -> Result<Value, ApiError> {
    let name = &input.policy_name;
    check_name(name, "policyName")?;
    let path = path(input.path.clone())?;
    let document = document(&input.policy_document, PolicyKind::Identity)?;
    check_length(document.text())?;
    let mut tags = Tags::new();
    add_tags(&mut tags, &input.tags)?;
    let policy = ManagedPolicy {
        name: name.clone(),
        id: new_entity_id("ANPA").map_err(no_random)?,
        arn: format!("arn:aws:iam::{}:policy{path}{name}", call.account),
        path,
        description: input.description.clone(),
        created: call.now,
        updated: call.now,
        tags,
        versions: vec![PolicyVersion { id: "v1".to_owned(), document, created: call.now }],
        default: "v1".to_owned(),
        next: 2,
    };
    iam.change(|state| {
        if state.policies.values().any(|other| other.name.eq_ignore_ascii_case(name)) {
            return Err(exists(format!("A policy called {name} already exists. Duplicate names are not allowed.")));
        }
        let shown = json!({ "Policy": show::new_policy(state, &policy) });
        state.policies.insert(policy.arn.clone(), Arc::new(policy));
        Ok(shown)
    })
}

fn check_length(text: &str) -> Result<(), ApiError> {
    const LONGEST: usize = 6144;
    let letters = text.chars().filter(|letter| !letter.is_whitespace()).count();
    if letters > LONGEST { Err(limit(format!("Cannot exceed quota for PolicySize: {LONGEST}"))) } else { Ok(()) }
}

pub(super) fn get(iam: &Iam, _: &Call, input: &PolicyInput) -> Result<Value, ApiError> {
    let state = iam.read();
    Ok(json!({ "Policy": show::policy(&state, find(&state, &input.policy_arn)?) }))
}

pub(super) fn list(iam: &Iam, _: &Call, input: &ListInput) -> Result<Value, ApiError> {
    let state = iam.read();
    let scope = input.scope.as_deref().unwrap_or("All");
    let own = state.policies.values().filter(|_| scope != "AWS");
    let managed = State::aws_managed().values().filter(|_| scope != "Local");
    let is_attached = |policy: &ManagedPolicy| {
        identities(&state).any(|identity| uses(identity, &policy.arn, input.policy_usage_filter.as_deref()))
    };
    let only_attached = input.only_attached || input.policy_usage_filter.is_some();
    let mut policies: Vec<_> = own
        .chain(managed)
        .filter(|policy| input.page.is_below(&policy.path))
        .filter(|policy| !only_attached || is_attached(policy))
        .collect();
    policies.sort_by(|one, other| one.arn.cmp(&other.arn));
    input.page.page("Policies", policies, |policy| policy.arn.clone(), |policy| show::policy_basics(&state, policy))
}

/// Whether it is attached, or is the boundary; `filter` says which of these counts.
fn uses(identity: &crate::access::directory::Identity, arn: &str, filter: Option<&str>) -> bool {
    let (attached, boundary) =
        (identity.attached.contains_key(arn), identity.boundary.as_deref().is_some_and(|own| own == arn));
    match filter {
        Some("PermissionsBoundary") => boundary,
        Some(_) => attached,
        None => attached || boundary,
    }
}

pub(super) fn entities(iam: &Iam, _: &Call, input: &EntitiesInput) -> Result<Value, ApiError> {
    let state = iam.read();
    find(&state, &input.policy_arn)?;
    let wanted = |kind: &str| input.entity_filter.as_deref().is_none_or(|filter| filter == kind);
    let fits = |identity: &&crate::access::directory::Identity| {
        input.page.is_below(&identity.path) && uses(identity, &input.policy_arn, input.policy_usage_filter.as_deref())
    };
    let groups = state.groups.values().map(|group| &group.identity).filter(|_| wanted("Group")).map(|i| ("Group", i));
    let users = state.users.values().map(|user| &user.identity).filter(|_| wanted("User")).map(|i| ("User", i));
    let roles = state.roles.values().map(|role| &role.identity).filter(|_| wanted("Role")).map(|i| ("Role", i));
    let all = groups.chain(roles).chain(users).filter(|(_, identity)| fits(identity));
    let mut page = input.page.page(
        "All",
        all,
        |(kind, identity)| format!("{kind}/{}", identity.name),
        |(kind, identity)| json!({ "Kind": kind, format!("{kind}Name"): identity.name, format!("{kind}Id"): identity.id }),
    )?;
    let all = page.as_object_mut().and_then(|page| page.remove("All")).unwrap_or_default();
    for kind in ["Group", "User", "Role"] {
        let of = all.as_array().into_iter().flatten().filter(|shown| shown["Kind"] == kind).cloned();
        let of = of.map(|mut shown| {
            shown.as_object_mut().map(|shown| shown.remove("Kind"));
            shown
        });
        page[format!("Policy{kind}s")] = of.collect::<Vec<_>>().into();
    }
    Ok(page)
}

pub(super) fn delete(iam: &Iam, _: &Call, input: &PolicyInput) -> Result<(), ApiError> {
    let arn = &input.policy_arn;
    iam.change(|state| {
        let versions = find_mut(state, arn)?.versions.len();
        if identities(state).any(|identity| uses(identity, arn, None)) {
            return Err(conflict("Cannot delete a policy attached to entities."));
        }
        if versions > 1 {
            return Err(conflict(
                "This policy has more than one version. Before you delete a policy, you must delete the policy's \
                 versions. The default version is deleted with the policy.",
            ));
        }
        state.policies.remove(arn);
        Ok(())
    })
}

fn show_version(policy: &ManagedPolicy, version: &PolicyVersion, with_document: bool) -> Value {
    let mut shown = json!({
        "VersionId": version.id,
        "IsDefaultVersion": version.id == policy.default,
        "CreateDate": version.created,
    });
    if with_document {
        shown["Document"] = encoded(&version.document).into();
    }
    shown
}

pub(super) fn create_version(iam: &Iam, call: &Call, input: &VersionInput) -> Result<Value, ApiError> {
    let document = document(&input.policy_document, PolicyKind::Identity)?;
    check_length(document.text())?;
    iam.change(|state| {
        let policy = find_mut(state, &input.policy_arn)?;
        if policy.versions.len() >= MOST {
            return Err(limit(
                "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing \
                 version.",
            ));
        }
        let version = PolicyVersion { id: format!("v{}", policy.next), document, created: call.now };
        policy.next += 1;
        policy.updated = call.now;
        if input.set_as_default {
            policy.default.clone_from(&version.id);
        }
        let shown = json!({ "PolicyVersion": show_version(policy, &version, false) });
        policy.versions.push(version);
        Ok(shown)
    })
}

pub(super) fn get_version(iam: &Iam, _: &Call, input: &PolicyInput) -> Result<Value, ApiError> {
    let state = iam.read();
    let policy = find(&state, &input.policy_arn)?;
    let version = policy.version(&input.version_id);
    let version = version.ok_or_else(|| missing_version(&input.policy_arn, &input.version_id))?;
    Ok(json!({ "PolicyVersion": show_version(policy, version, true) }))
}

pub(super) fn list_versions(iam: &Iam, _: &Call, input: &PolicyInput) -> Result<Value, ApiError> {
    let state = iam.read();
    let policy = find(&state, &input.policy_arn)?;
    // The newest first. Markers go up, so that they count down.
    let number = |version: &PolicyVersion| version.id[1..].parse::<u32>().unwrap_or_default();
    input.page.page(
        "Versions",
        policy.versions.iter().rev(),
        |version| format!("{:010}", u32::MAX - number(version)),
        |version| show_version(policy, version, false),
    )
}

pub(super) fn set_default(iam: &Iam, call: &Call, input: &PolicyInput) -> Result<(), ApiError> {
    iam.change(|state| {
        let policy = find_mut(state, &input.policy_arn)?;
        if policy.version(&input.version_id).is_none() {
            return Err(missing_version(&input.policy_arn, &input.version_id));
        }
        policy.default.clone_from(&input.version_id);
        policy.updated = call.now;
        Ok(())
    })
}

pub(super) fn delete_version(iam: &Iam, _: &Call, input: &PolicyInput) -> Result<(), ApiError> {
    iam.change(|state| {
        let policy = find_mut(state, &input.policy_arn)?;
        if policy.version(&input.version_id).is_none() {
            return Err(missing_version(&input.policy_arn, &input.version_id));
        }
        if policy.default == input.version_id {
            return Err(conflict("Cannot delete the default version of a policy."));
        }
        policy.versions.retain(|version| version.id != input.version_id);
        Ok(())
    })
}
