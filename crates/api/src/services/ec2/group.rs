//! Security groups.

mod change;
mod permission;
pub(super) mod rule;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::rule::SecurityGroupRule;
use super::{
    Ec2,
    kind::{GROUP, Kind, VPC, in_use, invalid, required},
    place::Place,
    query::{self, Describe, Described, FilterPath},
    state::State,
    tags::{self, TagSpecification},
    vpc,
};
use crate::{ApiError, Call};

pub(super) use change::{describe_egress, describe_ingress, modify};
pub(super) use permission::{authorize_egress, authorize_ingress, revoke_egress, revoke_ingress};

/// Most groups of a VPC.
const MOST: usize = 2500;
/// Most rules of a group for one direction.
const MOST_RULES: usize = 60;

/// A security group. Its rules are kept beside it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SecurityGroup {
    pub(super) group_id: String,
    pub(super) group_name: String,
    pub(super) group_description: String,
    pub(super) vpc_id: String,
    pub(super) owner_id: String,
    security_group_arn: String,
}

impl Described for SecurityGroup {
    const KIND: &'static Kind = &GROUP;
    const SET: &'static str = "securityGroupInfo";
    const FILTERS: &'static [FilterPath] = &[
        ("group-id", "groupId"),
        ("group-name", "groupName"),
        ("description", "groupDescription"),
        ("vpc-id", "vpcId"),
        ("owner-id", "ownerId"),
        ("ip-permission.cidr", "ipPermissions.ipRanges.cidrIp"),
        ("ip-permission.ipv6-cidr", "ipPermissions.ipv6Ranges.cidrIpv6"),
        ("ip-permission.from-port", "ipPermissions.fromPort"),
        ("ip-permission.to-port", "ipPermissions.toPort"),
        ("ip-permission.protocol", "ipPermissions.ipProtocol"),
        ("ip-permission.group-id", "ipPermissions.groups.groupId"),
        ("ip-permission.group-name", "ipPermissions.groups.groupName"),
        ("ip-permission.user-id", "ipPermissions.groups.userId"),
        ("ip-permission.prefix-list-id", "ipPermissions.prefixListIds.prefixListId"),
        ("egress.ip-permission.cidr", "ipPermissionsEgress.ipRanges.cidrIp"),
        ("egress.ip-permission.ipv6-cidr", "ipPermissionsEgress.ipv6Ranges.cidrIpv6"),
        ("egress.ip-permission.from-port", "ipPermissionsEgress.fromPort"),
        ("egress.ip-permission.to-port", "ipPermissionsEgress.toPort"),
        ("egress.ip-permission.protocol", "ipPermissionsEgress.ipProtocol"),
        ("egress.ip-permission.group-id", "ipPermissionsEgress.groups.groupId"),
        ("egress.ip-permission.group-name", "ipPermissionsEgress.groups.groupName"),
        ("egress.ip-permission.user-id", "ipPermissionsEgress.groups.userId"),
        ("egress.ip-permission.prefix-list-id", "ipPermissionsEgress.prefixListIds.prefixListId"),
    ];

    fn id(&self) -> &str {
        &self.group_id
    }

    fn name(&self) -> Cow<'_, str> {
        self.group_name.as_str().into()
    }

    fn view(&self, state: &State) -> Value {
        let rules = |is_egress| rule::of_group(state, &self.group_id, is_egress);
        let mut view = json!(self);
        view["ipPermissions"] = permission::joined(&rules(false));
        view["ipPermissionsEgress"] = permission::joined(&rules(true));
        view
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct CreateInput {
    group_name: Option<String>,
    group_description: Option<String>,
    vpc_id: Option<String>,
    tag_specification: Vec<TagSpecification>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct DeleteInput {
    group_id: Option<String>,
    group_name: Option<String>,
}

fn check_name(name: &str) -> Result<(), ApiError> {
    if name == "default" {
        return Err(invalid("Cannot use reserved security group name: default"));
    }
    if name.starts_with("sg-") {
        let why = "Group names may not be in the format sg-*.";
        return Err(super::kind::bad_value(name, "GroupName", why));
    }
    if name.is_empty() || !is_plain(name) {
        let why = "Write 1 to 255 characters out of a-z, A-Z, 0-9, spaces, and ._-:/()#,@[]+=&;{}!$*";
        return Err(super::kind::bad_value(name, "GroupName", why));
    }
    Ok(())
}

/// `what` is `security group` or `rule`.
fn check_description(text: &str, what: &str) -> Result<(), ApiError> {
    if is_plain(text) {
        return Ok(());
    }
    let text = format!(
        "Invalid {what} description. Valid descriptions are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{{}}!$*"
    );
    Err(invalid(text))
}

/// Whether a text is of what AWS allows in names and descriptions.
fn is_plain(text: &str) -> bool {
    let is_good = |letter: char| letter.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(letter);
    text.len() < 256 && text.chars().all(is_good)
}

pub(super) fn create(ec2: &Ec2, call: &Call, input: &CreateInput) -> Result<Value, ApiError> {
    let name = required(input.group_name.as_deref(), "groupName")?;
    let description = input.group_description.as_deref().filter(|text| !text.is_empty());
    let description = required(description, "groupDescription")?;
    check_name(name)?;
    check_description(description, "security group")?;
    tags::only_for(&input.tag_specification, &[&GROUP])?;
    let place = Place::of(call);
    ec2.change(call, |state| {
        let vpc_id = vpc_of(state, input.vpc_id.as_deref())?;
        let in_vpc = || state.groups.iter().filter(|group| group.vpc_id == vpc_id);
        if in_vpc().any(|group| group.group_name == name) {
            let text = format!("The security group '{name}' already exists for VPC '{vpc_id}'");
            return Err(ApiError::new("InvalidGroup.Duplicate", text));
        }
        if in_vpc().count() >= MOST {
            let text = "The maximum number of security groups has been reached.";
            return Err(ApiError::new("SecurityGroupLimitExceeded", text));
        }
        let id = make(state, &place, &vpc_id, name, description);
        tags::give(state, &id, &GROUP, &input.tag_specification)?;
        let arn = state.groups.get(&id).map(|group| group.security_group_arn.clone());
        let tags = state.tags.contains(&id).then(|| tags::set(state, &id));
        Ok(json!({
            "return": true, "groupId": id, "securityGroupArn": arn, "tagSet": tags,
        }))
    })
}

/// The VPC that is named, or else the default one.
fn vpc_of(state: &State, id: Option<&str>) -> Result<String, ApiError> {
    match id {
        Some(id) if state.vpcs.contains(id) => Ok(id.to_owned()),
        Some(id) => Err(VPC.missing([id])),
        None => vpc::default_of(state)
            .map(|vpc| vpc.vpc_id.clone())
            .ok_or_else(|| ApiError::new("VPCIdNotSpecified", "No default VPC for this user")),
    }
}

/// A group that lets everything out, as groups do whose owner said nothing else.
pub(super) fn make(state: &mut State, place: &Place, vpc_id: &str, name: &str, description: &str) -> String {
    let id = GROUP.new_id();
    let group = SecurityGroup {
        security_group_arn: place.arn(&format!("security-group/{id}")),
        group_id: id.clone(),
        group_name: name.to_owned(),
        group_description: description.to_owned(),
        vpc_id: vpc_id.to_owned(),
        owner_id: place.account.clone(),
    };
    state.groups.insert(&id, group);
    rule::everything(state, place, &id, true, false);
    let has_ipv6 = |vpc: &vpc::Vpc| !vpc.ipv6_cidr_block_association_set.is_empty();
    if state.vpcs.get(vpc_id).is_some_and(has_ipv6) {
        rule::everything(state, place, &id, true, true);
    }
    id
}

/// A group that lets everything in as well.
pub(super) fn make_open(state: &mut State, place: &Place, vpc_id: &str, name: &str, description: &str) -> String {
    let id = make(state, place, vpc_id, name, description);
    let has_ipv6_egress = rule::of_group(state, &id, true).len() > 1;
    for is_ipv6 in [false, true] {
        rule::everything(state, place, &id, false, is_ipv6);
    }
    if !has_ipv6_egress {
        rule::everything(state, place, &id, true, true);
    }
    id
}

/// The group of interfaces whose owner chose none: it lets in what comes from itself.
pub(super) fn make_default(state: &mut State, place: &Place, vpc_id: &str) {
    let id = make(state, place, vpc_id, "default", "default VPC security group");
    rule::from_itself(state, place, &id);
}

/// The default group of a VPC.
pub(super) fn default_of<'a>(state: &'a State, vpc_id: &str) -> Option<&'a SecurityGroup> {
    state.groups.iter().find(|group| group.vpc_id == vpc_id && group.group_name == "default")
}

/// Takes a group away with its rules.
pub(super) fn forget(state: &mut State, id: &str) {
    for is_egress in [false, true] {
        for rule in rule::of_group(state, id, is_egress) {
            state.remove::<SecurityGroupRule>(&rule.security_group_rule_id);
        }
    }
    state.remove::<SecurityGroup>(id);
}

/// The group that is named by id, or by its name in the default VPC.
fn find(state: &State, id: Option<&str>, name: Option<&str>) -> Result<SecurityGroup, ApiError> {
    if let Some(id) = id {
        return state.groups.find(id).cloned();
    }
    let text = "The request must contain the parameter groupName or groupId";
    let name = name.ok_or_else(|| ApiError::new("MissingParameter", text))?;
    let default = vpc::default_of(state).map(|vpc| vpc.vpc_id.as_str());
    let is_meant = |group: &&SecurityGroup| group.group_name == name && Some(group.vpc_id.as_str()) == default;
    let missing = || ApiError::new("InvalidGroup.NotFound", format!("The security group '{name}' does not exist"));
    state.groups.iter().find(is_meant).cloned().ok_or_else(missing)
}

pub(super) fn delete(ec2: &Ec2, call: &Call, input: &DeleteInput) -> Result<Value, ApiError> {
    ec2.change(call, |state| {
        let group = find(state, input.group_id.as_deref(), input.group_name.as_deref())?;
        let id = group.group_id.as_str();
        if group.group_name == "default" {
            let text = format!("the specified group: \"{id}\" name: \"default\" cannot be deleted by a user");
            return Err(ApiError::new("CannotDelete", text));
        }
        let refers = |rule: &SecurityGroupRule| rule.group_id != id && rule.refers_to(id);
        let is_used =
            state.interfaces.iter().any(|interface| interface.has_group(id)) || state.rules.iter().any(refers);
        if is_used {
            return Err(in_use(format!("resource {id} has a dependent object")));
        }
        forget(state, id);
        Ok(json!({ "return": true, "groupId": id }))
    })
}

/// `GetSecurityGroupsForVpc`.
pub(super) fn for_vpc(ec2: &Ec2, call: &Call, input: &ForVpcInput) -> Result<Value, ApiError> {
    let vpc_id = required(input.vpc_id.as_deref(), "vpcId")?;
    let state = ec2.state(call)?;
    state.vpcs.find(vpc_id)?;
    let row = |group: &SecurityGroup| {
        json!({
            "groupId": group.group_id, "groupName": group.group_name, "description": group.group_description,
            "ownerId": group.owner_id, "primaryVpcId": group.vpc_id, "tagSet": tags::set(&state, &group.group_id),
        })
    };
    let rows = state.groups.iter().filter(|group| group.vpc_id == vpc_id).map(row).collect();
    let paths = [
        ("group-id", "groupId"),
        ("group-name", "groupName"),
        ("description", "description"),
        ("owner-id", "ownerId"),
        ("primary-vpc-id", "primaryVpcId"),
    ];
    let ask = Describe { max_results: input.max_results, next_token: input.next_token.clone(), ..Describe::default() };
    let (rows, next_token) = query::paged(query::filtered(rows, &input.filter, &paths)?, &ask, 5)?;
    Ok(json!({ "securityGroupForVpcSet": rows, "nextToken": next_token }))
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ForVpcInput {
    vpc_id: Option<String>,
    filter: Vec<query::Filter>,
    max_results: Option<i64>,
    next_token: Option<String>,
}
