//! What can go wrong with log groups, with the code that AWS gives it.

use std::{io, path::PathBuf, sync::Arc};

use crate::{CatalogueError, StoreError};

/// An error of the log groups. Messages that AWS has are in AWS's words.
///
/// Cheap to clone: one refusal of the disk may answer many appends.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LogsError {
    /// There is no such log group or stream.
    #[error("The specified {0} does not exist.")]
    ResourceNotFound(&'static str),
    /// There is one of this name already.
    #[error("The specified {0} already exists")]
    ResourceAlreadyExists(&'static str),
    /// The log group must not be deleted.
    #[error("The log group {0} cannot be deleted: deletion protection is enabled.")]
    Protected(String),
    /// The input breaks a rule; the text says which.
    #[error("{0}")]
    InvalidParameter(String),
    /// The disk refused, or what is on it is damaged.
    #[error(transparent)]
    Store(Arc<StoreError>),
    /// The catalogue refused.
    #[error(transparent)]
    Catalogue(Arc<CatalogueError>),
    /// A segment or a batch could not be read or written.
    #[error("cannot {doing} {}: {problem}", path.display())]
    Columns {
        /// What was being done, such as `read`.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What Parquet or Arrow said.
        problem: String,
    },
    /// The write ended before it was done; it is not known whether the events are on disk.
    #[error("the append was interrupted: read the stream before putting the events again")]
    Interrupted,
}

impl LogsError {
    /// The error code of the AWS API.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ResourceNotFound(_) => "ResourceNotFoundException",
            Self::ResourceAlreadyExists(_) => "ResourceAlreadyExistsException",
            Self::InvalidParameter(_) => "InvalidParameterException",
            Self::Protected(_) => "ValidationException",
            Self::Store(_) | Self::Catalogue(_) | Self::Columns { .. } | Self::Interrupted => {
                "ServiceUnavailableException"
            }
        }
    }

    pub(super) const NO_GROUP: Self = Self::ResourceNotFound("log group");
    pub(super) const NO_STREAM: Self = Self::ResourceNotFound("log stream");
    pub(super) const GROUP_EXISTS: Self = Self::ResourceAlreadyExists("log group");
    pub(super) const STREAM_EXISTS: Self = Self::ResourceAlreadyExists("log stream");

    pub(super) fn invalid(problem: impl Into<String>) -> Self {
        Self::InvalidParameter(problem.into())
    }

    /// For `map_err` of input and output.
    pub(super) fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let refused = StoreError::io(doing, path);
        move |source| refused(source).into()
    }

    /// For `map_err` of Parquet and Arrow.
    pub(super) fn columns<E: std::fmt::Display>(
        doing: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(E) -> Self {
        let path = path.into();
        move |problem| Self::Columns { doing, path, problem: problem.to_string() }
    }
}

impl From<StoreError> for LogsError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

impl From<CatalogueError> for LogsError {
    fn from(error: CatalogueError) -> Self {
        Self::Catalogue(Arc::new(error))
    }
}

/// For `?` within [`Catalogue::change`](crate::Catalogue::change).
impl From<rusqlite::Error> for LogsError {
    fn from(error: rusqlite::Error) -> Self {
        CatalogueError::from(error).into()
    }
}
