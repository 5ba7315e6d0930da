//! What can be changed of a subnet.

use serde::Deserialize;
use serde_json::{Value, json};

use super::check_range;
use crate::{
    ApiError, Call,
    services::ec2::{
        Ec2,
        cidr::{self, BlockState, Ipv6Block, overlap},
        kind::{SUBNET_CIDR_ASSOCIATION, bad_value, in_use, required},
        switch::Switch,
    },
};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in super::super) struct ModifyInput {
    subnet_id: Option<String>,
    assign_ipv6_address_on_creation: Option<Switch>,
    map_public_ip_on_launch: Option<Switch>,
    map_customer_owned_ip_on_launch: Option<Switch>,
    enable_dns64: Option<Switch>,
    private_dns_hostname_type_on_launch: Option<String>,
    enable_resource_name_dns_a_record_on_launch: Option<Switch>,
    #[serde(rename = "EnableResourceNameDnsAAAARecordOnLaunch")]
    enable_resource_name_dns_aaaa_record_on_launch: Option<Switch>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in super::super) struct AssociateInput {
    subnet_id: Option<String>,
    ipv6_cidr_block: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in super::super) struct DisassociateInput {
    association_id: Option<String>,
}

pub(in super::super) fn modify(ec2: &Ec2, call: &Call, input: &ModifyInput) -> Result<Value, ApiError> {
    let id = required(input.subnet_id.as_deref(), "subnetId")?;
    let hostname = input.private_dns_hostname_type_on_launch.as_deref();
    if let Some(odd) = hostname.filter(|hostname| !["ip-name", "resource-name"].contains(hostname)) {
        return Err(bad_value(odd, "privateDnsHostnameTypeOnLaunch", "Valid values are: ip-name, resource-name."));
    }
    ec2.change(call, |state| {
        let subnet = state.subnets.find_mut(id)?;
        if input.assign_ipv6_address_on_creation.is_some_and(|switch| switch.value)
            && subnet.ipv6_cidr_block_association_set.is_empty()
        {
            let why = "Subnet does not have an IPv6 CIDR block.";
            return Err(bad_value("true", "assignIpv6AddressOnCreation", why));
        }
        let names = &mut subnet.private_dns_name_options_on_launch;
        if let Some(hostname) = hostname {
            hostname.clone_into(&mut names.hostname_type);
        }
        for (place, switch) in [
            (&mut subnet.assign_ipv6_address_on_creation, input.assign_ipv6_address_on_creation),
            (&mut subnet.map_public_ip_on_launch, input.map_public_ip_on_launch),
            (&mut subnet.map_customer_owned_ip_on_launch, input.map_customer_owned_ip_on_launch),
            (&mut subnet.enable_dns64, input.enable_dns64),
            (&mut names.enable_resource_name_dns_a_record, input.enable_resource_name_dns_a_record_on_launch),
            (&mut names.enable_resource_name_dns_aaaa_record, input.enable_resource_name_dns_aaaa_record_on_launch),
        ] {
            *place = switch.map_or(*place, |switch| switch.value);
        }
        Ok(json!({ "return": true }))
    })
}

pub(in super::super) fn associate(ec2: &Ec2, call: &Call, input: &AssociateInput) -> Result<Value, ApiError> {
    let id = required(input.subnet_id.as_deref(), "subnetId")?;
    let range = cidr::ipv6(required(input.ipv6_cidr_block.as_deref(), "ipv6CidrBlock")?, "ipv6CidrBlock")?;
    ec2.change(call, |state| {
        let vpc_id = state.subnets.find(id)?.vpc_id.clone();
        check_range(state, &vpc_id, range.into())?;
        let subnet = state.subnets.find_mut(id)?;
        let block = Ipv6Block::new(&SUBNET_CIDR_ASSOCIATION, range);
        subnet.ipv6_cidr_block_association_set.push(block.clone());
        let block = Ipv6Block { ipv6_cidr_block_state: BlockState { state: "associating".to_owned() }, ..block };
        Ok(json!({ "subnetId": id, "ipv6CidrBlockAssociation": block }))
    })
}

pub(in super::super) fn disassociate(ec2: &Ec2, call: &Call, input: &DisassociateInput) -> Result<Value, ApiError> {
    let id = required(input.association_id.as_deref(), "associationId")?;
    ec2.change(call, |state| {
        let mut blocks = state.subnets.iter().flat_map(|subnet| {
            subnet.ipv6_cidr_block_association_set.iter().map(|block| (subnet.clone(), block.clone()))
        });
        let Some((subnet, block)) = blocks.find(|(_, block)| block.association_id == id) else {
            let text = format!("The subnet CIDR block association ID '{id}' does not exist");
            return Err(ApiError::new("InvalidSubnetCidrBlockAssociationID.NotFound", text));
        };
        drop(blocks);
        let is_in = |address| overlap(block.ipv6_cidr_block.into(), address);
        if subnet.taken(state).into_iter().map(ipnet::IpNet::from).any(is_in) {
            return Err(in_use(format!(
                "The CIDR block {} of subnet {} is in use.",
                block.ipv6_cidr_block, subnet.subnet_id
            )));
        }
        if let Some(subnet) = state.subnets.get_mut(&subnet.subnet_id) {
            subnet.ipv6_cidr_block_association_set.retain(|block| block.association_id != id);
        }
        let block = Ipv6Block { ipv6_cidr_block_state: BlockState { state: "disassociating".to_owned() }, ..block };
        Ok(json!({ "subnetId": subnet.subnet_id, "ipv6CidrBlockAssociation": block }))
    })
}
