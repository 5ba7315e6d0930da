//! The numbers of the rules that refuse packets, and the marks that carry them.
//!
//! A packet is marked with the number of the rule right before it is dropped, so that whoever sees the drop can name the
//! rule. A mark is [`MARK_TAG`] in the highest byte and the number, from 1 on, in the other three.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use weir_network::{Direction, Rule};

use crate::EnforceError;

/// The highest byte of a mark that is ours.
pub const MARK_TAG: u32 = 0x57;
/// The bits of a mark that hold the number of the rule.
pub const NUMBER_BITS: u32 = 24;

const LAST_NUMBER: u32 = (1 << NUMBER_BITS) - 1;

/// A rule that refuses packets, where it does so.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Denial {
    /// The network interface, `eni-…`.
    pub interface_id: Arc<str>,
    /// Which way the packets go that it refuses.
    pub direction: Direction,
    /// The rule.
    pub rule: Rule,
}

/// Which rule is behind a mark. Cloning gives another handle to the same table.
///
/// A number is never given to another rule while the program runs: a record that is written late still names the rule
/// that was in force when the packet was dropped.
#[derive(Debug, Clone, Default)]
pub struct Denials(Arc<RwLock<Table>>);

#[derive(Debug, Default)]
struct Table {
    by_number: HashMap<u32, Denial>,
    numbers: HashMap<Denial, u32>,
    last: u32,
}

/// The mark of the rule with a number.
pub(crate) const fn mark(number: u32) -> u32 {
    MARK_TAG << NUMBER_BITS | number
}

/// The number in a mark.
pub(crate) const fn number_of(mark: u32) -> u32 {
    mark & LAST_NUMBER
}

impl Denials {
    /// What is behind a mark: `None` when the packet has none (0), [`Rule::HostFirewall`] when it is not one of ours or of
    /// a rule that is not known.
    pub fn rule(&self, mark: u32) -> Option<Rule> {
        match mark {
            0 => None,
            mark => Some(self.denial(mark).map_or(Rule::HostFirewall, |denial| denial.rule)),
        }
    }

    /// The rule behind a mark, and where it refuses; `None` when the mark is not one of ours.
    pub fn denial(&self, mark: u32) -> Option<Denial> {
        if mark >> NUMBER_BITS != MARK_TAG {
            return None;
        }
        self.read(|table| table.by_number.get(&number_of(mark)).cloned())
    }

    /// The mark of a rule, for verdicts that are not observed but worked out; 0 when no number is left.
    pub fn mark(&self, denial: &Denial) -> u32 {
        self.number(denial).map(mark).unwrap_or(0)
    }

    /// The number of a rule; a new one if it has none yet.
    pub(crate) fn number(&self, denial: &Denial) -> Result<u32, EnforceError> {
        let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = table.numbers.get(denial) {
            return Ok(*number);
        }
        let number = table.last + 1;
        if number > LAST_NUMBER {
            return Err(EnforceError::TooManyRules);
        }
        table.insert(number, denial.clone());
        Ok(number)
    }

    /// Takes up a number that an earlier run gave.
    pub(crate) fn restore(&self, number: u32, denial: Denial) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(number, denial);
    }

    pub(crate) fn by_number(&self, number: u32) -> Option<Denial> {
        self.read(|table| table.by_number.get(&number).cloned())
    }

    fn read<T>(&self, look: impl FnOnce(&Table) -> T) -> T {
        look(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Table {
    fn insert(&mut self, number: u32, denial: Denial) {
        self.last = self.last.max(number);
        self.numbers.insert(denial.clone(), number);
        self.by_number.insert(number, denial);
    }
}

impl Denial {
    /// Where it refuses, as the rule's comment in the kernel says: `eni-web1 ingress`.
    pub(crate) fn place(&self) -> String {
        format!("{} {}", self.interface_id, self.direction.as_str())
    }

    /// Reads [`place`](Self::place) and [`Rule::token`] back.
    pub(crate) fn read(place: &str, token: &str) -> Option<Self> {
        let (interface_id, direction) = place.split_once(' ')?;
        let direction =
            [Direction::Ingress, Direction::Egress].into_iter().find(|known| known.as_str() == direction)?;
        let rule = match token.split_once('/') {
            None if token == Rule::NoSecurityGroupRule.token() => Rule::NoSecurityGroupRule,
            Some((acl, "*")) => Rule::AclDefault { acl: acl.into() },
            Some((acl, number)) => Rule::AclEntry { acl: acl.into(), number: number.parse().ok()? },
            None => return None,
        };
        Some(Self { interface_id: interface_id.into(), direction, rule })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denial(rule: Rule) -> Denial {
        Denial { interface_id: "eni-a".into(), direction: Direction::Egress, rule }
    }

    #[test]
    fn a_mark_leads_to_its_rule() {
        let denials = Denials::default();
        let acl = denial(Rule::AclEntry { acl: "acl-a".into(), number: 100 });
        let number = denials.number(&acl).unwrap();
        assert_eq!(denials.number(&acl).unwrap(), number, "the same rule keeps its number");
        assert_ne!(denials.number(&denial(Rule::NoSecurityGroupRule)).unwrap(), number);
        assert_eq!(denials.rule(mark(number)), Some(acl.rule.clone()));
        assert_eq!(denials.denial(mark(number)), Some(acl));
        assert_eq!(denials.rule(0), None);
        for stranger in [number, 0x1234, mark(999), 0xff00_0001] {
            assert_eq!(denials.rule(stranger), Some(Rule::HostFirewall), "{stranger:#x}");
        }
    }

    #[test]
    fn numbers_of_an_earlier_run_are_not_given_again() {
        let denials = Denials::default();
        denials.restore(41, denial(Rule::NoSecurityGroupRule));
        assert_eq!(denials.number(&denial(Rule::NoSecurityGroupRule)).unwrap(), 41);
        assert_eq!(denials.number(&denial(Rule::AclDefault { acl: "acl-a".into() })).unwrap(), 42);
    }

    #[test]
    fn there_is_an_end_to_numbers() {
        let denials = Denials::default();
        denials.restore(LAST_NUMBER, denial(Rule::NoSecurityGroupRule));
        assert!(matches!(
            denials.number(&denial(Rule::AclDefault { acl: "a".into() })),
            Err(EnforceError::TooManyRules)
        ));
    }

    #[test]
    fn what_the_kernel_keeps_is_read_back() {
        for rule in [
            Rule::NoSecurityGroupRule,
            Rule::AclEntry { acl: "acl-web".into(), number: 32766 },
            Rule::AclDefault { acl: "acl-web".into() },
        ] {
            let denial = denial(rule);
            assert_eq!(Denial::read(&denial.place(), &denial.rule.token()), Some(denial));
        }
        for (place, token) in [("eni-a", "default-deny"), ("eni-a sideways", "default-deny"), ("eni-a egress", "x")] {
            assert_eq!(Denial::read(place, token), None);
        }
    }
}
