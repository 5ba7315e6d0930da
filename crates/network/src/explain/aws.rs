//! Changes as lines of the network file and as commands of the AWS command line.

use ipnet::IpNet;

use super::Change;
use crate::{AclEntry, Action, Direction, IcmpMatch, Peer, PortRange, SecurityGroupRule, Service};

impl Change {
    /// The rule or entry as it stands in the list of a network file:
    /// `{ protocol = "tcp", ports = 22, source = "10.0.1.20/32" }`.
    pub fn line(&self) -> String {
        match self {
            Change::AddRule { direction, rule, .. } => rule.line(*direction),
            Change::AddEntry { direction, entry, .. } => entry.line(*direction),
        }
    }

    /// Entries that get another number first: from and to.
    pub fn moved_numbers(&self) -> Vec<(u16, u16)> {
        match self {
            Change::AddRule { .. } => Vec::new(),
            Change::AddEntry { moved, .. } => moved.iter().map(|entry| (entry.number, entry.number + 1)).collect(),
        }
    }

    /// The commands that make the change at AWS, in order.
    pub fn aws_commands(&self) -> Vec<String> {
        match self {
            Change::AddRule { group, direction, rule } => vec![authorize(group, *direction, rule)],
            Change::AddEntry { acl, direction, entry, moved } => {
                let mut commands = Vec::new();
                for old in moved {
                    let number = old.number;
                    let list = direction.as_str();
                    commands.push(create_entry(acl, *direction, &AclEntry { number: number + 1, ..old.clone() }));
                    commands.push(format!(
                        "aws ec2 delete-network-acl-entry --network-acl-id {acl} --{list} --rule-number {number}"
                    ));
                }
                commands.push(create_entry(acl, *direction, entry));
                commands
            }
        }
    }
}

fn authorize(group: &str, direction: Direction, rule: &SecurityGroupRule) -> String {
    let (protocol, from, to) = (aws_protocol(rule.service), from_port(rule.service), to_port(rule.service));
    let ports = match (from, to) {
        (Some(from), Some(to)) => format!(",FromPort={from},ToPort={to}"),
        _ => String::new(),
    };
    let peer = match &rule.peer {
        Peer::Cidr(cidr @ IpNet::V4(_)) => format!("IpRanges=[{{CidrIp={cidr}}}]"),
        Peer::Cidr(cidr @ IpNet::V6(_)) => format!("Ipv6Ranges=[{{CidrIpv6={cidr}}}]"),
        Peer::Group(id) => format!("UserIdGroupPairs=[{{GroupId={id}}}]"),
        Peer::PrefixList(id) => format!("PrefixListIds=[{{PrefixListId={id}}}]"),
    };
    let list = direction.as_str();
    format!(
        "aws ec2 authorize-security-group-{list} --group-id {group} --ip-permissions \
         'IpProtocol={protocol}{ports},{peer}'"
    )
}

fn create_entry(acl: &str, direction: Direction, entry: &AclEntry) -> String {
    let AclEntry { number, action, service, cidr } = entry;
    let action = if *action == Action::Accept { "allow" } else { "deny" };
    let cidr_flag = if matches!(cidr, IpNet::V4(_)) { "cidr-block" } else { "ipv6-cidr-block" };
    let protocol = service.protocol().map_or("-1".to_owned(), |number| number.to_string());
    let detail = match (*service, from_port(*service), to_port(*service)) {
        (Service::Icmp(_) | Service::Icmpv6(_), Some(kind), Some(code)) => {
            format!(" --icmp-type-code Type={kind},Code={code}")
        }
        (_, Some(from), Some(to)) => format!(" --port-range From={from},To={to}"),
        _ => String::new(),
    };
    let list = direction.as_str();
    format!(
        "aws ec2 create-network-acl-entry --network-acl-id {acl} --{list} --rule-number {number} --protocol {protocol}\
         {detail} --{cidr_flag} {cidr} --rule-action {action}"
    )
}

/// The protocol as `IpProtocol` of EC2 has it.
pub(crate) fn aws_protocol(service: Service) -> String {
    match service {
        Service::All => "-1".to_owned(),
        other => other.protocol_name(),
    }
}

/// `FromPort` of EC2: the first port, or the ICMP type, -1 for any.
pub(crate) fn from_port(service: Service) -> Option<i32> {
    match service {
        Service::Tcp(ports) | Service::Udp(ports) => Some(ports.first().into()),
        Service::Icmp(icmp) | Service::Icmpv6(icmp) => Some(match icmp {
            IcmpMatch::Any => -1,
            IcmpMatch::Type(kind) | IcmpMatch::Code(kind, _) => kind.into(),
        }),
        Service::All | Service::Protocol(_) => None,
    }
}

/// `ToPort` of EC2: the last port, or the ICMP code, -1 for any.
pub(crate) fn to_port(service: Service) -> Option<i32> {
    match service {
        Service::Tcp(ports) | Service::Udp(ports) => Some(PortRange::last(ports).into()),
        Service::Icmp(icmp) | Service::Icmpv6(icmp) => Some(match icmp {
            IcmpMatch::Any | IcmpMatch::Type(_) => -1,
            IcmpMatch::Code(_, code) => code.into(),
        }),
        Service::All | Service::Protocol(_) => None,
    }
}
