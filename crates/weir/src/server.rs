//! The listener: the console at `/console/`; `GET /status`, `/metrics` and `/health`; `POST /enforcement/confirm`, `/enforcement/detach`,
//! `/interfaces/attach` and `/interfaces/detach`; the pages and files that notices link to. AWS clients are answered before all of these.

mod body;
mod console;
mod listener;
mod stream;
pub mod tls;

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Json, Router,
    extract::{ConnectInfo, Request, State},
    http::{self, StatusCode, header::CONTENT_TYPE},
    middleware::{self, Next},
    response::{IntoResponse as _, Redirect, Response},
    routing,
};
use tokio::sync::oneshot;

use url::form_urlencoded;
use weir_api::{Front, console::AtlasNow};
use weir_watch::topic::{Answer, Method};

use crate::report::Report;
pub use listener::Listener;

/// What can be asked of the enforcement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Keep the rules that are on trial.
    Confirm,
    /// Take all rules away, and put none in force any more.
    Detach,
}

/// Takes orders: what was done, or why not.
pub type Orders = Arc<dyn Fn(Order, oneshot::Sender<Result<String, String>>) + Send + Sync>;

/// Which device is which network interface: what was done, or why not.
pub type Attach = Arc<dyn Fn(Attachment) -> Result<String, String> + Send + Sync>;

/// A device to attach to a network interface; without one, the device of the interface is taken away.
#[derive(Debug, Clone, Default)]
pub struct Attachment {
    /// `eni-…`
    pub eni: String,
    /// The device.
    pub interface: Option<String>,
    /// `guest`, or `host`, which it is if not given.
    pub side: Option<String>,
}

impl Attachment {
    /// Out of what stands behind the `?`.
    fn parse(query: &str) -> Self {
        let find = |wanted: &str| {
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            pairs.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
        };
        Self { eni: find("eni").unwrap_or_default(), interface: find("interface"), side: find("side") }
    }
}

/// Answers links of notices: what to say to a method, a path, and what stands behind its `?`.
pub type Answers = Arc<dyn Fn(Method, &str, &str) -> Option<Answer> + Send + Sync>;

/// What the listener serves.
pub struct Service {
    /// The last report.
    pub board: Board,
    /// Takes orders.
    pub orders: Orders,
    /// Attaches devices.
    pub attach: Attach,
    /// Answers AWS clients, before all else.
    pub front: Arc<Front>,
    /// Answers links.
    pub answers: Answers,
    /// How long a session of the console lasts, in milliseconds.
    pub session: i64,
    /// Where addresses are, for the console.
    pub atlas: AtlasNow,
    /// Makes the text of `/metrics`.
    pub metrics: Arc<dyn Fn(&Report) -> String + Send + Sync>,
}

/// The last report, shared between the one who writes it and the listener.
#[derive(Clone, Default)]
pub struct Board(Arc<Mutex<Report>>);

impl Board {
    /// Puts up a new report.
    pub fn put(&self, report: Report) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = report;
    }

    /// The last report.
    pub fn get(&self) -> Report {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What is served at `here`, the address of the listener.
pub fn routes(service: Service, here: IpAddr) -> Router {
    let Service { board, orders, attach, front, answers, session, atlas, metrics } = service;
    let here = here.to_canonical();
    let order = |order| {
        let orders = Arc::clone(&orders);
        routing::post(move |request: Request| async move {
            match refused(&request, here) {
                Some(refused) => refused,
                None => carry_out(orders, order).await,
            }
        })
    };
    let attaching = || {
        let attach = Arc::clone(&attach);
        routing::post(move |request: Request| async move {
            match refused(&request, here) {
                Some(refused) => refused,
                None => attach_device(attach, Attachment::parse(request.uri().query().unwrap_or_default())).await,
            }
        })
    };
    Router::new()
        .route("/enforcement/confirm", order(Order::Confirm))
        .route("/enforcement/detach", order(Order::Detach))
        .route("/interfaces/attach", attaching())
        .route("/interfaces/detach", attaching())
        .route("/status", routing::get(|State(board): State<Board>| async move { Json(board.get()) }))
        .route(
            "/metrics",
            routing::get(move |State(board): State<Board>| async move {
                ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics(&board.get()))
            }),
        )
        .route("/health", routing::get(|| async { "ok\n" }))
        .fallback(move |request: Request| link(answers, request))
        .with_state(board)
        .merge(console::routes(&front, session, atlas))
        .layer(middleware::from_fn_with_state(front, aws))
}

/// What AWS clients ask for is answered here; all else goes on.
async fn aws(
    State(front): State<Arc<Front>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    match front.answer(request, Some(from.ip())).await {
        Ok(response) => response,
        Err(request) => next.run(request).await,
    }
}

/// A page or a file that a notice links to.
async fn link(answers: Answers, request: Request) -> Response {
    let method = match *request.method() {
        http::Method::GET => Method::Get,
        http::Method::POST => Method::Post,
        _ => return StatusCode::METHOD_NOT_ALLOWED.into_response(),
    };
    let (path, query) = (request.uri().path().to_owned(), request.uri().query().unwrap_or_default().to_owned());
    let is_root = path == "/";
    // Asks the catalogue, which is on disk.
    let answer = tokio::task::spawn_blocking(move || answers(method, &path, &query)).await;
    match answer {
        Ok(Some(Answer { status, content_type, body })) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, [(CONTENT_TYPE, content_type)], body).into_response()
        }
        Ok(None) if is_root => Redirect::temporary("/console/").into_response(),
        Ok(None) => (StatusCode::NOT_FOUND, "nothing is here: try /console/ or /status\n").into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Only a program of this host may give orders: a page of another site that a browser shows cannot send the header.
fn refused(request: &Request, here: IpAddr) -> Option<(StatusCode, String)> {
    let from = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|from| from.0.ip().to_canonical());
    if !from.is_some_and(|from| from.is_loopback() || from == here) {
        return Some((StatusCode::FORBIDDEN, "ask on the host itself\n".to_owned()));
    }
    let is_program = request.headers().contains_key("x-weir");
    (!is_program).then(|| (StatusCode::FORBIDDEN, "send the header `X-Weir: cli`\n".to_owned()))
}

async fn attach_device(attach: Attach, attachment: Attachment) -> (StatusCode, String) {
    // Writes to the catalogue, which is on disk.
    match tokio::task::spawn_blocking(move || attach(attachment)).await {
        Ok(Ok(done)) => (StatusCode::OK, done),
        Ok(Err(problem)) => (StatusCode::CONFLICT, problem),
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, String::new()),
    }
}

async fn carry_out(orders: Orders, order: Order) -> (StatusCode, String) {
    let (reply, answer) = oneshot::channel();
    orders(order, reply);
    match answer.await {
        Ok(Ok(done)) => (StatusCode::OK, done),
        Ok(Err(problem)) => (StatusCode::CONFLICT, problem),
        Err(_) => (StatusCode::CONFLICT, "weir puts no rules in force: start it with --enforce".to_owned()),
    }
}
