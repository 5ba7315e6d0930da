//! The AWS front door at the listener.

use std::{
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::Result;
use weir_api::{
    Audit, AuditEvent, Foundation, Front, Room,
    access::Access,
    services::{self, ec2::Ec2, s3::S3},
};
use weir_store::{
    Buckets, Catalogue,
    logs::{CreateLogGroupRequest, CreateLogStreamRequest, InputEvent, LogsError},
};

use super::{
    queries::Queries,
    regions::Regions,
    watching::{Watching, now_ms},
};
use crate::{
    Usage,
    credentials::Credentials,
    settings::{Auth, Settings},
};

/// Events of the audit trail that wait for the disk, at most.
const WAITING: usize = 10_000;
/// Events that are written together, at most.
const TOGETHER: usize = 500;
/// The stream of the audit trail.
const STREAM: &str = "api";

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
    };
    let trail = Trail::start(settings, &regions.home);
    let audit = trail.audit(&regions.home);
    let s3 = S3::open(&foundation, Arc::clone(&audit), now_ms)?;
    let tables = services::tables(&foundation, &s3, queries.tables(regions))?;
    let front = Front {
        region: settings.region.clone(),
        access,
        tables,
        s3: s3.handler(),
        audit,
        bodies: Room::default(),
        clock: now_ms,
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
    /// Ends objects whose time has come, beside all else.
    pub(super) fn poll(&self) {
        let (s3, home) = (Arc::clone(&self.s3), Arc::clone(&self.home));
        tokio::task::spawn_blocking(move || {
            if let Err(error) = s3.poll(now_ms()) {
                home.troubles.add(format!("lifecycle rules of buckets: {error}"));
            }
        });
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

/// Writes who asked what into a log group, a batch at a time.
struct Trail {
    events: Option<mpsc::SyncSender<AuditEvent>>,
    thread: Option<JoinHandle<()>>,
}

impl Trail {
    fn start(settings: &Settings, watching: &Arc<Watching>) -> Self {
        let group = settings.audit_group.0.clone().filter(|_| settings.auth == Auth::On);
        let Some(group) = group else { return Self { events: None, thread: None } };
        let (events, received) = mpsc::sync_channel(WAITING);
        let watching = Arc::clone(watching);
        let thread = thread::spawn(move || write(&watching, &group, &received));
        Self { events: Some(events), thread: Some(thread) }
    }

    /// What the front tells.
    fn audit(&self, home: &Arc<Watching>) -> Audit {
        let (events, home) = (self.events.clone(), Arc::clone(home));
        Arc::new(move |event| {
            let Some(events) = &events else { return };
            if events.try_send(event).is_err() {
                home.troubles.add("the audit trail is full: requests were left out of it".to_owned());
            }
        })
    }

    /// Writes what is left. Blocks; the front must be gone.
    fn stop(mut self) {
        self.events = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn write(watching: &Watching, group: &str, received: &mpsc::Receiver<AuditEvent>) {
    while let Ok(first) = received.recv() {
        let batch: Vec<AuditEvent> = std::iter::once(first).chain(received.try_iter().take(TOGETHER - 1)).collect();
        while let Err(error) = append(watching, group, &batch) {
            watching.troubles.add(format!("the audit trail waits: {error}"));
            thread::sleep(Duration::from_secs(1));
        }
    }
}

fn append(watching: &Watching, group: &str, batch: &[AuditEvent]) -> Result<(), LogsError> {
    let logs = &watching.region.logs;
    let mut events: Vec<InputEvent> = batch.iter().map(event).collect();
    events.sort_by_key(|event| event.timestamp);
    match logs.append(group, STREAM, &events, now_ms()) {
        Err(LogsError::ResourceNotFound(_)) => {}
        done => return done.map(drop),
    }
    let is_there = |made: Result<(), LogsError>| match made {
        Err(LogsError::ResourceAlreadyExists(_)) => Ok(()),
        made => made,
    };
    let new_group = CreateLogGroupRequest { log_group_name: group.to_owned(), ..CreateLogGroupRequest::default() };
    is_there(logs.create_log_group(&new_group, now_ms()))?;
    let stream = CreateLogStreamRequest { log_group_name: group.to_owned(), log_stream_name: STREAM.to_owned() };
    is_there(logs.create_log_stream(&stream, now_ms()))?;
    logs.append(group, STREAM, &events, now_ms()).map(drop)
}

fn event(event: &AuditEvent) -> InputEvent {
    InputEvent { timestamp: event.time, message: serde_json::to_string(event).unwrap_or_default() }
}
