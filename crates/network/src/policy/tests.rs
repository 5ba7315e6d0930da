//! Verdicts: cases of AWS, and a property test against a reference that looks at every rule in turn.

use proptest::prelude::*;

use crate::{
    random::{random_network, random_packet},
    *,
};

fn network(text: &str) -> Network {
    Network::parse(text, &Owner::default()).unwrap()
}

fn packet(protocol: u8, source: &str, destination: &str, port: u16) -> Packet {
    let icmp = matches!(protocol, ICMP | ICMPV6).then_some((8, 0));
    let [source, destination] = [source, destination].map(|address| address.parse().unwrap());
    Packet { source, destination, protocol, source_port: 40_000, destination_port: port, icmp }
}

fn verdict(network: &Network, interface: &str, direction: Direction, packet: &Packet) -> String {
    let interface = network.interface(interface).unwrap();
    network.policy(interface).unwrap().judge(packet, direction, false).to_string()
}

const LAB: &str = r#"
[[vpc]]
id = "vpc-a"
cidrs = ["10.0.0.0/16", "2001:db8::/56"]
[[subnet]]
id = "subnet-a"
vpc = "vpc-a"
cidrs = ["10.0.1.0/24", "2001:db8:0:1::/64"]
network-acl = "acl-a"
[[interface]]
id = "eni-a"
subnet = "subnet-a"
addresses = ["10.0.1.5", "2001:db8:0:1::5"]
security-groups = ["sg-a", "sg-b"]
[[interface]]
id = "eni-db"
addresses = ["192.168.0.9", "2001:db8:9::9"]
security-groups = ["sg-db"]
[[interface]]
id = "eni-bare"
addresses = ["192.168.0.10"]
[[interface]]
id = "eni-bare-a"
subnet = "subnet-a"
addresses = ["10.0.1.6"]
[[prefix-list]]
id = "pl-office"
entries = ["203.0.113.0/24", "2001:db8:ff::/48"]
[[security-group]]
id = "sg-a"
ingress = [
  { id = "sgr-ssh", protocol = "tcp", ports = 22, source = "10.0.0.0/8" },
  { id = "sgr-echo", protocol = "icmp", icmp-type = 8, source = "0.0.0.0/0" },
  { id = "sgr-toobig", protocol = "icmpv6", icmp-type = 2, icmp-code = 0, source = "::/0" },
  { id = "sgr-self", source = "sg-a" },
]
egress = [{ id = "sgr-out", protocol = "tcp", ports = "8000-8100", destination = "sg-db" }]
[[security-group]]
id = "sg-b"
ingress = [
  { id = "sgr-ssh-any", protocol = "tcp", ports = "20-30", source = "0.0.0.0/0" },
  { id = "sgr-office", protocol = "udp", ports = 53, source = "pl-office" },
  { id = "sgr-gre", protocol = 47, source = "203.0.113.7" },
]
egress = []
[[security-group]]
id = "sg-db"
[[network-acl]]
id = "acl-a"
ingress = [
  { number = 200, action = "allow", source = "0.0.0.0/0" },
  { number = 100, action = "deny", protocol = "tcp", ports = "23", source = "198.51.100.0/24" },
  { number = 110, action = "allow", protocol = "tcp", ports = "23", source = "198.51.0.0/16" },
  { number = 300, action = "deny", source = "198.51.100.0/24" },
  { number = 400, action = "allow", source = "2001:db8:ff::/48" },
]
egress = [{ number = 100, action = "allow", protocol = "tcp", destination = "192.168.0.0/16" }]
"#;

#[test]
fn rules_of_security_groups_decide() {
    let network = network(LAB);
    for (protocol, source, port, expected) in [
        (TCP, "10.7.0.1", 22, "ACCEPT: sg-a/sgr-ssh"),
        (TCP, "11.7.0.1", 22, "ACCEPT: sg-b/sgr-ssh-any"),
        (TCP, "10.7.0.1", 19, "REJECT: no security group rule"),
        (TCP, "10.7.0.1", 31, "REJECT: no security group rule"),
        (UDP, "203.0.113.77", 53, "ACCEPT: sg-b/sgr-office"),
        (UDP, "203.0.114.77", 53, "REJECT: no security group rule"),
        (TCP, "203.0.113.77", 53, "REJECT: no security group rule"),
        (47, "203.0.113.7", 0, "ACCEPT: sg-b/sgr-gre"),
        (47, "203.0.113.8", 0, "REJECT: no security group rule"),
        (ICMP, "203.0.113.8", 0, "ACCEPT: sg-a/sgr-echo"),
        (TCP, "10.0.1.5", 9, "ACCEPT: sg-a/sgr-self"),
    ] {
        let packet = packet(protocol, source, "10.0.1.5", port);
        assert_eq!(verdict(&network, "eni-a", Direction::Ingress, &packet), expected, "{packet:?}");
    }
}

#[test]
fn references_to_groups_are_the_addresses_of_their_interfaces() {
    let network = network(LAB);
    let out = |to, port| verdict(&network, "eni-a", Direction::Egress, &packet(TCP, "10.0.1.5", to, port));
    assert_eq!(out("192.168.0.9", 8000), "ACCEPT: sg-a/sgr-out");
    assert_eq!(out("192.168.0.9", 8101), "REJECT: no security group rule");
    assert_eq!(out("192.168.0.10", 8000), "REJECT: no security group rule");
    let ipv6 = packet(TCP, "2001:db8:0:1::5", "2001:db8:9::9", 8100);
    assert_eq!(verdict(&network, "eni-a", Direction::Egress, &ipv6), "REJECT: acl-a *");
}

#[test]
fn icmp_is_told_apart_by_type_and_code() {
    let network = network(LAB);
    let v4 = |icmp| Packet { icmp, ..packet(ICMP, "10.7.0.1", "10.0.1.5", 0) };
    let v6 = |icmp| Packet { icmp, ..packet(ICMPV6, "2001:db8:ff::1", "2001:db8:0:1::5", 0) };
    for (packet, expected) in [
        (v4(Some((8, 0))), "ACCEPT: sg-a/sgr-echo"),
        (v4(Some((8, 3))), "ACCEPT: sg-a/sgr-echo"),
        (v4(Some((0, 0))), "REJECT: no security group rule"),
        (v4(None), "REJECT: no security group rule"),
        (v6(Some((2, 0))), "ACCEPT: sg-a/sgr-toobig"),
        (v6(Some((2, 1))), "REJECT: no security group rule"),
        (v6(Some((8, 0))), "REJECT: no security group rule"),
    ] {
        assert_eq!(verdict(&network, "eni-a", Direction::Ingress, &packet), expected, "{packet:?}");
    }
}

#[test]
fn entries_of_an_acl_decide_by_number() {
    let network = network(LAB);
    let inwards = |source, port| verdict(&network, "eni-a", Direction::Ingress, &packet(TCP, source, "10.0.1.5", port));
    assert_eq!(inwards("198.51.100.1", 23), "REJECT: acl-a #100");
    assert_eq!(inwards("198.51.101.1", 23), "ACCEPT: sg-b/sgr-ssh-any");
    assert_eq!(inwards("198.51.100.1", 22), "ACCEPT: sg-b/sgr-ssh-any");
    let bare =
        |source, port| verdict(&network, "eni-bare-a", Direction::Ingress, &packet(TCP, source, "10.0.1.6", port));
    assert_eq!(bare("198.51.101.1", 23), "ACCEPT: acl-a #110");
    assert_eq!(bare("198.51.100.1", 22), "ACCEPT: acl-a #200");
    let ipv6 = packet(TCP, "2001:db8:fe::1", "2001:db8:0:1::5", 22);
    assert_eq!(verdict(&network, "eni-a", Direction::Ingress, &ipv6), "REJECT: acl-a *");
}

#[test]
fn an_acl_is_met_at_the_border_of_the_subnet_only() {
    let network = network(LAB);
    let out = |interface, to| verdict(&network, interface, Direction::Egress, &packet(UDP, "10.0.1.6", to, 53));
    assert_eq!(out("eni-bare-a", "10.0.1.77"), "ACCEPT: no security group");
    assert_eq!(out("eni-bare-a", "10.0.2.77"), "REJECT: acl-a *");
    assert_eq!(out("eni-bare", "10.0.2.77"), "ACCEPT: no security group");
}

#[test]
fn security_groups_are_asked_first_on_the_way_out_and_last_on_the_way_in() {
    let network = network(LAB);
    // Both would refuse: the one that is met first is named.
    let out = packet(UDP, "10.0.1.5", "192.0.2.1", 53);
    assert_eq!(verdict(&network, "eni-a", Direction::Egress, &out), "REJECT: no security group rule");
    let inwards = packet(TCP, "2001:db8:fe::1", "2001:db8:0:1::5", 9);
    assert_eq!(verdict(&network, "eni-a", Direction::Ingress, &inwards), "REJECT: acl-a *");
}

#[test]
fn a_reply_passes_security_groups_but_not_acls() {
    let network = network(LAB);
    let policy = network.policy(network.interface("eni-a").unwrap()).unwrap();
    let reply = |to| policy.judge(&packet(TCP, "10.0.1.5", to, 40_000), Direction::Egress, true).to_string();
    assert_eq!(reply("192.168.3.4"), "ACCEPT: tracked connection");
    assert_eq!(reply("198.51.101.1"), "REJECT: acl-a *");
}

#[test]
fn an_interface_that_names_what_is_not_there_has_no_policy() {
    let network = network(LAB);
    let mut interface = network.interface("eni-bare").unwrap().clone();
    interface.security_group_ids.push("sg-gone".into());
    assert_eq!(
        network.policy(&interface).unwrap_err().to_string(),
        "interface eni-bare: there is no sg-gone; add it under [[security-group]], or correct the id"
    );
}

/// 1,000 groups of 60 rules, all on one interface: looked up by the shapes of rules, not rule by rule.
#[test]
fn large_rule_sets_are_judged_right() {
    let mut parts = Parts::default();
    for group in 0..1000_u32 {
        let id = format!("sg-{group}");
        let ingress = (0..60_u32).map(|rule| {
            let address = std::net::Ipv4Addr::from(0x0a00_0000 + group * 256 + rule * 4);
            SecurityGroupRule {
                id: format!("sgr-{group}-{rule}"),
                service: Service::Tcp(PortRange::new(1000 + (rule as u16) * 10, 1004 + (rule as u16) * 10).unwrap()),
                peer: Peer::Cidr(format!("{address}/30").parse().unwrap()),
                description: None,
            }
        });
        let group =
            SecurityGroup { id: id.clone(), name: None, vpc_id: None, ingress: ingress.collect(), egress: vec![] };
        parts.security_groups.insert(id, group);
    }
    let interface = Interface {
        ipv4: vec!["192.168.0.1".parse().unwrap()],
        security_group_ids: parts.security_groups.keys().cloned().collect(),
        ..Interface::unknown("eni-a")
    };
    let policy = Network::new(parts).unwrap().policy(&interface).unwrap();
    for group in (0..1000_u32).step_by(37) {
        for rule in 0..60_u32 {
            let source = std::net::Ipv4Addr::from(0x0a00_0000 + group * 256 + rule * 4 + 3).to_string();
            for offset in 0..10 {
                let port = 1000 + (rule as u16) * 10 + offset;
                let expected = if offset < 5 {
                    format!("ACCEPT: sg-{group}/sgr-{group}-{rule}")
                } else {
                    "REJECT: no security group rule".to_owned()
                };
                let packet = packet(TCP, &source, "192.168.0.1", port);
                assert_eq!(policy.judge(&packet, Direction::Ingress, false).to_string(), expected, "{packet:?}");
            }
        }
    }
    assert!(policy.lookups(Direction::Ingress, TCP) <= 8, "{}", policy.lookups(Direction::Ingress, TCP));
}

/// The reference: reads the parts, rule by rule, as a person would.
mod reference {
    use super::*;

    pub(super) fn judge(parts: &Parts, interface: &str, packet: &Packet, direction: Direction, reply: bool) -> String {
        let groups = groups_say(parts, interface, packet, direction, reply);
        let acl = acl_says(parts, interface, packet, direction);
        match (direction, groups.starts_with("ACCEPT"), acl) {
            (Direction::Ingress, _, Some(acl)) if acl.starts_with("REJECT") => acl,
            (Direction::Egress, true, Some(acl)) if acl.starts_with("REJECT") => acl,
            (_, _, Some(acl)) if groups == "ACCEPT: no security group" => acl,
            _ => groups,
        }
    }

    fn groups_say(parts: &Parts, interface: &str, packet: &Packet, direction: Direction, reply: bool) -> String {
        let carried = &parts.interfaces[interface].security_group_ids;
        if carried.is_empty() {
            return "ACCEPT: no security group".into();
        }
        if reply {
            return "ACCEPT: tracked connection".into();
        }
        let far = if direction == Direction::Ingress { packet.source } else { packet.destination };
        for group in carried {
            for rule in parts.security_groups[group].rules(direction) {
                let from_peer = match &rule.peer {
                    Peer::Cidr(cidr) => cidr.contains(&far),
                    Peer::PrefixList(id) => parts.prefix_lists[id].entries.iter().any(|cidr| cidr.contains(&far)),
                    Peer::Group(id) => {
                        parts.interfaces.values().any(|other| other.owns(far) && other.security_group_ids.contains(id))
                    }
                };
                if from_peer && is_about(rule.service, packet) {
                    return format!("ACCEPT: {group}/{}", rule.id);
                }
            }
        }
        "REJECT: no security group rule".into()
    }

    fn acl_says(parts: &Parts, interface: &str, packet: &Packet, direction: Direction) -> Option<String> {
        let subnet = &parts.subnets[parts.interfaces[interface].subnet_id.as_ref()?];
        let acl = &parts.network_acls[subnet.network_acl_id.as_ref()?];
        let far = if direction == Direction::Ingress { packet.source } else { packet.destination };
        if subnet.cidrs.iter().any(|cidr| cidr.contains(&far)) {
            return None;
        }
        let matching = |entry: &&AclEntry| entry.cidr.contains(&far) && is_about(entry.service, packet);
        let first = acl.entries(direction).iter().filter(matching).min_by_key(|entry| entry.number);
        Some(match first {
            Some(entry) => format!("{}: {} #{}", entry.action.as_str(), acl.id, entry.number),
            None => format!("REJECT: {} *", acl.id),
        })
    }

    fn is_about(service: Service, packet: &Packet) -> bool {
        let icmp = |wanted| match (wanted, packet.icmp) {
            (IcmpMatch::Any, _) => true,
            (IcmpMatch::Type(kind), Some((there, _))) => kind == there,
            (IcmpMatch::Code(kind, code), Some(there)) => (kind, code) == there,
            (_, None) => false,
        };
        match service {
            Service::All => true,
            Service::Tcp(ports) => packet.protocol == 6 && ports.contains(packet.destination_port),
            Service::Udp(ports) => packet.protocol == 17 && ports.contains(packet.destination_port),
            Service::Icmp(wanted) => packet.protocol == 1 && icmp(wanted),
            Service::Icmpv6(wanted) => packet.protocol == 58 && icmp(wanted),
            Service::Protocol(number) => packet.protocol == number,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn verdicts_are_those_of_the_reference(
        network in random_network(),
        packets in prop::collection::vec((random_packet(), any::<bool>()), 1..40),
    ) {
        let policy = network.policy(network.interface("eni-0").unwrap()).unwrap();
        for ((packet, direction), reply) in packets {
            let expected = reference::judge(network.parts(), "eni-0", &packet, direction, reply);
            prop_assert_eq!(policy.judge(&packet, direction, reply).to_string(), expected, "{:?}", packet);
        }
    }

    #[test]
    fn a_network_written_and_read_is_the_same(network in random_network()) {
        let text = network.to_file().to_toml().unwrap();
        let mut parts = network.parts().clone();
        for acl in parts.network_acls.values_mut() {
            acl.ingress.reverse();
            acl.egress.reverse();
        }
        let read = Network::parse(&text, &Owner::default()).unwrap();
        prop_assert_eq!(read.parts(), &parts, "{}", text);
        let json = serde_json::to_string(&network.to_file()).unwrap();
        let read = Network::parse(&json, &Owner::default()).unwrap();
        prop_assert_eq!(read.parts(), &parts);
    }
}
