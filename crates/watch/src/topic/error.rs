//! What topics refuse, with the codes of SNS.

use weir_store::CatalogueError;

/// Why an operation on topics was not done. The messages follow those of SNS.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TopicError {
    /// A parameter is wrong; says which, and what would be right.
    #[error("Invalid parameter: {0}")]
    InvalidParameter(String),
    /// What was given to confirm a subscription is no token.
    #[error("Invalid token")]
    InvalidToken,
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
    #[error("Could not complete request: tag quota of per resource exceeded")]
    TagLimitExceeded,
    /// A batch without entries.
    #[error("The batch request doesn't contain any entries.")]
    EmptyBatchRequest,
    /// A batch with more than ten entries.
    #[error("The batch request contains more entries than permissible.")]
    TooManyEntriesInBatchRequest,
    /// Two entries of a batch with one name.
    #[error("Two or more batch entries in the request have the same Id.")]
    BatchEntryIdsNotDistinct,
    /// The name of an entry breaks the rules.
    #[error("The Id of a batch entry in a batch request doesn't abide by the specification.")]
    InvalidBatchEntryId,
    /// All messages of a batch together are too long.
    #[error("The length of all the batch messages put together is more than the limit.")]
    BatchRequestTooLong,
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
            Self::InvalidParameter(_) | Self::InvalidToken => "InvalidParameter",
            Self::InvalidParameterValue(_) => "ParameterValueInvalid",
            Self::NotFound(_) => "NotFound",
            Self::ResourceNotFound => "ResourceNotFound",
            Self::Authorization(_) => "AuthorizationError",
            Self::TopicLimitExceeded(_) => "TopicLimitExceeded",
            Self::SubscriptionLimitExceeded(_) => "SubscriptionLimitExceeded",
            Self::FilterPolicyLimitExceeded(_) => "FilterPolicyLimitExceeded",
            Self::TagLimitExceeded => "TagLimitExceeded",
            Self::EmptyBatchRequest => "EmptyBatchRequest",
            Self::TooManyEntriesInBatchRequest => "TooManyEntriesInBatchRequest",
            Self::BatchEntryIdsNotDistinct => "BatchEntryIdsNotDistinct",
            Self::InvalidBatchEntryId => "InvalidBatchEntryId",
            Self::BatchRequestTooLong => "BatchRequestTooLong",
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

    /// A parameter is not the ARN that it should be.
    pub(crate) fn arn(name: &str, arn: &str) -> Self {
        match arn.split(':').count() {
            elements @ ..6 => Self::parameter(name, format!("An ARN must have at least 6 elements, not {elements}")),
            _ => Self::InvalidParameter(name.to_owned()),
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
