//! Which pages of other hosts may ask.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Method, Response, StatusCode},
};
use s3s::dto;

use super::{disk::blocking, error::refuse, service::Service};

/// What a browser asks, for a page.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) bucket: String,
    pub(super) origin: String,
    /// The headers that the page wants to send, in a preflight.
    pub(super) headers: Option<String>,
    /// The method of the request; in a preflight, the one it is about is in a header.
    pub(super) method: Method,
}

/// Answers whether a page may send what it wants to.
pub(super) async fn preflight(service: &Service, asked: &Asked, wanted: &str) -> Response<Body> {
    let rule = rule(service, asked, wanted).await;
    let Some(rule) = rule else {
        let text = "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request \
                    method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the \
                    resource's CORS spec.";
        return super::serve::written(refuse("AccessForbidden", 403, text));
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::OK;
    write(&rule, asked, response.headers_mut());
    response
}

/// Adds what a browser must see to give an answer to its page.
pub(super) async fn allow(service: &Service, asked: &Asked, headers: &mut HeaderMap) {
    let method = asked.method.as_str().to_owned();
    if let Some(rule) = rule(service, asked, &method).await {
        write(&rule, asked, headers);
    }
}

async fn rule(service: &Service, asked: &Asked, method: &str) -> Option<dto::CORSRule> {
    let (service, bucket) = (service.clone(), asked.bucket.clone());
    let rules: Option<Vec<dto::CORSRule>> = blocking(move || service.disk.setting(&bucket, "cors")).await.ok()?;
    rules?.into_iter().find(|rule| is_about(rule, asked, method))
}

fn is_about(rule: &dto::CORSRule, asked: &Asked, method: &str) -> bool {
    let has_origin = rule.allowed_origins.iter().any(|origin| is_like(origin, &asked.origin));
    let has_method = rule.allowed_methods.iter().any(|allowed| allowed == method);
    let allowed = rule.allowed_headers.as_deref().unwrap_or_default();
    let mut wanted = asked.headers.iter().flat_map(|headers| headers.split(',')).map(str::trim);
    let is_allowed =
        |wanted: &str| allowed.iter().any(|allowed| is_like(&allowed.to_lowercase(), &wanted.to_lowercase()));
    has_origin && has_method && wanted.all(is_allowed)
}

/// Whether a text is like a pattern with one `*` at most.
fn is_like(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, end)) => text.len() >= start.len() + end.len() && text.starts_with(start) && text.ends_with(end),
    }
}

fn write(rule: &dto::CORSRule, asked: &Asked, headers: &mut HeaderMap) {
    let is_any = rule.allowed_origins.iter().any(|origin| origin == "*");
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set("access-control-allow-origin", if is_any { "*" } else { &asked.origin });
    if !is_any {
        set("access-control-allow-credentials", "true");
    }
    set("access-control-allow-methods", &rule.allowed_methods.join(", "));
    if let Some(wanted) = &asked.headers {
        set("access-control-allow-headers", wanted);
    }
    if let Some(exposed) = &rule.expose_headers {
        set("access-control-expose-headers", &exposed.join(", "));
    }
    if let Some(age) = rule.max_age_seconds {
        set("access-control-max-age", &age.to_string());
    }
    set("vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_has_one_star_at_most() {
        for (pattern, text, expected) in [
            ("*", "http://a", true),
            ("http://*.example.org", "http://x.example.org", true),
            ("http://*.example.org", "http://.example.org", true),
            ("http://a", "http://b", false),
            ("aa*aa", "aaa", false),
        ] {
            assert_eq!(is_like(pattern, text), expected, "{pattern} {text}");
        }
    }
}
