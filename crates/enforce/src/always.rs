//! What passes whatever the rules say.
//!
//! These are asked only for packets that are about to be dropped, so they cost accepted packets nothing.
//!
//! | Traffic | Why |
//! |---|---|
//! | DHCP (UDP 67 and 68, 546 and 547) | without it the host loses its address; AWS does not filter it |
//! | neighbour discovery and router advertisements, with hop limit 255 | without it there is no IPv6 |
//! | multicast listener reports and queries, with hop limit 1 | without them switches stop forwarding neighbour discovery |
//! | the instance's requests to the link-local services (metadata, time, resolver, licences), and the answers | AWS does not filter them |
//! | in a VPC with `aws-services`: requests to the VPC's resolver and router, and the answers | the same |
//!
//! ARP is no IP and never meets the rules. Only answers come in from the services: an address is easily forged where no
//! cloud checks it.

use std::net::IpAddr;

use serde_json::{Value, json};
use weir_network::{Direction, TCP, UDP};

use crate::{
    json::{accept, add_rule, concat, ct, meta, payload, set, when},
    plan::Reserved,
};

/// Services that every instance reaches at a link-local address: metadata, time, resolver, licences.
const SERVICES: [(&str, Option<u16>); 10] = [
    ("169.254.169.254", None),
    ("169.254.169.123", None),
    ("169.254.169.253", Some(53)),
    ("169.254.169.250", Some(1688)),
    ("169.254.169.251", Some(1688)),
    ("fd00:ec2::254", None),
    ("fd00:ec2::123", None),
    ("fd00:ec2::253", Some(53)),
    ("fd00:ec2::250", Some(1688)),
    ("fd00:ec2::251", Some(1688)),
];

/// Router and neighbour solicitation and advertisement, redirect.
const NEIGHBOUR_DISCOVERY: [u8; 5] = [133, 134, 135, 136, 137];
/// Multicast listener query, report and done, and the report of version 2.
const MULTICAST_LISTENERS: [u8; 4] = [130, 131, 132, 143];

/// The commands that fill a chain which accepts what passes in a direction.
pub(crate) fn rules(chain: &str, direction: Direction, reserved: &[Reserved]) -> Vec<Value> {
    let mut rules = vec![
        dhcp("ipv4", 68, 67),
        dhcp("ipv6", 546, 547),
        icmpv6(255, &NEIGHBOUR_DISCOVERY),
        icmpv6(1, &MULTICAST_LISTENERS),
    ];
    let known =
        SERVICES.iter().filter_map(|(address, port)| Some(Reserved { address: address.parse().ok()?, port: *port }));
    let services: Vec<Reserved> = known.chain(reserved.iter().copied()).collect();
    for ipv6 in [false, true] {
        let services = || services.iter().filter(|service| service.address.is_ipv6() == ipv6);
        rules.push(whole_addresses(direction, ipv6, services().filter(|it| it.port.is_none())));
        rules.push(single_ports(direction, ipv6, services().filter_map(|it| Some((it.address, it.port?)))));
    }
    rules.into_iter().map(|statements| add_rule(chain, None, [statements, vec![accept()]].concat())).collect()
}

fn dhcp(family: &str, client: u16, server: u16) -> Vec<Value> {
    let ports = concat([payload("udp", "sport"), payload("udp", "dport")]);
    let pairs = [(server, server), (client, server), (server, client)];
    vec![
        when(meta("nfproto"), "==", family),
        when(ports, "==", set(pairs.map(|(source, destination)| json!({"concat": [source, destination]})))),
    ]
}

fn icmpv6(hop_limit: u8, types: &[u8]) -> Vec<Value> {
    vec![
        when(payload("ip6", "hoplimit"), "==", hop_limit),
        when(payload("icmpv6", "type"), "==", set(types.iter().map(|kind| json!(kind)))),
    ]
}

fn whole_addresses<'a>(direction: Direction, ipv6: bool, services: impl Iterator<Item = &'a Reserved>) -> Vec<Value> {
    let addresses = services.map(|service| json!(service.address.to_string()));
    asked([when(far(direction, ipv6), "==", set(addresses))].into(), direction)
}

fn single_ports(direction: Direction, ipv6: bool, services: impl Iterator<Item = (IpAddr, u16)>) -> Vec<Value> {
    let field = if direction == Direction::Egress { "dport" } else { "sport" };
    let key = concat([far(direction, ipv6), meta("l4proto"), payload("th", field)]);
    let places = services.flat_map(|(address, port)| {
        let protocols: &[u8] = if port == 53 { &[TCP, UDP] } else { &[TCP] };
        protocols.iter().map(move |protocol| json!({"concat": [address.to_string(), protocol, port]}))
    });
    asked([when(key, "==", set(places))].into(), direction)
}

/// What comes in must be an answer.
fn asked(mut statements: Vec<Value>, direction: Direction) -> Vec<Value> {
    if direction == Direction::Ingress {
        statements.push(when(ct("state"), "in", "established"));
    }
    statements
}

/// The address of the far side.
pub(crate) fn far(direction: Direction, ipv6: bool) -> Value {
    let field = if direction == Direction::Ingress { "saddr" } else { "daddr" };
    payload(if ipv6 { "ip6" } else { "ip" }, field)
}
