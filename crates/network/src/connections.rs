//! Connections that security groups remember, so that replies pass.

mod table;

use std::{net::IpAddr, time::Duration};

use self::table::Table;
use crate::{
    Action, Direction, GroupRule, Packet, Policy, Rule, Verdict,
    policy::{GroupDecision, far_address},
    service::{ICMP, ICMPV6, TCP, UDP},
};

/// How long a connection is remembered after its last packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// TCP that both sides have sent packets of.
    pub tcp_established: Duration,
    /// TCP that one side has sent packets of.
    pub tcp_opening: Duration,
    /// TCP that both sides have closed.
    pub tcp_closed: Duration,
    /// TCP that one side has reset.
    pub tcp_reset: Duration,
    /// UDP with at most one reply.
    pub udp: Duration,
    /// UDP with more than one reply.
    pub udp_stream: Duration,
    /// ICMP requests and their replies.
    pub icmp: Duration,
    /// Other protocols.
    pub other: Duration,
}

/// Those of AWS where AWS states them: `tcpEstablishedTimeout` 432,000 s (350 s on some newer instances), `udpTimeout` 30 s
/// and `udpStreamTimeout` 180 s (API reference of EC2, ConnectionTrackingConfiguration), 600 s for other protocols (EC2 user
/// guide, security group connection tracking). The rest are those of Linux's `nf_conntrack`: SYN sent 120 s, time wait 120
/// s, close 10 s, ICMP 30 s.
impl Default for Timeouts {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            tcp_established: seconds(432_000),
            tcp_opening: seconds(120),
            tcp_closed: seconds(120),
            tcp_reset: seconds(10),
            udp: seconds(30),
            udp_stream: seconds(180),
            icmp: seconds(30),
            other: seconds(600),
        }
    }
}

/// What [`Connections`] did, since it was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ConnectionCounts {
    /// Connections that were opened.
    pub opened: u64,
    /// Live connections forgotten for want of room, the one longest idle first. Later packets of them are judged as new.
    pub evicted: u64,
}

/// The connections of one interface: keep one of these for each interface, and keep it when the [`Policy`] changes.
///
/// A packet that the rules allow opens a connection; from then on its packets pass the security groups in both
/// directions, even after the rule has gone, until the connection has been idle for its [timeout](Timeouts). Network ACLs
/// judge every packet.
///
/// - TCP and UDP are told apart by addresses and ports, ICMP requests by addresses and kind (a reply passes only
///   towards the one that asked), other protocols by addresses. ICMP errors are judged by the rules alone: a packet's
///   headers do not say which connection they are about.
/// - As at AWS, TCP and UDP allowed from or to every address (`0.0.0.0/0` or `::/0`), where the other direction allows
///   every port of every address, is *not tracked*: the rules judge each packet, so taking away the rule stops it at once.
/// - TCP that was open before Weir looked is taken up in mid-stream, but not from a SYN+ACK or RST alone.
///
/// Memory is bounded by `capacity`, at about 200 bytes a connection.
#[derive(Debug)]
pub struct Connections {
    table: Table<Key, Connection>,
    timeouts: Timeouts,
    counts: ConnectionCounts,
}

/// A connection, as seen from the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    own: IpAddr,
    far: IpAddr,
    protocol: u8,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Ports {
        own: u16,
        far: u16,
    },
    /// The type of the request, and which way requests go.
    Icmp {
        request: u8,
        opener: Direction,
    },
    Other,
}

#[derive(Debug, Clone)]
struct Connection {
    /// Which way the packet went that opened it.
    opener: Direction,
    rule: GroupRule,
    /// `false`: remembered only so that no packet of it opens a tracked connection the other way round.
    tracked: bool,
    last: Duration,
    replies: u8,
    closing: [bool; 2],
    reset: bool,
}

const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 16;

impl Connections {
    /// How many connections to remember by default: 65,536.
    pub const DEFAULT_CAPACITY: usize = 65_536;

    /// Remembers up to `capacity` connections (at least one).
    pub fn new(capacity: usize, timeouts: Timeouts) -> Self {
        Self { table: Table::new(capacity), timeouts, counts: ConnectionCounts::default() }
    }

    /// Judges a packet that passes the interface in a direction, and remembers its connection.
    ///
    /// `tcp_flags` is the flags byte of the TCP header; 0 otherwise. `now` is the time of the packet since any fixed
    /// moment, such as the Unix epoch; a packet that is older than the one before counts as being of the same time.
    pub fn judge(
        &mut self,
        policy: &Policy,
        packet: &Packet,
        tcp_flags: u8,
        direction: Direction,
        now: Duration,
    ) -> Verdict {
        let flags = if packet.protocol == TCP { tcp_flags } else { 0 };
        let Some(key) = Key::of(packet, direction) else { return policy.judge(packet, direction, false) };
        let live = self.table.get(&key).filter(|it| !it.is_over(&self.timeouts, packet.protocol, flags, now));
        let tracked = live.filter(|connection| connection.tracked).map(|connection| connection.rule.clone());
        let opener = live.map(|connection| connection.opener);

        let mut allowed = None;
        let verdict = policy.judge_with(packet, direction, || {
            if let Some(rule) = tracked {
                return Verdict::accept(Rule::TrackedConnection(Some(rule)));
            }
            let decision = policy.group_decision(packet, direction);
            if let GroupDecision::Allowed { rule, tracked } = decision {
                allowed = Some((rule.clone(), tracked));
            }
            decision.verdict()
        });
        if verdict.action == Action::Reject {
            return verdict;
        }
        match (opener, allowed) {
            (None, Some((rule, tracked))) if may_open(packet, flags) => self.open(key, direction, rule, tracked, now),
            (None, _) => return verdict,
            // An untracked connection is tracked from now on, if its rules have become narrower.
            (Some(opener), Some((rule, tracked))) if opener == direction => {
                if let Some(connection) = self.table.touch(&key) {
                    (connection.rule, connection.tracked) = (rule, tracked);
                }
            }
            _ => {}
        }
        if let Some(connection) = self.table.touch(&key) {
            connection.note(direction, flags, now);
        }
        verdict
    }

    /// How many connections are remembered, idle ones included.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether no connection is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What happened so far.
    pub const fn counts(&self) -> ConnectionCounts {
        self.counts
    }

    fn open(&mut self, key: Key, direction: Direction, rule: GroupRule, tracked: bool, now: Duration) {
        let (opener, last) = (direction, now);
        let connection = Connection { opener, rule, tracked, last, replies: 0, closing: [false; 2], reset: false };
        self.counts.opened += 1;
        if let Some((key, forgotten)) = self.table.insert(key, connection)
            && !forgotten.is_over(&self.timeouts, key.protocol, 0, now)
        {
            self.counts.evicted += 1;
        }
    }
}

impl Key {
    /// The connection a packet is of; `None` for an ICMP message that neither asks nor answers.
    fn of(packet: &Packet, direction: Direction) -> Option<Self> {
        let far = far_address(packet, direction);
        let own = far_address(packet, direction.reverse());
        let kind = match packet.protocol {
            TCP | UDP => match direction {
                Direction::Ingress => Kind::Ports { own: packet.destination_port, far: packet.source_port },
                Direction::Egress => Kind::Ports { own: packet.source_port, far: packet.destination_port },
            },
            ICMP | ICMPV6 => {
                let (kind, _) = packet.icmp?;
                let (request, is_reply) = icmp_exchange(packet.protocol, kind)?;
                Kind::Icmp { request, opener: if is_reply { direction.reverse() } else { direction } }
            }
            _ => Kind::Other,
        };
        Some(Self { own, far, protocol: packet.protocol, kind })
    }
}

impl Connection {
    /// Whether a packet with these flags is not of this connection any more.
    fn is_over(&self, timeouts: &Timeouts, protocol: u8, flags: u8, now: Duration) -> bool {
        let closed = self.reset || self.closing == [true; 2];
        let timeout = match protocol {
            TCP if self.reset => timeouts.tcp_reset,
            TCP if closed => timeouts.tcp_closed,
            TCP if self.replies == 0 => timeouts.tcp_opening,
            TCP => timeouts.tcp_established,
            UDP if self.replies < 2 => timeouts.udp,
            UDP => timeouts.udp_stream,
            ICMP | ICMPV6 => timeouts.icmp,
            _ => timeouts.other,
        };
        // A SYN after the close is a new connection with the same ports.
        closed && flags & (SYN | ACK) == SYN || now.saturating_sub(self.last) > timeout
    }

    fn note(&mut self, direction: Direction, flags: u8, now: Duration) {
        self.last = self.last.max(now);
        self.reset |= flags & RST != 0;
        let is_reply = direction != self.opener;
        self.closing[usize::from(is_reply)] |= flags & FIN != 0;
        if is_reply {
            self.replies = self.replies.saturating_add(1);
        }
    }
}

/// Whether a packet can be the first that is seen of a connection: not an answer to something that was not seen, which
/// would let the far side in on the strength of it.
fn may_open(packet: &Packet, flags: u8) -> bool {
    match packet.protocol {
        TCP => flags & RST == 0 && flags & (SYN | ACK) != SYN | ACK,
        ICMP | ICMPV6 => packet
            .icmp
            .and_then(|(kind, _)| icmp_exchange(packet.protocol, kind))
            .is_some_and(|(_, is_reply)| !is_reply),
        _ => true,
    }
}

/// The type of the request and whether this is the reply to it: the pairs that Linux tracks.
const fn icmp_exchange(protocol: u8, kind: u8) -> Option<(u8, bool)> {
    match (protocol, kind) {
        (ICMP, 8 | 13 | 15 | 17) | (ICMPV6, 128) => Some((kind, false)),
        (ICMP, 0) => Some((8, true)),
        (ICMP, 14 | 16 | 18) | (ICMPV6, 129) => Some((kind - 1, true)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
