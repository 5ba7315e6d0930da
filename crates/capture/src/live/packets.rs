//! Packet sockets: the kernel copies the headers of every packet into a ring, and they are counted here.

mod frame;
mod gso;
mod ring;

use std::{collections::BTreeMap, os::fd::AsFd};

use rustix::event::{PollFd, PollFlags};
use weir_network::Direction;

use self::{
    frame::Frame,
    ring::{Ring, RingOptions},
};
use super::{
    LiveError,
    source::{Source, Tally, Watched},
    wait_for,
};
use crate::{
    fragment::Fragments,
    packet::{self, LinkType, Skip},
    tracker::Observation,
};

/// The kernel hands over a block of a ring after this time at the latest, give or take as much again.
const BLOCK_TIMEOUT_MS: u32 = 40;
/// How long a window waits for packets that are still in a ring.
pub(super) const LATENESS_NS: i64 = 150_000_000;
const BLOCK_LEN: u32 = 128 * 1024;
/// Enough for Ethernet with tags, IPv6 with extension headers, and TCP with options.
const SNAP_LEN: u32 = 256;

const ARPHRD_ETHER: u16 = 1;
const ARPHRD_LOOPBACK: u16 = 772;
const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;

/// One ring for each interface.
pub(super) struct PacketSockets {
    options: RingOptions,
    rings: BTreeMap<u32, (Watched, Ring)>,
    fragments: Fragments,
}

impl PacketSockets {
    /// Without any ring. Fails when this process may not open packet sockets.
    pub(super) fn open(ring_bytes: usize) -> Result<Self, LiveError> {
        ring::check_permission()?;
        let blocks = (ring_bytes / BLOCK_LEN as usize).clamp(2, 8192);
        let options = RingOptions {
            block_len: BLOCK_LEN,
            blocks: u32::try_from(blocks).unwrap_or(2),
            block_timeout_ms: BLOCK_TIMEOUT_MS,
            snap_len: SNAP_LEN,
            ignore_outgoing: false,
        };
        Ok(PacketSockets { options, rings: BTreeMap::new(), fragments: Fragments::default() })
    }
}

impl Source for PacketSockets {
    fn add(&mut self, watched: &Watched) -> Result<(), LiveError> {
        let host = &watched.host;
        let options = RingOptions { ignore_outgoing: host.is_loopback, ..self.options };
        let ring = Ring::open(&host.name, host.index, &options)?;
        self.rings.insert(host.index, (watched.clone(), ring));
        Ok(())
    }

    fn update(&mut self, watched: &Watched) {
        if let Some((known, _)) = self.rings.get_mut(&watched.host.index) {
            known.clone_from(watched);
        }
    }

    fn remove(&mut self, gone: &[u32], tally: &mut Tally<'_>) -> Result<(), LiveError> {
        self.read(tally)?;
        self.rings.retain(|index, _| !gone.contains(index));
        Ok(())
    }

    fn descriptors<'a>(&'a self, into: &mut Vec<PollFd<'a>>) {
        into.extend(self.rings.values().map(|(_, ring)| PollFd::from_borrowed_fd(ring.as_fd(), PollFlags::IN)));
    }

    fn read(&mut self, tally: &mut Tally<'_>) -> Result<i64, LiveError> {
        let now_ns = (tally.clock)();
        for (watched, ring) in self.rings.values_mut() {
            // The interface went down or away; the monitor tells which. Taking the error ends the alarm.
            let _ = ring.take_error();
            read(watched, ring, &mut self.fragments, now_ns, tally);
        }
        tally.totals.unmatched_fragments = self.fragments.unmatched();
        Ok(i64::MAX)
    }

    /// The kernel still holds blocks that are not full: waits until it has handed them over.
    fn finish(&mut self, tally: &mut Tally<'_>) -> Result<(), LiveError> {
        let handed_over_ns = (tally.clock)() + LATENESS_NS;
        let mut left_ns = LATENESS_NS;
        while (1..=LATENESS_NS).contains(&left_ns) {
            wait_for(&mut [], left_ns.min(LATENESS_NS / 4))?;
            self.read(tally)?;
            left_ns = handed_over_ns - (tally.clock)();
        }
        Ok(())
    }
}

/// Counts what waits in the ring of an interface, and what was lost there.
fn read(watched: &Watched, ring: &mut Ring, fragments: &mut Fragments, now_ns: i64, tally: &mut Tally<'_>) {
    let frames = ring.read(|frame| {
        if let Err(skip) = count(watched, &frame, fragments, tally) {
            tally.totals.skips.add(skip);
        }
    });
    tally.totals.frames += frames as u64;
    let dropped = ring.kernel_counters().map_or(0, |counters| counters.dropped);
    if dropped > 0 {
        tally.totals.lost += dropped;
        tally.tracker.lost(watched.index, now_ns, dropped);
    }
}

fn count(watched: &Watched, frame: &Frame<'_>, fragments: &mut Fragments, tally: &mut Tally<'_>) -> Result<(), Skip> {
    if watched.host.is_loopback && frame.outgoing {
        return Ok(());
    }
    let mut parsed = parse(watched.host.hardware, frame)?;
    fragments.file(&mut parsed, u64::try_from(frame.time_ns).unwrap_or(0));
    let (segments, bytes) = gso::on_the_wire(frame, &mut parsed);
    let direction = if frame.outgoing { Direction::Egress } else { Direction::Ingress };
    let judgement = (tally.judge)(&watched.interface, direction, &parsed.packet, frame.time_ns);
    tally.tracker.observe(&Observation {
        time_ns: frame.time_ns,
        interface: watched.index,
        direction,
        packet: &parsed,
        segments,
        bytes,
        judgement,
    });
    Ok(())
}

/// Ethernet frames are taken apart from their own header, tags and all. For every other kind of interface the kernel
/// says where the network header is and what it is.
fn parse(hardware: u16, frame: &Frame<'_>) -> Result<packet::Parsed, Skip> {
    if matches!(hardware, ARPHRD_ETHER | ARPHRD_LOOPBACK) {
        return packet::parse_cut(LinkType::Ethernet, frame.bytes, frame.wire_len);
    }
    if !matches!(frame.ether_type, ETHERTYPE_IPV4 | ETHERTYPE_IPV6) {
        return Err(Skip::NotIp(frame.ether_type));
    }
    let bytes = frame.bytes.get(frame.network_at..).unwrap_or_default();
    packet::parse_cut(LinkType::RawIp, bytes, frame.wire_len.saturating_sub(frame.network_at))
}
