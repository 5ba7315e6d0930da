//! The console: its files, which are in the program, and what its page asks.

#[cfg_attr(feature = "console", path = "console/files.rs")]
#[cfg_attr(not(feature = "console"), path = "console/none.rs")]
mod files;
/// Also compiled and tried with the page.
#[cfg(all(test, feature = "console"))]
#[path = "console/none.rs"]
mod none;

use std::sync::Arc;

use axum::{
    Router,
    http::{
        HeaderMap, HeaderName, HeaderValue, Uri,
        header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS},
    },
    response::{Redirect, Response},
    routing,
};
use weir_api::{
    Front,
    console::{AtlasNow, Console},
};

/// Nothing comes from elsewhere, and no script stands in the page. Styles may: the editors and the components make some
/// while the page runs.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page, and what it asks. A session lasts so many milliseconds.
pub(super) fn routes(front: &Arc<Front>, session: i64, atlas: AtlasNow) -> Router {
    let page = || routing::get(page);
    let asked = Console::new(Arc::clone(front), session, atlas, env!("CARGO_PKG_VERSION"));
    Router::new()
        .route("/console", routing::get(|| async { Redirect::permanent("/console/") }))
        .route("/console/", page())
        .route("/console/{*place}", page())
        .merge(asked.routes())
}

async fn page(uri: Uri, headers: HeaderMap) -> Response {
    let mut response = files::answer(uri.path().strip_prefix("/console/").unwrap_or_default(), &headers);
    let always = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (VARY, "accept-encoding"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    for (name, value) in always {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
