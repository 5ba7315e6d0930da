//! Joins what was seen at interfaces with what was refused afterwards: the one place where a flow that the kernel
//! counted gets its verdict.

use crate::{ebpf::abi::Record, tracker::VerdictSource};

/// What became of the packets of the window that is being closed.
#[derive(Debug, Default)]
pub(super) struct Verdicts {}

impl Verdicts {
    /// Hands on what is to be recorded of a flow that was seen. Nothing that refuses packets is watched yet, so all of
    /// it was accepted as far as is known.
    pub(super) fn settle(&mut self, seen: Record, mut each: impl FnMut(Record, VerdictSource)) {
        each(seen, VerdictSource::None);
    }
}
