//! What AWS clients and agents reach: each service over what is on disk.

use std::sync::Arc;

use anyhow::{Result, anyhow};
use weir_api::services::ec2::Ec2;

use super::{
    flow_logs::{FlowLogs, Room},
    front::{self, Door},
    queries::{self, Queries},
    regions::Regions,
    storage::Storage,
    watching::{self, Place, Watching, Workers},
};
use crate::{clock, countries::Countries, settings::Settings};

/// The services.
pub(super) struct Services {
    /// What the region of this host keeps.
    pub(super) watching: Arc<Watching>,
    workers: Workers,
    pub(super) regions: Arc<Regions>,
    pub(super) ec2: Ec2,
    pub(super) flow_logs: Arc<FlowLogs>,
    pub(super) door: Door,
    /// Its threads run the queries of all the others.
    queries: Queries,
}

impl Services {
    /// Opens them. `url`: where the listener is; `countries` tells those of records.
    ///
    /// # Errors
    /// When a setting makes no sense, or something cannot be read or written.
    pub(super) fn open(settings: &Settings, storage: &Storage, countries: &Countries, url: &str) -> Result<Self> {
        let Storage { data, buckets, catalogue, flow_log, delivery, options } = storage;
        let queries = Queries::open(settings, catalogue, buckets)?;
        let place = Place {
            path: data.path(),
            catalogue: catalogue.clone(),
            account: settings.account.as_str(),
            region: &settings.region,
            public_url: settings.public_url.clone().unwrap_or_else(|| url.to_owned()),
            runtime: queries.threads().clone(),
            limits: queries::insights_limits(settings),
        };
        let watching = Watching::open(place.clone())?;
        let keeping = delivery.is_some();
        let watching = Arc::new(if keeping { watching.with_destination(settings, flow_log)? } else { watching });
        let carriers = watching::carriers(settings, &watching.troubles)?;
        let workers = watching.start(&carriers);
        let regions = Arc::new(Regions::open(Arc::clone(&watching), &place, carriers)?);
        let room = Room {
            data: Arc::clone(data),
            buckets: buckets.clone(),
            options: options.clone(),
            regions: Arc::clone(&regions),
            max_flows: settings.max_flows,
            interval: settings.interval,
            countries: countries.clone(),
            own: delivery.clone().map(|delivery| (flow_log.id.clone(), delivery)),
        };
        let flow_logs = Arc::new(FlowLogs::new(room));
        let ec2 = Ec2::open(settings.account.as_str(), catalogue, buckets)?;
        ec2.watch_deliveries(Arc::clone(&flow_logs) as _);
        ec2.show_own_flow_log(keeping.then_some(flow_log), clock::milliseconds())
            .map_err(|error| anyhow!("the flow log cannot be shown to clients: {error}"))?;
        let door = front::open(settings, catalogue.clone(), buckets.clone(), &regions, ec2.clone(), &queries)?;
        flow_logs.guard(Arc::clone(&door.front.access));
        Ok(Self { watching, workers, regions, ec2, flow_logs, door, queries })
    }

    /// Ends their work. Blocks; the listener must have ended.
    pub(super) fn stop(self) {
        let Self { workers, regions, door, queries, .. } = self;
        regions.stop();
        workers.stop();
        door.stop();
        drop(queries);
    }
}
