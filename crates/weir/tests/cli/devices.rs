//! `weir up` on a host with a bridge between two cables and a tunnel: the sides of cables, one record for each interface, and
//! interfaces that are renamed, go and come back. In network namespaces; needs root, iproute2 and ping.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::net::UnixListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::run::Lab;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
const FORMAT: &str = "${interface-id} ${instance-id} ${srcaddr} ${dstaddr} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${flow-direction} ${log-status}";

/// A host with the bridge `br0` and its ports `p1` and `p2`; behind them `web` (10.89.0.10) and `cli` (10.89.0.20). A
/// VXLAN tunnel leads from the host (10.90.0.1) to web (10.90.0.10). Gone when dropped.
struct Net {
    host: String,
    web: String,
    cli: String,
}

fn ip(words: &str) {
    let output = Command::new("ip").args(words.split(' ')).output().expect("the command `ip`: install iproute2");
    assert!(output.status.success(), "ip {words}: {}", String::from_utf8_lossy(&output.stderr));
}

impl Net {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        assert!(rustix::process::geteuid().is_root(), "network namespaces need root: run the tests as root");
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = |part| format!("wr-{}-{number}-{part}", std::process::id());
        let net = Self { host: name("host"), web: name("web"), cli: name("cli") };
        for namespace in [&net.host, &net.web, &net.cli] {
            ip(&format!("netns add {namespace}"));
            ip(&format!("-n {namespace} link set lo up"));
        }
        let (host, web) = (&net.host, &net.web);
        ip(&format!("-n {host} link add br0 type bridge"));
        ip(&format!("-n {host} address add 10.89.0.1/24 dev br0"));
        ip(&format!("-n {host} link set br0 up"));
        net.cable("p1", &net.web, "w0", 10);
        net.cable("p2", &net.cli, "c0", 20);
        for (namespace, device, own, remote) in [(host, "br0", 1, 10), (web, "w0", 10, 1)] {
            ip(&format!(
                "-n {namespace} link add vx0 type vxlan id 7 local 10.89.0.{own} remote 10.89.0.{remote} dev {device} dstport 4789"
            ));
            ip(&format!("-n {namespace} address add 10.90.0.{own}/24 dev vx0"));
            ip(&format!("-n {namespace} link set vx0 up"));
        }
        net
    }

    /// A port of the bridge, and the other end with an address. The MAC address is the same each time.
    fn cable(&self, port: &str, namespace: &str, device: &str, last: u8) {
        let host = &self.host;
        ip(&format!(
            "link add {port} netns {host} address 02:00:00:00:01:{last} type veth peer name {device} netns {namespace} address 02:00:00:00:02:{last}"
        ));
        ip(&format!("-n {namespace} address add 10.89.0.{last}/24 dev {device}"));
        ip(&format!("-n {namespace} link set {device} up"));
        ip(&format!("-n {host} link set {port} master br0 up"));
    }

    fn ping(&self, namespace: &str, to: &str, count: u32) {
        let count = count.to_string();
        let output = Command::new("ip")
            .args(["netns", "exec", namespace, "ping", "-q", "-i", "0.05", "-W", "5", "-c", &count, to])
            .output()
            .expect("ping");
        assert!(output.status.success(), "ping {to}: {output:?}");
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        for namespace in [&self.host, &self.web, &self.cli] {
            let _ = Command::new("ip").args(["netns", "delete", namespace]).status();
        }
    }
}

/// A running `weir up`, killed when dropped.
struct Up<'a> {
    child: Child,
    net: &'a Net,
    lab: &'a Lab,
}

impl<'a> Up<'a> {
    fn start(net: &'a Net, lab: &'a Lab, flags: &[&str]) -> Self {
        let weir = env!("CARGO_BIN_EXE_weir");
        let child = Command::new("ip")
            .args(["netns", "exec", &net.host, weir, "up", "--interval", "1", "--deliver-every-window"])
            .args(["--data", "data", "--format", FORMAT])
            .args(flags)
            .current_dir(lab.path(""))
            .stdout(Stdio::null())
            .stderr(fs::File::create(lab.path("up.err")).expect("a file"))
            .spawn()
            .expect("weir starts");
        Self { child, net, lab }
    }

    fn status(&self) -> Option<Value> {
        let output = Command::new("ip")
            .args(["netns", "exec", &self.net.host, env!("CARGO_BIN_EXE_weir"), "status", "--json"])
            .output()
            .expect("weir status");
        serde_json::from_slice(&output.stdout).ok()
    }

    #[track_caller]
    fn wait_for(&self, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Some(status) = self.status().filter(|status| is(status)) {
                return status;
            }
            thread::sleep(Duration::from_millis(100));
        }
        let said = fs::read_to_string(self.lab.path("up.err")).unwrap_or_default();
        panic!("waited for: {what}; status {:?}; it said {said}", self.status());
    }

    fn recording(&self, name: &str) -> Value {
        let status = self.wait_for(&format!("{name} is recorded"), |status| {
            find(status, name).is_some_and(|interface| interface["recording"] == true)
        });
        find(&status, name).expect("just found").clone()
    }

    /// Ends it in order and gives packets and bytes of pings, by interface id, direction, source and destination.
    fn pings(mut self) -> BTreeMap<(String, String, String, String), (i64, i64)> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill").success());
        assert!(self.child.wait().expect("it ends").success());
        let sql = "SELECT interface_id, flow_direction, srcaddr, dstaddr, sum(packets) AS packets, sum(bytes) AS bytes \
                   FROM vpc_flow_logs WHERE protocol = 1 GROUP BY 1, 2, 3, 4";
        let said = self.lab.weir(&["query", "--data", "data", "--output", "jsonl", sql]);
        assert_eq!((said.code, said.err.as_str()), (0, ""));
        let row = |line: &str| {
            let row: Value = serde_json::from_str(line).expect("JSON");
            let text = |name: &str| row[name].as_str().expect(name).to_owned();
            let number = |name: &str| row[name].as_i64().expect(name);
            let key = (text("interface_id"), text("flow_direction"), text("srcaddr"), text("dstaddr"));
            (key, (number("packets"), number("bytes")))
        };
        said.out.lines().map(row).collect()
    }
}

impl Drop for Up<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn find<'a>(status: &'a Value, name: &str) -> Option<&'a Value> {
    status["interfaces"].as_array()?.iter().find(|interface| interface["name"] == name)
}

const WEB: &str = "10.89.0.10";
const CLI: &str = "10.89.0.20";

/// The same packets are seen on both ports, at each as the interface at the other end of the cable sees them.
#[test]
fn a_packet_has_a_record_on_every_interface_that_it_passes() {
    let (net, lab) = (Net::new(), Lab::new());
    let up = Up::start(&net, &lab, &["--side", "auto"]);
    let [p1, p2, br0, vx0] = ["p1", "p2", "br0", "vx0"].map(|name| up.recording(name));
    let told = |interface: &Value| format!("{} {}", interface["kind"], interface["side"]).replace('"', "");
    assert_eq!([told(&p1), told(&p2)], ["veth guest", "veth guest"]);
    assert_eq!([told(&br0), told(&vx0)], ["bridge host", "tunnel (vxlan) host"]);

    net.ping(&net.cli, WEB, 5);
    net.ping(&net.web, "10.90.0.1", 3);
    let pings = up.pings();
    let at = |interface: &Value, direction: &str, source: &str, destination: &str| {
        let id = interface["id"].as_str().expect("an id").to_owned();
        pings.get(&(id, direction.to_owned(), source.to_owned(), destination.to_owned())).copied()
    };
    let expected = Some((5, 5 * 84));
    assert_eq!(at(&p2, "egress", CLI, WEB), expected, "{pings:?}");
    assert_eq!(at(&p2, "ingress", WEB, CLI), expected);
    assert_eq!(at(&p1, "ingress", CLI, WEB), expected);
    assert_eq!(at(&p1, "egress", WEB, CLI), expected);
    // Inside the tunnel; outside it is UDP. The bridge itself saw nothing of what it passed from port to port.
    assert_eq!(at(&vx0, "ingress", "10.90.0.10", "10.90.0.1"), Some((3, 3 * 84)));
    assert_eq!(at(&vx0, "egress", "10.90.0.1", "10.90.0.10"), Some((3, 3 * 84)));
    assert_eq!(pings.len(), 6, "{pings:?}");
}

/// The side of one device; a device that is renamed is another interface, one that comes back is the same.
#[test]
fn interfaces_come_and_go() {
    let (net, lab) = (Net::new(), Lab::new());
    let host = &net.host;
    let up = Up::start(&net, &lab, &["--interface", "p1", "p2:guest", "p9:guest"]);
    let [p1, p2] = ["p1", "p2"].map(|name| up.recording(name));
    assert_eq!((&p1["side"], &p2["side"]), (&"host".into(), &"guest".into()));
    net.ping(&net.cli, WEB, 2);

    ip(&format!("-n {host} link set p2 down"));
    ip(&format!("-n {host} link set p2 name p9"));
    ip(&format!("-n {host} link set p9 up"));
    let p9 = up.recording("p9");
    assert_ne!(p2["id"], p9["id"]);
    up.wait_for("p2 is gone", |status| find(status, "p2").is_some_and(|gone| gone["recording"] == false));
    net.ping(&net.cli, WEB, 3);

    ip(&format!("-n {host} link delete p9"));
    up.wait_for("p9 is gone", |status| find(status, "p9").is_some_and(|gone| gone["recording"] == false));
    net.cable("p9", &net.cli, "c0", 20);
    assert_eq!(up.recording("p9")["id"], p9["id"]);
    net.ping(&net.cli, WEB, 4);

    let pings = up.pings();
    let at = |interface: &Value, direction: &str, source: &str, destination: &str| {
        let id = interface["id"].as_str().expect("an id").to_owned();
        pings.get(&(id, direction.to_owned(), source.to_owned(), destination.to_owned())).map(|(packets, _)| *packets)
    };
    assert_eq!((at(&p2, "egress", CLI, WEB), at(&p2, "ingress", WEB, CLI)), (Some(2), Some(2)), "{pings:?}");
    assert_eq!((at(&p9, "egress", CLI, WEB), at(&p9, "ingress", WEB, CLI)), (Some(7), Some(7)));
    // p1 was left as it is: its directions are those of the device.
    assert_eq!((at(&p1, "egress", CLI, WEB), at(&p1, "ingress", WEB, CLI)), (Some(9), Some(9)));
}

/// A process in a namespace and in a control group that is named as Docker names them. Both are gone when dropped.
pub struct Container {
    process: Child,
    group: PathBuf,
}

impl Container {
    pub fn new(namespace: &str, id: &str) -> Self {
        let process = Command::new("ip").args(["netns", "exec", namespace, "sleep", "120"]).spawn().expect("sleep");
        let mounts = fs::read_to_string("/proc/mounts").expect("mounts");
        let is_group = |line: &&str| line.contains(" cgroup2 ") || line.contains("name=systemd");
        let mount = mounts.lines().find(is_group).and_then(|line| line.split(' ').nth(1)).expect("control groups");
        let group = PathBuf::from(mount).join(format!("docker-{id}.scope"));
        fs::create_dir(&group).expect("root may make control groups");
        fs::write(group.join("cgroup.procs"), process.id().to_string()).expect("root may move processes");
        Self { process, group }
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        // The kernel lets go of the process a moment later.
        for _ in 0..50 {
            if fs::remove_dir(&self.group).is_ok() {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Answers as Docker does, until the test ends.
pub fn docker(socket: &std::path::Path, id: &str) {
    let listener = UnixListener::bind(socket).expect("a socket");
    let body = serde_json::json!([
        { "Id": "f".repeat(64), "Names": ["/other"], "Image": "other", "Labels": {} },
        { "Id": id, "Names": ["/shop-web-1"], "Image": "nginx:1.27", "State": "running",
          "Labels": { "com.docker.compose.project": "shop", "maintainer": "nobody" },
          "NetworkSettings": { "Networks": { "shop_default": { "IPAddress": WEB, "GlobalIPv6Address": "" } } } },
    ]);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a client");
            let mut asked = String::new();
            BufReader::new(&stream).read_line(&mut asked).expect("a request");
            assert_eq!(asked, "GET /containers/json HTTP/1.0\r\n");
            let _ = write!(stream, "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{body}");
        }
    });
}

/// The host's end of a container's cable is called by the container, and its records carry the container's id.
#[test]
fn the_cable_of_a_container_is_named_by_it() {
    let (net, lab) = (Net::new(), Lab::new());
    let id = format!("{:064x}", u64::from(std::process::id()) << 32 | 0xc0ffee);
    let _container = Container::new(&net.web, &id);
    docker(&lab.path("docker.sock"), &id);
    let up = Up::start(&net, &lab, &["--side", "auto", "--container-socket", "docker.sock"]);
    let named = |status: &Value| find(status, "p1").is_some_and(|p1| p1["tags"]["Name"] == "shop-web-1");
    let status = up.wait_for("p1 is named by its container", named);
    let p1 = find(&status, "p1").expect("just found");
    let instance = format!("i-{}", &id[..17]);
    assert_eq!((&p1["instance"], &p1["side"]), (&instance.as_str().into(), &"guest".into()));
    assert_eq!((&p1["tags"]["Image"], &p1["tags"]["Device"]), (&"nginx:1.27".into(), &"p1".into()));
    assert_eq!((&p1["tags"]["com.docker.compose.project"], &p1["tags"]["maintainer"]), (&"shop".into(), &Value::Null));
    // Its neighbour on the bridge is no container.
    assert_eq!(find(&status, "p2").expect("p2")["tags"]["Container"], Value::Null);

    net.ping(&net.cli, WEB, 2);
    drop(up.pings());
    let sql =
        format!("SELECT sum(packets) AS packets FROM vpc_flow_logs WHERE instance_id = '{instance}' AND protocol = 1");
    lab.weir(&["query", "--data", "data", "--output", "jsonl", &sql]).is("{\"packets\":4}\n");
}
