//! Watching: log groups, metric filters, metrics, alarms and notices of one `weir up`.

mod defaults;
mod destination;
mod figures;
mod questions;
mod report;
mod workers;

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use tokio::runtime::Handle;
use weir_api::Region;
use weir_network::FlowLog;
use weir_query::insights::Queries;
use weir_store::{
    Catalogue, FinishedWindow,
    logs::{Damage, LogOptions, LogStore, Owner, Tap},
};
use weir_watch::{
    FilteredEvents, Watcher,
    alarm::Alarms,
    metric::{Metrics, prometheus},
    notice::{Carriers, Courier, Http, Smtp},
    topic::{Answer, Method, TopicOptions, Topics},
};

use crate::{
    clock,
    report::{Report, WatchingReport},
    settings::Settings,
};
use questions::OfAlarms;
use workers::Troubles;

pub(super) use {destination::Destination, questions::QuestionLimits, workers::Workers};

/// The folder of log groups in the directory of a region.
const LOGS: &str = "logs";

/// A report may be so old.
const FRESH: Duration = Duration::from_secs(1);

/// How long an endpoint may take, as at SNS.
const PATIENCE: Duration = Duration::from_secs(15);

/// Everything that is watched in one region, shared by those who work on it.
pub(super) struct Watching {
    pub(super) region: Arc<Region>,
    courier: Arc<Courier>,
    /// What runs the queries of alarms.
    questions: OfAlarms,
    /// The flow log's log group, unless it has none.
    destination: Option<Destination>,
    pub(super) troubles: Troubles,
    /// The last report, and when it was made.
    reported: Mutex<Option<(Instant, WatchingReport)>>,
}

/// Where a region keeps what it keeps, and what its name is.
#[derive(Clone)]
pub(super) struct Place<'a> {
    /// A directory of its own.
    pub(super) path: &'a Path,
    /// What is defined there.
    pub(super) catalogue: Catalogue,
    pub(super) account: &'a str,
    pub(super) region: &'a str,
    /// What links in notices begin with.
    pub(super) public_url: String,
    /// What queries run on.
    pub(super) runtime: Handle,
    /// How much queries may have.
    pub(super) limits: QuestionLimits,
}

impl Watching {
    /// Opens what a region keeps.
    ///
    /// # Errors
    /// When something cannot be read or written.
    pub(super) fn open(place: Place<'_>) -> Result<Self> {
        let Place { path, catalogue, account, region, public_url, runtime, limits } = place;
        let metrics = Arc::new(Metrics::open(&catalogue)?);
        let watcher = Arc::new(Watcher::open(&catalogue, Arc::clone(&metrics), account, region)?);
        let alarms = Arc::new(Alarms::open(catalogue.clone(), Arc::clone(&metrics), account, region)?);
        alarms.lead_to(&format!("{}/status", public_url.trim_end_matches('/')));
        let topics = Topics::open(catalogue.clone(), account, region, &TopicOptions { public_url })?;
        let options = LogOptions::new(Owner { account: account.to_owned(), region: region.to_owned() });
        let tap: Arc<dyn Tap> = Arc::clone(&watcher) as _;
        let logs = Arc::new(LogStore::open(&path.join(LOGS), catalogue.clone(), options, tap)?);
        let queries = questions::open(&logs, catalogue, account, limits, &runtime)?;
        let questions = OfAlarms::new(queries, runtime);
        alarms.show_evidence(Arc::new(FilteredEvents::new(Arc::clone(&watcher), Arc::clone(&logs))));
        let courier = Arc::new(Courier::new(topics.clone(), path));
        let troubles = Troubles::default();
        for damage in logs.damage() {
            troubles.add(lost(damage));
        }
        let region = Arc::new(Region { logs, watcher, metrics, alarms, topics, courier: Arc::clone(&courier) });
        Ok(Self { region, courier, questions, destination: None, troubles, reported: Mutex::default() })
    }

    /// The same, with the log group of the flow log that this host records, made ready for it.
    ///
    /// # Errors
    /// When a setting makes no sense, or the disk refuses.
    pub(super) fn with_destination(mut self, settings: &Settings, flow_log: &FlowLog) -> Result<Self> {
        let Some(group) = settings.log_group.0.clone() else { return Ok(self) };
        let topic = defaults::make(&self, &group, &flow_log.log_format, clock::milliseconds())
            .with_context(|| format!("cannot make the log group {group} ready"))?;
        for endpoint in &settings.notify {
            defaults::subscribe(&self.region.topics, &topic, endpoint, clock::milliseconds())
                .with_context(|| format!("notify: {endpoint}"))?;
        }
        self.destination = Some(Destination::new(Arc::clone(&self.region.logs), group, flow_log));
        Ok(self)
    }

    /// Starts to work: segments, metrics, alarms, notices.
    pub(super) fn start(self: &Arc<Self>, carriers: &Arc<Carriers>) -> Workers {
        Workers::start(self, carriers)
    }

    /// Takes the records of a window into the flow log's log group. What the disk refuses waits.
    pub(super) fn append(&self, window: &FinishedWindow) {
        if let Some(destination) = &self.destination {
            destination.append(window, clock::milliseconds()).unwrap_or_else(|problem| self.troubles.add(problem));
        }
    }

    /// Answers a link of a notice, unless it is of another region.
    pub(super) fn link(&self, method: Method, path: &str, query: &str) -> Option<Answer> {
        self.region.topics.answer(method, path, query, clock::milliseconds()).or_else(|| self.courier.answer(path))
    }

    /// Queries over the log groups.
    pub(super) fn queries(&self) -> &Queries {
        self.questions.queries()
    }

    /// The text of `/metrics`.
    pub(super) fn figures(&self, report: &Report) -> String {
        prometheus(&self.region.metrics, &figures::figures(report))
    }

    /// How it is going: at most a second old.
    pub(super) fn report(&self) -> WatchingReport {
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, report)) = reported.as_ref().filter(|(made, _)| made.elapsed() < FRESH) {
            return report.clone();
        }
        let report = report::report(self, clock::milliseconds());
        *reported = Some((clock::steady(), report.clone()));
        report
    }
}

/// What sends mails and POSTs for all regions.
///
/// # Errors
/// When the mail relay's URL or the sender makes no sense.
pub(super) fn carriers(settings: &Settings, troubles: &Troubles) -> Result<Arc<Carriers>> {
    let relay = settings.smtp_url.as_ref().map(|url| Smtp::new(&url.0, &settings.mail_from)).transpose();
    let smtp = relay.context("smtp-url or mail-from")?;
    let http = Http::new().unwrap_or_else(|error| {
        troubles.add(format!("no HTTPS endpoint can be told: {error}"));
        Http::with_roots(&[], PATIENCE)
    });
    Ok(Arc::new(Carriers { smtp, http }))
}

fn lost(damage: &Damage) -> String {
    let Damage { path, offset, bytes, lost } = damage;
    let batches = lost.end.saturating_sub(lost.start);
    format!("{}: {bytes} bytes at {offset} cannot be read; {batches} batches of events are lost", path.display())
}
