//! Services with the far addresses that reached them, and ports made into ranges.

use std::{collections::BTreeMap, net::IpAddr};

use super::{
    NowRefused, Options, ProposedRule, Refused, Tally,
    connection::{Connections, Key},
    merge::Prefix,
};
use crate::{
    Direction, IcmpMatch, Peer, PortRange, SecurityGroupRule, Service,
    service::{ICMP, ICMPV6, TCP, UDP},
};

/// Protocol and service port, 0 for protocols without.
type Port = (u8, u16);

/// What one far address sent to a service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Reached {
    connections: u64,
    tally: Tally,
}

type Far = BTreeMap<IpAddr, Reached>;

/// What was reached in each direction.
pub(super) struct Services {
    accepted: [BTreeMap<Port, Far>; 2],
    /// What was only refused.
    refused: [BTreeMap<Port, Far>; 2],
    unanswered: [BTreeMap<Port, Far>; 2],
}

/// One port or several in a row, and the far addresses that all of them have.
pub(super) struct Range {
    protocol: u8,
    first: u16,
    last: u16,
    new_ports: u32,
    far: Far,
    /// What was only refused at these ports.
    refused: BTreeMap<IpAddr, Vec<Refused>>,
}

impl Services {
    pub(super) fn of(connections: &Connections, options: &Options) -> Self {
        let mut services = Self {
            accepted: [BTreeMap::new(), BTreeMap::new()],
            refused: [BTreeMap::new(), BTreeMap::new()],
            unanswered: [BTreeMap::new(), BTreeMap::new()],
        };
        for (key, connection, openers) in connections.opened() {
            for &opened in openers {
                let side = connection.side(opened);
                let (into, tally) = match (connection.is_accepted(opened), connection.is_unanswered(opened)) {
                    (true, true) if !options.unanswered => (&mut services.unanswered, side.accepted),
                    (true, _) => (&mut services.accepted, side.accepted),
                    (false, _) if side.refused.records > 0 => (&mut services.refused, side.refused),
                    (false, _) => continue,
                };
                add(&mut into[index(opened)], key, opened, tally);
            }
        }
        for direction in [0, 1] {
            let accepted = &services.accepted[direction];
            for others in [&mut services.refused[direction], &mut services.unanswered[direction]] {
                remove_known(others, accepted);
            }
        }
        services
    }

    /// What was accepted and gets no rule, the services with the most addresses first.
    pub(super) fn now_refused(&self) -> Vec<NowRefused> {
        let mut all = Vec::new();
        for direction in [Direction::Ingress, Direction::Egress] {
            for (&(protocol, port), far) in &self.unanswered[index(direction)] {
                let mut tally = Tally::default();
                far.values().for_each(|reached| tally.add(reached.tally));
                let service = service(protocol, port, port);
                let why = "a SYN was let through, and nothing but RST answered";
                all.push(NowRefused { direction, service, addresses: far.len() as u64, tally, why });
            }
        }
        all.sort_by_key(|refused| std::cmp::Reverse(refused.addresses));
        all
    }

    /// The ports as ranges: next to each other, or within the gap, with the same far addresses.
    pub(super) fn ranges(&self, direction: Direction, options: &Options) -> Vec<Range> {
        let mut ranges: Vec<Range> = Vec::new();
        for (&(protocol, port), far) in &self.accepted[index(direction)] {
            let refused = self.refused_at(direction, protocol, port, port);
            if let Some(last) = ranges.last_mut()
                && last.takes(protocol, port, far, options)
            {
                let between = self.refused_at(direction, protocol, last.last + 1, port);
                if last.refused_inside() + last.inside(&between) <= options.refused {
                    last.extend(port, far, between);
                    continue;
                }
            }
            ranges.push(Range { protocol, first: port, last: port, new_ports: 0, far: far.clone(), refused });
        }
        ranges
    }

    fn refused_at(&self, direction: Direction, protocol: u8, first: u16, last: u16) -> BTreeMap<IpAddr, Vec<Refused>> {
        let mut refused: BTreeMap<IpAddr, Vec<Refused>> = BTreeMap::new();
        for (&(protocol, port), far) in self.refused[index(direction)].range((protocol, first)..=(protocol, last)) {
            for (&address, reached) in far {
                let (service, records) = (service(protocol, port, port), reached.tally.records);
                refused.entry(address).or_default().push(Refused { service, far: address, records });
            }
        }
        refused
    }
}

impl Range {
    /// Its far addresses, sorted.
    pub(super) fn addresses(&self) -> Vec<IpAddr> {
        self.far.keys().copied().collect()
    }

    /// Flows that only were refused between two addresses.
    pub(super) fn refused_between(&self, first: IpAddr, last: IpAddr) -> usize {
        self.refused.range(first..=last).map(|(_, flows)| flows.len()).sum()
    }

    /// Flows that only were refused from its own far addresses: at ports between those that are used.
    fn refused_inside(&self) -> usize {
        self.inside(&self.refused)
    }

    fn inside(&self, refused: &BTreeMap<IpAddr, Vec<Refused>>) -> usize {
        refused.iter().filter(|(address, _)| self.far.contains_key(*address)).map(|(_, flows)| flows.len()).sum()
    }

    /// Whether another port fits in: the same far addresses, and no more ports between than allowed.
    fn takes(&self, protocol: u8, port: u16, far: &Far, options: &Options) -> bool {
        matches!(protocol, TCP | UDP)
            && protocol == self.protocol
            && port - self.last - 1 <= options.port_gap
            && self.far.keys().eq(far.keys())
    }

    fn extend(&mut self, port: u16, far: &Far, refused: BTreeMap<IpAddr, Vec<Refused>>) {
        self.new_ports += u32::from(port - self.last - 1);
        self.last = port;
        for (address, reached) in far {
            let there = self.far.entry(*address).or_default();
            there.connections += reached.connections;
            there.tally.add(reached.tally);
        }
        for (address, flows) in refused {
            self.refused.entry(address).or_default().extend(flows);
        }
    }

    /// The rule for a prefix of its far addresses.
    pub(super) fn rule(&self, direction: Direction, prefix: &Prefix, group: &str) -> ProposedRule {
        let (service, peer) = (service(self.protocol, self.first, self.last), Peer::Cidr(prefix.net));
        let within = (prefix.net.network(), prefix.net.broadcast());
        let mut proposed = ProposedRule {
            direction,
            rule: SecurityGroupRule {
                id: SecurityGroupRule::derived_id(group, direction, service, &peer),
                service,
                peer,
                description: None,
            },
            addresses: 0,
            connections: 0,
            tally: Tally::default(),
            examples: Vec::new(),
            new_addresses: 0,
            new_ports: self.new_ports,
            newly_admitted: self.refused.range(within.0..=within.1).flat_map(|(_, flows)| flows.clone()).collect(),
        };
        let mut by_bytes = Vec::new();
        for (address, reached) in self.far.range(within.0..=within.1) {
            proposed.addresses += 1;
            proposed.connections += reached.connections;
            proposed.tally.add(reached.tally);
            by_bytes.push((std::cmp::Reverse(reached.tally.bytes), *address));
        }
        by_bytes.sort_unstable();
        proposed.examples = by_bytes.into_iter().take(ProposedRule::EXAMPLES).map(|(_, address)| address).collect();
        proposed.new_addresses = super::merge::size(prefix.net).saturating_sub(proposed.addresses.into());
        proposed
    }
}

fn add(into: &mut BTreeMap<Port, Far>, key: &Key, opened: Direction, tally: Tally) {
    let reached = into.entry((key.protocol, key.service_port(opened))).or_default().entry(key.far).or_default();
    reached.connections += 1;
    reached.tally.add(tally);
}

/// Takes out what is in the accepted ones too.
fn remove_known(others: &mut BTreeMap<Port, Far>, accepted: &BTreeMap<Port, Far>) {
    for (port, far) in others.iter_mut() {
        if let Some(known) = accepted.get(port) {
            far.retain(|address, _| !known.contains_key(address));
        }
    }
    others.retain(|_, far| !far.is_empty());
}

fn service(protocol: u8, first: u16, last: u16) -> Service {
    let ports = PortRange::new(first, last).unwrap_or(PortRange::ALL);
    match protocol {
        TCP => Service::Tcp(ports),
        UDP => Service::Udp(ports),
        ICMP => Service::Icmp(IcmpMatch::Any),
        ICMPV6 => Service::Icmpv6(IcmpMatch::Any),
        other => Service::Protocol(other),
    }
}

const fn index(direction: Direction) -> usize {
    match direction {
        Direction::Ingress => 0,
        Direction::Egress => 1,
    }
}
