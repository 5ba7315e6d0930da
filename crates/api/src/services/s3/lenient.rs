//! Headers as S3 takes them and `s3s` does not: a range that is none, a tag without its quotes.

use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, Request,
        header::{AUTHORIZATION, IF_MATCH, IF_NONE_MATCH, RANGE},
    },
};
use s3s::dto;

use super::serve::unsigned;

/// What a copy is of: it has no body.
const COPY_SOURCE: HeaderName = HeaderName::from_static("x-amz-copy-source");
const SOURCE_MATCHES: HeaderName = HeaderName::from_static("x-amz-copy-source-if-match");
const SOURCE_MATCHES_NONE: HeaderName = HeaderName::from_static("x-amz-copy-source-if-none-match");

/// The same request without what `s3s` refuses, if there is any of it and no body. Nobody has signed it.
pub(super) fn plain(request: &Request<Body>) -> Option<Request<Body>> {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let has_odd_range = is_read && request.headers().get(RANGE).is_some_and(is_odd);
    let has_body = !is_read && *request.method() != Method::DELETE && !request.headers().contains_key(COPY_SOURCE);
    if has_body || (!has_odd_range && quoted_tags(request.headers()).next().is_none()) {
        return None;
    }
    let mut plain = Request::new(Body::empty());
    plain.method_mut().clone_from(request.method());
    *plain.uri_mut() = unsigned(request.uri()).unwrap_or_else(|| request.uri().clone());
    plain.extensions_mut().clone_from(request.extensions());
    plain.headers_mut().clone_from(request.headers());
    plain.headers_mut().remove(AUTHORIZATION);
    quote_tags(plain.headers_mut());
    if has_odd_range {
        plain.headers_mut().remove(RANGE);
    }
    Some(plain)
}

/// A range that is none means everything (RFC 9110, 14.2).
fn is_odd(range: &HeaderValue) -> bool {
    let text = range.to_str().unwrap_or_default();
    // To `s3s` a range without numbers is the last no bytes.
    text == "bytes=-" || dto::Range::parse(text).is_err()
}

/// Gives the tags of conditions the quotes that they lack.
pub(super) fn quote_tags(headers: &mut HeaderMap) {
    let quoted: Vec<_> = quoted_tags(headers).collect();
    for (name, tag) in quoted {
        headers.insert(name, tag);
    }
}

/// The conditions whose tags lack quotes, with them.
fn quoted_tags(headers: &HeaderMap) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    let conditions = [IF_MATCH, IF_NONE_MATCH, SOURCE_MATCHES, SOURCE_MATCHES_NONE].into_iter();
    conditions.filter_map(|name| {
        let tag = headers.get(&name)?.to_str().ok().filter(|tag| is_bare(tag))?;
        Some((name, format!("\"{tag}\"").parse().ok()?))
    })
}

fn is_bare(tag: &str) -> bool {
    tag != "*" && !tag.is_empty() && !tag.contains('"')
}
