//! The rules that were looked at, and why each did not match.

use std::{fmt, net::IpAddr};

use serde::Serialize;

use crate::{
    AclEntry, Action, Direction, IcmpMatch, Interface, Network, Packet, Peer, PortRange, Rule, SecurityGroupRule,
    Service, Verdict,
    policy::far_address,
    service::{ICMP, ICMPV6, protocol_text},
};

/// What a packet meets at an interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "stage", rename_all = "kebab-case")]
pub enum Stage {
    /// The security groups: their rules in order, the first that matches allows.
    SecurityGroups {
        /// The rules.
        rules: Vec<Considered>,
    },
    /// The network ACL: its entries by number, the first that matches decides.
    NetworkAcl {
        /// `acl-…`
        acl: String,
        /// The entries.
        entries: Vec<Considered>,
    },
    /// Something that was not asked.
    NotAsked {
        /// What: `security groups`, or the id of the network ACL.
        what: String,
        /// Why not.
        why: String,
    },
}

/// A rule of a security group or an entry of a network ACL, and what it has to say about a packet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Considered {
    /// Its name: `sg-…/sgr-…` or `acl-… #100`.
    pub name: String,
    /// What it is about, such as `allow tcp 22 from 10.0.0.0/8`.
    pub says: String,
    /// Whether it matches.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// Whether a rule matches a packet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", content = "why", rename_all = "kebab-case")]
pub enum Outcome {
    /// It is the first that matches, and so decides.
    Decides,
    /// It matches, but one before it has decided.
    TooLate,
    /// It does not match, for every one of these reasons.
    PassedOver(Vec<Mismatch>),
}

/// Why a rule does not match a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mismatch {
    /// It is about another protocol.
    Protocol {
        /// That of the packet.
        packet: u8,
        /// That of the rule.
        rule: u8,
    },
    /// It is about other ports.
    Port {
        /// Where the packet goes.
        packet: u16,
        /// Those of the rule.
        rule: PortRange,
    },
    /// It is about other ICMP messages.
    Icmp {
        /// Type and code of the packet; `None` when they are not known.
        packet: Option<(u8, u8)>,
        /// Those of the rule.
        rule: IcmpMatch,
    },
    /// It is about other addresses.
    Address {
        /// That of the far side.
        packet: IpAddr,
        /// Those of the rule.
        rule: Peer,
    },
}

/// What a packet meets at an interface, in the order of AWS.
pub(super) fn stages(
    network: &Network,
    interface: &Interface,
    packet: &Packet,
    direction: Direction,
    verdict: &Verdict,
) -> Vec<Stage> {
    let groups = group_stage(network, interface, packet, direction, verdict);
    let acl = acl_stage(network, interface, packet, direction);
    let refused_by_acl = matches!(verdict.rule, Rule::AclEntry { .. } | Rule::AclDefault { .. });
    match (direction, verdict.action) {
        (Direction::Ingress, Action::Reject) if refused_by_acl => vec![acl, not_reached(groups)],
        (Direction::Egress, Action::Reject) if !refused_by_acl => vec![groups, not_reached(acl)],
        (Direction::Ingress, _) => vec![acl, groups],
        (Direction::Egress, _) => vec![groups, acl],
    }
}

fn group_stage(
    network: &Network,
    interface: &Interface,
    packet: &Packet,
    direction: Direction,
    verdict: &Verdict,
) -> Stage {
    let not_asked = |why: String| Stage::NotAsked { what: "security groups".to_owned(), why };
    if interface.security_group_ids.is_empty() {
        return not_asked("the interface has none".to_owned());
    }
    if let Rule::TrackedConnection(opener) = &verdict.rule {
        let opener = opener.as_ref().map_or(String::new(), |rule| format!(", opened by {rule}"));
        return not_asked(format!("the packet belongs to a tracked connection{opener}"));
    }
    let far = far_address(packet, direction);
    let mut rules = Vec::new();
    let mut decided = false;
    for group in interface.security_group_ids.iter().filter_map(|id| network.parts().security_groups.get(id)) {
        for rule in group.rules(direction) {
            let SecurityGroupRule { id, service, peer, .. } = rule;
            let outcome = outcome(mismatches(network, *service, peer, packet, far), &mut decided);
            let says = format!("allow {service} {} {peer}", preposition(direction));
            rules.push(Considered { name: format!("{}/{id}", group.id), says, outcome });
        }
    }
    Stage::SecurityGroups { rules }
}

fn acl_stage(network: &Network, interface: &Interface, packet: &Packet, direction: Direction) -> Stage {
    let not_asked = |what: &str, why: String| Stage::NotAsked { what: what.to_owned(), why };
    let Some(subnet) = network.subnet_of(interface) else {
        return not_asked("network ACL", "the interface is in no subnet".to_owned());
    };
    let Some(acl) = subnet.network_acl_id.as_ref().and_then(|id| network.parts().network_acls.get(id)) else {
        return not_asked("network ACL", format!("{} has none", subnet.id));
    };
    let far = far_address(packet, direction);
    if subnet.cidrs.iter().any(|cidr| cidr.contains(&far)) {
        return not_asked(&acl.id, format!("{far} is in the same subnet, {}", subnet.id));
    }
    let mut entries: Vec<&AclEntry> = acl.entries(direction).iter().collect();
    entries.sort_by_key(|entry| entry.number);
    let mut decided = false;
    let mut considered: Vec<Considered> = entries
        .into_iter()
        .map(|entry| {
            let AclEntry { number, action, service, cidr } = entry;
            let outcome = outcome(mismatches(network, *service, &Peer::Cidr(*cidr), packet, far), &mut decided);
            let verb = if *action == Action::Accept { "allow" } else { "deny" };
            let says = format!("{verb} {service} {} {cidr}", preposition(direction));
            Considered { name: format!("{} #{number}", acl.id), says, outcome }
        })
        .collect();
    let says = "deny what no entry matches".to_owned();
    considered.push(Considered { name: format!("{} *", acl.id), says, outcome: outcome(Vec::new(), &mut decided) });
    Stage::NetworkAcl { acl: acl.id.clone(), entries: considered }
}

/// The same, for a packet that was refused before.
fn not_reached(stage: Stage) -> Stage {
    let why = "the packet was refused before".to_owned();
    match stage {
        Stage::SecurityGroups { .. } => Stage::NotAsked { what: "security groups".to_owned(), why },
        Stage::NetworkAcl { acl, .. } => Stage::NotAsked { what: acl, why },
        not_asked @ Stage::NotAsked { .. } => not_asked,
    }
}

fn outcome(mismatches: Vec<Mismatch>, decided: &mut bool) -> Outcome {
    match (mismatches.is_empty(), *decided) {
        (false, _) => Outcome::PassedOver(mismatches),
        (true, true) => Outcome::TooLate,
        (true, false) => {
            *decided = true;
            Outcome::Decides
        }
    }
}

/// Every reason why a rule does not match; none when it does.
fn mismatches(network: &Network, service: Service, peer: &Peer, packet: &Packet, far: IpAddr) -> Vec<Mismatch> {
    let address = (!network.is_in(peer, far)).then(|| Mismatch::Address { packet: far, rule: peer.clone() });
    service_mismatch(service, packet).into_iter().chain(address).collect()
}

fn service_mismatch(service: Service, packet: &Packet) -> Option<Mismatch> {
    if let Some(rule) = service.protocol()
        && rule != packet.protocol
    {
        return Some(Mismatch::Protocol { packet: packet.protocol, rule });
    }
    match service {
        Service::Tcp(rule) | Service::Udp(rule) if !rule.contains(packet.destination_port) => {
            Some(Mismatch::Port { packet: packet.destination_port, rule })
        }
        Service::Icmp(rule) | Service::Icmpv6(rule) if !is_meant(rule, packet.icmp) => {
            Some(Mismatch::Icmp { packet: packet.icmp, rule })
        }
        _ => None,
    }
}

fn is_meant(rule: IcmpMatch, icmp: Option<(u8, u8)>) -> bool {
    match rule {
        IcmpMatch::Any => true,
        IcmpMatch::Type(kind) => icmp.is_some_and(|(there, _)| there == kind),
        IcmpMatch::Code(kind, code) => icmp == Some((kind, code)),
    }
}

/// Whether a rule with this service and this far side matches a packet.
pub(super) fn matches(network: &Network, service: Service, peer: &Peer, packet: &Packet, direction: Direction) -> bool {
    mismatches(network, service, peer, packet, far_address(packet, direction)).is_empty()
}

/// How far sides are named in a direction.
pub(super) const fn preposition(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => "from",
        Direction::Egress => "to",
    }
}

impl Network {
    /// Whether an address is one that a rule means.
    pub fn is_in(&self, peer: &Peer, address: IpAddr) -> bool {
        match peer {
            Peer::Cidr(cidr) => cidr.contains(&address),
            Peer::PrefixList(id) => {
                let list = self.parts().prefix_lists.get(id);
                list.is_some_and(|list| list.entries.iter().any(|cidr| cidr.contains(&address)))
            }
            Peer::Group(id) => {
                let carries = |interface: &Interface| interface.security_group_ids.contains(id);
                self.parts().interfaces.values().any(|interface| interface.owns(address) && carries(interface))
            }
        }
    }
}

/// Such as `port 22 is not among 80-443`.
impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mismatch::Protocol { packet, rule } => {
                write!(f, "{} is not {}", protocol_text(*packet), protocol_text(*rule))
            }
            Mismatch::Port { packet, rule } if rule.first() == rule.last() => write!(f, "port {packet} is not {rule}"),
            Mismatch::Port { packet, rule } => write!(f, "port {packet} is not among {rule}"),
            Mismatch::Icmp { packet: None, .. } => f.write_str("the icmp type of the packet is not known"),
            Mismatch::Icmp { packet: Some((kind, code)), rule } => match rule {
                IcmpMatch::Code(wanted, wanted_code) if wanted == kind => {
                    write!(f, "icmp code {code} is not {wanted_code}")
                }
                IcmpMatch::Type(wanted) | IcmpMatch::Code(wanted, _) => write!(f, "icmp type {kind} is not {wanted}"),
                IcmpMatch::Any => f.write_str("no icmp"),
            },
            Mismatch::Address { packet, rule: Peer::Cidr(cidr) } => write!(f, "{packet} is not in {cidr}"),
            Mismatch::Address { packet, rule: Peer::PrefixList(id) } => write!(f, "{packet} is not in {id}"),
            Mismatch::Address { packet, rule: Peer::Group(id) } => {
                write!(f, "{packet} is no address of an interface in {id}")
            }
        }
    }
}

/// As its text.
impl Serialize for Mismatch {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        super::display(self, serializer)
    }
}

/// The narrowest service that a packet is of.
pub(super) fn service_of(packet: &Packet) -> Option<Service> {
    let icmp = packet.icmp.map_or(IcmpMatch::Any, |(kind, _)| IcmpMatch::Type(kind));
    Some(match packet.protocol {
        crate::TCP => Service::Tcp(PortRange::new(packet.destination_port, packet.destination_port)?),
        crate::UDP => Service::Udp(PortRange::new(packet.destination_port, packet.destination_port)?),
        ICMP => Service::Icmp(icmp),
        ICMPV6 => Service::Icmpv6(icmp),
        other => Service::Protocol(other),
    })
}
