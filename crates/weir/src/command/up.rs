//! `weir up`: records interfaces, delivers the records, and answers how it is going.

mod capturing;
mod enforcement;
mod errors;
mod flow_log;
mod flow_logs;
mod front;
mod host;
mod queries;
mod recorder;
mod refusals;
mod regions;
mod screen;
mod trail;
mod watching;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow};
use clap::Command;
use rustix::thread::CapabilitySet;
use sd_notify::NotifyState;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};
use weir_api::services::ec2::Ec2;
use weir_atlas::Atlas;
use weir_capture::interfaces::{self, Placement};
use weir_host::{DeviceOptions, Devices, Entries, News, Rules};
use weir_network::FlowLog;
use weir_store::{BucketName, Buckets, Catalogue, DataDirectory, Delivery, DeliveryOptions, RolloverOptions};

use crate::{
    Outcome, clock,
    fleet::{Beginning, Fleet},
    fresh::Fresh,
    report::{DeliveryReport, ErrorReport, Report, WatchingReport},
    server::{self, Board, Listener, Orders, Service},
    settings::Settings,
};
use enforcement::Enforcement;
use flow_logs::{FlowLogs, Room};
use host::Host;
use queries::Queries;
use recorder::{Recorder, Sinks};
use regions::Regions;
use screen::Screen;
use watching::{Place, Watching};

/// The bucket that records are delivered to.
pub const BUCKET: &str = "flow-logs";

/// How often the delivery is asked what is due, and the report is made anew.
const TICK: Duration = Duration::from_millis(250);

pub fn command() -> Command {
    Command::new("up")
        .about("Record the traffic of interfaces, deliver the records, and serve how it is going")
        .after_help(
            "\
Examples:
  sudo weir up
  sudo weir up --interface eth0 wg0 --interval 10
  sudo weir up --network net.toml --enforce eth0
  sudo weir up --interface eth0 veth1a2b3c:guest
  sudo weir up --interval 1 --deliver-every-window --file-format parquet
  sudo weir up --format '${srcaddr} ${dstaddr} ${dstport} ${bytes} ${tcp-flags} ${action} ${end}'

Records are delivered to the bucket flow-logs, a folder of DATA/buckets, every 5 minutes or 75 MB, in the layout of
AWS; `weir query` reads them there. What is not delivered yet is kept in DATA/spool and survives a crash. Ctrl-C or
SIGTERM stops, and delivers what there is.

With --enforce the security groups and network ACLs of the network file decide what passes; a change of the file is in
force at once. Rules on an interface that carries your own SSH session are taken back after 60 s (--confirm-within) unless
you run `weir confirm`. `weir detach` takes all rules away.

Interfaces that come and go are followed. Capturing needs root or `setcap cap_bpf,cap_perfmon,cap_net_admin,cap_net_raw+ep weir`;
without the right nothing is recorded, but what is there is served: GET /status and GET /health.",
        )
}

pub fn run(settings: &Settings) -> Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(up(settings))
}

/// Where addresses are. The files are read here for the first time, so that a wrong name shows at once.
fn atlas(files: &[String]) -> Result<Fresh<Atlas>> {
    let files: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
    Fresh::open("the atlas", files.clone(), move || Atlas::open(&files).context("--geoip"))
}

async fn up(settings: &Settings) -> Result<Outcome> {
    front::check(settings)?;
    let atlas = Arc::new(atlas(&settings.geoip)?);
    let recording = settings.capture.0.is_some() && may_capture();
    // Agents record for this one.
    let keeping = recording || settings.join_listen.is_some();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let listener = Listener::open(settings).await?;
    let url = listener.url();
    let data = Arc::new(DataDirectory::open(&settings.data)?);
    let buckets = Buckets::new().with_root(data.buckets()).keeping_news();
    let flow_log = flow_log::define(settings)?;
    let mut news = flow_log::deliver_leftovers(&data, &buckets, &flow_log, seconds()).await?;
    let rollover = RolloverOptions { every_window: settings.deliver_every_window, ..RolloverOptions::default() };
    let options = DeliveryOptions { rollover, ..DeliveryOptions::default() };
    let delivery = match keeping {
        true => {
            buckets.create(&BUCKET.parse::<BucketName>()?)?;
            Some(Arc::new(Delivery::open(&data, &buckets, &flow_log, options.clone())?))
        }
        false => None,
    };
    let catalogue = Catalogue::open(&data.catalogue())?;
    let queries = Queries::open(settings, &catalogue, &buckets)?;
    let place = Place {
        path: data.path(),
        catalogue: catalogue.clone(),
        account: settings.account.as_str(),
        region: &settings.region,
        public_url: settings.public_url.clone().unwrap_or_else(|| url.clone()),
        runtime: queries.threads().clone(),
        limits: queries::insights_limits(settings),
    };
    let watching = Watching::open(place.clone())?;
    let watching = Arc::new(if keeping { watching.with_destination(settings, &flow_log)? } else { watching });
    let carriers = watching::carriers(settings, &watching.troubles)?;
    let workers = watching.start(&carriers);
    let regions = Arc::new(Regions::open(Arc::clone(&watching), &place, carriers)?);
    let room = Room {
        data: Arc::clone(&data),
        buckets: buckets.clone(),
        options: options.clone(),
        regions: Arc::clone(&regions),
        max_flows: settings.max_flows,
        interval: settings.interval,
        own: delivery.clone().map(|delivery| (flow_log.id.clone(), delivery)),
    };
    let flow_logs = Arc::new(FlowLogs::new(room));
    let ec2 = Ec2::open(settings.account.as_str(), &catalogue, &buckets)?;
    ec2.watch_deliveries(Arc::clone(&flow_logs) as _);
    ec2.show_own_flow_log(keeping.then_some(&flow_log), watching::now_ms())
        .map_err(|error| anyhow!("the flow log cannot be shown to clients: {error}"))?;
    let door = front::open(settings, catalogue, buckets.clone(), &regions, ec2.clone(), &queries)?;
    flow_logs.guard(Arc::clone(&door.front.access));
    let devices = Arc::new(devices(settings));
    let mut host = Host::new(ec2.clone(), Arc::clone(&devices), &settings.region);
    if recording {
        news.extend(host.look());
    }
    let enforcement = Enforcement::start(settings, &devices, ec2.clone())?;
    let rules = enforcement.rules();
    let mut changes = ec2.changes();
    flow_logs.follow(&ec2);
    let fleet = start_fleet(settings, &data, &buckets, &flow_log, delivery.as_ref(), &watching).await?;
    let sinks = delivery.clone().map(|delivery| Sinks {
        delivery,
        watching: Arc::clone(&watching),
        flow_logs: Arc::clone(&flow_logs),
    });
    let recorder = Recorder::start(settings, &flow_log, sinks, devices, rules.clone(), Arc::clone(&atlas))?;
    let running = Running {
        settings,
        flow_log: &flow_log,
        delivery: delivery.as_deref(),
        recorder: &recorder,
        watching: &watching,
        door: &door,
        rules,
        fleet: fleet.as_deref(),
        started: clock::steady(),
    };
    let board = Board::default();
    board.put(running.report());
    let (stop, stopped) = watch::channel(false);
    let orders: Orders = Arc::new(enforcement.orders());
    let attached = ec2.clone();
    let (figures, links) = (Arc::clone(&watching), Arc::clone(&regions));
    let service = Service {
        board: board.clone(),
        orders,
        attach: Arc::new(move |attachment| host::attach(&attached, attachment)),
        front: Arc::clone(&door.front),
        answers: Arc::new(move |method, path, query| links.link(method, path, query)),
        atlas: Arc::new(move || atlas.now()),
        session: i64::try_from(settings.console_session).unwrap_or(i64::MAX).saturating_mul(1000),
        metrics: Arc::new(move |report| figures.figures(report)),
    };
    let routes = server::routes(service, listener.address().ip());
    let serving = tokio::spawn(listener.serve(routes, stopped));
    door.resume(settings);

    let mut screen = Screen::new(&running.report(), settings, &url);
    news.iter().for_each(|text| screen.tell(text));
    // Without a service manager there is nobody to tell.
    let _ = sd_notify::notify(&[NotifyState::Ready]);
    let mut tick = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
            () = recorder.appended() => {}
            Ok(()) = changes.changed() => flow_logs.follow(&ec2),
            _ = tick.tick() => {}
        }
        if let Some(delivery) = &delivery {
            delivery.poll(seconds()).await;
        }
        flow_logs.poll(seconds()).await;
        door.poll();
        if let Some(fleet) = &fleet {
            fleet.poll().await;
        }
        recorder.record_losses();
        if recording {
            host.poll().into_iter().for_each(|text| screen.tell(&text));
        }
        for news in running.rules.take_news() {
            match news {
                News::Said(text) => screen.tell(&text),
                News::Failed(message) => recorder.error(message),
            }
        }
        board.put(running.report());
        screen.show(&board.get());
    }
    let _ = sd_notify::notify(&[NotifyState::Stopping]);
    recorder.stop().await;
    let left = end_fleet(fleet.as_deref()).await + flow_logs.close(seconds()).await;
    if let Some(delivery) = &delivery {
        delivery.close(seconds()).await;
    }
    let further = Arc::clone(&regions);
    tokio::task::spawn_blocking(move || {
        further.stop();
        workers.stop();
    })
    .await?;
    let report = running.report();
    board.put(report.clone());
    let _ = stop.send(true);
    // A client that keeps its connection open must not hold up the end.
    let _ = tokio::time::timeout(Duration::from_secs(1), serving).await;
    tokio::task::spawn_blocking(|| door.stop()).await?;
    tokio::task::spawn_blocking(|| enforcement.stop()).await?;
    screen.end(&report);
    let waiting = report.delivery.waiting_records + left;
    if waiting > 0 {
        let data = settings.data.display();
        return Err(anyhow!(
            "{waiting} records could not be delivered; they are kept in {data}/spool until the next start"
        ));
    }
    Ok(Outcome::Done)
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
    data: &Arc<DataDirectory>,
    buckets: &Buckets,
    flow_log: &FlowLog,
    delivery: Option<&Arc<Delivery>>,
    watching: &Arc<Watching>,
) -> Result<Option<Arc<Fleet>>> {
    let Some((address, delivery)) = settings.join_listen.zip(delivery) else { return Ok(None) };
    let watching = Arc::clone(watching);
    let beginning = Beginning {
        taken: Arc::new(move |window| watching.append(window)),
        address,
        data: Arc::clone(data),
        buckets: buckets.clone(),
        flow_log: flow_log.clone(),
        delivery: Arc::clone(delivery),
        max_flows: settings.max_flows,
        network: settings.network.clone(),
        enforce: settings.agents_enforce,
    };
    Fleet::start(beginning).await.map(Some)
}

/// Takes nothing more of agents. Returns how many of their records of earlier flow logs could not be delivered.
async fn end_fleet(fleet: Option<&Fleet>) -> u64 {
    let Some(fleet) = fleet else { return 0 };
    fleet.end().await;
    fleet.close().await
}

/// What a report is made of.
struct Running<'a> {
    settings: &'a Settings,
    flow_log: &'a FlowLog,
    delivery: Option<&'a Delivery>,
    recorder: &'a Recorder,
    watching: &'a Watching,
    door: &'a front::Door,
    rules: Arc<Rules>,
    fleet: Option<&'a Fleet>,
    started: Instant,
}

impl Running<'_> {
    fn report(&self) -> Report {
        let counters = self.delivery.map(Delivery::counters).unwrap_or_default();
        let progress = self.recorder.progress();
        let mut errors = progress.errors.list();
        if let Some(failure) = counters.last_failure {
            errors.push(ErrorReport { time: u64::try_from(failure.time).unwrap_or(0), message: failure.message });
            errors.sort_by_key(|error| error.time);
        }
        if let Some(message) = self.fleet.and_then(Fleet::problem) {
            errors.push(ErrorReport { time: clock::now().as_secs(), message });
        }
        Report {
            version: env!("CARGO_PKG_VERSION").into(),
            uptime_seconds: self.started.elapsed().as_secs(),
            not_recording: progress.not_recording,
            capture_failures: progress.capture_failures,
            capture: progress.capture,
            flow_log_id: self.flow_log.id.clone(),
            interval_seconds: self.settings.interval.seconds(),
            destination: format!("s3://{BUCKET}"),
            data: shown(&self.settings.data),
            frames: progress.frames.count(),
            windows: progress.windows,
            refusals: progress.refused.report(),
            interfaces: progress.interfaces.reports(),
            agents: self.fleet.map(Fleet::report).unwrap_or_default(),
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
        let lost = self.door.lost_notifications();
        let (lost_notifications, last_lost_notification) = (lost.count, lost.last);
        WatchingReport { lost_notifications, last_lost_notification, ..self.watching.report() }
    }
}

/// Seconds since 1970.
fn seconds() -> i64 {
    i64::try_from(clock::now().as_secs()).unwrap_or(i64::MAX)
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
