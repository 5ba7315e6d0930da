//! The program as people run it: complete output, exit codes, and what bad input gets.

#![allow(unreachable_pub, reason = "nothing is exported: pub says what a module gives to the others")]
#![allow(clippy::expect_used, reason = "a test that cannot go on fails")]
#![allow(clippy::disallowed_methods, reason = "tests wait for another process, by the clock on the wall")]

mod again;
mod audit;
mod configuration;
mod convert;
mod devices;
mod enforce;
mod explain;
#[path = "../../../atlas/src/fixture.rs"]
mod fixture;
mod fleet;
mod help;
mod insights;
mod interrupt;
mod lab;
mod limits;
mod nat;
mod opinions;
mod pattern;
mod pcap;
mod query;
mod rights;
mod run;
mod s3;
mod served;
mod status;
mod story;
mod watching;
