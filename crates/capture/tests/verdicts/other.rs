//! Everything beside the rules of a firewall: connections, fragments, bridges, namespaces, the reverse-path filter.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use weir_capture::tracker::VerdictSource;
use weir_network::Action;

use crate::{
    lab::{CLIENT, CLIENT6, FROM, HOST, HOST6, Lab, Recording, SERVER, at, firewall, quiet, send},
    side::Side,
};

fn connect(side: &Side, to: SocketAddr) -> bool {
    side.run(move || TcpStream::connect_timeout(&to, Duration::from_millis(400)).is_ok())
}

/// A refused connection is one REJECT with the flag SYN, and no record of a reply.
#[test]
fn a_refused_connection_is_one_record() {
    let lab = Lab::new();
    lab.client.sysctl("ipv4/tcp_syn_retries", "1");
    lab.firewall("table inet t { chain c { type filter hook input priority 0; tcp dport 22 drop; } }");
    let recording = Recording::start(&lab.host, &["in0"]);
    assert!(!connect(&lab.client, at(HOST, 22)));
    let recorded = recording.stop();
    let (flow, sum) = recorded.sums().into_iter().next().expect("a record");
    assert_eq!(recorded.sums().len(), 1, "{:?}", recorded.sums());
    assert!(flow.starts_with(&format!("in0 ingress REJECT {CLIENT}:")) && flow.ends_with(&format!("> {HOST}:22 6")));
    assert_eq!((sum.packets, sum.bytes, sum.tcp_flags), (1, 60, 2));
}

/// A reset that a firewall sends is a packet of its own: the SYN was refused, the answer left.
#[test]
fn a_reset_is_a_reply() {
    let lab = Lab::new();
    lab.firewall("table inet t { chain c { type filter hook input priority 0; tcp dport 22 reject with tcp reset; } }");
    let recording = Recording::start(&lab.host, &["in0"]);
    assert!(!connect(&lab.client, at(HOST, 22)));
    assert!(!connect(&lab.client, at(HOST6, 22)));
    let flags = |which: &str, sums: &std::collections::BTreeMap<String, crate::lab::Sum>| {
        sums.iter()
            .filter(|(flow, _)| flow.starts_with(which))
            .map(|(_, sum)| (sum.packets, sum.tcp_flags))
            .collect::<Vec<_>>()
    };
    let sums = recording.stop().sums();
    assert_eq!(flags("in0 ingress REJECT", &sums), [(1, 2), (1, 2)]);
    assert_eq!(flags("in0 egress ACCEPT", &sums), [(1, 4), (1, 4)]);
    assert_eq!(sums.len(), 4);
}

/// Ports where nobody listens, and answers to a ping, are dropped by the host's sockets: not refused.
#[test]
fn what_no_socket_takes_is_accepted() {
    let lab = Lab::new();
    let recording = Recording::start(&lab.host, &["in0"]);
    send(&lab.client, HOST, 9, 10, 3);
    let listener = lab.host.run(|| TcpListener::bind(at(HOST, 80)).expect("bound"));
    assert!(connect(&lab.client, at(HOST, 80)));
    assert!(!connect(&lab.client, at(HOST, 81)));
    drop(listener);
    lab.host.run(|| {
        use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketType, ipproto, recv, sendto, socket};
        let ping = socket(AddressFamily::INET, SocketType::RAW, Some(ipproto::ICMP)).expect("root may");
        let request = [8, 0, 0xf7, 0xfd, 0, 1, 0, 1];
        sendto(&ping, &request, SendFlags::empty(), &at(CLIENT, 0)).expect("sent");
        recv(&ping, &mut [0; 64], RecvFlags::empty()).expect("an answer");
    });
    let lines = recording.stop().lines();
    assert!(lines.iter().any(|line| line.contains(" 1 1 packets 28 bytes") && line.contains("ingress")), "{lines:#?}");
    assert!(lines.iter().all(|line| line.contains(" ACCEPT ")), "{lines:#?}");
}

/// 4,000 bytes over UDP are three packets on the wire; the firewall refuses them as one, put together.
#[test]
fn fragments_that_were_put_together_are_all_refused() {
    let lab = Lab::new();
    lab.firewall(
        "table inet t { counter refused { }
            chain c { type filter hook input priority 0; ct state new udp dport 9 counter name refused drop; } }",
    );
    let recording = Recording::start(&lab.host, &["in0"]);
    for to in [HOST, HOST6] {
        send(&lab.client, to, 9, 4000, 5);
        send(&lab.client, to, 10, 4000, 2);
    }
    let lines = recording.stop().lines();
    let lines: Vec<_> = lines.into_iter().filter(|line| line.contains(" 17 ")).collect();
    assert_eq!(lab.counter("inet t", "refused"), 10);
    let expected = [
        format!("in0 ingress ACCEPT {CLIENT}:{FROM} > {HOST}:10 17 6 packets 8136 bytes"),
        format!("in0 ingress ACCEPT {CLIENT6}:{FROM} > {HOST6}:10 17 6 packets 8304 bytes"),
        format!("in0 ingress REJECT {CLIENT}:{FROM} > {HOST}:9 17 15 packets 20340 bytes"),
        format!("in0 ingress REJECT {CLIENT6}:{FROM} > {HOST6}:9 17 15 packets 20760 bytes"),
    ];
    assert_eq!(lines, expected);
}

/// Before they are put together, each fragment is refused for itself, under the ports of its first.
#[test]
fn fragments_one_by_one() {
    let lab = Lab::new();
    lab.firewall(
        "table netdev t { counter refused { }
            chain c { type filter hook ingress device in0 priority 0; ip saddr 10.1.0.2 counter name refused drop; } }",
    );
    let recording = Recording::start(&lab.host, &["in0"]);
    send(&lab.client, HOST, 9, 4000, 2);
    let lines = recording.stop().lines();
    assert_eq!(lab.counter("netdev t", "refused"), 6);
    assert_eq!(lines, [format!("in0 ingress REJECT {CLIENT}:{FROM} > {HOST}:9 17 6 packets 8136 bytes")]);
}

#[test]
fn a_source_that_cannot_be_there_is_refused() {
    let lab = Lab::new();
    lab.host.sysctl("ipv4/conf/all/rp_filter", "1");
    lab.client.ip("address add 10.9.9.9/32 dev client0");
    let recording = Recording::start(&lab.host, &["in0"]);
    lab.client.run(|| {
        let socket = crate::recording::bound(at("10.9.9.9", FROM));
        socket.send_to(&[7; 10], at(HOST, 9)).expect("sent");
    });
    let lines = recording.stop().lines();
    assert_eq!(lines, [format!("in0 ingress REJECT 10.9.9.9:{FROM} > {HOST}:9 17 1 packets 38 bytes")]);
}

/// A container on a bridge to the host: the refusal is the port's too, where the packet came in.
#[test]
fn a_refusal_on_a_bridge_is_one_on_its_port() {
    let (host, guest) = (Side::new(), Side::new());
    host.ip("link add br0 type bridge");
    quiet(&host, "br0");
    host.ip(&format!("link add port0 type veth peer name eth0 netns {}", guest.path));
    for (side, name) in [(&host, "port0"), (&guest, "eth0")] {
        quiet(side, name);
    }
    host.ip("link set port0 master br0");
    host.ip("link set port0 up");
    host.ip("link set br0 up");
    host.ip("address add 10.3.0.1/24 dev br0");
    guest.ip("link set eth0 up");
    guest.ip("address add 10.3.0.2/24 dev eth0");
    let mac = crate::lab::mac(&host, "br0");
    guest.ip(&format!("neighbour replace 10.3.0.1 lladdr {mac} dev eth0 nud permanent"));
    let rules = "table inet t { chain c { type filter hook input priority 0; udp dport 9 drop; } }
        table bridge b { chain c { type filter hook input priority 0; udp dport 11 drop; } }";
    firewall(&host, rules);
    let flow = |which: &str, port: u16| format!("{which} 10.3.0.2:{FROM} > 10.3.0.1:{port} 17 3 packets 114 bytes");
    for names in [&["port0", "br0"][..], &["port0"]] {
        let recording = Recording::start(&host, names);
        for port in [9, 10, 11] {
            send(&guest, "10.3.0.1", port, 10, 3);
        }
        let lines = recording.stop().lines();
        let lines: Vec<_> = lines.into_iter().filter(|line| line.contains(" 17 ")).collect();
        let mut expected =
            vec![flow("port0 ingress ACCEPT", 10), flow("port0 ingress REJECT", 11), flow("port0 ingress REJECT", 9)];
        if names.len() == 2 {
            expected.splice(0..0, [flow("br0 ingress ACCEPT", 10), flow("br0 ingress REJECT", 9)]);
        }
        assert_eq!(lines, expected);
    }
}

/// Two hosts whose interfaces have the same index: the tracepoint hears of both.
#[test]
fn refusals_of_another_namespace_are_not_ours() {
    let (lab, other) = (Lab::new(), Lab::new());
    let index = |lab: &Lab| lab.host.command("ip", "-o link show in0", "").split(':').next().map(str::to_owned);
    assert_eq!(index(&lab), index(&other), "the same index on both");
    for each in [&lab, &other] {
        each.firewall("table inet t { chain c { type filter hook input priority 0; udp dport 9 drop; } }");
    }
    let recording = Recording::start(&lab.host, &["in0"]);
    send(&lab.client, HOST, 9, 10, 2);
    send(&other.client, HOST, 9, 10, 5);
    let lines = recording.stop().lines();
    assert_eq!(lines, [format!("in0 ingress REJECT {CLIENT}:{FROM} > {HOST}:9 17 2 packets 76 bytes")]);
}

/// What passes the host is seen twice, and refused once.
#[test]
fn accepted_on_one_interface_and_refused_on_the_other() {
    let lab = Lab::new();
    lab.firewall(
        "table inet t { chain c { type filter hook postrouting priority 0; oifname out0 udp dport 9 drop; } }",
    );
    let recording = Recording::start(&lab.host, &["in0", "out0"]);
    send(&lab.client, SERVER, 9, 10, 2);
    let flow = |which: &str| format!("{which} {CLIENT}:{FROM} > {SERVER}:9 17 2 packets 76 bytes");
    assert_eq!(recording.stop().lines(), [flow("in0 ingress ACCEPT"), flow("out0 egress REJECT")]);
}

/// When refusals are not watched, traffic is counted all the same, and nothing is called observed.
#[test]
fn without_watching_nothing_is_called_observed() {
    let lab = Lab::new();
    lab.firewall("table inet t { chain c { type filter hook input priority 0; udp dport 9 drop; } }");
    let (recording, why) = Recording::unobserved(&lab.host, &["in0"]);
    assert!(why.ends_with("verdicts are not observed: as asked for"), "{why}");
    send(&lab.client, HOST, 9, 10, 2);
    let recorded = recording.stop();
    let mut flows = recorded.flows();
    assert!(flows.all(|flow| flow.verdict_source == VerdictSource::None));
    assert_eq!(recorded.packets(Action::Accept), 2);
    assert_eq!(recorded.totals.refused, None);
}
