//! VPCs.

mod attribute;
mod block;
mod make;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Ec2,
    cidr::{self, Block, Ipv6Block},
    kind::{Kind, VPC, VPC_CIDR_ASSOCIATION, bad_value},
    life::Deletable,
    place::Place,
    query::{self, Described, FilterPath},
    state::State,
    tags::{self, TagSpecification},
};
use crate::{ApiError, Call};

pub(super) use attribute::{describe_attribute, modify_attribute, modify_tenancy};
pub(super) use block::{associate, disassociate, take_in};
pub(super) use make::{create_default, default_of, make_default};

/// A virtual private cloud.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Vpc {
    pub(super) vpc_id: String,
    pub(super) owner_id: String,
    pub(super) state: String,
    pub(super) cidr_block: ipnet::Ipv4Net,
    pub(super) cidr_block_association_set: Vec<Block>,
    pub(super) ipv6_cidr_block_association_set: Vec<Ipv6Block>,
    pub(super) dhcp_options_id: String,
    pub(super) instance_tenancy: String,
    pub(super) is_default: bool,
    pub(super) private: Attributes,
}

/// What `DescribeVpcAttribute` tells.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Attributes {
    pub(super) dns_support: bool,
    pub(super) dns_hostnames: bool,
    pub(super) usage_metrics: bool,
}

impl Described for Vpc {
    const KIND: &'static Kind = &VPC;
    const SET: &'static str = "vpcSet";
    const FILTERS: &'static [FilterPath] = &[
        ("vpc-id", "vpcId"),
        ("cidr", "cidrBlock"),
        ("cidrBlock", "cidrBlock"),
        ("cidr-block", "cidrBlock"),
        ("cidr-block-association.cidr-block", "cidrBlockAssociationSet.cidrBlock"),
        ("cidr-block-association.association-id", "cidrBlockAssociationSet.associationId"),
        ("cidr-block-association.state", "cidrBlockAssociationSet.cidrBlockState.state"),
        ("ipv6-cidr-block-association.ipv6-cidr-block", "ipv6CidrBlockAssociationSet.ipv6CidrBlock"),
        ("ipv6-cidr-block-association.association-id", "ipv6CidrBlockAssociationSet.associationId"),
        ("ipv6-cidr-block-association.state", "ipv6CidrBlockAssociationSet.ipv6CidrBlockState.state"),
        ("ipv6-cidr-block-association.ipv6-pool", "ipv6CidrBlockAssociationSet.ipv6Pool"),
        ("dhcp-options-id", "dhcpOptionsId"),
        ("dhcpOptionsId", "dhcpOptionsId"),
        ("instance-tenancy", "instanceTenancy"),
        ("is-default", "isDefault"),
        ("isDefault", "isDefault"),
        ("owner-id", "ownerId"),
        ("state", "state"),
    ];

    fn id(&self) -> &str {
        &self.vpc_id
    }

    fn view(&self, _: &State) -> Value {
        let mut view = json!(self);
        if self.ipv6_cidr_block_association_set.is_empty() {
            view["ipv6CidrBlockAssociationSet"] = Value::Null;
        }
        view["blockPublicAccessStates"] = json!({ "internetGatewayBlockMode": "off" });
        view
    }
}

impl Deletable for Vpc {
    const PARAMETER: &'static str = "vpcId";
    const NOUN: &'static str = "vpc";

    /// What was made with it does not count.
    fn is_used(&self, state: &State) -> bool {
        let id = &self.vpc_id;
        state.subnets.iter().any(|it| it.vpc_id == *id)
            || state.interfaces.iter().any(|it| it.vpc_id == *id)
            || state.groups.iter().any(|it| it.vpc_id == *id && it.group_name != "default")
            || state.acls.iter().any(|it| it.vpc_id == *id && !it.is_default)
            || state.route_tables.iter().any(|it| it.vpc_id == *id && !it.is_main())
            || state.internet_gateways.iter().any(|it| it.is_attached_to(id))
            || state.egress_gateways.iter().any(|it| it.is_attached_to(id))
    }

    fn forget(state: &mut State, id: &str) {
        make::forget(state, id);
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct CreateInput {
    cidr_block: Option<String>,
    instance_tenancy: Option<String>,
    amazon_provided_ipv6_cidr_block: bool,
    ipv6_cidr_block: Option<String>,
    ipv4_ipam_pool_id: Option<String>,
    ipv6_ipam_pool_id: Option<String>,
    tag_specification: Vec<TagSpecification>,
}

pub(super) fn create(ec2: &Ec2, call: &Call, input: &CreateInput) -> Result<Value, ApiError> {
    if input.ipv4_ipam_pool_id.is_some() || input.ipv6_ipam_pool_id.is_some() {
        return Err(ApiError::new("UnsupportedOperation", "Weir has no IPAM pools: give the CIDR block itself."));
    }
    let Some(cidr_block) = &input.cidr_block else {
        let text = "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.";
        return Err(ApiError::new("MissingParameter", text));
    };
    let cidr_block = cidr::ipv4(cidr_block, "cidrBlock")?;
    cidr::check_size(cidr_block, "InvalidVpc.Range")?;
    let tenancy = input.instance_tenancy.as_deref().unwrap_or("default");
    if !["default", "dedicated"].contains(&tenancy) {
        return Err(bad_value(tenancy, "instanceTenancy", "Valid values are: default, dedicated."));
    }
    tags::only_for(&input.tag_specification, &[&VPC])?;
    let place = Place::of(call);
    ec2.change(call, |state| {
        let id = make::make(state, &place, VPC.new_id(), cidr_block, tenancy);
        tags::give(state, &id, &VPC, &input.tag_specification)?;
        if input.amazon_provided_ipv6_cidr_block {
            let block = Ipv6Block::of_pool(&VPC_CIDR_ASSOCIATION, cidr::amazon_ipv6(), &place.region);
            block::add_ipv6(state, &id, block)?;
        } else if let Some(range) = &input.ipv6_cidr_block {
            let block = Ipv6Block::new(&VPC_CIDR_ASSOCIATION, cidr::ipv6(range, "ipv6CidrBlock")?);
            block::add_ipv6(state, &id, block)?;
        }
        Ok(json!({ "vpc": fresh(state, &id)? }))
    })
}

/// A VPC as it is answered when it was just made.
fn fresh(state: &State, id: &str) -> Result<Value, ApiError> {
    let vpc = state.vpcs.find(id)?;
    let mut shown = query::show(vpc, state);
    shown["state"] = json!("pending");
    shown["blockPublicAccessStates"] = Value::Null;
    shown["ipv6CidrBlockAssociationSet"] = json!(vpc.ipv6_cidr_block_association_set);
    for block in shown["ipv6CidrBlockAssociationSet"].as_array_mut().into_iter().flatten() {
        block["ipv6CidrBlockState"]["state"] = json!("associating");
    }
    Ok(shown)
}
