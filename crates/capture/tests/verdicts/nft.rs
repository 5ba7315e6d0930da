//! nftables: every hook, IPv4 and IPv6. What ufw and firewalld load are rules of these shapes.

use crate::lab::{CLIENT, CLIENT6, FROM, HOST, HOST_OUT, HOST6, Lab, Recording, SERVER, SERVER6, send};

const NEAR: &[&str] = &["in0", "out0"];

/// A chain that refuses UDP to port 9 in one way; a named counter says how much.
fn chain(hook: &str, refuse: &str) -> String {
    format!(
        "table inet t {{
            counter refused {{ }}
            chain c {{
                type filter hook {hook} priority 0
                udp dport 9 counter name refused {refuse}
            }}
        }}"
    )
}

/// Three packets to each of two ports, of which port 9 is refused, in both versions: 38 and 58 bytes each.
fn from_client(lab: &Lab, to: &str, to6: &str) {
    for port in [9, 10] {
        send(&lab.client, to, port, 10, 3);
        send(&lab.client, to6, port, 10, 3);
    }
}

/// What is recorded of three packets each.
fn flows(which: &str, v4: (&str, &str), v6: (&str, &str), port: u16) -> [String; 2] {
    [
        format!("{which} {}:{FROM} > {}:{port} 17 3 packets 114 bytes", v4.0, v4.1),
        format!("{which} {}:{FROM} > {}:{port} 17 3 packets 174 bytes", v6.0, v6.1),
    ]
}

const TO_HOST: ((&str, &str), (&str, &str)) = ((CLIENT, HOST), (CLIENT6, HOST6));
const THROUGH: ((&str, &str), (&str, &str)) = ((CLIENT, SERVER), (CLIENT6, SERVER6));

/// Only of UDP: what a reject answers, and ports where nobody listens, is another matter.
fn udp(lines: Vec<String>) -> Vec<String> {
    lines.into_iter().filter(|line| line.contains(" 17 ")).collect()
}

fn expect(mut lines: Vec<String>, expected: impl IntoIterator<Item = [String; 2]>) {
    let mut expected: Vec<String> = expected.into_iter().flatten().collect();
    expected.sort();
    lines.sort();
    assert_eq!(lines, expected);
}

#[test]
fn input_and_prerouting() {
    for (hook, refuse) in [
        ("input", "drop"),
        ("input", "reject"),
        ("input", "reject with icmpx type admin-prohibited"),
        ("prerouting", "drop"),
    ] {
        let lab = Lab::new();
        lab.firewall(&chain(hook, refuse));
        let recording = Recording::start(&lab.host, NEAR);
        from_client(&lab, HOST, HOST6);
        let recorded = recording.stop();
        assert_eq!(lab.counter("inet t", "refused"), 6);
        let (v4, v6) = TO_HOST;
        let refused = flows("in0 ingress REJECT", v4, v6, 9);
        // Nobody listens at port 10: the host takes the packet and answers. That is no refusal.
        expect(udp(recorded.lines()), [refused, flows("in0 ingress ACCEPT", v4, v6, 10)]);
    }
}

#[test]
fn forward_and_netdev_ingress_are_refused_where_they_came_in() {
    let netdev = "table netdev t {
        counter refused { }
        chain c { type filter hook ingress device in0 priority 0; udp dport 9 counter name refused drop; }
    }";
    for (rules, table) in
        [(chain("forward", "drop"), "inet t"), (chain("forward", "reject"), "inet t"), (netdev.to_owned(), "netdev t")]
    {
        let lab = Lab::new();
        lab.firewall(&rules);
        let recording = Recording::start(&lab.host, NEAR);
        from_client(&lab, SERVER, SERVER6);
        let recorded = recording.stop();
        assert_eq!(lab.counter(table, "refused"), 6);
        let (v4, v6) = THROUGH;
        let refused = flows("in0 ingress REJECT", v4, v6, 9);
        let passed = ["in0 ingress ACCEPT", "out0 egress ACCEPT"].map(|which| flows(which, v4, v6, 10));
        expect(udp(recorded.lines()), [refused].into_iter().chain(passed));
    }
}

#[test]
fn postrouting_and_netdev_egress_are_refused_where_they_would_leave() {
    let netdev = "table netdev t {
        counter refused { }
        chain c { type filter hook egress device out0 priority 0; udp dport 9 counter name refused drop; }
    }";
    for (rules, table) in [(chain("postrouting", "drop"), "inet t"), (netdev.to_owned(), "netdev t")] {
        let lab = Lab::new();
        lab.firewall(&rules);
        let recording = Recording::start(&lab.host, NEAR);
        from_client(&lab, SERVER, SERVER6);
        send(&lab.host, SERVER, 9, 10, 3);
        let recorded = recording.stop();
        assert_eq!(lab.counter(table, "refused"), 9);
        let (v4, v6) = THROUGH;
        let mut expected = vec![flows("out0 egress REJECT", v4, v6, 9), flows("out0 egress ACCEPT", v4, v6, 10)];
        expected.extend([9, 10].map(|port| flows("in0 ingress ACCEPT", v4, v6, port)));
        let mut lines = udp(recorded.lines());
        let own = format!("out0 egress REJECT {HOST_OUT}:{FROM} > {SERVER}:9 17 3 packets 114 bytes");
        assert!(lines.contains(&own), "{lines:#?}");
        lines.retain(|line| *line != own);
        expect(lines, expected);
    }
}

#[test]
fn output_is_refused_on_the_interface_of_the_route() {
    for refuse in ["drop", "reject"] {
        let lab = Lab::new();
        lab.firewall(&chain("output", refuse));
        let recording = Recording::start(&lab.host, NEAR);
        for port in [9, 10] {
            send(&lab.host, CLIENT, port, 10, 3);
            send(&lab.host, CLIENT6, port, 10, 3);
        }
        let recorded = recording.stop();
        let (v4, v6) = ((HOST, CLIENT), (HOST6, CLIENT6));
        let passed = flows("in0 egress ACCEPT", v4, v6, 10);
        expect(udp(recorded.lines()), [flows("in0 egress REJECT", v4, v6, 9), passed]);
        assert_eq!(lab.counter("inet t", "refused"), 6);
    }
}

#[test]
fn a_policy_refuses_what_no_rule_accepts() {
    let lab = Lab::new();
    lab.firewall(
        "table inet t { chain c { type filter hook input priority 0; policy drop; udp dport 10 accept; ct state established accept; } }",
    );
    let recording = Recording::start(&lab.host, NEAR);
    from_client(&lab, HOST, HOST6);
    let recorded = recording.stop();
    let (v4, v6) = TO_HOST;
    let accepted = flows("in0 ingress ACCEPT", v4, v6, 10);
    expect(udp(recorded.lines()), [flows("in0 ingress REJECT", v4, v6, 9), accepted]);
}

/// The shape of ufw and firewalld: chains that jump to others, a limited log, then a reject at the end.
#[test]
fn chains_as_front_ends_make_them() {
    let lab = Lab::new();
    lab.firewall(
        "table inet firewalld {
            counter refused { }
            chain filter_INPUT {
                type filter hook input priority filter + 10; policy accept;
                ct state { established, related } accept
                iifname \"lo\" accept
                ct state invalid drop
                jump filter_INPUT_ZONES
                counter name refused reject with icmpx admin-prohibited
            }
            chain filter_INPUT_ZONES { iifname \"in0\" goto filter_IN_public; }
            chain filter_IN_public { jump filter_IN_public_allow; meta l4proto { icmp, ipv6-icmp } accept; }
            chain filter_IN_public_allow { udp dport 10 accept; }
        }",
    );
    let recording = Recording::start(&lab.host, NEAR);
    from_client(&lab, HOST, HOST6);
    let recorded = recording.stop();
    assert_eq!(lab.counter("inet firewalld", "refused"), 6);
    let (v4, v6) = TO_HOST;
    let accepted = flows("in0 ingress ACCEPT", v4, v6, 10);
    expect(udp(recorded.lines()), [flows("in0 ingress REJECT", v4, v6, 9), accepted]);
}

/// A mark of ours names the rule; another's mark does not.
#[test]
fn the_mark_names_the_rule() {
    let lab = Lab::new();
    lab.firewall(
        "table inet t { chain c { type filter hook input priority 0;
            udp dport 9 meta mark set 0x57000005 drop
            udp dport 11 meta mark set 0x57000006 drop
            udp dport 12 meta mark set 0x58000007 drop;
        }
        }",
    );
    let recording = Recording::start(&lab.host, NEAR);
    for port in [9, 11, 12] {
        send(&lab.client, HOST, port, 10, 1);
    }
    let lines = recording.stop().lines();
    let rejected =
        |port: u16, by: &str| format!("in0 ingress REJECT {CLIENT}:{FROM} > {HOST}:{port} 17{by} 1 packets 38 bytes");
    assert_eq!(lines, [rejected(11, " by 0x57000006"), rejected(12, ""), rejected(9, " by 0x57000005")]);
}

/// After translation the packet's header differs from what was on the wire.
#[test]
fn translated_packets_are_filed_as_they_were_on_the_wire() {
    let lab = Lab::new();
    let table = |family: &str, to: &str| {
        format!(
            "table {family} n {{
                chain p {{ type nat hook prerouting priority -100; udp dport 5555 dnat to {to}:6666; }}
                chain s {{ type nat hook postrouting priority 100; oifname out0 masquerade; }}
                chain f {{ type filter hook forward priority 0; udp dport 6666 drop; }}
                chain o {{ type filter hook postrouting priority 200; udp dport 7777 drop; }}
            }}"
        )
    };
    lab.firewall(&format!("{}\n{}", table("ip", SERVER), table("ip6", &format!("[{SERVER6}]"))));
    let recording = Recording::start(&lab.host, NEAR);
    for (host, server) in [(HOST, SERVER), (HOST6, SERVER6)] {
        send(&lab.client, host, 5555, 10, 3);
        send(&lab.client, server, 7777, 10, 3);
    }
    let (v4, v6) = TO_HOST;
    let masqueraded = ((HOST_OUT, SERVER), ("fd02::1", SERVER6));
    let expected = [
        flows("in0 ingress REJECT", v4, v6, 5555),
        flows("in0 ingress ACCEPT", THROUGH.0, THROUGH.1, 7777),
        flows("out0 egress REJECT", masqueraded.0, masqueraded.1, 7777),
    ];
    expect(udp(recording.stop().lines()), expected);
}
