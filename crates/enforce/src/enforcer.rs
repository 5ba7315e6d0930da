//! Which interfaces have rules in force, and what happens to them over time.

use std::{
    collections::{BTreeMap, BTreeSet},
    str::FromStr,
    time::Duration,
};

use weir_network::Rule;

use crate::{
    Denial, Denials, EnforceError, MAX_INTERFACES, Namespace, Plan,
    lock::Lock,
    nft::Nft,
    ruleset::Name,
    table::{Generation, Refused, Table},
};

/// How long the rules stay when nobody renews them, if they shall go when the program dies.
const LEASE: Duration = Duration::from_secs(30);
/// How often they are renewed.
const RENEWAL: Duration = Duration::from_secs(10);
/// How often is looked whether the rules are still there.
const LOOK: Duration = Duration::from_secs(5);
/// How much later than we the kernel takes back rules that were not confirmed, should we be gone by then.
const GRACE: Duration = Duration::from_secs(5);

/// What becomes of the rules when the program stops or dies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnExit {
    /// They stay in force; the next start adopts them.
    #[default]
    Keep,
    /// They go: at once when it stops, within 30 seconds when it dies.
    Open,
}

impl OnExit {
    /// What can be written.
    pub const NAMES: [&str; 2] = ["keep", "open"];
}

impl FromStr for OnExit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "keep" => Ok(OnExit::Keep),
            "open" => Ok(OnExit::Open),
            _ => Err(format!("expected keep or open, found `{text}`")),
        }
    }
}

/// Puts rules in force, keeps them there, and takes them away.
///
/// State apart from time: whoever owns it says what time it is. What is in force is kept in the kernel alone, so that a
/// later run finds exactly what holds: [`Enforcer::open`] adopts it.
#[derive(Debug)]
pub struct Enforcer {
    table: Table,
    denials: Denials,
    on_exit: OnExit,
    attached: BTreeMap<String, Attached>,
    last_generation: u32,
    last_slot: u8,
    looked: Duration,
    renewed: Duration,
    _lock: Lock,
}

/// One interface.
#[derive(Debug)]
struct Attached {
    slot: u8,
    rules: Generation,
    /// `None` when an earlier run put them in force.
    plan: Option<Plan>,
    trial: Option<Trial>,
}

/// Rules that are taken back unless someone confirms them.
#[derive(Debug)]
struct Trial {
    ends: Duration,
    before: Option<(Generation, Option<Plan>)>,
}

/// What [`Enforcer::apply`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// The same rules were in force.
    Unchanged,
    /// They are in force.
    InForce,
    /// They are in force until someone confirms them or time is up.
    OnTrial,
}

/// What happened by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Nobody confirmed the rules of this interface: what was before holds again.
    TakenBack {
        /// Name of the host's interface.
        host: String,
    },
    /// Someone else took the rules of this interface away; they are in force again.
    PutBack {
        /// Name of the host's interface.
        host: String,
    },
}

impl Enforcer {
    /// Takes over a network namespace, with whatever rules an earlier run left in force.
    ///
    /// # Errors
    /// When another Weir is there, the right is missing, or `nft` is.
    pub fn open(namespace: Namespace, on_exit: OnExit) -> Result<Self, EnforceError> {
        let lock = Lock::take(&namespace)?;
        let table = Table::new(Nft::new(namespace));
        let denials = Denials::default();
        let mut attached = BTreeMap::new();
        let mut last_generation = 0;
        match table.read()? {
            None => table.create()?,
            Some(found) => {
                table.tidy(&found)?;
                for (number, denial) in found.denials {
                    denials.restore(number, denial);
                }
                for (host, rules) in found.in_force {
                    last_generation = last_generation.max(rules.name.generation);
                    attached.insert(host, Attached { slot: rules.name.slot, rules, plan: None, trial: None });
                }
            }
        }
        table.prepare();
        let last_slot = attached.values().map(|it| it.slot).max().unwrap_or(MAX_INTERFACES - 1);
        let (looked, renewed) = (Duration::ZERO, Duration::ZERO);
        Ok(Self { table, denials, on_exit, attached, last_generation, last_slot, looked, renewed, _lock: lock })
    }

    /// Which rule is behind a mark; a handle that can be given away.
    pub fn denials(&self) -> Denials {
        self.denials.clone()
    }

    /// The host's interfaces that have rules in force.
    pub fn hosts(&self) -> impl Iterator<Item = &str> {
        self.attached.keys().map(String::as_str)
    }

    /// How many packets each rule refused since it came into force.
    ///
    /// # Errors
    /// When the counters cannot be read.
    pub fn refused(&self) -> Result<Vec<Refused>, EnforceError> {
        self.table.refused(|number| self.denials.by_number(number))
    }

    /// Puts a plan in force on an interface of the host, which need not be there yet. With a time of `trial`, what was
    /// before comes back after it unless [`confirm`](Self::confirm) is called; should the program die meanwhile, the
    /// kernel takes the rules back and leaves the interface open.
    ///
    /// # Errors
    /// When the kernel refuses; then what was in force still is.
    pub fn apply(
        &mut self,
        host: &str,
        plan: Plan,
        trial: Option<Duration>,
        now: Duration,
    ) -> Result<Applied, EnforceError> {
        if self.attached.get(host).is_some_and(|it| it.plan.as_ref() == Some(&plan)) {
            return Ok(Applied::Unchanged);
        }
        let slot = match self.attached.get(host) {
            Some(attached) => attached.slot,
            None => self.free_slot()?,
        };
        let rules = self.build(&plan, slot)?;
        let before = self.attached.get(host).map(|it| &it.rules);
        let expires = trial.map(|trial| trial + GRACE).or(self.lease());
        if let Err(error) = self.table.swap(host, before, Some(&rules), expires) {
            let _ = self.table.discard(&rules);
            return Err(error);
        }
        let new = Attached { slot, rules, plan: Some(plan), trial: None };
        let old = self.attached.insert(host.to_owned(), new);
        self.settle(host, old, trial.map(|trial| now + trial))?;
        Ok(if trial.is_some() { Applied::OnTrial } else { Applied::InForce })
    }

    /// Keeps or discards what the new rules of an interface came after.
    fn settle(&mut self, host: &str, old: Option<Attached>, ends: Option<Duration>) -> Result<(), EnforceError> {
        let mut obsolete = Vec::new();
        let mut before = None;
        if let Some(old) = old {
            match old.trial {
                // The trial of a trial goes back to where the first began.
                Some(trial) => {
                    obsolete.push(old.rules);
                    before = trial.before;
                }
                None => before = Some((old.rules, old.plan)),
            }
        }
        match (ends, self.attached.get_mut(host)) {
            (Some(ends), Some(attached)) => attached.trial = Some(Trial { ends, before }),
            _ => obsolete.extend(before.map(|(rules, _)| rules)),
        }
        obsolete.iter().try_for_each(|rules| self.table.discard(rules))
    }

    /// Keeps every rule that is on trial. Returns the interfaces.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn confirm(&mut self) -> Result<Vec<String>, EnforceError> {
        let lease = self.lease();
        let mut confirmed = Vec::new();
        for (host, attached) in &mut self.attached {
            let Some(trial) = &attached.trial else { continue };
            self.table.swap(host, Some(&attached.rules), Some(&attached.rules), lease)?;
            if let Some((before, _)) = &trial.before {
                self.table.discard(before)?;
            }
            attached.trial = None;
            confirmed.push(host.clone());
        }
        Ok(confirmed)
    }

    /// The interfaces whose rules wait to be confirmed, and until when.
    pub fn trials(&self) -> impl Iterator<Item = (&str, Duration)> {
        self.attached.iter().filter_map(|(host, it)| Some((host.as_str(), it.trial.as_ref()?.ends)))
    }

    /// Does what time demands: takes back what was not confirmed, renews, puts back what someone took away. Gets ready for
    /// the next change.
    ///
    /// # Errors
    /// When the kernel refuses. Call it again later.
    pub fn poll(&mut self, now: Duration) -> Result<Vec<Event>, EnforceError> {
        self.table.prepare();
        let mut events = Vec::new();
        let due: Vec<String> =
            self.trials().filter(|(_, ends)| *ends <= now).map(|(host, _)| host.to_owned()).collect();
        if !due.is_empty() || now >= self.looked + LOOK {
            self.looked = now;
            events.extend(self.put_back()?.into_iter().map(|host| Event::PutBack { host }));
        }
        for host in due {
            self.take_back(&host)?;
            events.push(Event::TakenBack { host });
        }
        if let Some(lease) = self.lease().filter(|_| now >= self.renewed + RENEWAL) {
            self.renewed = now;
            for (host, it) in self.attached.iter().filter(|(_, it)| it.trial.is_none()) {
                self.table.swap(host, Some(&it.rules), Some(&it.rules), Some(lease))?;
            }
        }
        Ok(events)
    }

    /// Takes the rules of one interface away. `false` when it had none.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn detach(&mut self, host: &str) -> Result<bool, EnforceError> {
        let Some(attached) = self.attached.get(host) else { return Ok(false) };
        self.table.swap(host, Some(&attached.rules), None, None)?;
        let before = attached.trial.as_ref().and_then(|trial| trial.before.as_ref()).map(|(rules, _)| rules);
        for rules in [Some(&attached.rules), before].into_iter().flatten() {
            self.table.discard(rules)?;
        }
        self.attached.remove(host);
        Ok(true)
    }

    /// Ends: the rules stay or go, as was chosen at the start. Rules on trial go back to what was before.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn close(mut self) -> Result<(), EnforceError> {
        if self.on_exit == OnExit::Open || self.attached.is_empty() {
            return self.table.delete();
        }
        let on_trial: Vec<String> = self.trials().map(|(host, _)| host.to_owned()).collect();
        on_trial.iter().try_for_each(|host| self.take_back(host))
    }

    /// Takes away every rule of ours, also those of a run that crashed. `false` when there was none.
    ///
    /// # Errors
    /// When the table of our name is not ours, or the kernel refuses.
    pub fn clean(namespace: Namespace) -> Result<bool, EnforceError> {
        let table = Table::new(Nft::new(namespace));
        if table.read()?.is_none() {
            return Ok(false);
        }
        table.delete()?;
        Ok(true)
    }

    fn build(&mut self, plan: &Plan, slot: u8) -> Result<Generation, EnforceError> {
        self.last_generation += 1;
        let name = Name { slot, generation: self.last_generation };
        let denials = self.denials.clone();
        self.table.build(plan, name, |direction, rule: &Rule| {
            let interface_id = plan.interface_id().into();
            denials.number(&Denial { interface_id, direction, rule: rule.clone() })
        })
    }

    /// What was before the trial of an interface holds again.
    fn take_back(&mut self, host: &str) -> Result<(), EnforceError> {
        let Some(attached) = self.attached.get_mut(host) else { return Ok(()) };
        let before = attached.trial.as_ref().and_then(|trial| trial.before.as_ref()).map(|(rules, _)| rules);
        let lease = (self.on_exit == OnExit::Open).then_some(LEASE);
        self.table.swap(host, Some(&attached.rules), before, lease)?;
        let tried = attached.rules.clone();
        match attached.trial.take().and_then(|trial| trial.before) {
            Some((rules, plan)) => (attached.rules, attached.plan) = (rules, plan),
            None => {
                self.attached.remove(host);
            }
        }
        self.table.discard(&tried)
    }

    /// Puts the rules back in force that are not there any more, as after `nft flush ruleset`.
    fn put_back(&mut self) -> Result<Vec<String>, EnforceError> {
        let there = self.table.hosts()?;
        if there.is_none() {
            self.table.create()?;
            // What was being tried is gone with the rest: nothing is left to take back.
            self.attached.retain(|_, it| it.trial.is_none());
        }
        let is_there = |host: &String| there.as_ref().is_some_and(|there| there.contains(host));
        let is_missing = |(host, it): &(&String, &Attached)| it.trial.is_none() && !is_there(host);
        let missing: Vec<String> = self.attached.iter().filter(is_missing).map(|(host, _)| host.clone()).collect();
        for host in &missing {
            let lease = self.lease();
            let Some((plan, slot)) = self.attached.get(host).and_then(|it| Some((it.plan.clone()?, it.slot))) else {
                continue;
            };
            if there.is_none() {
                let rules = self.build(&plan, slot)?;
                if let Some(attached) = self.attached.get_mut(host) {
                    attached.rules = rules;
                }
            }
            if let Some(attached) = self.attached.get(host) {
                self.table.swap(host, None, Some(&attached.rules), lease)?;
            }
        }
        Ok(missing)
    }

    fn lease(&self) -> Option<Duration> {
        (self.on_exit == OnExit::Open).then_some(LEASE)
    }

    fn free_slot(&mut self) -> Result<u8, EnforceError> {
        let taken: BTreeSet<u8> = self.attached.values().map(|it| it.slot).collect();
        let slots = (1..=MAX_INTERFACES).map(|step| (self.last_slot + step) % MAX_INTERFACES);
        let free = slots.into_iter().find(|slot| !taken.contains(slot)).ok_or(EnforceError::TooManyInterfaces)?;
        self.last_slot = free;
        Ok(free)
    }
}
