//! The files of the page.

use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderName, StatusCode,
        header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
    },
    response::{IntoResponse as _, Response},
};

/// The file at a path below `/console/`.
pub(super) fn answer(path: &str, headers: &HeaderMap) -> Response {
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
fn inflated(gzip: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(gzip), &mut bytes)?;
    Ok(bytes)
}
