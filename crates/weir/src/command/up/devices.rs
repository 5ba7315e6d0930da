//! Which devices of this host are recorded, and as what.

use std::sync::Arc;

use weir_capture::{
    interfaces::{self, HostInterface, Placement},
    live,
};
use weir_network::{Interface, Network, Side};

use super::{containers::Containers, rules::Rules};
use crate::settings::{Settings, SideChoice};

/// A device that is named: `eth0`, or `veth1:guest` with its side.
struct Wanted {
    name: String,
    side: Option<Side>,
}

impl Wanted {
    /// Names of devices hold no colon, so what stands behind one is the side.
    fn of(text: &str) -> Self {
        match text.rsplit_once(':') {
            Some((name, "guest")) => Self { name: name.to_owned(), side: Some(Side::Guest) },
            Some((name, "host")) => Self { name: name.to_owned(), side: Some(Side::Host) },
            _ => Self { name: text.to_owned(), side: None },
        }
    }
}

/// What the settings say of the devices of this host.
pub(super) struct Devices {
    wanted: Vec<Wanted>,
    side: SideChoice,
    placement: Placement,
}

impl Devices {
    pub(super) fn new(settings: &Settings) -> Self {
        let placement = Placement {
            account_id: settings.account.as_str().to_owned(),
            region: settings.region.clone(),
            az_id: None,
            machine_id: interfaces::machine_id().unwrap_or_default(),
        };
        let wanted = settings.interface.iter().map(|text| Wanted::of(text)).collect();
        Self { wanted, side: settings.side, placement }
    }

    /// The device as an interface, with its side.
    pub(super) fn interface(&self, host: &HostInterface) -> Interface {
        let named = self.wanted.iter().find(|wanted| wanted.name == host.name);
        let side = named.and_then(|named| named.side).unwrap_or_else(|| match self.side {
            SideChoice::Is(side) => side,
            SideChoice::Auto => host.side(),
        });
        Interface { side, ..host.to_interface(&self.placement) }
    }

    /// Devices that are named; without names, all but loopback.
    fn is_wanted(&self, host: &HostInterface) -> bool {
        if self.wanted.is_empty() { !host.is_loopback } else { self.wanted.iter().any(|it| it.name == host.name) }
    }
}

/// The devices to record. The network file says what they are called, by the device or by its container; otherwise they
/// are called after themselves.
pub(super) fn choose(settings: &Settings, rules: Option<Arc<Rules>>) -> live::Choose {
    let devices = Devices::new(settings);
    let containers = Containers::watch(&settings.container_socket);
    Box::new(move |host: &HostInterface| {
        let given = devices.is_wanted(host).then(|| devices.interface(host))?;
        let mut named = given.clone();
        if named.side == Side::Guest {
            containers.name(host, &mut named);
        }
        let network = rules.as_ref().and_then(|rules| rules.network());
        Some(network.and_then(|network| known(&network, &given, &named)).unwrap_or(named))
    })
}

/// What the network file calls it, by the device or else by its container.
fn known(network: &Network, given: &Interface, named: &Interface) -> Option<Interface> {
    let by_device = (!network.parts().interfaces.is_empty()).then(|| network.interface_of_host(given)).flatten();
    let mut known = by_device.or_else(|| network.interface_of_host(named))?;
    for (key, value) in &named.tags {
        known.tags.entry(key.clone()).or_insert_with(|| value.clone());
    }
    Some(known)
}

/// The names in the settings, without their sides.
pub(super) fn names(settings: &Settings) -> Vec<String> {
    settings.interface.iter().map(|text| Wanted::of(text).name).collect()
}

/// The names that no device of this host has.
pub(super) fn absent(names: &[String]) -> Vec<String> {
    let present = interfaces::list().unwrap_or_default();
    names.iter().filter(|name| present.iter().all(|host| host.name != **name)).cloned().collect()
}
