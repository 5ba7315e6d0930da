//! The network and its rules in force: a thread that looks after both.

use std::{
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow};
use tokio::sync::{oneshot, watch};
use weir_api::services::ec2::Ec2;
use weir_host::{Caution, Devices, Enforce, Keeper, Rules};
use weir_network::{Network, Owner};

use crate::{clock, network_file::NetworkFile, server::Order, settings::Settings};

/// How often is looked whether the network file has changed, where nobody tells.
const LOOK: Duration = Duration::from_millis(50);
/// How often is looked what time demands of rules that are in force, and whether the network file has changed after all.
const LOOK_AFTER: Duration = Duration::from_millis(200);
/// Time demands nothing where nothing is in force.
const LONG: Duration = Duration::from_secs(3600);

type Reply = oneshot::Sender<Result<String, String>>;

/// What the thread is told.
enum Command {
    /// The file was written, or AWS clients defined something else.
    Changed,
    /// A user of this host asks for something.
    Order(Order, Reply),
    End,
}

/// The thread, and what it shares.
pub(super) struct Enforcement {
    rules: Arc<Rules>,
    commands: Sender<Command>,
    thread: JoinHandle<()>,
}

impl Enforcement {
    /// Takes the network (the file, or else what AWS clients defined), puts it in force where that is asked for, and keeps
    /// doing so.
    ///
    /// # Errors
    /// When the network is wrong or cannot be put in force: nothing shall run unprotected that was meant to be protected.
    pub(super) fn start(settings: &Settings, devices: &Arc<Devices>, defined: Ec2) -> Result<Self> {
        let mut source = Source::of(settings, defined);
        let network = source.poll().context("the network")??;
        let enforce = Enforce {
            devices: settings.enforce.clone(),
            on_exit: settings.on_exit,
            confirm_within: Duration::from_secs(settings.confirm_within),
            confirm_with: "weir confirm",
            network: source.name(),
            devices_may_wait: settings.network.is_none(),
        };
        let keeper = Keeper::open(enforce, Arc::clone(devices), caution(settings))?;
        let mut watched = Watched { source, keeper, started: clock::steady() };
        if let Err(error) = watched.keeper.take(network, Duration::ZERO) {
            watched.close();
            return Err(error.into());
        }
        let rules = watched.keeper.rules();
        let (commands, received) = mpsc::channel();
        let is_told = watched.source.tell_of_changes(&commands);
        let thread = thread::spawn(move || watched.run(&received, is_told));
        Ok(Self { rules, commands, thread })
    }

    /// Takes orders from the listener.
    pub(super) fn orders(&self) -> impl Fn(Order, Reply) + Send + Sync + use<> {
        let commands = self.commands.clone();
        // An order that nobody takes any more drops its reply, which tells the one who asked.
        move |order, reply| drop(commands.send(Command::Order(order, reply)))
    }

    /// What the others see.
    pub(super) fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules)
    }

    /// Ends: the rules stay or go, as was chosen.
    pub(super) fn stop(self) {
        let _ = self.commands.send(Command::End);
        let _ = self.thread.join();
    }
}

/// The SSH session that weir was started from, and who asks at its listener.
fn caution(settings: &Settings) -> Caution {
    #[allow(clippy::disallowed_methods, reason = "it tells of the user's session, and is no setting")]
    let session = std::env::var("SSH_CONNECTION").ok();
    let caution = Caution::new(settings.data.join("confirmed-interfaces")).with_ssh(session.as_deref());
    caution.with_listener(settings.listen)
}

/// Where the network comes from.
enum Source {
    File(Box<NetworkFile>, String),
    /// What AWS clients defined, and which change of it was seen.
    Defined(Ec2, watch::Receiver<u64>),
}

impl Source {
    fn of(settings: &Settings, defined: Ec2) -> Self {
        let Some(path) = &settings.network else {
            let mut changes = defined.changes();
            changes.mark_changed();
            return Self::Defined(defined, changes);
        };
        let owner = Owner { account_id: settings.account.as_str().to_owned(), region: settings.region.clone() };
        Self::File(Box::new(NetworkFile::new(path, owner)), path.display().to_string())
    }

    /// For messages.
    fn name(&self) -> String {
        match self {
            Self::File(_, name) => name.clone(),
            Self::Defined(..) => "what AWS clients defined".to_owned(),
        }
    }

    /// Has the thread told of changes. Whether anybody tells.
    fn tell_of_changes(&self, commands: &Sender<Command>) -> bool {
        let commands = commands.clone();
        let tell = move || commands.send(Command::Changed).is_ok();
        match self {
            Self::File(file, _) => file.watch(tell).is_ok(),
            Self::Defined(_, changes) => {
                let mut changes = changes.clone();
                tokio::spawn(async move { while changes.changed().await.is_ok() && tell() {} });
                true
            }
        }
    }

    /// The network, if it has changed since this was last asked, or never was.
    fn poll(&mut self) -> Option<Result<Network>> {
        match self {
            Self::File(file, _) => file.poll(),
            Self::Defined(defined, changes) => {
                if !changes.has_changed().unwrap_or(false) {
                    return None;
                }
                changes.mark_unchanged();
                Some(defined.network().map_err(|error| anyhow!(error.message)))
            }
        }
    }
}

/// What the thread looks after.
struct Watched {
    source: Source,
    keeper: Keeper,
    started: Instant,
}

impl Watched {
    /// Until it shall end. `is_told`: somebody tells of changes.
    fn run(mut self, commands: &Receiver<Command>, is_told: bool) {
        let patience = match (&self.source, self.keeper.enforces()) {
            (Source::File(..), _) if !is_told => LOOK,
            (Source::File(..), _) | (Source::Defined(..), true) => LOOK_AFTER,
            (Source::Defined(..), false) => LONG,
        };
        loop {
            match commands.recv_timeout(patience) {
                Ok(Command::End) | Err(RecvTimeoutError::Disconnected) => break,
                // Who asked may have gone.
                Ok(Command::Order(order, reply)) => drop(reply.send(self.carry_out(order))),
                Ok(Command::Changed) | Err(RecvTimeoutError::Timeout) => {}
            }
            self.look();
        }
        self.close();
    }

    fn carry_out(&mut self, order: Order) -> Result<String, String> {
        let now = self.started.elapsed();
        let done = match order {
            Order::Confirm => self.keeper.confirm(now),
            Order::Detach => self.keeper.detach(now),
        };
        done.map_err(|error| error.to_string())
    }

    /// Takes up a changed network, and does what time demands.
    fn look(&mut self) {
        let now = self.started.elapsed();
        if let Some(read) = self.source.poll() {
            let taken = read.and_then(|network| Ok(self.keeper.take(network, now)?));
            if let Err(error) = taken {
                self.keeper.refuse(&crate::sentence(&error));
            }
        }
        self.keeper.poll(now);
    }

    fn close(self) {
        if let Err(error) = self.keeper.close() {
            eprintln!("weir: {error}");
        }
    }
}
