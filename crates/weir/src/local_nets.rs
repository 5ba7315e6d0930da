//! Which way a captured packet passed, when the capture does not say.

use ipnet::IpNet;
use weir_network::{Direction, Packet};

/// The addresses on this side of the capture.
pub struct LocalNets(Vec<IpNet>);

/// What is local when nothing is said: private, shared, link-local and loopback addresses.
const PRIVATE: [&str; 9] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "127.0.0.0/8",
    "fc00::/7",
    "fe80::/10",
    "::1/128",
];

impl LocalNets {
    /// These ranges; without any, the private ones.
    pub fn new(given: Vec<IpNet>) -> Self {
        if given.is_empty() { Self(PRIVATE.iter().filter_map(|net| net.parse().ok()).collect()) } else { Self(given) }
    }

    /// To a local address is ingress, also from another local one; otherwise from a local address is egress, and
    /// what is between others was forwarded in: ingress.
    pub fn direction(&self, packet: &Packet) -> Direction {
        let local = |address| self.0.iter().any(|net| net.contains(&address));
        if !local(packet.destination) && local(packet.source) { Direction::Egress } else { Direction::Ingress }
    }
}
