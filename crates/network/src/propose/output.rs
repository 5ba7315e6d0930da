//! Proposals for AWS, and for people.

use serde_json::{Value, json};

use super::{Proposal, ProposedRule};
use crate::{
    Direction, Peer,
    explain::aws::{aws_protocol, from_port, to_port},
};

impl ProposedRule {
    /// What it is for, short enough for the description of a rule at AWS and of its characters.
    pub fn summary(&self) -> String {
        let mut text = format!("{} connections from {} addresses", self.connections, self.addresses);
        if self.direction == Direction::Egress {
            text = format!("{} connections to {} addresses", self.connections, self.addresses);
        }
        if self.new_addresses > 0 {
            text.push_str(&format!(", {} new addresses", self.new_addresses));
        }
        if !self.newly_admitted.is_empty() {
            text.push_str(&format!(", {} flows refused so far", self.newly_admitted.len()));
        }
        text
    }
}

impl Proposal {
    /// The value of `--ip-permissions` of `aws ec2 authorize-security-group-ingress` or `-egress`.
    pub fn ip_permissions(&self, direction: Direction) -> Value {
        let mut permissions: Vec<(crate::Service, Vec<Value>, Vec<Value>)> = Vec::new();
        for proposed in self.rules.iter().filter(|rule| rule.direction == direction) {
            let service = proposed.rule.service;
            let place = permissions.iter().position(|(there, ..)| *there == service).unwrap_or_else(|| {
                permissions.push((service, Vec::new(), Vec::new()));
                permissions.len() - 1
            });
            let description = proposed.summary();
            match &proposed.rule.peer {
                Peer::Cidr(net @ ipnet::IpNet::V4(_)) => {
                    permissions[place].1.push(json!({ "CidrIp": net.to_string(), "Description": description }));
                }
                Peer::Cidr(net @ ipnet::IpNet::V6(_)) => {
                    permissions[place].2.push(json!({ "CidrIpv6": net.to_string(), "Description": description }));
                }
                // Proposals speak of addresses only.
                Peer::Group(_) | Peer::PrefixList(_) => {}
            }
        }
        permissions.into_iter().map(|(service, ipv4, ipv6)| permission(service, ipv4, ipv6)).collect()
    }
}

fn permission(service: crate::Service, ipv4: Vec<Value>, ipv6: Vec<Value>) -> Value {
    let mut permission = json!({ "IpProtocol": aws_protocol(service) });
    for (key, port) in [("FromPort", from_port(service)), ("ToPort", to_port(service))] {
        if let Some(port) = port {
            permission[key] = json!(port);
        }
    }
    for (key, ranges) in [("IpRanges", ipv4), ("Ipv6Ranges", ipv6)] {
        if !ranges.is_empty() {
            permission[key] = Value::Array(ranges);
        }
    }
    permission
}
