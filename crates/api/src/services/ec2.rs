//! EC2: VPCs, subnets, security groups, network ACLs, interfaces, instances, flow logs.

mod acl;
mod address;
mod cidr;
mod egress_gateway;
mod flow_log;
mod gateway;
mod group;
mod host;
mod instance;
mod interface;
mod key;
mod kind;
mod life;
mod nat;
mod network;
mod options;
mod place;
mod prefix_list;
mod protocol;
mod query;
mod route;
mod state;
mod subnet;
mod switch;
mod table;
mod tags;
mod vpc;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock, PoisonError, RwLock},
};

use tokio::sync::watch;
use weir_store::{Buckets, Catalogue};

use self::{place::Place, state::State};
use crate::{ApiError, Call, access::Access};

pub use self::{
    flow_log::{Deliveries, DeliveryRights},
    host::HostDevice,
    interface::Device,
    network::CoveredFlowLog,
    table::tables,
};

/// What is defined, of all regions. Cheap to clone: all clones are the same.
///
/// A change is one transaction of the catalogue. Readers see it whole or not at all, and never wait for the disk.
#[derive(Clone)]
pub struct Ec2(Arc<Shared>);

struct Shared {
    account: String,
    catalogue: Catalogue,
    buckets: Buckets,
    states: RwLock<BTreeMap<String, Arc<State>>>,
    /// Held by whoever changes something.
    writer: Mutex<()>,
    changes: watch::Sender<u64>,
    deliveries: OnceLock<Arc<dyn Deliveries>>,
    rights: OnceLock<Arc<dyn DeliveryRights>>,
    access: OnceLock<Arc<Access>>,
}

impl Ec2 {
    /// Reads what is defined.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub fn open(account: &str, catalogue: &Catalogue, buckets: &Buckets) -> Result<Self, ApiError> {
        let states = state::open(catalogue)?;
        Ok(Self(Arc::new(Shared {
            account: account.to_owned(),
            catalogue: catalogue.clone(),
            buckets: buckets.clone(),
            states: RwLock::new(states),
            writer: Mutex::new(()),
            changes: watch::Sender::new(0),
            deliveries: OnceLock::new(),
            rights: OnceLock::new(),
            access: OnceLock::new(),
        })))
    }

    /// Says from now on how the delivery of flow logs goes. The first word counts.
    pub fn watch_deliveries(&self, deliveries: Arc<dyn Deliveries>) {
        let _ = self.0.deliveries.set(deliveries);
    }

    /// A number that goes up with every change; whoever waits on it is told within the moment.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    /// Asks from now on whoever keeps buckets for the right to write into them. The first word counts.
    pub fn ask_rights_of(&self, rights: Arc<dyn DeliveryRights>) {
        let _ = self.0.rights.set(rights);
    }

    /// Asks from now on whether a caller may hand a role to flow logs. The first word counts.
    pub fn guard(&self, access: Arc<Access>) {
        let _ = self.0.access.set(access);
    }

    fn rights(&self) -> Option<&dyn DeliveryRights> {
        self.0.rights.get().map(AsRef::as_ref)
    }

    fn access(&self) -> Option<&Access> {
        self.0.access.get().map(AsRef::as_ref)
    }

    fn account(&self) -> &str {
        &self.0.account
    }

    fn buckets(&self) -> &Buckets {
        &self.0.buckets
    }

    fn deliveries(&self) -> Option<Arc<dyn Deliveries>> {
        self.0.deliveries.get().cloned()
    }

    fn region_names(&self) -> Vec<String> {
        self.states().into_iter().map(|(region, _)| region).collect()
    }

    fn states(&self) -> Vec<(String, Arc<State>)> {
        let states = self.0.states.read().unwrap_or_else(PoisonError::into_inner);
        states.iter().map(|(region, state)| (region.clone(), Arc::clone(state))).collect()
    }

    fn known(&self, region: &str) -> Option<Arc<State>> {
        self.0.states.read().unwrap_or_else(PoisonError::into_inner).get(region).cloned()
    }

    /// What a region holds. A region that nobody used before is made, with its default VPC.
    fn state(&self, call: &Call) -> Result<Arc<State>, ApiError> {
        match self.known(&call.region) {
            Some(state) => Ok(state),
            None => self.change(call, |state| Ok(Arc::new(state.clone()))),
        }
    }

    /// Changes what a region holds: all of it, or on an error nothing.
    fn change<T>(&self, call: &Call, work: impl FnOnce(&mut State) -> Result<T, ApiError>) -> Result<T, ApiError> {
        self.change_at(&Place::of(call), work)
    }

    fn change_at<T>(&self, place: &Place, work: impl FnOnce(&mut State) -> Result<T, ApiError>) -> Result<T, ApiError> {
        let _writer = self.0.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let before = match self.known(&place.region) {
            Some(state) => state,
            None => self.first(place)?,
        };
        let mut after = State::clone(&before);
        let done = work(&mut after)?;
        self.keep(&place.region, &before, after)?;
        Ok(done)
    }

    /// A region with its default VPC.
    fn first(&self, place: &Place) -> Result<Arc<State>, ApiError> {
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !(1..=64).contains(&place.region.len()) || !place.region.bytes().all(is_name) {
            return Err(kind::invalid(format!("'{}' is no name of a region", place.region)));
        }
        let mut state = State::default();
        vpc::make_default(&mut state, place);
        prefix_list::managed::provide(&mut state, &place.region);
        self.keep(&place.region, &State::default(), state)?;
        self.known(&place.region).ok_or_else(|| ApiError::internal("the region was not kept"))
    }

    fn keep(&self, region: &str, before: &State, after: State) -> Result<(), ApiError> {
        if state::save(&self.0.catalogue, region, before, &after)? {
            let mut states = self.0.states.write().unwrap_or_else(PoisonError::into_inner);
            states.insert(region.to_owned(), Arc::new(after));
            drop(states);
            self.0.changes.send_modify(|number| *number += 1);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
