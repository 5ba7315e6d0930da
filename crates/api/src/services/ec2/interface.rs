//! Network interfaces.

mod address;
mod attach;
mod attribute;
mod make;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use weir_network::Side;

use super::{
    Ec2,
    kind::{INTERFACE, Kind, in_use, required},
    query::{self, Described, FilterPath},
    state::State,
};
use crate::{ApiError, Call};

pub(super) use address::{assign, assign_ipv6, unassign, unassign_ipv6};
pub(super) use attach::{attach, detach, join, part};
pub(super) use attribute::{describe as describe_attribute, groups_in, modify as modify_attribute};
pub(super) use make::{Wanted, create, make};

/// A network interface: whose traffic is recorded.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NetworkInterface {
    pub(super) network_interface_id: String,
    pub(super) subnet_id: String,
    pub(super) vpc_id: String,
    pub(super) availability_zone: String,
    pub(super) availability_zone_id: String,
    pub(super) owner_id: String,
    pub(super) description: String,
    pub(super) mac_address: String,
    pub(super) interface_type: String,
    pub(super) requester_managed: bool,
    pub(super) requester_id: String,
    pub(super) source_dest_check: bool,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) attachment: Option<Attachment>,
    pub(super) private: Inner,
}

/// That an interface belongs to an instance.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Attachment {
    pub(super) attachment_id: String,
    pub(super) instance_id: String,
    pub(super) instance_owner_id: String,
    pub(super) device_index: i64,
    pub(super) network_card_index: i64,
    pub(super) status: String,
    pub(super) attach_time: i64,
    pub(super) delete_on_termination: bool,
}

/// What answers have in other words.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Inner {
    /// The primary one first.
    pub(super) ipv4: Vec<Ipv4Addr>,
    pub(super) ipv6: Vec<Ipv6Addr>,
    pub(super) groups: Vec<String>,
    /// The device on a host whose traffic is this interface's.
    pub(super) device: Option<Device>,
    /// Whether it is one of a host's own, which are as the host has them.
    pub(super) is_host: bool,
}

/// A device of a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Such as `eth0`.
    pub name: String,
    /// Which end of the cable it is.
    pub side: Side,
}

impl NetworkInterface {
    pub(super) fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        let ipv6 = self.private.ipv6.iter().copied().map(IpAddr::from);
        self.private.ipv4.iter().copied().map(IpAddr::from).chain(ipv6)
    }

    pub(super) fn has_group(&self, id: &str) -> bool {
        self.private.groups.iter().any(|group| group == id)
    }

    pub(super) fn instance_id(&self) -> Option<&str> {
        self.attachment.as_ref().map(|attachment| attachment.instance_id.as_str())
    }

    /// Its groups as answers have them.
    pub(super) fn group_set(&self, state: &State) -> Value {
        let groups = self.private.groups.iter().filter_map(|id| state.groups.get(id));
        groups.map(|group| json!({ "groupId": group.group_id, "groupName": group.group_name })).collect()
    }

    /// Its IPv4 addresses as answers have them.
    pub(super) fn address_set(&self, state: &State) -> Value {
        let row = |(index, address): (usize, &Ipv4Addr)| {
            json!({
                "primary": index == 0, "privateIpAddress": address,
                "privateDnsName": super::instance::dns_name(*address, &self.availability_zone),
                "association": super::address::association_of(state, &self.network_interface_id, *address),
            })
        };
        self.private.ipv4.iter().enumerate().map(row).collect()
    }
}

impl Described for NetworkInterface {
    const KIND: &'static Kind = &INTERFACE;
    const SET: &'static str = "networkInterfaceSet";
    const FILTERS: &'static [FilterPath] = &[
        ("network-interface-id", "networkInterfaceId"),
        ("subnet-id", "subnetId"),
        ("vpc-id", "vpcId"),
        ("availability-zone", "availabilityZone"),
        ("description", "description"),
        ("group-id", "groupSet.groupId"),
        ("group-name", "groupSet.groupName"),
        ("interface-type", "interfaceType"),
        ("mac-address", "macAddress"),
        ("owner-id", "ownerId"),
        ("private-dns-name", "privateDnsName"),
        ("private-ip-address", "privateIpAddress"),
        ("addresses.private-ip-address", "privateIpAddressesSet.privateIpAddress"),
        ("addresses.primary", "privateIpAddressesSet.primary"),
        ("addresses.association.public-ip", "privateIpAddressesSet.association.publicIp"),
        ("addresses.association.owner-id", "privateIpAddressesSet.association.ipOwnerId"),
        ("association.ip-owner-id", "association.ipOwnerId"),
        ("association.public-dns-name", "association.publicDnsName"),
        ("association.allocation-id", "association.allocationId"),
        ("association.association-id", "association.associationId"),
        ("association.public-ip", "association.publicIp"),
        ("ipv6-addresses.ipv6-address", "ipv6AddressesSet.ipv6Address"),
        ("attachment.attachment-id", "attachment.attachmentId"),
        ("attachment.instance-id", "attachment.instanceId"),
        ("attachment.instance-owner-id", "attachment.instanceOwnerId"),
        ("attachment.device-index", "attachment.deviceIndex"),
        ("attachment.nat-gateway-id", "attachment.natGatewayId"),
        ("attachment.status", "attachment.status"),
        ("attachment.delete-on-termination", "attachment.deleteOnTermination"),
        ("attachment.attach-time", "attachment.attachTime"),
        ("requester-id", "requesterId"),
        ("requester-managed", "requesterManaged"),
        ("source-dest-check", "sourceDestCheck"),
        ("status", "status"),
    ];
    const ALWAYS_TAGS: bool = true;

    fn id(&self) -> &str {
        &self.network_interface_id
    }

    fn view(&self, state: &State) -> Value {
        let mut view = json!(self);
        let primary = self.private.ipv4.first();
        view["status"] = json!(if self.attachment.is_some() { "in-use" } else { "available" });
        view["privateIpAddress"] = json!(primary);
        view["privateDnsName"] =
            json!(primary.map(|address| super::instance::dns_name(*address, &self.availability_zone)));
        view["privateIpAddressesSet"] = self.address_set(state);
        view["association"] =
            primary.map_or(Value::Null, |it| super::address::association_of(state, &self.network_interface_id, *it));
        let ipv6 = self.private.ipv6.iter().map(|address| json!({ "ipv6Address": address, "isPrimaryIpv6": false }));
        view["ipv6AddressesSet"] = ipv6.collect();
        view["ipv6Address"] = json!(self.private.ipv6.first());
        view["groupSet"] = self.group_set(state);
        view
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct InterfaceInput {
    network_interface_id: Option<String>,
}

/// An interface as answers have it.
pub(super) fn shown(state: &State, id: &str) -> Result<Value, ApiError> {
    Ok(query::show(state.interfaces.find(id)?, state))
}

/// Takes an interface away with what hangs on it.
pub(super) fn forget(state: &mut State, id: &str) {
    super::address::release_from(state, id);
    super::flow_log::forget(state, id);
    state.remove::<NetworkInterface>(id);
}

pub(super) fn delete(ec2: &Ec2, call: &Call, input: &InterfaceInput) -> Result<Value, ApiError> {
    let id = required(input.network_interface_id.as_deref(), "networkInterfaceId")?;
    ec2.change(call, |state| {
        let interface = state.interfaces.find(id)?;
        if interface.attachment.is_some() {
            let text = format!("Network interface '{id}' is currently in use.");
            return Err(ApiError::new("InvalidParameterValue", text));
        }
        if interface.requester_managed {
            return Err(in_use(format!("Network interface '{id}' is managed by a service.")));
        }
        forget(state, id);
        Ok(json!({ "return": true }))
    })
}
