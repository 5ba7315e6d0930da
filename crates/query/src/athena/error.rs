//! Why an operation was refused.

use uuid::Uuid;
use weir_store::CatalogueError;

use crate::error::Error;
use crate::metastore::MetastoreError;

/// The `AthenaErrorCode` of things that there are not.
pub const NOT_FOUND: &str = "INVALID_INPUT";

/// Why an operation was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AthenaError {
    /// The request is wrong.
    #[error("{message}")]
    Invalid {
        /// Such as `MALFORMED_QUERY`.
        code: &'static str,
        /// What is wrong.
        message: String,
    },
    /// A prepared statement, or a resource to tag, is not there.
    #[error("{message}")]
    NotFound {
        /// Which.
        message: String,
        /// Its ARN or name.
        resource: String,
    },
    /// The data catalogue has no such thing.
    #[error("{0}")]
    Metadata(String),
    /// Something broke here.
    #[error("{0}")]
    Internal(String),
}

impl AthenaError {
    pub(super) fn invalid(code: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid { code, message: message.into() }
    }

    /// What was given is wrong, or names something that there is not.
    pub(super) fn input(message: impl Into<String>) -> Self {
        Self::invalid(NOT_FOUND, message)
    }

    /// As AWS names it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid { .. } => "InvalidRequestException",
            Self::NotFound { .. } => "ResourceNotFoundException",
            Self::Metadata(_) => "MetadataException",
            Self::Internal(_) => "InternalServerException",
        }
    }
}

impl From<CatalogueError> for AthenaError {
    fn from(error: CatalogueError) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<rusqlite::Error> for AthenaError {
    fn from(error: rusqlite::Error) -> Self {
        CatalogueError::from(error).into()
    }
}

impl From<serde_json::Error> for AthenaError {
    fn from(error: serde_json::Error) -> Self {
        Self::Internal(format!("the catalogue holds what this program did not write: {error}"))
    }
}

impl From<MetastoreError> for AthenaError {
    fn from(error: MetastoreError) -> Self {
        match error {
            // Clients read the code in the brackets.
            MetastoreError::NotFound(_) => Self::Metadata(format!(
                "Entity Not Found (Service: AmazonDataCatalog; Status Code: 400; Error Code: EntityNotFoundException; \
                 Request ID: {}; Proxy: null)",
                Uuid::new_v4()
            )),
            other => Self::Internal(other.to_string()),
        }
    }
}

impl From<Error> for AthenaError {
    fn from(error: Error) -> Self {
        Self::Internal(error.to_string())
    }
}
