//! Network ACLs.

mod entry;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(super) use self::entry::{Entry, create_entry, delete_entry, replace_entry};
use super::{
    Ec2,
    kind::{ACL, ACL_ASSOCIATION, Kind, invalid, required},
    life::{self, Deletable, NewInVpc},
    place::Place,
    query::{Described, FilterPath},
    state::State,
};
use crate::{ApiError, Call};

/// A network ACL.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NetworkAcl {
    pub(super) network_acl_id: String,
    pub(super) vpc_id: String,
    owner_id: String,
    #[serde(rename = "default")]
    pub(super) is_default: bool,
    pub(super) entry_set: Vec<Entry>,
    association_set: Vec<Association>,
}

/// That a subnet has a network ACL.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Association {
    network_acl_association_id: String,
    network_acl_id: String,
    subnet_id: String,
}

impl NetworkAcl {
    pub(super) fn is_of(&self, subnet_id: &str) -> bool {
        self.association_set.iter().any(|association| association.subnet_id == subnet_id)
    }
}

impl Described for NetworkAcl {
    const KIND: &'static Kind = &ACL;
    const SET: &'static str = "networkAclSet";
    const FILTERS: &'static [FilterPath] = &[
        ("network-acl-id", "networkAclId"),
        ("vpc-id", "vpcId"),
        ("default", "default"),
        ("owner-id", "ownerId"),
        ("association.association-id", "associationSet.networkAclAssociationId"),
        ("association.network-acl-id", "associationSet.networkAclId"),
        ("association.subnet-id", "associationSet.subnetId"),
        ("entry.cidr", "entrySet.cidrBlock"),
        ("entry.ipv6-cidr", "entrySet.ipv6CidrBlock"),
        ("entry.egress", "entrySet.egress"),
        ("entry.icmp.code", "entrySet.icmpTypeCode.code"),
        ("entry.icmp.type", "entrySet.icmpTypeCode.type"),
        ("entry.port-range.from", "entrySet.portRange.from"),
        ("entry.port-range.to", "entrySet.portRange.to"),
        ("entry.protocol", "entrySet.protocol"),
        ("entry.rule-action", "entrySet.ruleAction"),
        ("entry.rule-number", "entrySet.ruleNumber"),
    ];
    const ALWAYS_TAGS: bool = true;

    fn id(&self) -> &str {
        &self.network_acl_id
    }
}

impl Deletable for NetworkAcl {
    const PARAMETER: &'static str = "networkAclId";
    const NOUN: &'static str = "network ACL";

    fn is_used(&self, _: &State) -> bool {
        !self.association_set.is_empty()
    }

    fn check_mortal(&self) -> Result<(), ApiError> {
        if self.is_default {
            return Err(invalid(format!("cannot delete default network ACL {}", self.network_acl_id)));
        }
        Ok(())
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ReplaceInput {
    association_id: Option<String>,
    network_acl_id: Option<String>,
}

fn make(state: &mut State, place: &Place, vpc_id: &str, is_default: bool) -> String {
    let id = ACL.new_id();
    let acl = NetworkAcl {
        network_acl_id: id.clone(),
        vpc_id: vpc_id.to_owned(),
        owner_id: place.account.clone(),
        is_default,
        entry_set: Entry::first(is_default),
        association_set: Vec::new(),
    };
    state.acls.insert(&id, acl);
    id
}

/// The ACL of subnets whose owner chose none: everything passes.
pub(super) fn make_default(state: &mut State, place: &Place, vpc_id: &str) {
    make(state, place, vpc_id, true);
}

fn is_default_of(vpc_id: &str) -> impl Fn(&NetworkAcl) -> bool {
    move |acl| acl.vpc_id == vpc_id && acl.is_default
}

/// The default ACL lets IPv6 pass too, from the first IPv6 range of its VPC on.
pub(super) fn open_for_ipv6(state: &mut State, vpc_id: &str) {
    let Some(acl) = state.acls.first_mut(is_default_of(vpc_id)) else { return };
    for entry in Entry::for_ipv6() {
        if !acl.entry_set.iter().any(|other| other.is_at(entry.rule_number, entry.egress)) {
            acl.entry_set.push(entry);
        }
    }
    acl.entry_set.sort_by_key(Entry::order);
}

/// Gives a subnet the default ACL of its VPC.
pub(super) fn associate_default(state: &mut State, vpc_id: &str, subnet_id: &str) {
    if let Some(id) = state.acls.ids(is_default_of(vpc_id)).first() {
        associate(state, id, subnet_id);
    }
}

fn associate(state: &mut State, acl_id: &str, subnet_id: &str) -> String {
    let id = ACL_ASSOCIATION.new_id();
    let association = Association {
        network_acl_association_id: id.clone(),
        network_acl_id: acl_id.to_owned(),
        subnet_id: subnet_id.to_owned(),
    };
    if let Some(acl) = state.acls.get_mut(acl_id) {
        acl.association_set.push(association);
    }
    id
}

/// Takes the ACL of a subnet away.
pub(super) fn dissociate(state: &mut State, subnet_id: &str) {
    if let Some(acl) = state.acls.first_mut(|acl| acl.is_of(subnet_id)) {
        acl.association_set.retain(|association| association.subnet_id != subnet_id);
    }
}

pub(super) fn create(ec2: &Ec2, call: &Call, input: &NewInVpc) -> Result<Value, ApiError> {
    let vpc_id = required(input.vpc_id.as_deref(), "vpcId")?;
    life::create::<NetworkAcl>(ec2, call, "networkAcl", &input.tag_specification, |state, place| {
        state.vpcs.find(vpc_id)?;
        Ok(make(state, place, vpc_id, false))
    })
}

pub(super) fn replace_association(ec2: &Ec2, call: &Call, input: &ReplaceInput) -> Result<Value, ApiError> {
    let old = required(input.association_id.as_deref(), "associationId")?;
    let acl_id = required(input.network_acl_id.as_deref(), "networkAclId")?;
    ec2.change(call, |state| {
        let new_acl = state.acls.find(acl_id)?.clone();
        let is_old = |association: &&Association| association.network_acl_association_id == old;
        let found = state.acls.iter().find_map(|acl| Some((acl, acl.association_set.iter().find(is_old)?)));
        let (old_acl, association) = found.ok_or_else(|| ACL_ASSOCIATION.missing([old]))?;
        if old_acl.vpc_id != new_acl.vpc_id {
            let subnet = &association.subnet_id;
            let text = format!("network ACL {acl_id} and subnet {subnet} belong to different networks");
            return Err(invalid(text));
        }
        let subnet_id = association.subnet_id.clone();
        dissociate(state, &subnet_id);
        Ok(json!({ "newAssociationId": associate(state, acl_id, &subnet_id) }))
    })
}
