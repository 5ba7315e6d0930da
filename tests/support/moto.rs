//! A real server that speaks S3, for tests: moto, a Python program, on loopback.
//!
//! Taken from `PATH`, or else installed from PyPI into the target directory. For use with `#[path]` in the tests of
//! several crates.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

/// A server with one bucket, `flow-logs`; it ends with this value.
pub(super) struct Server {
    child: Child,
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Starts a server on a port that is free.
    pub(super) fn start() -> Self {
        let mut child = Command::new(program())
            .args(["-H", "127.0.0.1", "-p", "0"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("started");
        let said = BufReader::new(child.stderr.take().expect("piped")).lines().map_while(Result::ok);
        let (sender, receiver) = mpsc::channel();
        // Reads to the end, or the server would block on a full pipe.
        thread::spawn(move || said.for_each(|line| drop(sender.send(line))));
        let address = loop {
            let line = receiver.recv_timeout(Duration::from_secs(60)).expect("the server says where it listens");
            if let Some((_, address)) = line.split_once("http://") {
                break address.trim().to_owned();
            }
        };
        let server = Self { child, address };
        let answer = server.request("PUT", "/flow-logs", b"");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        server
    }

    /// Sends a request without signature, which moto takes; gives the whole answer.
    pub(super) fn request(&self, method: &str, path: &str, body: &[u8]) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("connected");
        let (address, length) = (&self.address, body.len());
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).expect("sent");
        stream.write_all(body).expect("sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("answered");
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// The variables that lead an S3 client to this server.
    pub(super) fn variables(&self) -> [(&'static str, String); 4] {
        [
            ("AWS_ACCESS_KEY_ID", "testing".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "testing".to_owned()),
            ("AWS_DEFAULT_REGION", "eu-west-1".to_owned()),
            ("AWS_ENDPOINT_URL", format!("http://{}", self.address)),
        ]
    }
}

fn program() -> PathBuf {
    let known = Path::new("moto_server");
    if runs(known) {
        return known.into();
    }
    let target = std::env::current_exe().expect("known").ancestors().nth(3).expect("the target directory").join("moto");
    let program = target.join("bin/moto_server");
    // Tests of several crates may want it at once.
    let lock = File::create(target.with_extension("lock")).expect("a file");
    lock.lock().expect("locked");
    if !runs(&program) {
        let run = |command: &mut Command| assert!(command.status().expect("started").success(), "{command:?}");
        run(Command::new("python3").args(["-m", "venv"]).arg(&target));
        run(Command::new(target.join("bin/pip")).args(["install", "--quiet", "moto[server]==5.2.1"]));
    }
    program
}

fn runs(program: &Path) -> bool {
    let help = Command::new(program).arg("--help").stdout(Stdio::null()).stderr(Stdio::null()).status();
    help.is_ok_and(|status| status.success())
}
