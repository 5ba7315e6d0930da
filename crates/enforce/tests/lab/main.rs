//! Rules in force on real packets, between network namespaces. Needs root, iproute2, nftables and ping.

#![allow(unreachable_pub, reason = "a test exports nothing: pub says what a module gives to the others")]
#![allow(clippy::disallowed_methods, reason = "a test waits for real packets by the real clock")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of tests fails the test")]

mod adoption;
mod agreement;
mod hosts;
mod load;
mod stories;
mod wire;
