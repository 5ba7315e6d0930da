//! The network file: what people write.

mod rule;
mod scalar;

use std::{collections::BTreeMap, net::IpAddr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use self::rule::{FileAclEntry, FileRule};
use super::{Item, NetworkError, Owner, Parts, Things};
use crate::{Direction, Instance, Interface, NetworkAcl, PrefixList, SecurityGroup, Side, Subnet, Vpc};

/// A network file, in TOML or JSON, as it is written: nothing in it is checked yet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct NetworkFile {
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    vpc: Vec<FileVpc>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subnet: Vec<FileSubnet>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    instance: Vec<FileInstance>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    interface: Vec<FileInterface>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    security_group: Vec<FileSecurityGroup>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    network_acl: Vec<FileNetworkAcl>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    prefix_list: Vec<FilePrefixList>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct FileVpc {
    id: String,
    cidrs: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    aws_services: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct FileSubnet {
    id: String,
    vpc: String,
    cidrs: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    az_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    network_acl: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct FileInstance {
    id: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct FileInterface {
    id: String,
    /// The tag `Name`; of an interface of a host the name that it has there, such as `eth0`.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    az_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vpc: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subnet: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    addresses: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    security_groups: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "is_host")]
    side: Side,
}

fn is_host(side: &Side) -> bool {
    *side == Side::Host
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct FileSecurityGroup {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vpc: Option<String>,
    ingress: Vec<FileRule>,
    /// Left out: everything may leave, as at AWS. An empty list: nothing may.
    #[serde(skip_serializing_if = "Option::is_none")]
    egress: Option<Vec<FileRule>>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct FileNetworkAcl {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    vpc: Option<String>,
    ingress: Vec<FileAclEntry>,
    egress: Vec<FileAclEntry>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct FilePrefixList {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    entries: Vec<String>,
}

impl NetworkFile {
    /// Reads JSON when the text begins with `{`, otherwise TOML.
    ///
    /// # Errors
    /// When it is not well formed or has an unknown key, with the place.
    pub fn parse(text: &str) -> Result<Self, NetworkError> {
        if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|error| NetworkError::Syntax(error.to_string()))
        } else {
            toml::from_str(text).map_err(|error| NetworkError::Syntax(error.to_string().trim_end().to_owned()))
        }
    }

    /// The file as TOML.
    ///
    /// # Errors
    /// When it cannot be written, which no network that was checked does.
    pub fn to_toml(&self) -> Result<String, NetworkError> {
        toml::to_string(self).map_err(|error| NetworkError::Syntax(error.to_string()))
    }

    /// Reads every text in it. Whether the parts fit together is not looked at.
    pub(super) fn into_parts(self, owner: &Owner) -> Result<Parts, NetworkError> {
        let owner = Owner {
            account_id: self.account_id.unwrap_or_else(|| owner.account_id.clone()),
            region: self.region.unwrap_or_else(|| owner.region.clone()),
        };
        let subnets = collect("subnet", self.subnet, |file| &file.id, FileSubnet::read)?;
        let interface = |file: FileInterface, item: &Item| file.read(item, &owner, &subnets);
        let interfaces = collect("interface", self.interface, |file| &file.id, interface)?;
        Ok(Parts {
            vpcs: collect("vpc", self.vpc, |file| &file.id, FileVpc::read)?,
            instances: collect(
                "instance",
                self.instance,
                |file| &file.id,
                |file, _| Ok(Instance { id: file.id, tags: file.tags }),
            )?,
            security_groups: collect("security group", self.security_group, |file| &file.id, FileSecurityGroup::read)?,
            network_acls: collect("network acl", self.network_acl, |file| &file.id, FileNetworkAcl::read)?,
            prefix_lists: collect(
                "prefix list",
                self.prefix_list,
                |file| &file.id,
                |file, item| Ok(PrefixList { entries: cidrs(&file.entries, item)?, name: file.name, id: file.id }),
            )?,
            subnets,
            interfaces,
        })
    }

    pub(super) fn from_parts(parts: &Parts) -> Self {
        let vpc = |vpc: &Vpc| FileVpc { id: vpc.id.clone(), cidrs: texts(&vpc.cidrs), aws_services: vpc.aws_services };
        let instance = |instance: &Instance| FileInstance { id: instance.id.clone(), tags: instance.tags.clone() };
        let list = |list: &PrefixList| FilePrefixList {
            id: list.id.clone(),
            name: list.name.clone(),
            entries: texts(&list.entries),
        };
        Self {
            account_id: None,
            region: None,
            vpc: parts.vpcs.values().map(vpc).collect(),
            subnet: parts.subnets.values().map(FileSubnet::write).collect(),
            instance: parts.instances.values().map(instance).collect(),
            interface: parts.interfaces.values().map(FileInterface::write).collect(),
            security_group: parts.security_groups.values().map(FileSecurityGroup::write).collect(),
            network_acl: parts.network_acls.values().map(FileNetworkAcl::write).collect(),
            prefix_list: parts.prefix_lists.values().map(list).collect(),
        }
    }
}

impl FileVpc {
    fn read(self, item: &Item) -> Result<Vpc, NetworkError> {
        Ok(Vpc { cidrs: cidrs(&self.cidrs, item)?, id: self.id, aws_services: self.aws_services })
    }
}

impl FileSubnet {
    fn read(self, item: &Item) -> Result<Subnet, NetworkError> {
        if self.vpc.is_empty() {
            return Err(item.wrong("it has no `vpc`; name the vpc it is part of"));
        }
        Ok(Subnet {
            cidrs: cidrs(&self.cidrs, item)?,
            id: self.id,
            vpc_id: self.vpc,
            az_id: self.az_id,
            network_acl_id: self.network_acl,
        })
    }

    fn write(subnet: &Subnet) -> Self {
        Self {
            id: subnet.id.clone(),
            vpc: subnet.vpc_id.clone(),
            cidrs: texts(&subnet.cidrs),
            az_id: subnet.az_id.clone(),
            network_acl: subnet.network_acl_id.clone(),
        }
    }
}

impl FileInterface {
    /// The VPC and the availability zone, when left out, are those of the subnet.
    fn read(self, item: &Item, owner: &Owner, subnets: &Things<Subnet>) -> Result<Interface, NetworkError> {
        let subnet = self.subnet.as_ref().and_then(|id| subnets.get(id));
        let (mut ipv4, mut ipv6) = (Vec::new(), Vec::new());
        for text in &self.addresses {
            match text.parse() {
                Ok(IpAddr::V4(address)) => ipv4.push(address),
                Ok(IpAddr::V6(address)) => ipv6.push(address),
                Err(_) => return Err(item.wrong(format_args!("`{text}` is no address; write one such as 10.0.0.5"))),
            }
        }
        let mut tags = self.tags;
        if let Some(name) = self.name
            && let Some(other) = tags.insert("Name".to_owned(), name)
        {
            return Err(item.wrong(format_args!("it has `name` and the tag Name `{other}`; leave one of them out")));
        }
        Ok(Interface {
            account_id: self.account_id.unwrap_or_else(|| owner.account_id.clone()),
            region: self.region.unwrap_or_else(|| owner.region.clone()),
            az_id: self.az_id.or_else(|| subnet?.az_id.clone()),
            vpc_id: self.vpc.or_else(|| Some(subnet?.vpc_id.clone())),
            id: self.id,
            subnet_id: self.subnet,
            instance_id: self.instance,
            ipv4,
            ipv6,
            security_group_ids: self.security_groups,
            tags,
            side: self.side,
        })
    }

    fn write(interface: &Interface) -> Self {
        Self {
            id: interface.id.clone(),
            name: None,
            account_id: Some(interface.account_id.clone()),
            region: Some(interface.region.clone()),
            az_id: interface.az_id.clone(),
            vpc: interface.vpc_id.clone(),
            subnet: interface.subnet_id.clone(),
            instance: interface.instance_id.clone(),
            addresses: interface.addresses().map(|address| address.to_string()).collect(),
            security_groups: interface.security_group_ids.clone(),
            tags: interface.tags.clone(),
            side: interface.side,
        }
    }
}

impl FileSecurityGroup {
    fn read(self, item: &Item) -> Result<SecurityGroup, NetworkError> {
        let read = |rules: Vec<FileRule>, direction: Direction| {
            let rule = |(place, rule): (usize, FileRule)| {
                rule.read(&self.id, direction, &item.inside(format_args!("{} rule {place}", direction.as_str())))
            };
            (1..).zip(rules).map(rule).collect::<Result<Vec<_>, _>>()
        };
        Ok(SecurityGroup {
            ingress: read(self.ingress, Direction::Ingress)?,
            egress: match self.egress {
                Some(rules) => read(rules, Direction::Egress)?,
                None => SecurityGroup::default_egress(&self.id),
            },
            id: self.id,
            name: self.name,
            vpc_id: self.vpc,
        })
    }

    fn write(group: &SecurityGroup) -> Self {
        let write = |direction| group.rules(direction).iter().map(|rule| FileRule::write(rule, direction)).collect();
        Self {
            id: group.id.clone(),
            name: group.name.clone(),
            vpc: group.vpc_id.clone(),
            ingress: write(Direction::Ingress),
            egress: Some(write(Direction::Egress)),
        }
    }
}

impl FileNetworkAcl {
    fn read(self, item: &Item) -> Result<NetworkAcl, NetworkError> {
        let read = |entries: Vec<FileAclEntry>, direction| {
            let entries = entries.into_iter().map(|entry| entry.read(direction, item));
            let mut entries = entries.collect::<Result<Vec<_>, _>>()?;
            entries.sort_by_key(|entry| entry.number);
            Ok(entries)
        };
        Ok(NetworkAcl {
            ingress: read(self.ingress, Direction::Ingress)?,
            egress: read(self.egress, Direction::Egress)?,
            id: self.id,
            vpc_id: self.vpc,
        })
    }

    fn write(acl: &NetworkAcl) -> Self {
        let write =
            |direction| acl.entries(direction).iter().map(|entry| FileAclEntry::write(entry, direction)).collect();
        Self {
            id: acl.id.clone(),
            vpc: acl.vpc_id.clone(),
            ingress: write(Direction::Ingress),
            egress: write(Direction::Egress),
        }
    }
}

/// Reads things and puts them by id; two with one id are refused.
fn collect<F, T>(
    kind: &str,
    files: Vec<F>,
    id_of: impl Fn(&F) -> &String,
    read: impl Fn(F, &Item) -> Result<T, NetworkError>,
) -> Result<Things<T>, NetworkError> {
    let mut things = Things::new();
    for file in files {
        let id = id_of(&file).clone();
        let item = Item::new(kind, &id);
        let thing = read(file, &item)?;
        if things.insert(id, thing).is_some() {
            return Err(item.wrong("there are two with this id; give each its own"));
        }
    }
    Ok(things)
}

/// Reads ranges. An address alone is a range of one; host bits are cut off, as AWS does.
fn cidrs(texts: &[String], item: &Item) -> Result<Vec<IpNet>, NetworkError> {
    texts.iter().map(|text| cidr(text, item)).collect()
}

fn cidr(text: &str, item: &Item) -> Result<IpNet, NetworkError> {
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map(|cidr| cidr.trunc())
        .map_err(|_| item.wrong(format_args!("`{text}` is no address range; write one such as 10.0.0.0/8")))
}

fn texts(cidrs: &[IpNet]) -> Vec<String> {
    cidrs.iter().map(ToString::to_string).collect()
}
