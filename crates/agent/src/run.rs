//! `weir-agent run`: three threads around the spool. One records into it, one sends what is in it, one asks the server
//! what to record. A fourth puts the server's rules in force.

mod enforcing;
mod following;
mod recording;
mod sending;
mod shared;

use std::{
    sync::{
        Arc,
        mpsc::{self, Receiver},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Result, bail};
use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};
use weir_agent::{AgentError, CaptureOptions, Client, DataDirectory, Repair, Spool, random};
use weir_uplink::Epoch;

use crate::{
    cli::{Host, Options},
    clock, control, join,
};
use enforcing::Command;
use shared::Shared;

/// How long the last batches may take to reach the server when the agent is stopped. What is left waits on disk.
const FAREWELL: Duration = Duration::from_secs(5);

/// Runs until a signal ends it.
///
/// # Errors
/// When this host has not joined a server, or another agent uses the directory.
pub fn run(host: &Host, options: &Options) -> Result<()> {
    let data = DataDirectory::open(&host.data.folder)?;
    let _lock = data.lock()?;
    let identity = data.identity()?;
    if !identity.joined {
        bail!(AgentError::NotJoined);
    }
    let (spool, repairs) = Spool::open(data.spool(), options.spool_limit << 20, Epoch::new(random()?))?;
    repairs.iter().for_each(tell);
    let client = Client::new(&identity.server, identity.fingerprint, clock::milliseconds)?;
    let machine_id = join::machine_id(host)?;
    let keeper = enforcing::open(options, &machine_id, &host.data.folder)?;
    let capture = CaptureOptions {
        devices: options.interface.clone(),
        side: options.side,
        machine_id,
        tier: options.capture,
        containers: options.container_socket.clone(),
        rules: keeper.rules(),
    };
    tracing::info!("sending to {} as {}", client.server(), identity.host);
    let (commands, commanded) = mpsc::channel();
    let shared = Arc::new(Shared::new(client, identity.credential(), data, spool, commands.clone()));
    if keeper.enforces() {
        let commands = commands.clone();
        control::listen(&host.data.folder, move |order, reply| drop(commands.send(Command::Order(order, reply))))?;
    }
    let enforcing = with(&shared, move |shared| enforcing::keep(keeper, shared, &commanded));
    let threads = Threads::start(&shared, capture);
    // Without a service manager there is nobody to tell.
    let _ = sd_notify::notify(&[NotifyState::Ready]);
    wait_for_signal()?;
    let _ = sd_notify::notify(&[NotifyState::Stopping]);
    let stopped = threads.stop(&shared);
    // Not before: rules may be what lets the last batches through.
    let _ = commands.send(Command::End);
    let _ = enforcing.join();
    stopped?;
    let left = shared.spool().spooled();
    if left.batches > 0 {
        tracing::info!("{} records wait on disk until the next start", left.records);
    }
    Ok(())
}

/// A thread with what all share.
fn with<T: Send + 'static>(
    shared: &Arc<Shared>,
    work: impl FnOnce(&Arc<Shared>) -> T + Send + 'static,
) -> JoinHandle<T> {
    let shared = Arc::clone(shared);
    thread::spawn(move || work(&shared))
}

/// The three threads around the spool. The one that follows the server lives as long as the process.
struct Threads {
    recording: JoinHandle<()>,
    sent: Receiver<()>,
}

impl Threads {
    fn start(shared: &Arc<Shared>, capture: CaptureOptions) -> Self {
        shared.begin_with_kept_definition();
        let recording = with(shared, move |shared| recording::record(shared, &capture));
        let (all_sent, sent) = mpsc::channel();
        with(shared, move |shared| {
            sending::send(shared);
            let _ = all_sent.send(());
        });
        with(shared, |shared| following::follow(shared));
        Self { recording, sent }
    }

    /// Records what was captured, and sends what there is as far as the server takes it in time.
    fn stop(self, shared: &Shared) -> Result<()> {
        shared.stop_recording();
        if self.recording.join().is_err() {
            bail!("the recording thread broke off; what it had is lost");
        }
        shared.say_farewell();
        let _ = self.sent.recv_timeout(FAREWELL);
        Ok(())
    }
}

fn tell(repair: &Repair) {
    match repair {
        Repair::HalfWritten(path) => {
            tracing::warn!("{}: half written when the agent was killed; removed", path.display());
        }
        Repair::SetAside(path, problem) => tracing::warn!("{}: set aside: {problem}", path.display()),
    }
}

fn wait_for_signal() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        Ok(())
    })
}
