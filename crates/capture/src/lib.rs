//! Packets to flow log records: reading captures, reading interfaces, taking packets apart, tracking flows.
//!
//! [`packet`] takes a captured frame apart, [`fragment`] finds the ports of later fragments.
//! Neither reads a clock.

pub mod fragment;
pub mod packet;
