//! Rules change under load; and very many of them.

use std::{
    net::UdpSocket,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use weir_enforce::{Plan, Side};
use weir_network::{Network, Parts, Peer, PortRange, SecurityGroup, SecurityGroupRule, Service};

use crate::hosts::{CLIENT, Host, PATIENCE, Pair, SERVER, plan};

const NOW: Duration = Duration::ZERO;
const SWAPS: u16 = 40;
const BATCH: u32 = 64;

/// Counts packets to port 5000 (allowed) and 6000 (denied) before and behind the rules, then drops them, so that each of
/// them is the first of its connection and meets the rules.
const OBSERVER: &str = "table inet observer {
  counter allowed { }
  counter denied { }
  counter passed { }
  counter leaked { }
  chain before { type filter hook prerouting priority -300;
    udp dport 5000 counter name allowed
    udp dport 6000 counter name denied
  }
  chain behind { type filter hook prerouting priority -170;
    udp dport 5000 counter name passed drop
    udp dport 6000 counter name leaked drop
  }
}";

fn count(host: &Host, counter: &str) -> u64 {
    let listed: serde_json::Value =
        serde_json::from_str(&host.exec(&format!("nft -j list counter inet observer {counter}"))).expect("JSON");
    listed["nftables"][1]["counter"]["packets"].as_u64().expect("a number")
}

/// Groups that all allow port 5000 and refuse port 6000, with other rules around it each time: ranges of addresses and
/// ports, in several shapes.
fn group(number: u16) -> String {
    let mut rules = String::new();
    for place in 0..30 {
        let (low, high) = (5000 - place - number % 7, 5000 + place * 3);
        rules += &format!(
            "[[security-group.ingress]]\nprotocol = 'udp'\nports = '{low}-{high}'\nsource = '10.{}.0.0/{}'\n",
            if place % 2 == 0 { 77 } else { number + place },
            16 + (place + number) % 8,
        );
    }
    format!(
        "[[interface]]\nid = 'eni-web'\naddresses = ['10.77.0.10']\nsecurity-groups = ['sg-web']\n[[security-group]]\nid = 'sg-web'\n{rules}"
    )
}

fn flood(to: &str, stop: &AtomicBool, sent: &AtomicU64) {
    let socket = UdpSocket::bind((CLIENT, 0)).expect("a socket");
    while !stop.load(Ordering::Relaxed) {
        for _ in 0..BATCH {
            sent.fetch_add(u64::from(socket.send_to(&[0; 40], to).is_ok()), Ordering::Relaxed);
        }
    }
}

#[test]
fn swaps_under_load_lose_nothing_and_leak_nothing() {
    let pair = Pair::new();
    pair.server.nft(OBSERVER);
    let mut enforcer = pair.server.enforcer();
    enforcer.apply("w0", plan(&group(0)), None, NOW).expect("in force");
    let (stop, sent) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        for port in [5000, 6000] {
            let (to, stop, sent, client) = (format!("{SERVER}:{port}"), &stop, &sent, &pair.client);
            scope.spawn(move || client.inside(|| flood(&to, stop, sent)));
        }
        let begun = Instant::now();
        for number in 1..=SWAPS {
            enforcer.apply("w0", plan(&group(number)), None, NOW).expect("in force");
        }
        println!("a swap of 30 rules took {:?} on average", begun.elapsed() / u32::from(SWAPS));
        stop.store(true, Ordering::Relaxed);
    });
    let counts = || ["allowed", "denied", "passed", "leaked"].map(|counter| count(&pair.server, counter));
    let begun = Instant::now();
    // What is still on its way arrives; a cable may have dropped some for want of room, before any rule.
    let mut before = counts();
    loop {
        thread::sleep(Duration::from_millis(200));
        let now = counts();
        if now == before || begun.elapsed() > PATIENCE {
            break;
        }
        before = now;
    }
    let [allowed, denied, passed, leaked] = counts();
    println!("{SWAPS} swaps: {} sent, {allowed} allowed, {denied} denied", sent.load(Ordering::Relaxed));
    assert!(allowed > 10_000 && denied > 10_000, "too little traffic: {allowed} {denied}");
    assert_eq!((passed, leaked), (allowed, 0), "lost {}", allowed - passed);
    assert_eq!(enforcer.refused().expect("counters").iter().map(|it| it.packets).sum::<u64>(), denied);
}

#[test]
fn a_thousand_groups_of_sixty_rules() {
    let pair = Pair::new();
    let _listener = pair.listen(&[22, 23]);
    let network = a_thousand_groups();
    let mut enforcer = pair.server.enforcer();
    let begun = Instant::now();
    let plan = Plan::new(&network, network.interface("eni-web").expect("eni-web"), Side::Host).expect("a plan");
    let planned = begun.elapsed();
    enforcer.apply("w0", plan, None, NOW).expect("in force");
    println!("60,000 rules on one interface: compiled in {planned:?}, in force after {:?}", begun.elapsed());
    let five: Vec<String> = (995..1000).map(|group| format!("sg-{group}")).collect();
    let mut interface = network.interface("eni-web").expect("eni-web").clone();
    interface.security_group_ids = five;
    let begun = Instant::now();
    enforcer.apply("w0", Plan::new(&network, &interface, Side::Host).expect("a plan"), None, NOW).expect("in force");
    println!("300 of them: in force after {:?}", begun.elapsed());
    // Of all the rules one allows this, and none that.
    assert!(pair.reaches(SERVER, 22) && pair.is_refused(SERVER, 23));
}

/// Each rule for a range of its own; the last one of all for the client.
fn a_thousand_groups() -> Network {
    let mut parts = Parts::default();
    for group in 0..1000_u32 {
        let id = format!("sg-{group}");
        let rule = |place: u32| {
            let number = group * 60 + place;
            let last = number == 59_999;
            let port = if last { 22 } else { u16::try_from(number % 60_000 + 1000).unwrap() };
            let service =
                Service::Tcp(PortRange::new(port, port.saturating_add(u16::try_from(place % 3).unwrap())).unwrap());
            let service = if last { Service::Tcp(PortRange::new(22, 22).unwrap()) } else { service };
            let address = if last {
                "10.77.0.20/32".to_owned()
            } else {
                format!("100.{}.{}.{}/32", 64 + number / 65_536, number / 256 % 256, number % 256)
            };
            let peer = Peer::Cidr(address.parse().unwrap());
            SecurityGroupRule { id: format!("sgr-{number}"), service, peer, description: None }
        };
        let egress = SecurityGroup::default_egress(&id);
        let ingress = (0..60).map(rule).collect();
        parts.security_groups.insert(id.clone(), SecurityGroup { id, name: None, vpc_id: None, ingress, egress });
    }
    let web = crate::hosts::network("[[interface]]\nid = 'eni-web'\naddresses = ['10.77.0.10']\n").into_parts();
    parts.interfaces = web.interfaces;
    let groups = parts.security_groups.keys().cloned().collect();
    parts.interfaces.get_mut("eni-web").expect("eni-web").security_group_ids = groups;
    Network::new(parts).expect("a network")
}
