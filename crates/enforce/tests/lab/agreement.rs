//! The kernel against the reference: random packets under random networks.
//!
//! For each network packets of random conversations cross a router on whose interface the rules are in force. Whether a
//! packet passed is seen behind the rules, by a set that collects its number; which rule refused it, by the counters.
//! Both must be what [`Connections`] says. Half-way the rules are swapped for those of a second network.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    time::{Duration, Instant},
};

use ipnet::IpNet;
use rustix::thread::{CpuSet, sched_setaffinity};
use weir_enforce::{Enforcer, Plan, Side};
use weir_network::{
    AclEntry, Action, Connections, Direction, ICMP, ICMPV6, IcmpMatch, Interface, Network, NetworkAcl, Packet, Parts,
    Peer, PortRange, PrefixList, SecurityGroup, SecurityGroupRule, Service, Subnet, TCP, Timeouts, UDP, Vpc,
};

use crate::{
    hosts::{Host, PATIENCE},
    wire::{Router, SEQUENCES, Wire},
};

const NETWORKS: u64 = 20;
const PACKETS: usize = 400;

/// Far ends: inside the subnet, members of a group, in the prefix list, elsewhere.
const FAR: [&str; 10] = [
    "10.77.0.20",
    "10.78.0.1",
    "10.78.0.2",
    "192.0.2.1",
    "192.0.2.77",
    "198.51.100.9",
    "fd77::20",
    "fd78::1",
    "fd78::2",
    "2001:db8::9",
];
const NETS: [&str; 14] = [
    "0.0.0.0/0",
    "::/0",
    "10.0.0.0/8",
    "10.78.0.0/24",
    "10.78.0.1/32",
    "192.0.2.0/24",
    "192.0.2.64/26",
    "198.51.100.9/32",
    "fd00::/8",
    "fd78::/16",
    "fd78::1/128",
    "2001:db8::/32",
    "10.77.0.0/24",
    "0.0.0.0/1",
];
const PORTS: [u16; 6] = [22, 53, 80, 443, 8080, 40_000];

/// Numbers that are random enough, and the same at each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }

    fn chance(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }
}

fn service(dice: &mut Dice) -> Service {
    let ports = |dice: &mut Dice| match dice.below(4) {
        0 => PortRange::ALL,
        1 => PortRange::new(50, 500).unwrap(),
        _ => {
            let port = dice.of(&PORTS);
            PortRange::new(port, port).unwrap()
        }
    };
    let icmp = |dice: &mut Dice, echo| match dice.below(3) {
        0 => IcmpMatch::Any,
        1 => IcmpMatch::Type(echo),
        _ => IcmpMatch::Code(3, 3),
    };
    match dice.below(8) {
        0 | 1 => Service::All,
        2 | 3 => Service::Tcp(ports(dice)),
        4 => Service::Udp(ports(dice)),
        5 => Service::Icmp(icmp(dice, 8)),
        6 => Service::Icmpv6(icmp(dice, 128)),
        _ => Service::Protocol(dice.of(&[50, 99, 253])),
    }
}

fn net(dice: &mut Dice) -> IpNet {
    dice.of(&NETS).parse().unwrap()
}

fn group(dice: &mut Dice, id: &str) -> SecurityGroup {
    let mut group = SecurityGroup { id: id.into(), name: None, vpc_id: None, ingress: Vec::new(), egress: Vec::new() };
    for direction in [Direction::Ingress, Direction::Egress] {
        if direction == Direction::Egress && dice.chance(2) {
            group.egress = SecurityGroup::default_egress(id);
            continue;
        }
        for _ in 0..dice.below(5) {
            let service = service(dice);
            let peer = match dice.below(6) {
                0 => Peer::Group("sg-far".into()),
                1 => Peer::PrefixList("pl-a".into()),
                _ => Peer::Cidr(net(dice)),
            };
            let id = SecurityGroupRule::derived_id(id, direction, service, &peer);
            let rules = if direction == Direction::Ingress { &mut group.ingress } else { &mut group.egress };
            if rules.iter().all(|rule| rule.id != id) {
                rules.push(SecurityGroupRule { id, service, peer, description: None });
            }
        }
    }
    group
}

fn acl(dice: &mut Dice) -> NetworkAcl {
    let mut side = || {
        let mut entries: Vec<AclEntry> = (1..=dice.below(6))
            .map(|place| AclEntry {
                number: u16::try_from(place * 10).unwrap(),
                action: if dice.chance(3) { Action::Reject } else { Action::Accept },
                service: service(dice),
                cidr: net(dice),
            })
            .collect();
        if dice.chance(2) {
            let every = |number, cidr: &str| AclEntry {
                number,
                action: Action::Accept,
                service: Service::All,
                cidr: cidr.parse().unwrap(),
            };
            entries.extend([every(900, "0.0.0.0/0"), every(901, "::/0")]);
        }
        entries
    };
    NetworkAcl { id: "acl-a".into(), vpc_id: None, ingress: side(), egress: side() }
}

fn interface(id: &str, subnet: Option<&str>, addresses: &[&str], groups: &[&str]) -> Interface {
    let addresses = || addresses.iter().map(|text| text.parse::<IpAddr>().unwrap());
    Interface {
        id: id.into(),
        account_id: "123456789012".into(),
        region: "us-east-1".into(),
        az_id: None,
        vpc_id: Some("vpc-a".into()),
        subnet_id: subnet.map(str::to_owned),
        instance_id: None,
        ipv4: addresses().filter_map(|it| if let IpAddr::V4(it) = it { Some(it) } else { None }).collect(),
        ipv6: addresses().filter_map(|it| if let IpAddr::V6(it) = it { Some(it) } else { None }).collect(),
        security_group_ids: groups.iter().map(|id| (*id).to_owned()).collect(),
        tags: Default::default(),
        side: Default::default(),
    }
}

/// Without groups nothing is remembered by the reference, but the kernel remembers: only the second network may have none.
fn network(dice: &mut Dice, second: bool) -> Network {
    let nets = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<IpNet>>();
    let mut parts = Parts::default();
    let vpc = Vpc { id: "vpc-a".into(), cidrs: nets(&["10.0.0.0/8", "fd00::/8"]), aws_services: false };
    parts.vpcs.insert(vpc.id.clone(), vpc);
    let network_acl_id = dice.chance(2).then(|| "acl-a".to_owned());
    let subnet = Subnet {
        id: "subnet-a".into(),
        vpc_id: "vpc-a".into(),
        cidrs: nets(&["10.77.0.0/24", "fd77::/64"]),
        az_id: None,
        network_acl_id,
    };
    parts.subnets.insert(subnet.id.clone(), subnet);
    parts.network_acls.insert("acl-a".into(), acl(dice));
    let own: &[&str] = if second && dice.chance(6) {
        &[]
    } else if dice.chance(2) {
        &["sg-a"]
    } else {
        &["sg-a", "sg-b"]
    };
    for interface in [
        interface("eni-web", Some("subnet-a"), &["10.77.0.10", "fd77::10"], own),
        interface("eni-far", None, &["10.78.0.1", "fd78::2"], &["sg-far"]),
    ] {
        parts.interfaces.insert(interface.id.clone(), interface);
    }
    for id in ["sg-a", "sg-b", "sg-far"] {
        parts.security_groups.insert(id.into(), group(dice, id));
    }
    let list = PrefixList {
        id: "pl-a".into(),
        name: None,
        entries: nets(&["192.0.2.64/26", "198.51.100.0/24", "fd78::1/128"]),
    };
    parts.prefix_lists.insert(list.id.clone(), list);
    Network::new(parts).expect("a network")
}

/// Packets that belong together, in the order in which they are sent.
struct Conversation {
    opener: Direction,
    far: IpAddr,
    protocol: u8,
    /// Of the one that opens, and of the other.
    ports: (u16, u16),
    icmp: (u8, u8),
    sent: usize,
}

impl Conversation {
    fn new(dice: &mut Dice, number: usize) -> Self {
        let far: IpAddr = dice.of(&FAR).parse().unwrap();
        let icmp = if far.is_ipv6() { ICMPV6 } else { ICMP };
        let echo = if far.is_ipv6() { (128, 0) } else { (8, 0) };
        Self {
            opener: if dice.chance(3) { Direction::Egress } else { Direction::Ingress },
            far,
            protocol: dice.of(&[TCP, TCP, TCP, UDP, UDP, icmp, icmp, 50, 99]),
            ports: (u16::try_from(20_000 + number).unwrap(), dice.of(&PORTS)),
            icmp: if dice.chance(3) { (3, dice.of(&[1, 3])) } else { echo },
            sent: 0,
        }
    }

    /// Its next packet: the opening, the answer, then either.
    fn next(&mut self, dice: &mut Dice) -> Wire {
        let by_opener = match self.sent {
            0 => true,
            1 => false,
            2 => true,
            _ => dice.chance(2),
        };
        let tcp_flags = [2, 18].get(self.sent).copied().unwrap_or(16);
        let own: IpAddr = if self.far.is_ipv6() { "fd77::10" } else { "10.77.0.10" }.parse().unwrap();
        let direction = if by_opener { self.opener } else { self.opener.reverse() };
        let (source, destination) = if direction == Direction::Ingress { (self.far, own) } else { (own, self.far) };
        let has_ports = matches!(self.protocol, TCP | UDP);
        let (mine, other) = if by_opener { self.ports } else { (self.ports.1, self.ports.0) };
        let icmp = match (by_opener, self.icmp) {
            (false, (8, code)) => (0, code),
            (false, (128, code)) => (129, code),
            (_, icmp) => icmp,
        };
        let packet = Packet {
            source,
            destination,
            protocol: self.protocol,
            source_port: if has_ports { mine } else { 0 },
            destination_port: if has_ports { other } else { 0 },
            icmp: matches!(self.protocol, ICMP | ICMPV6).then_some(icmp),
        };
        let [opener, other] = SEQUENCES;
        let tcp_numbers = match (self.sent, by_opener) {
            (0, _) => (opener, 0),
            (1, _) => (other, opener + 1),
            (_, true) => (opener + 1, other + 1),
            (_, false) => (other + 1, opener + 1),
        };
        self.sent += 1;
        Wire { direction, packet, tcp_flags: if self.protocol == TCP { tcp_flags } else { 0 }, tcp_numbers }
    }
}

/// Collects the numbers of packets that got through, behind the rules.
const OBSERVER: &str = "table inet observer {
  set v4 { typeof ip id; size 65535; flags dynamic; }
  set v6 { typeof ip6 flowlabel; size 65535; flags dynamic; }
  chain through { type filter hook postrouting priority 200;
    add @v4 { ip id }
    add @v6 { ip6 flowlabel }
  }
}";

/// The numbers of the packets that got through.
fn through(router: &Host) -> BTreeSet<u64> {
    let mut numbers = BTreeSet::new();
    for set in ["v4", "v6"] {
        let listed: serde_json::Value =
            serde_json::from_str(&router.exec(&format!("nft -j list set inet observer {set}"))).expect("JSON");
        let sets = listed["nftables"].as_array().expect("a list").iter().filter_map(|it| it["set"]["elem"].as_array());
        numbers.extend(sets.flatten().map(|number| number.as_u64().expect("a number")));
    }
    numbers
}

fn refused(enforcer: &Enforcer) -> BTreeMap<String, u64> {
    let counters = enforcer.refused().expect("counters").into_iter().filter(|it| it.packets > 0);
    counters.map(|it| (format!("{} {}", it.denial.direction.as_str(), it.denial.rule.token()), it.packets)).collect()
}

fn agree(seed: u64) {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1);
    let router = Router::new();
    router.router.nft(OBSERVER);
    let sockets = router.sockets();
    let mut enforcer = router.router.enforcer();
    let mut connections = Connections::new(Connections::DEFAULT_CAPACITY, Timeouts::default());
    let mut conversations: Vec<Conversation> = (0..60).map(|number| Conversation::new(&mut dice, number)).collect();
    let mut sent: Vec<(Wire, weir_network::Verdict)> = Vec::new();
    let mut expected: BTreeMap<String, u64> = BTreeMap::new();
    for half in 0..2 {
        let network = network(&mut dice, half == 1);
        let interface = network.interface("eni-web").expect("eni-web");
        let policy = network.policy(interface).expect("a policy");
        enforcer
            .apply("w0", Plan::new(&network, interface, Side::Host).expect("a plan"), None, Duration::ZERO)
            .expect("in force");
        for _ in 0..PACKETS / 2 {
            let conversation = dice.below(conversations.len());
            let wire = conversations[conversation].next(&mut dice);
            sockets.send(&wire, u16::try_from(sent.len() + 1).unwrap());
            let verdict = connections.judge(&policy, &wire.packet, wire.tcp_flags, wire.direction, Duration::ZERO);
            if verdict.action == Action::Reject {
                *expected.entry(format!("{} {}", wire.direction.as_str(), verdict.rule.token())).or_default() += 1;
            }
            sent.push((wire, verdict));
        }
        // Every packet has met its end before the rules change.
        let begun = Instant::now();
        while through(&router.router).len() + usize::try_from(refused(&enforcer).values().sum::<u64>()).unwrap()
            < sent.len()
        {
            assert!(begun.elapsed() < PATIENCE, "seed {seed}: packets are missing");
        }
    }
    let through = through(&router.router);
    for (number, (wire, verdict)) in (1..).zip(&sent) {
        let passed = through.contains(&number);
        assert_eq!(
            passed,
            verdict.action == Action::Accept,
            "seed {seed}, packet {number}: {wire:?} should be {verdict}"
        );
    }
    assert_eq!(refused(&enforcer), expected, "seed {seed}");
    let accepted = sent.iter().filter(|(_, verdict)| verdict.action == Action::Accept).count();
    println!("seed {seed}: {accepted} of {} accepted, refused by {} rules", sent.len(), expected.len());
}

#[test]
fn the_kernel_does_what_the_reference_says() {
    // One processor: packets arrive in the order in which they are sent.
    let mut first = CpuSet::new();
    first.set(0);
    sched_setaffinity(None, &first).expect("one processor");
    (0..NETWORKS).for_each(agree);
}
