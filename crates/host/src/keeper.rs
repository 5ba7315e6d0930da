//! The rules of a network in force on this host, over time.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use weir_capture::interfaces::{self, HostInterface};
use weir_enforce::{Applied, Enforcer, Event, Namespace, OnExit, Plan};
use weir_network::{Interface, Network, Policy};
use weir_uplink::{EnforcedReport, RuleReport};

use crate::{Caution, Devices, HostError, Rules};

/// How often is tried again what failed, and the counters are read.
const RETRY: Duration = Duration::from_secs(1);

/// What shall be in force, and how.
#[derive(Debug, Clone)]
pub struct Enforce {
    /// The devices that shall have rules in force; none: the network is known, and decides nothing.
    pub devices: Vec<String>,
    /// What becomes of the rules at the end.
    pub on_exit: OnExit,
    /// How long rules on trial wait to be confirmed.
    pub confirm_within: Duration,
    /// The command that confirms, such as `weir confirm`.
    pub confirm_with: &'static str,
    /// Where the network comes from, for messages.
    pub network: String,
    /// Whether a device that the network does not know waits until it does, and the others have their rules; otherwise such
    /// a network is refused.
    pub devices_may_wait: bool,
}

/// Puts the rules of a network in force where that is asked for, and keeps them there.
///
/// State apart from time: who owns it says what time it is, since any beginning, and [`poll`](Self::poll)s.
#[derive(Debug)]
pub struct Keeper {
    enforce: Enforce,
    /// The devices that shall have rules in force.
    hosts: BTreeSet<String>,
    network: Option<Arc<Network>>,
    /// Someone wants nothing in force for now.
    released: bool,
    /// What the host knew of the devices when their rules were made.
    present: Vec<HostInterface>,
    /// What the network calls them.
    ids: BTreeMap<String, String>,
    enforcer: Option<Enforcer>,
    devices: Arc<Devices>,
    caution: Caution,
    tried: Duration,
    failing: bool,
    shared: Arc<Rules>,
}

/// What is to be put in force on a device.
struct Planned {
    device: String,
    plan: Plan,
    interface: Interface,
    policy: Policy,
}

impl Keeper {
    /// Adopts what an earlier run left in force, except where nothing shall be in force any more.
    ///
    /// # Errors
    /// When rules cannot be put in force here at all: the right is missing, or another one does so.
    pub fn open(enforce: Enforce, devices: Arc<Devices>, caution: Caution) -> Result<Self, HostError> {
        let enforcer = match enforce.devices.is_empty() {
            true => None,
            false => Some(Enforcer::open(Namespace::Own, enforce.on_exit)?),
        };
        let shared = Rules::new(enforcer.as_ref().map(Enforcer::denials).unwrap_or_default());
        shared.state().report.network.clone_from(&enforce.network);
        let mut keeper = Self {
            hosts: enforce.devices.iter().cloned().collect(),
            enforce,
            network: None,
            released: false,
            present: Vec::new(),
            ids: BTreeMap::new(),
            enforcer,
            devices,
            caution,
            tried: Duration::ZERO,
            failing: false,
            shared: Arc::new(shared),
        };
        keeper.detach_all_but(&keeper.hosts.clone())?;
        Ok(keeper)
    }

    /// What the others see.
    pub fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.shared)
    }

    /// Whether rules shall be in force anywhere.
    pub fn enforces(&self) -> bool {
        self.enforcer.is_some()
    }

    /// Whom the rules must not lock out.
    pub fn caution(&mut self) -> &mut Caution {
        &mut self.caution
    }

    /// Puts a network in force. When that fails what was in force still is, and it is tried again.
    ///
    /// # Errors
    /// Why it is not in force. It is for the caller to [`refuse`](Self::refuse) it, or to end.
    pub fn take(&mut self, network: Network, now: Duration) -> Result<(), HostError> {
        (self.network, self.released) = (Some(Arc::new(network)), false);
        self.put_in_force(now)?;
        self.taken(now);
        Ok(())
    }

    /// A network cannot be taken: what was in force still is.
    pub fn refuse(&self, reason: &str) {
        self.shared.state().report.error = Some(reason.to_owned());
        self.shared.fail(format!("{} is not taken, what was in force still is: {reason}", self.enforce.network));
    }

    /// Knows a network, and puts nothing in force until the next is taken.
    ///
    /// # Errors
    /// When the kernel refuses to let go of the rules.
    pub fn release(&mut self, network: Option<Network>, now: Duration) -> Result<(), HostError> {
        (self.network, self.released) = (network.map(Arc::new), true);
        self.shared.state().network.clone_from(&self.network);
        self.put_in_force(now)?;
        self.taken(now);
        Ok(())
    }

    /// Takes all rules away, and puts none in force any more. Says what was done.
    ///
    /// # Errors
    /// When there are none, or the kernel refuses.
    pub fn detach(&mut self, now: Duration) -> Result<String, HostError> {
        if self.enforcer.is_none() {
            return Err(HostError::NothingInForce);
        }
        let detached = self.detach_all_but(&BTreeSet::new())?;
        self.hosts.clear();
        let said = format!("rules taken away from {detached}");
        self.shared.say(said.clone());
        self.tell(now);
        Ok(said)
    }

    /// Keeps the rules that are on trial. Says what was done.
    ///
    /// # Errors
    /// When nothing is on trial, or the kernel refuses.
    pub fn confirm(&mut self, now: Duration) -> Result<String, HostError> {
        let enforcer = self.enforcer.as_mut().ok_or(HostError::NothingInForce)?;
        let confirmed = enforcer.confirm()?;
        if confirmed.is_empty() {
            return Err(HostError::NothingToConfirm);
        }
        let said = format!("rules confirmed on {}", confirmed.join(", "));
        self.shared.say(said.clone());
        self.tell(now);
        self.caution.confirm(&confirmed)?;
        Ok(said)
    }

    /// Does what time demands: takes back, puts back, tries again, follows devices that come or get other addresses.
    pub fn poll(&mut self, now: Duration) {
        let again = now >= self.tried + RETRY;
        if again && (self.failing || self.host_changed()) {
            self.try_again(now);
        }
        let events = self.enforcer.as_mut().map(|enforcer| enforcer.poll(now)).transpose();
        match events {
            Ok(events) => events.into_iter().flatten().for_each(|event| self.happened(event)),
            Err(error) => self.shared.fail(error.to_string()),
        }
        if again {
            self.tried = now;
            self.tell(now);
        }
    }

    /// Takes away every rule that a run left which ended or crashed. Says what was done.
    ///
    /// # Errors
    /// When the table of our name is not ours, or the kernel refuses.
    pub fn clean() -> Result<&'static str, HostError> {
        Ok(match Enforcer::clean(Namespace::Own)? {
            true => "rules of an earlier run were taken away",
            false => "no rules were in force",
        })
    }

    /// Ends: the rules stay or go, as was chosen.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn close(self) -> Result<(), HostError> {
        Ok(self.enforcer.map_or(Ok(()), Enforcer::close)?)
    }

    fn taken(&self, now: Duration) {
        self.shared.state().report.error = None;
        self.tell(now);
    }

    fn try_again(&mut self, now: Duration) {
        let failed_before = self.failing;
        match self.put_in_force(now) {
            Ok(()) if failed_before => self.taken(now),
            Ok(()) => {}
            Err(error) => self.refuse(&error.to_string()),
        }
    }

    /// Whether devices that shall have rules came or have other addresses.
    fn host_changed(&self) -> bool {
        let waits = self.enforcer.is_some() && self.network.is_some() && !self.released;
        waits && interfaces::list().is_ok_and(|present| self.mine(present) != self.present)
    }

    fn mine(&self, present: Vec<HostInterface>) -> Vec<HostInterface> {
        present.into_iter().filter(|it| self.hosts.contains(&it.name)).collect()
    }

    /// Everything is compiled before anything changes.
    fn put_in_force(&mut self, now: Duration) -> Result<(), HostError> {
        self.failing = true;
        if self.released {
            let detached = self.detach_all_but(&BTreeSet::new())?;
            if !detached.is_empty() {
                self.shared.say(format!("{} wants none: rules taken away from {detached}", self.enforce.network));
            }
        }
        if let Some(network) = self.network.clone() {
            if self.enforcer.is_some() && !self.released {
                let present = self.mine(interfaces::list()?);
                for planned in self.plan(&network, &present)? {
                    self.apply(planned, now)?;
                }
                self.present = present;
            }
            self.shared.state().network = Some(network);
        }
        self.failing = false;
        Ok(())
    }

    fn plan(&self, network: &Network, present: &[HostInterface]) -> Result<Vec<Planned>, HostError> {
        let planned = |device: &String| -> Result<Option<Planned>, HostError> {
            let given = present.iter().find(|it| it.name == *device).cloned().unwrap_or_else(|| absent(device));
            let Some(interface) = self.devices.in_network(network, &self.devices.interface(&given)) else {
                return self.unknown(device).map(|()| None);
            };
            let interface = network.as_far_as_known(&interface);
            let policy = network.policy(&interface)?;
            let plan = Plan::new(network, &interface, interface.side)?;
            Ok(Some(Planned { device: device.clone(), plan, interface, policy }))
        };
        self.hosts.iter().filter_map(|device| planned(device).transpose()).collect()
    }

    /// The network has no entry for a device that shall have rules.
    fn unknown(&self, device: &str) -> Result<(), HostError> {
        if self.enforce.devices_may_wait {
            return Ok(());
        }
        let (how, network) = (self.devices.how_to_name(device), self.enforce.network.clone());
        Err(HostError::NotInNetwork { device: device.to_owned(), network, how })
    }

    fn apply(&mut self, planned: Planned, now: Duration) -> Result<(), HostError> {
        let Some(enforcer) = &mut self.enforcer else { return Ok(()) };
        let Planned { device, plan, interface, policy } = planned;
        let first = !enforcer.hosts().any(|known| known == device);
        let whom = self.caution.whom(&device, &interface, &policy, first);
        self.ids.insert(device.clone(), interface.id);
        let Enforce { confirm_within, confirm_with, .. } = &self.enforce;
        let applied = enforcer.apply(&device, plan, whom.is_some().then_some(*confirm_within), now)?;
        self.shared.say(match (applied, whom) {
            (Applied::Unchanged, _) => return Ok(()),
            (Applied::OnTrial, Some(whom)) => format!(
                "rules in force on {device}, which carries {whom}: they are taken back in {} s; keep them with `{confirm_with}`",
                confirm_within.as_secs()
            ),
            _ => format!("rules in force on {device}"),
        });
        Ok(())
    }

    /// Takes the rules away everywhere else. Returns the devices, as a text.
    fn detach_all_but(&mut self, kept: &BTreeSet<String>) -> Result<String, HostError> {
        let Some(enforcer) = &mut self.enforcer else { return Ok(String::new()) };
        let unwanted: Vec<String> = enforcer.hosts().filter(|host| !kept.contains(*host)).map(str::to_owned).collect();
        for host in &unwanted {
            enforcer.detach(host)?;
        }
        Ok(unwanted.join(", "))
    }

    fn happened(&self, event: Event) {
        match event {
            Event::TakenBack { host } => {
                let said = format!("nobody confirmed the rules on {host}: what was before holds again");
                self.shared.state().report.error = Some(said.clone());
                self.shared.fail(said);
            }
            Event::PutBack { host } => {
                self.shared.fail(format!("someone took the rules on {host} away; they are in force again"));
            }
        }
    }

    /// Makes the report anew.
    fn tell(&self, now: Duration) {
        let Some(enforcer) = &self.enforcer else { return };
        let trials: BTreeMap<&str, Duration> = enforcer.trials().collect();
        let interface = |host: &str| EnforcedReport {
            name: host.to_owned(),
            id: self.ids.get(host).cloned().unwrap_or_default(),
            seconds_to_confirm: trials.get(host).map(|ends| ends.saturating_sub(now).as_secs()),
        };
        let interfaces = enforcer.hosts().map(interface).collect();
        let refused = enforcer.refused().unwrap_or_else(|error| {
            self.shared.fail(error.to_string());
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

/// A device that may come later: all that is known of it is its name.
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
