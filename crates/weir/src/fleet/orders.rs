//! What agents are asked to do: the definition, and how they hear of a new one.

use std::{
    fs,
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use anyhow::{Context as _, Result};
use tokio::sync::watch;
use weir_network::{FlowLog, Network, NetworkFile, Owner};
use weir_uplink::{Definition, Recording, version_of};

/// A definition as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Its version.
    pub version: String,
    /// Its text.
    pub text: String,
}

/// The definition in force.
pub struct Orders {
    flow_log: Recording,
    owner: Owner,
    network: Option<Mutex<Watched>>,
    current: watch::Sender<Order>,
}

/// The network file.
struct Watched {
    path: PathBuf,
    /// When the file that was read was changed last.
    changed: Option<SystemTime>,
    problem: Option<String>,
}

impl Orders {
    /// The definition of this flow log, with the groups and ACLs of a network file.
    ///
    /// # Errors
    /// When the network file cannot be read.
    pub fn new(flow_log: &FlowLog, max_flows: u64, network: Option<PathBuf>) -> Result<Self> {
        let recording = Recording {
            flow_log_id: flow_log.id.clone(),
            account_id: flow_log.account_id.clone(),
            region: flow_log.region.clone(),
            traffic_type: flow_log.traffic_type,
            log_format: flow_log.log_format.clone(),
            max_aggregation_interval: flow_log.max_aggregation_interval,
            max_flows,
        };
        let owner = Owner { account_id: flow_log.account_id.clone(), region: flow_log.region.clone() };
        let mut watched = network.map(|path| Watched { path, changed: None, problem: None });
        let file = watched.as_mut().map(|watched| watched.read(&owner)).transpose()?;
        let current = watch::Sender::new(order(&recording, file)?);
        Ok(Self { flow_log: recording, owner, network: watched.map(Mutex::new), current })
    }

    /// Hears of the definition in force, and of each that follows.
    pub fn watch(&self) -> watch::Receiver<Order> {
        self.current.subscribe()
    }

    /// Reads the network file again if it changed. A file that cannot be read changes nothing.
    pub fn poll(&self) {
        let Some(watched) = &self.network else { return };
        let mut watched = watched.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = fs::metadata(&watched.path).and_then(|metadata| metadata.modified()).ok();
        if changed == watched.changed {
            return;
        }
        match watched.read(&self.owner).and_then(|file| order(&self.flow_log, Some(file))) {
            Ok(order) => {
                watched.problem = None;
                self.current.send_if_modified(|current| {
                    let is_new = *current != order;
                    *current = order;
                    is_new
                });
            }
            Err(error) => {
                watched.changed = changed;
                watched.problem = Some(format!("the rules before stay in force: {}", crate::sentence(&error)));
            }
        }
    }

    /// What is wrong with the network file, if so.
    pub fn problem(&self) -> Option<String> {
        self.network.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner).problem.clone()
    }
}

impl Watched {
    fn read(&mut self, owner: &Owner) -> Result<NetworkFile> {
        let path = self.path.display();
        self.changed = fs::metadata(&self.path).and_then(|metadata| metadata.modified()).ok();
        let text = fs::read_to_string(&self.path).with_context(|| format!("cannot read {path}"))?;
        let network = Network::parse(&text, owner).with_context(|| path.to_string())?;
        Ok(network.to_file())
    }
}

fn order(flow_log: &Recording, network: Option<NetworkFile>) -> Result<Order> {
    let definition = Definition { flow_logs: vec![flow_log.clone()], enforce: false, network };
    let text = definition.to_text()?;
    Ok(Order { version: version_of(&text), text })
}
