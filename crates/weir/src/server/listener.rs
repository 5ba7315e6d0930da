//! Takes connections, and bounds what each and all of them may hold.
//!
//! A connection costs a few hundred bytes until its first byte comes. When the house is full, whoever came first is asked to
//! leave: at once when it has asked for nothing, after its answer otherwise.

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result};
use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{HeaderValue, header::CONNECTION},
    response::Response,
};
use hyper::{
    Request,
    body::Incoming,
    server::conn::http1,
    service::{Service as _, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Notify, OwnedSemaphorePermit, Semaphore, watch},
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use weir_api::access::OverTls;

use super::{
    body::Patient,
    stream::Stream,
    tls::{self, Identity},
};
use crate::settings::Settings;

/// Connections at a time, where the system gives as many descriptors.
const CONNECTIONS: usize = 16_384;
/// How long a client may take to begin a request, and again to send the head of one.
const HEAD: Duration = Duration::from_secs(30);
/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long to wait for whoever was asked to leave, before the next one is asked.
const PAUSE: Duration = Duration::from_millis(10);
/// How long to wait when the system gives no connection.
const SCARCITY: Duration = Duration::from_millis(200);
/// Longest head of a request, in bytes.
const LONGEST_HEAD: usize = 64 << 10;

/// The address, taken, and how connections to it are held.
pub struct Listener {
    socket: TcpListener,
    identity: Option<Identity>,
    address: SocketAddr,
}

impl Listener {
    /// Takes the address.
    ///
    /// # Errors
    /// When it cannot be had, for example because another program listens there, or when the certificate cannot be read.
    pub async fn open(settings: &Settings) -> Result<Self> {
        let identity = match (&settings.tls_cert, &settings.tls_key) {
            (Some(certificate), Some(key)) => Some(tls::identity(certificate, key)?),
            _ => None,
        };
        let address = settings.listen;
        let socket = TcpListener::bind(address).await.with_context(|| {
            format!("cannot listen on {address}; is another weir running? choose another with --listen")
        })?;
        let address = socket.local_addr().with_context(|| format!("cannot listen on {address}"))?;
        Ok(Self { socket, identity, address })
    }

    /// Where clients reach it, such as `http://127.0.0.1:4780`.
    pub fn url(&self) -> String {
        let scheme = if self.identity.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Where it is, with the port that was found when none was given.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `stop` says so, and then until everyone has left.
    pub async fn serve(self, routes: Router, mut stop: watch::Receiver<bool>) {
        let most = room();
        let room = Arc::new(Semaphore::new(most));
        let house = Arc::new(House { routes, identity: self.identity, stop: stop.clone(), full: Notify::new() });
        let taking = async {
            loop {
                let permit = house.admit(&room).await;
                let Ok((stream, peer)) = self.socket.accept().await else {
                    sleep(SCARCITY).await;
                    continue;
                };
                tokio::spawn(Arc::clone(&house).hold(stream, peer, permit));
            }
        };
        tokio::select! {
            () = taking => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
        let _ = room.acquire_many(u32::try_from(most).unwrap_or(u32::MAX)).await;
    }
}

/// How many may be here: three of four descriptors, so that files and what else is open have the rest.
fn room() -> usize {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // Fails only for those who may not even have what they were promised.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let descriptors = getrlimit(Resource::Nofile).current.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(0));
    (descriptors / 4 * 3).clamp(16, CONNECTIONS)
}

/// What all connections share.
struct House {
    routes: Router,
    identity: Option<Identity>,
    stop: watch::Receiver<bool>,
    /// Whoever has waited longest for this is the next to leave.
    full: Notify,
}

impl House {
    async fn admit(&self, room: &Arc<Semaphore>) -> OwnedSemaphorePermit {
        loop {
            if let Ok(permit) = Arc::clone(room).try_acquire_owned() {
                return permit;
            }
            self.full.notify_one();
            sleep(PAUSE).await;
        }
    }

    /// Resolves when this connection is to end.
    async fn told_to_leave(&self) {
        let mut stop = self.stop.clone();
        tokio::select! {
            () = self.full.notified() => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }

    async fn hold(self: Arc<Self>, stream: TcpStream, peer: SocketAddr, _permit: OwnedSemaphorePermit) {
        let mut leave = pin!(self.told_to_leave());
        let mut first = [0];
        let begun = tokio::select! {
            biased;
            () = &mut leave => return,
            begun = timeout(HEAD, stream.peek(&mut first)) => begun,
        };
        if matches!(begun, Ok(Ok(1))) {
            // What follows is large: whoever never says a word does not get it.
            Box::pin(self.attend(stream, peer, leave)).await;
        }
    }

    async fn attend(&self, stream: TcpStream, peer: SocketAddr, mut leave: Pin<&mut impl Future<Output = ()>>) {
        let welcome = tokio::select! {
            biased;
            () = &mut leave => return,
            welcome = self.welcome(stream) => welcome,
        };
        let Ok(stream) = welcome else { return };
        let heard = AtomicBool::new(false);
        let is_secure = stream.is_secure();
        let service = service_fn(|request| {
            heard.store(true, Ordering::Relaxed);
            self.answer(request, peer, is_secure)
        });
        let mut connection = pin!(protocol().serve_connection(TokioIo::new(stream), service));
        tokio::select! {
            _ = connection.as_mut() => return,
            () = leave => {}
        }
        if heard.load(Ordering::Relaxed) {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }

    async fn welcome(&self, stream: TcpStream) -> io::Result<Stream> {
        // An answer is not held back until the client has acknowledged what came before.
        stream.set_nodelay(true)?;
        let Some(identity) = &self.identity else { return Ok(stream.into()) };
        let handshake = TlsAcceptor::from(identity.now()).accept(stream);
        let stream = timeout(HANDSHAKE, handshake).await??;
        Ok(stream.into())
    }

    fn answer(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
        is_secure: bool,
    ) -> impl Future<Output = Result<Response, Infallible>> + use<> {
        let (parts, body) = request.into_parts();
        let body = Patient::new(body);
        let is_read = body.is_read();
        let mut request = Request::from_parts(parts, Body::new(body));
        request.extensions_mut().insert(ConnectInfo(peer));
        if is_secure {
            request.extensions_mut().insert(OverTls);
        }
        let answer = TowerToHyperService::new(self.routes.clone()).call(request);
        async move {
            let mut response = answer.await?;
            // What is left of the body may never come: the connection ends, and a client that is not told would use it again.
            if response.status().as_u16() >= 400 && !is_read.is_done() {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok(response)
        }
    }
}

fn protocol() -> http1::Builder {
    let mut protocol = http1::Builder::new();
    // A client that has said all it wants may close its side before it reads the answer.
    protocol.half_close(true).timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(LONGEST_HEAD);
    protocol
}
