//! Explains records: which packet a record stands for is worked out first.

use serde::Serialize;
use thiserror::Error;

use super::{Crossing, Explanation, Part};
use crate::{Action, Direction, ICMP, ICMPV6, Interface, Network, NetworkError, Packet, TCP};

/// A flow as a record tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Interface that it was recorded at.
    pub interface_id: Option<String>,
    /// Its headers: `pkt-srcaddr` and `pkt-dstaddr` where the record has them. Records have no ICMP type: `None`
    /// unless it is known otherwise.
    pub packet: Packet,
    /// `flow-direction`.
    pub direction: Option<Direction>,
    /// The direction to take when neither the record nor the network says it.
    pub likely: Direction,
    /// `tcp-flags`.
    pub tcp_flags: Option<u8>,
    /// `action`.
    pub action: Option<Action>,
    /// `rule`, the extension: what decided.
    pub rule: Option<String>,
}

/// What the rules say about a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordExplanation {
    /// The exchange that the record is a part of.
    #[serde(flatten)]
    pub explanation: Explanation,
    /// Which part of the exchange the record is.
    pub record_is: Part,
    /// The action in the record.
    pub recorded: Option<Action>,
    /// What the rules say about the packets of the record; `None` when the exchange does not get that far.
    pub predicted: Option<Action>,
    /// What was assumed, because the record does not say it.
    pub assumed: Vec<String>,
}

/// Why a record cannot be explained.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RecordError {
    /// The network has no such interface, and none that owns an address of the record.
    #[error("the network has no interface {0} and none with an address of the record; add it, or name another")]
    NoInterface(String),
    /// The network is not whole for this interface.
    #[error(transparent)]
    Network(#[from] NetworkError),
}

/// One way to read a record.
struct Reading {
    /// The packet that opened the exchange, and which way it passed.
    opening: Packet,
    direction: Direction,
    part: Part,
    assumed: Vec<String>,
}

impl Network {
    /// Explains the exchange that a record is a part of, at the interface that recorded it.
    ///
    /// A record does not say whether its packets opened a connection or answered. SYN together with ACK in its flags is
    /// an answer; otherwise the first reading counts with which the rules agree with the record, and its assumptions
    /// are told.
    ///
    /// # Errors
    /// When the interface is not known, or names what is not in the network.
    pub fn explain_record(&self, recorded: &Recorded) -> Result<RecordExplanation, RecordError> {
        let Crossing { interface, direction } = self.crossing_of(recorded)?;
        let mut first = None;
        for reading in readings(recorded, direction) {
            let crossing = Crossing { interface: interface.clone(), direction: reading.direction };
            let explanation = self.explain(&reading.opening, &[crossing])?;
            let step = explanation.steps.iter().find(|step| step.part == reading.part);
            let predicted = step.map(|step| step.verdict.action);
            let rule_agrees = recorded.rule.as_ref().is_none_or(|rule| {
                step.is_none_or(|step| step.verdict.action == Action::Accept || *rule == step.verdict.rule.token())
            });
            let agrees = predicted == recorded.action && rule_agrees;
            let explained = RecordExplanation {
                explanation,
                record_is: reading.part,
                recorded: recorded.action,
                predicted,
                assumed: reading.assumed,
            };
            if agrees {
                return Ok(explained);
            }
            first.get_or_insert(explained);
        }
        first.ok_or_else(|| RecordError::NoInterface(recorded.interface_id.clone().unwrap_or_default()))
    }

    /// Where the packets of a record passed: at the interface that it names, or else at one that owns an address of it.
    fn crossing_of(&self, recorded: &Recorded) -> Result<Crossing, RecordError> {
        let Packet { source, destination, .. } = recorded.packet;
        let id = recorded.interface_id.clone().unwrap_or_else(|| "eni-unknown".to_owned());
        let owner = |address| self.parts().interfaces.values().find(|interface| interface.owns(address));
        let own = match recorded.direction {
            Some(Direction::Ingress) => owner(destination),
            Some(Direction::Egress) => owner(source),
            None => owner(destination).or_else(|| owner(source)),
        };
        let interface = match self.interface(&id).or(own) {
            Some(known) => known.clone(),
            None if self.parts().interfaces.is_empty() => self.interface_for(Interface::unknown(&id)),
            None => return Err(RecordError::NoInterface(id)),
        };
        let direction =
            recorded.direction.unwrap_or_else(|| match (interface.owns(destination), interface.owns(source)) {
                (true, _) => Direction::Ingress,
                (_, true) => Direction::Egress,
                _ => recorded.likely,
            });
        Ok(Crossing { interface, direction })
    }
}

/// The ways to read a record, the likelier first.
fn readings(recorded: &Recorded, direction: Direction) -> Vec<Reading> {
    const SYN_ACK: u8 = 18;
    const ACK: u8 = 16;
    const SYN: u8 = 2;
    let packet = recorded.packet;
    let request = |icmp, assumed: &[&str]| Reading {
        opening: Packet { icmp, ..packet },
        direction,
        part: Part::Request,
        assumed: assumed.iter().map(|&text| text.to_owned()).collect(),
    };
    let reply = |icmp, assumed: &[&str]| Reading {
        opening: Packet {
            source: packet.destination,
            destination: packet.source,
            source_port: packet.destination_port,
            destination_port: packet.source_port,
            icmp,
            ..packet
        },
        direction: direction.reverse(),
        part: Part::Reply,
        assumed: assumed.iter().map(|&text| text.to_owned()).collect(),
    };
    const ANSWERS: &str = "these packets answer a connection that the other side opened";
    match (packet.protocol, packet.icmp, recorded.tcp_flags) {
        (TCP, _, Some(flags)) if flags & SYN_ACK == SYN_ACK => vec![reply(None, &[])],
        (TCP, _, Some(flags)) if flags & (SYN | ACK) == SYN => vec![request(None, &[])],
        (ICMP | ICMPV6, Some(icmp), _) => vec![request(Some(icmp), &[])],
        (ICMP | ICMPV6, None, _) => {
            let echo = Some((if packet.protocol == ICMP { 8 } else { 128 }, 0));
            vec![
                request(echo, &["these are echo requests (ping)"]),
                reply(echo, &["these are echo replies (ping)"]),
                request(None, &["these are neither echo requests nor replies: only rules for every type match"]),
            ]
        }
        _ => vec![request(None, &[]), reply(None, &[ANSWERS])],
    }
}

impl RecordExplanation {
    /// The explanation as text, with what the record says beside what the rules say. See [`Explanation::to_text`].
    pub fn to_text(&self, rules: usize) -> String {
        let mut text = self.explanation.to_text(rules);
        for assumed in &self.assumed {
            text.push_str(&format!("\nAssumed, since the record does not say: {assumed}.\n"));
        }
        match (self.recorded, self.predicted) {
            (Some(recorded), Some(predicted)) if recorded != predicted => {
                text.push_str(&format!(
                    "\nThe record says {}, these rules {}: they were others then, or the host's own firewall decided.\n",
                    recorded.as_str(),
                    predicted.as_str()
                ));
            }
            _ => {}
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Owner, UDP};

    const PING: &str = r#"
        [[vpc]]
        id = "vpc-a"
        cidrs = ["172.31.0.0/16"]
        [[subnet]]
        id = "subnet-a"
        vpc = "vpc-a"
        cidrs = ["172.31.16.0/20"]
        network-acl = "acl-a"
        [[interface]]
        id = "eni-a"
        subnet = "subnet-a"
        addresses = ["172.31.16.139"]
        security-groups = ["sg-a"]
        [[security-group]]
        id = "sg-a"
        egress = []
        ingress = [
            { id = "sgr-ping", protocol = "icmp", source = "203.0.113.12" },
            { id = "sgr-ssh", protocol = "tcp", ports = 22, source = "172.31.0.0/16" },
        ]
        [[network-acl]]
        id = "acl-a"
        ingress = [{ number = 100, action = "allow", source = "0.0.0.0/0" }]
        egress = [{ number = 100, action = "deny", protocol = "icmp", destination = "0.0.0.0/0" }]
    "#;

    fn explained(recorded: &Recorded) -> RecordExplanation {
        Network::parse(PING, &Owner::default()).unwrap().explain_record(recorded).unwrap()
    }

    fn recorded(protocol: u8, source: (&str, u16), destination: (&str, u16), action: Action) -> Recorded {
        Recorded {
            interface_id: Some("eni-1235b8ca123456789".into()),
            packet: Packet {
                source: source.0.parse().unwrap(),
                destination: destination.0.parse().unwrap(),
                protocol,
                source_port: source.1,
                destination_port: destination.1,
                icmp: None,
            },
            direction: None,
            likely: Direction::Ingress,
            tcp_flags: None,
            action: Some(action),
            rule: None,
        }
    }

    const OWN: &str = "172.31.16.139";
    const FAR: &str = "203.0.113.12";

    /// The two records of AWS for a ping whose reply the network ACL refuses.
    #[test]
    fn a_refused_ping_reply_is_read_as_one() {
        let request = explained(&recorded(ICMP, (FAR, 0), (OWN, 0), Action::Accept));
        assert_eq!((request.record_is, request.predicted), (Part::Request, Some(Action::Accept)));
        let reply = explained(&recorded(ICMP, (OWN, 0), (FAR, 0), Action::Reject));
        // An echo request of our own would have been refused as well, but by the group, which lets nothing out.
        assert_eq!((reply.record_is, reply.predicted), (Part::Request, Some(Action::Reject)));
        let named = Recorded { rule: Some("acl-a/100".into()), ..recorded(ICMP, (OWN, 0), (FAR, 0), Action::Reject) };
        let reply = explained(&named);
        assert_eq!((reply.record_is, reply.predicted), (Part::Reply, Some(Action::Reject)));
        assert_eq!(reply.explanation.steps[1].verdict.to_string(), "REJECT: acl-a #100");
        assert_eq!(reply.assumed, ["these are echo replies (ping)"]);
    }

    #[test]
    fn flags_tell_requests_from_replies() {
        let out = recorded(TCP, (OWN, 22), ("172.31.17.9", 40_000), Action::Accept);
        for flags in [None, Some(18), Some(19), Some(1)] {
            let reply = explained(&Recorded { tcp_flags: flags, ..out.clone() });
            assert_eq!((reply.record_is, reply.predicted), (Part::Reply, Some(Action::Accept)), "{flags:?}");
        }
        let request = explained(&Recorded { tcp_flags: Some(2), ..out });
        assert_eq!((request.record_is, request.predicted), (Part::Request, Some(Action::Reject)));
        assert!(request.to_text(5).contains("The record says ACCEPT, these rules REJECT"), "{}", request.to_text(5));
    }

    #[test]
    fn an_interface_that_is_not_there_is_an_error() {
        let network = Network::parse(PING, &Owner::default()).unwrap();
        let elsewhere = recorded(UDP, (FAR, 1), ("192.0.2.1", 2), Action::Accept);
        assert_eq!(
            network.explain_record(&elsewhere).unwrap_err().to_string(),
            "the network has no interface eni-1235b8ca123456789 and none with an address of the record; add it, or name \
             another"
        );
    }

    #[test]
    fn a_file_of_groups_alone_holds_for_every_record() {
        let text = "[[security-group]]\nid = \"sg-a\"\negress = []\ningress = [{ protocol = \"udp\", source = \"10.0.0.0/8\" }]";
        let network = Network::parse(text, &Owner::default()).unwrap();
        let explained = network.explain_record(&recorded(UDP, ("10.1.1.1", 9), (OWN, 53), Action::Accept)).unwrap();
        assert_eq!(explained.predicted, Some(Action::Accept));
    }
}
