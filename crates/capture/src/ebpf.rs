//! Counting flows in the kernel: what the programs in `bpf/` and this crate share.
//!
//! [`abi`] has the layouts, [`slots`] the two maps of flows that take turns, window by window, and `sys` the calls to
//! the kernel that no safe library has. Every object that includes `bpf/slots.h` has such maps, and user space reads
//! them in the same way.

pub mod abi;
mod error;
mod reconcile;
pub mod refusals;
pub mod slots;
mod sys;

pub use self::{error::EbpfError, sys::boot_ns};
