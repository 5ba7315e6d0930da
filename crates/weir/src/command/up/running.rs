//! All that runs while `weir up` runs: how it begins, what it does again and again, how it is going, and how it ends.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use anyhow::{Context as _, Result};
use rustix::thread::CapabilitySet;
use tokio::sync::watch;
use weir_atlas::Atlas;
use weir_capture::interfaces::{self, Placement};
use weir_host::{DeviceOptions, Devices, Entries, News, Rules};
use weir_store::Delivery;

use super::{
    BUCKET,
    enforcement::Enforcement,
    host::{self, Host},
    recorder::{Recorder, Sinks},
    services::Services,
    storage::Storage,
};
use crate::{
    clock,
    countries::Countries,
    fleet::{Beginning, Fleet},
    fresh::Fresh,
    report::{DeliveryReport, ErrorReport, Report, WatchingReport},
    server::{Board, Service},
    settings::Settings,
};

/// All that runs.
pub(super) struct Running {
    settings: Settings,
    atlas: Arc<Fresh<Atlas>>,
    storage: Storage,
    services: Services,
    /// None when this host is not recorded.
    host: Option<Host>,
    enforcement: Enforcement,
    rules: Arc<Rules>,
    fleet: Option<Arc<Fleet>>,
    recorder: Recorder,
    /// Of what AWS clients define.
    changes: watch::Receiver<u64>,
    /// What was not told yet.
    news: Vec<String>,
    started: Instant,
}

impl Running {
    /// Starts it all but the listener, which is at `url`.
    ///
    /// # Errors
    /// When a setting makes no sense, something cannot be read or written, another one records an interface, or rules cannot
    /// be put in force.
    pub(super) async fn open(settings: &Settings, url: &str) -> Result<Self> {
        let atlas = Arc::new(atlas(&settings.geoip)?);
        let countries = Countries::new(Arc::clone(&atlas));
        let recording = settings.capture.0.is_some() && may_capture();
        // Agents record for this one.
        let keeping = recording || settings.join_listen.is_some();
        let (storage, mut news) = Storage::open(settings, keeping).await?;
        let services = Services::open(settings, &storage, &countries, url)?;
        let devices = Arc::new(devices(settings));
        let mut host = recording.then(|| Host::new(services.ec2.clone(), Arc::clone(&devices), &settings.region));
        news.extend(host.iter_mut().flat_map(Host::look));
        let enforcement = Enforcement::start(settings, &devices, services.ec2.clone())?;
        let rules = enforcement.rules();
        let changes = services.ec2.changes();
        services.flow_logs.follow(&services.ec2);
        let fleet = start_fleet(settings, &storage, &services, &countries).await?;
        let sinks = storage.delivery.clone().map(|delivery| Sinks {
            delivery,
            watching: Arc::clone(&services.watching),
            flow_logs: Arc::clone(&services.flow_logs),
        });
        let recorder = Recorder::start(settings, &storage.flow_log, sinks, devices, Arc::clone(&rules), countries)?;
        let (settings, started) = (settings.clone(), clock::steady());
        Ok(Self {
            settings,
            atlas,
            storage,
            services,
            host,
            enforcement,
            rules,
            fleet,
            recorder,
            changes,
            news,
            started,
        })
    }

    /// What the listener serves.
    pub(super) fn service(&self, board: &Board) -> Service {
        let (ec2, atlas) = (self.services.ec2.clone(), Arc::clone(&self.atlas));
        let (figures, links) = (Arc::clone(&self.services.watching), Arc::clone(&self.services.regions));
        Service {
            board: board.clone(),
            orders: Arc::new(self.enforcement.orders()),
            attach: Arc::new(move |attachment| host::attach(&ec2, attachment)),
            front: Arc::clone(&self.services.door.front),
            answers: Arc::new(move |method, path, query| links.link(method, path, query)),
            atlas: Arc::new(move || atlas.now()),
            session: i64::try_from(self.settings.console_session).unwrap_or(i64::MAX).saturating_mul(1000),
            metrics: Arc::new(move |report| figures.figures(report)),
        }
    }

    /// Goes on with what the end of the program interrupted.
    pub(super) fn resume(&self) {
        self.services.door.resume(&self.settings);
    }

    /// Waits until a window was handed to the delivery, or an AWS client has defined something else.
    pub(super) async fn changed(&mut self) {
        tokio::select! {
            () = self.recorder.appended() => {}
            Ok(()) = self.changes.changed() => self.services.flow_logs.follow(&self.services.ec2),
        }
    }

    /// Does what is due. Gives what there is to tell.
    pub(super) async fn poll(&mut self) -> Vec<String> {
        if let Some(delivery) = &self.storage.delivery {
            delivery.poll(clock::seconds()).await;
        }
        self.services.flow_logs.poll(clock::seconds()).await;
        self.services.door.poll();
        if let Some(fleet) = &self.fleet {
            fleet.poll().await;
        }
        self.recorder.record_losses();
        let mut told = std::mem::take(&mut self.news);
        told.extend(self.host.iter_mut().flat_map(Host::poll));
        for news in self.rules.take_news() {
            match news {
                News::Said(text) => told.push(text),
                News::Failed(message) => self.recorder.error(message),
            }
        }
        told
    }

    /// Ends the capture, and delivers what there is. Gives how many records could not be delivered.
    pub(super) async fn stop(&self) -> u64 {
        self.recorder.stop().await;
        let mut left = 0;
        if let Some(fleet) = &self.fleet {
            fleet.end().await;
            left += fleet.close().await;
        }
        left += self.services.flow_logs.close(clock::seconds()).await;
        if let Some(delivery) = &self.storage.delivery {
            delivery.close(clock::seconds()).await;
            let counters = delivery.counters();
            left += counters.waiting_records + counters.records_in_memory;
        }
        left
    }

    /// Ends all else. Blocks; the listener must have ended.
    pub(super) fn close(self) {
        let Self { services, enforcement, .. } = self;
        services.stop();
        enforcement.stop();
    }

    /// How it is going.
    pub(super) fn report(&self) -> Report {
        let counters = self.storage.delivery.as_deref().map(Delivery::counters).unwrap_or_default();
        let progress = self.recorder.progress();
        let mut errors = progress.errors.list();
        if let Some(failure) = counters.last_failure {
            errors.push(ErrorReport { time: u64::try_from(failure.time).unwrap_or(0), message: failure.message });
            errors.sort_by_key(|error| error.time);
        }
        if let Some(message) = self.fleet.as_deref().and_then(Fleet::problem) {
            errors.push(ErrorReport { time: clock::now().as_secs(), message });
        }
        Report {
            version: env!("CARGO_PKG_VERSION").into(),
            uptime_seconds: self.started.elapsed().as_secs(),
            not_recording: progress.not_recording,
            capture_failures: progress.capture_failures,
            capture: progress.capture,
            flow_log_id: self.storage.flow_log.id.clone(),
            interval_seconds: self.settings.interval.seconds(),
            destination: format!("s3://{BUCKET}"),
            data: shown(&self.settings.data),
            frames: progress.frames.count(),
            windows: progress.windows,
            refusals: progress.refused.report(),
            interfaces: progress.interfaces.reports(),
            agents: self.fleet.as_deref().map(Fleet::report).unwrap_or_default(),
            delivery: DeliveryReport {
                objects: counters.objects,
                bytes: counters.delivered_bytes,
                records: counters.delivered_records,
                waiting_records: counters.waiting_records + counters.records_in_memory,
                waiting_bytes: counters.waiting_bytes,
                dropped_records: counters.dropped_records,
                failures: counters.failures,
            },
            enforcement: self.settings.enforces().then(|| self.rules.report()),
            watching: self.watched(),
            errors,
        }
    }

    fn watched(&self) -> WatchingReport {
        let lost = self.services.door.lost_notifications();
        let (lost_notifications, last_lost_notification) = (lost.count, lost.last);
        WatchingReport { lost_notifications, last_lost_notification, ..self.services.watching.report() }
    }
}

/// Where addresses are. The files are read here for the first time, so that a wrong name shows at once.
fn atlas(files: &[String]) -> Result<Fresh<Atlas>> {
    let files: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
    Fresh::open("the atlas", files.clone(), move || Atlas::open(&files).context("--geoip"))
}

/// Whether this process has a right with which packets can be seen. The kernel has the last word.
fn may_capture() -> bool {
    let needed = CapabilitySet::NET_RAW | CapabilitySet::BPF | CapabilitySet::SYS_ADMIN;
    rustix::thread::capabilities(None).is_ok_and(|rights| rights.effective.intersects(needed))
}

/// The devices of this host, as the settings mean them.
fn devices(settings: &Settings) -> Devices {
    let placement = Placement {
        account_id: settings.account.as_str().to_owned(),
        region: settings.region.clone(),
        az_id: None,
        machine_id: interfaces::machine_id().unwrap_or_default(),
    };
    let entries = if settings.join_listen.is_some() { Entries::OfTheServer } else { Entries::OfThisHost };
    Devices::new(DeviceOptions { devices: settings.interface.clone(), side: settings.side, placement, entries })
}

/// The listener for agents, when it is asked for.
async fn start_fleet(
    settings: &Settings,
    storage: &Storage,
    services: &Services,
    countries: &Countries,
) -> Result<Option<Arc<Fleet>>> {
    let Some((address, delivery)) = settings.join_listen.zip(storage.delivery.clone()) else { return Ok(None) };
    let watching = Arc::clone(&services.watching);
    let beginning = Beginning {
        taken: Arc::new(move |window| watching.append(window)),
        countries: countries.clone(),
        address,
        data: Arc::clone(&storage.data),
        buckets: storage.buckets.clone(),
        flow_log: storage.flow_log.clone(),
        delivery,
        max_flows: settings.max_flows,
        network: settings.network.clone(),
        enforce: settings.agents_enforce,
    };
    Fleet::start(beginning).await.map(Some)
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
