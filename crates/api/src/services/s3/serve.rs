//! From a request to a response: what S3 has around its operations.

use std::{
    borrow::Cow,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    body::{Body, to_bytes},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri,
        header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HOST, SERVER},
    },
};
use s3s::S3Error;
use tracing::{instrument::WithSubscriber, subscriber::NoSubscriber};
use url::form_urlencoded;
use uuid::Uuid;

use super::{
    S3, chunked, cors, coverage,
    error::{ELEMENTS, refuse},
    form,
    gate::{Caller, Seen},
    host,
};
use crate::{
    ApiError, AuditEvent, Call, ServiceName,
    access::{Context, Principal, Source},
    wire::Scope,
};

/// So long is an error, or a list of the parts of an object, at most.
const LONGEST_ERROR: usize = 1 << 20;

/// What a request is about, for what surrounds its answer.
struct About {
    method: Method,
    /// The path as it came.
    path: String,
    bucket: Option<String>,
    origin: Option<String>,
    asked_headers: Option<String>,
    /// Whether it is `GetObjectAttributes`.
    is_attributes: bool,
    wanted_method: String,
    call: Call,
    seen: Seen,
}

impl S3 {
    /// Answers a request.
    pub(super) async fn answer(self: Arc<Self>, request: Request<Body>) -> Response<Body> {
        let (about, request) = self.prepare(request);
        let mut response = match self.refusal(&about, request.uri()) {
            Some(refusal) => written(refusal),
            None if about.method == Method::OPTIONS => {
                cors::preflight(&self.service, &about.page(), &about.wanted_method).await
            }
            None => self.operate(request).await,
        };
        about.finish(&mut response);
        if about.is_attributes && response.status() == StatusCode::OK {
            response = without_quotes(response).await;
        }
        if response.status() == StatusCode::NOT_MODIFIED || response.status().as_u16() >= 400 {
            response = self.finish_error(response, &about).await;
        }
        if about.origin.is_some() && about.method != Method::OPTIONS {
            cors::allow(&self.service, &about.page(), response.headers_mut()).await;
        }
        self.tell(&about, &response);
        let headers = response.headers_mut();
        set(headers, "x-amz-request-id", &about.call.request_id);
        set(headers, "x-amz-id-2", &host_id(&about.call.request_id));
        headers.insert(SERVER, HeaderValue::from_static("AmazonS3"));
        response
    }

    /// Tells whoever keeps the trail of requests.
    fn tell(&self, about: &About, response: &Response<Body>) {
        let seen = about.seen.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (operation, principal) = seen.unwrap_or_else(|| ("Unknown".to_owned(), Principal::nobody()));
        let call = Call { principal, ..about.call.clone() };
        let error = response.extensions().get::<Said>();
        let error = error.map(|said| ApiError::new(said.code.clone(), said.message.clone()));
        (self.audit)(AuditEvent::of(ServiceName::S3, &operation, &call, error.as_ref()));
    }

    async fn operate(&self, request: Request<Body>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let request = Request::from_parts(parts, s3s::Body::http_body_unsync(body));
        // It writes every answer that is an error as an error of its own; the trail and the client have them.
        match self.s3s.call(request).with_subscriber(NoSubscriber::default()).await {
            Ok(response) => response.map(Body::new),
            Err(problem) => {
                tracing::error!(?problem, "S3 could not answer");
                written(refuse("InternalError", 500, "We encountered an internal error. Please try again."))
            }
        }
    }

    fn prepare(&self, request: Request<Body>) -> (About, Request<Body>) {
        let header = |name: HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
        let scope = Scope::of(request.uri(), request.headers());
        let call = Call {
            account: self.service.access.account().to_owned(),
            region: scope.as_ref().map_or_else(|| self.region.clone(), |scope| scope.region.clone()),
            principal: Principal::nobody(),
            source: request.extensions().get::<Source>().cloned().unwrap_or_default(),
            now: self.service.now(),
            request_id: Uuid::new_v4().simple().to_string()[..16].to_uppercase(),
        };
        let path = request.uri().path().to_owned();
        let in_host = header(HOST).and_then(host::bucket_of).map(|(bucket, _)| bucket.to_owned());
        let in_path = || path.split('/').nth(1).filter(|bucket| !bucket.is_empty()).map(str::to_owned);
        let about = About {
            method: request.method().clone(),
            bucket: in_host.or_else(in_path),
            is_attributes: request
                .uri()
                .query()
                .is_some_and(|query| query.split('&').any(|pair| pair.starts_with("attributes"))),
            origin: header(HeaderName::from_static("origin")).map(str::to_owned),
            asked_headers: header(HeaderName::from_static("access-control-request-headers")).map(str::to_owned),
            wanted_method: header(HeaderName::from_static("access-control-request-method"))
                .unwrap_or_default()
                .to_owned(),
            path,
            call,
            seen: Arc::new(Mutex::new(None)),
        };
        let request = self.admit(request, scope.as_ref(), &about);
        (about, request)
    }

    /// Gives the request to what checks it: signatures, or what a listener without them believes.
    fn admit(&self, mut request: Request<Body>, scope: Option<&Scope>, about: &About) -> Request<Body> {
        let mut caller = Caller {
            call: about.call.clone(),
            context: Context::of(&about.call),
            region: scope.map(|scope| scope.region.clone()),
            seen: Arc::clone(&about.seen),
        };
        add_linked(&mut request);
        let is_signed = scope.is_some();
        if !self.service.access.is_on() {
            if let Some(scope) = scope {
                caller.call.principal = self.service.access.trusted(&scope.access_key, about.call.now);
            }
            request.headers_mut().remove(AUTHORIZATION);
            request = form::unsigned(request);
            if let Some(uri) = unsigned(request.uri()) {
                *request.uri_mut() = uri;
            }
        }
        if !is_signed || !self.service.access.is_on() {
            request = chunked::decoded(request);
        }
        request.extensions_mut().insert(caller);
        request
    }

    /// What is refused before `s3s` would take it for something else.
    fn refusal(&self, about: &About, uri: &Uri) -> Option<S3Error> {
        let is_object = about.path.trim_start_matches('/').contains('/') && !about.path.ends_with('/');
        let name = coverage::unknown(about.method.as_str(), uri.query().unwrap_or_default(), is_object)?;
        Some(refuse("NotImplemented", 501, format!("{name} is not implemented")))
    }

    /// Writes an error with all that S3 says in one, and tells whoever keeps the trail.
    async fn finish_error(&self, response: Response<Body>, about: &About) -> Response<Body> {
        let (mut parts, body) = response.into_parts();
        let body = to_bytes(body, LONGEST_ERROR).await.unwrap_or_default();
        let elements = parts.headers.remove(ELEMENTS);
        let elements = elements.as_ref().and_then(|elements| elements.to_str().ok()).unwrap_or_default();
        parts.headers.remove(CONTENT_LENGTH);
        let body = of_numbers(String::from_utf8_lossy(&body));
        let code = between(&body, "<Code>", "</Code>").unwrap_or_default().to_owned();
        let text = between(&body, "<Message>", "</Message>").unwrap_or_else(|| message(&code)).to_owned();
        if parts.status.as_u16() >= 400 {
            parts.extensions.insert(Said { code, message: text });
        }
        if about.method == Method::HEAD || parts.status == StatusCode::NOT_MODIFIED {
            return Response::from_parts(parts, Body::empty());
        }
        parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
        let text = completed(&body, elements, about);
        Response::from_parts(parts, Body::from(text))
    }
}

/// The error of an answer.
#[derive(Debug, Clone)]
struct Said {
    code: String,
    message: String,
}

impl About {
    /// Says what S3 says with an answer, and `s3s` does not.
    fn finish(&self, response: &mut Response<Body>) {
        if response.status() != StatusCode::OK {
            return;
        }
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match seen.as_ref().map(|(operation, _)| operation.as_str()) {
            Some("HeadObject") if response.headers().contains_key(CONTENT_RANGE) => {
                *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            }
            Some("HeadBucket") => {
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
            }
            Some("PutBucketPolicy" | "PutBucketTagging") => *response.status_mut() = StatusCode::NO_CONTENT,
            _ => {}
        }
    }

    fn page(&self) -> cors::Asked {
        cors::Asked {
            bucket: self.bucket.clone().unwrap_or_default(),
            origin: self.origin.clone().unwrap_or_default(),
            headers: self.asked_headers.clone(),
            method: self.method.clone(),
        }
    }
}

/// `GetObjectAttributes` alone has tags without quotes; `s3s` writes them with.
async fn without_quotes(response: Response<Body>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let body = to_bytes(body, LONGEST_ERROR).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&body).replace("<ETag>&quot;", "<ETag>").replace("&quot;</ETag>", "</ETag>");
    let text = text.replace("<ETag>\"", "<ETag>").replace("\"</ETag>", "</ETag>");
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(text))
}

/// Headers that a link has in its query: the request has them as if they had been sent. Its signature is over them there.
fn add_linked(request: &mut Request<Body>) {
    let query = request.uri().query().unwrap_or_default();
    let is_link = |pair: &str| matches!(pair.split('=').next(), Some("X-Amz-Signature" | "Signature"));
    if !query.split('&').any(is_link) {
        return;
    }
    let linked: Vec<(HeaderName, HeaderValue)> = form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| name.starts_with("x-amz-"))
        .filter_map(|(name, value)| Some((name.parse().ok()?, value.parse().ok()?)))
        .collect();
    for (name, value) in linked {
        request.headers_mut().entry(name).or_insert(value);
    }
}

/// The address without what a signature has put in it.
pub(super) fn unsigned(uri: &Uri) -> Option<Uri> {
    let query = uri.query()?;
    let signs = [
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-SignedHeaders",
        "X-Amz-Signature",
        "X-Amz-Security-Token",
        "AWSAccessKeyId",
        "Signature",
        "Expires",
    ];
    let of_signature = |pair: &&str| !signs.contains(&pair.split('=').next().unwrap_or_default());
    let rest: Vec<&str> = query.split('&').filter(of_signature).collect();
    let text = if rest.is_empty() { uri.path().to_owned() } else { format!("{}?{}", uri.path(), rest.join("&")) };
    text.parse().ok()
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// The second id of a request, which says nothing more.
pub(super) fn host_id(request: &str) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    STANDARD.encode(format!("weir {request}"))
}

pub(super) fn written(error: S3Error) -> Response<Body> {
    match error.to_http_response() {
        Ok(response) => response.map(Body::new),
        Err(_) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        }
    }
}

/// What S3 says of a number in a query that is none, in place of what `s3s` does.
fn of_numbers(error: Cow<'_, str>) -> Cow<'_, str> {
    const START: &str = "<Message>invalid query: ";
    let Some((name, value)) = between(&error, START, "</Message>").and_then(|rest| rest.split_once(": ")) else {
        return error;
    };
    if !name.starts_with("max-") && name != "part-number-marker" {
        return error;
    }
    let said = format!(
        "<Message>Provided {name} not an integer or within integer range</Message>\
         <ArgumentName>{name}</ArgumentName><ArgumentValue>{value}</ArgumentValue>"
    );
    error.replace(&format!("{START}{name}: {value}</Message>"), &said).into()
}

/// The error with its message, its elements, and the ids of the request.
fn completed(error: &str, elements: &str, about: &About) -> String {
    let start = error.strip_suffix("</Error>").unwrap_or("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>");
    let mut text = start.to_owned();
    let mut add = |name: &str, value: &str| {
        text.push_str(&format!("<{name}>{}</{name}>", quick_xml::escape::escape(value)));
    };
    if !error.contains("<Message>") {
        add("Message", message(between(error, "<Code>", "</Code>").unwrap_or_default()));
    }
    if between(error, "<Code>", "</Code>") == Some("MethodNotAllowed") {
        add("Method", about.method.as_str());
    }
    for (name, value) in form_urlencoded::parse(elements.as_bytes()) {
        add(&name, &value);
    }
    if !elements.contains("BucketName") && between(error, "<Code>", "</Code>") == Some("NoSuchBucket") {
        add("BucketName", about.bucket.as_deref().unwrap_or_default());
    }
    add("RequestId", &about.call.request_id);
    add("HostId", &host_id(&about.call.request_id));
    text.push_str("</Error>");
    text
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let from = text.find(start)? + start.len();
    text[from..].find(end).map(|to| &text[from..from + to])
}

/// What S3 says where `s3s` gives a code alone.
fn message(code: &str) -> &'static str {
    match code {
        "SignatureDoesNotMatch" => {
            "The request signature we calculated does not match the signature you provided. Check your key and signing method."
        }
        "InvalidBucketName" => "The specified bucket is not valid.",
        "KeyTooLongError" => "Your key is too long",
        "MethodNotAllowed" => "The specified method is not allowed against this resource.",
        "InvalidURI" => "Couldn't parse the specified URI.",
        "MissingContentLength" => "You must provide the Content-Length HTTP header.",
        "IncompleteBody" => "You did not provide the number of bytes specified by the Content-Length HTTP header",
        "MalformedXML" => "The XML you provided was not well-formed or did not validate against our published schema",
        "MaxMessageLengthExceeded" => "Your request was too big.",
        "AccessDenied" => "Access Denied",
        "NotImplemented" => "A header you provided implies functionality that is not implemented",
        _ => "The request could not be done.",
    }
}
