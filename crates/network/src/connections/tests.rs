//! Connections as the interface sees them.

use proptest::{prelude::*, sample::select};

use super::*;
use crate::{Network, Owner};

/// One interface under a policy that can be exchanged, and its clock.
struct Host {
    connections: Connections,
    policy: Policy,
    now: u64,
}

const OWN: &str = "172.31.16.139";
const FAR: &str = "203.0.113.12";

impl Host {
    fn new(network: &str) -> Self {
        let connections = Connections::new(Connections::DEFAULT_CAPACITY, Timeouts::default());
        Self { connections, policy: policy(network, "sg-a"), now: 1_000_000 }
    }

    fn judge(&mut self, direction: Direction, packet: &Packet, flags: u8) -> String {
        let now = Duration::from_secs(self.now);
        self.connections.judge(&self.policy, packet, flags, direction, now).to_string()
    }

    /// A packet from the far side's port to the interface's.
    fn inwards(&mut self, protocol: u8, far_port: u16, own_port: u16, flags: u8) -> String {
        self.judge(Direction::Ingress, &packet(protocol, (FAR, far_port), (OWN, own_port)), flags)
    }

    /// A packet from the interface's port to the far side's.
    fn outwards(&mut self, protocol: u8, own_port: u16, far_port: u16, flags: u8) -> String {
        self.judge(Direction::Egress, &packet(protocol, (OWN, own_port), (FAR, far_port)), flags)
    }

    fn icmp_inwards(&mut self, kind: u8) -> String {
        self.judge(Direction::Ingress, &Packet { icmp: Some((kind, 0)), ..packet(ICMP, (FAR, 0), (OWN, 0)) }, 0)
    }

    fn icmp_outwards(&mut self, kind: u8) -> String {
        self.judge(Direction::Egress, &Packet { icmp: Some((kind, 0)), ..packet(ICMP, (OWN, 0), (FAR, 0)) }, 0)
    }
}

fn packet(protocol: u8, source: (&str, u16), destination: (&str, u16)) -> Packet {
    Packet {
        source: source.0.parse().unwrap(),
        destination: destination.0.parse().unwrap(),
        protocol,
        source_port: source.1,
        destination_port: destination.1,
        icmp: None,
    }
}

/// What holds at an interface with this group in a subnet with network ACL `acl-a`.
fn policy(network: &str, group: &str) -> Policy {
    let acl = if network.contains("acl-a") { "network-acl = \"acl-a\"" } else { "" };
    let text = format!(
        "{network}
        [[vpc]]
        id = \"vpc-a\"
        cidrs = [\"172.31.0.0/16\"]
        [[subnet]]
        id = \"subnet-a\"
        vpc = \"vpc-a\"
        cidrs = [\"172.31.16.0/20\"]
        {acl}
        [[interface]]
        id = \"eni-a\"
        subnet = \"subnet-a\"
        addresses = [\"{OWN}\"]
        security-groups = [\"{group}\"]"
    );
    let network = Network::parse(&text, &Owner::default()).unwrap();
    network.policy(network.interface("eni-a").unwrap()).unwrap()
}

/// The ping table of the fact sheet: group in, ACL in, ACL out, and what becomes of request and reply.
#[test]
fn the_ping_table() {
    const GROUP: &str = "ACCEPT: sg-a/sgr-ping";
    const REPLY: &str = "ACCEPT: tracked connection, opened by sg-a/sgr-ping";
    for (group, acl_in, acl_out, request, reply) in [
        (true, "allow", "deny", GROUP, Some("REJECT: acl-a #100")),
        (true, "allow", "allow", GROUP, Some(REPLY)),
        (false, "allow", "allow", "REJECT: no security group rule", None),
        (false, "allow", "deny", "REJECT: no security group rule", None),
        (true, "deny", "allow", "REJECT: acl-a #100", None),
    ] {
        let rule = if group { "{ id = \"sgr-ping\", protocol = \"icmp\", source = \"203.0.113.12\" }" } else { "" };
        let mut host = Host::new(&format!(
            "[[security-group]]
            id = \"sg-a\"
            ingress = [{rule}]
            egress = []
            [[network-acl]]
            id = \"acl-a\"
            ingress = [{{ number = 100, action = \"{acl_in}\", source = \"0.0.0.0/0\" }}]
            egress = [{{ number = 100, action = \"{acl_out}\", destination = \"0.0.0.0/0\" }}]"
        ));
        for _ in 0..4 {
            let now = host.icmp_inwards(8);
            assert!(now == request || (group && now == REPLY), "{now}");
            if let Some(reply) = reply {
                assert_eq!(host.icmp_outwards(0), reply);
            }
            host.now += 1;
        }
    }
}

const NOTHING_OUT: &str = "
    [[security-group]]
    id = \"sg-a\"
    egress = []
    ingress = [
        { id = \"sgr-tcp\", protocol = \"tcp\", ports = 22, source = \"203.0.113.0/24\" },
        { id = \"sgr-udp\", protocol = \"udp\", ports = 53, source = \"0.0.0.0/0\" },
        { id = \"sgr-esp\", protocol = 50, source = \"203.0.113.0/24\" },
        { id = \"sgr-icmp\", protocol = \"icmp\", source = \"203.0.113.0/24\" },
    ]";

/// A group that lets nothing out still lets out the replies to what it let in.
#[test]
fn replies_pass_a_group_that_lets_nothing_out() {
    let mut host = Host::new(NOTHING_OUT);
    assert_eq!(host.outwards(TCP, 22, 40_000, SYN | ACK), "REJECT: no security group rule");
    assert_eq!(host.inwards(TCP, 40_000, 22, SYN), "ACCEPT: sg-a/sgr-tcp");
    assert_eq!(host.outwards(TCP, 22, 40_000, SYN | ACK), "ACCEPT: tracked connection, opened by sg-a/sgr-tcp");
    assert_eq!(host.outwards(TCP, 22, 40_001, SYN | ACK), "REJECT: no security group rule");
    assert_eq!(host.outwards(TCP, 23, 40_000, SYN | ACK), "REJECT: no security group rule");
    assert_eq!(host.inwards(UDP, 5353, 53, 0), "ACCEPT: sg-a/sgr-udp");
    assert_eq!(host.outwards(UDP, 53, 5353, 0), "ACCEPT: tracked connection, opened by sg-a/sgr-udp");
    assert_eq!(host.inwards(50, 0, 0, 0), "ACCEPT: sg-a/sgr-esp");
    assert_eq!(host.outwards(50, 0, 0, 0), "ACCEPT: tracked connection, opened by sg-a/sgr-esp");
    assert_eq!(host.outwards(51, 0, 0, 0), "REJECT: no security group rule");
    assert_eq!(host.connections.counts(), ConnectionCounts { opened: 3, evicted: 0 });
}

/// And the other way round: what the interface asks for may come in, nothing else.
#[test]
fn answers_come_in_through_a_group_that_lets_nothing_in() {
    let mut host = Host::new("[[security-group]]\nid = \"sg-a\"\n");
    assert_eq!(host.inwards(TCP, 443, 50_000, SYN | ACK), "REJECT: no security group rule");
    assert!(host.outwards(TCP, 50_000, 443, SYN).starts_with("ACCEPT: sg-a/sgr-"));
    assert!(host.inwards(TCP, 443, 50_000, SYN | ACK).starts_with("ACCEPT: tracked connection, opened by sg-a/sgr-"));
    assert_eq!(host.inwards(TCP, 443, 50_001, SYN), "REJECT: no security group rule");
    assert!(host.icmp_outwards(8).starts_with("ACCEPT: sg-a/"));
    assert!(host.icmp_inwards(0).starts_with("ACCEPT: tracked"));
}

#[test]
fn a_ping_lets_replies_pass_one_way_only() {
    let mut host = Host::new(NOTHING_OUT);
    assert_eq!(host.icmp_inwards(8), "ACCEPT: sg-a/sgr-icmp");
    assert_eq!(host.icmp_outwards(0), "ACCEPT: tracked connection, opened by sg-a/sgr-icmp");
    assert_eq!(host.icmp_outwards(8), "REJECT: no security group rule");
    assert_eq!(host.icmp_outwards(14), "REJECT: no security group rule");
    assert_eq!(host.icmp_outwards(3), "REJECT: no security group rule");
    host.now += 31;
    assert_eq!(host.icmp_outwards(0), "REJECT: no security group rule");
}

/// An answer to nothing, let out by the rules, does not let requests in.
#[test]
fn unasked_answers_open_nothing() {
    let mut host = Host::new("[[security-group]]\nid = \"sg-a\"\n");
    assert!(host.icmp_outwards(0).starts_with("ACCEPT: sg-a/"));
    assert_eq!(host.icmp_inwards(8), "REJECT: no security group rule");
    for flags in [SYN | ACK, RST, RST | ACK] {
        assert!(host.outwards(TCP, 22, 40_000, flags).starts_with("ACCEPT: sg-a/"));
        assert_eq!(host.inwards(TCP, 40_000, 22, SYN), "REJECT: no security group rule");
    }
    assert!(host.connections.is_empty());
}

fn seed(http_and_ssh: &str) -> String {
    format!(
        "[[security-group]]
        id = \"sg-httpandssh\"
        name = \"HTTPAndSSH\"
        ingress = [
            {{ id = \"sgr-http\", protocol = \"tcp\", ports = 80, source = \"0.0.0.0/0\" }},
            {{ id = \"sgr-ssh\", protocol = \"tcp\", ports = 22, source = \"{http_and_ssh}\" }},
        ]
        [[security-group]]
        id = \"sg-httponly\"
        name = \"HTTPOnly\"
        ingress = [{{ id = \"sgr-http-only\", protocol = \"tcp\", ports = 80, source = \"0.0.0.0/0\" }}]
        [[security-group]]
        id = \"sg-a\""
    )
}

/// The seeds' story: SSH works, the group without SSH is swapped in, new attempts are refused, HTTP goes on, the group comes
/// back. SSH from some addresses only is tracked: the session that is open lives on.
#[test]
fn the_story_of_the_seeds_with_tracked_sessions() {
    let network = seed("203.0.113.0/24");
    let mut host = Host::new(&network);
    host.policy = policy(&network, "sg-httpandssh");
    assert_eq!(host.inwards(TCP, 41_000, 22, SYN), "ACCEPT: sg-httpandssh/sgr-ssh");
    assert!(host.outwards(TCP, 22, 41_000, SYN | ACK).starts_with("ACCEPT: tracked"));

    host.policy = policy(&network, "sg-httponly");
    host.now += 600;
    assert_eq!(host.inwards(TCP, 41_001, 22, SYN), "REJECT: no security group rule");
    assert_eq!(host.inwards(TCP, 41_002, 80, SYN), "ACCEPT: sg-httponly/sgr-http-only");
    assert_eq!(
        host.inwards(TCP, 41_000, 22, ACK),
        "ACCEPT: tracked connection, opened by sg-httpandssh/sgr-ssh",
        "the open session lives on"
    );
    // It is closed, and then its ports are used again.
    assert!(host.inwards(TCP, 41_000, 22, FIN | ACK).starts_with("ACCEPT"));
    assert!(host.outwards(TCP, 22, 41_000, FIN | ACK).starts_with("ACCEPT"));
    assert!(host.inwards(TCP, 41_000, 22, ACK).starts_with("ACCEPT"), "the last acknowledgement");
    assert_eq!(host.inwards(TCP, 41_000, 22, SYN), "REJECT: no security group rule");

    host.policy = policy(&network, "sg-httpandssh");
    assert_eq!(host.inwards(TCP, 41_003, 22, SYN), "ACCEPT: sg-httpandssh/sgr-ssh");
}

/// SSH open to every address, with everything allowed out, is not tracked: the swap stops it at once, for good.
#[test]
fn the_story_of_the_seeds_with_untracked_sessions() {
    let network = seed("0.0.0.0/0");
    let mut host = Host::new(&network);
    host.policy = policy(&network, "sg-httpandssh");
    assert_eq!(host.inwards(TCP, 41_000, 22, SYN), "ACCEPT: sg-httpandssh/sgr-ssh");
    assert!(host.outwards(TCP, 22, 41_000, SYN | ACK).starts_with("ACCEPT: sg-httpandssh/sgr-"));
    assert_eq!(host.inwards(TCP, 41_000, 22, ACK), "ACCEPT: sg-httpandssh/sgr-ssh");

    host.policy = policy(&network, "sg-httponly");
    assert_eq!(host.inwards(TCP, 41_000, 22, ACK), "REJECT: no security group rule");
    assert!(host.outwards(TCP, 22, 41_000, ACK).starts_with("ACCEPT: sg-httponly/sgr-"), "everything may leave");
    assert_eq!(host.inwards(TCP, 41_000, 22, ACK), "REJECT: no security group rule", "but opens no way back");

    host.policy = policy(&network, "sg-httpandssh");
    assert_eq!(host.inwards(TCP, 41_003, 22, SYN), "ACCEPT: sg-httpandssh/sgr-ssh");
}

#[test]
fn an_untracked_connection_is_tracked_once_its_rules_are_narrower() {
    let mut host = Host::new("[[security-group]]\nid = \"sg-a\"\n");
    host.policy = policy(&seed("0.0.0.0/0"), "sg-httpandssh");
    assert_eq!(host.inwards(TCP, 41_000, 22, SYN), "ACCEPT: sg-httpandssh/sgr-ssh");
    host.policy = policy(&seed("203.0.113.0/24"), "sg-httpandssh");
    assert_eq!(host.inwards(TCP, 41_000, 22, ACK), "ACCEPT: sg-httpandssh/sgr-ssh");
    host.policy = policy(&seed("0.0.0.0/0"), "sg-httponly");
    assert!(host.inwards(TCP, 41_000, 22, ACK).starts_with("ACCEPT: tracked"));
}

#[test]
fn connections_end_after_their_timeouts() {
    // Protocol, flags in and out, how many answers, seconds that it is remembered for.
    for (protocol, opening, answers, seconds) in [
        (TCP, SYN, vec![], 120),
        (TCP, SYN, vec![SYN | ACK], 432_000),
        (TCP, SYN, vec![SYN | ACK, RST], 10),
        (TCP, ACK, vec![ACK], 432_000),
        (UDP, 0, vec![], 30),
        (UDP, 0, vec![0], 30),
        (UDP, 0, vec![0, 0], 180),
        (50, 0, vec![0, 0], 600),
    ] {
        for (late, action) in [(0, "ACCEPT"), (1, "REJECT")] {
            let mut host = Host::new(NOTHING_OUT);
            let own_port = if protocol == TCP { 22 } else { 53 };
            let (far_port, own_port) = if protocol == 50 { (0, 0) } else { (40_000, own_port) };
            assert!(host.inwards(protocol, far_port, own_port, opening).starts_with("ACCEPT: sg-a/"));
            for flags in &answers {
                assert!(host.outwards(protocol, own_port, far_port, *flags).starts_with("ACCEPT: tracked"));
            }
            host.now += seconds + late;
            let verdict = host.outwards(protocol, own_port, far_port, ACK);
            assert!(verdict.starts_with(action), "{protocol} {answers:?} {late}: {verdict}");
        }
    }
}

#[test]
fn a_closed_connection_is_remembered_for_two_minutes() {
    let mut host = Host::new(NOTHING_OUT);
    assert!(host.inwards(TCP, 40_000, 22, SYN).starts_with("ACCEPT"));
    assert!(host.outwards(TCP, 22, 40_000, SYN | ACK).starts_with("ACCEPT"));
    assert!(host.outwards(TCP, 22, 40_000, FIN | ACK).starts_with("ACCEPT"));
    host.now += 1000;
    assert!(host.inwards(TCP, 40_000, 22, FIN | ACK).starts_with("ACCEPT: tracked"), "half closed is open");
    host.now += 121;
    assert_eq!(host.outwards(TCP, 22, 40_000, ACK), "REJECT: no security group rule");
}

#[test]
fn an_answer_that_the_rules_let_out_revives_nothing() {
    let network = seed("203.0.113.0/24");
    let mut host = Host::new(&network);
    host.policy = policy(&network, "sg-httpandssh");
    assert!(host.inwards(TCP, 41_000, 22, SYN).starts_with("ACCEPT"));
    host.now += 121;
    assert!(host.outwards(TCP, 22, 41_000, SYN | ACK).starts_with("ACCEPT: sg-httpandssh/sgr-"));
    host.policy = policy(&network, "sg-httponly");
    assert_eq!(host.inwards(TCP, 41_000, 22, ACK), "REJECT: no security group rule");
}

#[test]
fn time_that_runs_backwards_ends_nothing() {
    let mut host = Host::new(NOTHING_OUT);
    assert!(host.inwards(UDP, 40_000, 53, 0).starts_with("ACCEPT"));
    host.now -= 500;
    assert!(host.outwards(UDP, 53, 40_000, 0).starts_with("ACCEPT: tracked"));
    host.now += 520;
    assert!(host.outwards(UDP, 53, 40_000, 0).starts_with("ACCEPT: tracked"));
}

#[test]
fn the_connection_longest_idle_is_forgotten_and_counted() {
    let mut host = Host::new(NOTHING_OUT);
    host.connections = Connections::new(2, Timeouts::default());
    assert!(host.inwards(TCP, 1, 22, SYN).starts_with("ACCEPT"));
    assert!(host.inwards(TCP, 2, 22, SYN).starts_with("ACCEPT"));
    assert!(host.outwards(TCP, 22, 1, SYN | ACK).starts_with("ACCEPT"));
    assert!(host.inwards(TCP, 3, 22, SYN).starts_with("ACCEPT"));
    assert_eq!(host.outwards(TCP, 22, 2, SYN | ACK), "REJECT: no security group rule");
    assert!(host.outwards(TCP, 22, 1, ACK).starts_with("ACCEPT"));
    assert_eq!(host.connections.counts(), ConnectionCounts { opened: 3, evicted: 1 });
    // One that is over makes room without being missed.
    host.now += 121;
    assert!(host.inwards(TCP, 4, 22, SYN).starts_with("ACCEPT"));
    assert_eq!(host.connections.counts(), ConnectionCounts { opened: 4, evicted: 1 });
    assert_eq!(host.connections.len(), 2);
}

#[test]
fn what_an_acl_refuses_opens_nothing() {
    let mut host = Host::new(
        "[[security-group]]
        id = \"sg-a\"
        [[network-acl]]
        id = \"acl-a\"
        ingress = [{ number = 1, action = \"allow\", source = \"0.0.0.0/0\" }]
        egress = []",
    );
    assert_eq!(host.outwards(TCP, 50_000, 443, SYN), "REJECT: acl-a *");
    assert_eq!(host.inwards(TCP, 443, 50_000, SYN | ACK), "REJECT: no security group rule");
    assert!(host.connections.is_empty());
}

/// Tracking against a list of everything that was ever opened, looked through from the end.
mod reference {
    #[derive(Default)]
    pub(super) struct Naive {
        flows: Vec<Flow>,
    }

    struct Flow {
        protocol: u8,
        far_port: u16,
        own_port: u16,
        inwards_opened: bool,
        last: u64,
        answers: u32,
    }

    impl Naive {
        /// Whether a packet between `far_port` and `own_port` passes, when `allowed` is what the rules say alone.
        pub(super) fn passes(
            &mut self,
            protocol: u8,
            ports: (u16, u16),
            inwards: bool,
            allowed: bool,
            now: u64,
        ) -> bool {
            let flow = self.flows.iter_mut().rev().find(|flow| {
                let limit = match (flow.protocol, flow.answers) {
                    (6, 0) => 120,
                    (6, _) => 432_000,
                    (17, 0 | 1) => 30,
                    (17, _) => 180,
                    _ => 600,
                };
                (flow.protocol, flow.far_port, flow.own_port) == (protocol, ports.0, ports.1)
                    && now - flow.last <= limit
            });
            match flow {
                Some(flow) => {
                    flow.last = now;
                    flow.answers += u32::from(flow.inwards_opened != inwards);
                    true
                }
                None if allowed => {
                    let (far_port, own_port) = ports;
                    self.flows.push(Flow {
                        protocol,
                        far_port,
                        own_port,
                        inwards_opened: inwards,
                        last: now,
                        answers: 0,
                    });
                    true
                }
                None => false,
            }
        }
    }
}

proptest! {
    #[test]
    fn tracking_is_that_of_the_reference(
        steps in prop::collection::vec(
            (select(vec![TCP, UDP, 50]), 0_u16..3, 0_u16..3, any::<bool>(), select(vec![0_u64, 1, 29, 30, 31, 121, 181, 601, 432_001])),
            1..120,
        ),
    ) {
        // The rules look at the destination port; no rule is for every address, so everything is tracked.
        let mut host = Host::new(
            "[[security-group]]
            id = \"sg-a\"
            ingress = [
                { protocol = \"tcp\", ports = \"1-2\", source = \"203.0.113.0/24\" },
                { protocol = \"udp\", ports = 1, source = \"203.0.113.0/24\" },
                { protocol = 50, source = \"203.0.113.0/24\" },
            ]
            egress = [{ protocol = \"udp\", ports = 2, destination = \"203.0.113.0/24\" }]",
        );
        let mut naive = reference::Naive::default();
        for (protocol, far_port, own_port, inwards, wait) in steps {
            host.now += wait;
            let (far_port, own_port) = if protocol == 50 { (0, 0) } else { (far_port, own_port) };
            let allowed = match (protocol, inwards) {
                (TCP, true) => (1..=2).contains(&own_port),
                (UDP, true) => own_port == 1,
                (UDP, false) => far_port == 2,
                (50, inwards) => inwards,
                _ => false,
            };
            let expected = naive.passes(protocol, (far_port, own_port), inwards, allowed, host.now);
            let verdict = if inwards {
                host.inwards(protocol, far_port, own_port, ACK)
            } else {
                host.outwards(protocol, own_port, far_port, ACK)
            };
            prop_assert_eq!(verdict.starts_with("ACCEPT"), expected, "{}", verdict);
        }
    }
}
