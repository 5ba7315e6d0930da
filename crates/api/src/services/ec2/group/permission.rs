//! `IpPermissions`: many rules said in few words.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    check_description, find,
    rule::{self, FarSide, Matches, ReferencedGroup, SecurityGroupRule},
};
use crate::{
    ApiError, Call,
    services::ec2::{
        Ec2,
        kind::{RULE, invalid},
        place::Place,
        protocol,
        state::State,
        tags::{self, TagSpecification},
    },
};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in super::super) struct PermissionsInput {
    pub(super) group_id: Option<String>,
    pub(super) group_name: Option<String>,
    pub(super) ip_permissions: Vec<Permission>,
    pub(super) security_group_rule_id: Vec<String>,
    tag_specification: Vec<TagSpecification>,
    ip_protocol: Option<String>,
    from_port: Option<i64>,
    to_port: Option<i64>,
    cidr_ip: Option<String>,
    source_security_group_name: Option<String>,
}

/// Rules with one protocol and one range of ports.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Permission {
    ip_protocol: Option<String>,
    from_port: Option<i64>,
    to_port: Option<i64>,
    groups: Vec<Peer>,
    ip_ranges: Vec<Peer>,
    ipv6_ranges: Vec<Peer>,
    prefix_list_ids: Vec<Peer>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Peer {
    description: Option<String>,
    group_id: Option<String>,
    group_name: Option<String>,
    user_id: Option<String>,
    cidr_ip: Option<String>,
    cidr_ipv6: Option<String>,
    prefix_list_id: Option<String>,
}

/// A rule as it is asked for.
pub(super) type Asked = (Matches, Option<String>);

impl PermissionsInput {
    /// The permissions, those that stand at the top among them.
    fn permissions(&self) -> Vec<Permission> {
        let mut all = self.ip_permissions.clone();
        if self.ip_protocol.is_some() || self.cidr_ip.is_some() || self.source_security_group_name.is_some() {
            let range = self.cidr_ip.clone().map(|cidr| Peer { cidr_ip: Some(cidr), ..Peer::default() });
            let name = self.source_security_group_name.clone();
            let group = name.map(|name| Peer { group_name: Some(name), ..Peer::default() });
            all.push(Permission {
                ip_protocol: self.ip_protocol.clone().or_else(|| Some("-1".to_owned())),
                from_port: self.from_port,
                to_port: self.to_port,
                ip_ranges: range.into_iter().collect(),
                groups: group.into_iter().collect(),
                ..Permission::default()
            });
        }
        all
    }

    /// The rules that are meant.
    pub(super) fn rules(&self, state: &State, place: &Place) -> Result<Vec<Asked>, ApiError> {
        let rules: Result<Vec<Vec<Asked>>, ApiError> =
            self.permissions().iter().map(|permission| permission.rules(state, place)).collect();
        Ok(rules?.into_iter().flatten().collect())
    }
}

impl Permission {
    fn rules(&self, state: &State, place: &Place) -> Result<Vec<Asked>, ApiError> {
        let (ip_protocol, from_port, to_port) = self.ports()?;
        let peers = self.ip_ranges.iter().chain(&self.ipv6_ranges).chain(&self.groups).chain(&self.prefix_list_ids);
        let rules: Result<Vec<Asked>, ApiError> = peers
            .map(|peer| {
                let far_side = peer.far_side(state, place)?;
                let matches = Matches { ip_protocol: ip_protocol.clone(), from_port, to_port, peer: far_side };
                matches.service()?;
                check_description(peer.description.as_deref().unwrap_or_default(), "rule")?;
                Ok((matches, peer.description.clone()))
            })
            .collect();
        let rules = rules?;
        if rules.is_empty() {
            let text = "The request must contain a CIDR block, a prefix list or a security group in each permission";
            return Err(ApiError::new("MissingParameter", text));
        }
        Ok(rules)
    }

    fn ports(&self) -> Result<(String, i64, i64), ApiError> {
        let given = self.ip_protocol.as_deref().ok_or_else(no_protocol)?;
        let name = protocol::name(given)?;
        match (name.as_str(), self.from_port, self.to_port) {
            ("tcp" | "udp" | "icmp" | "icmpv6", Some(from), Some(to)) => Ok((name, from, to)),
            ("icmp" | "icmpv6", from, None) => Ok((name, from.unwrap_or(-1), -1)),
            ("tcp" | "udp", _, _) => {
                let text = "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.";
                Err(invalid(text))
            }
            _ => Ok((name, -1, -1)),
        }
    }
}

pub(super) fn no_protocol() -> ApiError {
    invalid("Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly.")
}

impl Peer {
    fn far_side(&self, state: &State, place: &Place) -> Result<FarSide, ApiError> {
        if let Some(text) = self.cidr_ip.as_ref().or(self.cidr_ipv6.as_ref()) {
            let range = rule::range(text)?;
            let is_ipv6 = range.addr().is_ipv6();
            if is_ipv6 != self.cidr_ipv6.is_some() {
                return Err(invalid(format!("CIDR block {text} is malformed")));
            }
            let range = range.to_string();
            return Ok(if is_ipv6 { FarSide::Ipv6(range) } else { FarSide::Ipv4(range) });
        }
        if let Some(id) = &self.prefix_list_id {
            return Ok(FarSide::PrefixList(id.clone()));
        }
        let group_id = match &self.group_id {
            Some(id) => id.clone(),
            None => find(state, None, self.group_name.as_deref())?.group_id,
        };
        let user_id = self.user_id.clone().unwrap_or_else(|| place.account.clone());
        Ok(FarSide::Group(ReferencedGroup { group_id, user_id }))
    }
}

/// Rules as `IpPermissions` of a group.
pub(super) fn joined(rules: &[SecurityGroupRule]) -> Value {
    let mut permissions: Vec<(&Matches, Value)> = Vec::new();
    for rule in rules {
        let matches = &rule.matches;
        let is_same = |other: &Matches| {
            (&other.ip_protocol, other.from_port, other.to_port)
                == (&matches.ip_protocol, matches.from_port, matches.to_port)
        };
        let at = permissions.iter().position(|(other, _)| is_same(other)).unwrap_or_else(|| {
            permissions.push((matches, empty(matches)));
            permissions.len() - 1
        });
        let (list, mut peer) = match &matches.peer {
            FarSide::Ipv4(range) => ("ipRanges", json!({ "cidrIp": range })),
            FarSide::Ipv6(range) => ("ipv6Ranges", json!({ "cidrIpv6": range })),
            FarSide::PrefixList(id) => ("prefixListIds", json!({ "prefixListId": id })),
            FarSide::Group(group) => ("groups", json!({ "groupId": group.group_id, "userId": group.user_id })),
        };
        peer["description"] = json!(rule.description);
        if let Some(peers) = permissions[at].1[list].as_array_mut() {
            peers.push(peer);
        }
    }
    permissions.into_iter().map(|(_, permission)| permission).collect()
}

fn empty(matches: &Matches) -> Value {
    let has_ports = ["tcp", "udp", "icmp", "icmpv6"].contains(&matches.ip_protocol.as_str());
    let port = |port: i64| has_ports.then_some(port);
    json!({
        "ipProtocol": matches.ip_protocol, "fromPort": port(matches.from_port), "toPort": port(matches.to_port),
        "groups": [], "ipRanges": [], "ipv6Ranges": [], "prefixListIds": [],
    })
}

fn authorize(ec2: &Ec2, call: &Call, input: &PermissionsInput, is_egress: bool) -> Result<Value, ApiError> {
    tags::only_for(&input.tag_specification, &[&RULE])?;
    let place = Place::of(call);
    ec2.change(call, |state| {
        let group = find(state, input.group_id.as_deref(), input.group_name.as_deref())?;
        let asked = input.rules(state, &place)?;
        if asked.is_empty() {
            let text = "The request must contain the parameter ipPermissions";
            return Err(ApiError::new("MissingParameter", text));
        }
        let mut ids = Vec::new();
        for (matches, description) in asked {
            let id = rule::add(state, &place, &group.group_id, is_egress, matches, description)?;
            tags::give(state, &id, &RULE, &input.tag_specification)?;
            ids.push(id);
        }
        Ok(json!({ "return": true, "securityGroupRuleSet": rule::shown(state, &ids) }))
    })
}

/// What is named must be there: nothing is revoked otherwise.
fn revoke(ec2: &Ec2, call: &Call, input: &PermissionsInput, is_egress: bool) -> Result<Value, ApiError> {
    let place = Place::of(call);
    ec2.change(call, |state| {
        let group = find(state, input.group_id.as_deref(), input.group_name.as_deref())?;
        let asked = input.rules(state, &place)?;
        if asked.is_empty() && input.security_group_rule_id.is_empty() {
            let text = "The request must contain the parameter ipPermissions or securityGroupRuleIds";
            return Err(ApiError::new("MissingParameter", text));
        }
        let rules = rule::of_group(state, &group.group_id, is_egress);
        let mut going = Vec::new();
        for id in &input.security_group_rule_id {
            let found = rules.iter().find(|rule| rule.security_group_rule_id == *id);
            going.push(found.ok_or_else(|| RULE.missing([id.as_str()]))?);
        }
        for (matches, _) in &asked {
            let missing = || {
                let text = "The specified rule does not exist in this security group.";
                ApiError::new("InvalidPermission.NotFound", text)
            };
            going.push(rules.iter().find(|rule| rule.matches == *matches).ok_or_else(missing)?);
        }
        let revoked: Vec<Value> = going.iter().map(|rule| revoked(rule)).collect();
        for rule in going {
            state.remove::<SecurityGroupRule>(&rule.security_group_rule_id);
        }
        Ok(json!({ "return": true, "revokedSecurityGroupRuleSet": revoked }))
    })
}

fn revoked(rule: &SecurityGroupRule) -> Value {
    let mut revoked = json!(rule);
    for member in ["groupOwnerId", "securityGroupRuleArn"] {
        revoked[member] = Value::Null;
    }
    if let FarSide::Group(group) = &rule.matches.peer {
        revoked["referencedGroupInfo"] = Value::Null;
        revoked["referencedGroupId"] = json!(group.group_id);
    }
    revoked
}

pub(in super::super) fn authorize_ingress(ec2: &Ec2, call: &Call, input: &PermissionsInput) -> Result<Value, ApiError> {
    authorize(ec2, call, input, false)
}

pub(in super::super) fn authorize_egress(ec2: &Ec2, call: &Call, input: &PermissionsInput) -> Result<Value, ApiError> {
    authorize(ec2, call, input, true)
}

pub(in super::super) fn revoke_ingress(ec2: &Ec2, call: &Call, input: &PermissionsInput) -> Result<Value, ApiError> {
    revoke(ec2, call, input, false)
}

pub(in super::super) fn revoke_egress(ec2: &Ec2, call: &Call, input: &PermissionsInput) -> Result<Value, ApiError> {
    revoke(ec2, call, input, true)
}
