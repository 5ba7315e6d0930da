//! This host as an instance, and devices as network interfaces.

mod subnets;

use std::net::IpAddr;

use ipnet::IpNet;
use weir_network::{self as network, IdKind};

use super::{
    Ec2, group,
    instance::{self, Launch},
    interface::{self, Device, Inner, NetworkInterface},
    kind::{INTERFACE, RESERVATION},
    place::Place,
    state::State,
    vpc,
};
use crate::ApiError;

/// The security group of a host's own interfaces: everything passes until its owner says otherwise.
const GROUP: &str = "weir-host";

/// A device of a host, and what the host calls it as an interface.
#[derive(Debug, Clone)]
pub struct HostDevice {
    /// The device, such as `eth0`.
    pub name: String,
    /// As flow logs know it: its id, its instance and its side are those of its records.
    pub interface: network::Interface,
    /// Its MAC address as text; empty when it has none.
    pub mac: String,
    /// Its addresses with their networks, the primary one first.
    pub networks: Vec<IpNet>,
}

impl Ec2 {
    /// Makes the devices of a host network interfaces of the default VPC of their region, and the host an instance that
    /// they belong to. What is there already follows the host in addresses and names, and keeps its groups and tags. A
    /// device that another interface was [attached](Ec2::attach) to is left out.
    ///
    /// Gives what could not be taken over as it is, in words.
    ///
    /// # Errors
    /// When the catalogue refuses.
    pub fn host(&self, region: &str, now: i64, devices: &[HostDevice]) -> Result<Vec<String>, ApiError> {
        let place = Place { account: self.account().to_owned(), region: region.to_owned(), now };
        self.change_at(&place, |state| {
            let vpc_id = match vpc::default_of(state) {
                Some(vpc) => vpc.vpc_id.clone(),
                None => vpc::make_default(state, &place),
            };
            let is_attached = |device: &&HostDevice| attached_to(state, &device.name).is_some();
            let own: Vec<&HostDevice> = devices.iter().filter(|device| !is_attached(device)).collect();
            retire(state, devices, &own);
            let mut host = Host { state, place: &place, vpc_id, left_out: Vec::new() };
            for device in own {
                host.take(device)?;
            }
            Ok(host.left_out)
        })
    }

    /// Makes a device the one whose traffic is an interface's. A host's own interface for the device goes.
    ///
    /// # Errors
    /// There is no such interface, or it is a host's own, or another one has the device.
    pub fn attach(&self, interface_id: &str, device: Device, now: i64) -> Result<(), ApiError> {
        self.change_at(&self.place_of(interface_id, now)?, |state| {
            if let Some(other) = attached_to(state, &device.name).filter(|other| other != interface_id) {
                let text = format!("The device '{}' is attached to {other}: detach it there first.", device.name);
                return Err(ApiError::new("InvalidNetworkInterface.InUse", text));
            }
            let is_own = |it: &NetworkInterface| {
                it.private.is_host && it.private.device.as_ref().is_some_and(|own| own.name == device.name)
            };
            let own = state.interfaces.ids(is_own);
            let interface = guest(state, interface_id)?;
            interface.private.device = Some(device);
            own.iter().for_each(|own| interface::forget(state, own));
            Ok(())
        })
    }

    /// Takes the device of an interface away.
    ///
    /// # Errors
    /// There is no such interface, or it is a host's own.
    pub fn detach(&self, interface_id: &str, now: i64) -> Result<(), ApiError> {
        self.change_at(&self.place_of(interface_id, now)?, |state| {
            guest(state, interface_id)?.private.device = None;
            Ok(())
        })
    }

    /// The interfaces of instances that no device was attached to, by id.
    pub fn waiting(&self) -> Vec<String> {
        let is_waiting = |it: &&NetworkInterface| it.attachment.is_some() && it.private.device.is_none();
        let of_region = |(_, state): (String, std::sync::Arc<State>)| {
            state.interfaces.iter().filter(is_waiting).map(|it| it.network_interface_id.clone()).collect::<Vec<_>>()
        };
        self.states().into_iter().flat_map(of_region).collect()
    }

    /// The devices that interfaces were attached to, by the id of the interface.
    pub fn attached(&self) -> Vec<(String, Device)> {
        let device = |it: &NetworkInterface| {
            let device = it.private.device.clone().filter(|_| !it.private.is_host)?;
            Some((it.network_interface_id.clone(), device))
        };
        let of_region = |(_, state): (String, std::sync::Arc<State>)| {
            state.interfaces.iter().filter_map(device).collect::<Vec<_>>()
        };
        self.states().into_iter().flat_map(of_region).collect()
    }

    fn place_of(&self, interface_id: &str, now: i64) -> Result<Place, ApiError> {
        let mut regions = self.states().into_iter();
        let found = regions.find(|(_, state)| state.interfaces.contains(interface_id));
        let (region, _) = found.ok_or_else(|| INTERFACE.missing([interface_id]))?;
        Ok(Place { account: self.account().to_owned(), region, now })
    }
}

/// An interface that is no host's own.
fn guest<'a>(state: &'a mut State, id: &str) -> Result<&'a mut NetworkInterface, ApiError> {
    let interface = state.interfaces.find_mut(id)?;
    if interface.private.is_host {
        let text = format!("The interface '{id}' is a host's own, and has its device.");
        return Err(ApiError::new("OperationNotPermitted", text));
    }
    Ok(interface)
}

/// The interface that somebody attached a device to.
fn attached_to(state: &State, device: &str) -> Option<String> {
    let has =
        |it: &NetworkInterface| !it.private.is_host && it.private.device.as_ref().is_some_and(|own| own.name == device);
    state.interfaces.ids(has).into_iter().next()
}

/// Interfaces of the same host whose devices are gone keep no addresses, which other devices may have by now.
fn retire(state: &mut State, devices: &[HostDevice], own: &[&HostDevice]) {
    let hosts: Vec<&str> = devices.iter().filter_map(|device| device.interface.instance_id.as_deref()).collect();
    let is_gone = |it: &NetworkInterface| {
        let is_of_host = it.instance_id().is_some_and(|id| hosts.contains(&id));
        it.private.is_host && is_of_host && !own.iter().any(|device| device.interface.id == it.network_interface_id)
    };
    for id in state.interfaces.ids(is_gone) {
        if let Some(interface) = state.interfaces.get_mut(&id) {
            interface.private.ipv4.clear();
            interface.private.ipv6.clear();
            interface.private.device = None;
        }
    }
}

struct Host<'a> {
    state: &'a mut State,
    place: &'a Place,
    vpc_id: String,
    left_out: Vec<String>,
}

impl Host<'_> {
    fn take(&mut self, device: &HostDevice) -> Result<(), ApiError> {
        let id = device.interface.id.as_str();
        let known = self.state.interfaces.get(id).cloned();
        // Its own addresses must not stand in its way.
        if let Some(interface) = self.state.interfaces.get_mut(id) {
            interface.private.ipv4.clear();
            interface.private.ipv6.clear();
        }
        let subnet_id = self.subnet(device)?;
        let subnet = self.state.subnets.get(&subnet_id).cloned();
        let subnet = subnet.ok_or_else(|| ApiError::internal(format!("no subnet for {}", device.name)))?;
        let groups = match &known {
            Some(known) if known.vpc_id == subnet.vpc_id => known.private.groups.clone(),
            _ => vec![self.group()],
        };
        let instance_id = self.instance(device, &subnet);
        let mut inner = Inner {
            groups,
            device: Some(Device { name: device.name.clone(), side: device.interface.side }),
            is_host: true,
            ..Inner::default()
        };
        for address in device.networks.iter().map(IpNet::addr) {
            if self.is_free(device, &subnet, address) {
                match address {
                    IpAddr::V4(address) => inner.ipv4.push(address),
                    IpAddr::V6(address) => inner.ipv6.push(address),
                }
            }
        }
        let index = known.as_ref().and_then(|it| it.attachment.as_ref()).map(|it| it.device_index);
        let index = index.unwrap_or_else(|| self.next_index(&instance_id));
        let interface = NetworkInterface {
            network_interface_id: id.to_owned(),
            subnet_id: subnet.subnet_id.clone(),
            vpc_id: subnet.vpc_id.clone(),
            availability_zone: subnet.availability_zone.clone(),
            availability_zone_id: subnet.availability_zone_id.clone(),
            owner_id: self.place.account.clone(),
            description: known.as_ref().map_or_else(|| device.name.clone(), |known| known.description.clone()),
            mac_address: device.mac.clone(),
            interface_type: "interface".to_owned(),
            requester_managed: false,
            requester_id: self.place.account.clone(),
            source_dest_check: true,
            attachment: known.and_then(|known| known.attachment),
            private: inner,
        };
        self.put(interface, &instance_id, index)
    }

    /// Nothing is written when it is as it was.
    fn put(&mut self, interface: NetworkInterface, instance_id: &str, index: i64) -> Result<(), ApiError> {
        let id = interface.network_interface_id.clone();
        let is_joined = interface.attachment.is_some();
        self.state.interfaces.insert(&id, interface);
        if is_joined {
            return Ok(());
        }
        interface::join(self.state, self.place, &id, instance_id, index, false).map(drop)
    }

    fn is_free(&mut self, device: &HostDevice, subnet: &super::subnet::Subnet, address: IpAddr) -> bool {
        if matches!(address, IpAddr::V6(address) if address.is_unicast_link_local()) {
            return true;
        }
        if !subnet.cidrs().any(|range| range.contains(&address)) {
            let (name, id) = (&device.name, &subnet.subnet_id);
            self.left_out.push(format!("{address} of {name} is left out: it lies outside of the ranges of {id}"));
            return false;
        }
        let mut others = self.state.interfaces.iter().filter(|it| it.vpc_id == subnet.vpc_id);
        let other =
            others.find(|it| it.addresses().any(|own| own == address)).map(|it| it.network_interface_id.clone());
        if let Some(other) = other {
            self.left_out.push(format!("{address} of {} is left out: {other} has it", device.name));
            return false;
        }
        true
    }

    fn next_index(&self, instance_id: &str) -> i64 {
        let of_host = self.state.interfaces.iter().filter(|it| it.instance_id() == Some(instance_id));
        of_host.filter_map(|it| it.attachment.as_ref()).map(|it| it.device_index + 1).max().unwrap_or_default()
    }

    fn instance(&mut self, device: &HostDevice, subnet: &super::subnet::Subnet) -> String {
        let id = device.interface.instance_id.clone();
        let id = id.unwrap_or_else(|| IdKind::Instance.derive(&[&device.interface.id]));
        if !self.state.instances.contains(&id) {
            let launch =
                Launch { id: id.clone(), subnet, image_id: "ami-00000000000000000", instance_type: "host.metal" };
            instance::put(self.state, self.place, launch, &RESERVATION.new_id());
        }
        if let Some(instance) = self.state.instances.get_mut(&id).filter(|instance| !instance.private.is_host) {
            instance.private.is_host = true;
        }
        id
    }

    fn group(&mut self) -> String {
        let is_it = |group: &&group::SecurityGroup| group.vpc_id == self.vpc_id && group.group_name == GROUP;
        if let Some(group) = self.state.groups.iter().find(is_it) {
            return group.group_id.clone();
        }
        group::make_open(self.state, self.place, &self.vpc_id, GROUP, "Hosts that record: everything passes")
    }
}
