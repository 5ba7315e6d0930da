//! What shall hold at one interface, taken from a network: the pure half of enforcement.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use ipnet::IpNet;
use weir_network::{
    Action, Direction, Interface, Network, NetworkAcl, NetworkError, Peer, Rule, SecurityGroup, SecurityGroupRule,
    Service, Side,
};

use crate::{
    judgement::{Class, Judgement, Match, Ranked},
    segments::Segment,
};

/// The security groups and the network ACL of one interface, compiled. Two plans are equal when the same rules hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub(crate) interface_id: Arc<str>,
    pub(crate) side: Side,
    /// By [`index`].
    pub(crate) directions: [DirectionPlan; 2],
    /// Addresses that AWS keeps for itself in a VPC of AWS: its resolver and the routers of the subnet.
    pub(crate) reserved: Vec<Reserved>,
}

/// What holds in one direction. Without either, everything passes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DirectionPlan {
    pub(crate) acl: Option<AclPlan>,
    pub(crate) groups: Option<Judgement<GroupVerdict>>,
}

/// The network ACL; traffic inside the subnet is allowed by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AclPlan {
    pub(crate) id: Arc<str>,
    pub(crate) judgement: Judgement<AclVerdict>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum AclVerdict {
    Allow,
    /// The entry with this number denies it.
    Deny(u16),
}

/// What the rule that allows a packet says of the connection that it opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum GroupVerdict {
    Tracked,
    Untracked,
}

/// An address that serves AWS, and the port of the service if it has just one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reserved {
    pub(crate) address: IpAddr,
    pub(crate) port: Option<u16>,
}

pub(crate) const fn index(direction: Direction) -> usize {
    match direction {
        Direction::Ingress => 0,
        Direction::Egress => 1,
    }
}

impl Plan {
    /// Compiles what holds at an interface, which need not be part of the network: the security groups that it names and
    /// the network ACL of the subnet that it names are.
    ///
    /// # Errors
    /// When the interface names a security group, a subnet or another thing that the network does not have.
    pub fn new(network: &Network, interface: &Interface, side: Side) -> Result<Self, NetworkError> {
        network.check_interface(interface)?;
        let mut groups: Vec<&SecurityGroup> = Vec::new();
        for id in &interface.security_group_ids {
            groups.extend(network.parts().security_groups.get(id));
        }
        let references = References::new(network);
        let subnet = network.subnet_of(interface);
        let acl = subnet.and_then(|subnet| network.parts().network_acls.get(subnet.network_acl_id.as_ref()?));
        let inside = subnet.map_or(&[][..], |subnet| &subnet.cidrs);
        let directions = [Direction::Ingress, Direction::Egress].map(|direction| DirectionPlan {
            acl: acl.map(|acl| AclPlan::new(acl, direction, inside)),
            groups: (!groups.is_empty()).then(|| judge_groups(&groups, direction, &references)),
        });
        Ok(Self {
            interface_id: interface.id.as_str().into(),
            side,
            directions,
            reserved: reserved(network, interface),
        })
    }

    /// The id of the network interface, `eni-…`.
    pub fn interface_id(&self) -> &str {
        &self.interface_id
    }

    /// Which end of the cable the host's interface is.
    pub const fn side(&self) -> Side {
        self.side
    }

    pub(crate) fn direction(&self, direction: Direction) -> &DirectionPlan {
        &self.directions[index(direction)]
    }
}

impl DirectionPlan {
    /// Every rule here that can refuse a packet.
    pub(crate) fn denials(&self) -> Vec<Rule> {
        let mut rules = Vec::new();
        if let Some(acl) = &self.acl {
            rules.extend(acl.denials());
        }
        if self.groups.is_some() {
            rules.push(Rule::NoSecurityGroupRule);
        }
        rules
    }
}

impl AclPlan {
    fn new(acl: &NetworkAcl, direction: Direction, inside: &[IpNet]) -> Self {
        let mut entries: Vec<_> = acl.entries(direction).iter().collect();
        entries.sort_by_key(|entry| entry.number);
        let mut rules = vec![ranked(Service::All, inside.to_vec(), |_| AclVerdict::Allow)];
        rules.extend(entries.into_iter().map(|entry| {
            let verdict = match entry.action {
                Action::Accept => AclVerdict::Allow,
                Action::Reject => AclVerdict::Deny(entry.number),
            };
            ranked(entry.service, vec![entry.cidr], |_| verdict)
        }));
        Self { id: acl.id.as_str().into(), judgement: Judgement::new(&rules) }
    }

    /// The entries that deny something, and the default.
    fn denials(&self) -> Vec<Rule> {
        let mut numbers: Vec<u16> = Vec::new();
        for profile in &self.judgement.profiles {
            let segments = Class::ALL.into_iter().flat_map(|class| profile.segments(class));
            numbers.extend(segments.filter_map(|segment| match segment.value {
                AclVerdict::Allow => None,
                AclVerdict::Deny(number) => Some(number),
            }));
        }
        numbers.sort_unstable();
        numbers.dedup();
        let entry = |number| Rule::AclEntry { acl: Arc::clone(&self.id), number };
        numbers.into_iter().map(entry).chain([Rule::AclDefault { acl: Arc::clone(&self.id) }]).collect()
    }
}

/// Looks up what rules of security groups refer to.
struct References<'a> {
    network: &'a Network,
    /// The addresses of the interfaces that carry a group.
    members: BTreeMap<&'a str, Vec<IpNet>>,
}

impl<'a> References<'a> {
    fn new(network: &'a Network) -> Self {
        let mut members: BTreeMap<&str, Vec<IpNet>> = BTreeMap::new();
        for interface in network.parts().interfaces.values() {
            for group in &interface.security_group_ids {
                members.entry(group).or_default().extend(interface.addresses().map(IpNet::from));
            }
        }
        Self { network, members }
    }

    fn addresses(&self, peer: &Peer) -> Vec<IpNet> {
        match peer {
            Peer::Cidr(cidr) => vec![*cidr],
            Peer::Group(id) => self.members.get(id.as_str()).cloned().unwrap_or_default(),
            Peer::PrefixList(id) => {
                self.network.parts().prefix_lists.get(id).map(|list| list.entries.clone()).unwrap_or_default()
            }
        }
    }
}

/// Compiles the rules of groups. As at AWS, TCP and UDP of a rule for every address is not tracked when the other
/// direction allows every port of every address.
fn judge_groups(
    groups: &[&SecurityGroup],
    direction: Direction,
    references: &References<'_>,
) -> Judgement<GroupVerdict> {
    let rules = |direction| groups.iter().flat_map(move |group| group.rules(direction));
    let answers = Open::new(rules(direction.reverse()), references);
    let mut ranks = Vec::new();
    for rule in rules(direction) {
        let far = references.addresses(&rule.peer);
        let every_address = far.iter().any(|net| net.prefix_len() == 0);
        let (v4, v6): (Vec<_>, Vec<_>) = far.into_iter().partition(|net| matches!(net, IpNet::V4(_)));
        for (family, far) in [v4, v6].into_iter().enumerate() {
            ranks.push(ranked(rule.service, far, |class| {
                if every_address && answers.every(class, family) {
                    GroupVerdict::Untracked
                } else {
                    GroupVerdict::Tracked
                }
            }));
        }
    }
    Judgement::new(&ranks)
}

/// For TCP and UDP, IPv4 and IPv6: whether every port of every address is allowed.
#[derive(Default)]
struct Open([[bool; 2]; 2]);

impl Open {
    fn new<'a>(rules: impl Iterator<Item = &'a SecurityGroupRule>, references: &References<'_>) -> Self {
        let mut open = Self::default();
        for rule in rules {
            for (class, first, last) in Class::of(rule.service) {
                let Some(protocol) = Self::protocol(class).filter(|_| first == 0 && last == class.last()) else {
                    continue;
                };
                for net in references.addresses(&rule.peer).iter().filter(|net| net.prefix_len() == 0) {
                    open.0[protocol][usize::from(matches!(net, IpNet::V6(_)))] = true;
                }
            }
        }
        open
    }

    fn every(&self, class: Class, family: usize) -> bool {
        Self::protocol(class).is_some_and(|protocol| self.0[protocol][family])
    }

    const fn protocol(class: Class) -> Option<usize> {
        match class {
            Class::Tcp => Some(0),
            Class::Udp => Some(1),
            _ => None,
        }
    }
}

fn ranked<V>(service: Service, far: Vec<IpNet>, verdict: impl Fn(Class) -> V) -> Ranked<V> {
    let ranges = Class::of(service).into_iter();
    let matches = ranges.map(|(class, first, last)| Match { class, range: Segment::new(first, last, verdict(class)) });
    Ranked { matches: matches.collect(), far }
}

/// The resolver of the VPC and the routers of the subnet, in a VPC of AWS.
fn reserved(network: &Network, interface: &Interface) -> Vec<Reserved> {
    let Some(vpc) = network.vpc_of(interface).filter(|vpc| vpc.aws_services) else { return Vec::new() };
    let resolver = vpc.resolver().map(|address| Reserved { address, port: Some(53) });
    let routers = network.subnet_of(interface).into_iter().flat_map(weir_network::Subnet::routers);
    resolver.into_iter().chain(routers.map(|address| Reserved { address, port: None })).collect()
}
