//! A small world for property tests, in which random rules and random packets meet often.

use std::net::IpAddr;

use proptest::{prelude::*, sample::select};

use crate::*;

fn address() -> impl Strategy<Value = IpAddr> {
    select(
        [
            "10.0.1.5",
            "10.0.1.6",
            "10.0.1.200",
            "10.0.2.5",
            "10.9.0.1",
            "192.0.2.1",
            "2001:db8::5",
            "2001:db8::6",
            "2001:db8:1::1",
        ]
        .map(|text| text.parse().unwrap())
        .to_vec(),
    )
}

fn cidr() -> impl Strategy<Value = ipnet::IpNet> {
    (address(), 0_u8..=128).prop_map(|(address, length)| {
        let most = if address.is_ipv4() { 32 } else { 128 };
        // Often everything or a single address, otherwise anything between.
        let length = match length % 4 {
            0 => 0,
            1 => most,
            _ => length % (most + 1),
        };
        ipnet::IpNet::new(address, length).unwrap().trunc()
    })
}

fn port() -> impl Strategy<Value = u16> {
    select(vec![0, 1, 21, 22, 23, 80, 1023, 1024, 40_000, 65_534, 65_535])
}

fn ports() -> impl Strategy<Value = PortRange> {
    (port(), port()).prop_map(|(one, other)| PortRange::new(one.min(other), one.max(other)).unwrap())
}

fn icmp_match() -> impl Strategy<Value = IcmpMatch> {
    let number = || select(vec![0_u8, 3, 8, 255]);
    prop_oneof![
        Just(IcmpMatch::Any),
        number().prop_map(IcmpMatch::Type),
        (number(), number()).prop_map(|(kind, code)| IcmpMatch::Code(kind, code)),
    ]
}

fn service() -> impl Strategy<Value = Service> {
    prop_oneof![
        Just(Service::All),
        ports().prop_map(Service::Tcp),
        ports().prop_map(Service::Udp),
        icmp_match().prop_map(Service::Icmp),
        icmp_match().prop_map(Service::Icmpv6),
        select(vec![0_u8, 47, 50, 132]).prop_map(Service::Protocol),
    ]
}

fn peer() -> impl Strategy<Value = Peer> {
    prop_oneof![
        3 => cidr().prop_map(Peer::Cidr),
        1 => select(vec!["sg-0", "sg-1", "sg-2"]).prop_map(|id| Peer::Group(id.into())),
        1 => Just(Peer::PrefixList("pl-0".into())),
    ]
}

fn group(id: &'static str) -> impl Strategy<Value = SecurityGroup> {
    let rules = |direction: Direction| {
        prop::collection::vec((service(), peer()), 0..6).prop_map(move |mut rules| {
            rules.sort();
            rules.dedup();
            let rule = |(service, peer): (Service, Peer)| {
                let rule_id = SecurityGroupRule::derived_id(id, direction, service, &peer);
                SecurityGroupRule { id: rule_id, service, peer, description: None }
            };
            rules.into_iter().map(rule).collect()
        })
    };
    (rules(Direction::Ingress), rules(Direction::Egress)).prop_map(move |(ingress, egress)| SecurityGroup {
        id: id.into(),
        name: None,
        vpc_id: None,
        ingress,
        egress,
    })
}

fn entries() -> impl Strategy<Value = Vec<AclEntry>> {
    let action = select(vec![Action::Accept, Action::Reject]);
    prop::collection::btree_map(1_u16..500, (action, service(), cidr()), 0..8).prop_map(|entries| {
        let mut entries: Vec<_> = entries
            .into_iter()
            .map(|(number, (action, service, cidr))| AclEntry { number, action, service, cidr })
            .collect();
        // The order in which they are written does not count.
        entries.reverse();
        entries
    })
}

/// A network of two interfaces in one subnet, with random groups, lists and ACL.
pub(crate) fn random_network() -> impl Strategy<Value = Network> {
    let ids = || prop::sample::subsequence(vec!["sg-0", "sg-1", "sg-2"], 0..=3);
    let groups = (group("sg-0"), group("sg-1"), group("sg-2"));
    let acl = prop::option::of((entries(), entries()));
    (groups, (ids(), ids()), prop::collection::vec(cidr(), 0..3), acl).prop_map(|(groups, carried, list, acl)| {
        let mut parts = Network::parse(
            r#"
            [[vpc]]
            id = "vpc-a"
            cidrs = ["10.0.0.0/16", "2001:db8::/48"]
            [[subnet]]
            id = "subnet-a"
            vpc = "vpc-a"
            cidrs = ["10.0.1.0/24", "2001:db8::/64"]
            [[interface]]
            id = "eni-0"
            subnet = "subnet-a"
            addresses = ["10.0.1.5", "2001:db8::5"]
            [[interface]]
            id = "eni-1"
            addresses = ["10.0.1.6", "2001:db8:1::1"]
            [[prefix-list]]
            id = "pl-0"
            "#,
            &Owner::default(),
        )
        .unwrap()
        .into_parts();
        for group in [groups.0, groups.1, groups.2] {
            parts.security_groups.insert(group.id.clone(), group);
        }
        for (id, carried) in [("eni-0", carried.0), ("eni-1", carried.1)] {
            parts.interfaces.get_mut(id).unwrap().security_group_ids = carried.into_iter().map(Into::into).collect();
        }
        parts.prefix_lists.get_mut("pl-0").unwrap().entries = list;
        if let Some((ingress, egress)) = acl {
            let acl = NetworkAcl { id: "acl-0".into(), vpc_id: None, ingress, egress };
            parts.network_acls.insert(acl.id.clone(), acl);
            parts.subnets.get_mut("subnet-a").unwrap().network_acl_id = Some("acl-0".into());
        }
        Network::new(parts).unwrap()
    })
}

pub(crate) fn random_packet() -> impl Strategy<Value = (Packet, Direction)> {
    let far = address();
    let icmp = prop::option::weighted(0.9, (select(vec![0_u8, 3, 8, 9, 255]), select(vec![0_u8, 3, 8, 255])));
    let protocol = select(vec![TCP, TCP, UDP, ICMP, ICMPV6, 0, 47, 99]);
    (far, protocol, port(), port(), icmp, any::<bool>()).prop_map(|(far, protocol, one, other, icmp, inwards)| {
        let own: IpAddr = if far.is_ipv4() { "10.0.1.5" } else { "2001:db8::5" }.parse().unwrap();
        let (source, destination) = if inwards { (far, own) } else { (own, far) };
        let ports = if matches!(protocol, TCP | UDP) { (one, other) } else { (0, 0) };
        let icmp = icmp.filter(|_| matches!(protocol, ICMP | ICMPV6));
        let packet = Packet { source, destination, protocol, source_port: ports.0, destination_port: ports.1, icmp };
        (packet, if inwards { Direction::Ingress } else { Direction::Egress })
    })
}
