//! What can go wrong around notices.

use std::path::PathBuf;

use crate::topic::TopicError;

/// Why notices could not be prepared, or what became of them not be written down.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NoticeError {
    /// The queue was not read or written.
    #[error(transparent)]
    Queue(#[from] TopicError),
    /// The key that signs could not be made or read.
    #[error("cannot sign notices with {}: {problem}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The settings of the mail relay make no sense. Does not repeat the password.
    #[error("cannot use the mail relay: {0}")]
    Relay(String),
    /// The certificates that servers are checked against cannot be read.
    #[error("cannot check certificates: {0}")]
    Roots(String),
}
