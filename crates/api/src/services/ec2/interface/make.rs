//! Making network interfaces.

use std::{
    collections::HashSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use ipnet::{IpNet, Ipv6Net};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Inner, NetworkInterface, groups_in};
use crate::{
    ApiError, Call,
    services::ec2::{
        Ec2,
        kind::{INTERFACE, bad_value, required},
        life,
        place::Place,
        state::State,
        subnet::{Subnet, reservation::reserved},
        tags::TagSpecification,
    },
};

/// What an interface should be like.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in super::super) struct Wanted {
    pub(in super::super) subnet_id: Option<String>,
    pub(in super::super) description: Option<String>,
    pub(in super::super) private_ip_address: Option<String>,
    pub(in super::super) private_ip_addresses: Vec<WantedAddress>,
    pub(in super::super) secondary_private_ip_address_count: Option<usize>,
    pub(in super::super) security_group_id: Vec<String>,
    pub(in super::super) ipv6_addresses: Vec<WantedIpv6>,
    pub(in super::super) ipv6_address_count: Option<usize>,
    pub(in super::super) interface_type: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in super::super) struct WantedAddress {
    primary: bool,
    private_ip_address: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in super::super) struct WantedIpv6 {
    pub(in super::super) ipv6_address: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(in super::super) struct Tagged {
    client_token: Option<String>,
    tag_specification: Vec<TagSpecification>,
}

/// Most addresses of one interface.
const MOST: usize = 50;

pub(in super::super) fn create(ec2: &Ec2, call: &Call, input: &Value) -> Result<Value, ApiError> {
    let payload = crate::Payload::texts(crate::protocol::Protocol::Ec2Query, input.clone());
    let (wanted, tagged): (Wanted, Tagged) = (payload.parse()?, payload.parse()?);
    let make = |state: &mut State, place: &Place| make(state, place, &wanted);
    let mut answer = life::create::<NetworkInterface>(ec2, call, "networkInterface", &tagged.tag_specification, make)?;
    answer["networkInterface"]["status"] = json!("pending");
    answer["clientToken"] = json!(tagged.client_token);
    Ok(answer)
}

/// An interface that belongs to no instance yet.
pub(in super::super) fn make(state: &mut State, place: &Place, wanted: &Wanted) -> Result<String, ApiError> {
    let subnet_id = required(wanted.subnet_id.as_deref(), "subnetId")?;
    let subnet = state.subnets.find(subnet_id)?.clone();
    let groups = groups_in(state, &subnet.vpc_id, &wanted.security_group_id)?;
    let id = INTERFACE.new_id();
    let interface = NetworkInterface {
        network_interface_id: id.clone(),
        subnet_id: subnet.subnet_id.clone(),
        vpc_id: subnet.vpc_id.clone(),
        availability_zone: subnet.availability_zone.clone(),
        availability_zone_id: subnet.availability_zone_id.clone(),
        owner_id: place.account.clone(),
        description: wanted.description.clone().unwrap_or_default(),
        mac_address: new_mac(),
        interface_type: wanted.interface_type.clone().unwrap_or_else(|| "interface".to_owned()),
        requester_managed: false,
        requester_id: place.account.clone(),
        source_dest_check: true,
        attachment: None,
        private: Inner {
            ipv4: ipv4_of(state, &subnet, wanted)?,
            ipv6: ipv6_of(state, &subnet, wanted)?,
            groups,
            ..Inner::default()
        },
    };
    state.interfaces.insert(&id, interface);
    Ok(id)
}

/// A locally administered address.
fn new_mac() -> String {
    let random = Uuid::new_v4().into_bytes();
    format!("02:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", random[0], random[1], random[2], random[3], random[4])
}

fn ipv4_of(state: &State, subnet: &Subnet, wanted: &Wanted) -> Result<Vec<Ipv4Addr>, ApiError> {
    let mut asked: Vec<(bool, Ipv4Addr)> = Vec::new();
    for address in &wanted.private_ip_addresses {
        asked.push((address.primary, parse(&address.private_ip_address, "privateIpAddresses")?));
    }
    if let Some(text) = &wanted.private_ip_address {
        asked.insert(0, (true, parse(text, "privateIpAddress")?));
    }
    asked.sort_by_key(|(primary, _)| !primary);
    let mut addresses: Vec<Ipv4Addr> = Vec::new();
    for (_, address) in asked {
        if !addresses.contains(&address) {
            check_free(state, subnet, address.into())?;
            addresses.push(address);
        }
    }
    let has_primary = !addresses.is_empty() || subnet.cidr_block.is_none();
    let count = wanted.secondary_private_ip_address_count.unwrap_or_default() + usize::from(!has_primary);
    addresses.extend(free_ipv4(state, subnet, count, &addresses)?);
    Ok(addresses)
}

fn ipv6_of(state: &State, subnet: &Subnet, wanted: &Wanted) -> Result<Vec<Ipv6Addr>, ApiError> {
    let mut addresses = Vec::new();
    for WantedIpv6 { ipv6_address } in &wanted.ipv6_addresses {
        let address: Ipv6Addr = parse(ipv6_address, "ipv6Addresses")?;
        check_free(state, subnet, address.into())?;
        addresses.push(address);
    }
    let count = wanted.ipv6_address_count.unwrap_or_default();
    addresses.extend(free_ipv6(state, subnet, count, &addresses)?);
    Ok(addresses)
}

pub(super) fn parse<T: std::str::FromStr>(text: &str, parameter: &str) -> Result<T, ApiError> {
    text.parse().map_err(|_| bad_value(text, parameter, "Invalid IP address."))
}

/// Refuses an address that is outside of the subnet, or another's.
pub(super) fn check_free(state: &State, subnet: &Subnet, address: IpAddr) -> Result<(), ApiError> {
    if !subnet.cidrs().any(|range| range.contains(&address)) {
        return Err(bad_value(
            &address.to_string(),
            "address",
            "Address does not fall within the subnet's address range",
        ));
    }
    if subnet.taken(state).contains(&address) {
        let text = format!("The specified address is already in use: {address}");
        return Err(ApiError::new("InvalidIPAddress.InUse", text));
    }
    Ok(())
}

/// So many free addresses of a subnet, from the fifth on: the first four and the last are AWS's.
pub(super) fn free_ipv4(
    state: &State,
    subnet: &Subnet,
    count: usize,
    besides: &[Ipv4Addr],
) -> Result<Vec<Ipv4Addr>, ApiError> {
    check_count(count)?;
    let (taken, reserved) = (taken(state, subnet), reserved(state, &subnet.subnet_id));
    let Some(range) = subnet.cidr_block else { return Ok(Vec::new()) };
    let (first, last) = (u32::from(range.network()), u32::from(range.broadcast()));
    let usable = first.saturating_add(4)..last;
    let is_free = |address: &Ipv4Addr| {
        let any = IpAddr::V4(*address);
        !taken.contains(&any) && !besides.contains(address) && !reserved.iter().any(|range| range.contains(&any))
    };
    let free: Vec<Ipv4Addr> = usable.map(Ipv4Addr::from).filter(is_free).take(count).collect();
    if free.len() == count { Ok(free) } else { Err(full(subnet)) }
}

/// So many free IPv6 addresses of a subnet.
pub(super) fn free_ipv6(
    state: &State,
    subnet: &Subnet,
    count: usize,
    besides: &[Ipv6Addr],
) -> Result<Vec<Ipv6Addr>, ApiError> {
    check_count(count)?;
    if count == 0 {
        return Ok(Vec::new());
    }
    let (taken, reserved) = (taken(state, subnet), reserved(state, &subnet.subnet_id));
    let block = subnet.ipv6_cidr_block_association_set.first().ok_or_else(|| {
        let text = format!("The subnet '{}' has no IPv6 CIDR block.", subnet.subnet_id);
        ApiError::new("InvalidParameterCombination", text)
    })?;
    let is_free = |address: &Ipv6Addr| !taken.contains(&IpAddr::V6(*address)) && !besides.contains(address);
    let inside = unreserved(block.ipv6_cidr_block, &reserved);
    let free: Vec<Ipv6Addr> = inside.filter(is_free).take(count).collect();
    if free.len() == count { Ok(free) } else { Err(full(subnet)) }
}

/// The addresses of an IPv6 range from the fifth on, without those that are reserved: a reserved range is stepped over at
/// once, however long it is.
fn unreserved(block: Ipv6Net, reserved: &[IpNet]) -> impl Iterator<Item = Ipv6Addr> {
    let mut next = Some(u128::from(block.network()).saturating_add(4));
    std::iter::from_fn(move || {
        let mut address = Ipv6Addr::from(next?);
        while let Some(range) = reserved.iter().find(|range| range.contains(&IpAddr::V6(address))) {
            let IpNet::V6(range) = range else { return None };
            address = Ipv6Addr::from(u128::from(range.broadcast()).checked_add(1)?);
        }
        next = u128::from(address).checked_add(1);
        block.contains(&address).then_some(address)
    })
}

fn taken(state: &State, subnet: &Subnet) -> HashSet<IpAddr> {
    subnet.taken(state).into_iter().collect()
}

fn check_count(count: usize) -> Result<(), ApiError> {
    if count <= MOST {
        return Ok(());
    }
    let text = format!("An interface has at most {MOST} addresses.");
    Err(ApiError::new("PrivateIpAddressLimitExceeded", text))
}

fn full(subnet: &Subnet) -> ApiError {
    let text = format!("The specified subnet '{}' does not have enough free addresses.", subnet.subnet_id);
    ApiError::new("InsufficientFreeAddressesInSubnet", text)
}
