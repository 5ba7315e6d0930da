//! Why counting in the kernel is not possible.

use std::io;

/// Why counting in the kernel is not possible. Display is a sentence for people; capture then goes on with packet
/// sockets.
#[derive(Debug, thiserror::Error)]
pub enum EbpfError {
    /// A step on a map failed.
    #[error("cannot {what} of eBPF: {source}")]
    Map {
        /// What was tried.
        what: &'static str,
        /// The kernel's answer.
        source: io::Error,
    },
    /// The object has no map of that name; it was not built from this source.
    #[error("the eBPF object has no usable map `{0}`: build it again with crates/capture/bpf/build")]
    NoMap(&'static str),
}

impl EbpfError {
    pub(super) fn map(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| EbpfError::Map { what, source }
    }
}
