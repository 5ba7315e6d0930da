//! Entries of network ACLs.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use weir_network::{AclEntry, Action, NetworkAcl};

use crate::{
    ApiError, Call,
    services::ec2::{
        Ec2, cidr,
        kind::{bad_value, invalid, required},
        protocol,
    },
};

/// The entry `*`, which stands behind all others and cannot be changed; that for IPv6.
const LAST: u32 = 32767;
const LAST_IPV6: u32 = 32768;
/// Most entries for one direction.
const MOST: usize = 40;

/// An entry: allow or deny.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Entry {
    pub(super) rule_number: u32,
    /// A number, or `-1`.
    protocol: String,
    rule_action: String,
    pub(super) egress: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    cidr_block: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ipv6_cidr_block: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port_range: Option<Ports>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icmp_type_code: Option<Icmp>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all(serialize = "camelCase", deserialize = "camelCase"))]
struct Ports {
    #[serde(alias = "From")]
    from: i64,
    #[serde(alias = "To")]
    to: i64,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Icmp {
    #[serde(rename = "type", alias = "Type")]
    kind: i64,
    #[serde(alias = "Code")]
    code: i64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in super::super) struct EntryInput {
    network_acl_id: Option<String>,
    rule_number: Option<i64>,
    protocol: Option<String>,
    rule_action: Option<String>,
    egress: Option<bool>,
    cidr_block: Option<String>,
    ipv6_cidr_block: Option<String>,
    port_range: Option<Ports>,
    icmp: Option<Icmp>,
}

impl Entry {
    fn everything(rule_number: u32, rule_action: &str, egress: bool) -> Self {
        let is_ipv6 = matches!(rule_number, 101 | LAST_IPV6);
        let range = |wanted: bool, range: &str| (is_ipv6 == wanted).then(|| range.to_owned());
        Self {
            rule_number,
            protocol: "-1".to_owned(),
            rule_action: rule_action.to_owned(),
            egress,
            cidr_block: range(false, "0.0.0.0/0"),
            ipv6_cidr_block: range(true, "::/0"),
            port_range: None,
            icmp_type_code: None,
        }
    }

    /// Those of a new ACL: a default one lets everything pass.
    pub(super) fn first(is_default: bool) -> Vec<Self> {
        let of = |egress| {
            let allow = is_default.then(|| Self::everything(100, "allow", egress));
            allow.into_iter().chain([Self::everything(LAST, "deny", egress)])
        };
        of(true).chain(of(false)).collect()
    }

    /// What a default ACL has besides when its VPC has IPv6.
    pub(super) fn for_ipv6() -> impl Iterator<Item = Self> {
        let of = |egress| [Self::everything(101, "allow", egress), Self::everything(LAST_IPV6, "deny", egress)];
        of(true).into_iter().chain(of(false))
    }

    pub(super) fn is_at(&self, rule_number: u32, egress: bool) -> bool {
        self.rule_number == rule_number && self.egress == egress
    }

    /// Egress first, by number.
    pub(super) fn order(&self) -> (bool, u32) {
        (!self.egress, self.rule_number)
    }

    /// As the verdict has it; the entries `*` are none there, for they always hold.
    pub(in super::super) fn to_network(&self) -> Result<Option<(bool, AclEntry)>, ApiError> {
        let number = match u16::try_from(self.rule_number) {
            Ok(number) if number <= NetworkAcl::MAX_NUMBER => number,
            _ => return Ok(None),
        };
        let text = self.cidr_block.as_ref().or(self.ipv6_cidr_block.as_ref());
        let cidr: IpNet = text
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| invalid(format!("entry {number} of a network ACL has no CIDR block")))?;
        let action = if self.rule_action == "allow" { Action::Accept } else { Action::Reject };
        Ok(Some((self.egress, AclEntry { number, action, service: self.service()?, cidr })))
    }

    fn service(&self) -> Result<weir_network::Service, ApiError> {
        let (from, to) = match (self.port_range, self.icmp_type_code) {
            (Some(ports), _) if self.protocol != "1" && self.protocol != "58" => (ports.from, ports.to),
            (_, Some(icmp)) => (icmp.kind, icmp.code),
            _ => (-1, -1),
        };
        protocol::service(&self.protocol, from, to)
    }
}

impl EntryInput {
    fn entry(&self) -> Result<Entry, ApiError> {
        let given = *required(self.rule_number.as_ref(), "ruleNumber")?;
        let rule_number = u32::try_from(given)
            .ok()
            .filter(|number| (1..LAST).contains(number))
            .ok_or_else(|| bad_value(&given.to_string(), "ruleNumber", "Must be between 1 and 32766."))?;
        let protocol = protocol::number(required(self.protocol.as_deref(), "protocol")?)?;
        let action = required(self.rule_action.as_deref(), "ruleAction")?.to_ascii_lowercase();
        if !["allow", "deny"].contains(&action.as_str()) {
            return Err(bad_value(&action, "ruleAction", "Valid values are: allow, deny."));
        }
        let egress = *required(self.egress.as_ref(), "egress")?;
        if self.cidr_block.is_some() == self.ipv6_cidr_block.is_some() {
            let text = "Exactly one of the parameters cidrBlock and ipv6CidrBlock must be given";
            return Err(ApiError::new(
                if self.cidr_block.is_none() { "MissingParameter" } else { "InvalidParameterCombination" },
                text,
            ));
        }
        let cidr_block = self.cidr_block.as_deref().map(|text| cidr::ipv4(text, "cidrBlock")).transpose()?;
        let ipv6 = self.ipv6_cidr_block.as_deref().map(|text| cidr::ipv6(text, "ipv6CidrBlock")).transpose()?;
        let (has_ports, has_types) = (matches!(&*protocol, "6" | "17"), matches!(&*protocol, "1" | "58"));
        let entry = Entry {
            rule_number,
            protocol,
            rule_action: action,
            egress,
            cidr_block: cidr_block.map(|range| range.to_string()),
            ipv6_cidr_block: ipv6.map(|range| range.to_string()),
            port_range: self.port_range.filter(|_| has_ports),
            icmp_type_code: self.icmp.filter(|_| has_types),
        };
        entry.service()?;
        Ok(entry)
    }
}

pub(in super::super) fn create_entry(ec2: &Ec2, call: &Call, input: &EntryInput) -> Result<Value, ApiError> {
    let id = required(input.network_acl_id.as_deref(), "networkAclId")?;
    let entry = input.entry()?;
    ec2.change(call, |state| {
        let acl = state.acls.find_mut(id)?;
        if acl.entry_set.iter().any(|other| other.is_at(entry.rule_number, entry.egress)) {
            let text = format!("The network acl entry identified by {} already exists.", entry.rule_number);
            return Err(ApiError::new("NetworkAclEntryAlreadyExists", text));
        }
        if acl.entry_set.iter().filter(|other| other.egress == entry.egress).count() > MOST {
            let text = "The maximum number of network acl entries has been reached.";
            return Err(ApiError::new("NetworkAclEntryLimitExceeded", text));
        }
        acl.entry_set.push(entry);
        acl.entry_set.sort_by_key(Entry::order);
        Ok(json!({ "return": true }))
    })
}

pub(in super::super) fn replace_entry(ec2: &Ec2, call: &Call, input: &EntryInput) -> Result<Value, ApiError> {
    let id = required(input.network_acl_id.as_deref(), "networkAclId")?;
    let entry = input.entry()?;
    ec2.change(call, |state| {
        let acl = state.acls.find_mut(id)?;
        let old = acl.entry_set.iter_mut().find(|other| other.is_at(entry.rule_number, entry.egress));
        let old = old.ok_or_else(|| missing(id, entry.rule_number, entry.egress))?;
        *old = entry;
        Ok(json!({ "return": true }))
    })
}

pub(in super::super) fn delete_entry(ec2: &Ec2, call: &Call, input: &EntryInput) -> Result<Value, ApiError> {
    let id = required(input.network_acl_id.as_deref(), "networkAclId")?;
    let number = *required(input.rule_number.as_ref(), "ruleNumber")?;
    let egress = *required(input.egress.as_ref(), "egress")?;
    ec2.change(call, |state| {
        let acl = state.acls.find_mut(id)?;
        let number = u32::try_from(number)
            .ok()
            .filter(|number| (1..LAST).contains(number))
            .ok_or_else(|| bad_value(&number.to_string(), "ruleNumber", "Must be between 1 and 32766."))?;
        let at = acl.entry_set.iter().position(|other| other.is_at(number, egress));
        acl.entry_set.remove(at.ok_or_else(|| missing(id, number, egress))?);
        Ok(json!({ "return": true }))
    })
}

fn missing(acl_id: &str, number: u32, egress: bool) -> ApiError {
    let direction = if egress { "egress" } else { "ingress" };
    let text = format!("The network acl entry {number} of {direction} in {acl_id} does not exist");
    ApiError::new("InvalidNetworkAclEntry.NotFound", text)
}
