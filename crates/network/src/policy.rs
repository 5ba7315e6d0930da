//! What holds at one interface, ready to judge packets.

mod classifier;

use std::{collections::HashMap, net::IpAddr, sync::Arc};

use ipnet::IpNet;

pub(crate) use classifier::{Classifier, PeerKey};

use crate::{Action, Direction, GroupRule, NetworkAcl, Packet, Peer, Rule, Verdict, rules::SecurityGroup, service};

/// The security groups and the network ACL that hold at one interface, ready to judge packets.
///
/// Made by [`Network::policy`](crate::Network::policy). It does not change: after a change of the network, make it anew.
///
/// The order is that of AWS. Ingress meets the network ACL of the subnet first, then the security groups; egress meets the
/// security groups first, then the ACL. Traffic inside one subnet does not cross the subnet's border and so meets no ACL.
/// Rules look at the far side's address and at the destination port, in both directions.
///
/// A packet whose ports are not known (a later fragment, with ports 0) matches rules as one to port 0; ICMP without a type
/// matches rules for every type only. A source of packets should give later fragments the ports of their first.
#[derive(Debug, Clone)]
pub struct Policy {
    members: Arc<Members>,
    groups: Option<[GroupSide; 2]>,
    acl: Option<Acl>,
    subnet: Vec<IpNet>,
}

/// Which security groups the interface with an address carries, by their numbers.
pub(crate) type Members = HashMap<IpAddr, Vec<u32>>;

/// Looks up what rules refer to.
pub(crate) trait References {
    /// The number of a security group.
    fn group_number(&self, id: &str) -> Option<u32>;
    /// The ranges of a prefix list.
    fn prefix_list(&self, id: &str) -> &[IpNet];
}

#[derive(Debug, Clone, Default)]
struct GroupSide {
    classifier: Classifier,
    rules: Vec<CompiledRule>,
    /// For TCP and UDP, IPv4 and IPv6: whether every port of every address is allowed.
    open: [[bool; 2]; 2],
}

#[derive(Debug, Clone)]
struct CompiledRule {
    name: GroupRule,
    every_address: bool,
}

#[derive(Debug, Clone)]
struct Acl {
    id: Arc<str>,
    sides: [AclSide; 2],
}

#[derive(Debug, Clone, Default)]
struct AclSide {
    classifier: Classifier,
    /// Number and action, by number.
    entries: Vec<(u16, Action)>,
}

/// What the rules of the security groups say, before tracked connections are asked.
pub(crate) enum GroupDecision<'a> {
    /// The interface has none.
    NoGroups,
    /// No rule allows it.
    Denied,
    /// A rule allows it.
    Allowed {
        /// The rule.
        rule: &'a GroupRule,
        /// Whether the connection that this packet opens is tracked.
        tracked: bool,
    },
}

impl Policy {
    pub(crate) fn new(
        members: Arc<Members>,
        groups: &[&SecurityGroup],
        acl: Option<&NetworkAcl>,
        subnet: Vec<IpNet>,
        references: &impl References,
    ) -> Self {
        let sides =
            [Direction::Ingress, Direction::Egress].map(|direction| GroupSide::new(groups, direction, references));
        Self { members, groups: (!groups.is_empty()).then_some(sides), acl: acl.map(Acl::new), subnet }
    }

    /// Judges a packet that passes the interface in a direction. `reply` says that it belongs to a tracked connection:
    /// then security groups let it pass, but the network ACL is asked all the same.
    ///
    /// [`Connections::judge`](crate::Connections::judge) finds out by itself which packets are replies.
    pub fn judge(&self, packet: &Packet, direction: Direction, reply: bool) -> Verdict {
        self.judge_with(packet, direction, || {
            if reply && self.groups.is_some() {
                return Verdict::accept(Rule::TrackedConnection(None));
            }
            self.group_decision(packet, direction).verdict()
        })
    }

    /// Judges a packet by the network ACL and by what is said for the security groups, in the order of AWS.
    pub(crate) fn judge_with(
        &self,
        packet: &Packet,
        direction: Direction,
        groups: impl FnOnce() -> Verdict,
    ) -> Verdict {
        let refused = |verdict: &Verdict| verdict.action == Action::Reject;
        match direction {
            Direction::Ingress => match self.acl_verdict(packet, direction) {
                Some(acl) if refused(&acl) => acl,
                acl => narrower(groups(), acl),
            },
            Direction::Egress => match groups() {
                group if refused(&group) => group,
                group => narrower(group, self.acl_verdict(packet, direction)),
            },
        }
    }

    /// What the rules of the security groups say.
    pub(crate) fn group_decision(&self, packet: &Packet, direction: Direction) -> GroupDecision<'_> {
        let Some(sides) = &self.groups else { return GroupDecision::NoGroups };
        let far = far_address(packet, direction);
        let far_groups = self.members.get(&far).map_or(&[][..], Vec::as_slice);
        let rules = &sides[side(direction)];
        let rule = rules.classifier.first(packet, far, far_groups).and_then(|rank| rules.rules.get(rank as usize));
        let Some(rule) = rule else { return GroupDecision::Denied };
        let answers_open = match packet.protocol {
            service::TCP => sides[side(direction.reverse())].open[0][usize::from(far.is_ipv6())],
            service::UDP => sides[side(direction.reverse())].open[1][usize::from(far.is_ipv6())],
            _ => false,
        };
        GroupDecision::Allowed { rule: &rule.name, tracked: !(rule.every_address && answers_open) }
    }

    /// How many lookups the security groups take at most for a packet of a protocol, of either family.
    #[cfg(test)]
    fn lookups(&self, direction: Direction, protocol: u8) -> usize {
        self.groups.as_ref().map_or(0, |sides| sides[side(direction)].classifier.lookups(protocol))
    }

    fn acl_verdict(&self, packet: &Packet, direction: Direction) -> Option<Verdict> {
        let acl = self.acl.as_ref()?;
        let far = far_address(packet, direction);
        if self.subnet.iter().any(|cidr| cidr.contains(&far)) {
            return None;
        }
        let entries = &acl.sides[side(direction)];
        let entry = entries.classifier.first(packet, far, &[]).and_then(|rank| entries.entries.get(rank as usize));
        Some(match entry {
            Some((number, action)) => {
                Verdict { action: *action, rule: Rule::AclEntry { acl: acl.id.clone(), number: *number } }
            }
            None => Verdict::reject(Rule::AclDefault { acl: acl.id.clone() }),
        })
    }
}

impl GroupDecision<'_> {
    pub(crate) fn verdict(&self) -> Verdict {
        match self {
            GroupDecision::NoGroups => Verdict::accept(Rule::Unfiltered),
            GroupDecision::Denied => Verdict::reject(Rule::NoSecurityGroupRule),
            GroupDecision::Allowed { rule, .. } => Verdict::accept(Rule::SecurityGroup((*rule).clone())),
        }
    }
}

impl GroupSide {
    fn new(groups: &[&SecurityGroup], direction: Direction, references: &impl References) -> Self {
        let mut side = Self::default();
        for group in groups {
            let group_id: Arc<str> = group.id.as_str().into();
            for rule in group.rules(direction) {
                let Ok(rank) = u32::try_from(side.rules.len()) else { break };
                let mut every_address = false;
                for peer in peer_keys(&rule.peer, references) {
                    side.classifier.insert(rank, rule.service, peer);
                    if let PeerKey::Net(net) = peer
                        && net.prefix_len() == 0
                    {
                        every_address = true;
                        let ipv6 = usize::from(matches!(net, IpNet::V6(_)));
                        side.open[0][ipv6] |= rule.service.is_every_port_of(service::TCP);
                        side.open[1][ipv6] |= rule.service.is_every_port_of(service::UDP);
                    }
                }
                let name = GroupRule { group: group_id.clone(), rule: rule.id.as_str().into() };
                side.rules.push(CompiledRule { name, every_address });
            }
        }
        side
    }
}

impl Acl {
    fn new(acl: &NetworkAcl) -> Self {
        let sides = [Direction::Ingress, Direction::Egress].map(|direction| {
            let mut entries: Vec<_> = acl.entries(direction).iter().collect();
            entries.sort_by_key(|entry| entry.number);
            let mut side = AclSide::default();
            for (rank, entry) in (0..).zip(entries) {
                side.classifier.insert(rank, entry.service, PeerKey::Net(entry.cidr.trunc()));
                side.entries.push((entry.number, entry.action));
            }
            side
        });
        Self { id: acl.id.as_str().into(), sides }
    }
}

fn peer_keys(peer: &Peer, references: &impl References) -> Vec<PeerKey> {
    match peer {
        Peer::Cidr(cidr) => vec![PeerKey::Net(cidr.trunc())],
        Peer::Group(id) => references.group_number(id).map(PeerKey::Group).into_iter().collect(),
        Peer::PrefixList(id) => references.prefix_list(id).iter().map(|cidr| PeerKey::Net(cidr.trunc())).collect(),
    }
}

/// Of two that accept, the one that says more.
fn narrower(group: Verdict, acl: Option<Verdict>) -> Verdict {
    match acl {
        Some(acl) if acl.action == Action::Reject || group.rule == Rule::Unfiltered => acl,
        _ => group,
    }
}

const fn side(direction: Direction) -> usize {
    match direction {
        Direction::Ingress => 0,
        Direction::Egress => 1,
    }
}

/// The address on the other end.
pub(crate) const fn far_address(packet: &Packet, direction: Direction) -> IpAddr {
    match direction {
        Direction::Ingress => packet.source,
        Direction::Egress => packet.destination,
    }
}

#[cfg(test)]
mod tests;
