//! The two ways to capture, and which of them is taken.

use std::{fmt, str::FromStr};

use super::{
    LiveError, Options,
    kernel::{self, KernelFlows},
    packets::{self, PacketSockets},
    source::Source,
};
use crate::tracker::SECOND_NS;

/// A way to capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// Programs in the kernel count flows.
    Ebpf,
    /// Packet headers are copied out of the kernel and counted here.
    PacketSocket,
}

/// Which ways may be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TierChoice {
    /// eBPF if this process may and the kernel can, otherwise packet sockets.
    #[default]
    Auto,
    /// eBPF or nothing.
    Ebpf,
    /// Packet sockets.
    PacketSocket,
}

impl TierChoice {
    /// What can be written.
    pub const NAMES: [&str; 3] = ["auto", "ebpf", "packet"];
}

impl FromStr for TierChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(TierChoice::Auto),
            "ebpf" => Ok(TierChoice::Ebpf),
            "packet" => Ok(TierChoice::PacketSocket),
            _ => Err(format!("expected auto, ebpf or packet, found `{text}`")),
        }
    }
}

/// Which way was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TierReport {
    /// The way.
    pub tier: Tier,
    /// Why, in a sentence without full stop.
    pub why: String,
}

impl Tier {
    /// How long after its end a window must wait for packets.
    pub(super) fn lateness_ns(self) -> i64 {
        match self {
            Tier::Ebpf => kernel::GRACE_NS,
            Tier::PacketSocket => packets::LATENESS_NS,
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Tier::Ebpf => "eBPF",
            Tier::PacketSocket => "packet sockets",
        })
    }
}

/// Opens the way that the options ask for.
pub(super) fn open(options: &Options, clock: &dyn Fn() -> i64) -> Result<(Box<dyn Source>, TierReport), LiveError> {
    let sockets = |why: String| -> Result<(Box<dyn Source>, TierReport), LiveError> {
        let source = PacketSockets::open(options.ring_bytes)?;
        Ok((Box::new(source), TierReport { tier: Tier::PacketSocket, why }))
    };
    if options.tier == TierChoice::PacketSocket {
        return sockets("as asked for".into());
    }
    let tracker = &options.tracker;
    let interval_ns = i64::try_from(tracker.interval.seconds()).unwrap_or(600) * SECOND_NS;
    match KernelFlows::open(&options.ebpf, interval_ns, tracker.max_flows, options.observe, clock) {
        Ok(source) => {
            let (room, verdicts) = (source.capacity(), source.verdicts());
            let why = format!("the kernel counts, with room for {room} flows; {verdicts}");
            Ok((Box::new(source), TierReport { tier: Tier::Ebpf, why }))
        }
        Err(error) if options.tier == TierChoice::Ebpf => Err(error.into()),
        Err(error) => sockets(error.to_string()),
    }
}
