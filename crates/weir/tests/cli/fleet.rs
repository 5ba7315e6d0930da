//! One server and agents of further hosts, as programs, in network namespaces of their own. Needs root, iproute2 and
//! python3, and the program `weir-agent` beside `weir`.

mod busy;
mod containers;
mod countries;
mod enforcing;

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::run::Lab;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);
const FORMAT: &str = "${interface-id} ${instance-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status} ${tcp-flags} ${flow-direction} ${rule} ${verdict-source}";

fn ip(words: &str) {
    let output = Command::new("ip").args(words.split(' ')).output().expect("the command `ip`: install iproute2");
    assert!(output.status.success(), "ip {words}: {}", String::from_utf8_lossy(&output.stderr));
}

fn agent_program() -> PathBuf {
    let path = PathBuf::from(env!("CARGO_BIN_EXE_weir")).with_file_name("weir-agent");
    assert!(path.exists(), "{} is missing: run `cargo build -p weir-agent`", path.display());
    path
}

/// A namespace for the server, and one for each agent, each with a cable to the server. Gone when dropped.
struct Net {
    server: String,
    hosts: Vec<String>,
}

impl Net {
    fn new(hosts: usize) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        assert!(
            rustix::process::geteuid().is_root(),
            "this needs root to make network namespaces: run the tests as root"
        );
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = |side: &str| format!("weir-{}-{number}-f{side}", std::process::id());
        let net = Self { server: name("s"), hosts: (0..hosts).map(|host| name(&format!("a{host}"))).collect() };
        for namespace in net.hosts.iter().chain([&net.server]) {
            ip(&format!("netns add {namespace}"));
            ip(&format!("-n {namespace} link set lo up"));
        }
        for (host, namespace) in net.hosts.iter().enumerate() {
            let server = &net.server;
            ip(&format!("link add s{host} netns {server} type veth peer name e0 netns {namespace}"));
            for (namespace, name, own) in [(server, format!("s{host}"), 1), (namespace, "e0".to_owned(), 2)] {
                ip(&format!("-n {namespace} address add 10.89.{host}.{own}/24 dev {name}"));
                ip(&format!("-n {namespace} link set {name} up"));
            }
        }
        net
    }

    fn command(namespace: &str, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", namespace]).arg(program);
        command
    }

    /// Sends `count` UDP datagrams of 100 bytes from a host to the server's side of its cable.
    fn udp(&self, host: usize, count: u32) {
        self.udp_between(host, &format!("10.89.{host}.2"), &format!("10.89.{host}.1"), count);
    }

    /// The same, from another address of the host, or to one that it reaches by the server.
    fn udp_between(&self, host: usize, source: &str, destination: &str, count: u32) {
        let program = format!(
            "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('{source}', 5000))
for _ in range({count}):
    try: s.sendto(bytes(100), ('{destination}', 9999))
    except ConnectionRefusedError: s.sendto(bytes(100), ('{destination}', 9999))
"
        );
        let status = Self::command(&self.hosts[host], "python3").args(["-c", &program]).status().expect("python3");
        assert!(status.success());
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        for namespace in self.hosts.iter().chain([&self.server]) {
            let _ = Command::new("ip").args(["netns", "delete", namespace]).status();
        }
    }
}

/// A running program, killed when dropped.
struct Running(Child);

impl Running {
    fn end(mut self, signal: &str) -> Option<i32> {
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().expect("kill").success());
        self.0.wait().expect("it ends").code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Fleet {
    net: Net,
    lab: Lab,
}

impl Fleet {
    fn new(hosts: usize) -> Self {
        Self { net: Net::new(hosts), lab: Lab::new() }
    }

    fn log(&self, name: &str) -> Stdio {
        fs::OpenOptions::new().create(true).append(true).open(self.lab.path(name)).expect("a file").into()
    }

    /// A server that records nothing itself.
    fn server(&self, flags: &[&str]) -> Running {
        self.server_of(FORMAT, flags)
    }

    fn server_of(&self, format: &str, flags: &[&str]) -> Running {
        let child = Net::command(&self.net.server, env!("CARGO_BIN_EXE_weir"))
            .args([
                "up",
                "--join-listen",
                "0.0.0.0:4781",
                "--interface",
                "none0",
                "--capture",
                "packet",
                "--interval",
                "1",
            ])
            .args(["--data", "data", "--format", format, "--log", "info"])
            .args(flags)
            .current_dir(self.lab.path(""))
            .stderr(self.log("server.err"))
            .spawn()
            .expect("weir starts");
        self.wait_for("the server answers", |_| true);
        Running(child)
    }

    fn agent_command(&self, host: usize, command: &str) -> Command {
        let mut agent = Net::command(&self.net.hosts[host], agent_program());
        agent
            .arg(command)
            .args(["--data", &format!("agent{host}"), "--machine-id", &format!("machine {host}")])
            .current_dir(self.lab.path(""))
            .stderr(self.log(&format!("agent{host}.err")));
        agent
    }

    fn token(&self) -> String {
        let said = self.lab.weir(&["token", "create", "--data", "data"]);
        assert_eq!((said.code, said.err.as_str()), (0, ""));
        said.out.trim().to_owned()
    }

    fn join(&self, host: usize, token: &str) -> Option<i32> {
        let mut command = self.agent_command(host, "join");
        command.args(["--name", &format!("host{host}"), &format!("https://10.89.{host}.1:4781"), token]);
        command.status().expect("weir-agent").code()
    }

    fn agent(&self, host: usize) -> Running {
        self.agent_with(host, &["--interface", "e0", "--capture", "packet"])
    }

    fn agent_with(&self, host: usize, flags: &[&str]) -> Running {
        Running(self.agent_command(host, "run").args(flags).spawn().expect("weir-agent starts"))
    }

    /// Records of the delivered objects, one a line, as CSV without quotes and heading.
    fn query(&self, sql: &str) -> Vec<String> {
        let said = self.lab.weir(&["query", "--data", "data", "--output", "csv", sql]);
        assert_eq!((said.code, said.err.as_str()), (0, ""));
        said.out.replace('"', "").lines().skip(1).map(str::to_owned).collect()
    }

    fn status(&self) -> Option<serde_json::Value> {
        let output = Net::command(&self.net.server, env!("CARGO_BIN_EXE_weir"))
            .args(["status", "--json"])
            .output()
            .expect("weir");
        serde_json::from_slice(&output.stdout).ok()
    }

    #[track_caller]
    fn wait_for(&self, what: &str, is: impl Fn(&serde_json::Value) -> bool) -> serde_json::Value {
        self.until(what, || self.status().filter(|status| is(status)))
    }

    #[track_caller]
    fn until<T>(&self, what: &str, look: impl Fn() -> Option<T>) -> T {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Some(seen) = look() {
                return seen;
            }
            thread::sleep(Duration::from_millis(100));
        }
        let said = |name: &str| fs::read_to_string(self.lab.path(name)).unwrap_or_default();
        panic!("waited for: {what}; status {:?}; {} {}", self.status(), said("server.err"), said("agent0.err"));
    }

    /// Waits until every packet that passed so far is in a batch on the agent's disk, or beyond.
    fn settle(&self, host: usize) {
        let sequence = || {
            let names = fs::read_dir(self.lab.path(&format!("agent{host}/spool"))).expect("a spool");
            let number = |name: String| name.strip_suffix(".batch")?.parse::<u64>().ok();
            names
                .filter_map(|entry| number(entry.expect("an entry").file_name().into_string().ok()?))
                .max()
                .unwrap_or(0)
        };
        let (begun, before) = (Instant::now(), sequence());
        while sequence() < before + 3 {
            assert!(begun.elapsed() < PATIENCE, "agent {host} records nothing");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Lets some windows end.
    fn let_windows_end(&self) {
        thread::sleep(Duration::from_millis(2500));
    }

    /// Packets and bytes to port 9999 in the delivered records, by source address.
    fn delivered(&self) -> BTreeMap<String, (u64, u64)> {
        let sql = "SELECT srcaddr, sum(packets) AS p, sum(bytes) AS b, count(DISTINCT instance_id) AS i FROM vpc_flow_logs \
                   WHERE dstport = 9999 AND protocol = 17 GROUP BY 1";
        let said = self.lab.weir(&["query", "--data", "data", "--output", "jsonl", sql]);
        assert_eq!((said.code, said.err.as_str()), (0, ""));
        let row = |line: &str| {
            let row: serde_json::Value = serde_json::from_str(line).expect("JSON");
            assert_eq!(row["i"], 1, "{line}");
            let number = |name: &str| row[name].as_u64().expect("a number");
            (row["srcaddr"].as_str().expect("a text").to_owned(), (number("p"), number("b")))
        };
        said.out.lines().map(row).collect()
    }
}

fn agents(status: &serde_json::Value) -> Vec<serde_json::Value> {
    status["agents"].as_array().cloned().unwrap_or_default()
}

fn all_recording(status: &serde_json::Value, count: usize) -> bool {
    let agents = agents(status);
    agents.len() == count
        && agents.iter().all(|agent| {
            agent["connected"] == true
                && agent["interfaces"].as_array().is_some_and(|all| all.iter().any(|one| one["recording"] == true))
        })
}

#[test]
fn three_hosts_are_counted_exactly_though_server_and_agent_are_killed() {
    let fleet = Fleet::new(3);
    let server = fleet.server(&[]);
    let token = fleet.token();
    let mut running: Vec<Running> = (0..3)
        .map(|host| {
            assert_eq!(fleet.join(host, &token), Some(0));
            fleet.agent(host)
        })
        .collect();
    fleet.wait_for("three agents record", |status| all_recording(status, 3));
    let mut sent = [0; 3];
    let mut send = |host: usize, count: u32| {
        fleet.net.udp(host, count);
        sent[host] += u64::from(count);
    };
    (0..3).for_each(|host| send(host, 50 + u32::try_from(host).expect("small")));
    thread::sleep(Duration::from_secs(3));
    fleet.wait_for("records", |status| agents(status).iter().all(|agent| agent["records"].as_u64() > Some(0)));

    // The server dies in the middle of everything; what is recorded meanwhile waits on the agents' disks.
    assert_eq!(server.end("-KILL"), None);
    (0..3).for_each(|host| send(host, 20));
    (0..3).for_each(|host| fleet.settle(host));
    assert_eq!(running.remove(0).end("-KILL"), None);
    running.insert(0, fleet.agent(0));
    thread::sleep(Duration::from_secs(2));
    let server = fleet.server(&[]);
    fleet.wait_for("everything is sent", |status| {
        all_recording(status, 3) && agents(status).iter().all(|agent| agent["spooled"]["records"].as_u64() < Some(5))
    });

    // And once more, while batches are on their way.
    (0..3).for_each(|host| send(host, 7));
    fleet.let_windows_end();
    assert_eq!(server.end("-KILL"), None);
    let server = fleet.server(&[]);
    let status = fleet.wait_for("agents are back", |status| all_recording(status, 3));
    assert!(
        agents(&status).iter().all(|agent| agent["lost"]["records"] == 0 && agent["clock_differs"] == false),
        "{status}"
    );
    for agent in running {
        assert_eq!(agent.end("-TERM"), Some(0));
    }
    assert_eq!(server.end("-INT"), Some(0));
    let expected: BTreeMap<String, (u64, u64)> =
        (0..3).map(|host| (format!("10.89.{host}.2"), (sent[host], sent[host] * 128))).collect();
    assert_eq!(fleet.delivered(), expected);
    for host in 0..3 {
        let left = fs::read_dir(fleet.lab.path(&format!("agent{host}/spool"))).expect("a spool").count();
        assert_eq!(left, 1, "only the ledger is left");
    }
}

#[test]
fn changes_reach_agents_and_revoked_hosts_are_shut_out() {
    let fleet = Fleet::new(1);
    let group = |port: u16| {
        format!(
            "[[security-group]]\nid = \"sg-web\"\ningress = [{{ protocol = \"tcp\", ports = \"{port}\", source = \"0.0.0.0/0\" }}]\n"
        )
    };
    fleet.lab.write("network.toml", group(80));
    let server = fleet.server(&["--network", "network.toml"]);
    let token = fleet.token();
    assert_eq!(fleet.join(0, "weir-join-nonsense"), Some(1));
    let another = token.replace(&token[10..18], "00000000");
    assert_eq!(fleet.join(0, &another), Some(1), "an unknown token");
    assert_eq!(fleet.join(0, &token), Some(0));
    assert_eq!(fleet.join(0, &token), Some(0), "once more does no harm");
    let agent = fleet.agent(0);
    let status = fleet.wait_for("the agent records", |status| all_recording(status, 1));
    let version = |status: &serde_json::Value| agents(status)[0]["definition"].clone();
    let before = version(&status);
    let begun = Instant::now();
    fleet.lab.write("network.toml", group(443));
    let before = version(&fleet.wait_for("the new definition", |status| version(status) != before));
    assert!(begun.elapsed() < Duration::from_secs(10), "it took {:?}", begun.elapsed());

    // Another format is another flow log: what the agent still holds of the one before is taken all the same.
    fleet.net.udp(0, 9);
    fleet.let_windows_end();
    assert_eq!(server.end("-KILL"), None);
    fleet.net.udp(0, 4);
    fleet.settle(0);
    let server = fleet.server(&["--max-flows", "1000", "--per-hour-partition"]);
    let old = before;
    fleet.wait_for("the agent is back", |status| {
        all_recording(status, 1)
            && agents(status)[0]["spooled"]["records"].as_u64() < Some(5)
            && !version(status).is_null()
            && version(status) != old
    });
    // The capture for the flow log before ends, and the new one begins.
    fleet.let_windows_end();
    fleet.net.udp(0, 2);
    fleet.let_windows_end();
    assert_eq!(agent.end("-TERM"), Some(0));

    let host = agents(&fleet.status().expect("a status"))[0]["id"].as_str().expect("an id").to_owned();
    let list = fleet.lab.weir(&["token", "list", "--data", "data"]);
    assert!(list.out.contains(&format!("host   {host}  host0")) && list.out.contains("token  "), "{}", list.out);
    fleet.lab.weir(&["token", "revoke", "--data", "data", &host]).is(&format!("{host} is revoked\n"));
    let agent = fleet.agent(0);
    fleet.wait_for("the host is shut out", |status| agents(status).is_empty());
    assert_eq!(agent.end("-TERM"), Some(0));
    assert_eq!(server.end("-INT"), Some(0));
    assert_eq!(fleet.delivered(), BTreeMap::from([("10.89.0.2".to_owned(), (15, 15 * 128))]));
    // Nobody watched e0 between the two captures.
    let gaps = fleet.query("SELECT interface_id FROM vpc_flow_logs WHERE log_status = 'SKIPDATA'");
    assert_eq!(gaps.len(), 1, "{gaps:?}");
}

/// Another format is another flow log for the same capture: what passes meanwhile is counted once.
#[test]
fn nothing_is_lost_when_only_the_records_change() {
    let fleet = Fleet::new(1);
    let server = fleet.server(&[]);
    assert_eq!(fleet.join(0, &fleet.token()), Some(0));
    let agent = fleet.agent(0);
    let status = fleet.wait_for("the agent records", |status| all_recording(status, 1));
    let before = agents(&status)[0]["definition"].clone();
    assert_eq!(server.end("-INT"), Some(0));
    let server = fleet.server(&["--hive-compatible-partitions"]);
    let mut sent = 0;
    let begun = Instant::now();
    while fleet.status().is_none_or(|status| agents(&status).iter().all(|agent| agent["definition"] == before)) {
        fleet.net.udp(0, 5);
        sent += 5;
        assert!(begun.elapsed() < PATIENCE, "the agent does not hear of the new definition");
    }
    fleet.net.udp(0, 5);
    fleet.settle(0);
    assert_eq!(agent.end("-TERM"), Some(0));
    assert_eq!(server.end("-INT"), Some(0));
    let sent = sent + 5;
    assert_eq!(fleet.delivered(), BTreeMap::from([("10.89.0.2".to_owned(), (sent, sent * 128))]));
    assert_eq!(fleet.query("SELECT * FROM vpc_flow_logs WHERE log_status = 'SKIPDATA'").len(), 0);
}

/// Asks the listener with curl: status and body of the answer.
fn curl(server: &str, path: &str, words: &[&str], body: &[u8]) -> (u16, String) {
    let mut child = Command::new("curl")
        .args(["--silent", "--insecure", "--max-time", "30", "--write-out", "\n%{http_code}", "--header", "expect:"])
        .args(["--data-binary", "@-"])
        .args(words)
        .arg(format!("https://{server}{path}"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the command `curl`");
    // A server that refuses early closes before all is said.
    let _ = std::io::Write::write_all(&mut child.stdin.take().expect("an input"), body);
    let output = child.wait_with_output().expect("curl ends");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let (text, status) = said.rsplit_once('\n').expect("a status");
    (status.parse().expect("a number"), text.to_owned())
}

#[test]
fn strangers_and_nonsense_are_refused_with_a_sentence() {
    let lab = Lab::new();
    let port = || std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("a port").to_string();
    let (server, listen) = (port(), port());
    let child = Command::new(env!("CARGO_BIN_EXE_weir"))
        .args(["up", "--join-listen", &server, "--listen", &listen, "--interface", "none0", "--data", "data"])
        .current_dir(lab.path(""))
        .stderr(Stdio::null())
        .spawn()
        .expect("weir starts");
    let running = Running(child);
    let begun = Instant::now();
    while lab.weir(&["status", "--listen", &listen]).code != 0 {
        assert!(begun.elapsed() < PATIENCE, "weir does not answer");
        thread::sleep(Duration::from_millis(100));
    }
    let token = lab.weir(&["token", "create", "--data", "data"]).out;
    let parts: Vec<&str> = token.trim().split('-').collect();
    let bearer = |id: &str, secret: &str| format!("authorization: Bearer {id}:{secret}");
    let (joiner, secret) = (bearer(parts[2], parts[3]), "ab".repeat(16));
    let join = |host: &str, name: &str, secret: &str| {
        let body = serde_json::json!({ "host": host, "name": name, "version": "1", "secret": secret }).to_string();
        curl(&server, "/v1/join", &["-X", "POST", "-H", &joiner], body.as_bytes())
    };
    assert_eq!(join("i-0123456789abcdef0", "web", &secret).0, 204);
    assert_eq!(join("i-0123456789abcdef0", "web", &secret).0, 204, "the same host again");
    let (status, said) = join("i-0123456789abcdef0", "web", &"cd".repeat(16));
    assert!(status == 409 && said.contains("weir token revoke i-0123456789abcdef0"), "{status} {said}");
    assert_eq!(join("../../etc/passwd", "web", &secret).0, 400);
    assert_eq!(join("i-0123456789abcdef1", "\u{1b}[2Jweb", &secret).0, 400);
    // The answer may be lost when the server closes before all was said.
    let is_refused = |status: u16| [413, 0].contains(&status);
    assert!(is_refused(curl(&server, "/v1/join", &["-X", "POST", "-H", &joiner], &[b'x'; 100_000]).0));

    let host = bearer("i-0123456789abcdef0", &secret);
    let flow_log: serde_json::Value =
        serde_json::from_str(&lab.weir(&["status", "--json", "--listen", &listen]).out).expect("JSON");
    let path = |name: &str| {
        let flow_log = flow_log["flow_log_id"].as_str().expect("an id");
        format!("/v1/flow-logs/{flow_log}/batches/{name}")
    };
    let window = "weir-window: 1529511600-1529511660";
    let put = |path: &str, body: &[u8]| curl(&server, path, &["-X", "PUT", "-H", &host, "-H", window], body);
    let (status, said) = put(&path("0101010101010101/1"), b"no batch");
    assert!(status == 400 && said.contains("the batch cannot be taken: its zstd is damaged"), "{status} {said}");
    assert!(is_refused(put(&path("0101010101010101/1"), &vec![0; 17 << 20]).0));
    assert_eq!(put(&path("0101/1"), b"").0, 400);
    assert_eq!(put(&path("0101010101010101/-1"), b"").0, 400);
    let (status, said) = put("/v1/flow-logs/fl-00000000000000000/batches/0101010101010101/1", b"");
    assert!(status == 404 && said.contains("is none of this server's"), "{status} {said}");
    assert_eq!(put("/v1/flow-logs/..%2f..%2fx/batches/0101010101010101/1", b"").0, 404);
    assert_eq!(curl(&server, "/v1/report", &["-X", "PUT", "-H", &host], b"[").0, 400);
    assert_eq!(curl(&server, "/v1/report", &["-X", "PUT", "-H", &joiner], b"{}").0, 401, "a token may only join");
    assert_eq!(curl(&server, "/elsewhere", &["-H", &host], b"").0, 404);

    // Whoever tries secrets is soon not listened to; the host that has joined is.
    let wrong = bearer("i-0123456789abcdef0", &"ef".repeat(16));
    let tries: Vec<u16> = (0..15).map(|_| curl(&server, "/v1/report", &["-X", "PUT", "-H", &wrong], b"{}").0).collect();
    assert!(tries[0] == 401 && tries[14] == 429, "{tries:?}");
    assert_eq!(curl(&server, "/v1/report", &["-X", "PUT", "-H", &host], b"{}").0, 204);
    assert_eq!(running.end("-INT"), Some(0));
}
