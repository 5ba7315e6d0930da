//! Whom new rules could lock out.

use std::{
    fs,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use weir_network::{Action, Direction, Interface, Packet, Policy, TCP};

use crate::HostError;

/// The ways to and from this host that its users need.
#[derive(Debug, Clone)]
pub struct Caution {
    ways: Vec<Way>,
    listen: Option<SocketAddr>,
    confirmed: PathBuf,
}

/// A TCP connection that must go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    kind: Kind,
    /// This host's end.
    own: SocketAddr,
    far: SocketAddr,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The SSH session that the program was started from.
    Ssh,
    /// That of an agent to its server.
    Server,
}

impl Caution {
    /// Nobody to look after yet. Names of devices whose rules were confirmed once are kept in the file `confirmed`.
    pub fn new(confirmed: PathBuf) -> Self {
        Self { ways: Vec::new(), listen: None, confirmed }
    }

    /// Looks after the SSH session that the variable `SSH_CONNECTION` tells of, as sshd writes it.
    #[must_use]
    pub fn with_ssh(mut self, variable: Option<&str>) -> Self {
        self.ways.extend(variable.and_then(Way::ssh));
        self
    }

    /// Looks after those who ask at an address of this host.
    #[must_use]
    pub fn with_listener(self, address: SocketAddr) -> Self {
        Self { listen: Some(address), ..self }
    }

    /// Looks after the connection to a server, from this host's end.
    pub fn look_after_server(&mut self, own: SocketAddr, far: SocketAddr) {
        self.ways.retain(|way| way.kind != Kind::Server);
        self.ways.push(Way { kind: Kind::Server, own, far });
    }

    /// Who may lose his way when these rules come into force on a device: at first whoever comes in there, later those
    /// whom the rules refuse.
    pub fn whom(&self, device: &str, interface: &Interface, policy: &Policy, first: bool) -> Option<String> {
        let asks = first && !self.confirmed().iter().any(|known| known == device);
        let carried = asks.then(|| self.carried(interface)).flatten();
        carried.or_else(|| self.refused(interface, policy))
    }

    fn carried(&self, interface: &Interface) -> Option<String> {
        let session = self.ways.iter().find(|way| way.kind == Kind::Ssh && interface.owns(way.own.ip()));
        if let Some(session) = session {
            return Some(format!("your SSH session from {}", session.far.ip()));
        }
        let listen = self.listen?;
        let address = listen.ip();
        let reached = !address.is_loopback() && (address.is_unspecified() || interface.owns(address));
        reached.then(|| format!("the clients of {listen}"))
    }

    fn refused(&self, interface: &Interface, policy: &Policy) -> Option<String> {
        let way = self.ways.iter().find(|way| interface.owns(way.own.ip()) && way.is_refused(policy))?;
        Some(match way.kind {
            Kind::Ssh => format!("SSH from {}, which the new rules refuse", way.far.ip()),
            Kind::Server => format!("the way to the server at {}, which the new rules refuse", way.far),
        })
    }

    /// Remembers that the rules of these devices were confirmed.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn confirm(&self, devices: &[String]) -> Result<(), HostError> {
        let mut all = self.confirmed();
        all.extend(devices.iter().cloned());
        all.sort();
        all.dedup();
        let forgetful = |source| HostError::Forgetful { path: self.confirmed.clone(), source };
        fs::write(&self.confirmed, all.join("\n") + "\n").map_err(forgetful)
    }

    fn confirmed(&self) -> Vec<String> {
        fs::read_to_string(&self.confirmed).unwrap_or_default().lines().map(str::to_owned).collect()
    }
}

impl Way {
    /// Client and server with their ports.
    fn ssh(variable: &str) -> Option<Self> {
        let mut words = variable.split_whitespace();
        let mut end = || {
            let address: IpAddr = words.next()?.parse().ok()?;
            Some(SocketAddr::new(address, words.next()?.parse().ok()?))
        };
        Some(Self { kind: Kind::Ssh, far: end()?, own: end()? })
    }

    /// Whether a new connection of the kind would be refused, either way.
    fn is_refused(&self, policy: &Policy) -> bool {
        let (coming, leaving) = (packet(self.far, self.own), packet(self.own, self.far));
        let opens = self.kind == Kind::Server;
        let refuses = |packet, direction, tracked| policy.judge(packet, direction, tracked).action == Action::Reject;
        refuses(&coming, Direction::Ingress, opens) || refuses(&leaving, Direction::Egress, !opens)
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

#[cfg(test)]
mod tests {
    use weir_network::{Network, Owner};

    use super::*;

    /// `eth0` is 10.0.0.1; SSH is allowed from 10.9.0.0/16, and only HTTPS may leave.
    const NETWORK: &str = r#"
        [[interface]]
        id = "eni-a"
        addresses = ["10.0.0.1"]
        security-groups = ["sg-a"]
        [[security-group]]
        id = "sg-a"
        ingress = [{ protocol = "tcp", ports = 22, source = "10.9.0.0/16" }]
        egress = [{ protocol = "tcp", ports = 443, destination = "0.0.0.0/0" }]
    "#;

    fn whom(caution: &Caution, first: bool) -> Option<String> {
        let network = Network::parse(NETWORK, &Owner::default()).unwrap();
        let interface = network.interface("eni-a").unwrap();
        caution.whom("eth0", interface, &network.policy(interface).unwrap(), first)
    }

    fn caution(folder: &tempfile::TempDir) -> Caution {
        Caution::new(folder.path().join("confirmed"))
    }

    #[test]
    fn a_session_is_asked_about_at_first_and_when_it_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let allowed = caution(&folder).with_ssh(Some("10.9.1.1 50000 10.0.0.1 22"));
        assert_eq!(whom(&allowed, true).as_deref(), Some("your SSH session from 10.9.1.1"));
        assert_eq!(whom(&allowed, false), None);
        let refused = caution(&folder).with_ssh(Some("10.8.1.1 50000 10.0.0.1 22"));
        allowed.confirm(&["eth0".into()]).unwrap();
        assert_eq!(whom(&allowed, true), None, "it was confirmed");
        let message = "SSH from 10.8.1.1, which the new rules refuse";
        assert_eq!(whom(&refused, false).as_deref(), Some(message));
        assert_eq!(whom(&refused, true).as_deref(), Some(message), "whatever was confirmed before");
        let elsewhere = caution(&folder).with_ssh(Some("10.8.1.1 50000 10.0.0.2 22"));
        assert_eq!(whom(&elsewhere, false), None);
        assert_eq!(whom(&caution(&folder).with_ssh(Some("nonsense")), true), None);
    }

    #[test]
    fn clients_of_a_listener_are_asked_about_at_first() {
        let folder = tempfile::tempdir().unwrap();
        let asked = |address: &str| whom(&caution(&folder).with_listener(address.parse().unwrap()), true);
        assert_eq!(asked("0.0.0.0:4780").as_deref(), Some("the clients of 0.0.0.0:4780"));
        assert_eq!(asked("10.0.0.1:4780").as_deref(), Some("the clients of 10.0.0.1:4780"));
        assert_eq!((asked("127.0.0.1:4780"), asked("10.0.0.2:4780")), (None, None));
    }

    #[test]
    fn an_agent_keeps_the_way_to_its_server() {
        let folder = tempfile::tempdir().unwrap();
        let mut caution = caution(&folder);
        let own = "10.0.0.1:50000".parse().unwrap();
        caution.look_after_server(own, "10.7.0.1:443".parse().unwrap());
        assert_eq!((whom(&caution, true), whom(&caution, false)), (None, None));
        caution.look_after_server(own, "10.7.0.1:4781".parse().unwrap());
        let message = "the way to the server at 10.7.0.1:4781, which the new rules refuse";
        assert_eq!(whom(&caution, false).as_deref(), Some(message));
    }
}
