//! What queues refuse, with the codes of SQS.

use weir_store::CatalogueError;

/// Why an operation on queues was not done. The messages follow those of SQS.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueueError {
    /// There is no such queue.
    #[error("The specified queue does not exist.")]
    NonExistentQueue,
    /// There is a queue of this name with another value of this attribute.
    #[error("A queue already exists with the same name and a different value for attribute {0}")]
    QueueAlreadyExists(String),
    /// No such attribute.
    #[error("Unknown Attribute {0}.")]
    InvalidAttributeName(String),
    /// The value of an attribute breaks its rule.
    #[error("Invalid value for the parameter {0}.{reason}", reason = reason(.1))]
    InvalidAttributeValue(String, Option<&'static str>),
    /// A parameter breaks its rule; says which.
    #[error("{0}")]
    InvalidParameterValue(String),
    /// A parameter is missing.
    #[error("The request must contain the parameter {0}.")]
    MissingParameter(&'static str),
    /// A letter that XML cannot hold.
    #[error(
        "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"
    )]
    InvalidMessageContents,
    /// No receipt handle of this queue.
    #[error("The input receipt handle \"{0}\" is not a valid receipt handle.")]
    ReceiptHandleIsInvalid(String),
    /// A batch without entries; the name of the list.
    #[error("There should be at least one {0} in the request.")]
    EmptyBatchRequest(&'static str),
    /// A batch with more than ten entries.
    #[error("Maximum number of entries per request are 10. You have sent {0}.")]
    TooManyEntriesInBatchRequest(usize),
    /// Two entries of a batch with one name.
    #[error("Id {0} repeated.")]
    BatchEntryIdsNotDistinct(String),
    /// The name of an entry breaks the rules.
    #[error(
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long."
    )]
    InvalidBatchEntryId,
    /// All messages of a batch together are too long.
    #[error("Batch requests cannot be longer than {limit} bytes. You have sent {sent} bytes.")]
    BatchRequestTooLong {
        /// What was sent.
        sent: usize,
        /// The most.
        limit: usize,
    },
    /// A statement of a policy with too many actions.
    #[error("{actions} Actions were found, maximum allowed is {limit}.")]
    OverLimit {
        /// What was sent.
        actions: usize,
        /// The most.
        limit: usize,
    },
    /// It was emptied just now; its name.
    #[error("Only one PurgeQueue operation on {0} is allowed every 60 seconds.")]
    PurgeQueueInProgress(String),
    /// SQS has it, Weir does not.
    #[error("{0}")]
    UnsupportedOperation(&'static str),
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

fn reason(text: &Option<&'static str>) -> String {
    text.map_or_else(String::new, |text| format!(" Reason: {text}."))
}

impl QueueError {
    /// The code of SQS, as clients of its query protocol read it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NonExistentQueue => "AWS.SimpleQueueService.NonExistentQueue",
            Self::QueueAlreadyExists(_) => "QueueAlreadyExists",
            Self::InvalidAttributeName(_) => "InvalidAttributeName",
            Self::InvalidAttributeValue(..) => "InvalidAttributeValue",
            Self::InvalidParameterValue(_) => "InvalidParameterValue",
            Self::MissingParameter(_) => "MissingParameter",
            Self::InvalidMessageContents => "InvalidMessageContents",
            Self::ReceiptHandleIsInvalid(_) => "ReceiptHandleIsInvalid",
            Self::EmptyBatchRequest(_) => "AWS.SimpleQueueService.EmptyBatchRequest",
            Self::TooManyEntriesInBatchRequest(_) => "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
            Self::BatchEntryIdsNotDistinct(_) => "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
            Self::InvalidBatchEntryId => "AWS.SimpleQueueService.InvalidBatchEntryId",
            Self::BatchRequestTooLong { .. } => "AWS.SimpleQueueService.BatchRequestTooLong",
            Self::OverLimit { .. } => "OverLimit",
            Self::PurgeQueueInProgress(_) => "AWS.SimpleQueueService.PurgeQueueInProgress",
            Self::UnsupportedOperation(_) => "AWS.SimpleQueueService.UnsupportedOperation",
            Self::Catalogue(_) | Self::Damaged(_) | Self::NoRandomNumbers => "InternalError",
        }
    }

    /// The HTTP status that SQS gives with the code.
    pub fn status(&self) -> u16 {
        match self {
            Self::Catalogue(_) | Self::Damaged(_) | Self::NoRandomNumbers => 500,
            Self::ReceiptHandleIsInvalid(_) => 404,
            Self::OverLimit { .. } | Self::PurgeQueueInProgress(_) => 403,
            _ => 400,
        }
    }

    /// A parameter has a value outside of its range.
    pub(super) fn parameter(name: &str, value: impl std::fmt::Display, reason: &str) -> Self {
        Self::InvalidParameterValue(format!("Value {value} for parameter {name} is invalid. Reason: {reason}"))
    }
}

/// For `?` within a transaction.
impl From<rusqlite::Error> for QueueError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Catalogue(error.into())
    }
}
