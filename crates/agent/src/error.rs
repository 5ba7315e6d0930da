//! What can go wrong with an agent.

use std::{io, path::PathBuf};

use weir_uplink::UplinkError;

/// An error of this crate: what failed, where, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AgentError {
    /// The operating system refused.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was being done, such as `write`.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The refusal.
        source: io::Error,
    },
    /// A file of ours holds what we did not write.
    #[error("{} is damaged ({problem}): remove it to go on without it", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        problem: String,
    },
    /// Another process uses the data directory.
    #[error("{} is in use by another weir-agent: stop it, or give another directory with --data", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// There is no server to send to.
    #[error(
        "this host has not joined a server: run `weir-agent join URL TOKEN`, with a token from `weir token create`"
    )]
    NotJoined,
    /// The host has joined another server, or the same one under another address.
    #[error("this host has joined {server} already: remove {} to join another", path.display())]
    Joined {
        /// The server it has joined.
        server: String,
        /// The file that says so.
        path: PathBuf,
    },
    /// An address is none of a server.
    #[error("`{url}` is no address of a server: write one such as https://flows.example.com:4781")]
    Url {
        /// What was given.
        url: String,
    },
    /// The server could not be reached, or broke off.
    #[error("cannot reach {server}: {problem}")]
    Unreachable {
        /// The server.
        server: String,
        /// Why.
        problem: String,
    },
    /// The server answered, and refused.
    #[error("{server} refuses ({status}): {sentence}")]
    Refused {
        /// The server.
        server: String,
        /// Status of its answer.
        status: u16,
        /// What it says.
        sentence: String,
    },
    /// TLS or its random numbers are not to be had.
    #[error("cannot use TLS: {problem}")]
    Tls {
        /// Why.
        problem: String,
    },
    /// What the two say to each other.
    #[error(transparent)]
    Uplink(#[from] UplinkError),
}

impl AgentError {
    /// Makes an [`AgentError::Io`]; for `map_err`.
    pub(crate) fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { doing, path, source }
    }

    /// Whether the server will never take what it was given, however often it is sent.
    pub fn is_final(&self) -> bool {
        matches!(self, AgentError::Refused { status: 400 | 404 | 413 | 422, .. })
    }
}
