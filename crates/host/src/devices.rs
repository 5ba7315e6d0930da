//! Which devices of this host are recorded, and as what.

use std::{str::FromStr, sync::Arc};

use weir_capture::{
    interfaces::{self, HostInterface, Placement},
    live,
};
use weir_network::{Interface, Network, Side};

use crate::{Containers, Rules};

/// How the side of a device is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SideChoice {
    /// This one.
    Is(Side),
    /// By what the device is.
    Auto,
}

impl SideChoice {
    /// What can be written.
    pub const NAMES: [&str; 3] = ["host", "guest", "auto"];
}

impl FromStr for SideChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "host" => Ok(SideChoice::Is(Side::Host)),
            "guest" => Ok(SideChoice::Is(Side::Guest)),
            "auto" => Ok(SideChoice::Auto),
            _ => Err(format!("expected host, guest or auto, found `{text}`")),
        }
    }
}

/// Which entries of a network are about devices of this host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entries {
    /// The network is this host's: an entry may name a device alone.
    OfThisHost,
    /// Several hosts share the network. One that names a device and no host is this host's, which is their server.
    OfTheServer,
    /// Several hosts share the network: an entry that names a device names the host too.
    OfSeveralHosts,
}

/// What the user says of the devices of this host.
#[derive(Debug, Clone)]
pub struct DeviceOptions {
    /// Devices to record: `eth0`, or `veth1:guest` with its side. Without any, all but loopback.
    pub devices: Vec<String>,
    /// The side of those that are named without one.
    pub side: SideChoice,
    /// Where this host is.
    pub placement: Placement,
    /// Which entries of a network are about them.
    pub entries: Entries,
}

/// A device that is named, with its side if that is given.
#[derive(Debug, Clone)]
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

/// The devices of this host, as the user means them.
#[derive(Debug, Clone)]
pub struct Devices {
    wanted: Vec<Wanted>,
    side: SideChoice,
    placement: Placement,
    entries: Entries,
}

impl Devices {
    /// The devices that these options mean.
    pub fn new(options: DeviceOptions) -> Self {
        let DeviceOptions { devices, side, placement, entries } = options;
        Self { wanted: devices.iter().map(|text| Wanted::of(text)).collect(), side, placement, entries }
    }

    /// The device as an interface, with its side.
    pub fn interface(&self, host: &HostInterface) -> Interface {
        let named = self.wanted.iter().find(|wanted| wanted.name == host.name);
        let side = named.and_then(|named| named.side).unwrap_or_else(|| match self.side {
            SideChoice::Is(side) => side,
            SideChoice::Auto => host.side(),
        });
        Interface { side, ..host.to_interface(&self.placement) }
    }

    /// The device as an interface, if it is to be recorded.
    pub fn recorded(&self, host: &HostInterface) -> Option<Interface> {
        self.is_wanted(host).then(|| self.interface(host))
    }

    /// What a network calls an interface of this host; none when it has no entry for it.
    pub fn in_network(&self, network: &Network, given: &Interface) -> Option<Interface> {
        match self.entries {
            Entries::OfThisHost => network.interface_of_host(given),
            Entries::OfTheServer => network.interface_of_one_host(given, true),
            Entries::OfSeveralHosts => network.interface_of_one_host(given, false),
        }
    }

    /// What makes a device known to a network, for people.
    pub(crate) fn how_to_name(&self, device: &str) -> String {
        match self.entries {
            Entries::OfThisHost | Entries::OfTheServer => format!("name = \"{device}\""),
            Entries::OfSeveralHosts => {
                let instance = interfaces::instance_id(&self.placement.machine_id);
                format!("its address, or name = \"{device}\" and instance = \"{instance}\"")
            }
        }
    }

    /// Whether one of them may be the host's end of a cable to a guest.
    pub fn may_be_guests(&self) -> bool {
        self.side != SideChoice::Is(Side::Host) || self.wanted.iter().any(|wanted| wanted.side == Some(Side::Guest))
    }

    /// The names that are given, without their sides.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.wanted.iter().map(|wanted| wanted.name.as_str())
    }

    /// Devices that are named; without names, all but loopback.
    fn is_wanted(&self, host: &HostInterface) -> bool {
        if self.wanted.is_empty() { !host.is_loopback } else { self.names().any(|name| name == host.name) }
    }

    /// What the network calls it, by the device or else by its container.
    fn known(&self, network: &Network, given: &Interface, named: &Interface) -> Option<Interface> {
        let by_device = (!network.parts().interfaces.is_empty()).then(|| self.in_network(network, given)).flatten();
        let mut known = by_device.or_else(|| self.in_network(network, named))?;
        let is_hosts_own = known.id == given.id && known.instance_id == given.instance_id;
        if is_hosts_own && named.instance_id != given.instance_id {
            // The network knows a device of the host; what is at the other end is a container.
            known.instance_id.clone_from(&named.instance_id);
            known.tags.extend(named.tags.clone());
        }
        for (key, value) in &named.tags {
            known.tags.entry(key.clone()).or_insert_with(|| value.clone());
        }
        Some(known)
    }
}

/// The devices to record. The network says what they are called, by the device or by its container; otherwise they are
/// called after themselves.
pub fn choose(devices: Arc<Devices>, containers: Containers, rules: Option<Arc<Rules>>) -> live::Choose {
    Box::new(move |host: &HostInterface| {
        let given = devices.recorded(host)?;
        let mut named = given.clone();
        if named.side == Side::Guest {
            containers.name(host, &mut named);
        }
        let network = rules.as_ref().and_then(|rules| rules.network());
        Some(network.and_then(|network| devices.known(&network, &given, &named)).unwrap_or(named))
    })
}

/// The names that no device of this host has.
pub fn absent(devices: &Devices) -> Vec<String> {
    let present = interfaces::list().unwrap_or_default();
    devices.names().filter(|name| present.iter().all(|host| host.name != *name)).map(str::to_owned).collect()
}
