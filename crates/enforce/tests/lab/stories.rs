//! What people do with groups and ACLs.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use weir_enforce::{Applied, Side};

use crate::hosts::{CLIENT, Host, PATIENCE, Pair, REFUSAL, SERVER, SERVER_V6, network, plan, plan_of, refused};

const NOW: Duration = Duration::ZERO;

/// One group with these rules, on `eni-web`.
fn group(rules: &str) -> String {
    format!(
        "[[interface]]\nid = 'eni-web'\naddresses = ['10.77.0.10', 'fd77::10']\nsecurity-groups = ['sg-web']\n[[security-group]]\nid = 'sg-web'\n{rules}"
    )
}

fn tcp(ports: &str, source: &str) -> String {
    format!("[[security-group.ingress]]\nprotocol = 'tcp'\nports = '{ports}'\nsource = '{source}'\n")
}

/// `eni-web` in a subnet that the client is not in, with this ACL and these group rules.
fn behind_acl(acl: &str, rules: &str) -> String {
    format!(
        "[[vpc]]\nid = 'vpc-a'\ncidrs = ['10.77.0.0/24', 'fd77::/64']\n\
         [[subnet]]\nid = 'subnet-a'\nvpc = 'vpc-a'\ncidrs = ['10.77.0.0/28', 'fd77::/124', 'fd77::10/124']\nnetwork-acl = 'acl-a'\n\
         [[interface]]\nid = 'eni-web'\nsubnet = 'subnet-a'\naddresses = ['10.77.0.10', 'fd77::10']\nsecurity-groups = ['sg-web']\n\
         [[network-acl]]\nid = 'acl-a'\n{acl}\n[[security-group]]\nid = 'sg-web'\n{rules}"
    )
}

fn acl(direction: &str, number: u16, action: &str, rest: &str) -> String {
    let far = if direction == "ingress" { "source" } else { "destination" };
    format!("[[network-acl.{direction}]]\nnumber = {number}\naction = '{action}'\n{far} = '0.0.0.0/0'\n{rest}\n")
}

/// Whether what one end sends arrives at the other.
fn passes(from: &mut TcpStream, to: &mut TcpStream, patience: Duration) -> bool {
    from.write_all(b"x").expect("sent");
    to.set_read_timeout(Some(patience)).expect("a timeout");
    to.read_exact(&mut [0]).is_ok()
}

#[test]
fn the_group_without_ssh_refuses_ssh_until_it_is_restored() {
    let pair = Pair::new();
    let _listeners = pair.listen(&[22, 80]);
    let mut enforcer = pair.server.enforcer();
    let https_and_ssh = plan(&group(&(tcp("80", "0.0.0.0/0") + &tcp("22", "10.0.0.0/8"))));
    let http_only = plan(&group(&tcp("80", "0.0.0.0/0")));

    assert_eq!(enforcer.apply("w0", https_and_ssh.clone(), None, NOW).unwrap(), Applied::InForce);
    assert_eq!(enforcer.apply("w0", https_and_ssh.clone(), None, NOW).unwrap(), Applied::Unchanged);
    assert!(pair.reaches(SERVER, 22) && pair.reaches(SERVER, 80));
    assert_eq!(refused(&enforcer, "ingress default-deny"), 0);

    enforcer.apply("w0", http_only, None, NOW).unwrap();
    assert!(pair.is_refused(SERVER, 22) && pair.reaches(SERVER, 80));
    assert!(refused(&enforcer, "ingress default-deny") >= 1);
    assert_eq!(refused(&enforcer, "egress default-deny"), 0, "no answer leaves");

    enforcer.apply("w0", https_and_ssh, None, NOW).unwrap();
    assert!(pair.reaches(SERVER, 22) && pair.reaches(SERVER, 80));
}

#[test]
fn the_mark_of_a_drop_leads_to_its_rule() {
    let pair = Pair::new();
    let mut enforcer = pair.server.enforcer();
    let deny_udp = acl("ingress", 90, "deny", "protocol = 'udp'") + &acl("ingress", 100, "allow", "");
    enforcer.apply("w0", plan(&behind_acl(&deny_udp, "")), None, NOW).unwrap();
    let listed = pair.server.exec("nft -j list table inet weir");
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let marks = listed["nftables"].as_array().unwrap().iter().filter_map(|object| {
        let mark = object["rule"]["expr"][0]["mangle"].as_object()?;
        (mark["key"]["meta"]["key"] == "mark").then(|| u32::try_from(mark["value"].as_u64().unwrap()).unwrap())
    });
    let mut rules: Vec<String> = marks.map(|mark| enforcer.denials().rule(mark).unwrap().token()).collect();
    rules.sort();
    assert_eq!(rules, ["acl-a/*", "acl-a/*", "acl-a/90", "default-deny", "default-deny"]);
}

#[test]
fn the_ping_table() {
    let allow = |direction| acl(direction, 100, "allow", "");
    let icmp = "[[security-group.ingress]]\nprotocol = 'icmp'\nsource = '0.0.0.0/0'\n";
    // Whether the group allows, whether the ACL allows in and out; which rule refuses.
    for (group, acl_in, acl_out, expected) in [
        (true, true, false, Some("egress acl-a/*")),
        (true, true, true, None),
        (false, true, false, Some("ingress default-deny")),
        (true, false, true, Some("ingress acl-a/*")),
    ] {
        let pair = Pair::new();
        let mut enforcer = pair.server.enforcer();
        let side = |allowed, direction| if allowed { allow(direction) } else { String::new() };
        let acl = side(acl_in, "ingress") + &side(acl_out, "egress");
        // The group allows nothing out: an answer does not need it to.
        let rules = if group { format!("egress = []\n{icmp}") } else { "egress = []\n".to_owned() };
        enforcer.apply("w0", plan(&behind_acl(&acl, &rules)), None, NOW).unwrap();
        assert_eq!(pair.ping(SERVER, expected.is_none()), expected.is_none(), "{group} {acl_in} {acl_out}");
        let all: u64 = enforcer.refused().unwrap().iter().map(|it| it.packets).sum();
        assert_eq!(all, u64::from(expected.is_some()));
        if let Some(rule) = expected {
            assert_eq!(refused(&enforcer, rule), 1, "{rule}");
        }
    }
}

#[test]
fn a_group_that_allows_in_but_not_out_lets_answers_out() {
    let pair = Pair::new();
    let listeners = pair.listen(&[443]);
    let _client = pair.client.inside(|| std::net::TcpListener::bind((CLIENT, 9000)).unwrap());
    let mut enforcer = pair.server.enforcer();
    enforcer.apply("w0", plan(&group(&("egress = []\n".to_owned() + &tcp("443", "10.77.0.0/24")))), None, NOW).unwrap();
    let mut near = pair.connect(SERVER, 443, PATIENCE).expect("443 is allowed");
    let (mut far, _) = listeners[0].accept().unwrap();
    assert!(passes(&mut near, &mut far, PATIENCE) && passes(&mut far, &mut near, PATIENCE));
    let out = format!("{CLIENT}:9000").parse().unwrap();
    assert!(pair.server.inside(|| TcpStream::connect_timeout(&out, REFUSAL)).is_err());
    assert!(refused(&enforcer, "egress default-deny") >= 1);
}

#[test]
fn tracked_connections_live_on_and_untracked_ones_stop_at_once() {
    for (source, lives) in [("10.0.0.0/8", true), ("0.0.0.0/0", false)] {
        let pair = Pair::new();
        let listeners = pair.listen(&[22]);
        let mut enforcer = pair.server.enforcer();
        enforcer.apply("w0", plan(&group(&tcp("22", source))), None, NOW).unwrap();
        let mut near = pair.connect(SERVER, 22, PATIENCE).expect("22 is allowed");
        let (mut far, _) = listeners[0].accept().unwrap();
        assert!(passes(&mut near, &mut far, PATIENCE) && passes(&mut far, &mut near, PATIENCE));
        enforcer.apply("w0", plan(&group(&tcp("80", source))), None, NOW).unwrap();
        assert_eq!(passes(&mut near, &mut far, if lives { PATIENCE } else { REFUSAL }), lives, "{source}");
        assert!(pair.is_refused(SERVER, 22), "a new one is refused");
    }
}

#[test]
fn what_was_open_before_stays_open() {
    let pair = Pair::new();
    // Without any rule of anyone the kernel tracks nothing.
    pair.server.nft("table inet theirs { chain c { type filter hook input priority 0; ct state new counter; }; }");
    let listeners = pair.listen(&[22]);
    let mut near = pair.connect(SERVER, 22, PATIENCE).expect("nothing is in force");
    let (mut far, _) = listeners[0].accept().unwrap();
    let mut enforcer = pair.server.enforcer();
    enforcer.apply("w0", plan(&group("egress = []\n")), None, NOW).unwrap();
    assert!(passes(&mut near, &mut far, PATIENCE) && passes(&mut far, &mut near, PATIENCE));
    assert!(pair.is_refused(SERVER, 22));
}

#[test]
fn ipv6_and_port_ranges_and_icmp_types() {
    let pair = Pair::new();
    let _listeners = pair.listen(&[7999, 8000, 8100, 8101]);
    let mut enforcer = pair.server.enforcer();
    let icmpv6 = "[[security-group.ingress]]\nprotocol = 'icmpv6'\nicmp-type = 128\nsource = 'fd77::/64'\n";
    let timestamps = "[[security-group.ingress]]\nprotocol = 'icmp'\nicmp-type = 13\nsource = '0.0.0.0/0'\n";
    let rules = tcp("8000-8100", "fd77::/64") + icmpv6 + timestamps;
    enforcer.apply("w0", plan(&group(&rules)), None, NOW).unwrap();
    for (port, allowed) in [(7999, false), (8000, true), (8100, true), (8101, false)] {
        let patience = if allowed { PATIENCE } else { REFUSAL };
        assert_eq!(pair.connect(SERVER_V6, port, patience).is_some(), allowed, "{port}");
    }
    assert!(pair.is_refused(SERVER, 8000), "the rule is for IPv6");
    assert!(pair.ping(SERVER_V6, true) && !pair.ping(SERVER, false));
}

#[test]
fn neighbour_discovery_passes_when_nothing_else_does() {
    let pair = Pair::new();
    let mut enforcer = pair.server.enforcer();
    let rules = "egress = []\n[[security-group.ingress]]\nprotocol = 'icmpv6'\nicmp-type = 128\nsource = '::/0'\n";
    enforcer.apply("w0", plan(&group(rules)), None, NOW).unwrap();
    for host in [(&pair.server, "w0"), (&pair.client, "c0")] {
        host.0.ip(&format!("neighbour flush dev {}", host.1));
    }
    assert!(pair.ping(SERVER_V6, true), "the neighbours find each other");
}

#[test]
fn an_interface_without_rules_is_left_alone() {
    let pair = Pair::new();
    let _listeners = pair.listen(&[22]);
    let mut enforcer = pair.server.enforcer();
    enforcer.apply("eth9", plan(&group("egress = []\n")), None, NOW).unwrap();
    assert!(pair.reaches(SERVER, 22), "an interface that is not there yet can have rules");
    pair.server.ip("link set w0 down");
    pair.server.ip("link set w0 name eth9");
    pair.server.ip("link set eth9 up");
    assert!(pair.is_refused(SERVER, 22), "they hold as soon as it is");
}

/// `g0` is this host's end of the cable to a guest: what leaves there is ingress of the guest.
#[test]
fn a_guest_is_judged_from_its_own_side() {
    let (router, pair) = (Host::new("router"), Pair::new());
    let guest = Host::new("guest");
    drop(pair);
    crate::hosts::run(&format!("ip link add g0 netns {} type veth peer name e0 netns {}", router.name, guest.name));
    for (host, name, last) in [(&router, "g0", 1), (&guest, "e0", 10)] {
        host.ip(&format!("address add 10.77.0.{last}/24 dev {name}"));
        host.ip(&format!("link set {name} up"));
    }
    let _guest = guest.inside(|| std::net::TcpListener::bind(("0.0.0.0", 22)).unwrap());
    let _router = router.inside(|| std::net::TcpListener::bind(("0.0.0.0", 22)).unwrap());
    let mut enforcer = router.enforcer();
    let network = network(&group(&("egress = []\n".to_owned() + &tcp("22", "10.77.0.1/32"))));
    enforcer.apply("g0", plan_of(&network, Side::Guest), None, NOW).unwrap();
    let connect = |host: &Host, address: &str, patience| {
        let address = address.parse().unwrap();
        host.inside(|| TcpStream::connect_timeout(&address, patience)).is_ok()
    };
    assert!(connect(&router, "10.77.0.10:22", PATIENCE), "ingress of the guest is allowed");
    assert!(!connect(&guest, "10.77.0.1:22", REFUSAL), "egress of the guest is not");
    assert!(refused(&enforcer, "egress default-deny") >= 1);
}
