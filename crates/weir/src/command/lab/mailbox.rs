//! A mail relay on this host that keeps what it is sent: the reader of the lab's mails.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use anyhow::Result;

/// Mails that came, oldest first.
pub struct Mailbox {
    pub address: SocketAddr,
    mails: Arc<Mutex<Vec<String>>>,
}

impl Mailbox {
    /// Begins to take mails, on a free port.
    ///
    /// # Errors
    /// When there is none.
    pub fn open() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let mails = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&mails);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                // A sender that breaks off has not delivered.
                thread::spawn(move || drop(take(stream, &kept)));
            }
        });
        Ok(Self { address, mails })
    }

    /// The first mail that holds all of these texts.
    pub fn find(&self, texts: &[&str]) -> Option<String> {
        let mails = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
        mails.iter().find(|mail| texts.iter().all(|text| mail.contains(text))).cloned()
    }
}

/// One session of SMTP, RFC 5321.
fn take(stream: TcpStream, kept: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut out = stream.try_clone()?;
    let mut lines = BufReader::new(stream).lines();
    out.write_all(b"220 lab\r\n")?;
    while let Some(line) = lines.next() {
        let line = line?.to_ascii_uppercase();
        let answer = match line.get(..4) {
            Some("DATA") => {
                out.write_all(b"354 go on\r\n")?;
                let mut mail = String::new();
                for line in lines.by_ref() {
                    let line = line?;
                    if line == "." {
                        break;
                    }
                    mail.push_str(line.strip_prefix('.').unwrap_or(&line));
                    mail.push('\n');
                }
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(joined(&mail));
                "250 kept"
            }
            Some("QUIT") => {
                out.write_all(b"221 bye\r\n")?;
                return Ok(());
            }
            _ => "250 lab",
        };
        out.write_all(format!("{answer}\r\n").as_bytes())?;
    }
    Ok(())
}

/// Lines that quoted-printable broke, whole again, and its `=3D` an equals sign.
fn joined(mail: &str) -> String {
    mail.replace("=\n", "").replace("=3D", "=")
}
