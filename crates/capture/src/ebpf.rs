//! Counting flows in the kernel: loading the programs, and what they share with this crate.
//!
//! [`abi`] has the layouts, [`slots`] the two maps of flows that take turns, window by window, [`probe`] asks what this
//! process may do, and `sys` has the calls to the kernel that no safe library has. Every object that includes
//! `bpf/slots.h` has such maps, and user space reads them in the same way. [`flow`] is the object that counts packets at
//! interfaces.

pub mod abi;
mod error;
pub mod flow;
pub mod probe;
pub(crate) mod reconcile;
pub mod refusals;
mod skips;
pub mod slots;
mod spill;
mod sys;

pub use self::{error::EbpfError, sys::boot_ns};
