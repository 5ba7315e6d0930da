//! Further hosts: the listener that agents join and send to, and what is known of them.
//!
//! ```text
//! <data>/join/
//!   identity.pem            certificate and key of the listener; tokens carry its fingerprint
//!   tokens/<id>.json        a join token: digest of its secret, and until when it may be used
//!   hosts/<host>.json       a host that has joined: digest of its secret
//! <data>/flow-logs/<id>.json   every flow log that this server ever asked for: agents may still hold batches of it
//! ```
//!
//! `weir token` changes these files while the server runs; a request reads the one that it needs.

mod failures;
mod identity;
mod intake;
mod listener;
mod orders;
mod refusal;
mod registry;
mod roster;
mod routes;
mod secret;

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, Result};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
    task::JoinHandle,
};
use weir_network::FlowLog;
use weir_store::{Buckets, DataDirectory, Delivery, FinishedWindow};

use self::{failures::Failures, intake::Intake, listener::TlsListener, orders::Orders, roster::Roster};
pub use self::{identity::ServerIdentity, registry::Registry};
use crate::{clock, countries::Countries, report::AgentReport};

/// Bodies that are decoded at a time; each may take some 100 MB for a moment.
const DECODING: usize = 2;

/// How long requests may take to end when the server stops.
const FAREWELL: Duration = Duration::from_secs(2);

/// The server half of the uplink.
pub struct Fleet {
    registry: Registry,
    roster: Roster,
    failures: Failures,
    intake: Intake,
    orders: Orders,
    /// So many bodies are decoded at a time.
    decoding: Semaphore,
    ending: watch::Sender<bool>,
    serving: Mutex<Option<JoinHandle<Result<()>>>>,
}

/// Who else is told of each batch of the flow log that is recorded now, once it is on disk.
pub type Taken = Arc<dyn Fn(&FinishedWindow) + Send + Sync>;

/// What a fleet is made of.
pub struct Beginning {
    /// Who else gets the records.
    pub taken: Taken,
    /// What tells the countries of records.
    pub countries: Countries,
    /// Where to listen.
    pub address: SocketAddr,
    /// The directory of the program.
    pub data: Arc<DataDirectory>,
    /// Where records go.
    pub buckets: Buckets,
    /// The flow log that this server records, and its agents with it.
    pub flow_log: FlowLog,
    /// Its delivery.
    pub delivery: Arc<Delivery>,
    /// Flows that one interface of an agent may hold in one interval.
    pub max_flows: u64,
    /// The file with groups and ACLs, if any.
    pub network: Option<PathBuf>,
    /// Whether agents that may are to put it in force.
    pub enforce: bool,
}

impl Fleet {
    /// Takes the address and begins to answer agents.
    ///
    /// # Errors
    /// When the address cannot be had, or the certificate, the registry or the network file cannot be read.
    pub async fn start(beginning: Beginning) -> Result<Arc<Self>> {
        let Beginning { taken, countries, address, data, buckets, flow_log, delivery, max_flows, network, enforce } =
            beginning;
        let folder = data.path().join("join");
        let identity = ServerIdentity::open(&folder)?;
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on {address} for agents; choose another with --join-listen"))?;
        let listener = TlsListener::new(listener, identity.server_config()?)?;
        let registry = Registry::new(folder);
        let roster = Roster::default();
        for (id, name) in registry.hosts()? {
            roster.joined(id, name);
        }
        let fleet = Arc::new(Self {
            registry,
            roster,
            failures: Failures::default(),
            orders: Orders::new(&flow_log, max_flows, network, enforce)?,
            intake: Intake::new(data, buckets, flow_log, delivery, countries, taken)?,
            decoding: Semaphore::new(DECODING),
            ending: watch::Sender::new(false),
            serving: Mutex::default(),
        });
        *fleet.serving() = Some(tokio::spawn(routes::serve(listener, Arc::clone(&fleet))));
        Ok(fleet)
    }

    /// Reads the network file again if it changed, and puts what is due of earlier flow logs into the bucket.
    pub async fn poll(&self) {
        self.orders.poll();
        self.intake.poll(clock::seconds()).await;
    }

    /// The agents, in the order of their ids.
    pub fn report(&self) -> Vec<AgentReport> {
        self.roster.report(clock::seconds())
    }

    /// What is wrong with the network file, if so.
    pub fn problem(&self) -> Option<String> {
        self.orders.problem()
    }

    /// Takes nothing more: waits until what is being taken has been answered.
    pub async fn end(&self) {
        self.ending.send_replace(true);
        let Some(mut serving) = self.serving().take() else { return };
        // A client that keeps its connection open must not hold up the end.
        match tokio::time::timeout(FAREWELL, &mut serving).await {
            Ok(Ok(Err(error))) => tracing::warn!("{}", crate::sentence(&error)),
            Ok(_) => {}
            Err(_) => serving.abort(),
        }
    }

    fn serving(&self) -> MutexGuard<'_, Option<JoinHandle<Result<()>>>> {
        self.serving.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Delivers what earlier flow logs still hold. Returns how many records could not be delivered.
    pub async fn close(&self) -> u64 {
        self.intake.close(clock::seconds()).await
    }
}
