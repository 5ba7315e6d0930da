//! Sends a known number of small UDP packets, spread over a known number of flows, and says how long it took.
//!
//! For network namespaces made for a benchmark; it stops by itself.

use std::{
    net::{SocketAddr, UdpSocket},
    time::Instant,
};

use anyhow::Context;
use clap::Parser;

/// Send UDP packets as fast as one socket goes.
#[derive(Parser)]
struct Arguments {
    /// How many packets to send
    #[arg(long, default_value_t = 500_000)]
    packets: u64,
    /// Over how many destination ports, from 20000 on
    #[arg(long, default_value_t = 1000)]
    flows: u16,
    /// From how many sockets, one after another: each has its own source port and sends to every destination port
    #[arg(long, default_value_t = 1)]
    sockets: u16,
    /// Bytes of payload
    #[arg(long, default_value_t = 72)]
    payload: usize,
    /// Address to send to
    target: String,
}

#[allow(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let payload = vec![0_u8; arguments.payload];
    let targets = (0..arguments.flows.max(1))
        .map(|flow| format!("{}:{}", arguments.target, 20_000 + flow).parse())
        .collect::<Result<Vec<SocketAddr>, _>>()
        .with_context(|| format!("`{}` is not an address", arguments.target))?;
    let sockets = u64::from(arguments.sockets.max(1));
    let began = Instant::now();
    let mut refused = 0;
    for socket in 0..sockets {
        let packets = arguments.packets / sockets + u64::from(socket < arguments.packets % sockets);
        refused += burst(packets, &targets, &payload)?;
    }
    println!("{} {} {refused}", arguments.packets, began.elapsed().as_secs_f64());
    Ok(())
}

/// Sends so many packets from one socket to the targets in turn; says how many had to be sent again.
fn burst(packets: u64, targets: &[SocketAddr], payload: &[u8]) -> anyhow::Result<u64> {
    let socket = UdpSocket::bind("0.0.0.0:0").context("cannot open a socket")?;
    let mut refused = 0;
    for packet in 0..packets {
        let target = targets[(packet % targets.len() as u64) as usize];
        // an ICMP "port unreachable" of an earlier packet shows as an error here and says nothing of this one
        if socket.send_to(payload, target).is_err() {
            refused += 1;
            socket.send_to(payload, target).with_context(|| format!("cannot send to {target}"))?;
        }
    }
    Ok(refused)
}
