//! Servers on the loopback interface: a mail relay and an HTTP endpoint, with and without TLS.

use std::{
    io::{BufRead as _, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer},
};

/// How long a test waits for what must come.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

trait Wire: Read + Write + Send {}
impl<T: Read + Write + Send> Wire for T {}

/// A certificate for 127.0.0.1, and how to serve with it.
pub(super) struct Identity {
    pub(super) certificate: CertificateDer<'static>,
    pub(super) pem: String,
    config: Arc<ServerConfig>,
}

impl Identity {
    pub(super) fn new() -> Self {
        let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).expect("made");
        let certificate = made.cert.der().clone();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .expect("good");
        Self { certificate, pem: made.cert.pem(), config: Arc::new(config) }
    }

    fn wrap(&self, stream: TcpStream) -> Box<dyn Wire> {
        let connection = ServerConnection::new(Arc::clone(&self.config)).expect("good");
        Box::new(StreamOwned::new(connection, stream))
    }
}

/// Serves each connection on its own thread, until the test ends.
fn serve(handle: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("bound");
    let address = listener.local_addr().expect("an address");
    let handle = Arc::new(handle);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            stream.set_read_timeout(Some(PATIENCE)).expect("set");
            let handle = Arc::clone(&handle);
            thread::spawn(move || handle(stream));
        }
    });
    address
}

/// What a relay does to a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    Accept,
    /// Says this to RCPT.
    Refuse(&'static str),
    /// Says this to AUTH.
    NoLogin(&'static str),
    /// Says nothing from DATA on.
    Silent,
}

/// A mail relay that asks for `ann` and `p@ss+word` when it offers a login.
pub(super) struct Relay {
    pub(super) address: SocketAddr,
    pub(super) mails: Receiver<String>,
}

pub(super) fn relay(identity: Option<Arc<Identity>>, manner: Manner) -> Relay {
    let (sender, mails) = channel();
    let address =
        serve(move |stream| Session { identity: identity.clone(), manner, sender: sender.clone() }.run(stream));
    Relay { address, mails }
}

struct Session {
    identity: Option<Arc<Identity>>,
    manner: Manner,
    sender: Sender<String>,
}

impl Session {
    fn run(self, stream: TcpStream) {
        let raw = stream.try_clone().expect("cloned");
        let mut wire = BufReader::new(Box::new(stream) as Box<dyn Wire>);
        // A client that hangs up ends the session.
        let _ = self.talk(&mut wire, Some(raw));
    }

    fn talk(&self, wire: &mut BufReader<Box<dyn Wire>>, raw: Option<TcpStream>) -> std::io::Result<()> {
        let is_plain = raw.is_some();
        let mut authenticated = self.identity.is_none();
        if is_plain {
            say(wire, "220 relay ESMTP")?;
        }
        loop {
            let mut line = String::new();
            if wire.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let verb = line.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
            match verb.as_str() {
                "EHLO" => match (&self.identity, is_plain) {
                    (None, _) => say(wire, "250-relay\r\n250 8BITMIME")?,
                    (Some(_), true) => say(wire, "250-relay\r\n250 STARTTLS")?,
                    (Some(_), false) => say(wire, "250-relay\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN")?,
                },
                "STARTTLS" => {
                    say(wire, "220 go ahead")?;
                    let (identity, raw) = (self.identity.as_ref().expect("offered"), raw.expect("once"));
                    return self.talk(&mut BufReader::new(identity.wrap(raw)), None);
                }
                "AUTH" => {
                    authenticated = line.trim_end() == format!("AUTH PLAIN {}", STANDARD.encode("\0ann\0p@ss+word"));
                    match self.manner {
                        Manner::NoLogin(answer) => say(wire, answer)?,
                        _ if authenticated => say(wire, "235 welcome")?,
                        _ => say(wire, "535 5.7.8 who are you")?,
                    }
                }
                "RCPT" => match self.manner {
                    Manner::Refuse(answer) => say(wire, answer)?,
                    _ => say(wire, "250 ok")?,
                },
                "DATA" if self.manner == Manner::Silent => thread::sleep(PATIENCE),
                "DATA" if authenticated => {
                    say(wire, "354 go on")?;
                    let mail = read_mail(wire)?;
                    say(wire, "250 2.0.0 taken")?;
                    self.sender.send(mail).expect("the test waits");
                }
                "DATA" => say(wire, "530 5.7.0 log in first")?,
                "QUIT" => return say(wire, "221 bye"),
                _ => say(wire, "250 ok")?,
            }
        }
    }
}

fn say(wire: &mut BufReader<Box<dyn Wire>>, text: &str) -> std::io::Result<()> {
    wire.get_mut().write_all(format!("{text}\r\n").as_bytes())?;
    wire.get_mut().flush()
}

fn read_mail(wire: &mut BufReader<Box<dyn Wire>>) -> std::io::Result<String> {
    let mut mail = String::new();
    loop {
        let mut line = String::new();
        wire.read_line(&mut line)?;
        match line.as_str() {
            ".\r\n" => return Ok(mail),
            dotted if dotted.starts_with('.') => mail.push_str(&dotted[1..]),
            line => mail.push_str(line),
        }
    }
}

/// A request: its head, and its body.
pub(super) struct Request {
    pub(super) head: String,
    pub(super) body: String,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = |line: &&str| line.split_once(':').is_some_and(|(found, _)| found.eq_ignore_ascii_case(name));
        self.head.lines().find(found).and_then(|line| Some(line.split_once(':')?.1.trim()))
    }
}

/// An endpoint, and what it was asked.
pub(super) struct Endpoint {
    pub(super) address: SocketAddr,
    pub(super) requests: Receiver<Request>,
}

/// An HTTP endpoint that answers with these heads one after the other, and with the last one from then on; an empty
/// one is silence.
pub(super) fn endpoint(identity: Option<Identity>, answers: &[&'static str]) -> Endpoint {
    let answers = Mutex::new(answers.to_vec());
    let (sender, requests) = channel();
    let address = serve(move |stream| {
        let wire: Box<dyn Wire> = match &identity {
            Some(identity) => identity.wrap(stream),
            None => Box::new(stream),
        };
        // A client that does not trust the certificate hangs up.
        let Some((request, mut wire)) = read_request(wire) else { return };
        sender.send(request).expect("the test waits");
        let answer = {
            let mut answers = answers.lock().expect("no panic");
            if answers.len() > 1 { answers.remove(0) } else { answers[0] }
        };
        if answer.is_empty() {
            thread::sleep(PATIENCE);
        }
        let _ =
            wire.write_all(format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").as_bytes());
        let _ = wire.flush();
    });
    Endpoint { address, requests }
}

fn read_request(wire: Box<dyn Wire>) -> Option<(Request, Box<dyn Wire>)> {
    let mut wire = BufReader::new(wire);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if wire.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let request = Request { head, body: String::new() };
    let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or_default();
    let mut body = vec![0; length];
    wire.read_exact(&mut body).ok()?;
    Some((Request { body: String::from_utf8(body).expect("UTF-8"), ..request }, wire.into_inner()))
}
