//! What a recording saw refused, held against what the host's firewall counted.

mod compare;
mod firewall;

use std::io;

use thiserror::Error;

pub use self::{
    compare::{Compared, Judgement, Moment, compare},
    firewall::Firewall,
};

/// Why the counters of the firewall cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FirewallError {
    /// A program that lists rules could not be run.
    #[error("cannot run {program}: {source}")]
    Run {
        /// The program.
        program: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// It refused.
    #[error("{program} does not list the firewall: {said}; run `weir audit` as root")]
    Refused {
        /// The program.
        program: &'static str,
        /// What it said.
        said: String,
    },
    /// It lists what cannot be understood.
    #[error("cannot understand what `nft -j` lists: {problem}")]
    Listed {
        /// What is wrong.
        problem: String,
    },
}
