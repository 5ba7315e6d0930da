//! `weir up --enforce` on real packets: the network file decides what passes. Needs root, iproute2, nftables, python3.

use std::{
    fs,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use crate::{
    lab::{Net, PATIENCE, Up},
    run::Lab,
};

const HTTPS_AND_SSH: &str = "22, 443";
const HTTPS_ONLY: &str = "443";

/// Listens on TCP 22 and 443, and says `ready`.
pub const LISTENER: &str = "
import socket, threading
def serve(port):
    s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(('', port)); s.listen()
    ready.release()
    while True: s.accept()[0].close()
ready = threading.Semaphore(0)
for port in (22, 443):
    threading.Thread(target=serve, args=(port,), daemon=True).start()
ready.acquire(); ready.acquire()
print('ready', flush=True)
threading.Event().wait()
";

/// A network file whose group allows these ports of TCP.
fn file(ports: &str) -> String {
    let rules = ports.split(", ").map(|port| {
        format!("[[security-group.ingress]]\nprotocol = \"tcp\"\nports = {port}\nsource = \"10.0.0.0/8\"\n")
    });
    format!(
        "[[interface]]\nid = \"eni-web\"\nname = \"a0\"\nsecurity-groups = [\"sg-web\"]\n[[security-group]]\nid = \"sg-web\"\n{}",
        rules.collect::<String>()
    )
}

/// Whether the far side reaches a port of the near one.
fn reaches(net: &Net, port: u16) -> bool {
    let program = format!("import socket; socket.create_connection(('10.88.0.1', {port}), 0.7)");
    let words = ["netns", "exec", &net.far, "python3", "-c", &program];
    Command::new("ip").args(words).output().expect("ip").status.success()
}

/// Waits until the far side reaches the port, or does not any more.
#[track_caller]
fn wait_until(net: &Net, port: u16, reached: bool) {
    let begun = Instant::now();
    while reaches(net, port) != reached {
        assert!(begun.elapsed() < PATIENCE, "port {port} should be reached: {reached}");
        thread::sleep(Duration::from_millis(50));
    }
}

fn near(net: &Net, lab: &Lab, words: &[&str]) -> (i32, String, String) {
    let output = Command::new("ip")
        .args(["netns", "exec", &net.near, env!("CARGO_BIN_EXE_weir")])
        .args(words)
        .current_dir(lab.path(""))
        .output()
        .expect("weir");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

const ENFORCE: &[&str] = &["--network", "net.toml", "--enforce", "a0"];

#[test]
fn an_edit_of_the_network_file_decides_what_passes() {
    let (net, lab) = (Net::new(), Lab::new());
    let _server = net.near_server(LISTENER);
    lab.write("net.toml", file(HTTPS_AND_SSH));
    let up = Up::start(&net, &lab, ENFORCE);
    assert!(reaches(&net, 22) && reaches(&net, 443));
    up.wait_for("the id of the file", |status| status["enforcement"]["interfaces"][0]["id"] == "eni-web");

    // A swap as an editor does it: another file takes the name.
    lab.write("new.toml", file(HTTPS_ONLY));
    fs::rename(lab.path("new.toml"), lab.path("net.toml")).expect("renamed");
    wait_until(&net, 22, false);
    assert!(reaches(&net, 443));
    up.wait_for("a refusal", |status| {
        status["enforcement"]["refused"][0]["rule"] == "default-deny"
            && status["enforcement"]["refused"][0]["packets"].as_u64() > Some(0)
    });

    // A mistake keeps what is in force, and is shown.
    lab.write("net.toml", file(HTTPS_AND_SSH).replace("\"tcp\"", "\"tpc\""));
    up.wait_for("the error", |status| {
        status["enforcement"]["error"].as_str().is_some_and(|it| it.contains("unknown protocol `tpc`"))
    });
    assert!(!reaches(&net, 22) && reaches(&net, 443));
    let (_, shown, _) = near(&net, &lab, &["status"]);
    assert!(shown.contains("enforced   a0 as eni-web: in force") && shown.contains("not taken: "), "{shown}");

    // So does a network without the interface. It is tried again every second, and told once.
    lab.write("net.toml", file(HTTPS_AND_SSH).replace("\"a0\"", "\"a1\""));
    let tells =
        |error: &serde_json::Value| error["message"].as_str().is_some_and(|it| it.contains("a0 is not in net.toml"));
    let told =
        |status: &serde_json::Value| status["errors"].as_array().into_iter().flatten().filter(|it| tells(it)).count();
    up.wait_for("the refusal", |status| told(status) > 0);
    thread::sleep(Duration::from_millis(2500));
    up.wait_for("one refusal", |status| told(status) == 1);

    lab.write("net.toml", file(HTTPS_AND_SSH));
    wait_until(&net, 22, true);

    // It dies; what was in force stays, and the next one takes over.
    lab.write("net.toml", file(HTTPS_ONLY));
    wait_until(&net, 22, false);
    drop(up);
    assert!(!reaches(&net, 22) && reaches(&net, 443));
    let up = Up::start(&net, &lab, ENFORCE);
    assert!(!reaches(&net, 22) && reaches(&net, 443));
    assert_eq!(up.end("-TERM"), Some(0));
    assert!(!reaches(&net, 22), "kept");
    let (code, said, _) = near(&net, &lab, &["detach"]);
    assert_eq!((code, said.as_str()), (0, "rules of an earlier run were taken away\n"));
    assert!(reaches(&net, 22));
    assert_eq!(near(&net, &lab, &["detach"]).1, "no rules were in force\n");
}

#[test]
fn records_name_the_interface_of_the_file_and_the_rule() {
    let (net, lab) = (Net::new(), Lab::new());
    let _server = net.near_server(LISTENER);
    lab.write("net.toml", file(HTTPS_ONLY));
    let up = Up::start(&net, &lab, &[ENFORCE, &["--deliver-every-window"]].concat());
    assert!(reaches(&net, 443) && !reaches(&net, 22));
    up.settle();
    up.wait_for("delivery", |status| status["delivery"]["waiting_records"] == 0);
    let records = |port: &str| {
        let sql = format!(
            "SELECT DISTINCT interface_id, action, tcp_flags, rule, verdict_source, flow_direction FROM vpc_flow_logs \
             WHERE log_status = 'OK' AND (dstport = {port} OR srcport = {port}) ORDER BY flow_direction DESC"
        );
        let said = lab.weir(&["query", "--data", "data", "--output", "csv", &sql]);
        assert_eq!((said.code, said.err.as_str()), (0, ""));
        said.out.replace('"', "")
    };
    // A verdict that was observed and one that was worked out are told apart, and both are right.
    let refused: Vec<String> = records("22").lines().skip(1).map(str::to_owned).collect();
    assert_eq!(refused.len(), 1, "no answer left: {refused:?}");
    let known = ["observed", "predicted"].map(|source| format!("eni-web,REJECT,2,default-deny,{source},ingress"));
    assert!(known.contains(&refused[0]), "{refused:?}");
    let accepted = records("443");
    assert!(accepted.contains("eni-web,ACCEPT,") && !accepted.contains("REJECT"), "{accepted}");
    assert_eq!(up.end("-TERM"), Some(0));
}

#[test]
fn a_running_one_lets_go_when_it_is_told() {
    let (net, lab) = (Net::new(), Lab::new());
    let _server = net.near_server(LISTENER);
    lab.write("net.toml", file(HTTPS_ONLY));
    let up = Up::start(&net, &lab, &[ENFORCE, &["--on-exit", "open"]].concat());
    assert!(!reaches(&net, 22));
    let (code, _, err) = near(&net, &lab, &["confirm"]);
    assert_eq!((code, err.as_str()), (1, "weir: nothing waits to be confirmed\n"));
    let (code, said, _) = near(&net, &lab, &["detach"]);
    assert_eq!((code, said.as_str()), (0, "rules taken away from a0\n"));
    assert!(reaches(&net, 22));
    lab.write("net.toml", file("443, 80"));
    up.settle();
    assert!(reaches(&net, 22), "it puts nothing in force any more");
    assert_eq!(up.end("-TERM"), Some(0));
    assert_eq!(net.exec(&net.near, &["nft", "list", "ruleset"]), "");
}

#[test]
fn nobody_locks_himself_out() {
    let (net, lab) = (Net::new(), Lab::new());
    let _server = net.near_server(LISTENER);
    lab.write("net.toml", file(HTTPS_ONLY));
    let up = Up::start_with(&net, &lab, ENFORCE, &[("SSH_CONNECTION", "10.88.0.2 50000 10.88.0.1 22")]);
    assert!(!reaches(&net, 22));
    up.wait_for("the question", |status| {
        status["enforcement"]["interfaces"][0]["seconds_to_confirm"].as_u64() > Some(0)
    });
    let said = fs::read_to_string(lab.path("up.err")).expect("what it said");
    assert!(said.contains("a0, which carries your SSH session from 10.88.0.2: they are taken back in 60 s"), "{said}");
    let (code, said, _) = near(&net, &lab, &["confirm"]);
    assert_eq!((code, said.as_str()), (0, "rules confirmed on a0\n"));
    up.wait_for("no question", |status| status["enforcement"]["interfaces"][0]["seconds_to_confirm"].is_null());
    assert!(!reaches(&net, 22));
}

#[test]
fn rules_that_nobody_confirms_are_taken_back() {
    let (net, lab) = (Net::new(), Lab::new());
    let _server = net.near_server(LISTENER);
    lab.write("net.toml", file(HTTPS_ONLY));
    let flags = [ENFORCE, &["--confirm-within", "4"]].concat();
    let up = Up::start_with(&net, &lab, &flags, &[("SSH_CONNECTION", "10.88.0.2 50000 10.88.0.1 22")]);
    wait_until(&net, 22, true);
    let said = "nobody confirmed the rules on a0: what was before holds again";
    up.wait_for("the end of the trial", |status| {
        status["enforcement"]["error"] == said
            && status["enforcement"]["interfaces"].as_array().is_some_and(Vec::is_empty)
    });
    assert_eq!(near(&net, &lab, &["confirm"]).2, "weir: nothing waits to be confirmed\n");

    // An edit is tried anew, and one that lets SSH in needs no trial once it was confirmed.
    lab.write("net.toml", file("443, 80"));
    wait_until(&net, 22, false);
    assert_eq!(near(&net, &lab, &["confirm"]).1, "rules confirmed on a0\n");
    lab.write("net.toml", file(HTTPS_AND_SSH));
    wait_until(&net, 22, true);
    lab.write("net.toml", file(HTTPS_ONLY));
    wait_until(&net, 22, false);
    wait_until(&net, 22, true);
    assert_eq!(up.end("-TERM"), Some(0));
}

/// As documented: then every group is for it.
#[test]
fn a_file_without_interfaces_is_for_the_one_that_is_named() {
    let (net, lab) = (Net::new(), Lab::new());
    let _server = net.near_server(LISTENER);
    let groups = file(HTTPS_ONLY);
    lab.write("net.toml", &groups[groups.find("[[security-group]]").expect("a group")..]);
    let up = Up::start(&net, &lab, ENFORCE);
    assert!(reaches(&net, 443) && !reaches(&net, 22));
    assert_eq!(up.end("-TERM"), Some(0));
    assert_eq!(near(&net, &lab, &["detach"]).0, 0);
}

#[test]
fn what_cannot_be_enforced_is_said_at_the_start() {
    let lab = Lab::new();
    let net = Net::new();
    lab.write("net.toml", file(HTTPS_ONLY));
    let (code, _, err) = near(&net, &lab, &["up", "--network", "net.toml", "--enforce", "b9"]);
    assert_eq!(code, 1);
    assert!(err.contains("b9 is not in net.toml: add an [[interface]] with name = \"b9\""), "{err}");
    lab.write("net.toml", file("99999"));
    let (code, _, err) = near(&net, &lab, &["up", "--network", "net.toml", "--enforce", "a0"]);
    assert_eq!(code, 1);
    assert!(err.contains("security group sg-web, ingress rule 1: `99999` are no ports"), "{err}");
    assert_eq!(net.exec(&net.near, &["nft", "list", "ruleset"]), "", "nothing was left");
}
