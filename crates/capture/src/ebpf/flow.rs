//! The object `flow`: counts the packets of interfaces, at TCX or clsact, ingress and egress.

use std::{collections::BTreeMap, io, os::fd::AsFd as _};

use aya::{
    Ebpf, EbpfLoader,
    maps::{Map, MapData},
    programs::{
        LinkOrder, ProgramError, SchedClassifier, TcAttachType, TcError,
        tc::{self, NlOptions, SchedClassifierLink, TcAttachOptions},
    },
    sys::SyscallError,
    util::nr_cpus,
};
use rustix::process::{Resource, Rlimit, setrlimit};

use super::{
    EbpfError,
    error::{refused, undisturbed, with_causes},
    probe::probe,
    skips,
    slots::{NO_PREALLOC, SlotOptions, Slots},
    sys,
};
use crate::packet::Skips;

static OBJECT: &[u8] = aya::include_bytes_aligned!("../../bpf/flow.o");

/// The table of a map is 16 bytes a flow from the start, 256 MiB here; what it has no room for goes over the ring.
const CAPACITY_MAX: u32 = 1 << 24;
/// A ring smaller than this is not worth it.
const SPILL_MIN: u32 = 64 * 1024;

/// Numbers in the map `totals`.
const TOTAL_FRAMES: u32 = 0;
const TOTAL_UNMATCHED_FRAGMENTS: u32 = 1;

const INGRESS: (&str, TcAttachType) = ("flow_ingress", TcAttachType::Ingress);
const EGRESS: (&str, TcAttachType) = ("flow_egress", TcAttachType::Egress);

/// Where programs are attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AttachPoint {
    /// TCX where the kernel has it (Linux 6.6), otherwise clsact.
    #[default]
    Auto,
    /// TCX: many programs side by side, gone when this process ends.
    Tcx,
    /// The qdisc clsact. It is added where it is missing, and stays.
    Clsact,
}

/// How flows are counted in the kernel.
#[derive(Debug, Clone, Copy)]
pub struct FlowOptions {
    /// Where programs are attached.
    pub attach: AttachPoint,
    /// Most flows that the kernel holds of a window, at most 16,777,216; it makes do with less when memory is short.
    pub capacity: u32,
    /// Memory of the ring for packets of further flows, in bytes. A packet takes 96.
    pub spill_bytes: u32,
}

impl Default for FlowOptions {
    /// 262,144 flows, and a ring of 4 MiB. The ring is resident in full, twice: it is mapped end to end with itself.
    fn default() -> Self {
        FlowOptions { attach: AttachPoint::Auto, capacity: 262_144, spill_bytes: 4 * 1024 * 1024 }
    }
}

/// The programs, attached to interfaces.
pub struct FlowPrograms {
    object: Ebpf,
    attach: AttachPoint,
    /// By index of the interface. What is dropped is detached.
    links: BTreeMap<u32, Vec<SchedClassifierLink>>,
    totals: MapData,
    skips: MapData,
    /// What `skips` said last.
    skips_before: BTreeMap<u32, u64>,
    processors: usize,
}

impl FlowPrograms {
    /// Loads the programs and makes their maps, smaller ones if memory is short.
    ///
    /// # Errors
    /// When this process may not, or the kernel cannot.
    pub fn load(options: &FlowOptions) -> Result<(Self, Slots), EbpfError> {
        probe()?;
        // Before Linux 5.11 maps count as locked memory. Without the right to raise the limit, making them tells.
        let _ = setrlimit(Resource::Memlock, Rlimit { current: None, maximum: None });
        let mut object = load_object(options.spill_bytes)?;
        for (name, _) in [INGRESS, EGRESS] {
            let program = program(&mut object, name)?;
            undisturbed(|| program.load()).map_err(refused(name))?;
        }
        let capacity = options.capacity.clamp(1, CAPACITY_MAX);
        let slots = Slots::open(&mut object, SlotOptions { capacity, map_flags: NO_PREALLOC })?;
        let (totals, skips) = (take(&mut object, "totals")?, take(&mut object, "skips")?);
        sys::update(skips.fd().as_fd(), &0u32, &0u64).map_err(EbpfError::map("prepare a counter"))?;
        let processors =
            nr_cpus().map_err(|(_, source)| EbpfError::Map { what: "learn the number of processors", source })?;
        let (attach, links, skips_before) = (options.attach, BTreeMap::new(), BTreeMap::new());
        Ok((FlowPrograms { object, attach, links, totals, skips, skips_before, processors }, slots))
    }

    /// Starts to count on an interface of the calling thread's network namespace; `both_ways` also what leaves.
    ///
    /// # Errors
    /// When the interface is gone, or takes no programs.
    pub fn attach(&mut self, interface: &str, ifindex: u32, both_ways: bool) -> Result<(), EbpfError> {
        let mut links = vec![self.attach_one(interface, INGRESS)?];
        if both_ways {
            links.push(self.attach_one(interface, EGRESS)?);
        }
        self.links.insert(ifindex, links);
        Ok(())
    }

    /// Stops to count on an interface.
    pub fn detach(&mut self, ifindex: u32) {
        self.links.remove(&ifindex);
    }

    /// Where programs are attached: `Auto` until it is known.
    pub fn attach_point(&self) -> AttachPoint {
        self.attach
    }

    /// Packets, as large as the kernel handles them, that the programs saw so far.
    ///
    /// # Errors
    /// When the kernel refuses to tell.
    pub fn frames(&self) -> Result<u64, EbpfError> {
        self.total(TOTAL_FRAMES)
    }

    /// Later fragments counted without ports so far.
    ///
    /// # Errors
    /// As [`frames`](Self::frames).
    pub fn unmatched_fragments(&self) -> Result<u64, EbpfError> {
        self.total(TOTAL_UNMATCHED_FRAGMENTS)
    }

    /// Adds what was not counted since this was last asked, by reason.
    ///
    /// # Errors
    /// As [`frames`](Self::frames).
    pub fn take_skips(&mut self, into: &mut Skips) -> Result<(), EbpfError> {
        let before = &mut self.skips_before;
        let each = |number: &u32, count: &u64| {
            let more = count - before.insert(*number, *count).unwrap_or(0);
            into.add_many(skips::skip(*number), more);
        };
        sys::for_each(self.skips.fd().as_fd(), each).map_err(EbpfError::map("read a counter"))
    }

    fn total(&self, which: u32) -> Result<u64, EbpfError> {
        sys::lookup_sum(self.totals.fd().as_fd(), &which, self.processors).map_err(EbpfError::map("read a counter"))
    }

    fn attach_one(
        &mut self,
        interface: &str,
        (name, side): (&'static str, TcAttachType),
    ) -> Result<SchedClassifierLink, EbpfError> {
        let failed =
            |error: ProgramError| EbpfError::Attach { interface: interface.to_owned(), reason: with_causes(&error) };
        let program = program(&mut self.object, name)?;
        if self.attach != AttachPoint::Clsact {
            // First: what a later program refuses has been counted, as `bpf/drop.bpf.c` expects.
            match program.attach_with_options(interface, side, TcAttachOptions::TcxOrder(LinkOrder::first())) {
                Ok(link) => {
                    self.attach = AttachPoint::Tcx;
                    return program.take_link(link).map_err(failed);
                }
                Err(error) if self.attach == AttachPoint::Auto && is_unknown(&error) => {}
                Err(error) => return Err(failed(error)),
            }
        }
        prepare_clsact(interface, name, side).map_err(|error| failed(error.into()))?;
        let link = program
            .attach_with_options(interface, side, TcAttachOptions::Netlink(NlOptions::default()))
            .map_err(failed)?;
        self.attach = AttachPoint::Clsact;
        program.take_link(link).map_err(failed)
    }
}

/// Whether the kernel does not know TCX.
fn is_unknown(error: &ProgramError) -> bool {
    let ProgramError::SyscallError(SyscallError { io_error, .. }) = error else { return false };
    matches!(io_error.raw_os_error(), Some(libc::EINVAL | libc::EOPNOTSUPP))
}

/// Adds the qdisc, and removes programs of ours that a process left behind which was killed: only one records an
/// interface at a time.
fn prepare_clsact(interface: &str, program: &str, side: TcAttachType) -> Result<(), TcError> {
    // It answers with an error when the qdisc is there; if it is not, attaching will tell.
    let _ = tc::qdisc_add_clsact(interface);
    match tc::qdisc_detach_program(interface, side, program) {
        Err(TcError::IoError(error)) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn load_object(spill_bytes: u32) -> Result<Ebpf, EbpfError> {
    let mut spill_bytes = spill_bytes.clamp(SPILL_MIN, 1 << 30).next_power_of_two();
    loop {
        let loaded = EbpfLoader::new().btf(None).map_max_entries("spill", spill_bytes).load(OBJECT);
        match loaded.map_err(EbpfError::from) {
            Err(error) if error.is_about_size() && spill_bytes > SPILL_MIN => spill_bytes /= 2,
            other => return other,
        }
    }
}

fn program<'a>(object: &'a mut Ebpf, name: &'static str) -> Result<&'a mut SchedClassifier, EbpfError> {
    let program = object.program_mut(name).ok_or_else(|| EbpfError::Load(format!("there is no program {name}")))?;
    program.try_into().map_err(|error: ProgramError| EbpfError::Load(error.to_string()))
}

fn take(object: &mut Ebpf, name: &'static str) -> Result<MapData, EbpfError> {
    match object.take_map(name) {
        Some(Map::HashMap(map) | Map::PerCpuArray(map)) => Ok(map),
        _ => Err(EbpfError::NoMap(name)),
    }
}
