//! The packet that is asked about: from flags, or from a record.

use std::net::IpAddr;

use anyhow::{Result, bail};
use clap::{Arg, ArgMatches, value_parser};
use weir_network::{
    Crossing, Direction, Explanation, ICMP, ICMPV6, Interface, Network, Packet, Recorded, Service, TCP, UDP,
};

use crate::{Usage, local_nets::LocalNets, records::Flow};

/// The first of the dynamic ports (RFC 6335): where a client is taken to ask from.
const SOURCE_PORT: &str = "49152";

/// The flags that describe a packet.
pub(super) fn arguments() -> Vec<Arg> {
    let text = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    vec![
        text("from", "ADDRESS", "Source address of the packet")
            .value_parser(value_parser!(IpAddr))
            .requires("to")
            .conflicts_with("record"),
        text("to", "ADDRESS", "Destination address of the packet").value_parser(value_parser!(IpAddr)).requires("from"),
        text("port", "PORT", "Destination port; `22/tcp` gives the protocol too").requires("from"),
        text("protocol", "PROTOCOL", "tcp, udp, icmp, icmpv6 or a number [default: tcp with a port, otherwise icmp]")
            .requires("from"),
        text("source-port", "PORT", "Source port").value_parser(value_parser!(u16)).default_value(SOURCE_PORT),
        text("icmp-type", "NUMBER", "Type of the ICMP message [default: echo request]").value_parser(value_parser!(u8)),
        text("icmp-code", "NUMBER", "Code of the ICMP message").value_parser(value_parser!(u8)).default_value("0"),
    ]
}

/// Explains the packet that the flags describe.
pub(super) fn explain(network: &Network, matches: &ArgMatches) -> Result<Explanation> {
    let packet = packet(matches)?;
    let crossings = crossings(network, &packet, matches)?;
    Ok(network.explain(&packet, &crossings)?)
}

fn packet(matches: &ArgMatches) -> Result<Packet> {
    let address = |name| matches.get_one::<IpAddr>(name).copied();
    let (Some(source), Some(destination)) = (address("from"), address("to")) else {
        bail!(Usage("--from and --to go together".into()));
    };
    if source.is_ipv4() != destination.is_ipv4() {
        bail!(Usage(format!("{source} and {destination} are not of one family: give two IPv4 or two IPv6 addresses")));
    }
    let (port, named) = port(matches)?;
    let default = match (port, source.is_ipv4()) {
        (Some(_), _) => "tcp",
        (None, true) => "icmp",
        (None, false) => "icmpv6",
    };
    let given = matches.get_one::<String>("protocol").map(String::as_str).or(named.as_deref());
    let protocol = protocol(given.unwrap_or(default))?;
    let has_ports = matches!(protocol, TCP | UDP);
    let Some(destination_port) = port.or((!has_ports).then_some(0)) else {
        bail!(Usage("TCP and UDP have ports: say which with --port".into()));
    };
    if port.is_some() && !has_ports {
        bail!(Usage(format!("protocol {protocol} has no ports that rules look at: leave --port out")));
    }
    let source_port = if has_ports { matches.get_one::<u16>("source-port").copied().unwrap_or(0) } else { 0 };
    Ok(Packet { source, destination, protocol, source_port, destination_port, icmp: icmp(protocol, matches, true) })
}

/// `22` or `22/tcp`.
fn port(matches: &ArgMatches) -> Result<(Option<u16>, Option<String>)> {
    let Some(text) = matches.get_one::<String>("port") else { return Ok((None, None)) };
    let (number, protocol) = match text.split_once('/') {
        Some((number, protocol)) => (number, Some(protocol.to_owned())),
        None => (text.as_str(), None),
    };
    match number.parse() {
        Ok(port) => Ok((Some(port), protocol)),
        Err(_) => bail!(Usage(format!("--port {text}: write a port such as 22, or 53/udp"))),
    }
}

fn protocol(name: &str) -> Result<u8> {
    let service = Service::parse(Some(name), None, None, None).map_err(|error| Usage(error.to_string()))?;
    match service.protocol() {
        Some(number) => Ok(number),
        None => {
            bail!(Usage(format!("--protocol {name}: a packet has one protocol: tcp, udp, icmp, icmpv6 or a number")))
        }
    }
}

/// Type and code of an ICMP message; without `--icmp-type` that of an echo request, if wanted.
fn icmp(protocol: u8, matches: &ArgMatches, echo: bool) -> Option<(u8, u8)> {
    let code = matches.get_one::<u8>("icmp-code").copied().unwrap_or(0);
    let kind = matches.get_one::<u8>("icmp-type").copied();
    let echo = |number| echo.then_some(number);
    match protocol {
        ICMP => kind.or(echo(8)).map(|kind| (kind, code)),
        ICMPV6 => kind.or(echo(128)).map(|kind| (kind, code)),
        _ => None,
    }
}

fn crossings(network: &Network, packet: &Packet, matches: &ArgMatches) -> Result<Vec<Crossing>> {
    let asked = super::direction(matches);
    let interface = match matches.get_one::<String>("interface") {
        Some(name) => Some(named(network, name)?),
        None if network.parts().interfaces.is_empty() => Some(network.interface_for(Interface::unknown("eni-unknown"))),
        None => None,
    };
    let Some(interface) = interface else {
        let mut crossings = network.crossings(packet);
        crossings.retain(|crossing| asked.is_none_or(|asked| crossing.direction == asked));
        if crossings.is_empty() {
            bail!(
                "no interface of the network has {} or {}: name the one that is meant with --interface",
                packet.source,
                packet.destination
            );
        }
        return Ok(crossings);
    };
    let by_address = || match (interface.owns(packet.destination), interface.owns(packet.source)) {
        (true, _) => Direction::Ingress,
        (_, true) => Direction::Egress,
        _ => LocalNets::new(Vec::new()).direction(packet),
    };
    let direction = asked.unwrap_or_else(by_address);
    Ok(vec![Crossing { interface, direction }])
}

/// The interface with this id or this tag `Name`.
fn named(network: &Network, name: &str) -> Result<Interface> {
    let is_named = |interface: &&Interface| interface.tags.get("Name").is_some_and(|tag| tag == name);
    let found = network.interface(name).or_else(|| network.parts().interfaces.values().find(is_named));
    match found {
        Some(interface) => Ok(interface.clone()),
        None => bail!(Usage(format!("--interface {name}: the network file has no such interface"))),
    }
}

/// A record as the network takes it.
pub(super) fn recorded(network: &Network, flow: &Flow, matches: &ArgMatches) -> Result<Recorded> {
    let packet = Packet { icmp: icmp(flow.packet.protocol, matches, false), ..flow.packet };
    let interface_id = match matches.get_one::<String>("interface") {
        Some(name) => Some(named(network, name)?.id),
        None => flow.interface_id.clone(),
    };
    Ok(Recorded {
        interface_id,
        packet,
        direction: super::direction(matches).or(flow.direction),
        likely: LocalNets::new(Vec::new()).direction(&packet),
        tcp_flags: flow.tcp_flags,
        action: flow.action,
        rule: flow.rule.clone(),
    })
}
