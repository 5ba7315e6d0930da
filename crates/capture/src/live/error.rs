//! Why capturing is not possible.

use std::io;

use crate::{ebpf::EbpfError, interfaces::InterfacesError, tracker::TooManyInterfaces};

/// Why capturing is not possible.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// This process may not open packet sockets.
    #[error(
        "no right to capture packets: run as root, or give the program the rights with \
         `setcap cap_bpf,cap_perfmon,cap_net_admin,cap_net_raw+ep`, or start the container with \
         `--cap-add BPF --cap-add PERFMON --cap-add NET_ADMIN --cap-add NET_RAW`; cap_net_raw alone is enough for \
         packet sockets"
    )]
    Permission,
    /// The kernel has no packet sockets, or no descriptor is left.
    #[error("cannot open a packet socket: {source}")]
    Unavailable {
        /// The kernel's answer.
        source: io::Error,
    },
    /// A step failed on one interface.
    #[error("cannot capture on {interface}: cannot {what}: {source}")]
    Socket {
        /// What was tried.
        what: &'static str,
        /// Name of the interface.
        interface: String,
        /// The kernel's answer.
        source: io::Error,
    },
    /// Another program of ours has the interface: its packets would be in two records.
    #[error("another Weir records {interface} already: stop that one, or name other interfaces with `--interface`")]
    InUse {
        /// Name of the interface.
        interface: String,
    },
    /// Counting in the kernel does not work, and nothing else was allowed.
    #[error(transparent)]
    Ebpf(#[from] EbpfError),
    /// Interfaces could not be listed.
    #[error(transparent)]
    Interfaces(#[from] InterfacesError),
    /// More interfaces than can be told apart.
    #[error(transparent)]
    TooManyInterfaces(#[from] TooManyInterfaces),
    /// Waiting for packets failed.
    #[error("cannot wait for packets: {source}")]
    Wait {
        /// The kernel's answer.
        source: io::Error,
    },
}
