//! Elastic addresses, as definitions: out of a range that is for documentation, so that none is anybody's.

use std::{borrow::Cow, net::Ipv4Addr};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Ec2,
    kind::{ADDRESS, ADDRESS_ASSOCIATION, INSTANCE, Kind, required},
    place::Place,
    query::{Described, FilterPath},
    state::State,
    tags::{self, TagSpecification},
};
use crate::{ApiError, Call};

/// 203.0.113.0/24 and 198.51.100.0/24.
const RANGES: [[u8; 3]; 2] = [[203, 0, 113], [198, 51, 100]];

/// An address of the internet that belongs to an account.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Address {
    allocation_id: String,
    pub(super) public_ip: Ipv4Addr,
    domain: String,
    public_ipv4_pool: String,
    network_border_group: String,
    #[serde(flatten)]
    association: Option<Association>,
}

/// Which interface has it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Association {
    association_id: String,
    network_interface_id: String,
    network_interface_owner_id: String,
    private_ip_address: Ipv4Addr,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    instance_id: Option<String>,
}

impl Described for Address {
    const KIND: &'static Kind = &ADDRESS;
    const SET: &'static str = "addressesSet";
    const FILTERS: &'static [FilterPath] = &[
        ("allocation-id", "allocationId"),
        ("association-id", "associationId"),
        ("domain", "domain"),
        ("instance-id", "instanceId"),
        ("network-border-group", "networkBorderGroup"),
        ("network-interface-id", "networkInterfaceId"),
        ("network-interface-owner-id", "networkInterfaceOwnerId"),
        ("private-ip-address", "privateIpAddress"),
        ("public-ip", "publicIp"),
    ];

    fn id(&self) -> &str {
        &self.allocation_id
    }

    fn name(&self) -> Cow<'_, str> {
        self.public_ip.to_string().into()
    }
}

impl Address {
    /// `publicIp` is also a name by which an address is asked for.
    fn is_called(&self, id: Option<&str>, public_ip: Option<&str>) -> bool {
        id == Some(self.allocation_id.as_str()) || public_ip == Some(self.public_ip.to_string().as_str())
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct AllocateInput {
    tag_specification: Vec<TagSpecification>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct AddressInput {
    allocation_id: Option<String>,
    public_ip: Option<String>,
    association_id: Option<String>,
    instance_id: Option<String>,
    network_interface_id: Option<String>,
    private_ip_address: Option<Ipv4Addr>,
    allow_reassociation: Option<bool>,
}

/// What an interface says of the elastic address behind one of its own.
pub(super) fn association_of(state: &State, interface_id: &str, private: Ipv4Addr) -> Value {
    let has = |address: &&Address| {
        let is_its = |it: &Association| it.network_interface_id == interface_id && it.private_ip_address == private;
        address.association.as_ref().is_some_and(is_its)
    };
    let Some(address) = state.addresses.iter().find(has) else { return Value::Null };
    let id = address.association.as_ref().map(|association| &association.association_id);
    json!({
        "publicIp": address.public_ip, "publicDnsName": "", "ipOwnerId": address.owner(),
        "allocationId": address.allocation_id, "associationId": id,
    })
}

impl Address {
    fn owner(&self) -> Option<&str> {
        self.association.as_ref().map(|association| association.network_interface_owner_id.as_str())
    }
}

/// Takes the elastic addresses of an interface away.
pub(super) fn release_from(state: &mut State, interface_id: &str) {
    let has = |address: &Address| {
        address.association.as_ref().is_some_and(|association| association.network_interface_id == interface_id)
    };
    for id in state.addresses.ids(has) {
        if let Some(address) = state.addresses.get_mut(&id) {
            address.association = None;
        }
    }
}

/// Gives an interface an elastic address. Gives the id of the association.
pub(super) fn give(
    state: &mut State,
    allocation_id: &str,
    interface_id: &str,
    private: Option<Ipv4Addr>,
    again: bool,
) -> Result<String, ApiError> {
    let interface = state.interfaces.find(interface_id)?;
    let private = private.or_else(|| interface.private.ipv4.first().copied());
    let private_ip_address = private.filter(|it| interface.private.ipv4.contains(it)).ok_or_else(|| {
        super::kind::invalid(format!("The interface {interface_id} has no such private IPv4 address"))
    })?;
    let association = Association {
        association_id: ADDRESS_ASSOCIATION.new_id(),
        network_interface_id: interface_id.to_owned(),
        network_interface_owner_id: interface.owner_id.clone(),
        private_ip_address,
        instance_id: interface.instance_id().map(str::to_owned),
    };
    let address = state.addresses.find_mut(allocation_id)?;
    if address.association.is_some() && !again {
        let text = format!(
            "resource {allocation_id} is already associated with associate-id {}",
            address.association.as_ref().map_or("", |it| &it.association_id)
        );
        return Err(ApiError::new("Resource.AlreadyAssociated", text));
    }
    let id = association.association_id.clone();
    address.association = Some(association);
    Ok(id)
}

pub(super) fn allocate(ec2: &Ec2, call: &Call, input: &AllocateInput) -> Result<Value, ApiError> {
    tags::only_for(&input.tag_specification, &[&ADDRESS])?;
    let place = Place::of(call);
    ec2.change(call, |state| {
        let all = RANGES.iter().flat_map(|[a, b, c]| (1..255).map(move |d| Ipv4Addr::new(*a, *b, *c, d)));
        let is_free = |address: &Ipv4Addr| !state.addresses.iter().any(|other| other.public_ip == *address);
        let full = || ApiError::new("AddressLimitExceeded", "The maximum number of addresses has been reached.");
        let public_ip = all.into_iter().find(is_free).ok_or_else(full)?;
        let id = ADDRESS.new_id();
        let address = Address {
            allocation_id: id.clone(),
            public_ip,
            domain: "vpc".to_owned(),
            public_ipv4_pool: "amazon".to_owned(),
            network_border_group: place.region.clone(),
            association: None,
        };
        let answer = json!(address);
        state.addresses.insert(&id, address);
        tags::give(state, &id, &ADDRESS, &input.tag_specification)?;
        Ok(answer)
    })
}

fn find(state: &State, input: &AddressInput) -> Result<String, ApiError> {
    let (id, public_ip) = (input.allocation_id.as_deref(), input.public_ip.as_deref());
    if let Some(found) = state.addresses.iter().find(|address| address.is_called(id, public_ip)) {
        return Ok(found.allocation_id.clone());
    }
    match (id, public_ip) {
        (Some(id), _) => Err(ADDRESS.missing([id])),
        (None, Some(ip)) => Err(ApiError::new("InvalidAddress.NotFound", format!("Address '{ip}' not found."))),
        (None, None) => required::<str>(None, "AllocationId").map(str::to_owned),
    }
}

pub(super) fn release(ec2: &Ec2, call: &Call, input: &AddressInput) -> Result<Value, ApiError> {
    ec2.change(call, |state| {
        let id = find(state, input)?;
        if state.addresses.get(&id).is_some_and(|address| address.association.is_some()) {
            let text = format!("Address with allocation id {id} is in use.");
            return Err(ApiError::new("InvalidIPAddress.InUse", text));
        }
        state.remove::<Address>(&id);
        Ok(json!({ "return": true }))
    })
}

pub(super) fn associate(ec2: &Ec2, call: &Call, input: &AddressInput) -> Result<Value, ApiError> {
    ec2.change(call, |state| {
        let id = find(state, input)?;
        let interface_id = match (&input.network_interface_id, input.instance_id.as_deref()) {
            (Some(interface), _) => interface.clone(),
            (None, Some(instance)) => {
                let first = state.interfaces.iter().find(|interface| interface.instance_id() == Some(instance));
                first.map(|it| it.network_interface_id.clone()).ok_or_else(|| INSTANCE.missing([instance]))?
            }
            (None, None) => {
                return Err(required::<str>(None, "InstanceId").err().unwrap_or_else(|| ADDRESS.missing([])));
            }
        };
        let again = input.allow_reassociation.unwrap_or(true);
        let association = give(state, &id, &interface_id, input.private_ip_address, again)?;
        Ok(json!({ "return": true, "associationId": association }))
    })
}

pub(super) fn disassociate(ec2: &Ec2, call: &Call, input: &AddressInput) -> Result<Value, ApiError> {
    ec2.change(call, |state| {
        let has = |address: &Address| {
            let id = address.association.as_ref().map(|association| &association.association_id);
            (id.is_some() && id == input.association_id.as_ref()) || address.is_called(None, input.public_ip.as_deref())
        };
        let wanted = input.association_id.as_deref().or(input.public_ip.as_deref());
        let wanted = required(wanted, "AssociationId")?.to_owned();
        let address = state.addresses.first_mut(has);
        address.ok_or_else(|| ADDRESS_ASSOCIATION.missing([wanted.as_str()]))?.association = None;
        Ok(json!({ "return": true }))
    })
}
