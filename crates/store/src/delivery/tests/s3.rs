//! Against a real server that speaks S3: moto, a Python program, on loopback.
//!
//! Taken from `PATH`, or else installed from PyPI into the target directory.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use crate::S3Settings;

use super::*;

struct Server {
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
    /// Starts a server with one bucket.
    fn start() -> Self {
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
        let answer = server.request("PUT", "/flow-logs");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        server
    }

    fn request(&self, method: &str, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("connected");
        let address = &self.address;
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            .expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answered");
        answer
    }

    fn buckets(&self) -> Buckets {
        let endpoint = format!("http://{}", self.address);
        Buckets::new().with_s3(S3Settings::new([
            ("AWS_ACCESS_KEY_ID", "testing"),
            ("AWS_SECRET_ACCESS_KEY", "testing"),
            ("AWS_DEFAULT_REGION", "eu-west-1"),
            ("AWS_ENDPOINT_URL", endpoint.as_str()),
            ("AWS_PAGER", ""),
        ]))
    }
}

fn program() -> PathBuf {
    let runs = |program: &Path| {
        let help = Command::new(program).arg("--help").stdout(Stdio::null()).stderr(Stdio::null()).status();
        help.is_ok_and(|status| status.success())
    };
    let known = Path::new("moto_server");
    if runs(known) {
        return known.into();
    }
    let target = std::env::current_exe().expect("known").ancestors().nth(3).expect("the target directory").join("moto");
    let program = target.join("bin/moto_server");
    if !runs(&program) {
        let run = |command: &mut Command| assert!(command.status().expect("started").success(), "{command:?}");
        run(Command::new("python3").args(["-m", "venv"]).arg(&target));
        run(Command::new(target.join("bin/pip")).args(["install", "--quiet", "moto[server]==5.2.1"]));
    }
    program
}

#[tokio::test]
async fn delivery_to_s3_and_reading_back() {
    let server = Server::start();
    let mut setup = Setup::new();
    setup.buckets = server.buckets();
    for file_format in [FileFormat::PlainText, FileFormat::Parquet] {
        setup.flow_log = flow_log(DestinationOptions { file_format, ..DestinationOptions::default() });
        let data = setup.data();
        let delivery = setup.open(&data);
        delivery.append(window(T, T + 600, 0..100), T + 601);
        let counters = delivery.close(T + 602).await;
        assert_eq!((counters.failures, counters.objects), (0, 2), "{counters:?}");
    }
    let objects = setup.objects().await;
    assert_eq!(objects.len(), 4);
    assert_eq!(numbers(&objects), (0..200).map(|number| number / 2).collect::<Vec<_>>());

    let place = setup.buckets.place("s3://flow-logs/site/a/AWSLogs").expect("S3");
    let listed = place.list().await.expect("listed");
    assert_eq!(listed.len(), 4);
    assert!(listed.is_sorted_by_key(|object| &object.name));
    for object in &listed {
        assert!(object.name.starts_with("s3://flow-logs/site/a/AWSLogs/123456789012/"), "{}", object.name);
        assert!(object.file.is_none() && object.meta.e_tag.is_some());
        let whole = place.read(object).await.expect("read");
        assert_eq!(whole.len() as u64, object.size());
        assert_eq!(place.read_range(object, 2..6).await.expect("read"), whole.slice(2..6));
    }
    let one = setup.buckets.place(&listed[0].name).expect("S3");
    assert_eq!(one.list().await.expect("listed")[0].meta, listed[0].meta);
    assert!(setup.buckets.place("s3://flow-logs/sit").expect("S3").list().await.expect("listed").is_empty());
    let missing = setup.buckets.place("s3://not-there/").expect("S3").list().await.expect_err("no bucket").to_string();
    assert!(missing.contains("s3://not-there"), "{missing}");
}

#[tokio::test]
async fn a_bucket_that_comes_back_gets_what_waited() {
    let server = Server::start();
    let mut setup = Setup::new();
    setup.buckets = server.buckets();
    let data = setup.data();
    let delivery = setup.open(&data);
    delivery.append(window(T, T + 60, 0..10), T + 61);
    assert!(server.request("DELETE", "/flow-logs").starts_with("HTTP/1.1 204"));
    delivery.poll(T + 310).await;
    let failure = delivery.counters().last_failure.expect("failed").message;
    assert!(failure.contains("NoSuchBucket"), "{failure}");
    assert!(server.request("PUT", "/flow-logs").starts_with("HTTP/1.1 200"));
    delivery.poll(T + 311).await;
    assert_eq!(numbers(&setup.objects().await), (0..10).collect::<Vec<_>>());
}
