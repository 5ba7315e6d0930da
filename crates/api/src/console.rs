//! What the pages of the console ask.
//!
//! `POST /console/call/SERVICE/OPERATION` does an operation of the table: its input is the JSON of the body, its output
//! the JSON of the answer, with members as the service names them and times in Unix milliseconds. The service is named as
//! in the scope of a signature (`logs`, `monitoring`). The answer of an operation that streams is a line of JSON for each
//! event. `X-Weir-Region` names the region.
//!
//! | Path | What it does |
//! |---|---|
//! | `POST /console/sign-in` | takes an access key, gives a cookie |
//! | `POST /console/sign-out` | ends the session |
//! | `GET /console/session` | who is signed in |
//! | `POST /console/may` | which of several operations the caller may do |
//! | `POST /console/places` | what the database files know of addresses |

mod answer;
mod guard;
mod session;

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Path, Request, State},
    http::request::Parts,
    response::Response,
    routing,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;
use uuid::Uuid;
use weir_atlas::{Atlas, AtlasError, Place};

use crate::{
    ApiError, Call, Front, Refusal, ServiceName,
    access::{OverTls, Principal},
    front::{AuditEvent, Done, body, source},
};
use answer::{Refused, as_json, as_lines, refused};
use session::Sessions;

/// Gives the atlas as its files are now. May read them.
pub type AtlasNow = Arc<dyn Fn() -> Arc<Atlas> + Send + Sync>;

/// What the pages of the console ask, beside their files.
pub struct Console {
    front: Arc<Front>,
    sessions: Sessions,
    atlas: AtlasNow,
    version: &'static str,
}

impl Console {
    /// Sessions last so many milliseconds. `version` is the program's.
    pub fn new(front: Arc<Front>, lifetime: i64, atlas: AtlasNow, version: &'static str) -> Self {
        Self { front, sessions: Sessions::new(lifetime), atlas, version }
    }

    /// Everything below `/console/` that is no file.
    pub fn routes(self) -> Router {
        Router::new()
            .route("/console/session", routing::get(whose))
            .route("/console/sign-in", routing::post(sign_in))
            .route("/console/sign-out", routing::post(sign_out))
            .route("/console/may", routing::post(may))
            .route("/console/places", routing::post(places))
            .route("/console/call/{service}/{operation}", routing::post(call))
            .with_state(Arc::new(self))
    }

    /// Who asks; none without a session that is in force.
    fn holder(&self, parts: &Parts, now: i64) -> Option<Principal> {
        if !self.front.access.is_on() {
            return Some(Principal::root(self.front.access.account(), ""));
        }
        self.sessions.holder(&self.front.access, guard::cookie(parts)?, now)
    }

    fn call_of(&self, parts: &Parts, principal: Principal) -> Call {
        let region = guard::header(parts, "x-weir-region").filter(|region| !region.is_empty());
        let from = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|from| from.0.ip());
        Call {
            account: self.front.access.account().to_owned(),
            region: region.unwrap_or(&self.front.region).to_owned(),
            principal,
            source: source(parts, from),
            now: (self.front.clock)(),
            request_id: Uuid::new_v4().to_string(),
        }
    }

    /// Takes a request of a page that is signed in: the call that it makes, and its input.
    async fn take<T: DeserializeOwned>(&self, request: Request) -> Result<(Call, T, Parts), Refused> {
        let (parts, body) = request.into_parts();
        guard::check(&parts, self.front.access.is_on())?;
        let principal = self.holder(&parts, (self.front.clock)()).ok_or_else(not_signed_in)?;
        let input = self.read(body).await?;
        Ok((self.call_of(&parts, principal), input, parts))
    }

    async fn read<T: DeserializeOwned>(&self, body: Body) -> Result<T, Refused> {
        let said = |refusal: Refusal| refused(refusal.to_error(crate::protocol::Protocol::AwsJson11));
        let body = body::read(body, &self.front.bodies).await.map_err(said)?;
        let bytes = if body.bytes.is_empty() { b"{}" } else { &body.bytes[..] };
        serde_json::from_slice(bytes).map_err(|error| said(Refusal::Malformed(error.to_string())))
    }
}

fn not_signed_in() -> Refused {
    let text = "Your session has ended, or you have not signed in yet. Sign in with an access key.";
    refused(ApiError::new("NotSignedIn", text).with_status(401))
}

/// An access key, as somebody types it in.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyInput {
    access_key_id: String,
    secret_access_key: String,
    #[serde(default)]
    session_token: String,
}

async fn sign_in(State(console): State<Arc<Console>>, request: Request) -> Result<Response, Refused> {
    let (parts, body) = request.into_parts();
    guard::check(&parts, console.front.access.is_on())?;
    let key: KeyInput = console.read(body).await?;
    let mut call = console.call_of(&parts, Principal::nobody());
    let begun = console.sessions.begin(&console.front.access, &key, call.now);
    match &begun {
        Ok((_, principal)) => call.principal = principal.clone(),
        Err(_) => call.principal.access_key = key.access_key_id.chars().take(128).collect(),
    }
    (console.front.audit)(AuditEvent::of_sign_in(&call, begun.as_ref().err()));
    let (token, principal) = begun.map_err(refused)?;
    let is_secure = parts.extensions.get::<OverTls>().is_some();
    let cookie = guard::set_cookie(&parts, &token, console.sessions.seconds(), is_secure);
    Ok(as_json(&console.about(Some(&principal)), Some(cookie)))
}

async fn sign_out(State(console): State<Arc<Console>>, request: Request) -> Result<Response, Refused> {
    let (parts, _) = request.into_parts();
    guard::check(&parts, console.front.access.is_on())?;
    if let Some(token) = guard::cookie(&parts) {
        console.sessions.end(token);
    }
    let is_secure = parts.extensions.get::<OverTls>().is_some();
    Ok(as_json(&json!({}), Some(guard::set_cookie(&parts, "", 0, is_secure))))
}

impl Console {
    fn about(&self, principal: Option<&Principal>) -> Value {
        let access = &self.front.access;
        json!({
            "authentication": if access.is_on() { "on" } else { "off" },
            "account": access.account(),
            "region": self.front.region,
            "version": self.version,
            "hasAtlas": !(self.atlas)().is_empty(),
            "principal": principal.map(|principal| json!({ "arn": principal.arn, "accessKeyId": principal.access_key })),
        })
    }
}

async fn whose(State(console): State<Arc<Console>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    as_json(&console.about(console.holder(&parts, (console.front.clock)()).as_ref()), None)
}

async fn call(
    State(console): State<Arc<Console>>,
    Path((service, operation)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Refused> {
    let (call, input, parts) = console.take::<Value>(request).await?;
    let unknown = || refused(ApiError::new("UnknownService", format!("There is no service `{service}`.")));
    let service = ServiceName::by_signing_name(&service).ok_or_else(unknown)?;
    let front = Arc::clone(&console.front);
    let work = move || {
        front.access.note_use(&call.principal.access_key, || call.region.clone(), service, call.now);
        front.ask(service, &operation, input, &call)
    };
    let done = spawn_blocking(work).await.map_err(|error| refused(ApiError::internal(error)))?;
    match done.map_err(refused)? {
        Done::Output(output) => Ok(as_json(&output, None)),
        // A stream goes on for hours: it ends with the session.
        Done::Events(events) => Ok(as_lines(events, move || console.holder(&parts, (console.front.clock)()).is_some())),
    }
}

/// One question: may I do this?
#[derive(Deserialize)]
struct May {
    service: String,
    operation: String,
    #[serde(default = "nothing")]
    input: Value,
}

fn nothing() -> Value {
    json!({})
}

#[derive(Deserialize)]
struct MayInput {
    questions: Vec<May>,
}

#[derive(Serialize)]
struct MayOutput {
    answers: Vec<bool>,
}

async fn may(State(console): State<Arc<Console>>, request: Request) -> Result<Response, Refused> {
    const MOST: usize = 200;
    let (call, MayInput { questions }, _) = console.take(request).await?;
    if questions.len() > MOST {
        return Err(refused(ApiError::new("TooManyQuestions", format!("Ask at most {MOST} questions at once."))));
    }
    let front = Arc::clone(&console.front);
    let answer = move |May { service, operation, input }: May| {
        ServiceName::by_signing_name(&service).is_some_and(|service| front.may(service, &operation, input, &call))
    };
    let work = spawn_blocking(move || questions.into_iter().map(answer).collect());
    let answers = work.await.map_err(|error| refused(ApiError::internal(error)))?;
    Ok(as_json(&MayOutput { answers }, None))
}

#[derive(Deserialize)]
struct PlacesInput {
    addresses: Vec<IpAddr>,
}

/// In the order of the addresses; null for those that no file has.
#[derive(Serialize)]
struct PlacesOutput {
    places: Vec<Option<Place>>,
}

/// No operation of AWS says where an address is. Nothing of the account is read: whoever is signed in may ask.
async fn places(State(console): State<Arc<Console>>, request: Request) -> Result<Response, Refused> {
    const MOST: usize = 10_000;
    let (_, PlacesInput { addresses }, _) = console.take(request).await?;
    if addresses.len() > MOST {
        return Err(refused(ApiError::new("TooManyAddresses", format!("Ask for at most {MOST} addresses at once."))));
    }
    let look_up = move || {
        let atlas = (console.atlas)();
        addresses.into_iter().map(|address| atlas.look_up(address)).collect::<Result<_, _>>()
    };
    let places = spawn_blocking(look_up).await.map_err(|error| refused(ApiError::internal(error)))?;
    let damaged = |error: AtlasError| refused(ApiError::new("DamagedDatabase", error.to_string()).with_status(500));
    Ok(as_json(&PlacesOutput { places: places.map_err(damaged)? }, None))
}

#[cfg(test)]
mod tests;
