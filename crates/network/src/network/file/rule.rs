//! Rules and entries as people write them.

use serde::{Deserialize, Serialize};

use super::{cidr, scalar::Scalar};
use crate::{
    AclEntry, Action, Direction, IcmpMatch, Peer, SecurityGroupRule, Service,
    network::{Item, NetworkError},
};

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct FileRule {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<Scalar>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ports: Option<Scalar>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icmp_type: Option<Scalar>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icmp_code: Option<Scalar>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct FileAclEntry {
    number: u16,
    action: FileAction,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    protocol: Option<Scalar>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ports: Option<Scalar>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    icmp_type: Option<Scalar>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    icmp_code: Option<Scalar>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    destination: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum FileAction {
    Allow,
    Deny,
}

impl FileRule {
    pub(super) fn read(
        self,
        group: &str,
        direction: Direction,
        item: &Item,
    ) -> Result<SecurityGroupRule, NetworkError> {
        let service = service([&self.protocol, &self.ports, &self.icmp_type, &self.icmp_code], item)?;
        let peer = match far_side(direction, self.source, self.destination, item)? {
            group if group.starts_with("sg-") => Peer::Group(group),
            list if list.starts_with("pl-") => Peer::PrefixList(list),
            range => Peer::Cidr(cidr(&range, item)?),
        };
        let id = self.id.unwrap_or_else(|| SecurityGroupRule::derived_id(group, direction, service, &peer));
        Ok(SecurityGroupRule { id, service, peer, description: self.description })
    }

    pub(super) fn write(rule: &SecurityGroupRule, direction: Direction) -> Self {
        let [protocol, ports, icmp_type, icmp_code] = scalars(rule.service);
        let (source, destination) = on_side(direction, rule.peer.to_string());
        let (id, description) = (Some(rule.id.clone()), rule.description.clone());
        Self { id, protocol, ports, icmp_type, icmp_code, source, destination, description }
    }
}

impl FileAclEntry {
    pub(super) fn read(self, direction: Direction, acl: &Item) -> Result<AclEntry, NetworkError> {
        let item = acl.inside(format_args!("{} entry {}", direction.as_str(), self.number));
        Ok(AclEntry {
            number: self.number,
            action: match self.action {
                FileAction::Allow => Action::Accept,
                FileAction::Deny => Action::Reject,
            },
            service: service([&self.protocol, &self.ports, &self.icmp_type, &self.icmp_code], &item)?,
            cidr: cidr(&far_side(direction, self.source, self.destination, &item)?, &item)?,
        })
    }

    pub(super) fn write(entry: &AclEntry, direction: Direction) -> Self {
        let [protocol, ports, icmp_type, icmp_code] = scalars(entry.service);
        let (source, destination) = on_side(direction, entry.cidr.to_string());
        let action = match entry.action {
            Action::Accept => FileAction::Allow,
            Action::Reject => FileAction::Deny,
        };
        Self { number: entry.number, action, protocol, ports, icmp_type, icmp_code, source, destination }
    }
}

impl SecurityGroupRule {
    /// The rule as it stands in a list of a network file, without its id:
    /// `{ protocol = "tcp", ports = 22, source = "10.0.0.0/8" }`.
    pub fn line(&self, direction: Direction) -> String {
        inline(&FileRule { id: None, ..FileRule::write(self, direction) })
    }
}

impl AclEntry {
    /// The entry as it stands in a list of a network file:
    /// `{ number = 100, action = "allow", protocol = "all", source = "0.0.0.0/0" }`.
    pub fn line(&self, direction: Direction) -> String {
        inline(&FileAclEntry::write(self, direction))
    }
}

/// A rule or an entry as an inline table of TOML.
fn inline(value: &impl Serialize) -> String {
    let mut text = String::new();
    // Structs of numbers and texts can always be written.
    let _ = value.serialize(toml::ser::ValueSerializer::new(&mut text));
    text
}

fn service(keys: [&Option<Scalar>; 4], item: &Item) -> Result<Service, NetworkError> {
    let [protocol, ports, icmp_type, icmp_code] = keys.map(|key| key.as_ref().map(|scalar| scalar.0.as_str()));
    Service::parse(protocol, ports, icmp_type, icmp_code).map_err(|problem| item.wrong(problem))
}

/// Protocol, ports, ICMP type and code.
fn scalars(service: Service) -> [Option<Scalar>; 4] {
    let number = |number: u8| Some(Scalar(number.to_string()));
    let (ports, icmp_type, icmp_code) = match service {
        Service::Tcp(ports) | Service::Udp(ports) => (Some(Scalar(ports.to_string())), None, None),
        Service::Icmp(IcmpMatch::Type(kind)) | Service::Icmpv6(IcmpMatch::Type(kind)) => (None, number(kind), None),
        Service::Icmp(IcmpMatch::Code(kind, code)) | Service::Icmpv6(IcmpMatch::Code(kind, code)) => {
            (None, number(kind), number(code))
        }
        _ => (None, None, None),
    };
    [Some(Scalar(service.protocol_name())), ports, icmp_type, icmp_code]
}

fn far_side(
    direction: Direction,
    source: Option<String>,
    destination: Option<String>,
    item: &Item,
) -> Result<String, NetworkError> {
    let (key, far, wrong_key, near) = match direction {
        Direction::Ingress => ("source", source, "destination", destination),
        Direction::Egress => ("destination", destination, "source", source),
    };
    match (far, near) {
        (Some(far), None) => Ok(far),
        (_, Some(_)) => Err(item.wrong(format_args!("{} has no `{wrong_key}`; write `{key}`", direction.as_str()))),
        (None, None) => {
            Err(item.wrong(format_args!("it has no `{key}`; 0.0.0.0/0 is every IPv4 address, ::/0 every IPv6")))
        }
    }
}

fn on_side(direction: Direction, far: String) -> (Option<String>, Option<String>) {
    match direction {
        Direction::Ingress => (Some(far), None),
        Direction::Egress => (None, Some(far)),
    }
}
