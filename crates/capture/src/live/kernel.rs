//! The kernel counts: flows come from eBPF programs, once for each window.
//!
//! A window of flows is closed [`GRACE_NS`] after its end; until then the kernel counts the next one already. The
//! boundary between the two is set in boot time, and follows the wall clock as that drifts. When the wall clock is set,
//! the window ends there and then, its times by the clock as it was.

mod clocks;
mod spilled;
mod verdicts;

use std::{collections::BTreeMap, thread, time::Duration};

use rustix::event::{PollFd, PollFlags};
use weir_network::Packet;

use self::{clocks::Clocks, spilled::Spilled, verdicts::Verdicts};
use super::{
    LiveError, Refused,
    source::{Source, Tally, Watched},
};
use crate::{
    ebpf::{
        EbpfError,
        abi::{Key, Record},
        boot_ns,
        flow::{FlowOptions, FlowPrograms},
        reconcile::Flows,
        slots::{Closed, Slots},
    },
    tracker::{FlowSum, Judgement, VerdictSource, window_start},
};

/// After its end a window waits so long for programs that still work on a packet.
pub(super) const GRACE_NS: i64 = 20_000_000;
/// A window that is ended early ends this much ahead, so that no program is beyond the new end already.
const CUT_NS: u64 = 2_000_000;
/// A wall clock that moved more at once was set; less is drift, and followed.
const STEP_NS: i64 = 100_000_000;
const DRIFT_NS: i64 = 1_000_000;
/// After a failure the kernel is left alone for so long.
const RETRY_NS: u64 = 1_000_000_000;
/// How often the counters of all frames are read.
const TOTALS_NS: u64 = 100_000_000;

/// What the kernel is counting now.
#[derive(Debug, Clone, Copy)]
struct Window {
    clocks: Clocks,
    start_ns: i64,
    end_ns: i64,
}

/// Flows counted by the programs.
pub(super) struct KernelFlows {
    programs: FlowPrograms,
    slots: Slots,
    interfaces: BTreeMap<u32, Watched>,
    interval_ns: i64,
    window: Window,
    spilled: Spilled,
    max_flows: usize,
    verdicts: Verdicts,
    retry_ns: u64,
    totals_ns: u64,
}

impl KernelFlows {
    /// Loads the programs; the first window is the present one.
    pub(super) fn open(
        options: &FlowOptions,
        interval_ns: i64,
        max_flows: usize,
        observe: bool,
        clock: &dyn Fn() -> i64,
    ) -> Result<Self, EbpfError> {
        let (programs, mut slots) = FlowPrograms::load(options)?;
        let clocks = Clocks::roughly(clock);
        let window = Window::holding(boot_ns(), clocks, interval_ns);
        slots.start(clocks.boot(window.end_ns));
        let verdicts = Verdicts::open(observe, slots.boundary_ns());
        Ok(KernelFlows {
            programs,
            slots,
            interfaces: BTreeMap::new(),
            interval_ns,
            window,
            spilled: Spilled::default(),
            max_flows,
            verdicts,
            retry_ns: 0,
            totals_ns: 0,
        })
    }

    /// For how many flows of a window there is room in the kernel.
    pub(super) fn capacity(&self) -> u32 {
        self.slots.capacity()
    }

    /// Keeps the boundary where the wall clock has it.
    fn follow_clock(&mut self, tally: &mut Tally<'_>) -> Result<(), EbpfError> {
        let Some(clocks) = Clocks::read(tally.clock) else { return Ok(()) };
        let moved_ns = clocks.moved_since(self.window.clocks).abs();
        if moved_ns >= STEP_NS {
            return self.cut(tally);
        }
        let boundary_ns = clocks.boot(self.window.end_ns);
        let far = |boundary_ns: u64| boundary_ns > boot_ns() + 10 * CUT_NS;
        if moved_ns >= DRIFT_NS && far(boundary_ns) && far(self.slots.boundary_ns()) {
            self.window.clocks = clocks;
            self.move_boundary(boundary_ns);
        }
        Ok(())
    }

    /// Whether verdicts are observed, and if not, why.
    pub(super) fn verdicts(&self) -> String {
        self.verdicts.describe()
    }

    fn move_boundary(&mut self, boundary_ns: u64) {
        self.slots.move_boundary(boundary_ns);
        self.verdicts.move_boundary(self.slots.boundary_ns());
    }

    /// Counts all until now, in the midst of a window, which then begins again.
    fn cut(&mut self, tally: &mut Tally<'_>) -> Result<(), EbpfError> {
        if self.slots.boundary_ns() <= boot_ns() {
            self.close_settled(tally)?;
        }
        let boundary_ns = boot_ns() + CUT_NS;
        if self.slots.boundary_ns() > boundary_ns {
            self.move_boundary(boundary_ns);
        }
        self.close_settled(tally)
    }

    /// Waits until no program works on a packet from before the boundary any more.
    fn close_settled(&mut self, tally: &mut Tally<'_>) -> Result<(), EbpfError> {
        let settled_ns = self.slots.boundary_ns() + CUT_NS;
        thread::sleep(Duration::from_nanos(settled_ns.saturating_sub(boot_ns())));
        self.close(tally)
    }

    /// Counts the window whose end has passed; the next one is open already.
    fn close(&mut self, tally: &mut Tally<'_>) -> Result<(), EbpfError> {
        let clocks = Clocks::read(tally.clock).unwrap_or(self.window.clocks);
        let next = Window::holding(boot_ns(), clocks, self.interval_ns);
        let (boundary_ns, next_boundary_ns) = (self.slots.boundary_ns(), clocks.boot(next.end_ns));
        let mut beyond = Vec::new();
        let turned = self.verdicts.turn(next_boundary_ns, self.max_flows, &mut beyond);
        self.count_beyond(&beyond, tally);
        turned?;
        let closed = self.slots.close(next_boundary_ns)?;
        // Whatever programs sent over the ring for the window is in it by now.
        let taken = self.take_spilled(boundary_ns, tally);
        let spilled = self.spilled.turn();
        let window = std::mem::replace(&mut self.window, next);
        self.count(closed, spilled, (window, boundary_ns), tally).and(taken)
    }

    fn count(
        &mut self,
        closed: Closed,
        mut spilled: Flows,
        (window, end_ns): (Window, u64),
        tally: &mut Tally<'_>,
    ) -> Result<(), EbpfError> {
        let KernelFlows { verdicts, interfaces, slots, .. } = self;
        let mut each = |record: Record, source| count(&record, source, window, interfaces, tally);
        let mut settling = verdicts.settle(slots, interfaces, end_ns);
        let read = closed.for_each(|mut record| {
            if let Some(more) = spilled.remove(&record.key) {
                record.counts.add(&more);
            }
            settling.seen(record, &mut each);
        });
        for (key, counts) in spilled {
            settling.seen(Record { key, counts }, &mut each);
        }
        let (refused_lost, unmatched) = settling.end(&mut each);
        tally.totals.unmatched_refusals += unmatched;
        read?;
        for (ifindex, packets) in closed.lost?.into_iter().chain(refused_lost?) {
            self.count_lost(ifindex, packets, window.end_ns - 1, tally);
        }
        Ok(())
    }

    fn take_spilled(&mut self, boundary_ns: u64, tally: &mut Tally<'_>) -> Result<(), EbpfError> {
        let (spilled, most) = (&mut self.spilled, self.max_flows);
        let mut beyond = Vec::new();
        let flows = self.slots.read_spill(|record| beyond.extend(spilled.add(&record, boundary_ns, most).err()));
        let refusals = self.verdicts.take_spilled(most, &mut beyond);
        self.count_beyond(&beyond, tally);
        flows.and(refusals)
    }

    /// Packets of more flows than are held are lost.
    fn count_beyond(&self, beyond: &[Record], tally: &mut Tally<'_>) {
        for Record { key, counts } in beyond {
            self.count_lost(key.ifindex, counts.packets, self.window.clocks.wall(counts.first_ns), tally);
        }
    }

    fn count_lost(&self, ifindex: u32, packets: u64, time_ns: i64, tally: &mut Tally<'_>) {
        tally.totals.lost += packets;
        if let Some(watched) = self.interfaces.get(&ifindex) {
            tally.tracker.lost(watched.index, time_ns, packets);
        }
    }

    fn take_totals(&mut self, tally: &mut Tally<'_>) -> Result<(), EbpfError> {
        tally.totals.frames = self.programs.frames()?;
        tally.totals.unmatched_fragments = self.programs.unmatched_fragments()?;
        if let Some(totals) = self.verdicts.totals() {
            let as_of_ns = (tally.clock)();
            let unmatched = tally.totals.unmatched_refusals;
            tally.totals.refused = Some(Refused { as_of_ns, totals: totals?, unmatched });
        }
        self.programs.take_skips(&mut tally.totals.skips)
    }

    fn read_due(&mut self, tally: &mut Tally<'_>) -> Result<(), EbpfError> {
        self.take_spilled(self.slots.boundary_ns(), tally)?;
        self.follow_clock(tally)?;
        if boot_ns() >= self.slots.boundary_ns() + GRACE_NS.cast_unsigned() {
            self.close(tally)?;
        }
        if boot_ns() >= self.totals_ns {
            self.totals_ns = boot_ns() + TOTALS_NS;
            self.take_totals(tally)?;
        }
        Ok(())
    }
}

impl Source for KernelFlows {
    fn add(&mut self, watched: &Watched) -> Result<(), LiveError> {
        let host = &watched.host;
        // The loopback interface shows every packet twice, leaving and arriving; it is counted once, as it arrives.
        self.programs.attach(&host.name, host.index, !host.is_loopback)?;
        self.update(watched);
        Ok(())
    }

    fn update(&mut self, watched: &Watched) {
        self.interfaces.insert(watched.host.index, watched.clone());
    }

    fn remove(&mut self, gone: &[u32], tally: &mut Tally<'_>) -> Result<(), LiveError> {
        gone.iter().for_each(|ifindex| self.programs.detach(*ifindex));
        // Its index may be another interface's next.
        let counted = self.cut(tally);
        self.interfaces.retain(|ifindex, _| !gone.contains(ifindex));
        Ok(counted?)
    }

    fn descriptors<'a>(&'a self, into: &mut Vec<PollFd<'a>>) {
        into.push(PollFd::from_borrowed_fd(self.slots.spill_fd(), PollFlags::IN));
        self.verdicts.descriptors(into);
    }

    fn read(&mut self, tally: &mut Tally<'_>) -> Result<i64, LiveError> {
        if boot_ns() >= self.retry_ns {
            let read = self.read_due(tally);
            if read.is_err() {
                self.retry_ns = boot_ns() + RETRY_NS;
            }
            read?;
        }
        Ok(self.window.start_ns)
    }

    fn finish(&mut self, tally: &mut Tally<'_>) -> Result<(), LiveError> {
        self.slots.end();
        self.verdicts.end();
        self.cut(tally)?;
        Ok(self.take_totals(tally)?)
    }
}

impl Window {
    fn holding(boot_ns: u64, clocks: Clocks, interval_ns: i64) -> Self {
        let start_ns = window_start(clocks.wall(boot_ns), interval_ns);
        Window { clocks, start_ns, end_ns: start_ns + interval_ns }
    }

    /// A time of the window on the wall clock. The clock drifts, so that the first or last packets of a window may seem
    /// to lie beside it.
    fn wall(&self, boot_ns: u64) -> i64 {
        let wall_ns = self.clocks.wall(boot_ns).min(self.end_ns - 1);
        if (self.start_ns - STEP_NS..self.start_ns).contains(&wall_ns) { self.start_ns } else { wall_ns }
    }
}

/// Files a flow of a window under the interface that it was seen on.
fn count(
    record: &Record,
    source: VerdictSource,
    window: Window,
    interfaces: &BTreeMap<u32, Watched>,
    tally: &mut Tally<'_>,
) {
    let Record { key, counts } = record;
    let Some(watched) = interfaces.get(&key.ifindex) else {
        tally.tracker.count_unknown(counts.packets);
        return;
    };
    let (packet, first_ns) = (packet(key), window.wall(counts.first_ns));
    let judgement = match source {
        VerdictSource::None => (tally.judge)(&watched.interface, key.direction(), &packet, first_ns),
        source => Judgement { action: key.action(), rule: key.rule, source },
    };
    tally.tracker.add(&FlowSum {
        interface: watched.index,
        direction: key.direction(),
        packet,
        judgement,
        first_ns,
        last_ns: window.wall(counts.last_ns),
        packets: counts.packets,
        bytes: counts.bytes,
        flags: counts.flag_bits(),
    });
}

fn packet(key: &Key) -> Packet {
    Packet {
        source: key.source(),
        destination: key.destination(),
        protocol: key.protocol,
        source_port: u16::from_be_bytes(key.source_port),
        destination_port: u16::from_be_bytes(key.destination_port),
        icmp: None,
    }
}
