//! A VPC with what comes with it; the default VPC of a region.

use ipnet::Ipv4Net;
use serde::Deserialize;
use serde_json::{Value, json};
use weir_network::IdKind;

use super::{Attributes, Vpc};
use crate::{
    ApiError, Call,
    services::ec2::{
        Ec2,
        acl::{self, NetworkAcl},
        cidr::Block,
        group,
        kind::VPC_CIDR_ASSOCIATION,
        options,
        place::Place,
        route::{self, RouteTable},
        state::State,
        subnet,
    },
};

/// The range of a default VPC.
const DEFAULT: Ipv4Net = Ipv4Net::new_assert(std::net::Ipv4Addr::new(172, 31, 0, 0), 16);

/// A VPC with its main route table, its default network ACL and its default security group.
pub(super) fn make(state: &mut State, place: &Place, id: String, cidr_block: Ipv4Net, tenancy: &str) -> String {
    let vpc = Vpc {
        vpc_id: id.clone(),
        owner_id: place.account.clone(),
        state: "available".to_owned(),
        cidr_block,
        cidr_block_association_set: vec![Block::new(&VPC_CIDR_ASSOCIATION, cidr_block)],
        ipv6_cidr_block_association_set: Vec::new(),
        dhcp_options_id: options::default_id(state, place),
        instance_tenancy: tenancy.to_owned(),
        is_default: false,
        private: Attributes { dns_support: true, dns_hostnames: false, usage_metrics: false },
    };
    state.vpcs.insert(&id, vpc);
    route::make_main(state, place, &id, &cidr_block.to_string());
    acl::make_default(state, place, &id);
    group::make_default(state, place, &id);
    id
}

/// The default VPC of a region, with a subnet in each zone.
pub(in super::super) fn make_default(state: &mut State, place: &Place) -> String {
    let id = make(state, place, IdKind::Vpc.derive(&[&place.account, &place.region]), DEFAULT, "default");
    if let Some(vpc) = state.vpcs.get_mut(&id) {
        vpc.is_default = true;
        vpc.private.dns_hostnames = true;
    }
    for zone in place.zones() {
        subnet::make_default(state, place, &id, &zone);
    }
    route::make_default_gateway(state, place, &id);
    id
}

/// The default VPC, if there is one.
pub(in super::super) fn default_of(state: &State) -> Option<&Vpc> {
    state.vpcs.iter().find(|vpc| vpc.is_default)
}

pub(super) fn forget(state: &mut State, id: &str) {
    for group in state.groups.ids(|group| group.vpc_id == id) {
        group::forget(state, &group);
    }
    for acl in state.acls.ids(|acl| acl.vpc_id == id) {
        state.remove::<NetworkAcl>(&acl);
    }
    for table in state.route_tables.ids(|table| table.vpc_id == id) {
        state.remove::<RouteTable>(&table);
    }
    state.remove::<Vpc>(id);
    crate::services::ec2::flow_log::forget(state, id);
}

#[derive(Debug, Deserialize)]
pub(in super::super) struct CreateDefaultInput {}

pub(in super::super) fn create_default(ec2: &Ec2, call: &Call, _: &CreateDefaultInput) -> Result<Value, ApiError> {
    ec2.change(call, |state| {
        if default_of(state).is_some() {
            let text = "A Default VPC already exists for this account in this region.";
            return Err(ApiError::new("DefaultVpcAlreadyExists", text));
        }
        let id = make_default(state, &Place::of(call));
        Ok(json!({ "vpc": super::fresh(state, &id)? }))
    })
}
