//! The network file and its rules in force: a thread that looks after both.

use std::{
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use tokio::sync::oneshot;
use weir_host::{Caution, Devices, Enforce, Keeper, Rules};
use weir_network::Owner;

use crate::{clock, network_file::NetworkFile, server::Order, settings::Settings};

/// How often is looked whether the file has changed.
const LOOK: Duration = Duration::from_millis(50);

type Reply = oneshot::Sender<Result<String, String>>;

/// The thread, and what it shares.
pub(super) struct Enforcement {
    rules: Arc<Rules>,
    orders: Sender<(Order, Reply)>,
    thread: JoinHandle<()>,
    ending: Sender<()>,
}

impl Enforcement {
    /// Reads the network file, puts it in force where that is asked for, and keeps doing so. `None` without a file.
    ///
    /// # Errors
    /// When the file is wrong or cannot be put in force: nothing shall run unprotected that was meant to be protected.
    pub(super) fn start(settings: &Settings, devices: &Arc<Devices>) -> Result<Option<Self>> {
        let Some(path) = &settings.network else { return Ok(None) };
        let owner = Owner { account_id: settings.account.as_str().to_owned(), region: settings.region.clone() };
        let mut file = NetworkFile::new(path, owner);
        let network = file.poll().context("the network file")??;
        let enforce = Enforce {
            devices: settings.enforce.clone(),
            on_exit: settings.on_exit,
            confirm_within: Duration::from_secs(settings.confirm_within),
            confirm_with: "weir confirm",
            network: path.display().to_string(),
        };
        let keeper = Keeper::open(enforce, Arc::clone(devices), caution(settings))?;
        let mut watched = Watched { file, keeper, started: clock::steady() };
        if let Err(error) = watched.keeper.take(network, Duration::ZERO) {
            watched.close();
            return Err(error.into());
        }
        let rules = watched.keeper.rules();
        let ((orders, received), (ending, ended)) = (mpsc::channel(), mpsc::channel());
        let thread = thread::spawn(move || watched.run(&received, &ended));
        Ok(Some(Self { rules, orders, thread, ending }))
    }

    /// Takes orders from the listener.
    pub(super) fn orders(&self) -> impl Fn(Order, Reply) + Send + Sync + use<> {
        let orders = self.orders.clone();
        // An order that nobody takes any more drops its reply, which tells the one who asked.
        move |order, reply| drop(orders.send((order, reply)))
    }

    /// What the others see.
    pub(super) fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules)
    }

    /// Ends: the rules stay or go, as was chosen.
    pub(super) fn stop(self) {
        drop(self.ending);
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

/// What the thread looks after.
struct Watched {
    file: NetworkFile,
    keeper: Keeper,
    started: Instant,
}

impl Watched {
    /// Until it shall end.
    fn run(mut self, orders: &Receiver<(Order, Reply)>, ended: &Receiver<()>) {
        while ended.try_recv() != Err(mpsc::TryRecvError::Disconnected) {
            match orders.recv_timeout(LOOK) {
                // Who asked may have gone.
                Ok((order, reply)) => drop(reply.send(self.carry_out(order))),
                Err(RecvTimeoutError::Disconnected) => thread::sleep(LOOK),
                Err(RecvTimeoutError::Timeout) => {}
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

    /// Takes up a changed file, and does what time demands.
    fn look(&mut self) {
        let now = self.started.elapsed();
        if let Some(read) = self.file.poll() {
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
