//! Joins what was seen at interfaces with what was refused afterwards: the one place where a flow that the kernel
//! counted gets its verdict.
//!
//! The refused packets of a window are read before its flows, and the windows of both end at the same instants. Flows
//! that no refusal touches are handed on as they come; the few others wait for the arithmetic of
//! [`reconcile`](crate::ebpf::reconcile).

use std::collections::BTreeMap;

use rustix::event::{PollFd, PollFlags};

use super::{super::source::Watched, spilled::Spilled};
use crate::{
    ebpf::{
        EbpfError,
        abi::Record,
        reconcile::{Flows, Interest, Look, Reconciler, Topology, seen_keys},
        refusals::{RefusalTotal, Refusals, Unobserved},
        slots::{Closed, Slots},
    },
    tracker::VerdictSource,
};

/// Most refused flows that the kernel holds of a window. Memory is taken as they come.
const CAPACITY: u32 = 131_072;
/// How often the tables of the window that has begun are looked at. A packet that is between the two programs at one
/// look is not at the next.
const LOOKS: usize = 4;

/// Watches what this host refuses, as far as its kernel tells.
pub(super) struct Verdicts {
    watching: Result<Watching, Unobserved>,
}

struct Watching {
    refusals: Refusals,
    spilled: Spilled,
    reconciler: Reconciler,
    /// A window of refusals that waits for its flows.
    closed: Option<Closed>,
}

/// The verdicts on one window.
pub(super) struct Settling<'a> {
    /// None when refusals are not watched.
    reconciler: Option<&'a mut Reconciler>,
    topology: Topology,
    refused: Flows,
    looks: Vec<Look>,
    interest: Interest,
    waiting: Flows,
    end_ns: u64,
    lost: Result<Vec<(u32, u64)>, EbpfError>,
}

impl Verdicts {
    /// Starts to watch, if that is wanted. The first window ends at this time.
    pub(super) fn open(wanted: bool, boundary_ns: u64) -> Self {
        Verdicts { watching: if wanted { Watching::open(boundary_ns) } else { Err(Unobserved::Unwanted) } }
    }

    /// What is said of it where Weir says how it captures.
    pub(super) fn describe(&self) -> String {
        match &self.watching {
            Ok(_) => "verdicts are observed".into(),
            Err(reason) => format!("verdicts are not observed: {reason}"),
        }
    }

    /// What was refused so far, by place; `None` when that is not watched.
    pub(super) fn totals(&self) -> Option<Result<Vec<RefusalTotal>, EbpfError>> {
        self.watching.as_ref().ok().map(|watching| watching.refusals.totals())
    }

    pub(super) fn descriptors<'a>(&'a self, into: &mut Vec<PollFd<'a>>) {
        if let Ok(watching) = &self.watching {
            into.push(PollFd::from_borrowed_fd(watching.refusals.slots.spill_fd(), PollFlags::IN));
        }
    }

    /// See [`Slots::end`].
    pub(super) fn end(&mut self) {
        if let Ok(watching) = &mut self.watching {
            watching.refusals.slots.end();
        }
    }

    /// Lets the window end at another time.
    pub(super) fn move_boundary(&mut self, boundary_ns: u64) {
        if let Ok(watching) = &mut self.watching {
            watching.refusals.slots.move_boundary(boundary_ns);
        }
    }

    /// Reads packets that found no room in the table; hands over those that find none here either.
    pub(super) fn take_spilled(&mut self, most: usize, beyond: &mut Vec<Record>) -> Result<(), EbpfError> {
        let Ok(watching) = &mut self.watching else { return Ok(()) };
        let boundary_ns = watching.refusals.slots.boundary_ns();
        watching.take_spilled(boundary_ns, most, beyond)
    }

    /// Closes the window of refusals, whose end has passed. To be followed by [`settle`](Self::settle); when closing
    /// the flows fails in between, it may be called again.
    pub(super) fn turn(
        &mut self,
        next_boundary_ns: u64,
        most: usize,
        beyond: &mut Vec<Record>,
    ) -> Result<(), EbpfError> {
        let Ok(watching) = &mut self.watching else { return Ok(()) };
        let slots = &mut watching.refusals.slots;
        if watching.closed.is_some() {
            slots.move_boundary(next_boundary_ns);
            return Ok(());
        }
        let boundary_ns = slots.boundary_ns();
        watching.closed = Some(slots.close(next_boundary_ns)?);
        watching.take_spilled(boundary_ns, most, beyond)
    }

    /// Begins to judge the window that was closed and ended at this time. `slots` counts the flows of the next one.
    pub(super) fn settle(&mut self, slots: &Slots, interfaces: &BTreeMap<u32, Watched>, end_ns: u64) -> Settling<'_> {
        let topology = topology(interfaces);
        let mut settling = Settling::nothing(topology, end_ns);
        let Ok(watching) = &mut self.watching else { return settling };
        let Some(closed) = watching.closed.take() else { return settling };
        settling.refused = watching.spilled.turn();
        settling.lost = watching.read(&closed, slots, &mut settling).and(closed.lost);
        settling.interest = Interest::of(&settling.refused, &settling.looks, &settling.topology);
        settling.reconciler = Some(&mut watching.reconciler);
        settling
    }
}

impl Watching {
    fn open(boundary_ns: u64) -> Result<Self, Unobserved> {
        let mut refusals = Refusals::load(CAPACITY)?;
        refusals.slots.start(boundary_ns);
        refusals.attach()?;
        Ok(Watching { refusals, spilled: Spilled::default(), reconciler: Reconciler::default(), closed: None })
    }

    fn take_spilled(&mut self, boundary_ns: u64, most: usize, beyond: &mut Vec<Record>) -> Result<(), EbpfError> {
        let spilled = &mut self.spilled;
        self.refusals.slots.read_spill(|record| beyond.extend(spilled.add(&record, boundary_ns, most).err()))
    }

    fn read(&self, closed: &Closed, slots: &Slots, settling: &mut Settling<'_>) -> Result<(), EbpfError> {
        closed.for_each(|record| add(&mut settling.refused, record))?;
        for _ in 0..LOOKS {
            settling.looks.push(self.look(slots, &settling.topology)?);
        }
        Ok(())
    }

    /// Refusals first: then none of them is of a packet seen later.
    fn look(&self, slots: &Slots, topology: &Topology) -> Result<Look, EbpfError> {
        let mut look = Look::default();
        self.refusals.slots.peek(|record| add(&mut look.refused, record))?;
        for key in seen_keys(&look.refused, topology) {
            if let Some(counts) = slots.look_up(&key)? {
                look.seen.insert(key, counts);
            }
        }
        Ok(look)
    }
}

impl Settling<'_> {
    fn nothing(topology: Topology, end_ns: u64) -> Self {
        let (refused, waiting, looks, interest) = Default::default();
        Settling { reconciler: None, topology, refused, looks, interest, waiting, end_ns, lost: Ok(Vec::new()) }
    }

    /// Hands on what is to be recorded of a flow that was seen, unless it has to wait.
    pub(super) fn seen(&mut self, seen: Record, mut each: impl FnMut(Record, VerdictSource)) {
        if self.interest.covers(&seen.key) {
            add(&mut self.waiting, seen);
        } else {
            each(seen, self.source());
        }
    }

    /// Hands on the flows that had to wait, and those that were refused. Answers what refused packets are in no table,
    /// by interface, and how many had not been seen before they were refused.
    pub(super) fn end(self, mut each: impl FnMut(Record, VerdictSource)) -> (Result<Vec<(u32, u64)>, EbpfError>, u64) {
        let source = self.source();
        let Some(reconciler) = self.reconciler else { return (self.lost, 0) };
        let before = reconciler.unmatched();
        let flows = reconciler.close(self.waiting, self.refused, &self.looks, &self.topology, self.end_ns);
        for (key, counts) in flows {
            each(Record { key, counts }, source);
        }
        (self.lost, reconciler.unmatched() - before)
    }

    fn source(&self) -> VerdictSource {
        if self.reconciler.is_some() { VerdictSource::Observed } else { VerdictSource::None }
    }
}

fn add(flows: &mut Flows, record: Record) {
    flows.entry(record.key).and_modify(|known| known.add(&record.counts)).or_insert(record.counts);
}

fn topology(interfaces: &BTreeMap<u32, Watched>) -> Topology {
    let mut topology = Topology { recorded: interfaces.keys().copied().collect(), ..Topology::default() };
    for (port, watched) in interfaces {
        if let Some(master) = watched.host.master {
            topology.ports.entry(master).or_default().push(*port);
        }
    }
    topology
}
