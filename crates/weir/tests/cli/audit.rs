//! `weir audit` on real packets: what Weir saw refused against the counters of nftables, of both kinds of iptables, and of
//! Weir's own rules. Needs root, iproute2, nftables, iptables and python3.

use std::{
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use crate::{
    lab::{Net, Up},
    run::Lab,
};

/// Sends so many UDP datagrams to each of these ports of the near side.
fn datagrams(ports: &[(u16, u32)]) -> String {
    format!(
        "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('10.88.0.2', 5000))
for port, count in {ports:?}:
    for _ in range(count):
        try: s.sendto(bytes(100), ('10.88.0.1', port))
        except ConnectionRefusedError: s.sendto(bytes(100), ('10.88.0.1', port))
"
    )
}

/// Runs `weir audit` in the near namespace while the far side sends; its exit code and what it says.
fn audit(net: &Net, ports: &[(u16, u32)]) -> (Option<i32>, String) {
    let audit = Command::new("ip")
        .args(["netns", "exec", &net.near, env!("CARGO_BIN_EXE_weir"), "audit", "--seconds", "6"])
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("weir audit");
    // It has read the counters by then, and reads them again when nothing is sent any more.
    thread::sleep(Duration::from_secs(3));
    net.far(&datagrams(ports));
    let output = audit.wait_with_output().expect("it ends");
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

fn near(net: &Net, words: &str) {
    net.exec(&net.near, &words.split(' ').collect::<Vec<_>>());
}

#[test]
fn counters_of_nftables_agree_exactly() {
    let (net, lab) = (Net::new(), Lab::new());
    near(&net, "nft add table inet t");
    near(&net, "nft add chain inet t i { type filter hook input priority 0 ; }");
    near(&net, "nft add chain inet t p { type filter hook prerouting priority -300 ; }");
    near(&net, "nft add rule inet t i udp dport 9001 counter drop");
    near(&net, "nft add rule inet t i udp dport 9002 counter reject");
    near(&net, "nft add rule inet t p udp dport 9003 counter drop");
    let _up = Up::start(&net, &lab, &[]);
    let (code, said) = audit(&net, &[(9001, 300), (9002, 40), (9003, 7), (9004, 100)]);
    assert_eq!(said, "refused in 6 s:\n  the host's firewall: counted 347, weir saw 347: agrees\n");
    assert_eq!(code, Some(0));

    // What refuses without a counter is named, and leaves only a lower bound.
    near(&net, "nft add rule inet t i udp dport 9005 drop");
    let (code, said) = audit(&net, &[(9001, 5), (9005, 3)]);
    let expected = "  the host's firewall: counted 5, weir saw 8: weir saw more; see the rules without a counter\n\
                    these refuse without a counter, so their packets cannot be compared:\n  nft rule inet t i, handle ";
    assert!(said.contains(expected), "{said}");
    assert_eq!(code, Some(0));
}

#[test]
fn counters_of_both_kinds_of_iptables_agree_exactly() {
    for program in ["iptables-nft", "iptables-legacy"] {
        let (net, lab) = (Net::new(), Lab::new());
        near(&net, &format!("{program} -A INPUT -p udp --dport 9001 -j DROP"));
        near(&net, &format!("{program} -A INPUT -p udp --dport 9002 -j REJECT"));
        let _up = Up::start(&net, &lab, &[]);
        let (code, said) = audit(&net, &[(9001, 200), (9002, 30), (9004, 50)]);
        assert_eq!(said, "refused in 6 s:\n  the host's firewall: counted 230, weir saw 230: agrees\n", "{program}");
        assert_eq!(code, Some(0));
    }
}

#[test]
fn rules_of_ours_agree_one_by_one() {
    let (net, lab) = (Net::new(), Lab::new());
    lab.write(
        "net.toml",
        "[[interface]]\nid = \"eni-a\"\nname = \"a0\"\nsecurity-groups = [\"sg-a\"]\n[[security-group]]\nid = \"sg-a\"\n\
         ingress = [{ protocol = \"udp\", ports = \"9001\", source = \"0.0.0.0/0\" }]\n",
    );
    let up = Up::start(&net, &lab, &["--network", "net.toml", "--enforce", "a0"]);
    let (code, said) = audit(&net, &[(9001, 20), (9002, 150)]);
    let expected =
        "refused in 6 s:\n  rule 1: counted 150, weir saw 150: agrees\n  rule 2: counted 0, weir saw 0: agrees\n";
    assert_eq!(said, expected, "ingress and egress");
    assert_eq!(code, Some(0));
    drop(up);
    assert!(
        Command::new("ip").args(["netns", "exec", &net.near, env!("CARGO_BIN_EXE_weir"), "detach"]).status().is_ok()
    );
}
