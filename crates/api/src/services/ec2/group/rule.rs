//! Rules of security groups.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use weir_network::{Peer, Service};

use super::MOST_RULES;
use crate::{
    ApiError, Call,
    services::ec2::{
        Ec2,
        kind::{GROUP, Kind, PREFIX_LIST, RULE, invalid},
        place::Place,
        protocol,
        query::{self, Describe, Described, FilterPath},
        state::State,
    },
};

/// A rule: one protocol, one range of ports, one far side.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct SecurityGroupRule {
    pub(in super::super) security_group_rule_id: String,
    pub(super) security_group_rule_arn: String,
    pub(in super::super) group_id: String,
    pub(super) group_owner_id: String,
    pub(in super::super) is_egress: bool,
    #[serde(flatten)]
    pub(in super::super) matches: Matches,
    pub(in super::super) description: Option<String>,
}

/// What a rule is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Matches {
    /// `tcp`, `udp`, `icmp`, `icmpv6`, a number, or `-1`.
    pub(super) ip_protocol: String,
    /// The first port, or the type; -1 where there are none.
    pub(super) from_port: i64,
    /// The last port, or the code.
    pub(super) to_port: i64,
    #[serde(flatten)]
    pub(super) peer: FarSide,
}

/// The far side of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) enum FarSide {
    #[serde(rename = "cidrIpv4")]
    Ipv4(String),
    #[serde(rename = "cidrIpv6")]
    Ipv6(String),
    #[serde(rename = "prefixListId")]
    PrefixList(String),
    #[serde(rename = "referencedGroupInfo")]
    Group(ReferencedGroup),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct ReferencedGroup {
    pub(super) group_id: String,
    pub(super) user_id: String,
}

impl FarSide {
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Ipv4(text) | Self::Ipv6(text) | Self::PrefixList(text) => text,
            Self::Group(group) => &group.group_id,
        }
    }
}

impl Matches {
    /// As the verdict has it. Source of what goes together: `weir_network::Service`.
    pub(super) fn service(&self) -> Result<Service, ApiError> {
        protocol::service(&self.ip_protocol, self.from_port, self.to_port)
    }

    fn peer(&self) -> Result<Peer, ApiError> {
        Ok(match &self.peer {
            FarSide::Ipv4(text) | FarSide::Ipv6(text) => Peer::Cidr(range(text)?),
            FarSide::PrefixList(id) => Peer::PrefixList(id.clone()),
            FarSide::Group(group) => Peer::Group(group.group_id.clone()),
        })
    }

    /// `peer: 10.0.0.0/8, TCP, from port: 22, to port: 22, ALLOW`.
    fn in_words(&self) -> String {
        let (protocol, from, to) = (self.ip_protocol.to_uppercase(), self.from_port, self.to_port);
        let ports = match self.ip_protocol.as_str() {
            "-1" => "ALL".to_owned(),
            "icmp" | "icmpv6" => format!("{protocol}, type: {from}, code: {to}"),
            _ if from < 0 => protocol,
            _ => format!("{protocol}, from port: {from}, to port: {to}"),
        };
        format!("peer: {}, {ports}, ALLOW", self.peer.id())
    }
}

impl SecurityGroupRule {
    pub(in super::super) fn refers_to(&self, group_id: &str) -> bool {
        matches!(&self.matches.peer, FarSide::Group(group) if group.group_id == group_id)
    }

    pub(in super::super) fn refers_to_list(&self, list_id: &str) -> bool {
        matches!(&self.matches.peer, FarSide::PrefixList(id) if id == list_id)
    }

    /// As the verdict has it.
    pub(in super::super) fn to_network(&self) -> Result<weir_network::SecurityGroupRule, ApiError> {
        Ok(weir_network::SecurityGroupRule {
            id: self.security_group_rule_id.clone(),
            service: self.matches.service()?,
            peer: self.matches.peer()?,
            description: self.description.clone(),
        })
    }
}

impl Described for SecurityGroupRule {
    const KIND: &'static Kind = &RULE;
    const SET: &'static str = "securityGroupRuleSet";
    const FILTERS: &'static [FilterPath] =
        &[("group-id", "groupId"), ("security-group-rule-id", "securityGroupRuleId")];
    const ALWAYS_TAGS: bool = true;

    fn id(&self) -> &str {
        &self.security_group_rule_id
    }
}

/// `DescribeSecurityGroupRules`: unlike with other filters, what is no id of a group is refused.
pub(in super::super) fn describe(ec2: &Ec2, call: &Call, ask: &Describe) -> Result<Value, ApiError> {
    let groups = ask.filter.iter().filter(|filter| filter.name == "group-id").flat_map(|filter| &filter.value);
    for id in groups {
        if !id.starts_with(GROUP.prefix) {
            let text = format!("The security group ID '{id}' is malformed");
            return Err(ApiError::new("InvalidGroupId.Malformed", text));
        }
    }
    query::describe::<SecurityGroupRule>(ec2, call, ask)
}

/// A range, as rules have it: without bits behind its prefix.
pub(super) fn range(text: &str) -> Result<IpNet, ApiError> {
    let range: Result<IpNet, _> = text.parse();
    range.map(|range| range.trunc()).map_err(|_| invalid(format!("CIDR block {text} is malformed")))
}

/// The rules of a group for a direction.
pub(in super::super) fn of_group(state: &State, group_id: &str, is_egress: bool) -> Vec<SecurityGroupRule> {
    let is_its = |rule: &SecurityGroupRule| rule.group_id == group_id && rule.is_egress == is_egress;
    state.rules.select(is_its).into_iter().cloned().collect()
}

/// Adds a rule to a group.
///
/// # Errors
/// The group has it, or as many as it may have; or the far side is not there.
pub(super) fn add(
    state: &mut State,
    place: &Place,
    group_id: &str,
    is_egress: bool,
    matches: Matches,
    description: Option<String>,
) -> Result<String, ApiError> {
    check_peer(state, group_id, &matches.peer)?;
    let others = of_group(state, group_id, is_egress);
    if others.iter().any(|other| other.matches == matches) {
        let text = format!("the specified rule \"{}\" already exists", matches.in_words());
        return Err(ApiError::new("InvalidPermission.Duplicate", text));
    }
    if others.len() >= MOST_RULES {
        let text = "The maximum number of rules per security group has been reached.";
        return Err(ApiError::new("RulesPerSecurityGroupLimitExceeded", text));
    }
    Ok(put(state, place, group_id, is_egress, matches, description))
}

pub(super) fn check_peer(state: &State, group_id: &str, peer: &FarSide) -> Result<(), ApiError> {
    match peer {
        FarSide::Group(other) => {
            let Some(found) = state.groups.get(&other.group_id) else {
                return Err(GROUP.missing([other.group_id.as_str()]));
            };
            if state.groups.get(group_id).is_some_and(|group| group.vpc_id != found.vpc_id) {
                let text = "You have specified two resources that belong to different networks.";
                return Err(ApiError::new("InvalidGroup.NotFound", text));
            }
            Ok(())
        }
        FarSide::PrefixList(id) if !state.prefix_lists.contains(id) => Err(PREFIX_LIST.missing([id.as_str()])),
        _ => Ok(()),
    }
}

fn put(
    state: &mut State,
    place: &Place,
    group_id: &str,
    is_egress: bool,
    matches: Matches,
    description: Option<String>,
) -> String {
    let id = RULE.new_id();
    let rule = SecurityGroupRule {
        security_group_rule_arn: place.arn(&format!("security-group-rule/{id}")),
        security_group_rule_id: id.clone(),
        group_id: group_id.to_owned(),
        group_owner_id: place.account.clone(),
        is_egress,
        matches,
        description,
    };
    state.rules.insert(&id, rule);
    id
}

fn all_to(peer: FarSide) -> Matches {
    Matches { ip_protocol: "-1".to_owned(), from_port: -1, to_port: -1, peer }
}

/// Lets everything in or out.
pub(in super::super) fn everything(state: &mut State, place: &Place, group_id: &str, is_egress: bool, is_ipv6: bool) {
    let peer = if is_ipv6 { FarSide::Ipv6("::/0".to_owned()) } else { FarSide::Ipv4("0.0.0.0/0".to_owned()) };
    put(state, place, group_id, is_egress, all_to(peer), None);
}

/// Lets in what comes from interfaces with the same group.
pub(super) fn from_itself(state: &mut State, place: &Place, group_id: &str) {
    let group = ReferencedGroup { group_id: group_id.to_owned(), user_id: place.account.clone() };
    put(state, place, group_id, false, all_to(FarSide::Group(group)), None);
}

/// Rules as answers to `Authorize…` have them.
pub(super) fn shown(state: &State, ids: &[String]) -> Value {
    let rules = ids.iter().filter_map(|id| state.rules.get(id));
    json!(rules.map(|rule| query::show(rule, state)).collect::<Vec<_>>())
}
