//! Errors as AWS gives them.

use std::borrow::Cow;

use serde_json::{Map, Value};
use weir_store::CatalogueError;

use crate::protocol::Protocol;

/// Whose fault an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The caller's.
    Sender,
    /// Ours.
    Receiver,
}

/// An error of an operation: what a client reads.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ApiError {
    /// Such as `ResourceNotFoundException`.
    pub code: Cow<'static, str>,
    /// The name of its shape, where that is another one than the code tells.
    pub shape: Option<&'static str>,
    /// For whoever reads it.
    pub message: String,
    /// The HTTP status.
    pub status: u16,
    /// Whose fault it is.
    pub fault: Fault,
    /// Further members of the error's shape.
    pub members: Map<String, Value>,
}

impl ApiError {
    /// A mistake of the caller: status 400.
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            shape: None,
            message: message.into(),
            status: 400,
            fault: Fault::Sender,
            members: Map::new(),
        }
    }

    /// Something broke here. The text must hold no secret.
    pub fn internal(problem: impl std::fmt::Display) -> Self {
        let broken = Self::new("InternalFailure", problem.to_string());
        Self { fault: Fault::Receiver, ..broken.with_status(500) }
    }

    /// The same with another HTTP status.
    pub fn with_status(self, status: u16) -> Self {
        let fault = if status >= 500 { Fault::Receiver } else { self.fault };
        Self { status, fault, ..self }
    }

    /// The same with a shape of this name.
    pub fn with_shape(self, shape: &'static str) -> Self {
        Self { shape: Some(shape), ..self }
    }

    /// The same with one more member.
    pub fn with_member(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }
}

/// The text names a file of ours, and nothing that is in it.
impl From<CatalogueError> for ApiError {
    fn from(error: CatalogueError) -> Self {
        Self::internal(error)
    }
}

/// Why a request does not reach its operation. Each protocol has its own code for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// No signature.
    MissingToken,
    /// An access key, or a session token, that there is not.
    UnknownKey,
    /// The session of temporary credentials has ended.
    ExpiredToken,
    /// The signature is not that of the request and the key; the text says which rule it breaks.
    BadSignature(String),
    /// The signature lacks a part; the text says which.
    Incomplete(String),
    /// The clock of the client is too far from ours.
    Expired(String),
    /// No policy allows it, or one denies it; the text says who, what, and on what.
    Denied(String),
    /// There is no such operation.
    UnknownOperation(String),
    /// AWS has the operation, Weir has not; the text is `service:Operation`.
    NotSupported(String),
    /// The body is not what the protocol says.
    Malformed(String),
    /// The body is longer than any operation takes; the number is the limit in bytes.
    TooLarge(usize),
    /// The body did not come whole, or too slowly.
    Unfinished,
    /// Too many bodies are held at this moment.
    Busy,
}

impl Refusal {
    /// As the protocol says it. Source: the common errors of each service's API reference.
    pub fn to_error(&self, protocol: Protocol) -> ApiError {
        let [ec2, query, json] = self.codes();
        let (code, status) = match protocol {
            Protocol::Ec2Query => ec2,
            Protocol::AwsQuery => query,
            Protocol::AwsJson10 | Protocol::AwsJson11 | Protocol::RpcV2Cbor => json,
        };
        ApiError::new(code, self.message(protocol)).with_status(status)
    }

    fn codes(&self) -> [(&'static str, u16); 3] {
        match self {
            Self::MissingToken => [
                ("MissingAuthenticationToken", 403),
                ("MissingAuthenticationToken", 403),
                ("MissingAuthenticationTokenException", 400),
            ],
            Self::UnknownKey => {
                [("AuthFailure", 401), ("InvalidClientTokenId", 403), ("UnrecognizedClientException", 400)]
            }
            Self::ExpiredToken => [("RequestExpired", 400), ("ExpiredToken", 403), ("ExpiredTokenException", 400)],
            Self::BadSignature(_) => {
                [("AuthFailure", 401), ("SignatureDoesNotMatch", 403), ("InvalidSignatureException", 400)]
            }
            Self::Expired(_) => {
                [("RequestExpired", 400), ("SignatureDoesNotMatch", 403), ("InvalidSignatureException", 400)]
            }
            Self::Incomplete(_) => {
                [("IncompleteSignature", 400), ("IncompleteSignature", 400), ("IncompleteSignatureException", 400)]
            }
            Self::Denied(_) => [("UnauthorizedOperation", 403), ("AccessDenied", 403), ("AccessDeniedException", 400)],
            Self::UnknownOperation(_) => {
                [("InvalidAction", 400), ("InvalidAction", 400), ("UnknownOperationException", 400)]
            }
            Self::NotSupported(_) => {
                [("UnsupportedOperation", 501), ("NotImplemented", 501), ("NotImplementedException", 501)]
            }
            Self::Malformed(_) => {
                [("MalformedQueryString", 400), ("MalformedQueryString", 400), ("SerializationException", 400)]
            }
            Self::TooLarge(_) => {
                [("RequestEntityTooLarge", 413), ("RequestEntityTooLarge", 413), ("RequestTooLargeException", 413)]
            }
            Self::Unfinished => [("RequestTimeout", 408), ("RequestTimeout", 408), ("RequestTimeoutException", 408)],
            Self::Busy => [("Unavailable", 503), ("ServiceUnavailable", 503), ("ServiceUnavailableException", 503)],
        }
    }

    fn message(&self, protocol: Protocol) -> String {
        match self {
            Self::MissingToken => "Request is missing Authentication Token".to_owned(),
            Self::UnknownKey | Self::BadSignature(_) if protocol == Protocol::Ec2Query => {
                "AWS was not able to validate the provided access credentials".to_owned()
            }
            Self::Expired(_) if protocol == Protocol::Ec2Query => "Request has expired.".to_owned(),
            Self::Denied(text) if protocol == Protocol::Ec2Query => {
                format!("You are not authorized to perform this operation. {text}")
            }
            Self::UnknownKey => "The security token included in the request is invalid.".to_owned(),
            Self::ExpiredToken => "The security token included in the request is expired".to_owned(),
            Self::UnknownOperation(name) => format!("The action {name} is not valid for this web service."),
            Self::NotSupported(action) => format!("{action} is an operation of AWS that Weir does not have."),
            Self::TooLarge(most) => format!("The body of a request must not be longer than {most} bytes."),
            Self::Unfinished => "The body of the request did not come whole in time.".to_owned(),
            Self::Busy => "Too many long requests at this moment. Try again.".to_owned(),
            Self::BadSignature(text)
            | Self::Incomplete(text)
            | Self::Expired(text)
            | Self::Denied(text)
            | Self::Malformed(text) => text.clone(),
        }
    }
}
