//! Agents that put the server's network file in force on their hosts. Needs nftables too.

use std::{
    fs,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::{Fleet, Net, PATIENCE, Running, agents, all_recording};
use crate::enforce::LISTENER;

const ENFORCE: &[&str] = &["--interface", "e0", "--enforce", "e0"];

/// A network file whose group lets these ports of TCP in at e0 of the first host, and this out.
fn file(ports: &[u16], egress: &str) -> String {
    let rule = |port: &u16| format!("{{ protocol = \"tcp\", ports = {port}, source = \"10.0.0.0/8\" }}");
    let rules: Vec<String> = ports.iter().map(rule).collect();
    format!(
        "[[interface]]\nid = \"eni-web\"\naddresses = [\"10.89.0.2\"]\nsecurity-groups = [\"sg-web\"]\n\
         [[security-group]]\nid = \"sg-web\"\ningress = [{}]\n{egress}\n",
        rules.join(", ")
    )
}

impl Fleet {
    /// A program that listens on the first host.
    fn listener(&self) -> Running {
        let mut listener = Net::command(&self.net.hosts[0], "python3");
        let mut child = listener.args(["-uc", LISTENER]).stdout(Stdio::piped()).spawn().expect("python3");
        let mut ready = [0; 6];
        std::io::Read::read_exact(child.stdout.as_mut().expect("an output"), &mut ready)
            .expect("the listener is ready");
        Running(child)
    }

    /// Whether the server's host reaches a port of the first host.
    fn reaches(&self, port: u16) -> bool {
        let program = format!("import socket; socket.create_connection(('10.89.0.2', {port}), 0.7)");
        let mut reaching = Net::command(&self.net.server, "python3");
        reaching.args(["-c", &program]).stderr(Stdio::null()).status().expect("python3").success()
    }

    /// Waits until it reaches the port, or does not any more.
    #[track_caller]
    fn wait_until(&self, port: u16, reached: bool) {
        let begun = Instant::now();
        while self.reaches(port) != reached {
            let said = fs::read_to_string(self.lab.path("agent0.err")).unwrap_or_default();
            assert!(begun.elapsed() < PATIENCE, "port {port} should be reached: {reached}; the agent said {said}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Swaps the network file as an editor does it: another file takes the name.
    fn swap(&self, content: &str) {
        self.lab.write("new.toml", content);
        fs::rename(self.lab.path("new.toml"), self.lab.path("net.toml")).expect("renamed");
    }

    /// What a command of the agent's on the first host says.
    fn ask(&self, command: &str) -> (i32, String, String) {
        let mut asking = Net::command(&self.net.hosts[0], super::agent_program());
        let output = asking.args([command, "--data", "agent0"]).current_dir(self.lab.path("")).output().expect("asked");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
    }

    fn rules(&self) -> String {
        let output = Command::new("ip")
            .args(["netns", "exec", &self.net.hosts[0], "nft", "list", "ruleset"])
            .output()
            .expect("the command `nft`: install nftables");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// A server with this network file, and an agent that has joined and records.
    fn enforcing(&self, network: &str, server: &[&str], agent: &[&str]) -> (Running, Running) {
        self.lab.write("net.toml", network);
        let server = self.server(&[&["--network", "net.toml"], server].concat());
        assert_eq!(self.join(0, &self.token()), Some(0));
        let agent = self.agent_with(0, &[ENFORCE, agent].concat());
        self.wait_for("the agent records", |status| all_recording(status, 1));
        (server, agent)
    }
}

fn enforcement(status: &serde_json::Value) -> serde_json::Value {
    agents(status).first().map(|agent| agent["enforcement"].clone()).unwrap_or_default()
}

fn in_force(status: &serde_json::Value) -> bool {
    enforcement(status)["interfaces"][0]["id"] == "eni-web"
}

#[test]
fn a_group_without_ssh_is_swapped_in_at_the_server() {
    let fleet = Fleet::new(1);
    let _listener = fleet.listener();
    let (server, agent) = fleet.enforcing(&file(&[22, 443], ""), &["--deliver-every-window"], &[]);
    fleet.wait_for("the rules are in force", in_force);
    assert!(fleet.reaches(22) && fleet.reaches(443));

    let begun = Instant::now();
    fleet.swap(&file(&[443], ""));
    fleet.wait_until(22, false);
    assert!(begun.elapsed() < Duration::from_secs(20), "it took {:?}", begun.elapsed());
    assert!(fleet.reaches(443));
    fleet.wait_for("a refusal", |status| {
        let refused = &enforcement(status)["refused"][0];
        refused["rule"] == "default-deny" && refused["packets"].as_u64() > Some(0)
    });
    let shown = Net::command(&fleet.net.server, env!("CARGO_BIN_EXE_weir")).arg("status").output().expect("weir");
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("host0: enforced   e0 as eni-web: in force"), "{shown}");
    fleet.swap(&file(&[22, 443], ""));
    fleet.wait_until(22, true);

    // It dies; what was in force stays, and the next one takes over.
    fleet.swap(&file(&[443], ""));
    fleet.wait_until(22, false);
    assert_eq!(agent.end("-KILL"), None);
    assert!(!fleet.reaches(22) && fleet.reaches(443));
    let agent = fleet.agent_with(0, ENFORCE);
    fleet.wait_for("the agent is back", |status| all_recording(status, 1) && in_force(status));
    assert!(!fleet.reaches(22) && fleet.reaches(443));
    fleet.settle(0);
    assert_eq!(agent.end("-TERM"), Some(0));
    assert!(!fleet.reaches(22), "kept");
    assert_eq!(fleet.ask("detach"), (0, "rules of an earlier run were taken away\n".into(), String::new()));
    assert!(fleet.reaches(22));
    assert_eq!(server.end("-INT"), Some(0));

    let refused = fleet.query(
        "SELECT DISTINCT interface_id, action, tcp_flags, rule, verdict_source, flow_direction FROM vpc_flow_logs \
         WHERE dstport = 22 AND action = 'REJECT'",
    );
    assert_eq!(refused, ["eni-web,REJECT,2,default-deny,observed,ingress"]);
    let answered = fleet.query(
        "SELECT count(*) FROM vpc_flow_logs answer JOIN vpc_flow_logs refused ON answer.dstport = refused.srcport \
         WHERE refused.action = 'REJECT' AND answer.srcport = 22",
    );
    assert_eq!(answered, ["0"], "no answer to what was refused");
    let accepted = fleet.query(
        "SELECT DISTINCT interface_id, action, rule, verdict_source FROM vpc_flow_logs WHERE dstport = 443 AND protocol = 6",
    );
    assert_eq!(accepted, ["eni-web,ACCEPT,-,observed"]);
}

/// Rules that would cut the agent off from its server are taken back, and can be kept all the same.
#[test]
fn an_agent_does_not_lock_itself_out() {
    let fleet = Fleet::new(1);
    let _listener = fleet.listener();
    let (_server, agent) = fleet.enforcing(&file(&[22], ""), &[], &["--confirm-within", "3", "--on-exit", "open"]);
    fleet.wait_for("the rules are in force", in_force);
    assert_eq!(fleet.ask("confirm"), (1, String::new(), "weir-agent: nothing waits to be confirmed\n".into()));

    fleet.swap(&file(&[443], "egress = []"));
    fleet.wait_until(22, false);
    fleet.wait_until(22, true);
    let status = fleet.wait_for("the agent tells", |status| !enforcement(status)["error"].is_null());
    let error = "nobody confirmed the rules on e0: what was before holds again";
    assert_eq!(enforcement(&status)["error"], error, "{status}");
    let said = fs::read_to_string(fleet.lab.path("agent0.err")).expect("what it said");
    let whom = "e0, which carries the way to the server at 10.89.0.1:4781, which the new rules refuse";
    assert!(said.contains(whom) && said.contains("they are taken back in 3 s"), "{said}");

    fleet.swap(&file(&[], "egress = []"));
    let begun = Instant::now();
    let confirmed = loop {
        let said = fleet.ask("confirm");
        if said.0 == 0 {
            break said.1;
        }
        assert!(begun.elapsed() < PATIENCE, "{said:?}");
        thread::sleep(Duration::from_millis(50));
    };
    assert_eq!(confirmed, "rules confirmed on e0\n");
    thread::sleep(Duration::from_secs(4));
    assert!(!fleet.reaches(22), "they stay");
    assert_eq!(fleet.ask("detach"), (0, "rules taken away from e0\n".into(), String::new()));
    assert!(fleet.reaches(22));
    assert_eq!(agent.end("-TERM"), Some(0));
    assert_eq!(fleet.rules(), "");
}

/// A file without interfaces is for every interface that a user named; the server can call all of it off.
#[test]
fn the_server_takes_all_rules_away() {
    let fleet = Fleet::new(1);
    let _listener = fleet.listener();
    let groups = "[[security-group]]\nid = \"sg-all\"\ningress = [{ protocol = \"tcp\", ports = 443, source = \"0.0.0.0/0\" }]\n";
    let (server, agent) = fleet.enforcing(groups, &[], &[]);
    fleet.wait_until(22, false);
    assert!(fleet.reaches(443));
    assert_eq!(server.end("-INT"), Some(0));
    assert!(!fleet.reaches(22), "without a server the rules stay");
    let server = fleet.server(&["--network", "net.toml", "--agents-enforce=false"]);
    fleet.wait_until(22, true);
    let status = fleet.wait_for("the agent is back", |status| all_recording(status, 1));
    assert_eq!(enforcement(&status)["interfaces"].as_array().map(Vec::len), Some(0), "{status}");
    assert_eq!(server.end("-INT"), Some(0));
    // A server that lost its file does not open the hosts.
    let server = fleet.server(&["--network", "net.toml"]);
    fleet.wait_until(22, false);
    assert_eq!(server.end("-INT"), Some(0));
    let _server = fleet.server(&[]);
    let is_told = |status: &serde_json::Value| {
        enforcement(status)["error"].as_str().is_some_and(|error| error.contains("start it with --network"))
    };
    fleet.wait_for("the agent tells", is_told);
    assert!(!fleet.reaches(22) && fleet.reaches(443));
    assert_eq!(agent.end("-TERM"), Some(0));
    fleet.ask("detach");
}
