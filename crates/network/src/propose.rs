//! The smallest security group that would have accepted what was accepted.
//!
//! [`propose`] takes flows as records tell them and makes a group in four steps:
//!
//! 1. **Who opened.** Flows become connections, and each connection gets its opener: the side whose SYN was seen; without
//!    flags the side that reached for the service port (see [`Options`] and the module `connection`). Only the opener
//!    needs a rule, since groups let replies pass.
//! 2. **What was opened.** Protocol and service port, in a direction, with the far addresses. What was only refused is
//!    left out, and so are TCP attempts that nothing answered.
//! 3. **Ports** next to each other with the same far addresses become a range.
//! 4. **Addresses** become prefixes: always where that admits nothing new; further only while there are more than
//!    [`Options::max_rules`], the merge that newly admits the fewest addresses first, and never beyond the bounds.
//!
//! Every rule tells what it is for, and what it newly admits.

mod connection;
mod merge;
mod output;
mod services;

use std::net::IpAddr;

use crate::{Action, Direction, Packet, SecurityGroup, SecurityGroupRule, Service};

/// Flows of the same headers, as records tell them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenFlow {
    /// Addresses, ports and protocol. The ICMP type is not looked at: records have none.
    pub packet: Packet,
    /// Which way it passed the interface.
    pub direction: Direction,
    /// `tcp-flags`; `None` when the records do not have them.
    pub tcp_flags: Option<u8>,
    /// What became of it.
    pub action: Action,
    /// When the first packet passed, in Unix seconds.
    pub start: i64,
    /// How many records, packets and bytes there were.
    pub tally: Tally,
}

/// What a rule is worth, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records.
    pub records: u64,
    /// Packets.
    pub packets: u64,
    /// Bytes.
    pub bytes: u64,
}

impl Tally {
    pub(crate) const fn add(&mut self, other: Tally) {
        self.records += other.records;
        self.packets += other.packets;
        self.bytes += other.bytes;
    }
}

/// How far merging may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Rules for each direction that are aimed at. AWS allows 60 unless asked for more.
    pub max_rules: usize,
    /// Addresses without an accepted flow that one rule may newly admit by merging.
    pub new_addresses: u128,
    /// Flows that only were refused that one rule may newly admit by merging.
    pub refused: usize,
    /// A service reached from at least this many addresses is opened to all of them: every address, or the private range
    /// that holds them. 0 is never.
    pub open_at: usize,
    /// Ports without a flow that may lie between two of one range.
    pub port_gap: u16,
    /// Keep TCP attempts that nothing answered.
    pub unanswered: bool,
}

/// 60 rules, 256 addresses, no refused flow, open at 1,000, ports next to each other.
impl Default for Options {
    fn default() -> Self {
        Self { max_rules: 60, new_addresses: 256, refused: 0, open_at: 1000, port_gap: 0, unanswered: false }
    }
}

/// A security group and what speaks for each of its rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The rules, by direction, protocol and port.
    pub rules: Vec<ProposedRule>,
    /// What was accepted, and would now be refused.
    pub now_refused: Vec<NowRefused>,
    /// Connections that were looked at.
    pub connections: u64,
    /// Why there are more rules than were aimed at, for each direction that has.
    pub over: Vec<Over>,
}

/// A rule, and what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedRule {
    /// Which list it belongs to.
    pub direction: Direction,
    /// The rule.
    pub rule: SecurityGroupRule,
    /// Far addresses with accepted flows.
    pub addresses: u64,
    /// Connections, as far as the records tell them apart.
    pub connections: u64,
    /// What the opening side sent.
    pub tally: Tally,
    /// The far addresses with the most bytes, at most [`ProposedRule::EXAMPLES`].
    pub examples: Vec<IpAddr>,
    /// Addresses without an accepted flow that it admits.
    pub new_addresses: u128,
    /// Ports without an accepted flow that it admits.
    pub new_ports: u32,
    /// Flows that only were refused that it admits.
    pub newly_admitted: Vec<Refused>,
}

impl ProposedRule {
    /// How many far addresses are named.
    pub const EXAMPLES: usize = 3;
}

/// A flow that only was refused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refused {
    /// Protocol and port.
    pub service: Service,
    /// The far side.
    pub far: IpAddr,
    /// Refused records.
    pub records: u64,
}

/// A service that was reached, but not for good: no rule is proposed for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NowRefused {
    /// Which way it was reached.
    pub direction: Direction,
    /// Protocol and port.
    pub service: Service,
    /// Far addresses.
    pub addresses: u64,
    /// What they sent.
    pub tally: Tally,
    /// Why there is no rule for it.
    pub why: &'static str,
}

/// More rules than were aimed at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Over {
    /// Of this direction.
    pub direction: Direction,
    /// So many.
    pub rules: usize,
    /// The merge that the bounds did not allow; `None` when nothing is left to merge.
    pub next: Option<NextMerge>,
}

/// What a merge would newly admit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextMerge {
    /// Addresses without an accepted flow.
    pub new_addresses: u128,
    /// Flows that only were refused.
    pub refused: usize,
}

/// Proposes a security group with this id, in four steps: who opened, what was opened, ports into ranges, addresses into
/// prefixes.
pub fn propose(flows: impl IntoIterator<Item = SeenFlow>, options: &Options, group: &str) -> Proposal {
    let connections = connection::Connections::of(flows);
    let services = services::Services::of(&connections, options);
    let mut proposal = Proposal {
        rules: Vec::new(),
        now_refused: services.now_refused(),
        connections: connections.len() as u64,
        over: Vec::new(),
    };
    for direction in [Direction::Ingress, Direction::Egress] {
        let ranges = services.ranges(direction, options);
        let (merged, over) = merge::merge(&ranges, options);
        proposal.over.extend(over.map(|(rules, next)| Over { direction, rules, next }));
        for prefix in merged {
            proposal.rules.push(ranges[prefix.range].rule(direction, &prefix, group));
        }
    }
    proposal
}

impl Proposal {
    /// The security group. What its owner should know of a rule stands in its description.
    pub fn group(&self, id: &str, name: Option<String>) -> SecurityGroup {
        let rules = |direction| {
            let rules = self.rules.iter().filter(|rule| rule.direction == direction);
            rules.map(|rule| SecurityGroupRule { description: Some(rule.summary()), ..rule.rule.clone() }).collect()
        };
        let (ingress, egress) = (rules(Direction::Ingress), rules(Direction::Egress));
        SecurityGroup { id: id.to_owned(), name, vpc_id: None, ingress, egress }
    }
}

#[cfg(test)]
mod tests;
