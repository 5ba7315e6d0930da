//! `weir-agent`: records the traffic of a further host and sends the records to a Weir server.
//!
//! This is the only place of the agent that reads the command line and the clock, and that starts threads.

#![allow(unreachable_pub, reason = "a program exports nothing: pub says what a module gives to the others")]

mod cli;
mod clock;
mod control;
mod join;
mod run;

use std::process::ExitCode;

/// 0 done, 1 failed; clap itself ends with 2 when the command line was not understood.
fn main() -> ExitCode {
    weir_capture::memory::keep_little();
    match cli::run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("weir-agent: {error:#}");
            ExitCode::FAILURE
        }
    }
}
