//! A `weir up` on loopback, without capture, and what asks it as AWS clients do.

use std::{
    fs,
    net::TcpListener,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::run::Lab;

/// The alarm looks at whole minutes.
const PATIENCE: Duration = Duration::from_secs(240);

/// A `weir up` that answers everyone on this host.
pub struct Served<'a> {
    child: Child,
    address: String,
    lab: &'a Lab,
}

impl<'a> Served<'a> {
    pub fn start(lab: &'a Lab) -> Self {
        Self::start_with(lab, &[])
    }

    /// With further words on the command line.
    pub fn start_with(lab: &'a Lab, words: &[&str]) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
        let address = free.to_string();
        let child = Command::new(env!("CARGO_BIN_EXE_weir"))
            .args(["up", "--capture", "off", "--auth", "off", "--data", "data", "--listen", &address])
            .args(words)
            .current_dir(lab.path(""))
            .stderr(fs::File::create(lab.path("up.err")).expect("a file"))
            .stdout(Stdio::null())
            .spawn()
            .expect("weir starts");
        let served = Self { child, address, lab };
        served.wait_for("it answers", |_| true);
        served
    }

    pub fn status(&self) -> Option<Value> {
        let output = Command::new(env!("CARGO_BIN_EXE_weir"))
            .args(["status", "--json", "--listen", &self.address])
            .output()
            .expect("weir status");
        serde_json::from_slice(&output.stdout).ok()
    }

    #[track_caller]
    pub fn wait_for(&self, what: &str, is: impl Fn(&Value) -> bool) {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if self.status().is_some_and(|status| is(&status)) {
                return;
            }
            thread::sleep(Duration::from_millis(300));
        }
        let said = fs::read_to_string(self.lab.path("up.err")).unwrap_or_default();
        panic!("waited for: {what}; status {:?}; it said {said}", self.status());
    }

    /// Asks as an AWS client does.
    #[track_caller]
    pub fn ask(&self, service: &str, target: &str, input: &Value) -> Value {
        let scope = format!("test/20260101/us-east-1/{service}/aws4_request");
        let signature = "SignedHeaders=host, Signature=00";
        let headers = [
            format!("X-Amz-Target: {target}"),
            format!("Authorization: AWS4-HMAC-SHA256 Credential={scope}, {signature}"),
            format!("Content-Type: application/x-amz-json-1.{}", u8::from(service != "monitoring")),
        ];
        let output = Command::new("curl")
            .args(["--silent", "--data-binary", &input.to_string()])
            .args(headers.iter().flat_map(|header| ["--header", header]))
            .args(["--write-out", "\n%{http_code}", &format!("http://{}/", self.address)])
            .output()
            .expect("curl");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (body, code) = text.rsplit_once('\n').expect("a code");
        assert_eq!(code, "200", "{target}: {body}");
        serde_json::from_str(body).unwrap_or(Value::Null)
    }

    pub fn logs(&self, operation: &str, input: &Value) -> Value {
        self.ask("logs", &format!("Logs_20140328.{operation}"), input)
    }

    /// Ends it, as Ctrl-C does.
    pub fn end(mut self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().expect("kill").success());
        assert!(self.child.wait().expect("it ends").success());
    }
}

impl Drop for Served<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
