//! Security groups, network ACLs and prefix lists, as their owner writes them.

use std::{fmt, net::IpAddr};

use ipnet::IpNet;

use crate::{Action, Direction, Service};

/// The far side that a rule of a security group speaks of: where ingress comes from, where egress goes to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Peer {
    /// The addresses of a range.
    Cidr(IpNet),
    /// The addresses of the interfaces that carry this security group (`sg-…`).
    Group(String),
    /// The addresses of a prefix list (`pl-…`).
    PrefixList(String),
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Peer::Cidr(cidr) => cidr.fmt(f),
            Peer::Group(id) | Peer::PrefixList(id) => f.write_str(id),
        }
    }
}

/// A rule of a security group. Rules only allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityGroupRule {
    /// `sgr-…`
    pub id: String,
    /// Protocol and ports.
    pub service: Service,
    /// The far side.
    pub peer: Peer,
    /// What its owner says about it.
    pub description: Option<String>,
}

impl SecurityGroupRule {
    /// The id that a rule gets which its owner gave none: `sgr-` and 17 hexadecimal digits that follow from its content,
    /// so that the same rule has the same id at every start, wherever it stands in the group.
    pub fn derived_id(group: &str, direction: Direction, service: Service, peer: &Peer) -> String {
        // FNV-1a with 128 bits: short, and the same for ever.
        let text = format!("{group} {} {service} {peer}", direction.as_str());
        let hash = text.bytes().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128, |hash, byte| {
            (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
        });
        format!("sgr-{:017x}", (hash >> 60) & ((1 << 68) - 1))
    }
}

/// A security group: stateful, allows only; what no rule of any group of an interface allows is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityGroup {
    /// `sg-…`
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// The VPC it belongs to.
    pub vpc_id: Option<String>,
    /// Who may come in.
    pub ingress: Vec<SecurityGroupRule>,
    /// Who may be reached.
    pub egress: Vec<SecurityGroupRule>,
}

impl SecurityGroup {
    /// Its rules for a direction, in the order of their owner.
    pub fn rules(&self, direction: Direction) -> &[SecurityGroupRule] {
        match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        }
    }

    /// The egress rules that a group has whose owner gave none, as at AWS: everything, to every IPv4 and IPv6 address.
    pub fn default_egress(group: &str) -> Vec<SecurityGroupRule> {
        [every_address(false), every_address(true)]
            .map(|cidr| {
                let peer = Peer::Cidr(cidr);
                let id = SecurityGroupRule::derived_id(group, Direction::Egress, Service::All, &peer);
                SecurityGroupRule { id, service: Service::All, peer, description: None }
            })
            .into()
    }
}

/// An entry of a network ACL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AclEntry {
    /// Its place: the entry with the lowest number that matches decides. 1 to 32766, as at AWS.
    pub number: u16,
    /// Allow or deny.
    pub action: Action,
    /// Protocol and ports.
    pub service: Service,
    /// The far side.
    pub cidr: IpNet,
}

/// A network ACL: stateless, allows and denies; what no entry matches is refused by the entry `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkAcl {
    /// `acl-…`
    pub id: String,
    /// The VPC it belongs to.
    pub vpc_id: Option<String>,
    /// What may enter a subnet, by number.
    pub ingress: Vec<AclEntry>,
    /// What may leave a subnet, by number.
    pub egress: Vec<AclEntry>,
}

impl NetworkAcl {
    /// The highest number of an entry.
    pub const MAX_NUMBER: u16 = 32766;

    /// Its entries for a direction.
    pub fn entries(&self, direction: Direction) -> &[AclEntry] {
        match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        }
    }
}

/// Address ranges under one name. IPv4 and IPv6 may stand together, which AWS does not allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrefixList {
    /// `pl-…`
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// The ranges.
    pub entries: Vec<IpNet>,
}

/// Every address of IPv4 or IPv6.
pub(crate) fn every_address(ipv6: bool) -> IpNet {
    use std::net::{Ipv4Addr, Ipv6Addr};
    let address: IpAddr = if ipv6 { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
    IpNet::new_assert(address, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_without_id_gets_one_from_its_content() {
        let peer = Peer::Cidr("10.0.0.0/8".parse().unwrap());
        let id = SecurityGroupRule::derived_id("sg-web", Direction::Ingress, Service::All, &peer);
        assert_eq!(id.len(), "sgr-".len() + 17);
        assert_eq!(id, SecurityGroupRule::derived_id("sg-web", Direction::Ingress, Service::All, &peer));
        for other in [
            SecurityGroupRule::derived_id("sg-db", Direction::Ingress, Service::All, &peer),
            SecurityGroupRule::derived_id("sg-web", Direction::Egress, Service::All, &peer),
            SecurityGroupRule::derived_id("sg-web", Direction::Ingress, Service::Protocol(50), &peer),
            SecurityGroupRule::derived_id("sg-web", Direction::Ingress, Service::All, &Peer::Group("sg-db".into())),
        ] {
            assert_ne!(id, other);
        }
    }

    #[test]
    fn a_group_lets_everything_out_by_default() {
        let rules = SecurityGroup::default_egress("sg-web");
        let shown: Vec<_> = rules.iter().map(|rule| format!("{} {}", rule.service, rule.peer)).collect();
        assert_eq!(shown, ["all 0.0.0.0/0", "all ::/0"]);
    }
}
