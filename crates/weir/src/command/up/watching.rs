//! Watching: log groups, metric filters, metrics, alarms and notices of one `weir up`.

mod defaults;
mod destination;
mod figures;
mod report;
mod workers;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use weir_network::FlowLog;
use weir_store::{
    Catalogue, DataDirectory, FinishedWindow,
    logs::{Damage, LogOptions, LogStore, Owner, Tap},
};
use weir_watch::{
    FilteredEvents, Watcher,
    alarm::Alarms,
    metric::{Metrics, prometheus},
    notice::{Carriers, Courier, Http, Smtp},
    topic::{TopicOptions, Topics},
};

use crate::{
    clock,
    report::WatchingReport,
    server::{Board, Orders, Service},
    settings::Settings,
};
use destination::Destination;
use workers::{Troubles, Workers};

/// A report may be so old.
const FRESH: Duration = Duration::from_secs(1);

/// How long an endpoint may take, as at SNS.
const PATIENCE: Duration = Duration::from_secs(15);

/// Everything that is watched, shared by those who work on it.
pub(super) struct Watching {
    logs: Arc<LogStore>,
    watcher: Arc<Watcher>,
    metrics: Arc<Metrics>,
    alarms: Arc<Alarms>,
    topics: Topics,
    courier: Arc<Courier>,
    /// The flow log's log group, unless it has none.
    destination: Option<Destination>,
    troubles: Troubles,
    /// The last report, and when it was made.
    reported: Mutex<Option<(Instant, WatchingReport)>>,
}

impl Watching {
    /// Opens what the data directory keeps, and makes what a first start finds ready.
    ///
    /// # Errors
    /// When something cannot be read or written, or a setting makes no sense.
    pub(super) fn open(settings: &Settings, data: &DataDirectory, flow_log: &FlowLog) -> Result<Arc<Self>> {
        let (account, region) = (flow_log.account_id.as_str(), flow_log.region.as_str());
        let catalogue = Catalogue::open(&data.catalogue())?;
        let metrics = Arc::new(Metrics::open(&catalogue)?);
        let watcher = Arc::new(Watcher::open(&catalogue, Arc::clone(&metrics), account, region)?);
        let public_url = settings.public_url.clone().unwrap_or_else(|| format!("http://{}", settings.listen));
        let topics = Topics::open(catalogue.clone(), account, region, &TopicOptions { public_url })?;
        let alarms = Arc::new(Alarms::open(catalogue.clone(), Arc::clone(&metrics), account, region)?);
        let options = LogOptions::new(Owner { account: account.to_owned(), region: region.to_owned() });
        let tap: Arc<dyn Tap> = Arc::clone(&watcher) as _;
        let logs = Arc::new(LogStore::open(&data.logs(), catalogue, options, tap)?);
        alarms.show_evidence(Arc::new(FilteredEvents::new(Arc::clone(&watcher), Arc::clone(&logs))));
        let courier = Arc::new(Courier::new(topics.clone(), data.path()));
        let destination =
            settings.log_group.0.clone().map(|group| Destination::new(Arc::clone(&logs), group, flow_log));
        let troubles = Troubles::default();
        for damage in logs.damage() {
            troubles.add(lost(damage));
        }
        let watching =
            Self { logs, watcher, metrics, alarms, topics, courier, destination, troubles, reported: Mutex::default() };
        watching.prepare(settings, flow_log)?;
        Ok(Arc::new(watching))
    }

    /// Starts to work: segments, metrics, alarms, notices.
    ///
    /// # Errors
    /// When the mail relay's URL or the sender makes no sense.
    pub(super) fn start(self: &Arc<Self>, settings: &Settings) -> Result<Workers> {
        let relay = settings.smtp_url.as_ref().map(|url| Smtp::new(&url.0, &settings.mail_from)).transpose();
        let smtp = relay.context("smtp-url or mail-from")?;
        let http = Http::new().unwrap_or_else(|error| {
            self.troubles.add(format!("no HTTPS endpoint can be told: {error}"));
            Http::with_roots(&[], PATIENCE)
        });
        Ok(Workers::start(self, &Arc::new(Carriers { smtp, http })))
    }

    /// Takes the records of a window into the flow log's log group. What the disk refuses waits.
    pub(super) fn append(&self, window: &FinishedWindow) {
        if let Some(destination) = &self.destination {
            destination.append(window, now_ms()).unwrap_or_else(|problem| self.troubles.add(problem));
        }
    }

    /// What the listener serves: the report, orders, the links of notices, `/metrics`.
    pub(super) fn service(self: &Arc<Self>, board: Board, orders: Orders) -> Service {
        let (links, figures) = (Arc::clone(self), Arc::clone(self));
        Service {
            board,
            orders,
            answers: Arc::new(move |method, path, query| {
                links.topics.answer(method, path, query, now_ms()).or_else(|| links.courier.answer(path))
            }),
            metrics: Arc::new(move |report| prometheus(&figures.metrics, &figures::figures(report))),
        }
    }

    /// How it is going: at most a second old.
    pub(super) fn report(&self) -> WatchingReport {
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, report)) = reported.as_ref().filter(|(made, _)| made.elapsed() < FRESH) {
            return report.clone();
        }
        let report = report::report(self, now_ms());
        *reported = Some((clock::steady(), report.clone()));
        report
    }

    fn prepare(&self, settings: &Settings, flow_log: &FlowLog) -> Result<()> {
        let Some(destination) = &self.destination else { return Ok(()) };
        let topic = defaults::make(self, &destination.group, &flow_log.log_format, now_ms())
            .with_context(|| format!("cannot make the log group {} ready", destination.group))?;
        for endpoint in &settings.notify {
            defaults::subscribe(&self.topics, &topic, endpoint, now_ms())
                .with_context(|| format!("notify: {endpoint}"))?;
        }
        Ok(())
    }
}

/// Unix milliseconds.
fn now_ms() -> i64 {
    i64::try_from(clock::now().as_millis()).unwrap_or(i64::MAX)
}

fn lost(damage: &Damage) -> String {
    let Damage { path, offset, bytes, lost } = damage;
    let batches = lost.end.saturating_sub(lost.start);
    format!("{}: {bytes} bytes at {offset} cannot be read; {batches} batches of events are lost", path.display())
}
