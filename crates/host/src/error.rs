//! What can go wrong.

use std::{io, path::PathBuf};

use thiserror::Error;
use weir_capture::interfaces::InterfacesError;
use weir_enforce::EnforceError;
use weir_network::NetworkError;

/// Why rules are not in force, or not any more.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HostError {
    /// The rules could not be put into the kernel, or taken out.
    #[error(transparent)]
    Enforce(#[from] EnforceError),
    /// The network does not fit together at an interface.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The devices of this host could not be read.
    #[error(transparent)]
    Interfaces(#[from] InterfacesError),
    /// The network says nothing about a device that shall have rules.
    #[error("{device} is not in {network}: add an [[interface]] with {how}")]
    NotInNetwork {
        /// The device.
        device: String,
        /// Where the network comes from.
        network: String,
        /// What would make it known.
        how: String,
    },
    /// Someone confirmed, but nothing is on trial.
    #[error("nothing waits to be confirmed")]
    NothingToConfirm,
    /// Someone asked for something to be done with rules, but there are none.
    #[error("no rules are in force: start with --enforce")]
    NothingInForce,
    /// Rules were confirmed, but that will be asked again.
    #[error("the rules are confirmed, but {} cannot be written, so that will be asked again: {source}", path.display())]
    Forgetful {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
