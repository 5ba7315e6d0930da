//! Interfaces and what they belong to.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::Direction;

/// A virtual private cloud: the address ranges that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vpc {
    /// `vpc-…`
    pub id: String,
    /// Its address ranges.
    pub cidrs: Vec<IpNet>,
    /// Whether AWS's own services sit at the addresses that AWS reserves in it (resolver and routers), so that their
    /// traffic is not logged. Off for a network of one's own: there these addresses are like any other.
    #[serde(default)]
    pub aws_services: bool,
}

/// A range of a VPC's addresses in one availability zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subnet {
    /// `subnet-…`
    pub id: String,
    /// The VPC it is part of.
    pub vpc_id: String,
    /// Its address ranges.
    pub cidrs: Vec<IpNet>,
    /// Availability zone id such as `use1-az1`.
    pub az_id: Option<String>,
    /// The network ACL of the subnet; without one, everything passes.
    pub network_acl_id: Option<String>,
}

/// A machine that owns interfaces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// `i-…`
    pub id: String,
    /// Tags by key.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// A network interface: whose traffic a flow log records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// `eni-…`
    pub id: String,
    /// Account that owns it: 12 digits, or `unknown`.
    pub account_id: String,
    /// Region it is in, such as `us-east-1`.
    pub region: String,
    /// Availability zone id such as `use1-az1`.
    pub az_id: Option<String>,
    /// The VPC it is in.
    pub vpc_id: Option<String>,
    /// The subnet it is in.
    pub subnet_id: Option<String>,
    /// The instance that owns it.
    pub instance_id: Option<String>,
    /// IPv4 addresses, the primary one first.
    #[serde(default)]
    pub ipv4: Vec<Ipv4Addr>,
    /// IPv6 addresses.
    #[serde(default)]
    pub ipv6: Vec<Ipv6Addr>,
    /// Security groups attached to it.
    #[serde(default)]
    pub security_group_ids: Vec<String>,
    /// Tags by key.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Whose device it is on the host.
    #[serde(default)]
    pub side: Side,
}

/// Which end of the cable the device on the host is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The device is the interface: what it receives is ingress.
    #[default]
    Host,
    /// The device is the host's end of a cable to a container, a namespace or a virtual machine, whose the interface is:
    /// what the device receives has left the interface and is egress.
    Guest,
}

impl Side {
    /// The direction at the interface of what passes the device in this direction, and the other way round.
    pub const fn turn(self, direction: Direction) -> Direction {
        match self {
            Side::Host => direction,
            Side::Guest => direction.reverse(),
        }
    }

    /// `host` or `guest`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Side::Host => "host",
            Side::Guest => "guest",
        }
    }
}

impl Vpc {
    /// Where AWS has its resolver: the base address plus 2.
    pub fn resolver(&self) -> Option<IpAddr> {
        plus(self.cidrs.first()?, 2)
    }
}

impl Subnet {
    /// The addresses that AWS keeps for the router: the base plus 1 of each range.
    pub fn routers(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.cidrs.iter().filter_map(|base| plus(base, 1))
    }
}

impl Interface {
    /// An interface of which nothing is known but its id: account and region are `unknown`, and it is in no VPC.
    pub fn unknown(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            account_id: "unknown".to_owned(),
            region: "unknown".to_owned(),
            az_id: None,
            vpc_id: None,
            subnet_id: None,
            instance_id: None,
            ipv4: Vec::new(),
            ipv6: Vec::new(),
            security_group_ids: Vec::new(),
            tags: BTreeMap::new(),
            side: Side::default(),
        }
    }

    /// Whether the address is one of the interface's own.
    pub fn owns(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => self.ipv4.contains(&address),
            IpAddr::V6(address) => self.ipv6.contains(&address),
        }
    }

    /// What a record shows as the interface's own side for a packet that carries `address` there: for
    /// IPv4 the primary address, whatever the packet says; for IPv6 the packet's address if it is one
    /// of the interface's, otherwise the interface's first. An interface without addresses of that
    /// family shows the packet's.
    pub fn own_side(&self, address: IpAddr) -> IpAddr {
        match address {
            IpAddr::V4(_) => self.ipv4.first().map_or(address, |primary| IpAddr::V4(*primary)),
            IpAddr::V6(packet) if self.ipv6.contains(&packet) => address,
            IpAddr::V6(_) => self.ipv6.first().map_or(address, |first| IpAddr::V6(*first)),
        }
    }
}

/// The address so far above the base of a range.
fn plus(base: &IpNet, offset: u32) -> Option<IpAddr> {
    match base.network() {
        IpAddr::V4(base) => u32::from(base).checked_add(offset).map(|address| Ipv4Addr::from(address).into()),
        IpAddr::V6(base) => u128::from(base).checked_add(offset.into()).map(|address| Ipv6Addr::from(address).into()),
    }
}
