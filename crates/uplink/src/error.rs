//! What can be wrong in what the two say.

use thiserror::Error;

/// An error of this crate: what is wrong and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UplinkError {
    /// A text is no join token.
    #[error("this is no join token: give the whole text that `weir token create` printed, from `weir-join-` on")]
    Token,
    /// A text is no fingerprint of a certificate.
    #[error("this is no fingerprint of a certificate: expected 64 hexadecimal digits")]
    Fingerprint,
    /// A request shows nothing that could be a credential.
    #[error("the credential is malformed: join again")]
    Credential,
    /// A definition asks for what this program cannot do.
    #[error("this version ({}) cannot do what the server asks: {problem}; update the agent", env!("CARGO_PKG_VERSION"))]
    Definition {
        /// What it does not understand.
        problem: String,
    },
    /// The identity of a batch.
    #[error("`{text}` is no {what} of a batch")]
    BatchId {
        /// What was expected, such as `epoch`.
        what: &'static str,
        /// What was found.
        text: String,
    },
    /// A batch is not what its flow log's format asks for, or not a batch at all.
    #[error("the batch cannot be taken: {problem}")]
    Batch {
        /// What is wrong.
        problem: String,
    },
    /// A batch is larger than a server takes.
    #[error("the batch is too large: {what} beyond {limit}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much is taken.
        limit: u64,
    },
}

impl UplinkError {
    /// A batch that cannot be taken; for `map_err`.
    #[allow(clippy::needless_pass_by_value, reason = "map_err hands over values")]
    pub(crate) fn batch(problem: impl ToString) -> Self {
        Self::Batch { problem: problem.to_string() }
    }
}
