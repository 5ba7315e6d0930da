//! Whom new rules could lock out.

use std::{
    fs, io,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use weir_network::{Action, Direction, Interface, Packet, Policy, TCP};

/// The ways to this host that its users need.
pub(super) struct Caution {
    /// The SSH session that weir was started from.
    ssh: Option<Session>,
    listen: SocketAddr,
    /// Interfaces whose rules someone confirmed once.
    confirmed: PathBuf,
}

struct Session {
    client: SocketAddr,
    server: SocketAddr,
}

impl Caution {
    pub(super) fn new(listen: SocketAddr, data: &Path) -> Self {
        #[allow(clippy::disallowed_methods, reason = "it tells of the user's session, and is no setting")]
        let ssh = std::env::var("SSH_CONNECTION").ok().and_then(|text| Session::read(&text));
        Self { ssh, listen, confirmed: data.join("confirmed-interfaces") }
    }

    /// Whose way leads through an interface, if its rules were never confirmed.
    pub(super) fn at_first(&self, host: &str, interface: &Interface) -> Option<String> {
        if self.confirmed().iter().any(|known| known == host) {
            return None;
        }
        if let Some(session) = self.ssh.as_ref().filter(|session| interface.owns(session.server.ip())) {
            return Some(format!("your SSH session from {}", session.client.ip()));
        }
        let listen = self.listen.ip();
        let reached = !listen.is_loopback() && (listen.is_unspecified() || interface.owns(listen));
        reached.then(|| format!("the clients of {}", self.listen))
    }

    /// Whom a change of rules would keep out.
    pub(super) fn at_change(&self, interface: &Interface, policy: &Policy) -> Option<String> {
        let session = self.ssh.as_ref().filter(|session| interface.owns(session.server.ip()))?;
        let request = packet(session.client, session.server);
        let answer = packet(session.server, session.client);
        let refused = policy.judge(&request, Direction::Ingress, false).action == Action::Reject
            || policy.judge(&answer, Direction::Egress, true).action == Action::Reject;
        refused.then(|| format!("SSH from {}, which the new rules refuse", session.client.ip()))
    }

    /// Remembers that these were confirmed.
    pub(super) fn confirm(&self, hosts: &[String]) -> io::Result<()> {
        let mut all = self.confirmed();
        all.extend(hosts.iter().cloned());
        all.sort();
        all.dedup();
        fs::write(&self.confirmed, all.join("\n") + "\n")
    }

    fn confirmed(&self) -> Vec<String> {
        fs::read_to_string(&self.confirmed).unwrap_or_default().lines().map(str::to_owned).collect()
    }
}

impl Session {
    /// Client and server with their ports, as sshd writes them.
    fn read(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let mut end = || {
            let address: IpAddr = words.next()?.parse().ok()?;
            Some(SocketAddr::new(address, words.next()?.parse().ok()?))
        };
        Some(Self { client: end()?, server: end()? })
    }
}

fn packet(source: SocketAddr, destination: SocketAddr) -> Packet {
    Packet {
        source: source.ip(),
        destination: destination.ip(),
        protocol: TCP,
        source_port: source.port(),
        destination_port: destination.port(),
        icmp: None,
    }
}
