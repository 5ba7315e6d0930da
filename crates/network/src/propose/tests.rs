//! Proposals: who opened, what is merged, and properties against the judge.

use std::collections::BTreeSet;

use proptest::{prelude::*, sample::select};

use super::*;
use crate::{ICMP, Interface, Network, Owner, Parts, TCP, UDP};

const OWN: &str = "10.0.1.10";
const SYN: Option<u8> = Some(2);
const SYN_ACK: Option<u8> = Some(18);

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// A flow between the interface's port and that of the far side.
fn flow(direction: Direction, protocol: u8, own_port: u16, far: (&str, u16), flags: Option<u8>) -> SeenFlow {
    let (own, far) = ((ip(OWN), own_port), (ip(far.0), far.1));
    let (source, destination) = if direction == Direction::Ingress { (far, own) } else { (own, far) };
    SeenFlow {
        packet: Packet {
            source: source.0,
            destination: destination.0,
            protocol,
            source_port: source.1,
            destination_port: destination.1,
            icmp: None,
        },
        direction,
        tcp_flags: flags,
        action: Action::Accept,
        start: 100,
        tally: Tally { records: 1, packets: 10, bytes: 1000 },
    }
}

use Direction::{Egress, Ingress};

fn refused(flow: SeenFlow) -> SeenFlow {
    SeenFlow { action: Action::Reject, ..flow }
}

/// The two flows of a TCP connection that was opened and answered.
fn connection(opened: Direction, own_port: u16, far: (&str, u16)) -> [SeenFlow; 2] {
    [flow(opened, TCP, own_port, far, SYN), flow(opened.reverse(), TCP, own_port, far, SYN_ACK)]
}

fn rules(proposal: &Proposal) -> Vec<String> {
    let text = |rule: &ProposedRule| format!("{} {} {}", rule.direction.as_str(), rule.rule.service, rule.rule.peer);
    proposal.rules.iter().map(text).collect()
}

fn proposed(flows: impl IntoIterator<Item = SeenFlow>) -> Vec<String> {
    rules(&propose(flows, &Options::default(), "sg-new"))
}

#[test]
fn the_side_that_sent_the_syn_opened() {
    let inwards = connection(Ingress, 22, ("192.0.2.7", 40_000));
    let outwards = connection(Egress, 50_000, ("198.51.100.1", 443));
    let expected = ["ingress tcp 22 192.0.2.7/32", "egress tcp 443 198.51.100.1/32"];
    assert_eq!(proposed(inwards.into_iter().chain(outwards)), expected);
}

/// A window in the middle of a connection has no SYN; the answer alone still says who opened.
#[test]
fn an_answer_tells_who_opened() {
    let answer = flow(Egress, TCP, 8080, ("192.0.2.7", 1000), SYN_ACK);
    assert_eq!(proposed([answer]), ["ingress tcp 8080 192.0.2.7/32"]);
}

#[test]
fn without_flags_the_port_of_other_connections_tells() {
    // To port 8080 by its flags; the connection from port 80 in mid-stream is to it too, though 80 is lower.
    let known = connection(Ingress, 8080, ("192.0.2.7", 40_000));
    let middle =
        [flow(Ingress, TCP, 8080, ("192.0.2.8", 80), Some(0)), flow(Egress, TCP, 8080, ("192.0.2.8", 80), Some(0))];
    assert_eq!(
        proposed(known.into_iter().chain(middle)),
        ["ingress tcp 8080 192.0.2.7/32", "ingress tcp 8080 192.0.2.8/32"]
    );
}

#[test]
fn without_flags_clients_are_those_that_change_their_port() {
    let port = |far_port| flow(Ingress, UDP, 5000, ("192.0.2.7", far_port), None);
    assert_eq!(proposed([port(2001), port(2002), port(2003)]), ["ingress udp 5000 192.0.2.7/32"]);
    let queries = |own_port| {
        [
            flow(Egress, UDP, own_port, ("192.0.2.53", 6000), None),
            flow(Ingress, UDP, own_port, ("192.0.2.53", 6000), None),
        ]
    };
    assert_eq!(proposed([queries(2100), queries(2200)].concat()), ["egress udp 6000 192.0.2.53/32"]);
}

#[test]
fn without_anything_else_the_lower_port_is_the_service() {
    let query =
        [flow(Egress, UDP, 40_000, ("192.0.2.53", 53), None), flow(Ingress, UDP, 40_000, ("192.0.2.53", 53), None)];
    assert_eq!(proposed(query), ["egress udp 53 192.0.2.53/32"]);
}

#[test]
fn without_ports_the_first_opened_and_both_when_nobody_knows() {
    let first = flow(Ingress, ICMP, 0, ("192.0.2.7", 0), None);
    let later = SeenFlow { start: 101, ..flow(Egress, ICMP, 0, ("192.0.2.7", 0), None) };
    assert_eq!(proposed([first, later]), ["ingress icmp 192.0.2.7/32"]);
    let same = flow(Egress, ICMP, 0, ("192.0.2.7", 0), None);
    assert_eq!(proposed([first, same]), ["ingress icmp 192.0.2.7/32", "egress icmp 192.0.2.7/32"]);
    let ntp = [flow(Ingress, UDP, 123, ("192.0.2.7", 123), None), flow(Egress, UDP, 123, ("192.0.2.7", 123), None)];
    assert_eq!(proposed(ntp), ["ingress udp 123 192.0.2.7/32", "egress udp 123 192.0.2.7/32"]);
}

#[test]
fn what_was_refused_or_came_to_nothing_gets_no_rule() {
    let scan = flow(Ingress, TCP, 23, ("192.0.2.66", 40_000), SYN);
    let closed =
        [flow(Ingress, TCP, 25, ("192.0.2.66", 40_000), SYN), flow(Egress, TCP, 25, ("192.0.2.66", 40_000), Some(4))];
    let denied = refused(flow(Ingress, TCP, 3389, ("192.0.2.66", 40_000), SYN));
    let flows: Vec<SeenFlow> = closed.into_iter().chain([scan, denied]).collect();
    let proposal = propose(flows.clone(), &Options::default(), "sg-new");
    assert_eq!(rules(&proposal), [""; 0]);
    let now: Vec<_> =
        proposal.now_refused.iter().map(|refused| (refused.service.to_string(), refused.addresses)).collect();
    assert_eq!(now, [("tcp 23".to_owned(), 1), ("tcp 25".to_owned(), 1)]);
    let kept = propose(flows, &Options { unanswered: true, ..Options::default() }, "sg-new");
    assert_eq!(rules(&kept), ["ingress tcp 23 192.0.2.66/32", "ingress tcp 25 192.0.2.66/32"]);
    assert!(kept.now_refused.is_empty());
}

#[test]
fn ports_next_to_each_other_with_the_same_addresses_are_one_range() {
    let both = |port| connection(Ingress, port, ("192.0.2.7", 40_000));
    let flows: Vec<SeenFlow> = [both(80), both(81), both(82), both(90)].concat();
    assert_eq!(proposed(flows.clone()), ["ingress tcp 80-82 192.0.2.7/32", "ingress tcp 90 192.0.2.7/32"]);
    let gap = propose(flows.clone(), &Options { port_gap: 7, ..Options::default() }, "sg-new");
    assert_eq!(rules(&gap), ["ingress tcp 80-90 192.0.2.7/32"]);
    assert_eq!(gap.rules[0].new_ports, 7);
    // A flow refused in the gap keeps the range apart.
    let denied = refused(flow(Ingress, TCP, 85, ("192.0.2.7", 40_000), SYN));
    let flows: Vec<SeenFlow> = flows.into_iter().chain([denied]).collect();
    let kept = propose(flows.clone(), &Options { port_gap: 7, ..Options::default() }, "sg-new");
    assert_eq!(rules(&kept), ["ingress tcp 80-82 192.0.2.7/32", "ingress tcp 90 192.0.2.7/32"]);
    let allowed = propose(flows, &Options { port_gap: 7, refused: 1, ..Options::default() }, "sg-new");
    assert_eq!(allowed.rules[0].newly_admitted.len(), 1);
}

fn clients(count: u32, first: &str, step: u32) -> impl Iterator<Item = SeenFlow> {
    let IpAddr::V4(first) = ip(first) else { unreachable!() };
    (0..count).flat_map(move |number| {
        let far = std::net::Ipv4Addr::from(u32::from(first) + number * step).to_string();
        connection(Ingress, 443, (&far, 40_000))
    })
}

#[test]
fn addresses_are_merged_for_nothing_or_as_far_as_needed() {
    assert_eq!(proposed(clients(4, "192.0.2.4", 1)), ["ingress tcp 443 192.0.2.4/30"]);
    // Ten hosts, every second address: five rules are wanted, so the cheapest merges are made.
    let options = Options { max_rules: 5, ..Options::default() };
    let proposal = propose(clients(8, "192.0.2.0", 2), &options, "sg-new");
    assert_eq!(proposal.rules.len(), 5, "{:?}", rules(&proposal));
    assert_eq!(proposal.rules.iter().map(|rule| rule.new_addresses).sum::<u128>(), 6);
    assert!(proposal.over.is_empty());
}

#[test]
fn merging_stops_at_its_bounds_and_says_so() {
    let options = Options { max_rules: 1, new_addresses: 3, open_at: 0, ..Options::default() };
    let proposal = propose(clients(3, "192.0.2.0", 64), &options, "sg-new");
    assert_eq!(proposal.rules.len(), 3);
    let next = Some(NextMerge { new_addresses: 126, refused: 0 });
    let over = Over { direction: Ingress, rules: 3, next };
    assert_eq!(proposal.over, [over]);
    // A flow refused from between keeps two apart; if it may be admitted, the rule says which.
    let options = Options { max_rules: 1, open_at: 0, ..Options::default() };
    let denied = refused(flow(Ingress, TCP, 443, ("192.0.2.1", 40_000), SYN));
    let flows: Vec<SeenFlow> = clients(2, "192.0.2.0", 2).chain([denied]).collect();
    assert_eq!(propose(flows.clone(), &options, "sg-new").rules.len(), 2);
    let proposal = propose(flows, &Options { refused: 1, ..options }, "sg-new");
    assert_eq!(rules(&proposal), ["ingress tcp 443 192.0.2.0/30"]);
    assert_eq!(proposal.rules[0].newly_admitted[0].far, ip("192.0.2.1"));
    assert!(proposal.rules[0].summary().contains("1 flows refused so far"));
}

#[test]
fn a_service_of_very_many_is_opened_to_their_range() {
    let options = Options { open_at: 100, ..Options::default() };
    assert_eq!(rules(&propose(clients(200, "10.0.0.0", 1000), &options, "sg-new")), ["ingress tcp 443 10.0.0.0/8"]);
    let everyone = propose(clients(200, "192.0.2.0", 100_000), &options, "sg-new");
    assert_eq!(rules(&everyone), ["ingress tcp 443 0.0.0.0/0"]);
    assert_eq!(everyone.rules[0].addresses, 200);
    let denied = refused(flow(Ingress, TCP, 443, ("203.0.113.9", 40_000), SYN));
    let flows = clients(200, "192.0.2.0", 100_000).chain([denied]);
    assert_eq!(propose(flows, &options, "sg-new").rules.len(), 200);
}

#[test]
fn a_proposal_is_a_section_of_the_network_file_and_json_for_aws() {
    let flows =
        connection(Ingress, 22, ("192.0.2.7", 40_000)).into_iter().chain(connection(Egress, 5, ("2001:db8::1", 443)));
    let proposal = propose(flows, &Options::default(), "sg-new");
    let group = proposal.group("sg-new", Some("proposed".into()));
    let text =
        Network::new(Parts { security_groups: [("sg-new".to_owned(), group.clone())].into(), ..Parts::default() });
    let text = text.unwrap().to_file().to_toml().unwrap();
    let read = Network::parse(&text, &Owner::default()).unwrap();
    assert_eq!(read.parts().security_groups["sg-new"], group);
    assert_eq!(
        proposal.ip_permissions(Ingress),
        serde_json::json!([{ "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [
            { "CidrIp": "192.0.2.7/32", "Description": "1 connections from 1 addresses" }] }])
    );
    assert_eq!(
        proposal.ip_permissions(Egress)[0]["Ipv6Ranges"],
        serde_json::json!([{ "CidrIpv6": "2001:db8::1/128", "Description": "1 connections to 1 addresses" }])
    );
}

/// 120,000 connections from 40,000 addresses to three ports.
#[test]
fn very_many_flows_are_no_trouble() {
    let flows = (0..120_000_u32).map(|number| {
        let far = std::net::Ipv4Addr::from(0xc000_0000 + number / 3 * 7);
        let mut opened = flow(Ingress, TCP, 80 + (number % 3) as u16, ("192.0.2.1", 40_000), Some(0));
        opened.packet.source = far.into();
        opened.packet.source_port = 32_768 + (number % 20_000) as u16;
        opened
    });
    let options = Options { open_at: 0, max_rules: 50, new_addresses: u128::MAX, ..Options::default() };
    let proposal = propose(flows, &options, "sg-new");
    assert_eq!(proposal.connections, 120_000);
    assert!(proposal.rules.len() <= 50, "{}", proposal.rules.len());
    assert_eq!(proposal.rules.iter().map(|rule| rule.connections).sum::<u64>(), 120_000);
}

// A small world, in which addresses and ports meet often.

#[derive(Debug, Clone)]
struct Happened {
    opened: Direction,
    protocol: u8,
    service_port: u16,
    client_port: u16,
    far: IpAddr,
    accepted: bool,
}

fn happened() -> impl Strategy<Value = Happened> {
    let far = prop_oneof![
        (0_u32..64).prop_map(|low| IpAddr::from(std::net::Ipv4Addr::from(0xc000_0200 + low))),
        (0_u32..16).prop_map(|low| IpAddr::from(std::net::Ipv4Addr::from(0x0a00_0000 + low * 0x1_0000))),
        (0_u128..16).prop_map(|low| IpAddr::from(std::net::Ipv6Addr::from(0x2001_0db8 << 96 | low))),
    ];
    let opened = select(vec![Ingress, Egress]);
    (opened, select(vec![TCP, TCP, UDP]), 80_u16..90, 40_000_u16..40_004, far, prop::bool::weighted(0.8)).prop_map(
        |(opened, protocol, service_port, client_port, far, accepted)| Happened {
            opened,
            protocol,
            service_port,
            client_port,
            far,
            accepted,
        },
    )
}

impl Happened {
    fn flows(&self) -> Vec<SeenFlow> {
        let far = self.far.to_string();
        let (own_port, far_port) = match self.opened {
            Ingress => (self.service_port, self.client_port),
            Egress => (self.client_port, self.service_port),
        };
        let (syn, syn_ack) = if self.protocol == TCP { (SYN, SYN_ACK) } else { (None, None) };
        let request = flow(self.opened, self.protocol, own_port, (&far, far_port), syn);
        if !self.accepted {
            return vec![refused(request)];
        }
        vec![request, flow(self.opened.reverse(), self.protocol, own_port, (&far, far_port), syn_ack)]
    }

    fn packet(&self) -> Packet {
        self.flows()[0].packet
    }

    fn service(&self) -> (Direction, u8, u16, IpAddr) {
        (self.opened, self.protocol, self.service_port, self.far)
    }
}

fn options() -> impl Strategy<Value = Options> {
    (1_usize..70, select(vec![0_u128, 1, 30, 256, u128::MAX]), 0_usize..3, select(vec![0_usize, 5, 20]), 0_u16..3)
        .prop_map(|(max_rules, new_addresses, refused, open_at, port_gap)| Options {
            max_rules,
            new_addresses,
            refused,
            open_at,
            port_gap,
            unanswered: false,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn what_opened_is_admitted_and_what_was_refused_is_not_unless_it_is_told(
        world in prop::collection::vec(happened(), 1..120),
        options in options(),
    ) {
        // A client's port is 40,000 or above on one side only, so that UDP is told by its ports too.
        let flows = world.iter().flat_map(Happened::flows);
        let proposal = propose(flows, &options, "sg-new");
        let group = proposal.group("sg-new", None);
        let interface = interface();
        let network = Network::new(Parts { security_groups: [("sg-new".to_owned(), group)].into(), ..Parts::default() }).unwrap();
        let policy = network.policy(&interface).unwrap();
        let accepted: BTreeSet<_> = world.iter().filter(|it| it.accepted).map(Happened::service).collect();
        for it in &world {
            let verdict = policy.judge(&it.packet(), it.opened, false).action;
            if accepted.contains(&it.service()) {
                prop_assert_eq!(verdict, Action::Accept, "{:?}: {:?}", it, rules(&proposal));
            } else if verdict == Action::Accept {
                let told = proposal.rules.iter().filter(|rule| rule.direction == it.opened).flat_map(|rule| &rule.newly_admitted);
                let mut told = told.filter(|refused| refused.far == it.far);
                prop_assert!(told.any(|refused| refused.service == it.one_port()), "{:?}: {:?}", it, proposal.rules);
            }
        }
        for rule in &proposal.rules {
            prop_assert!(rule.newly_admitted.len() <= options.refused);
            let is_open = options.open_at > 0 && rule.addresses >= options.open_at as u64;
            prop_assert!(rule.new_addresses <= options.new_addresses || is_open, "{:?}", rule);
        }
        for direction in [Ingress, Egress] {
            let count = proposal.rules.iter().filter(|rule| rule.direction == direction).count();
            let over = proposal.over.iter().any(|over| over.direction == direction);
            prop_assert!(count <= options.max_rules || over, "{count}");
        }
    }
}

impl Happened {
    fn one_port(&self) -> Service {
        let ports = crate::PortRange::new(self.service_port, self.service_port).unwrap();
        if self.protocol == TCP { Service::Tcp(ports) } else { Service::Udp(ports) }
    }
}

fn interface() -> Interface {
    let text = r#"
        [[interface]]
        id = "eni-a"
        addresses = ["10.0.1.10"]
        security-groups = ["sg-new"]
        [[security-group]]
        id = "sg-new"
    "#;
    Network::parse(text, &Owner::default()).unwrap().interface("eni-a").unwrap().clone()
}
