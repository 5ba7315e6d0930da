//! `weir status` against what may answer.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    thread,
};

use crate::run::Lab;

/// An address that answers once with these bytes.
fn answering(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
    let address = listener.local_addr().expect("an address").to_string();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut request = [0; 1024];
        let _ = stream.read(&mut request);
        let _ = stream.write_all(answer.as_bytes());
    });
    address
}

#[test]
fn nothing_runs() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
    let address = listener.local_addr().expect("an address").to_string();
    drop(listener);
    let problem =
        format!("weir: nothing answers at {address}; start it with `weir up`, or give its address with --listen\n");
    Lab::new().weir(&["status", "--listen", &address]).ended(1, "", &problem);
}

#[test]
fn something_else_runs() {
    let lab = Lab::new();
    let address = answering("HTTP/1.0 200 OK\r\n\r\nhello");
    let said = lab.weir(&["status", "--listen", &address]);
    let problem = format!(
        "weir: what answers at {address} is not weir, or of another version: expected value at line 1 column 1\n"
    );
    said.ended(1, "", &problem);
    let address = answering("HTTP/1.1 404 Not Found\r\n\r\n");
    let said = lab.weir(&["status", "--listen", &address]);
    said.ended(1, "", &format!("weir: {address} answers `HTTP/1.1 404 Not Found`, not as weir does\n"));
    let address = answering("220 mail ready\r\n");
    let said = lab.weir(&["status", "--listen", &address]);
    said.ended(1, "", &format!("weir: {address} does not answer as weir does\n"));
}
