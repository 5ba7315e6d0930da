//! A data directory with everything that the services stand on, for tests.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use serde_json::Value;
use tempfile::TempDir;
use weir_store::{
    Buckets, Catalogue, CatalogueError,
    logs::{LogOptions, LogStore, Owner},
};
use weir_watch::{
    Watcher,
    alarm::Alarms,
    metric::Metrics,
    notice::Courier,
    topic::{TopicOptions, Topics},
};

use crate::{
    ApiError, Call, Foundation, Payload, Region, Regions, Serve, Served,
    access::{Access, Principal},
    services::{ec2::Ec2, s3::S3, tables},
};

pub(crate) const ACCOUNT: &str = "123456789012";
pub(crate) const REGION: &str = "us-east-1";
/// 14 November 2023, 22:13:20.
pub(crate) const NOW: i64 = 1_700_000_000_000;

/// Regions in a folder, opened when they are first asked for.
pub(crate) struct Folder {
    path: PathBuf,
    open: Mutex<BTreeMap<String, Arc<Region>>>,
    _folder: Option<TempDir>,
}

impl Folder {
    /// One that is gone with this value.
    pub(crate) fn new() -> Arc<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        Arc::new(Self { path: folder.path().to_owned(), open: Mutex::default(), _folder: Some(folder) })
    }

    /// What a program finds that starts after this one has ended.
    pub(crate) fn again(&self) -> Arc<Self> {
        self.open.lock().expect("not poisoned").clear();
        Arc::new(Self { path: self.path.clone(), open: Mutex::default(), _folder: None })
    }

    /// A token that was sent to confirm a subscription.
    pub(crate) fn token(&self) -> String {
        let catalogue = Catalogue::open(&self.path.join(REGION).join("catalogue.sqlite")).expect("a catalogue");
        let select = "SELECT token FROM topic_token LIMIT 1";
        let token = catalogue
            .change(|transaction| Ok::<_, CatalogueError>(transaction.query_row(select, [], |row| row.get(0))?));
        token.expect("a token")
    }

    /// Where everything is.
    pub(crate) fn path(&self) -> &std::path::Path {
        &self.path
    }

    pub(crate) fn foundation(self: &Arc<Self>) -> Foundation {
        let catalogue = Catalogue::open(&self.path.join("catalogue.sqlite")).expect("a catalogue");
        let buckets = Buckets::new().with_root(self.path.join("buckets"));
        Foundation {
            account: ACCOUNT.to_owned(),
            region: REGION.to_owned(),
            access: Arc::new(Access::off(ACCOUNT)),
            ec2: Ec2::open(ACCOUNT, &catalogue, &buckets).expect("EC2"),
            catalogue,
            regions: Arc::clone(self) as Arc<dyn Regions>,
            buckets,
            clock: || NOW,
        }
    }
}

impl Regions for Folder {
    fn region(&self, name: &str) -> Result<Arc<Region>, ApiError> {
        let mut open = self.open.lock().expect("not poisoned");
        if let Some(region) = open.get(name) {
            return Ok(Arc::clone(region));
        }
        let path = self.path.join(name);
        std::fs::create_dir_all(&path).map_err(ApiError::internal)?;
        let catalogue = Catalogue::open(&path.join("catalogue.sqlite")).map_err(ApiError::internal)?;
        let metrics = Arc::new(Metrics::open(&catalogue).map_err(ApiError::internal)?);
        let watcher = Watcher::open(&catalogue, Arc::clone(&metrics), ACCOUNT, name).map_err(ApiError::internal)?;
        let watcher = Arc::new(watcher);
        let owner = Owner { account: ACCOUNT.to_owned(), region: name.to_owned() };
        let tap = Arc::clone(&watcher);
        let logs = LogStore::open(&path.join("logs"), catalogue.clone(), LogOptions::new(owner), tap)?;
        let options = TopicOptions { public_url: "http://localhost:8480".to_owned() };
        let topics = Topics::open(catalogue.clone(), ACCOUNT, name, &options).map_err(ApiError::internal)?;
        let alarms = Alarms::open(catalogue, Arc::clone(&metrics), ACCOUNT, name).map_err(ApiError::internal)?;
        let (logs, alarms) = (Arc::new(logs), Arc::new(alarms));
        let courier = Arc::new(Courier::new(topics.clone(), &path));
        let region = Arc::new(Region { logs, watcher, metrics, alarms, topics, courier });
        open.insert(name.to_owned(), Arc::clone(&region));
        Ok(region)
    }
}

/// A call of the account itself.
pub(crate) fn call(now: i64) -> Call {
    Call {
        principal: Principal::root(ACCOUNT, "AKIA"),
        request_id: "4e5b4b29-6f34-4a5e-9d0e-0b8f1f0a7f0c".to_owned(),
        ..Call::of_root(ACCOUNT, REGION, now)
    }
}

/// All services.
pub(crate) fn served(on: &Foundation) -> Served {
    let s3 = S3::open(on, Arc::new(|_| {}), || NOW).expect("S3");
    tables(on, &s3, Vec::new()).expect("tables")
}

/// What a table answers to JSON.
pub(crate) fn ask(table: &dyn Serve, operation: &str, input: &Value, now: i64) -> Result<Value, ApiError> {
    table.call(operation, &call(now), &Payload::json(input.to_string().into()))
}
