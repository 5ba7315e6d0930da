//! The smallest change that lets a packet through.

use ipnet::IpNet;
use serde::{Serialize, Serializer, ser::SerializeStruct as _};

use super::{Part, Step, consider};
use crate::{
    AclEntry, Action, Direction, Interface, Network, NetworkAcl, Packet, Parts, Peer, PortRange, Rule,
    SecurityGroupRule, Service, policy::far_address,
};

/// The ports that clients choose from, as AWS advises for entries of network ACLs: replies go to one of them.
const EPHEMERAL: (u16, u16) = (1024, u16::MAX);

/// A rule or an entry to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A rule for a security group.
    AddRule {
        /// `sg-…`
        group: String,
        /// Which of its lists.
        direction: Direction,
        /// The rule.
        rule: SecurityGroupRule,
    },
    /// An entry for a network ACL.
    AddEntry {
        /// `acl-…`
        acl: String,
        /// Which of its lists.
        direction: Direction,
        /// The entry.
        entry: AclEntry,
        /// Entries that first get the next higher number, the highest first: there was no free number before the one
        /// that decides.
        moved: Vec<AclEntry>,
    },
}

impl Change {
    /// The change that lets a refused packet through at an interface; `None` when there is none, because a network ACL
    /// has no number left.
    pub(super) fn admitting(network: &Network, interface: &Interface, step: &Step) -> Option<Self> {
        let far = IpNet::from(far_address(&step.packet, step.direction));
        match &step.verdict.rule {
            Rule::AclEntry { acl, number } => Self::entry(network, acl, step, Some(*number), far),
            Rule::AclDefault { acl } => Self::entry(network, acl, step, None, far),
            _ => Self::rule(network, interface, step, far),
        }
    }

    /// A rule for one port and one address, in the group that the fewest interfaces carry.
    fn rule(network: &Network, interface: &Interface, step: &Step, far: IpNet) -> Option<Self> {
        let carriers = |id: &String| {
            network.parts().interfaces.values().filter(|other| other.security_group_ids.contains(id)).count()
        };
        let group = interface.security_group_ids.iter().min_by_key(|id| carriers(id))?;
        let (service, peer) = (consider::service_of(&step.packet)?, Peer::Cidr(far));
        let id = SecurityGroupRule::derived_id(group, step.direction, service, &peer);
        let rule = SecurityGroupRule { id, service, peer, description: None };
        Some(Change::AddRule { group: group.clone(), direction: step.direction, rule })
    }

    /// An entry for one address before the one that decides; without one, after all.
    fn entry(network: &Network, acl: &str, step: &Step, decides: Option<u16>, far: IpNet) -> Option<Self> {
        let entries = network.parts().network_acls.get(acl)?.entries(step.direction);
        let service = match step.part {
            Part::Request => consider::service_of(&step.packet)?,
            Part::Reply => reply_service(&step.packet)?,
        };
        let is_taken = |number: u16| entries.iter().any(|entry| entry.number == number);
        let (number, moved) = match decides {
            None => (number_after(entries)?, Vec::new()),
            Some(decides) => match (1..decides).rev().find(|number| !is_taken(*number)) {
                Some(free) => (free, Vec::new()),
                None => (decides, entries_to_move(entries, decides)?),
            },
        };
        let entry = AclEntry { number, action: Action::Accept, service, cidr: far };
        Some(Change::AddEntry { acl: acl.to_owned(), direction: step.direction, entry, moved })
    }

    /// Makes the change.
    pub fn apply(&self, parts: &mut Parts) {
        match self {
            Change::AddRule { group, direction, rule } => {
                if let Some(group) = parts.security_groups.get_mut(group) {
                    let rules = match direction {
                        Direction::Ingress => &mut group.ingress,
                        Direction::Egress => &mut group.egress,
                    };
                    rules.push(rule.clone());
                }
            }
            Change::AddEntry { acl, direction, entry, moved } => {
                if let Some(acl) = parts.network_acls.get_mut(acl) {
                    let entries = match direction {
                        Direction::Ingress => &mut acl.ingress,
                        Direction::Egress => &mut acl.egress,
                    };
                    let is_moved = |number| moved.iter().any(|moved| moved.number == number);
                    for entry in entries.iter_mut().filter(|entry| is_moved(entry.number)) {
                        entry.number += 1;
                    }
                    entries.push(entry.clone());
                    entries.sort_by_key(|entry| entry.number);
                }
            }
        }
    }

    /// Whether the change is about a packet: no verdict on another packet is changed by it.
    pub fn is_about(&self, network: &Network, packet: &Packet, direction: Direction) -> bool {
        match self {
            Change::AddRule { direction: list, rule, .. } => {
                *list == direction && consider::matches(network, rule.service, &rule.peer, packet, direction)
            }
            Change::AddEntry { direction: list, entry, .. } => {
                let peer = Peer::Cidr(entry.cidr);
                *list == direction && consider::matches(network, entry.service, &peer, packet, direction)
            }
        }
    }

    /// What gets the rule or the entry: `security group sg-web, ingress`.
    pub fn place(&self) -> String {
        match self {
            Change::AddRule { group, direction, .. } => format!("security group {group}, {}", direction.as_str()),
            Change::AddEntry { acl, direction, .. } => format!("network ACL {acl}, {}", direction.as_str()),
        }
    }
}

/// `place`, `line` for the network file, and `aws`: the commands for AWS.
impl Serialize for Change {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut change = serializer.serialize_struct("Change", 4)?;
        change.serialize_field("place", &self.place())?;
        change.serialize_field("line", &self.line())?;
        change.serialize_field("renumber", &self.moved_numbers())?;
        change.serialize_field("aws", &self.aws_commands())?;
        change.end()
    }
}

/// Replies go to a port that the client chose: the next one will choose another of the same range.
fn reply_service(packet: &Packet) -> Option<Service> {
    let (first, last) = EPHEMERAL;
    let ports = PortRange::new(first, last).filter(|ports| ports.contains(packet.destination_port));
    match (consider::service_of(packet)?, ports) {
        (Service::Tcp(_), Some(ports)) => Some(Service::Tcp(ports)),
        (Service::Udp(_), Some(ports)) => Some(Service::Udp(ports)),
        (exact, _) => Some(exact),
    }
}

/// The next hundred after the last entry; where there is none, the highest free number: no entry matches, so any will do.
fn number_after(entries: &[AclEntry]) -> Option<u16> {
    let last = entries.iter().map(|entry| entry.number).max().unwrap_or(0);
    let hundred = (last / 100 + 1) * 100;
    if hundred <= NetworkAcl::MAX_NUMBER {
        return Some(hundred);
    }
    (1..=NetworkAcl::MAX_NUMBER).rev().find(|number| entries.iter().all(|entry| entry.number != *number))
}

/// The entries from a number on without a gap, the highest first: each can take the next number.
fn entries_to_move(entries: &[AclEntry], from: u16) -> Option<Vec<AclEntry>> {
    let mut block = Vec::new();
    let mut number = from;
    while let Some(entry) = entries.iter().find(|entry| entry.number == number) {
        block.push(entry.clone());
        number += 1;
    }
    block.reverse();
    (number <= NetworkAcl::MAX_NUMBER).then_some(block)
}
