//! The records of a NAT gateway with one interface, as AWS shows them for a zonal NAT gateway: every row of its table. In
//! network namespaces; needs root, iproute2, nftables and python3.

use std::{
    fs,
    io::Read as _,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::run::Lab;

const PATIENCE: Duration = Duration::from_secs(60);
const FORMAT: &str = "${interface-id} ${srcaddr} ${dstaddr} ${pkt-srcaddr} ${pkt-dstaddr} ${flow-direction} ${protocol} ${packets} ${end} ${log-status}";

/// A private instance 10.0.1.5, a NAT gateway 10.0.0.220, a server 203.0.113.5, and a router between them, which sends what
/// the instance has for the server to the gateway. Gone when dropped.
struct Net {
    names: [String; 4],
}

impl Net {
    fn new() -> Self {
        assert!(rustix::process::geteuid().is_root(), "network namespaces need root: run the tests as root");
        let names = ["inst", "nat", "srv", "rtr"].map(|part| format!("wr-{}-{part}", std::process::id()));
        let net = Self { names };
        let [instance, nat, server, router] = &net.names;
        for namespace in &net.names {
            ip(&format!("netns add {namespace}"));
            ip(&format!("-n {namespace} link set lo up"));
        }
        for (namespace, device, own, gateway) in [
            (instance, "i0", "10.0.1.5", "10.0.1.1"),
            (nat, "n0", "10.0.0.220", "10.0.0.1"),
            (server, "s0", "203.0.113.5", "203.0.113.1"),
        ] {
            ip(&format!("link add r{device} netns {router} type veth peer name {device} netns {namespace}"));
            ip(&format!("-n {router} address add {gateway}/24 dev r{device}"));
            ip(&format!("-n {router} link set r{device} up"));
            ip(&format!("-n {namespace} address add {own}/24 dev {device}"));
            ip(&format!("-n {namespace} link set {device} up"));
            ip(&format!("-n {namespace} route add default via {gateway}"));
        }
        ip(&format!("-n {router} rule add iif ri0 lookup 100"));
        ip(&format!("-n {router} route add default via 10.0.0.220 dev rn0 table 100"));
        for namespace in [nat, router] {
            net.exec(namespace, &["sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"]);
        }
        // The gateway sends packets back out of the interface that they came in at.
        net.exec(nat, &["sh", "-c", "echo 0 | tee /proc/sys/net/ipv4/conf/*/send_redirects"]);
        let masquerade = "add table ip nat; add chain ip nat post { type nat hook postrouting priority 100; }; \
                          add rule ip nat post ip saddr 10.0.1.0/24 ip daddr != 10.0.0.0/16 masquerade";
        net.exec(nat, &["nft", masquerade]);
        net
    }

    fn exec(&self, namespace: &str, words: &[&str]) {
        let output = Command::new("ip").args(["netns", "exec", namespace]).args(words).output().expect("ip");
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

fn ip(words: &str) {
    let output = Command::new("ip").args(words.split(' ')).output().expect("the command `ip`: install iproute2");
    assert!(output.status.success(), "ip {words}: {}", String::from_utf8_lossy(&output.stderr));
}

impl Drop for Net {
    fn drop(&mut self) {
        for namespace in &self.names {
            let _ = Command::new("ip").args(["netns", "delete", namespace]).status();
        }
    }
}

/// A child process, ended when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_nat_gateway_has_the_records_of_aws() {
    let (net, lab) = (Net::new(), Lab::new());
    let [instance, nat, server, _] = &net.names;
    let weir = env!("CARGO_BIN_EXE_weir");
    let up = Command::new("ip")
        .args(["netns", "exec", nat, weir, "up", "--interface", "n0", "--interval", "1", "--deliver-every-window"])
        .args(["--data", "data", "--format", FORMAT])
        .current_dir(lab.path(""))
        .stderr(fs::File::create(lab.path("up.err")).expect("a file"))
        .spawn()
        .expect("weir starts");
    let mut up = Running(up);
    let begun = Instant::now();
    let recording = || {
        let output = Command::new("ip").args(["netns", "exec", nat, weir, "status", "--json"]).output().expect("weir");
        let status: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        status["interfaces"][0]["recording"] == true
    };
    while !recording() {
        assert!(begun.elapsed() < PATIENCE, "{}", fs::read_to_string(lab.path("up.err")).unwrap_or_default());
        thread::sleep(Duration::from_millis(100));
    }

    let echo = "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.bind(('203.0.113.5', 53))\nprint('ready')\n\
                while True:\n    data, peer = s.recvfrom(99)\n    assert peer[0] == '10.0.0.220', peer\n    s.sendto(data, peer)";
    let child = Command::new("ip")
        .args(["netns", "exec", server, "python3", "-uc", echo])
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3");
    let mut serving = Running(child);
    let mut ready = [0; 6];
    serving.0.stdout.as_mut().expect("piped").read_exact(&mut ready).expect("the server is ready");
    let ask = "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.settimeout(20)\ns.connect(('203.0.113.5', 53))\n\
               for _ in range(3):\n    s.send(b'x')\n    assert s.recv(9) == b'x'";
    net.exec(instance, &["python3", "-c", ask]);

    assert!(Command::new("kill").args(["-TERM", &up.0.id().to_string()]).status().expect("kill").success());
    assert!(up.0.wait().expect("it ends").success());
    let sql = "SELECT flow_direction, srcaddr, dstaddr, pkt_srcaddr, pkt_dstaddr, sum(packets) AS packets FROM vpc_flow_logs \
               WHERE protocol = 17 GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 4";
    lab.weir(&["query", "--data", "data", sql]).is("\
\"flow_direction\",\"srcaddr\",\"dstaddr\",\"pkt_srcaddr\",\"pkt_dstaddr\",\"packets\"
\"egress\",\"10.0.0.220\",\"203.0.113.5\",\"10.0.0.220\",\"203.0.113.5\",\"3\"
\"egress\",\"10.0.0.220\",\"10.0.1.5\",\"203.0.113.5\",\"10.0.1.5\",\"3\"
\"ingress\",\"10.0.1.5\",\"10.0.0.220\",\"10.0.1.5\",\"203.0.113.5\",\"3\"
\"ingress\",\"203.0.113.5\",\"10.0.0.220\",\"203.0.113.5\",\"10.0.0.220\",\"3\"
");
}
