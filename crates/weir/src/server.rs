//! The listener: `GET /status` and `GET /health`; `POST /enforcement/confirm` and `POST /enforcement/detach`.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context as _, Result};
use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing,
};
use tokio::{
    net::TcpListener,
    sync::{oneshot, watch},
};

use crate::report::Report;

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

/// Takes the address.
///
/// # Errors
/// When it cannot be had, for example because another program listens there.
pub async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}; is another weir running? choose another with --listen"))
}

/// Answers until `stop` says so.
///
/// # Errors
/// When the listener breaks.
pub async fn serve(listener: TcpListener, board: Board, orders: Orders, mut stop: watch::Receiver<bool>) -> Result<()> {
    let order = |order| {
        let orders = Arc::clone(&orders);
        routing::post(move |headers: HeaderMap| carry_out(orders, order, headers))
    };
    let routes = Router::new()
        .route("/enforcement/confirm", order(Order::Confirm))
        .route("/enforcement/detach", order(Order::Detach))
        .route("/status", routing::get(|State(board): State<Board>| async move { Json(board.get()) }))
        .route("/health", routing::get(|| async { "ok\n" }))
        .with_state(board);
    let stopped = async move {
        let _ = stop.wait_for(|stop| *stop).await;
    };
    axum::serve(listener, routes).with_graceful_shutdown(stopped).await.context("the listener broke")
}

/// Only a program can send the header: a page of another site that a browser shows cannot.
async fn carry_out(orders: Orders, order: Order, headers: HeaderMap) -> (StatusCode, String) {
    if !headers.contains_key("x-weir") {
        return (StatusCode::FORBIDDEN, "send the header `X-Weir: cli`\n".to_owned());
    }
    let (reply, answer) = oneshot::channel();
    orders(order, reply);
    match answer.await {
        Ok(Ok(done)) => (StatusCode::OK, done),
        Ok(Err(problem)) => (StatusCode::CONFLICT, problem),
        Err(_) => (StatusCode::CONFLICT, "weir puts no rules in force: start it with --enforce".to_owned()),
    }
}
