//! Finds the first of many rules that matches a packet, without looking at them one by one.
//!
//! Tuple space search, as in Open vSwitch: an address range is a prefix, and a range of ports falls into at most 30
//! aligned blocks, so each rule becomes a few exact keys in a hash table. A packet is looked up once for each *shape*
//! of key that occurs (block size, prefix length), never once for each rule.

use std::{collections::HashMap, iter, net::IpAddr};

use ipnet::IpNet;

use crate::{Packet, Service, service::selector};

/// Rules by what they match. A rule is known by its rank; the lowest rank wins.
#[derive(Debug, Clone, Default)]
pub(crate) struct Classifier {
    ranks: HashMap<Key, u32>,
    shapes: HashMap<Option<u8>, Vec<Shape>>,
}

/// The far side of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum PeerKey {
    /// A range, without host bits.
    Net(IpNet),
    /// A security group, by its number.
    Group(u32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    protocol: Option<u8>,
    block: Block,
    peer: PeerKey,
}

/// The selectors whose upper `16 - level` bits are `bits`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Block {
    level: u8,
    bits: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shape {
    level: u8,
    peer: PeerShape,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PeerShape {
    V4(u8),
    V6(u8),
    Group,
}

/// The level of a block that holds every selector.
const EVERY: u8 = 16;

impl Classifier {
    /// Adds a rule.
    pub(crate) fn insert(&mut self, rank: u32, service: Service, peer: PeerKey) {
        let protocol = service.protocol();
        let (first, last) = service.selectors();
        for block in blocks(first, last) {
            let rank_there = self.ranks.entry(Key { protocol, block, peer }).or_insert(rank);
            *rank_there = rank.min(*rank_there);
            let shape = Shape { level: block.level, peer: peer.shape() };
            let shapes = self.shapes.entry(protocol).or_default();
            if !shapes.contains(&shape) {
                shapes.push(shape);
            }
        }
    }

    /// The lowest rank of the rules that match a packet whose far side has this address and these groups.
    pub(crate) fn first(&self, packet: &Packet, far: IpAddr, far_groups: &[u32]) -> Option<u32> {
        let selector = selector(packet);
        let mut lowest: Option<u32> = None;
        for protocol in [None, Some(packet.protocol)] {
            for shape in self.shapes.get(&protocol).into_iter().flatten() {
                let Some(block) = Block::of(selector, shape.level) else { continue };
                let mut look = |peer| {
                    if let Some(rank) = self.ranks.get(&Key { protocol, block, peer }) {
                        lowest = Some(lowest.map_or(*rank, |lowest| lowest.min(*rank)));
                    }
                };
                match (shape.peer, far) {
                    (PeerShape::V4(length), IpAddr::V4(_)) | (PeerShape::V6(length), IpAddr::V6(_)) => {
                        look(PeerKey::Net(IpNet::new_assert(far, length).trunc()));
                    }
                    (PeerShape::Group, _) => far_groups.iter().for_each(|group| look(PeerKey::Group(*group))),
                    _ => {}
                }
            }
        }
        lowest
    }

    /// How many lookups a packet of a protocol takes at most, references to groups aside.
    #[cfg(test)]
    pub(super) fn lookups(&self, protocol: u8) -> usize {
        [None, Some(protocol)].iter().filter_map(|protocol| self.shapes.get(protocol)).map(Vec::len).sum()
    }
}

impl PeerKey {
    fn shape(self) -> PeerShape {
        match self {
            PeerKey::Net(IpNet::V4(net)) => PeerShape::V4(net.prefix_len()),
            PeerKey::Net(IpNet::V6(net)) => PeerShape::V6(net.prefix_len()),
            PeerKey::Group(_) => PeerShape::Group,
        }
    }
}

impl Block {
    /// The block of a level that holds the selector; a packet without one is only in the block of all.
    fn of(selector: Option<u16>, level: u8) -> Option<Self> {
        match selector {
            _ if level == EVERY => Some(Self { level, bits: 0 }),
            Some(selector) => Some(Self { level, bits: selector >> level }),
            None => None,
        }
    }
}

/// The fewest aligned blocks that together hold the selectors from first to last.
fn blocks(first: u16, last: u16) -> impl Iterator<Item = Block> {
    let mut next = u32::from(first);
    let end = u32::from(last) + 1;
    iter::from_fn(move || {
        if next >= end {
            return None;
        }
        let level = next.trailing_zeros().min((end - next).ilog2());
        let bits = next >> level;
        next += 1 << level;
        Some(Block { level: u8::try_from(level).ok()?, bits: u16::try_from(bits).ok()? })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_hold_exactly_the_range() {
        for (first, last) in
            [(0, 65535), (22, 22), (0, 0), (65535, 65535), (1, 65534), (1024, 65535), (80, 90), (3, 1000)]
        {
            let blocks: Vec<_> = blocks(first, last).collect();
            assert!(blocks.len() <= 30, "{first}-{last}: {}", blocks.len());
            for selector in 0..=u16::MAX {
                let held =
                    blocks.iter().filter(|block| Block::of(Some(selector), block.level) == Some(**block)).count();
                assert_eq!(held, usize::from(first <= selector && selector <= last), "{selector} in {first}-{last}");
            }
        }
        assert_eq!(blocks(0, 65535).count(), 1);
    }
}
