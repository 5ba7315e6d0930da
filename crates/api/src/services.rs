//! The services: a table of operations each, over the state that they work on.

pub mod cloudformation;
pub mod cloudwatch;
pub mod ec2;
#[cfg(test)]
pub(crate) mod fixture;
pub mod iam;
pub mod logs;
#[cfg(test)]
mod refused;
pub mod s3;
pub mod sns;
pub mod sqs;
pub mod sts;

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use weir_store::{Buckets, Catalogue, logs::LogStore};
use weir_watch::{Watcher, alarm::Alarms, metric::Metrics, notice::Courier, topic::Topics};

use self::{ec2::Ec2, s3::S3};
use crate::{
    ApiError, Serve, Served,
    access::{
        Access,
        policy::{Policy, PolicyKind},
    },
};

/// What the services stand on.
pub struct Foundation {
    /// The account, 12 digits.
    pub account: String,
    /// The region that is there from the start.
    pub region: String,
    /// Who may do what.
    pub access: Arc<Access>,
    /// What is defined.
    pub catalogue: Catalogue,
    /// Log groups, metrics, alarms, topics of each region.
    pub regions: Arc<dyn Regions>,
    /// Buckets.
    pub buckets: Buckets,
    /// Networks, and what is recorded of them.
    pub ec2: Ec2,
    /// Unix milliseconds.
    pub clock: fn() -> i64,
}

/// What one region keeps: a namespace of its own.
pub struct Region {
    /// Log groups.
    pub logs: Arc<LogStore>,
    /// Metric filters.
    pub watcher: Arc<Watcher>,
    /// Metrics.
    pub metrics: Arc<Metrics>,
    /// Alarms.
    pub alarms: Arc<Alarms>,
    /// Topics and subscriptions.
    pub topics: Topics,
    /// Delivers what is published.
    pub courier: Arc<Courier>,
}

/// The regions: one is there from the start, others when somebody asks for them.
pub trait Regions: Send + Sync {
    /// A region by its name; it is made if need be.
    ///
    /// # Errors
    /// The name is none of a region, or the disk refuses.
    fn region(&self, name: &str) -> Result<Arc<Region>, ApiError>;
}

/// The tables of all services. `further` are those of services that stand on more than the foundation: stacks are made by
/// those and by S3, too.
///
/// # Errors
/// When what the services keep cannot be read.
pub fn tables(on: &Foundation, s3: &S3, further: Vec<Box<dyn Serve>>) -> Result<Served, ApiError> {
    let all: Vec<Box<dyn Serve>> = vec![
        Box::new(cloudwatch::table(on)?),
        Box::new(cloudwatch::unsupported()),
        Box::new(iam::table(Arc::clone(&on.access))),
        Box::new(iam::unsupported()),
        Box::new(logs::table(on)?),
        Box::new(logs::unsupported()),
        Box::new(sns::table(Arc::clone(&on.regions))),
        Box::new(sns::unsupported()),
        Box::new(sqs::table(Arc::clone(&on.regions))),
        Box::new(sts::table(Arc::clone(&on.access))),
    ];
    on.ec2.guard(Arc::clone(&on.access));
    on.access.guard("sns", sns::policies(Arc::clone(&on.regions)));
    on.access.guard("sqs", sqs::policies(Arc::clone(&on.regions)));
    let mut served: Served = all.into_iter().chain(ec2::tables(on.ec2.clone())).chain(further).collect();
    // Stacks are made by the operations of all the others.
    let mut below = served.clone();
    below.add(s3.stacks());
    served.add(Box::new(cloudformation::table(on.catalogue.clone(), Arc::clone(&on.access), below)?));
    served.add(Box::new(cloudformation::unsupported()));
    // Clients of S3 come another way: `wire` finds none of its operations in a form.
    served.add(s3.table());
    Ok(served)
}

/// Resource policies as they were parsed last: requests to one resource find the same text again and again.
#[derive(Default)]
pub(crate) struct Parsed(RwLock<HashMap<String, Arc<KeptPolicy>>>);

/// A text, and what it means.
struct KeptPolicy {
    text: String,
    policy: Option<Arc<Policy>>,
}

impl Parsed {
    /// The policy of a resource, whose text this is now.
    pub(crate) fn policy(&self, of: &str, text: Option<String>) -> Option<Arc<Policy>> {
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner).get(of).cloned();
        if kept.as_ref().map(|kept| &kept.text) == text.as_ref() {
            return kept?.policy.clone();
        }
        let kept = text.map(|text| Arc::new(KeptPolicy { policy: resource_policy(of, &text), text }));
        let policy = kept.as_ref().and_then(|kept| kept.policy.clone());
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match kept {
            Some(kept) => all.insert(of.to_owned(), kept),
            None => all.remove(of),
        };
        policy
    }
}

/// The policy of a resource as it is in force. One that was kept but is no policy gives nobody anything; the log says so.
pub(crate) fn resource_policy(of: &str, text: &str) -> Option<Arc<Policy>> {
    let policy = Policy::parse(text, PolicyKind::Resource);
    policy.inspect_err(|error| tracing::warn!(of, %error, "this resource policy has no effect")).ok().map(Arc::new)
}
