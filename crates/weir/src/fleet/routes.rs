//! The requests of agents.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{ConnectInfo, DefaultBodyLimit, FromRequestParts, Path, State, rejection::BytesRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    middleware,
    response::{IntoResponse, Response},
    routing,
};
use serde::de::DeserializeOwned;
use tokio::time::timeout;
use weir_network::IdKind;
use weir_uplink::{
    Accepted, BatchId, Credential, Epoch, JoinRequest, LONGEST_WAIT_SECONDS, Report, UplinkError,
    batch::{BODY_LIMIT, Span},
    header as names,
};

use super::{
    Fleet,
    intake::Arrived,
    listener::{Peer, TlsListener},
    refusal::Refusal,
    registry::Joining,
    roster::Heard,
};
use crate::clock;

/// Most bytes of a request to join.
const JOIN_LIMIT: usize = 16 << 10;
/// Most bytes of a report: some thousand interfaces.
const REPORT_LIMIT: usize = 1 << 20;
/// Longest text of a report that is shown.
const SHOWN: usize = 300;

/// Answers agents until the fleet ends.
pub async fn serve(listener: TlsListener, fleet: Arc<Fleet>) -> Result<()> {
    let mut ending = fleet.ending.subscribe();
    let ended = async move {
        let _ = ending.wait_for(|ending| *ending).await;
    };
    let routes = router(fleet).into_make_service_with_connect_info::<Peer>();
    axum::serve(listener, routes).with_graceful_shutdown(ended).await.context("the listener for agents broke")
}

fn router(fleet: Arc<Fleet>) -> Router {
    let body = |limit| DefaultBodyLimit::max(limit);
    Router::new()
        .route("/v1/join", routing::post(join).layer(body(JOIN_LIMIT)))
        .route("/v1/definition", routing::get(definition))
        .route("/v1/report", routing::put(report).layer(body(REPORT_LIMIT)))
        .route("/v1/flow-logs/{flow_log}/batches/{epoch}/{sequence}", routing::put(take).layer(body(BODY_LIMIT)))
        .fallback(|| async {
            Refusal::Unknown("there is no such request; is this an agent of another version?".into())
        })
        .layer(middleware::map_response(with_time))
        .with_state(fleet)
}

/// Every answer says our time.
async fn with_time(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(names::TIME, clock::milliseconds().into());
    headers.insert(names::VERSION, HeaderValue::from_static(env!("CARGO_PKG_VERSION")));
    response
}

/// The host that a request comes from: it has shown its credential. Asked for before the body is read.
struct Host(String);

impl FromRequestParts<Arc<Fleet>> for Host {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, fleet: &Arc<Fleet>) -> Result<Self, Refusal> {
        let Peer(peer) = peer(parts)?;
        let now = clock::seconds();
        let credential = credential(&parts.headers);
        match credential {
            Ok(credential) if fleet.registry.is_host(&credential) => {
                fleet.roster.heard(&credential.id, heard(&parts.headers, peer.to_string(), now));
                Ok(Self(credential.id))
            }
            other => {
                if let Some(wait) = fleet.failures.barred(peer.ip(), now) {
                    return Err(Refusal::TooMany(wait));
                }
                fleet.failures.add(peer.ip(), now);
                if let Ok(credential) = &other
                    && !fleet.registry.knows(&credential.id)
                {
                    fleet.roster.revoked(&credential.id);
                }
                Err(Refusal::Unauthorized("this host has not joined, or was revoked: join again with a new token"))
            }
        }
    }
}

fn peer(parts: &Parts) -> Result<Peer, Refusal> {
    let info = parts.extensions.get::<ConnectInfo<Peer>>();
    info.map(|info| info.0).ok_or_else(|| Refusal::Unavailable("the connection has no address".into()))
}

fn credential(headers: &HeaderMap) -> Result<Credential, UplinkError> {
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    shown.ok_or(UplinkError::Credential)?.parse()
}

fn heard(headers: &HeaderMap, address: String, now: i64) -> Heard {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let time = text(names::TIME).and_then(|time| time.parse::<i64>().ok());
    Heard {
        version: clean(text(names::VERSION).unwrap_or_default()),
        address,
        clock_offset_ms: time.map(|time| time.saturating_sub(clock::milliseconds())),
        now,
    }
}

async fn join(
    State(fleet): State<Arc<Fleet>>,
    ConnectInfo(Peer(peer)): ConnectInfo<Peer>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, Refusal> {
    let now = clock::seconds();
    if let Some(wait) = fleet.failures.barred(peer.ip(), now) {
        return Err(Refusal::TooMany(wait));
    }
    let credential = credential(&headers).ok().filter(|credential| fleet.registry.may_join(credential, now));
    let Some(credential) = credential else {
        fleet.failures.add(peer.ip(), now);
        return Err(Refusal::Unauthorized(
            "the token is unknown, was revoked, or has expired: make another with `weir token create`",
        ));
    };
    let request: JoinRequest = json(body, JOIN_LIMIT)?;
    check(&request)?;
    let joining = fleet.registry.join(&request, &credential.id, now);
    match joining.map_err(|error| Refusal::Unavailable(crate::sentence(&error)))? {
        Joining::Joined => {
            tracing::info!("{} ({}) joined from {peer}", request.name, request.host);
            fleet.roster.joined(request.host, request.name);
            Ok(StatusCode::NO_CONTENT)
        }
        Joining::Taken => Err(Refusal::Conflict(format!(
            "a host has joined as {} before: if it is the same machine, run `weir token revoke {}` first; if it is a clone, \
             give it another --machine-id",
            request.host, request.host
        ))),
    }
}

fn check(request: &JoinRequest) -> Result<(), Refusal> {
    let bad = |problem: String| Err(Refusal::Bad(problem));
    if let Err(error) = IdKind::Instance.check(&request.host) {
        return bad(error.to_string());
    }
    if clean(&request.name) != request.name || request.name.is_empty() || request.name.len() > 128 {
        return bad("the name of the host is empty, too long, or has letters that cannot be shown".into());
    }
    Ok(())
}

async fn definition(State(fleet): State<Arc<Fleet>>, Host(_): Host, headers: HeaderMap) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let have = text(header::IF_NONE_MATCH.as_str()).unwrap_or_default().trim_matches('"').to_owned();
    let wait = text(names::PREFER).and_then(|prefer| prefer.strip_prefix("wait=")?.parse().ok()).unwrap_or(0);
    let wait = Duration::from_secs(LONGEST_WAIT_SECONDS.min(wait));
    let (mut orders, mut ending) = (fleet.orders.watch(), fleet.ending.subscribe());
    let another = async {
        tokio::select! {
            _ = ending.wait_for(|ending| *ending) => None,
            order = orders.wait_for(|order| order.version != have) => order.ok().map(|order| order.clone()),
        }
    };
    match timeout(wait, another).await {
        Ok(Some(order)) => {
            let tag = [(header::ETAG, format!("\"{}\"", order.version))];
            (tag, [(header::CONTENT_TYPE, "application/json")], order.text).into_response()
        }
        Ok(None) | Err(_) => StatusCode::NOT_MODIFIED.into_response(),
    }
}

async fn report(
    State(fleet): State<Arc<Fleet>>,
    Host(host): Host,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, Refusal> {
    let mut report: Report = json(body, REPORT_LIMIT)?;
    report.for_each_text(|text| *text = clean(text));
    for interface in &report.interfaces {
        let instance = interface.instance.iter().filter_map(|it| Some((it, fleet.roster.owner_of_instance(it)?)));
        let owned = fleet.roster.owner_of(&interface.id).map(|owner| (&interface.id, owner));
        if let Some((what, owner)) = owned.into_iter().chain(instance).find(|(_, owner)| *owner != host) {
            return Err(Refusal::Conflict(format!("{what} belongs to host {owner}")));
        }
    }
    fleet.roster.reported(&host, report);
    Ok(StatusCode::NO_CONTENT)
}

async fn take(
    State(fleet): State<Arc<Fleet>>,
    Host(host): Host,
    Path((flow_log, epoch, sequence)): Path<(String, String, String)>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Accepted>, Refusal> {
    let body = body.map_err(|_| Refusal::TooLarge(BODY_LIMIT))?;
    let id = batch_id(&epoch, &sequence)?;
    let span = headers.get(names::WINDOW).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let span: Span = span.parse()?;
    // Little is decoded at a time, so that many agents take little memory.
    let _permit = fleet.decoding.acquire().await;
    let work = {
        let fleet = Arc::clone(&fleet);
        tokio::task::spawn_blocking(move || {
            let arrived = Arrived { host: &host, flow_log: &flow_log, id, span, body: &body };
            let taken = fleet.intake.take(&arrived, &fleet.roster, clock::seconds());
            if let Ok(accepted) = &taken {
                fleet.roster.took(&host, accepted.records, accepted.repeat);
            }
            taken
        })
    };
    let taken = work.await.map_err(|error| Refusal::Unavailable(error.to_string()))?;
    taken.map(Json)
}

fn batch_id(epoch: &str, sequence: &str) -> Result<BatchId, Refusal> {
    let epoch: Epoch = epoch.parse()?;
    let wrong = || UplinkError::BatchId { what: "number", text: sequence.to_owned() };
    let sequence = sequence.parse().map_err(|_| wrong())?;
    Ok(BatchId { epoch, sequence })
}

fn json<T: DeserializeOwned>(body: Result<Bytes, BytesRejection>, limit: usize) -> Result<T, Refusal> {
    let body = body.map_err(|_| Refusal::TooLarge(limit))?;
    serde_json::from_slice(&body).map_err(|error| Refusal::Bad(format!("the request cannot be understood: {error}")))
}

/// A text that can be shown on a terminal: without control letters, and short.
fn clean(text: &str) -> String {
    text.chars().take(SHOWN).map(|letter| if letter.is_control() { '?' } else { letter }).collect()
}
