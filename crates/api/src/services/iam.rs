//! IAM: users, groups, roles, policies, access keys. What it changes is what [`Access`] decides by.

mod account;
mod attached;
mod boundaries;
mod common;
mod groups;
mod inline;
mod keys;
mod linked;
mod owner;
mod policies;
mod profiles;
mod resources;
mod roles;
mod show;
mod tags;
mod unsupported;
mod users;

use std::sync::Arc;

use crate::{
    ApiError, Check, Operation, ServiceName, Table,
    access::{
        Access,
        directory::{Group, Role, State, User},
    },
    handle,
};
use resources::{
    all_groups, all_policies, all_profiles, all_roles, all_users, group, linked_role, new_policy, policy, profile,
    role, user,
};

pub use unsupported::table as unsupported;

/// What the operations work on.
pub struct Iam {
    access: Arc<Access>,
}

impl Iam {
    fn read(&self) -> Arc<State> {
        self.access.directory().read()
    }

    fn change<T>(&self, work: impl FnOnce(&mut State) -> Result<T, ApiError>) -> Result<T, ApiError> {
        self.access.directory().change(work)
    }
}

/// The table of IAM.
pub fn table(access: Arc<Access>) -> Table<Iam> {
    Table::new(ServiceName::Iam, Iam { access }, OPERATIONS)
}

const USER: Check = Check::Required("UserName");
const USER_LENGTH: Check = Check::Length("UserName", 1, 128);
const NEW_USER: Check = Check::Length("UserName", 1, 64);
const GROUP: Check = Check::Required("GroupName");
const GROUP_LENGTH: Check = Check::Length("GroupName", 1, 128);
const ROLE: Check = Check::Required("RoleName");
const ROLE_LENGTH: Check = Check::Length("RoleName", 1, 64);
const PROFILE: Check = Check::Required("InstanceProfileName");
const PROFILE_LENGTH: Check = Check::Length("InstanceProfileName", 1, 128);
const ARN: Check = Check::Required("PolicyArn");
const ARN_LENGTH: Check = Check::Length("PolicyArn", 20, 2048);
const NAME: Check = Check::Required("PolicyName");
const NAME_LENGTH: Check = Check::Length("PolicyName", 1, 128);
const DOCUMENT: Check = Check::Required("PolicyDocument");
const DOCUMENT_LENGTH: Check = Check::Length("PolicyDocument", 1, 131_072);
const VERSION: Check = Check::Required("VersionId");
const KEY: Check = Check::Required("AccessKeyId");
const KEY_LENGTH: Check = Check::Length("AccessKeyId", 16, 128);
const BOUNDARY: Check = Check::Required("PermissionsBoundary");
const BOUNDARY_LENGTH: Check = Check::Length("PermissionsBoundary", 20, 2048);
const DESCRIPTION: Check = Check::Length("Description", 0, 1000);
const SESSION: Check = Check::Range("MaxSessionDuration", 3600, 43_200);

const OPERATIONS: &[Operation<Iam>] = &[
    Operation::new("CreateUser", handle!(users::create)).on(user).checked(&[USER, NEW_USER, BOUNDARY_LENGTH]),
    Operation::new("GetUser", handle!(users::get)).on(user).checked(&[USER_LENGTH]),
    Operation::new("UpdateUser", handle!(users::update)).on(user).checked(&[
        USER,
        USER_LENGTH,
        Check::Length("NewUserName", 1, 64),
    ]),
    Operation::new("DeleteUser", handle!(users::delete)).on(user).checked(&[USER, USER_LENGTH]),
    Operation::new("ListUsers", handle!(users::list)).on(all_users),
    Operation::new("CreateAccessKey", handle!(keys::create)).on(user).checked(&[USER_LENGTH]),
    Operation::new("ListAccessKeys", handle!(keys::list)).on(user).checked(&[USER_LENGTH]),
    Operation::new("UpdateAccessKey", handle!(keys::update)).on(user).checked(&[
        USER_LENGTH,
        KEY,
        KEY_LENGTH,
        Check::Required("Status"),
        Check::OneOf("Status", &["Active", "Inactive"]),
    ]),
    Operation::new("DeleteAccessKey", handle!(keys::delete)).on(user).checked(&[USER_LENGTH, KEY, KEY_LENGTH]),
    Operation::new("GetAccessKeyLastUsed", handle!(keys::last_used)).on(user).checked(&[KEY, KEY_LENGTH]),
    Operation::new("CreateGroup", handle!(groups::create)).on(group).checked(&[GROUP, GROUP_LENGTH]),
    Operation::new("GetGroup", handle!(groups::get)).on(group).checked(&[GROUP, GROUP_LENGTH]),
    Operation::new("UpdateGroup", handle!(groups::update)).on(group).checked(&[
        GROUP,
        GROUP_LENGTH,
        Check::Length("NewGroupName", 1, 128),
    ]),
    Operation::new("DeleteGroup", handle!(groups::delete)).on(group).checked(&[GROUP, GROUP_LENGTH]),
    Operation::new("ListGroups", handle!(groups::list)).on(all_groups),
    Operation::new("ListGroupsForUser", handle!(groups::of_user)).on(user).checked(&[USER, USER_LENGTH]),
    Operation::new("AddUserToGroup", handle!(groups::add_user)).on(group).checked(&[
        GROUP,
        GROUP_LENGTH,
        USER,
        USER_LENGTH,
    ]),
    Operation::new("RemoveUserFromGroup", handle!(groups::remove_user)).on(group).checked(&[
        GROUP,
        GROUP_LENGTH,
        USER,
        USER_LENGTH,
    ]),
    Operation::new("CreateRole", handle!(roles::create)).on(role).checked(&[
        ROLE,
        ROLE_LENGTH,
        Check::Required("AssumeRolePolicyDocument"),
        Check::Length("AssumeRolePolicyDocument", 1, 131_072),
        DESCRIPTION,
        SESSION,
        BOUNDARY_LENGTH,
    ]),
    Operation::new("GetRole", handle!(roles::get)).on(role).checked(&[ROLE, ROLE_LENGTH]),
    Operation::new("UpdateRole", handle!(roles::update)).on(role).checked(&[ROLE, ROLE_LENGTH, DESCRIPTION, SESSION]),
    Operation::new("UpdateRoleDescription", handle!(roles::update_description)).on(role).checked(&[
        ROLE,
        ROLE_LENGTH,
        Check::Required("Description"),
        DESCRIPTION,
    ]),
    Operation::new("UpdateAssumeRolePolicy", handle!(roles::update_trust)).on(role).checked(&[
        ROLE,
        ROLE_LENGTH,
        DOCUMENT,
        DOCUMENT_LENGTH,
    ]),
    Operation::new("DeleteRole", handle!(roles::delete)).on(role).checked(&[ROLE, ROLE_LENGTH]),
    Operation::new("ListRoles", handle!(roles::list)).on(all_roles),
    Operation::new("CreateServiceLinkedRole", handle!(linked::create))
        .on(linked_role)
        .checked(&[Check::Required("AWSServiceName"), Check::Length("AWSServiceName", 1, 128)]),
    Operation::new("DeleteServiceLinkedRole", handle!(linked::delete)).on(role).checked(&[ROLE, ROLE_LENGTH]),
    Operation::new("GetServiceLinkedRoleDeletionStatus", handle!(linked::deletion))
        .checked(&[Check::Required("DeletionTaskId")]),
    Operation::new("CreatePolicy", handle!(policies::create)).on(new_policy).checked(&[
        NAME,
        NAME_LENGTH,
        DOCUMENT,
        DOCUMENT_LENGTH,
        DESCRIPTION,
    ]),
    Operation::new("GetPolicy", handle!(policies::get)).on(policy).checked(&[ARN, ARN_LENGTH]),
    Operation::new("ListPolicies", handle!(policies::list)).on(all_policies).checked(&[
        Check::OneOf("Scope", &["All", "AWS", "Local"]),
        Check::OneOf("PolicyUsageFilter", &["PermissionsPolicy", "PermissionsBoundary"]),
    ]),
    Operation::new("DeletePolicy", handle!(policies::delete)).on(policy).checked(&[ARN, ARN_LENGTH]),
    Operation::new("ListEntitiesForPolicy", handle!(policies::entities)).on(policy).checked(&[ARN, ARN_LENGTH]),
    Operation::new("CreatePolicyVersion", handle!(policies::create_version)).on(policy).checked(&[
        ARN,
        ARN_LENGTH,
        DOCUMENT,
        DOCUMENT_LENGTH,
    ]),
    Operation::new("GetPolicyVersion", handle!(policies::get_version)).on(policy).checked(&[ARN, ARN_LENGTH, VERSION]),
    Operation::new("ListPolicyVersions", handle!(policies::list_versions)).on(policy).checked(&[ARN, ARN_LENGTH]),
    Operation::new("SetDefaultPolicyVersion", handle!(policies::set_default))
        .on(policy)
        .checked(&[ARN, ARN_LENGTH, VERSION]),
    Operation::new("DeletePolicyVersion", handle!(policies::delete_version))
        .on(policy)
        .checked(&[ARN, ARN_LENGTH, VERSION]),
    Operation::new("PutUserPolicy", handle!(inline::put::<User>)).on(user).checked(&[
        USER,
        USER_LENGTH,
        NAME,
        NAME_LENGTH,
        DOCUMENT,
        DOCUMENT_LENGTH,
    ]),
    Operation::new("GetUserPolicy", handle!(inline::get::<User>)).on(user).checked(&[
        USER,
        USER_LENGTH,
        NAME,
        NAME_LENGTH,
    ]),
    Operation::new("ListUserPolicies", handle!(inline::list::<User>)).on(user).checked(&[USER, USER_LENGTH]),
    Operation::new("DeleteUserPolicy", handle!(inline::delete::<User>)).on(user).checked(&[
        USER,
        USER_LENGTH,
        NAME,
        NAME_LENGTH,
    ]),
    Operation::new("AttachUserPolicy", handle!(attached::attach::<User>)).on(user).checked(&[
        USER,
        USER_LENGTH,
        ARN,
        ARN_LENGTH,
    ]),
    Operation::new("DetachUserPolicy", handle!(attached::detach::<User>)).on(user).checked(&[
        USER,
        USER_LENGTH,
        ARN,
        ARN_LENGTH,
    ]),
    Operation::new("ListAttachedUserPolicies", handle!(attached::list::<User>)).on(user).checked(&[USER, USER_LENGTH]),
    Operation::new("PutRolePolicy", handle!(inline::put::<Role>)).on(role).checked(&[
        ROLE,
        ROLE_LENGTH,
        NAME,
        NAME_LENGTH,
        DOCUMENT,
        DOCUMENT_LENGTH,
    ]),
    Operation::new("GetRolePolicy", handle!(inline::get::<Role>)).on(role).checked(&[
        ROLE,
        ROLE_LENGTH,
        NAME,
        NAME_LENGTH,
    ]),
    Operation::new("ListRolePolicies", handle!(inline::list::<Role>)).on(role).checked(&[ROLE, ROLE_LENGTH]),
    Operation::new("DeleteRolePolicy", handle!(inline::delete::<Role>)).on(role).checked(&[
        ROLE,
        ROLE_LENGTH,
        NAME,
        NAME_LENGTH,
    ]),
    Operation::new("AttachRolePolicy", handle!(attached::attach::<Role>)).on(role).checked(&[
        ROLE,
        ROLE_LENGTH,
        ARN,
        ARN_LENGTH,
    ]),
    Operation::new("DetachRolePolicy", handle!(attached::detach::<Role>)).on(role).checked(&[
        ROLE,
        ROLE_LENGTH,
        ARN,
        ARN_LENGTH,
    ]),
    Operation::new("ListAttachedRolePolicies", handle!(attached::list::<Role>)).on(role).checked(&[ROLE, ROLE_LENGTH]),
    Operation::new("PutGroupPolicy", handle!(inline::put::<Group>)).on(group).checked(&[
        GROUP,
        GROUP_LENGTH,
        NAME,
        NAME_LENGTH,
        DOCUMENT,
        DOCUMENT_LENGTH,
    ]),
    Operation::new("GetGroupPolicy", handle!(inline::get::<Group>)).on(group).checked(&[
        GROUP,
        GROUP_LENGTH,
        NAME,
        NAME_LENGTH,
    ]),
    Operation::new("ListGroupPolicies", handle!(inline::list::<Group>)).on(group).checked(&[GROUP, GROUP_LENGTH]),
    Operation::new("DeleteGroupPolicy", handle!(inline::delete::<Group>)).on(group).checked(&[
        GROUP,
        GROUP_LENGTH,
        NAME,
        NAME_LENGTH,
    ]),
    Operation::new("AttachGroupPolicy", handle!(attached::attach::<Group>)).on(group).checked(&[
        GROUP,
        GROUP_LENGTH,
        ARN,
        ARN_LENGTH,
    ]),
    Operation::new("DetachGroupPolicy", handle!(attached::detach::<Group>)).on(group).checked(&[
        GROUP,
        GROUP_LENGTH,
        ARN,
        ARN_LENGTH,
    ]),
    Operation::new("ListAttachedGroupPolicies", handle!(attached::list::<Group>))
        .on(group)
        .checked(&[GROUP, GROUP_LENGTH]),
    Operation::new("PutUserPermissionsBoundary", handle!(boundaries::put::<User>)).on(user).checked(&[
        USER,
        USER_LENGTH,
        BOUNDARY,
        BOUNDARY_LENGTH,
    ]),
    Operation::new("DeleteUserPermissionsBoundary", handle!(boundaries::delete::<User>))
        .on(user)
        .checked(&[USER, USER_LENGTH]),
    Operation::new("PutRolePermissionsBoundary", handle!(boundaries::put::<Role>)).on(role).checked(&[
        ROLE,
        ROLE_LENGTH,
        BOUNDARY,
        BOUNDARY_LENGTH,
    ]),
    Operation::new("DeleteRolePermissionsBoundary", handle!(boundaries::delete::<Role>))
        .on(role)
        .checked(&[ROLE, ROLE_LENGTH]),
    Operation::new("TagUser", handle!(tags::tag::<User>)).on(user).checked(&[
        USER,
        USER_LENGTH,
        Check::Required("Tags"),
    ]),
    Operation::new("UntagUser", handle!(tags::untag::<User>)).on(user).checked(&[
        USER,
        USER_LENGTH,
        Check::Required("TagKeys"),
    ]),
    Operation::new("ListUserTags", handle!(tags::list::<User>)).on(user).checked(&[USER, USER_LENGTH]),
    Operation::new("TagRole", handle!(tags::tag::<Role>)).on(role).checked(&[
        ROLE,
        ROLE_LENGTH,
        Check::Required("Tags"),
    ]),
    Operation::new("UntagRole", handle!(tags::untag::<Role>)).on(role).checked(&[
        ROLE,
        ROLE_LENGTH,
        Check::Required("TagKeys"),
    ]),
    Operation::new("ListRoleTags", handle!(tags::list::<Role>)).on(role).checked(&[ROLE, ROLE_LENGTH]),
    Operation::new("TagPolicy", handle!(tags::tag::<tags::Policies>)).on(policy).checked(&[
        ARN,
        ARN_LENGTH,
        Check::Required("Tags"),
    ]),
    Operation::new("UntagPolicy", handle!(tags::untag::<tags::Policies>)).on(policy).checked(&[
        ARN,
        ARN_LENGTH,
        Check::Required("TagKeys"),
    ]),
    Operation::new("ListPolicyTags", handle!(tags::list::<tags::Policies>)).on(policy).checked(&[ARN, ARN_LENGTH]),
    Operation::new("TagInstanceProfile", handle!(tags::tag::<tags::Profiles>)).on(profile).checked(&[
        PROFILE,
        PROFILE_LENGTH,
        Check::Required("Tags"),
    ]),
    Operation::new("UntagInstanceProfile", handle!(tags::untag::<tags::Profiles>)).on(profile).checked(&[
        PROFILE,
        PROFILE_LENGTH,
        Check::Required("TagKeys"),
    ]),
    Operation::new("ListInstanceProfileTags", handle!(tags::list::<tags::Profiles>))
        .on(profile)
        .checked(&[PROFILE, PROFILE_LENGTH]),
    Operation::new("CreateInstanceProfile", handle!(profiles::create)).on(profile).checked(&[PROFILE, PROFILE_LENGTH]),
    Operation::new("GetInstanceProfile", handle!(profiles::get)).on(profile).checked(&[PROFILE, PROFILE_LENGTH]),
    Operation::new("DeleteInstanceProfile", handle!(profiles::delete)).on(profile).checked(&[PROFILE, PROFILE_LENGTH]),
    Operation::new("ListInstanceProfiles", handle!(profiles::list)).on(all_profiles),
    Operation::new("ListInstanceProfilesForRole", handle!(profiles::of_role)).on(role).checked(&[ROLE, ROLE_LENGTH]),
    Operation::new("AddRoleToInstanceProfile", handle!(profiles::add_role)).on(profile).checked(&[
        PROFILE,
        PROFILE_LENGTH,
        ROLE,
        ROLE_LENGTH,
    ]),
    Operation::new("RemoveRoleFromInstanceProfile", handle!(profiles::remove_role)).on(profile).checked(&[
        PROFILE,
        PROFILE_LENGTH,
        ROLE,
        ROLE_LENGTH,
    ]),
    Operation::new("CreateAccountAlias", handle!(account::create_alias)).checked(&[Check::Required("AccountAlias")]),
    Operation::new("DeleteAccountAlias", handle!(account::delete_alias)).checked(&[Check::Required("AccountAlias")]),
    Operation::new("ListAccountAliases", handle!(account::aliases)),
    Operation::new("GetAccountSummary", handle!(account::summary)),
];

#[cfg(test)]
mod tests;
