//! Ordered rules as tables without order.
//!
//! A packet has a far address, a protocol, and 16 bits that rules of its protocol look at: the destination port, or ICMP
//! type and code. Of the rules that match it the first decides. That is turned into two steps of one lookup each:
//!
//! 1. the far address falls into one of many disjoint ranges, and each range has a *profile*;
//! 2. the profile says, in disjoint ranges, what holds for each protocol and port.
//!
//! Ranges of addresses for which the same rules hold share a profile. So the tables grow with the addresses plus the
//! ports, not with their product, and a packet costs two lookups however many rules there are.

use std::collections::{BTreeMap, HashMap};

use ipnet::IpNet;
use weir_network::{ICMP, ICMPV6, IcmpMatch, PortRange, Service, TCP, UDP};

use crate::segments::{Segment, first_match};

/// One rule: what it says about which services, and the far addresses it is for.
#[derive(Debug, Clone)]
pub(crate) struct Ranked<V> {
    pub(crate) matches: Vec<Match<V>>,
    pub(crate) far: Vec<IpNet>,
}

/// A range of one protocol's numbers, and what a rule says about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Match<V> {
    pub(crate) class: Class,
    pub(crate) range: Segment<V>,
}

/// Protocols by what rules look at in their packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Class {
    /// The destination port.
    Tcp,
    /// The destination port.
    Udp,
    /// Type and code, the type in the upper byte.
    Icmp,
    /// Type and code, the type in the upper byte.
    Icmpv6,
    /// The number of the protocol itself.
    Other,
}

/// What holds for each packet; for those in no table nothing does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Judgement<V> {
    /// Ranges of IPv4 addresses, with the number of their profile.
    pub(crate) v4: Vec<Segment<usize>>,
    /// Ranges of IPv6 addresses, with the number of their profile.
    pub(crate) v6: Vec<Segment<usize>>,
    pub(crate) profiles: Vec<Profile<V>>,
}

/// What holds for the packets of one far address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Profile<V>(BTreeMap<Class, Vec<Segment<V>>>);

const EVERY_SELECTOR: u128 = u16::MAX as u128;
const EVERY_PROTOCOL: u128 = u8::MAX as u128;

impl Class {
    pub(crate) const ALL: [Class; 5] = [Class::Tcp, Class::Udp, Class::Icmp, Class::Icmpv6, Class::Other];

    /// The highest number that rules of this class look at.
    pub(crate) const fn last(self) -> u128 {
        match self {
            Class::Other => EVERY_PROTOCOL,
            _ => EVERY_SELECTOR,
        }
    }

    /// The ranges of a service.
    pub(crate) fn of(service: Service) -> Vec<(Class, u128, u128)> {
        match service {
            Service::All => Self::ALL.into_iter().map(|class| (class, 0, class.last())).collect(),
            Service::Tcp(ports) => vec![ports_of(Class::Tcp, ports)],
            Service::Udp(ports) => vec![ports_of(Class::Udp, ports)],
            Service::Icmp(icmp) => vec![messages_of(Class::Icmp, icmp)],
            Service::Icmpv6(icmp) => vec![messages_of(Class::Icmpv6, icmp)],
            Service::Protocol(TCP) => vec![ports_of(Class::Tcp, PortRange::ALL)],
            Service::Protocol(UDP) => vec![ports_of(Class::Udp, PortRange::ALL)],
            Service::Protocol(ICMP) => vec![messages_of(Class::Icmp, IcmpMatch::Any)],
            Service::Protocol(ICMPV6) => vec![messages_of(Class::Icmpv6, IcmpMatch::Any)],
            Service::Protocol(number) => vec![(Class::Other, number.into(), number.into())],
        }
    }
}

fn ports_of(class: Class, ports: PortRange) -> (Class, u128, u128) {
    (class, ports.first().into(), ports.last().into())
}

fn messages_of(class: Class, icmp: IcmpMatch) -> (Class, u128, u128) {
    let message = |kind: u8, code: u8| u128::from(kind) << 8 | u128::from(code);
    match icmp {
        IcmpMatch::Any => (class, 0, EVERY_SELECTOR),
        IcmpMatch::Type(kind) => (class, message(kind, 0), message(kind, u8::MAX)),
        IcmpMatch::Code(kind, code) => (class, message(kind, code), message(kind, code)),
    }
}

impl<V: Clone + Ord> Profile<V> {
    fn new<'a>(rules: impl Iterator<Item = &'a Ranked<V>>) -> Self
    where
        V: 'a,
    {
        let mut ranges: BTreeMap<Class, Vec<Segment<V>>> = BTreeMap::new();
        for rule in rules {
            for Match { class, range } in &rule.matches {
                ranges.entry(*class).or_default().push(range.clone());
            }
        }
        Self(ranges.into_iter().map(|(class, ranges)| (class, first_match(&ranges))).collect())
    }

    /// What holds for a class, in disjoint ranges.
    pub(crate) fn segments(&self, class: Class) -> &[Segment<V>] {
        self.0.get(&class).map_or(&[], Vec::as_slice)
    }

    /// What holds for every packet of a class, if the same does.
    pub(crate) fn uniform_in(&self, class: Class) -> Option<&V> {
        match self.segments(class) {
            [only] if only.first == 0 && only.last == class.last() => Some(&only.value),
            _ => None,
        }
    }

    /// What holds for every packet, if the same does.
    pub(crate) fn uniform(&self) -> Option<&V> {
        let first = self.uniform_in(Class::Tcp)?;
        Class::ALL.into_iter().all(|class| self.uniform_in(class) == Some(first)).then_some(first)
    }
}

impl<V: Clone + Ord> Judgement<V> {
    /// Compiles rules; the first that matches decides.
    pub(crate) fn new(rules: &[Ranked<V>]) -> Self {
        // In this order a range comes before those inside it.
        let mut by_net: BTreeMap<IpNet, Vec<usize>> = BTreeMap::new();
        for (rank, rule) in rules.iter().enumerate() {
            for net in &rule.far {
                let ranks = by_net.entry(net.trunc()).or_default();
                if ranks.last() != Some(&rank) {
                    ranks.push(rank);
                }
            }
        }
        let mut profiles = Profiles::new(rules);
        let mut around: Vec<(IpNet, &[usize])> = Vec::new();
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for (net, ranks) in &by_net {
            while around.pop_if(|(outer, _)| !outer.contains(net)).is_some() {}
            around.push((*net, ranks));
            let mut holding: Vec<usize> = around.iter().flat_map(|(_, ranks)| ranks.iter().copied()).collect();
            holding.sort_unstable();
            let (first, last) = bounds(net);
            let range = (net.prefix_len(), Segment::new(first, last, profiles.number(holding)));
            if matches!(net, IpNet::V4(_)) { v4.push(range) } else { v6.push(range) }
        }
        Self { v4: innermost(v4), v6: innermost(v6), profiles: profiles.list }
    }
}

/// The profiles so far, each of them once.
struct Profiles<'a, V> {
    rules: &'a [Ranked<V>],
    list: Vec<Profile<V>>,
    by_ranks: HashMap<Vec<usize>, usize>,
    by_content: BTreeMap<Profile<V>, usize>,
}

impl<'a, V: Clone + Ord> Profiles<'a, V> {
    fn new(rules: &'a [Ranked<V>]) -> Self {
        Self { rules, list: Vec::new(), by_ranks: HashMap::new(), by_content: BTreeMap::new() }
    }

    /// The number of the profile of addresses for which these rules hold, in this order.
    fn number(&mut self, ranks: Vec<usize>) -> usize {
        if let Some(number) = self.by_ranks.get(&ranks) {
            return *number;
        }
        let profile = Profile::new(ranks.iter().map(|rank| &self.rules[*rank]));
        let number = *self.by_content.entry(profile).or_insert_with_key(|profile| {
            self.list.push(profile.clone());
            self.list.len() - 1
        });
        self.by_ranks.insert(ranks, number);
        number
    }
}

/// Of nested ranges the innermost decides.
fn innermost(mut ranges: Vec<(u8, Segment<usize>)>) -> Vec<Segment<usize>> {
    ranges.sort_by_key(|(length, _)| std::cmp::Reverse(*length));
    first_match(&ranges.into_iter().map(|(_, range)| range).collect::<Vec<_>>())
}

/// The first and the last address of a range, as numbers.
fn bounds(net: &IpNet) -> (u128, u128) {
    match net {
        IpNet::V4(net) => (u32::from(net.network()).into(), u32::from(net.broadcast()).into()),
        IpNet::V6(net) => (net.network().into(), net.broadcast().into()),
    }
}

#[cfg(test)]
mod tests;
