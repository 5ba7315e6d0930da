//! Counts the packets and IP bytes of capture files by file, interface and 5-tuple, as tab-separated lines. `tests/peers`
//! compares them with what other tools count.
//!
//! ```text
//! flow <file> <interface> <source> <destination> <protocol> <source port> <destination port> <packets> <bytes> <flags>
//! skip <file> <interface> <packets> <reason>
//! stop <file> <error>
//! ```

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::net::IpAddr;

use weir_capture::fragment::Fragments;
use weir_capture::packet::Skips;
use weir_capture::pcap::PcapReader;

type Tuple = (IpAddr, IpAddr, u8, u16, u16);

#[derive(Default)]
struct Interface {
    fragments: Fragments,
    skips: Skips,
    /// Packets, bytes, and all TCP flags seen.
    flows: BTreeMap<Tuple, (u64, u64, u8)>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = BufWriter::new(io::stdout().lock());
    for path in std::env::args().skip(1) {
        let mut interfaces: BTreeMap<u32, Interface> = BTreeMap::new();
        let stopped = count(&path, &mut interfaces);
        for (number, interface) in &interfaces {
            for ((source, destination, protocol, source_port, destination_port), (packets, bytes, flags)) in
                &interface.flows
            {
                writeln!(
                    out,
                    "flow\t{path}\t{number}\t{source}\t{destination}\t{protocol}\t{source_port}\t{destination_port}\t{packets}\t{bytes}\t{flags}"
                )?;
            }
            for (reason, packets) in interface.skips.iter() {
                writeln!(out, "skip\t{path}\t{number}\t{packets}\t{reason}")?;
            }
        }
        if let Err(error) = stopped {
            writeln!(out, "stop\t{path}\t{error}")?;
        }
    }
    out.flush()?;
    Ok(())
}

/// Counts up to the end or the first damage.
fn count(path: &str, interfaces: &mut BTreeMap<u32, Interface>) -> Result<(), Box<dyn Error>> {
    let mut capture = PcapReader::new(File::open(path)?)?;
    while let Some(frame) = capture.next_frame()? {
        let interface = interfaces.entry(frame.interface.index).or_default();
        let mut parsed = match frame.parse() {
            Ok(parsed) => parsed,
            Err(skip) => {
                interface.skips.add(skip);
                continue;
            }
        };
        interface.fragments.file(&mut parsed, frame.time_ns);
        let packet = parsed.packet;
        let tuple = (packet.source, packet.destination, packet.protocol, packet.source_port, packet.destination_port);
        let (packets, bytes, flags) = interface.flows.entry(tuple).or_default();
        *packets += 1;
        *bytes += u64::from(parsed.bytes);
        *flags |= parsed.tcp_flags;
    }
    Ok(())
}
