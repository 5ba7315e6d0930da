//! The console: its files, which are in the program, and what its page asks.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    http::{
        HeaderMap, HeaderName, StatusCode, Uri,
        header::{
            ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
            IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
        },
    },
    response::{IntoResponse as _, Redirect, Response},
    routing,
};
use weir_api::{Front, console::Console};

/// Nothing comes from elsewhere, and no script stands in the page. Styles may: the editors and the components make some
/// while the page runs.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page, and what it asks. A session lasts so many milliseconds.
pub(super) fn routes(front: &Arc<Front>, session: i64) -> Router {
    let page = || routing::get(page);
    let asked = Console::new(Arc::clone(front), session, env!("CARGO_PKG_VERSION"));
    Router::new()
        .route("/", routing::get(|| async { Redirect::temporary("/console/") }))
        .route("/console", routing::get(|| async { Redirect::permanent("/console/") }))
        .route("/console/", page())
        .route("/console/{*place}", page())
        .merge(asked.routes())
}

async fn page(uri: Uri, headers: HeaderMap) -> Response {
    let mut response = answer(uri.path().trim_start_matches("/console/"), &headers);
    let always = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (VARY, "accept-encoding"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    for (name, value) in always {
        response.headers_mut().insert(name, axum::http::HeaderValue::from_static(value));
    }
    response
}

#[cfg(feature = "console")]
fn answer(path: &str, headers: &HeaderMap) -> Response {
    let Some(file) = weir_console::file(path) else {
        return (StatusCode::NOT_FOUND, "this file is of another version of the page: load it anew\n").into_response();
    };
    let caching = if file.is_immutable() { "public, max-age=31536000, immutable" } else { "no-cache" };
    let about = [(ETAG, file.etag), (CACHE_CONTROL, caching), (CONTENT_TYPE, file.content_type)];
    let says = |name: HeaderName, text: &str| {
        headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).any(|value| value.contains(text))
    };
    if says(IF_NONE_MATCH, file.etag) {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    if says(ACCEPT_ENCODING, "gzip") {
        return (about, [(CONTENT_ENCODING, "gzip")], Body::from(file.gzip)).into_response();
    }
    match inflated(file.gzip) {
        Ok(bytes) => (about, Body::from(bytes)).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// For the few clients that take nothing compressed.
#[cfg(feature = "console")]
fn inflated(gzip: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(gzip), &mut bytes)?;
    Ok(bytes)
}

#[cfg(not(feature = "console"))]
fn answer(_: &str, _: &HeaderMap) -> Response {
    const TEXT: &str = "This weir was built without its console (`--no-default-features`). Build it anew with Node 18 or \
                        newer and without that flag. The status is at /status, and AWS clients are answered as ever.\n";
    (StatusCode::NOT_FOUND, [(CONTENT_TYPE, "text/plain; charset=utf-8")], TEXT).into_response()
}
