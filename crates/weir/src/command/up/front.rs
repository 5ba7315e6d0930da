//! The AWS front door at the listener.

use std::sync::Arc;

use anyhow::Result;
use weir_api::{
    Call, Foundation, Front, Room,
    access::Access,
    services::{
        self, cloudformation,
        ec2::Ec2,
        s3::{LostNotifications, S3},
    },
};
use weir_store::{Buckets, Catalogue};

use super::{queries::Queries, regions::Regions, trail::Trail, watching::Watching};
use crate::{
    Usage, clock,
    credentials::Credentials,
    settings::{Auth, Settings},
};

/// Refuses settings that would let strangers in.
///
/// # Errors
/// What would, and how to say that it is meant.
pub(super) fn check(settings: &Settings) -> Result<()> {
    let refuse = |problem: String| Err(Usage(problem).into());
    let listen = settings.listen;
    let has_tls = settings.tls_cert.is_some();
    if has_tls != settings.tls_key.is_some() {
        return refuse("TLS needs both: a certificate with --tls-cert, and its key with --tls-key".to_owned());
    }
    if settings.auth == Auth::Off && !listen.ip().is_loopback() {
        return refuse(format!(
            "--auth off lets everyone do everything who reaches {listen}: listen on a loopback address"
        ));
    }
    if !listen.ip().is_loopback() && !has_tls && !settings.allow_plain_http {
        return refuse(format!(
            "without TLS everyone on the way to {listen} can read what AWS clients send: give --tls-cert and --tls-key, \
             or --allow-plain-http if the way is yours alone"
        ));
    }
    Ok(())
}

/// Opens the front door, and the audit trail behind it.
///
/// # Errors
/// When what the services keep cannot be read.
pub(super) fn open(
    settings: &Settings,
    catalogue: Catalogue,
    buckets: Buckets,
    regions: &Arc<Regions>,
    ec2: Ec2,
    queries: &Queries,
) -> Result<Door> {
    let account = settings.account.as_str().to_owned();
    let access = Arc::new(access(settings, &catalogue, &account)?);
    let foundation = Foundation {
        ec2,
        account,
        region: settings.region.clone(),
        access: Arc::clone(&access),
        catalogue,
        regions: Arc::clone(regions) as _,
        buckets,
        clock: clock::milliseconds,
    };
    let trail = Trail::start(settings, &regions.home);
    let audit = trail.audit();
    let s3 = S3::open(&foundation, Arc::clone(&audit), clock::milliseconds)?;
    let tables = services::tables(&foundation, &s3, queries.tables(regions))?;
    let front = Front {
        region: settings.region.clone(),
        access,
        tables,
        s3: s3.handler(),
        audit,
        bodies: Room::default(),
        clock: clock::milliseconds,
    };
    Ok(Door { front: Arc::new(front), s3, trail, home: Arc::clone(&regions.home) })
}

/// The front door, and what must be done behind it now and then.
pub(super) struct Door {
    pub(super) front: Arc<Front>,
    s3: Arc<S3>,
    trail: Trail,
    home: Arc<Watching>,
}

impl Door {
    /// Goes on with what the end of the program interrupted, beside all else.
    pub(super) fn resume(&self, settings: &Settings) {
        let call = Call::of_root(settings.account.as_str(), &settings.region, clock::milliseconds());
        let (tables, home) = (self.front.tables.clone(), Arc::clone(&self.home));
        tokio::task::spawn_blocking(move || {
            if let Err(error) = cloudformation::resume(&tables, &call) {
                home.troubles.add(format!("stacks that were being made when the program ended: {error}"));
            }
        });
    }

    /// Ends objects whose time has come, beside all else.
    pub(super) fn poll(&self) {
        let (s3, home) = (Arc::clone(&self.s3), Arc::clone(&self.home));
        tokio::task::spawn_blocking(move || {
            if let Err(error) = s3.poll(clock::milliseconds()) {
                home.troubles.add(format!("lifecycle rules of buckets: {error}"));
            }
        });
    }

    /// What no queue and no topic was told of objects.
    pub(super) fn lost_notifications(&self) -> LostNotifications {
        self.s3.lost_notifications()
    }

    /// Writes what is left of the audit trail. Blocks; the listener must have ended.
    pub(super) fn stop(self) {
        let Self { front, s3, trail, .. } = self;
        drop((front, s3));
        trail.stop();
    }
}

fn access(settings: &Settings, catalogue: &Catalogue, account: &str) -> Result<Access> {
    let root = Credentials::open(&settings.data)?;
    let root = (settings.auth == Auth::On).then_some(root);
    Ok(Access::open(catalogue, account, root)?)
}
