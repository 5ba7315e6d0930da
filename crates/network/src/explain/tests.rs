//! Explanations: cases of people, and properties against the judge.

use proptest::prelude::*;

use super::*;
use crate::{
    ICMP, Owner, Policy, TCP, UDP,
    random::{random_network, random_packet},
};

fn network(text: &str) -> Network {
    Network::parse(text, &Owner::default()).unwrap()
}

fn packet(protocol: u8, source: &str, destination: &str, port: u16) -> Packet {
    let icmp = (protocol == ICMP).then_some((8, 0));
    let source_port = if protocol == ICMP { 0 } else { 49_152 };
    let [source, destination] = [source, destination].map(|address| address.parse().unwrap());
    Packet { source, destination, protocol, source_port, destination_port: port, icmp }
}

fn explain(network: &Network, packet: &Packet) -> Explanation {
    network.explain(packet, &network.crossings(packet)).unwrap()
}

const LAB: &str = r#"
[[vpc]]
id = "vpc-a"
cidrs = ["10.0.0.0/16"]
[[subnet]]
id = "subnet-a"
vpc = "vpc-a"
cidrs = ["10.0.1.0/24"]
network-acl = "acl-a"
[[subnet]]
id = "subnet-b"
vpc = "vpc-a"
cidrs = ["10.0.2.0/24"]
[[interface]]
id = "eni-web"
subnet = "subnet-a"
addresses = ["10.0.1.10"]
security-groups = ["sg-web"]
[[interface]]
id = "eni-app"
subnet = "subnet-b"
addresses = ["10.0.2.20"]
security-groups = ["sg-shared", "sg-app"]
[[interface]]
id = "eni-other"
addresses = ["192.168.0.1"]
security-groups = ["sg-shared"]
[[security-group]]
id = "sg-web"
ingress = [
  { id = "sgr-https", protocol = "tcp", ports = 443, source = "0.0.0.0/0" },
  { id = "sgr-ssh", protocol = "tcp", ports = 22, source = "sg-shared" },
  { id = "sgr-ping", protocol = "icmp", icmp-type = 8, source = "203.0.113.0/24" },
]
egress = []
[[security-group]]
id = "sg-shared"
egress = []
[[security-group]]
id = "sg-app"
egress = []
[[network-acl]]
id = "acl-a"
ingress = [
  { number = 1, action = "deny", protocol = "tcp", ports = "8000-9000", source = "0.0.0.0/0" },
  { number = 2, action = "deny", protocol = "tcp", ports = 23, source = "0.0.0.0/0" },
  { number = 100, action = "allow", source = "0.0.0.0/0" },
]
egress = [{ number = 100, action = "allow", protocol = "tcp", ports = "1024-65535", destination = "10.0.0.0/8" }]
"#;

#[test]
fn what_passes_needs_no_change() {
    let network = network(LAB);
    let explanation = network.explain(
        &packet(TCP, "10.0.2.20", "10.0.1.10", 22),
        &network.crossings(&packet(TCP, "10.0.2.99", "10.0.1.10", 22)),
    );
    let text = explanation.unwrap().to_text(9);
    assert_eq!(
        text,
        "\
tcp 10.0.2.20:49152 -> 10.0.1.10:22: ACCEPT

1. request, ingress at eni-web: ACCEPT: sg-web/sgr-ssh
   acl-a #1    deny tcp 8000-9000 from 0.0.0.0/0  port 22 is not among 8000-9000
   acl-a #2    deny tcp 23 from 0.0.0.0/0         port 22 is not 23
   acl-a #100  allow all from 0.0.0.0/0           matches: decides
   acl-a *     deny what no entry matches         matches, but one before it has decided
   sg-web/sgr-https  allow tcp 443 from 0.0.0.0/0           port 22 is not 443
   sg-web/sgr-ssh    allow tcp 22 from sg-shared            matches: decides
   sg-web/sgr-ping   allow icmp type 8 from 203.0.113.0/24  tcp is not icmp; 10.0.2.20 is not in 203.0.113.0/24

2. reply, egress at eni-web: ACCEPT: tracked connection, opened by sg-web/sgr-ssh
   security groups: not asked, the packet belongs to a tracked connection, opened by sg-web/sgr-ssh
   acl-a #100  allow tcp 1024-65535 to 10.0.0.0/8  matches: decides
   acl-a *     deny what no entry matches          matches, but one before it has decided
"
    );
}

/// From one interface to another: out of the first, into the second, and back.
#[test]
fn every_refusal_on_the_way_gets_its_change() {
    let network = network(LAB);
    let explanation = explain(&network, &packet(TCP, "10.0.2.20", "10.0.1.10", 23));
    assert_eq!(explanation.action, Action::Reject);
    let shown: Vec<_> = explanation.steps.iter().map(|step| step.verdict.to_string()).collect();
    assert_eq!(shown, ["REJECT: no security group rule"]);
    assert_eq!(explanation.not_reached.len(), 3);
    let places: Vec<_> = explanation.changes.iter().map(|change| (change.place(), change.line())).collect();
    let expected = [
        // Not sg-shared, which another interface carries too.
        ("security group sg-app, egress", r#"{ protocol = "tcp", ports = 23, destination = "10.0.1.10/32" }"#),
        (
            "network ACL acl-a, ingress",
            r#"{ number = 2, action = "allow", protocol = "tcp", ports = 23, source = "10.0.2.20/32" }"#,
        ),
        ("security group sg-web, ingress", r#"{ protocol = "tcp", ports = 23, source = "10.0.2.20/32" }"#),
    ];
    assert_eq!(places, expected.map(|(place, line)| (place.to_owned(), line.to_owned())));
    assert_eq!(explanation.changes[1].moved_numbers(), [(2, 3)]);
    assert_eq!(
        explanation.changes[1].aws_commands(),
        [
            "aws ec2 create-network-acl-entry --network-acl-id acl-a --ingress --rule-number 3 --protocol 6 \
             --port-range From=23,To=23 --cidr-block 0.0.0.0/0 --rule-action deny",
            "aws ec2 delete-network-acl-entry --network-acl-id acl-a --ingress --rule-number 2",
            "aws ec2 create-network-acl-entry --network-acl-id acl-a --ingress --rule-number 2 --protocol 6 \
             --port-range From=23,To=23 --cidr-block 10.0.2.20/32 --rule-action allow",
        ]
    );
    assert_eq!(
        explanation.changes[2].aws_commands(),
        ["aws ec2 authorize-security-group-ingress --group-id sg-web --ip-permissions \
          'IpProtocol=tcp,FromPort=23,ToPort=23,IpRanges=[{CidrIp=10.0.2.20/32}]'"]
    );
}

/// The second line of the ping table: group and ACL let the request in, the stateless ACL keeps the reply.
#[test]
fn a_refused_reply_is_explained_by_the_acl() {
    let network = network(LAB);
    let explanation = explain(&network, &packet(ICMP, "203.0.113.12", "10.0.1.10", 0));
    let shown: Vec<_> = explanation.steps.iter().map(|step| (step.part, step.verdict.to_string())).collect();
    assert_eq!(
        shown,
        [(Part::Request, "ACCEPT: sg-web/sgr-ping".to_owned()), (Part::Reply, "REJECT: acl-a *".to_owned())]
    );
    assert_eq!(explanation.changes.len(), 1);
    assert_eq!(explanation.changes[0].place(), "network ACL acl-a, egress");
    assert_eq!(
        explanation.changes[0].line(),
        r#"{ number = 200, action = "allow", protocol = "icmp", icmp-type = 0, destination = "203.0.113.12/32" }"#
    );
    assert_eq!(
        explanation.changes[0].aws_commands(),
        ["aws ec2 create-network-acl-entry --network-acl-id acl-a --egress --rule-number 200 --protocol 1 \
          --icmp-type-code Type=0,Code=-1 --cidr-block 203.0.113.12/32 --rule-action allow"]
    );
}

/// A reply goes to a port that the client chose, so the entry is for all that it may choose.
#[test]
fn a_refused_reply_gets_an_entry_for_ephemeral_ports() {
    let network = network(LAB);
    let explanation = explain(&network, &packet(TCP, "203.0.113.12", "10.0.1.10", 443));
    assert_eq!(explanation.steps[1].verdict.to_string(), "REJECT: acl-a *");
    assert_eq!(
        explanation.changes[0].line(),
        r#"{ number = 200, action = "allow", protocol = "tcp", ports = "1024-65535", destination = "203.0.113.12/32" }"#
    );
}

#[test]
fn a_packet_that_passes_no_interface_says_so() {
    let network = network(LAB);
    let explanation = explain(&network, &packet(UDP, "203.0.113.1", "203.0.113.2", 53));
    assert!(explanation.to_text(9).contains("It passes no interface of the network."));
}

#[test]
fn an_explanation_is_json() {
    let network = network(LAB);
    let explanation = explain(&network, &packet(UDP, "203.0.113.1", "10.0.1.10", 53));
    let json = serde_json::to_value(&explanation).unwrap();
    assert_eq!(json["action"], "REJECT");
    assert_eq!(json["packet"]["destination_port"], 53);
    let step = &json["steps"][0];
    assert_eq!(step["verdict"]["rule"], "default-deny");
    assert_eq!(step["stages"][1]["stage"], "security-groups");
    assert_eq!(step["stages"][1]["rules"][0]["outcome"], "passed-over");
    assert_eq!(step["stages"][1]["rules"][0]["why"][0], "udp is not tcp");
    assert_eq!(json["not_reached"][0]["part"], "reply");
    assert_eq!(json["changes"][0]["line"], r#"{ protocol = "udp", ports = 53, source = "203.0.113.1/32" }"#);
    assert!(json["changes"][0]["aws"][0].as_str().unwrap().starts_with("aws ec2 authorize-security-group-ingress"));
}

/// Of many rules the nearest are named.
#[test]
fn the_nearest_rules_are_named() {
    let network = network(LAB);
    let text = explain(&network, &packet(TCP, "203.0.113.9", "10.0.1.10", 22)).to_text(1);
    assert!(
        text.contains("sg-web/sgr-https  allow tcp 443 from 0.0.0.0/0  port 22 is not 443\n   and 2 more"),
        "{text}"
    );
}

/// The rule that the stages say decides is the one that the judge names.
fn assert_agrees(step: &Step) -> Result<(), TestCaseError> {
    let decides = |considered: &[Considered]| {
        considered.iter().find(|rule| rule.outcome == Outcome::Decides).map(|rule| rule.name.clone())
    };
    let (mut by_groups, mut by_acl) = (None, None);
    for stage in &step.stages {
        match stage {
            Stage::SecurityGroups { rules } => by_groups = Some(decides(rules)),
            Stage::NetworkAcl { entries, .. } => by_acl = decides(entries),
            Stage::NotAsked { .. } => {}
        }
    }
    let named = step.verdict.rule.to_string();
    match &step.verdict.rule {
        crate::Rule::SecurityGroup(_) => prop_assert_eq!(by_groups, Some(Some(named))),
        crate::Rule::NoSecurityGroupRule => prop_assert_eq!(by_groups, Some(None)),
        crate::Rule::AclEntry { .. } | crate::Rule::AclDefault { .. } => prop_assert_eq!(by_acl, Some(named)),
        _ => prop_assert_eq!(by_groups, None),
    };
    Ok(())
}

fn policy(network: &Network) -> Policy {
    network.policy(network.interface("eni-0").unwrap()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn the_explanation_is_that_of_the_judge(network in random_network(), asked in prop::collection::vec(random_packet(), 1..20)) {
        let interface = network.interface("eni-0").unwrap().clone();
        for (packet, direction) in asked {
            let crossing = Crossing { interface: interface.clone(), direction };
            let explanation = network.explain(&packet, &[crossing]).unwrap();
            let judged = policy(&network).judge(&packet, direction, false);
            prop_assert_eq!(&explanation.steps[0].verdict, &judged, "{:?}", packet);
            for step in &explanation.steps {
                assert_agrees(step)?;
            }
            let refused = explanation.steps.iter().any(|step| step.verdict.action == Action::Reject);
            prop_assert_eq!(explanation.action == Action::Reject, refused);
        }
    }

    #[test]
    fn the_changes_let_the_packet_through_and_change_nothing_else(
        network in random_network(),
        (packet, direction) in random_packet(),
        others in prop::collection::vec(random_packet(), 0..60),
    ) {
        let crossing = Crossing { interface: network.interface("eni-0").unwrap().clone(), direction };
        let explanation = network.explain(&packet, std::slice::from_ref(&crossing)).unwrap();
        let mut parts = network.parts().clone();
        explanation.changes.iter().for_each(|change| change.apply(&mut parts));
        let changed = Network::new(parts).unwrap();
        let again = changed.explain(&packet, &[crossing]).unwrap();
        prop_assert_eq!(again.action, Action::Accept, "{:?}", explanation);
        prop_assert!(again.changes.is_empty());
        prop_assert_eq!(explanation.changes.is_empty(), explanation.action == Action::Accept);

        // What AWS gets is what the network file gets: each change reads back as it was written.
        let written = Network::parse(&changed.to_file().to_toml().unwrap(), &Owner::default()).unwrap();
        let (before, after, written) = (policy(&network), policy(&changed), policy(&written));
        for (other, direction) in others {
            let (was, is) = (before.judge(&other, direction, false), after.judge(&other, direction, false));
            if !explanation.changes.iter().any(|change| change.is_about(&network, &other, direction)) {
                prop_assert_eq!(was.action, is.action, "{:?}: {:?}", other, explanation.changes);
            }
            prop_assert_eq!(written.judge(&other, direction, false).action, is.action);
        }
    }
}
