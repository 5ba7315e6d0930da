//! Resources of EC2 that decide: security groups and network ACLs.

use serde_json::{Map, Value, json};

use super::{
    Kind, Made, Was, Work,
    ec2::{ids, retagged, tagged},
    ec2_network::remove,
    work::{found, merged},
};
use crate::{ApiError, ServiceName::Ec2, services::cloudformation::template::text};

pub(super) const KINDS: &[Kind] = &[
    Kind::new("AWS::EC2::SecurityGroup", create_group, |work, was| remove(work, was, "DeleteSecurityGroup", "GroupId"))
        .named("GroupName", 255)
        .requires(&["GroupDescription"])
        .shows(&["GroupId", "Id", "VpcId"])
        .found(|work| ids(work, "DescribeSecurityGroups", "/securityGroupInfo", "groupId"))
        .changes(update_group, &["GroupDescription", "VpcId"]),
    Kind::new(
        "AWS::EC2::SecurityGroupIngress",
        |work| add_rule(work, INGRESS),
        |work, was| take_rule(work, was, INGRESS),
    )
    .requires(&["IpProtocol"])
    .shows(&["Id"]),
    Kind::new("AWS::EC2::SecurityGroupEgress", |work| add_rule(work, EGRESS), |work, was| take_rule(work, was, EGRESS))
        .requires(&["GroupId", "IpProtocol"])
        .shows(&["Id"]),
    Kind::new("AWS::EC2::NetworkAcl", create_acl, |work, was| remove(work, was, "DeleteNetworkAcl", "NetworkAclId"))
        .requires(&["VpcId"])
        .shows(&["Id"])
        .found(|work| ids(work, "DescribeNetworkAcls", "/networkAclSet", "networkAclId"))
        .changes(retagged, &["VpcId"]),
    Kind::new("AWS::EC2::NetworkAclEntry", |work| put_entry(work, "CreateNetworkAclEntry"), delete_entry)
        .requires(&["NetworkAclId", "Protocol", "RuleAction", "RuleNumber"])
        .shows(&["Id"])
        .changes(
            |work, was| put_entry(work, "ReplaceNetworkAclEntry").map(|_| was.made.clone()),
            &["Egress", "NetworkAclId", "RuleNumber"],
        ),
    Kind::new("AWS::EC2::SubnetNetworkAclAssociation", associate, dissociate)
        .requires(&["NetworkAclId", "SubnetId"])
        .shows(&["AssociationId"]),
];

/// A direction of rules.
#[derive(Clone, Copy)]
struct Direction {
    /// As in `AuthorizeSecurityGroupIngress`.
    word: &'static str,
    /// The property of a group with its rules.
    property: &'static str,
    /// What begins the names of the other side.
    side: &'static str,
}

const INGRESS: Direction = Direction { word: "Ingress", property: "SecurityGroupIngress", side: "Source" };
const EGRESS: Direction = Direction { word: "Egress", property: "SecurityGroupEgress", side: "Destination" };

fn create_group(work: &Work<'_>) -> Result<Made, ApiError> {
    let input =
        json!({"GroupName": work.name, "GroupDescription": work.get("GroupDescription"), "VpcId": work.get("VpcId")});
    let id = found(&work.call(Ec2, "CreateSecurityGroup", merged(input, tagged(work, "security-group")))?, "/groupId")?;
    let described = work.call(Ec2, "DescribeSecurityGroups", json!({"GroupId": [id]}))?;
    let made = Made::of(&id).with("GroupId", id.as_str()).with("Id", id.as_str());
    let made = made.with("VpcId", described.pointer("/securityGroupInfo/0/vpcId").cloned().unwrap_or_default());
    change_rules(work, &Was { made: &made, properties: &Value::Null })?;
    Ok(made)
}

fn update_group(work: &Work<'_>, was: &Was<'_>) -> Result<Made, ApiError> {
    change_rules(work, was)?;
    retagged(work, was)
}

/// Takes rules away that are no more, and adds those that are new. A group with rules for egress has no others.
fn change_rules(work: &Work<'_>, was: &Was<'_>) -> Result<(), ApiError> {
    let id = Value::from(was.made.physical.as_str());
    for direction in [INGRESS, EGRESS] {
        let (before, after) = (rules(was.properties, direction), rules(work.all(), direction));
        let is_new = was.properties.get(direction.property).is_none();
        if direction.word == "Egress" && is_new && !after.is_empty() {
            let everything = json!([{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]);
            work.remove(Ec2, "RevokeSecurityGroupEgress", json!({"GroupId": id, "IpPermissions": everything}))?;
        }
        for rule in before.iter().filter(|rule| !after.contains(rule)) {
            change(work, "Revoke", direction, &id, rule)?;
        }
        for rule in after.iter().filter(|rule| !before.contains(rule)) {
            change(work, "Authorize", direction, &id, rule)?;
        }
    }
    Ok(())
}

fn change(work: &Work<'_>, verb: &str, direction: Direction, group: &Value, rule: &Value) -> Result<(), ApiError> {
    let input = json!({"GroupId": group, "IpPermissions": [rule]});
    let operation = format!("{verb}SecurityGroup{}", direction.word);
    let done = match verb {
        "Revoke" => work.remove(Ec2, &operation, input),
        _ => work.call(Ec2, &operation, input).map(drop),
    };
    match done {
        // What is taken back may have been changed in part only: a rule is there again, or was refused from the start.
        Err(error) if work.is_trusted && error.code.starts_with("Invalid") => Ok(()),
        done => done,
    }
}

fn rules(properties: &Value, direction: Direction) -> Vec<Value> {
    let all = properties.get(direction.property).and_then(Value::as_array);
    all.into_iter().flatten().map(|rule| permission(rule, direction)).collect()
}

/// A rule of a template as the operations have it.
fn permission(rule: &Value, direction: Direction) -> Value {
    let get = |name: &str| rule.get(name).and_then(text);
    let description = get("Description");
    let other = |name: &str, member: &str| {
        let value = get(name)?;
        let mut side = Map::from_iter([(member.to_owned(), Value::String(value))]);
        side.extend(description.clone().map(|text| ("Description".to_owned(), Value::String(text))));
        Some(json!([side]))
    };
    let side = direction.side;
    json!({
        "IpProtocol": get("IpProtocol"),
        "FromPort": get("FromPort"),
        "ToPort": get("ToPort"),
        "IpRanges": other("CidrIp", "CidrIp"),
        "Ipv6Ranges": other("CidrIpv6", "CidrIpv6"),
        "Groups": other(&format!("{side}SecurityGroupId"), "GroupId")
            .or_else(|| other(&format!("{side}SecurityGroupName"), "GroupName")),
        "PrefixListIds": other(&format!("{side}PrefixListId"), "PrefixListId"),
    })
}

fn group_of(properties: &Value) -> Value {
    let group = properties.get("GroupId").or_else(|| properties.get("GroupName"));
    group.cloned().unwrap_or_default()
}

fn add_rule(work: &Work<'_>, direction: Direction) -> Result<Made, ApiError> {
    let rule = permission(work.all(), direction);
    let input = json!({"GroupId": group_of(work.properties), "IpPermissions": [rule]});
    let answer = work.call(Ec2, &format!("AuthorizeSecurityGroup{}", direction.word), input)?;
    let id = answer.pointer("/securityGroupRuleSet/0/securityGroupRuleId").and_then(Value::as_str);
    let id = id.unwrap_or(&work.name);
    Ok(Made::of(id).with("Id", id))
}

fn take_rule(work: &Work<'_>, was: &Was<'_>, direction: Direction) -> Result<(), ApiError> {
    let rule = permission(was.properties, direction);
    change(work, "Revoke", direction, &group_of(was.properties), &rule)
}

fn create_acl(work: &Work<'_>) -> Result<Made, ApiError> {
    let answer = work.call(Ec2, "CreateNetworkAcl", merged(work.same(&["VpcId"]), tagged(work, "network-acl")))?;
    let id = found(&answer, "/networkAcl/networkAclId")?;
    Ok(Made::of(&id).with("Id", id))
}

fn put_entry(work: &Work<'_>, operation: &str) -> Result<Made, ApiError> {
    let given = work.same(&[
        "CidrBlock",
        "Icmp",
        "Ipv6CidrBlock",
        "NetworkAclId",
        "PortRange",
        "Protocol",
        "RuleAction",
        "RuleNumber",
    ]);
    let egress = work.get("Egress").cloned().unwrap_or(Value::Bool(false));
    work.call(Ec2, operation, merged(given, json!({"Egress": egress})))?;
    Ok(Made::of(&work.name).with("Id", work.name.as_str()))
}

fn delete_entry(work: &Work<'_>, was: &Was<'_>) -> Result<(), ApiError> {
    let member = |name: &str| was.properties.get(name);
    let egress = member("Egress").cloned().unwrap_or(Value::Bool(false));
    let input = json!({"NetworkAclId": member("NetworkAclId"), "RuleNumber": member("RuleNumber"), "Egress": egress});
    work.remove(Ec2, "DeleteNetworkAclEntry", input)
}

fn associate(work: &Work<'_>) -> Result<Made, ApiError> {
    let id = replace(work, &work.text("SubnetId").unwrap_or_default(), work.get("NetworkAclId"))?;
    Ok(Made::of(&id).with("AssociationId", id))
}

/// Gives a subnet another ACL; the id of the new association.
fn replace(work: &Work<'_>, subnet: &str, acl: Option<&Value>) -> Result<String, ApiError> {
    let filter = json!({"Filter": [{"Name": "association.subnet-id", "Value": [subnet]}]});
    let acls = work.call(Ec2, "DescribeNetworkAcls", filter)?;
    let all = acls["networkAclSet"].as_array().into_iter().flatten().flat_map(|acl| acl["associationSet"].as_array());
    let association =
        all.flatten().find(|one| one["subnetId"] == subnet).map(|one| one["networkAclAssociationId"].clone());
    let input = json!({"AssociationId": association, "NetworkAclId": acl});
    found(&work.call(Ec2, "ReplaceNetworkAclAssociation", input)?, "/newAssociationId")
}

/// A subnet always has an ACL: it gets the default one back.
fn dissociate(work: &Work<'_>, was: &Was<'_>) -> Result<(), ApiError> {
    let subnet = was.properties.get("SubnetId").and_then(text).unwrap_or_default();
    let subnets = match work.call(Ec2, "DescribeSubnets", json!({"SubnetId": [subnet]})) {
        Err(error) if super::work::is_gone(&error) => return Ok(()),
        done => done?,
    };
    let vpc = found(&subnets, "/subnetSet/0/vpcId")?;
    let filter = json!({"Filter": [{"Name": "vpc-id", "Value": [vpc]}, {"Name": "default", "Value": ["true"]}]});
    let acls = work.call(Ec2, "DescribeNetworkAcls", filter)?;
    replace(work, &subnet, acls.pointer("/networkAclSet/0/networkAclId")).map(drop)
}
