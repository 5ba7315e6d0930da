//! What the network file leads to, where the kernel's verdicts are not observed.

use std::{collections::HashMap, sync::Arc, time::Duration};

use weir_capture::tracker::{Judgement, VerdictSource};
use weir_enforce::Denial;
use weir_network::{Action, Connections, Direction, ICMPV6, Interface, Network, Packet, Policy, Timeouts, not_logged};

use crate::Rules;

/// Judges packets by the network that holds now.
///
/// It does not see TCP flags: a connection counts as open until it has been idle for its timeout.
#[derive(Debug)]
pub struct Predictor {
    rules: Arc<Rules>,
    /// The only devices that the network decides for; all, if not given.
    only: Option<Vec<String>>,
    network: Option<Arc<Network>>,
    /// By id; `None` of an interface that the network does not know.
    policies: HashMap<String, Option<Policy>>,
    /// By id; they live on when the network changes.
    connections: HashMap<String, Connections>,
}

impl Predictor {
    /// Judges by what these rules say.
    pub fn new(rules: Arc<Rules>) -> Self {
        Self { rules, only: None, network: None, policies: HashMap::new(), connections: HashMap::new() }
    }

    /// The same for a network that decides only where it is put in force: on these devices.
    pub fn only_on(self, devices: &[String]) -> Self {
        Self { only: Some(devices.to_vec()), ..self }
    }

    /// An interface is gone, and its connections with it.
    pub fn forget(&mut self, interface_id: &str) {
        self.policies.remove(interface_id);
        self.connections.remove(interface_id);
    }

    /// What becomes of a packet; when it passed (nanoseconds since 1970) says which connections are still open.
    pub fn judge(&mut self, interface: &Interface, direction: Direction, packet: &Packet, time_ns: i64) -> Judgement {
        let Some(network) = self.rules.network() else { return Judgement::SEEN };
        if self.network.as_ref().is_none_or(|before| !Arc::ptr_eq(before, &network)) {
            self.policies.clear();
            self.network = Some(Arc::clone(&network));
        }
        if !self.policies.contains_key(&interface.id) {
            let device = interface.tags.get("Name");
            let is_meant = self.only.as_ref().is_none_or(|only| device.is_some_and(|device| only.contains(device)));
            let policy = if is_meant { policy(&network, interface) } else { None };
            self.policies.insert(interface.id.clone(), policy);
        }
        let Some(Some(policy)) = self.policies.get(&interface.id) else { return Judgement::SEEN };
        let predicted = |action, rule| Judgement { action, rule, source: VerdictSource::Predicted };
        if passes_always(&network, interface, packet) {
            return predicted(Action::Accept, 0);
        }
        let new = || Connections::new(Connections::DEFAULT_CAPACITY, Timeouts::default());
        let connections = self.connections.entry(interface.id.clone()).or_insert_with(new);
        let now = Duration::from_nanos(u64::try_from(time_ns).unwrap_or(0));
        let verdict = connections.judge(policy, packet, 0, direction, now);
        match verdict.action {
            Action::Accept => predicted(Action::Accept, 0),
            Action::Reject => {
                let denial = Denial { interface_id: interface.id.as_str().into(), direction, rule: verdict.rule };
                predicted(Action::Reject, self.rules.denials.mark(&denial))
            }
        }
    }
}

/// Without interfaces the network guards the given one, which carries every group; otherwise only those that it has.
fn policy(network: &Network, interface: &Interface) -> Option<Policy> {
    if network.parts().interfaces.is_empty() {
        return network.policy(&network.as_far_as_known(&network.interface_for(interface.clone()))).ok();
    }
    network.policy(network.interface(&interface.id)?).ok()
}

/// What enforcement lets pass whatever the rules say.
fn passes_always(network: &Network, interface: &Interface, packet: &Packet) -> bool {
    let neighbours = packet.protocol == ICMPV6 && matches!(packet.icmp, Some((130..=137 | 143, _)));
    neighbours || not_logged(packet, network.vpc_of(interface), network.subnet_of(interface)).is_some()
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use weir_network::Owner;

    use super::*;

    const NETWORK: &str = r#"
        [[interface]]
        id = "eni-a"
        addresses = ["10.0.0.1"]
        security-groups = ["sg-a"]
        [[security-group]]
        id = "sg-a"
        egress = [{ protocol = "udp", ports = 53, destination = "0.0.0.0/0" }]
    "#;

    /// Between an interface and a name server: the question, or the answer.
    fn packet(answer: bool) -> Packet {
        let (here, there) = (([10, 0, 0, 1], 40_000), ([192, 0, 2, 53], 53));
        let (from, to) = if answer { (there, here) } else { (here, there) };
        Packet {
            source: IpAddr::from(from.0),
            destination: IpAddr::from(to.0),
            protocol: 17,
            source_port: from.1,
            destination_port: to.1,
            icmp: None,
        }
    }

    #[test]
    fn an_interface_that_is_gone_takes_its_connections_with_it() {
        let network = Network::parse(NETWORK, &Owner::default()).unwrap();
        let interface = network.interface("eni-a").unwrap().clone();
        let rules = Arc::new(Rules::default());
        rules.state().network = Some(Arc::new(network));
        let mut predictor = Predictor::new(rules);
        let answer = |predictor: &mut Predictor| {
            predictor.judge(&interface, Direction::Ingress, &packet(true), 2_000_000_000).action
        };
        assert_eq!(answer(&mut predictor), Action::Reject);
        let asked = predictor.judge(&interface, Direction::Egress, &packet(false), 1_000_000_000);
        assert_eq!((asked.action, answer(&mut predictor)), (Action::Accept, Action::Accept));
        predictor.forget("eni-a");
        assert_eq!((predictor.policies.len(), predictor.connections.len()), (0, 0));
        assert_eq!(answer(&mut predictor), Action::Reject);
    }
}
