//! The listener: `GET /status` and `GET /health`.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context as _, Result};
use axum::{Json, Router, extract::State, routing};
use tokio::{net::TcpListener, sync::watch};

use crate::report::Report;

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
pub async fn serve(listener: TcpListener, board: Board, mut stop: watch::Receiver<bool>) -> Result<()> {
    let routes = Router::new()
        .route("/status", routing::get(|State(board): State<Board>| async move { Json(board.get()) }))
        .route("/health", routing::get(|| async { "ok\n" }))
        .with_state(board);
    let stopped = async move {
        let _ = stop.wait_for(|stop| *stop).await;
    };
    axum::serve(listener, routes).with_graceful_shutdown(stopped).await.context("the listener broke")
}
