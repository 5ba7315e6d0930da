//! Resources of IAM.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    Kind, Made, Was, Work,
    work::{document, entries, found, merged},
};
use crate::{ApiError, ServiceName::Iam, services::cloudformation::template::text};

pub(super) const KINDS: &[Kind] = &[
    Kind::new("AWS::IAM::Role", create_role, |work, was| delete_owner(work, was, ROLE))
        .named("RoleName", 64)
        .requires(&["AssumeRolePolicyDocument"])
        .shows(&["Arn", "RoleId"])
        .found(|work| work.shown(Iam, "GetRole", json!({"RoleName": work.name}), &work.name))
        .changes(update_role, &["Path"]),
    Kind::new("AWS::IAM::User", create_user, |work, was| delete_owner(work, was, USER))
        .named("UserName", 64)
        .shows(&["Arn"])
        .found(|work| work.shown(Iam, "GetUser", json!({"UserName": work.name}), &work.name))
        .changes(|work, was| update_owner(work, was, USER), &["Path"]),
    Kind::new("AWS::IAM::Policy", put_policy, delete_policy)
        .requires(&["PolicyDocument", "PolicyName"])
        .shows(&["Id"])
        .changes(update_policy, &["PolicyName"]),
    Kind::new("AWS::IAM::ManagedPolicy", create_managed, delete_managed)
        .named("ManagedPolicyName", 128)
        .requires(&["PolicyDocument"])
        .shows(&["PolicyArn"])
        .found(|work| {
            let path = work.text("Path").unwrap_or_else(|| "/".to_owned());
            let arn = format!("arn:aws:iam::{}:policy{path}{}", work.call.account, work.name);
            work.shown(Iam, "GetPolicy", json!({"PolicyArn": arn}), &arn)
        })
        .changes(update_managed, &["Description", "Path"]),
    Kind::new("AWS::IAM::InstanceProfile", create_profile, delete_profile)
        .named("InstanceProfileName", 128)
        .requires(&["Roles"])
        .shows(&["Arn"])
        .found(|work| work.shown(Iam, "GetInstanceProfile", json!({"InstanceProfileName": work.name}), &work.name)),
];

/// Whoever has policies: what the operations call it.
#[derive(Clone, Copy)]
struct Owner {
    /// `RoleName`.
    member: &'static str,
    /// As in `PutRolePolicy`.
    word: &'static str,
    /// Properties of policies with a list of them.
    list: &'static str,
}

const ROLE: Owner = Owner { member: "RoleName", word: "Role", list: "Roles" };
const USER: Owner = Owner { member: "UserName", word: "User", list: "Users" };
const GROUP: Owner = Owner { member: "GroupName", word: "Group", list: "Groups" };

fn create_role(work: &Work<'_>) -> Result<Made, ApiError> {
    let given = work.same(&["Description", "MaxSessionDuration", "Path", "PermissionsBoundary"]);
    let trust = work.document("AssumeRolePolicyDocument");
    let further = json!({"RoleName": work.name, "AssumeRolePolicyDocument": trust, "Tags": work.tags()});
    let answer = work.call(Iam, "CreateRole", merged(given, further))?;
    let made = Made::of(&work.name).with("Arn", found(&answer, "/Role/Arn")?);
    put_policies(work, ROLE)?;
    Ok(made.with("RoleId", found(&answer, "/Role/RoleId")?))
}

fn create_user(work: &Work<'_>) -> Result<Made, ApiError> {
    let given = work.same(&["Path", "PermissionsBoundary"]);
    let answer = work.call(Iam, "CreateUser", merged(given, json!({"UserName": work.name, "Tags": work.tags()})))?;
    let made = Made::of(&work.name).with("Arn", found(&answer, "/User/Arn")?);
    put_policies(work, USER)?;
    for group in work.list("Groups") {
        work.call(Iam, "AddUserToGroup", json!({"UserName": work.name, "GroupName": group}))?;
    }
    Ok(made)
}

fn put_policies(work: &Work<'_>, owner: Owner) -> Result<(), ApiError> {
    for arn in work.list("ManagedPolicyArns") {
        work.call(Iam, &format!("Attach{}Policy", owner.word), json!({owner.member: work.name, "PolicyArn": arn}))?;
    }
    for policy in work.list("Policies") {
        let text = policy.get("PolicyDocument").map(document);
        let input = json!({owner.member: work.name, "PolicyName": policy.get("PolicyName"), "PolicyDocument": text});
        work.call(Iam, &format!("Put{}Policy", owner.word), input)?;
    }
    Ok(())
}

fn update_role(work: &Work<'_>, was: &Was<'_>) -> Result<Made, ApiError> {
    let given = work.same(&["Description", "MaxSessionDuration"]);
    work.call(Iam, "UpdateRole", merged(given, json!({"RoleName": work.name})))?;
    let input = json!({"RoleName": work.name, "PolicyDocument": work.document("AssumeRolePolicyDocument")});
    work.call(Iam, "UpdateAssumeRolePolicy", input)?;
    update_owner(work, was, ROLE)
}

fn update_owner(work: &Work<'_>, was: &Was<'_>, owner: Owner) -> Result<Made, ApiError> {
    let names = |properties: &Value| -> BTreeSet<String> {
        entries(properties, "Policies").filter_map(|policy| text(policy.get("PolicyName")?)).collect()
    };
    let arns = |properties: &Value| -> BTreeSet<String> {
        entries(properties, "ManagedPolicyArns").filter_map(text).collect()
    };
    for name in names(was.properties).difference(&names(work.properties)) {
        work.remove(Iam, &format!("Delete{}Policy", owner.word), json!({owner.member: work.name, "PolicyName": name}))?;
    }
    for arn in arns(was.properties).difference(&arns(work.properties)) {
        work.remove(Iam, &format!("Detach{}Policy", owner.word), json!({owner.member: work.name, "PolicyArn": arn}))?;
    }
    put_policies(work, owner)?;
    work.retag(
        was,
        Iam,
        (&format!("Tag{}", owner.word), |tags| json!({owner.member: work.name, "Tags": tags})),
        (&format!("Untag{}", owner.word), |lost| json!({owner.member: work.name, "TagKeys": lost})),
    )?;
    Ok(was.made.clone())
}

fn delete_owner(work: &Work<'_>, was: &Was<'_>, owner: Owner) -> Result<(), ApiError> {
    let name = &was.made.physical;
    for policy in entries(was.properties, "Policies") {
        let input = json!({owner.member: name, "PolicyName": policy.get("PolicyName")});
        work.remove(Iam, &format!("Delete{}Policy", owner.word), input)?;
    }
    for arn in entries(was.properties, "ManagedPolicyArns") {
        work.remove(Iam, &format!("Detach{}Policy", owner.word), json!({owner.member: name, "PolicyArn": arn}))?;
    }
    for group in entries(was.properties, "Groups").filter(|_| owner.word == "User") {
        work.remove(Iam, "RemoveUserFromGroup", json!({"UserName": name, "GroupName": group}))?;
    }
    work.remove(Iam, &format!("Delete{}", owner.word), json!({owner.member: name}))
}

fn put_policy(work: &Work<'_>) -> Result<Made, ApiError> {
    let name = work.text("PolicyName").unwrap_or_default();
    for owner in [ROLE, USER, GROUP] {
        for holder in work.list(owner.list) {
            let text = work.document("PolicyDocument");
            let input = json!({owner.member: holder, "PolicyName": name, "PolicyDocument": text});
            work.call(Iam, &format!("Put{}Policy", owner.word), input)?;
        }
    }
    Ok(Made::of(&work.name).with("Id", work.name.as_str()))
}

fn update_policy(work: &Work<'_>, was: &Was<'_>) -> Result<Made, ApiError> {
    put_policy(work)?;
    for owner in [ROLE, USER, GROUP] {
        let now: Vec<&Value> = work.list(owner.list).collect();
        for holder in entries(was.properties, owner.list).filter(|holder| !now.contains(holder)) {
            let input = json!({owner.member: holder, "PolicyName": was.properties.get("PolicyName")});
            work.remove(Iam, &format!("Delete{}Policy", owner.word), input)?;
        }
    }
    Ok(was.made.clone())
}

fn delete_policy(work: &Work<'_>, was: &Was<'_>) -> Result<(), ApiError> {
    for owner in [ROLE, USER, GROUP] {
        for holder in entries(was.properties, owner.list) {
            let input = json!({owner.member: holder, "PolicyName": was.properties.get("PolicyName")});
            work.remove(Iam, &format!("Delete{}Policy", owner.word), input)?;
        }
    }
    Ok(())
}

fn create_managed(work: &Work<'_>) -> Result<Made, ApiError> {
    let given = work.same(&["Description", "Path"]);
    let further = json!({"PolicyName": work.name, "PolicyDocument": work.document("PolicyDocument")});
    let arn = found(&work.call(Iam, "CreatePolicy", merged(given, further))?, "/Policy/Arn")?;
    attach(work, work.all(), &arn, "Attach")?;
    Ok(Made::of(&arn).with("PolicyArn", arn))
}

fn attach(work: &Work<'_>, properties: &Value, arn: &str, verb: &str) -> Result<(), ApiError> {
    for owner in [ROLE, USER, GROUP] {
        for holder in entries(properties, owner.list) {
            let input = json!({owner.member: holder, "PolicyArn": arn});
            let operation = format!("{verb}{}Policy", owner.word);
            if verb == "Attach" {
                work.call(Iam, &operation, input)?;
            } else {
                work.remove(Iam, &operation, input)?;
            }
        }
    }
    Ok(())
}

/// A policy keeps five versions: the one that was in force is removed once the new one is.
fn update_managed(work: &Work<'_>, was: &Was<'_>) -> Result<Made, ApiError> {
    let arn = &was.made.physical;
    let before = work.call(Iam, "GetPolicy", json!({"PolicyArn": arn}))?;
    let text = work.document("PolicyDocument");
    work.call(Iam, "CreatePolicyVersion", json!({"PolicyArn": arn, "PolicyDocument": text, "SetAsDefault": true}))?;
    let version = found(&before, "/Policy/DefaultVersionId")?;
    work.remove(Iam, "DeletePolicyVersion", json!({"PolicyArn": arn, "VersionId": version}))?;
    attach(work, was.properties, arn, "Detach")?;
    attach(work, work.all(), arn, "Attach")?;
    Ok(was.made.clone())
}

fn delete_managed(work: &Work<'_>, was: &Was<'_>) -> Result<(), ApiError> {
    let arn = &was.made.physical;
    attach(work, was.properties, arn, "Detach")?;
    work.remove(Iam, "DeletePolicy", json!({"PolicyArn": arn}))
}

fn create_profile(work: &Work<'_>) -> Result<Made, ApiError> {
    let name = &work.name;
    let input = merged(work.same(&["Path"]), json!({"InstanceProfileName": name}));
    let arn = found(&work.call(Iam, "CreateInstanceProfile", input)?, "/InstanceProfile/Arn")?;
    let made = Made::of(name).with("Arn", arn);
    for role in work.list("Roles") {
        work.call(Iam, "AddRoleToInstanceProfile", json!({"InstanceProfileName": name, "RoleName": role}))?;
    }
    Ok(made)
}

fn delete_profile(work: &Work<'_>, was: &Was<'_>) -> Result<(), ApiError> {
    let name = &was.made.physical;
    for role in entries(was.properties, "Roles") {
        let input = json!({"InstanceProfileName": name, "RoleName": role});
        work.remove(Iam, "RemoveRoleFromInstanceProfile", input)?;
    }
    work.remove(Iam, "DeleteInstanceProfile", json!({"InstanceProfileName": name}))
}
