//! Packets that this host refuses, counted by the drop program: `bpf/drop.bpf.c`.

use std::{
    fs, io,
    os::{fd::AsFd as _, unix::fs::MetadataExt as _},
};

use aya::{
    Btf, Ebpf, EbpfLoader, include_bytes_aligned,
    maps::{Map, MapData},
    programs::BtfTracePoint,
};
use weir_network::Direction;

use super::{
    EbpfError,
    abi::EGRESS,
    error::{undisturbed, with_causes},
    probe,
    slots::{NO_PREALLOC, SlotOptions, Slots},
    sys::{self, Plain},
};
use crate::memory;

static OBJECT: &[u8] = include_bytes_aligned!("../../bpf/drop.o");

const TRACEPOINT: &str = "kfree_skb";
/// Memory of the ring for packets of further flows, in bytes.
const SPILL_BYTES: u32 = 2 * 1024 * 1024;
/// The kernel's description of its types.
const TYPES: &str = "/sys/kernel/btf/vmlinux";
/// The network namespace of the calling thread.
const NAMESPACE: &str = "/proc/thread-self/ns/net";
/// The reason that says that a firewall refused a packet: in use since Linux 5.18.
const REASON: &[u8] = b"\0SKB_DROP_REASON_NETFILTER_DROP\0";

/// Why it cannot be seen which packets are refused. Display completes the sentence "verdicts are not observed: …".
#[derive(Debug, thiserror::Error)]
pub enum Unobserved {
    /// Nobody asked for it.
    #[error("as asked for")]
    Unwanted,
    /// This process may not.
    #[error("this takes {missing}, which this process lacks; run as root or give it that right")]
    NoRight {
        /// Capabilities.
        missing: String,
    },
    /// A kernel without BTF.
    #[error("the kernel does not describe its types ({TYPES}: {0}); it needs CONFIG_DEBUG_INFO_BTF")]
    NoTypes(io::Error),
    /// A kernel from before 5.18.
    #[error("the kernel does not say why it drops a packet; Linux 5.18 and later do")]
    NoReasons,
    /// The network namespace is not known.
    #[error("cannot tell the network namespace ({NAMESPACE}: {0}); is /proc mounted?")]
    NoNamespace(io::Error),
    /// The kernel, or a policy around it, would not have the program.
    #[error("the kernel refuses the program that watches dropped packets: cannot {what}: {reason}")]
    Refused {
        /// What was tried.
        what: &'static str,
        /// Its answer, with all its causes.
        reason: String,
    },
    /// Its maps are not to be had.
    #[error(transparent)]
    Maps(#[from] EbpfError),
}

/// Who refused a packet: `enum refuser` of `bpf/drop.bpf.c`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refuser {
    /// Netfilter: nftables, iptables, and what is made of them.
    Firewall,
    /// A program or filter of traffic control.
    TrafficControl,
    /// A program on a cgroup's egress.
    Cgroup,
    /// The reverse-path filter (`rp_filter`).
    ReversePathFilter,
    /// One of these, in one of more places than are told apart.
    Unknown,
}

/// How many packets were refused in one place since the beginning, each as large as the kernel handles it: what the
/// counters of a firewall count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefusalTotal {
    /// The kernel's index of the interface.
    pub ifindex: u32,
    /// Which way they went.
    pub direction: Direction,
    /// Who refused them.
    pub refuser: Refuser,
    /// The mark of the rule; 0 for one that is not ours.
    pub rule: u32,
    /// How many.
    pub packets: u64,
}

/// `struct total_key` of `bpf/drop.bpf.c`.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
struct TotalKey {
    ifindex: u32,
    rule: u32,
    bits: u8,
    refuser: u8,
    pad: [u8; 2],
}

#[allow(unsafe_code, reason = "a promise about the layout above")]
// SAFETY: integers, 12 bytes of them without a gap.
unsafe impl Plain for TotalKey {}

/// Counts the packets that are refused in one network namespace, from [`attach`](Self::attach) until it is dropped.
pub struct Refusals {
    object: Ebpf,
    /// What it counts. Start it before attaching.
    pub slots: Slots,
    totals: MapData,
}

impl Refusals {
    /// Loads the program for the network namespace of the calling thread; at most `capacity` refused flows are held
    /// for each window.
    ///
    /// # Errors
    /// When this kernel does not tell, or does not let us.
    pub fn load(capacity: u32) -> Result<Self, Unobserved> {
        let missing = probe::missing_to_observe();
        if !missing.is_empty() {
            return Err(Unobserved::NoRight { missing: missing.join(" and ") });
        }
        let mut object = load_object()?;
        memory::give_back();
        let slots = Slots::open(&mut object, SlotOptions { capacity, map_flags: NO_PREALLOC })?;
        let totals = match object.take_map("totals") {
            Some(Map::HashMap(map)) => map,
            _ => return Err(EbpfError::NoMap("totals").into()),
        };
        let prepared = sys::update(totals.fd().as_fd(), &TotalKey::default(), &0u64);
        prepared.map_err(EbpfError::map("prepare a counter"))?;
        Ok(Refusals { object, slots, totals })
    }

    /// What was refused since it was attached, by place.
    ///
    /// # Errors
    /// When the kernel refuses to tell.
    pub fn totals(&self) -> Result<Vec<RefusalTotal>, EbpfError> {
        let mut totals = Vec::new();
        let each = |key: &TotalKey, packets: &u64| totals.extend(key.total(*packets));
        sys::for_each(self.totals.fd().as_fd(), each).map_err(EbpfError::map("read a counter"))?;
        Ok(totals)
    }

    /// Begins to count.
    ///
    /// # Errors
    /// When the kernel refuses the tracepoint.
    pub fn attach(&mut self) -> Result<(), Unobserved> {
        program(&mut self.object)?.attach().map(drop).map_err(refused("attach it to the tracepoint skb:kfree_skb"))
    }
}

/// Loads the program for this network namespace. The kernel's types take some 40 MB while they are read.
fn load_object() -> Result<Ebpf, Unobserved> {
    let types = fs::read(TYPES).map_err(Unobserved::NoTypes)?;
    if !types.windows(REASON.len()).any(|bytes| bytes == REASON) {
        return Err(Unobserved::NoReasons);
    }
    let types = Btf::parse(&types, aya::Endianness::default()).map_err(refused("read the kernel's types"))?;
    let inode = fs::metadata(NAMESPACE).map_err(Unobserved::NoNamespace)?.ino();
    // The kernel's own type of it is 32 bits.
    let inode = inode as u32;
    let mut object = EbpfLoader::new()
        .btf(Some(&types))
        .map_max_entries("spill", SPILL_BYTES)
        .override_global("namespace_inode", &inode, true)
        .load(OBJECT)
        .map_err(refused("load it"))?;
    let program = program(&mut object)?;
    undisturbed(|| program.load(TRACEPOINT, &types)).map_err(refused("load it"))?;
    Ok(object)
}

fn program(object: &mut Ebpf) -> Result<&mut BtfTracePoint, Unobserved> {
    let program = object.program_mut("refused").ok_or(EbpfError::NoMap("refused"))?;
    program.try_into().map_err(refused("find it in its object"))
}

fn refused<E: std::error::Error>(what: &'static str) -> impl FnOnce(E) -> Unobserved {
    move |error| Unobserved::Refused { what, reason: with_causes(&error) }
}

impl TotalKey {
    fn total(&self, packets: u64) -> Option<RefusalTotal> {
        let direction = if self.bits & EGRESS == 0 { Direction::Ingress } else { Direction::Egress };
        let refuser = match self.refuser {
            1 => Refuser::Firewall,
            2 => Refuser::TrafficControl,
            3 => Refuser::Cgroup,
            4 => Refuser::ReversePathFilter,
            _ => Refuser::Unknown,
        };
        let total = RefusalTotal { ifindex: self.ifindex, direction, refuser, rule: self.rule, packets };
        (packets > 0).then_some(total)
    }
}
