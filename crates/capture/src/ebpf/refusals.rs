//! Packets that this host refuses, counted by the drop program: `bpf/drop.bpf.c`.

use std::{fs, io, os::unix::fs::MetadataExt as _};

use aya::{Btf, Ebpf, EbpfLoader, include_bytes_aligned, programs::BtfTracePoint};

use super::{
    EbpfError,
    slots::{NO_PREALLOC, SlotOptions, Slots},
};

static OBJECT: &[u8] = include_bytes_aligned!("../../bpf/drop.o");

const TRACEPOINT: &str = "kfree_skb";
/// The kernel's description of its types.
const TYPES: &str = "/sys/kernel/btf/vmlinux";
/// The network namespace of the calling thread.
const NAMESPACE: &str = "/proc/thread-self/ns/net";
/// The reason that says that a firewall refused a packet: in use since Linux 5.18.
const REASON: &[u8] = b"\0SKB_DROP_REASON_NETFILTER_DROP\0";

/// Why it cannot be seen which packets are refused. Display completes the sentence "verdicts are not observed: …".
#[derive(Debug, thiserror::Error)]
pub enum Unobserved {
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

/// Counts the packets that are refused in one network namespace, from [`attach`](Self::attach) until it is dropped.
pub struct Refusals {
    object: Ebpf,
    /// What it counts. Start it before attaching.
    pub slots: Slots,
}

impl Refusals {
    /// Loads the program for the network namespace of the calling thread; at most `capacity` refused flows are held
    /// for each window.
    ///
    /// # Errors
    /// When this kernel does not tell, or does not let us.
    pub fn load(capacity: u32) -> Result<Self, Unobserved> {
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
            .override_global("namespace_inode", &inode, true)
            .load(OBJECT)
            .map_err(refused("load it"))?;
        program(&mut object)?.load(TRACEPOINT, &types).map_err(refused("load it"))?;
        let slots = Slots::open(&mut object, SlotOptions { capacity, map_flags: NO_PREALLOC })?;
        Ok(Refusals { object, slots })
    }

    /// Begins to count.
    ///
    /// # Errors
    /// When the kernel refuses the tracepoint.
    pub fn attach(&mut self) -> Result<(), Unobserved> {
        program(&mut self.object)?.attach().map(drop).map_err(refused("attach it to the tracepoint skb:kfree_skb"))
    }
}

fn program(object: &mut Ebpf) -> Result<&mut BtfTracePoint, Unobserved> {
    let program = object.program_mut("refused").ok_or(EbpfError::NoMap("refused"))?;
    program.try_into().map_err(refused("find it in its object"))
}

/// The whole chain of causes: the last one is the kernel's.
fn refused<E: std::error::Error>(what: &'static str) -> impl FnOnce(E) -> Unobserved {
    move |error| {
        let mut reason = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            reason = format!("{reason}: {error}");
            cause = error.source();
        }
        Unobserved::Refused { what, reason }
    }
}
