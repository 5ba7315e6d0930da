//! What can go wrong while keeping and finding records.

use std::{io, path::PathBuf};

/// An error of this crate: what failed, where, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A bucket's name breaks the rules of S3.
    #[error(transparent)]
    BucketName(#[from] weir_network::BucketNameError),
    /// The text is not a place: neither a path, nor `file://`, nor `s3://`.
    #[error("cannot use `{place}` as a place: {problem}")]
    Place {
        /// The text as given.
        place: String,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// Nothing is there.
    #[error("nothing at {place}: check the spelling")]
    NotFound {
        /// The place that was looked for.
        place: String,
    },
    /// The bucket is not there, or no longer.
    #[error("bucket `{bucket}` does not exist: make the folder {}", folder.display())]
    NoBucket {
        /// Name of the bucket.
        bucket: String,
        /// Where its folder would be.
        folder: PathBuf,
    },
    /// The settings for S3 do not make a client.
    #[error("cannot reach S3 for bucket `{bucket}`: {problem}")]
    Settings {
        /// Name of the bucket.
        bucket: String,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// Another process uses the data directory.
    #[error(
        "{} is in use by {}: stop it, or give another directory",
        path.display(),
        owner.map_or("another process".into(), |owner| format!("process {owner}"))
    )]
    InUse {
        /// The data directory.
        path: PathBuf,
        /// The other process, if it said so.
        owner: Option<u32>,
    },
    /// A flow log that goes to a log group has nothing to deliver to a bucket.
    #[error("flow log {flow_log} goes to a log group, not to a bucket")]
    NoBucketDestination {
        /// Id of the flow log.
        flow_log: String,
    },
    /// An object's key cannot be made of a flow log's definition.
    #[error(transparent)]
    Key(#[from] weir_record::KeyError),
    /// A batch does not have the columns of its flow log's format.
    #[error("records of another format than that of flow log {flow_log}: {problem}")]
    Batch {
        /// Id of the flow log.
        flow_log: String,
        /// What differs.
        problem: String,
    },
    /// The disk refuses windows, and some wait in memory.
    #[error("the disk refuses records of flow log {flow_log}: make room, or try again later")]
    Busy {
        /// Id of the flow log.
        flow_log: String,
    },
    /// Records could not be encoded.
    #[error("cannot encode records: {source}")]
    Encode {
        /// Why.
        source: weir_record::write::WriteError,
    },
    /// A background thread ended before its work was done.
    #[error("the work was interrupted: {problem}")]
    Interrupted {
        /// How it ended.
        problem: String,
    },
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
    /// The object store refused.
    #[error("cannot {doing} {object}: {source}")]
    Object {
        /// What was being done, such as `read`.
        doing: &'static str,
        /// The object or prefix as people write it.
        object: String,
        /// The refusal.
        source: object_store::Error,
    },
}

impl StoreError {
    /// Makes an [`StoreError::Io`] of an I/O error; for `map_err`.
    pub(crate) fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { doing, path, source }
    }

    /// Makes an [`StoreError::Object`] of an object store's error; for `map_err`.
    pub(crate) fn object(doing: &'static str, object: impl Into<String>) -> impl FnOnce(object_store::Error) -> Self {
        let object = object.into();
        move |source| Self::Object { doing, object, source }
    }
}
