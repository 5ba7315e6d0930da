//! Which side opened a connection.
//!
//! A SYN without ACK opens, a SYN with ACK answers, and what was refused without anything coming back was an attempt. For
//! the rest (UDP, logs of version 2, windows in the middle of a connection) the service port is looked for, in this order:
//!
//! 1. the port that a connection with flags was opened to;
//! 2. the port below 1024, where the other is not;
//! 3. the port that talks to more different ports: clients choose a new one for each connection;
//! 4. the lower port.
//!
//! ICMP and other protocols without ports are opened by the side that was seen first. Where nothing tells the sides apart,
//! both count as openers: better one rule more than a connection cut.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    net::IpAddr,
};

use super::{SeenFlow, Tally};
use crate::{
    Action, Direction,
    service::{TCP, UDP},
};

const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 16;
/// Ports below belong to services (RFC 6335).
const SYSTEM_PORTS: u16 = 1024;

/// A connection as seen from the interface; ports are 0 for protocols without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key {
    pub(super) own: IpAddr,
    pub(super) far: IpAddr,
    pub(super) protocol: u8,
    pub(super) own_port: u16,
    pub(super) far_port: u16,
}

/// What passed in one direction.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Side {
    pub(super) accepted: Tally,
    pub(super) refused: Tally,
    first: Option<i64>,
    /// A SYN without ACK, and one with.
    opened: bool,
    answered: bool,
    /// Something other than SYN and RST, or flags that are not known.
    talked: bool,
    reset: bool,
}

/// Both directions: ingress, egress.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Connection {
    sides: [Side; 2],
}

/// Every connection, by its key.
pub(super) struct Connections {
    all: BTreeMap<Key, Connection>,
    statistics: Statistics,
}

/// What tells service ports from others.
#[derive(Default)]
struct Statistics {
    /// Ports that connections with flags were opened to: of the interface, of the far side.
    own_services: HashSet<(u8, u16)>,
    far_services: HashSet<(u8, u16)>,
    /// How many ports of the other side a port talks to.
    own_ports: HashMap<(u8, u16), u32>,
    far_ports: HashMap<(u8, u16), u32>,
}

impl Connections {
    pub(super) fn of(flows: impl IntoIterator<Item = SeenFlow>) -> Self {
        let mut all: BTreeMap<Key, Connection> = BTreeMap::new();
        for flow in flows {
            all.entry(Key::of(&flow)).or_default().sides[side(flow.direction)].add(&flow);
        }
        let statistics = Statistics::of(&all);
        Self { all, statistics }
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Every connection with the directions that it was opened in.
    pub(super) fn opened(&self) -> impl Iterator<Item = (&Key, &Connection, &'static [Direction])> {
        self.all.iter().map(|(key, connection)| (key, connection, connection.openers(key, &self.statistics)))
    }
}

impl Key {
    fn of(flow: &SeenFlow) -> Self {
        let packet = &flow.packet;
        let ports =
            if matches!(packet.protocol, TCP | UDP) { [packet.source_port, packet.destination_port] } else { [0, 0] };
        let [source, destination] = [(packet.source, ports[0]), (packet.destination, ports[1])];
        let (own, far) = match flow.direction {
            Direction::Ingress => (destination, source),
            Direction::Egress => (source, destination),
        };
        Self { own: own.0, far: far.0, protocol: packet.protocol, own_port: own.1, far_port: far.1 }
    }

    /// The service port of a connection that was opened in this direction.
    pub(super) const fn service_port(&self, opened: Direction) -> u16 {
        match opened {
            Direction::Ingress => self.own_port,
            Direction::Egress => self.far_port,
        }
    }
}

impl Side {
    fn add(&mut self, flow: &SeenFlow) {
        match flow.action {
            Action::Accept => self.accepted.add(flow.tally),
            Action::Reject => self.refused.add(flow.tally),
        }
        self.first = Some(self.first.map_or(flow.start, |first| first.min(flow.start)));
        match flow.tcp_flags.filter(|_| flow.packet.protocol == TCP) {
            Some(flags) => {
                self.opened |= flags & (SYN | ACK) == SYN;
                self.answered |= flags & (SYN | ACK) == SYN | ACK;
                self.reset |= flags & RST != 0;
                self.talked |= flags & !(SYN | RST) != 0 || flags == 0;
            }
            None => self.talked = true,
        }
    }

    const fn is_refused(&self) -> bool {
        self.accepted.records == 0 && self.refused.records > 0
    }

    const fn is_empty(&self) -> bool {
        self.accepted.records == 0 && self.refused.records == 0
    }
}

impl Connection {
    /// What passed in a direction.
    pub(super) const fn side(&self, direction: Direction) -> &Side {
        &self.sides[side(direction)]
    }

    /// Whether the opening side got through: it was accepted, or only the answer was seen, and that was accepted.
    pub(super) const fn is_accepted(&self, opened: Direction) -> bool {
        let opener = self.side(opened);
        opener.accepted.records > 0 || (opener.is_empty() && self.side(opened.reverse()).accepted.records > 0)
    }

    /// Whether it is a TCP attempt that came to nothing: a SYN, and no answer but RST.
    pub(super) const fn is_unanswered(&self, opened: Direction) -> bool {
        let (opener, other) = (self.side(opened), self.side(opened.reverse()));
        opener.opened
            && !opener.talked
            && (other.accepted.records == 0 || (other.reset && !other.talked && !other.answered))
    }

    fn openers(&self, key: &Key, statistics: &Statistics) -> &'static [Direction] {
        const INGRESS: &[Direction] = &[Direction::Ingress];
        const EGRESS: &[Direction] = &[Direction::Egress];
        const BOTH: &[Direction] = &[Direction::Ingress, Direction::Egress];
        let [inwards, outwards] = &self.sides;
        match (inwards.opened, outwards.opened) {
            (true, true) => return BOTH,
            (true, false) => return INGRESS,
            (false, true) => return EGRESS,
            (false, false) if outwards.answered && !inwards.answered => return INGRESS,
            (false, false) if inwards.answered && !outwards.answered => return EGRESS,
            (false, false) if inwards.is_refused() && outwards.is_empty() => return INGRESS,
            (false, false) if outwards.is_refused() && inwards.is_empty() => return EGRESS,
            (false, false) => {}
        }
        let by_port = matches!(key.protocol, TCP | UDP).then(|| statistics.opened(key)).flatten();
        let first = |first: Option<i64>| first.unwrap_or(i64::MAX);
        match by_port {
            Some(Direction::Ingress) => INGRESS,
            Some(Direction::Egress) => EGRESS,
            None => match first(inwards.first).cmp(&first(outwards.first)) {
                Ordering::Less => INGRESS,
                Ordering::Greater => EGRESS,
                Ordering::Equal => BOTH,
            },
        }
    }
}

impl Statistics {
    fn of(all: &BTreeMap<Key, Connection>) -> Self {
        let mut statistics = Self::default();
        let mut pairs = BTreeSet::new();
        for (key, connection) in all {
            let [inwards, outwards] = &connection.sides;
            if inwards.opened || outwards.answered {
                statistics.own_services.insert((key.protocol, key.own_port));
            }
            if outwards.opened || inwards.answered {
                statistics.far_services.insert((key.protocol, key.far_port));
            }
            pairs.insert((key.protocol, key.own_port, key.far_port));
        }
        for (protocol, own, far) in pairs {
            *statistics.own_ports.entry((protocol, own)).or_default() += 1;
            *statistics.far_ports.entry((protocol, far)).or_default() += 1;
        }
        statistics
    }

    /// Which way a connection was opened, by its ports; `None` when they do not tell.
    fn opened(&self, key: &Key) -> Option<Direction> {
        let (own, far) = ((key.protocol, key.own_port), (key.protocol, key.far_port));
        let by = |own: u32, far: u32| match own.cmp(&far) {
            Ordering::Greater => Some(Direction::Ingress),
            Ordering::Less => Some(Direction::Egress),
            Ordering::Equal => None,
        };
        let count = |counts: &HashMap<(u8, u16), u32>, end| counts.get(&end).copied().unwrap_or(0);
        by(self.own_services.contains(&own).into(), self.far_services.contains(&far).into())
            .or_else(|| by((key.own_port < SYSTEM_PORTS).into(), (key.far_port < SYSTEM_PORTS).into()))
            .or_else(|| by(count(&self.own_ports, own), count(&self.far_ports, far)))
            .or_else(|| by(key.far_port.into(), key.own_port.into()))
    }
}

const fn side(direction: Direction) -> usize {
    match direction {
        Direction::Ingress => 0,
        Direction::Egress => 1,
    }
}
