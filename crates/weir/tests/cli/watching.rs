//! From a refused packet to a mail and a POST: `weir up` in network namespaces. Needs root, iproute2, nftables and python3.

use std::{fs, thread, time::Duration};

use serde_json::Value;

use crate::{
    lab::{Net, PATIENCE, Up},
    run::Lab,
};

/// Confirms each subscription, and writes the type of each POST to the file of this name.
const ENDPOINT: &str = r#"
import http.server, json, urllib.request
class Endpoint(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        notice = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()
        with open("FILE", "a") as file:
            file.write(notice["Type"] + " " + notice.get("Subject", "-") + "\n")
        if notice["Type"] == "SubscriptionConfirmation":
            urllib.request.urlopen(notice["SubscribeURL"]).read()
    def log_message(self, *_): pass
server = http.server.HTTPServer(("127.0.0.1", 9080), Endpoint)
print("ready", flush=True)
server.serve_forever()
"#;

/// A mail relay that writes what it gets to the file of this name. While there is a file `no` beside it, its text is the
/// answer to every recipient.
const RELAY: &str = r#"
import os, socketserver
no = os.path.join(os.path.dirname("FILE"), "no")
class Relay(socketserver.StreamRequestHandler):
    def say(self, text): self.wfile.write(text.encode() + b"\r\n")
    def handle(self):
        self.say("220 relay")
        for line in self.rfile:
            word = line[:4].upper()
            if word == b"EHLO": self.say("250 relay")
            elif word == b"DATA":
                self.say("354 go on")
                with open("FILE", "ab") as file:
                    for line in self.rfile:
                        if line == b".\r\n": break
                        file.write(line)
                self.say("250 taken")
            elif word == b"RCPT" and os.path.exists(no): self.say(open(no).read())
            elif word == b"QUIT": self.say("221 bye"); return
            else: self.say("250 fine")
server = socketserver.ThreadingTCPServer(("127.0.0.1", 9025), Relay)
print("ready", flush=True)
server.serve_forever()
"#;

fn knock(net: &Net) {
    net.far("import socket; s = socket.socket(); s.settimeout(0.3); s.connect_ex(('10.88.0.1', 22))");
}

fn alarm(status: &Value) -> &str {
    let alarms = status["watching"]["alarms"].as_array().expect("alarms");
    let found = alarms.iter().find(|alarm| alarm["name"] == "SSH-rejects").expect("the alarm is there");
    found["state"].as_str().expect("a state")
}

/// Waits until the file holds so many lines that contain the text.
#[track_caller]
fn wait_for_lines(lab: &Lab, file: &str, text: &str, count: usize) -> String {
    let begun = std::time::Instant::now();
    loop {
        let content = fs::read_to_string(lab.path(file)).unwrap_or_default();
        if content.lines().filter(|line| line.contains(text)).count() >= count {
            return content;
        }
        assert!(begun.elapsed() < PATIENCE, "waited for {count} x `{text}` in {file}: {content}");
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn refused_ssh_becomes_a_record_a_metric_an_alarm_and_a_notice() {
    let (lab, net) = (Lab::new(), Net::new());
    let file = |name: &str| lab.path(name).display().to_string();
    let _endpoint = net.near_server(&ENDPOINT.replace("FILE", &file("posts")));
    let _relay = net.near_server(&RELAY.replace("FILE", &file("mails")));
    let drop = "add table inet f; add chain inet f i { type filter hook input priority 0; }; \
                add rule inet f i iifname a0 tcp dport 22 drop";
    net.exec(&net.near, &["nft", drop]);
    let flags =
        ["--notify", "http://127.0.0.1:9080/", "ops@example.com", "--smtp-url", "smtp://127.0.0.1:9025?tls=none"];

    let up = Up::start(&net, &lab, &flags);
    wait_for_lines(&lab, "posts", "SubscriptionConfirmation", 1);
    let mail = wait_for_lines(&lab, "mails", "/confirmation.html", 1);
    up.wait_for("the endpoint is confirmed, the address is not", |status| {
        let subscriptions = status["watching"]["notices"]["subscriptions"].as_array().expect("subscriptions");
        let confirmed = |protocol| subscriptions.iter().any(|it| it["protocol"] == protocol && it["confirmed"] == true);
        confirmed("http") && !confirmed("email")
    });
    net.exec(&net.near, &["curl", "--silent", "--fail", &link(&mail)]);
    up.wait_for("the alarm has looked", |status| alarm(status) == "OK");

    knock(&net);
    up.wait_for("the alarm rings", |status| alarm(status) == "ALARM");
    wait_for_lines(&lab, "posts", "Notification ALARM: \"SSH-rejects\"", 1);
    wait_for_lines(&lab, "mails", "Subject: ALARM: \"SSH-rejects\"", 1);
    wait_for_lines(&lab, "mails", "10.88.0.2 10.88.0.1", 1);
    up.wait_for("the filter's metric has the packet", |status| {
        let filter = &status["watching"]["metric_filters"][0];
        filter["name"] == "dest-port-22-rejects" && filter["last_value"].as_f64() >= Some(1.0)
    });
    let metrics = net.exec(&net.near, &["curl", "--silent", "http://127.0.0.1:4780/metrics"]);
    assert!(metrics.contains("weir_alarm{alarm=\"SSH-rejects\"} 1"), "{metrics}");

    // Killed and started again: nobody is told twice, or asked to confirm again.
    up.end("-KILL");
    let up = Up::start(&net, &lab, &flags);
    up.wait_for("the state is kept", |status| alarm(status) == "ALARM");
    up.settle();
    assert_eq!(up.end("-TERM"), Some(0));
    let posts = fs::read_to_string(lab.path("posts")).expect("posts");
    assert_eq!(posts.lines().filter(|line| line.contains("Notification")).count(), 1, "{posts}");
    assert_eq!(posts.lines().filter(|line| line.contains("Confirmation")).count(), 1, "{posts}");
}

/// A relay that is away, says no for now, or says no for good: `weir status` says which, of whom, and what becomes of it.
#[test]
fn what_the_relay_says_is_in_the_status() {
    let (lab, net) = (Lab::new(), Net::new());
    let flags = ["--notify", "ops@example.com", "--smtp-url", "smtp://127.0.0.1:9025?tls=none"];
    let up = Up::start(&net, &lab, &flags);
    let trouble = |problem: &'static str| {
        move |status: &Value| {
            let told = &status["watching"]["notices"]["troubles"][0];
            told["endpoint"] == "ops@example.com"
                && told["topic"] == "SSH-rejects"
                && told["again"].as_u64() > Some(0)
                && told["problem"].as_str().is_some_and(|text| text.contains(problem))
        }
    };
    up.wait_for("a relay that is away", trouble("Connection refused"));
    lab.write("no", "451 come back later");
    let _relay = net.near_server(&RELAY.replace("FILE", &lab.path("mails").display().to_string()));
    up.wait_for("a relay that says no for now", trouble("come back later"));
    let shown = net.exec(&net.near, &[env!("CARGO_BIN_EXE_weir"), "status"]);
    let line = shown.lines().find(|line| line.starts_with("trouble    ops@example.com of SSH-rejects, tried"));
    assert!(line.is_some_and(|line| line.contains("come back later; again at 2")), "{shown}");

    lab.write("no", "554 never");
    up.wait_for("a relay that says no for good", |status| status["watching"]["notices"]["dead"] == 1);
    let shown = net.exec(&net.near, &[env!("CARGO_BIN_EXE_weir"), "status"]);
    assert!(shown.contains("1 given up") && shown.contains("/dead-letters, with the reason"), "{shown}");
    let letters: Vec<_> = fs::read_dir(lab.path("data/dead-letters")).expect("a folder").flatten().collect();
    let letter = fs::read_to_string(letters[0].path()).expect("a letter");
    assert!(letters.len() == 1 && letter.contains("554") && letter.contains("never"), "{letter}");
    assert_eq!(up.end("-TERM"), Some(0));
}

/// The link to confirm, out of a quoted-printable mail.
fn link(mail: &str) -> String {
    let text = mail.replace("=\r\n", "").replace("=\n", "").replace("=3D", "=");
    let start = text.find("http://127.0.0.1:4780/confirmation.html").expect("a link");
    text[start..].split_whitespace().next().expect("a link").to_owned()
}

#[test]
fn without_a_log_group_nothing_is_watched() {
    let (lab, net) = (Lab::new(), Net::new());
    let up = Up::start(&net, &lab, &["--log-group", "none"]);
    up.settle();
    let status = up.status().expect("a status");
    assert_eq!(status["watching"]["log_groups"].as_array().map(Vec::len), Some(0), "{status}");
    assert_eq!(status["watching"]["alarms"].as_array().map(Vec::len), Some(0), "{status}");
    assert_eq!(up.end("-TERM"), Some(0));
}
