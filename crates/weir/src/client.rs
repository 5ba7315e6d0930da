//! Asks the running one, over HTTP/1.0.

use std::{
    io::{self, Read, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Result, anyhow, bail};

/// How long a running one may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What it answered.
pub struct Answer {
    /// The line with the status, such as `HTTP/1.0 200 OK`.
    pub status: String,
    /// What follows.
    pub body: Vec<u8>,
}

impl Answer {
    /// Whether it did what was asked.
    pub fn is_good(&self) -> bool {
        self.status.split(' ').nth(1) == Some("200")
    }
}

/// Asks; `None` when nothing answers at the address.
///
/// # Errors
/// When what answers does not speak HTTP.
pub fn ask(address: SocketAddr, method: &str, path: &str) -> Result<Option<Answer>> {
    // No page of another site can make a browser send the header.
    send(address, method, path, &[("X-Weir", "cli".to_owned())], b"")
}

/// Sends a request with a body; `None` when nothing answers at the address.
///
/// # Errors
/// When what answers does not speak HTTP.
pub fn send(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, String)],
    body: &[u8],
) -> Result<Option<Answer>> {
    let Ok(mut stream) = TcpStream::connect_timeout(&address, PATIENCE) else { return Ok(None) };
    let mut head = format!("{method} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let mut answer = Vec::new();
    let mut talk = || -> io::Result<()> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.write_all(format!("{head}\r\n").as_bytes())?;
        stream.write_all(body)?;
        Read::by_ref(&mut stream).take(16 << 20).read_to_end(&mut answer)?;
        Ok(())
    };
    talk().map_err(|error| anyhow!("{address} does not answer as weir does: {error}"))?;
    let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else {
        bail!("{address} does not answer as weir does");
    };
    let status = String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned();
    Ok(Some(Answer { status, body: answer.split_off(end + 4) }))
}

/// What to say when nothing answers.
pub fn nothing_answers(address: SocketAddr) -> anyhow::Error {
    anyhow!("nothing answers at {address}; start it with `weir up`, or give its address with --listen")
}
