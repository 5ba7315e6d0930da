//! Further ranges of VPCs.

use ipnet::IpNet;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    ApiError, Call,
    services::ec2::{
        Ec2, acl,
        cidr::{self, Block, BlockState, Ipv6Block, overlap},
        kind::{VPC_CIDR_ASSOCIATION, in_use, required},
        place::Place,
        route,
        state::State,
    },
};

/// Most ranges of each family.
const MOST: usize = 5;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in super::super) struct AssociateInput {
    vpc_id: Option<String>,
    cidr_block: Option<String>,
    amazon_provided_ipv6_cidr_block: bool,
    ipv6_cidr_block: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in super::super) struct DisassociateInput {
    association_id: Option<String>,
}

pub(in super::super) fn associate(ec2: &Ec2, call: &Call, input: &AssociateInput) -> Result<Value, ApiError> {
    let id = required(input.vpc_id.as_deref(), "vpcId")?;
    let kind = &VPC_CIDR_ASSOCIATION;
    let given = [input.cidr_block.is_some(), input.amazon_provided_ipv6_cidr_block, input.ipv6_cidr_block.is_some()];
    if given.iter().filter(|given| **given).count() != 1 {
        let text = "Exactly one of cidrBlock, ipv6CidrBlock and amazonProvidedIpv6CidrBlock must be given.";
        return Err(ApiError::new("InvalidParameterCombination", text));
    }
    ec2.change(call, |state| {
        if let Some(range) = &input.cidr_block {
            let range = cidr::ipv4(range, "cidrBlock")?;
            cidr::check_size(range, "InvalidVpc.Range")?;
            let block = add_ipv4(state, id, Block::new(kind, range))?;
            return Ok(json!({ "vpcId": id, "cidrBlockAssociation": associating(json!(block)) }));
        }
        let block = match &input.ipv6_cidr_block {
            Some(range) => Ipv6Block::new(kind, cidr::ipv6(range, "ipv6CidrBlock")?),
            None => Ipv6Block::of_pool(kind, cidr::amazon_ipv6(), &Place::of(call).region),
        };
        let block = add_ipv6(state, id, block)?;
        Ok(json!({ "vpcId": id, "ipv6CidrBlockAssociation": associating(json!(block)) }))
    })
}

fn associating(mut block: Value) -> Value {
    for state in ["cidrBlockState", "ipv6CidrBlockState"] {
        if block[state].is_object() {
            block[state]["state"] = json!("associating");
        } else if let Some(members) = block.as_object_mut() {
            members.remove(state);
        }
    }
    block
}

fn add_ipv4(state: &mut State, id: &str, block: Block) -> Result<Block, ApiError> {
    let vpc = state.vpcs.find_mut(id)?;
    let blocks = &mut vpc.cidr_block_association_set;
    check(id, block.cidr_block.into(), blocks.iter().map(|block| block.cidr_block.into()))?;
    blocks.push(block.clone());
    route::add_local(state, id, &block.cidr_block.to_string());
    Ok(block)
}

/// The default network ACL lets IPv6 pass from then on, as at AWS.
pub(super) fn add_ipv6(state: &mut State, id: &str, block: Ipv6Block) -> Result<Ipv6Block, ApiError> {
    let vpc = state.vpcs.find_mut(id)?;
    let blocks = &mut vpc.ipv6_cidr_block_association_set;
    check(id, block.ipv6_cidr_block.into(), blocks.iter().map(|block| block.ipv6_cidr_block.into()))?;
    blocks.push(block.clone());
    acl::open_for_ipv6(state, id);
    route::add_local(state, id, &block.ipv6_cidr_block.to_string());
    Ok(block)
}

fn check(id: &str, range: IpNet, others: impl Iterator<Item = IpNet>) -> Result<(), ApiError> {
    let others: Vec<IpNet> = others.collect();
    if others.len() >= MOST {
        let text = format!("This network {id} has met its maximum number of allowed CIDRs: {MOST}");
        return Err(ApiError::new("CidrLimitExceeded", text));
    }
    match others.iter().find(|other| overlap(range, **other)) {
        Some(other) => Err(ApiError::new("CidrConflict", format!("CIDR '{range}' conflicts with '{other}' of {id}"))),
        None => Ok(()),
    }
}

/// Makes a range that this host is in a part of a VPC, whatever its size and however many there are.
pub(in super::super) fn take_in(state: &mut State, id: &str, range: IpNet) {
    let Some(vpc) = state.vpcs.get_mut(id) else { return };
    let is_in = |outer: IpNet| outer.contains(&range);
    match range {
        IpNet::V4(range) => {
            let blocks = &mut vpc.cidr_block_association_set;
            if blocks.iter().any(|block| is_in(block.cidr_block.into())) {
                return;
            }
            blocks.push(Block::new(&VPC_CIDR_ASSOCIATION, range));
        }
        IpNet::V6(range) => {
            let blocks = &mut vpc.ipv6_cidr_block_association_set;
            if blocks.iter().any(|block| is_in(block.ipv6_cidr_block.into())) {
                return;
            }
            blocks.push(Ipv6Block::new(&VPC_CIDR_ASSOCIATION, range));
            acl::open_for_ipv6(state, id);
        }
    }
    route::add_local(state, id, &range.to_string());
}

pub(in super::super) fn disassociate(ec2: &Ec2, call: &Call, input: &DisassociateInput) -> Result<Value, ApiError> {
    let id = required(input.association_id.as_deref(), "associationId")?;
    ec2.change(call, |state| {
        let (vpc_id, range) = find(state, id)?;
        let subnets = || state.subnets.iter().filter(|subnet| subnet.vpc_id == vpc_id);
        if subnets().flat_map(|subnet| subnet.cidrs()).any(|cidr| overlap(cidr, range)) {
            let text =
                format!("The vpc CIDR block with association ID {id} has dependencies and cannot be disassociated.");
            return Err(in_use(text));
        }
        let vpc = state.vpcs.find_mut(&vpc_id)?;
        let gone = BlockState { state: "disassociating".to_owned() };
        if let Some(at) = vpc.cidr_block_association_set.iter().position(|block| block.association_id == id) {
            let block = Block { cidr_block_state: gone, ..vpc.cidr_block_association_set.remove(at) };
            route::remove_local(state, &vpc_id, &range.to_string());
            return Ok(json!({ "vpcId": vpc_id, "cidrBlockAssociation": block }));
        }
        let blocks = &mut vpc.ipv6_cidr_block_association_set;
        let at = blocks.iter().position(|block| block.association_id == id);
        let block = at.map(|at| Ipv6Block { ipv6_cidr_block_state: gone, ..blocks.remove(at) });
        route::remove_local(state, &vpc_id, &range.to_string());
        Ok(json!({ "vpcId": vpc_id, "ipv6CidrBlockAssociation": block }))
    })
}

fn find(state: &State, id: &str) -> Result<(String, IpNet), ApiError> {
    for vpc in state.vpcs.iter() {
        for block in &vpc.cidr_block_association_set {
            if block.association_id == id && block.cidr_block == vpc.cidr_block {
                let text = format!(
                    "The vpc CIDR block with association ID {id} may not be disassociated. It is the primary IPv4 CIDR block of the VPC"
                );
                return Err(ApiError::new("OperationNotPermitted", text));
            }
        }
        let ipv4 = vpc.cidr_block_association_set.iter().map(|it| (&it.association_id, it.cidr_block.into()));
        let ipv6 = vpc.ipv6_cidr_block_association_set.iter().map(|it| (&it.association_id, it.ipv6_cidr_block.into()));
        if let Some((_, range)) = ipv4.chain(ipv6).find(|(other, _)| *other == id) {
            return Ok((vpc.vpc_id.clone(), range));
        }
    }
    let text = format!("The vpc CIDR block association ID '{id}' does not exist");
    Err(ApiError::new("InvalidVpcCidrBlockAssociationID.NotFound", text))
}
