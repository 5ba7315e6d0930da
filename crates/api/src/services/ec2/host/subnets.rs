//! Which subnet a device is in.

use ipnet::{IpNet, Ipv4Net};
use weir_network::IdKind;

use super::{Host, HostDevice};
use crate::{
    ApiError,
    services::ec2::{
        cidr::{Ipv6Block, overlap},
        kind::SUBNET_CIDR_ASSOCIATION,
        place::Zone,
        subnet::{self, Subnet},
        vpc,
    },
};

impl Host<'_> {
    /// The subnet of a device: the one that its network is, or lies in. One is made of its network if need be; a device
    /// without addresses is in the first default subnet.
    pub(super) fn subnet(&mut self, device: &HostDevice) -> Result<String, ApiError> {
        let ipv4 = device.networks.iter().find_map(|network| match network {
            IpNet::V4(network) => Some(*network),
            IpNet::V6(_) => None,
        });
        let ipv6 = device.networks.iter().copied().find(|network| ipv4.is_none() && is_global(network));
        let zone = self.zone(device)?;
        let id = match (ipv4, ipv6) {
            (Some(network), _) => self.ipv4_subnet(device, network, &zone),
            (None, Some(network)) => self.containing(network).unwrap_or_else(|| {
                let id = IdKind::Subnet.derive(&[&self.vpc_id, &network.trunc().to_string()]);
                subnet::make(self.state, self.place, id, &self.vpc_id, None, &zone)
            }),
            (None, None) => self.without_addresses(&zone),
        };
        for network in device.networks.iter().filter(|network| network.addr().is_ipv6() && is_global(network)) {
            self.add_ipv6(&id, network.trunc());
        }
        Ok(id)
    }

    fn zone(&self, device: &HostDevice) -> Result<Zone, ApiError> {
        let zones = self.place.zones();
        let named = zones.into_iter().find(|zone| device.interface.az_id.as_ref() == Some(&zone.id));
        named.map_or_else(|| self.place.zone(None, None), Ok)
    }

    fn of_vpc(&self) -> Vec<Subnet> {
        self.state.subnets.iter().filter(|subnet| subnet.vpc_id == self.vpc_id).cloned().collect()
    }

    fn containing(&self, network: IpNet) -> Option<String> {
        let contains = |subnet: &&Subnet| subnet.cidrs().any(|range| range.contains(&network.trunc()));
        self.of_vpc().iter().find(contains).map(|subnet| subnet.subnet_id.clone())
    }

    fn ipv4_subnet(&mut self, device: &HostDevice, network: Ipv4Net, zone: &Zone) -> String {
        let narrowed = self.narrowed(network);
        if let Some(id) = self.containing(narrowed.into()) {
            return id;
        }
        let own = device
            .interface
            .subnet_id
            .clone()
            .filter(|id| narrowed == network.trunc() && !self.state.subnets.contains(id));
        let id = own.unwrap_or_else(|| IdKind::Subnet.derive(&[&self.vpc_id, &narrowed.to_string()]));
        vpc::take_in(self.state, &self.vpc_id, narrowed.into());
        subnet::make(self.state, self.place, id, &self.vpc_id, Some(narrowed), zone)
    }

    /// The network, or as much of it around the address as holds no other subnet and no range of the VPC.
    fn narrowed(&self, network: Ipv4Net) -> Ipv4Net {
        let subnets = self.of_vpc();
        let blocks = self.state.vpcs.get(&self.vpc_id).map(|vpc| vpc.cidr_block_association_set.clone());
        let ranges: Vec<Ipv4Net> = blocks.into_iter().flatten().map(|block| block.cidr_block).collect();
        let holds = |range: &Ipv4Net| {
            let is_within = |outer: &Ipv4Net| range.contains(outer) && range != outer;
            ranges.iter().any(is_within)
                || subnets.iter().filter_map(|subnet| subnet.cidr_block.as_ref()).any(is_within)
        };
        let around = |length: u8| Ipv4Net::new(network.addr(), length).map(|range| range.trunc()).ok();
        let mut candidates = (network.prefix_len()..=32).filter_map(around);
        candidates.find(|range| !holds(range)).unwrap_or_else(|| network.trunc())
    }

    fn without_addresses(&mut self, zone: &Zone) -> String {
        let subnets = self.of_vpc();
        let default = subnets.iter().find(|subnet| subnet.default_for_az).or(subnets.first());
        if let Some(subnet) = default {
            return subnet.subnet_id.clone();
        }
        let made = subnet::make_default(self.state, self.place, &self.vpc_id, zone);
        made.unwrap_or_default()
    }

    /// A range that another subnet has stays there.
    fn add_ipv6(&mut self, id: &str, network: IpNet) {
        let IpNet::V6(range) = network else { return };
        let mut taken = self.of_vpc().into_iter().flat_map(|subnet| subnet.cidrs().collect::<Vec<_>>());
        if taken.any(|other| overlap(other, network)) {
            return;
        }
        let vpc = self.state.vpcs.get(&self.vpc_id);
        let blocks = vpc.map(|vpc| vpc.ipv6_cidr_block_association_set.clone()).unwrap_or_default();
        let is_within = |outer: &Ipv6Block| range.contains(&outer.ipv6_cidr_block) && range != outer.ipv6_cidr_block;
        if blocks.iter().any(is_within) {
            return;
        }
        vpc::take_in(self.state, &self.vpc_id, network);
        if let Some(subnet) = self.state.subnets.get_mut(id) {
            subnet.ipv6_cidr_block_association_set.push(Ipv6Block::new(&SUBNET_CIDR_ASSOCIATION, range));
        }
    }
}

fn is_global(network: &IpNet) -> bool {
    !matches!(network, IpNet::V6(network) if network.addr().is_unicast_link_local())
}
