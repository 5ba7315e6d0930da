//! What kind of interface it is, and what is on its other end.

use std::fmt;

use weir_network::Side;

use super::netlink::{Attributes, text};

const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const IFLA_TUN_TYPE: u16 = 3;
/// Frames of Ethernet, not packets of IP.
const TUN_TYPE_TAP: u8 = 2;

/// What an interface is, and what it hangs on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Link {
    /// What it is.
    pub kind: LinkKind,
    /// Index of the other end of a veth pair, or of what a VLAN or tunnel is on.
    pub other: Option<u32>,
    /// The other end is in another network namespace, which has this number here; -1 when it has none yet.
    pub namespace: Option<i32>,
}

/// The kinds of interfaces that the kernel tells apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum LinkKind {
    /// Hardware, or what a virtual machine takes for it.
    #[default]
    Device,
    /// The loopback interface.
    Loopback,
    /// A switch between its ports; on the bridge itself only what goes to and from the host is seen.
    Bridge,
    /// A VLAN on another interface.
    Vlan,
    /// Several interfaces as one.
    Bond,
    /// One end of a cable between two namespaces.
    Veth,
    /// The host's end of a cable to a virtual machine.
    Tap,
    /// IP packets to a program, such as a VPN.
    Tun,
    /// An interface that leads nowhere.
    Dummy,
    /// WireGuard.
    Wireguard,
    /// A tunnel of the kernel, by its name there: `vxlan`, `gre`, `ipip`, …
    Tunnel(String),
    /// Anything else, by its name in the kernel.
    Other(String),
}

/// Tunnels of the kernel, by their names there.
const TUNNELS: [&str; 17] = [
    "vxlan",
    "geneve",
    "gre",
    "gretap",
    "erspan",
    "ip6gre",
    "ip6gretap",
    "ip6erspan",
    "ipip",
    "sit",
    "ip6tnl",
    "vti",
    "vti6",
    "xfrm",
    "gtp",
    "bareudp",
    "amt",
];

impl Link {
    /// The side that the device is, by its link alone: the host's end of a cable when it is a veth whose other end is in
    /// another namespace, or a tap. A macvtap counts as tap.
    pub fn side(&self) -> Side {
        match self.kind {
            LinkKind::Tap => Side::Guest,
            LinkKind::Veth if self.namespace.is_some() => Side::Guest,
            _ => Side::Host,
        }
    }
}

impl LinkKind {
    /// The kind that the attribute `IFLA_LINKINFO` describes.
    pub(super) fn read(info: &[u8]) -> Self {
        let find = |wanted: u16| Attributes(info).find(|(kind, _)| *kind == wanted).map(|(_, value)| value);
        let Some(name) = find(IFLA_INFO_KIND).map(text) else { return LinkKind::Device };
        let is_tap = || {
            let mut data = Attributes(find(IFLA_INFO_DATA).unwrap_or_default());
            data.any(|(kind, value)| kind == IFLA_TUN_TYPE && value.first() == Some(&TUN_TYPE_TAP))
        };
        match name.as_str() {
            "bridge" => LinkKind::Bridge,
            "vlan" => LinkKind::Vlan,
            "bond" | "team" => LinkKind::Bond,
            "veth" | "netkit" => LinkKind::Veth,
            "tun" if is_tap() => LinkKind::Tap,
            "macvtap" | "ipvtap" => LinkKind::Tap,
            "tun" => LinkKind::Tun,
            "dummy" => LinkKind::Dummy,
            "wireguard" => LinkKind::Wireguard,
            tunnel if TUNNELS.contains(&tunnel) => LinkKind::Tunnel(name),
            _ => LinkKind::Other(name),
        }
    }
}

/// Such as `bridge` or `tunnel (vxlan)`.
impl fmt::Display for LinkKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LinkKind::Device => "device",
            LinkKind::Loopback => "loopback",
            LinkKind::Bridge => "bridge",
            LinkKind::Vlan => "vlan",
            LinkKind::Bond => "bond",
            LinkKind::Veth => "veth",
            LinkKind::Tap => "tap",
            LinkKind::Tun => "tun",
            LinkKind::Dummy => "dummy",
            LinkKind::Wireguard => "wireguard",
            LinkKind::Tunnel(name) => return write!(f, "tunnel ({name})"),
            LinkKind::Other(name) => name,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(u16::try_from(4 + value.len()).expect("short").to_ne_bytes());
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn read(name: &str, data: &[u8]) -> LinkKind {
        LinkKind::read(&[attribute(IFLA_INFO_KIND, name.as_bytes()), attribute(IFLA_INFO_DATA, data)].concat())
    }

    #[test]
    fn kinds_are_told_by_the_names_of_the_kernel() {
        assert_eq!(LinkKind::read(&[]), LinkKind::Device);
        assert_eq!(read("bridge\0", &[]), LinkKind::Bridge);
        assert_eq!(read("vxlan\0", &[]).to_string(), "tunnel (vxlan)");
        assert_eq!(read("macsec\0", &[]).to_string(), "macsec");
        assert_eq!(read("tun\0", &attribute(IFLA_TUN_TYPE, &[1])), LinkKind::Tun);
        assert_eq!(read("tun\0", &attribute(IFLA_TUN_TYPE, &[2])), LinkKind::Tap);
        for length in 0..20 {
            assert_eq!(LinkKind::read(&vec![0; length]), LinkKind::Device);
        }
    }

    #[test]
    fn cables_out_of_the_namespace_are_those_of_guests() {
        let link = |kind, namespace| Link { kind, other: Some(7), namespace };
        assert_eq!(link(LinkKind::Veth, Some(0)).side(), Side::Guest);
        assert_eq!(link(LinkKind::Veth, None).side(), Side::Host);
        assert_eq!(link(LinkKind::Tap, None).side(), Side::Guest);
        assert_eq!(link(LinkKind::Vlan, Some(0)).side(), Side::Host);
    }
}
