//! In place of the page, in a program that was built without it.

use axum::{
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse as _, Response},
};

/// Says that there is no page, and how to get one.
pub(super) fn answer(_: &str, _: &HeaderMap) -> Response {
    const TEXT: &str = "This weir was built without its console (`--no-default-features`). Build it anew with Node 18 or \
                        newer and without that flag. The status is at /status, and AWS clients are answered as ever.\n";
    (StatusCode::NOT_FOUND, [(CONTENT_TYPE, "text/plain; charset=utf-8")], TEXT).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    #[tokio::test]
    async fn whoever_looks_for_the_page_reads_how_to_get_it() {
        let response = answer("logs", &HeaderMap::new());
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        let text = to_bytes(response.into_body(), 10_000).await.unwrap();
        let text = str::from_utf8(&text).unwrap();
        assert!(text.contains("without its console") && text.contains("Node 18"), "{text}");
    }
}
