//! The network file and its rules in force: a thread that looks after both.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{self, Receiver, Sender},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow};
use tokio::sync::oneshot;
use weir_capture::interfaces::{self, HostInterface};
use weir_enforce::{Applied, Enforcer, Event, Namespace, Plan};
use weir_network::{Network, Owner};

use super::{caution::Caution, devices::Devices, network_file::NetworkFile, rules::Rules};
use crate::{
    clock,
    report::{EnforcedReport, RuleReport},
    server::Order,
    settings::Settings,
};

/// How often is looked whether the file has changed.
const LOOK: Duration = Duration::from_millis(50);
/// How often is tried again what failed, and the counters are read.
const RETRY: Duration = Duration::from_secs(1);
/// How long rules on trial wait to be confirmed.
const TRIAL: Duration = Duration::from_secs(60);

type Reply = oneshot::Sender<Result<String, String>>;

/// The thread, and what it shares.
pub(super) struct Enforcement {
    shared: Arc<Rules>,
    orders: Sender<(Order, Reply)>,
    thread: JoinHandle<()>,
}

impl Enforcement {
    /// Reads the network file, puts it in force where that is asked for, and keeps doing so. `None` without a file.
    ///
    /// # Errors
    /// When the file is wrong or cannot be put in force: nothing shall run unprotected that was meant to be protected.
    pub(super) fn start(settings: &Settings) -> Result<Option<Self>> {
        let Some(path) = &settings.network else { return Ok(None) };
        let owner = Owner { account_id: settings.account.as_str().to_owned(), region: settings.region.clone() };
        let mut file = NetworkFile::new(path, owner);
        let network = file.poll().context("the network file")??;
        let enforcer = match settings.enforce.is_empty() {
            true => None,
            false => Some(Enforcer::open(Namespace::Own, settings.on_exit)?),
        };
        let denials = enforcer.as_ref().map(Enforcer::denials).unwrap_or_default();
        let shared = Arc::new(Rules::new(denials));
        shared.state().report.network_file = path.display().to_string();
        let mut keeper = Keeper {
            file,
            network: Arc::new(network),
            hosts: settings.enforce.iter().cloned().collect(),
            present: Vec::new(),
            ids: BTreeMap::new(),
            enforcer,
            devices: Devices::new(settings),
            caution: Caution::new(settings.listen, &settings.data),
            started: clock::steady(),
            tried: Duration::ZERO,
            failing: false,
            shared: Arc::clone(&shared),
        };
        if let Err(error) = keeper.detach_unwanted().and_then(|()| keeper.put_in_force()) {
            keeper.close();
            return Err(error);
        }
        keeper.tell();
        let (orders, received) = mpsc::channel();
        let thread = thread::spawn(move || keeper.run(&received));
        Ok(Some(Self { shared, orders, thread }))
    }

    /// Takes orders from the listener.
    pub(super) fn orders(&self) -> impl Fn(Order, Reply) + Send + Sync + use<> {
        let orders = self.orders.clone();
        // An order that nobody takes any more drops its reply, which tells the one who asked.
        move |order, reply| drop(orders.send((order, reply)))
    }

    /// What the others see.
    pub(super) fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.shared)
    }

    /// Ends: the rules stay or go, as was chosen.
    pub(super) fn stop(self) {
        self.shared.ending.store(true, Ordering::Relaxed);
        let _ = self.thread.join();
    }
}

/// What the thread looks after.
struct Keeper {
    file: NetworkFile,
    network: Arc<Network>,
    /// The interfaces of the host that shall have rules in force.
    hosts: BTreeSet<String>,
    /// What the host knew of them when their rules were made.
    present: Vec<HostInterface>,
    /// What the network calls them.
    ids: BTreeMap<String, String>,
    enforcer: Option<Enforcer>,
    devices: Devices,
    caution: Caution,
    started: Instant,
    tried: Duration,
    failing: bool,
    shared: Arc<Rules>,
}

impl Keeper {
    /// Until it shall end.
    fn run(mut self, orders: &Receiver<(Order, Reply)>) {
        while !self.shared.ending.load(Ordering::Relaxed) {
            if let Ok((order, reply)) = orders.recv_timeout(LOOK) {
                let said = self.carry_out(order).map_err(|error| crate::sentence(&error));
                // Who asked may have gone.
                let _ = reply.send(said);
            }
            self.look();
        }
        self.close();
    }

    fn close(&mut self) {
        if let Some(enforcer) = self.enforcer.take()
            && let Err(error) = enforcer.close()
        {
            eprintln!("weir: {error}");
        }
    }

    fn carry_out(&mut self, order: Order) -> Result<String> {
        let enforcer = self.enforcer.as_mut().context("no rules are in force: start weir with --enforce")?;
        let said = match order {
            Order::Confirm => {
                let confirmed = enforcer.confirm()?;
                if confirmed.is_empty() {
                    return Err(anyhow!("nothing waits to be confirmed"));
                }
                self.caution.confirm(&confirmed).context("cannot remember what was confirmed")?;
                format!("rules confirmed on {}", confirmed.join(", "))
            }
            Order::Detach => {
                let detached: Vec<String> = enforcer.hosts().map(str::to_owned).collect();
                for host in &detached {
                    enforcer.detach(host)?;
                }
                self.hosts.clear();
                format!("rules taken away from {}", detached.join(", "))
            }
        };
        self.shared.state().news.push(said.clone());
        self.tell();
        Ok(said)
    }

    /// Takes up a changed file, tries again what failed, does what time demands.
    fn look(&mut self) {
        let now = self.started.elapsed();
        let again = now >= self.tried + RETRY;
        match self.file.poll() {
            Some(Ok(network)) => self.take(network),
            Some(Err(error)) => self.refuse(&error),
            None if again && (self.failing || self.host_changed()) => self.try_again(),
            None => {}
        }
        let events = self.enforcer.as_mut().map(|enforcer| enforcer.poll(now)).transpose();
        match events {
            Ok(events) => events.into_iter().flatten().for_each(|event| self.happened(event)),
            Err(error) => self.shared.error(error.to_string()),
        }
        if again {
            self.tried = now;
            self.tell();
        }
    }

    /// Puts a changed network in force. When that fails what was in force still is, and it is tried again.
    fn take(&mut self, network: Network) {
        self.network = Arc::new(network);
        match self.put_in_force() {
            Ok(()) => self.taken(),
            Err(error) => self.refuse(&error),
        }
    }

    fn taken(&self) {
        self.shared.state().report.error = None;
        self.tell();
    }

    fn refuse(&self, error: &anyhow::Error) {
        let message = crate::sentence(error);
        self.shared.state().report.error = Some(message.clone());
        self.shared.error(format!("the network file is not taken, what was in force still is: {message}"));
    }

    fn try_again(&mut self) {
        let failed_before = self.failing;
        match self.put_in_force() {
            Ok(()) if failed_before => self.taken(),
            Ok(()) => self.tell(),
            Err(error) if !failed_before => self.shared.error(crate::sentence(&error)),
            Err(_) => {}
        }
    }

    /// Whether interfaces that shall have rules came or have other addresses.
    fn host_changed(&self) -> bool {
        self.enforcer.is_some() && interfaces::list().is_ok_and(|present| self.mine(present) != self.present)
    }

    fn mine(&self, present: Vec<HostInterface>) -> Vec<HostInterface> {
        present.into_iter().filter(|it| self.hosts.contains(&it.name)).collect()
    }

    /// Everything is compiled before anything changes.
    fn put_in_force(&mut self) -> Result<()> {
        self.failing = true;
        let present = self.mine(interfaces::list().context("cannot list the interfaces of this host")?);
        let now = self.started.elapsed();
        let mut plans = Vec::new();
        for host in &self.hosts {
            let given = present.iter().find(|it| it.name == *host).cloned().unwrap_or_else(|| absent(host));
            let interface = self.network.interface_of_host(&self.devices.interface(&given)).with_context(|| {
                format!("{host} is not in {}: add an [[interface]] with name = \"{host}\"", self.file.path().display())
            })?;
            let policy = self.network.policy(&interface)?;
            plans.push((host.clone(), Plan::new(&self.network, &interface, interface.side)?, interface, policy));
        }
        let Some(enforcer) = &mut self.enforcer else {
            self.shared.state().network = Some(Arc::clone(&self.network));
            self.failing = false;
            return Ok(());
        };
        for (host, plan, interface, policy) in plans {
            let known = enforcer.hosts().any(|known| known == host);
            let whom = match known {
                true => self.caution.at_change(&interface, &policy),
                false => self.caution.at_first(&host, &interface),
            };
            self.ids.insert(host.clone(), interface.id);
            let applied = enforcer.apply(&host, plan, whom.is_some().then_some(TRIAL), now)?;
            let seconds = TRIAL.as_secs();
            let news = match (applied, whom) {
                (Applied::Unchanged, _) => continue,
                (Applied::OnTrial, Some(whom)) => format!(
                    "rules in force on {host}, which carries {whom}: they are taken back in {seconds} s; keep them with `weir confirm`"
                ),
                _ => format!("rules in force on {host}"),
            };
            self.shared.state().news.push(news);
        }
        self.shared.state().network = Some(Arc::clone(&self.network));
        (self.present, self.failing) = (present, false);
        Ok(())
    }

    /// Rules that an earlier run left on interfaces that shall have none now.
    fn detach_unwanted(&mut self) -> Result<()> {
        let Some(enforcer) = &mut self.enforcer else { return Ok(()) };
        let unwanted: Vec<String> =
            enforcer.hosts().filter(|host| !self.hosts.contains(*host)).map(str::to_owned).collect();
        for host in unwanted {
            enforcer.detach(&host)?;
        }
        Ok(())
    }

    fn happened(&self, event: Event) {
        match event {
            Event::TakenBack { host } => {
                self.shared
                    .state()
                    .news
                    .push(format!("nobody confirmed the rules on {host}: what was before holds again"));
            }
            Event::PutBack { host } => {
                self.shared.error(format!("someone took the rules on {host} away; they are in force again"));
            }
        }
    }

    /// Makes the report anew.
    fn tell(&self) {
        let Some(enforcer) = &self.enforcer else { return };
        let now = self.started.elapsed();
        let trials: BTreeMap<&str, Duration> = enforcer.trials().collect();
        let interface = |host: &str| EnforcedReport {
            name: host.to_owned(),
            id: self.ids.get(host).cloned().unwrap_or_default(),
            seconds_to_confirm: trials.get(host).map(|ends| ends.saturating_sub(now).as_secs()),
        };
        let interfaces = enforcer.hosts().map(interface).collect();
        let refused = enforcer.refused().unwrap_or_else(|error| {
            self.shared.error(error.to_string());
            Vec::new()
        });
        let refused = refused.into_iter().filter(|it| it.packets > 0).map(|it| RuleReport {
            interface_id: it.denial.interface_id.to_string(),
            direction: it.denial.direction.as_str().to_owned(),
            rule: it.denial.rule.token(),
            packets: it.packets,
        });
        let mut state = self.shared.state();
        (state.report.interfaces, state.report.refused) = (interfaces, refused.collect());
    }
}

/// An interface that may come later: all that is known of it is its name.
fn absent(name: &str) -> HostInterface {
    HostInterface {
        index: 0,
        name: name.to_owned(),
        hardware: 0,
        is_up: false,
        is_loopback: false,
        link: interfaces::Link::default(),
        master: None,
        mac: Vec::new(),
        ipv4: Vec::new(),
        ipv6: Vec::new(),
    }
}
