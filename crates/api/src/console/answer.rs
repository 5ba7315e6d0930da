//! Answers to the pages of the console: JSON, and lines of it.

use std::convert::Infallible;

use axum::{
    body::{Body, Bytes},
    http::{
        HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, SET_COOKIE},
    },
    response::{IntoResponse, Response},
};
use futures::{Stream, stream};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{ApiError, Event, Events};

/// An error, as a page reads it: `code`, `message`, and what else the error has.
#[derive(Debug)]
pub(super) struct Refused(Box<ApiError>);

pub(super) fn refused(error: ApiError) -> Refused {
    Refused(Box::new(error))
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let ApiError { code, message, status, mut members, .. } = *self.0;
        members.insert("code".to_owned(), code.into());
        members.insert("message".to_owned(), message.into());
        let mut response = as_json(&members, None);
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response
    }
}

pub(super) fn as_json(value: &impl Serialize, cookie: Option<HeaderValue>) -> Response {
    // Only a map with names that are no texts could refuse, and there is none.
    let body = serde_json::to_vec(value).unwrap_or_default();
    let mut response = answer("application/json", Body::from(body));
    if let Some(cookie) = cookie {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

/// A line for each event, until they end, the client goes away, or `is_alive` says no.
pub(super) fn as_lines(events: Events, is_alive: impl Fn() -> bool + Send + 'static) -> Response {
    answer("application/x-ndjson", Body::from_stream(lines(events, is_alive)))
}

fn lines(
    events: Events,
    is_alive: impl Fn() -> bool + Send + 'static,
) -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream::unfold(Some((events, is_alive)), |state| async move {
        let (mut events, is_alive) = state?;
        let event = events.recv().await?;
        if is_alive() {
            return Some((Ok(line(&event)), Some((events, is_alive))));
        }
        let payload = json!({ "message": "Your session has ended. Sign in again." });
        Some((Ok(line(&Event { name: "NotSignedIn", is_exception: true, payload })), None))
    })
}

fn line(event: &Event) -> Bytes {
    let Event { name, is_exception, payload } = event;
    let member = if *is_exception { "error" } else { "event" };
    let line: Value = json!({ member: name, "payload": payload });
    format!("{line}\n").into()
}

fn answer(content_type: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    response
}
