//! Explanations as people read them, and parts of them as JSON.

use std::fmt::{self, Write as _};

use serde::{Serialize, Serializer, ser::SerializeStruct as _};

use super::{Change, Considered, Explanation, Outcome, Part, Stage, Step, Unreached};
use crate::{ICMP, ICMPV6, Packet, TCP, UDP, Verdict, service::protocol_text};

impl Explanation {
    /// The explanation as text of several lines. Of the rules that do not match, at most `rules` of each list are
    /// named: those that come nearest, in their order.
    pub fn to_text(&self, rules: usize) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = self.write(&mut text, rules);
        text
    }

    fn write(&self, out: &mut String, rules: usize) -> fmt::Result {
        writeln!(out, "{}: {}", PacketText(&self.packet), self.action.as_str())?;
        let mut number = 1;
        for step in &self.steps {
            write_step(out, number, step, rules)?;
            number += 1;
        }
        for Unreached { interface, direction, part } in &self.not_reached {
            writeln!(out, "\n{number}. {}, {} at {interface}: not reached", part_text(*part), direction.as_str())?;
            number += 1;
        }
        match (self.steps.is_empty(), self.changes.is_empty(), self.action) {
            (true, ..) => writeln!(out, "\nIt passes no interface of the network."),
            (_, true, crate::Action::Reject) => {
                writeln!(out, "\nNothing short of taking entries away lets it through: the network ACL is full.")
            }
            _ => self.changes.iter().try_for_each(|change| write_change(out, change)),
        }
    }
}

fn write_step(out: &mut String, number: usize, step: &Step, rules: usize) -> fmt::Result {
    let (part, direction, interface) = (part_text(step.part), step.direction.as_str(), &step.interface);
    writeln!(out, "\n{number}. {part}, {direction} at {interface}: {}", step.verdict)?;
    for stage in &step.stages {
        match stage {
            Stage::SecurityGroups { rules: considered } => {
                write_considered(out, considered, rules)?;
                if considered.iter().all(|rule| matches!(rule.outcome, Outcome::PassedOver(_))) {
                    writeln!(out, "   no rule of its security groups allows it")?;
                }
            }
            Stage::NetworkAcl { entries, .. } => write_considered(out, entries, rules)?,
            Stage::NotAsked { what, why } => writeln!(out, "   {what}: not asked, {why}")?,
        }
    }
    Ok(())
}

/// The ones that match, and the nearest of the others.
fn write_considered(out: &mut String, considered: &[Considered], limit: usize) -> fmt::Result {
    let distance = |rule: &Considered| match &rule.outcome {
        Outcome::PassedOver(why) => why.len(),
        Outcome::Decides | Outcome::TooLate => 0,
    };
    let mut nearest: Vec<usize> = (0..considered.len()).collect();
    nearest.sort_by_key(|place| distance(&considered[*place]));
    nearest.truncate(limit.max(1));
    nearest.sort_unstable();
    let shown: Vec<&Considered> = nearest.into_iter().map(|place| &considered[place]).collect();
    let width = |text: fn(&Considered) -> &str| shown.iter().map(|rule| text(rule).len()).max().unwrap_or(0);
    let (names, says) = (width(|rule| &rule.name), width(|rule| &rule.says));
    for rule in &shown {
        writeln!(out, "   {:names$}  {:says$}  {}", rule.name, rule.says, rule.outcome)?;
    }
    let left_out = considered.len() - shown.len();
    if left_out > 0 {
        writeln!(out, "   and {left_out} more that are further off")?;
    }
    Ok(())
}

fn write_change(out: &mut String, change: &Change) -> fmt::Result {
    writeln!(out, "\nTo let it through, add to {}:", change.place())?;
    for (from, to) in change.moved_numbers() {
        writeln!(out, "  network file:  first give entry {from} the number {to}")?;
    }
    writeln!(out, "  network file:  {}", change.line())?;
    change.aws_commands().iter().try_for_each(|command| writeln!(out, "  AWS:           {command}"))
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Decides => f.write_str("matches: decides"),
            Outcome::TooLate => f.write_str("matches, but one before it has decided"),
            Outcome::PassedOver(why) => {
                for (place, mismatch) in why.iter().enumerate() {
                    write!(f, "{}{mismatch}", if place == 0 { "" } else { "; " })?;
                }
                Ok(())
            }
        }
    }
}

const fn part_text(part: Part) -> &'static str {
    match part {
        Part::Request => "request",
        Part::Reply => "reply",
    }
}

/// Such as `tcp 10.0.1.20:49152 -> 10.0.1.10:22`.
struct PacketText<'a>(&'a Packet);

impl fmt::Display for PacketText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Packet { source, destination, protocol, source_port, destination_port, icmp } = self.0;
        f.write_str(&protocol_text(*protocol))?;
        if let (ICMP | ICMPV6, Some((kind, code))) = (*protocol, icmp) {
            write!(f, " type {kind} code {code}")?;
        }
        if matches!(*protocol, TCP | UDP) {
            let end = |address, port| std::net::SocketAddr::new(address, port);
            return write!(f, " {} -> {}", end(*source, *source_port), end(*destination, *destination_port));
        }
        write!(f, " {source} -> {destination}")
    }
}

/// A packet as JSON.
pub(super) fn packet<S: Serializer>(packet: &Packet, serializer: S) -> Result<S::Ok, S::Error> {
    let mut fields = serializer.serialize_struct("Packet", 7)?;
    fields.serialize_field("source", &packet.source)?;
    fields.serialize_field("destination", &packet.destination)?;
    fields.serialize_field("protocol", &packet.protocol)?;
    fields.serialize_field("source_port", &packet.source_port)?;
    fields.serialize_field("destination_port", &packet.destination_port)?;
    fields.serialize_field("icmp_type", &packet.icmp.map(|(kind, _)| kind))?;
    fields.serialize_field("icmp_code", &packet.icmp.map(|(_, code)| code))?;
    fields.end()
}

/// A verdict as JSON.
pub(super) fn verdict<S: Serializer>(verdict: &Verdict, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Fields<'a> {
        action: &'a str,
        rule: String,
        because: String,
    }
    let (rule, because) = (verdict.rule.token(), verdict.rule.to_string());
    Fields { action: verdict.action.as_str(), rule, because }.serialize(serializer)
}
