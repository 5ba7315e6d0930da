//! What was seen and what was refused, made into what was accepted and what was rejected. Pure arithmetic on the two
//! tables of a window.
//!
//! The flow program counts every packet that passes an interface's hooks, the drop program every packet that was
//! refused. A packet that came in was seen before it was refused (its key says [`COUNTED`]), so
//!
//! - on the way in, ACCEPT = seen minus refused; a flow with nothing left vanishes;
//! - on the way out, a firewall refuses before the packet is seen: ACCEPT = seen;
//! - REJECT = refused, always.
//!
//! Four things are less simple.
//!
//! **The end of a window.** A packet may be seen at its last instant and refused at the first of the next. Its refusal
//! belongs to the window that saw it. So when a window is closed, the tables of the next, which have begun to fill, are
//! looked at ([`Look`]): refusals beyond what the next window has seen of a flow are those of packets that this window
//! saw. They are moved here, and taken off the next window when its turn comes. In a flow of which some packets are
//! accepted, such a packet may stay a REJECT of the next window, whose ACCEPT is then one lower, and this one's one
//! higher: never is a packet counted twice or a number negative.
//!
//! **Refused, but not seen.** When more was refused than seen (packets that IPsec unwrapped, a flow program that is not
//! attached yet), nothing is left to accept; the rest is counted in [`Reconciler::unmatched`] and stays a REJECT.
//!
//! **Fragments.** The drop program counts a packet that was put together from fragments as the fragments that its
//! largest one makes. When they were cut otherwise, what is left of the flow has headers but no payload, which no
//! fragment is: it is refused too. Later fragments that came first, or whose first was not refused, are known under
//! port 0 to one side; they are matched by address.
//!
//! **Bridges and bonds.** A packet for this host itself is refused on the bridge, but came in on one of its ports. It
//! is refused there as well: on the port that saw it.

mod interest;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};

pub(crate) use self::interest::Interest;
use super::abi::{COUNTED, Counts, IPV6, Key, REASSEMBLED, REJECT};

/// Flows by key, in one window.
pub(crate) type Flows = HashMap<Key, Counts, foldhash::fast::RandomState>;

const PORTS: [u8; 3] = [6, 17, 132];

/// The interfaces that are recorded, and which of them are ports of a bridge or bond.
#[derive(Debug, Clone, Default)]
pub(crate) struct Topology {
    /// Kernel indexes of the recorded interfaces.
    pub(crate) recorded: HashSet<u32>,
    /// Recorded ports, by the index of their bridge, bond or VRF.
    pub(crate) ports: BTreeMap<u32, Vec<u32>>,
}

impl Topology {
    fn ports_of(&self, ifindex: u32) -> &[u32] {
        self.ports.get(&ifindex).map_or(&[], Vec::as_slice)
    }
}

/// A glance at the tables of the window that follows, while it fills. The refusals must be read first: then none of
/// them is of a packet that was seen between the two readings.
#[derive(Debug, Default)]
pub(crate) struct Look {
    /// What it has refused so far.
    pub(crate) refused: Flows,
    /// What it has seen so far of the flows in [`seen_keys`].
    pub(crate) seen: Flows,
}

/// Where the packets of a refused flow may have been seen: what a [`Look`] needs to know.
pub(crate) fn seen_keys<'a>(refused: &'a Flows, topology: &'a Topology) -> impl Iterator<Item = Key> + 'a {
    let counted = refused.keys().filter(|key| key.bits & COUNTED != 0).map(|key| key.as_seen());
    counted.flat_map(|key| {
        let ports = topology.ports_of(key.ifindex).iter();
        std::iter::once(key).chain(ports.map(move |port| Key { ifindex: *port, ..key }))
    })
}

/// Makes windows of what was accepted and rejected out of windows of what was seen and refused.
#[derive(Debug, Default)]
pub(crate) struct Reconciler {
    /// Refusals of the window to come that the last one has shown already.
    moved: BTreeMap<Key, Counts>,
    unmatched: u64,
}

impl Reconciler {
    /// Closes a window. `end_ns` is its end, in the clock of the tables; the result holds accepted flows, and rejected
    /// ones with [`REJECT`] in their key.
    pub(crate) fn close(
        &mut self,
        mut seen: Flows,
        refused: Flows,
        looks: &[Look],
        topology: &Topology,
        end_ns: u64,
    ) -> Flows {
        let mut refused = on_interfaces(refused, &seen, topology);
        self.take_back(&mut refused);
        for (key, counts) in &mut refused {
            self.unmatched += accept_less(&mut seen, *key, counts);
        }
        for (key, moved) in excess(looks, &seen, topology) {
            let here = Counts { first_ns: end_ns.saturating_sub(1), last_ns: end_ns.saturating_sub(1), ..moved };
            let mut taken = here;
            accept_less(&mut seen, key, &mut taken);
            refused.entry(key).and_modify(|counts| counts.add(&here)).or_insert(here);
            self.moved.insert(key, moved);
        }
        for (key, mut counts) in refused {
            counts.flags[REASSEMBLED] = 0;
            let rejected = Key { bits: (key.bits & !COUNTED) | REJECT, ..key };
            seen.entry(rejected).and_modify(|known| known.add(&counts)).or_insert(counts);
        }
        seen
    }

    /// Packets that were refused on their way in without having been seen before, since the start.
    pub(crate) fn unmatched(&self) -> u64 {
        self.unmatched
    }

    fn take_back(&mut self, refused: &mut BTreeMap<Key, Counts>) {
        for (key, moved) in std::mem::take(&mut self.moved) {
            let Some(counts) = refused.get_mut(&key) else { continue };
            counts.subtract(moved.packets, moved.bytes);
            if counts.packets == 0 {
                refused.remove(&key);
            }
        }
    }
}

/// Puts refusals where the packets came in: on the ports of a bridge too, and only on interfaces that are recorded. In
/// the order of keys, so that the same tables always give the same records.
fn on_interfaces(refused: Flows, seen: &Flows, topology: &Topology) -> BTreeMap<Key, Counts> {
    let mut placed = BTreeMap::new();
    let mut spoken_for: HashMap<Key, u64> = HashMap::new();
    for (key, counts) in refused.into_iter().collect::<BTreeMap<_, _>>() {
        let mut left = counts;
        for port in topology.ports_of(key.ifindex) {
            if key.bits & COUNTED == 0 || left.packets == 0 {
                break;
            }
            let there = Key { ifindex: *port, ..key };
            let spoken = spoken_for.entry(there.as_seen()).or_default();
            let free = seen.get(&there.as_seen()).map_or(0, |counts| counts.packets).saturating_sub(*spoken);
            let part = left.split_off(free);
            *spoken += part.packets;
            add(&mut placed, there, part);
        }
        if topology.recorded.contains(&key.ifindex) {
            let key = with_ports(key, counts.packets, seen);
            add(&mut placed, key, counts);
        }
    }
    placed
}

fn add(flows: &mut BTreeMap<Key, Counts>, key: Key, counts: Counts) {
    if counts.packets > 0 {
        flows.entry(key).and_modify(|known| known.add(&counts)).or_insert(counts);
    }
}

/// Fragments that were refused without their first have no ports; the flow program knew them. They belong to the only
/// flow between these addresses that has as many packets, if there is just one.
fn with_ports(key: Key, packets: u64, seen: &Flows) -> Key {
    if !is_portless(&key) || key.bits & COUNTED == 0 || seen.contains_key(&key.as_seen()) {
        return key;
    }
    let mut candidates =
        seen.iter().filter(|(other, counts)| without_ports(**other) == key.as_seen() && counts.packets >= packets);
    match (candidates.next(), candidates.next()) {
        (Some((one, _)), None) => Key { source_port: one.source_port, destination_port: one.destination_port, ..key },
        _ => key,
    }
}

/// Takes refused packets off what was seen, and says how many had not been seen. What only differs by how fragments
/// were cut is added to the refused.
fn accept_less(seen: &mut Flows, refused: Key, counts: &mut Counts) -> u64 {
    if refused.bits & COUNTED == 0 {
        return 0;
    }
    let key = refused.as_seen();
    let mut missing = take(seen, key, counts.packets, counts.bytes);
    if counts.flags[REASSEMBLED] != 0 {
        missing = take(seen, without_ports(key), missing.0, missing.1);
        if let Some(rest) = seen.get(&key)
            && rest.bytes <= rest.packets * least_header(key)
        {
            counts.packets += rest.packets;
            counts.bytes += rest.bytes;
            seen.remove(&key);
        }
    }
    missing.0
}

/// A fragment, or a packet too short for its ports.
fn is_portless(key: &Key) -> bool {
    *key == without_ports(*key) && PORTS.contains(&key.protocol)
}

fn without_ports(key: Key) -> Key {
    Key { source_port: [0; 2], destination_port: [0; 2], ..key }
}

/// Bytes of an IP header without options; that of an IPv6 fragment has a further header.
fn least_header(key: Key) -> u64 {
    if key.bits & IPV6 == 0 { 20 } else { 48 }
}

/// Takes packets and bytes off a flow; what it did not have is the answer.
fn take(seen: &mut Flows, key: Key, packets: u64, bytes: u64) -> (u64, u64) {
    if packets == 0 {
        return (0, 0);
    }
    let Some(flow) = seen.get_mut(&key) else { return (packets, bytes) };
    let missing = (packets.saturating_sub(flow.packets), bytes.saturating_sub(flow.bytes));
    flow.subtract(packets, bytes);
    if flow.packets == 0 {
        seen.remove(&key);
    }
    missing
}

/// Refusals of the following window that are of packets that this window saw: what it refused beyond what it saw
/// itself, as far as this window has such packets left.
fn excess(looks: &[Look], seen: &Flows, topology: &Topology) -> BTreeMap<Key, Counts> {
    let mut most: BTreeMap<Key, Counts> = BTreeMap::new();
    for look in looks {
        for (key, counts) in excess_of(look, seen, topology) {
            let known = most.entry(key).or_insert(counts);
            if counts.packets > known.packets {
                *known = counts;
            }
        }
    }
    most
}

fn excess_of(look: &Look, seen: &Flows, topology: &Topology) -> Vec<(Key, Counts)> {
    let mut seen_there = look.seen.clone();
    let mut left_here: HashMap<Key, u64> = HashMap::new();
    let mut excess = Vec::new();
    let counted = look.refused.iter().filter(|(key, _)| key.bits & COUNTED != 0);
    let counted: BTreeMap<_, _> = counted.map(|(key, counts)| (*key, *counts)).collect();
    for (refused, mut counts) in counted.into_iter().flat_map(|(key, counts)| places(key, counts, topology)) {
        let key = refused.as_seen();
        let beyond = take(&mut seen_there, key, counts.packets, counts.bytes).0;
        let left = left_here.entry(key).or_insert_with(|| seen.get(&key).map_or(0, |counts| counts.packets));
        let part = counts.split_off(beyond.min(*left));
        *left -= part.packets;
        if part.packets > 0 {
            excess.push((refused, part));
        }
    }
    excess
}

fn places(key: Key, counts: Counts, topology: &Topology) -> impl Iterator<Item = (Key, Counts)> {
    let ports = topology.ports_of(key.ifindex).iter();
    std::iter::once(key).chain(ports.map(move |port| Key { ifindex: *port, ..key })).map(move |key| (key, counts))
}

impl Counts {
    fn subtract(&mut self, packets: u64, bytes: u64) {
        self.packets = self.packets.saturating_sub(packets);
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    /// Takes out at most that many packets, with their share of the bytes.
    fn split_off(&mut self, packets: u64) -> Counts {
        let packets = packets.min(self.packets);
        let share = u128::from(self.bytes) * u128::from(packets) / u128::from(self.packets.max(1));
        let part = Counts { packets, bytes: u64::try_from(share).unwrap_or(self.bytes), ..*self };
        self.subtract(part.packets, part.bytes);
        part
    }
}
