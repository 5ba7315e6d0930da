//! iptables, by nftables and of old.

use crate::lab::{CLIENT, CLIENT6, FROM, HOST, HOST6, Lab, Recording, send};

/// Packets that a rule of the chain counted.
fn counted(lab: &Lab, program: &'static str, chain: &str) -> u64 {
    let listed = lab.host.command(program, &format!("-L {chain} -v -x -n"), "");
    let rule = listed.lines().nth(2).unwrap_or_else(|| panic!("no rule in {listed}"));
    rule.split_whitespace().next().and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("{rule}"))
}

fn refuses_udp(v4: &'static str, v6: &'static str) {
    for target in ["DROP", "REJECT"] {
        let lab = Lab::new();
        for program in [v4, v6] {
            lab.host.command(program, &format!("-A INPUT -p udp --dport 9 -j {target}"), "");
        }
        let recording = Recording::start(&lab.host, &["in0"]);
        for (to, packets) in [(HOST, 3), (HOST6, 4)] {
            send(&lab.client, to, 9, 10, packets);
            send(&lab.client, to, 10, 10, 2);
        }
        let lines = recording.stop().lines();
        let lines: Vec<_> = lines.into_iter().filter(|line| line.contains(" 17 ")).collect();
        assert_eq!((counted(&lab, v4, "INPUT"), counted(&lab, v6, "INPUT")), (3, 4));
        let expected = [
            format!("in0 ingress ACCEPT {CLIENT}:{FROM} > {HOST}:10 17 2 packets 76 bytes"),
            format!("in0 ingress ACCEPT {CLIENT6}:{FROM} > {HOST6}:10 17 2 packets 116 bytes"),
            format!("in0 ingress REJECT {CLIENT}:{FROM} > {HOST}:9 17 3 packets 114 bytes"),
            format!("in0 ingress REJECT {CLIENT6}:{FROM} > {HOST6}:9 17 4 packets 232 bytes"),
        ];
        assert_eq!(lines, expected);
    }
}

#[test]
fn iptables_by_nftables() {
    refuses_udp("iptables-nft", "ip6tables-nft");
}

#[test]
fn iptables_of_old() {
    refuses_udp("iptables-legacy", "ip6tables-legacy");
}
