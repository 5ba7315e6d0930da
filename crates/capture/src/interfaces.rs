//! The interfaces of this host, and what a flow log calls them.
//!
//! They are asked of the kernel over route netlink, in the network namespace of the calling thread: unlike `getifaddrs`
//! it says which addresses are secondary, and a [`Monitor`] on it tells when something changes.
//!
//! **Identity.** A host off AWS has no `eni-…`. [`HostInterface::to_interface`] derives ids that stay the same for as
//! long as the machine, its interface names and its MAC addresses do, so that records from before and after a restart
//! belong together:
//!
//! | id | derived from |
//! |---|---|
//! | `i-…` | machine id |
//! | `eni-…` | machine id, interface name, MAC address |
//! | `vpc-…` | account and region: the one default VPC of a region |
//! | `subnet-…` | the VPC and the network of the interface's primary address |

mod containers;
mod link;
mod netlink;

use std::{
    collections::BTreeMap,
    fs, io,
    net::{Ipv4Addr, Ipv6Addr},
};

use ipnet::{Ipv4Net, Ipv6Net};
use weir_network::{IdKind, Interface, Side};

pub use self::{
    containers::containers,
    link::{Link, LinkKind},
    netlink::{Monitor, list},
};

const MACHINE_ID_FILES: [&str; 3] = ["/etc/machine-id", "/var/lib/dbus/machine-id", "/proc/sys/kernel/hostname"];

/// Why the interfaces could not be read.
#[derive(Debug, thiserror::Error)]
pub enum InterfacesError {
    /// The kernel refused.
    #[error("cannot {what} over netlink: {source}")]
    Netlink {
        /// What was tried.
        what: &'static str,
        /// Its answer.
        source: io::Error,
    },
    /// The interfaces changed so often that no complete list was to be had.
    #[error("cannot list interfaces: they keep changing while they are read; try again")]
    Unsteady,
}

/// An interface as the kernel describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostInterface {
    /// The kernel's index.
    pub index: u32,
    /// Name, such as `eth0`.
    pub name: String,
    /// Hardware type, an `ARPHRD_…` number: 1 Ethernet, 772 loopback, 65534 none (tun).
    pub hardware: u16,
    /// Set up by the administrator.
    pub is_up: bool,
    /// The loopback interface.
    pub is_loopback: bool,
    /// What it is, and what it hangs on.
    pub link: Link,
    /// Index of the bridge, bond, team or VRF that it is a port of.
    pub master: Option<u32>,
    /// MAC address or what stands for it; empty when it has none.
    pub mac: Vec<u8>,
    /// IPv4 addresses with their networks, the primary one first.
    pub ipv4: Vec<Ipv4Net>,
    /// IPv6 addresses with their networks, global ones first.
    pub ipv6: Vec<Ipv6Net>,
}

/// What the program knows about where its host is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// Account, 12 digits.
    pub account_id: String,
    /// Region, such as `us-east-1`.
    pub region: String,
    /// Availability zone id, such as `use1-az1`.
    pub az_id: Option<String>,
    /// See [`machine_id`].
    pub machine_id: String,
}

/// What tells this machine from others: its machine id (`/etc/machine-id`, or that of D-Bus), otherwise its host name.
///
/// # Errors
/// When none of them can be read.
pub fn machine_id() -> io::Result<String> {
    let mut failure = io::Error::from(io::ErrorKind::NotFound);
    for file in MACHINE_ID_FILES {
        match fs::read_to_string(file) {
            Ok(text) if !text.trim().is_empty() => return Ok(text.trim().to_owned()),
            Ok(_) => {}
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// The id of the machine itself, as an instance: `i-…`.
pub fn instance_id(machine_id: &str) -> String {
    IdKind::Instance.derive(&[machine_id])
}

impl HostInterface {
    /// The interface as a flow log knows it. Its name is in the tag `Name`, its kind in the tag `Kind`. It is taken for
    /// the interface itself; for the host's end of a cable set its side.
    ///
    /// The loopback interface is given no addresses: packets between any two addresses of the host cross it, so a
    /// record shows what is in the packet.
    pub fn to_interface(&self, place: &Placement) -> Interface {
        let vpc_id = IdKind::Vpc.derive(&[&place.account_id, &place.region]);
        let network = match (self.ipv4.first(), self.ipv6.first()) {
            (Some(primary), _) => Some(primary.trunc().to_string()),
            (None, Some(first)) => Some(first.trunc().to_string()),
            (None, None) => None,
        };
        let addressed = !self.is_loopback;
        Interface {
            id: IdKind::Interface.derive(&[&place.machine_id, &self.name, &self.mac_text()]),
            account_id: place.account_id.clone(),
            region: place.region.clone(),
            az_id: place.az_id.clone(),
            subnet_id: network.map(|network| IdKind::Subnet.derive(&[&vpc_id, &network])),
            vpc_id: Some(vpc_id),
            instance_id: Some(instance_id(&place.machine_id)),
            ipv4: self.ipv4.iter().map(Ipv4Net::addr).filter(|_| addressed).collect::<Vec<Ipv4Addr>>(),
            ipv6: self.ipv6.iter().map(Ipv6Net::addr).filter(|_| addressed).collect::<Vec<Ipv6Addr>>(),
            security_group_ids: Vec::new(),
            tags: self.tags(),
            side: Side::Host,
        }
    }

    /// The side that the device is, as far as can be told: the host's end of a cable when it has no address but link-local
    /// ones, and is a tap, or a veth whose other end is in another namespace. Seen from inside a container, its own end of
    /// the cable looks the same but for the addresses.
    pub fn side(&self) -> Side {
        let addressed =
            !self.ipv4.is_empty() || self.ipv6.iter().any(|network| !network.addr().is_unicast_link_local());
        if addressed { Side::Host } else { self.link.side() }
    }

    fn tags(&self) -> BTreeMap<String, String> {
        [("Name".to_owned(), self.name.clone()), ("Kind".to_owned(), self.link.kind.to_string())].into()
    }

    /// The MAC address as `02:00:…`; empty when there is none.
    pub fn mac_text(&self) -> String {
        self.mac.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Placement {
        Placement {
            account_id: "123456789012".into(),
            region: "us-east-1".into(),
            az_id: None,
            machine_id: "0123456789abcdef0123456789abcdef".into(),
        }
    }

    fn ethernet(name: &str, last: u8) -> HostInterface {
        HostInterface {
            index: 2,
            name: name.into(),
            hardware: 1,
            is_up: true,
            is_loopback: false,
            link: Link::default(),
            master: None,
            mac: vec![2, 0, 0, 0, 0, last],
            ipv4: vec!["10.0.1.10/24".parse().expect("a network"), "10.0.1.11/24".parse().expect("a network")],
            ipv6: vec!["2001:db8::10/64".parse().expect("a network")],
        }
    }

    #[test]
    fn ids_stay_and_tell_interfaces_apart() {
        let eth0 = ethernet("eth0", 1).to_interface(&place());
        assert_eq!(eth0, ethernet("eth0", 1).to_interface(&place()));
        assert_ne!(eth0.id, ethernet("eth1", 1).to_interface(&place()).id);
        assert_ne!(eth0.id, ethernet("eth0", 2).to_interface(&place()).id);
        let elsewhere = Placement { machine_id: "another".into(), ..place() };
        let other = ethernet("eth0", 1).to_interface(&elsewhere);
        assert_ne!(eth0.id, other.id);
        assert_ne!(eth0.instance_id, other.instance_id);
        // Two machines in one network share its subnet and VPC.
        assert_eq!((eth0.subnet_id, eth0.vpc_id), (other.subnet_id, other.vpc_id));
    }

    /// These are in people's records: a change of the derivation would break their history.
    #[test]
    fn ids_are_these_for_ever() {
        let eth0 = ethernet("eth0", 1).to_interface(&place());
        assert_eq!(eth0.id, "eni-bf89862bbc70bfd3d");
        assert_eq!(eth0.instance_id.as_deref(), Some("i-ee3b9429859eafa7f"));
        assert_eq!(eth0.vpc_id.as_deref(), Some("vpc-00c2425114e7cf218"));
        assert_eq!(eth0.subnet_id.as_deref(), Some("subnet-bc7aab613cc22558e"));
    }

    #[test]
    fn a_cable_with_an_address_is_its_own() {
        let link = Link { kind: LinkKind::Veth, other: Some(7), namespace: Some(0) };
        let bare = HostInterface { link, ipv4: Vec::new(), ipv6: Vec::new(), ..ethernet("veth0", 1) };
        let link_local = HostInterface { ipv6: vec!["fe80::1/64".parse().expect("a network")], ..bare.clone() };
        let addressed = HostInterface { ipv4: ethernet("eth0", 1).ipv4, ..bare.clone() };
        assert_eq!((bare.side(), link_local.side(), addressed.side()), (Side::Guest, Side::Guest, Side::Host));
    }

    #[test]
    fn loopback_owns_no_address() {
        let lo = HostInterface { is_loopback: true, ..ethernet("lo", 0) }.to_interface(&place());
        assert!(lo.ipv4.is_empty() && lo.ipv6.is_empty());
    }

    #[test]
    fn this_machine_has_an_id() {
        assert!(!machine_id().expect("a machine id or a host name").is_empty());
    }
}
