//! `weir up` on real packets, between two network namespaces joined by a veth pair. Needs root, iproute2 and python3.

use std::{
    collections::BTreeMap,
    fs,
    net::TcpListener,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crate::run::{Lab, Said};

/// Longer than anything here takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);
const FORMAT: &str = "${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${tcp-flags} ${flow-direction} ${log-status} ${interface-id} ${rule} ${verdict-source}";

/// Two namespaces: `a0` in the near one, where weir runs, and `b0` in the far one. Gone when dropped.
pub struct Net {
    pub near: String,
    pub far: String,
}

impl Net {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        assert!(
            rustix::process::geteuid().is_root(),
            "the lab needs root to make network namespaces: run the tests as root"
        );
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = |side| format!("weir-{}-{number}-{side}", std::process::id());
        let net = Self { near: name("near"), far: name("far") };
        for namespace in [&net.near, &net.far] {
            ip(&format!("netns add {namespace}"));
            ip(&format!("-n {namespace} link set lo up"));
        }
        let (near, far) = (&net.near, &net.far);
        ip(&format!(
            "link add a0 netns {near} address 02:00:00:00:00:0a type veth peer name b0 netns {far} address 02:00:00:00:00:0b"
        ));
        for (namespace, name, own, other, mac) in [(near, "a0", 1, 2, "0b"), (far, "b0", 2, 1, "0a")] {
            // No link-local address, and neighbours that are known: nothing but what the test sends.
            for (setting, value) in [("addr_gen_mode", 1), ("mldv2_unsolicited_report_interval", 1)] {
                let set = format!("echo {value} > /proc/sys/net/ipv6/conf/{name}/{setting}");
                net.exec(namespace, &["sh", "-c", &set]);
            }
            ip(&format!("-n {namespace} address add 10.88.0.{own}/24 dev {name}"));
            ip(&format!("-n {namespace} address add fd88::{own}/64 dev {name} nodad"));
            ip(&format!("-n {namespace} link set {name} up"));
            for address in [format!("10.88.0.{other}"), format!("fd88::{other}")] {
                ip(&format!(
                    "-n {namespace} neighbour replace {address} lladdr 02:00:00:00:00:{mac} dev {name} nud permanent"
                ));
            }
        }
        net.wait_for_silence();
        net
    }

    /// The kernel tells of the multicast groups it joined; waits until a second has passed without a packet.
    fn wait_for_silence(&self) {
        let count = || self.counter("rx_packets") + self.counter("tx_packets");
        let (mut last, mut since) = (count(), Instant::now());
        while since.elapsed() < Duration::from_secs(1) {
            thread::sleep(Duration::from_millis(100));
            let now = count();
            if now != last {
                (last, since) = (now, Instant::now());
            }
        }
    }

    pub fn exec(&self, namespace: &str, words: &[&str]) -> String {
        let output = Command::new("ip").args(["netns", "exec", namespace]).args(words).output().expect("ip");
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs a Python program in the far namespace.
    pub fn far(&self, program: &str) {
        self.exec(&self.far, &["python3", "-c", program]);
    }

    /// Starts a Python program in the near namespace that says `ready`, and ends with this.
    pub fn near_server(&self, program: &str) -> Server {
        let mut child = Command::new("ip")
            .args(["netns", "exec", &self.near, "python3", "-uc", program])
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3");
        let mut ready = [0; 6];
        std::io::Read::read_exact(child.stdout.as_mut().expect("an output"), &mut ready).expect("the server is ready");
        Server(child)
    }

    /// A counter of `a0`.
    fn counter(&self, name: &str) -> u64 {
        let value = self.exec(&self.near, &["cat", &format!("/sys/class/net/a0/statistics/{name}")]);
        value.trim().parse().expect("a number")
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        for namespace in [&self.near, &self.far] {
            let _ = Command::new("ip").args(["netns", "delete", namespace]).status();
        }
    }
}

pub struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn ip(words: &str) {
    let output = Command::new("ip").args(words.split(' ')).output().expect("the command `ip`: install iproute2");
    assert!(output.status.success(), "ip {words}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A running `weir up`, killed when dropped.
pub struct Up<'a> {
    child: Child,
    net: &'a Net,
    lab: &'a Lab,
}

impl<'a> Up<'a> {
    /// Starts and waits until `a0` is recorded.
    pub fn start(net: &'a Net, lab: &'a Lab, flags: &[&str]) -> Self {
        Self::start_with(net, lab, flags, &[])
    }

    /// The same, with further variables in the environment.
    pub fn start_with(net: &'a Net, lab: &'a Lab, flags: &[&str], variables: &[(&str, &str)]) -> Self {
        let up = Self::spawn(net, lab, &[env!("CARGO_BIN_EXE_weir")], flags, variables);
        up.wait_for("a0 is recorded", |status| status["interfaces"][0]["recording"] == true);
        up
    }

    /// Starts the program, which may be run by another one that limits it. Intervals are of a second unless flags say.
    pub fn spawn(net: &'a Net, lab: &'a Lab, program: &[&str], flags: &[&str], variables: &[(&str, &str)]) -> Self {
        let interval: &[&str] = if flags.contains(&"--interval") { &[] } else { &["--interval", "1"] };
        let child = Command::new("ip")
            .args(["netns", "exec", &net.near])
            .args(program)
            .args(["up", "--interface", "a0"])
            .args(interval)
            .args(["--data", "data", "--format", FORMAT])
            .args(flags)
            .envs(variables.iter().copied())
            .current_dir(lab.path(""))
            .stderr(fs::OpenOptions::new().create(true).append(true).open(lab.path("up.err")).expect("a file"))
            .spawn()
            .expect("weir starts");
        Self { child, net, lab }
    }

    /// Its number; the program that it was started by becomes it.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("asked").is_some()
    }

    /// What it said so far.
    pub fn said(&self) -> String {
        fs::read_to_string(self.lab.path("up.err")).unwrap_or_default()
    }

    pub fn status(&self) -> Option<serde_json::Value> {
        let output = Command::new("ip")
            .args(["netns", "exec", &self.net.near, env!("CARGO_BIN_EXE_weir"), "status", "--json"])
            .output()
            .expect("weir status");
        serde_json::from_slice(&output.stdout).ok()
    }

    #[track_caller]
    pub fn wait_for(&self, what: &str, is: impl Fn(&serde_json::Value) -> bool) {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if self.status().is_some_and(|status| is(&status)) {
                return;
            }
            thread::sleep(Duration::from_millis(100));
        }
        let said = fs::read_to_string(self.lab.path("up.err")).unwrap_or_default();
        panic!("waited for: {what}; status {:?}; it said {said}", self.status());
    }

    /// Waits for something that the status does not say.
    #[track_caller]
    pub fn wait_until(&self, what: &str, is: impl Fn() -> bool) {
        let begun = Instant::now();
        while !is() {
            assert!(begun.elapsed() < PATIENCE, "waited for: {what}; it said {}", self.said());
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// Waits until every packet that passed so far is in a finished interval.
    pub fn settle(&self) {
        let windows = self.status().expect("a status")["windows"].as_u64().expect("windows");
        self.wait_for("two more intervals", |status| status["windows"].as_u64() >= Some(windows + 2));
    }

    /// Sends a signal and waits for the end.
    pub fn end(mut self, signal: &str) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().expect("kill").success());
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Up<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What records say of a flow: packets, bytes, flags.
type Flows = BTreeMap<String, (u64, u64, u64)>;

/// The delivered records of flows, over all intervals, keyed by `source port destination port protocol direction`.
fn delivered(lab: &Lab, since: u64) -> Flows {
    let said = lab.weir(&[
        "query",
        "--data",
        "data",
        "--output",
        "jsonl",
        "SELECT * FROM vpc_flow_logs WHERE log_status = 'OK'",
    ]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    let now = now();
    let mut flows = Flows::new();
    for line in said.out.lines() {
        let record: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let number = |name: &str| record[name].as_u64().unwrap_or_else(|| panic!("{name} in {line}"));
        let text = |name: &str| record[name].as_str().unwrap_or_else(|| panic!("{name} in {line}")).to_owned();
        assert_eq!(text("action"), "ACCEPT");
        assert!(since <= number("start") && number("start") == number("end") && number("end") <= now, "{line}");
        let key = format!(
            "{} {} {} {} {} {}",
            text("srcaddr"),
            number("srcport"),
            text("dstaddr"),
            number("dstport"),
            number("protocol"),
            text("flow_direction")
        );
        let flow = flows.entry(key).or_default();
        *flow = (flow.0 + number("packets"), flow.1 + number("bytes"), flow.2 | number("tcp_flags"));
    }
    flows
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

/// Takes in UDP on port 9999 of both families, and TCP on 8080 until the far side closes.
const SINK: &str = "
import socket, threading
for family in (socket.AF_INET, socket.AF_INET6):
    udp = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6: udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    udp.bind(('', 9999))
    threading.Thread(target=lambda s=udp: [s.recv(2048) for _ in iter(int, 1)], daemon=True).start()
tcp = socket.socket()
tcp.bind(('', 8080)); tcp.listen()
print('ready', flush=True)
while True:
    peer, _ = tcp.accept()
    while peer.recv(65536): pass
    peer.close()
";

/// Sends `count` UDP datagrams of 100 bytes from port 5000.
fn udp(count: u32) -> String {
    format!(
        "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('10.88.0.2', 5000))
for _ in range({count}): s.sendto(bytes(100), ('10.88.0.1', 9999))
"
    )
}

const ALL_KINDS: &str = "
import socket, struct
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(('fd88::2', 5006))
for _ in range(30): s.sendto(bytes(60), ('fd88::1', 9999))
def checksum(data):
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while total >> 16: total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
s.settimeout(10)
for n in range(20):
    body = bytes(56)
    echo = struct.pack('!BBHHH', 8, 0, 0, 7, n) + body
    s.sendto(struct.pack('!BBHHH', 8, 0, checksum(echo), 7, n) + body, ('10.88.0.1', 0))
    s.recv(2048)
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
s.settimeout(10)
for n in range(10):
    s.sendto(struct.pack('!BBHHH', 128, 0, 0, 7, n) + bytes(56), ('fd88::1', 0))
    s.recv(2048)
s = socket.socket()
s.bind(('10.88.0.2', 5080))
s.connect(('10.88.0.1', 8080))
s.sendall(bytes(1000))
s.shutdown(socket.SHUT_WR)
s.recv(1)
s.close()
";

#[test]
fn every_packet_is_recorded_and_delivered() {
    let net = Net::new();
    let lab = Lab::new();
    let since = now();
    let up = Up::start(&net, &lab, &["--deliver-every-window"]);
    let _server = net.near_server(SINK);
    let before = ["rx_packets", "rx_bytes", "tx_packets", "tx_bytes"].map(|name| net.counter(name));
    net.far(&udp(50));
    net.far(ALL_KINDS);
    up.settle();
    up.wait_for("delivery", |status| status["delivery"]["waiting_records"] == 0);
    let after = ["rx_packets", "rx_bytes", "tx_packets", "tx_bytes"].map(|name| net.counter(name));
    assert_eq!(up.end("-INT"), Some(0));

    let mut flows = delivered(&lab, since);
    let total = |direction: &str| {
        let flows = flows.iter().filter(|(key, _)| key.ends_with(direction));
        flows.fold((0, 0), |sum, (_, flow)| (sum.0 + flow.0, sum.1 + flow.1))
    };
    // What the kernel counts has the Ethernet header of 14 bytes on top.
    let counted = |at: usize| {
        let packets = after[at] - before[at];
        (packets, after[at + 1] - before[at + 1] - 14 * packets)
    };
    assert_eq!((total("ingress"), total("egress")), (counted(0), counted(2)));
    let mut take = |key: &str| flows.remove(key).unwrap_or_else(|| panic!("no {key} in {flows:?}"));
    assert_eq!(take("10.88.0.2 5000 10.88.0.1 9999 17 ingress"), (50, 50 * 128, 0));
    assert_eq!(take("fd88::2 5006 fd88::1 9999 17 ingress"), (30, 30 * 108, 0));
    assert_eq!(take("10.88.0.2 0 10.88.0.1 0 1 ingress"), (20, 20 * 84, 0));
    assert_eq!(take("10.88.0.1 0 10.88.0.2 0 1 egress"), (20, 20 * 84, 0));
    assert_eq!(take("fd88::2 0 fd88::1 0 58 ingress"), (10, 10 * 104, 0));
    assert_eq!(take("fd88::1 0 fd88::2 0 58 egress"), (10, 10 * 104, 0));
    let request = take("10.88.0.2 5080 10.88.0.1 8080 6 ingress");
    let reply = take("10.88.0.1 8080 10.88.0.2 5080 6 egress");
    assert_eq!((request.2, reply.2), (3, 19), "SYN and FIN; SYN+ACK and FIN");
    assert!(request.1 > 1000 && request.0 >= 4 && reply.0 >= 2, "{request:?} {reply:?}");
    assert!(flows.is_empty(), "{flows:?}");

    let said = fs::read_to_string(lab.path("up.err")).expect("what it said");
    assert!(said.contains("recording a0 as eni-") && said.contains("stopped: "), "{said}");
    assert!(said.contains(" 0 lost; ") && said.contains(" 0 waiting\n"), "{said}");
}

#[test]
fn what_was_finished_survives_kill_9() {
    let net = Net::new();
    let lab = Lab::new();
    let since = now();
    let _server = net.near_server(SINK);
    let up = Up::start(&net, &lab, &[]);
    net.far(&udp(10));
    up.settle();
    up.end("-KILL");
    assert!(!lab.path("data/buckets/flow-logs/AWSLogs").exists(), "delivered before its time");
    // Other settings are another flow log: what the first left is delivered all the same.
    for flags in [&["--per-hour-partition"][..], &[]] {
        let up = Up::start(&net, &lab, flags);
        net.far(&udp(1));
        up.settle();
        assert_eq!(up.end("-TERM"), Some(0));
    }
    let flows = delivered(&lab, since);
    assert_eq!(flows, Flows::from([("10.88.0.2 5000 10.88.0.1 9999 17 ingress".to_owned(), (12, 12 * 128, 0))]));
}

/// A small file system, taken away when dropped.
struct Disk<'a>(&'a Path);

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0).status();
    }
}

#[test]
fn a_full_disk_holds_records_back_and_loses_none() {
    let net = Net::new();
    let lab = Lab::new();
    let since = now();
    let path = lab.path("data");
    fs::create_dir(&path).expect("a folder");
    let mounted =
        Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(&path).status().expect("mount");
    assert!(mounted.success(), "cannot mount a tmpfs");
    let disk = Disk(&path);
    let _server = net.near_server(SINK);
    let up = Up::start(&net, &lab, &["--deliver-every-window"]);
    net.far(&udp(10));
    up.settle();
    let filled = fs::write(path.join("filler"), vec![1; 2 << 20]);
    assert!(filled.is_err(), "the disk is larger than it should be");
    net.far(&udp(7));
    up.wait_for("a failure", |status| status["delivery"]["failures"].as_u64() > Some(0));
    up.wait_for("records that wait", |status| status["delivery"]["waiting_records"].as_u64() > Some(0));
    up.settle();
    fs::remove_file(path.join("filler")).expect("removed");
    up.wait_for("delivery", |status| status["delivery"]["waiting_records"] == 0);
    assert_eq!(up.end("-INT"), Some(0));
    let flows = delivered(&lab, since);
    assert_eq!(flows, Flows::from([("10.88.0.2 5000 10.88.0.1 9999 17 ingress".to_owned(), (17, 17 * 128, 0))]));
    drop(disk);
}

#[test]
fn the_way_to_capture_is_told_and_a_second_recording_is_refused() {
    let net = Net::new();
    let counts = "the kernel counts, with room for 5000 flows; verdicts are observed";
    for (asked, tier, why) in [("auto", "eBPF", counts), ("packet", "packet sockets", "as asked for")] {
        let lab = Lab::new();
        let up = Up::start(&net, &lab, &["--capture", asked, "--max-flows", "5000"]);
        let capture = up.status().expect("a status")["capture"].clone();
        assert_eq!((capture["tier"].as_str(), capture["why"].as_str()), (Some(tier), Some(why)));

        let second = Command::new("ip")
            .args(["netns", "exec", &net.near, env!("CARGO_BIN_EXE_weir"), "up", "--interface", "a0"])
            .args(["--data", "second", "--listen", "127.0.0.1:0"])
            .current_dir(lab.path(""))
            .output()
            .expect("weir ends");
        let said = String::from_utf8_lossy(&second.stderr).into_owned();
        assert_eq!(second.status.code(), Some(1), "{said}");
        assert!(said.contains("another Weir records a0 already: stop that one, or name other interfaces"), "{said}");

        assert_eq!(up.end("-INT"), Some(0));
        let said = fs::read_to_string(lab.path("up.err")).expect("a file");
        assert!(said.contains(&format!("capture by {tier}: {why}\n")), "{said}");
    }
}

#[test]
fn without_the_right_to_capture_it_serves() {
    assert!(rustix::process::geteuid().is_root(), "this needs root to become nobody: run the tests as root");
    use std::os::unix::fs::PermissionsExt as _;
    let lab = Lab::new();
    fs::set_permissions(lab.path(""), fs::Permissions::from_mode(0o777)).expect("rights");
    fs::copy(env!("CARGO_BIN_EXE_weir"), lab.path("weir")).expect("a copy");
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("a port").port();
    let address = format!("127.0.0.1:{port}");
    let mut child = Command::new(lab.path("weir"))
        .args(["up", "--listen", &address])
        .current_dir(lab.path(""))
        .env_clear()
        .uid(65_534)
        .gid(65_534)
        .stderr(Stdio::piped())
        .spawn()
        .expect("weir starts");
    let status = || -> Said { lab.weir(&["status", "--listen", &address]) };
    let begun = Instant::now();
    while status().code != 0 && begun.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(100));
    }
    let said = status();
    let second = Command::new(lab.path("weir")).args(["up", "--listen", &address]).output().expect("weir ends");
    let killed = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill");
    assert!(killed.success());
    let mut err = String::new();
    std::io::Read::read_to_string(child.stderr.as_mut().expect("an output"), &mut err).expect("UTF-8");
    assert_eq!(child.wait().expect("it ends").code(), Some(0), "{err}");
    assert!(err.contains("not recording, only serving: no right to capture packets: run as root"), "{err}");
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("\nnot recording: no right to capture packets: run as root"), "{}", said.out);
    let refused = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(1));
    assert!(refused.contains(&format!("cannot listen on {address}; is another weir running?")), "{refused}");
}
