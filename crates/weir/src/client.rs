//! Asks the running one, over HTTP/1.0.

mod pin;

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    time::Duration,
};

use anyhow::{Result, anyhow, bail};

use crate::settings::Settings;

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

/// Where one runs.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    address: SocketAddr,
    /// The file with its certificate, when it speaks TLS.
    certificate: Option<&'a Path>,
}

impl<'a> From<&'a Settings> for Place<'a> {
    fn from(settings: &'a Settings) -> Self {
        Self { address: settings.listen, certificate: settings.tls_cert.as_deref() }
    }
}

impl From<SocketAddr> for Place<'_> {
    fn from(address: SocketAddr) -> Self {
        Self { address, certificate: None }
    }
}

/// Asks; `None` when nothing answers at the address.
///
/// # Errors
/// When what answers does not speak HTTP, or under TLS has another certificate.
pub fn ask<'a>(place: impl Into<Place<'a>>, method: &str, path: &str) -> Result<Option<Answer>> {
    // No page of another site can make a browser send the header.
    send(place, method, path, &[("X-Weir", "cli".to_owned())], b"")
}

/// Sends a request with a body; `None` when nothing answers at the address.
///
/// # Errors
/// When what answers does not speak HTTP, or under TLS has another certificate.
pub fn send<'a>(
    place: impl Into<Place<'a>>,
    method: &str,
    path: &str,
    headers: &[(&str, String)],
    body: &[u8],
) -> Result<Option<Answer>> {
    let Place { address, certificate } = place.into();
    let Ok(stream) = TcpStream::connect_timeout(&address, PATIENCE) else { return Ok(None) };
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut request = format!("{method} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    let request = [request.as_bytes(), body].concat();
    let said = match certificate {
        Some(certificate) => talk(pin::tls(stream, certificate)?, &request),
        None => talk(stream, &request),
    };
    let mut answer = said.map_err(|error| anyhow!("{address} does not answer as weir does: {error}"))?;
    let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else {
        bail!("{address} does not answer as weir does");
    };
    let status = String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned();
    Ok(Some(Answer { status, body: answer.split_off(end + 4) }))
}

fn talk(mut stream: impl Read + Write, request: &[u8]) -> io::Result<Vec<u8>> {
    let mut answer = Vec::new();
    stream.write_all(request)?;
    stream.take(16 << 20).read_to_end(&mut answer)?;
    Ok(answer)
}

/// What to say when nothing answers.
pub fn nothing_answers(address: SocketAddr) -> anyhow::Error {
    anyhow!("nothing answers at {address}; start it with `weir up`, or give its address with --listen")
}
