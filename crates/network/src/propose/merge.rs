//! Addresses into prefixes.
//!
//! Between two neighbours in the sorted list of addresses lies one branch of the binary tree of prefixes: joining them
//! takes the smallest prefix that holds both, and everything else in it. What that newly admits never is less than what
//! the branches inside it do, so that joining in the order of new addresses builds prefixes from the inside out, and each
//! join saves one rule.

use std::{cmp::Reverse, net::IpAddr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::{NextMerge, Options, services::Range};

/// Addresses that are not of everyone: a service used by many of them is opened to their range, not to the world.
const PRIVATE: [&str; 7] =
    ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "fc00::/7", "fe80::/10"];

/// A prefix of the far addresses of a range.
pub(super) struct Prefix {
    /// Which range.
    pub(super) range: usize,
    /// The prefix.
    pub(super) net: IpNet,
}

/// Neighbouring addresses of a range, of one family.
struct Segment {
    range: usize,
    addresses: Vec<IpAddr>,
    /// The prefix that it is opened to, whatever the addresses.
    opened: Option<IpNet>,
    /// Whether an address is joined to the one before it.
    joined: Vec<bool>,
}

/// Joining an address to the one before it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Join {
    new_addresses: u128,
    /// Longer prefixes first: inside out.
    length: Reverse<u8>,
    segment: usize,
    at: usize,
    refused: usize,
}

/// More rules than were aimed at: how many, and the merge that would come next.
pub(super) type Excess = (usize, Option<NextMerge>);

/// The prefixes for every range, in order, and whether there are more than were aimed at.
pub(super) fn merge(ranges: &[Range], options: &Options) -> (Vec<Prefix>, Option<Excess>) {
    let mut segments: Vec<Segment> = Vec::new();
    for (place, range) in ranges.iter().enumerate() {
        segments.extend(self::segments(place, range, options));
    }
    let mut joins: Vec<Join> = Vec::new();
    for (place, segment) in segments.iter().enumerate().filter(|(_, segment)| segment.opened.is_none()) {
        joins.extend((1..segment.addresses.len()).map(|at| segment.join(place, at, &ranges[segment.range])));
    }
    joins.sort_unstable();
    let mut rules = segments.len() + joins.len();
    let mut next: Option<Join> = None;
    for join in joins {
        let is_free = join.new_addresses == 0;
        if !is_free && rules <= options.max_rules {
            break;
        }
        if join.new_addresses > options.new_addresses || join.refused > options.refused {
            next.get_or_insert(join);
            continue;
        }
        segments[join.segment].joined[join.at] = true;
        rules -= 1;
    }
    let next = next.map(|join| NextMerge { new_addresses: join.new_addresses, refused: join.refused });
    let over = (rules > options.max_rules).then_some((rules, next));
    (segments.iter().flat_map(Segment::prefixes).collect(), over)
}

/// Addresses of a range in pieces: what is opened as a whole, and the rest of each family.
fn segments(place: usize, range: &Range, options: &Options) -> Vec<Segment> {
    let addresses = range.addresses();
    let mut segments = Vec::new();
    for is_ipv6 in [false, true] {
        let mut rest: Vec<IpAddr> = addresses.iter().copied().filter(|address| address.is_ipv6() == is_ipv6).collect();
        let opens = |net: IpNet, count: usize| {
            options.open_at > 0
                && count >= options.open_at
                && range.refused_between(net.network(), net.broadcast()) <= options.refused
        };
        let mut open = |net: IpNet, rest: &mut Vec<IpAddr>| {
            let inside: Vec<IpAddr> = rest.extract_if(.., |address| net.contains(&*address)).collect();
            segments.push(Segment::new(place, inside, Some(net)));
        };
        let everyone = crate::rules::every_address(is_ipv6);
        let of_everyone = rest.iter().filter(|address| private_range(**address).is_none()).count();
        if opens(everyone, of_everyone) {
            open(everyone, &mut rest);
        }
        for net in PRIVATE.iter().filter_map(|net| net.parse::<IpNet>().ok()) {
            let inside = rest.iter().filter(|address| net.contains(*address)).count();
            if opens(net, inside) {
                open(net, &mut rest);
            }
        }
        if !rest.is_empty() {
            segments.push(Segment::new(place, rest, None));
        }
    }
    segments
}

impl Segment {
    fn new(range: usize, addresses: Vec<IpAddr>, opened: Option<IpNet>) -> Self {
        let joined = vec![false; addresses.len()];
        Self { range, addresses, opened, joined }
    }

    fn join(&self, segment: usize, at: usize, range: &Range) -> Join {
        let net = common(self.addresses[at - 1], self.addresses[at]);
        let (first, last) = (net.network(), net.broadcast());
        let before = self.addresses.partition_point(|address| *address < first);
        let inside = self.addresses.partition_point(|address| *address <= last) - before;
        Join {
            new_addresses: size(net).saturating_sub(inside as u128),
            length: Reverse(net.prefix_len()),
            segment,
            at,
            refused: range.refused_between(first, last),
        }
    }

    fn prefixes(&self) -> Vec<Prefix> {
        let range = self.range;
        if let Some(net) = self.opened {
            return vec![Prefix { range, net }];
        }
        let mut prefixes: Vec<Prefix> = Vec::new();
        let mut first = None;
        for (address, joined) in self.addresses.iter().zip(&self.joined) {
            match (first, prefixes.last_mut()) {
                (Some(first), Some(last)) if *joined => last.net = common(first, *address),
                _ => {
                    first = Some(*address);
                    prefixes.push(Prefix { range, net: IpNet::from(*address) });
                }
            }
        }
        prefixes
    }
}

/// How many addresses there are in a prefix; one less than there are for every IPv6 address.
pub(super) fn size(net: IpNet) -> u128 {
    let bits = u32::from(net.max_prefix_len() - net.prefix_len());
    1_u128.checked_shl(bits).unwrap_or(u128::MAX)
}

/// The longest prefix that holds both addresses, which are of one family.
fn common(one: IpAddr, other: IpAddr) -> IpNet {
    // A difference of nothing is the whole length, and a length from leading zeros never is too long.
    let net = match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => {
            let length = (one.to_bits() ^ other.to_bits()).leading_zeros();
            Ipv4Net::new(one, u8::try_from(length).unwrap_or(0)).map(IpNet::V4)
        }
        (IpAddr::V6(one), IpAddr::V6(other)) => {
            let length = (one.to_bits() ^ other.to_bits()).leading_zeros();
            Ipv6Net::new(one, u8::try_from(length).unwrap_or(0)).map(IpNet::V6)
        }
        (one, _) => return IpNet::from(one),
    };
    net.map_or(IpNet::from(one), |net| net.trunc())
}

fn private_range(address: IpAddr) -> Option<&'static str> {
    PRIVATE.into_iter().find(|net| net.parse::<IpNet>().is_ok_and(|net| net.contains(&address)))
}
