//! Why a packet passes or not, and what would let it pass.
//!
//! [`Network::explain`] follows a packet and the reply to it past interfaces. Every verdict in the answer comes from
//! [`Connections::judge`]; beside it stand the rules that were looked at, with the reason why each did not match, and the
//! smallest [`Change`]s after which the whole exchange passes.

pub(crate) mod aws;
mod change;
mod consider;
mod exchange;
mod record;
mod text;

use std::time::Duration;

use serde::{Serialize, Serializer};

pub use change::Change;
pub use consider::{Considered, Mismatch, Outcome, Stage};
pub use record::{RecordError, RecordExplanation, Recorded};

use crate::{Action, Connections, Direction, Interface, Network, NetworkError, Packet, Timeouts, Verdict};
use exchange::{opening_flags, reply_flags, reply_to};

/// Where a packet passes an interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crossing {
    /// The interface; it need not be part of the network.
    pub interface: Interface,
    /// Which way the packet passes it.
    pub direction: Direction,
}

/// What becomes of a packet and of the reply to it, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// What becomes of the exchange: accepted when every step is.
    pub action: Action,
    /// The packet that was asked about.
    #[serde(serialize_with = "text::packet")]
    pub packet: Packet,
    /// What it meets, in order, up to the first refusal.
    pub steps: Vec<Step>,
    /// What it would have met after the refusal.
    pub not_reached: Vec<Unreached>,
    /// The fewest rules and entries that let the exchange pass, in order; none when it passes already.
    pub changes: Vec<Change>,
}

/// Whether a packet opens an exchange or answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The packet that opens a connection, or asks.
    Request,
    /// The answer to it.
    Reply,
}

/// One packet at one interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Id of the interface.
    pub interface: String,
    /// Which way it passes.
    pub direction: Direction,
    /// Request or reply.
    pub part: Part,
    /// The packet.
    #[serde(serialize_with = "text::packet")]
    pub packet: Packet,
    /// What became of it, and the rule that decided.
    #[serde(serialize_with = "text::verdict")]
    pub verdict: Verdict,
    /// What it met, in the order of AWS.
    pub stages: Vec<Stage>,
}

/// A packet that does not come about, because one before it is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unreached {
    /// Id of the interface.
    pub interface: String,
    /// Which way it would pass.
    pub direction: Direction,
    /// Request or reply.
    pub part: Part,
}

impl Network {
    /// Where a packet passes interfaces of this network: out of the one that owns its source, into the one that owns its
    /// destination. A packet between two addresses of one interface passes none.
    pub fn crossings(&self, packet: &Packet) -> Vec<Crossing> {
        let owner = |address| self.parts().interfaces.values().find(|interface| interface.owns(address));
        let (from, to) = (owner(packet.source), owner(packet.destination));
        if from.is_some() && from.map(|it| &it.id) == to.map(|it| &it.id) {
            return Vec::new();
        }
        let crossing = |interface: &Interface, direction| Crossing { interface: interface.clone(), direction };
        let out = from.map(|interface| crossing(interface, Direction::Egress));
        out.into_iter().chain(to.map(|interface| crossing(interface, Direction::Ingress))).collect()
    }

    /// Explains what becomes of a packet that opens a connection, or asks, and of the reply to it, at these interfaces.
    ///
    /// # Errors
    /// When an interface names a security group or subnet that is not here.
    pub fn explain(&self, packet: &Packet, crossings: &[Crossing]) -> Result<Explanation, NetworkError> {
        let walked = walk(self, packet, crossings)?;
        let mut changes = Vec::new();
        let mut refused = walked.steps.last().filter(|step| step.verdict.action == Action::Reject).cloned();
        let action = if refused.is_some() { Action::Reject } else { Action::Accept };
        let mut mended = None;
        while let Some(step) = refused.take() {
            let network = mended.as_ref().unwrap_or(self);
            let Some(crossing) = crossings.iter().find(|it| it.interface.id == step.interface) else { break };
            let Some(change) = Change::admitting(network, &crossing.interface, &step) else { break };
            let mut parts = network.parts().clone();
            change.apply(&mut parts);
            let changed = Network::new(parts)?;
            let again = walk(&changed, packet, crossings)?.steps;
            changes.push(change);
            refused = again.last().filter(|step| step.verdict.action == Action::Reject).cloned();
            mended = Some(changed);
        }
        Ok(Explanation { action, packet: *packet, steps: walked.steps, not_reached: walked.not_reached, changes })
    }
}

/// The way of an exchange.
struct Walked {
    steps: Vec<Step>,
    not_reached: Vec<Unreached>,
}

/// Follows the request past every interface, then the reply back.
fn walk(network: &Network, packet: &Packet, crossings: &[Crossing]) -> Result<Walked, NetworkError> {
    let mut policies = Vec::with_capacity(crossings.len());
    for crossing in crossings {
        policies.push((network.policy(&crossing.interface)?, Connections::new(1, Timeouts::default())));
    }
    let requests = (0..crossings.len()).map(|at| (at, Part::Request, *packet));
    let replies = reply_to(packet)
        .into_iter()
        .flat_map(|reply| (0..crossings.len()).rev().map(move |at| (at, Part::Reply, reply)));
    let mut walked = Walked { steps: Vec::new(), not_reached: Vec::new() };
    let mut refused = false;
    for (at, part, packet) in requests.chain(replies) {
        let Crossing { interface, direction } = &crossings[at];
        let (direction, flags) = match part {
            Part::Request => (*direction, opening_flags(&packet)),
            Part::Reply => (direction.reverse(), reply_flags(&packet)),
        };
        let id = interface.id.clone();
        if refused {
            walked.not_reached.push(Unreached { interface: id, direction, part });
            continue;
        }
        let (policy, connections) = &mut policies[at];
        let verdict = connections.judge(policy, &packet, flags, direction, Duration::ZERO);
        refused = verdict.action == Action::Reject;
        let stages = consider::stages(network, interface, &packet, direction, &verdict);
        walked.steps.push(Step { interface: id, direction, part, packet, verdict, stages });
    }
    Ok(walked)
}

/// Serializes as text.
fn display<S: Serializer>(value: &impl std::fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

#[cfg(test)]
mod tests;
