//! Why an operation on metric filters was refused.

use weir_store::CatalogueError;

use crate::pattern::PatternError;

/// Why an operation on metric filters was refused, in AWS's words where there are some.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// The pattern says nothing.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// A parameter is not as it must be.
    #[error("{0}")]
    InvalidParameter(String),
    /// There are as many filters as there may be.
    #[error("Resource limit exceeded: {0}")]
    LimitExceeded(String),
    /// There is no such log group.
    #[error("The specified log group does not exist: {0}")]
    NoGroup(String),
    /// There is no such filter.
    #[error("The specified metric filter does not exist: {0}")]
    NoFilter(String),
    /// The definitions cannot be read or written.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
}

impl FilterError {
    /// The code under which AWS answers this.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Pattern(error) => error.code(),
            Self::InvalidParameter(_) => "InvalidParameterException",
            Self::LimitExceeded(_) => "LimitExceededException",
            Self::NoGroup(_) | Self::NoFilter(_) => "ResourceNotFoundException",
            Self::Catalogue(_) => "ServiceUnavailableException",
        }
    }
}
