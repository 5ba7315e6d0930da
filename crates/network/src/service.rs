//! What a rule is about: protocol, ports, ICMP type and code.

use std::fmt;

use thiserror::Error;

use crate::Packet;

/// IANA number of ICMP.
pub const ICMP: u8 = 1;
/// IANA number of TCP.
pub const TCP: u8 = 6;
/// IANA number of UDP.
pub const UDP: u8 = 17;
/// IANA number of ICMP for IPv6.
pub const ICMPV6: u8 = 58;

/// Destination ports from first to last, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortRange {
    first: u16,
    last: u16,
}

impl PortRange {
    /// Every port.
    pub const ALL: PortRange = PortRange { first: 0, last: u16::MAX };

    /// The ports from `first` to `last`; `None` when they are the wrong way round.
    pub const fn new(first: u16, last: u16) -> Option<Self> {
        if first <= last { Some(Self { first, last }) } else { None }
    }

    /// The first port.
    pub const fn first(self) -> u16 {
        self.first
    }

    /// The last port.
    pub const fn last(self) -> u16 {
        self.last
    }

    /// Whether the port is one of them.
    pub const fn contains(self, port: u16) -> bool {
        self.first <= port && port <= self.last
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last { write!(f, "{}", self.first) } else { write!(f, "{}-{}", self.first, self.last) }
    }
}

/// What a rule of a security group or an entry of a network ACL is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Every protocol and port: protocol `-1` of AWS.
    All,
    /// TCP to these ports.
    Tcp(PortRange),
    /// UDP to these ports.
    Udp(PortRange),
    /// ICMP of this type and code; `None` is any.
    Icmp(IcmpMatch),
    /// ICMP for IPv6 of this type and code; `None` is any.
    Icmpv6(IcmpMatch),
    /// Another protocol, by its IANA number; rules cannot look at its ports, as at AWS.
    Protocol(u8),
}

/// Which ICMP messages are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IcmpMatch {
    /// Every message: type `-1` of AWS.
    Any,
    /// Messages of a type: code `-1` of AWS.
    Type(u8),
    /// Messages of a type and code.
    Code(u8, u8),
}

/// What is wrong with a protocol, ports, or an ICMP type.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ServiceError {
    /// No such protocol.
    #[error("unknown protocol `{0}`: write all, tcp, udp, icmp, icmpv6 or a number from 0 to 255")]
    Protocol(String),
    /// No range of ports.
    #[error("`{0}` are no ports: write one port such as 22, a range such as 1024-65535, or all")]
    Ports(String),
    /// Ports where there are none.
    #[error("protocol `{0}` takes no ports: leave `ports` out, or choose tcp or udp")]
    NoPorts(String),
    /// No ICMP type or code.
    #[error("`{0}` is no icmp type or code: write a number from 0 to 255, or -1 for any")]
    Icmp(String),
    /// ICMP type or code for another protocol.
    #[error("protocol `{0}` has no icmp type: leave `icmp-type` and `icmp-code` out, or choose icmp or icmpv6")]
    NoIcmp(String),
    /// A code for any type.
    #[error("an icmp code needs an icmp type: give `icmp-type` too")]
    CodeWithoutType,
}

impl Service {
    /// Puts together what a person wrote: a protocol by name or number (`-1` and `all` are every protocol; `None`
    /// too), ports for TCP and UDP (`None` is every port), type and code for ICMP (`None` and `-1` are any).
    ///
    /// # Errors
    /// When a part is malformed, or does not go with the protocol.
    pub fn parse(
        protocol: Option<&str>,
        ports: Option<&str>,
        icmp_type: Option<&str>,
        icmp_code: Option<&str>,
    ) -> Result<Self, ServiceError> {
        let name = protocol.unwrap_or("all");
        let number = protocol_number(name)?;
        if !matches!(number, Some(ICMP | ICMPV6)) && (icmp_type.is_some() || icmp_code.is_some()) {
            return Err(ServiceError::NoIcmp(name.to_owned()));
        }
        if !matches!(number, Some(TCP | UDP)) && ports.is_some() {
            return Err(ServiceError::NoPorts(name.to_owned()));
        }
        Ok(match number {
            Some(TCP) => Service::Tcp(parse_ports(ports)?),
            Some(UDP) => Service::Udp(parse_ports(ports)?),
            Some(ICMP) => Service::Icmp(parse_icmp(icmp_type, icmp_code)?),
            Some(ICMPV6) => Service::Icmpv6(parse_icmp(icmp_type, icmp_code)?),
            Some(other) => Service::Protocol(other),
            None => Service::All,
        })
    }

    /// IANA number of the protocol; `None` is every protocol.
    pub const fn protocol(self) -> Option<u8> {
        match self {
            Service::All => None,
            Service::Tcp(_) => Some(TCP),
            Service::Udp(_) => Some(UDP),
            Service::Icmp(_) => Some(ICMP),
            Service::Icmpv6(_) => Some(ICMPV6),
            Service::Protocol(number) => Some(number),
        }
    }

    /// The protocol as a person writes it: `all`, `tcp`, `udp`, `icmp`, `icmpv6` or a number.
    pub fn protocol_name(self) -> String {
        match self {
            Service::All => "all".to_owned(),
            Service::Tcp(_) => "tcp".to_owned(),
            Service::Udp(_) => "udp".to_owned(),
            Service::Icmp(_) => "icmp".to_owned(),
            Service::Icmpv6(_) => "icmpv6".to_owned(),
            Service::Protocol(number) => number.to_string(),
        }
    }

    /// The values of [`selector`] that are meant, as first and last.
    pub(crate) const fn selectors(self) -> (u16, u16) {
        match self {
            Service::Tcp(ports) | Service::Udp(ports) => (ports.first, ports.last),
            Service::Icmp(icmp) | Service::Icmpv6(icmp) => match icmp {
                IcmpMatch::Any => (0, u16::MAX),
                IcmpMatch::Type(kind) => ((kind as u16) << 8, (kind as u16) << 8 | 0xff),
                IcmpMatch::Code(kind, code) => {
                    let value = (kind as u16) << 8 | code as u16;
                    (value, value)
                }
            },
            Service::All | Service::Protocol(_) => (0, u16::MAX),
        }
    }

    /// Whether this is every port of the protocol, TCP or UDP, or more than that.
    pub(crate) fn is_every_port_of(self, protocol: u8) -> bool {
        match self {
            Service::All => true,
            Service::Tcp(ports) => protocol == TCP && ports == PortRange::ALL,
            Service::Udp(ports) => protocol == UDP && ports == PortRange::ALL,
            Service::Icmp(_) | Service::Icmpv6(_) | Service::Protocol(_) => false,
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.protocol_name())?;
        match self {
            Service::Tcp(ports) | Service::Udp(ports) if *ports != PortRange::ALL => write!(f, " {ports}"),
            Service::Icmp(IcmpMatch::Type(kind)) | Service::Icmpv6(IcmpMatch::Type(kind)) => write!(f, " type {kind}"),
            Service::Icmp(IcmpMatch::Code(kind, code)) | Service::Icmpv6(IcmpMatch::Code(kind, code)) => {
                write!(f, " type {kind} code {code}")
            }
            _ => Ok(()),
        }
    }
}

/// The 16 bits of a packet that rules of its protocol look at: the destination port of TCP and UDP, type and code of
/// ICMP. `None` when the packet has none, such as an ICMP fragment: only rules without type match it.
pub(crate) fn selector(packet: &Packet) -> Option<u16> {
    match packet.protocol {
        TCP | UDP => Some(packet.destination_port),
        ICMP | ICMPV6 => packet.icmp.map(|(kind, code)| u16::from(kind) << 8 | u16::from(code)),
        _ => None,
    }
}

/// A protocol as people call it: `tcp`, `udp`, `icmp`, `icmpv6`, otherwise such as `protocol 47`.
pub(crate) fn protocol_text(number: u8) -> String {
    match number {
        TCP => "tcp".to_owned(),
        UDP => "udp".to_owned(),
        ICMP => "icmp".to_owned(),
        ICMPV6 => "icmpv6".to_owned(),
        other => format!("protocol {other}"),
    }
}

fn protocol_number(name: &str) -> Result<Option<u8>, ServiceError> {
    let unknown = || ServiceError::Protocol(name.to_owned());
    Ok(match name.to_ascii_lowercase().as_str() {
        "all" | "any" | "-1" => None,
        "tcp" => Some(TCP),
        "udp" => Some(UDP),
        "icmp" => Some(ICMP),
        "icmpv6" | "icmp6" => Some(ICMPV6),
        number => Some(number.parse().map_err(|_| unknown())?),
    })
}

fn parse_ports(text: Option<&str>) -> Result<PortRange, ServiceError> {
    let Some(text) = text.filter(|text| !matches!(*text, "all" | "any")) else { return Ok(PortRange::ALL) };
    let bad = || ServiceError::Ports(text.to_owned());
    let port = |text: &str| text.trim().parse::<u16>().map_err(|_| bad());
    let (first, last) = match text.split_once('-') {
        Some((first, last)) => (port(first)?, port(last)?),
        None => (port(text)?, port(text)?),
    };
    PortRange::new(first, last).ok_or_else(bad)
}

fn parse_icmp(icmp_type: Option<&str>, icmp_code: Option<&str>) -> Result<IcmpMatch, ServiceError> {
    match (icmp_number(icmp_type)?, icmp_number(icmp_code)?) {
        (None, None) => Ok(IcmpMatch::Any),
        (Some(kind), None) => Ok(IcmpMatch::Type(kind)),
        (Some(kind), Some(code)) => Ok(IcmpMatch::Code(kind, code)),
        (None, Some(_)) => Err(ServiceError::CodeWithoutType),
    }
}

fn icmp_number(text: Option<&str>) -> Result<Option<u8>, ServiceError> {
    match text {
        None | Some("-1" | "any" | "all") => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| ServiceError::Icmp(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(protocol: &str, ports: &str, icmp_type: &str, icmp_code: &str) -> Result<Service, String> {
        let given = |text: &'static str| Some(text).filter(|text| !text.is_empty());
        let [protocol, ports, icmp_type, icmp_code] =
            [protocol, ports, icmp_type, icmp_code].map(|text| given(Box::leak(text.to_owned().into_boxed_str())));
        Service::parse(protocol, ports, icmp_type, icmp_code).map_err(|error| error.to_string())
    }

    fn ports(first: u16, last: u16) -> PortRange {
        PortRange::new(first, last).unwrap()
    }

    #[test]
    fn what_people_write_is_understood() {
        assert_eq!(parse("", "", "", ""), Ok(Service::All));
        assert_eq!(parse("-1", "", "", ""), Ok(Service::All));
        assert_eq!(parse("TCP", "22", "", ""), Ok(Service::Tcp(ports(22, 22))));
        assert_eq!(parse("6", "1024-65535", "", ""), Ok(Service::Tcp(ports(1024, 65535))));
        assert_eq!(parse("udp", "", "", ""), Ok(Service::Udp(PortRange::ALL)));
        assert_eq!(parse("17", "all", "", ""), Ok(Service::Udp(PortRange::ALL)));
        assert_eq!(parse("icmp", "", "", ""), Ok(Service::Icmp(IcmpMatch::Any)));
        assert_eq!(parse("icmp", "", "-1", "-1"), Ok(Service::Icmp(IcmpMatch::Any)));
        assert_eq!(parse("1", "", "8", ""), Ok(Service::Icmp(IcmpMatch::Type(8))));
        assert_eq!(parse("icmpv6", "", "128", "0"), Ok(Service::Icmpv6(IcmpMatch::Code(128, 0))));
        assert_eq!(parse("50", "", "", ""), Ok(Service::Protocol(50)));
        assert_eq!(parse("0", "", "", ""), Ok(Service::Protocol(0)));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for (protocol, ports, icmp_type, icmp_code, words) in [
            ("tpc", "", "", "", "unknown protocol `tpc`"),
            ("256", "", "", "", "unknown protocol `256`"),
            ("tcp", "80-22", "", "", "`80-22` are no ports"),
            ("tcp", "65536", "", "", "`65536` are no ports"),
            ("tcp", "-1", "", "", "`-1` are no ports"),
            ("", "22", "", "", "protocol `all` takes no ports"),
            ("132", "22", "", "", "protocol `132` takes no ports"),
            ("icmp", "0", "", "", "protocol `icmp` takes no ports"),
            ("tcp", "22", "8", "", "protocol `tcp` has no icmp type"),
            ("all", "", "", "0", "protocol `all` has no icmp type"),
            ("icmp", "", "256", "", "`256` is no icmp type"),
            ("icmp", "", "", "0", "an icmp code needs an icmp type"),
        ] {
            let error = parse(protocol, ports, icmp_type, icmp_code).unwrap_err();
            assert!(error.contains(words), "{protocol} {ports}: {error}");
        }
    }

    #[test]
    fn a_service_is_displayed_short() {
        for (service, text) in [
            (Service::All, "all"),
            (Service::Tcp(ports(22, 22)), "tcp 22"),
            (Service::Udp(ports(1, 9)), "udp 1-9"),
            (Service::Tcp(PortRange::ALL), "tcp"),
            (Service::Icmp(IcmpMatch::Code(3, 4)), "icmp type 3 code 4"),
            (Service::Icmpv6(IcmpMatch::Type(128)), "icmpv6 type 128"),
            (Service::Protocol(47), "47"),
        ] {
            assert_eq!(service.to_string(), text);
        }
    }
}
