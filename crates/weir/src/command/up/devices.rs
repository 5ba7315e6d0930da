//! Which devices of this host are recorded, and as what.

use weir_capture::{
    interfaces::{self, HostInterface, Placement},
    live,
};
use weir_network::{Interface, Side};

use super::containers::Containers;
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

/// The devices that are named; without names, all but loopback.
pub(super) fn choose(settings: &Settings) -> live::Choose {
    let wanted: Vec<Wanted> = settings.interface.iter().map(|text| Wanted::of(text)).collect();
    let choice = settings.side;
    let placement = Placement {
        account_id: settings.account.as_str().to_owned(),
        region: settings.region.clone(),
        az_id: None,
        machine_id: interfaces::machine_id().unwrap_or_default(),
    };
    let containers = Containers::watch(&settings.container_socket);
    Box::new(move |host: &HostInterface| {
        let named = wanted.iter().find(|wanted| wanted.name == host.name);
        if named.is_none() && (host.is_loopback || !wanted.is_empty()) {
            return None;
        }
        let side = named.and_then(|named| named.side).unwrap_or_else(|| match choice {
            SideChoice::Is(side) => side,
            SideChoice::Auto => host.side(),
        });
        let mut interface = Interface { side, ..host.to_interface(&placement) };
        if side == Side::Guest {
            containers.name(host, &mut interface);
        }
        Some(interface)
    })
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
