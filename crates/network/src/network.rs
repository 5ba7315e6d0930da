//! Everything that says who may talk to whom, checked.

mod check;
mod file;

use std::{collections::BTreeMap, fmt, net::IpAddr, sync::Arc};

use ipnet::IpNet;
use thiserror::Error;

pub use file::NetworkFile;

use crate::{
    Instance, Interface, NetworkAcl, Policy, PrefixList, SecurityGroup, Side, Subnet, Vpc,
    policy::{Members, References},
};

/// VPCs, subnets, instances, interfaces, security groups, network ACLs and prefix lists that fit together: every id is
/// well formed and unique, and whatever is referred to is there.
///
/// Made from a [file](Network::parse) or from [`Parts`]. To change it, take the [parts](Network::parts), change them, and
/// make a new one.
#[derive(Debug, Clone, Default)]
pub struct Network {
    parts: Parts,
    group_numbers: BTreeMap<String, u32>,
    members: Arc<Members>,
}

/// What a [`Network`] is made of, by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts {
    /// Virtual private clouds.
    pub vpcs: Things<Vpc>,
    /// Subnets.
    pub subnets: Things<Subnet>,
    /// Machines.
    pub instances: Things<Instance>,
    /// Network interfaces.
    pub interfaces: Things<Interface>,
    /// Security groups.
    pub security_groups: Things<SecurityGroup>,
    /// Network ACLs.
    pub network_acls: Things<NetworkAcl>,
    /// Prefix lists.
    pub prefix_lists: Things<PrefixList>,
}

/// Things by id, in the order of their ids.
pub type Things<T> = BTreeMap<String, T>;

/// Who owns the interfaces of a network file that names no owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// 12 digits.
    pub account_id: String,
    /// Such as `us-east-1`.
    pub region: String,
}

/// Account `123456789012` in `us-east-1`.
impl Default for Owner {
    fn default() -> Self {
        Self { account_id: "123456789012".to_owned(), region: "us-east-1".to_owned() }
    }
}

/// Why a network was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NetworkError {
    /// The text is not what TOML or JSON should be, or has an unknown key. The message says where.
    #[error("network file: {0}")]
    Syntax(String),
    /// A thing in it is wrong.
    #[error("{item}: {problem}")]
    Thing {
        /// Which, such as `security group sg-web, ingress rule 2`.
        item: Item,
        /// What is wrong and what to do.
        problem: String,
    },
}

/// Where in a network file something is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item(String);

impl Item {
    pub(crate) fn new(kind: &str, id: &str) -> Self {
        if id.is_empty() { Self(format!("{kind} without id")) } else { Self(format!("{kind} {id}")) }
    }

    pub(crate) fn inside(&self, part: impl fmt::Display) -> Self {
        Self(format!("{}, {part}", self.0))
    }

    pub(crate) fn wrong(&self, problem: impl fmt::Display) -> NetworkError {
        NetworkError::Thing { item: self.clone(), problem: problem.to_string() }
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Network {
    /// Checks the parts and puts them together.
    ///
    /// # Errors
    /// When an id is malformed, something referred to is missing, or addresses contradict each other.
    pub fn new(parts: Parts) -> Result<Self, NetworkError> {
        check::parts(&parts)?;
        let group_numbers: BTreeMap<_, _> = parts.security_groups.keys().cloned().zip(0..).collect();
        let mut members = Members::new();
        for interface in parts.interfaces.values() {
            let groups = interface.security_group_ids.iter().filter_map(|id| group_numbers.get(id)).copied();
            for address in interface.addresses() {
                members.entry(address).or_default().extend(groups.clone());
            }
        }
        for groups in members.values_mut() {
            groups.sort_unstable();
            groups.dedup();
        }
        Ok(Self { parts, group_numbers, members: Arc::new(members) })
    }

    /// Reads a network file: JSON when it begins with `{`, otherwise TOML. docs/guide/network-file.md describes it.
    ///
    /// # Errors
    /// When it is not well formed, has an unknown key, or what it says cannot be. The message names the place.
    pub fn parse(text: &str, owner: &Owner) -> Result<Self, NetworkError> {
        Self::from_file(NetworkFile::parse(text)?, owner)
    }

    /// What a network file says.
    ///
    /// # Errors
    /// When what it says cannot be. The message names the place.
    pub fn from_file(file: NetworkFile, owner: &Owner) -> Result<Self, NetworkError> {
        Self::new(file.into_parts(owner)?)
    }

    /// The network as a file, from which [`NetworkFile::to_toml`] makes text.
    pub fn to_file(&self) -> NetworkFile {
        NetworkFile::from_parts(&self.parts)
    }

    /// What it is made of.
    pub const fn parts(&self) -> &Parts {
        &self.parts
    }

    /// What it is made of, to change and make a new one.
    pub fn into_parts(self) -> Parts {
        self.parts
    }

    /// The interface with this id.
    pub fn interface(&self, id: &str) -> Option<&Interface> {
        self.parts.interfaces.get(id)
    }

    /// The interface to judge at, when packets are known to be those of `given`: the network's own with that id; in a
    /// network without any interface, the given one carrying every security group there is; otherwise the given one.
    pub fn interface_for(&self, given: Interface) -> Interface {
        match self.parts.interfaces.get(&given.id) {
            Some(known) => known.clone(),
            None if self.parts.interfaces.is_empty() => {
                Interface { security_group_ids: self.parts.security_groups.keys().cloned().collect(), ..given }
            }
            None => given,
        }
    }

    /// What this network calls an interface of a host, given as the host knows it: the interface with its id, or else the
    /// one that has one of its addresses, or else the one whose tag `Name` is its name. If that one lists no addresses, it
    /// has the host's. In a network without any interface it is the given one, carrying every security group there is.
    pub fn interface_of_host(&self, given: &Interface) -> Option<Interface> {
        self.interface_among(given, |_| true, |_| true)
    }

    /// The same in a network that several hosts share. Devices of two hosts may have the same name, so an interface goes by
    /// its name only when it names the instance of the given one too, or when those that name none are meant `by_name`. One
    /// that names another instance is never meant.
    pub fn interface_of_one_host(&self, given: &Interface, by_name: bool) -> Option<Interface> {
        let own = |it: &Interface| it.instance_id.is_some() && it.instance_id == given.instance_id;
        let meant = |it: &Interface| own(it) || it.instance_id.is_none();
        let mut known = self.interface_among(given, meant, |it| by_name || own(it))?;
        known.instance_id.clone_from(&given.instance_id);
        Some(known)
    }

    fn interface_among(
        &self,
        given: &Interface,
        meant: impl Fn(&Interface) -> bool,
        by_name: impl Fn(&Interface) -> bool,
    ) -> Option<Interface> {
        if self.parts.interfaces.is_empty() {
            return Some(self.interface_for(given.clone()));
        }
        let interfaces = || self.parts.interfaces.values().filter(|it| meant(it));
        let global = |address: &IpAddr| !matches!(address, IpAddr::V6(address) if address.is_unicast_link_local());
        let same_address = |it: &&Interface| given.addresses().filter(global).any(|address| it.owns(address));
        let name = given.tags.get("Name");
        let same_name = |it: &&Interface| by_name(it) && name.is_some() && it.tags.get("Name") == name;
        let known = interfaces()
            .find(|it| it.id == given.id)
            .or_else(|| interfaces().find(same_address))
            .or_else(|| interfaces().find(same_name))?;
        let mut known = known.clone();
        if known.addresses().next().is_none() {
            (known.ipv4, known.ipv6) = (given.ipv4.clone(), given.ipv6.clone());
        }
        if known.side == Side::Host {
            known.side = given.side;
        }
        Some(known)
    }

    /// An interface with what this network knows of it: without a VPC, subnet or instance that only the host knows.
    #[must_use]
    pub fn as_far_as_known(&self, interface: &Interface) -> Interface {
        let Parts { vpcs, subnets, instances, .. } = &self.parts;
        let mut known = interface.clone();
        known.vpc_id = known.vpc_id.filter(|id| vpcs.contains_key(id));
        known.subnet_id = known.subnet_id.filter(|id| subnets.contains_key(id));
        known.instance_id = known.instance_id.filter(|id| instances.contains_key(id));
        known
    }

    /// The subnet that an interface is in.
    pub fn subnet_of(&self, interface: &Interface) -> Option<&Subnet> {
        self.parts.subnets.get(interface.subnet_id.as_ref()?)
    }

    /// The VPC that an interface is in.
    pub fn vpc_of(&self, interface: &Interface) -> Option<&Vpc> {
        self.parts.vpcs.get(interface.vpc_id.as_ref()?)
    }

    /// Checks that what an interface names is here; the interface need not be.
    ///
    /// # Errors
    /// When it names a vpc, subnet, instance or security group that is not here.
    pub fn check_interface(&self, interface: &Interface) -> Result<(), NetworkError> {
        check::interface_references(&self.parts, interface)
    }

    /// What holds at an interface, which need not be part of the network itself: the security groups it names and the
    /// network ACL of the subnet it names are.
    ///
    /// This takes a while for large groups; do it once for each change, not for each packet.
    ///
    /// # Errors
    /// When the interface names a security group or subnet that is not here.
    pub fn policy(&self, interface: &Interface) -> Result<Policy, NetworkError> {
        self.check_interface(interface)?;
        let mut groups: Vec<&SecurityGroup> = Vec::new();
        for id in &interface.security_group_ids {
            groups.extend(self.parts.security_groups.get(id));
        }
        let subnet = self.subnet_of(interface);
        let acl = subnet.and_then(|subnet| self.parts.network_acls.get(subnet.network_acl_id.as_ref()?));
        let cidrs = subnet.map(|subnet| subnet.cidrs.clone()).unwrap_or_default();
        Ok(Policy::new(self.members.clone(), &groups, acl, cidrs, self))
    }
}

impl References for Network {
    fn group_number(&self, id: &str) -> Option<u32> {
        self.group_numbers.get(id).copied()
    }

    fn prefix_list(&self, id: &str) -> &[IpNet] {
        self.parts.prefix_lists.get(id).map_or(&[], |list| &list.entries)
    }
}

impl Interface {
    /// Its addresses, IPv4 first.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.ipv4.iter().copied().map(IpAddr::V4).chain(self.ipv6.iter().copied().map(IpAddr::V6))
    }
}

#[cfg(test)]
mod tests;
