//! The checks behind a [`Network`](super::Network).

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
};

use ipnet::IpNet;

use super::{Item, NetworkError, Parts, Things};
use crate::{
    AclEntry, Direction, IdKind, Interface, NetworkAcl, Peer, SecurityGroup, Subnet,
    account::{check_account_id, check_region},
};

/// Checks everything.
pub(super) fn parts(parts: &Parts) -> Result<(), NetworkError> {
    ids("vpc", IdKind::Vpc, &parts.vpcs, |vpc| &vpc.id)?;
    ids("subnet", IdKind::Subnet, &parts.subnets, |subnet| &subnet.id)?;
    ids("instance", IdKind::Instance, &parts.instances, |instance| &instance.id)?;
    ids("interface", IdKind::Interface, &parts.interfaces, |interface| &interface.id)?;
    ids("security group", IdKind::SecurityGroup, &parts.security_groups, |group| &group.id)?;
    ids("network acl", IdKind::NetworkAcl, &parts.network_acls, |acl| &acl.id)?;
    ids("prefix list", IdKind::PrefixList, &parts.prefix_lists, |list| &list.id)?;
    for vpc in parts.vpcs.values() {
        overlaps(&Item::new("vpc", &vpc.id), &vpc.cidrs, &mut Vec::new())?;
    }
    let mut subnets_of: HashMap<&str, Vec<(IpNet, &str)>> = HashMap::new();
    for subnet in parts.subnets.values() {
        check_subnet(parts, subnet, subnets_of.entry(&subnet.vpc_id).or_default())?;
    }
    let mut owners = HashMap::new();
    for interface in parts.interfaces.values() {
        check_interface(parts, interface, &mut owners)?;
    }
    let mut rule_ids = HashSet::new();
    for group in parts.security_groups.values() {
        check_group(parts, group, &mut rule_ids)?;
    }
    parts.network_acls.values().try_for_each(|acl| check_acl(parts, acl))
}

/// Checks that what an interface names is there.
pub(super) fn interface_references(parts: &Parts, interface: &Interface) -> Result<(), NetworkError> {
    let item = Item::new("interface", &interface.id);
    reference(&item, "vpc", interface.vpc_id.as_deref(), &parts.vpcs)?;
    reference(&item, "subnet", interface.subnet_id.as_deref(), &parts.subnets)?;
    reference(&item, "instance", interface.instance_id.as_deref(), &parts.instances)?;
    interface
        .security_group_ids
        .iter()
        .try_for_each(|id| reference(&item, "security-group", Some(id), &parts.security_groups))
}

fn check_subnet<'a>(
    parts: &'a Parts,
    subnet: &'a Subnet,
    taken: &mut Vec<(IpNet, &'a str)>,
) -> Result<(), NetworkError> {
    let item = Item::new("subnet", &subnet.id);
    reference(&item, "vpc", Some(&subnet.vpc_id), &parts.vpcs)?;
    reference(&item, "network-acl", subnet.network_acl_id.as_deref(), &parts.network_acls)?;
    if subnet.cidrs.is_empty() {
        return Err(item.wrong("it has no addresses; give it `cidrs`"));
    }
    let vpc = parts.vpcs.get(&subnet.vpc_id);
    for cidr in &subnet.cidrs {
        if !vpc.is_some_and(|vpc| vpc.cidrs.iter().any(|outer| outer.contains(cidr))) {
            return Err(item.wrong(format_args!("{cidr} lies outside {}; widen its `cidrs` or move it", subnet.vpc_id)));
        }
        if let Some((other, id)) = taken.iter().find(|(other, _)| overlap(cidr, other)) {
            return Err(item.wrong(format_args!("{cidr} overlaps {other} of {id}")));
        }
        taken.push((*cidr, &subnet.id));
    }
    Ok(())
}

fn check_interface<'a>(
    parts: &Parts,
    interface: &'a Interface,
    owners: &mut HashMap<(Option<&'a str>, IpAddr), &'a str>,
) -> Result<(), NetworkError> {
    let item = Item::new("interface", &interface.id);
    check_account_id(&interface.account_id).map_err(|problem| item.wrong(problem))?;
    check_region(&interface.region).map_err(|problem| item.wrong(problem))?;
    interface_references(parts, interface)?;
    let subnet = interface.subnet_id.as_ref().and_then(|id| parts.subnets.get(id));
    if let Some(subnet) = subnet
        && interface.vpc_id.as_ref() != Some(&subnet.vpc_id)
    {
        return Err(
            item.wrong(format_args!("its subnet {} is in {}; say so, or leave `vpc` out", subnet.id, subnet.vpc_id))
        );
    }
    for id in &interface.security_group_ids {
        let group_vpc = parts.security_groups.get(id).and_then(|group| group.vpc_id.as_deref());
        if group_vpc.is_some() && group_vpc != interface.vpc_id.as_deref() {
            return Err(item.wrong(format_args!("security group {id} belongs to another vpc")));
        }
    }
    for address in interface.addresses().filter(|address| !is_link_local(*address)) {
        if let Some(subnet) = subnet
            && !subnet.cidrs.iter().any(|cidr| cidr.contains(&address))
        {
            return Err(item.wrong(format_args!("{address} lies outside {}; choose an address inside it", subnet.id)));
        }
        if let Some(other) = owners.insert((interface.vpc_id.as_deref(), address), &interface.id) {
            return Err(item.wrong(format_args!("{address} is also an address of {other}")));
        }
    }
    Ok(())
}

fn check_group<'a>(
    parts: &Parts,
    group: &'a SecurityGroup,
    rule_ids: &mut HashSet<&'a str>,
) -> Result<(), NetworkError> {
    let group_item = Item::new("security group", &group.id);
    reference(&group_item, "vpc", group.vpc_id.as_deref(), &parts.vpcs)?;
    for direction in [Direction::Ingress, Direction::Egress] {
        let mut seen = HashMap::new();
        for (rule, place) in group.rules(direction).iter().zip(1..) {
            let item = group_item.inside(format_args!("{} rule {place}", direction.as_str()));
            IdKind::SecurityGroupRule.check(&rule.id).map_err(|problem| item.wrong(problem))?;
            // The same rule twice is what AWS refuses as InvalidPermission.Duplicate.
            if let Some(first) = seen.insert((rule.service, &rule.peer), place) {
                return Err(item.wrong(format_args!("it is the same as rule {first}; remove one of them")));
            }
            if !rule_ids.insert(&rule.id) {
                return Err(item.wrong(format_args!("id {} is used twice; give it another, or none", rule.id)));
            }
            match &rule.peer {
                Peer::Cidr(_) => {}
                Peer::Group(id) => reference(&item, "security-group", Some(id), &parts.security_groups)?,
                Peer::PrefixList(id) => reference(&item, "prefix-list", Some(id), &parts.prefix_lists)?,
            }
        }
    }
    Ok(())
}

fn check_acl(parts: &Parts, acl: &NetworkAcl) -> Result<(), NetworkError> {
    let acl_item = Item::new("network acl", &acl.id);
    reference(&acl_item, "vpc", acl.vpc_id.as_deref(), &parts.vpcs)?;
    for direction in [Direction::Ingress, Direction::Egress] {
        let mut numbers = HashSet::new();
        for AclEntry { number, .. } in acl.entries(direction) {
            let item = acl_item.inside(format_args!("{} entry {number}", direction.as_str()));
            if !(1..=NetworkAcl::MAX_NUMBER).contains(number) {
                return Err(item.wrong(format_args!("choose a number from 1 to {}", NetworkAcl::MAX_NUMBER)));
            }
            if !numbers.insert(number) {
                return Err(item.wrong("another entry has this number; give each its own, steps of 100 leave room"));
            }
        }
    }
    Ok(())
}

fn ids<T>(kind: &str, id_kind: IdKind, things: &Things<T>, id_of: impl Fn(&T) -> &str) -> Result<(), NetworkError> {
    things.iter().try_for_each(|(key, thing)| {
        let item = Item::new(kind, key);
        id_kind.check(key).map_err(|problem| item.wrong(problem))?;
        if id_of(thing) == key { Ok(()) } else { Err(item.wrong(format_args!("its own id is {}", id_of(thing)))) }
    })
}

fn reference<T>(item: &Item, key: &str, id: Option<&str>, things: &Things<T>) -> Result<(), NetworkError> {
    match id {
        Some(id) if !things.contains_key(id) => {
            Err(item.wrong(format_args!("there is no {id}; add it under [[{key}]], or correct the id")))
        }
        _ => Ok(()),
    }
}

fn overlaps(item: &Item, cidrs: &[IpNet], taken: &mut Vec<IpNet>) -> Result<(), NetworkError> {
    if cidrs.is_empty() {
        return Err(item.wrong("it has no addresses; give it `cidrs`"));
    }
    for cidr in cidrs {
        if let Some(other) = taken.iter().find(|other| overlap(cidr, other)) {
            return Err(item.wrong(format_args!("{cidr} overlaps {other}")));
        }
        taken.push(*cidr);
    }
    Ok(())
}

fn overlap(one: &IpNet, other: &IpNet) -> bool {
    one.contains(other) || other.contains(one)
}

/// Link-local addresses belong to no subnet, and many interfaces have the same one.
fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}
