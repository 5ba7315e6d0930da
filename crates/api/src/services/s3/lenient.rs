//! Headers as S3 takes them and `s3s` does not: a range that is none, a tag without its quotes, or with one.
//!
//! A signature is over them as they came. So they are put right behind its check, and the request is answered as one that
//! nobody signed, by whom it is known who asks.

use async_trait::async_trait;
use axum::http::{
    Extensions, HeaderMap, HeaderName, HeaderValue, Method, Request, Uri,
    header::{AUTHORIZATION, CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH, RANGE},
};
use s3s::{Body, S3Request, S3Response, S3Result, dto, route::S3Route, service::S3Service};

use super::{
    error::refuse,
    gate::{Caller, Gate},
    serve::unsigned,
};

const SOURCE_MATCHES: HeaderName = HeaderName::from_static("x-amz-copy-source-if-match");
const SOURCE_MATCHES_NONE: HeaderName = HeaderName::from_static("x-amz-copy-source-if-none-match");

/// Answers requests with such headers.
pub(super) struct Lenient {
    pub(super) gate: Gate,
    /// Answers them without.
    pub(super) s3s: S3Service,
}

#[async_trait]
impl S3Route for Lenient {
    fn is_match(&self, method: &Method, _: &Uri, headers: &HeaderMap, _: &mut Extensions) -> bool {
        // `s3s` has read a form by now.
        !is_form(headers) && (has_odd_range(method, headers) || quoted_tags(headers).next().is_some())
    }

    /// Whether they may is asked when the operation is known.
    async fn check_access(&self, request: &mut S3Request<Body>) -> S3Result<()> {
        let Some(credentials) = &request.credentials else { return Ok(()) };
        let principal = self.gate.principal(&credentials.access_key, &request.uri, &request.headers)?;
        if let Some(caller) = request.extensions.get_mut::<Caller>() {
            caller.call.principal = principal;
        }
        Ok(())
    }

    async fn call(&self, request: S3Request<Body>) -> S3Result<S3Response<Body>> {
        let answer = self.s3s.call(plain(request)).await;
        let answer = answer.map_err(|problem| refuse("InternalError", 500, format!("{problem:?}")))?;
        let (parts, body) = answer.into_parts();
        let mut answer = S3Response::with_status(body, parts.status);
        answer.headers = parts.headers;
        answer.extensions = parts.extensions;
        Ok(answer)
    }
}

/// The same request with headers that `s3s` takes, and without a signature.
fn plain(request: S3Request<Body>) -> Request<Body> {
    let mut plain = Request::new(request.input);
    let mut headers = request.headers;
    headers.remove(AUTHORIZATION);
    if has_odd_range(&request.method, &headers) {
        headers.remove(RANGE);
    }
    for (name, tag) in quoted_tags(&headers).collect::<Vec<_>>() {
        headers.insert(name, tag);
    }
    *plain.headers_mut() = headers;
    *plain.uri_mut() = unsigned(&request.uri).unwrap_or(request.uri);
    *plain.method_mut() = request.method;
    *plain.extensions_mut() = request.extensions;
    if let Some(trailers) = request.trailing_headers {
        plain.extensions_mut().insert(trailers);
    }
    plain
}

fn is_form(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/form-data"))
}

/// A range that is none means everything (RFC 9110, 14.2).
fn has_odd_range(method: &Method, headers: &HeaderMap) -> bool {
    let is_odd = |range: &HeaderValue| {
        let text = range.to_str().unwrap_or_default();
        // To `s3s` a range without numbers is the last no bytes.
        text == "bytes=-" || dto::Range::parse(text).is_err()
    };
    matches!(*method, Method::GET | Method::HEAD) && headers.get(RANGE).is_some_and(is_odd)
}

/// The conditions whose tags lack one quote or both, with them.
fn quoted_tags(headers: &HeaderMap) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    let conditions = [IF_MATCH, IF_NONE_MATCH, SOURCE_MATCHES, SOURCE_MATCHES_NONE].into_iter();
    conditions.filter_map(|name| {
        let tag = headers.get(&name)?.to_str().ok().filter(|tag| lacks_quotes(tag))?;
        Some((name, format!("\"{}\"", tag.trim_matches('"')).parse().ok()?))
    })
}

fn lacks_quotes(tag: &str) -> bool {
    let inner = tag.strip_prefix("W/").unwrap_or(tag).strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.is_none() && tag != "*" && !tag.is_empty()
}
