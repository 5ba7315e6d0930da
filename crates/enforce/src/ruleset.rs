//! A plan as chains and maps of nftables.
//!
//! Everything of one plan has names that begin with its [`Name`], so that two generations of one interface stand side by
//! side without touching each other. For a direction `in`:
//!
//! ```text
//!  i3g7-in ──> i3g7-in-acl ──> address map ──> profile ──> return (allowed) | deny-N
//!          ──> i3g7-in-groups: tracked connection? return
//!                └─> i3g7-in-rules ──> address map ──> profile ──> tracked | untracked | deny-N
//! ```
//!
//! (`out` asks the groups first.) Only the last chain drops: it lets pass what [always](crate::always) passes, counts,
//! marks, drops.

mod tables;

use serde_json::{Value, json};
use weir_network::{Direction, Rule};

use crate::{
    Denial, always,
    denials::mark,
    json::{add_chain, add_counter, add_rule, add_verdict_map, back, counter, ct, drop, goto, jump, meta, put, when},
    judgement::Judgement,
    plan::{AclPlan, AclVerdict, DirectionPlan, GroupVerdict, Plan},
};

/// How many interfaces can have rules in force at once: each has two bits of the connections' labels.
pub const MAX_INTERFACES: u8 = 32;

/// The first bit of the labels that is ours. Labels are 128 bits; other programs count from 0.
const FIRST_LABEL: u32 = 64;

/// The name of one generation of one interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    /// Which of the [`MAX_INTERFACES`].
    pub(crate) slot: u8,
    /// Counts changes.
    pub(crate) generation: u32,
}

/// The commands that build a plan, and what it consists of.
#[derive(Debug)]
pub(crate) struct Ruleset {
    pub(crate) commands: Vec<Value>,
    /// The chains, callers and called alike.
    pub(crate) chains: Vec<String>,
    pub(crate) maps: Vec<String>,
}

impl Name {
    /// The name of a thing of it.
    pub(crate) fn of(self, thing: &str) -> String {
        format!("i{}g{}-{thing}", self.slot, self.generation)
    }

    /// The chain where packets of a direction enter.
    pub(crate) fn entry(self, direction: Direction) -> String {
        self.of(short(direction))
    }

    /// Reads the name of one of its things.
    pub(crate) fn read(thing: &str) -> Option<Self> {
        let (slot, generation) = thing.strip_prefix('i')?.split_once('-')?.0.split_once('g')?;
        Some(Self { slot: slot.parse().ok()?, generation: generation.parse().ok()? })
    }

    /// Set on connections that were opened untracked at this interface.
    const fn untracked_label(self) -> u32 {
        FIRST_LABEL + 2 * self.slot as u32
    }

    /// Set on those of them that a rule tracks since.
    const fn tracked_again_label(self) -> u32 {
        self.untracked_label() + 1
    }
}

const fn short(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => "in",
        Direction::Egress => "out",
    }
}

impl Ruleset {
    /// Builds a plan. `number` gives a rule that refuses packets its number.
    pub(crate) fn new<E>(
        plan: &Plan,
        name: Name,
        mut number: impl FnMut(Direction, &Rule) -> Result<u32, E>,
    ) -> Result<Self, E> {
        let mut builder =
            Builder { name, plan, declared: Vec::new(), filled: Vec::new(), chains: Vec::new(), maps: Vec::new() };
        builder.connections();
        for direction in [Direction::Ingress, Direction::Egress] {
            builder.always(direction);
            for rule in plan.direction(direction).denials() {
                builder.denial(direction, &rule, number(direction, &rule)?);
            }
            builder.direction(direction, plan.direction(direction));
        }
        let Builder { declared, filled, chains, maps, .. } = builder;
        Ok(Self { commands: [declared, filled].concat(), chains, maps })
    }
}

struct Builder<'a> {
    name: Name,
    plan: &'a Plan,
    /// Chains and counters: they must be there before maps and rules speak of them.
    declared: Vec<Value>,
    /// Maps and rules.
    filled: Vec<Value>,
    chains: Vec<String>,
    maps: Vec<String>,
}

impl Builder<'_> {
    fn chain(&mut self, thing: &str) -> String {
        let chain = self.name.of(thing);
        self.declared.push(add_chain(&chain));
        self.chains.push(chain.clone());
        chain
    }

    fn rule(&mut self, chain: &str, statements: Vec<Value>) {
        self.filled.push(add_rule(chain, None, statements));
    }

    fn map(&mut self, thing: &str, key_type: Value, elements: Vec<Value>) -> String {
        let map = self.name.of(thing);
        self.filled.push(add_verdict_map(&map, key_type, &["interval"], elements));
        self.maps.push(map.clone());
        map
    }

    /// Where an allowed packet's connection is remembered as untracked, or as tracked after all.
    fn connections(&mut self) {
        let untracked = self.chain("untracked");
        let opens = when(ct("status"), "!", "confirmed");
        self.rule(&untracked, vec![opens, put(ct("label"), self.name.untracked_label())]);
        let tracked = self.chain("tracked");
        let was_untracked = when(ct("label"), "in", self.name.untracked_label());
        let by_opener = when(ct("direction"), "==", "original");
        self.rule(&tracked, vec![was_untracked, by_opener, put(ct("label"), self.name.tracked_again_label())]);
    }

    fn always(&mut self, direction: Direction) {
        let chain = self.chain(&format!("{}-always", short(direction)));
        self.filled.extend(always::rules(&chain, direction, &self.plan.reserved));
    }

    /// The end of the packets that a rule refuses. The comments let a later run find the rule again.
    fn denial(&mut self, direction: Direction, rule: &Rule, number: u32) {
        let chain = self.chain(&denial_name(direction, rule));
        let name = counter_name(number);
        self.declared.push(add_counter(&name));
        let place = Denial { interface_id: self.plan.interface_id.clone(), direction, rule: rule.clone() }.place();
        let always = self.name.of(&format!("{}-always", short(direction)));
        self.filled.push(add_rule(&chain, Some(&place), vec![jump(&always)]));
        let refuse = vec![put(meta("mark"), mark(number)), counter(&name), drop()];
        self.filled.push(add_rule(&chain, Some(&rule.token()), refuse));
    }

    fn direction(&mut self, direction: Direction, plan: &DirectionPlan) {
        let entry = self.chain(short(direction));
        let acl = plan.acl.as_ref().map(|acl| self.acl(direction, acl));
        let groups = plan.groups.as_ref().map(|groups| self.groups(direction, groups));
        let in_order = match direction {
            Direction::Ingress => [acl, groups],
            Direction::Egress => [groups, acl],
        };
        for chain in in_order.into_iter().flatten() {
            self.rule(&entry, vec![jump(&chain)]);
        }
    }

    fn acl(&mut self, direction: Direction, acl: &AclPlan) -> String {
        let denied = |rule: &Rule| self.name.of(&denial_name(direction, rule));
        let default = denied(&Rule::AclDefault { acl: acl.id.clone() });
        let name = self.name;
        let verdict = |verdict: &AclVerdict| match verdict {
            AclVerdict::Allow => back(),
            AclVerdict::Deny(number) => {
                goto(&name.of(&denial_name(direction, &Rule::AclEntry { acl: acl.id.clone(), number: *number })))
            }
        };
        self.judgement(direction, "acl", &acl.judgement, verdict, &default)
    }

    /// Packets of tracked connections pass; the rest meets the rules. A connection is known from when its first packet
    /// has passed everything, and a message about a connection (`related`) is no packet of it.
    fn groups(&mut self, direction: Direction, groups: &Judgement<GroupVerdict>) -> String {
        let name = self.name;
        let verdict = |verdict: &GroupVerdict| match verdict {
            GroupVerdict::Tracked => goto(&name.of("tracked")),
            GroupVerdict::Untracked => goto(&name.of("untracked")),
        };
        let default = name.of(&denial_name(direction, &Rule::NoSecurityGroupRule));
        let rules = self.judgement(direction, "rules", groups, verdict, &default);
        let chain = self.chain(&format!("{}-groups", short(direction)));
        let known =
            || vec![when(ct("state"), "in", json!(["established", "new"])), when(ct("status"), "in", "confirmed")];
        let again = when(ct("label"), "in", name.tracked_again_label());
        self.rule(&chain, [known(), vec![again, back()]].concat());
        self.rule(&chain, vec![when(ct("label"), "in", name.untracked_label()), goto(&rules)]);
        self.rule(&chain, [known(), vec![back()]].concat());
        self.rule(&chain, vec![goto(&rules)]);
        chain
    }
}

/// The name of the counter of the rule with a number.
pub(crate) fn counter_name(number: u32) -> String {
    format!("deny-{number}")
}

/// Reads [`counter_name`].
pub(crate) fn counted_number(counter: &str) -> Option<u32> {
    counter.strip_prefix("deny-")?.parse().ok()
}

fn denial_name(direction: Direction, rule: &Rule) -> String {
    let which = match rule {
        Rule::AclEntry { number, .. } => number.to_string(),
        Rule::AclDefault { .. } => "default".to_owned(),
        _ => "groups".to_owned(),
    };
    format!("{}-deny-{which}", short(direction))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        let name = Name { slot: 3, generation: 77 };
        assert_eq!(name.entry(Direction::Ingress), "i3g77-in");
        assert_eq!(Name::read(&name.of("out-acl-v4")), Some(name));
        for other in ["prerouting", "i3-in", "ig7-in", "i3g7", "i999g7-in"] {
            assert_eq!(Name::read(other), None, "{other}");
        }
        assert_eq!(counted_number(&counter_name(12)), Some(12));
    }
}
