//! What can go wrong.

use std::io;

use thiserror::Error;
use weir_network::NetworkError;

/// Why rules are not in force.
#[derive(Debug, Error)]
pub enum EnforceError {
    /// The program that puts rules into the kernel is not there.
    #[error("the program `nft` is missing: install the package nftables")]
    NftMissing,
    /// It may not change anything.
    #[error("no right to change the packet filter: run as root, or give the program the right CAP_NET_ADMIN")]
    Forbidden,
    /// It could not be run.
    #[error("cannot run `nft`: {source}")]
    NftFailed {
        /// What the system said.
        source: io::Error,
    },
    /// The kernel or `nft` refused a step.
    #[error("cannot {what}: nft says: {said}")]
    Refused {
        /// What was tried.
        what: &'static str,
        /// The answer.
        said: String,
    },
    /// A table with our name that someone else made.
    #[error(
        "there is a table `inet weir` that weir did not make: rename it or delete it (`nft delete table inet weir`)"
    )]
    ForeignTable,
    /// Another Weir enforces here.
    #[error("another weir or weir-agent enforces in this network namespace: stop it first")]
    Busy,
    /// Whether another one is there cannot be told.
    #[error("cannot make sure that no other weir enforces in this network namespace: {source}")]
    Lock {
        /// What the system said.
        source: io::Error,
    },
    /// All 32 are taken.
    #[error("rules can be in force on at most {} interfaces at once; detach some first", crate::MAX_INTERFACES)]
    TooManyInterfaces,
    /// All 16,777,215 numbers are taken.
    #[error("more than 16777215 different deny rules since the start; restart weir")]
    TooManyRules,
    /// The network does not have what the interface names.
    #[error(transparent)]
    Network(#[from] NetworkError),
}
