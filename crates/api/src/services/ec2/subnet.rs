//! Subnets.

mod attribute;
pub(super) mod reservation;

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Ec2, acl,
    cidr::{self, Ipv6Block, overlap},
    flow_log,
    kind::{Kind, SUBNET, SUBNET_CIDR_ASSOCIATION, invalid, required},
    life::{self, Deletable},
    place::{Place, Zone},
    query::{Described, FilterPath},
    route,
    state::State,
    tags::TagSpecification,
    vpc,
};
use crate::{ApiError, Call};

pub(super) use attribute::{associate, disassociate, modify};

/// Addresses of a subnet that AWS keeps: the first four and the last.
const RESERVED: u64 = 5;

/// A part of a VPC in one zone.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Subnet {
    pub(super) subnet_id: String,
    pub(super) subnet_arn: String,
    pub(super) vpc_id: String,
    pub(super) owner_id: String,
    state: String,
    pub(super) cidr_block: Option<Ipv4Net>,
    pub(super) ipv6_cidr_block_association_set: Vec<Ipv6Block>,
    pub(super) availability_zone: String,
    pub(super) availability_zone_id: String,
    pub(super) default_for_az: bool,
    pub(super) map_public_ip_on_launch: bool,
    map_customer_owned_ip_on_launch: bool,
    assign_ipv6_address_on_creation: bool,
    enable_dns64: bool,
    ipv6_native: bool,
    private_dns_name_options_on_launch: DnsNames,
}

/// What instances are called.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DnsNames {
    hostname_type: String,
    enable_resource_name_dns_a_record: bool,
    #[serde(rename = "enableResourceNameDnsAAAARecord")]
    enable_resource_name_dns_aaaa_record: bool,
}

impl Subnet {
    /// Its ranges of both families.
    pub(super) fn cidrs(&self) -> impl Iterator<Item = IpNet> {
        let ipv6 = self.ipv6_cidr_block_association_set.iter().map(|block| block.ipv6_cidr_block.into());
        self.cidr_block.map(IpNet::from).into_iter().chain(ipv6)
    }

    /// The addresses of it that interfaces have.
    pub(super) fn taken(&self, state: &State) -> Vec<IpAddr> {
        let in_it = state.interfaces.iter().filter(|interface| interface.subnet_id == self.subnet_id);
        in_it.flat_map(|interface| interface.addresses()).collect()
    }

    fn available(&self, state: &State) -> u64 {
        let size = self.cidr_block.map_or(0, |range| 1_u64 << (32 - range.prefix_len()));
        let taken = self.taken(state).iter().filter(|address| address.is_ipv4()).count();
        size.saturating_sub(RESERVED).saturating_sub(u64::try_from(taken).unwrap_or(u64::MAX))
    }
}

impl Described for Subnet {
    const KIND: &'static Kind = &SUBNET;
    const SET: &'static str = "subnetSet";
    const FILTERS: &'static [FilterPath] = &[
        ("subnet-id", "subnetId"),
        ("subnet-arn", "subnetArn"),
        ("vpc-id", "vpcId"),
        ("availability-zone", "availabilityZone"),
        ("availabilityZone", "availabilityZone"),
        ("availability-zone-id", "availabilityZoneId"),
        ("availabilityZoneId", "availabilityZoneId"),
        ("available-ip-address-count", "availableIpAddressCount"),
        ("cidr-block", "cidrBlock"),
        ("cidr", "cidrBlock"),
        ("cidrBlock", "cidrBlock"),
        ("default-for-az", "defaultForAz"),
        ("defaultForAz", "defaultForAz"),
        ("enable-dns64", "enableDns64"),
        ("ipv6-native", "ipv6Native"),
        ("ipv6-cidr-block-association.ipv6-cidr-block", "ipv6CidrBlockAssociationSet.ipv6CidrBlock"),
        ("ipv6-cidr-block-association.association-id", "ipv6CidrBlockAssociationSet.associationId"),
        ("ipv6-cidr-block-association.state", "ipv6CidrBlockAssociationSet.ipv6CidrBlockState.state"),
        ("customer-owned-ipv4-pool", "customerOwnedIpv4Pool"),
        ("enable-lni-at-device-index", "enableLniAtDeviceIndex"),
        ("map-customer-owned-ip-on-launch", "mapCustomerOwnedIpOnLaunch"),
        ("map-public-ip-on-launch", "mapPublicIpOnLaunch"),
        ("outpost-arn", "outpostArn"),
        ("private-dns-name-options-on-launch.hostname-type", "privateDnsNameOptionsOnLaunch.hostnameType"),
        (
            "private-dns-name-options-on-launch.enable-resource-name-dns-a-record",
            "privateDnsNameOptionsOnLaunch.enableResourceNameDnsARecord",
        ),
        (
            "private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record",
            "privateDnsNameOptionsOnLaunch.enableResourceNameDnsAAAARecord",
        ),
        ("owner-id", "ownerId"),
        ("state", "state"),
    ];

    fn id(&self) -> &str {
        &self.subnet_id
    }

    fn view(&self, state: &State) -> Value {
        let mut view = json!(self);
        view["availableIpAddressCount"] = json!(self.available(state));
        view["blockPublicAccessStates"] = json!({ "internetGatewayBlockMode": "off" });
        view
    }
}

impl Deletable for Subnet {
    const PARAMETER: &'static str = "subnetId";
    const NOUN: &'static str = "subnet";

    fn is_used(&self, state: &State) -> bool {
        state.interfaces.iter().any(|interface| interface.subnet_id == self.subnet_id)
            || state.nat_gateways.iter().any(|gateway| gateway.is_in(&self.subnet_id))
    }

    fn forget(state: &mut State, id: &str) {
        acl::dissociate(state, id);
        route::dissociate(state, id);
        flow_log::forget(state, id);
        reservation::forget(state, id);
        state.remove::<Self>(id);
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct CreateInput {
    vpc_id: Option<String>,
    cidr_block: Option<String>,
    ipv6_cidr_block: Option<String>,
    availability_zone: Option<String>,
    availability_zone_id: Option<String>,
    ipv6_native: bool,
    tag_specification: Vec<TagSpecification>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct DefaultInput {
    availability_zone: Option<String>,
    availability_zone_id: Option<String>,
}

pub(super) fn create(ec2: &Ec2, call: &Call, input: &CreateInput) -> Result<Value, ApiError> {
    let vpc_id = required(input.vpc_id.as_deref(), "vpcId")?;
    check_ranges_given(input)?;
    let range = input.cidr_block.as_deref().map(|range| cidr::ipv4(range, "cidrBlock")).transpose()?;
    let ipv6 = input.ipv6_cidr_block.as_deref().map(|range| cidr::ipv6(range, "ipv6CidrBlock")).transpose()?;
    let mut answer = life::create::<Subnet>(ec2, call, "subnet", &input.tag_specification, |state, place| {
        state.vpcs.find(vpc_id)?;
        for range in range.map(IpNet::from).into_iter().chain(ipv6.map(IpNet::from)) {
            check_range(state, vpc_id, range)?;
        }
        let zone = place.zone(input.availability_zone.as_deref(), input.availability_zone_id.as_deref())?;
        let id = make(state, place, SUBNET.new_id(), vpc_id, range, &zone);
        if let Some(subnet) = state.subnets.get_mut(&id) {
            subnet.ipv6_native = input.ipv6_native;
            subnet.assign_ipv6_address_on_creation = input.ipv6_native;
            let block = |range| Ipv6Block::new(&SUBNET_CIDR_ASSOCIATION, range);
            subnet.ipv6_cidr_block_association_set.extend(ipv6.map(block));
        }
        Ok(id)
    })?;
    hide(&mut answer);
    Ok(answer)
}

/// A subnet has an IPv4 range, or is of IPv6 alone and has one of that.
fn check_ranges_given(input: &CreateInput) -> Result<(), ApiError> {
    let missing = |ip: &str| {
        let text = format!("Either '{ip}CidrBlock' or '{ip}IpamPoolId' should be provided.");
        Err(ApiError::new("MissingParameter", text.replace("ipv4CidrBlock", "cidrBlock")))
    };
    match (input.ipv6_native, &input.cidr_block, &input.ipv6_cidr_block) {
        (false, None, _) => missing("ipv4"),
        (true, _, None) => missing("ipv6"),
        (true, Some(_), Some(_)) => {
            let text =
                "When specifying ipv4 parameters, cidrBlock or ipv4IpamPoolId, you cannot set ipv6Native to true.";
            Err(ApiError::new("InvalidParameterCombination", text))
        }
        _ => Ok(()),
    }
}

/// What is not told of a subnet that was just made.
fn hide(answer: &mut Value) {
    answer["subnet"]["blockPublicAccessStates"] = Value::Null;
}

/// Refuses what is outside of the VPC, or in another subnet.
fn check_range(state: &State, vpc_id: &str, range: IpNet) -> Result<(), ApiError> {
    let outside = || ApiError::new("InvalidSubnet.Range", format!("The CIDR '{range}' is invalid."));
    let vpc = state.vpcs.find(vpc_id)?;
    let is_inside = match range {
        IpNet::V4(range) => {
            (16..=28).contains(&range.prefix_len())
                && vpc.cidr_block_association_set.iter().any(|block| block.cidr_block.contains(&range))
        }
        IpNet::V6(range) => {
            let blocks = &vpc.ipv6_cidr_block_association_set;
            blocks.iter().any(|block| block.ipv6_cidr_block.contains(&range))
        }
    };
    if !is_inside {
        return Err(outside());
    }
    let mut others = state.subnets.iter().filter(|subnet| subnet.vpc_id == vpc_id).flat_map(Subnet::cidrs);
    if others.any(|other| overlap(range, other)) {
        let text = format!("The CIDR '{range}' conflicts with another subnet");
        return Err(ApiError::new("InvalidSubnet.Conflict", text));
    }
    Ok(())
}

/// A subnet, with the default network ACL of its VPC.
pub(super) fn make(
    state: &mut State,
    place: &Place,
    id: String,
    vpc_id: &str,
    cidr_block: Option<Ipv4Net>,
    zone: &Zone,
) -> String {
    let subnet = Subnet {
        subnet_arn: place.arn(&format!("subnet/{id}")),
        subnet_id: id.clone(),
        vpc_id: vpc_id.to_owned(),
        owner_id: place.account.clone(),
        state: "available".to_owned(),
        cidr_block,
        ipv6_cidr_block_association_set: Vec::new(),
        availability_zone: zone.name.clone(),
        availability_zone_id: zone.id.clone(),
        default_for_az: false,
        map_public_ip_on_launch: false,
        map_customer_owned_ip_on_launch: false,
        assign_ipv6_address_on_creation: false,
        enable_dns64: false,
        ipv6_native: false,
        private_dns_name_options_on_launch: DnsNames {
            hostname_type: "ip-name".to_owned(),
            enable_resource_name_dns_a_record: false,
            enable_resource_name_dns_aaaa_record: false,
        },
    };
    state.subnets.insert(&id, subnet);
    acl::associate_default(state, vpc_id, &id);
    id
}

/// The default subnet of a zone: the next free /20 of the default VPC.
pub(super) fn make_default(state: &mut State, place: &Place, vpc_id: &str, zone: &Zone) -> Option<String> {
    let range = state.vpcs.get(vpc_id)?.cidr_block;
    let taken: Vec<IpNet> =
        state.subnets.iter().filter(|subnet| subnet.vpc_id == vpc_id).flat_map(Subnet::cidrs).collect();
    let is_free = |range: &Ipv4Net| !taken.iter().any(|other| overlap((*range).into(), *other));
    let range = range.subnets(20).ok()?.find(is_free)?;
    let id = make(state, place, SUBNET.new_id(), vpc_id, Some(range), zone);
    let subnet = state.subnets.get_mut(&id)?;
    subnet.default_for_az = true;
    subnet.map_public_ip_on_launch = true;
    Some(id)
}

pub(super) fn create_default(ec2: &Ec2, call: &Call, input: &DefaultInput) -> Result<Value, ApiError> {
    let zone = Place::of(call).zone(input.availability_zone.as_deref(), input.availability_zone_id.as_deref())?;
    let mut answer = life::create::<Subnet>(ec2, call, "subnet", &[], |state, place| {
        let Some(vpc_id) = vpc::default_of(state).map(|vpc| vpc.vpc_id.clone()) else {
            let text = "A default VPC does not exist for this account in this region.";
            return Err(ApiError::new("DefaultVpcDoesNotExist", text));
        };
        let is_there = |subnet: &&Subnet| subnet.default_for_az && subnet.availability_zone == zone.name;
        if let Some(subnet) = state.subnets.iter().find(is_there) {
            let text = format!("'{}' is already the default subnet in {}.", subnet.subnet_id, zone.name);
            return Err(ApiError::new("DefaultSubnetAlreadyExistsInAvailabilityZone", text));
        }
        make_default(state, place, &vpc_id, &zone).ok_or_else(|| invalid(format!("There is no free /20 in {vpc_id}")))
    })?;
    hide(&mut answer);
    Ok(answer)
}
