//! What agents are told when something is refused: a status, and one sentence.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use weir_store::StoreError;
use weir_uplink::UplinkError;

/// Why a request was refused.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The request shows no credential, or one that is not known.
    #[error("{0}")]
    Unauthorized(&'static str),
    /// Too many bad credentials came from this address.
    #[error("too many attempts with bad credentials: try again in {0} s")]
    TooMany(i64),
    /// The request makes no sense.
    #[error("{0}")]
    Bad(String),
    /// The body is too large.
    #[error("the body is too large: at most {0} bytes are taken")]
    TooLarge(usize),
    /// What the request is about is not known.
    #[error("{0}")]
    Unknown(String),
    /// The request contradicts what is known.
    #[error("{0}")]
    Conflict(String),
    /// The server cannot do it now.
    #[error("{0}")]
    Unavailable(String),
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Refusal::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Refusal::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Refusal::Bad(_) => StatusCode::BAD_REQUEST,
            Refusal::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::Unknown(_) => StatusCode::NOT_FOUND,
            Refusal::Conflict(_) => StatusCode::CONFLICT,
            Refusal::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl From<UplinkError> for Refusal {
    fn from(error: UplinkError) -> Self {
        match error {
            UplinkError::TooLarge { .. } => Refusal::TooLarge(weir_uplink::batch::BODY_LIMIT),
            UplinkError::Credential => Refusal::Unauthorized("the credential is malformed: join again"),
            other => Refusal::Bad(other.to_string()),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Batch { .. } | StoreError::Key(_) => Refusal::Bad(error.to_string()),
            other => Refusal::Unavailable(other.to_string()),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status(), format!("{self}\n")).into_response();
        if let Refusal::TooMany(seconds) = self {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}
