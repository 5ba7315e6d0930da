//! From a request to a response.

mod ask;
mod audit;
pub(crate) mod body;

use std::{future::Future, net::IpAddr, pin::Pin, sync::Arc};

use axum::{
    body::{Body, Bytes},
    http::{
        HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri,
        header::{CONTENT_LENGTH, HOST, HeaderName, REFERER, USER_AGENT},
        request::Parts,
    },
};
use serde_json::Value;
use tokio::task::spawn_blocking;
use uuid::Uuid;

use crate::{
    ApiError, Call, Events, Payload, Refusal, Serve, Served, ServiceName,
    access::{Access, OverTls, Principal, Signed, Source},
    events,
    operation::Entry,
    protocol::{self, Asked, Protocol, Reply},
    wire::{self, Meaning, Scope},
};

pub use audit::AuditEvent;
use body::Held;
pub use body::Room;

/// Answers a request of S3, whole. Its [`Source`] is among the extensions of the request.
pub type S3Handler = Arc<dyn Fn(Request<Body>) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>> + Send + Sync>;

/// Is told of every request to an operation, after it.
pub type Audit = Arc<dyn Fn(AuditEvent) + Send + Sync>;

/// Everything that is served, behind one address.
pub struct Front {
    /// The region of a request that names none, as links have none.
    pub region: String,
    /// Who may do what.
    pub access: Arc<Access>,
    /// The tables of the services.
    pub tables: Served,
    /// S3, which streams.
    pub s3: S3Handler,
    /// Where it is written who asked what.
    pub audit: Audit,
    /// Memory for the bodies of requests.
    pub bodies: Room,
    /// Unix milliseconds.
    pub clock: fn() -> i64,
}

/// A request that was read.
struct Received {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    /// As it came: what was signed.
    raw: Held,
    /// What it means, where it came compressed.
    inflated: Option<Held>,
    source: Source,
}

/// What an operation answers.
pub(crate) enum Done {
    Output(Value),
    Events(Events),
}

impl Front {
    /// Answers a request; gives it back when it means nothing of AWS.
    ///
    /// # Errors
    /// The request itself, for whoever else serves at this address.
    pub async fn answer(
        self: Arc<Self>,
        request: Request<Body>,
        from: Option<IpAddr>,
    ) -> Result<Response<Body>, Request<Body>> {
        let (mut parts, body) = request.into_parts();
        let from = source(&parts, from);
        parts.extensions.insert(from.clone());
        let is_form = wire::is_form(&parts.method, &parts.headers);
        let meaning = |parts: &Parts, form: &[u8]| wire::meaning(&parts.method, &parts.uri, &parts.headers, form);
        let known = match (!is_form).then(|| meaning(&parts, b"")) {
            Some(Meaning::Nothing) => return Err(Request::from_parts(parts, body)),
            Some(Meaning::S3) => return Ok((self.s3)(Request::from_parts(parts, body)).await),
            known => known,
        };
        let (raw, body, problem) = match self.read(body, &parts.headers).await {
            Ok((raw, body)) => (raw, body, None),
            // What a form asks for stands in the body.
            Err(refusal) if is_form => return Ok(unread(&refusal)),
            Err(refusal) => (Held::default(), None, Some(refusal)),
        };
        let meaning = known.unwrap_or_else(|| meaning(&parts, &body.as_ref().unwrap_or(&raw).bytes));
        let Meaning::Operation { asked, in_query } = meaning else {
            // A form without an action is a page's button, or the upload of a browser to S3.
            let is_s3 = meaning == Meaning::S3;
            let request = Request::from_parts(parts, Body::from(raw.bytes));
            return if is_s3 { Ok((self.s3)(request).await) } else { Err(request) };
        };
        let (method, uri, headers) = (parts.method, parts.uri, parts.headers);
        let received = Received { method, uri, headers, raw, inflated: body, source: from };
        let work = spawn_blocking(move || self.operate(&asked, in_query, &received, problem));
        Ok(work.await.unwrap_or_else(|_| status(StatusCode::INTERNAL_SERVER_ERROR)))
    }

    /// The body as it came, and what is in it if it is compressed.
    async fn read(&self, body: Body, headers: &HeaderMap) -> Result<(Held, Option<Held>), Refusal> {
        let raw = body::read(body, &self.bodies).await?;
        if !body::is_compressed(headers) {
            return Ok((raw, None));
        }
        let (bytes, room) = (raw.bytes.clone(), self.bodies.clone());
        let inflated = spawn_blocking(move || body::inflated(&bytes, &room)).await.map_err(|_| Refusal::Unfinished)?;
        Ok((raw, Some(inflated?)))
    }

    fn operate(&self, asked: &Asked, in_query: bool, received: &Received, problem: Option<Refusal>) -> Response<Body> {
        let request_id = Uuid::new_v4().to_string();
        let scope = Scope::of(&received.uri, &received.headers);
        let region = scope.map_or_else(|| self.region.clone(), |scope| scope.region);
        let now = (self.clock)();
        let mut call = Call {
            account: self.access.account().to_owned(),
            region,
            principal: Principal::nobody(),
            source: received.source.clone(),
            now,
            request_id,
        };
        let done = match problem {
            Some(refusal) => Err(refusal.to_error(asked.protocol)),
            None => self.carry_out(asked, in_query, received, &mut call),
        };
        (self.audit)(AuditEvent::of(asked.service, &asked.operation, &call, done.as_ref().err()));
        let reply = match done {
            Ok(Done::Events(events)) => return streamed(events, &call.request_id),
            Ok(Done::Output(output)) => protocol::encode(asked, &output, &call.request_id),
            Err(error) => protocol::encode_error(asked, &error, &call.request_id),
        };
        response(reply, &call.request_id)
    }

    fn carry_out(&self, asked: &Asked, in_query: bool, received: &Received, call: &mut Call) -> Result<Done, ApiError> {
        let refuse = |refusal: Refusal| refusal.to_error(asked.protocol);
        let signed = Signed {
            method: &received.method,
            uri: &received.uri,
            headers: &received.headers,
            body: &received.raw.bytes,
        };
        let found = self.tables.find(asked.service, &asked.operation);
        let is_open = found.as_ref().is_some_and(|(_, entry)| entry.open);
        match self.access.authenticate(&signed, asked.service, call.now) {
            Ok(principal) => call.principal = principal,
            Err(Refusal::MissingToken) if is_open => {}
            Err(refusal) => return Err(refuse(refusal)),
        }
        let (table, entry) = found.ok_or_else(|| refuse(Refusal::UnknownOperation(asked.operation.clone())))?;
        let form = received.uri.query().unwrap_or_default();
        let input = if in_query {
            Bytes::copy_from_slice(form.as_bytes())
        } else {
            received.inflated.as_ref().unwrap_or(&received.raw).bytes.clone()
        };
        let input = wire::with_queue(asked, &received.uri, input);
        let payload = protocol::decode(asked, input).map_err(refuse)?;
        self.perform(asked.service, (table, entry), call, &payload)
    }

    /// Does an operation, if whoever calls may.
    fn perform(
        &self,
        service: ServiceName,
        (table, entry): (&dyn Serve, Entry),
        call: &Call,
        payload: &Payload,
    ) -> Result<Done, ApiError> {
        if !entry.unguarded && (!entry.open || call.principal.is_somebody()) {
            let may = self.tables.authorize(&self.access, (service, &entry), call, payload);
            may.map_err(|refusal| refusal.to_error(payload.protocol()))?;
        }
        match table.stream(entry.name, call, payload) {
            Some(events) => events.map(Done::Events),
            None => table.call(entry.name, call, payload).map(Done::Output),
        }
    }
}

/// Longest name of a program.
const LONGEST_AGENT: usize = 512;

pub(crate) fn source(parts: &Parts, ip: Option<IpAddr>) -> Source {
    let header = |name| parts.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let user_agent = header(USER_AGENT).unwrap_or_default().chars().take(LONGEST_AGENT).collect();
    let referer = header(REFERER).unwrap_or_default().to_owned();
    let named = header(HOST);
    let host = named.or_else(|| parts.uri.authority().map(|authority| authority.as_str()));
    let host = host.unwrap_or_default().to_owned();
    let is_secure = parts.extensions.get::<OverTls>().is_some();
    Source { ip, user_agent, referer, host, is_secure }
}

fn response(reply: Reply, request_id: &str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    let texts = reply.headers.iter().map(|(name, value)| (*name, value.as_str()));
    for (name, value) in texts.chain([("x-amzn-requestid", request_id), ("x-amz-request-id", request_id)]) {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    headers.insert(CONTENT_LENGTH, reply.body.len().into());
    *response.body_mut() = Body::from(reply.body);
    response
}

/// An answer that goes on until its events end, or the client goes away.
fn streamed(events: Events, request_id: &str) -> Response<Body> {
    let headers = vec![("content-type", events::CONTENT_TYPE.to_owned())];
    let mut response = response(Reply { status: 200, headers, body: Bytes::new() }, request_id);
    response.headers_mut().remove(CONTENT_LENGTH);
    *response.body_mut() = Body::from_stream(events::encoded(events));
    response
}

/// To a form that was not read: nobody knows which protocol it would have been.
fn unread(refusal: &Refusal) -> Response<Body> {
    let error = refusal.to_error(Protocol::AwsQuery);
    let code = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = status(code);
    *response.body_mut() = Body::from(format!("{error}\n"));
    response
}

fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests;
