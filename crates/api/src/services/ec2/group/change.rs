//! Changes of rules that are there.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    find,
    permission::{PermissionsInput, no_protocol},
    rule::{self, FarSide, Matches, ReferencedGroup},
};
use crate::{
    ApiError, Call,
    services::ec2::{
        Ec2,
        kind::{RULE, invalid, required},
        place::Place,
        protocol,
        state::State,
    },
};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in super::super) struct DescriptionsInput {
    security_group_rule_description: Vec<RuleDescription>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct RuleDescription {
    security_group_rule_id: String,
    description: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in super::super) struct ModifyInput {
    group_id: Option<String>,
    security_group_rule: Vec<RuleUpdate>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct RuleUpdate {
    security_group_rule_id: String,
    security_group_rule: RuleRequest,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct RuleRequest {
    ip_protocol: Option<String>,
    from_port: Option<i64>,
    to_port: Option<i64>,
    cidr_ipv4: Option<String>,
    cidr_ipv6: Option<String>,
    prefix_list_id: Option<String>,
    referenced_group_id: Option<String>,
    description: Option<String>,
}

/// Both ways of saying whose description changes.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(in super::super) struct Descriptions(Value);

fn descriptions(ec2: &Ec2, call: &Call, input: &Descriptions, is_egress: bool) -> Result<Value, ApiError> {
    let place = Place::of(call);
    let payload = crate::Payload::texts(crate::protocol::Protocol::Ec2Query, input.0.clone());
    let by_id: DescriptionsInput = payload.parse()?;
    let by_content: PermissionsInput = payload.parse()?;
    ec2.change(call, |state| {
        let group_id = match (&by_content.group_id, &by_content.group_name) {
            (None, None) => None,
            (id, name) => Some(find(state, id.as_deref(), name.as_deref())?.group_id),
        };
        for RuleDescription { security_group_rule_id, description } in &by_id.security_group_rule_description {
            describe(state, security_group_rule_id, description.clone())?;
        }
        let group_id = group_id.unwrap_or_default();
        for (matches, description) in by_content.rules(state, &place)? {
            let rules = rule::of_group(state, &group_id, is_egress);
            let missing = || {
                let text = "The specified rule does not exist in this security group.";
                ApiError::new("InvalidPermission.NotFound", text)
            };
            let rule = rules.iter().find(|rule| rule.matches == matches).ok_or_else(missing)?;
            describe(state, &rule.security_group_rule_id, description)?;
        }
        Ok(json!({ "return": true }))
    })
}

fn describe(state: &mut State, rule_id: &str, description: Option<String>) -> Result<(), ApiError> {
    let rule = state.rules.find_mut(rule_id)?;
    rule.description = description.filter(|text| !text.is_empty());
    Ok(())
}

pub(in super::super) fn describe_ingress(ec2: &Ec2, call: &Call, input: &Descriptions) -> Result<Value, ApiError> {
    descriptions(ec2, call, input, false)
}

pub(in super::super) fn describe_egress(ec2: &Ec2, call: &Call, input: &Descriptions) -> Result<Value, ApiError> {
    descriptions(ec2, call, input, true)
}

impl RuleRequest {
    fn matches(&self, place: &Place) -> Result<Matches, ApiError> {
        let (ip_protocol, from_port, to_port) = self.ports()?;
        let range = |text: &String| rule::range(text).map(|range| range.to_string());
        let peers = [
            self.cidr_ipv4.as_ref().map(|text| range(text).map(FarSide::Ipv4)),
            self.cidr_ipv6.as_ref().map(|text| range(text).map(FarSide::Ipv6)),
            self.prefix_list_id.clone().map(|id| Ok(FarSide::PrefixList(id))),
            self.referenced_group_id
                .clone()
                .map(|group_id| Ok(FarSide::Group(ReferencedGroup { group_id, user_id: place.account.clone() }))),
        ];
        let mut peers: Vec<FarSide> = peers.into_iter().flatten().collect::<Result<_, ApiError>>()?;
        let what = "cidrIp, cidrIpv6, prefixListId, or referencedGroupId";
        let none = || ApiError::new("MissingParameter", format!("The request must contain exactly one of: {what}"));
        let peer = peers.pop().ok_or_else(none)?;
        if !peers.is_empty() {
            let text = format!("Only one of {what} can be specified");
            return Err(ApiError::new("InvalidParameterCombination", text));
        }
        let matches = Matches { ip_protocol, from_port, to_port, peer };
        matches.service()?;
        Ok(matches)
    }

    fn ports(&self) -> Result<(String, i64, i64), ApiError> {
        let given = self.ip_protocol.as_deref().ok_or_else(no_protocol)?;
        let name = protocol::name(given)?;
        match (name.as_str(), self.from_port, self.to_port) {
            ("tcp" | "udp", None, _) | ("tcp" | "udp", _, None) => {
                Err(invalid("Invalid value for portRange. Must specify both from and to ports with TCP/UDP."))
            }
            ("tcp" | "udp" | "icmp" | "icmpv6", from, to) => Ok((name, from.unwrap_or(-1), to.unwrap_or(-1))),
            _ => Ok((name, -1, -1)),
        }
    }
}

pub(in super::super) fn modify(ec2: &Ec2, call: &Call, input: &ModifyInput) -> Result<Value, ApiError> {
    let group_id = required(input.group_id.as_deref(), "groupId")?;
    required(input.security_group_rule.first(), "securityGroupRule")?;
    let place = Place::of(call);
    ec2.change(call, |state| {
        state.groups.find(group_id)?;
        for RuleUpdate { security_group_rule_id: id, security_group_rule: asked } in &input.security_group_rule {
            let matches = asked.matches(&place)?;
            rule::check_peer(state, group_id, &matches.peer)?;
            let rule = state.rules.get(id).filter(|rule| rule.group_id == group_id);
            let is_egress = rule.ok_or_else(|| RULE.missing([id.as_str()]))?.is_egress;
            let others = rule::of_group(state, group_id, is_egress);
            if others.iter().any(|other| other.security_group_rule_id != *id && other.matches == matches) {
                let text = "the specified rule already exists in this security group";
                return Err(ApiError::new("InvalidPermission.Duplicate", text));
            }
            if let Some(rule) = state.rules.get_mut(id) {
                rule.matches = matches;
                rule.description = asked.description.clone();
            }
        }
        Ok(json!({ "return": true }))
    })
}
