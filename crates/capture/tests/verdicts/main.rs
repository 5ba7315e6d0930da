//! What a host's own firewall refuses is recorded as REJECT, exactly, and nothing else is: real packets through network
//! namespaces, held against the firewall's counters. Needs root, nftables and iptables, and says so without.

#![allow(clippy::expect_used, reason = "what goes wrong in the helpers of a test should end it")]

mod lab;
mod many;
mod nft;
mod other;
#[path = "../side/recording.rs"]
mod recording;
#[path = "../side/mod.rs"]
mod side;
mod xtables;
