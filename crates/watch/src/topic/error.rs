//! What topics refuse, with the codes of SNS.

use weir_store::CatalogueError;

/// Why an operation on topics was not done. The messages follow those of SNS.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TopicError {
    /// A parameter is wrong; says which, and what would be right.
    #[error("Invalid parameter: {0}")]
    InvalidParameter(String),
    /// A message attribute is wrong.
    #[error("{0}")]
    InvalidParameterValue(String),
    /// There is no such topic or subscription.
    #[error("{0} does not exist")]
    NotFound(&'static str),
    /// There is nothing to tag under this name.
    #[error("Resource does not exist")]
    ResourceNotFound,
    /// Only whoever owns the subscription may do this.
    #[error("Not authorized: {0}")]
    Authorization(&'static str),
    /// More topics than allowed.
    #[error("Topic limit exceeded: at most {0} topics an account")]
    TopicLimitExceeded(u32),
    /// More subscriptions than allowed.
    #[error("Subscription limit exceeded: at most {0} subscriptions a topic")]
    SubscriptionLimitExceeded(u32),
    /// More filter policies than allowed.
    #[error("Filter policy limit exceeded: at most {0} filter policies a topic")]
    FilterPolicyLimitExceeded(u32),
    /// More tags than allowed.
    #[error("Tag limit exceeded: at most {0} tags a resource")]
    TagLimitExceeded(usize),
    /// A batch without entries.
    #[error("The batch request doesn't contain any entries.")]
    EmptyBatchRequest,
    /// A batch with more than ten entries.
    #[error("The batch request contains more entries than permissible: {0}, at most 10.")]
    TooManyEntriesInBatchRequest(usize),
    /// Two entries of a batch with one name.
    #[error("Two or more batch entries in the request have the same Id: {0}")]
    BatchEntryIdsNotDistinct(String),
    /// The name of an entry breaks the rules.
    #[error("The Id of a batch entry must be 1 to 80 letters, digits, hyphens and underscores: {0:?}")]
    InvalidBatchEntryId(String),
    /// All messages of a batch together are too long.
    #[error("The length of all the batch messages put together is {0} bytes, more than the limit of {1}.")]
    BatchRequestTooLong(usize, usize),
    /// The catalogue was not read or written.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// What the catalogue holds is not what was written there.
    #[error("the catalogue is damaged: {0}")]
    Damaged(String),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    NoRandomNumbers,
}

impl TopicError {
    /// The code of SNS, such as `InvalidParameter`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidParameter(_) => "InvalidParameter",
            Self::InvalidParameterValue(_) => "ParameterValueInvalid",
            Self::NotFound(_) => "NotFound",
            Self::ResourceNotFound => "ResourceNotFound",
            Self::Authorization(_) => "AuthorizationError",
            Self::TopicLimitExceeded(_) => "TopicLimitExceeded",
            Self::SubscriptionLimitExceeded(_) => "SubscriptionLimitExceeded",
            Self::FilterPolicyLimitExceeded(_) => "FilterPolicyLimitExceeded",
            Self::TagLimitExceeded(_) => "TagLimitExceeded",
            Self::EmptyBatchRequest => "EmptyBatchRequest",
            Self::TooManyEntriesInBatchRequest(_) => "TooManyEntriesInBatchRequest",
            Self::BatchEntryIdsNotDistinct(_) => "BatchEntryIdsNotDistinct",
            Self::InvalidBatchEntryId(_) => "InvalidBatchEntryId",
            Self::BatchRequestTooLong(..) => "BatchRequestTooLong",
            Self::Catalogue(_) | Self::Damaged(_) | Self::NoRandomNumbers => "InternalError",
        }
    }

    /// The HTTP status that SNS gives with the code.
    pub fn status(&self) -> u16 {
        match self {
            Self::NotFound(_) | Self::ResourceNotFound => 404,
            Self::Authorization(_)
            | Self::TopicLimitExceeded(_)
            | Self::SubscriptionLimitExceeded(_)
            | Self::FilterPolicyLimitExceeded(_) => 403,
            Self::Catalogue(_) | Self::Damaged(_) | Self::NoRandomNumbers => 500,
            _ => 400,
        }
    }

    /// A parameter is wrong, for this reason.
    pub(crate) fn parameter(name: &str, reason: impl std::fmt::Display) -> Self {
        Self::InvalidParameter(format!("{name} Reason: {reason}"))
    }
}

/// For `?` within a transaction.
impl From<rusqlite::Error> for TopicError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Catalogue(error.into())
    }
}
