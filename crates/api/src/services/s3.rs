//! S3 over the buckets of this machine: what `s3s` reads and writes on the wire, done on plain files.

#![allow(clippy::needless_pass_by_value, reason = "an operation takes its request, whether or not it uses all of it")]

mod acl;
mod attributes;
mod buckets;
mod checksum;
mod chunked;
mod complete;
mod conditions;
mod copy;
mod cors;
mod coverage;
mod delete;
mod delivery;
mod disk;
mod error;
mod facts;
mod form;
mod gate;
mod get;
mod host;
mod kept;
mod lenient;
mod lifecycle;
mod list;
mod multipart;
mod notices;
mod put;
mod serve;
mod service;
mod settings;
mod stacks;
mod table;
mod tags;
#[cfg(test)]
mod tests;
mod time;
mod unset;
mod versions;

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering::Relaxed},
};

use s3s::{
    config::{S3Config, StaticConfigProvider},
    crypto::{Checksum as _, Sha256},
    service::{S3Service, S3ServiceBuilder},
};

use weir_store::Buckets;

use self::{checksum::hex, disk::Disk, gate::Gate, host::Hosts, lenient::Lenient, service::Service};
use crate::{ApiError, Audit, Foundation, S3Handler, Serve, access::policy::Policy, services::Parsed};

pub use coverage::{OPERATIONS, S3Operation};
pub use lifecycle::Expired;
pub use notices::LostNotifications;

/// The longest XML of a request, in bytes: ten thousand parts, or a thousand keys of the longest.
const LONGEST_XML: usize = 8 << 20;

/// The longest file of a browser's form, in bytes: `s3s` holds it in memory.
const LONGEST_FORM: u64 = 16 << 20;

/// How often lifecycle rules are looked at, in milliseconds.
const LIFECYCLE_PERIOD: i64 = 60_000;

/// S3 over the buckets of this machine.
pub struct S3 {
    service: Service,
    s3s: S3Service,
    region: String,
    audit: Audit,
    /// Unix milliseconds: rules are looked at again.
    next: AtomicI64,
}

impl S3 {
    /// Opens the buckets. `clock` gives Unix milliseconds.
    ///
    /// # Errors
    /// When the catalogue or the disk refuses.
    pub fn open(on: &Foundation, audit: Audit, clock: fn() -> i64) -> Result<Arc<Self>, ApiError> {
        let disk = Disk::open(on.catalogue.clone(), on.buckets.clone(), &on.region).map_err(ApiError::internal)?;
        disk.sweep().map_err(ApiError::internal)?;
        let owner = hex(Sha256::checksum(on.account.as_bytes())).into();
        let (access, regions) = (Arc::clone(&on.access), Arc::clone(&on.regions));
        let lost = Arc::default();
        let service = Service { disk: Arc::new(disk), access, clock, owner, regions, lost };
        listen(&service, &on.buckets);
        let of = service.clone();
        let parsed = Parsed::default();
        on.access.guard("s3", Arc::new(move |resource| policies(&of, &parsed, resource)));
        on.ec2.ask_rights_of(Arc::new(service.clone()));
        let s3s = built(&service);
        Ok(Arc::new(Self { service, s3s, region: on.region.clone(), audit, next: AtomicI64::new(i64::MIN) }))
    }

    /// The policy of a bucket, as it was given.
    ///
    /// # Errors
    /// Those of the catalogue.
    pub fn policy_of(&self, bucket: &str) -> Result<Option<String>, ApiError> {
        settings::policy(&self.service, bucket).map_err(ApiError::internal)
    }

    /// The operations that pages of the console ask.
    pub(super) fn table(&self) -> Box<dyn Serve> {
        Box::new(table::table(self.service.clone()))
    }

    /// The operations that stacks are made with, on the same buckets.
    pub(super) fn stacks(&self) -> Box<dyn Serve> {
        Box::new(stacks::table(self.service.clone()))
    }

    /// What [`Front::s3`](crate::Front::s3) takes.
    pub fn handler(self: &Arc<Self>) -> S3Handler {
        let s3 = Arc::clone(self);
        Arc::new(move |request| Box::pin(Arc::clone(&s3).answer(request)))
    }

    /// The notifications that no queue and no topic took.
    pub fn lost_notifications(&self) -> LostNotifications {
        self.service.lost.so_far()
    }

    /// Ends what lifecycle rules say has come to its end at `now`, in Unix milliseconds; once a minute, however often it
    /// is called. Waits for the disk.
    ///
    /// # Errors
    /// Those of the disk; it is tried again the next time.
    pub fn poll(&self, now: i64) -> Result<Expired, ApiError> {
        if now < self.next.load(Relaxed) {
            return Ok(Expired::default());
        }
        self.next.store(now.saturating_add(LIFECYCLE_PERIOD), Relaxed);
        lifecycle::expire(&self.service, now).map_err(ApiError::internal)
    }
}

/// What this program itself puts into buckets is told of, too.
fn listen(service: &Service, buckets: &Buckets) {
    let disk = Arc::downgrade(&service.disk);
    let (access, regions, lost) =
        (Arc::clone(&service.access), Arc::clone(&service.regions), Arc::clone(&service.lost));
    let (clock, owner) = (service.clock, Arc::clone(&service.owner));
    buckets.listen(move |bucket, key, is_of_parts| {
        // None while the program ends.
        let Some(disk) = disk.upgrade() else { return };
        let (access, regions, lost) = (Arc::clone(&access), Arc::clone(&regions), Arc::clone(&lost));
        let service = Service { disk, access, clock, owner: Arc::clone(&owner), regions, lost };
        service.tell_of_delivered(bucket.as_str(), key.as_ref(), is_of_parts);
    });
}

fn built(service: &Service) -> S3Service {
    let mut config = S3Config::default();
    config.xml_max_body_size = LONGEST_XML;
    config.post_object_max_file_size = LONGEST_FORM;
    let config = Arc::new(StaticConfigProvider::new(Arc::new(config)));
    let gate = Gate { access: Arc::clone(&service.access), clock: service.clock };
    let builder = || {
        let mut builder = S3ServiceBuilder::new(service.clone());
        builder.set_config(Arc::clone(&config) as Arc<_>);
        builder.set_auth(gate.clone());
        builder.set_access(gate.clone());
        builder.set_host(Hosts);
        builder
    };
    let mut lenient = builder();
    lenient.set_route(Lenient { gate: gate.clone(), s3s: builder().build() });
    lenient.build()
}

/// The policy of the bucket that an ARN is in.
fn policies(service: &Service, parsed: &Parsed, resource: &str) -> Vec<Arc<Policy>> {
    let name = resource.rsplit(':').next().unwrap_or_default();
    let bucket = resource.split(":::").nth(1).unwrap_or(name).split('/').next().unwrap_or_default();
    let text = settings::policy(service, bucket).ok().flatten();
    parsed.policy(bucket, text).into_iter().collect()
}
