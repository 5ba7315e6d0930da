//! Finds the flow of later fragments.
//!
//! Only the first fragment of a packet carries ports. This table remembers them, so that the later ones are counted in
//! the same flow. A later fragment that comes before its first, or after its entry went, keeps ports 0 and is counted
//! as such: waiting for the first would mean holding packets back, and dropping it would lose its bytes.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use weir_network::Packet;

use crate::packet::Parsed;

/// Remembers the ports of fragmented packets for a while. Bounded: the oldest entry goes first.
#[derive(Debug)]
pub struct Fragments {
    capacity: usize,
    lifetime_ns: u64,
    known: HashMap<Key, Known>,
    /// Keys in the order they were learnt; a key learnt again appears again, with its newer time.
    order: VecDeque<(Key, u64)>,
    unmatched: u64,
    evicted: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    source: IpAddr,
    destination: IpAddr,
    /// 0 for IPv6, where the later fragments need not name the transport protocol (RFC 8200, 4.5).
    protocol: u8,
    id: u32,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    learnt_ns: u64,
    first: Packet,
}

impl Fragments {
    /// As many packets as Linux reassembles at a time by default, and for as long (`net.ipv4.ipfrag_time`).
    pub const DEFAULT_CAPACITY: usize = 4096;
    /// 30 s.
    pub const DEFAULT_LIFETIME_NS: u64 = 30_000_000_000;

    /// A table of at most `capacity` packets, each remembered for `lifetime_ns` after its first fragment.
    pub fn new(capacity: usize, lifetime_ns: u64) -> Self {
        Fragments { capacity, lifetime_ns, known: HashMap::new(), order: VecDeque::new(), unmatched: 0, evicted: 0 }
    }

    /// Learns from a first fragment; gives a later one the ports, ICMP type and protocol of its first. Does nothing to
    /// whole packets. `now_ns` is the packet's own time; it may run backwards.
    pub fn file(&mut self, parsed: &mut Parsed, now_ns: u64) {
        let Some(fragment) = parsed.fragment else { return };
        let packet = &parsed.packet;
        let key = Key {
            source: packet.source,
            destination: packet.destination,
            protocol: if packet.source.is_ipv6() { 0 } else { packet.protocol },
            id: fragment.id,
        };
        if fragment.first {
            self.expire(now_ns);
            self.learn(key, *packet, now_ns);
            return;
        }
        match self.known.get(&key) {
            Some(known) if now_ns.saturating_sub(known.learnt_ns) < self.lifetime_ns => parsed.packet = known.first,
            _ => self.unmatched += 1,
        }
    }

    /// Later fragments that were counted without ports, because their first was not known.
    pub fn unmatched(&self) -> u64 {
        self.unmatched
    }

    /// Packets forgotten before their time, because the table was full.
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    fn learn(&mut self, key: Key, first: Packet, now_ns: u64) {
        if self.capacity == 0 {
            return;
        }
        self.known.insert(key, Known { learnt_ns: now_ns, first });
        self.order.push_back((key, now_ns));
        while self.order.len() > self.capacity {
            if self.forget_oldest() {
                self.evicted += 1;
            }
        }
    }

    fn expire(&mut self, now_ns: u64) {
        while let Some((_, learnt_ns)) = self.order.front()
            && now_ns.saturating_sub(*learnt_ns) >= self.lifetime_ns
        {
            self.forget_oldest();
        }
    }

    /// Whether an entry went; it stays when its key was learnt again since.
    fn forget_oldest(&mut self) -> bool {
        let Some((key, learnt_ns)) = self.order.pop_front() else { return false };
        let stale = self.known.get(&key).is_some_and(|known| known.learnt_ns == learnt_ns);
        if stale {
            self.known.remove(&key);
        }
        stale
    }
}

impl Default for Fragments {
    fn default() -> Self {
        Fragments::new(Self::DEFAULT_CAPACITY, Self::DEFAULT_LIFETIME_NS)
    }
}
