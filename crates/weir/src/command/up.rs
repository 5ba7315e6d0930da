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
mod running;
mod screen;
mod services;
mod storage;
mod trail;
mod watching;

use std::time::Duration;

use anyhow::{Result, anyhow};
use clap::Command;
use sd_notify::NotifyState;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
};

use crate::{
    Outcome,
    server::{self, Board, Listener},
    settings::Settings,
};
use running::Running;
use screen::Screen;

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

/// What asks the program to end.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn any(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

async fn up(settings: &Settings) -> Result<Outcome> {
    front::check(settings)?;
    let mut signals = Signals::new()?;
    let listener = Listener::open(settings).await?;
    let url = listener.url();
    let mut running = Running::open(settings, &url).await?;
    let board = Board::default();
    board.put(running.report());
    let (stop, stopped) = watch::channel(false);
    let routes = server::routes(running.service(&board), listener.address().ip());
    let serving = tokio::spawn(listener.serve(routes, stopped));
    running.resume();

    let mut screen = Screen::new(&running.report(), settings, &url);
    // Without a service manager there is nobody to tell.
    let _ = sd_notify::notify(&[NotifyState::Ready]);
    let mut tick = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            () = signals.any() => break,
            () = running.changed() => {}
            _ = tick.tick() => {}
        }
        running.poll().await.into_iter().for_each(|text| screen.tell(&text));
        board.put(running.report());
        screen.show(&board.get());
    }
    let _ = sd_notify::notify(&[NotifyState::Stopping]);
    let waiting = running.stop().await;
    let report = running.report();
    board.put(report.clone());
    let _ = stop.send(true);
    // A client that keeps its connection open must not hold up the end.
    let _ = tokio::time::timeout(Duration::from_secs(1), serving).await;
    tokio::task::spawn_blocking(|| running.close()).await?;
    screen.end(&report);
    if waiting > 0 {
        let data = settings.data.display();
        return Err(anyhow!(
            "{waiting} records could not be delivered; they are kept in {data}/spool until the next start"
        ));
    }
    Ok(Outcome::Done)
}
