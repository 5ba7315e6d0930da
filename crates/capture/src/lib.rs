//! Packets to flow log records: reading captures, reading interfaces, taking packets apart, tracking flows.
//!
//! [`packet`] takes a captured frame apart, [`fragment`] finds the ports of later fragments, and [`pcap`] reads
//! capture files. [`interfaces`] lists those of this host, and [`live`] captures on them, where it may with programs in
//! the kernel ([`ebpf`]). [`tracker`] counts packets into flows, and a finished [`window`] of flows becomes records.
//! None of them reads the wall clock.

pub mod ebpf;
pub mod fragment;
pub mod interfaces;
pub mod live;
pub mod memory;
pub mod packet;
pub mod pcap;
pub mod tracker;
pub mod window;
