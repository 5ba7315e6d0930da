//! What agents are asked to do: the definition, and how they hear of a new one.

use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use anyhow::{Context as _, Result};
use tokio::sync::watch;
use weir_network::{FlowLog, Network, Owner};
use weir_uplink::{Definition, Recording, version_of};

use crate::{countries, network_file::NetworkFile};

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
    enforce: bool,
    network: Option<Mutex<Watched>>,
    current: watch::Sender<Order>,
}

/// The network file.
struct Watched {
    file: NetworkFile,
    problem: Option<String>,
}

impl Orders {
    /// The definition of this flow log, with the groups and ACLs of a network file, and whether agents are to put them in
    /// force.
    ///
    /// # Errors
    /// When the network file cannot be read.
    pub fn new(flow_log: &FlowLog, max_flows: u64, network: Option<PathBuf>, enforce: bool) -> Result<Self> {
        let recording = Recording {
            flow_log_id: flow_log.id.clone(),
            account_id: flow_log.account_id.clone(),
            region: flow_log.region.clone(),
            traffic_type: flow_log.traffic_type,
            log_format: countries::needed(&flow_log.log_format),
            max_aggregation_interval: flow_log.max_aggregation_interval,
            max_flows,
        };
        let owner = Owner { account_id: flow_log.account_id.clone(), region: flow_log.region.clone() };
        let mut file = network.map(|path| NetworkFile::new(&path, owner));
        let read = file.as_mut().map(|file| file.poll().context("the network file")?).transpose()?;
        let current = watch::Sender::new(order(&recording, read.as_ref(), enforce)?);
        let network = file.map(|file| Mutex::new(Watched { file, problem: None }));
        Ok(Self { flow_log: recording, enforce, network, current })
    }

    /// Hears of the definition in force, and of each that follows.
    pub fn watch(&self) -> watch::Receiver<Order> {
        self.current.subscribe()
    }

    /// Reads the network file again if it changed. A file that cannot be read changes nothing.
    pub fn poll(&self) {
        let Some(watched) = &self.network else { return };
        let mut watched = watched.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(read) = watched.file.poll() else { return };
        let ordered = read.and_then(|network| order(&self.flow_log, Some(&network), self.enforce));
        watched.problem = ordered
            .map(|order| {
                self.current.send_if_modified(|current| {
                    let is_new = *current != order;
                    *current = order;
                    is_new
                })
            })
            .err()
            .map(|error| format!("the rules before stay in force: {}", crate::sentence(&error)));
    }

    /// What is wrong with the network file, if so.
    pub fn problem(&self) -> Option<String> {
        self.network.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner).problem.clone()
    }
}

fn order(flow_log: &Recording, network: Option<&Network>, enforce: bool) -> Result<Order> {
    let definition = Definition { flow_logs: vec![flow_log.clone()], enforce, network: network.map(Network::to_file) };
    let text = definition.to_text()?;
    Ok(Order { version: version_of(&text), text })
}
