//! Errors as S3 gives them.

use std::{borrow::Cow, fmt::Display};

use axum::http::{HeaderMap, HeaderValue, StatusCode};
use s3s::{S3Error, S3ErrorCode};
use url::form_urlencoded::Serializer;

use crate::ApiError;

/// Carries the further elements of an error from where it is made to [`super::serve`], which writes them.
pub(super) const ELEMENTS: &str = "x-weir-error-elements";

/// An error with a code of S3. Codes, statuses and messages: the error responses of the S3 API reference.
pub(super) fn refuse(code: &str, status: u16, message: impl Into<Cow<'static, str>>) -> S3Error {
    let code = S3ErrorCode::from_bytes(code.as_bytes()).unwrap_or(S3ErrorCode::InternalError);
    let mut error = S3Error::with_message(code, message);
    error.set_status_code(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    error
}

impl From<S3Error> for ApiError {
    fn from(error: S3Error) -> Self {
        let status = error.status_code().map_or(500, |status| status.as_u16());
        let message = error.message().unwrap_or_default().to_owned();
        Self::new(error.code().as_str().to_owned(), message).with_status(status)
    }
}

/// Something broke here.
pub(super) fn broke(problem: impl Display) -> S3Error {
    refuse("InternalError", 500, format!("We encountered an internal error. Please try again. ({problem})"))
}

/// An error with elements beside code and message, such as `BucketName`.
pub(super) trait WithElement {
    /// The same with one more element.
    fn with(self, name: &'static str, value: impl Display) -> Self;
}

impl WithElement for S3Error {
    fn with(mut self, name: &'static str, value: impl Display) -> Self {
        let mut headers = self.headers().cloned().unwrap_or_default();
        let before = headers.get(ELEMENTS).and_then(|elements| elements.to_str().ok()).unwrap_or_default();
        let mut elements = Serializer::new(before.to_owned());
        elements.append_pair(name, &value.to_string());
        if let Ok(elements) = HeaderValue::from_str(&elements.finish()) {
            headers.insert(ELEMENTS, elements);
        }
        self.set_headers(headers);
        self
    }
}

/// The same with a header of the response.
pub(super) fn with_header(mut error: S3Error, name: &'static str, value: &str) -> S3Error {
    let mut headers: HeaderMap = error.headers().cloned().unwrap_or_default();
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
    error.set_headers(headers);
    error
}

pub(super) fn no_such_bucket(bucket: &str) -> S3Error {
    refuse("NoSuchBucket", 404, "The specified bucket does not exist").with("BucketName", bucket)
}

pub(super) fn no_such_key(key: &str) -> S3Error {
    refuse("NoSuchKey", 404, "The specified key does not exist.").with("Key", key)
}

pub(super) fn no_such_version(key: &str, version: &str) -> S3Error {
    let error = refuse("NoSuchVersion", 404, "The specified version does not exist.");
    error.with("Key", key).with("VersionId", version)
}

pub(super) fn no_such_upload(id: &str) -> S3Error {
    let text = "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted \
                or completed.";
    refuse("NoSuchUpload", 404, text).with("UploadId", id)
}

/// An argument that S3 names in its error.
pub(super) fn invalid_argument(message: impl Into<Cow<'static, str>>, name: &str, value: impl Display) -> S3Error {
    refuse("InvalidArgument", 400, message).with("ArgumentName", name).with("ArgumentValue", value)
}

pub(super) fn invalid_request(message: impl Into<Cow<'static, str>>) -> S3Error {
    refuse("InvalidRequest", 400, message)
}

pub(super) fn malformed_xml() -> S3Error {
    let text = "The XML you provided was not well-formed or did not validate against our published schema";
    refuse("MalformedXML", 400, text)
}

/// A condition of the request that does not hold.
pub(super) fn precondition_failed(condition: &str) -> S3Error {
    let text = "At least one of the pre-conditions you specified did not hold";
    refuse("PreconditionFailed", 412, text).with("Condition", condition)
}
