//! `weir`: records the traffic of interfaces as AWS flow log records, and answers questions about them.
//!
//! This is the only place that reads configuration, starts tasks and reads the clock.

#![allow(unreachable_pub, reason = "a program exports nothing: pub says what a module gives to the others")]

mod cli;
mod client;
mod clock;
mod command;
mod countries;
mod credentials;
mod definitions;
mod destination;
#[cfg(test)]
#[path = "../../atlas/src/fixture.rs"]
mod fixture;
mod fleet;
mod fresh;
mod interface_id;
mod interrupt;
mod local_nets;
mod network_file;
mod output;
mod records;
mod report;
mod server;
mod settings;

use std::{io, process::ExitCode};

use interface_id::interface_id;

/// How a command ended when nothing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All of it is done.
    Done,
    /// It is done, but some of the input was refused; what and where was said on standard error.
    Refused,
}

/// A command line or configuration that cannot be understood.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// The exit codes, all of them: 0 done, 1 failed, 2 not understood, 3 done but some input was refused; and those
/// of [`interrupt`].
/// A reader of standard output that goes away ends the program quietly with 0.
fn main() -> ExitCode {
    match cli::run(std::env::args_os()) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Refused) => ExitCode::from(3),
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            if let Some(clap) = error.downcast_ref::<clap::Error>() {
                let _ = clap.print();
                return ExitCode::from(u8::try_from(clap.exit_code()).unwrap_or(2));
            }
            eprintln!("weir: {}", sentence(&error));
            if error.downcast_ref::<Usage>().is_some() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

/// The error and its causes on one line; a cause that the message before it already told is left out.
pub fn sentence(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let kind = |cause: &(dyn std::error::Error + 'static)| {
        let json = cause.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind);
        json.or(cause.downcast_ref::<io::Error>().map(io::Error::kind))
    };
    error.chain().any(|cause| kind(cause) == Some(io::ErrorKind::BrokenPipe))
}
