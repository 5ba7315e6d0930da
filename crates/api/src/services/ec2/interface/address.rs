//! Further addresses of interfaces.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde::Deserialize;
use serde_json::{Value, json};

use super::make::{check_free, free_ipv4, free_ipv6, parse};
use crate::{
    ApiError, Call,
    services::ec2::{
        Ec2,
        kind::{invalid, required},
        state::State,
    },
};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in super::super) struct AddressesInput {
    network_interface_id: Option<String>,
    private_ip_address: Vec<String>,
    secondary_private_ip_address_count: Option<usize>,
    allow_reassignment: bool,
}

pub(in super::super) fn assign(ec2: &Ec2, call: &Call, input: &AddressesInput) -> Result<Value, ApiError> {
    let id = required(input.network_interface_id.as_deref(), "networkInterfaceId")?;
    if input.private_ip_address.is_empty() && input.secondary_private_ip_address_count.is_none() {
        let text = "Either privateIpAddress or secondaryPrivateIpAddressCount must be given.";
        return Err(ApiError::new("MissingParameter", text));
    }
    ec2.change(call, |state| {
        let subnet_id = state.interfaces.find(id)?.subnet_id.clone();
        let subnet = state.subnets.find(&subnet_id)?.clone();
        let mut added: Vec<Ipv4Addr> = Vec::new();
        for text in &input.private_ip_address {
            let address: Ipv4Addr = parse(text, "privateIpAddress")?;
            if input.allow_reassignment {
                take_from_others(state, &subnet_id, address);
            }
            check_free(state, &subnet, address.into())?;
            added.push(address);
        }
        let count = input.secondary_private_ip_address_count.unwrap_or_default();
        added.extend(free_ipv4(state, &subnet, count, &added)?);
        let interface = state.interfaces.find_mut(id)?;
        interface.private.ipv4.extend(&added);
        let assigned: Vec<Value> = added.iter().map(|address| json!({ "privateIpAddress": address })).collect();
        Ok(json!({
            "return": true, "networkInterfaceId": id,
            "assignedPrivateIpAddressesSet": assigned, "assignedIpv4PrefixSet": [],
        }))
    })
}

/// A secondary address of another interface goes over; a primary one stays.
fn take_from_others(state: &mut State, subnet_id: &str, address: Ipv4Addr) {
    let has = |interface: &super::NetworkInterface| {
        interface.subnet_id == subnet_id && interface.private.ipv4.iter().skip(1).any(|own| *own == address)
    };
    if let Some(interface) = state.interfaces.first_mut(has) {
        interface.private.ipv4.retain(|own| *own != address);
    }
}

pub(in super::super) fn unassign(ec2: &Ec2, call: &Call, input: &AddressesInput) -> Result<Value, ApiError> {
    let id = required(input.network_interface_id.as_deref(), "networkInterfaceId")?;
    required(input.private_ip_address.first(), "privateIpAddress")?;
    ec2.change(call, |state| {
        let interface = state.interfaces.find_mut(id)?;
        for text in &input.private_ip_address {
            let address: Ipv4Addr = parse(text, "privateIpAddress")?;
            match interface.private.ipv4.iter().position(|own| *own == address) {
                Some(0) => {
                    return Err(invalid(format!("The primary private IP address {address} cannot be unassigned")));
                }
                Some(at) => drop(interface.private.ipv4.remove(at)),
                None => {
                    let text = format!("Some of [{address}] addresses are not assigned to interface {id}");
                    return Err(invalid(text));
                }
            }
        }
        Ok(json!({ "return": true }))
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in super::super) struct Ipv6Input {
    network_interface_id: Option<String>,
    ipv6_addresses: Vec<String>,
    ipv6_address_count: Option<usize>,
}

pub(in super::super) fn assign_ipv6(ec2: &Ec2, call: &Call, input: &Ipv6Input) -> Result<Value, ApiError> {
    let id = required(input.network_interface_id.as_deref(), "networkInterfaceId")?;
    if input.ipv6_addresses.is_empty() && input.ipv6_address_count.is_none() {
        let text = "Either ipv6Addresses or ipv6AddressCount must be given.";
        return Err(ApiError::new("MissingParameter", text));
    }
    ec2.change(call, |state| {
        let subnet_id = state.interfaces.find(id)?.subnet_id.clone();
        let subnet = state.subnets.find(&subnet_id)?.clone();
        let mut added: Vec<Ipv6Addr> = Vec::new();
        for text in &input.ipv6_addresses {
            let address: Ipv6Addr = parse(text, "ipv6Addresses")?;
            check_free(state, &subnet, address.into())?;
            added.push(address);
        }
        added.extend(free_ipv6(state, &subnet, input.ipv6_address_count.unwrap_or_default(), &added)?);
        let interface = state.interfaces.find_mut(id)?;
        interface.private.ipv6.extend(&added);
        Ok(json!({ "networkInterfaceId": id, "assignedIpv6Addresses": added }))
    })
}

pub(in super::super) fn unassign_ipv6(ec2: &Ec2, call: &Call, input: &Ipv6Input) -> Result<Value, ApiError> {
    let id = required(input.network_interface_id.as_deref(), "networkInterfaceId")?;
    required(input.ipv6_addresses.first(), "ipv6Addresses")?;
    ec2.change(call, |state| {
        let interface = state.interfaces.find_mut(id)?;
        for text in &input.ipv6_addresses {
            let address: Ipv6Addr = parse(text, "ipv6Addresses")?;
            let at = interface.private.ipv6.iter().position(|own| *own == address);
            let missing = || invalid(format!("Some of [{address}] addresses are not assigned to interface {id}"));
            interface.private.ipv6.remove(at.ok_or_else(missing)?);
        }
        Ok(json!({ "networkInterfaceId": id, "unassignedIpv6Addresses": input.ipv6_addresses }))
    })
}
